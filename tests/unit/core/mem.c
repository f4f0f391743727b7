// SPDX-License-Identifier: BSD-3-Clause
/*
 * DMA memory handed out and taken back, in ordinary pages, which every machine
 * has. Huge pages need an administrator: tests/e2e/hugepages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <numa.h>
#include <numaif.h>

#include <leat/bits.h>
#include <leat/ctx.h>
#include <leat/mem.h>

#include "core/mem/pseg.h"
#include "core/mem/segment.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

struct said {
	unsigned int	lines[LEAT_LOG_DEBUG + 1];
	char		last[LEAT_LOG_DEBUG + 1][LEAT_ERROR_LEN];
};

static void listen(void *arg, enum leat_log_level level, const char *message)
{
	struct said *said = arg;

	said->lines[level]++;
	snprintf(said->last[level], LEAT_ERROR_LEN, "%s", message);
}

static struct leat_ctx_config config(struct said *said)
{
	memset(said, 0, sizeof(*said));
	return (struct leat_ctx_config){
		.page_size = 4096,
		.log = listen,
		.log_arg = said,
		.log_level = LEAT_LOG_DEBUG,
	};
}

static struct leat_ctx *open_ctx(struct said *said, size_t mem_size)
{
	struct leat_ctx_config cfg = config(said);
	struct leat_ctx *ctx;

	cfg.mem_size = mem_size;
	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	return ctx;
}

static struct leat_pseg *segment_of(const struct leat_mem *m)
{
	return ((struct leat_mem_run *)m->seg)->pseg;
}

static bool is_zero(const struct leat_mem *m)
{
	const char *p = m->va;

	return !p[0] && !memcmp(p, p + 1, m->len - 1);
}

static void nothing_is_taken_until_asked(void **state)
{
	struct said said;
	struct leat_ctx *ctx = open_ctx(&said, 0);
	struct leat_mem_info info;

	(void)state;
	leat_mem_info(ctx, &info);
	assert_int_equal(info.len, 0);
	assert_int_equal(info.segs, 0);
	assert_string_equal(info.source, "none");
	assert_int_equal(said.lines[LEAT_LOG_INFO], 0);
	leat_ctx_close(ctx);
}

static void says_what_was_used(void **state)
{
	struct said said;
	struct leat_ctx *ctx = open_ctx(&said, 64 * MIB);
	struct leat_mem_info info;
	struct leat_mem m;

	(void)state;
	assert_int_equal(said.lines[LEAT_LOG_INFO], 1);
	assert_memory_equal(said.last[LEAT_LOG_INFO], "memory: 64 MiB in 4 KiB pages (memfd)", 37);
	assert_int_equal(leat_mem_alloc(ctx, 64 * MIB, 64, &m), 0);
	leat_mem_info(ctx, &info);
	assert_int_equal(info.len, 64 * MIB);
	assert_int_equal(info.used, 64 * MIB);
	assert_int_equal(info.page_size, 4096);
	assert_int_equal(info.segs, 1);
	assert_string_equal(info.source, "memfd");
	leat_mem_free(ctx, &m);
	leat_mem_info(ctx, &info);
	assert_int_equal(info.used, 0);
	assert_int_equal(info.segs, 1);
	leat_ctx_close(ctx);
}

static void aligns_both_addresses(void **state)
{
	struct said said;
	struct leat_ctx *ctx = open_ctx(&said, MIB);
	struct leat_mem m;

	(void)state;
	for (size_t align = 64; align <= GIB; align *= 2) {
		assert_int_equal(leat_mem_alloc(ctx, 100, align, &m), 0);
		assert_int_equal((uintptr_t)m.va % align, 0);
		assert_int_equal(m.iova % align, 0);
		assert_int_not_equal(m.iova, 0);
		assert_int_equal(m.len, 100);
		assert_true(is_zero(&m));
		leat_mem_free(ctx, &m);
		assert_null(m.va);
		leat_mem_free(ctx, &m);	/* all zeros now: nothing */
	}
	leat_ctx_close(ctx);
}

static void refuses_nonsense(void **state)
{
	static const struct {
		size_t	len, align;
	} bad[] = {
		{ 0, 64 }, { 64, 0 }, { 64, 32 }, { 64, 96 }, { 64, 2 * GIB }, { SIZE_MAX, 64 },
	};
	struct said said;
	struct leat_ctx *ctx = open_ctx(&said, 0);
	struct leat_mem m;

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		assert_int_equal(leat_mem_alloc(ctx, bad[i].len, bad[i].align, &m), -EINVAL);
		assert_int_equal(said.lines[LEAT_LOG_ERROR], i + 1);
	}
	leat_ctx_close(ctx);
}

