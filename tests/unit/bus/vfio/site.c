// SPDX-License-Identifier: BSD-3-Clause
/*
 * site.c - devices that cannot be opened: the first true cause, in one sentence, with what
 * mends it; and how a plain address chooses.
 */
#include "machine_dev.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define BDF   "0000:01:00.0"
#define DEV   "/sys/bus/pci/devices/" BDF
#define GROUP "/sys/kernel/iommu_groups/12"

static const char *const ways[] = { BDF, "group:" BDF, "iommufd:" BDF };

static void no_such_device(void **state)
{
	(void)state;
	machine_must_refuse("0000:02:00.0", -ENODEV, "there is no PCI device 0000:02:00.0",
			    "`leat devices`", NULL);
	machine_must_refuse("noiommu:02:00.0", -ENODEV, "no PCI device 0000:02:00.0", NULL);
	assert_int_equal(m.opens, 0);
}

static void no_iommu(void **state)
{
	(void)state;
	tree_remove(&m.tree, DEV "/iommu_group");
	machine_bind(BDF, "virtio-pci");	/* to mend that would not help */
	for (size_t i = 0; i < LEAT_ARRAY_LEN(ways); i++)
		machine_must_refuse(ways[i], -ENOTSUP, "no IOMMU group", "intel_iommu=on",
				    "amd_iommu=on", NULL);
	machine_must_refuse("noiommu:" BDF, -ENOTSUP, "the kernel does not allow it", "echo 1 > "
			    "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
			    "leat bind " BDF, NULL);
	tree_file(&m.tree, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N\n");
	machine_must_refuse("noiommu:" BDF, -ENOTSUP, "the kernel does not allow it", NULL);
	tree_file(&m.tree, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
	machine_must_refuse("noiommu:" BDF, -EBUSY, "virtio-pci has it", NULL);
	assert_int_equal(m.opens, 0);
}

static void a_group_without_iommu_is_met(void **state)
{
	(void)state;
	tree_file(&m.tree, GROUP "/name", "vfio-noiommu\n");
	for (size_t i = 0; i < LEAT_ARRAY_LEN(ways); i++)
		machine_must_refuse(ways[i], -ENOTSUP, "no IOMMU before this device",
				    "noiommu:" BDF, "all of the machine's memory", NULL);
	assert_int_equal(m.opens, 0);
}

static void an_iommu_is_met_without(void **state)
{
	(void)state;
	machine_must_refuse("noiommu:" BDF, -ENOTSUP, "an IOMMU stands before", "open it as " BDF,
			    NULL);
}

static void bound_to_another_driver(void **state)
{
	(void)state;
	machine_bind(BDF, "virtio-pci");
	for (size_t i = 0; i < LEAT_ARRAY_LEN(ways); i++)
		machine_must_refuse(ways[i], -EBUSY, "driver virtio-pci has it",
				    "`leat bind " BDF "`", NULL);
	machine_bind(BDF, NULL);
	machine_must_refuse(BDF, -ENODEV, "no driver has it", "`leat bind " BDF "`", NULL);
	assert_int_equal(m.opens, 0);
}

static void no_vfio_pci(void **state)
{
	(void)state;
	machine_bind(BDF, "virtio-pci");
	tree_remove(&m.tree, "/sys/bus/pci/drivers/vfio-pci");
	machine_must_refuse(BDF, -ENODEV, "vfio-pci is not there", "`modprobe vfio-pci`", NULL);

	/* A vendor's variant will do. */
	machine_bind(BDF, "mlx5_vfio_pci");
	leat_dev_close(machine_must_open(BDF));
}

static void nodes_that_are_missing(void **state)
{
	(void)state;
	tree_remove(&m.tree, "/dev/vfio/12");
	machine_must_refuse("group:" BDF, -ENOENT, "/dev/vfio/12 is missing", "udev", NULL);
	tree_remove(&m.tree, "/dev/vfio/devices/vfio0");
	machine_must_refuse("iommufd:" BDF, -ENOENT, "/dev/vfio/devices/vfio0 is missing", NULL);
}

static void nodes_that_are_not_permitted(void **state)
{
	char chown[64];

	(void)state;
	m.denied[0] = "/dev/vfio/12";
	m.denied[1] = "/dev/vfio/devices/vfio0";
	snprintf(chown, sizeof(chown), "`chown %u /dev/vfio/12`", geteuid());
	machine_must_refuse("group:" BDF, -EACCES, "/dev/vfio/12: not permitted", chown, NULL);
	snprintf(chown, sizeof(chown), "`chown %u /dev/vfio/devices/vfio0`", geteuid());
	machine_must_refuse("iommufd:" BDF, -EACCES, "not permitted", chown, NULL);
	machine_must_refuse(BDF, -EACCES, chown, NULL);
}

static void not_viable(void **state)
{
	(void)state;
	m.unviable = true;
	machine_must_refuse("group:" BDF, -EBUSY, "not viable: a member is in use", NULL);

	/* A port of PCI Express and a device without driver are innocent. */
	machine_add("0000:00:1c.0", 12, "pcieport");
	tree_file(&m.tree, "/sys/bus/pci/devices/0000:00:1c.0/class", "0x060400\n");
	machine_add("0000:01:00.1", 12, NULL);
	machine_must_refuse("group:" BDF, -EBUSY, "a member is in use", NULL);
	machine_add("0000:01:00.2", 12, "e1000e");
	machine_must_refuse("group:" BDF, -EBUSY, "group 12 is not viable: it holds 0000:01:00.2 "
			    "(e1000e)", "`leat bind 0000:01:00.2`", NULL);
	machine_must_refuse("iommufd:" BDF, -EBUSY, "its IOMMU group 12 holds 0000:01:00.2 (e1000e)",
			    "`leat bind 0000:01:00.2`", NULL);
}

static void in_use(void **state)
{
	int fd = machine_open("/dev/vfio/12");

	(void)state;
	machine_must_refuse("group:" BDF, -EBUSY, "/dev/vfio/12 is in use", "fuser", NULL);
	close(fd);
	machine_refuse(VFIO_GROUP_GET_DEVICE_FD, EBUSY);
	machine_must_refuse("group:" BDF, -EBUSY, "another program has it open", NULL);
	machine_refuse(VFIO_GROUP_GET_DEVICE_FD, ENODEV);
	machine_must_refuse("group:" BDF, -ENODEV, "vfio-pci does not have it", "`leat bind " BDF "`",
			    NULL);
}

static void no_character_devices(void **state)
{
	struct leat_dev *dev;

	(void)state;
	tree_remove(&m.tree, DEV "/vfio-dev/vfio0/dev");
	machine_must_refuse("iommufd:" BDF, -ENOTSUP, "no character devices", "CONFIG_VFIO_DEVICE_CDEV",
			    "group:" BDF, NULL);
	dev = machine_must_open(BDF);
	assert_string_equal(dev->how, "group 12: the kernel has no character devices for VFIO");
	leat_dev_close(dev);
}

static void check_how(const char *how)
{
	struct leat_dev *dev = machine_must_open(BDF);

	assert_string_equal(dev->how, how);
	assert_true(dev->translated);
	assert_int_equal(dev->node, 1);
	machine_said(m.info, how);
	leat_dev_close(dev);
}

static void choices(void **state)
{
	(void)state;
	check_how("iommufd, /dev/vfio/devices/vfio0: the kernel has it");
	assert_int_equal(m.infos, 1);

	m.denied[0] = "/dev/vfio/devices/vfio0";
	check_how("group 12: its character device is not permitted");
	m.denied[0] = "/dev/iommu";
	check_how("group 12: /dev/iommu is not permitted");
	m.denied[1] = "/dev/vfio/12";		/* then neither: iommufd will say why */
	check_how("iommufd, /dev/vfio/devices/vfio0: the kernel has it");
	m.denied[0] = m.denied[1] = NULL;

	tree_remove(&m.tree, "/dev/vfio/devices/vfio0");
	check_how("group 12: its character device is missing in /dev");
	tree_remove(&m.tree, "/dev/iommu");
	check_how("group 12: no /dev/iommu (kernel without IOMMUFD)");
}

static void asked_for(void **state)
{
	static const struct { const char *addr, *how; } ways_asked[] = {
		{ "group:" BDF, "group 12: asked for" },
		{ "iommufd:" BDF, "iommufd, /dev/vfio/devices/vfio0: asked for" },
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(ways_asked); i++) {
		struct leat_dev *dev = machine_must_open(ways_asked[i].addr);

		assert_string_equal(dev->how, ways_asked[i].how);
		leat_dev_close(dev);
	}
}

static void without_iommu(void **state)
{
	struct leat_dev *dev;

	(void)state;
	tree_file(&m.tree, GROUP "/name", "vfio-noiommu\n");
	tree_file(&m.tree, "/dev/vfio/noiommu-12", "");
	m.denied[0] = "/dev/vfio/noiommu-12";
	machine_must_refuse("noiommu:" BDF, -EPERM, "/dev/vfio/noiommu-12: only root",
			    "CAP_SYS_RAWIO", NULL);
	m.denied[0] = NULL;
	dev = machine_must_open("noiommu:" BDF);
	assert_string_equal(dev->how, "group 12 without IOMMU: asked for");
	assert_false(dev->translated);
	assert_non_null(strstr(m.trace, "space:noiommu"));
	leat_dev_close(dev);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, machine_setup, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_such_device),
		TEST(no_iommu),
		TEST(a_group_without_iommu_is_met),
		TEST(an_iommu_is_met_without),
		TEST(bound_to_another_driver),
		TEST(no_vfio_pci),
		TEST(nodes_that_are_missing),
		TEST(nodes_that_are_not_permitted),
		TEST(not_viable),
		TEST(in_use),
		TEST(no_character_devices),
		TEST(choices),
		TEST(asked_for),
		TEST(without_iommu),
	};

	return cmocka_run_group_tests_name("bus/vfio/site", tests, NULL, NULL);
}
