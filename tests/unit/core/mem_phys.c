// SPDX-License-Identifier: BSD-3-Clause
/*
 * Physical addresses. The huge pages are ordinary memory here, and the kernel's
 * answers (/proc/self/pagemap) are made up: real ones are for administrators, in
 * tests/e2e/hugepages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <leat/bits.h>
#include <leat/ctx.h>
#include <leat/driver/aspace.h>
#include <leat/driver/core.h>
#include <leat/mem.h>
#include <leat/pool.h>

#include "core/mem/huge.h"
#include "core/mem/phys.h"

#define MIB  ((size_t)1 << 20)
#define UNIT LEAT_PHYS_UNIT
#define PAGES_MAX 64

/* ---- the kernel ---- */

static struct {
	const unsigned int *units;	/* where each page asked about lies, in 2 MiB; in order */
	unsigned int	n;
	uintptr_t	va[PAGES_MAX];	/* asked about so far */
	unsigned int	asked;
	uint64_t	entry_or;	/* instead of "present" */
	bool		no_frames;	/* as for processes without CAP_SYS_ADMIN */
	bool		no_pages;	/* no huge page is free */
	int		err;		/* of pread */
	unsigned int fail_alloc;	/* the how-manieth calloc() from now fails; 0: none */
} kernel;

unsigned int __wrap_leat_huge_sizes(size_t sizes[LEAT_HUGE_SIZES_MAX]);
int __wrap_leat_huge_open(enum leat_huge_source source, size_t page_size, size_t len);
int __real_leat_huge_open(enum leat_huge_source source, size_t page_size, size_t len);
ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t off);

unsigned int __wrap_leat_huge_sizes(size_t sizes[LEAT_HUGE_SIZES_MAX])
{
	sizes[0] = UNIT;
	sizes[1] = 65536;	/* as arm64 has; too small for us */
	return 2;
}

int __wrap_leat_huge_open(enum leat_huge_source source, size_t page_size, size_t len)
{
	if (kernel.no_pages || page_size != UNIT || source != LEAT_HUGE_MEMFD)
		return -ENOMEM;
	return __real_leat_huge_open(LEAT_HUGE_NONE, leat_page_size(), len);
}

void *__wrap_calloc(size_t n, size_t size);
void *__real_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	return kernel.fail_alloc && !--kernel.fail_alloc ? NULL : __real_calloc(n, size);
}

static unsigned int unit_of(uintptr_t va)
{
	unsigned int i = 0;

	while (i < kernel.asked && kernel.va[i] != va)
		i++;
	assert_in_range(i, 0, PAGES_MAX - 1);
	if (i == kernel.asked)
		kernel.va[kernel.asked++] = va;
	return i < kernel.n ? kernel.units[i] : 1000 + 2 * i;	/* others: each by itself */
}

ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t off)
{
	uintptr_t va = (uintptr_t)off / sizeof(uint64_t) * leat_page_size();
	uint64_t entry;

	assert_true(fd >= 0);
	assert_int_equal(len, sizeof(entry));
	assert_int_equal(off % (off_t)sizeof(entry), 0);
	assert_int_equal(va % UNIT, 0);
	if (kernel.err) {
		errno = kernel.err;
		return -1;
	}
	entry = kernel.no_frames ? 0 : unit_of(va) * UNIT / leat_page_size();
	entry |= kernel.entry_or ? kernel.entry_or : LEAT_BIT64(63) | LEAT_BIT64(61) | LEAT_BIT64(55);
	memcpy(buf, &entry, sizeof(entry));
	return (ssize_t)len;
}

#define KERNEL(...) do {						\
	static const unsigned int units_[] = { __VA_ARGS__ };		\
									\
	memset(&kernel, 0, sizeof(kernel));				\
	kernel.units = units_;						\
	kernel.n = LEAT_ARRAY_LEN(units_);				\
} while (0)

/* ---- an address space ---- */

struct fake {
	struct leat_aspace as;
	struct leat_seg	seen[PAGES_MAX];
	unsigned int	n;
	unsigned int	fail_at;
};

static int fake_map(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct fake *f = LEAT_CONTAINER_OF(as, struct fake, as);

	if (f->fail_at && !--f->fail_at)
		return -EIO;
	assert_in_range(f->n, 0, PAGES_MAX - 1);
	f->seen[f->n++] = *seg;
	return 0;
}

