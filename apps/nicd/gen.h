// SPDX-License-Identifier: BSD-3-Clause
/*
 * gen.h - generators and checkers of one process: any checker knows the
 * streams of every generator.
 */
#ifndef NICD_GEN_H
#define NICD_GEN_H

#include "check.h"
#include "frame.h"

#include <stdbool.h>
#include <stdio.h>

#define GEN_MAX	    64		/* generators in a process */
#define GEN_STREAMS 65536	/* and flows of all of them: frames have 16 bits for it */
#define GEN_BATCH   32		/* frames at a time, as many as NICs hand over: forwarders keep pace */

struct gen_opts {
	uint32_t	lo, hi;		/* bytes of a frame without FCS; lo 0: IMIX */
	uint64_t	rate;		/* frames a second; 0: as fast as it can */
	uint64_t	count;		/* frames; 0: no end */
	uint32_t	flows;
	uint64_t	seed;
	uint32_t	key;		/* 0: this run's own */
	bool		tx, rx;		/* generates, checks */
};

/* "size=64:rate=1000:..." 0 or -EINVAL, said. Cuts @text up. */
int gen_opts_parse(char *text, struct gen_opts *out);

struct gen {
	struct leat_wire base;
	struct gen_net	*net;
	struct gen_opts	opts;
	unsigned int	index;		/* among the generators */
	unsigned int	first;		/* its first stream; opts.flows of them */
	bool		outside;	/* its streams come from another program */

	uint64_t	taken;		/* frames that the NIC took */
	uint64_t	restart;	/* taken, when a driver last came or left */
	uint64_t	epochs;		/* drivers that came */
	uint64_t	seq;		/* of the next frame to be made */
	uint32_t	flow;
	unsigned int	pos;		/* frames [pos, GEN_BATCH) are made and wait */
	uint64_t	credit, last, hz;	/* for the rate: frames times hz, cycles */

	struct checker	check;
	struct leat_frame frames[GEN_BATCH];
	uint8_t		*slots;		/* GEN_BATCH frames, @stride apart */
	uint32_t	stride;
};

struct gen_net {
	uint32_t	key;
	bool		stopping;	/* make no more */
	struct stream	*streams;
	uint16_t	*owner;		/* by stream: the generator's index */
	unsigned int	nstreams;
	struct gen	*gens[GEN_MAX];
	unsigned int	ngens;
};

void gen_free(struct gen *g);

struct gen_verdict {
	struct check_counts counts;
	uint64_t	sent;
	bool		checked;	/* somebody checks */
	bool		clean;
};

int gen_net_init(struct gen_net *net);
/* After all wires are closed. */
void gen_net_fini(struct gen_net *net);

/* One more generator with its streams, the net's from now on. 0, or -EINVAL or -ENOMEM, said. */
int gen_net_add(struct gen_net *net, struct gen *g);

/* All NICs are made: get ready. 0 or -ENOMEM, said. */
int gen_net_start(struct gen_net *net);

/* Frames sent that no checker has met yet; 0 without checkers. */
uint64_t gen_net_missing(const struct gen_net *net);

/* The sums; with @final what is missing still counts as lost. */
void gen_net_verdict(const struct gen_net *net, bool final, struct gen_verdict *out);

/* Of @total frames dealt to @flows flows in turn, those of flow @flow. */
LEAT_INLINE uint64_t gen_share(uint64_t total, uint32_t flows, uint32_t flow)
{
	return total / flows + (flow < total % flows);
}

#endif
