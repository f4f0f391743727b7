// SPDX-License-Identifier: BSD-3-Clause
/*
 * sriov.c - virtual functions come, change their number and go.
 */
#include "kernel.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define PF  "0000:01:00.0"
#define SYS "/sys/bus/pci/devices/" PF "/"

static struct kernel *with_pf(void **state, const char *driver)
{
	struct kernel *k = *state;

	kernel_function(k, PF, "8086:10c9", "020000", driver, 9);
	tree_file(k->tree, SYS "sriov_totalvfs", "8\n");
	return k;
}

static int have(struct kernel *k, unsigned int n)
{
	return leat_pci_vfs_at(&k->admin, k->ctx, PF, n);
}

static void said(struct kernel *k, const char *words)
{
	assert_int_equal(k->errors, 1);
	if (!strstr(leat_ctx_error(k->ctx), words))
		fail_msg("'%s' has no '%s'", leat_ctx_error(k->ctx), words);
}

static unsigned int count(struct kernel *k)
{
	char path[64];
	unsigned int n = 0;

	for (unsigned int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), SYS "virtfn%u", i);
		n += tree_has(k->tree, path);
	}
	return n;
}

static void some_more_none(void **state)
{
	struct kernel *k = with_pf(state, "igb");

	assert_int_equal(have(k, 2), 0);
	assert_int_equal(count(k), 2);
	assert_int_equal(k->steps, 1);
	assert_int_equal(have(k, 2), 0);
	assert_int_equal(k->steps, 1);		/* it has them */
	assert_int_equal(have(k, 4), 0);
	assert_int_equal(count(k), 4);
	assert_int_equal(k->steps, 3);		/* by way of none */
	assert_int_equal(have(k, 0), 0);
	assert_int_equal(count(k), 0);
	assert_int_equal(k->errors, 0);
}

static void more_than_there_can_be(void **state)
{
	struct kernel *k = with_pf(state, "igb");

	assert_int_equal(have(k, 9), -ERANGE);
	said(k, "9 asked for, 8 is the most");
	assert_int_equal(k->steps, 0);
}

static void what_cannot_have_any(void **state)
{
	struct kernel *k = with_pf(state, "igb");

	tree_remove(k->tree, SYS "sriov_totalvfs");
	assert_int_equal(have(k, 1), -ENOTSUP);
	said(k, "it cannot have virtual functions");
	k->errors = 0;
	tree_link(k->tree, SYS "physfn", "../0000:00:01.0");
	assert_int_equal(have(k, 1), -ENOTSUP);
	said(k, "it is one itself, of 0000:00:01.0");
}

static void without_a_driver(void **state)
{
	struct kernel *k = with_pf(state, "");

	assert_int_equal(have(k, 1), -ENOTSUP);
	said(k, "it has no driver");
}

static void a_driver_that_cannot(void **state)
{
	struct kernel *k = with_pf(state, "e1000e");

	k->fail_at = 1;
	k->fail_err = -ENOENT;
	assert_int_equal(have(k, 1), -ENOTSUP);
	said(k, "its driver e1000e cannot make");
}

static void vfio_has_to_be_told(void **state)
{
	struct kernel *k = with_pf(state, "vfio-pci");

	tree_file(k->tree, "/sys/module/vfio_pci/parameters/enable_sriov", "N\n");
	assert_int_equal(have(k, 1), -ENOTSUP);
	said(k, "/sys/module/vfio_pci/parameters/enable_sriov");
	tree_file(k->tree, "/sys/module/vfio_pci/parameters/enable_sriov", "Y\n");
	assert_int_equal(have(k, 1), 0);
}

static void the_number_before_comes_back(void **state)
{
	struct kernel *k = with_pf(state, "igb");

	assert_int_equal(have(k, 2), 0);
	k->fail_at = k->steps + 2;
	k->fail_err = -ENOMEM;
	assert_int_equal(have(k, 7), -ENOMEM);
	said(k, "writing \"7\" to /sys/bus/pci/devices/" PF "/sriov_numvfs: Cannot allocate");
	assert_int_equal(count(k), 2);
}

static void one_that_is_open(void **state)
{
	struct kernel *k = with_pf(state, "igb");

	assert_int_equal(have(k, 2), 0);
	kernel_function(k, "0000:01:10.1", "8086:10ca", "020000", "vfio-pci", 12);
	tree_file(k->tree, "/proc/71/comm", "leat-fwd\n");
	tree_link(k->tree, "/proc/71/fd/5", "/dev/vfio/12");
	k->fail_at = k->steps + 1;
	k->fail_err = -ETIMEDOUT;
	assert_int_equal(have(k, 0), -EBUSY);
	said(k, "0000:01:10.1: vfs: still open in leat-fwd (process 71)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, kernel_setup, kernel_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(some_more_none),
		TEST(more_than_there_can_be),
		TEST(what_cannot_have_any),
		TEST(without_a_driver),
		TEST(a_driver_that_cannot),
		TEST(vfio_has_to_be_told),
		TEST(the_number_before_comes_back),
		TEST(one_that_is_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
