// SPDX-License-Identifier: BSD-3-Clause
/*
 * device.c - what a device is made of, its registers by call and mapped, and its reset.
 */
#include "machine_dev.h"

#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define BDF "0000:01:00.0"
#define RW  (LEAT_REGION_READ | LEAT_REGION_WRITE)

/* The memory behind a region. */
static uint8_t *mem(unsigned int region)
{
	return m.dev[0].mem + region * MACHINE_SLOT;
}

/* ---- what it is ---- */

static void the_golden_table(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);

	(void)state;
	assert_int_equal(dev->region[0].size, 4096);
	assert_int_equal(dev->region[0].flags, RW | LEAT_REGION_MMAP);
	assert_int_equal(dev->region[0].mapped, 4096);
	assert_int_equal(dev->region[1].flags, RW | LEAT_REGION_MMAP | LEAT_REGION_MSIX_MAPPABLE);
	assert_int_equal(dev->region[1].mapped, 0);
	assert_int_equal(dev->region[2].size, 32);
	assert_int_equal(dev->region[2].flags, RW);
	assert_int_equal(dev->region[2].mapped, 0);
	assert_int_equal(dev->region[3].size, 0);
	assert_int_equal(dev->region[4].flags, RW | LEAT_REGION_MMAP);
	assert_int_equal(dev->region[LEAT_REGION_CONFIG].size, 4096);
	assert_int_equal(dev->region[LEAT_REGION_VGA].size, 0);
	assert_int_equal(dev->nmore, 0);
	assert_int_equal(dev->irqs[LEAT_IRQ_INTX], 1);
	assert_int_equal(dev->irq_flags[LEAT_IRQ_INTX],
			 LEAT_IRQ_EVENTFD | LEAT_IRQ_MASKABLE | LEAT_IRQ_AUTOMASKED);
	assert_int_equal(dev->irqs[LEAT_IRQ_MSIX], 4);
	assert_int_equal(dev->irq_flags[LEAT_IRQ_MSI], LEAT_IRQ_EVENTFD | LEAT_IRQ_NORESIZE);
	assert_true(dev->can_reset);
	assert_true(dev->owns_msix);
	leat_dev_close(dev);
}

/* BAR3 fails, 9 to 11 are the device's own, 10 is not there: none of them moves. */
static void numbers_stay(void **state)
{
	static const struct {
		struct vfio_info_cap_header sparse;
		uint32_t n, reserved;
		struct vfio_region_sparse_mmap_area area[1];
		struct vfio_region_info_cap_type type;
	} caps = {
		.sparse = { .id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1, .next = 64 },
		.n = 1, .area = { { 4096, 4096 } },
		.type = { .header = { .id = VFIO_REGION_INFO_CAP_TYPE, .version = 1 },
			  .type = 0x80008086, .subtype = 3 },
	};
	struct machine_dev *d = &m.dev[0];
	struct leat_dev *dev;
	unsigned int index;

	(void)state;
	d->nregions = 12;
	d->region[3].err = EINVAL;
	d->region[10].err = EINVAL;
	d->region[9] = (struct machine_region){ .size = 64, .flags = 3 };
	d->region[11] = (struct machine_region){ .size = 16384, .flags = 7, .caps = &caps,
						 .caps_len = sizeof(caps) };
	dev = machine_must_open(BDF);
	assert_int_equal(dev->nmore, 3);
	assert_int_equal(dev->region[4].size, 16384);
	assert_null(leat_dev_region(dev, 3));
	assert_int_equal(leat_dev_region(dev, 9)->size, 64);
	assert_null(leat_dev_region(dev, 10));
	assert_int_equal(leat_dev_find_region(dev, 0x80008086, 3, &index), 0);
	assert_int_equal(index, 11);
	assert_int_equal(leat_dev_region(dev, 11)->flags, RW | LEAT_REGION_MMAP | LEAT_REGION_SPARSE);
	assert_int_equal(leat_dev_region(dev, 11)->mapped, 4096);
	leat_dev_close(dev);
}

