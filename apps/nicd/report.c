// SPDX-License-Identifier: BSD-3-Clause
/*
 * report.c - what the program says about its NICs.
 */
#include "report.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>

static void report_nic(const struct nic *nic)
{
	struct leat_server_stats srv;
	struct leat_mdev_stats s;
	struct nic_tenth last;
	unsigned int tenths = nic_last_second(nic, &last);

	nic_totals(nic, &s);
	leat_server_stats(nic->srv, &srv);
	printf("nic=%u model=%s socket=%s connected=%d clients=%" PRIu64
	       " tx_frames=%" PRIu64 " tx_bytes=%" PRIu64 " rx_frames=%" PRIu64 " rx_bytes=%" PRIu64
	       " rx_refused=%" PRIu64 " rx_dropped=%" PRIu64 " tx_dropped=%" PRIu64,
	       nic->index, nic->spec.model->name, nic->spec.socket, srv.connected, srv.clients,
	       s.tx_frames, s.tx_bytes, s.rx_frames, s.rx_bytes, s.rx_refused, s.rx_dropped,
	       s.tx_dropped);
	printf(" doorbells=%" PRIu64 " interrupts=%" PRIu64 " messages=%" PRIu64
	       " dma_messages=%" PRIu64 " refused_commands=%" PRIu64 " maps=%u"
	       " last_second_ms=%u last_second_frames=%" PRIu64 " last_second_messages=%" PRIu64
	       "\n",
	       s.doorbells, s.interrupts, srv.messages, srv.dma_messages, srv.refused, srv.maps,
	       tenths * 100, last.frames, last.messages);
	printf("wire=%s nic=%u dropped=%" PRIu64, nic->spec.wire.kind->name, nic->index,
	       nic->wire->dropped);
	if (nic->spec.wire.kind->report) {
		putchar(' ');
		nic->spec.wire.kind->report(nic->wire, stdout);
	}
	putchar('\n');
}

/* Open descriptors, the one to look with not counted; -1: /proc is not there. */
static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -1;

	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;	/* ".", ".."; the descriptor of @dir by starting at -1 */
}

void report_counters(const struct nic *nics, unsigned int n)
{
	unsigned int maps = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct leat_server_stats srv;

		report_nic(&nics[i]);
		leat_server_stats(nics[i].srv, &srv);
		maps += srv.maps;
	}
	printf("process fds=%d maps=%u\n", count_fds(), maps);
	fflush(stdout);
}

static double millions(uint64_t frames, uint64_t ns)
{
	return ns ? (double)frames * 1e3 / (double)ns : 0.0;
}

void report_rates(struct nic *nics, unsigned int n, const struct gen_net *gens, uint64_t start_ns,
		  uint64_t ns)
{
	struct gen_verdict v;

	printf("time=%.1f", (double)(start_ns / 100000000) / 10);
	for (unsigned int i = 0; i < n; i++) {
		struct leat_mdev_stats s;

		nic_totals(&nics[i], &s);
		printf(" nic%u_rx_mpps=%.3f nic%u_tx_mpps=%.3f",
		       i, millions(s.rx_frames - nics[i].shown_rx, ns),
		       i, millions(s.tx_frames - nics[i].shown_tx, ns));
		nics[i].shown_rx = s.rx_frames;
		nics[i].shown_tx = s.tx_frames;
	}
	gen_net_verdict(gens, false, &v);
	if (v.checked)
		printf(" checked=%" PRIu64 " lost=%" PRIu64 " reordered=%" PRIu64
		       " damaged=%" PRIu64,
		       v.counts.packets, v.counts.lost, v.counts.reordered, v.counts.damaged);
	putchar('\n');
	fflush(stdout);
}

bool report_verdict(const struct gen_net *gens)
{
	struct gen_verdict v;

	gen_net_verdict(gens, true, &v);
	if (!gens->ngens)
		return true;
	if (!v.checked) {
		printf("verdict: %" PRIu64
		       " packets sent, none checked: no generator here checks\n",
		       v.sent);
		return true;
	}
	printf("verdict: %" PRIu64 " packets, %" PRIu64 " lost, %" PRIu64 " reordered, %" PRIu64
	       " damaged", v.counts.packets, v.counts.lost, v.counts.reordered, v.counts.damaged);
	if (v.counts.duplicated)
		printf(", %" PRIu64 " duplicated", v.counts.duplicated);
	if (v.counts.foreign)
		printf(", %" PRIu64 " foreign ones left alone", v.counts.foreign);
	if (v.counts.lost_at_restart)
		printf(", %" PRIu64 " gone with a driver that left", v.counts.lost_at_restart);
	putchar('\n');
	fflush(stdout);
	return v.clean;
}
