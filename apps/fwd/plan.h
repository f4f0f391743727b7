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
	unsigned int	  in, end;	/* ports: where the packets came from, where they go in the end */
	struct leat_spsc *from;		/* or NULL: from @rx */
	struct leat_spsc *to;		/* or NULL: to @tx */
	struct leat_rxq	 *rx;		/* NULL while that port is not open */
	struct leat_txq	 *tx;
	struct leat_port *out;		/* @tx's */
	struct leat_pool_cache *cache;	/* the thread's */
	struct leat_sleeper *wake;	/* who takes from @to; NULL: never sleeps */
	struct drops	 *drops;	/* of port @end */
	uint16_t	  held;		/* packets taken and not yet given on */
	struct leat_pkt	 *pkts[MAX_BURST];
};

struct fwd {
	struct options	  opt;
	struct leat_ctx	 *ctx;
	struct leat_pool *pool;
	leat_event_fn	 *on_event;
	struct leat_port *port[MAX_PORTS];	/* NULL: lost */
	struct leat_spsc *ring[MAX_PORTS];
	struct lane {			/* a worker and what it does */
		struct fwd	  *fwd;
		struct leat_worker *worker;
		struct leat_pool_cache *cache;
		struct leat_sleeper *sleeper;	/* NULL: never sleeps */
		struct stage	   stage[MAX_PORTS];
		unsigned int	   nstages;
		struct work	  *work;
		uint64_t	   last, idle_since;	/* cycles at the last round's end; ns or 0 */
	} lane[MAX_WORKERS];
	struct work	  work[MAX_WORKERS];
	struct drops	  drops[MAX_PORTS];
	struct past	  past[MAX_PORTS];
	bool		  lost[MAX_PORTS];	/* to be closed: an event said so */
	unsigned int	  nopen;	/* ports */
	bool		  quiet;	/* what is logged now is no news */
	uint64_t	  spin;		/* ns without a packet, see SPIN_NS */
};

/* Wake-up latency, pool, caches and ports; events go to @on_event with @f. 0 or -errno, logged. */
int plan_open(struct fwd *f, leat_event_fn *on_event);

/* The stages, each in the lane that will run it. 0 or -errno, logged: nobody can sleep on a port. */
int plan_connect(struct fwd *f);

/* While the workers run: one port less, the others hardly notice; and one more. 0 or -errno. */
void plan_lose(struct fwd *f, unsigned int port);
int plan_regain(struct fwd *f, unsigned int port);

/* Let no worker touch any queue, and go on. */
void plan_pause(struct fwd *f);
void plan_resume(struct fwd *f);

/* What is still between the queues is dropped, and counted; the workers have ended. */
void plan_drain(struct fwd *f);

/* Everything back; the workers have ended. */
void plan_close(struct fwd *f);

#endif
