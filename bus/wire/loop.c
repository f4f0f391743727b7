// SPDX-License-Identifier: BSD-3-Clause
/*
 * loop.c - a plug with its wires crossed: what the NIC sends, it receives.
 */
#include <leat/wire.h>

#include <errno.h>
#include <stdlib.h>

static unsigned int loop_send(struct leat_wire *w, const struct leat_frame *frames, unsigned int n)
{
	if (leat_wire_ready(w))
		return leat_wire_deliver(w, frames, n);
	w->dropped += n;	/* the driver sends without receiving */
	return n;
}

static void loop_close(struct leat_wire *w)
{
	free(w);
}

static const struct leat_wire_ops loop_ops = {
	.name = "loop",
	.send = loop_send,
	.close = loop_close,
	.gso = true,		/* who receives has them cut if need be */
};

int leat_wire_loop(struct leat_wire **out)
{
	struct leat_wire *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->ops = &loop_ops;
	*out = w;
	return 0;
}
