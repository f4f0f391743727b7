// SPDX-License-Identifier: BSD-3-Clause
/*
 * options.h - leat-fwd's command line.
 */
#ifndef LEAT_FWD_OPTIONS_H
#define LEAT_FWD_OPTIONS_H

#include <stdbool.h>

#define MAX_PORTS   16
#define MAX_WORKERS MAX_PORTS
#define MAX_BURST   512

/* What a polling thread does when there are no packets. */
enum idle {
	IDLE_POLL,
	IDLE_ADAPTIVE,			/* goes on for a moment, then sleeps */
	IDLE_INTR,			/* sleeps at once */
};

struct options {
	const char	*addr[MAX_PORTS];
	unsigned int	nports;		/* even */
	unsigned int	seconds;	/* 0: until a signal */
	unsigned int	burst;
	unsigned long	page_size;	/* bytes; 0: the best there is */
	unsigned int	mtu;		/* 0: the device's */
	unsigned int	descriptors;	/* of each queue; 0: the driver's choice */
	enum idle	idle;
	unsigned int	wake_latency;	/* us that the kernel may take; LEAT_WAKE_LATENCY_ANY */
	bool		pipeline;
	bool		reopen;		/* lost ports */
	int		node;		/* NUMA node of the first port that has one; -1: unknown */
	int		cpu[MAX_WORKERS];
	unsigned int	nworkers;
};

/* Exits with a sentence and status 2 when the command line is wrong. */
void options_parse(struct options *opt, int argc, char **argv);

#endif
