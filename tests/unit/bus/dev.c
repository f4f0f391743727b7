// SPDX-License-Identifier: BSD-3-Clause
/*
 * dev.c - addresses that name no device, and windows on registers.
 */
#include "pci/fake.h"

#include <leat/ctx.h>

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

static struct leat_ctx *ctx;

static int open_ctx(void **state)
{
	(void)state;
	return leat_ctx_open(NULL, &ctx);
}

static int close_ctx(void **state)
{
	(void)state;
	leat_ctx_close(ctx);
	return 0;
}

static void refuse(const char *addr, const char *why)
{
	struct leat_dev *dev = NULL;

	assert_int_equal(leat_dev_open(ctx, addr, &dev), -EINVAL);
	assert_null(dev);
	assert_ptr_equal(strstr(leat_ctx_error(ctx), addr), leat_ctx_error(ctx));
	assert_non_null(strstr(leat_ctx_error(ctx), why));
}

/* The machine's functions: one on node 3, one on a machine without nodes, no other. */
int __wrap_leat_sysfs_number(const char *bdf, const char *name, long long *out);

int __wrap_leat_sysfs_number(const char *bdf, const char *name, long long *out)
{
	assert_string_equal(name, "numa_node");
	*out = !strcmp(bdf, "0000:01:00.0") ? 3 : -1;
	return !strcmp(bdf, "0000:09:00.0") ? -ENOENT : 0;
}

static void addresses_have_a_node(void **state)
{
	static const struct {
		const char *addr;
		int	node;
	} cases[] = {
		{ "0000:01:00.0", 3 }, { "01:00.0", 3 }, { "group:0000:01:00.0", 3 },
		{ "iommufd:01:00.0", 3 }, { "noiommu:0000:01:00.0,domain=x", 3 },
		{ "01:00.0,token=7a1b", 3 }, { "0000:02:00.0", -1 }, { "0000:09:00.0", -1 },
		{ "vfio-user:01:00.0", -1 }, { "sim:virtio-net", -1 }, { "", -1 }, { "group:", -1 },
		{ "0000:01:00.00000000000000000000", -1 },
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(cases); i++)
		assert_int_equal(leat_addr_node(cases[i].addr), cases[i].node);
}

static void addresses_that_name_nothing(void **state)
{
	(void)state;
	refuse("x", "x: no such kind of device; known: 0000:01:00.0 (PCI), vfio-user:PATH, "
	       "vhost-user:PATH, sim:MODEL, null:, ring:NAME, tap:INTERFACE, "
	       "group:0000:01:00.0, iommufd:0000:01:00.0, noiommu:0000:01:00.0");
	refuse("", "no such kind of device");
	refuse("vfio-user", "no such kind of device");
	refuse("vfio-use:/run/x", "no such kind of device");
	refuse("vfio-users:/run/x", "no such kind of device");
	refuse("0000:01:00.8", "no such kind of device");
	refuse("pci:0000:01:00.0", "no such kind of device");
	refuse("group:", "nothing behind the colon; give group:0000:01:00.0");
	refuse("iommufd:eth0", "\"eth0\" is not the address of a PCI device; they look like "
	       "0000:01:00.0");
	refuse("vfio-user:", "nothing behind the colon; give vfio-user:PATH");
}

/* No PCI devices: no regions, nothing to reset, an address that the driver reads. */
static void software_devices(void **state)
{
	struct leat_dev *dev = NULL;

	(void)state;
	refuse("tap:", "nothing behind the colon; give tap:INTERFACE");
	refuse("ring:", "nothing behind the colon; give ring:NAME");
	assert_int_equal(leat_dev_open(ctx, "ring:a:b", &dev), 0);
	assert_string_equal(dev->ops->scheme, "ring");
	assert_string_equal(leat_dev_rest(dev), "a:b");
	assert_null(leat_dev_region(dev, LEAT_REGION_CONFIG));
	assert_null(dev->as);
	assert_int_equal(leat_dev_reset(dev), -ENOTSUP);
	assert_string_equal(leat_ctx_error(ctx), "ring:a:b: reset: devices of this kind cannot");
	leat_dev_close(dev);
	assert_int_equal(leat_dev_open(ctx, "null:", &dev), 0);
	assert_string_equal(leat_dev_rest(dev), "");
	leat_dev_forget(dev);
}

