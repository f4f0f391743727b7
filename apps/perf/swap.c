// SPDX-License-Identifier: BSD-3-Clause
/*
 * swap.c - --forward-mode=5tswap: packets go back along their five-tuple.
 */
#include "modes.h"
#include "net.h"

static void swap(uint8_t *frame, uint32_t len, uint32_t total)
{
	struct layers l;
	bool known = net_parse(frame, len, total, &l);

	net_swap_macs(frame);
	if (!known)
		return;
	if (l.type == TYPE_IP4)
		net_swap(frame + l.l3 + IP4_SRC, frame + l.l3 + IP4_DST, 4);
	else if (l.type == TYPE_IP6)
		net_swap(frame + l.l3 + IP6_SRC, frame + l.l3 + IP6_DST, 16);
	if (l.l4 && (l.proto == PROTO_UDP || l.proto == PROTO_TCP) && len >= l.l4 + L4_DST + 2)
		net_swap(frame + l.l4 + L4_SRC, frame + l.l4 + L4_DST, 2);
}

uint16_t swap_tuples(struct stream *s, struct leat_pkt **pkts, uint16_t n)
{
	(void)s;
	for (uint16_t i = 0; i < n; i++)
		if (pkts[i]->len >= ETH_LEN)
			swap(leat_pkt_data(pkts[i]), pkts[i]->len, pkts[i]->total);
	return n;
}
