// SPDX-License-Identifier: BSD-3-Clause
/*
 * worker.h - a polling thread on a CPU of its own. Optional: users with
 * threads of their own need none of it.
 */
#ifndef LEAT_WORKER_H
#define LEAT_WORKER_H

#include <stdbool.h>

#include <leat/compiler.h>
#include <leat/ctx.h>

LEAT_BEGIN_DECLS

struct leat_worker;

struct leat_worker_config {
	int		cpu;		/* where to run; -1: wherever the process may, near @node */
	unsigned int	node;		/* LEAT_NODE(leat_port_node(port)) of what it polls; 0: any */
	const char	*name;		/* at most 15 characters, for top and gdb; NULL: "leat" */
	/* Polls until leat_worker_stopping() says so, then returns. */
	void		(*run)(struct leat_worker *w, void *arg);
	void		*arg;
};

/*
 * leat_worker_start - a thread, pinned, running cfg->run.
 *
 * -EINVAL if the CPU is not among those the process may use (affinity, cpuset)
 * with the sentence in leat_ctx_error(); -EAGAIN no thread to be had. All
 * signals are blocked in it: they are the application's. One warning a context says
 * that a worker is not on the node of what it polls. Control thread.
 */
LEAT_API int leat_worker_start(struct leat_ctx *ctx, const struct leat_worker_config *cfg,
			       struct leat_worker **out);

/* Ask it to end, wait for it, free it. NULL is fine. Control thread. */
LEAT_API void leat_worker_stop(struct leat_worker *w);

/*
 * leat_worker_stopping - for the worker, once a round: has somebody asked it to
 * end? While it is paused the call does not return.
 */
LEAT_API bool leat_worker_stopping(struct leat_worker *w);

/*
 * leat_worker_pause - returns when the worker stands inside
 * leat_worker_stopping(), so its queues are nobody's until resume. Pauses do
 * not nest. Control thread, never the worker itself.
 */
LEAT_API void leat_worker_pause(struct leat_worker *w);
LEAT_API void leat_worker_resume(struct leat_worker *w);

/*
 * leat_worker_fd - readable while somebody wants it to pause or to end: for a worker
 * that sleeps (leat_sleeper_watch(), poll, epoll), as otherwise nobody wakes it for
 * that. The descriptor is the worker's; nobody else reads it. Any thread.
 */
LEAT_API int leat_worker_fd(const struct leat_worker *w);

/*
 * leat_cpus_allowed - the CPUs this process may use, ascending: the affinity of
 * its first thread, within its cpuset; ask before that thread pins itself.
 * Fills up to @n, returns how many there are. Any thread.
 */
LEAT_API unsigned int leat_cpus_allowed(int *cpus, unsigned int n);

/*
 * leat_cpus_near - those of them that belong to a NUMA node, ascending. Returns how
 * many; 0 if none of them does, or @node is -1, or the machine has no nodes. Any thread.
 */
LEAT_API unsigned int leat_cpus_near(int node, int *cpus, unsigned int n);

/*
 * leat_cpus_parse - "1,3-5" into @cpus. Returns how many (at most @n), or
 * -EINVAL for bad text, more than @n or a CPU that is not allowed, with a
 * sentence in @why (LEAT_ERROR_LEN bytes).
 */
LEAT_API int leat_cpus_parse(const char *list, int *cpus, unsigned int n, char *why);

LEAT_END_DECLS

#endif
