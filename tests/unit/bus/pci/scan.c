// SPDX-License-Identifier: BSD-3-Clause
/*
 * scan.c - what a scan sees: everything a function shows, and nothing where
 * nothing is.
 */
#include "kernel.h"

#include "bus/pci/scan.h"

#include <leat/drivers.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define NIC "0000:01:00.0"
#define SYS "/sys/bus/pci/devices/" NIC "/"

static void scan(struct kernel *k, unsigned int flags, struct leat_devices *out)
{
	assert_int_equal(leat_devices_scan_at(k->tree->root, k->ctx, flags, out), 0);
}

/* The one network function there is. */
static const struct leat_pci_device *scan_nic(struct kernel *k, struct leat_devices *all)
{
	scan(k, 0, all);
	assert_int_equal(all->n, 1);
	return &all->dev[0];
}

static void a_machine_without_pci(void **state)
{
	struct kernel *k = *state;
	struct leat_devices all;

	scan(k, LEAT_DEVICES_ALL, &all);
	assert_int_equal(all.n, 0);
	leat_devices_free(&all);
	tree_remove(k->tree, "/sys/bus/pci/devices");
	scan(k, LEAT_DEVICES_ALL, &all);
	assert_int_equal(all.n, 0);
	assert_null(leat_devices_find(&all, NIC));
	leat_devices_free(&all);
}

static void in_order_and_by_class(void **state)
{
	static const char *const order[] = { "0000:00:1c.0", NIC, "0000:02:00.0" };
	struct kernel *k = *state;
	struct leat_devices all;

	kernel_function(k, "0000:02:00.0", "8086:10d3", "020000", "e1000e", 4);
	kernel_function(k, NIC, "1af4:1041", "028000", "virtio-pci", 3);
	kernel_function(k, "0000:00:1c.0", "8086:8c10", "060400", "pcieport", 2);
	tree_file(k->tree, "/sys/bus/pci/devices/not-a-function", "");
	scan(k, LEAT_DEVICES_ALL, &all);
	assert_int_equal(all.n, 3);
	for (int i = 0; i < 3; i++)
		assert_string_equal(all.dev[i].address, order[i]);
	leat_devices_free(&all);
	scan(k, 0, &all);
	assert_int_equal(all.n, 2);
	assert_string_equal(all.dev[0].address, NIC);
	leat_devices_free(&all);
}

static void ids_and_drivers(void **state)
{
	struct kernel *k = *state;
	const struct leat_pci_device *dev;
	struct leat_devices all;

	kernel_function(k, NIC, "8086:10c9", "020000", "igb", 9);
	tree_file(k->tree, SYS "subsystem_vendor", "0x1af4\n");
	tree_file(k->tree, SYS "subsystem_device", "0x1100\n");
	tree_file(k->tree, SYS "revision", "0x01\n");
	tree_file(k->tree, SYS "driver_override", "vfio-pci\n");
	dev = scan_nic(k, &all);
	assert_int_equal(dev->vendor, 0x8086);
	assert_int_equal(dev->device, 0x10c9);
	assert_int_equal(dev->subvendor, 0x1af4);
	assert_int_equal(dev->subdevice, 0x1100);
	assert_int_equal(dev->class_code, 0x020000);
	assert_int_equal(dev->revision, 1);
	assert_string_equal(dev->driver, "igb");
	assert_string_equal(dev->override, "vfio-pci");
	assert_null(dev->leat_driver);
	assert_false(dev->leaving);
	leat_devices_free(&all);
}

/* With the files of an old or a small kernel: unknown, none, and no failure. */
static void what_is_not_there(void **state)
{
	struct kernel *k = *state;
	const struct leat_pci_device *dev;
	struct leat_devices all;

	tree_file(k->tree, SYS "class", "0x020000\n");
	dev = scan_nic(k, &all);
	assert_int_equal(dev->vendor, 0);
	assert_string_equal(dev->driver, "");
	assert_string_equal(dev->override, "");
	assert_int_equal(dev->group, -1);
	assert_int_equal(dev->node, -1);
	assert_int_equal(dev->link_speed, 0);
	assert_int_equal(dev->vfs_max, 0);
	assert_int_equal(dev->nnetifs + dev->nmembers + dev->nreserved, 0);
	assert_string_equal(dev->in_use, "");
	leat_devices_free(&all);
}

