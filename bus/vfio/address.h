// SPDX-License-Identifier: BSD-3-Clause
/*
 * address.h - what stands in the address of a kernel device: BDF[,option=value...].
 *
 *	domain=NAME	share an IOMMU domain with the devices that name the same one
 *	token=UUID	the VF token that the user of the physical function has set
 *	group-fd=N,container-fd=N[,device-fd=N]		for group: and noiommu:
 *	device-fd=N,iommu-fd=N				for iommufd:
 *
 * The descriptors are ones that somebody else has opened for us.
 */
#ifndef LEAT_VFIO_ADDRESS_H
#define LEAT_VFIO_ADDRESS_H

#include <leat/ctx.h>

#include <stdbool.h>
#include <stdint.h>

#include "bus/pci/sysfs.h"

/* How an address wants its device reached; the numbers are bits. */
enum vfio_way {
	VFIO_BY_CHOICE = 1, VFIO_BY_GROUP = 2, VFIO_BY_IOMMUFD = 4, VFIO_BY_NOIOMMU = 8,
};

struct vfio_addr {
	char		bdf[LEAT_BDF_LEN];
	char		domain[32];	/* "": its own */
	char		token[37];	/* "": none; or the UUID as written */
	uint8_t		token_bytes[16];
	int		group_fd, container_fd, device_fd, iommu_fd;	/* -1: not given; not ours */
};

/* Is this the address of a PCI device, with or without options, and without a scheme? */
bool leat_vfio_is_address(const char *addr);

/*
 * leat_vfio_address - take @rest, the address without its scheme, apart. -EINVAL, logged,
 * with what is wrong and what would be right; @addr is the whole address, for that.
 */
int leat_vfio_address(struct leat_ctx *ctx, const char *addr, const char *rest, enum vfio_way way,
		      struct vfio_addr *out);

/* Were all descriptors passed, so that nothing needs to be opened? */
static inline bool leat_vfio_is_passed(const struct vfio_addr *a)
{
	return a->group_fd >= 0 || a->iommu_fd >= 0;
}

#endif
