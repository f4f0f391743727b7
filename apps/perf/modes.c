// SPDX-License-Identifier: BSD-3-Clause
/*
 * modes.c - what a stream does with packets: testpmd's forwarding engines.
 */
#include "modes.h"

#include "gen.h"
#include "net.h"

#include <string.h>

/* Some were not taken, from s->pkts[sent] on: drop them, counted, or keep them in front. */
static LEAT_COLD void not_taken(struct stream *s, uint16_t sent, uint16_t n)
{
	uint16_t left = (uint16_t)(n - sent);

	s->held = 0;
	if (!s->retry) {
		leat_drop(s->tx, s->pkts + sent, left);
		return;
	}
	memmove(s->pkts, s->pkts + sent, left * sizeof(s->pkts[0]));
	s->held = left;
}

/* Receive, behind what is held; touch; send. Inlined for each mode, with its @touch. */
static inline __attribute__((always_inline)) bool forward(struct stream *s, touch_fn *touch)
{
	struct leat_pkt **fresh = s->pkts + s->held;
	uint16_t n = leat_rx(s->rx, fresh, (uint16_t)(s->burst - s->held)), all, sent;

	if (!n && !s->held)
		return false;
	all = (uint16_t)(s->held + touch(s, fresh, n));
	sent = leat_tx(s->tx, s->pkts, all);
	if (LEAT_LIKELY(sent == all))
		s->held = 0;
	else
		not_taken(s, sent, all);
	return n || sent;
}

static uint16_t as_they_are(struct stream *s, struct leat_pkt **pkts, uint16_t n)
{
	(void)s;
	(void)pkts;
	return n;
}

static bool run_io(struct stream *s)
{
	return forward(s, as_they_are);
}

static uint16_t set_macs(struct stream *s, struct leat_pkt **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		uint8_t *frame = leat_pkt_data(pkts[i]);

		memcpy(frame + ETH_DST, s->peer, 6);
		memcpy(frame + ETH_SRC, s->mac, 6);
	}
	return n;
}

static bool run_mac(struct stream *s)
{
	return forward(s, set_macs);
}

static uint16_t swap_macs(struct stream *s, struct leat_pkt **pkts, uint16_t n)
{
	(void)s;
	for (uint16_t i = 0; i < n; i++)
		net_swap_macs(leat_pkt_data(pkts[i]));
	return n;
}

static bool run_macswap(struct stream *s)
{
	return forward(s, swap_macs);
}

static bool run_5tswap(struct stream *s)
{
	return forward(s, swap_tuples);
}

static bool run_icmpecho(struct stream *s)
{
	return forward(s, answer_echo);
}

static bool run_csum(struct stream *s)
{
	return forward(s, fill_csums);
}

static bool run_rxonly(struct stream *s)
{
	uint16_t n = leat_rx(s->rx, s->pkts, s->burst);

	if (!n)
		return false;
	leat_pkt_free_to(s->cache, s->pkts, n);
	return true;
}

/* What a port did not take is offered again before more is made: no cycle is spent in vain. */
static bool run_txonly(struct stream *s)
{
	bool made = !s->held && gen_make(s);
	uint16_t sent = leat_tx(s->tx, s->pkts + s->first, s->held);

	s->first = (uint16_t)(s->first + sent);
	s->held = (uint16_t)(s->held - sent);
	return made || sent;
}

static bool run_flowgen(struct stream *s)
{
	struct leat_pkt *pkts[MAX_BURST];
	uint16_t n = leat_rx(s->rx, pkts, s->burst);
	bool sent;

	if (n)
		leat_pkt_free_to(s->cache, pkts, n);
	sent = run_txonly(s);
	return sent || n;
}

const struct mode modes[] = {
	{ .name = "io", .run = run_io, .what = "pass packets on as they are" },
	{ .name = "mac", .run = run_mac, .what = "from the sending port's address to its peer's" },
	{ .name = "macswap", .run = run_macswap, .what = "swap the Ethernet addresses" },
	{ .name = "rxonly", .run = run_rxonly, .what = "receive and free" },
	{ .name = "txonly", .run = run_txonly, .makes = true,
	  .what = "allocate, write every byte, send" },
	{ .name = "flowgen", .run = run_flowgen, .makes = true,
	  .what = "the same in many flows; receive and free besides" },
	{ .name = "icmpecho", .run = run_icmpecho, .loops = true,
	  .what = "answer ARP and ping, free the rest" },
	{ .name = "csum", .run = run_csum, .csum = true,
	  .what = "checksums anew, by software or (--csum=hw) by the device" },
	{ .name = "5tswap", .run = run_5tswap, .what = "swap addresses and ports of all layers" },
	{ .name = NULL },
};

const struct mode *mode_find(const char *name)
{
	for (const struct mode *m = modes; m->name; m++)
		if (!strcmp(m->name, name))
			return m;
	return NULL;
}
