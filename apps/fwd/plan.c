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
		.rx_desc = (uint16_t)f->opt.descriptors,
		.tx_desc = (uint16_t)f->opt.descriptors,
		.promisc = true,	/* a wire takes every frame */
		.rx_cache = { rx_lane(f, i)->cache },
		.tx_cache = { tx_lane(f, i)->cache },
		.event = f->on_event,
		.event_arg = f,
	};
	int err = leat_port_open(f->ctx, f->opt.addr[i], &cfg, &f->port[i]);

	if (err)
		return err;
	f->nopen++;
	return 0;
}

static int open_lane(struct fwd *f, struct lane *lane)
{
	int err = leat_pool_cache_create(f->pool, 0, &lane->cache);

	if (err || f->opt.idle == IDLE_POLL)
		return err;
	return leat_sleeper_create(f->ctx, f->opt.idle == IDLE_INTR ? 0 : LEAT_SLEEPER_SPIN_NS,
				   &lane->sleeper);
}

int plan_open(struct fwd *f, leat_event_fn *on_event)
{
	unsigned int descriptors = f->opt.descriptors ? f->opt.descriptors : 256;
	const struct leat_pool_config pool = {
		.count = (2 * descriptors + 512) * f->opt.nports + 1024 * f->opt.nworkers,
		.node = LEAT_NODE(f->opt.node),
	};
	int err = leat_ctx_wake_latency(f->ctx, f->opt.wake_latency);

	f->on_event = on_event;
	if (!err)
		err = leat_pool_create(f->ctx, &pool, &f->pool);
	for (unsigned int i = 0; !err && i < f->opt.nworkers; i++)
		err = open_lane(f, &f->lane[i]);
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

/* Where @s receives from now on: NULL nowhere. What sleeps on it is told. */
static int receive_from(struct lane *lane, struct stage *s, struct leat_rxq *rx)
{
	struct leat_rxq *before = s->rx;

	s->rx = rx;
	if (!lane->sleeper)
		return 0;
	if (before)
		leat_sleeper_remove(lane->sleeper, before);
	return rx ? leat_sleeper_add(lane->sleeper, rx) : 0;
}

/* Give its queues to the stages that use them, or none while it is not open. 0 or -errno. */
static int wire(struct fwd *f, unsigned int i)
{
	struct leat_port *port = f->port[i];
	int err = 0;

	for (unsigned int w = 0; w < f->opt.nworkers; w++) {
		for (unsigned int k = 0; k < f->lane[w].nstages; k++) {
			struct stage *s = &f->lane[w].stage[k];

			if (s->in == i && !s->from && !err)
				err = receive_from(&f->lane[w], s,
						   port ? leat_port_rxq(port, 0) : NULL);
			if (s->end == i && !s->to) {
				s->tx = port ? leat_port_txq(port, 0) : NULL;
				s->out = port;
			}
		}
	}
	return err;
}

int plan_connect(struct fwd *f)
{
	int err = 0;

	for (unsigned int i = 0; i < f->opt.nports; i++) {
		struct stage *s = add_stage(f, rx_lane(f, i), i);

		if (f->opt.pipeline) {
			err = leat_spsc_create(RING_SIZE, &f->ring[i]);
			if (err)
				return err;
			s->to = f->ring[i];
			s->wake = tx_lane(f, i ^ 1)->sleeper;
			add_stage(f, tx_lane(f, i ^ 1), i)->from = f->ring[i];
		}
	}
	for (unsigned int i = 0; !err && i < f->opt.nports; i++)
		err = wire(f, i);
	return err;
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

static int rewire(struct fwd *f, unsigned int i)
{
	int err;

	plan_pause(f);
	err = wire(f, i);
	plan_resume(f);
	return err;
}

/* The workers stand still no longer than it takes to part with its queues. */
static struct leat_port *unwire(struct fwd *f, unsigned int i)
{
	struct leat_port *port = f->port[i];

	f->port[i] = NULL;
	f->nopen--;
	rewire(f, i);
	return port;
}

void plan_lose(struct fwd *f, unsigned int i)
{
	struct leat_port *port = unwire(f, i);

	report_past(&f->past[i], port);
	leat_port_close(port);
}

int plan_regain(struct fwd *f, unsigned int i)
{
	int err = open_port(f, i);

	if (err)
		return err;
	err = rewire(f, i);
	if (err)
		leat_port_close(unwire(f, i));
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
	for (unsigned int i = 0; i < f->opt.nworkers; i++)
		leat_sleeper_destroy(f->lane[i].sleeper);
	for (unsigned int i = 0; i < f->opt.nports; i++) {
		leat_spsc_destroy(f->ring[i]);
		leat_port_close(f->port[i]);
	}
	for (unsigned int i = 0; i < f->opt.nworkers; i++)
		leat_pool_cache_destroy(f->lane[i].cache);
	leat_pool_destroy(f->pool);
	leat_ctx_close(f->ctx);
}
