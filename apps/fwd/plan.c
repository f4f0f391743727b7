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

static int open_port(struct fwd *f, unsigned int i)
{
	const struct leat_port_config cfg = {
		.pool = f->pool,
		.mtu = (uint16_t)f->opt.mtu,
		.rx_cache = { rx_lane(f, i)->cache },
		.tx_cache = { tx_lane(f, i)->cache },
		.event = f->on_event,
		.event_arg = f,
	};
	int err = leat_port_open(f->ctx, f->opt.addr[i], &cfg, &f->port[i]);

	if (!err)
		err = leat_port_promisc(f->port[i], true);	/* a wire takes every frame */
	if (!err)
		f->nopen++;
	return err;
}

int plan_open(struct fwd *f, leat_event_fn *on_event)
{
	const struct leat_pool_config pool = {
		.count = 1024 * (f->opt.nports + f->opt.nworkers),
		.node = LEAT_NODE(f->opt.node),
	};
	int err = leat_pool_create(f->ctx, &pool, &f->pool);

	f->on_event = on_event;
	for (unsigned int i = 0; !err && i < f->opt.nworkers; i++)
		err = leat_pool_cache_create(f->pool, 0, &f->lane[i].cache);
	for (unsigned int i = 0; !err && i < f->opt.nports; i++)
		err = open_port(f, i);
	return err;
}

/* ---- the ways ---- */

static struct stage *add_stage(struct fwd *f, struct lane *lane, unsigned int in)
{
	struct stage *s = &lane->stage[lane->nstages++];

	*s = (struct stage){ .in = in, .end = in ^ 1, .cache = lane->cache,
			     .drops = &f->drops[in ^ 1] };
	return s;
}

/* Give its queues to the stages that use them, or none while it is not open. */
static void wire(struct fwd *f, unsigned int i)
{
	struct leat_port *port = f->port[i];

	for (unsigned int w = 0; w < f->opt.nworkers; w++) {
		for (unsigned int k = 0; k < f->lane[w].nstages; k++) {
			struct stage *s = &f->lane[w].stage[k];

			if (s->in == i && !s->from)
				s->rx = port ? leat_port_rxq(port, 0) : NULL;
			if (s->end == i && !s->to) {
				s->tx = port ? leat_port_txq(port, 0) : NULL;
				s->out = port;
			}
		}
	}
}

int plan_connect(struct fwd *f)
{
	for (unsigned int i = 0; i < f->opt.nports; i++) {
		struct stage *s = add_stage(f, rx_lane(f, i), i);

		if (f->opt.pipeline) {
			int err = leat_spsc_create(RING_SIZE, &f->ring[i]);

			if (err)
				return err;
			s->to = f->ring[i];
			add_stage(f, tx_lane(f, i ^ 1), i)->from = f->ring[i];
		}
	}
	for (unsigned int i = 0; i < f->opt.nports; i++)
		wire(f, i);
	return 0;
}

/* ---- ports that come and go ---- */

void plan_pause(struct fwd *f)
{
	for (unsigned int i = 0; i < f->opt.nworkers; i++)
		leat_worker_pause(f->lane[i].worker);
}

void plan_resume(struct fwd *f)
{
	for (unsigned int i = 0; i < f->opt.nworkers; i++)
		leat_worker_resume(f->lane[i].worker);
}

static void rewire(struct fwd *f, unsigned int i)
{
	plan_pause(f);
	wire(f, i);
	plan_resume(f);
}

/* The workers stand still no longer than it takes to part with its queues. */
void plan_lose(struct fwd *f, unsigned int i)
{
	struct leat_port *port = f->port[i];

	f->port[i] = NULL;
	f->nopen--;
	rewire(f, i);
	report_past(&f->past[i], port);
	leat_port_close(port);
}

int plan_regain(struct fwd *f, unsigned int i)
{
	int err = open_port(f, i);

	if (!err)
		rewire(f, i);
	return err;
}

/* ---- the end ---- */

static void drop(struct stage *s)
{
	if (s->tx)
		leat_drop(s->tx, s->pkts, s->held);
	else
		report_drop(s->drops, s->pkts, s->held, s->cache);
	s->held = 0;
}

void plan_drain(struct fwd *f)
{
	for (unsigned int i = 0; i < f->opt.nworkers; i++) {
		for (unsigned int k = 0; k < f->lane[i].nstages; k++) {
			struct stage *s = &f->lane[i].stage[k];

			do {
				drop(s);
				if (s->from)
					s->held = (uint16_t)leat_spsc_pop(s->from, (void **)s->pkts,
									  MAX_BURST);
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
