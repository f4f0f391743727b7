// SPDX-License-Identifier: BSD-3-Clause
/*
 * queues.c - probe-queues A B N: several queues of two NICs on one cable. What each of A's
 * N transmit queues sends comes to B; each of B's stops, changes its size and starts while
 * the others move frames; each can be slept on.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/rss.h>

#include "flows.h"

#define FLOWS 64

static void flow_of(struct frame *f, const struct rig *r, unsigned int i)
{
	const struct flow flow = { .family = AF_INET, .src = "10.1.2.3", .dst = "10.4.5.6",
				   .sport = (uint16_t)(1000 + i), .dport = 2000 };

	compose(f, r, &flow, TCP, FLOW_PAYLOAD + i);
}

/* By every queue of A in turn; @through: of B's queues, a bit each that took some. */
static unsigned int flows_pass(struct rig *r, unsigned int n, unsigned int *through)
{
	unsigned int right = 0;
	struct frame f;
	struct got got;

	for (unsigned int i = 0; i < FLOWS; i++) {
		flow_of(&f, r, i);
		r->a.txq = leat_port_txq(r->a.port, i % n);
		ship_frame(&r->a, &f);
		do {		/* others on the cable have something to say, too */
			if (!take(&r->b, &got, COMES_MS))
				return right;
		} while (!same(&got, &f));
		right++;
		*through |= LEAT_BIT(got.queue);
	}
	return right;
}

/* What the cable kept for B from an earlier test: broadcasts. */
static void forget_old(struct rig *r)
{
	static struct got got;

	while (take(&r->b, &got, STAYS_MS))
		;
}

static void try_sizes(struct rig *r, unsigned int n)
{
	unsigned int through = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct leat_rxq *rx = leat_port_rxq(r->b.port, i);
		struct leat_txq *tx = leat_port_txq(r->a.port, i);

		check_err(leat_rxq_stop(rx), 0, "receive queue %u stops", i);
		check_err(leat_rxq_resize(&rx, 64), 0, "... becomes shorter");
		check_err(leat_rxq_start(rx), 0, "... starts");
		check_err(leat_txq_stop(tx), 0, "transmit queue %u stops", i);
		check_err(leat_txq_resize(&tx, 128), 0, "... becomes shorter");
		check_err(leat_txq_start(tx), 0, "... starts");
		check_num(flows_pass(r, n, &through), FLOWS, "flows with queues %u of other sizes", i);
	}
}

/* Asleep on all of them; one packet wakes the one that it comes to. */
static void try_sleep(struct rig *r, unsigned int n)
{
	struct pollfd p[LEAT_PORT_QUEUES_MAX];
	struct frame f;
	struct got got;

	for (unsigned int i = 0; i < FLOWS; i++) {
		unsigned int woken = 0;

		for (unsigned int k = 0; k < n; k++) {
			check_err(leat_rxq_arm(leat_port_rxq(r->b.port, k)), 0, "queue %u is armed", k);
			p[k] = (struct pollfd){ leat_rxq_fd(leat_port_rxq(r->b.port, k)), POLLIN, 0 };
		}
		flow_of(&f, r, i);
		ship_frame(&r->a, &f);
		while (!woken && poll(p, n, COMES_MS) > 0) {
			if (!take(&r->b, &got, 0)) {
				for (unsigned int k = 0; k < n; k++)
					leat_rxq_arm(leat_port_rxq(r->b.port, k));
				continue;	/* a wake-up without a packet */
			}
			woken = p[got.queue].revents & POLLIN;
			break;
		}
		if (!check(woken, "flow %u wakes the queue that it comes to", i))
			return;
	}
}

int main(int argc, char **argv)
{
	unsigned int n = argc == 4 ? (unsigned int)atoi(argv[3]) : 0, through = 0;
	const struct leat_port_config cfg = { .rxqs = (uint16_t)n, .txqs = (uint16_t)n };
	struct leat_rss rss;
	struct rig r = { 0 };

	if (!n || n > LEAT_PORT_QUEUES_MAX) {
		fprintf(stderr, "usage: probe-queues SCHEME:BDF SCHEME:BDF N\n");
		return 2;
	}
	r.addr = argv + 1;
	r.ctx = open_ctx(&r.ear, 32u << 20, false);
	open_both(&r, &cfg, &cfg);
	printf("%s\n", leat_port_info(r.b.port));
	forget_old(&r);
	check_num(flows_pass(&r, n, &through), FLOWS, "flows by %u queues", n);
	leat_port_rss_get(r.b.port, &rss);
	if (rss.types)		/* otherwise it is for the device to say */
		check_num(through, LEAT_BIT(n) - 1, "queues that took some");
	try_sizes(&r, n);
	try_sleep(&r, n);
	leat_port_stop(r.b.port);
	need(leat_port_start(r.b.port), r.ear.error, "B starts again");
	check_num(flows_pass(&r, n, &through), FLOWS, "flows after all");
	close_both(&r);
	leat_ctx_close(r.ctx);
	return check_end();
}
