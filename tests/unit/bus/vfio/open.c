// SPDX-License-Identifier: BSD-3-Clause
/*
 * open.c - from address to descriptor: groups shared, domains, tokens, descriptors passed, the
 * order of opening and closing, and every call failing once.
 */
#include "machine_dev.h"

#include <leat/driver/core.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define BDF   "0000:01:00.0"
#define OTHER "0000:01:00.1"
#define UUID  "0123abcd-4567-89ab-cdef-0123456789ab"

/* What happened from here on. */
static void forget_trace(void)
{
	m.trace[0] = '\0';
}

static void order_by_group(void **state)
{
	struct leat_dev *dev = machine_must_open("group:" BDF);

	(void)state;
	assert_string_equal(m.trace, "open:/dev/vfio/12 space:group add-group get:" BDF " ");
	forget_trace();
	leat_dev_close(dev);
	assert_string_equal(m.trace, "close:" BDF " remove-group close:/dev/vfio/12 put ");
}

static void order_by_iommufd(void **state)
{
	struct leat_dev *dev = machine_must_open("iommufd:" BDF);

	(void)state;
	assert_string_equal(m.trace, "open:/dev/vfio/devices/vfio0 space:iommufd add-device ");
	forget_trace();
	leat_dev_close(dev);
	assert_string_equal(m.trace, "remove-device close:/dev/vfio/devices/vfio0 put ");
}

static void a_group_is_opened_once(void **state)
{
	struct leat_dev *one, *two;

	(void)state;
	machine_add(OTHER, 12, "vfio-pci");
	one = machine_must_open("group:" BDF);
	two = machine_must_open("group:" OTHER);
	assert_int_equal(m.opens, 1);
	assert_ptr_equal(one->as, two->as);
	machine_must_refuse(BDF, -EBUSY, "open already, as group:" BDF, NULL);
	machine_must_refuse("group:" OTHER, -EBUSY, "open already", NULL);
	forget_trace();
	leat_dev_close(one);
	assert_string_equal(m.trace, "close:" BDF " ");
	leat_dev_close(two);
	assert_non_null(strstr(m.trace, "close:" OTHER " remove-group close:/dev/vfio/12 put"));
}

/* The kernel would not let it be used both ways. */
static void a_plain_address_follows_its_group(void **state)
{
	struct leat_dev *one, *two;

	(void)state;
	machine_add(OTHER, 12, "vfio-pci");
	one = machine_must_open("group:" BDF);
	two = machine_must_open(OTHER);
	assert_string_equal(two->how, "group 12: its group is open here already");
	leat_dev_close(two);
	leat_dev_close(one);
}

static void domains_by_name(void **state)
{
	struct leat_dev *a, *b, *c;

	(void)state;
	machine_add("0000:02:00.0", 13, "vfio-pci");
	machine_add("0000:03:00.0", 14, "vfio-pci");
	a = machine_must_open("group:" BDF ",domain=lan");
	b = machine_must_open("group:0000:02:00.0,domain=lan");
	c = machine_must_open("group:0000:03:00.0");
	assert_ptr_equal(a->as, b->as);
	assert_ptr_not_equal(a->as, c->as);
	leat_dev_close(a);
	leat_dev_close(c);
	leat_dev_close(b);

	a = machine_must_open("iommufd:" BDF ",domain=lan");
	b = machine_must_open("iommufd:0000:02:00.0,domain=lan");
	assert_ptr_equal(a->as, b->as);
	leat_dev_close(a);
	leat_dev_close(b);
}

static void a_group_in_two_domains(void **state)
{
	struct leat_dev *dev;

	(void)state;
	machine_add(OTHER, 12, "vfio-pci");
	dev = machine_must_open("group:" BDF ",domain=lan");
	machine_must_refuse("group:" OTHER ",domain=wan", -EINVAL, "in the domain lan already, for "
			    "group:" BDF, "domain=lan", NULL);
	leat_dev_close(machine_must_open("group:" OTHER ",domain=lan"));
	leat_dev_close(machine_must_open("group:" OTHER));
	leat_dev_close(dev);

	dev = machine_must_open("group:" BDF);
	machine_must_refuse("group:" OTHER ",domain=wan", -EINVAL, "in a domain without a name "
			    "already", "domain=wan", NULL);
	leat_dev_close(dev);
}

