// SPDX-License-Identifier: BSD-3-Clause
/*
 * report.c - rates, drops by reason, cycles per packet.
 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define NS 1e9

void report_drop(struct drops *drops, struct leat_pkt **pkts, uint16_t n,
		 struct leat_pool_cache *cache)
{
	leat_pkt_free_to(cache, pkts, n);
	leat_store_relaxed(&drops->gone, drops->gone + n);
}

/* All counters of a port are 64 bits wide: an array of them. */
static void add(struct leat_stats *sum, const struct leat_stats *s)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)s;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

void report_past(struct past *past, struct leat_port *port)
{
	struct leat_stats s;

	leat_port_stats(port, &s);
	add(&past->stats, &s);
	past->lost++;
}

/* What port @i counted in all its lives. */
static void count(const struct report *r, unsigned int i, struct leat_stats *s)
{
	memset(s, 0, sizeof(*s));
	if (r->port[i])
		leat_port_stats(r->port[i], s);
	add(s, &r->past[i].stats);
	s->tx_drop_gone += leat_load_relaxed(&r->drops[i].gone);
}

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

		count(r, i, &s);
		printf(" %u->%u %.3f Mpps ", i, i ^ 1,
		       (double)(s.rx_packets - r->last[i]) / seconds / 1e6);
		r->last[i] = s.rx_packets;
		dropped += drops(&s);
	}
	printf(" dropped %" PRIu64 "\n", dropped);
	fflush(stdout);
	r->last_ns = now;
}

static void port_summary(const struct report *r, unsigned int i, double seconds)
{
	const struct past *past = &r->past[i];
	struct leat_stats s;

	count(r, i, &s);
	printf("port %u: RX-packets: %" PRIu64 " RX-bytes: %" PRIu64 " TX-packets: %" PRIu64
	       " TX-bytes: %" PRIu64 " (%.3f Mpps received)%s\n", i, s.rx_packets, s.rx_bytes,
	       s.tx_packets, s.tx_bytes, (double)s.rx_packets / seconds / 1e6,
	       r->port[i] ? "" : " gone");
	printf("port %u: dropped: tx_drop_full=%" PRIu64 " tx_drop_gone=%" PRIu64 " tx_errors=%" PRIu64
	       " rx_errors=%" PRIu64 " rx_missed_errors=%" PRIu64 "\n", i, s.tx_drop_full,
	       s.tx_drop_gone, s.tx_errors, s.rx_errors, s.rx_missed);
	if (past->lost || past->restarts)
		printf("port %u: lost: %u times, restarted: %u times\n", i, past->lost,
		       past->restarts);
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
	uint64_t busy = 0, moved = 0, rounds = 0, naps = 0;

	for (unsigned int i = 0; i < r->nports; i++)
		port_summary(r, i, seconds);
	for (unsigned int i = 0; i < r->nworkers; i++) {
		busy += r->work[i].busy;
		moved += r->work[i].moved;
		rounds += r->work[i].rounds;
		naps += r->work[i].naps;
	}
	printf("forwarded: %" PRIu64 " packets in %.2f s, %.3f Mpps, %.1f packets/round\n", moved,
	       seconds, (double)moved / seconds / 1e6,
	       rounds ? (double)moved / (double)rounds : 0.0);
	printf("CPU cycles/packet=%.2f (busy cycles=%" PRIu64 " / packets=%" PRIu64
	       ") at %.0f MHz clock\n", moved ? (double)busy / (double)moved : 0.0, busy, moved,
	       (double)leat_cycles_hz() / 1e6);
	printf("CPU share: %.1f %% of %u polling thread%s",
	       100 * cpu_seconds() / seconds / r->nworkers, r->nworkers, r->nworkers > 1 ? "s" : "");
	if (naps)
		printf(", asleep %" PRIu64 " times", naps);
	printf("\n");
}
