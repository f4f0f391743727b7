// SPDX-License-Identifier: BSD-3-Clause
/*
 * sysfs.c - addresses of functions, and small files read whole.
 */
#include "tree.h"

#include "bus/pci/sysfs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define BDF "0000:01:00.0"
#define DEV "/sys/bus/pci/devices/" BDF

static void addresses_in_either_form(void **state)
{
	char bdf[LEAT_BDF_LEN];

	(void)state;
	assert_int_equal(leat_pci_parse("0000:01:00.0", bdf), 0);
	assert_string_equal(bdf, "0000:01:00.0");
	assert_int_equal(leat_pci_parse("3f:1F.7", bdf), 0);
	assert_string_equal(bdf, "0000:3f:1f.7");
	assert_int_equal(leat_pci_parse("FFFF:aB:00.0", bdf), 0);
	assert_string_equal(bdf, "ffff:ab:00.0");
}

static void what_is_no_address(void **state)
{
	static const char *const wrong[] = {
		"", "eth0", "01:00", "01:00.8", "01:20.0", "0000:01:00.", "0000-01:00.0",
		"g000:01:00.0", "0000:01:00.00", "10000:01:00.0", " 01:00.0", "01:00.0 ",
		"0x00:01:00.0", "../../../..0", "+1:00.0", "01:+0.0", "0000:01:00/0",
	};
	char bdf[LEAT_BDF_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (leat_pci_parse(wrong[i], bdf) != -EINVAL)
			fail_msg("'%s' was taken for an address", wrong[i]);
}

static void text_without_its_newline(void **state)
{
	struct tree *t = *state;
	char buf[16];

	tree_file(t, DEV "/vendor", "0x8086\n");
	tree_file(t, DEV "/empty", "");
	tree_file(t, DEV "/lines", "a\nb\n");
	assert_int_equal(leat_sysfs_text_at(t->root, BDF, "vendor", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "0x8086");
	assert_int_equal(leat_sysfs_text_at(t->root, BDF, "empty", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
	assert_int_equal(leat_sysfs_text_at(t->root, BDF, "lines", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "a\nb");
	assert_int_equal(leat_sysfs_text_at(t->root, BDF, "absent", buf, sizeof(buf)), -ENOENT);
	assert_string_equal(buf, "");
	assert_int_equal(leat_sysfs_text_at(t->root, "ffff:00:00.0", "vendor", buf, sizeof(buf)),
			 -ENOENT);
}

static void text_that_does_not_fit_is_cut_and_said(void **state)
{
	struct tree *t = *state;
	char buf[5];

	tree_file(t, DEV "/four", "1234\n");
	tree_file(t, DEV "/five", "12345");
	assert_int_equal(leat_sysfs_text_at(t->root, BDF, "four", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "1234");
	assert_int_equal(leat_sysfs_text_at(t->root, BDF, "five", buf, sizeof(buf)), -E2BIG);
	assert_string_equal(buf, "1234");
}

static void links_by_their_last_word(void **state)
{
	struct tree *t = *state;
	char buf[9];

	tree_link(t, DEV "/driver", "../../../../bus/pci/drivers/vfio-pci");
	tree_link(t, DEV "/short", "x");
	tree_link(t, DEV "/long", "../a-long-driver-name");
	tree_file(t, DEV "/file", "no link");
	assert_int_equal(leat_sysfs_link_at(t->root, BDF, "driver", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "vfio-pci");
	assert_int_equal(leat_sysfs_link_at(t->root, BDF, "short", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "x");
	assert_int_equal(leat_sysfs_link_at(t->root, BDF, "long", buf, sizeof(buf)), -E2BIG);
	assert_int_equal(leat_sysfs_link_at(t->root, BDF, "file", buf, sizeof(buf)), -EINVAL);
	assert_int_equal(leat_sysfs_link_at(t->root, BDF, "absent", buf, sizeof(buf)), -ENOENT);
}

static void numbers_as_the_kernel_writes_them(void **state)
{
	struct tree *t = *state;
	long long n = 99;

	tree_file(t, DEV "/class", "0x020000\n");
	tree_file(t, DEV "/numa_node", "-1\n");
	tree_file(t, DEV "/zeros", "0010\n");
	tree_file(t, DEV "/words", "8.0 GT/s PCIe\n");
	tree_file(t, DEV "/empty", "\n");
	tree_file(t, DEV "/huge", "99999999999999999999\n");
	assert_int_equal(leat_sysfs_number_at(t->root, BDF, "class", &n), 0);
	assert_int_equal(n, 0x020000);
	assert_int_equal(leat_sysfs_number_at(t->root, BDF, "numa_node", &n), 0);
	assert_int_equal(n, -1);
	assert_int_equal(leat_sysfs_number_at(t->root, BDF, "zeros", &n), 0);
	assert_int_equal(n, 10);
	assert_int_equal(leat_sysfs_number_at(t->root, BDF, "words", &n), -EINVAL);
	assert_int_equal(leat_sysfs_number_at(t->root, BDF, "empty", &n), -EINVAL);
	assert_int_equal(leat_sysfs_number_at(t->root, BDF, "huge", &n), -EINVAL);
	assert_int_equal(leat_sysfs_number_at(t->root, BDF, "absent", &n), -ENOENT);
	assert_int_equal(n, 10);
}

struct seen {
	unsigned int n, most;
	bool a, b;
};

static bool see(const char *entry, void *arg)
{
	struct seen *seen = arg;

	seen->a |= !strcmp(entry, "a");
	seen->b |= !strcmp(entry, "b");
	return ++seen->n < seen->most;
}

static void folders_entry_by_entry(void **state)
{
	struct seen all = { .most = 9 }, one = { .most = 1 };
	struct tree *t = *state;

	tree_file(t, DEV "/dir/a", "");
	tree_file(t, DEV "/dir/b", "");
	tree_file(t, DEV "/dir/.hidden", "");
	assert_int_equal(leat_sysfs_each_at(t->root, BDF, "dir", see, &all), 0);
	assert_true(all.n == 2 && all.a && all.b);
	assert_int_equal(leat_sysfs_each_at(t->root, BDF, "dir", see, &one), 0);
	assert_int_equal(one.n, 1);
	assert_int_equal(leat_sysfs_each_at(t->root, BDF, "absent", see, &one), -ENOENT);
	assert_int_equal(leat_sysfs_each_at(t->root, BDF, "dir/a", see, &one), -ENOTDIR);
	assert_int_equal(one.n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_in_either_form),
		cmocka_unit_test(what_is_no_address),
		cmocka_unit_test_setup_teardown(text_without_its_newline, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(text_that_does_not_fit_is_cut_and_said, tree_setup,
						tree_teardown),
		cmocka_unit_test_setup_teardown(links_by_their_last_word, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(folders_entry_by_entry, tree_setup, tree_teardown),
		cmocka_unit_test_setup_teardown(numbers_as_the_kernel_writes_them, tree_setup,
						tree_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
