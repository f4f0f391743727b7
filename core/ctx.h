// SPDX-License-Identifier: BSD-3-Clause
/*
 * ctx.h - what a context is made of. Private to core.
 */
#ifndef LEAT_CORE_CTX_H
#define LEAT_CORE_CTX_H

#include <leat/driver/core.h>
#include <leat/driver/driver.h>

#include "core/mem/segment.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/epoll.h>

#define CTX_BATCH 16		/* descriptors handled in one look */

struct leat_ctx {
	/* the application's wishes */
	leat_log_fn	*log;
	void		*log_arg;
	enum leat_log_level log_level;
	uint64_t	(*clock)(void *arg);
	void		*clock_arg;
	const struct leat_driver *const *drivers;
	const struct leat_model *const *models;

	/* what it owns */
	struct leat_mem_state mem;
	struct leat_pool *pools;
	struct leat_pool *own_pool;	/* for ports that were given none */
	struct leat_port *ports;
	struct leat_ctx_slot slot[LEAT_SLOTS];
	bool		worker_warned;	/* said once that a worker is not near its queues */
	int		latency_fd;	/* leat_ctx_wake_latency()'s; -1: nothing is asked for */

	/* control events */
	int		epfd;		/* every watch, and the two below */
	int		wake_fd;	/* eventfd: another thread has news */
	int		timer_fd;	/* for ticks */
	struct leat_watch *watches;
	struct epoll_event batch[CTX_BATCH];	/* being handled, so that remove can forget */
	int		nbatch;
	uint64_t	next_look;	/* ns */
	uint64_t	look_cycles;	/* leat_cycles() at the last look */
	uint64_t	gate;		/* cycles in which no look can be due */
	uint64_t	look_ns;
	bool		hurry;		/* any thread */

	pthread_mutex_t	error_lock;
	char		error[LEAT_ERROR_LEN];
};

/* Make leat_ctx_fd() readable and the next poll look at once. Any thread. In events.c. */
void leat_ctx_wake(struct leat_ctx *ctx);

/* The pool of ports that were given none, made at first use near @port. 0 or -errno. */
int leat_ctx_own_pool(struct leat_port *port, struct leat_pool **out);

/* Close every port, or forget it; deliver what is pending. In port.c. */
void leat_port_close_all(struct leat_ctx *ctx);
void leat_port_forget_all(struct leat_ctx *ctx);
int leat_port_deliver_all(struct leat_ctx *ctx);

#endif
