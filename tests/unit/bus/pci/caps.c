// SPDX-License-Identifier: BSD-3-Clause
/*
 * caps.c - capability lists, honest and hostile.
 */
#include "fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static void cap(struct fake_pci *f, uint8_t at, uint8_t id, uint8_t next)
{
	f->config[at] = id;
	f->config[at + 1] = next;
}

static void make(struct fake_pci *f)
{
	fake_init(f, NULL);
	fake_put16(f, LEAT_PCI_STATUS, LEAT_PCI_STATUS_CAPS);
	f->config[LEAT_PCI_CAPS] = 0x40;
}

static void finds_each_of_a_kind(void **state)
{
	struct fake_pci f;

	(void)state;
	make(&f);
	cap(&f, 0x40, LEAT_PCI_CAP_VENDOR, 0x50);
	cap(&f, 0x50, LEAT_PCI_CAP_MSIX, 0x60);
	cap(&f, 0x60, LEAT_PCI_CAP_VENDOR, 0xfc);
	cap(&f, 0xfc, LEAT_PCI_CAP_VENDOR, 0);
	assert_int_equal(leat_pci_cap(&f.dev, LEAT_PCI_CAP_MSIX, 0), 0x50);
	assert_int_equal(leat_pci_cap(&f.dev, LEAT_PCI_CAP_VENDOR, 0), 0x40);
	assert_int_equal(leat_pci_cap(&f.dev, LEAT_PCI_CAP_VENDOR, 0x40), 0x60);
	assert_int_equal(leat_pci_cap(&f.dev, LEAT_PCI_CAP_VENDOR, 0x60), 0xfc);
	assert_int_equal(leat_pci_cap(&f.dev, LEAT_PCI_CAP_VENDOR, 0xfc), 0);
	assert_int_equal(leat_pci_cap(&f.dev, LEAT_PCI_CAP_EXPRESS, 0), 0);
}

static void low_bits_of_pointers_are_ignored(void **state)
{
	struct fake_pci f;

	(void)state;
	make(&f);
	f.config[LEAT_PCI_CAPS] = 0x43;
	cap(&f, 0x40, LEAT_PCI_CAP_PM, 0x52);
	cap(&f, 0x50, LEAT_PCI_CAP_MSI, 0);
	assert_int_equal(leat_pci_cap(&f.dev, LEAT_PCI_CAP_MSI, 0), 0x50);
}

static void without_the_status_bit_there_is_no_list(void **state)
{
	struct fake_pci f;

	(void)state;
	make(&f);
	cap(&f, 0x40, LEAT_PCI_CAP_MSIX, 0);
	fake_put16(&f, LEAT_PCI_STATUS, 0);
	assert_int_equal(leat_pci_cap(&f.dev, LEAT_PCI_CAP_MSIX, 0), 0);
}

static void a_pointer_into_the_header_ends_the_list(void **state)
{
	struct fake_pci f;

	(void)state;
	make(&f);
	f.config[LEAT_PCI_CAPS] = LEAT_PCI_BAR(0);
	f.config[LEAT_PCI_BAR(0)] = LEAT_PCI_CAP_MSIX;
	assert_int_equal(leat_pci_cap(&f.dev, LEAT_PCI_CAP_MSIX, 0), 0);
}

/* Whoever walks from one to the next comes to an end, whatever the list is tied to. */
static unsigned int count(struct fake_pci *f, uint8_t id)
{
	unsigned int n = 0;
	uint8_t at = 0;

	while ((at = leat_pci_cap(&f->dev, id, at))) {
		n++;
		assert_in_range(n, 1, 48);
	}
	return n;
}