static void refuses_odd_page_sizes(void **state)
{
	static const size_t bad[] = { 1, 4095, 8192, MIB, 4 * MIB, SIZE_MAX };

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		struct said said;
		struct leat_ctx_config cfg = config(&said);
		struct leat_ctx *ctx = NULL;

		cfg.page_size = bad[i];
		assert_int_equal(leat_ctx_open(&cfg, &ctx), -EINVAL);
		assert_null(ctx);
		assert_non_null(strstr(cfg.error, "2097152"));
	}
}

static void says_how_much_there_is(void **state)
{
	static const size_t bad[] = { (size_t)1 << 45, (size_t)1 << 50, SIZE_MAX };

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		struct said said;
		struct leat_ctx_config cfg = config(&said);
		struct leat_ctx *ctx = NULL;

		cfg.mem_size = bad[i];
		assert_int_equal(leat_ctx_open(&cfg, &ctx), -ENOMEM);
		assert_null(ctx);
		assert_int_equal(said.lines[LEAT_LOG_ERROR], 1);
		assert_non_null(strstr(cfg.error, "available"));
	}
}

static void says_so_when_an_allocation_is_too_large(void **state)
{
	struct said said;
	struct leat_ctx *ctx = open_ctx(&said, 0);
	struct leat_mem m;

	(void)state;
	assert_int_equal(leat_mem_alloc(ctx, (size_t)1 << 45, 64, &m), -ENOMEM);
	assert_int_equal(said.lines[LEAT_LOG_ERROR], 1);
	assert_non_null(strstr(leat_ctx_error(ctx), "32768 GiB asked for"));
	assert_int_equal(leat_mem_alloc(ctx, 64, 64, &m), 0);	/* the context is as before */
	leat_ctx_close(ctx);
}

/* Either there are huge pages and they are used, or one sentence says how to get some. */
static void insists_on_the_page_size(void **state)
{
	static const size_t sizes[] = { 2 * MIB, GIB };

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(sizes); i++) {
		struct said said;
		struct leat_ctx_config cfg = config(&said);
		struct leat_mem_info info;
		struct leat_ctx *ctx = NULL;
		int err;

		cfg.page_size = sizes[i];
		cfg.mem_size = 1;
		err = leat_ctx_open(&cfg, &ctx);
		if (err) {
			assert_int_equal(err, -ENOMEM);
			assert_int_equal(said.lines[LEAT_LOG_ERROR], 1);
			assert_true(strstr(cfg.error, "nr_hugepages") ||
				    strstr(cfg.error, "no pages of that size"));
			continue;
		}
		leat_mem_info(ctx, &info);
		assert_int_equal(info.page_size, sizes[i]);
		assert_int_equal(info.len, sizes[i]);
		leat_ctx_close(ctx);
	}
}

/* With the size left open something is always found, and the line says what. */
static void falls_back(void **state)
{
	struct said said;
	struct leat_ctx_config cfg = config(&said);
	struct leat_mem_info info;
	struct leat_ctx *ctx;

	(void)state;
	cfg.page_size = 0;
	cfg.mem_size = 4 * MIB;
	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	assert_int_equal(said.lines[LEAT_LOG_INFO], 1);
	leat_mem_info(ctx, &info);
	assert_true(info.page_size == 4096 || info.page_size == 2 * MIB);
	assert_non_null(strstr(said.last[LEAT_LOG_INFO],
			       info.page_size == 4096 ? "4 KiB pages" : "2 MiB pages"));
	leat_ctx_close(ctx);
}

static int open_under_limit(int resource, rlim_t limit, struct leat_ctx_config *cfg)
{
	struct rlimit old, low;
	struct leat_ctx *ctx;
	int err;

	assert_int_equal(getrlimit(resource, &old), 0);
	low = old;
	low.rlim_cur = limit;
	assert_int_equal(setrlimit(resource, &low), 0);
	err = leat_ctx_open(cfg, &ctx);
	assert_int_equal(setrlimit(resource, &old), 0);
	return err;
}

static void names_the_limit_on_files(void **state)
{
	struct said said;
	struct leat_ctx_config cfg = config(&said);

	(void)state;
	cfg.mem_size = 4 * MIB;
	assert_int_equal(open_under_limit(RLIMIT_FSIZE, MIB, &cfg), -ENOMEM);
	assert_non_null(strstr(cfg.error, "ulimit -f"));
}

static void zeroes_what_was_used_before(void **state)
{
	struct said said;
	struct leat_ctx *ctx = open_ctx(&said, MIB);
	struct leat_mem a, b;

	(void)state;
	assert_int_equal(leat_mem_alloc(ctx, MIB / 2, 64, &a), 0);
	memset(a.va, 0xff, a.len);
	leat_mem_free(ctx, &a);
	assert_int_equal(leat_mem_alloc(ctx, MIB, 64, &b), 0);
	assert_true(is_zero(&b));
	leat_ctx_close(ctx);
}

