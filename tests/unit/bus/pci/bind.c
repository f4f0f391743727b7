// SPDX-License-Identifier: BSD-3-Clause
/*
 * bind.c - functions change hands: what is refused, what is done, and that a
 * failure at any step leaves all as it was and one sentence in the log.
 */
#include "kernel.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define NIC   "0000:01:00.0"
#define NIC2  "0000:01:00.1"
#define SYS   "/sys/bus/pci/devices/"
#define E1000 "8086:10d3"

/* A NIC of the kernel's, and vfio-pci loaded. */
static struct kernel *with_nic(void **state)
{
	struct kernel *k = *state;

	kernel_driver(k, "vfio-pci");
	kernel_function(k, NIC, E1000, "020000", "e1000e", 9);
	return k;
}

static int bind_to(struct kernel *k, const char *address, const char *driver, unsigned int flags)
{
	return leat_pci_bind_at(&k->admin, k->ctx, address, driver, flags);
}

static int unbind(struct kernel *k, const char *address)
{
	return leat_pci_unbind_at(&k->admin, k->ctx, address);
}

static void is(struct kernel *k, const char *driver, const char *override)
{
	assert_string_equal(kernel_driver_of(k, NIC), driver);
	assert_string_equal(kernel_override_of(k, NIC), override);
}

static void said(struct kernel *k, const char *words)
{
	assert_int_equal(k->errors, 1);
	if (!strstr(leat_ctx_error(k->ctx), words))
		fail_msg("'%s' has no '%s'", leat_ctx_error(k->ctx), words);
}

/* Refused before anything is written. */
static void refused(struct kernel *k, int err, int want, const char *words)
{
	assert_int_equal(err, want);
	said(k, words);
	assert_int_equal(k->steps, 0);
}

static void there_and_back(void **state)
{
	struct kernel *k = with_nic(state);

	assert_int_equal(bind_to(k, NIC, NULL, 0), 0);
	is(k, "vfio-pci", "vfio-pci");
	assert_int_equal(unbind(k, "01:00.0"), 0);
	is(k, "e1000e", "");
	assert_int_equal(k->errors + k->warnings, 0);
}

static void twice_is_once(void **state)
{
	struct kernel *k = with_nic(state);
	unsigned int steps;

	assert_int_equal(bind_to(k, NIC, "vfio-pci", 0), 0);
	steps = k->steps;
	assert_int_equal(bind_to(k, NIC, "vfio-pci", 0), 0);
	assert_int_equal(k->steps, steps);
	assert_int_equal(unbind(k, NIC), 0);
	steps = k->steps;
	assert_int_equal(unbind(k, NIC), 0);
	assert_int_equal(k->steps, steps);
}

static void a_function_without_a_driver(void **state)
{
	struct kernel *k = *state;

	kernel_driver(k, "vfio-pci");
	kernel_function(k, NIC, E1000, "020000", "", 9);
	assert_int_equal(bind_to(k, NIC, NULL, 0), 0);
	is(k, "vfio-pci", "vfio-pci");
	assert_int_equal(unbind(k, NIC), 0);
	is(k, "", "");
	assert_int_equal(k->warnings, 1);
	assert_non_null(strstr(k->warning, "sudo modprobe pci:v00001AF4d00001041"));
}

/* The k-th step fails, for each k: as before, one error, no warning. */
static void every_step_of_bind_undone(void **state)
{
	struct kernel *k = with_nic(state);
	unsigned int at = 0;
	int err;

	do {
		k->steps = k->errors = 0;
		k->fail_at = ++at;
		k->fail_err = -EIO;
		err = bind_to(k, NIC, NULL, 0);
		if (err) {
			assert_int_equal(err, -EIO);
			is(k, "e1000e", "");
			said(k, NIC ": bind: writing \"");
		}
	} while (err);
	assert_int_equal(at, 4);	/* override, unbind, bind; then it worked */
	is(k, "vfio-pci", "vfio-pci");
	assert_int_equal(k->warnings, 0);
}

static void every_step_of_unbind_undone(void **state)
{
	struct kernel *k = with_nic(state);
	unsigned int at = 0;
	int err;

	assert_int_equal(bind_to(k, NIC, NULL, 0), 0);
	do {
		k->steps = k->errors = 0;
		k->fail_at = ++at;
		k->fail_err = -EIO;
		err = unbind(k, NIC);
		if (err) {
			assert_int_equal(err, -EIO);
			is(k, "vfio-pci", "vfio-pci");
			said(k, NIC ": unbind: writing \"");
		}
	} while (err);
	assert_int_equal(at, 4);
	is(k, "e1000e", "");
	assert_int_equal(k->warnings, 0);
}