static void the_place(void **state)
{
	struct kernel *k = *state;
	const struct leat_pci_device *dev;
	struct leat_devices all;

	kernel_function(k, NIC, "8086:10c9", "020000", "igb", 9);
	tree_file(k->tree, SYS "numa_node", "1\n");
	tree_file(k->tree, SYS "current_link_speed", "2.5 GT/s PCIe\n");
	tree_file(k->tree, SYS "max_link_speed", "16.0 GT/s PCIe\n");
	tree_file(k->tree, SYS "current_link_width", "1\n");
	tree_file(k->tree, SYS "max_link_width", "255\n");
	tree_file(k->tree, SYS "reset_method", "flr pm bus\n");
	dev = scan_nic(k, &all);
	assert_int_equal(dev->node, 1);
	assert_int_equal(dev->link_speed, 2500);
	assert_int_equal(dev->link_speed_max, 16000);
	assert_int_equal(dev->link_width, 1);
	assert_int_equal(dev->link_width_max, 0);
	assert_string_equal(dev->resets, "flr pm bus");
	leat_devices_free(&all);

	tree_file(k->tree, SYS "numa_node", "-1\n");
	tree_file(k->tree, SYS "current_link_speed", "Unknown\n");
	dev = scan_nic(k, &all);
	assert_int_equal(dev->node, -1);
	assert_int_equal(dev->link_speed, 0);
	leat_devices_free(&all);
}

/* As in QEMU: NICs behind one PCIe-to-PCI bridge, one given up, one not; and what boards put beside. */
static void a_group_of_many(void **state)
{
	struct kernel *k = *state;
	const struct leat_pci_device *dev;
	struct leat_devices all;

	kernel_function(k, NIC, "8086:100e", "020000", "vfio-pci", 9);
	kernel_function(k, "0000:01:02.0", "8086:100e", "020000", "e1000", 9);
	kernel_function(k, "0000:01:01.0", "8086:100e", "020000", "vfio-pci", 9);
	kernel_function(k, "0000:00:1e.0", "1b36:000e", "060400", "shpchp", 9);
	kernel_function(k, "0000:00:1f.0", "8086:2918", "060100", "lpc_ich", 9);
	kernel_function(k, "0000:01:03.0", "8086:100e", "020000", "uio_pci_generic", 9);
	tree_file(k->tree, "/sys/bus/kernel/iommu_groups/9/reserved_regions",
		  "0x00000000fee00000 0x00000000feefffff msi\n"
		  "0x000000fd00000000 0x000000ffffffffff reserved\n"
		  "nonsense\n");
	scan(k, LEAT_DEVICES_ALL, &all);
	dev = leat_devices_find(&all, NIC);
	assert_int_equal(dev->group, 9);
	assert_false(dev->noiommu);
	assert_int_equal(dev->nmembers, 5);
	assert_string_equal(dev->members[0].address, "0000:00:1e.0");
	assert_string_equal(dev->members[1].address, "0000:00:1f.0");
	assert_string_equal(dev->members[2].address, "0000:01:01.0");
	assert_string_equal(dev->members[3].address, "0000:01:02.0");
	assert_string_equal(dev->members[3].driver, "e1000");
	assert_int_equal(dev->members[3].class_code, 0x020000);
	assert_false(dev->members[0].blocks);	/* a bridge's driver does no DMA */
	assert_true(dev->members[1].blocks);	/* but this one is no bridge between buses */
	assert_false(dev->members[2].blocks);
	assert_true(dev->members[3].blocks);
	assert_true(dev->members[4].blocks);	/* UIO leaves DMA to the kernel's drivers' domain */
	assert_int_equal(dev->nreserved, 2);
	assert_int_equal(dev->reserved[0].first, 0xfee00000);
	assert_int_equal(dev->reserved[0].last, 0xfeefffff);
	assert_string_equal(dev->reserved[0].kind, "msi");
	assert_int_equal(dev->reserved[1].last, 0xffffffffff);
	leat_devices_free(&all);
}

static void what_vfio_shows(void **state)
{
	struct kernel *k = *state;
	const struct leat_pci_device *dev;
	struct leat_devices all;

	kernel_function(k, NIC, "8086:10c9", "020000", "vfio-pci", 0);
	tree_dir(k->tree, SYS "vfio-dev/vfio3");
	tree_file(k->tree, "/sys/bus/kernel/iommu_groups/0/name", "vfio-noiommu\n");
	dev = scan_nic(k, &all);
	assert_string_equal(dev->cdev, "vfio3");
	assert_true(dev->noiommu);
	assert_false(dev->leaving);
	leat_devices_free(&all);
}

