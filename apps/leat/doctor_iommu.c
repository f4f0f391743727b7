// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor_iommu.c - what stands between devices and memory: the IOMMU, its interrupt
 * remapping, and VFIO's mode without any of it.
 *
 * The kernel's log is closed to users, so interrupt remapping is seen where it shows:
 * /proc/interrupts names remapped ones "IR-", and Intel's extended capability register
 * says whether the hardware could.
 */
#include "doctor.h"

#include <stdlib.h>
#include <string.h>

#define GRUB "/etc/default/grub && sudo update-grub && sudo reboot"

/* Intel VT-d 4.1, 11.4.2 and 11.4.3. */
#define CAP_MGAW(cap) (((unsigned int)((cap) >> 16) & 0x3f) + 1)	/* guest address width */
#define ECAP_IR	      (1ULL << 3)					/* interrupt remapping */

bool has_iommu(const struct world *w)
{
	char **units = world_list(w, "/sys/class/iommu");
	bool some = units && units[0];

	world_free(units);
	return some;
}

bool wants_vfio(const struct world *w)
{
	return w->devices.n || w->ntargets;
}

enum verdict vfio_verdict(const struct world *w)
{
	return wants_vfio(w) ? VERDICT_PROBLEM : VERDICT_INFO;
}

static const char *off_switch(const struct world *w)
{
	static const char *const words[] = { "intel_iommu=off", "amd_iommu=off", "iommu=off" };

	for (size_t i = 0; i < LEAT_ARRAY_LEN(words); i++)
		if (world_booted(w, words[i]))
			return words[i];
	return NULL;
}

/* Switched off, not switched on, or not there: for each another remedy. */
static void say_no_iommu(struct world *w)
{
	bool intel = world_has(w, "/sys/firmware/acpi/tables/DMAR");
	bool table = intel || world_has(w, "/sys/firmware/acpi/tables/IVRS") ||
		     world_has(w, "/sys/firmware/acpi/tables/VIOT");
	bool guest = world_says(w, "/proc/cpuinfo", " hypervisor");
	const char *off = off_switch(w);

	say(w, vfio_verdict(w), "no IOMMU: /sys/class/iommu is empty; the kernel command line %s%s; "
	    "the firmware describes %s (/sys/firmware/acpi/tables)",
	    off ? "has " : "has no ", off ? off : "intel_iommu=on",
	    intel ? "one (DMAR)" : table ? "one" : "none");
	if (off)
		mend(w, "sudo sed -i 's/ *\\b%s\\b//' " GRUB, off);
	else if (intel)
		mend(w, "sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&intel_iommu=on /' " GRUB);
	else if (guest)
		mend(w, "start this virtual machine with an IOMMU, for QEMU: -machine "
		     "q35,kernel-irqchip=split -device intel-iommu,intremap=on,caching-mode=on; "
		     "then sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&intel_iommu=on /' " GRUB);
	else
		mend(w, "sudo systemctl reboot --firmware-setup   # and enable VT-d, or AMD-Vi "
		     "(\"IOMMU\")");
}

/* "dmar0 (39-bit addresses)", for each. */
static void describe_units(const struct world *w, char *text, size_t size)
{
	char **units = world_list(w, "/sys/class/iommu"), cap[32];
	size_t len = 0;

	text[0] = 0;
	for (char **u = units; u && *u && len < size; u++) {
		len += (size_t)snprintf(text + len, size - len, "%s%s", u == units ? "" : ", ", *u);
		if (len < size && world_text(w, cap, sizeof(cap), "/sys/class/iommu/%s/intel-iommu/cap",
					     *u))
			len += (size_t)snprintf(text + len, size - len, " (%u-bit addresses)",
						CAP_MGAW(strtoull(cap, NULL, 16)));
	}
	world_free(units);
}

void check_iommu(struct world *w)
{
	char units[256], **groups;
	unsigned int n = 0;

	if (!has_iommu(w)) {
		say_no_iommu(w);
		return;
	}
	describe_units(w, units, sizeof(units));
	groups = world_list(w, "/sys/kernel/iommu_groups");
	while (groups && groups[n])
		n++;
	world_free(groups);
	say(w, VERDICT_OK, "%s in /sys/class/iommu; %u groups in /sys/kernel/iommu_groups", units, n);
}