static void merges_what_comes_back(void **state)
{
	static const unsigned int order[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
						 { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	struct said said;
	struct leat_ctx *ctx = open_ctx(&said, MIB);
	struct leat_mem_info info;
	struct leat_mem m[3], all;

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(order); i++) {
		assert_int_equal(leat_mem_alloc(ctx, 4096, 64, &m[0]), 0);
		assert_int_equal(leat_mem_alloc(ctx, 4096, 512 * KIB, &m[1]), 0);
		assert_int_equal(leat_mem_alloc(ctx, 508 * KIB, 64, &m[2]), 0);
		for (unsigned int k = 0; k < 3; k++)
			leat_mem_free(ctx, &m[order[i][k]]);
		assert_int_equal(leat_mem_alloc(ctx, MIB, 64, &all), 0);
		leat_mem_info(ctx, &info);
		assert_int_equal(info.segs, 1);
		leat_mem_free(ctx, &all);
	}
	leat_ctx_close(ctx);
}

static void gives_grown_segments_back(void **state)
{
	struct said said;
	struct leat_ctx *ctx = open_ctx(&said, MIB);
	struct leat_mem_info info;
	struct leat_mem a, b;

	(void)state;
	assert_int_equal(leat_mem_alloc(ctx, 3 * MIB, 64, &a), 0);
	assert_int_equal(leat_mem_alloc(ctx, 3 * MIB, 64, &b), 0);
	leat_mem_info(ctx, &info);
	assert_int_equal(info.segs, 2);
	leat_mem_free(ctx, &a);
	leat_mem_free(ctx, &b);
	leat_mem_info(ctx, &info);
	assert_int_equal(info.segs, 1);
	assert_int_equal(info.len, MIB);
	leat_ctx_close(ctx);
}

/* vhost-user peers take eight segments: a GiB in pieces must not need more. */
static void keeps_segments_few(void **state)
{
	struct said said;
	struct leat_ctx *ctx = open_ctx(&said, 0);
	struct leat_mem_info info;
	struct leat_mem m;

	(void)state;
	for (int i = 0; i < 32; i++)
		assert_int_equal(leat_mem_alloc(ctx, 3 * MIB, 64, &m), 0);
	leat_mem_info(ctx, &info);
	assert_in_range(info.segs, 1, 4);
	leat_ctx_close(ctx);
}

static size_t resident(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*u %lu", &pages), 1);
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Memory is there before it is touched, nothing else is taken, nothing is resident. */
static void backs_what_is_handed_out_and_no_more(void **state)
{
	struct said said;
	struct leat_ctx *ctx = open_ctx(&said, 0);
	size_t before = resident();
	struct leat_pseg *p;
	struct leat_mem a, b;
	struct stat st;

	(void)state;
	assert_int_equal(leat_mem_alloc(ctx, 10 * MIB, 64, &a), 0);
	p = segment_of(&a);
	assert_int_equal(fstat(p->seg.fd, &st), 0);
	assert_int_equal(st.st_size, 16 * MIB);
	assert_int_equal(st.st_blocks * 512, 10 * MIB);
	assert_int_equal(leat_mem_alloc(ctx, 100, 2 * MIB, &b), 0);
	assert_ptr_equal(segment_of(&b), p);
	assert_int_equal(fstat(p->seg.fd, &st), 0);
	assert_int_equal(st.st_blocks * 512, 10 * MIB + 4096);
	assert_true(resident() < before + 4 * MIB);
	leat_ctx_close(ctx);
}

static void seals_the_descriptor(void **state)
{
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	struct said said;
	struct leat_ctx *ctx = open_ctx(&said, MIB);
	struct leat_mem m;
	int fd;

	(void)state;
	assert_int_equal(leat_mem_alloc(ctx, 64, 64, &m), 0);
	fd = segment_of(&m)->seg.fd;
	assert_int_equal(fcntl(fd, F_GET_SEALS) & seals, seals);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(errno, EPERM);
	leat_ctx_close(ctx);
}

static void warns_once_of_a_missing_node(void **state)
{
	struct said said;
	struct leat_ctx_config cfg = config(&said);
	struct leat_ctx *ctx;
	struct leat_mem m;

	(void)state;
	if (numa_available() < 0) {
		print_message("no NUMA here, so nothing to prefer\n");
		skip();
	}
	cfg.node = LEAT_NODE(numa_max_node() + 1);
	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(leat_mem_alloc(ctx, 9 * MIB, 64, &m), 0);
	assert_int_equal(said.lines[LEAT_LOG_WARNING], 1);
	leat_ctx_close(ctx);
}

static void takes_the_node_asked_for(void **state)
{
	struct leat_mem_info info;
	struct said said;
	struct leat_ctx *ctx = open_ctx(&said, 0);
	struct leat_mem_near near = { .node = 0 };
	struct leat_mem a, b;
	struct bitmask *allowed;
	int before, after;

	(void)state;
	if (numa_available() < 0) {
		print_message("no NUMA here, so nothing to prefer\n");
		skip();
	}
	assert_int_equal(get_mempolicy(&before, NULL, 0, NULL, 0), 0);
	allowed = numa_get_mems_allowed();
	for (int node = 0; node <= numa_max_node(); node++) {
		if (!numa_bitmask_isbitset(allowed, (unsigned int)node))
			continue;
		near.node = LEAT_NODE(node);
		assert_int_equal(leat_mem_alloc_pieces(ctx, &near, 1, 4096, &a), 0);
		assert_int_equal(segment_of(&a)->seg.node, node);
		leat_mem_free(ctx, &a);
	}
	numa_bitmask_free(allowed);
	assert_int_equal(leat_mem_alloc(ctx, 4096, 64, &b), 0);
	leat_mem_info(ctx, &info);
	assert_int_equal(info.node, segment_of(&b)->seg.node);

	/* The caller's own policy is as it was. */
	assert_int_equal(get_mempolicy(&after, NULL, 0, NULL, 0), 0);
	assert_int_equal(after, before);
	leat_ctx_close(ctx);
}

#define RUNS 64

static uint32_t pick(uint64_t *random, uint32_t below)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (uint32_t)(*random >> 32) % below;
}

/* Every byte of a live run is its own number: what another run tramples shows. */
static void check_and_free(struct leat_ctx *ctx, struct leat_mem *m, int mine)
{
	const char *p = m->va;

	assert_int_equal(p[0], (char)mine);
	assert_memory_equal(p, p + 1, m->len - 1);
	leat_mem_free(ctx, m);
}

static void never_hands_out_a_byte_twice(void **state)
{
	const char *given = getenv("LEAT_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	uint64_t random = seed * 2 + 1;
	struct leat_mem m[RUNS] = { 0 };
	struct leat_mem_info info;
	struct said said;
	struct leat_ctx *ctx = open_ctx(&said, MIB);
	size_t used = 0;

	(void)state;
	printf("LEAT_SEED=%" PRIu64 "\n", seed);
	for (int step = 0; step < 50000; step++) {
		unsigned int i = pick(&random, RUNS);
		size_t len = 1 + pick(&random, pick(&random, 100) ? 8192 : 300000);
		size_t align = (size_t)64 << pick(&random, 9);

		if (m[i].va) {
			used -= LEAT_ALIGN_UP(m[i].len, (size_t)64);
			check_and_free(ctx, &m[i], (int)i + 1);
			continue;
		}
		assert_int_equal(leat_mem_alloc(ctx, len, align, &m[i]), 0);
		assert_int_equal(((uintptr_t)m[i].va | m[i].iova) & (align - 1), 0);
		assert_int_equal(m[i].iova - segment_of(&m[i])->seg.iova,
				 (char *)m[i].va - (char *)segment_of(&m[i])->seg.va);
		assert_true(is_zero(&m[i]));
		memset(m[i].va, (int)i + 1, len);
		used += LEAT_ALIGN_UP(len, (size_t)64);
		leat_mem_info(ctx, &info);
		assert_int_equal(info.used, used);
	}
	for (unsigned int i = 0; i < RUNS; i++)
		if (m[i].va)
			check_and_free(ctx, &m[i], (int)i + 1);
	leat_mem_info(ctx, &info);
	assert_int_equal(info.used, 0);
	assert_int_equal(info.segs, 1);
	assert_null(leat_ctx_mem(ctx)->shared->runs->next);
	leat_ctx_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_taken_until_asked),
		cmocka_unit_test(says_what_was_used),
		cmocka_unit_test(aligns_both_addresses),
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(refuses_odd_page_sizes),
		cmocka_unit_test(says_how_much_there_is),
		cmocka_unit_test(says_so_when_an_allocation_is_too_large),
		cmocka_unit_test(insists_on_the_page_size),
		cmocka_unit_test(falls_back),
		cmocka_unit_test(names_the_limit_on_files),
		cmocka_unit_test(zeroes_what_was_used_before),
		cmocka_unit_test(merges_what_comes_back),
		cmocka_unit_test(gives_grown_segments_back),
		cmocka_unit_test(keeps_segments_few),
		cmocka_unit_test(backs_what_is_handed_out_and_no_more),
		cmocka_unit_test(seals_the_descriptor),
		cmocka_unit_test(warns_once_of_a_missing_node),
		cmocka_unit_test(takes_the_node_asked_for),
		cmocka_unit_test(never_hands_out_a_byte_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
