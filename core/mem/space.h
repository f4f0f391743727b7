// SPDX-License-Identifier: BSD-3-Clause
/*
 * space.h - mapping one segment into a list of address spaces.
 */
#ifndef LEAT_CORE_SPACE_H
#define LEAT_CORE_SPACE_H

#include <leat/driver/aspace.h>

/* Into all from @as on, or into none: -errno of the first that failed, which has logged. */
int leat_space_map(struct leat_aspace *as, const struct leat_seg *seg);

/* Out of all from @as up to, but without, @end. */
void leat_space_unmap(struct leat_aspace *as, const struct leat_aspace *end,
		      const struct leat_seg *seg);

#endif
