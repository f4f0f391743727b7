// SPDX-License-Identifier: BSD-3-Clause
/*
 * all.c - the table of drivers: naming it links them all.
 */
#include <leat/drivers.h>

#include <stddef.h>

const struct leat_driver *const leat_drivers[] = {
	&leat_virtio_net,
	&leat_e1000e,
	&leat_igb,
	&leat_igbvf,
	&leat_null,
	&leat_ring,
	&leat_tap,
	NULL,
};
