// SPDX-License-Identifier: BSD-3-Clause
/*
 * sleeper.h - a polling thread that sleeps while there is nothing to poll for.
 *
 * A sleeper is one thread's: the receive queues that it polls, other descriptors
 * that it waits for, and a bell for threads that give it work by other ways. The
 * thread polls as ever, says whether there was work, and polls once more before it
 * sleeps:
 *
 *	while (!leat_worker_stopping(w))
 *		if (leat_sleeper_arm(s, poll_all(arg)))
 *			leat_sleeper_wait(s, poll_all(arg));
 *
 * In this order no wake-up is lost: what comes before the second poll is found by
 * it, what comes later rings. "Work" is also what waits to be given on: packets that
 * leat_tx() or a ring did not take ring no bell when there is room.
 *
 * Queues and descriptors are added and removed by the thread itself, or by the
 * control thread while that stands still (leat_worker_pause()) or is not there yet; a
 * queue is removed before its port is closed. A port may be stopped and started.
 */
#ifndef LEAT_SLEEPER_H
#define LEAT_SLEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/ctx.h>
#include <leat/port.h>

LEAT_BEGIN_DECLS

struct leat_sleeper;

/*
 * A good time to go on polling without work: about what falling asleep and waking up
 * cost together, so that at most twice as much is spent as by who knows the future.
 * doc/performance.md has the measurement.
 */
#define LEAT_SLEEPER_SPIN_NS UINT64_C(50000)

/*
 * leat_sleeper_create - @spin_ns without work, and it sleeps; 0: as soon as there is
 * none. -ENOMEM, -EMFILE and the like, logged. Destroyed before its context is
 * closed; NULL is fine. Control thread.
 */
LEAT_API int leat_sleeper_create(struct leat_ctx *ctx, uint64_t spin_ns, struct leat_sleeper **out);
LEAT_API void leat_sleeper_destroy(struct leat_sleeper *s);

/*
 * leat_sleeper_add - packets of @q wake it. -ENOTSUP, logged: nothing would, for the
 * port has no interrupts or is a model in this process that runs by being polled.
 * While a queue's port is stopped or gone its sleeper stays awake.
 */
LEAT_API int leat_sleeper_add(struct leat_sleeper *s, struct leat_rxq *q);

/* One that was not added is fine. */
LEAT_API void leat_sleeper_remove(struct leat_sleeper *s, struct leat_rxq *q);

/*
 * leat_sleeper_watch - it does not sleep while @fd is readable: leat_worker_fd(), so
 * that it can be paused and stopped, a timerfd, a socket. The descriptor stays the
 * caller's, who removes it by closing it. -errno, logged.
 */
LEAT_API int leat_sleeper_watch(struct leat_sleeper *s, int fd);

/*
 * leat_sleeper_arm - once a round: was there work? True: it is time to sleep; the
 * queues' interrupts are on; poll once more and call leat_sleeper_wait(), nothing
 * else in between. Its thread.
 */
LEAT_API bool leat_sleeper_arm(struct leat_sleeper *s, bool work);

/*
 * leat_sleeper_wait - sleep, unless there was work after all, or a queue lacks
 * buffers (its device could not interrupt); interrupts are off again on return.
 * Wake-ups without work happen. Its thread.
 */
LEAT_API void leat_sleeper_wait(struct leat_sleeper *s, bool work);

/*
 * leat_sleeper_wake - ring the bell, after giving it work (pushing to a ring, say):
 * no system call unless it is asleep or about to be. Any thread.
 */
LEAT_API void leat_sleeper_wake(struct leat_sleeper *s);

/* How often it has slept. Any thread. */
LEAT_API uint64_t leat_sleeper_naps(const struct leat_sleeper *s);

LEAT_END_DECLS

#endif