static void answers_that_cannot_be(void **state)
{
	struct machine_dev *d = &m.dev[0];

	(void)state;
	d->flags = VFIO_DEVICE_FLAGS_PLATFORM;
	machine_must_refuse(BDF, -ENOTSUP, "a platform device there, not a PCI device", NULL);
	d->flags = VFIO_DEVICE_FLAGS_AMBA;
	machine_must_refuse(BDF, -ENOTSUP, "a device of another kind", NULL);
	d->flags = VFIO_DEVICE_FLAGS_PCI;
	d->nregions = 7;
	machine_must_refuse(BDF, -EPROTO, "speaks of 7 regions", NULL);
	d->nregions = 9;
	d->region[LEAT_REGION_CONFIG].size = 0;
	machine_must_refuse(BDF, -EPROTO, "configuration space has 0 bytes", NULL);
	d->region[LEAT_REGION_CONFIG].size = 4096;
	d->region[0].size = (UINT64_C(1) << 52) + 1;
	machine_must_refuse(BDF, -EPROTO, "region 0 an absurd size", NULL);
	d->region[0].size = 4096;
	d->region[1].err = ENOMEM;
	machine_must_refuse(BDF, -ENOMEM, "GET_REGION_INFO of region 1", NULL);
	d->region[1].err = 0;
	d->irq[1].err = ENOMEM;
	machine_must_refuse(BDF, -ENOMEM, "GET_IRQ_INFO of MSI", NULL);
}

static void a_list_that_leads_nowhere(void **state)
{
	static const struct vfio_info_cap_header loop = { .id = 77, .version = 1, .next = 32 };
	struct leat_dev *dev;
	struct leat_mmio win;

	(void)state;
	m.dev[0].region[4].caps = &loop;
	m.dev[0].region[4].caps_len = sizeof(loop);
	dev = machine_must_open(BDF);
	assert_int_equal(m.warnings, 1);
	machine_said(m.warning, "region 4 is not mapped: its list of capabilities leads nowhere");
	assert_int_equal(leat_mmio_map(dev, 4, 0, 64, &win), 0);
	assert_null(win.base);
	leat_dev_close(dev);
}

/* Errors are reported by PCI Express only. */
static void interrupts_that_are_not_there(void **state)
{
	struct leat_dev *dev;

	(void)state;
	m.dev[0].irq[LEAT_IRQ_ERR].err = EINVAL;
	m.dev[0].irq[LEAT_IRQ_MSIX].flags = 0;		/* no eventfds: of no use */
	dev = machine_must_open(BDF);
	assert_int_equal(dev->irqs[LEAT_IRQ_ERR], 0);
	assert_int_equal(dev->irqs[LEAT_IRQ_MSIX], 0);
	assert_int_equal(m.warnings, 0);
	leat_dev_close(dev);
}

/* ---- made ready ---- */

static void decoding_is_on_mastering_off(void **state)
{
	struct leat_dev *dev;

	(void)state;
	machine_config(&m.dev[0], LEAT_PCI_COMMAND, 2, 0x0405);	/* master, no memory */
	dev = machine_must_open(BDF);
	assert_int_equal(machine_get_config(&m.dev[0], LEAT_PCI_COMMAND, 2), 0x0403);
	assert_int_equal(leat_pci_bus_master(dev, true), 0);
	assert_int_equal(machine_get_config(&m.dev[0], LEAT_PCI_COMMAND, 2), 0x0407);
	leat_dev_close(dev);
	assert_int_equal(machine_get_config(&m.dev[0], LEAT_PCI_COMMAND, 2), 0x0403);
}

static void nobody_there(void **state)
{
	(void)state;
	m.dev[0].gone = true;
	machine_must_refuse(BDF, -ENODEV, "does not answer any more", "is it in its slot", NULL);
}

/* ---- registers by call ---- */

static void every_width(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);
	uint8_t buf[8];

	(void)state;
	for (size_t len = 1; len <= 8; len *= 2) {
		assert_int_equal(dev->ops->region_write(dev, 2, 8, "\1\2\3\4\5\6\7\10", len), 0);
		assert_memory_equal(mem(2) + 8, "\1\2\3\4\5\6\7\10", len);
		memset(buf, 0, sizeof(buf));
		assert_int_equal(dev->ops->region_read(dev, 2, 8, buf, len), 0);
		assert_memory_equal(buf, "\1\2\3\4\5\6\7\10", len);
	}
	leat_dev_close(dev);
}

static void refuse_access(struct leat_dev *dev, unsigned int region, uint64_t off, size_t len)
{
	unsigned int calls = m.calls;
	uint8_t buf[16] = { 0 };

	assert_int_equal(dev->ops->region_read(dev, region, off, buf, len), -EINVAL);
	for (size_t i = 0; i < sizeof(buf); i++)
		assert_int_equal(buf[i], i < len ? 0xff : 0);
	assert_int_equal(dev->ops->region_write(dev, region, off, buf, len), -EINVAL);
	assert_int_equal(m.calls, calls);
}