static void fake_unmap(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct fake *f = LEAT_CONTAINER_OF(as, struct fake, as);
	unsigned int i = 0;

	while (i < f->n && (f->seen[i].iova != seg->iova || f->seen[i].len != seg->len))
		i++;
	assert_true(i < f->n);
	f->seen[i] = f->seen[--f->n];
}

static const struct leat_aspace_ops fake_ops = { .dma_map = fake_map, .dma_unmap = fake_unmap };

#define FAKE(...) { .as = { .ops = &fake_ops, __VA_ARGS__ } }

/* Where a space that translates thinks that the byte at @iova lies; NULL: nowhere. */
static char *translate(const struct fake *f, leat_iova_t iova)
{
	for (unsigned int i = 0; i < f->n; i++)
		if (iova >= f->seen[i].iova && iova - f->seen[i].iova < f->seen[i].len)
			return (char *)f->seen[i].va + (iova - f->seen[i].iova);
	return NULL;
}

static struct leat_ctx *open_ctx(size_t mem_size)
{
	struct leat_ctx_config cfg = { .iova = LEAT_IOVA_PHYS, .mem_size = mem_size };
	struct leat_ctx *ctx = NULL;

	if (leat_ctx_open(&cfg, &ctx))
		fail_msg("%s", cfg.error);
	return ctx;
}

/* ---- tests ---- */

static void neighbours_are_one_part(void **state)
{
	struct fake f = FAKE(.name = "noiommu:0000:01:00.0", .phys = true);
	struct leat_ctx *ctx;

	(void)state;
	KERNEL(7, 8, 9, 3, 2, 40);
	ctx = open_ctx(6 * UNIT);
	assert_int_equal(leat_aspace_attach(ctx, &f.as), 0);
	assert_int_equal(f.n, 4);
	for (unsigned int i = 0; i < 4; i++) {
		static const unsigned int at[] = { 0, 3, 4, 5 }, unit[] = { 7, 3, 2, 40 };
		const struct leat_seg *s = &f.seen[i];

		assert_int_equal(s->iova, unit[i] * UNIT);
		assert_int_equal(s->len, i ? UNIT : 3 * UNIT);
		assert_ptr_equal(s->va, (char *)f.seen[0].va + at[i] * UNIT);
		assert_int_equal(s->fd, f.seen[0].fd);
		assert_int_equal(s->fd_off, at[i] * UNIT);
		assert_int_equal(s->page_size, UNIT);
		assert_false(s->read_only);
	}
	leat_ctx_close(ctx);
	assert_int_equal(f.n, 0);
}

static void runs_lie_in_one_part(void **state)
{
	struct fake f = FAKE(.name = "noiommu:a", .phys = true);
	struct leat_mem m[8], ring;
	struct leat_ctx *ctx;

	(void)state;
	KERNEL(9, 8, 7, 6);		/* descending, as the kernel often hands them out */
	ctx = open_ctx(4 * UNIT);
	assert_int_equal(leat_aspace_attach(ctx, &f.as), 0);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(leat_mem_alloc(ctx, MIB + 64, 64, &m[i]), 0);
		assert_int_equal(m[i].iova, (9 - i) * UNIT);
		assert_int_equal(leat_mem_iova(&m[i], MIB + 63), m[i].iova + MIB + 63);
		assert_ptr_equal(translate(&f, m[i].iova), m[i].va);
		assert_ptr_equal(translate(&f, m[i].iova + MIB + 63), (char *)m[i].va + MIB + 63);
	}
	/* What is left between them is used, too. */
	assert_int_equal(leat_mem_alloc(ctx, MIB - 64, 64, &m[4]), 0);
	assert_int_equal(m[4].iova, 9 * UNIT + MIB + 64);

	/* A port's rings in a segment of their own. */
	assert_int_equal(leat_aspace_alloc(&f.as, 65536, 4096, &ring), 0);
	assert_ptr_equal(translate(&f, ring.iova), ring.va);
	assert_ptr_equal(translate(&f, ring.iova + 65535), (char *)ring.va + 65535);
	assert_int_equal(ring.iova % 4096, 0);
	leat_ctx_close(ctx);
}

