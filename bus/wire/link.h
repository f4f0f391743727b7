// SPDX-License-Identifier: BSD-3-Clause
/*
 * link.h - a cable whose ends can be plugged in again.
 */
#ifndef LEAT_BUS_WIRE_LINK_H
#define LEAT_BUS_WIRE_LINK_H

#include <leat/wire.h>

/* The far end of the link that @w is an end of, if it is open. NULL if not, or no link. */
struct leat_wire *leat_link_far(struct leat_wire *w);

/* Open the far end again after it was closed. NULL if it is open. */
struct leat_wire *leat_link_reopen(struct leat_wire *w);

#endif
