// SPDX-License-Identifier: BSD-3-Clause
/*
 * ctx.c - the context: what it owns, in which order it goes, what it says.
 *
 * Control events are in events.c.
 */
#include "core/ctx.h"

#include "core/events.h"
#include "core/pool/pool.h"
#include "core/worker/cpus.h"

#include <leat/clock.h>
#include <leat/sleeper.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct leat_driver *const no_drivers[] = { NULL };
static const struct leat_model *const no_models[] = { NULL };

static void LEAT_PRINTF(3, 0)
vlog(struct leat_ctx *ctx, enum leat_log_level level, const char *fmt, va_list args)
{
	char line[LEAT_ERROR_LEN];

	vsnprintf(line, sizeof(line), fmt, args);
	if (level == LEAT_LOG_ERROR) {
		pthread_mutex_lock(&ctx->error_lock);
		memcpy(ctx->error, line, sizeof(line));
		pthread_mutex_unlock(&ctx->error_lock);
	}
	if (ctx->log && level <= ctx->log_level)
		ctx->log(ctx->log_arg, level, line);
}

void leat_log(struct leat_ctx *ctx, enum leat_log_level level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vlog(ctx, level, fmt, args);
	va_end(args);
}

int leat_fail(struct leat_ctx *ctx, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vlog(ctx, LEAT_LOG_ERROR, fmt, args);
	va_end(args);
	return err;
}

const char *leat_ctx_error(const struct leat_ctx *ctx)
{
	return ctx->error;
}

uint64_t leat_ctx_now(const struct leat_ctx *ctx)
{
	return ctx->clock ? ctx->clock(ctx->clock_arg) : leat_now_ns();
}

const struct leat_driver *const *leat_ctx_drivers(const struct leat_ctx *ctx)
{
	return ctx->drivers;
}

const struct leat_model *const *leat_ctx_models(const struct leat_ctx *ctx)
{
	return ctx->models;
}

struct leat_ctx_slot *leat_ctx_slot(struct leat_ctx *ctx, enum leat_ctx_slots which)
{
	return &ctx->slot[which];
}

struct leat_mem_state *leat_ctx_mem(struct leat_ctx *ctx)
{
	return &ctx->mem;
}

struct leat_pool **leat_ctx_pools(struct leat_ctx *ctx)
{
	return &ctx->pools;
}

bool *leat_ctx_worker_warned(struct leat_ctx *ctx)
{
	return &ctx->worker_warned;
}

int leat_ctx_own_pool(struct leat_port *port, struct leat_pool **out)
{
	struct leat_ctx *ctx = port->ctx;

	if (!ctx->own_pool) {
		int err = leat_pool_make(ctx, (unsigned int)(leat_port_node(port) + 1),
					 port->name, &ctx->own_pool);

		if (err)
			return err;
	}
	*out = ctx->own_pool;
	return 0;
}

static struct leat_ctx *new_ctx(const struct leat_ctx_config *cfg)
{
	struct leat_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return NULL;
	ctx->log = cfg->log;
	ctx->log_arg = cfg->log_arg;
	ctx->log_level = cfg->log_level;
	ctx->clock = cfg->clock;
	ctx->clock_arg = cfg->clock_arg;
	ctx->drivers = cfg->drivers ? cfg->drivers : no_drivers;
	ctx->models = cfg->models ? cfg->models : no_models;
	ctx->latency_fd = -1;
	pthread_mutex_init(&ctx->error_lock, NULL);
	return ctx;
}

static void free_ctx(struct leat_ctx *ctx)
{
	pthread_mutex_destroy(&ctx->error_lock);
	free(ctx);
}

int leat_ctx_open(struct leat_ctx_config *cfg, struct leat_ctx **out)
{
	struct leat_ctx_config defaults = { 0 };
	struct leat_ctx *ctx;
	int err;

	if (!cfg)
		cfg = &defaults;
	cfg->error[0] = '\0';
	ctx = new_ctx(cfg);
	if (!ctx) {
		snprintf(cfg->error, sizeof(cfg->error), "context: out of memory");
		return -ENOMEM;
	}
	err = leat_events_init(ctx);
	if (err)
		goto free_ctx;
	err = leat_mem_init(ctx, cfg);
	if (err)
		goto fini_events;
	*out = ctx;
	return 0;

fini_events:
	leat_events_fini(ctx);
free_ctx:
	memcpy(cfg->error, ctx->error, sizeof(cfg->error));
	free_ctx(ctx);
	return err;
}

void leat_ctx_close(struct leat_ctx *ctx)
{
	if (!ctx)
		return;
	leat_port_close_all(ctx);
	for (int i = 0; i < LEAT_SLOTS; i++)
		if (ctx->slot[i].close)
			ctx->slot[i].close(ctx->slot[i].data);
	leat_pool_destroy_all(ctx);
	leat_ctx_wake_latency(ctx, LEAT_WAKE_LATENCY_ANY);
	leat_mem_fini(ctx);
	leat_events_fini(ctx);
	free_ctx(ctx);
}

/*
 * No lock is taken: threads of the parent may have held any at the fork. Watches are
 * not removed either: the epoll descriptor leads to the parent's.
 */
void leat_ctx_forget(struct leat_ctx *ctx)
{
	if (!ctx)
		return;
	leat_port_forget_all(ctx);
	for (int i = 0; i < LEAT_SLOTS; i++)
		if (ctx->slot[i].forget)
			ctx->slot[i].forget(ctx->slot[i].data);
	leat_pool_forget_all(ctx);
	leat_ctx_wake_latency(ctx, LEAT_WAKE_LATENCY_ANY);
	leat_mem_forget(ctx);
	leat_events_fini(ctx);
	free(ctx);
}
