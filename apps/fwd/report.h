// SPDX-License-Identifier: BSD-3-Clause
/*
 * report.h - what leat-fwd prints: a line a second and a summary.
 */
#ifndef LEAT_FWD_REPORT_H
#define LEAT_FWD_REPORT_H

#include <leat/leat.h>

#include "options.h"

/* Written by one worker, read by the main thread. */
struct work {
	LEAT_ALIGNED(LEAT_CACHELINE) uint64_t busy;	/* cycles of rounds that moved packets */
	uint64_t	moved;				/* packets */
	uint64_t	rounds;				/* that moved some */
	uint64_t	naps;
};

/* Packets for a port that was not there; written by the one worker that sends to it. */
struct drops {
	LEAT_ALIGNED(LEAT_CACHELINE) uint64_t gone;
};

/* What a port counted before it was lost, perhaps several times. */
struct past {
	struct leat_stats stats;
	unsigned int	lost;		/* times */
	unsigned int	restarts;
};

struct report {
	struct leat_port *const *port;	/* NULL: lost */
	unsigned int	nports;
	const struct past *past;
	const struct drops *drops;
	const struct work *work;
	unsigned int	nworkers;
	uint64_t	start_ns, last_ns;
	uint64_t	last[MAX_PORTS];	/* packets received when the last line was printed */
	unsigned int	lines;
};

/* Drop packets for a port that is not there. The thread of @drops and @cache. */
void report_drop(struct drops *drops, struct leat_pkt **pkts, uint16_t n,
		 struct leat_pool_cache *cache);

/* A port is about to be closed: keep what it counted. */
void report_past(struct past *past, struct leat_port *port);

void report_start(struct report *r);
void report_line(struct report *r);
void report_summary(const struct report *r);

#endif