static void both_addresses_are_aligned(void **state)
{
	struct leat_mem m;
	struct leat_ctx *ctx;

	(void)state;
	/* A multiple of 8 MiB for the CPU is one for the device in the last part only. */
	KERNEL(5, 6, 7, 8, 1, 2, 3, 4, 12, 13, 14, 15);
	ctx = open_ctx(0);
	assert_int_equal(leat_mem_alloc(ctx, 8 * UNIT, 4 * UNIT, &m), -ENOMEM);
	KERNEL(5, 6, 7, 8, 1, 2, 3, 12, 13, 14, 15, 16, 17, 18, 19, 20);
	assert_int_equal(leat_mem_alloc(ctx, 64, 8 * UNIT, &m), -ENOMEM);
	KERNEL(5, 6, 7, 8, 12, 13, 14, 15);
	assert_int_equal(leat_mem_alloc(ctx, 64, 4 * UNIT, &m), 0);
	assert_int_equal(m.iova, 12 * UNIT);
	assert_int_equal((uintptr_t)m.va % (4 * UNIT), 0);
	leat_ctx_close(ctx);
}

static void says_so_when_pages_are_scattered(void **state)
{
	struct leat_mem_info info;
	struct leat_mem m;
	struct leat_ctx *ctx;

	(void)state;
	KERNEL(9, 7, 5, 3);
	ctx = open_ctx(0);
	assert_int_equal(leat_mem_alloc(ctx, UNIT + 64, 64, &m), -ENOMEM);
	assert_non_null(strstr(leat_ctx_error(ctx), "in one piece"));
	assert_non_null(strstr(leat_ctx_error(ctx), "hugepagesz=1G"));
	leat_mem_info(ctx, &info);
	assert_int_equal(info.segs, 0);
	leat_ctx_close(ctx);
}

static void no_packet_straddles(void **state)
{
	static const unsigned int sizes[] = { 2048, 64, 9000, 65535 - LEAT_PKT_HEADROOM };
	struct fake f = FAKE(.name = "noiommu:a", .phys = true);

	(void)state;
	for (unsigned int s = 0; s < LEAT_ARRAY_LEN(sizes); s++) {
		const struct leat_pool_config cfg = { .count = s == 3 ? 100 : 3000, .buf_size = sizes[s] };
		struct leat_pool_cache *cache;
		struct leat_pool *pool;
		struct leat_pkt *pkts[100];
		struct leat_ctx *ctx;
		unsigned int n = 0;

		KERNEL(20, 18, 19, 17, 16, 15, 13, 11, 12, 9);
		ctx = open_ctx(0);
		assert_int_equal(leat_aspace_attach(ctx, &f.as), 0);
		assert_int_equal(leat_pool_create(ctx, &cfg, &pool), 0);
		assert_int_equal(leat_pool_cache_create(pool, 100, &cache), 0);
		while (leat_pkt_alloc(cache, pkts, 100)) {
			for (unsigned int i = 0; i < 100; i++, n++) {
				const struct leat_pkt *p = pkts[i];

				assert_ptr_equal(translate(&f, p->iova), p->buf);
				assert_ptr_equal(translate(&f, p->iova + p->cap - 1u),
						 (char *)p->buf + p->cap - 1);
			}
		}
		assert_int_equal(n, cfg.count);
		leat_ctx_close(ctx);
	}
}

static void set_aside_memory_serves_pools(void **state)
{
	struct leat_mem_info info;
	struct leat_pool *pool;
	struct leat_ctx *ctx;

	(void)state;
	KERNEL(9, 7, 5, 3, 30, 28, 26, 24, 22, 20, 18);
	ctx = open_ctx(20 * MIB);
	assert_int_equal(leat_pool_create(ctx, NULL, &pool), 0);
	leat_mem_info(ctx, &info);
	assert_int_equal(info.segs, 1);
	assert_int_equal(info.len, 20 * MIB);
	leat_ctx_close(ctx);
}

static void translating_spaces_see_the_same(void **state)
{
	struct fake user = FAKE(.name = "vfio-user:/s", .page_size = 4096);
	struct leat_mem m;
	struct leat_ctx *ctx;

	(void)state;
	KERNEL(6, 4);
	ctx = open_ctx(2 * UNIT);
	assert_int_equal(leat_aspace_attach(ctx, &user.as), 0);
	assert_int_equal(user.n, 2);
	assert_int_equal(leat_mem_alloc(ctx, 4096, 64, &m), 0);
	assert_int_equal(m.iova, 6 * UNIT);
	assert_ptr_equal(translate(&user, m.iova), m.va);
	leat_ctx_close(ctx);
}

