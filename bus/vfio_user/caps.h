// SPDX-License-Identifier: BSD-3-Clause
/*
 * caps.h - the JSON that both ends send with VERSION.
 */
#ifndef VFU_CAPS_H
#define VFU_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an end says of itself. */
struct vfu_caps {
	uint32_t	max_fds;	/* descriptors it takes in a message */
	uint64_t	max_xfer;	/* bytes of data it takes in a message */
	uint64_t	max_dma_maps;
	uint64_t	pgsizes;	/* page sizes of DMA maps, or'ed */
	bool		write_multiple;	/* REGION_WRITE_MULTI */
	bool		twin_socket;	/* a second socket for the server's commands */
	int32_t		twin_index;	/* which descriptor of the reply it is; -1: not said */
};

/* What holds for a peer that says nothing. */
void leat_vfu_caps_default(struct vfu_caps *caps);

/*
 * leat_vfu_caps_parse - @len bytes of JSON as they came, the NUL included; 0
 * means none. Missing keys have their defaults, unknown ones are ignored.
 * -EINVAL: no NUL at the end, not JSON, a wrong type or a value out of range.
 */
int leat_vfu_caps_parse(const char *json, size_t len, struct vfu_caps *out);

#define VFU_CAPS_LEN 512		/* room for any capabilities of ours */

/* leat_vfu_caps_build - as JSON. Returns its length with the NUL, or -ENOMEM. */
int leat_vfu_caps_build(const struct vfu_caps *caps, char json[VFU_CAPS_LEN]);

#endif
