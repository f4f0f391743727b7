// SPDX-License-Identifier: BSD-3-Clause
/*
 * drivers.h - the drivers there are, for leat_ctx_config.drivers.
 *
 * Naming leat_drivers links them all; naming single ones links just those.
 */
#ifndef LEAT_DRIVERS_H
#define LEAT_DRIVERS_H

#include <leat/compiler.h>

LEAT_BEGIN_DECLS

struct leat_driver;

LEAT_API extern const struct leat_driver leat_virtio_net;
LEAT_API extern const struct leat_driver leat_e1000e;
LEAT_API extern const struct leat_driver leat_igb;
LEAT_API extern const struct leat_driver leat_igbvf;

/* Software ports: "null:", "ring:", "tap:". */
LEAT_API extern const struct leat_driver leat_null;
LEAT_API extern const struct leat_driver leat_ring;
LEAT_API extern const struct leat_driver leat_tap;

/* All of the above, ending with NULL. */
LEAT_API extern const struct leat_driver *const leat_drivers[];

LEAT_END_DECLS

#endif
