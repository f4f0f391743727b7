// SPDX-License-Identifier: BSD-3-Clause
/*
 * The application's own memory, shown to devices: who sees it where, and that a
 * failure anywhere leaves nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <leat/bits.h>
#include <leat/ctx.h>
#include <leat/driver/aspace.h>
#include <leat/driver/core.h>
#include <leat/mem.h>
#include <leat/pool.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

#define SEEN_MAX 16

/* ---- allocations, of which the how-manieth from now fails; 0: none ---- */

static unsigned int fail_alloc;

void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	return fail_alloc && !--fail_alloc ? NULL : __real_calloc(n, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	return fail_alloc && !--fail_alloc ? NULL : __real_aligned_alloc(align, size);
}

struct fake {
	struct leat_aspace as;
	struct leat_seg	seen[SEEN_MAX];
	unsigned int	n;
	unsigned int	fail_at;
};

static int fake_map(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct fake *f = LEAT_CONTAINER_OF(as, struct fake, as);

	if (f->fail_at && !--f->fail_at)
		return -EIO;
	assert_in_range(f->n, 0, SEEN_MAX - 1);
	f->seen[f->n++] = *seg;
	return 0;
}

static void fake_unmap(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct fake *f = LEAT_CONTAINER_OF(as, struct fake, as);
	unsigned int i = 0;

	while (i < f->n && f->seen[i].iova != seg->iova)
		i++;
	assert_true(i < f->n);
	f->seen[i] = f->seen[--f->n];
}

static const struct leat_aspace_ops fake_ops = { .dma_map = fake_map, .dma_unmap = fake_unmap };

#define FAKE(...) { .as = { .ops = &fake_ops, __VA_ARGS__ } }

static struct leat_ctx *open_ctx(void)
{
	struct leat_ctx_config cfg = { .page_size = 4096 };
	struct leat_ctx *ctx;

	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	return ctx;
}