static void closing_nothing(void **state)
{
	(void)state;
	leat_dev_close(NULL);
}

static void windows_lie_in_their_region(void **state)
{
	struct leat_mmio win;
	struct fake_pci f;

	(void)state;
	fake_init(&f, ctx);
	fake_bar(&f, 2, FAKE_BAR_LEN, 0);
	assert_int_equal(leat_mmio_map(&f.dev, 2, 0, FAKE_BAR_LEN, &win), 0);
	assert_int_equal(leat_mmio_map(&f.dev, 2, FAKE_BAR_LEN - 4, 4, &win), 0);
	leat_mmio_unmap(&win);
	assert_int_equal(leat_mmio_map(&f.dev, 2, FAKE_BAR_LEN - 4, 8, &win), -EINVAL);
	assert_string_equal(leat_ctx_error(ctx),
			    "fake:0: region 2 has 4096 bytes, no window of 8 at 0xffc");
	assert_int_equal(leat_mmio_map(&f.dev, 2, FAKE_BAR_LEN + 8, 8, &win), -EINVAL);
	assert_int_equal(leat_mmio_map(&f.dev, 2, UINT64_MAX - 7, 16, &win), -EINVAL);
	assert_int_equal(leat_mmio_map(&f.dev, 2, 0, SIZE_MAX, &win), -EINVAL);
	assert_int_equal(leat_mmio_map(&f.dev, 2, 0, 0, &win), -EINVAL);
	assert_int_equal(leat_mmio_map(&f.dev, 1, 0, 4, &win), -EINVAL);
	assert_int_equal(leat_mmio_map(&f.dev, LEAT_REGIONS, 0, 4, &win), -EINVAL);
}

static void regions_of_the_devices_own(void **state)
{
	static const struct leat_region own[] = {
		{ .size = 0 }, { .size = 64, .type = 0x80008086, .subtype = 1 },
		{ .size = 128, .type = 0x80008086, .subtype = 2 },
	};
	unsigned int index = 77;
	struct leat_mmio win;
	struct fake_pci f;

	(void)state;
	fake_init(&f, ctx);
	fake_bar(&f, 2, FAKE_BAR_LEN, 0);
	f.dev.more = own;
	f.dev.nmore = 3;
	assert_ptr_equal(leat_dev_region(&f.dev, 2), &f.dev.region[2]);
	assert_null(leat_dev_region(&f.dev, 1));
	assert_null(leat_dev_region(&f.dev, LEAT_REGIONS));
	assert_ptr_equal(leat_dev_region(&f.dev, LEAT_REGIONS + 2), &own[2]);
	assert_null(leat_dev_region(&f.dev, LEAT_REGIONS + 3));
	assert_null(leat_dev_region(&f.dev, UINT_MAX));

	assert_int_equal(leat_dev_find_region(&f.dev, 0x80008086, 3, &index), -ENOENT);
	assert_int_equal(leat_dev_find_region(&f.dev, 0, 0, &index), -ENOENT);
	assert_int_equal(index, 77);
	assert_int_equal(leat_dev_find_region(&f.dev, 0x80008086, 2, &index), 0);
	assert_int_equal(index, LEAT_REGIONS + 2);

	assert_int_equal(leat_mmio_map(&f.dev, index, 120, 8, &win), 0);
	leat_mmio_unmap(&win);
	assert_int_equal(leat_mmio_map(&f.dev, index, 128, 8, &win), -EINVAL);
}

