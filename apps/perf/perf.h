// SPDX-License-Identifier: BSD-3-Clause
/*
 * perf.h - what leat-perf is made of: streams, one from a receive to a transmit queue,
 * in lanes, one a polling thread; and the modes, which are what a stream does with
 * packets.
 */
#ifndef LEAT_PERF_PERF_H
#define LEAT_PERF_PERF_H

#include "options.h"

#include <leat/leat.h>

struct gen;

/* From a receive to a transmit queue. One thread's. */
struct stream {
	LEAT_ALIGNED(LEAT_CACHELINE) struct leat_rxq *rx;
	struct leat_txq	*tx;
	struct leat_pool_cache *cache;	/* the thread's */
	uint16_t	burst;
	uint16_t	first, held;	/* made, or received, and not yet taken: @held from pkts[first] on */
	bool		retry;		/* keep what was received and not taken; else drop it */
	struct gen	*gen;		/* what to send, for modes that make packets, or NULL */
	unsigned int	rx_port, tx_port, queue;
	uint8_t		mac[6];		/* of the port that it sends to, and its peer */
	uint8_t		peer[6];
	bool		csum_hw;	/* leave sums to the device that sends... */
	bool		sctp_hw;	/* ...SCTP's, too */
	bool		ready;		/* @next holds packets of a burst to come */
	struct leat_pkt	*pkts[MAX_BURST], *next[MAX_BURST];
};

/* A polling thread and what it does. */
struct lane {
	LEAT_ALIGNED(LEAT_CACHELINE) uint64_t busy;	/* cycles of polls that did something */
	uint64_t	polls;		/* of these */
	uint64_t	first_ns;	/* when the first of them was over */
	bool		(*run)(struct stream *s);
	struct stream	*stream;	/* the first of them */
	unsigned int	nstreams;
	struct leat_worker *worker;
	struct leat_pool_cache *cache;
};

/*
 * struct mode - what a stream does in one go; @run is the lane's whole inner loop. True: it
 * moved or made packets, so its cycles count.
 */
struct mode {
	const char	*name;
	bool		(*run)(struct stream *s);
	bool		makes;		/* packets: counts what was sent, needs @gen */
	bool		loops;		/* answers on the port that asked */
	bool		csum;		/* wants the ports' checksum offloads */
	const char	*what;
};

/* Ends with one without a name. */
extern const struct mode modes[];

/* The mode called @name; NULL: there is none. */
const struct mode *mode_find(const char *name);

struct perf {
	struct options	opt;
	struct leat_ctx	*ctx;
	struct leat_pool *pool;
	struct leat_port *port[MAX_PORTS];
	struct stream	*streams;
	unsigned int	nstreams;
	struct lane	lane[MAX_LANES];
	unsigned int	nlanes;
	unsigned int	lost;		/* ports that are gone */
};

/* Pool, caches, ports, streams and their lanes. Events go to @event with @p. 0 or -errno, logged. */
int plan_open(struct perf *p, leat_event_fn *event);

/* What streams still hold: never sent, or received and dropped, counted. The workers have ended. */
void plan_drain(struct perf *p);

/* Everything back; after that. */
void plan_close(struct perf *p);

#endif