/* @len bytes at @off above a multiple of 1 GiB; only addresses until they are touched. */
static char *room(size_t len, size_t off)
{
	char *p = mmap(NULL, 2 * GIB + len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return (char *)LEAT_ALIGN_UP((uintptr_t)p, GIB) + off;
}

static void every_device_sees_it(void **state)
{
	struct fake a = FAKE(.name = "a"), b = FAKE(.name = "b");
	struct leat_ctx *ctx = open_ctx();
	struct leat_mem_info info;
	struct leat_mem m, again;
	char *buf = room(MIB, 4 * KIB);

	(void)state;
	assert_int_equal(leat_aspace_attach(ctx, &a.as), 0);
	assert_int_equal(leat_dma_map(ctx, buf, 12 * KIB, 0, &m), 0);
	assert_ptr_equal(m.va, buf);
	assert_int_equal(m.len, 12 * KIB);
	assert_int_equal(leat_mem_iova(&m, 12 * KIB - 1), m.iova + 12 * KIB - 1);
	assert_int_equal(leat_aspace_attach(ctx, &b.as), 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(b.n, 1);
	assert_ptr_equal(b.seen[0].va, buf);
	assert_int_equal(b.seen[0].iova, m.iova);
	assert_int_equal(b.seen[0].len, 12 * KIB);
	assert_int_equal(b.seen[0].fd, -1);
	assert_false(b.seen[0].read_only);

	/* It is no memory of the context's, to be told of or handed out. */
	leat_mem_info(ctx, &info);
	assert_int_equal(info.segs, 0);
	assert_int_equal(leat_mem_alloc(ctx, 4096, 4096, &again), 0);
	assert_true((char *)again.va < buf || (char *)again.va >= buf + 12 * KIB);
	leat_mem_free(ctx, &again);

	leat_dma_unmap(ctx, &m);
	assert_int_equal(a.n + b.n, 0);
	assert_null(m.va);
	leat_dma_unmap(ctx, &m);	/* all zeros now: nothing */
	buf[0] = 1;			/* still there */
	leat_ctx_close(ctx);
}

static void read_only_is_told(void **state)
{
	struct fake a = FAKE(.name = "a");
	struct leat_ctx *ctx = open_ctx();
	char *buf = room(MIB, 0);
	struct leat_mem m;

	(void)state;
	assert_int_equal(leat_aspace_attach(ctx, &a.as), 0);
	assert_int_equal(leat_dma_map(ctx, buf, 4096, LEAT_DMA_READ_ONLY, &m), 0);
	assert_true(a.seen[0].read_only);
	leat_ctx_close(ctx);		/* unmaps it */
	assert_int_equal(a.n, 0);
	memset(buf, 1, 4096);
}

static void addresses_end_alike(void **state)
{
	static const struct {
		size_t	len, off, alike;
	} cases[] = {
		{ 4 * KIB, 12 * KIB, 4 * KIB },
		{ 2 * MIB, 12 * KIB, 2 * MIB },
		{ 6 * MIB, MIB + 4 * KIB, 2 * MIB },
		{ GIB, 512 * MIB + 8 * KIB, GIB },
	};
	struct leat_ctx *ctx = open_ctx();
	struct leat_mem m[LEAT_ARRAY_LEN(cases)];

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(cases); i++) {
		char *buf = room(cases[i].len, cases[i].off);

		assert_int_equal(leat_dma_map(ctx, buf, cases[i].len, 0, &m[i]), 0);
		assert_int_equal((m[i].iova - (uintptr_t)buf) % cases[i].alike, 0);
		for (unsigned int k = 0; k < i; k++)
			assert_true(m[k].iova + m[k].len <= m[i].iova ||
				    m[i].iova + m[i].len <= m[k].iova);
	}
	leat_ctx_close(ctx);
}

static void tight_ranges_do_without_superpages(void **state)
{
	/* No 1 GiB of these begins as the buffer does; 2 MiB pages would fit; then they do not. */
	static const struct leat_iova_range medium[] = { { 0x100000, 0x50000000 } };
	static const struct leat_iova_range tight[] = { { 0x1000, 0x400fff } };
	struct fake a = FAKE(.name = "a", .ranges = medium, .nranges = 1);
	struct fake b = FAKE(.name = "b", .ranges = tight, .nranges = 1);
	char *buf = room(GIB, GIB - 4 * MIB);
	struct leat_ctx *ctx = open_ctx();
	struct leat_mem m;

	(void)state;
	assert_int_equal(leat_aspace_attach(ctx, &a.as), 0);
	assert_int_equal(leat_dma_map(ctx, buf, GIB, 0, &m), 0);
	assert_int_equal((m.iova - (uintptr_t)buf) % (2 * MIB), 0);
	leat_dma_unmap(ctx, &m);
	assert_int_equal(leat_aspace_attach(ctx, &b.as), 0);
	assert_int_equal(leat_dma_map(ctx, buf, 4 * MIB, 0, &m), -ENOSPC);
	assert_non_null(strstr(leat_ctx_error(ctx), "no device addresses"));
	assert_int_equal(leat_dma_map(ctx, buf, 3 * MIB, 0, &m), 0);
	assert_int_equal(m.iova, 0x100000);
	leat_ctx_close(ctx);
}

static void refuses_what_cannot_be_mapped(void **state)
{
	struct fake small = FAKE(.name = "small", .page_size = 4096);
	struct fake large = FAKE(.name = "large", .page_size = 64 * KIB);
	struct fake late = FAKE(.name = "late", .page_size = 64 * KIB);
	struct leat_ctx *ctx = open_ctx();
	char *buf = room(MIB, 0);
	struct leat_mem m;

	(void)state;
	assert_int_equal(leat_dma_map(ctx, NULL, 4096, 0, &m), -EINVAL);
	assert_int_equal(leat_dma_map(ctx, buf, 0, 0, &m), -EINVAL);
	assert_int_equal(leat_dma_map(ctx, buf, -(size_t)4096, 0, &m), -EINVAL);
	assert_int_equal(leat_dma_map(ctx, buf, 4096, 2, &m), -EINVAL);
	assert_int_equal(leat_dma_map(ctx, buf + 64, 4096, 0, &m), -EINVAL);
	assert_non_null(strstr(leat_ctx_error(ctx), "multiples"));
	assert_int_equal(leat_dma_map(ctx, buf, 4000, 0, &m), -EINVAL);

	assert_int_equal(leat_aspace_attach(ctx, &small.as), 0);
	assert_int_equal(leat_aspace_attach(ctx, &large.as), 0);
	assert_int_equal(leat_dma_map(ctx, buf, 4096, 0, &m), -EINVAL);
	assert_non_null(strstr(leat_ctx_error(ctx), "large"));
	assert_non_null(strstr(leat_ctx_error(ctx), "65536"));
	assert_int_equal(leat_dma_map(ctx, buf, 64 * KIB, 0, &m), 0);
	leat_dma_unmap(ctx, &m);
	leat_aspace_detach(&large.as);

	/* Who comes later and cannot map it is refused. */
	assert_int_equal(leat_dma_map(ctx, buf + 4096, 4096, 0, &m), 0);
	assert_int_equal(leat_aspace_attach(ctx, &late.as), -ENOSPC);
	assert_non_null(strstr(leat_ctx_error(ctx), "65536"));
	assert_int_equal(late.n, 0);
	leat_ctx_close(ctx);
}

static void a_failed_map_is_undone(void **state)
{
	struct fake f[3] = { FAKE(.name = "a"), FAKE(.name = "b"), FAKE(.name = "c") };
	struct leat_ctx *ctx = open_ctx();
	char *buf = room(MIB, 0);
	leat_iova_t first;
	struct leat_mem m;

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(leat_aspace_attach(ctx, &f[i].as), 0);
	assert_int_equal(leat_dma_map(ctx, buf, 4096, 0, &m), 0);
	first = m.iova;
	leat_dma_unmap(ctx, &m);
	for (unsigned int i = 0; i < 3; i++) {
		memset(&m, 0, sizeof(m));
		f[i].fail_at = 1;
		assert_int_equal(leat_dma_map(ctx, buf, 4096, 0, &m), -EIO);
		assert_null(m.va);
		assert_int_equal(f[0].n + f[1].n + f[2].n, 0);
	}
	assert_int_equal(leat_dma_map(ctx, buf, 4096, 0, &m), 0);
	assert_int_equal(m.iova, first);	/* no address was lost either */
	leat_ctx_close(ctx);
}

static void every_shortage_is_undone(void **state)
{
	struct fake a = FAKE(.name = "a");
	struct leat_pool_config cfg = { .count = 4 };
	struct leat_ctx *ctx = open_ctx();
	char *buf = room(MIB, 0);
	struct leat_pool *pool;
	struct leat_mem m;
	unsigned int k = 0;
	int err;

	(void)state;
	assert_int_equal(leat_aspace_attach(ctx, &a.as), 0);
	cfg.mem = &m;
	do {
		fail_alloc = ++k;
		pool = NULL;
		err = leat_dma_map(ctx, buf, MIB, 0, &m);
		if (!err) {
			err = leat_pool_create(ctx, &cfg, &pool);
			leat_pool_destroy(pool);
			leat_dma_unmap(ctx, &m);
		}
		assert_true(!err || err == -ENOMEM);
		assert_int_equal(!err, fail_alloc != 0);
		assert_int_equal(a.n, 0);
	} while (err);
	fail_alloc = 0;
	assert_true(k > 4);
	leat_ctx_close(ctx);
}

static void mapping_often_leaves_nothing(void **state)
{
	struct fake a = FAKE(.name = "a");
	struct leat_ctx *ctx = open_ctx();
	char *buf = room(MIB, 0);
	leat_iova_t first = 0;

	(void)state;
	assert_int_equal(leat_aspace_attach(ctx, &a.as), 0);
	for (unsigned int i = 0; i < 10000; i++) {
		struct leat_mem m;

		assert_int_equal(leat_dma_map(ctx, buf, 4096, 0, &m), 0);
		assert_true(!first || m.iova == first);
		first = m.iova;
		leat_dma_unmap(ctx, &m);
	}
	assert_int_equal(a.n, 0);
	leat_ctx_close(ctx);
}

static void packets_may_lie_in_it(void **state)
{
	struct leat_pool_config cfg = { .buf_size = 2048 };
	struct leat_ctx *ctx = open_ctx();
	char *buf = room(MIB, 0);
	struct leat_pool_cache *cache;
	struct leat_pool *pool;
	struct leat_pkt *pkt;
	struct leat_mem m;
	unsigned int most, n = 0;

	(void)state;
	assert_int_equal(leat_dma_map(ctx, buf, 256 * KIB, 0, &m), 0);
	cfg.mem = &m;
	assert_int_equal(leat_pool_create(ctx, &cfg, &pool), 0);
	most = leat_pool_count(pool);
	assert_in_range(most, 100, 256 * KIB / 2048);
	assert_int_equal(leat_pool_cache_create(pool, 16, &cache), 0);
	while (leat_pkt_alloc(cache, &pkt, 1)) {
		n++;
		assert_true((char *)pkt->buf >= buf &&
			    (char *)pkt->buf + pkt->cap <= buf + 256 * KIB);
		assert_int_equal(pkt->iova - m.iova, (char *)pkt->buf - buf);
		memset(pkt->buf, (int)n, pkt->cap);
	}
	assert_int_equal(n, most);
	leat_pool_destroy(pool);

	cfg.count = 10;
	assert_int_equal(leat_pool_create(ctx, &cfg, &pool), 0);
	assert_int_equal(leat_pool_count(pool), 10);
	leat_pool_destroy(pool);
	cfg.count = most + 1;
	assert_int_equal(leat_pool_create(ctx, &cfg, &pool), -EINVAL);
	assert_non_null(strstr(leat_ctx_error(ctx), "room for"));
	cfg.count = 0;
	cfg.buf_size = 60000;
	m.len = 4096;			/* part of it */
	assert_int_equal(leat_pool_create(ctx, &cfg, &pool), -EINVAL);
	buf[0] = 1;			/* a pool frees what is its own */
	leat_ctx_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_device_sees_it),
		cmocka_unit_test(read_only_is_told),
		cmocka_unit_test(addresses_end_alike),
		cmocka_unit_test(tight_ranges_do_without_superpages),
		cmocka_unit_test(refuses_what_cannot_be_mapped),
		cmocka_unit_test(a_failed_map_is_undone),
		cmocka_unit_test(every_shortage_is_undone),
		cmocka_unit_test(mapping_often_leaves_nothing),
		cmocka_unit_test(packets_may_lie_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
