// SPDX-License-Identifier: BSD-3-Clause
/*
 * grow.h - making and giving back a context's segments.
 */
#ifndef LEAT_CORE_GROW_H
#define LEAT_CORE_GROW_H

#include <stdbool.h>
#include <stddef.h>

#include "pseg.h"
#include "segment.h"

/* What a new segment is for. */
struct leat_mem_wish {
	struct leat_aspace *as;		/* the only space that shall see it; NULL: all */
	size_t		need;		/* what is asked; this much has memory at once */
	size_t		want;		/* with what may follow: taken if it can be had */
	size_t		align;		/* of its addresses, at least */
	bool		pieces;		/* need not be contiguous for devices */
	int		node;		/* -1: any */
	const char	*node_for;	/* the NIC that wants it, "" the application, NULL nobody */
	bool		node_soft;	/* what was set aside at open will do as well */
	bool		keep;		/* set aside at open: stays when empty */
};

/*
 * leat_pseg_grow - a segment that everybody concerned can see, in its list.
 *
 * One line at LEAT_LOG_INFO says what it is made of. -ENOMEM or -ENOSPC, logged;
 * or what a dma_map() answered.
 */
int leat_pseg_grow(struct leat_ctx *ctx, const struct leat_mem_wish *w, struct leat_pseg **out);

/* Out of every space, off the list, back to the system. */
void leat_pseg_release(struct leat_ctx *ctx, struct leat_pseg *p);

/* In a forked child: back to the system with all of a list, which no device notices. */
void leat_pseg_forget(struct leat_ctx *ctx, struct leat_pseg **list);

#endif
