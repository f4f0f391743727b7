// SPDX-License-Identifier: BSD-3-Clause
/*
 * plan.h - which thread does what: ports, stages, lanes.
 */
#ifndef LEAT_FWD_PLAN_H
#define LEAT_FWD_PLAN_H

#include "options.h"
#include "report.h"

#include <leat/leat.h>

/* A step of a packet's way: from a queue or ring to a queue or ring. One thread's. */
struct stage {
	struct leat_rxq	 *rx;		/* or NULL: from @from */
	struct leat_spsc *from;
	struct leat_spsc *to;		/* or NULL: to @tx */
	struct leat_txq	 *tx;		/* where they go in the end */
	struct leat_port *out;		/* @tx's */
	uint16_t	  held;		/* packets taken and not yet given on */
	struct leat_pkt	 *pkts[MAX_BURST];
};

struct fwd {
	struct options	  opt;
	struct leat_ctx	 *ctx;
	struct leat_pool *pool;
	struct leat_port *port[MAX_PORTS];
	struct leat_spsc *ring[MAX_PORTS];
	struct lane {			/* a worker and what it does */
		struct fwd	  *fwd;
		struct leat_worker *worker;
		struct leat_pool_cache *cache;
		struct stage	   stage[MAX_PORTS];
		unsigned int	   nstages;
		struct work	  *work;
	} lane[MAX_WORKERS];
	struct work	  work[MAX_WORKERS];
	unsigned int	  gone;		/* ports */
	uint64_t	  spin;		/* ns without a packet, see SPIN_NS */
};

/* Pool, caches and ports; events go to @on_event with @f. 0 or -errno, logged. */
int plan_open(struct fwd *f, leat_event_fn *on_event);

/* The stages, each in the lane that will run it. 0 or -errno. */
int plan_connect(struct fwd *f);

/* What is still between the queues is dropped, and counted; the workers have ended. */
void plan_drain(struct fwd *f);

/* Everything back; the workers have ended. */
void plan_close(struct fwd *f);

#endif
