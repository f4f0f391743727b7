// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor.c - machines that lack one thing: doctor names it first, with its remedy.
 */
#include "machine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static void nothing_is_lacking(void **state)
{
	struct machine *m = *state;

	machine_first(m, "tuning", VERDICT_INFO, "governor not told", NULL);
	assert_false(report_has(&m->w, VERDICT_PROBLEM));
	assert_false(report_has(&m->w, VERDICT_WARNING));
	assert_non_null(strstr(machine_finding(m, "iommu")->evidence, "dmar0 (39-bit addresses)"));
	assert_non_null(strstr(machine_finding(m, "vfio-pci")->evidence,
			       "vfio-pci loaded, vfio_iommu_type1 built in"));
	assert_non_null(strstr(machine_finding(m, "node")->evidence,
			       "/dev/iommu and /dev/vfio/devices/vfio0"));
	assert_non_null(strstr(machine_finding(m, "busy")->evidence, "free"));
	assert_non_null(strstr(machine_finding(m, "hugepages")->evidence,
			       "/dev/hugepages writable"));
}

/* ---- the IOMMU ---- */

static void no_iommu(struct machine *m)
{
	machine_remove(m, "/sys/class/iommu/dmar0");
	machine_put(m, "/proc/cmdline", "root=/dev/sda quiet\n");
}

static void the_iommu_was_not_switched_on(void **state)
{
	no_iommu(*state);
	machine_first(*state, "iommu", VERDICT_PROBLEM, "no intel_iommu=on; the firmware describes one "
		      "(DMAR)", "sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&intel_iommu=on /'");
}

static void the_iommu_was_switched_off(void **state)
{
	no_iommu(*state);
	machine_put(*state, "/proc/cmdline", "root=/dev/sda intel_iommu=off\n");
	machine_first(*state, "iommu", VERDICT_PROBLEM, "has intel_iommu=off",
		      "sudo sed -i 's/ *\\bintel_iommu=off\\b//' /etc/default/grub && sudo update-grub");
}

static void the_firmware_hides_the_iommu(void **state)
{
	no_iommu(*state);
	machine_remove(*state, "/sys/firmware/acpi/tables/DMAR");
	machine_first(*state, "iommu", VERDICT_PROBLEM, "the firmware describes none",
		      "sudo systemctl reboot --firmware-setup");
}

static void a_virtual_machine_has_no_iommu(void **state)
{
	no_iommu(*state);
	machine_remove(*state, "/sys/firmware/acpi/tables/DMAR");
	machine_put(*state, "/proc/cpuinfo", "vendor_id : GenuineIntel\nflags : fpu hypervisor\n");
	machine_first(*state, "iommu", VERDICT_PROBLEM, "the firmware describes none",
		      "-device intel-iommu,intremap=on");
}

static void without_nics_nobody_misses_an_iommu(void **state)
{
	struct machine *m = *state;

	m->w.devices.n = 0;
	no_iommu(m);
	machine_first(m, "iommu", VERDICT_INFO, "no IOMMU", NULL);
	assert_false(report_has(&m->w, VERDICT_PROBLEM));
	machine_finding(m, "nic");
}

