// SPDX-License-Identifier: BSD-3-Clause
/*
 * cut.h - what a NIC without segmentation offload would have been sent: a frame
 * with gso_size in segments, each with headers and checksums of its own.
 *
 * Headers are copied once and checked; the payload is copied when its segment is made. The
 * frame may lie in memory that others change: then the segments are nonsense, no more.
 */
#ifndef LEAT_CUT_H
#define LEAT_CUT_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/wire.h>

LEAT_BEGIN_DECLS

#define LEAT_CUT_HEADERS 256		/* bytes of headers that a segment may have */

struct leat_cut {
	const struct leat_frame *frame;
	uint8_t		head[LEAT_CUT_HEADERS];
	uint32_t	l3, l4;		/* where the headers start */
	uint32_t	headers;	/* bytes of all of them */
	uint32_t	segments;
	bool		ipv6, udp;
};

/* False: this cannot be cut; its headers do not fit what it says of itself. */
LEAT_API bool leat_cut_begin(struct leat_cut *c, const struct leat_frame *f);
/* Segment @i to @out, which has room for LEAT_FRAME_MAX bytes. Returns its length. */
LEAT_API uint32_t leat_cut_segment(const struct leat_cut *c, uint32_t i, uint8_t *out);

LEAT_END_DECLS

#endif
