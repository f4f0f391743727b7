// SPDX-License-Identifier: BSD-3-Clause
/*
 * vfio.h - what one context has open of the kernel's VFIO.
 */
#ifndef LEAT_VFIO_H
#define LEAT_VFIO_H

#include <leat/ctx.h>

struct vfio_group_node;
struct vfio_space;

/* In the context's slot LEAT_SLOT_VFIO. Control thread. */
struct vfio_state {
	struct vfio_space *spaces;	/* space.c's */
	struct vfio_group_node *groups;	/* group.c's: those open, each one once */
};

/*
 * leat_vfio_state - the context's, made at first use; the context frees it, when both
 * lists are empty again because its devices were closed. NULL: out of memory, logged.
 */
struct vfio_state *leat_vfio_state(struct leat_ctx *ctx);

#endif
