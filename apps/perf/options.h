// SPDX-License-Identifier: BSD-3-Clause
/*
 * options.h - leat-perf's command line: testpmd's names and meanings where it has them.
 */
#ifndef LEAT_PERF_OPTIONS_H
#define LEAT_PERF_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_PORTS  16
#define MAX_QUEUES 16			/* LEAT_PORT_QUEUES_MAX */
#define MAX_LANES  64			/* polling threads */
#define MAX_BURST  512
#define MAX_SEGS   8			/* of one packet to send */
#define MAX_FRAME  9600			/* bytes to send */

/* To which port goes what a port received. */
enum topology {
	TOPOLOGY_PAIRED,		/* 0 to 1 and back, 2 to 3 and back */
	TOPOLOGY_CHAINED,		/* 0 to 1, 1 to 2, the last to 0 */
	TOPOLOGY_LOOP,			/* back to itself */
};

struct mode;

struct options {
	const char	*addr[MAX_PORTS];
	unsigned int	nports;
	const struct mode *mode;
	enum topology	topology;
	unsigned int	burst;
	unsigned int	rxq, txq, rxd, txd;	/* queues, descriptors; 0: the driver's choice */
	unsigned int	mtu;		/* 0: the device's */
	unsigned int	nlanes;
	int		cpu[MAX_LANES];
	unsigned int	ncpus;		/* of @cpu; 0: none given */
	unsigned int	mbufs;		/* packets in the pool; 0: enough */
	bool		tx_first, multi_flow, retry;
	unsigned int	flows;		/* of flowgen */
	bool		csum_hw;
	uint16_t	seg[MAX_SEGS];	/* lengths; of a frame to send */
	unsigned int	nsegs;
	uint8_t		peer[MAX_PORTS][6];	/* destination of what a port sends */
	unsigned int	seconds;	/* 0: until a signal */
	unsigned int	period;		/* seconds between statistics; 0: none */
	const char	*json;		/* file for the summary, or NULL */
	int		node;		/* NUMA node of the first port that has one; -1: unknown */
};

/* Exits with a sentence and status 2 when the command line is wrong. */
void options_parse(struct options *opt, int argc, char **argv);

#endif
