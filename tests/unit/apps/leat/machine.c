// SPDX-License-Identifier: BSD-3-Clause
/*
 * machine.c - see machine.h.
 */
#include "machine.h"

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A machine of Intel's with an IOMMU, interrupt remapping, iommufd, hugepages, four CPUs. */
static const char *const healthy[][2] = {
	{ "/proc/cmdline", "root=/dev/sda intel_iommu=on quiet\n" },
	{ "/proc/cpuinfo", "processor : 0\nvendor_id : GenuineIntel\nflags : fpu vmx\n" },
	{ "/proc/interrupts", "  CPU0\n 24:  3 IR-PCI-MSIX-0000:01:00.0 0-edge\n" },
	{ "/proc/sys/kernel/osrelease", "6.12.0\n" },
	{ "/proc/self/cgroup", "0::/user.slice\n" },
	{ "/proc/self/mounts", "hugetlbfs /dev/hugepages hugetlbfs rw,pagesize=2M 0 0\n" },
	{ "/lib/modules/6.12.0/modules.dep", "kernel/drivers/vfio/pci/vfio-pci.ko.xz:\n" },
	{ "/sys/firmware/acpi/tables/DMAR", "" },
	{ "/sys/class/iommu/dmar0/intel-iommu/cap", "d2008c40660462\n" },
	{ "/sys/class/iommu/dmar0/intel-iommu/ecap", "f050da\n" },
	{ "/sys/kernel/iommu_groups/9/type", "DMA\n" },
	{ "/sys/bus/pci/drivers/vfio-pci/new_id", "" },
	{ "/sys/module/vfio_pci/initstate", "live\n" },
	{ "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "N\n" },
	{ "/sys/module/iommufd/parameters/allow_unsafe_interrupts", "N\n" },
	{ "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "N\n" },
	{ "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "64\n" },
	{ "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "60\n" },
	{ "/sys/devices/system/cpu/online", "0-3\n" },
	{ "/sys/devices/system/node/online", "0\n" },
	{ "/sys/fs/cgroup/user.slice/cpuset.cpus.effective", "0-3\n" },
	{ "/sys/kernel/security/lockdown", "[none] integrity confidentiality\n" },
	{ "/dev/iommu", "" },
	{ "/dev/hugepages/.", NULL },
};

/* Up to the last slash of @path, like mkdir -p. */
static void make_folders(char *path)
{
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = 0;
		if (mkdir(path, 0755) && errno != EEXIST)
			fail_msg("mkdir %s: %s", path, strerror(errno));
		*p = '/';
	}
}

void machine_put(const struct machine *m, const char *path, const char *text)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", m->root, path);
	make_folders(full);
	if (!text)
		return;		/* the folder only */
	f = fopen(full, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

void machine_link(const struct machine *m, const char *path, const char *target)
{
	char full[512];

	snprintf(full, sizeof(full), "%s%s", m->root, path);
	make_folders(full);
	assert_int_equal(symlink(target, full), 0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void machine_remove(const struct machine *m, const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s%s", m->root, path);
	assert_int_equal(nftw(full, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static int probe(const struct world *w, const char *path)
{
	const struct machine *m = (const void *)w;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(m->closed); i++)
		if (m->closed[i].path && !strcmp(m->closed[i].path, path))
			return m->closed[i].err;
	return 0;
}

void machine_close_node(struct machine *m, const char *path, int err)
{
	size_t i = 0;

	while (m->closed[i].path)
		i++;
	m->closed[i].path = path;
	m->closed[i].err = err;
}

static const char *printed;

static bool version(const char *program, char *line, size_t size)
{
	(void)program;
	snprintf(line, size, "%s", printed ? printed : "");
	return printed != NULL;
}

void machine_init(struct machine *m)
{
	*m = (struct machine){
		.nic = {
			{ .address = "0000:01:00.0", .vendor = 0x1af4, .device = 0x1041,
			  .class_code = 0x020000, .driver = "vfio-pci", .leat_driver = "virtio-net",
			  .group = 9, .cdev = "vfio0", .node = -1, .members = m->member },
			{ .address = "0000:02:00.0", .vendor = 0x1af4, .device = 0x1041,
			  .class_code = 0x020000, .driver = "vfio-pci", .leat_driver = "virtio-net",
			  .group = 10, .cdev = "vfio1", .node = -1 },
		},
		.cpus = { 0, 1, 2, 3, 4, 5, 6, 7 },
	};
	m->w = (struct world){
		.root = m->root, .memlock = 64 << 20, .memlock_max = 64 << 20, .cpus = m->cpus,
		.ncpus = 4, .path = "/usr/bin:/bin", .cache = "/cache", .probe = probe,
		.version = version, .devices = { m->nic, 2 },
	};
	printed = NULL;
	strcpy(m->root, "/tmp/doctor.XXXXXX");
	assert_non_null(mkdtemp(m->root));
	for (size_t i = 0; i < LEAT_ARRAY_LEN(healthy); i++)
		machine_put(m, healthy[i][0], healthy[i][1]);
}

void machine_fini(struct machine *m)
{
	free(m->w.finding);
	machine_remove(m, "");
}

void machine_first(struct machine *m, const char *check, enum verdict verdict,
		   const char *evidence, const char *remedy)
{
	const struct finding *f;

	printed = m->qemu;
	m->w.nfindings = 0;
	doctor_examine(&m->w);
	assert_true(m->w.nfindings > 0);
	f = m->w.finding;
	assert_string_equal(f->check, check);
	assert_int_equal(f->verdict, verdict);
	if (evidence && !strstr(f->evidence, evidence))
		fail_msg("no \"%s\" in \"%s\"", evidence, f->evidence);
	if (remedy && !strstr(f->remedy, remedy))
		fail_msg("no \"%s\" in \"%s\"", remedy, f->remedy);
}

const struct finding *machine_finding(const struct machine *m, const char *check)
{
	for (unsigned int i = 0; i < m->w.nfindings; i++)
		if (!strcmp(m->w.finding[i].check, check))
			return &m->w.finding[i];
	fail_msg("no finding of %s", check);
	return NULL;
}

int machine_setup(void **state)
{
	struct machine *m = malloc(sizeof(*m));

	assert_non_null(m);
	machine_init(m);
	*state = m;
	return 0;
}

int machine_teardown(void **state)
{
	machine_fini(*state);
	free(*state);
	return 0;
}
