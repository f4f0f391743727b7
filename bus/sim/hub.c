// SPDX-License-Identifier: BSD-3-Clause
/*
 * hub.c - wires by name, for one context.
 *
 * A plug is either a wire of the application's, waiting to be taken once, or a
 * link, known by one of its ends in use for as long as there is one.
 */
#include "hub.h"

#include "bus/wire/link.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct plug {
	struct plug	*next;
	struct leat_wire *wire;		/* a link's: an end in use */
	bool		link;
	char		name[];
};

static void hub_close(void *data)
{
	struct sim_hub *hub = data;

	while (hub->plugs) {
		struct plug *p = hub->plugs;

		hub->plugs = p->next;
		if (!p->link)
			leat_wire_close(p->wire);	/* nobody came for it */
		free(p);
	}
	pthread_mutex_destroy(&hub->lock);
	free(hub);
}

/* The wires stay: the parent's, or the application's. */
static void hub_forget(void *data)
{
	struct sim_hub *hub = data;

	while (hub->plugs) {
		struct plug *p = hub->plugs;

		hub->plugs = p->next;
		free(p);
	}
	free(hub);
}

int leat_sim_hub(struct leat_ctx *ctx, struct sim_hub **out)
{
	struct leat_ctx_slot *slot = leat_ctx_slot(ctx, LEAT_SLOT_SIM);
	struct sim_hub *hub = slot->data;

	if (!hub) {
		hub = calloc(1, sizeof(*hub));
		if (!hub)
			return leat_fail(ctx, -ENOMEM, "sim: out of memory");
		pthread_mutex_init(&hub->lock, NULL);
		slot->data = hub;
		slot->close = hub_close;
		slot->forget = hub_forget;
	}
	*out = hub;
	return 0;
}

static struct plug **find(struct sim_hub *hub, const char *name, bool link)
{
	struct plug **p = &hub->plugs;

	while (*p && ((*p)->link != link || strcmp((*p)->name, name) != 0))
		p = &(*p)->next;
	return p;
}

static bool reserved(const char *spec)
{
	return !strcmp(spec, "loop") || !strncmp(spec, "link:", 5);
}

static int add(struct leat_ctx *ctx, struct sim_hub *hub, const char *name, bool link,
	       struct leat_wire *w)
{
	size_t len = strlen(name) + 1;
	struct plug *p = malloc(sizeof(*p) + len);

	if (!p)
		return leat_fail(ctx, -ENOMEM, "sim: wire %s: out of memory", name);
	p->wire = w;
	p->link = link;
	memcpy(p->name, name, len);
	p->next = hub->plugs;
	hub->plugs = p;
	return 0;
}

static struct leat_wire *remove_plug(struct plug **at)
{
	struct plug *p = *at;
	struct leat_wire *w = p->wire;

	*at = p->next;
	free(p);
	return w;
}

int leat_sim_wire(struct leat_ctx *ctx, const char *name, struct leat_wire *w)
{
	struct sim_hub *hub = NULL;
	int err = leat_sim_hub(ctx, &hub);

	if (err)
		return err;
	if (!*name || reserved(name) || strchr(name, ','))
		return leat_fail(ctx, -EINVAL, "sim: wire \"%s\": choose a name that is neither "
				 "empty, \"loop\" nor \"link:...\", without commas", name);
	if (*find(hub, name, false))
		return leat_fail(ctx, -EEXIST, "sim: a wire %s is already waiting for its device",
				 name);
	return add(ctx, hub, name, false, w);
}

/* A new link: its other end stays closed until somebody joins. */
static int link_new(struct leat_ctx *ctx, struct sim_hub *hub, const char *name,
		    struct leat_wire **out)
{
	struct leat_wire *far;
	int err = leat_wire_link(out, &far);

	if (err)
		return leat_fail(ctx, err, "sim: link %s: out of memory", name);
	leat_wire_close(far);
	err = add(ctx, hub, name, true, *out);
	if (err)
		leat_wire_close(*out);
	return err;
}

static int link_join(struct leat_ctx *ctx, struct sim_hub *hub, const char *who, const char *name,
		     struct leat_wire **out)
{
	struct plug *p = *find(hub, name, true);

	if (!p)
		return link_new(ctx, hub, name, out);
	*out = leat_link_reopen(p->wire);
	return *out ? 0 : leat_fail(ctx, -EBUSY, "%s: both ends of link %s are in use; choose "
				    "another name", who, name);
}

int leat_sim_wire_take(struct leat_ctx *ctx, const char *who, const char *spec,
		       struct leat_wire **out)
{
	struct sim_hub *hub = NULL;
	struct plug **at;
	int err = leat_sim_hub(ctx, &hub);

	if (err)
		return err;
	if (!strcmp(spec, "loop")) {
		err = leat_wire_loop(out);
		return err ? leat_fail(ctx, err, "%s: out of memory", who) : 0;
	}
	if (!strncmp(spec, "link:", 5) && spec[5])
		return link_join(ctx, hub, who, spec + 5, out);
	at = find(hub, spec, false);
	if (!*at)
		return leat_fail(ctx, -EINVAL, "%s: no wire \"%s\"; there are loop, link:NAME, and "
				 "what leat_sim_wire() was given", who, spec);
	*out = remove_plug(at);
	return 0;
}

void leat_sim_wire_leave(struct leat_ctx *ctx, struct leat_wire *w)
{
	struct sim_hub *hub = leat_ctx_slot(ctx, LEAT_SLOT_SIM)->data;
	struct leat_wire *far = leat_link_far(w);

	for (struct plug **at = &hub->plugs; *at; at = &(*at)->next) {
		if (!(*at)->link || ((*at)->wire != w && (*at)->wire != far))
			continue;
		if (far)
			(*at)->wire = far;
		else
			remove_plug(at);
		return;
	}
}

void leat_sim_wire_return(struct leat_ctx *ctx, const char *spec, struct leat_wire *w)
{
	if (!reserved(spec) && !add(ctx, leat_ctx_slot(ctx, LEAT_SLOT_SIM)->data, spec, false, w))
		return;
	leat_sim_wire_leave(ctx, w);
	leat_wire_close(w);
}
