// SPDX-License-Identifier: BSD-3-Clause
/*
 * Which NUMA node memory is asked from, on a machine of two that is made up:
 * libnuma's answers come from here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <leat/ctx.h>
#include <leat/driver/aspace.h>
#include <leat/driver/driver.h>
#include <leat/mem.h>
#include <leat/pool.h>

#include "core/mem/numa.h"
#include "core/pool/pool.h"

#define MIB ((size_t)1 << 20)

static struct {
	int	here;		/* where the thread runs; -1: a policy, or no NUMA */
	int	preferred;	/* the last node that memory was wanted from; -2: none yet */
	int	gives;		/* where memory comes from whatever is wanted; -1: as wanted */
} numa;

int __wrap_leat_numa_here(void);
int __wrap_leat_numa_prefer(void *va, size_t len, int node);
int __wrap_leat_numa_of(void *va);

int __wrap_leat_numa_here(void)
{
	return numa.here;
}

int __wrap_leat_numa_prefer(void *va, size_t len, int node)
{
	(void)va;
	(void)len;
	numa.preferred = node;
	return 0;
}

int __wrap_leat_numa_of(void *va)
{
	(void)va;
	return numa.gives >= 0 ? numa.gives : numa.preferred;
}

static int map_nothing(struct leat_aspace *as, const struct leat_seg *seg)
{
	(void)as;
	(void)seg;
	return 0;
}

static void unmap_nothing(struct leat_aspace *as, const struct leat_seg *seg)
{
	(void)as;
	(void)seg;
}

static const struct leat_aspace_ops ops = { .dma_map = map_nothing, .dma_unmap = unmap_nothing };

static unsigned int warnings;
static char warning[LEAT_ERROR_LEN];

static void listen(void *arg, enum leat_log_level level, const char *message)
{
	(void)arg;
	if (level != LEAT_LOG_WARNING)
		return;
	warnings++;
	snprintf(warning, sizeof(warning), "%s", message);
}

/* A context that runs on node 0; @node as in its configuration. */
static struct leat_ctx *open_ctx(size_t mem_size, unsigned int node)
{
	struct leat_ctx_config cfg = { .mem_size = mem_size, .page_size = 4096, .node = node,
				       .log = listen, .log_level = LEAT_LOG_WARNING };
	struct leat_ctx *ctx;

	warnings = 0;
	numa.preferred = -2;
	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	return ctx;
}

/* From which node does a port on node 1 get its rings? */
static int rings(struct leat_ctx *ctx)
{
	struct leat_aspace as = { .ops = &ops, .name = "nic", .near = LEAT_NODE(1) };
	struct leat_mem m;

	numa.preferred = -2;
	assert_int_equal(leat_aspace_attach(ctx, &as), 0);
	assert_int_equal(leat_aspace_alloc(&as, 4096, 4096, &m), 0);
	leat_aspace_detach(&as);
	return numa.preferred;
}

/* And the pool that it was not given? */
static int own_pool(struct leat_ctx *ctx)
{
	struct leat_pool *pool;

	numa.preferred = -2;
	assert_int_equal(leat_pool_make(ctx, LEAT_NODE(1), "nic", &pool), 0);
	return numa.preferred;
}

static void a_ports_memory_is_near_it(void **state)
{
	struct leat_ctx *ctx;

	(void)state;
	numa.here = 0;
	numa.gives = -1;
	ctx = open_ctx(0, 0);
	assert_int_equal(rings(ctx), 1);
	assert_int_equal(own_pool(ctx), 1);
	assert_int_equal(warnings, 0);
	leat_ctx_close(ctx);
}

static void the_applications_word_comes_first(void **state)
{
	const struct leat_pool_config cfg = { .node = LEAT_NODE(1) };
	struct leat_pool *pool;
	struct leat_ctx *ctx;

	(void)state;
	numa.here = 0;
	numa.gives = -1;
	ctx = open_ctx(0, LEAT_NODE(0));
	assert_int_equal(rings(ctx), 0);
	assert_int_equal(own_pool(ctx), 0);
	numa.preferred = -2;
	assert_int_equal(leat_pool_create(ctx, &cfg, &pool), 0);
	assert_int_equal(numa.preferred, 1);
	leat_ctx_close(ctx);

	/* A policy of the process's (numactl) is such a word, too. */
	numa.here = -1;
	ctx = open_ctx(0, 0);
	assert_int_equal(rings(ctx), -2);
	assert_int_equal(own_pool(ctx), -2);
	leat_ctx_close(ctx);
}

static void what_was_set_aside_is_used(void **state)
{
	struct leat_mem_info info;
	struct leat_ctx *ctx;

	(void)state;
	numa.here = 0;
	numa.gives = 0;
	ctx = open_ctx(64 * MIB, 0);
	assert_int_equal(own_pool(ctx), -2);	/* nothing new was taken */
	leat_mem_info(ctx, &info);
	assert_int_equal(info.segs, 1);
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(warning, "node 1"));
	assert_non_null(strstr(warning, "nic"));
	assert_non_null(strstr(warning, "comes from node 0"));
	leat_ctx_close(ctx);
}

static void one_warning_where_it_cannot_be(void **state)
{
	struct leat_mem_info info;
	struct leat_ctx *ctx;

	(void)state;
	numa.here = 0;
	numa.gives = 0;
	ctx = open_ctx(0, 0);
	assert_int_equal(own_pool(ctx), 1);
	leat_mem_info(ctx, &info);
	assert_int_equal(info.node, 0);		/* where it came from, not what was wished */
	assert_int_equal(rings(ctx), 1);
	assert_int_equal(own_pool(ctx), 1);
	assert_int_equal(warnings, 1);
	assert_non_null(strstr(warning, "as that of nic"));
	leat_ctx_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ports_memory_is_near_it),
		cmocka_unit_test(the_applications_word_comes_first),
		cmocka_unit_test(what_was_set_aside_is_used),
		cmocka_unit_test(one_warning_where_it_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
