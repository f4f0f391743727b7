// SPDX-License-Identifier: BSD-3-Clause
/*
 * space.h - an IOMMU domain of the kernel's: a container (TYPE1v2), an IOAS of
 * iommufd, or none at all (no-IOMMU). Devices of one domain see the same memory
 * at the same addresses; what is pinned is pinned once.
 *
 * By default every device gets a domain of its own. Devices of one context that
 * name the same one (",domain=NAME") share it, and so do the devices of one IOMMU
 * group, which the hardware cannot tell apart. The domains of one context that are
 * IOASes share one open /dev/iommu, so that memory seen by several is pinned once
 * there, too. All of it: control thread.
 */
#ifndef LEAT_VFIO_SPACE_H
#define LEAT_VFIO_SPACE_H

#include <leat/driver/aspace.h>
#include <leat/driver/core.h>

#include <stdbool.h>
#include <stdint.h>

enum vfio_kind { VFIO_GROUP, VFIO_IOMMUFD, VFIO_NOIOMMU };

struct vfio_map;

struct vfio_space {
	struct leat_aspace as;		/* core's view: ranges, page sizes, maps left, phys */
	enum vfio_kind	kind;
	struct leat_ctx	*ctx;
	char		*domain;	/* its name, or NULL: one device's, or one group's, own */
	char		*name;		/* as.name: "domain NAME", or the first device's address */
	int		fd;		/* of the container, or of /dev/iommu */
	bool		foreign;	/* somebody else opened @fd; what is set there is theirs */
	uint32_t	file;		/* iommufd: the same number, the same open file */
	uint32_t	ioas;		/* iommufd */
	unsigned int	users;		/* leat_vfio_space_get() less leat_vfio_space_put() */
	unsigned int	members;	/* groups or devices attached */
	bool		ready;		/* the IOMMU is set and core maps into it */

	struct leat_iova_range *ranges;	/* as.ranges */
	uint64_t	pinned;		/* bytes that its maps keep locked */
	struct vfio_map	*maps;		/* what we mapped: maps.c's */
	unsigned int	nmaps, room;
	struct vfio_space *next;	/* of the context */
};

/*
 * leat_vfio_space_get - the domain of that kind and @domain name, made if there is
 * none yet; @domain NULL: a new one. @fd, if not -1, is a container or iommufd that
 * somebody else opened: it is duplicated, and nothing is opened; an IOMMU that is set
 * there already stays. @addr is the device's, for messages.
 *
 * A new one opens /dev/vfio/vfio (API version and TYPE1v2 checked) or /dev/iommu and
 * allocates an IOAS; nothing is attached yet. -EACCES, -ENOENT... with the node and the
 * remedy; -EINVAL if the name is one of another kind. Logged. One user more.
 */
int leat_vfio_space_get(struct leat_ctx *ctx, enum vfio_kind kind, const char *domain, int fd,
			const char *addr, struct vfio_space **out);

/* One user more of a domain that is there. */
void leat_vfio_space_hold(struct vfio_space *space);

/* One user less; the last one's leaving detaches it from core and closes it. NULL is fine. */
void leat_vfio_space_put(struct vfio_space *space);

/*
 * leat_vfio_space_add_group / _add_device - put a group (VFIO_GROUP, VFIO_NOIOMMU) or a
 * character device (VFIO_IOMMUFD: bind, attach to the IOAS) into the domain, set the
 * IOMMU with the first, read the ranges anew, and have core map its memory with the first.
 * @fd is the group's or the device's. All undone on failure, which is logged:
 * -EPERM names interrupt remapping and allow_unsafe_interrupts; -EBUSY the other user;
 * -ENOSPC says that memory lies where a device cannot reach.
 *
 * A group that somebody else put into its container already (its status says so) is taken
 * as it is. @token, 16 bytes or NULL, proves that a VF may be opened: binding with one
 * needs Linux 6.17, and the refusal says so. What stays of a device that could not be added
 * is its bond with the iommufd, until its descriptor is closed.
 */
int leat_vfio_space_add_group(struct vfio_space *space, int fd, const char *addr);
int leat_vfio_space_add_device(struct vfio_space *space, int fd, const uint8_t *token,
			       const char *addr);

/*
 * ..._remove_group is for after the group's last device was closed. A character device
 * leaves its IOAS before it is closed: remove_device first, then close, then put. With the
 * last one core's memory is unmapped; otherwise the ranges are read anew.
 */
void leat_vfio_space_remove_group(struct vfio_space *space, int fd);
void leat_vfio_space_remove_device(struct vfio_space *space, int fd);

/*
 * Before a group's last device is closed: a kernel that waits for that to unbind the device
 * takes the group out of its container at once, and then nothing can be unmapped any more.
 */
void leat_vfio_space_last(struct vfio_space *space);

/* For a forked child: close the descriptors of all of the context's domains, nothing else. */
void leat_vfio_space_forget(struct leat_ctx *ctx);

#endif
