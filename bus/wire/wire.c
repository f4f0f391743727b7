// SPDX-License-Identifier: BSD-3-Clause
/*
 * wire.c - what every wire does towards its NIC.
 */
#include <leat/wire.h>

#include <leat/model.h>

unsigned int leat_wire_deliver(struct leat_wire *w, const struct leat_frame *frames,
			       unsigned int n)
{
	return w->nic ? w->nic->model->receive(w->nic, frames, n) : 0;
}

bool leat_wire_ready(const struct leat_wire *w)
{
	return w->nic && w->nic->model->ready(w->nic);
}

void leat_wire_close(struct leat_wire *w)
{
	if (w)
		w->ops->close(w);
}