static void a_chosen_context_refuses_physical_devices(void **state)
{
	struct fake f = FAKE(.name = "noiommu:0000:01:00.0", .phys = true);
	struct leat_ctx *ctx;

	(void)state;
	assert_int_equal(leat_ctx_open(NULL, &ctx), 0);
	assert_int_equal(leat_aspace_attach(ctx, &f.as), -EINVAL);
	assert_non_null(strstr(leat_ctx_error(ctx), "noiommu:0000:01:00.0"));
	assert_non_null(strstr(leat_ctx_error(ctx), "LEAT_IOVA_PHYS"));
	leat_aspace_detach(&f.as);
	leat_ctx_close(ctx);
}

static void who_cannot_reach_is_refused(void **state)
{
	static const struct leat_iova_range low[] = { { 0, 8 * UNIT - 1 } };
	struct fake narrow = FAKE(.name = "narrow", .phys = true, .dma_bits = 24);
	struct fake range = FAKE(.name = "range", .ranges = low, .nranges = 1);
	struct leat_mem_info info;
	struct leat_mem m;
	struct leat_ctx *ctx;

	(void)state;
	KERNEL(2, 9);
	ctx = open_ctx(2 * UNIT);
	assert_int_equal(leat_aspace_attach(ctx, &narrow.as), -ENOSPC);
	assert_non_null(strstr(leat_ctx_error(ctx), "24 address bits"));
	assert_non_null(strstr(leat_ctx_error(ctx), "physical addresses 0x1200000-0x13fffff"));
	assert_int_equal(leat_aspace_attach(ctx, &range.as), -ENOSPC);
	assert_int_equal(narrow.n + range.n, 0);
	leat_ctx_close(ctx);

	/* The same for memory that comes later. */
	KERNEL(2, 9);
	ctx = open_ctx(0);
	assert_int_equal(leat_aspace_attach(ctx, &range.as), 0);
	assert_int_equal(leat_mem_alloc(ctx, 64, 64, &m), -ENOSPC);
	assert_non_null(strstr(leat_ctx_error(ctx), "IOMMU"));
	assert_int_equal(leat_aspace_alloc(&range.as, 64, 64, &m), -ENOSPC);
	leat_mem_info(ctx, &info);
	assert_int_equal(info.segs, 0);
	leat_ctx_close(ctx);
}

static void a_failed_part_is_undone(void **state)
{
	struct fake f[2] = { FAKE(.name = "a"), FAKE(.name = "b") };
	struct leat_ctx *ctx;
	struct leat_mem m;

	(void)state;
	KERNEL(9, 7, 5, 3, 31, 29, 27, 25, 23, 21, 19, 17, 15);
	ctx = open_ctx(3 * UNIT);
	for (unsigned int k = 1; k <= 3; k++) {
		f[0].fail_at = k;
		assert_int_equal(leat_aspace_attach(ctx, &f[0].as), -EIO);
		assert_int_equal(f[0].n, 0);
	}
	assert_int_equal(leat_aspace_attach(ctx, &f[0].as), 0);
	assert_int_equal(leat_aspace_attach(ctx, &f[1].as), 0);
	for (unsigned int k = 1; k <= 16; k++) {
		struct fake *at = &f[(k - 1) / 8];

		KERNEL(31, 29, 27, 25, 23, 21, 19, 17);
		at->fail_at = 1 + (k - 1) % 8;
		assert_int_equal(leat_pool_create(ctx, NULL, &(struct leat_pool *){ NULL }), -EIO);
		at->fail_at = 0;
		assert_int_equal(f[0].n, 3);
		assert_int_equal(f[1].n, 3);
	}
	KERNEL(31, 29);
	f[1].fail_at = 1;
	assert_int_equal(leat_aspace_alloc(&f[1].as, 64, 64, &m), -EIO);
	assert_int_equal(f[1].n, 3);
	leat_ctx_close(ctx);
	assert_int_equal(f[0].n + f[1].n, 0);
}

