// SPDX-License-Identifier: BSD-3-Clause
/*
 * loop.c - the one thread that does everything.
 *
 * While frames move it polls; the sockets get a glance every fraction of a
 * millisecond, since nothing crosses them then. When nothing moves it looks
 * at the sockets more often and gives up the CPU after a few rounds, so that
 * the driver has its turn on a machine with one. Without any client it sleeps.
 */
#include "loop.h"

#include "report.h"
#include "say.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <leat/bits.h>
#include <leat/clock.h>

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

#define BUSY_LOOKS   5000	/* a second, at the sockets while frames move */
#define IDLE_LOOKS   100000	/* the same while none do */
#define CHATTY_LOOKS 500	/* 2 ms of looking every round after a message */
#define SPIN	     200	/* 5 ms without a frame before the CPU is offered to others */
#define EVENTS	     16

/* How long frames under way may take to come home at the end. */
#define DRAIN_QUIET_NS	 (200 * NS_PER_MS)	/* nothing moves: they are not coming */
#define DRAIN_SETTLED_NS (20 * NS_PER_MS)	/* none is missing: is there something else? */
#define DRAIN_MOST_NS	 (2 * NS_PER_S)
#define DRAIN_OTHERS_NS	 (300 * NS_PER_MS)	/* the same for traffic nobody checks */

static int watch(struct loop *l, int fd, struct nic *nic)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = nic };

	return epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

int loop_init(struct loop *l)
{
	uint64_t hz = leat_cycles_hz();
	sigset_t set;
	int err;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	l->cycles_busy = hz / BUSY_LOOKS;
	l->cycles_idle = hz / IDLE_LOOKS;
	l->cycles_spin = l->one_cpu ? l->cycles_idle : hz / SPIN;
	l->sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	err = l->sigfd < 0 || l->epfd < 0 ? -errno : watch(l, l->sigfd, NULL);
	for (unsigned int i = 0; !err && i < l->nnics; i++)
		err = watch(l, leat_server_fd(l->nics[i].srv), &l->nics[i]);
	if (!err)
		return 0;
	loop_fini(l);
	return say_fail(err, "no descriptor to wait on: %s", strerror(-err));
}

void loop_fini(struct loop *l)
{
	if (l->epfd >= 0)
		close(l->epfd);
	if (l->sigfd >= 0)
		close(l->sigfd);
	l->epfd = l->sigfd = -1;
}

static unsigned int step(struct loop *l)
{
	unsigned int moved = 0;

	for (unsigned int i = 0; i < l->nnics; i++)
		moved += leat_mdev_step(l->nics[i].mdev);
	return moved;
}

/* Ask for the end: once kindly, twice at once. */
static void stop(struct loop *l, uint64_t now)
{
	if (l->phase != LOOP_RUN) {
		l->phase = LOOP_END;
		return;
	}
	l->phase = LOOP_DRAIN;
	l->gens->stopping = true;
	l->drain_since = l->moved_at = now;
}

static void take_signals(struct loop *l, uint64_t now)
{
	struct signalfd_siginfo si;

	while (read(l->sigfd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGUSR1)
			report_counters(l->nics, l->nnics);
		else
			stop(l, now);
	}
}

static void count_connected(struct loop *l)
{
	l->connected = 0;
	for (unsigned int i = 0; i < l->nnics; i++) {
		struct leat_server_stats s;

		leat_server_stats(l->nics[i].srv, &s);
		l->connected += s.connected != 0;
	}
}

static bool drained(const struct loop *l, uint64_t now)
{
	uint64_t still = now - l->moved_at, whole = now - l->drain_since;

	if (!l->connected || still >= DRAIN_QUIET_NS)
		return true;
	if (gen_net_missing(l->gens))
		return whole >= DRAIN_MOST_NS;
	return still >= DRAIN_SETTLED_NS || whole >= DRAIN_OTHERS_NS;
}

/* Has every wire brought all it had, and has it gone where it goes? */
static bool done(const struct loop *l, uint64_t now)
{
	uint64_t still = now - l->moved_at;

	if (!l->until_done || still < 5 * DRAIN_SETTLED_NS)
		return false;
	for (unsigned int i = 0; i < l->nnics; i++) {
		const struct wire_kind *kind = l->nics[i].spec.wire.kind;

		if (kind->done && !kind->done(l->nics[i].wire))
			return false;
	}
	return still >= NS_PER_S || !gen_net_missing(l->gens);
}

/* What the time has come for. */
static void tick(struct loop *l, uint64_t now)
{
	if (l->moved)
		l->moved_at = now;
	l->moved = false;
	if (now >= l->next_tenth) {
		for (unsigned int i = 0; i < l->nnics; i++)
			nic_tenth(&l->nics[i]);
		l->next_tenth = now + NIC_TENTH_NS;
	}
	if (l->stats && now >= l->next_stats) {
		report_rates(l->nics, l->nnics, l->gens, now - l->start,
			     now - l->next_stats + NS_PER_S);
		l->next_stats = now + NS_PER_S;
	}
	if (l->phase == LOOP_RUN &&
	    ((l->seconds && now - l->start >= l->seconds * NS_PER_S) || done(l, now)))
		stop(l, now);
	if (l->phase == LOOP_DRAIN && drained(l, now))
		l->phase = LOOP_END;
}

/* How long to sleep at the sockets, in milliseconds; -1: until something happens. */
static int patience(const struct loop *l, uint64_t now)
{
	uint64_t due = UINT64_MAX;

	if (l->connected || l->phase != LOOP_RUN)
		return 0;
	if (l->stats)
		due = l->next_stats;
	if (l->seconds)
		due = LEAT_MIN(due, l->start + l->seconds * NS_PER_S);
	if (l->until_done)
		due = LEAT_MIN(due, now + 5 * DRAIN_SETTLED_NS);
	if (due == UINT64_MAX)
		return -1;
	return due <= now ? 0 : (int)LEAT_MIN((due - now) / NS_PER_MS + 1, UINT64_C(1000));
}

static void look(struct loop *l)
{
	struct epoll_event ev[EVENTS];
	unsigned int messages = 0;
	int n = epoll_wait(l->epfd, ev, EVENTS, patience(l, leat_now_ns()));
	uint64_t now = leat_now_ns();

	for (int i = 0; i < n; i++) {
		if (ev[i].data.ptr)
			messages += nic_look(ev[i].data.ptr);
		else
			take_signals(l, now);
	}
	if (n > 0)
		count_connected(l);
	l->looked = leat_cycles();
	if (messages)
		l->chatty_until = l->looked + l->cycles_idle * (IDLE_LOOKS / CHATTY_LOOKS);
	tick(l, now);
}

static bool due(const struct loop *l, bool moving)
{
	uint64_t now = leat_cycles(), gap = moving ? l->cycles_busy : l->cycles_idle;

	return now - l->looked >= gap || (!moving && now < l->chatty_until) || !l->connected;
}

/* A client that talks may be waiting for this very CPU to read the answer. */
static bool others_first(const struct loop *l)
{
	uint64_t now = leat_cycles();

	return now < l->chatty_until || now - l->busy_at > l->cycles_spin;
}

void loop_run(struct loop *l)
{
	l->start = l->moved_at = leat_now_ns();
	l->next_stats = l->start + NS_PER_S;
	l->next_tenth = l->start + NIC_TENTH_NS;
	while (l->phase != LOOP_END) {
		unsigned int moved = step(l);

		l->moved |= moved > 0;
		if (due(l, moved > 0))
			look(l);
		if (moved)
			l->busy_at = leat_cycles();
		else if (others_first(l))
			sched_yield();
	}
}