/* By character devices, too, and then the hardware cannot tell them apart either. */
static void a_group_has_one_ioas(void **state)
{
	struct leat_dev *one, *two, *far;

	(void)state;
	machine_add(OTHER, 12, "vfio-pci");
	machine_add("0000:02:00.0", 13, "vfio-pci");
	one = machine_must_open("iommufd:" BDF);
	two = machine_must_open("iommufd:" OTHER);
	far = machine_must_open("iommufd:0000:02:00.0");
	assert_ptr_equal(one->as, two->as);
	assert_ptr_not_equal(one->as, far->as);
	leat_dev_close(one);
	machine_must_refuse("iommufd:" BDF ",domain=lan", -EINVAL, "in a domain without a name "
			    "already, for iommufd:" OTHER, NULL);
	one = machine_must_open("iommufd:" BDF);
	assert_ptr_equal(one->as, two->as);
	leat_dev_close(two);
	leat_dev_close(one);
	one = machine_must_open("iommufd:" BDF ",domain=lan");
	leat_dev_close(one);
	leat_dev_close(far);
}

static void tokens(void **state)
{
	(void)state;
	m.dev[0].token = UUID;
	machine_must_refuse("group:" BDF, -EACCES, "a virtual function", ",token=UUID", NULL);
	machine_must_refuse("group:" BDF ",token=f123abcd-4567-89ab-cdef-0123456789ab", -EACCES,
			    "not the VF token", NULL);
	leat_dev_close(machine_must_open("group:" BDF ",token=" UUID));

	/* By itself: the group takes one on every kernel. */
	forget_trace();
	leat_dev_close(machine_must_open(BDF ",token=" UUID));
	assert_non_null(strstr(m.trace, "space:group"));
	forget_trace();
	leat_dev_close(machine_must_open("iommufd:" BDF ",token=" UUID));
	assert_non_null(strstr(m.trace, "add-device-by-token"));

	m.dev[0].token = NULL;
	m.dev[0].plain = true;
	machine_must_refuse("group:" BDF ",token=" UUID, -EINVAL, "takes no token", NULL);
}

/* ---- descriptors that somebody else opened ---- */

static void by_group_and_container(void **state)
{
	int group = machine_open("/dev/vfio/12"), container = machine_open("/dev/vfio/vfio");
	struct leat_dev *dev;
	char addr[96];

	(void)state;
	m.looks = 0;
	snprintf(addr, sizeof(addr), "group:" BDF ",group-fd=%d,container-fd=%d", group, container);
	dev = machine_must_open(addr);
	assert_int_equal(m.opens + m.looks, 0);
	assert_string_equal(dev->how, "group: its descriptors were passed");
	assert_int_equal(dev->node, -1);
	close(group);			/* ours is a duplicate */
	assert_int_equal(leat_pci_read16(dev, LEAT_PCI_VENDOR), 0x1af4);
	leat_dev_close(dev);
	assert_int_equal(m.opens + m.looks, 0);
	assert_int_equal(machine_files(), 1);
	close(container);
}

static void by_group_container_and_device(void **state)
{
	int group = machine_open("/dev/vfio/12"), container = machine_open("/dev/vfio/vfio");
	int device = machine_device_fd(group, BDF);
	struct leat_dev *dev;
	char addr[96];

	(void)state;
	m.looks = 0;
	snprintf(addr, sizeof(addr), "group:" BDF ",group-fd=%d,container-fd=%d,device-fd=%d", group,
		 container, device);
	dev = machine_must_open(addr);
	assert_int_equal(m.opens + m.looks, 0);
	assert_null(strstr(m.trace, "get:"));
	assert_int_equal(leat_pci_bus_master(dev, true), 0);
	leat_dev_close(dev);

	/* Somebody has it still: it is left quiet. */
	assert_int_equal(m.dev[0].users, 1);
	assert_int_equal(machine_get_config(&m.dev[0], LEAT_PCI_COMMAND, 2) & LEAT_PCI_COMMAND_MASTER,
			 0);
	for (int i = 0; i < LEAT_IRQS; i++)
		assert_int_equal(m.dev[0].vectors[i], 0);
	close(device);
	close(container);
	close(group);
}

static void two_of_one_group(void **state)
{
	int group = machine_open("/dev/vfio/12"), container = machine_open("/dev/vfio/vfio");
	struct leat_dev *one, *two;
	char addr[2][96];

	(void)state;
	machine_add(OTHER, 12, "vfio-pci");
	snprintf(addr[0], sizeof(addr[0]), "group:" BDF ",group-fd=%d,container-fd=%d", group,
		 container);
	snprintf(addr[1], sizeof(addr[1]), "group:" OTHER ",group-fd=%d,container-fd=%d", group,
		 container);
	one = machine_must_open(addr[0]);
	two = machine_must_open(addr[1]);
	assert_ptr_equal(one->as, two->as);
	machine_must_refuse(addr[1], -EBUSY, "open already", NULL);
	leat_dev_close(one);
	leat_dev_close(two);
	close(container);
	close(group);
}

