// SPDX-License-Identifier: BSD-3-Clause
/*
 * soft.h - devices that are none: an address, and a driver that does the rest.
 */
#ifndef LEAT_BUS_SOFT_H
#define LEAT_BUS_SOFT_H

#include <leat/driver/dev.h>

/* "null:[OPTIONS]", "tap:NAME", "ring:NAME". Their drivers look at leat_dev_rest(). */
extern const struct leat_dev_ops leat_soft_null_ops, leat_soft_tap_ops, leat_soft_ring_ops;

#endif
