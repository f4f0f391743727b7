// SPDX-License-Identifier: BSD-3-Clause
/*
 * devices_text.c - the functions for people: by who has them, a line each with the
 * words of dpdk-devbind.py, and below it the rest where that was asked for.
 */
#include "devices.h"

#include <leat/compiler.h>

#include <inttypes.h>
#include <string.h>

static bool is_nic(const struct leat_pci_device *dev)
{
	return dev->class_code >> 16 == 0x02;
}

static bool in_user_space(const struct leat_pci_device *dev)
{
	return dev->leaving || strstr(dev->driver, "vfio") || strstr(dev->driver, "uio_") ||
	       strstr(dev->driver, "_uio");
}

static bool for_user_space(const struct leat_pci_device *dev)
{
	return is_nic(dev) && in_user_space(dev);
}

static bool for_the_kernel(const struct leat_pci_device *dev)
{
	return is_nic(dev) && dev->driver[0] && !in_user_space(dev);
}

static bool for_nobody(const struct leat_pci_device *dev)
{
	return is_nic(dev) && !dev->driver[0] && !dev->leaving;
}

static bool no_nic(const struct leat_pci_device *dev)
{
	return !is_nic(dev);
}

static const struct section {
	const char	*title;
	bool		(*has)(const struct leat_pci_device *dev);
} sections[] = {
	{ "Network devices for user space", for_user_space },
	{ "Network devices of the kernel", for_the_kernel },
	{ "Network devices without a driver", for_nobody },
	{ "Other devices", no_nic },
};

static void print_netifs(FILE *out, const struct leat_pci_device *dev)
{
	for (unsigned int i = 0; i < dev->nnetifs; i++)
		fprintf(out, "%s%s", i ? "," : " if=", dev->netifs[i].name);
}

/* 0000:01:00.0 '82574L Gigabit Network Connection 10d3' drv=vfio-pci if=eth0 leat=e1000e */
static void print_line(FILE *out, const struct shown *shown, const struct leat_pci_device *dev)
{
	char vendor[NAME_LEN], device[NAME_LEN];

	names_vendor(shown->names, dev->vendor, vendor);
	names_device(shown->names, dev->vendor, dev->device, device);
	fprintf(out, "%s %04x:%04x", dev->address, dev->vendor, dev->device);
	if (vendor[0] || device[0])
		fprintf(out, " '%s%s%s'", vendor, vendor[0] && device[0] ? " " : "", device);
	if (dev->driver[0])
		fprintf(out, " drv=%s", dev->driver);
	print_netifs(out, dev);
	if (dev->group >= 0)
		fprintf(out, " group=%d", dev->group);
	if (dev->node >= 0)
		fprintf(out, " node=%d", dev->node);
	if (dev->leat_driver)
		fprintf(out, " leat=%s", dev->leat_driver);
	if (dev->leaving)
		fputs(" *Leaving: a program has it open*", out);
	if (dev->in_use[0])
		fprintf(out, " *Active: %s*", dev->in_use);
	fputc('\n', out);
}

static void print_class(FILE *out, const struct leat_pci_device *dev)
{
	fprintf(out, "    class %06x, revision %02x, subsystem %04x:%04x\n", dev->class_code,
		dev->revision, dev->subvendor, dev->subdevice);
	if (dev->override[0])
		fprintf(out, "    driver_override: %s\n", dev->override);
}

static void print_netif(FILE *out, const struct leat_netif *n)
{
	fprintf(out, "    interface %s: %s, %s", n->name, n->admin_up ? "up" : "down", n->mac);
	if (n->state[0])
		fprintf(out, ", link %s", n->state);
	if (n->speed)
		fprintf(out, ", %u Mbit/s", n->speed);
	if (n->master[0])
		fprintf(out, ", port of %s", n->master);
	if (n->upper[0])
		fprintf(out, ", below %s", n->upper);
	if (n->routes)
		fprintf(out, ", %u route%s%s", n->routes, n->routes > 1 ? "s" : "",
			n->default_route ? ", the default one too" : "");
	for (unsigned int i = 0; i < n->naddrs; i++)
		fprintf(out, ", %s", n->addrs[i]);
	fputc('\n', out);
}

static void print_group(FILE *out, const struct leat_pci_device *dev)
{
	if (dev->group < 0) {
		fputs("    IOMMU group: none\n", out);
		return;
	}
	fprintf(out, "    IOMMU group %d%s", dev->group,
		dev->noiommu ? " (no IOMMU: VFIO's stand-in)" : "");
	for (unsigned int i = 0; i < dev->nmembers; i++) {
		const struct leat_pci_member *m = &dev->members[i];

		fprintf(out, "%s%s (%s%s)", i ? ", " : ", with ", m->address,
			m->driver[0] ? m->driver : "no driver", m->blocks ? ", in the way" : "");
	}
	fputc('\n', out);
	for (unsigned int i = 0; i < dev->nreserved; i++)
		fprintf(out, "    reserved: 0x%" PRIx64 " to 0x%" PRIx64 " %s\n",
			dev->reserved[i].first, dev->reserved[i].last, dev->reserved[i].kind);
	if (dev->cdev[0])
		fprintf(out, "    node: /dev/vfio/devices/%s\n", dev->cdev);
}

static void print_link(FILE *out, const struct leat_pci_device *dev)
{
	if (dev->link_speed && dev->link_width)
		fprintf(out, "    PCIe link: %u.%u GT/s x%u, of %u.%u GT/s x%u\n",
			dev->link_speed / 1000, dev->link_speed / 100 % 10, dev->link_width,
			dev->link_speed_max / 1000, dev->link_speed_max / 100 % 10,
			dev->link_width_max);
	if (dev->resets[0])
		fprintf(out, "    reset: %s\n", dev->resets);
}

static void print_vfs(FILE *out, const struct leat_pci_device *dev)
{
	if (dev->pf[0])
		fprintf(out, "    virtual function of %s\n", dev->pf);
	if (!dev->vfs_max)
		return;
	fprintf(out, "    virtual functions: %u of %u", dev->vfs, dev->vfs_max);
	for (unsigned int i = 0; i < dev->vfs; i++)
		fprintf(out, "%s%s", i ? ", " : ": ", dev->vf[i]);
	fputc('\n', out);
}

static void print_details(FILE *out, const struct leat_pci_device *dev)
{
	print_class(out, dev);
	for (unsigned int i = 0; i < dev->nnetifs; i++)
		print_netif(out, &dev->netifs[i]);
	print_group(out, dev);
	print_link(out, dev);
	print_vfs(out, dev);
}

static void print_section(FILE *out, const struct section *section, const struct shown *shown,
			  bool details)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < shown->n; i++) {
		if (!section->has(shown->dev[i]))
			continue;
		if (!n++)
			fprintf(out, "%s\n%.*s\n", section->title, (int)strlen(section->title),
				"========================================");
		print_line(out, shown, shown->dev[i]);
		if (details)
			print_details(out, shown->dev[i]);
	}
	if (n)
		fputc('\n', out);
}

void devices_print(FILE *out, const struct shown *shown, bool details)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(sections); i++)
		print_section(out, &sections[i], shown, details);
	if (!shown->n)
		fputs("no network devices on PCI\n", out);
}
