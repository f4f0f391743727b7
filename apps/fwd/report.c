// SPDX-License-Identifier: BSD-3-Clause
/*
 * report.c - rates, drops by reason, cycles per packet.
 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#define NS 1e9

void report_start(struct report *r)
{
	r->start_ns = r->last_ns = leat_now_ns();
	for (unsigned int i = 0; i < r->nports; i++)
		printf("port %u: %s, %s, %s\n", i, leat_port_name(r->port[i]),
		       leat_port_driver(r->port[i]), leat_port_info(r->port[i]));
	fflush(stdout);
}

static uint64_t drops(const struct leat_stats *s)
{
	return s->tx_drop_full + s->tx_drop_gone + s->tx_errors + s->rx_errors + s->rx_missed;
}

void report_line(struct report *r)
{
	uint64_t now = leat_now_ns(), dropped = 0;
	double seconds = (double)(now - r->last_ns) / NS;

	printf("%4u s ", ++r->lines);
	for (unsigned int i = 0; i < r->nports; i++) {
		struct leat_stats s;

		leat_port_stats(r->port[i], &s);
		printf(" %u->%u %.3f Mpps ", i, i ^ 1,
		       (double)(s.rx_packets - r->last[i]) / seconds / 1e6);
		r->last[i] = s.rx_packets;
		dropped += drops(&s);
	}
	printf(" dropped %" PRIu64 "\n", dropped);
	fflush(stdout);
	r->last_ns = now;
}

static void port_summary(unsigned int i, struct leat_port *port, double seconds)
{
	struct leat_stats s;

	leat_port_stats(port, &s);
	printf("port %u: RX-packets: %" PRIu64 " RX-bytes: %" PRIu64 " TX-packets: %" PRIu64
	       " TX-bytes: %" PRIu64 " (%.3f Mpps received)%s\n", i, s.rx_packets, s.rx_bytes,
	       s.tx_packets, s.tx_bytes, (double)s.rx_packets / seconds / 1e6,
	       leat_port_gone(port) ? " gone" : "");
	printf("port %u: dropped: tx_drop_full=%" PRIu64 " tx_drop_gone=%" PRIu64 " tx_errors=%" PRIu64
	       " rx_errors=%" PRIu64 " rx_missed_errors=%" PRIu64 "\n", i, s.tx_drop_full,
	       s.tx_drop_gone, s.tx_errors, s.rx_errors, s.rx_missed);
}

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

void report_summary(const struct report *r)
{
	double seconds = (double)(leat_now_ns() - r->start_ns) / NS;
	uint64_t busy = 0, moved = 0, rounds = 0;

	for (unsigned int i = 0; i < r->nports; i++)
		port_summary(i, r->port[i], seconds);
	for (unsigned int i = 0; i < r->nworkers; i++) {
		busy += r->work[i].busy;
		moved += r->work[i].moved;
		rounds += r->work[i].rounds;
	}
	printf("forwarded: %" PRIu64 " packets in %.2f s, %.3f Mpps, %.1f packets/round\n", moved,
	       seconds, (double)moved / seconds / 1e6,
	       rounds ? (double)moved / (double)rounds : 0.0);
	printf("CPU cycles/packet=%.2f (busy cycles=%" PRIu64 " / packets=%" PRIu64
	       ") at %.0f MHz clock\n", moved ? (double)busy / (double)moved : 0.0, busy, moved,
	       (double)leat_cycles_hz() / 1e6);
	printf("CPU share: %.1f %% of %u polling thread%s\n",
	       100 * cpu_seconds() / seconds / r->nworkers, r->nworkers, r->nworkers > 1 ? "s" : "");
}
