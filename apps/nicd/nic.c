// SPDX-License-Identifier: BSD-3-Clause
/*
 * nic.c - one emulated NIC at work.
 */
#include "nic.h"

#include "say.h"

#include <string.h>

int nic_plug(struct nic *nic, struct wire_house *house)
{
	return nic->spec.wire.kind->open(&nic->spec.wire, house, &nic->wire);
}

int nic_open(struct nic *nic, enum leat_log_level level)
{
	struct leat_server_config cfg = {
		.path = nic->spec.socket,
		.model = nic->spec.model,
		.opts = nic->spec.opts,
		.wire = nic->wire,
		.log = say_log,
		.log_arg = &nic->errors,
		.log_level = level,
	};
	int err = leat_server_open(&cfg, &nic->srv);

	if (err && !nic->errors)
		say_fail(err, "%s", *cfg.error ? cfg.error : strerror(-err));
	if (!err)
		nic->mdev = leat_server_mdev(nic->srv);
	return err;
}

void nic_close(struct nic *nic)
{
	if (nic->srv)
		leat_server_close(nic->srv);	/* and the wire */
	else if (nic->wire)
		leat_wire_close(nic->wire);
	nic->srv = NULL;
	nic->mdev = NULL;
	nic->wire = NULL;
	nic_spec_fini(&nic->spec);
}

static void add(struct leat_mdev_stats *to, const struct leat_mdev_stats *s)
{
	to->tx_frames += s->tx_frames;
	to->tx_bytes += s->tx_bytes;
	to->rx_frames += s->rx_frames;
	to->rx_bytes += s->rx_bytes;
	to->rx_refused += s->rx_refused;
	to->rx_dropped += s->rx_dropped;
	to->tx_dropped += s->tx_dropped;
	to->interrupts += s->interrupts;
	to->doorbells += s->doorbells;
}

unsigned int nic_look(struct nic *nic)
{
	struct leat_mdev_stats stats = nic->mdev->stats;
	struct leat_server_stats before, after;
	unsigned int n;

	leat_server_stats(nic->srv, &before);
	n = leat_server_poll(nic->srv);
	leat_server_stats(nic->srv, &after);
	if (after.clients != before.clients)	/* the counters began anew */
		add(&nic->gone, &stats);
	return n;
}

void nic_totals(const struct nic *nic, struct leat_mdev_stats *out)
{
	*out = nic->gone;
	add(out, &nic->mdev->stats);
}

void nic_tenth(struct nic *nic)
{
	struct leat_mdev_stats total;
	struct leat_server_stats srv;
	struct nic_tenth now;

	nic_totals(nic, &total);
	leat_server_stats(nic->srv, &srv);
	now = (struct nic_tenth){ total.tx_frames + total.rx_frames, srv.messages };
	if (now.frames != nic->last.frames)
		nic->tenths[nic->ntenths++ % LEAT_ARRAY_LEN(nic->tenths)] = (struct nic_tenth){
			now.frames - nic->last.frames, now.messages - nic->last.messages,
		};
	nic->last = now;
}

unsigned int nic_last_second(const struct nic *nic, struct nic_tenth *out)
{
	unsigned int n = 0;

	*out = (struct nic_tenth){ 0, 0 };
	while (n < NIC_TENTHS && n + 1 < nic->ntenths) {
		const struct nic_tenth *t =
			&nic->tenths[(nic->ntenths - 2 - n) % LEAT_ARRAY_LEN(nic->tenths)];

		out->frames += t->frames;
		out->messages += t->messages;
		n++;
	}
	return n;
}
