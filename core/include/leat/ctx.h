// SPDX-License-Identifier: BSD-3-Clause
/*
 * ctx.h - a context owns everything: memory, pools, ports, the log sink.
 *
 * There are no globals; two contexts in one process know nothing of each
 * other. The functions here belong to the control thread: one thread at a
 * time calls them, and it may be a polling thread too.
 */
#ifndef LEAT_CTX_H
#define LEAT_CTX_H

#include <stddef.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/log.h>

LEAT_BEGIN_DECLS

struct leat_ctx;
struct leat_driver;
struct leat_model;

/* A NUMA node for .node fields, where 0 means "choose well": so that of -1, "unknown", does. */
#define LEAT_NODE(n) ((unsigned int)(n) + 1)

/* What a device address is. */
enum leat_iova_mode {
	LEAT_IOVA_CHOSEN,	/* one that the library picks; an IOMMU or a peer translates */
	LEAT_IOVA_PHYS,		/* the machine's own: for devices that nobody translates for */
};

/* Zero in a field means "choose well". */
struct leat_ctx_config {
	size_t		mem_size;	/* bytes of DMA memory set aside at open; 0: as pools need */
	size_t		page_size;	/* 4096, 2 MiB or 1 GiB, and no other; 0: best there is */
	unsigned int	node;		/* LEAT_NODE(n): where memory should come from */

	/*
	 * LEAT_IOVA_PHYS for "noiommu:" devices, and only for them: memory then takes
	 * huge pages (sysctl vm.nr_hugepages) and CAP_SYS_ADMIN, and a device can reach
	 * all of the machine's.
	 */
	enum leat_iova_mode iova;

	/*
	 * The drivers that may be used, ending with NULL: leat_drivers, or a list
	 * of one's own (which then is all that a static program links). The same
	 * for models behind "sim:" addresses (leat_models); NULL: none.
	 */
	const struct leat_driver *const *drivers;
	const struct leat_model *const *models;

	leat_log_fn	*log;		/* NULL: silence */
	void		*log_arg;
	enum leat_log_level log_level;	/* the most talkative level wanted; 0: errors only */

	/* Nanoseconds, monotonic; for tests that turn time by hand. NULL: leat_now_ns(). */
	uint64_t	(*clock)(void *arg);
	void		*clock_arg;

	char		error[LEAT_ERROR_LEN];	/* out: why leat_ctx_open() failed */
};

/*
 * leat_ctx_open - make a context.
 *
 * @cfg may be NULL. Returns 0, or -errno with the sentence in cfg->error:
 * -EINVAL a field is out of range, -ENOMEM the memory asked for is not there,
 * -EPERM physical addresses are hidden from this process.
 */
LEAT_API int leat_ctx_open(struct leat_ctx_config *cfg, struct leat_ctx **out);

/* Closes what is still open (ports, pools) and gives everything back. NULL is fine. */
LEAT_API void leat_ctx_close(struct leat_ctx *ctx);

/*
 * leat_ctx_forget - in a forked child, instead of close: the child's copies of
 * descriptors are closed and its memory freed, while the parent's devices run on
 * and notice nothing. No lock is waited for, nothing is logged. Nothing of the context
 * may be used any more. NULL is fine. The thread that forked, which is the control
 * thread.
 *
 * A child that neither calls this nor exec() keeps the devices open for as long as
 * it lives.
 */
LEAT_API void leat_ctx_forget(struct leat_ctx *ctx);

/* The last sentence logged at LEAT_LOG_ERROR, or ""; valid until the next one. */
LEAT_API const char *leat_ctx_error(const struct leat_ctx *ctx);

/*
 * leat_ctx_fd - one descriptor to wait on: readable when leat_ctx_poll() has
 * work. It belongs to the context; do not read it.
 */
LEAT_API int leat_ctx_fd(const struct leat_ctx *ctx);

/*
 * leat_ctx_poll - handle what is due: a peer gone, a removal request, an
 * error, a change of link; deliver it to the ports' event callbacks.
 *
 * Looks at most once a millisecond, so calling it every round costs a clock
 * read. Returns 0, or -ENODEV when a port was lost that has no event callback
 * (leat_ctx_error() says which), once for each such port.
 */
LEAT_API int leat_ctx_poll(struct leat_ctx *ctx);

/*
 * leat_sigbus - for the application's SIGBUS handler (the library installs
 * none): a peer can shrink memory that it passed to us. If @addr lies in such
 * registers of one of the context's devices they are covered with all ones, the
 * device ends at the next leat_ctx_poll(), and the handler may return: 1.
 * Otherwise 0. Async-signal-safe, while no port is being opened or closed.
 */
LEAT_API int leat_sigbus(struct leat_ctx *ctx, void *addr);

/* The library's version, "0.1.0". */
LEAT_API const char *leat_version(void);

LEAT_END_DECLS

#endif