static void bounds(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);

	(void)state;
	refuse_access(dev, 2, 32, 1);
	refuse_access(dev, 2, 29, 4);
	refuse_access(dev, 2, UINT64_MAX, 4);
	refuse_access(dev, 2, UINT64_MAX - 3, 4);
	refuse_access(dev, 3, 0, 4);
	refuse_access(dev, LEAT_REGIONS, 0, 4);
	refuse_access(dev, UINT32_MAX, 0, 4);
	/* One line, however often. */
	assert_int_equal(m.warnings, 1);
	machine_said(m.warning, "region 2: cannot read 1 bytes at 0x20: the region ends before (more of");
	leat_dev_close(dev);
}

static void directions(void **state)
{
	struct leat_dev *dev;
	uint32_t val = 0;

	(void)state;
	m.dev[0].region[0].flags = VFIO_REGION_INFO_FLAG_READ;
	m.dev[0].region[2].flags = VFIO_REGION_INFO_FLAG_WRITE;
	dev = machine_must_open(BDF);
	assert_int_equal(dev->ops->region_read(dev, 0, 0, &val, 4), 0);
	assert_int_equal(dev->ops->region_write(dev, 0, 0, &val, 4), -EINVAL);
	assert_int_equal(dev->ops->region_write(dev, 2, 0, &val, 4), 0);
	assert_int_equal(dev->ops->region_read(dev, 2, 0, &val, 4), -EINVAL);
	assert_int_equal(val, UINT32_MAX);
	machine_said(m.warning, "the region does not allow that");
	leat_dev_close(dev);
}

static void memory_decoding_off(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);
	uint32_t val = 0;

	(void)state;
	assert_int_equal(leat_pci_write16(dev, LEAT_PCI_COMMAND, 0), 0);
	assert_int_equal(dev->ops->region_read(dev, 0, 0, &val, 4), -EIO);
	assert_int_equal(val, UINT32_MAX);
	assert_int_equal(dev->ops->region_write(dev, 0, 0, &val, 4), -EIO);
	assert_int_equal(m.warnings, 1);
	machine_said(m.warning, "is its memory decoding off?");
	assert_false(dev->dead);
	assert_int_equal(leat_pci_write16(dev, LEAT_PCI_COMMAND, LEAT_PCI_COMMAND_MEM), 0);
	assert_int_equal(dev->ops->region_read(dev, 0, 0, &val, 4), 0);
	leat_dev_close(dev);
}

/* ---- mapped ---- */

static void windows(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);
	struct leat_mmio a, b;

	(void)state;
	assert_int_equal(leat_mmio_map(dev, 4, 4096 + 64, 8192, &a), 0);
	assert_non_null(a.base);
	assert_int_equal(a.map_len, 3 * 4096);
	assert_int_equal(leat_mmio_map(dev, 4, 8, 8, &b), 0);
	leat_mmio_write32(&a, 4, 0x11223344);
	assert_memory_equal(mem(4) + 4096 + 68, "\x44\x33\x22\x11", 4);
	mem(4)[8] = 0x77;
	assert_int_equal(leat_mmio_read8(&b, 0), 0x77);
	assert_ptr_equal(dev->windows, &b);
	leat_mmio_unmap(&a);
	assert_ptr_equal(dev->windows, &b);
	assert_null(b.next);
	leat_mmio_unmap(&b);
	assert_null(dev->windows);
	leat_dev_close(dev);
}

static void trapped(struct leat_dev *dev, unsigned int region, uint64_t off, size_t len)
{
	struct leat_mmio win;

	assert_int_equal(leat_mmio_map(dev, region, off, len, &win), 0);
	assert_null(win.base);
	leat_mmio_write16(&win, 0, 0xbeef);
	assert_memory_equal(mem(region) + off, "\xef\xbe", 2);
	leat_mmio_unmap(&win);
}

/* MSIX_MAPPABLE notwithstanding. */
static void the_msix_page_is_never_mapped(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);

	(void)state;
	trapped(dev, 1, 0xc00, 64);	/* behind the pending bits, on their page */
	leat_dev_close(dev);

	/* The table on the second page of four, the pending bits on the fourth. */
	m.dev[0].region[1].size = 16384;
	machine_config(&m.dev[0], 0x44, 4, 0x1f00 | 1);
	machine_config(&m.dev[0], 0x48, 4, 0x3000 | 1);
	dev = machine_must_open(BDF);
	assert_int_equal(dev->region[1].mapped, 2 * 4096);
	trapped(dev, 1, 0x1000, 8);
	trapped(dev, 1, 0x3ff8, 8);
	trapped(dev, 1, 0x0ff8, 16);
	for (uint64_t off = 0; off < 16384; off += 8192) {
		struct leat_mmio win;

		assert_int_equal(leat_mmio_map(dev, 1, off, 4096, &win), 0);
		assert_non_null(win.base);
		leat_mmio_unmap(&win);
	}
	leat_dev_close(dev);

	/* 4 entries from 0x1fe0 on: onto the third page. */
	machine_config(&m.dev[0], 0x44, 4, 0x1fe0 | 1);
	dev = machine_must_open(BDF);
	trapped(dev, 1, 0x2800, 8);
	leat_dev_close(dev);
}

