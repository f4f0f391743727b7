// SPDX-License-Identifier: BSD-3-Clause
/*
 * check.h - the checker of one NIC: what came of each stream, whole, once and
 * in order?
 *
 * A number left out is lost until it comes late, which makes it reordered. What
 * was sent before a driver last came or left at either end may have died with
 * it, and is counted apart.
 */
#ifndef NICD_CHECK_H
#define NICD_CHECK_H

#include <stdint.h>

#include <leat/wire.h>

struct gen_net;

#define CHECK_HOLES 1024	/* runs of missing numbers remembered; older ones stay lost */

/* Numbers [first, end) of a stream that have not come. */
struct hole {
	uint64_t	first, end;
	unsigned int	stream;
	unsigned int	excused;	/* 1: from before a restart */
};

struct check_counts {
	uint64_t	packets, bytes;	/* ours, the damaged ones included */
	uint64_t	damaged, lost, reordered, duplicated;
	uint64_t	lost_at_restart;
	uint64_t	foreign;	/* not from a generator we know */
};

struct checker {
	const struct gen_net *net;
	uint64_t	*next;		/* by stream: the number due */
	uint64_t	*restart;	/* by generator: frames sent when a driver came or left */
	struct check_counts counts;
	struct hole	*holes;
	unsigned int	nholes;
};

/* The net is complete now. 0 or -ENOMEM, said. */
int checker_init(struct checker *c, const struct gen_net *net);
void checker_fini(struct checker *c);

void checker_frames(struct checker *c, const struct leat_frame *frames, unsigned int n);

/* Frames of @stream below this number may have died with a driver. */
uint64_t checker_excused(const struct checker *c, unsigned int stream);

/* A driver came to, or left, the NIC at this end. */
void checker_restart(struct checker *c);

#endif
