// SPDX-License-Identifier: BSD-3-Clause
/*
 * gen.c - a cable with a generator and a checker at its end.
 *
 * Frames are made in batches, in a small array that stays in the CPU's nearest
 * cache, and handed over as the NIC's driver has buffers; what it does not
 * take waits, so nothing is lost here. With one size and one stream only two
 * words of a 64-byte frame are written anew.
 */
#include "gen.h"

#include "say.h"
#include "wires.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <leat/bits.h>
#include <leat/clock.h>

#define SAVE_MS 20	/* how much of the rate may be made up for after a pause */

static struct gen *gen_of(struct leat_wire *w)
{
	return LEAT_CONTAINER_OF(w, struct gen, base);
}

static const struct gen *gen_of_const(const struct leat_wire *w)
{
	return (const void *)w;
}

static uint8_t *slot(const struct gen *g, unsigned int i)
{
	return g->slots + (size_t)i * g->stride;
}

/* One size, one stream: heads and lengths stay. */
static void refill_plain(struct gen *g, const struct stream *s)
{
	uint64_t seq = g->seq;

	for (unsigned int i = 0; i < GEN_BATCH; i++, seq++)
		frame_write_body(slot(g, i), seq, frame_content(s, seq), s->size);
	g->seq = seq;
}

/* The same for 64 bytes, where it counts: two stores a frame. */
static void refill_64(struct gen *g, const struct stream *s)
{
	uint64_t seq = g->seq;
	uint8_t *to = g->slots;

	for (unsigned int i = 0; i < GEN_BATCH; i++, seq++, to += 64) {
		frame_store(to + FRAME_SEQ, seq);
		frame_store(to + FRAME_DATA, frame_content(s, seq));
	}
	g->seq = seq;
}

static void refill_mixed(struct gen *g)
{
	for (unsigned int i = 0; i < GEN_BATCH; i++) {
		const struct stream *s = &g->net->streams[g->first + g->flow];
		uint64_t content = frame_content(s, g->seq);
		uint32_t size = frame_size(s, content);
		uint64_t head[FRAME_WORDS];

		frame_head(s, size, head);
		frame_write_head(slot(g, i), head);
		frame_write_body(slot(g, i), g->seq, content, size);
		g->frames[i].len = size;
		if (++g->flow == g->opts.flows) {
			g->flow = 0;
			g->seq++;
		}
	}
}

static void refill(struct gen *g)
{
	const struct stream *s = &g->net->streams[g->first];

	if (g->opts.flows > 1 || s->span != 1)
		refill_mixed(g);
	else if (s->size == 64)
		refill_64(g, s);
	else
		refill_plain(g, s);
	g->pos = 0;
}

/* How many frames the rate allows now. */
static unsigned int allowance(struct gen *g)
{
	uint64_t now, past, most;

	if (!g->opts.rate)
		return GEN_BATCH;
	now = leat_cycles();
	past = LEAT_MIN(now - g->last, g->hz / 1000 * SAVE_MS);
	most = LEAT_MAX(g->opts.rate * (g->hz / 1000 * SAVE_MS), g->hz * GEN_BATCH);
	g->last = now;
	g->credit = LEAT_MIN(g->credit + past * g->opts.rate, most);
	return (unsigned int)LEAT_MIN(g->credit / g->hz, (uint64_t)GEN_BATCH);
}

static unsigned int deliver(struct gen *g, unsigned int most)
{
	unsigned int n = LEAT_MIN(most, GEN_BATCH - g->pos);

	if (g->opts.count)
		n = (unsigned int)LEAT_MIN(n, g->opts.count - g->taken);
	if (!n)
		return 0;
	n = leat_wire_deliver(&g->base, g->frames + g->pos, n);
	g->pos += n;
	g->taken += n;
	if (g->opts.rate)
		g->credit -= n * g->hz;
	return n;
}

static unsigned int gen_poll(struct leat_wire *w)
{
	struct gen *g = gen_of(w);
	unsigned int most, n, left;

	if (!g->opts.tx || g->net->stopping)
		return 0;
	most = allowance(g);
	left = GEN_BATCH - g->pos;
	n = deliver(g, most);
	if (n < left || n == most)
		return n;
	refill(g);
	return n + deliver(g, most - n);
}

static unsigned int gen_send(struct leat_wire *w, const struct leat_frame *frames, unsigned int n)
{
	struct gen *g = gen_of(w);

	if (g->opts.rx)
		checker_frames(&g->check, frames, n);
	return n;
}

static void gen_attached(struct leat_wire *w, bool yes)
{
	struct gen *g = gen_of(w);

	g->epochs += yes;
	g->restart = g->taken;
	checker_restart(&g->check);
}

/* The net frees it: other checkers look at its count until they are closed. */
static void gen_close(struct leat_wire *w)
{
	(void)w;
}

void gen_free(struct gen *g)
{
	checker_fini(&g->check);
	free(g->slots);
	free(g);
}

static const struct leat_wire_ops gen_ops = {
	.name = "gen",
	.send = gen_send,
	.poll = gen_poll,
	.attached = gen_attached,
	.close = gen_close,
};

/* Room for a batch of the longest frames, on lines of their own. */
static int make_slots(struct gen *g)
{
	uint32_t longest = g->opts.lo ? g->opts.hi : 1514;

	g->stride = longest == 64 ? 64 : LEAT_ALIGN_UP(longest + FRAME_SLACK, LEAT_CACHELINE);
	g->slots = aligned_alloc(LEAT_CACHELINE, (size_t)g->stride * GEN_BATCH);
	if (!g->slots)
		return say_fail(-ENOMEM, "no memory for a generator's frames");
	memset(g->slots, 0, (size_t)g->stride * GEN_BATCH);
	for (unsigned int i = 0; i < GEN_BATCH; i++)
		g->frames[i] = (struct leat_frame){ .data = slot(g, i), .len = g->opts.lo };
	g->pos = GEN_BATCH;
	return 0;
}

static int gen_open(const struct wire_spec *spec, struct wire_house *house, struct leat_wire **out)
{
	struct gen *g = calloc(1, sizeof(*g));
	int err;

	if (!g)
		return say_fail(-ENOMEM, "no memory for a generator");
	g->base.ops = &gen_ops;
	g->hz = leat_cycles_hz();
	err = gen_opts_parse(spec->arg, &g->opts);
	if (!err)
		err = make_slots(g);
	if (!err)
		err = gen_net_add(house->gens, g);
	if (err) {
		gen_free(g);
		return err;
	}
	*out = &g->base;
	return 0;
}

static void gen_report(const struct leat_wire *w, FILE *to)
{
	const struct gen *g = gen_of_const(w);
	const struct check_counts *c = &g->check.counts;

	fprintf(to, "sent=%" PRIu64 " checked=%" PRIu64 " checked_bytes=%" PRIu64 " lost=%" PRIu64
		" reordered=%" PRIu64 " duplicated=%" PRIu64 " damaged=%" PRIu64 " foreign=%" PRIu64
		" lost_at_restart=%" PRIu64 " epochs=%" PRIu64, g->taken, c->packets, c->bytes,
		c->lost, c->reordered, c->duplicated, c->damaged, c->foreign, c->lost_at_restart,
		g->epochs);
}

static bool gen_done(const struct leat_wire *w)
{
	const struct gen *g = gen_of_const(w);

	return !g->opts.tx || (g->opts.count && g->taken == g->opts.count);
}

const struct wire_kind wire_gen = {
	.name = "gen",
	.open = gen_open,
	.report = gen_report,
	.done = gen_done,
};
