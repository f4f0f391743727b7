// SPDX-License-Identifier: BSD-3-Clause
/*
 * report.h - what leat-perf prints, in testpmd's form: statistics while it runs, a summary
 * at the end.
 */
#ifndef LEAT_PERF_REPORT_H
#define LEAT_PERF_REPORT_H

#include "perf.h"

struct report {
	struct perf	*perf;
	uint64_t	start_ns;	/* of the program */
	uint64_t	run_ns, last_ns, end_ns;	/* of the measurement; statistics last shown */
	struct leat_stats last[MAX_PORTS];	/* when statistics were last shown */
};

/* What was chosen: ports, data paths and why, lanes. The clock of the measurement starts. */
void report_start(struct report *r, struct perf *p, uint64_t start_ns);

/* Port statistics since the last time. */
void report_stats(struct report *r);

/* The end: testpmd's accumulated statistics, and opt.json. 0 or -errno: that could not be written. */
int report_summary(struct report *r);

#endif
