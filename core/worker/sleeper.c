// SPDX-License-Identifier: BSD-3-Clause
/*
 * sleeper.c - when a polling thread sleeps, and what wakes it.
 *
 * All that can wake it hangs on one epoll descriptor, level-triggered; nothing that
 * is reported there is looked at, for the thread polls everything anyway.
 */
#include <leat/sleeper.h>

#include <leat/barrier.h>
#include <leat/bits.h>
#include <leat/clock.h>
#include <leat/driver/driver.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct bed {
	struct leat_rxq	*q;
	uint64_t	nobuf;		/* of @q when it was armed */
};

struct leat_sleeper {
	LEAT_ALIGNED(LEAT_CACHELINE) uint32_t asleep;	/* or about to be: whoever clears it rings */
	int		bell;		/* eventfd */

	LEAT_ALIGNED(LEAT_CACHELINE) struct leat_ctx *ctx;	/* the thread's, from here on */
	int		epfd;
	uint64_t	spin_ns, idle_since;	/* 0: there was work */
	uint64_t	naps;
	struct bed	*bed;		/* a queue each */
	unsigned int	nbeds;
};

int leat_sleeper_watch(struct leat_sleeper *s, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int err = epoll_ctl(s->epfd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;

	return err ? leat_fail(s->ctx, err, "sleeper: wait for descriptor %d: %s", fd,
			       strerror(-err)) : 0;
}

static int open_descriptors(struct leat_sleeper *s)
{
	s->bell = leat_eventfd_open();
	s->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (s->bell < 0)
		return s->bell;
	return s->epfd < 0 ? -errno : 0;
}

int leat_sleeper_create(struct leat_ctx *ctx, uint64_t spin_ns, struct leat_sleeper **out)
{
	struct leat_sleeper *s = aligned_alloc(LEAT_CACHELINE, sizeof(*s));
	int err;

	if (!s)
		return leat_fail(ctx, -ENOMEM, "sleeper: no memory for it");
	*s = (struct leat_sleeper){ .ctx = ctx, .spin_ns = spin_ns };
	err = open_descriptors(s);
	if (err)
		leat_fail(ctx, err, "sleeper: its descriptors: %s (see ulimit -n)", strerror(-err));
	else
		err = leat_sleeper_watch(s, s->bell);
	if (err)
		goto destroy;
	*out = s;
	return 0;

destroy:
	leat_sleeper_destroy(s);
	return err;
}

void leat_sleeper_destroy(struct leat_sleeper *s)
{
	if (!s)
		return;
	leat_eventfd_close(s->epfd);
	leat_eventfd_close(s->bell);
	free(s->bed);
	free(s);
}

/* Can anything wake who sleeps on it? Whether interrupts are on is known to those that run. */
static int check(struct leat_sleeper *s, struct leat_rxq *q)
{
	int err;

	if (q->port->stepped)
		return leat_fail(s->ctx, -ENOTSUP, "%s: its model runs only while it is polled, so "
				 "nobody can sleep until packets come: keep polling", q->port->name);
	err = leat_rxq_fd(q) < 0 ? -ENOTSUP : leat_rxq_arm(q);
	if (!err)
		leat_rxq_disarm(q);
	if (err == -ENOTSUP)
		return leat_fail(s->ctx, err, "%s: receive queue %u has no interrupts, so nobody can "
				 "sleep until packets come: keep polling", q->port->name, q->id);
	return 0;
}

int leat_sleeper_add(struct leat_sleeper *s, struct leat_rxq *q)
{
	int err = check(s, q);
	struct bed *bed;

	if (err)
		return err;
	bed = reallocarray(s->bed, s->nbeds + 1, sizeof(*bed));
	if (!bed)
		return leat_fail(s->ctx, -ENOMEM, "sleeper: no memory for a queue more");
	s->bed = bed;
	err = leat_sleeper_watch(s, leat_rxq_fd(q));
	if (!err)
		s->bed[s->nbeds++] = (struct bed){ .q = q };
	return err;
}

void leat_sleeper_remove(struct leat_sleeper *s, struct leat_rxq *q)
{
	for (unsigned int i = 0; i < s->nbeds; i++) {
		if (s->bed[i].q != q)
			continue;
		epoll_ctl(s->epfd, EPOLL_CTL_DEL, leat_rxq_fd(q), NULL);
		s->bed[i] = s->bed[--s->nbeds];
		return;
	}
}

static bool tired(struct leat_sleeper *s)
{
	uint64_t now;

	if (!s->spin_ns)
		return true;
	now = leat_now_ns();
	if (!s->idle_since)
		s->idle_since = now;
	return now - s->idle_since >= s->spin_ns;
}

static void disarm(struct leat_sleeper *s, unsigned int n)
{
	leat_store_relaxed(&s->asleep, 0);
	for (unsigned int i = 0; i < n; i++)
		leat_rxq_disarm(s->bed[i].q);
	s->idle_since = 0;
}

/* The bell first: its barrier is the dearest, and the queues have their own. */
static int arm(struct leat_sleeper *s)
{
	leat_eventfd_drain(s->bell);
	leat_store_relaxed(&s->asleep, 1);
	leat_dma_mb();		/* Z1: asleep before what others have given us */
	for (unsigned int i = 0; i < s->nbeds; i++) {
		struct bed *bed = &s->bed[i];
		int err = leat_rxq_arm(bed->q);

		if (err) {
			disarm(s, i);
			return err;
		}
		bed->nobuf = bed->q->nobuf;
	}
	return 0;
}

bool leat_sleeper_arm(struct leat_sleeper *s, bool work)
{
	if (work) {
		s->idle_since = 0;
		return false;
	}
	if (!tired(s))
		return false;
	if (!arm(s))
		return true;
	sched_yield();
	return false;
}

/* A device without buffers has nothing to tell. */
static bool lacks_buffers(const struct leat_sleeper *s)
{
	for (unsigned int i = 0; i < s->nbeds; i++)
		if (s->bed[i].q->nobuf != s->bed[i].nobuf)
			return true;
	return false;
}

void leat_sleeper_wait(struct leat_sleeper *s, bool work)
{
	struct epoll_event ev;

	if (!work && !lacks_buffers(s)) {
		leat_store_relaxed(&s->naps, s->naps + 1);
		(void)epoll_wait(s->epfd, &ev, 1, -1);
	}
	disarm(s, s->nbeds);
}

void leat_sleeper_wake(struct leat_sleeper *s)
{
	uint32_t asleep = 1;

	leat_dma_mb();		/* Z2: what we gave before asleep */
	if (LEAT_UNLIKELY(leat_load_relaxed(&s->asleep)) && leat_cas(&s->asleep, &asleep, 0))
		leat_eventfd_signal(s->bell);
}

uint64_t leat_sleeper_naps(const struct leat_sleeper *s)
{
	return leat_load_relaxed(&s->naps);
}
