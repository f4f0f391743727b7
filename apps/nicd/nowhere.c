// SPDX-License-Identifier: BSD-3-Clause
/*
 * nowhere.c - a cable that leads nowhere: what is sent into it is counted and
 * gone.
 */
#include "wires.h"

#include "say.h"

#include <errno.h>
#include <stdlib.h>

static unsigned int nowhere_send(struct leat_wire *w, const struct leat_frame *frames,
				 unsigned int n)
{
	(void)frames;
	w->dropped += n;
	return n;
}

static void nowhere_close(struct leat_wire *w)
{
	free(w);
}

static const struct leat_wire_ops nowhere_ops = {
	.name = "nowhere",
	.send = nowhere_send,
	.close = nowhere_close,
};

static int nowhere_open(const struct wire_spec *spec, struct wire_house *house,
			struct leat_wire **out)
{
	struct leat_wire *w = calloc(1, sizeof(*w));

	(void)spec;
	(void)house;
	if (!w)
		return say_fail(-ENOMEM, "no memory for a wire");
	w->ops = &nowhere_ops;
	*out = w;
	return 0;
}

const struct wire_kind wire_nowhere = {
	.name = "nowhere",
	.open = nowhere_open,
};
