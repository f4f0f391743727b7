// SPDX-License-Identifier: BSD-3-Clause
/*
 * Address spaces: who sees which segment where, and that a failure anywhere
 * leaves everything as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <leat/ctx.h>
#include <leat/driver/aspace.h>
#include <leat/driver/core.h>
#include <leat/mem.h>

#define MIB ((size_t)1 << 20)

#define SEEN_MAX 16

/* A backend that remembers what is mapped, and fails on demand. */
struct fake {
	struct leat_aspace as;
	struct leat_seg	seen[SEEN_MAX];
	unsigned int	n;
	unsigned int	fail_at;	/* the how-manieth map from now fails; 0: none */
};

static struct fake *fake_of(struct leat_aspace *as)
{
	return LEAT_CONTAINER_OF(as, struct fake, as);
}

static int fake_map(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct fake *f = fake_of(as);

	if (f->fail_at && !--f->fail_at)
		return -EIO;
	assert_in_range(f->n, 0, SEEN_MAX - 1);
	for (unsigned int i = 0; i < f->n; i++)
		assert_true(seg->iova + seg->len <= f->seen[i].iova ||
			    f->seen[i].iova + f->seen[i].len <= seg->iova);
	f->seen[f->n++] = *seg;
	return 0;
}

static void fake_unmap(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct fake *f = fake_of(as);
	unsigned int i = 0;

	while (i < f->n && f->seen[i].iova != seg->iova)
		i++;
	assert_true(i < f->n);	/* only what was mapped */
	f->seen[i] = f->seen[--f->n];
}

static const struct leat_aspace_ops fake_ops = { .dma_map = fake_map, .dma_unmap = fake_unmap };

#define FAKE(...) { .as = { .ops = &fake_ops, __VA_ARGS__ } }

static struct leat_ctx *open_ctx(size_t mem_size)
{
	struct leat_ctx_config cfg = { .page_size = 4096, .mem_size = mem_size };
	struct leat_ctx *ctx;

	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	return ctx;
}

static bool sees(const struct fake *f, const struct leat_mem *m)
{
	for (unsigned int i = 0; i < f->n; i++) {
		const struct leat_seg *s = &f->seen[i];

		if (m->iova >= s->iova && m->iova + m->len <= s->iova + s->len)
			return (char *)m->va - (char *)s->va == (ptrdiff_t)(m->iova - s->iova);
	}
	return false;
}

