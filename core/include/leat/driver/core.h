// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver/core.h - what core offers to buses and drivers. For driver authors:
 * may change in any minor release.
 */
#ifndef LEAT_DRIVER_CORE_H
#define LEAT_DRIVER_CORE_H

#include <stdint.h>

#include <leat/compiler.h>
#include <leat/ctx.h>
#include <leat/log.h>

LEAT_BEGIN_DECLS

/*
 * leat_log - one sentence to the application's sink. Errors are also kept for
 * leat_ctx_error(). Any thread may log; the kept sentence is the control thread's.
 */
LEAT_API void leat_log(struct leat_ctx *ctx, enum leat_log_level level, const char *fmt, ...)
	LEAT_PRINTF(3, 4);

/* Log at LEAT_LOG_ERROR and return @err (a negative errno): "return leat_fail(ctx, -EINVAL, ...". */
LEAT_API int leat_fail(struct leat_ctx *ctx, int err, const char *fmt, ...) LEAT_PRINTF(3, 4);

/* Nanoseconds by the context's clock. */
LEAT_API uint64_t leat_ctx_now(const struct leat_ctx *ctx);

/* A unicast address that nobody was assigned, for a device that has none. Any thread. */
LEAT_API void leat_mac_random(uint8_t mac[6]);

/* The lists given at open, never NULL, ending with NULL. */
LEAT_API const struct leat_driver *const *leat_ctx_drivers(const struct leat_ctx *ctx);
LEAT_API const struct leat_model *const *leat_ctx_models(const struct leat_ctx *ctx);

/*
 * An eventfd: what an interrupt signals and a watch waits for. open returns the
 * descriptor or -errno; signal is what an interrupt does; drain forgets the
 * signals so far; close takes -1.
 */
LEAT_API int leat_eventfd_open(void);
LEAT_API void leat_eventfd_signal(int fd);
LEAT_API void leat_eventfd_drain(int fd);
LEAT_API void leat_eventfd_close(int fd);

/*
 * A tap on an eventfd that several wait for, each on a tap of its own: drained
 * for one, it still is readable for the others. Nobody drains the eventfd
 * itself. tap returns a descriptor, for leat_eventfd_close(), or -errno.
 */
LEAT_API int leat_eventfd_tap(int fd);
LEAT_API void leat_eventfd_tap_drain(int tap);

/*
 * struct leat_watch - something leat_ctx_poll() looks after.
 *
 * Storage is the caller's. @ready runs when @fd is readable, hung up or in
 * error (level-triggered); @fd -1 means none. @tick, if not NULL, runs every
 * @period_ns as well. Both run inside leat_ctx_poll(), on its thread, and may
 * remove any watch, this one included.
 */
struct leat_watch {
	int		fd;
	void		(*ready)(struct leat_watch *w);
	void		(*tick)(struct leat_watch *w);
	uint64_t	period_ns;

	uint64_t	due;			/* core's, from here on */
	struct leat_watch *next, **prev;
};

/* Returns 0, or -errno from epoll_ctl. Control thread, as remove. */
LEAT_API int leat_watch_add(struct leat_ctx *ctx, struct leat_watch *w);
LEAT_API void leat_watch_remove(struct leat_ctx *ctx, struct leat_watch *w);

/*
 * Where backends keep what belongs to one context, one slot each: @data is the
 * backend's own, @close runs when the context closes, after its ports; @forget, if
 * not NULL, instead of it in a forked child: it closes the child's copies of
 * descriptors, frees what is memory only, takes no lock and says nothing to anybody.
 */
enum leat_ctx_slots { LEAT_SLOT_SIM, LEAT_SLOT_VFIO, LEAT_SLOT_VFIO_GROUPS, LEAT_SLOT_VFIO_CDEVS,
		      LEAT_SLOT_RINGS, LEAT_SLOTS };

struct leat_ctx_slot {
	void	*data;
	void	(*close)(void *data);
	void	(*forget)(void *data);
};

LEAT_API struct leat_ctx_slot *leat_ctx_slot(struct leat_ctx *ctx, enum leat_ctx_slots which);

/* Make the next leat_ctx_poll() look at once, whatever the millisecond says. Any thread. */
LEAT_API void leat_ctx_hurry(struct leat_ctx *ctx);

LEAT_END_DECLS

#endif
