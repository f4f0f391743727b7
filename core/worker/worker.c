// SPDX-License-Identifier: BSD-3-Clause
/*
 * worker.c - pinned polling threads and the handshake that lets the control
 * thread touch their queues.
 *
 * @wish is all that the worker looks at while it polls: one relaxed load a
 * round, of a line that nobody writes. Everything else goes through the lock,
 * which also orders what the worker did before it stood still with what the
 * control thread does then.
 */
#include <leat/worker.h>

#include "cpus.h"

#include <leat/barrier.h>
#include <leat/bits.h>
#include <leat/driver/core.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LEN 16			/* the kernel's, NUL included */

enum wish { RUN, PAUSE, STOP };

struct leat_worker {
	uint32_t	wish;		/* enum wish; written under the lock */
	void		(*run)(struct leat_worker *w, void *arg);
	void		*arg;
	char		name[NAME_LEN];
	int		fd;		/* eventfd, readable unless the wish is to run */

	pthread_mutex_t	lock;
	pthread_cond_t	news;		/* of @wish or @still */
	bool		still;		/* inside leat_worker_stopping(), or run has returned */
	pthread_t	thread;
};

static void *worker_main(void *arg)
{
	struct leat_worker *w = arg;

	pthread_setname_np(pthread_self(), w->name);
	w->run(w, w->arg);

	pthread_mutex_lock(&w->lock);
	w->still = true;
	pthread_cond_broadcast(&w->news);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/*
 * Near what it polls, if that can be had: @cpus becomes those of the node. A CPU that
 * was named stays; that it is elsewhere is said once.
 */
static void stay_near(struct leat_ctx *ctx, const struct leat_worker_config *cfg,
		      struct leat_cpus *cpus)
{
	bool *warned = leat_ctx_worker_warned(ctx);
	struct leat_cpus near = { .set = NULL };
	int node = (int)cfg->node - 1;
	char list[128];

	if (node < 0)
		return;
	if (!leat_cpus_of_node(cpus, node, &near)) {
		if (cfg->cpu < 0 || leat_cpus_has(&near, cfg->cpu)) {
			leat_cpus_fini(cpus);
			*cpus = near;
			return;
		}
		leat_cpus_print(&near, list, sizeof(list));
		leat_cpus_fini(&near);
	} else if (leat_node_cpulist(node, list, sizeof(list))) {
		return;		/* a machine without nodes */
	} else {
		strcpy(list, "none");
	}
	if (!*warned)
		leat_log(ctx, LEAT_LOG_WARNING, "worker: what it polls is on node %d and the worker "
			 "is not, which is slower (CPUs there for this process: %s; taskset or the "
			 "cpuset decide)", node, list);
	*warned = true;
}

/* The CPUs of @cfg as a thread attribute, or a sentence why not. */
static int pin(struct leat_ctx *ctx, const struct leat_worker_config *cfg, pthread_attr_t *attr)
{
	struct leat_cpus cpus;
	char list[128];
	int err = leat_cpus_get(&cpus);

	if (err)
		return leat_fail(ctx, err, "worker: the CPUs of this process: %s", strerror(-err));
	if (cfg->cpu >= 0 && !leat_cpus_has(&cpus, cfg->cpu)) {
		leat_cpus_print(&cpus, list, sizeof(list));
		err = leat_fail(ctx, -EINVAL,
				"worker: CPU %d is not among those this process may use (%s): name "
				"one of them, or widen its affinity (taskset) or cpuset",
				cfg->cpu, list);
		goto fini;
	}
	stay_near(ctx, cfg, &cpus);
	if (cfg->cpu >= 0)
		leat_cpus_only(&cpus, cfg->cpu);
	err = -pthread_attr_setaffinity_np(attr, cpus.len, cpus.set);
	if (err)
		leat_fail(ctx, err, "worker: a thread's affinity: %s", strerror(-err));
fini:
	leat_cpus_fini(&cpus);
	return err;
}

/* The new thread inherits the mask: no signal of the application's goes to it. */
static int spawn(struct leat_worker *w, const pthread_attr_t *attr)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = -pthread_create(&w->thread, attr, worker_main, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return err;
}

static int launch(struct leat_ctx *ctx, const struct leat_worker_config *cfg, struct leat_worker *w)
{
	pthread_attr_t attr;
	int err = -pthread_attr_init(&attr);

	if (err)
		return leat_fail(ctx, err, "worker: %s", strerror(-err));
	err = pin(ctx, cfg, &attr);
	if (!err) {
		err = spawn(w, &attr);
		if (err)
			leat_fail(ctx, err, "worker: no thread for CPU %d: %s (see ulimit -u)",
				  cfg->cpu, strerror(-err));
	}
	pthread_attr_destroy(&attr);
	return err;
}

int leat_worker_start(struct leat_ctx *ctx, const struct leat_worker_config *cfg,
		      struct leat_worker **out)
{
	const char *name = cfg->name ? cfg->name : "leat";
	struct leat_worker *w;
	int err;

	if (strlen(name) >= NAME_LEN)
		return leat_fail(ctx, -EINVAL,
				 "worker: the name \"%s\" is longer than %d characters: shorten it",
				 name, NAME_LEN - 1);
	w = aligned_alloc(LEAT_CACHELINE, LEAT_ALIGN_UP(sizeof(*w), (size_t)LEAT_CACHELINE));
	if (!w)
		return leat_fail(ctx, -ENOMEM, "worker: no memory for it");
	memset(w, 0, sizeof(*w));
	w->run = cfg->run;
	w->arg = cfg->arg;
	memcpy(w->name, name, strlen(name) + 1);
	w->fd = leat_eventfd_open();
	if (w->fd < 0) {
		err = leat_fail(ctx, w->fd, "worker: a descriptor to wake it by: %s (see ulimit -n)",
				strerror(-w->fd));
		goto free_worker;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->news, NULL);
	err = launch(ctx, cfg, w);
	if (err)
		goto destroy;
	*out = w;
	return 0;

destroy:
	pthread_cond_destroy(&w->news);
	pthread_mutex_destroy(&w->lock);
	leat_eventfd_close(w->fd);
free_worker:
	free(w);
	return err;
}

static void tell(struct leat_worker *w, enum wish wish)
{
	pthread_mutex_lock(&w->lock);
	leat_store_relaxed(&w->wish, wish);
	if (wish == RUN)
		leat_eventfd_drain(w->fd);
	else
		leat_eventfd_signal(w->fd);
	pthread_cond_broadcast(&w->news);
	pthread_mutex_unlock(&w->lock);
}

void leat_worker_stop(struct leat_worker *w)
{
	if (!w)
		return;
	tell(w, STOP);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->news);
	pthread_mutex_destroy(&w->lock);
	leat_eventfd_close(w->fd);
	free(w);
}

/* Stand still while that is wished. */
static LEAT_COLD bool stand(struct leat_worker *w)
{
	bool stop;

	pthread_mutex_lock(&w->lock);
	w->still = true;
	pthread_cond_broadcast(&w->news);
	while (w->wish == PAUSE)
		pthread_cond_wait(&w->news, &w->lock);
	stop = w->wish == STOP;
	w->still = false;
	pthread_mutex_unlock(&w->lock);
	return stop;
}

bool leat_worker_stopping(struct leat_worker *w)
{
	return LEAT_UNLIKELY(leat_load_relaxed(&w->wish) != RUN) && stand(w);
}

void leat_worker_pause(struct leat_worker *w)
{
	tell(w, PAUSE);
	pthread_mutex_lock(&w->lock);
	while (!w->still)
		pthread_cond_wait(&w->news, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

void leat_worker_resume(struct leat_worker *w)
{
	tell(w, RUN);
}

int leat_worker_fd(const struct leat_worker *w)
{
	return w->fd;
}