/* Another override than none, and another driver than the kernel's choice, come back too. */
static void an_override_of_somebody_else_comes_back(void **state)
{
	struct kernel *k = with_nic(state);

	kernel_driver(k, "pci-stub");
	assert_int_equal(bind_to(k, NIC, "pci-stub", 0), 0);
	k->fail_at = k->steps + 3;
	k->fail_err = -EINVAL;
	assert_int_equal(bind_to(k, NIC, "vfio-pci", 0), -EINVAL);
	is(k, "pci-stub", "pci-stub");
}

static void a_way_back_that_fails_is_said(void **state)
{
	struct kernel *k = with_nic(state);

	tree_file(k->tree, SYS NIC "/native", "another");	/* e1000e does not take it again */
	k->fail_at = 3;
	k->fail_err = -EIO;
	assert_int_equal(bind_to(k, NIC, NULL, 0), -EIO);
	is(k, "", "");
	assert_int_equal(k->errors, 1);
	assert_int_equal(k->warnings, 1);
	assert_non_null(strstr(k->warning, "/sys/bus/pci/drivers/e1000e/bind: No such device"));
}

static void what_is_no_function(void **state)
{
	struct kernel *k = with_nic(state);

	refused(k, bind_to(k, "0000:02:00.0", NULL, 0), -ENODEV, "no PCI function");
	k->errors = 0;
	refused(k, unbind(k, "eth7"), -ENODEV, "eth7: unbind: no PCI function");
}

static void bridges_and_disks(void **state)
{
	struct kernel *k = with_nic(state);

	kernel_function(k, "0000:00:1c.0", "8086:8c10", "060400", "pcieport", 3);
	kernel_function(k, "0000:00:1f.2", "8086:2922", "010601", "ahci", 4);
	refused(k, bind_to(k, "00:1c.0", NULL, LEAT_BIND_FORCE), -EINVAL, "it is a bridge");
	kernel_function(k, "0000:00:1f.0", "8086:2918", "060100", "lpc_ich", 4);
	k->errors = 0;
	refused(k, bind_to(k, "00:1f.0", NULL, 0), -EPERM, "no network controller but of class 060100");
	k->errors = 0;
	refused(k, bind_to(k, "00:1f.2", NULL, 0), -EPERM, "no network controller but of class 010601");
	assert_int_equal(bind_to(k, "00:1f.2", NULL, LEAT_BIND_FORCE), 0);
	assert_string_equal(kernel_driver_of(k, "0000:00:1f.2"), "vfio-pci");
}

static void a_driver_that_is_not_loaded(void **state)
{
	struct kernel *k = *state;

	kernel_function(k, NIC, E1000, "020000", "e1000e", 9);
	refused(k, bind_to(k, NIC, NULL, 0), -ENOENT, "(sudo modprobe vfio-pci)");
	k->errors = 0;
	refused(k, bind_to(k, NIC, "../e1000e", 0), -EINVAL, "no driver's name");
}

