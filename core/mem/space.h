// SPDX-License-Identifier: BSD-3-Clause
/*
 * space.h - mapping segments into address spaces.
 */
#ifndef LEAT_CORE_SPACE_H
#define LEAT_CORE_SPACE_H

#include <leat/driver/aspace.h>

struct leat_pseg;

/*
 * Into all spaces from @as up to, but without, @end; or into none: -errno of the
 * first that failed, which has logged.
 */
int leat_space_map(struct leat_aspace *as, const struct leat_aspace *end,
		   const struct leat_pseg *p);

void leat_space_unmap(struct leat_aspace *as, const struct leat_aspace *end,
		      const struct leat_pseg *p);

/* Can the devices of @as reach all of it? 0 or -ENOSPC, logged with the remedy. */
int leat_space_check(struct leat_ctx *ctx, const struct leat_aspace *as,
		     const struct leat_pseg *p);

#endif