static bool is_leaving(struct kernel *k)
{
	struct leat_devices all;
	const struct leat_pci_device *dev;
	bool leaving;

	scan(k, 0, &all);
	dev = leat_devices_find(&all, NIC);
	leaving = dev->leaving;
	assert_string_equal(dev->override, leaving ? "" : "would not return");
	leat_devices_free(&all);
	return leaving;
}

/* Unbound, and a program still has it: by whatever sign, the override is not asked for. */
static void on_its_way_out(void **state)
{
	struct kernel *k = *state;

	kernel_function(k, NIC, "8086:10c9", "020000", "", 9);
	tree_file(k->tree, SYS "driver_override", "would not return\n");
	assert_false(is_leaving(k));

	tree_dir(k->tree, SYS "vfio-dev");		/* before Linux 6.6 */
	assert_true(is_leaving(k));
	tree_remove(k->tree, SYS "vfio-dev");

	tree_dir(k->tree, "/sys/class/vfio/9");		/* the node is there for it alone */
	assert_true(is_leaving(k));

	kernel_function(k, "0000:01:00.1", "8086:10c9", "020000", "vfio-pci", 9);
	tree_file(k->tree, SYS "enable", "0\n");	/* or for another */
	assert_false(is_leaving(k));
	tree_file(k->tree, SYS "enable", "1\n");
	assert_true(is_leaving(k));
}

static void virtual_functions(void **state)
{
	struct kernel *k = *state;
	const struct leat_pci_device *dev;
	struct leat_devices all;

	kernel_function(k, NIC, "8086:10c9", "020000", "igb", 9);
	kernel_function(k, "0000:01:10.2", "8086:10ca", "020000", "igbvf", 12);
	tree_file(k->tree, SYS "sriov_totalvfs", "8\n");
	tree_link(k->tree, SYS "virtfn0", "../0000:01:10.0");
	tree_link(k->tree, SYS "virtfn1", "../0000:01:10.2");
	tree_link(k->tree, "/sys/bus/pci/devices/0000:01:10.2/physfn", "../" NIC);
	scan(k, 0, &all);
	dev = leat_devices_find(&all, NIC);
	assert_int_equal(dev->vfs_max, 8);
	assert_int_equal(dev->vfs, 2);
	assert_string_equal(dev->vf[0], "0000:01:10.0");
	assert_string_equal(dev->vf[1], "0000:01:10.2");
	assert_string_equal(dev->pf, "");
	assert_string_equal(leat_devices_find(&all, "01:10.2")->pf, NIC);
	leat_devices_free(&all);
}

static void interfaces(void **state)
{
	struct kernel *k = *state;
	const struct leat_pci_device *dev;
	struct leat_devices all;

	kernel_function(k, NIC, "1af4:1041", "020000", "virtio-pci", 9);
	kernel_netif(k, NIC, "eth1", "192.0.2.7");
	tree_file(k->tree, SYS "net/eth1/address", "52:54:00:12:34:56\n");
	tree_file(k->tree, SYS "net/eth1/speed", "1000\n");
	tree_file(k->tree, SYS "virtio2/net/eth0/operstate", "down\n");
	tree_file(k->tree, SYS "virtio2/net/eth0/flags", "0x1002\n");
	tree_file(k->tree, SYS "virtio2/net/eth0/speed", "-1\n");
	dev = scan_nic(k, &all);
	assert_int_equal(dev->nnetifs, 2);
	assert_string_equal(dev->netifs[0].name, "eth0");
	assert_string_equal(dev->netifs[0].state, "down");
	assert_false(dev->netifs[0].admin_up);
	assert_int_equal(dev->netifs[0].speed, 0);
	assert_string_equal(dev->netifs[1].name, "eth1");
	assert_string_equal(dev->netifs[1].mac, "52:54:00:12:34:56");
	assert_true(dev->netifs[1].admin_up);
	assert_int_equal(dev->netifs[1].speed, 1000);
	assert_int_equal(dev->netifs[1].naddrs, 1);
	assert_string_equal(dev->netifs[1].addrs[0], "192.0.2.7/24");
	assert_string_equal(dev->in_use, "eth1 carries 192.0.2.7/24");
	assert_ptr_equal(leat_devices_find(&all, "eth0"), dev);
	assert_ptr_equal(leat_devices_find(&all, "01:00.0"), dev);
	assert_null(leat_devices_find(&all, "eth"));
	leat_devices_free(&all);
}