static void without_an_iommu(void **state)
{
	struct kernel *k = *state;

	kernel_driver(k, "vfio-pci");
	kernel_function(k, NIC, E1000, "020000", "e1000e", -1);
	refused(k, bind_to(k, NIC, NULL, 0), -ENOTSUP, "intel_iommu=on");
	tree_file(k->tree, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
	assert_int_equal(bind_to(k, NIC, NULL, 0), 0);
	is(k, "vfio-pci", "vfio-pci");
}

static void an_interface_with_an_address(void **state)
{
	struct kernel *k = with_nic(state);

	kernel_netif(k, NIC, "eth5", "192.0.2.7");
	refused(k, bind_to(k, NIC, NULL, 0), -EBUSY, "eth5 carries 192.0.2.7/24 (take that away");
	is(k, "e1000e", "");
	assert_int_equal(bind_to(k, "eth5", NULL, LEAT_BIND_FORCE), 0);
	is(k, "vfio-pci", "vfio-pci");
}

static void an_interface_without_one(void **state)
{
	struct kernel *k = with_nic(state);

	kernel_netif(k, NIC, "eth5", NULL);
	assert_int_equal(bind_to(k, "eth5", NULL, 0), 0);
	is(k, "vfio-pci", "vfio-pci");
}

static void an_interface_with_a_route(void **state)
{
	struct kernel *k = with_nic(state);

	kernel_netif(k, NIC, "eth5", NULL);
	tree_file(k->tree, "/proc/net/route",
		  "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
		  "eth5\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	refused(k, bind_to(k, NIC, NULL, 0), -EBUSY, "eth5 carries the default route");
}

static void an_interface_in_a_bridge(void **state)
{
	struct kernel *k = with_nic(state);

	kernel_netif(k, NIC, "eth5", NULL);
	tree_link(k->tree, SYS NIC "/net/eth5/master", "../../../../virtual/net/br0");
	tree_link(k->tree, SYS NIC "/net/eth5/upper_br0", "../../../../virtual/net/br0");
	refused(k, bind_to(k, NIC, NULL, 0), -EBUSY, "eth5 is a port of br0");
}

static void an_interface_below_a_vlan(void **state)
{
	struct kernel *k = with_nic(state);

	kernel_netif(k, NIC, "eth5", NULL);
	tree_link(k->tree, SYS NIC "/net/eth5/upper_eth5.7", "../../../../virtual/net/eth5.7");
	refused(k, bind_to(k, NIC, NULL, 0), -EBUSY, "eth5 carries the interface eth5.7");
}

static void others_in_the_group(void **state)
{
	struct kernel *k = with_nic(state);

	kernel_function(k, NIC2, E1000, "020000", "e1000e", 9);
	kernel_function(k, "0000:00:1c.0", "8086:8c10", "060400", "pcieport", 9);
	assert_int_equal(bind_to(k, NIC, NULL, 0), 0);
	assert_int_equal(k->warnings, 1);
	assert_non_null(strstr(k->warning, "group 9 is shared with " NIC2 " (e1000e): none"));
	assert_non_null(strstr(k->warning, "(sudo leat bind " NIC2 ")"));
	assert_int_equal(bind_to(k, NIC2, NULL, 0), 0);
	assert_int_equal(k->warnings, 1);
}

static void not_permitted(void **state)
{
	struct kernel *k = with_nic(state);

	k->fail_at = 1;
	k->fail_err = -EACCES;
	assert_int_equal(bind_to(k, NIC, NULL, 0), -EACCES);
	said(k, "not permitted (run it as root: sudo leat bind");
	k->steps = k->errors = 0;
	k->fail_err = -EROFS;
	assert_int_equal(bind_to(k, NIC, NULL, 0), -EROFS);
	said(k, "/sys cannot be written here");
}

/* A program has it open: the kernel waits for that, we do not; nothing is put back. */
static void still_open_somewhere(void **state)
{
	struct kernel *k = with_nic(state);

	assert_int_equal(bind_to(k, NIC, NULL, 0), 0);
	tree_file(k->tree, "/proc/71/comm", "leat-fwd\n");
	tree_link(k->tree, "/proc/71/fd/4", "/dev/null");
	tree_link(k->tree, "/proc/71/fd/5", "/dev/vfio/9");
	tree_file(k->tree, "/proc/72/comm", "other\n");
	tree_link(k->tree, "/proc/72/fd/5", "/dev/vfio/10");
	k->steps = 0;
	k->fail_at = 2;
	k->fail_err = -ETIMEDOUT;
	assert_int_equal(unbind(k, NIC), -EBUSY);
	said(k, NIC ": unbind: still open in leat-fwd (process 71), which was asked to let go");
	assert_null(strstr(leat_ctx_error(k->ctx), "other"));
	assert_int_equal(k->steps, 2);
	is(k, "vfio-pci", "");
}

/* A program has the character device open, which the kernel has taken away already. */
static void still_open_by_its_device(void **state)
{
	struct kernel *k = with_nic(state);

	assert_int_equal(bind_to(k, NIC, NULL, 0), 0);
	tree_dir(k->tree, SYS NIC "/vfio-dev/vfio7");
	tree_file(k->tree, "/proc/71/comm", "probe\n");
	tree_link(k->tree, "/proc/71/fd/5", "/dev/vfio/devices/vfio7 (deleted)");
	tree_file(k->tree, "/proc/72/comm", "other\n");
	tree_link(k->tree, "/proc/72/fd/5", "/dev/vfio/devices/vfio77");
	k->fail_at = k->steps + 2;
	k->fail_err = -ETIMEDOUT;
	assert_int_equal(unbind(k, NIC), -EBUSY);
	said(k, "still open in probe (process 71), which");
}

/* The kernel took the driver's link, but does not let go of the function until the program does. */
static void on_its_way_out(void **state)
{
	struct kernel *k = with_nic(state);

	kernel_leaving(k, NIC, 9, 0);
	tree_file(k->tree, SYS NIC "/driver_override", "must not be read");
	tree_file(k->tree, "/proc/71/comm", "probe\n");
	tree_link(k->tree, "/proc/71/fd/5", "/dev/vfio/devices/vfio0 (deleted)");
	tree_file(k->tree, "/proc/72/comm", "other\n");
	tree_link(k->tree, "/proc/72/fd/5", "/dev/vfio/devices/vfio0");
	refused(k, bind_to(k, NIC, NULL, LEAT_BIND_FORCE), -EBUSY, "as soon as a program closes it");
	k->errors = 0;
	refused(k, unbind(k, NIC), -EBUSY, "still open in probe (process 71), which");
	assert_int_equal(k->pauses, 1000 / 50);
}

static void out_in_time(void **state)
{
	struct kernel *k = with_nic(state);

	tree_file(k->tree, SYS NIC "/driver_override", "vfio-pci\n");
	kernel_leaving(k, NIC, 9, 3);
	assert_int_equal(unbind(k, NIC), 0);
	assert_int_equal(k->pauses, 3);
	is(k, "e1000e", "");
}

static void nobody_to_be_seen(void **state)
{
	struct kernel *k = with_nic(state);

	assert_int_equal(bind_to(k, NIC, NULL, 0), 0);
	k->fail_at = k->steps + 2;
	k->fail_err = -ETIMEDOUT;
	assert_int_equal(unbind(k, NIC), -EBUSY);
	said(k, "still open in a program that cannot be seen from here");
}

static void a_slow_driver_of_the_kernels(void **state)
{
	struct kernel *k = with_nic(state);

	k->fail_at = 2;
	k->fail_err = -ETIMEDOUT;
	assert_int_equal(bind_to(k, NIC, NULL, 0), -EBUSY);
	said(k, "the kernel is still busy with it");
}

/* An override without effect yet goes; the driver and what it carries stay. */
static void unbind_of_what_the_kernel_has(void **state)
{
	struct kernel *k = with_nic(state);

	tree_file(k->tree, SYS NIC "/driver_override", "vfio-pci\n");
	assert_int_equal(unbind(k, NIC), 0);
	is(k, "e1000e", "");
	assert_int_equal(k->steps, 1);
}

static void a_function_that_vfio_takes_again(void **state)
{
	struct kernel *k = with_nic(state);

	assert_int_equal(bind_to(k, NIC, NULL, 0), 0);
	tree_file(k->tree, SYS NIC "/native", "vfio-pci");	/* as after new_id */
	assert_int_equal(unbind(k, NIC), 0);
	assert_int_equal(k->warnings, 1);
	assert_non_null(strstr(k->warning, "echo 8086 10d3 | sudo tee "
			       "/sys/bus/pci/drivers/vfio-pci/remove_id"));
}

static void virtual_functions_in_the_way(void **state)
{
	struct kernel *k = with_nic(state);

	tree_file(k->tree, SYS NIC "/sriov_totalvfs", "8\n");
	tree_link(k->tree, SYS NIC "/virtfn0", "../0000:01:10.0");
	refused(k, bind_to(k, NIC, NULL, 0), -EBUSY, "its 1 virtual functions would go");
	assert_int_equal(bind_to(k, NIC, NULL, LEAT_BIND_FORCE), 0);
	k->steps = k->errors = 0;
	refused(k, unbind(k, NIC), -EBUSY, "leat vfs " NIC " 0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, kernel_setup, kernel_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(there_and_back),
		TEST(twice_is_once),
		TEST(a_function_without_a_driver),
		TEST(every_step_of_bind_undone),
		TEST(every_step_of_unbind_undone),
		TEST(an_override_of_somebody_else_comes_back),
		TEST(a_way_back_that_fails_is_said),
		TEST(what_is_no_function),
		TEST(bridges_and_disks),
		TEST(a_driver_that_is_not_loaded),
		TEST(without_an_iommu),
		TEST(an_interface_with_an_address),
		TEST(an_interface_without_one),
		TEST(an_interface_with_a_route),
		TEST(an_interface_in_a_bridge),
		TEST(an_interface_below_a_vlan),
		TEST(others_in_the_group),
		TEST(not_permitted),
		TEST(still_open_somewhere),
		TEST(still_open_by_its_device),
		TEST(on_its_way_out),
		TEST(out_in_time),
		TEST(nobody_to_be_seen),
		TEST(a_slow_driver_of_the_kernels),
		TEST(unbind_of_what_the_kernel_has),
		TEST(a_function_that_vfio_takes_again),
		TEST(virtual_functions_in_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
