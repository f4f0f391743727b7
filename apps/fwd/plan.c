// SPDX-License-Identifier: BSD-3-Clause
/*
 * plan.c - open the ports and lay out the packets' ways before the workers start.
 */
#include "plan.h"

#define RING_SIZE 1024	/* between receive and transmit of --pipeline */

/* Who polls what: one lane a CPU, or all receiving on the first and all sending on the second. */
static struct lane *rx_lane(struct fwd *f, unsigned int port)
{
	return &f->lane[f->opt.pipeline ? 0 : port % f->opt.nworkers];
}

static struct lane *tx_lane(struct fwd *f, unsigned int port)
{
	return &f->lane[f->opt.pipeline ? 1 : (port ^ 1) % f->opt.nworkers];
}

int plan_open(struct fwd *f, leat_event_fn *on_event)
{
	const struct leat_pool_config pool = { .count = 1024 * (f->opt.nports + f->opt.nworkers) };
	int err = leat_pool_create(f->ctx, &pool, &f->pool);

	for (unsigned int i = 0; !err && i < f->opt.nworkers; i++)
		err = leat_pool_cache_create(f->pool, 0, &f->lane[i].cache);
	for (unsigned int i = 0; !err && i < f->opt.nports; i++) {
		const struct leat_port_config cfg = {
			.pool = f->pool,
			.rx_cache = { rx_lane(f, i)->cache },
			.tx_cache = { tx_lane(f, i)->cache },
			.event = on_event,
			.event_arg = f,
		};

		err = leat_port_open(f->ctx, f->opt.addr[i], &cfg, &f->port[i]);
	}
	return err;
}

static struct stage *add_stage(struct lane *lane)
{
	return &lane->stage[lane->nstages++];
}

int plan_connect(struct fwd *f)
{
	for (unsigned int i = 0; i < f->opt.nports; i++) {
		struct stage way = { .out = f->port[i ^ 1], .tx = leat_port_txq(f->port[i ^ 1], 0) };
		struct stage *s = add_stage(rx_lane(f, i));

		*s = way;
		s->rx = leat_port_rxq(f->port[i], 0);
		if (f->opt.pipeline) {
			int err = leat_spsc_create(RING_SIZE, &f->ring[i]);

			if (err)
				return err;
			s->to = f->ring[i];
			s = add_stage(tx_lane(f, i ^ 1));
			*s = way;
			s->from = f->ring[i];
		}
	}
	return 0;
}

void plan_drain(struct fwd *f)
{
	for (unsigned int i = 0; i < f->opt.nworkers; i++) {
		for (unsigned int k = 0; k < f->lane[i].nstages; k++) {
			struct stage *s = &f->lane[i].stage[k];

			do {
				leat_drop(s->tx, s->pkts, s->held);
				s->held = s->from ? (uint16_t)leat_spsc_pop(s->from, (void **)s->pkts,
									    MAX_BURST) : 0;
			} while (s->held);
		}
	}
}

void plan_close(struct fwd *f)
{
	plan_drain(f);
	for (unsigned int i = 0; i < f->opt.nports; i++) {
		leat_spsc_destroy(f->ring[i]);
		leat_port_close(f->port[i]);
	}
	for (unsigned int i = 0; i < f->opt.nworkers; i++)
		leat_pool_cache_destroy(f->lane[i].cache);
	leat_pool_destroy(f->pool);
	leat_ctx_close(f->ctx);
}
