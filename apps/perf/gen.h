// SPDX-License-Identifier: BSD-3-Clause
/*
 * gen.h - the frames that txonly and flowgen send: UDP in IPv4, all bytes settled
 * beforehand but those of one word that tells flows apart.
 *
 * As testpmd's: txonly sends from 198.18.0.1 to 198.18.0.2, port 9 to port 9, with
 * several flows from 198.18.N.1; flowgen from 10.254.0.0 to 10.253.0.0 and up, port
 * 1000 to 1001. Unlike testpmd every byte is written.
 */
#ifndef LEAT_PERF_GEN_H
#define LEAT_PERF_GEN_H

#include "perf.h"

#define GEN_FRAME_MIN 42		/* headers only */

struct gen;

/* Make @n fresh packets frames of @g: every byte, and the lengths. */
typedef void gen_fill_fn(const struct gen *g, struct leat_pkt *const *pkts, unsigned int n);

struct gen {
	gen_fill_fn	*fill;		/* for frames of one segment */
	uint32_t	len;		/* of a frame, in @nsegs segments */
	unsigned int	nsegs;
	uint16_t	seg[MAX_SEGS];
	unsigned int	flows;		/* 1: nothing changes from frame to frame */
	uint32_t	flow;		/* the next one's */
	uint16_t	word;		/* where it stands: 16 bits of an address... */
	uint16_t	base, step;	/* ...the first flow's, and what one more adds */
	uint32_t	sum;		/* of the IP header without that word and the checksum */
	LEAT_ALIGNED(LEAT_CACHELINE) uint8_t frame[MAX_FRAME + LEAT_CACHELINE];
};

/* The frames of @s, whose tx, mac and peer are set; @flow_mode for flowgen's. NULL: no memory. */
struct gen *gen_create(const struct options *opt, const struct stream *s, const struct leat_pool *pool,
		       bool flow_mode);

/* What fills packets of @pool with frames of @g->len bytes fastest on this CPU. */
gen_fill_fn *gen_fill(const struct gen *g, const struct leat_pool *pool);

/* Make a burst: s->held packets from s->first on. False: no packets to be had. */
bool gen_make(struct stream *s);

/* Give back what it has taken for the burst after. */
void gen_drain(struct stream *s);

#endif
