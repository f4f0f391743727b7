// SPDX-License-Identifier: BSD-3-Clause
/*
 * check.c - the checker.
 *
 * The case that counts is a whole frame of a known stream with the number that
 * is due: a dozen loads and compares, no branch that is ever taken. Everything
 * else is out of line.
 */
#include "check.h"

#include "gen.h"
#include "say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <leat/bits.h>

int checker_init(struct checker *c, const struct gen_net *net)
{
	c->net = net;
	c->next = calloc(net->nstreams, sizeof(*c->next));
	c->restart = calloc(net->ngens, sizeof(*c->restart));
	c->holes = calloc(CHECK_HOLES, sizeof(*c->holes));
	if (c->next && c->restart && c->holes)
		return 0;
	checker_fini(c);
	return say_fail(-ENOMEM, "no memory to check %u streams", net->nstreams);
}

void checker_fini(struct checker *c)
{
	free(c->next);
	free(c->restart);
	free(c->holes);
	c->next = c->restart = NULL;
	c->holes = NULL;
}

void checker_restart(struct checker *c)
{
	for (unsigned int i = 0; c->restart && i < c->net->ngens; i++)
		c->restart[i] = c->net->gens[i]->taken;
}

uint64_t checker_excused(const struct checker *c, unsigned int stream)
{
	const struct gen *g = c->net->gens[c->net->owner[stream]];
	uint64_t taken = LEAT_MAX(g->restart, c->restart[g->index]);

	return gen_share(taken, g->opts.flows, stream - g->first);
}

static void add_hole(struct checker *c, unsigned int stream, uint64_t first, uint64_t end,
		     unsigned int excused)
{
	if (first >= end)
		return;
	if (excused)
		c->counts.lost_at_restart += end - first;
	else
		c->counts.lost += end - first;
	if (c->nholes == CHECK_HOLES) {		/* forget the oldest */
		memmove(c->holes, c->holes + 1, (CHECK_HOLES - 1) * sizeof(*c->holes));
		c->nholes--;
	}
	c->holes[c->nholes++] = (struct hole){ first, end, stream, excused };
}

static void skip_to(struct checker *c, unsigned int stream, uint64_t seq)
{
	uint64_t due = c->next[stream], excused = checker_excused(c, stream);
	uint64_t middle = LEAT_MIN(LEAT_MAX(due, excused), seq);

	add_hole(c, stream, due, middle, 1);
	add_hole(c, stream, middle, seq, 0);
	c->next[stream] = seq + 1;
}

/* Take @seq out of hole @at, which may become two. */
static void fill_hole(struct checker *c, unsigned int at, uint64_t seq)
{
	struct hole h = c->holes[at];

	memmove(c->holes + at, c->holes + at + 1, (--c->nholes - at) * sizeof(h));
	if (h.excused)
		c->counts.lost_at_restart -= h.end - h.first;
	else
		c->counts.lost -= h.end - h.first;
	add_hole(c, h.stream, h.first, seq, h.excused);
	add_hole(c, h.stream, seq + 1, h.end, h.excused);
	if (!h.excused)
		c->counts.reordered++;
}

/* Could a frame with this number have been sent? Streams from outside: always. */
static bool possible(const struct checker *c, unsigned int stream, uint64_t seq)
{
	const struct gen *g = c->net->gens[c->net->owner[stream]];

	return g->outside || seq < gen_share(g->taken, g->opts.flows, stream - g->first);
}

/* A number that is not the one due. */
static LEAT_COLD void out_of_turn(struct checker *c, unsigned int stream, uint64_t seq)
{
	if (!possible(c, stream, seq)) {	/* short frames do not vouch for its upper half */
		c->counts.damaged++;
		return;
	}
	if (seq >= c->next[stream]) {
		skip_to(c, stream, seq);
		return;
	}
	for (unsigned int i = 0; i < c->nholes; i++) {
		const struct hole *h = &c->holes[i];

		if (h->stream == stream && seq >= h->first && seq < h->end) {
			fill_hole(c, i, seq);
			return;
		}
	}
	c->counts.duplicated++;
}

/*
 * Something differs. If the number is plausible it has come, damaged; if not
 * it will be missed.
 */
static LEAT_COLD void damaged(struct checker *c, unsigned int stream, uint64_t seq)
{
	c->counts.damaged++;
	if (seq == c->next[stream] && possible(c, stream, seq))
		c->next[stream]++;
}

/* Where sizes vary, the head of each is made again. */
static uint64_t head_differs(const struct stream *s, uint32_t size, const uint8_t *p)
{
	uint64_t head[FRAME_WORDS], bad = 0;

	frame_head(s, size, head);
	for (unsigned int i = 0; i < FRAME_WORDS; i++)
		bad |= frame_load(p + 8 * i) ^ head[i];
	return bad;
}

static inline uint64_t differs(const struct stream *s, uint64_t content, const uint8_t *p,
			       uint32_t len)
{
	uint64_t bad = 0;

	if (len != frame_size(s, content))
		return 1;
	if (LEAT_UNLIKELY(s->span != 1)) {
		bad = head_differs(s, len, p);
	} else {
		for (unsigned int i = 0; i < FRAME_WORDS; i++)
			bad |= frame_load(p + 8 * i) ^ s->head[i];
	}
	if (len == 64)
		return bad | (frame_load(p + FRAME_DATA) ^ content);
	return bad | frame_body_differs(p, content, len);
}

static inline void check(struct checker *c, const struct leat_frame *f)
{
	const struct gen_net *net = c->net;
	const uint8_t *p = f->data;
	const struct stream *s;
	uint64_t word, seq;
	unsigned int id;

	word = f->len < FRAME_MIN ? 0 : frame_load_once(p + 40);
	id = frame_stream(word);
	if (LEAT_UNLIKELY(frame_key(word) != net->key || id >= net->nstreams)) {
		c->counts.foreign++;
		return;
	}
	s = &net->streams[id];
	seq = frame_load_once(p + FRAME_SEQ);
	c->counts.packets++;
	c->counts.bytes += f->len;
	if (LEAT_UNLIKELY(differs(s, frame_content(s, seq), p, f->len)))
		damaged(c, id, seq);
	else if (LEAT_LIKELY(seq == c->next[id]))
		c->next[id] = seq + 1;
	else
		out_of_turn(c, id, seq);
}

void checker_frames(struct checker *c, const struct leat_frame *frames, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		check(c, &frames[i]);
}
