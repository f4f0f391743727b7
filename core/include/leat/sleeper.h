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

/* Any latency will do: the request is taken back. */
#define LEAT_WAKE_LATENCY_ANY UINT32_MAX

/*
 * leat_ctx_wake_latency - ask the kernel to wake idle CPUs within @usec microseconds,
 * until it is asked otherwise or the context is closed: its CPU latency QoS
 * (/dev/cpu_dma_latency, Documentation/power/pm_qos_interface.rst). For sleepers, and
 * for threads that sleep in other ways.
 *
 * It is for all CPUs of the machine, and the least that anybody asks for holds: an idle
 * CPU stays in states that it leaves in time; with 0 it polls, so that a wake-up waits
 * neither for the end of a halt nor for an interrupt between CPUs. Its time is still
 * accounted as idle and free for other processes, but power is drawn, hardware threads
 * beside it get less, and a hypervisor sees a virtual CPU that never rests.
 *
 * A wish, no promise: who has the CPU already comes first by the scheduler's rules, and a
 * kernel without a cpuidle driver (/sys/devices/system/cpu/cpuidle/current_driver says
 * "none") goes on as before.
 *
 * 0, or -errno, logged, and what was asked before still holds: -EACCES needs root, or a udev
 * rule that gives a group write access; -ENOENT the kernel lacks CONFIG_CPU_IDLE, or the
 * container the file; -EPERM the container may not; -EMFILE; -EINVAL beyond INT32_MAX.
 * Taking it back never fails. A forked child holds it, too, until leat_ctx_forget() or
 * exec(). Control thread.
 */
LEAT_API int leat_ctx_wake_latency(struct leat_ctx *ctx, uint32_t usec);

LEAT_END_DECLS

#endif
