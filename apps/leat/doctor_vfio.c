// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor_vfio.c - the kernel's half of a user-space driver: vfio-pci, which holds the
 * device, and what maps memory for it, vfio_iommu_type1 or iommufd.
 */
#include "doctor.h"

#include <string.h>

/* Modules with parameters show in /sys/module; one that was loaded has a state there. */
static const char *how_there(const struct world *w, const char *module)
{
	if (!world_has(w, "/sys/module/%s", module))
		return "absent";
	return world_has(w, "/sys/module/%s/initstate", module) ? "loaded" : "built in";
}

static void say_absent(struct world *w, const char *what, const char *module)
{
	bool known = world_has_module(w, module);
	char release[128] = "?";

	world_text(w, release, sizeof(release), "/proc/sys/kernel/osrelease");
	say(w, vfio_verdict(w), "%s; /lib/modules/%s %s %s.ko", what, release,
	    known ? "has" : "does not list", module);
	mend(w, known ? "sudo modprobe %s" : "sudo modprobe %s   # not found: sudo apt-get install "
	     "linux-image-amd64 && sudo reboot, for a kernel that has it", module);
}

void check_vfio_pci(struct world *w)
{
	const char *type1 = how_there(w, "vfio_iommu_type1");

	if (!world_has(w, "/sys/bus/pci/drivers/vfio-pci"))
		say_absent(w, "vfio-pci is absent (/sys/bus/pci/drivers/vfio-pci)", "vfio-pci");
	else if (!strcmp(type1, "absent") && has_iommu(w) && !world_has(w, "/dev/iommu"))
		say_absent(w, "vfio-pci is there, but neither vfio_iommu_type1 nor iommufd, which map "
			   "memory (/sys/module)", "vfio_iommu_type1");
	else
		say(w, VERDICT_OK, "vfio-pci %s, vfio_iommu_type1 %s (/sys/module)",
		    how_there(w, "vfio_pci"), type1);
}

void check_iommufd(struct world *w)
{
	const struct leat_pci_device *d = next_subject(w, NULL);

	if (!world_has(w, "/dev/iommu")) {
		say(w, VERDICT_INFO, "iommufd is absent (/dev/iommu): devices are opened by their "
		    "group, which does the same");
		mend(w, "%s", world_has_module(w, "iommufd") ? "sudo modprobe iommufd" :
		     "nothing needs it; a kernel with CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV "
		     "would have it");
	} else if (d && is_vfio(d) && !d->cdev[0]) {
		say(w, VERDICT_INFO, "iommufd is there, but %s has no character device "
		    "(/sys/bus/pci/devices/%s/vfio-dev): it is opened by its group, which does the same",
		    d->address, d->address);
		mend(w, "nothing needs it; a kernel with CONFIG_VFIO_DEVICE_CDEV would have it");
	} else {
		say(w, VERDICT_OK, "iommufd %s (/dev/iommu)", how_there(w, "iommufd"));
	}
}
