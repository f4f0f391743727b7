// SPDX-License-Identifier: BSD-3-Clause
/*
 * report.c - rates and totals as testpmd prints them.
 */
#include "report.h"

#include "summary.h"

#include <inttypes.h>
#include <stdio.h>

#define NS 1e9

static const char border[] = "########################";
static const char dashes[] = "----------------------";
static const char pluses[] = "+++++++++++++++";

void report_start(struct report *r, struct perf *p, uint64_t start_ns)
{
	const struct options *opt = &p->opt;

	*r = (struct report){ .perf = p, .start_ns = start_ns };
	r->run_ns = r->last_ns = leat_now_ns();
	printf("%s packet forwarding - ports=%u - cores=%u - streams=%u - burst=%u\n", opt->mode->name,
	       opt->nports, p->nlanes, p->nstreams, opt->burst);
	for (unsigned int i = 0; i < opt->nports; i++)
		printf("Port %u: %s, %s: %s\n", i, leat_port_name(p->port[i]),
		       leat_port_driver(p->port[i]), leat_port_info(p->port[i]));
	for (unsigned int i = 0; i < p->nlanes; i++) {
		const struct lane *lane = &p->lane[i];

		printf("CPU %d forwards packets on %u streams:\n", opt->cpu[i], lane->nstreams);
		for (unsigned int k = 0; k < lane->nstreams; k++)
			printf("  RX P=%u/Q=%u -> TX P=%u/Q=%u\n", lane->stream[k].rx_port,
			       lane->stream[k].queue, lane->stream[k].tx_port, lane->stream[k].queue);
	}
	fflush(stdout);
}

static uint64_t rate(uint64_t now, uint64_t before, double seconds)
{
	return seconds > 0 ? (uint64_t)((double)(now - before) / seconds) : 0;
}

static void port_stats(unsigned int i, const struct leat_stats *s, const struct leat_stats *last,
		       double seconds)
{
	printf("\n  %s NIC statistics for port %-2u %s\n", border, i, border);
	printf("  RX-packets: %-10" PRIu64 " RX-missed: %-10" PRIu64 " RX-bytes:  %-" PRIu64 "\n",
	       s->rx_packets, s->rx_missed, s->rx_bytes);
	printf("  RX-errors: %-" PRIu64 "\n  RX-nombuf:  %-10" PRIu64 "\n", s->rx_errors, s->rx_nobuf);
	printf("  TX-packets: %-10" PRIu64 " TX-errors: %-10" PRIu64 " TX-bytes:  %-" PRIu64 "\n",
	       s->tx_packets, s->tx_errors, s->tx_bytes);
	printf("\n  Throughput (since last show)\n");
	printf("  Rx-pps: %12" PRIu64 "          Rx-bps: %12" PRIu64 "\n",
	       rate(s->rx_packets, last->rx_packets, seconds),
	       rate(s->rx_bytes, last->rx_bytes, seconds) * 8);
	printf("  Tx-pps: %12" PRIu64 "          Tx-bps: %12" PRIu64 "\n",
	       rate(s->tx_packets, last->tx_packets, seconds),
	       rate(s->tx_bytes, last->tx_bytes, seconds) * 8);
	printf("  %s############################%s\n", border, border);
}

void report_stats(struct report *r)
{
	uint64_t now = leat_now_ns();
	double seconds = (double)(now - r->last_ns) / NS;

	printf("\nPort statistics ====================================");
	for (unsigned int i = 0; i < r->perf->opt.nports; i++) {
		struct leat_stats s;

		leat_port_stats(r->perf->port[i], &s);
		port_stats(i, &s, &r->last[i], seconds);
		r->last[i] = s;
	}
	fflush(stdout);
	r->last_ns = now;
}

static uint64_t dropped(const struct leat_stats *s)
{
	return s->tx_drop_full + s->tx_drop_gone + s->tx_errors;
}

static void totals(const struct leat_stats *s)
{
	printf("  RX-packets: %-14" PRIu64 " RX-dropped: %-14" PRIu64 "RX-total: %-" PRIu64 "\n",
	       s->rx_packets, s->rx_missed, s->rx_packets + s->rx_missed);
	if (s->rx_errors)
		printf("  RX-error: %-14" PRIu64 "\n", s->rx_errors);
	if (s->rx_nobuf)
		printf("  RX-nombufs: %-14" PRIu64 "\n", s->rx_nobuf);
	printf("  TX-packets: %-14" PRIu64 " TX-dropped: %-14" PRIu64 "TX-total: %-" PRIu64 "\n",
	       s->tx_packets, dropped(s), s->tx_packets + dropped(s));
}

static void print_cycles(const struct summary *sum)
{
	printf("\n  CPU cycles/packet=%.2F (busy cycles=%" PRIu64 " / total %s packets=%" PRIu64
	       ") at %.0f MHz Clock\n", sum->cycles_per_packet, sum->busy, sum->mode, sum->packets,
	       sum->mhz);
	printf("  %.3f Mpps in %.2f s, %.1f packets a busy poll, busy %.1f %%\n", sum->mpps, sum->seconds,
	       sum->per_poll, 100 * sum->share);
	if (sum->first_ms > 0)
		printf("  First packets %.1f ms after the start\n", sum->first_ms);
}

int report_summary(struct report *r)
{
	const struct options *opt = &r->perf->opt;
	struct summary sum;

	r->end_ns = leat_now_ns();
	summary_make(r, &sum);
	for (unsigned int i = 0; i < opt->nports; i++) {
		printf("\n  %s Forward statistics for port %-2u %s\n", dashes, i, dashes);
		totals(&sum.port[i]);
		printf("  %s--------------------------------%s\n", dashes, dashes);
	}
	printf("\n  %s Accumulated forward statistics for all ports%s\n", pluses, pluses);
	totals(&sum.all);
	printf("  %s++++++++++++++++++++++++++++++++++++++++++++++%s\n", pluses, pluses);
	print_cycles(&sum);
	fflush(stdout);
	return opt->json ? summary_json(r, &sum, opt->json) : 0;
}
