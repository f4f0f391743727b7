// SPDX-License-Identifier: BSD-3-Clause
/*
 * state.c - the context's slot for the kernel's VFIO.
 */
#include "vfio.h"

#include <leat/driver/core.h>

#include <errno.h>
#include <stdlib.h>

struct vfio_state *leat_vfio_state(struct leat_ctx *ctx)
{
	struct leat_ctx_slot *slot = leat_ctx_slot(ctx, LEAT_SLOT_VFIO);

	if (!slot->data) {
		slot->data = calloc(1, sizeof(struct vfio_state));
		if (!slot->data) {
			leat_fail(ctx, -ENOMEM, "VFIO: open: out of memory");
			return NULL;
		}
		slot->close = free;
	}
	return slot->data;
}
