// SPDX-License-Identifier: BSD-3-Clause
/*
 * events.h - the context's watches. Private to core.
 */
#ifndef LEAT_CORE_EVENTS_H
#define LEAT_CORE_EVENTS_H

#include <leat/ctx.h>

int leat_events_init(struct leat_ctx *ctx);
void leat_events_fini(struct leat_ctx *ctx);

#endif
