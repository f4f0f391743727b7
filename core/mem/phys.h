// SPDX-License-Identifier: BSD-3-Clause
/*
 * phys.h - where memory lies in the machine, for devices that nobody translates for.
 */
#ifndef LEAT_CORE_PHYS_H
#define LEAT_CORE_PHYS_H

#include <stddef.h>

#include <leat/ctx.h>

struct leat_pseg;

/*
 * Physical parts begin at multiples of this and are as long at least, and so are
 * the pages they are made of.
 */
#define LEAT_PHYS_UNIT ((size_t)2 << 20)

/*
 * leat_phys_parts - find the parts of a segment in huge pages, neighbours merged,
 * at their physical addresses. 0; -EPERM without CAP_SYS_ADMIN, or what the system
 * said: logged, and the segment is as it was.
 */
int leat_phys_parts(struct leat_ctx *ctx, struct leat_pseg *p);

#endif
