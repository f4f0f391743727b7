// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/page.c - pages that descriptors must not leave.
 */
#include "hw.h"

uint64_t leat_intel_page_mask(const struct leat_port *port)
{
	return leat_aspace_least_page(port->dev->as) - 1;
}