static void trapped_accesses(void **state)
{
	struct leat_mmio win;
	struct fake_pci f;

	(void)state;
	fake_init(&f, ctx);
	fake_bar(&f, 2, FAKE_BAR_LEN, 0);
	assert_int_equal(leat_mmio_map(&f.dev, 2, 0x100, 0x10, &win), 0);
	assert_null(win.base);
	leat_mmio_write32(&win, 4, 0x11223344);
	assert_int_equal(f.bar[0x104], 0x44);
	leat_mmio_write8(&win, 7, 0x55);
	leat_mmio_write16(&win, 8, 0x6677);
	assert_int_equal(leat_mmio_read8(&win, 7), 0x55);
	assert_int_equal(leat_mmio_read16(&win, 4), 0x3344);
	assert_int_equal(leat_mmio_read32(&win, 4), 0x55223344);
	assert_true(leat_mmio_read64(&win, 4) == UINT64_C(0x0000667755223344));

	/* Beyond the window is nothing, though the region goes on. */
	memset(f.bar + 0x110, 0, 8);
	assert_int_equal(leat_mmio_read32(&win, 0x10), UINT32_MAX);
	assert_int_equal(leat_mmio_read32(&win, 0x0e), UINT32_MAX);
	assert_true(leat_mmio_read64(&win, UINT32_MAX) == UINT64_MAX);
	leat_mmio_write32(&win, 0x0e, 0);
	assert_int_equal(f.bar[0x10e], 0);
	leat_mmio_write32(&win, 0x10, UINT32_MAX);
	assert_int_equal(f.bar[0x110], 0);

	f.dev.dead = true;
	assert_int_equal(leat_mmio_read16(&win, 0), UINT16_MAX);
	leat_mmio_write32(&win, 0, 1);
	assert_int_equal(f.bar[0x100], 0);
}

static void done_after_three(struct leat_dev *dev)
{
	struct fake_pci *f = LEAT_CONTAINER_OF(dev, struct fake_pci, dev);

	if (++f->steps == 3)
		f->bar[0] = 0x80;
}

static void waiting_for_a_register(void **state)
{
	struct leat_mmio win;
	struct fake_pci f;

	(void)state;
	fake_init(&f, ctx);
	fake_bar(&f, 2, FAKE_BAR_LEN, 0);
	assert_int_equal(leat_mmio_map(&f.dev, 2, 0, 16, &win), 0);
	assert_int_equal(leat_mmio_wait32(&win, 0, 0x80, 0, 0), 0);
	assert_int_equal(leat_mmio_wait32(&win, 0, 0x80, 0x80, 0), -ETIMEDOUT);
	assert_int_equal(leat_mmio_wait32(&win, 0, 0x80, 0x80, 200), -ETIMEDOUT);

	/* A device that runs only when stepped is stepped meanwhile. */
	f.dev.step = done_after_three;
	f.steps = 0;
	assert_int_equal(leat_mmio_wait32(&win, 0, 0x80, 0x80, 10000000), 0);
	assert_int_equal(f.steps, 3);

	f.dev.dead = true;
	assert_int_equal(leat_mmio_wait32(&win, 0, 0x80, 0x80, 10000000), -ENODEV);
}

static void covering_and_faults(void **state)
{
	size_t page = 4096;
	struct leat_mmio win = { .map_len = 2 * page };
	struct fake_pci f;
	uint8_t *mem;

	(void)state;
	fake_init(&f, ctx);
	mem = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(mem, MAP_FAILED);
	win.map = mem;
	f.dev.windows = &win;
	assert_false(leat_dev_sigbus(&f.dev, mem - 1));
	assert_false(leat_dev_sigbus(&f.dev, mem + 2 * page));
	assert_int_equal(mem[0], 0);

	assert_true(leat_dev_sigbus(&f.dev, mem + 2 * page - 1));
	for (size_t i = 0; i < 2 * page; i++)
		assert_int_equal(mem[i], 0xff);
	assert_int_equal(mem[2 * page], 0);
	munmap(mem, 3 * page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_a_node),
		cmocka_unit_test(addresses_that_name_nothing),
		cmocka_unit_test(software_devices),
		cmocka_unit_test(closing_nothing),
		cmocka_unit_test(windows_lie_in_their_region),
		cmocka_unit_test(regions_of_the_devices_own),
		cmocka_unit_test(trapped_accesses),
		cmocka_unit_test(waiting_for_a_register),
		cmocka_unit_test(covering_and_faults),
	};

	return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