static void by_device_and_iommufd(void **state)
{
	int device = machine_open("/dev/vfio/devices/vfio0"), iommu = machine_open("/dev/iommu");
	struct leat_dev *dev;
	char addr[96];

	(void)state;
	m.looks = 0;
	snprintf(addr, sizeof(addr), "iommufd:" BDF ",device-fd=%d,iommu-fd=%d", device, iommu);
	dev = machine_must_open(addr);
	assert_string_equal(dev->how, "iommufd: its descriptors were passed");
	leat_dev_close(dev);
	assert_int_equal(m.opens + m.looks, 0);
	assert_int_equal(machine_files(), 2);
	close(iommu);
	close(device);
}

static void descriptors_that_are_none(void **state)
{
	char addr[96];
	int group = machine_open("/dev/vfio/12");

	(void)state;
	machine_must_refuse("group:" BDF ",group-fd=7777,container-fd=7778", -EBADF, "group-fd=7777",
			    NULL);
	snprintf(addr, sizeof(addr), "group:" BDF ",group-fd=%d,container-fd=7,device-fd=7777", group);
	machine_must_refuse(addr, -EBADF, "device-fd=7777", NULL);
	machine_must_refuse("iommufd:" BDF ",device-fd=7777,iommu-fd=7", -EBADF, "device-fd=7777",
			    NULL);
	machine_refuse(VFIO_GROUP_GET_STATUS, ENOTTY);
	snprintf(addr, sizeof(addr), "group:" BDF ",group-fd=%d,container-fd=7", group);
	machine_must_refuse(addr, -ENOTTY, "is group-fd a group's descriptor?", NULL);
	close(group);
}

/* ---- the k-th call fails ---- */

static const char *const all_ways[] = { BDF, "group:" BDF, "iommufd:" BDF, "noiommu:" OTHER };

static void set_up_noiommu(void)
{
	machine_add(OTHER, 13, "vfio-pci");
	tree_file(&m.tree, "/sys/kernel/iommu_groups/13/name", "vfio-noiommu\n");
	tree_file(&m.tree, "/dev/vfio/noiommu-13", "");
}

/* Each either does without, or fails with one line and leaves nothing. */
static void each_call_failing(void **state)
{
	unsigned int failed = 0;

	(void)state;
	set_up_noiommu();
	for (size_t i = 0; i < LEAT_ARRAY_LEN(all_ways); i++) {
		unsigned int k = 0;

		do {
			struct leat_dev *dev = NULL;
			int err;

			m.errors = 0;
			m.calls = 0;
			m.fail_at = ++k;
			err = leat_dev_open(m.ctx, all_ways[i], &dev);
			m.fail_at = 0;
			if (m.errors != (err ? 1 : 0))
				fail_msg("%s, call %u: %u lines: %s", all_ways[i], k, m.errors, m.error);
			failed += err != 0;
			leat_dev_close(dev);
			assert_int_equal(machine_files(), 0);
		} while (m.calls >= k);
	}
	print_message("%u failures\n", failed);
	assert_true(failed > 100);
	m.errors = 0;
}

static void a_hundred_times(void **state)
{
	(void)state;
	set_up_noiommu();
	for (unsigned int i = 0; i < 100; i++) {
		leat_dev_close(machine_must_open(all_ways[i % 4]));
		m.trace[0] = '\0';
	}
	assert_int_equal(machine_files(), 0);
}

static void a_child_forgets(void **state)
{
	struct leat_dev *one, *two;

	(void)state;
	machine_add(OTHER, 12, "vfio-pci");
	one = machine_must_open("group:" BDF);
	two = machine_must_open("group:" OTHER);
	forget_trace();
	one->as = two->as = NULL;		/* core never had it here */
	leat_dev_forget(one);
	assert_string_equal(m.trace, "close:" BDF " forget ");
	leat_dev_forget(two);
	assert_string_equal(m.trace + strlen("close:" BDF " forget "),
			    "close:" OTHER " close:/dev/vfio/12 forget ");
	assert_int_equal(machine_files(), 0);
	assert_ptr_equal(leat_ctx_slot(m.ctx, LEAT_SLOT_VFIO_GROUPS)->data, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, machine_setup, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(order_by_group),
		TEST(order_by_iommufd),
		TEST(a_group_is_opened_once),
		TEST(a_plain_address_follows_its_group),
		TEST(domains_by_name),
		TEST(a_group_in_two_domains),
		TEST(a_group_has_one_ioas),
		TEST(tokens),
		TEST(by_group_and_container),
		TEST(by_group_container_and_device),
		TEST(two_of_one_group),
		TEST(by_device_and_iommufd),
		TEST(descriptors_that_are_none),
		TEST(each_call_failing),
		TEST(a_hundred_times),
		TEST(a_child_forgets),
	};

	return cmocka_run_group_tests_name("bus/vfio/open", tests, NULL, NULL);
}
