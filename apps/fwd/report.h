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
};

struct report {
	struct leat_port *const *port;
	unsigned int	nports;
	const struct work *work;
	unsigned int	nworkers;
	uint64_t	start_ns, last_ns;
	uint64_t	last[MAX_PORTS];	/* packets received when the last line was printed */
	unsigned int	lines;
};

void report_start(struct report *r);
void report_line(struct report *r);
void report_summary(const struct report *r);

#endif