static void without_iommu_there_is_the_unsafe_mode(void **state)
{
	struct machine *m = *state;

	no_iommu(m);
	machine_first(m, "iommu", VERDICT_PROBLEM, NULL, NULL);
	assert_non_null(strstr(machine_finding(m, "noiommu")->remedy, "echo Y | sudo tee "
			       "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"));
	machine_put(m, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
	machine_first(m, "iommu", VERDICT_PROBLEM, NULL, NULL);
	assert_int_equal(machine_finding(m, "noiommu")->verdict, VERDICT_WARNING);
}

/* ---- interrupts ---- */

static void interrupts_cannot_be_remapped(void **state)
{
	struct machine *m = *state;

	machine_put(m, "/proc/interrupts", " 24:  3 PCI-MSIX-0000:01:00.0 0-edge\n");
	machine_put(m, "/sys/class/iommu/dmar0/intel-iommu/ecap", "f050d2\n");
	machine_first(m, "interrupts", VERDICT_PROBLEM, "the hardware cannot",
		      "echo 1 | sudo tee /sys/module/vfio_iommu_type1/parameters/"
		      "allow_unsafe_interrupts /sys/module/iommufd/parameters/allow_unsafe_interrupts");
	assert_non_null(strstr(m->w.finding[0].evidence, "unsafe interrupts: refused"));
}

static void interrupt_remapping_was_switched_off(void **state)
{
	struct machine *m = *state;

	machine_put(m, "/proc/interrupts", " 24:  3 PCI-MSIX-0000:01:00.0 0-edge\n");
	machine_put(m, "/proc/cmdline", "intel_iommu=on intremap=off\n");
	machine_first(m, "interrupts", VERDICT_PROBLEM, "the hardware could (intel-iommu/ecap), the "
		      "kernel command line has intremap=off", "sudo sed -i 's/ *\\bintremap=off\\b//'");
}

static void unsafe_interrupts_are_allowed(void **state)
{
	struct machine *m = *state;

	machine_put(m, "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n");
	machine_put(m, "/sys/module/iommufd/parameters/allow_unsafe_interrupts", "Y\n");
	machine_first(m, "tuning", VERDICT_INFO, NULL, NULL);
	assert_non_null(strstr(machine_finding(m, "interrupts")->evidence,
			       "unsafe interrupts: allowed, without need"));
	machine_put(m, "/proc/interrupts", " 24:  3 PCI-MSIX-0000:01:00.0 0-edge\n");
	machine_first(m, "interrupts", VERDICT_WARNING, "unsafe interrupts: allowed", NULL);
	machine_put(m, "/sys/module/iommufd/parameters/allow_unsafe_interrupts", "N\n");
	machine_first(m, "interrupts", VERDICT_PROBLEM, "unsafe interrupts: refused", NULL);
	machine_remove(m, "/dev/iommu");	/* then it does not matter */
	machine_first(m, "interrupts", VERDICT_WARNING, NULL, "--firmware-setup");
}

/* ---- the kernel's half ---- */

static void vfio_pci_is_absent(void **state)
{
	struct machine *m = *state;

	machine_remove(m, "/sys/bus/pci/drivers/vfio-pci");
	machine_remove(m, "/sys/module/vfio_pci");
	strcpy(m->nic[0].driver, "e1000e");
	strcpy(m->nic[1].driver, "e1000e");
	machine_first(m, "vfio-pci", VERDICT_PROBLEM, "/lib/modules/6.12.0 has vfio-pci.ko",
		      "sudo modprobe vfio-pci");
	assert_string_equal(m->w.finding[0].remedy, "sudo modprobe vfio-pci");
	machine_remove(m, "/lib");
	machine_first(m, "vfio-pci", VERDICT_PROBLEM, "does not list vfio-pci.ko",
		      "sudo apt-get install linux-image-amd64");
}

static void nothing_maps_memory(void **state)
{
	machine_remove(*state, "/sys/module/vfio_iommu_type1");
	machine_remove(*state, "/dev/iommu");
	machine_first(*state, "vfio-pci", VERDICT_PROBLEM, "neither vfio_iommu_type1 nor iommufd",
		      "sudo modprobe vfio_iommu_type1");
}

static void iommufd_is_absent(void **state)
{
	struct machine *m = *state;

	machine_remove(m, "/dev/iommu");
	m->nic[0].cdev[0] = m->nic[1].cdev[0] = 0;
	machine_first(m, "iommufd", VERDICT_INFO, "opened by their group", "CONFIG_IOMMUFD");
	assert_non_null(strstr(machine_finding(m, "node")->evidence,
			       "/dev/vfio/vfio and /dev/vfio/9"));
	machine_put(m, "/lib/modules/6.12.0/modules.dep", "kernel/drivers/iommu/iommufd/iommufd.ko:\n");
	machine_first(m, "iommufd", VERDICT_INFO, "absent", "sudo modprobe iommufd");
	machine_put(m, "/dev/iommu", "");
	machine_first(m, "iommufd", VERDICT_INFO, "0000:01:00.0 has no character device", NULL);
}

/* ---- groups and nodes ---- */

static void a_kernel_driver_shares_the_group(void **state)
{
	struct machine *m = *state;

	m->nic[0].nmembers = 2;
	strcpy(m->member[0].address, "0000:00:1e.0");
	strcpy(m->member[1].address, "0000:01:00.1");
	strcpy(m->member[1].driver, "e1000");
	m->member[1].class_code = 0x020000;
	m->member[1].blocks = true;
	machine_first(m, "group", VERDICT_PROBLEM, "0000:01:00.0 shares IOMMU group 9 with 0000:01:00.1, "
		      "which the kernel's driver e1000 uses", "sudo leat bind 0000:01:00.1");
	m->member[1].blocks = false;
	machine_first(m, "tuning", VERDICT_INFO, NULL, NULL);
	assert_non_null(strstr(machine_finding(m, "group")->evidence, "2 others in it"));
}

static void the_node_is_not_permitted(void **state)
{
	struct machine *m = *state;

	machine_close_node(m, "/dev/vfio/devices/vfio0", -EACCES);
	machine_first(m, "tuning", VERDICT_INFO, NULL, NULL);	/* the group will do */
	machine_close_node(m, "/dev/vfio/9", -EACCES);
	machine_first(m, "node", VERDICT_PROBLEM, "/dev/vfio/9: Permission denied",
		      "sudo chown $USER /dev/vfio/9");
	assert_string_equal(m->w.finding[0].remedy, "sudo chown $USER /dev/vfio/9");
}

static void both_nodes_are_not_permitted(void **state)
{
	struct machine *m = *state;

	m->nic[0].cdev[0] = 0;
	machine_close_node(m, "/dev/vfio/vfio", -EACCES);
	machine_close_node(m, "/dev/vfio/9", -EACCES);
	machine_first(m, "node", VERDICT_PROBLEM, NULL, "sudo chown $USER /dev/vfio/vfio /dev/vfio/9");
}

static void the_node_is_missing(void **state)
{
	struct machine *m = *state;

	m->nic[1].cdev[0] = 0;
	machine_close_node(m, "/dev/vfio/10", -ENOENT);
	machine_first(m, "node", VERDICT_PROBLEM, "0000:02:00.0: /dev/vfio/10 is missing",
		      "--device /dev/vfio/10");
}

static void without_iommu_only_root_may(void **state)
{
	struct machine *m = *state;

	no_iommu(m);
	machine_put(m, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
	m->nic[0].cdev[0] = m->nic[1].cdev[0] = 0;
	m->nic[0].noiommu = true;
	machine_close_node(m, "/dev/vfio/noiommu-9", -EPERM);
	machine_first(m, "iommu", VERDICT_PROBLEM, NULL, NULL);
	assert_non_null(strstr(machine_finding(m, "node")->remedy, "run as root"));
}

static void another_program_has_the_device(void **state)
{
	struct machine *m = *state;

	machine_close_node(m, "/dev/vfio/9", -EBUSY);
	machine_first(m, "busy", VERDICT_PROBLEM, "0000:01:00.0 is busy: opening /dev/vfio/9",
		      "sudo fuser -v /dev/vfio/9 /dev/vfio/devices/vfio0");
	machine_put(m, "/proc/77/comm", "leat-fwd\n");
	machine_link(m, "/proc/77/fd/4", "/dev/null");
	machine_link(m, "/proc/77/fd/5", "/dev/vfio/devices/vfio0");
	machine_first(m, "busy", VERDICT_PROBLEM, "leat-fwd has /dev/vfio/devices/vfio0 open "
		      "(/proc/77/fd)", "kill 77");
}

/* ---- memory, CPUs ---- */

static void too_little_memory_may_be_locked(void **state)
{
	struct machine *m = *state;

	m->w.memlock = m->w.memlock_max = 8 << 20;
	machine_first(m, "memlock", VERDICT_PROBLEM, "may lock 8192 KiB",
		      "sudo prlimit --pid $$ --memlock=20971520");
	assert_non_null(strstr(m->w.finding[0].remedy, "/etc/security/limits.d/leat.conf"));
	assert_non_null(strstr(m->w.finding[0].remedy, "LimitMEMLOCK=20M"));
	m->w.memlock_max = UINT64_MAX;
	machine_first(m, "memlock", VERDICT_PROBLEM, NULL, "ulimit -l 20480");
	m->w.memlock = 32 << 20;
	machine_first(m, "tuning", VERDICT_INFO, NULL, NULL);
	m->nic[1].cdev[0] = 0;		/* its group pays for the pool again */
	machine_first(m, "memlock", VERDICT_PROBLEM, "lock 36864 KiB", "ulimit -l 36864");
	m->w.ipc_lock = true;
	machine_first(m, "tuning", VERDICT_INFO, NULL, NULL);
}

static void there_are_no_hugepages(void **state)
{
	struct machine *m = *state;

	machine_put(m, "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "0\n");
	machine_first(m, "hugepages", VERDICT_WARNING, "0 of 64 free of 2048 KiB",
		      "sudo sysctl vm.nr_hugepages=96");
	machine_put(m, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0\n");
	machine_first(m, "hugepages", VERDICT_WARNING, NULL, "sudo sysctl vm.nr_hugepages=32");
	machine_remove(m, "/sys/kernel/mm/hugepages");
	machine_first(m, "hugepages", VERDICT_WARNING, "this kernel has no hugepages", "CONFIG_HUGETLBFS");
}

static void the_cpuset_has_one_cpu(void **state)
{
	struct machine *m = *state;

	m->w.ncpus = 1;
	m->w.cpus = &m->cpus[2];
	machine_first(m, "cpu", VERDICT_WARNING, "one CPU only, 2 ", "taskset -pc 0-3 $$");
	machine_put(m, "/sys/fs/cgroup/user.slice/cpuset.cpus.effective", "2\n");
	machine_first(m, "cpu", VERDICT_WARNING, "cpuset /sys/fs/cgroup/user.slice/cpuset.cpus: 2",
		      "echo 0-3 | sudo tee /sys/fs/cgroup/user.slice/cpuset.cpus");
	machine_put(m, "/proc/self/cgroup", "4:cpuset:/box\n1:name=systemd:/\n");
	machine_put(m, "/sys/fs/cgroup/cpuset/box/cpuset.effective_cpus", "2\n");
	machine_first(m, "cpu", VERDICT_WARNING, NULL,
		      "echo 0-3 | sudo tee /sys/fs/cgroup/cpuset/box/cpuset.cpus");
	machine_put(m, "/sys/devices/system/cpu/online", "2\n");
	machine_first(m, "cpu", VERDICT_WARNING, NULL, "-smp 2");
}

static void the_nic_is_on_another_node(void **state)
{
	struct machine *m = *state;

	m->nic[0].node = m->nic[1].node = 1;
	machine_put(m, "/sys/devices/system/node/online", "0-1\n");
	machine_put(m, "/sys/devices/system/node/node1/cpulist", "4-7\n");
	machine_first(m, "numa", VERDICT_WARNING, "none is allowed", "taskset -pc 4-7 $$");
	m->w.ncpus = 8;
	machine_first(m, "numa", VERDICT_WARNING, "no free hugepages", "echo 32 | sudo tee "
		      "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages");
	machine_put(m, "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages",
		    "30\n");
	machine_first(m, "tuning", VERDICT_INFO, NULL, NULL);
}

/* ---- the rest ---- */

static void the_rest_is_worth_knowing(void **state)
{
	struct machine *m = *state;

	machine_put(m, "/sys/fs/selinux/enforce", "1");
	machine_put(m, "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	machine_put(m, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
	machine_close_node(m, "/dev/kvm", -EACCES);
	machine_first(m, "tuning", VERDICT_INFO, "governor powersave", "echo performance | sudo tee");
	assert_non_null(strstr(machine_finding(m, "kvm")->remedy, "sudo usermod -aG kvm $USER"));
	assert_non_null(strstr(machine_finding(m, "security")->remedy, "ausearch"));
	assert_non_null(strstr(machine_finding(m, "qemu")->remedy, "tests/guest/qemu"));
}

static void qemu_is_found(void **state)
{
	struct machine *m = *state;
	char path[512];

	machine_put(m, "/usr/bin/qemu-system-x86_64", "");
	snprintf(path, sizeof(path), "%s/usr/bin/qemu-system-x86_64", m->root);
	assert_int_equal(chmod(path, 0755), 0);
	m->qemu = "QEMU emulator version 10.2.9 (Debian)";
	machine_first(m, "tuning", VERDICT_INFO, NULL, NULL);
	assert_int_equal(machine_finding(m, "qemu")->verdict, VERDICT_INFO);
	m->qemu = "QEMU emulator version 11.0.0 (Debian)";
	machine_first(m, "tuning", VERDICT_INFO, NULL, NULL);
	assert_int_equal(machine_finding(m, "qemu")->verdict, VERDICT_OK);

	m->qemu = NULL;
	machine_put(m, "/cache/qemu-7.2.22/qemu-system-x86_64", "");
	machine_put(m, "/cache/qemu-11.1.3/qemu-system-x86_64", "");
	snprintf(path, sizeof(path), "%s/cache/qemu-7.2.22/qemu-system-x86_64", m->root);
	assert_int_equal(chmod(path, 0755), 0);
	machine_first(m, "tuning", VERDICT_INFO, NULL, NULL);
	assert_int_equal(machine_finding(m, "qemu")->verdict, VERDICT_INFO);
	snprintf(path, sizeof(path), "%s/cache/qemu-11.1.3/qemu-system-x86_64", m->root);
	assert_int_equal(chmod(path, 0755), 0);
	machine_first(m, "tuning", VERDICT_INFO, NULL, NULL);
	assert_int_equal(machine_finding(m, "qemu")->verdict, VERDICT_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, machine_setup, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_lacking),
		TEST(the_iommu_was_not_switched_on),
		TEST(the_iommu_was_switched_off),
		TEST(the_firmware_hides_the_iommu),
		TEST(a_virtual_machine_has_no_iommu),
		TEST(without_nics_nobody_misses_an_iommu),
		TEST(without_iommu_there_is_the_unsafe_mode),
		TEST(interrupts_cannot_be_remapped),
		TEST(interrupt_remapping_was_switched_off),
		TEST(unsafe_interrupts_are_allowed),
		TEST(vfio_pci_is_absent),
		TEST(nothing_maps_memory),
		TEST(iommufd_is_absent),
		TEST(a_kernel_driver_shares_the_group),
		TEST(the_node_is_not_permitted),
		TEST(both_nodes_are_not_permitted),
		TEST(the_node_is_missing),
		TEST(without_iommu_only_root_may),
		TEST(another_program_has_the_device),
		TEST(too_little_memory_may_be_locked),
		TEST(there_are_no_hugepages),
		TEST(the_cpuset_has_one_cpu),
		TEST(the_nic_is_on_another_node),
		TEST(the_rest_is_worth_knowing),
		TEST(qemu_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