/* What it says of its table may be nonsense; it is the kernel that keeps it. */
static void a_table_that_is_nowhere(void **state)
{
	static const uint32_t where[] = { 0xfffffff8 | 1, 7, 6, 0xffff0000 | 2 };

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(where); i++) {
		machine_config(&m.dev[0], 0x44, 4, where[i]);
		leat_dev_close(machine_must_open(BDF));
	}
}

static void small_and_io_bars_are_trapped(void **state)
{
	struct leat_dev *dev;

	(void)state;
	m.dev[0].region[5] = (struct machine_region){ .size = 256, .flags = RW };
	dev = machine_must_open(BDF);
	trapped(dev, 2, 0, 32);
	trapped(dev, 5, 64, 64);
	trapped(dev, 4, 4, 8);		/* a register might straddle */
	leat_dev_close(dev);
}

static void across_areas(void **state)
{
	static const struct {
		struct vfio_info_cap_header head;
		uint32_t n, reserved;
		struct vfio_region_sparse_mmap_area area[2];
	} caps = {
		.head = { .id = VFIO_REGION_INFO_CAP_SPARSE_MMAP, .version = 1 },
		.n = 2, .area = { { 0, 4096 }, { 8192, 8192 } },
	};
	struct leat_dev *dev;
	struct leat_mmio win;

	(void)state;
	m.dev[0].region[4].caps = &caps;
	m.dev[0].region[4].caps_len = sizeof(caps);
	dev = machine_must_open(BDF);
	trapped(dev, 4, 4096, 8);
	trapped(dev, 4, 4088, 16);
	trapped(dev, 4, 0, 16384);
	assert_int_equal(leat_mmio_map(dev, 4, 8192, 8192, &win), 0);
	assert_non_null(win.base);
	leat_mmio_unmap(&win);
	leat_dev_close(dev);
}

static void a_mapping_that_fails(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);

	(void)state;
	m.calls = 0;
	m.fail_at = 1;
	trapped(dev, 4, 0, 64);
	m.fail_at = 0;
	assert_int_equal(m.warnings, 1);
	machine_said(m.warning, "mmap of 0x0 to 0x1000");
	leat_dev_close(dev);
}

/* ---- reset ---- */

static void reset(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);

	(void)state;
	m.reset_again = 2;
	assert_int_equal(leat_pci_bus_master(dev, true), 0);
	assert_int_equal(dev->ops->reset(dev), 0);
	assert_int_equal(m.dev[0].resets, 1);
	assert_true(leat_pci_read16(dev, LEAT_PCI_COMMAND) & LEAT_PCI_COMMAND_MASTER);

	machine_refuse(VFIO_DEVICE_RESET, ENOSPC);
	assert_int_equal(dev->ops->reset(dev), -ENOSPC);
	machine_said(m.error, "VFIO_DEVICE_RESET: No space");
	assert_int_equal(m.errors, 1);
	m.dev[0].gone = true;
	assert_int_equal(dev->ops->reset(dev), -ENODEV);
	assert_true(dev->dead);
	assert_int_equal(m.errors, 2);
	leat_dev_close(dev);
}

static void no_reset(void **state)
{
	struct leat_dev *dev;

	(void)state;
	m.dev[0].flags = VFIO_DEVICE_FLAGS_PCI;
	dev = machine_must_open(BDF);
	assert_false(dev->can_reset);
	assert_int_equal(dev->ops->reset(dev), -ENOTSUP);
	leat_dev_close(dev);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, machine_setup, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_golden_table),
		TEST(numbers_stay),
		TEST(answers_that_cannot_be),
		TEST(a_list_that_leads_nowhere),
		TEST(interrupts_that_are_not_there),
		TEST(decoding_is_on_mastering_off),
		TEST(nobody_there),
		TEST(every_width),
		TEST(bounds),
		TEST(directions),
		TEST(memory_decoding_off),
		TEST(windows),
		TEST(the_msix_page_is_never_mapped),
		TEST(a_table_that_is_nowhere),
		TEST(small_and_io_bars_are_trapped),
		TEST(across_areas),
		TEST(a_mapping_that_fails),
		TEST(reset),
		TEST(no_reset),
	};

	return cmocka_run_group_tests_name("bus/vfio/device", tests, NULL, NULL);
}