static void routes(void **state)
{
	struct kernel *k = *state;
	const struct leat_pci_device *dev;
	struct leat_devices all;

	kernel_function(k, NIC, "1af4:1041", "020000", "virtio-pci", 9);
	kernel_netif(k, NIC, "eth1", NULL);
	tree_file(k->tree, "/proc/net/route",
		  "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
		  "eth1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
		  "eth1\t000300C0\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
		  "eth9\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	dev = scan_nic(k, &all);
	assert_int_equal(dev->netifs[0].routes, 1);	/* one is down, one another's */
	assert_false(dev->netifs[0].default_route);
	assert_string_equal(dev->in_use, "eth1 carries 1 route");
	leat_devices_free(&all);
}

#define V6(to, len, flags) to " " len " 00000000000000000000000000000000 00 " \
	"00000000000000000000000000000000 00000100 00000001 00000000 " flags "     eth1\n"

/* What an interface that is up gets by itself is no use of it. */
static void ipv6_routes(void **state)
{
	struct kernel *k = *state;
	const struct leat_pci_device *dev;
	struct leat_devices all;

	kernel_function(k, NIC, "1af4:1041", "020000", "virtio-pci", 9);
	kernel_netif(k, NIC, "eth1", NULL);
	tree_file(k->tree, "/proc/net/ipv6_route",
		  V6("fe800000000000000000000000000000", "40", "00000001")
		  V6("fe800000000000000000000000000001", "80", "80200001")
		  V6("ff000000000000000000000000000000", "08", "00000001")
		  V6("20010db8000000000000000000000001", "80", "80200001"));
	dev = scan_nic(k, &all);
	assert_int_equal(dev->netifs[0].routes, 0);
	assert_string_equal(dev->in_use, "");
	leat_devices_free(&all);

	tree_file(k->tree, "/proc/net/ipv6_route",
		  V6("20010db8000000000000000000000000", "40", "00000001")
		  V6("00000000000000000000000000000000", "00", "00000003"));
	dev = scan_nic(k, &all);
	assert_int_equal(dev->netifs[0].routes, 2);
	assert_string_equal(dev->in_use, "eth1 carries the default route");
	leat_devices_free(&all);
}

static void the_driver_of_ours(void **state)
{
	struct kernel *k = *state;
	struct leat_ctx_config cfg = { .drivers = leat_drivers };
	struct leat_devices all;
	struct leat_ctx *ctx;

	kernel_function(k, NIC, "1af4:1041", "020000", "virtio-pci", 9);
	kernel_function(k, "0000:02:00.0", "15ad:07b0", "020000", "vmxnet3", 10);
	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	assert_int_equal(leat_devices_scan_at(k->tree->root, ctx, 0, &all), 0);
	assert_string_equal(leat_devices_find(&all, NIC)->leat_driver, "virtio-net");
	assert_null(leat_devices_find(&all, "02:00.0")->leat_driver);
	leat_devices_free(&all);
	leat_ctx_close(ctx);
}

/* Whatever this machine has: it is scanned, as an ordinary user. */
static void this_machine(void **state)
{
	struct kernel *k = *state;
	struct leat_devices all;

	assert_int_equal(leat_devices_scan(k->ctx, LEAT_DEVICES_ALL, &all), 0);
	for (unsigned int i = 0; i < all.n; i++)
		assert_ptr_equal(leat_devices_find(&all, all.dev[i].address), &all.dev[i]);
	leat_devices_free(&all);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, kernel_setup, kernel_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_machine_without_pci),
		TEST(in_order_and_by_class),
		TEST(ids_and_drivers),
		TEST(what_is_not_there),
		TEST(the_place),
		TEST(a_group_of_many),
		TEST(what_vfio_shows),
		TEST(on_its_way_out),
		TEST(virtual_functions),
		TEST(interfaces),
		TEST(routes),
		TEST(ipv6_routes),
		TEST(the_driver_of_ours),
		TEST(this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
