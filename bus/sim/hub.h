// SPDX-License-Identifier: BSD-3-Clause
/*
 * hub.h - what the simulated devices of one context share: wires by name, and
 * the lock that lets one thread at a time step any of them.
 */
#ifndef LEAT_BUS_SIM_HUB_H
#define LEAT_BUS_SIM_HUB_H

#include <leat/driver/core.h>
#include <leat/wire.h>

#include <pthread.h>

struct sim_hub {
	pthread_mutex_t	lock;		/* a link joins devices, so one for all */
	struct plug	*plugs;
};

/* The context's hub, made at first use, closed with the context. */
int leat_sim_hub(struct leat_ctx *ctx, struct sim_hub **out);

/*
 * leat_sim_wire_take - the wire that "wire=SPEC" means: "loop", "link:NAME", or
 * a name given by leat_sim_wire(). -EINVAL no such wire, -EBUSY both ends of
 * the link are in use; @who is for messages.
 */
int leat_sim_wire_take(struct leat_ctx *ctx, const char *who, const char *spec,
		       struct leat_wire **out);

/* Before its device closes it: a link whose other end is in use can be joined again. */
void leat_sim_wire_leave(struct leat_ctx *ctx, struct leat_wire *w);

/* The wire of a device that could not be made: the application's waits for the next. */
void leat_sim_wire_return(struct leat_ctx *ctx, const char *spec, struct leat_wire *w);

#endif
