// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/watch.c - what a running device says of itself: its link, a transmitter that hangs,
 * frames that it dropped. Counters stick when they are full, and not everybody has
 * interrupts: the clock asks for a look.
 */
#include "igb.h"

#include <leat/barrier.h>

#include <stdio.h>

#define LOOK_NS	     UINT64_C(1000000000)
#define MAIL_NS	     UINT64_C(10000000)
#define OTHER_CAUSES (IGB_ICR_LSC | IGB_ICR_DOUTSYNC)

/* ---- for the PF's driver and the VF's ---- */

void leat_igb_tell_error(struct igb *g, const char *what)
{
	g->error_told = true;
	leat_log(g->port.ctx, LEAT_LOG_ERROR, "%s: %s: stop and start the port", g->port.name, what);
	leat_port_notify(&g->port, LEAT_EVENT_ERROR);
}

bool leat_igb_answers(struct igb *g)
{
	if (leat_load_relaxed(&g->port.dev->dead) || g->error_told)
		return false;
	if (intel_read(&g->hw, INTEL_STATUS) != UINT32_MAX)
		return true;
	leat_igb_tell_error(g, "the device reads as all ones: it was taken away, or its memory "
			    "decoding is off");
	return false;
}

/* The head stands while there is work, and no pause frame holds it. */
bool leat_igb_hangs(struct igb *g)
{
	bool stuck = false, held = intel_read(&g->hw, INTEL_STATUS) & INTEL_STATUS_TXOFF;

	for (unsigned int q = 0; q < g->port.cfg.txqs; q++) {
		uint16_t head = (uint16_t)igb_queue_read(g, IGB_TDH, q);
		uint16_t tail = (uint16_t)igb_queue_read(g, IGB_TDT, q);

		stuck |= head != tail && head == g->tdh[q];
		g->tdh[q] = head == tail ? UINT16_MAX : head;
	}
	return stuck && g->link_up && !held;
}

void leat_igb_drops_read(struct igb *g)
{
	for (unsigned int q = 0; q < g->port.cfg.rxqs; q++) {
		uint32_t dropped = igb_queue_read(g, IGB_RQDPC, q);

		if (!dropped)
			continue;
		g->dropped[q] += dropped;
		igb_queue_write(g, IGB_RQDPC, q, 0);	/* where reading does not clear it */
	}
}

uint64_t leat_igb_drops(const struct igb *g)
{
	uint64_t sum = 0;

	for (unsigned int q = 0; q < IGB_QUEUES; q++)
		sum += g->dropped[q];
	return sum;
}

unsigned int leat_igb_drops_xstats(const struct igb *g, struct leat_xstat *out, unsigned int n,
				   unsigned int at)
{
	for (unsigned int q = 0; q < g->port.cfg.rxqs; q++, at++) {
		if (at >= n)
			continue;
		snprintf(out[at].name, sizeof(out[at].name), "rx_q%u_dropped_packets", q);
		out[at].value = g->dropped[q];
	}
	return at;
}

int leat_igb_watch_by(struct igb *g, void (*ready)(struct leat_watch *),
		      void (*tick)(struct leat_watch *))
{
	g->watch = (struct leat_watch){
		.fd = g->irqs.on && g->irqs.config ? g->irqs.event[0] : -1, .ready = ready,
		.tick = tick, .period_ns = LOOK_NS,
	};
	g->error_told = false;
	g->link_up = false;
	for (unsigned int q = 0; q < IGB_QUEUES; q++)
		g->tdh[q] = UINT16_MAX;
	return leat_watch_add(g->port.ctx, &g->watch);
}

/* ---- the PF's ---- */

static void look_at_link(struct igb *g)
{
	struct leat_link link = { 0 };

	leat_intel_link_read(&g->hw, &link);
	if (link.up == g->link_up)
		return;
	g->link_up = link.up;
	if (link.up)
		leat_intel_flow_ctrl_settle(&g->hw);
	leat_igb_mbx_ping(g);
	leat_port_notify(&g->port, LEAT_EVENT_LINK);
}

/* Pools are made when the port starts. */
static void look_at_vfs(struct igb *g)
{
	if (leat_igb_vfs_count(g) != g->vfs.n)
		leat_igb_tell_error(g, "it was given other virtual functions, or none");
	else if (g->vfs.n)
		leat_igb_vfs_look(g);
}

static void on_interrupt(struct leat_watch *w)
{
	struct igb *g = LEAT_CONTAINER_OF(w, struct igb, watch);
	uint32_t icr;

	leat_eventfd_drain(w->fd);
	icr = intel_read(&g->hw, IGB_ICR);
	if (!leat_igb_answers(g))
		return;
	look_at_link(g);
	if (g->vfs.n)
		leat_igb_mbx_serve(g);
	if (icr & IGB_ICR_DOUTSYNC)
		leat_igb_tell_error(g, "its transmitter lost its place in the rings");
}

void leat_igb_counters_read(struct igb *g)
{
	if (intel_read(&g->hw, INTEL_STATUS) == UINT32_MAX)
		return;			/* gone: it counts nothing */
	leat_intel_counters_read(&g->hw);
	leat_igb_drops_read(g);
}

static void on_tick(struct leat_watch *w)
{
	struct igb *g = LEAT_CONTAINER_OF(w, struct igb, watch);

	if (!leat_igb_answers(g))
		return;
	look_at_link(g);
	leat_igb_counters_read(g);
	if (leat_igb_hangs(g))
		leat_igb_tell_error(g, "the transmitter hangs");
	else
		look_at_vfs(g);
}

/* For who has no interrupt to tell him; virtual functions wait for the answer. */
static void on_mail(struct leat_watch *w)
{
	struct igb *g = LEAT_CONTAINER_OF(w, struct igb, vfs.watch);

	if (leat_igb_answers(g))
		leat_igb_mbx_serve(g);
}

static int watch_mail(struct igb *g)
{
	int err;

	g->vfs.watch = (struct leat_watch){ .fd = -1, .tick = on_mail, .period_ns = MAIL_NS };
	err = leat_watch_add(g->port.ctx, &g->vfs.watch);
	if (err)
		leat_watch_remove(g->port.ctx, &g->watch);
	return err;
}

int leat_igb_watch(struct igb *g)
{
	int err = leat_igb_watch_by(g, on_interrupt, on_tick);

	if (!err && g->watch.fd < 0 && g->vfs.n)
		return watch_mail(g);
	if (err || g->watch.fd < 0)
		return err;
	intel_write(&g->hw, IGB_IMS, OTHER_CAUSES | (g->vfs.n ? IGB_ICR_VMMB : 0));
	intel_write(&g->hw, IGB_EIMS, LEAT_BIT(0));
	return 0;
}

void leat_igb_unwatch(struct igb *g)
{
	if (g->vfs.n && g->watch.fd < 0)
		leat_watch_remove(g->port.ctx, &g->vfs.watch);
	leat_watch_remove(g->port.ctx, &g->watch);
}
