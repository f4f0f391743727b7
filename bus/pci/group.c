// SPDX-License-Identifier: BSD-3-Clause
/*
 * group.c - a function's IOMMU group: who else is in it, and which addresses the
 * IOMMU keeps for itself.
 */
#include "bus/pci/scan.h"
#include "bus/pci/sysfs.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct look {
	const char	*root;
	struct leat_pci_device *dev;
};

static int add_member(void *arg, const char *name)
{
	struct look *look = arg;
	struct leat_pci_device *dev = look->dev;
	struct leat_pci_member *m;
	char bdf[LEAT_BDF_LEN];
	long long class_code;

	if (leat_pci_parse(name, bdf) || !strcmp(bdf, dev->address))
		return 0;
	m = leat_list_add(dev->members, dev->nmembers, sizeof(*m));
	if (!m)
		return -ENOMEM;
	dev->members = m;
	m += dev->nmembers++;
	memcpy(m->address, bdf, sizeof(bdf));
	leat_sysfs_link_at(look->root, bdf, "driver", m->driver, sizeof(m->driver));
	if (!leat_sysfs_number_at(look->root, bdf, "class", &class_code))
		m->class_code = (uint32_t)class_code;
	m->blocks = !leat_pci_is_harmless(m->driver, m->class_code);
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct leat_pci_member *x = a, *y = b;

	return strcmp(x->address, y->address);
}

static int scan_members(const char *root, struct leat_pci_device *dev)
{
	struct look look = { root, dev };
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group/devices", dev->address);
	err = leat_path_each(root, path, add_member, &look);
	if (dev->nmembers)
		qsort(dev->members, dev->nmembers, sizeof(*dev->members), by_address);
	return err == -ENOMEM ? err : 0;
}

/* Lines as "0x00000000fee00000 0x00000000feefffff msi". */
static int scan_reserved(const char *root, struct leat_pci_device *dev)
{
	char text[4096], *save = NULL;

	leat_sysfs_text_at(root, dev->address, "iommu_group/reserved_regions", text, sizeof(text));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct leat_pci_reserved r = { 0 }, *more;

		if (sscanf(line, "%" SCNx64 " %" SCNx64 " %31s", &r.first, &r.last, r.kind) != 3)
			continue;
		more = leat_list_add(dev->reserved, dev->nreserved, sizeof(*more));
		if (!more)
			return -ENOMEM;
		dev->reserved = more;
		dev->reserved[dev->nreserved++] = r;
	}
	return 0;
}

int leat_scan_group(const char *root, struct leat_pci_device *dev)
{
	char number[16], name[32], *end;
	int err;

	dev->group = -1;
	if (leat_sysfs_link_at(root, dev->address, "iommu_group", number, sizeof(number)))
		return 0;
	dev->group = (int)strtol(number, &end, 10);
	if (end == number || *end) {
		dev->group = -1;
		return 0;
	}
	leat_sysfs_text_at(root, dev->address, "iommu_group/name", name, sizeof(name));
	dev->noiommu = !strcmp(name, "vfio-noiommu");
	err = scan_members(root, dev);
	return err ? err : scan_reserved(root, dev);
}
