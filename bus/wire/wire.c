// SPDX-License-Identifier: BSD-3-Clause
/*
 * wire.c - what every wire does towards its NIC.
 */
#include <leat/wire.h>

#include <leat/cut.h>

#include <leat/bits.h>
#include <leat/model.h>

typedef unsigned int (*take_fn)(void *to, const struct leat_frame *frames, unsigned int n);

/* The segments of one frame that are not gone yet. True: all are, or it cannot be cut. */
static bool take_cut(take_fn take, void *to, const struct leat_frame *f, struct leat_wire_cut *was)
{
	uint8_t bytes[LEAT_FRAME_MAX];
	struct leat_frame s = { .data = bytes };
	struct leat_cut c;

	if (was->data != f->data || was->len != f->len)
		*was = (struct leat_wire_cut){ f->data, f->len, 0 };
	if (!leat_cut_begin(&c, f))
		c.segments = 0;
	for (; was->at < c.segments; was->at++) {
		s.len = leat_cut_segment(&c, was->at, bytes);
		if (!take(to, &s, 1))
			return false;
	}
	was->at = 0;
	return true;
}

/* Frames in their order, those to be segmented in segments. Returns how many are gone. */
static unsigned int take_all(take_fn take, void *to, const struct leat_frame *f, unsigned int n,
			     struct leat_wire_cut *cut)
{
	unsigned int done = 0;

	while (done < n) {
		unsigned int run = 0, taken;

		while (done + run < n && !f[done + run].gso_size)
			run++;
		taken = run ? take(to, f + done, run) : take_cut(take, to, &f[done], cut);
		done += taken;
		if (taken < LEAT_MAX(run, 1u))
			break;
	}
	return done;
}

static unsigned int to_nic(void *nic, const struct leat_frame *frames, unsigned int n)
{
	struct leat_mdev *mdev = nic;

	return mdev->model->receive(mdev, frames, n);
}

static unsigned int to_wire(void *wire, const struct leat_frame *frames, unsigned int n)
{
	struct leat_wire *w = wire;

	return w->ops->send(w, frames, n);
}

unsigned int leat_wire_deliver(struct leat_wire *w, const struct leat_frame *frames,
			       unsigned int n)
{
	if (LEAT_UNLIKELY(!w->nic))
		return 0;
	if (LEAT_LIKELY(w->nic->model->gso))
		return w->nic->model->receive(w->nic, frames, n);
	return take_all(to_nic, w->nic, frames, n, &w->in);
}

unsigned int leat_wire_send(struct leat_wire *w, const struct leat_frame *frames, unsigned int n)
{
	if (w->ops->gso)
		return w->ops->send(w, frames, n);
	return take_all(to_wire, w, frames, n, &w->out);
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
