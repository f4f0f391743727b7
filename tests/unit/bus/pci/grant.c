// SPDX-License-Identifier: BSD-3-Clause
/*
 * grant.c - which nodes become a user's. The one user whom an ordinary user may
 * give a file to is himself.
 */
#include "kernel.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define NIC "0000:01:00.0"

static struct kernel *with_nic(void **state)
{
	struct kernel *k = *state;

	kernel_function(k, NIC, "8086:10d3", "020000", "vfio-pci", 9);
	tree_dir(k->tree, "/sys/bus/pci/devices/" NIC "/vfio-dev/vfio0");
	return k;
}

static int grant(struct kernel *k, uid_t uid)
{
	return leat_pci_grant_at(&k->admin, k->ctx, NIC, uid);
}

static void either_node_will_do(void **state)
{
	struct kernel *k = with_nic(state);

	tree_file(k->tree, "/dev/vfio/9", "");
	assert_int_equal(grant(k, getuid()), 0);
	tree_remove(k->tree, "/dev/vfio/9");
	tree_file(k->tree, "/dev/vfio/devices/vfio0", "");
	assert_int_equal(grant(k, getuid()), 0);
	assert_int_equal(k->errors, 0);
}

static void without_nodes(void **state)
{
	struct kernel *k = with_nic(state);

	assert_int_equal(grant(k, getuid()), -ENODEV);
	assert_non_null(strstr(leat_ctx_error(k->ctx), "it has no VFIO node (sudo leat bind " NIC));
	assert_int_equal(k->errors, 1);
}

static void another_user(void **state)
{
	struct kernel *k = with_nic(state);

	tree_file(k->tree, "/dev/vfio/9", "");
	if (!getuid()) {	/* root may */
		char path[128];
		struct stat st;

		assert_int_equal(grant(k, 65534), 0);
		snprintf(path, sizeof(path), "%s/dev/vfio/9", k->tree->root);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_uid, 65534);
		return;
	}
	assert_int_equal(grant(k, getuid() + 1), -EPERM);
	assert_non_null(strstr(leat_ctx_error(k->ctx),
			       NIC ": grant: /dev/vfio/9: Operation not permitted (run it as root)"));
	assert_int_equal(k->errors, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, kernel_setup, kernel_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(either_node_will_do),
		TEST(without_nodes),
		TEST(another_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
