// SPDX-License-Identifier: BSD-3-Clause
/*
 * place.h - giving a segment its device addresses and showing it to the spaces.
 */
#ifndef LEAT_CORE_PLACE_H
#define LEAT_CORE_PLACE_H

#include <stddef.h>

#include <leat/ctx.h>

struct leat_pseg;

/*
 * leat_pseg_show - addresses for a segment that all who shall see it can reach, at
 * best for superpages of p->align, at least for pages of @least; then into their
 * maps. In a context of physical addresses these are found, not chosen.
 *
 * All or nothing: -EADDRNOTAVAIL there is no room for so much, not logged; logged:
 * -ENOSPC somebody cannot reach it, -EPERM physical addresses are hidden, or what a
 * dma_map() answered.
 */
int leat_pseg_show(struct leat_ctx *ctx, struct leat_pseg *p, size_t least);

/* Log that there is no room. Returns -ENOSPC. */
int leat_pseg_no_room(struct leat_ctx *ctx, const struct leat_pseg *p);

/* Out of every space; the addresses may be used again. */
void leat_pseg_hide(struct leat_ctx *ctx, struct leat_pseg *p);

/* Into its list: its space's, or the context's. And out of it. */
void leat_pseg_enlist(struct leat_ctx *ctx, struct leat_pseg *p);
void leat_pseg_unlist(struct leat_ctx *ctx, struct leat_pseg *p);

#endif
