// SPDX-License-Identifier: BSD-3-Clause
/*
 * link.c - a cable with two ends.
 *
 * What one NIC sends is shown to the other at once, where it lies: one copy,
 * into the far driver's buffers. If those are full, the near NIC keeps its
 * frames. The link is up at an end while a driver is attached at the other.
 */
#include "bus/wire/link.h"

#include <leat/compiler.h>

#include <errno.h>
#include <stdlib.h>

struct end {
	struct leat_wire wire;
	struct link	*link;
	bool		open;
	bool		attached;	/* a driver is behind this end */
};

struct link {
	struct end end[2];
};

static struct end *near_end(struct leat_wire *w)
{
	return LEAT_CONTAINER_OF(w, struct end, wire);
}

static struct end *far_end(struct leat_wire *w)
{
	struct end *e = near_end(w);

	return &e->link->end[e == e->link->end];
}

static unsigned int link_send(struct leat_wire *w, const struct leat_frame *frames, unsigned int n)
{
	struct leat_wire *far = &far_end(w)->wire;

	if (LEAT_LIKELY(leat_wire_ready(far)))
		return leat_wire_deliver(far, frames, n);
	w->dropped += n;
	return n;
}

static bool link_up(struct leat_wire *w)
{
	return far_end(w)->attached;
}

static void link_attached(struct leat_wire *w, bool yes)
{
	near_end(w)->attached = yes;
}

static void link_close(struct leat_wire *w)
{
	struct end *e = near_end(w);

	e->open = false;
	e->attached = false;
	e->wire.nic = NULL;
	if (!far_end(w)->open)
		free(e->link);
}

static const struct leat_wire_ops link_ops = {
	.name = "link",
	.send = link_send,
	.up = link_up,
	.attached = link_attached,
	.close = link_close,
	.gso = true,		/* who receives has them cut if need be */
};

static struct leat_wire *open_end(struct link *l, unsigned int i)
{
	l->end[i] = (struct end){ .wire = { .ops = &link_ops }, .link = l, .open = true };
	return &l->end[i].wire;
}

int leat_wire_link(struct leat_wire **a, struct leat_wire **b)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	*a = open_end(l, 0);
	*b = open_end(l, 1);
	return 0;
}

struct leat_wire *leat_link_far(struct leat_wire *w)
{
	return w->ops == &link_ops && far_end(w)->open ? &far_end(w)->wire : NULL;
}

struct leat_wire *leat_link_reopen(struct leat_wire *w)
{
	struct end *far = far_end(w);

	return far->open ? NULL : open_end(far->link, (unsigned int)(far - far->link->end));
}
