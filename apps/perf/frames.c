// SPDX-License-Identifier: BSD-3-Clause
/*
 * frames.c - the frame that a generator sends, built once.
 */
#include "gen.h"
#include "net.h"

#include <stdlib.h>
#include <string.h>

/* Who talks to whom, and which word of the IP header tells flows apart. */
struct talk {
	uint8_t		src[4], dst[4];
	uint16_t	sport, dport;
	uint16_t	word;		/* from the IP header's start */
	uint16_t	step;
};

static const struct talk txonly_talk = {
	{ 198, 18, 0, 1 }, { 198, 18, 0, 2 }, 9, 9, IP4_SRC + 2, 256,
};
static const struct talk flowgen_talk = {
	{ 10, 254, 0, 0 }, { 10, 253, 0, 0 }, 1000, 1001, IP4_DST + 2, 1,
};

static void write_headers(struct gen *g, const struct stream *s, const struct talk *talk)
{
	uint8_t *ip = g->frame + ETH_LEN, *udp = ip + IP4_LEN;

	memcpy(g->frame + ETH_DST, s->peer, 6);
	memcpy(g->frame + ETH_SRC, s->mac, 6);
	net_put16(g->frame + ETH_TYPE, TYPE_IP4);
	ip[0] = 4 << 4 | IP4_LEN / 4;
	net_put16(ip + IP4_TOTAL, g->len - ETH_LEN);
	ip[IP4_TTL] = 64;
	ip[IP4_PROTO] = PROTO_UDP;
	memcpy(ip + IP4_SRC, talk->src, 4);
	memcpy(ip + IP4_DST, talk->dst, 4);
	net_put16(udp + L4_SRC, talk->sport);
	net_put16(udp + L4_DST, talk->dport);
	net_put16(udp + UDP_TOTAL, g->len - ETH_LEN - IP4_LEN);
}

static void settle_flows(struct gen *g, const struct talk *talk)
{
	uint8_t *ip = g->frame + ETH_LEN;

	g->word = (uint16_t)(ETH_LEN + talk->word);
	g->base = net_get16(ip + talk->word);
	g->step = talk->step;
	g->sum = net_sum(ip, IP4_LEN, 0) - g->base;
	net_put16(ip + IP4_CSUM, (uint16_t)~net_fold(g->sum + g->base));
}

struct gen *gen_create(const struct options *opt, const struct stream *s, const struct leat_pool *pool,
		       bool flow_mode)
{
	const struct talk *talk = flow_mode ? &flowgen_talk : &txonly_talk;
	struct gen *g = aligned_alloc(LEAT_CACHELINE, sizeof(*g));

	if (!g)
		return NULL;
	memset(g, 0, sizeof(*g));
	g->nsegs = opt->nsegs;
	for (unsigned int i = 0; i < opt->nsegs; i++) {
		g->seg[i] = opt->seg[i];
		g->len += opt->seg[i];
	}
	g->fill = gen_fill(g, pool);
	g->flows = flow_mode ? opt->flows : opt->multi_flow ? 256 : 1;
	for (unsigned int i = GEN_FRAME_MIN; i < g->len; i++)
		g->frame[i] = (uint8_t)i;
	write_headers(g, s, talk);
	settle_flows(g, talk);
	return g;
}
