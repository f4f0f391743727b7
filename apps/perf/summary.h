// SPDX-License-Identifier: BSD-3-Clause
/*
 * summary.h - what a run came to, as numbers and as JSON.
 */
#ifndef LEAT_PERF_SUMMARY_H
#define LEAT_PERF_SUMMARY_H

#include "report.h"

struct summary {
	const char	*mode;
	struct leat_stats port[MAX_PORTS], all;
	uint64_t	packets;	/* sent, by modes that make them; else received */
	uint64_t	busy, polls;	/* cycles of polls that did something, and how many */
	double		seconds, mpps, mhz;
	double		cycles_per_packet, per_poll;
	double		share;		/* of the lanes' time that was busy */
	double		first_ms;	/* from the program's start to the first packets; 0: none */
};

void summary_make(const struct report *r, struct summary *out);

/* 0 or -errno, said on stderr. */
int summary_json(const struct report *r, const struct summary *sum, const char *file);

#endif
