// SPDX-License-Identifier: BSD-3-Clause
/*
 * events.c - leat_ctx_poll(): the one place where control events are noticed.
 *
 * Watches hang on one epoll descriptor, which is what leat_ctx_fd() gives out.
 * A look costs a system call, so it is taken at most once a millisecond; in
 * between a call costs one read of the cycle counter. How many cycles a
 * millisecond has is learned from look to look.
 */
#include "core/events.h"

#include "core/ctx.h"

#include <leat/barrier.h>
#include <leat/clock.h>

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define LOOK_NS UINT64_C(1000000)

static int watch_fd(struct leat_ctx *ctx, int fd, void *ptr)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = ptr };

	return epoll_ctl(ctx->epfd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

/* A descriptor of our own, fresh from the system, to be looked after. */
static int own_fd(struct leat_ctx *ctx, const char *what, int fd, int *out)
{
	int err = fd < 0 ? -errno : 0;

	if (!err && out != &ctx->epfd)
		err = watch_fd(ctx, fd, NULL);
	if (err) {
		if (fd >= 0)
			close(fd);
		return leat_fail(ctx, err, "context: %s: %s", what, strerror(-err));
	}
	*out = fd;
	return 0;
}

int leat_events_init(struct leat_ctx *ctx)
{
	int err = own_fd(ctx, "epoll_create1", epoll_create1(EPOLL_CLOEXEC), &ctx->epfd);

	if (err)
		return err;
	err = own_fd(ctx, "eventfd", eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), &ctx->wake_fd);
	if (err)
		goto close_epfd;
	err = own_fd(ctx, "timerfd_create",
		     timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), &ctx->timer_fd);
	if (err)
		goto close_wake;
	return 0;

close_wake:
	close(ctx->wake_fd);
close_epfd:
	close(ctx->epfd);
	return err;
}

void leat_events_fini(struct leat_ctx *ctx)
{
	close(ctx->timer_fd);
	close(ctx->wake_fd);
	close(ctx->epfd);
}

/* One timer for all ticks, so that who sleeps on leat_ctx_fd() wakes for them. */
static void arm_timer(struct leat_ctx *ctx)
{
	struct itimerspec when = { 0 };
	uint64_t period_ns = UINT64_MAX;

	for (const struct leat_watch *w = ctx->watches; w; w = w->next)
		if (w->tick && w->period_ns < period_ns)
			period_ns = w->period_ns;
	if (period_ns != UINT64_MAX) {
		when.it_value.tv_sec = (time_t)(period_ns / 1000000000);
		when.it_value.tv_nsec = (long)(period_ns % 1000000000);
		when.it_interval = when.it_value;
	}
	timerfd_settime(ctx->timer_fd, 0, &when, NULL);
}

int leat_watch_add(struct leat_ctx *ctx, struct leat_watch *w)
{
	int err = w->fd >= 0 ? watch_fd(ctx, w->fd, w) : 0;

	if (err)
		return leat_fail(ctx, err, "context: epoll_ctl: %s", strerror(-err));
	w->next = ctx->watches;
	w->prev = &ctx->watches;
	if (w->next)
		w->next->prev = &w->next;
	ctx->watches = w;
	if (w->tick) {
		w->due = leat_ctx_now(ctx) + w->period_ns;
		arm_timer(ctx);
	}
	return 0;
}

void leat_watch_remove(struct leat_ctx *ctx, struct leat_watch *w)
{
	if (!w->prev)
		return;
	if (w->fd >= 0)
		epoll_ctl(ctx->epfd, EPOLL_CTL_DEL, w->fd, NULL);
	for (int i = 0; i < ctx->nbatch; i++)
		if (ctx->batch[i].data.ptr == w)
			ctx->batch[i].data.ptr = NULL;
	*w->prev = w->next;
	if (w->next)
		w->next->prev = w->prev;
	w->prev = NULL;
	if (w->tick)
		arm_timer(ctx);
}

void leat_ctx_hurry(struct leat_ctx *ctx)
{
	leat_store_relaxed(&ctx->hurry, true);
}

void leat_ctx_wake(struct leat_ctx *ctx)
{
	const uint64_t one = 1;

	leat_ctx_hurry(ctx);
	(void)!write(ctx->wake_fd, &one, sizeof(one));
}

int leat_ctx_fd(const struct leat_ctx *ctx)
{
	return ctx->epfd;
}

/* The two descriptors of our own carry no watch: reading them is all. */
static void drain(int fd)
{
	uint64_t n;

	(void)!read(fd, &n, sizeof(n));
}

static void run_ready(struct leat_ctx *ctx)
{
	ctx->nbatch = epoll_wait(ctx->epfd, ctx->batch, CTX_BATCH, 0);
	for (int i = 0; i < ctx->nbatch; i++) {
		struct leat_watch *w = ctx->batch[i].data.ptr;

		if (w) {
			w->ready(w);
		} else {
			drain(ctx->wake_fd);
			drain(ctx->timer_fd);
		}
	}
	ctx->nbatch = 0;
}

/* A tick may remove any watch: begin again after each, bounded by what is due. */
static void run_ticks(struct leat_ctx *ctx, uint64_t now)
{
	struct leat_watch *w = ctx->watches;

	while (w) {
		if (w->tick && w->due <= now) {
			w->due = now + w->period_ns;
			w->tick(w);
			w = ctx->watches;
		} else {
			w = w->next;
		}
	}
}

/* Is a look due? Sets the time of the next one. */
static bool due(struct leat_ctx *ctx, uint64_t *now)
{
	uint64_t cycles = leat_cycles();
	bool hurry = leat_load_relaxed(&ctx->hurry);

	if (!hurry && !ctx->clock && cycles - ctx->look_cycles < ctx->gate)
		return false;
	*now = leat_ctx_now(ctx);
	if (!hurry && *now < ctx->next_look)
		return false;
	if (!ctx->clock && ctx->look_ns && *now - ctx->look_ns >= LOOK_NS / 2)
		ctx->gate = (uint64_t)((double)(cycles - ctx->look_cycles) * 0.9 *
				       (double)LOOK_NS / (double)(*now - ctx->look_ns));
	ctx->look_cycles = cycles;
	ctx->look_ns = *now;
	ctx->next_look = *now + LOOK_NS;
	leat_store_relaxed(&ctx->hurry, false);
	return true;
}

int leat_ctx_poll(struct leat_ctx *ctx)
{
	uint64_t now;

	if (!due(ctx, &now))
		return 0;
	run_ready(ctx);
	run_ticks(ctx, now);
	return leat_port_deliver_all(ctx);
}
