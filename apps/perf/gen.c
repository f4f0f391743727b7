// SPDX-License-Identifier: BSD-3-Clause
/*
 * gen.c - packets made of a generator's frame, a burst at a time.
 */
#include "gen.h"
#include "net.h"

#include <string.h>

/* A cache line: as few stores as the CPU makes of it. */
typedef uint64_t line __attribute__((vector_size(LEAT_CACHELINE), may_alias));

/* Which flow the packet is of: the word, and the header's checksum with it. */
static void set_flow(struct gen *g, uint8_t *frame)
{
	uint16_t word = (uint16_t)(g->base + g->flow * g->step);

	net_put16(frame + g->word, word);
	net_put16(frame + ETH_LEN + IP4_CSUM, (uint16_t)~net_fold(g->sum + word));
	if (++g->flow == g->flows)
		g->flow = 0;
}

/* One line: it stays in registers. */
static inline __attribute__((always_inline)) void
fill_line(const struct gen *g, struct leat_pkt *const *pkts, unsigned int n)
{
	const line whole = *(const line *)(const void *)g->frame;

	for (unsigned int i = 0; i < n; i++) {
		*(line *)leat_pkt_data(pkts[i]) = whole;
		pkts[i]->len = (uint16_t)g->len;
		pkts[i]->total = g->len;
	}
}

static inline __attribute__((always_inline)) void
fill_lines(const struct gen *g, struct leat_pkt *const *pkts, unsigned int n)
{
	unsigned int lines = (g->len + LEAT_CACHELINE - 1) / LEAT_CACHELINE;
	const line *from = (const line *)(const void *)g->frame;

	if (lines == 1) {
		fill_line(g, pkts, n);
		return;
	}
	for (unsigned int i = 0; i < n; i++) {
		line *to = leat_pkt_data(pkts[i]);

		for (unsigned int k = 0; k < lines; k++)
			to[k] = from[k];
		pkts[i]->len = (uint16_t)g->len;
		pkts[i]->total = g->len;
	}
}

static void fill_plain(const struct gen *g, struct leat_pkt *const *pkts, unsigned int n)
{
	fill_lines(g, pkts, n);
}

/* Buffers without room for the rest of the last line. */
static void fill_bytes(const struct gen *g, struct leat_pkt *const *pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		memcpy(leat_pkt_append(pkts[i], (uint16_t)g->len), g->frame, g->len);
}

#if defined(__x86_64__)
static __attribute__((target("avx2"))) void
fill_avx2(const struct gen *g, struct leat_pkt *const *pkts, unsigned int n)
{
	fill_lines(g, pkts, n);
}

static __attribute__((target("avx512f"))) void
fill_avx512(const struct gen *g, struct leat_pkt *const *pkts, unsigned int n)
{
	fill_lines(g, pkts, n);
}

static gen_fill_fn *fill_for_cpu(void)
{
	if (__builtin_cpu_supports("avx512f"))
		return fill_avx512;
	return __builtin_cpu_supports("avx2") ? fill_avx2 : fill_plain;
}
#else
static gen_fill_fn *fill_for_cpu(void)
{
	return fill_plain;
}
#endif

gen_fill_fn *gen_fill(const struct gen *g, const struct leat_pool *pool)
{
	bool fits = LEAT_ALIGN_UP(g->len, LEAT_CACHELINE) <= leat_pool_buf_size(pool);

	return fits ? fill_for_cpu() : fill_bytes;
}

/* Packets for the next burst. Others have read their lines: they are on the way back meanwhile. */
static bool call_in(struct stream *s)
{
	s->ready = leat_pkt_alloc(s->cache, s->next, s->burst);
	for (unsigned int i = 0; s->ready && i < s->burst; i++)
		leat_prefetch_write(leat_pkt_data(s->next[i]));
	return s->ready;
}

static bool make_plain(struct stream *s, struct gen *g)
{
	if (!s->ready && !call_in(s))
		return false;
	memcpy(s->pkts, s->next, s->burst * sizeof(s->next[0]));
	g->fill(g, s->pkts, s->burst);
	call_in(s);
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

void gen_drain(struct stream *s)
{
	if (s->ready)
		leat_pkt_free(s->next, s->burst);
	s->ready = false;
}
