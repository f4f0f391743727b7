// SPDX-License-Identifier: BSD-3-Clause
/*
 * gen.c - packets made of a generator's frame, a burst at a time.
 */
#include "gen.h"
#include "net.h"

#include <string.h>

/* A cache line, as wide as the CPU writes it. */
typedef uint64_t line __attribute__((vector_size(LEAT_CACHELINE), may_alias));

static void copy_lines(void *dst, const void *src, uint32_t len)
{
	line *to = dst;
	const line *from = src;

	for (uint32_t i = 0; i < (len + LEAT_CACHELINE - 1) / LEAT_CACHELINE; i++)
		to[i] = from[i];
}

/* Which flow the packet is of: the word, and the header's checksum with it. */
static void set_flow(struct gen *g, uint8_t *frame)
{
	uint16_t word = (uint16_t)(g->base + g->flow * g->step);

	net_put16(frame + g->word, word);
	net_put16(frame + ETH_LEN + IP4_CSUM, (uint16_t)~net_fold(g->sum + word));
	if (++g->flow == g->flows)
		g->flow = 0;
}

static void fill(const struct gen *g, struct leat_pkt *pkt)
{
	if (LEAT_LIKELY(g->lines))
		copy_lines(leat_pkt_data(pkt), g->frame, g->len);
	else
		memcpy(leat_pkt_data(pkt), g->frame, g->len);
	pkt->len = (uint16_t)g->len;
	pkt->total = g->len;
}

/* Frames of one line: it stays in registers. */
static void fill_short(const struct gen *g, struct leat_pkt *const *pkts, unsigned int n)
{
	const line whole = *(const line *)(const void *)g->frame;
	uint16_t len = (uint16_t)g->len;

	for (unsigned int i = 0; i < n; i++) {
		*(line *)leat_pkt_data(pkts[i]) = whole;
		pkts[i]->len = len;
		pkts[i]->total = len;
	}
}

static bool make_plain(struct stream *s, struct gen *g)
{
	if (!leat_pkt_alloc(s->cache, s->pkts, s->burst))
		return false;
	/* Others have read the lines: have them back all at once, not store by store. */
	for (unsigned int i = 0; i < s->burst; i++)
		leat_prefetch_write(leat_pkt_data(s->pkts[i]));
	if (g->lines && g->len <= sizeof(line))
		fill_short(g, s->pkts, s->burst);
	else
		for (unsigned int i = 0; i < s->burst; i++)
			fill(g, s->pkts[i]);
	return true;
}

/* One packet of several segments. */
static struct leat_pkt *make_chain(struct stream *s, const struct gen *g)
{
	struct leat_pkt *seg[MAX_SEGS];
	const uint8_t *from = g->frame;

	if (!leat_pkt_alloc(s->cache, seg, g->nsegs))
		return NULL;
	for (unsigned int i = 0; i < g->nsegs; i++) {
		memcpy(leat_pkt_append(seg[i], g->seg[i]), from, g->seg[i]);
		from += g->seg[i];
		if (i)
			leat_pkt_chain(seg[0], seg[i]);
	}
	return seg[0];
}

static bool make_chains(struct stream *s, const struct gen *g)
{
	for (unsigned int i = 0; i < s->burst; i++) {
		s->pkts[i] = make_chain(s, g);
		if (!s->pkts[i]) {
			leat_pkt_free_to(s->cache, s->pkts, i);
			return false;
		}
	}
	return true;
}

bool gen_make(struct stream *s)
{
	struct gen *g = s->gen;

	if (!(g->nsegs == 1 ? make_plain(s, g) : make_chains(s, g)))
		return false;
	for (unsigned int i = 0; g->flows > 1 && i < s->burst; i++)
		set_flow(g, leat_pkt_data(s->pkts[i]));
	s->first = 0;
	s->held = s->burst;
	return true;
}