static void every_shortage_is_undone(void **state)
{
	struct fake f = FAKE(.name = "a", .phys = true);
	struct leat_mem_info info;
	struct leat_ctx *ctx;
	struct leat_mem m;
	unsigned int k = 0, failed = 0;
	bool spent;

	(void)state;
	KERNEL(1);
	ctx = open_ctx(0);
	assert_int_equal(leat_aspace_attach(ctx, &f.as), 0);
	do {
		int err;

		KERNEL(9, 7, 5, 3, 31, 29, 27, 25);
		kernel.fail_alloc = ++k;
		err = leat_mem_alloc(ctx, MIB, MIB, &m);
		spent = !kernel.fail_alloc;
		kernel.fail_alloc = 0;
		assert_true(!err || (spent && err == -ENOMEM));	/* less may do instead */
		failed += err != 0;
		if (!err)
			leat_mem_free(ctx, &m);
		assert_int_equal(f.n, 0);
		leat_mem_info(ctx, &info);
		assert_int_equal(info.segs, 0);
	} while (spent);
	assert_true(failed > 2);
	leat_ctx_close(ctx);
}

static void says_who_may_know_physical_addresses(void **state)
{
	struct leat_ctx_config cfg = { .iova = LEAT_IOVA_PHYS, .mem_size = UNIT };
	static const struct {
		int	err, expect;
		uint64_t entry_or;
		const char *says;
	} cases[] = {
		{ EPERM, -EPERM, 0, "CAP_SYS_ADMIN" },
		{ EIO, -EIO, 0, "pagemap" },
		{ 0, -EFAULT, LEAT_BIT64(62), "pagemap" },	/* swapped */
		{ 0, -EPERM, 0, "run it as root" },		/* frames hidden */
	};
	struct leat_ctx *ctx = NULL;

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(cases); i++) {
		KERNEL(1);
		kernel.err = cases[i].err;
		kernel.entry_or = cases[i].entry_or;
		kernel.no_frames = i == 3;
		assert_int_equal(leat_ctx_open(&cfg, &ctx), cases[i].expect);
		assert_null(ctx);
		assert_non_null(strstr(cfg.error, cases[i].says));
	}
}

static void wants_huge_pages(void **state)
{
	struct leat_ctx_config small = { .iova = LEAT_IOVA_PHYS, .page_size = 4096 };
	struct leat_ctx_config none = { .iova = LEAT_IOVA_PHYS, .mem_size = UNIT };
	struct leat_ctx_config odd = { .iova = (enum leat_iova_mode)7 };
	struct leat_ctx *ctx = NULL;

	(void)state;
	KERNEL(1);
	assert_int_equal(leat_ctx_open(&small, &ctx), -EINVAL);
	assert_non_null(strstr(small.error, "vm.nr_hugepages"));
	assert_int_equal(leat_ctx_open(&odd, &ctx), -EINVAL);
	kernel.no_pages = true;
	assert_int_equal(leat_ctx_open(&none, &ctx), -ENOMEM);
	assert_non_null(strstr(none.error, "2 MiB asked for in huge pages"));
	assert_null(ctx);
}

static void own_buffers_have_no_lasting_address(void **state)
{
	static _Alignas(4096) char page[4096];
	struct leat_ctx *ctx;
	struct leat_mem m;

	(void)state;
	KERNEL(1);
	ctx = open_ctx(0);
	assert_int_equal(leat_dma_map(ctx, page, sizeof(page), 0, &m), -ENOTSUP);
	assert_non_null(strstr(leat_ctx_error(ctx), "leat_mem_alloc()"));
	leat_ctx_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_are_one_part),
		cmocka_unit_test(runs_lie_in_one_part),
		cmocka_unit_test(both_addresses_are_aligned),
		cmocka_unit_test(says_so_when_pages_are_scattered),
		cmocka_unit_test(no_packet_straddles),
		cmocka_unit_test(set_aside_memory_serves_pools),
		cmocka_unit_test(translating_spaces_see_the_same),
		cmocka_unit_test(a_chosen_context_refuses_physical_devices),
		cmocka_unit_test(who_cannot_reach_is_refused),
		cmocka_unit_test(a_failed_part_is_undone),
		cmocka_unit_test(every_shortage_is_undone),
		cmocka_unit_test(says_who_may_know_physical_addresses),
		cmocka_unit_test(wants_huge_pages),
		cmocka_unit_test(own_buffers_have_no_lasting_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