/* Of the hardware: 1 it can, 0 it cannot, -1 it does not say. */
static int can_remap(const struct world *w)
{
	char **units = world_list(w, "/sys/class/iommu"), text[32];
	int can = -1;

	for (char **u = units; u && *u; u++) {
		if (!world_text(w, text, sizeof(text), "/sys/class/iommu/%s/intel-iommu/ecap", *u))
			continue;
		if (!(strtoull(text, NULL, 16) & ECAP_IR))
			can = 0;
		else if (can < 0)
			can = 1;
	}
	world_free(units);
	return can;
}

static bool unsafe(const struct world *w, const char *module)
{
	char text[8];

	return world_text(w, text, sizeof(text), "/sys/module/%s/parameters/allow_unsafe_interrupts",
			  module) && (text[0] == 'Y' || text[0] == '1');
}

static void say_not_remapped(struct world *w, bool allowed)
{
	static const char *const words[] = { "intremap=off", "nointremap" };
	bool guest = world_says(w, "/proc/cpuinfo", " hypervisor");
	int can = can_remap(w);
	const char *off = NULL;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(words) && !off; i++)
		if (world_booted(w, words[i]))
			off = words[i];
	say(w, allowed ? VERDICT_WARNING : vfio_verdict(w),
	    "no interrupt remapping: no \"IR-\" in /proc/interrupts, the hardware %s%s%s; VFIO refuses "
	    "devices because one could forge the interrupts of others; unsafe interrupts: %s",
	    !can ? "cannot (bit 3 of /sys/class/iommu/*/intel-iommu/ecap)" :
	    can > 0 ? "could (intel-iommu/ecap)" : "does not say",
	    off ? ", the kernel command line has " : "", off ? off : "",
	    allowed ? "allowed" : "refused");
	if (off)
		mend(w, "sudo sed -i 's/ *\\b%s\\b//' " GRUB, off);
	else if (allowed)
		mend(w, "%s", guest ? "start this virtual machine with it, for QEMU: -device "
		     "intel-iommu,intremap=on" : "sudo systemctl reboot --firmware-setup   # and enable "
		     "interrupt remapping (x2APIC)");
	else
		mend(w, "%secho 1 | sudo tee /sys/module/vfio_iommu_type1/parameters/"
		     "allow_unsafe_interrupts%s   # if you trust the device%s",
		     world_has(w, "/sys/module/vfio_iommu_type1") ? "" :
		     "sudo modprobe vfio_iommu_type1; ", world_has(w, "/dev/iommu") ?
		     " /sys/module/iommufd/parameters/allow_unsafe_interrupts" : "",
		     guest ? "; or have the hypervisor give it, QEMU: -device intel-iommu,intremap=on" : "");
}

void check_interrupts(struct world *w)
{
	bool type1 = unsafe(w, "vfio_iommu_type1"), iommufd = unsafe(w, "iommufd");

	if (!has_iommu(w))
		return;
	if (!world_says(w, "/proc/cpuinfo", "vendor_id"))
		say(w, VERDICT_OK, "interrupts of devices are isolated by this architecture's own "
		    "controller (no x86)");
	else if (world_says(w, "/proc/interrupts", " IR-"))
		say(w, VERDICT_OK, "remapped (\"IR-\" in /proc/interrupts)%s",
		    type1 || iommufd ? "; unsafe interrupts: allowed, without need" : "");
	else
		say_not_remapped(w, world_has(w, "/dev/iommu") ? type1 && iommufd : type1);
}

void check_noiommu(struct world *w)
{
	char text[8];

	if (!world_text(w, text, sizeof(text),
			"/sys/module/vfio/parameters/enable_unsafe_noiommu_mode")) {
		say(w, VERDICT_OK, "VFIO's mode without an IOMMU: not there "
		    "(/sys/module/vfio/parameters/enable_unsafe_noiommu_mode)");
	} else if (text[0] == 'Y' || text[0] == '1') {
		say(w, has_iommu(w) ? VERDICT_INFO : VERDICT_WARNING,
		    "VFIO's unsafe mode without an IOMMU is on: devices can write anywhere");
		mend(w, "echo N | sudo tee /sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
	} else if (has_iommu(w)) {
		say(w, VERDICT_OK, "VFIO's unsafe mode without an IOMMU: off");
	} else {
		say(w, VERDICT_INFO, "VFIO's unsafe mode without an IOMMU: off; with it a privileged "
		    "program can use devices by physical addresses, and these can write anywhere");
		mend(w, "echo Y | sudo tee /sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
	}
}