static void loops_end(void **state)
{
	struct fake_pci f;

	(void)state;
	make(&f);
	cap(&f, 0x40, LEAT_PCI_CAP_VENDOR, 0x40);
	assert_int_equal(count(&f, LEAT_PCI_CAP_VENDOR), 1);
	assert_int_equal(count(&f, LEAT_PCI_CAP_MSIX), 0);

	cap(&f, 0x40, LEAT_PCI_CAP_VENDOR, 0x50);
	cap(&f, 0x50, LEAT_PCI_CAP_VENDOR, 0x60);
	cap(&f, 0x60, LEAT_PCI_CAP_PM, 0x40);
	assert_int_equal(count(&f, LEAT_PCI_CAP_VENDOR), 2);
	/* A @prev that is not in the list finds nothing behind it. */
	assert_int_equal(leat_pci_cap(&f.dev, LEAT_PCI_CAP_VENDOR, 0x80), 0);
}

static void ext(struct fake_pci *f, uint16_t at, uint16_t id, uint16_t next)
{
	fake_put32(f, at, id | 1u << 16 | (uint32_t)next << 20);
}

static void extended_capabilities(void **state)
{
	struct fake_pci f;

	(void)state;
	make(&f);
	f.dev.region[LEAT_REGION_CONFIG].size = 4096;
	assert_int_equal(leat_pci_ext_cap(&f.dev, 3, 0), 0);
	ext(&f, 0x100, 1, 0x200);
	ext(&f, 0x200, 3, 0xffc);
	ext(&f, 0xffc, 11, 0);
	assert_int_equal(leat_pci_ext_cap(&f.dev, 1, 0), 0x100);
	assert_int_equal(leat_pci_ext_cap(&f.dev, 3, 0), 0x200);
	assert_int_equal(leat_pci_ext_cap(&f.dev, 11, 0), 0xffc);
	assert_int_equal(leat_pci_ext_cap(&f.dev, 11, 0xffc), 0);

	ext(&f, 0xffc, 11, 0x100);
	assert_int_equal(leat_pci_ext_cap(&f.dev, 12, 0), 0);
	assert_int_equal(leat_pci_ext_cap(&f.dev, 11, 0xffc), 0);
	ext(&f, 0x100, 1, 0x80);
	assert_int_equal(leat_pci_ext_cap(&f.dev, 3, 0), 0);

	/* Conventional PCI ends at 256: what a server would answer beyond is not asked for. */
	f.dev.region[LEAT_REGION_CONFIG].size = 256;
	assert_int_equal(leat_pci_ext_cap(&f.dev, 1, 0), 0);
}

static void a_dead_device_has_none(void **state)
{
	struct fake_pci f;

	(void)state;
	make(&f);
	cap(&f, 0x40, LEAT_PCI_CAP_MSIX, 0);
	f.dev.dead = true;
	assert_int_equal(leat_pci_cap(&f.dev, LEAT_PCI_CAP_MSIX, 0), 0);
	assert_int_equal(leat_pci_ext_cap(&f.dev, 1, 0), 0);
	assert_int_equal(leat_pci_read32(&f.dev, 0), UINT32_MAX);
	assert_int_not_equal(leat_pci_write32(&f.dev, 0, 0), 0);
}

/* Any bytes at all: every walk ends, inside the space, on an entry of the id asked for. */
static void random_bytes(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);
	struct fake_pci f;

	(void)state;
	print_message("seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 2000; round++) {
		make(&f);
		f.dev.region[LEAT_REGION_CONFIG].size = 64u << rand() % 7;
		for (unsigned int i = 0x34; i < sizeof(f.config); i++)
			f.config[i] = (uint8_t)rand();
		for (unsigned int id = 0; id < 256; id += 5) {
			uint16_t at = 0;

			count(&f, (uint8_t)id);
			while ((at = leat_pci_ext_cap(&f.dev, (uint16_t)id, at)))
				assert_in_range(at, 0x100, 0xffc);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_each_of_a_kind),
		cmocka_unit_test(low_bits_of_pointers_are_ignored),
		cmocka_unit_test(without_the_status_bit_there_is_no_list),
		cmocka_unit_test(a_pointer_into_the_header_ends_the_list),
		cmocka_unit_test(loops_end),
		cmocka_unit_test(extended_capabilities),
		cmocka_unit_test(a_dead_device_has_none),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
