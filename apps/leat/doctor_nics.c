// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor_nics.c - functions of the PCI bus: are they VFIO's, what shares their group, who
 * uses the others.
 */
#include "doctor.h"

#include <string.h>

bool is_vfio(const struct leat_pci_device *d)
{
	return strstr(d->driver, "vfio") != NULL;	/* vendors have variants: mlx5_vfio_pci */
}

/* Does an address before the @i-th name the same function? */
static bool named_before(const struct world *w, unsigned int i)
{
	for (unsigned int k = 0; k < i; k++)
		if (w->target[k].dev && w->target[k].dev == w->target[i].dev)
			return true;
	return false;
}

static const struct leat_pci_device *next_target(const struct world *w,
						 const struct leat_pci_device *prev)
{
	bool past = !prev;

	for (unsigned int i = 0; i < w->ntargets; i++) {
		if (!w->target[i].dev || named_before(w, i))
			continue;
		if (past)
			return w->target[i].dev;
		past = w->target[i].dev == prev;
	}
	return NULL;
}

const struct leat_pci_device *next_subject(const struct world *w,
					   const struct leat_pci_device *prev)
{
	if (w->ntargets)
		return next_target(w, prev);
	for (unsigned int i = prev ? (unsigned int)(prev - w->devices.dev) + 1 : 0; i < w->devices.n; i++)
		if (is_vfio(&w->devices.dev[i]))
			return &w->devices.dev[i];
	return NULL;
}

static void say_owner(struct world *w, const struct leat_pci_device *d)
{
	if (is_vfio(d)) {
		say(w, VERDICT_OK, "%s is vfio-pci's (/sys/bus/pci/devices/%s/driver)", d->address,
		    d->address);
	} else if (d->in_use[0]) {
		say(w, VERDICT_PROBLEM, "%s belongs to the kernel's driver %s, and %s", d->address,
		    d->driver, d->in_use);
		mend(w, "sudo leat bind --force %s   # and that ends; a device that nothing depends on "
		     "would be better", d->address);
	} else {
		say(w, VERDICT_PROBLEM, "%s belongs to %s%s (/sys/bus/pci/devices/%s/driver)", d->address,
		    d->driver[0] ? "the kernel's driver " : "no driver", d->driver, d->address);
		mend(w, "sudo leat bind %s", d->address);
	}
}

void check_device(struct world *w)
{
	for (unsigned int i = 0; i < w->ntargets; i++) {
		const struct target *t = &w->target[i];

		if (named_before(w, i))
			continue;
		if (t->dev) {
			say_owner(w, t->dev);
			if (t->dev->leat_driver)
				continue;
			say(w, VERDICT_WARNING, "%s is %04x:%04x, for which leat has no driver; the "
			    "bus works", t->dev->address, t->dev->vendor, t->dev->device);
			mend(w, "leat info %s   # and write one: doc/adding-a-driver.md", t->addr);
		} else if (!strstr(t->addr, "vfio-user:") && !strstr(t->addr, "sim:")) {
			say(w, VERDICT_PROBLEM, "%s: no such network controller "
			    "(/sys/bus/pci/devices)", t->addr);
			mend(w, "leat devices   # lists those that there are");
		}
	}
}

/* Members that are asked about too, or were said already, are not said again. */
static bool said_before(const struct world *w, const struct leat_pci_device *d, const char *address)
{
	for (const struct leat_pci_device *e = next_subject(w, NULL); e; e = next_subject(w, e)) {
		if (e == d)
			return false;
		if (e->group == d->group)
			for (unsigned int i = 0; i < e->nmembers; i++)
				if (!strcmp(e->members[i].address, address))
					return true;
	}
	return false;
}

static void say_members(struct world *w, const struct leat_pci_device *d)
{
	unsigned int blocked = 0;

	for (unsigned int i = 0; i < d->nmembers; i++) {
		const struct leat_pci_member *m = &d->members[i];

		if (!m->blocks)
			continue;
		blocked++;
		if (said_before(w, d, m->address))
			continue;
		say(w, VERDICT_PROBLEM, "%s shares IOMMU group %d with %s, which the kernel's driver %s "
		    "uses: the hardware cannot keep them apart, so VFIO opens neither "
		    "(/sys/kernel/iommu_groups/%d/devices)", d->address, d->group, m->address,
		    m->driver, d->group);
		mend(w, "sudo leat bind %s%s", m->address,
		     m->class_code >> 16 == 0x02 ? "" : " --force");
	}
	if (!blocked)
		say(w, VERDICT_OK, "%s: IOMMU group %d, %u others in it, none a kernel driver's",
		    d->address, d->group, d->nmembers);
}

void check_group(struct world *w)
{
	for (const struct leat_pci_device *d = next_subject(w, NULL); d; d = next_subject(w, d)) {
		if (d->group >= 0) {
			say_members(w, d);
		} else if (has_iommu(w)) {
			say(w, VERDICT_PROBLEM, "%s is in no IOMMU group (/sys/bus/pci/devices/%s/"
			    "iommu_group): none stands before it", d->address, d->address);
			mend(w, "leat devices   # and choose one that is in a group");
		}
	}
}

/* All NICs, for whoever chooses one. */
void check_nic(struct world *w)
{
	if (!w->devices.n)
		say(w, VERDICT_INFO, "no network controller on the PCI bus (/sys/bus/pci/devices)");
	for (unsigned int i = 0; i < w->devices.n; i++) {
		const struct leat_pci_device *d = &w->devices.dev[i];
		const char *name = d->nnetifs ? d->netifs[0].name : "no interface";

		if (is_vfio(d)) {
			say(w, VERDICT_OK, "%s %04x:%04x: vfio-pci; leat's driver: %s", d->address, d->vendor,
			    d->device, d->leat_driver ? d->leat_driver : "none");
			continue;
		}
		say(w, VERDICT_INFO, "%s %04x:%04x: %s%s, %s%s%s; leat's driver: %s", d->address,
		    d->vendor, d->device, d->driver[0] ? "kernel driver " : "no driver", d->driver,
		    name, d->in_use[0] ? ", in use: " : ", idle", d->in_use,
		    d->leat_driver ? d->leat_driver : "none");
		if (!d->in_use[0])
			mend(w, "sudo leat bind %s   # to drive it from user space", d->address);
	}
}
