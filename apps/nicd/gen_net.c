// SPDX-License-Identifier: BSD-3-Clause
/*
 * gen_net.c - what the generators of one process share: the key, the streams,
 * and the sum of what the checkers saw.
 */
#include "gen.h"

#include "say.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <leat/bits.h>

int gen_net_init(struct gen_net *net)
{
	memset(net, 0, sizeof(*net));
	while (!net->key)	/* so that frames of another run are foreign */
		if (getrandom(&net->key, sizeof(net->key), 0) < 0 && errno != EINTR)
			return say_fail(-errno, "no random number to be had: %s", strerror(errno));
	return 0;
}

void gen_net_fini(struct gen_net *net)
{
	for (unsigned int i = 0; i < net->ngens; i++)
		gen_free(net->gens[i]);
	free(net->streams);
	free(net->owner);
	memset(net, 0, sizeof(*net));
}

/* One key for all: the one given, or the run's own. */
static int agree_on_key(struct gen_net *net, const struct gen_opts *o)
{
	for (unsigned int i = 0; o->key && i < net->ngens; i++)
		if (net->gens[i]->opts.key && net->gens[i]->opts.key != o->key)
			return say_fail(-EINVAL,
					"wire gen: key=%u and key=%u in one program; all its "
					"generators share one",
					net->gens[i]->opts.key, o->key);
	return 0;
}

static int add_streams(struct gen_net *net, const struct gen_opts *o)
{
	unsigned int total = net->nstreams + o->flows;
	struct stream *streams;
	uint16_t *owner;

	if (net->ngens == GEN_MAX || total > GEN_STREAMS)
		return say_fail(-EINVAL,
				"wire gen: there is room for %d generators with %d flows in "
				"all; start a second leat-nicd",
				GEN_MAX, GEN_STREAMS);
	owner = realloc(net->owner, total * sizeof(*owner));
	if (!owner)
		return say_fail(-ENOMEM, "no memory for %u flows", total);
	net->owner = owner;
	streams = aligned_alloc(LEAT_CACHELINE, total * sizeof(*streams));
	if (!streams)
		return say_fail(-ENOMEM, "no memory for %u flows", total);
	if (net->nstreams)
		memcpy(streams, net->streams, net->nstreams * sizeof(*streams));
	free(net->streams);
	net->streams = streams;
	for (; net->nstreams < total; net->nstreams++)
		net->owner[net->nstreams] = (uint16_t)net->ngens;
	return 0;
}

int gen_net_add(struct gen_net *net, struct gen *g)
{
	int err = agree_on_key(net, &g->opts);

	g->net = net;
	g->index = net->ngens;
	g->first = net->nstreams;
	g->outside = g->opts.key && !g->opts.tx;
	if (!err)
		err = add_streams(net, &g->opts);
	if (err)
		return err;
	if (g->opts.key)
		net->key = g->opts.key;
	net->gens[net->ngens++] = g;
	return 0;
}

int gen_net_start(struct gen_net *net)
{
	for (unsigned int i = 0; i < net->ngens; i++) {
		struct gen *g = net->gens[i];
		const struct stream *s = &net->streams[g->first];
		int err = g->opts.rx ? checker_init(&g->check, net) : 0;

		if (err)
			return err;
		for (unsigned int f = 0; f < g->opts.flows; f++)
			frame_stream_init(&net->streams[g->first + f], g->first + f, net->key,
					  g->opts.seed, g->opts.lo, g->opts.hi);
		for (unsigned int k = 0; k < GEN_BATCH; k++)
			frame_write_head(g->slots + (size_t)k * g->stride, s->head);
	}
	return 0;
}

/* Where the checker that saw most of @stream stands. */
static uint64_t seen(const struct gen_net *net, unsigned int stream, uint64_t *excused)
{
	uint64_t best = 0;
	bool any = false;

	*excused = 0;
	for (unsigned int i = 0; i < net->ngens; i++) {
		const struct checker *c = &net->gens[i]->check;

		if (!c->next || (any && c->next[stream] < best))
			continue;
		if (c->next[stream] > best)
			*excused = 0;	/* of those that stand there, the latest restart counts */
		best = c->next[stream];
		*excused = LEAT_MAX(*excused, checker_excused(c, stream));
		any = true;
	}
	return any ? best : UINT64_MAX;
}

/* What has not come and has no later one to prove it: of all, and of the excused. */
static uint64_t missing(const struct gen_net *net, uint64_t *died)
{
	uint64_t sum = 0;

	*died = 0;
	for (unsigned int id = 0; id < net->nstreams; id++) {
		const struct gen *g = net->gens[net->owner[id]];
		uint64_t sent = gen_share(g->taken, g->opts.flows, id - g->first);
		uint64_t excused, due = seen(net, id, &excused);

		if (g->outside || due >= sent)
			continue;
		sum += sent - due;
		if (excused > due)
			*died += LEAT_MIN(excused, sent) - due;
	}
	return sum;
}

uint64_t gen_net_missing(const struct gen_net *net)
{
	uint64_t died;

	return missing(net, &died);
}

static void add_counts(struct check_counts *to, const struct check_counts *c)
{
	to->packets += c->packets;
	to->bytes += c->bytes;
	to->damaged += c->damaged;
	to->lost += c->lost;
	to->reordered += c->reordered;
	to->duplicated += c->duplicated;
	to->lost_at_restart += c->lost_at_restart;
	to->foreign += c->foreign;
}

void gen_net_verdict(const struct gen_net *net, bool final, struct gen_verdict *out)
{
	struct check_counts *sum = &out->counts;

	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < net->ngens; i++) {
		const struct gen *g = net->gens[i];

		out->sent += g->taken;
		out->checked |= g->opts.rx;
		add_counts(sum, &g->check.counts);
	}
	if (final) {
		uint64_t died, all = missing(net, &died);

		sum->lost += all - died;
		sum->lost_at_restart += died;
	}
	out->clean = !out->checked ||
		     (sum->packets && !sum->damaged && !sum->lost && !sum->reordered &&
		      !sum->duplicated);
}