static void shared_segments_are_replayed(void **state)
{
	struct leat_ctx *ctx = open_ctx(4 * MIB);
	struct fake a = FAKE(.name = "a"), b = FAKE(.name = "b");
	struct leat_mem m;

	(void)state;
	assert_int_equal(leat_aspace_attach(ctx, &a.as), 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(leat_mem_alloc(ctx, 8 * MIB, 64, &m), 0);
	assert_true(sees(&a, &m));
	assert_int_equal(leat_aspace_attach(ctx, &b.as), 0);
	assert_int_equal(b.n, 2);
	assert_true(sees(&b, &m));
	leat_mem_free(ctx, &m);
	assert_int_equal(a.n, 1);
	assert_int_equal(b.n, 1);
	leat_aspace_detach(&a.as);
	assert_int_equal(a.n, 0);
	leat_aspace_detach(&a.as);	/* attached no more: nothing */
	leat_ctx_close(ctx);
	assert_int_equal(b.n, 0);
}

static void segments_carry_what_backends_need(void **state)
{
	struct leat_ctx *ctx = open_ctx(4 * MIB);
	struct fake a = FAKE(.name = "a", .page_size = 65536);

	(void)state;
	assert_int_equal(leat_aspace_attach(ctx, &a.as), 0);
	assert_true(a.seen[0].fd >= 0);
	assert_int_equal(a.seen[0].fd_off, 0);
	assert_int_equal(a.seen[0].len, 4 * MIB);
	assert_int_equal(a.seen[0].page_size, 4096);
	assert_int_equal(a.seen[0].iova % (2 * MIB), 0);
	assert_int_equal((uintptr_t)a.seen[0].va % (2 * MIB), 0);
	leat_ctx_close(ctx);
}

static void private_memory_is_private(void **state)
{
	struct leat_ctx *ctx = open_ctx(4 * MIB);
	struct fake a = FAKE(.name = "a"), b = FAKE(.name = "b");
	struct leat_mem ring, more, other;
	struct leat_mem_info info;

	(void)state;
	assert_int_equal(leat_aspace_attach(ctx, &a.as), 0);
	assert_int_equal(leat_aspace_attach(ctx, &b.as), 0);
	assert_int_equal(leat_aspace_alloc(&a.as, 4096, 4096, &ring), 0);
	assert_int_equal(leat_aspace_alloc(&a.as, 4096, 4096, &more), 0);
	assert_int_equal(leat_aspace_alloc(&b.as, 4096, 4096, &other), 0);
	assert_int_equal(a.n, 2);	/* both of its runs in one segment */
	assert_int_equal(b.n, 2);
	assert_true(sees(&a, &ring) && sees(&a, &more) && sees(&b, &other));
	assert_false(sees(&b, &ring) || sees(&b, &more) || sees(&a, &other));
	leat_mem_info(ctx, &info);
	assert_int_equal(info.segs, 3);
	assert_int_equal(info.used, 3 * 4096);

	leat_aspace_free(&a.as, &ring);
	leat_aspace_free(&a.as, &ring);	/* all zeros now: nothing */
	assert_int_equal(a.n, 2);
	leat_aspace_free(&a.as, &more);
	assert_int_equal(a.n, 1);
	leat_aspace_detach(&b.as);	/* its rings with it */
	assert_int_equal(b.n, 0);
	leat_mem_info(ctx, &info);
	assert_int_equal(info.segs, 1);
	leat_ctx_close(ctx);
}

static void a_failed_attach_is_undone(void **state)
{
	struct leat_ctx *ctx = open_ctx(MIB);
	struct leat_mem m[2];

	(void)state;
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(leat_mem_alloc(ctx, 10 * MIB, 64, &m[i]), 0);
	for (unsigned int k = 1; k <= 3; k++) {
		struct fake a = FAKE(.name = "a");

		a.fail_at = k;
		assert_int_equal(leat_aspace_attach(ctx, &a.as), -EIO);
		assert_int_equal(a.n, 0);
		assert_int_equal(leat_aspace_attach(ctx, &a.as), 0);
		assert_int_equal(a.n, 3);
		leat_aspace_detach(&a.as);
	}
	leat_ctx_close(ctx);
}

static void a_failed_growth_is_undone(void **state)
{
	struct leat_ctx *ctx = open_ctx(0);
	struct fake f[3] = { FAKE(.name = "a"), FAKE(.name = "b"), FAKE(.name = "c") };
	struct leat_mem_info info;
	struct leat_mem m;

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(leat_aspace_attach(ctx, &f[i].as), 0);
	for (unsigned int i = 0; i < 3; i++) {
		f[i].fail_at = 1;
		assert_int_equal(leat_mem_alloc(ctx, 4096, 64, &m), -EIO);
		assert_int_equal(f[0].n + f[1].n + f[2].n, 0);
		f[i].fail_at = 1;
		assert_int_equal(leat_aspace_alloc(&f[i].as, 4096, 64, &m), -EIO);
		leat_mem_info(ctx, &info);
		assert_int_equal(info.segs, 0);
	}
	assert_int_equal(leat_mem_alloc(ctx, 4096, 64, &m), 0);
	assert_int_equal(m.iova, 2 * MIB);	/* no address was lost either */
	leat_ctx_close(ctx);
}

static void addresses_suit_everybody(void **state)
{
	static const struct leat_iova_range low[] = { { 0, 0x2fffffff } };
	static const struct leat_iova_range high[] = { { 0x20000000, UINT64_MAX } };
	struct leat_ctx *ctx = open_ctx(0);
	struct fake a = FAKE(.name = "a", .ranges = low, .nranges = 1);
	struct fake b = FAKE(.name = "b", .ranges = high, .nranges = 1, .dma_bits = 39);
	struct leat_mem m, own;

	(void)state;
	assert_int_equal(leat_aspace_attach(ctx, &a.as), 0);
	assert_int_equal(leat_aspace_attach(ctx, &b.as), 0);
	assert_int_equal(leat_mem_alloc(ctx, MIB, 64, &m), 0);
	assert_int_equal(m.iova, 0x20000000);
	assert_int_equal(leat_aspace_alloc(&a.as, 4096, 64, &own), 0);
	assert_int_equal(own.iova, 2 * MIB);	/* b need not reach it */
	leat_ctx_close(ctx);
}

static void tight_ranges_do_without_superpages(void **state)
{
	static const struct leat_iova_range tight[] = { { 0x1000, 0x1007fff + 0x1000 } };
	struct leat_ctx *ctx = open_ctx(0);
	struct fake a = FAKE(.name = "a", .ranges = tight, .nranges = 1);
	struct leat_mem m, none;

	(void)state;
	assert_int_equal(leat_aspace_attach(ctx, &a.as), 0);
	assert_int_equal(leat_mem_alloc(ctx, 16 * MIB, 4096, &m), 0);
	assert_int_equal(m.iova, 0x1000);
	assert_int_equal(leat_mem_alloc(ctx, 65536, 64, &none), -ENOSPC);
	assert_non_null(strstr(leat_ctx_error(ctx), "no device addresses"));

	/* Nor with the room that a segment usually has for what may follow. */
	assert_int_equal(leat_mem_alloc(ctx, 4096, 64, &m), 0);
	assert_int_equal(m.iova, 0x1002000);
	leat_ctx_close(ctx);
}

static void a_space_that_cannot_reach_is_refused(void **state)
{
	static const struct leat_iova_range far[] = { { 0x40000000, 0x7fffffff } };
	struct leat_ctx *ctx = open_ctx(4 * MIB);
	struct fake by_range = FAKE(.name = "sim:far", .ranges = far, .nranges = 1);
	struct fake by_width = FAKE(.name = "sim:narrow", .dma_bits = 20);

	(void)state;
	assert_int_equal(leat_aspace_attach(ctx, &by_range.as), -ENOSPC);
	assert_non_null(strstr(leat_ctx_error(ctx), "sim:far"));
	assert_non_null(strstr(leat_ctx_error(ctx), "0x40000000-0x7fffffff"));
	assert_int_equal(leat_aspace_attach(ctx, &by_width.as), -ENOSPC);
	assert_non_null(strstr(leat_ctx_error(ctx), "20 address bits"));
	assert_int_equal(by_range.n + by_width.n, 0);
	leat_aspace_detach(&by_range.as);	/* never attached: nothing */
	leat_ctx_close(ctx);
}

static void a_narrow_device_is_heeded(void **state)
{
	struct fake a = FAKE(.name = "a"), b = FAKE(.name = "b"), fresh = FAKE(.name = "fresh");
	static const struct leat_iova_range high[] = { { 0x40000000, UINT64_MAX } };
	struct leat_ctx *ctx = open_ctx(4 * MIB);
	struct leat_mem m, ring;

	(void)state;
	assert_int_equal(leat_aspace_narrow(&fresh.as, 32), 0);	/* before it is attached */
	assert_int_equal(fresh.as.dma_bits, 32);
	assert_int_equal(leat_aspace_attach(ctx, &a.as), 0);
	assert_int_equal(leat_aspace_narrow(&a.as, 0), 0);
	assert_int_equal(leat_aspace_narrow(&a.as, 64), 0);
	assert_int_equal(a.as.dma_bits, 0);
	assert_int_equal(leat_aspace_narrow(&a.as, 24), 0);
	assert_int_equal(leat_aspace_narrow(&a.as, 32), 0);	/* wider than it is */
	assert_int_equal(a.as.dma_bits, 24);
	assert_int_equal(leat_mem_alloc(ctx, 16 * MIB, 64, &m), -ENOSPC);
	assert_int_equal(leat_mem_alloc(ctx, 6 * MIB, 64, &m), 0);
	assert_true(m.iova + m.len <= MIB << 4);

	/* One that has memory beyond stays as it is: shared memory, or its own. */
	assert_int_equal(leat_aspace_narrow(&a.as, 20), -ENOSPC);
	assert_non_null(strstr(leat_ctx_error(ctx), "20 address bits"));
	assert_int_equal(a.as.dma_bits, 24);
	leat_ctx_close(ctx);

	ctx = open_ctx(0);
	b.as.ranges = high;
	b.as.nranges = 1;
	assert_int_equal(leat_aspace_attach(ctx, &b.as), 0);
	assert_int_equal(leat_aspace_alloc(&b.as, 64, 64, &ring), 0);
	assert_int_equal(leat_aspace_narrow(&b.as, 30), -ENOSPC);
	assert_int_equal(leat_aspace_narrow(&b.as, 31), 0);
	leat_ctx_close(ctx);
}

static void shrunk_ranges_are_checked(void **state)
{
	struct leat_iova_range range = { 0, UINT64_MAX };
	struct fake a = FAKE(.name = "a", .ranges = &range, .nranges = 1);
	struct leat_ctx *ctx = open_ctx(4 * MIB);

	(void)state;
	assert_int_equal(leat_aspace_recheck(&a.as), 0);	/* not attached: nothing to check */
	assert_int_equal(leat_aspace_attach(ctx, &a.as), 0);
	range.last = 0x7fffffff;
	assert_int_equal(leat_aspace_recheck(&a.as), 0);
	range.first = 0x40000000;
	assert_int_equal(leat_aspace_recheck(&a.as), -ENOSPC);
	assert_non_null(strstr(leat_ctx_error(ctx), "0x40000000-0x7fffffff"));
	leat_ctx_close(ctx);
}

static void two_contexts_know_nothing_of_each_other(void **state)
{
	struct leat_ctx *one = open_ctx(MIB), *two = open_ctx(MIB);
	struct fake a = FAKE(.name = "a"), b = FAKE(.name = "b");

	(void)state;
	assert_int_equal(leat_aspace_attach(one, &a.as), 0);
	assert_int_equal(leat_aspace_attach(two, &b.as), 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(b.n, 1);
	assert_int_equal(a.seen[0].iova, b.seen[0].iova);
	assert_int_not_equal(a.seen[0].fd, b.seen[0].fd);
	leat_ctx_close(one);
	assert_int_equal(a.n, 0);
	assert_int_equal(b.n, 1);
	leat_ctx_close(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared_segments_are_replayed),
		cmocka_unit_test(segments_carry_what_backends_need),
		cmocka_unit_test(private_memory_is_private),
		cmocka_unit_test(a_failed_attach_is_undone),
		cmocka_unit_test(a_failed_growth_is_undone),
		cmocka_unit_test(addresses_suit_everybody),
		cmocka_unit_test(tight_ranges_do_without_superpages),
		cmocka_unit_test(a_space_that_cannot_reach_is_refused),
		cmocka_unit_test(a_narrow_device_is_heeded),
		cmocka_unit_test(shrunk_ranges_are_checked),
		cmocka_unit_test(two_contexts_know_nothing_of_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
