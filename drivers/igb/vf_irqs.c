// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/vf_irqs.c - a virtual function's three vectors (82576 sections 7.3.1.3 and 8.27), what
 * its PF says by the mailbox, and what it counts.
 *
 * Vector 0 is for the mailbox, as the link is elsewhere; those of queues are armed as the
 * PF's are. Not all that happens to a VF interrupts, so the clock asks for a look, too.
 */
#include "vf.h"

#include <leat/barrier.h>

#include <errno.h>

static const uint32_t counters[IGBVF_COUNTS] = {
#define X(name, offset, bits, xstat) (offset),
	IGB_VF_COUNTERS(X)
#undef X
};

int leat_igbvf_irqs_open(struct igbvf *v)
{
	struct igb *g = &v->igb;
	const struct leat_port_config *cfg = &g->port.cfg;

	leat_pci_irqs_close(&g->irqs);
	return leat_pci_irqs_open(&g->irqs, g->port.dev, cfg->intr, LEAT_PCI_CAN(LEAT_INTR_MSIX),
				  cfg->rxqs);
}

/* 8.27.7: bytes of a vector: receive queue 0, transmit queue 0, then those of queue 1. */
static void route(struct igb *g)
{
	uint32_t ivar = 0, queues = 0;

	for (unsigned int q = 0; q < g->port.cfg.rxqs; q++) {
		unsigned int vector = leat_pci_irqs_vector(&g->irqs, q);

		ivar |= (vector | IGB_IVAR_VALID) << 16 * q;
		queues |= LEAT_BIT(vector);
	}
	intel_write(&g->hw, IGB_VTIVAR, ivar);
	intel_write(&g->hw, IGB_VTIVAR_MISC, g->irqs.config ? IGB_IVAR_VALID : 0);
	intel_write(&g->hw, IGB_VTEIAC, queues | (g->irqs.config ? LEAT_BIT(0) : 0));
	intel_write(&g->hw, IGB_VTEIAM, queues);
}

int leat_igbvf_irqs_on(struct igb *g)
{
	int err = leat_pci_irqs_on(&g->irqs);

	if (err == -ENOTSUP && g->port.cfg.intr == LEAT_INTR_AUTO)
		return 0;		/* nothing can signal us: poll */
	if (err || !g->irqs.on)
		return err;
	for (unsigned int i = 0; i < g->irqs.nvectors; i++)
		intel_write(&g->hw, IGB_VF_EITR(i), IGB_EITR_USUAL);
	route(g);
	return 0;
}

void leat_igbvf_irqs_off(struct igb *g)
{
	intel_write(&g->hw, IGB_VTEIMC, UINT32_MAX);
	leat_pci_irqs_off(&g->irqs);
}

/* ---- looking ---- */

static void look_at_link(struct igbvf *v)
{
	struct leat_link link = { 0 };

	v->igb.port.drv->link(&v->igb.port, &link);
	if (link.up == v->igb.link_up)
		return;
	v->igb.link_up = link.up;
	leat_port_notify(&v->igb.port, LEAT_EVENT_LINK);
}

/*
 * A PF that is back has forgotten all that we agreed on. One that goes says so before it
 * can be seen that it is away: so not at the first look.
 */
static void look(struct igbvf *v)
{
	struct igb *g = &v->igb;
	bool lost = v->lost;

	if (!leat_igb_answers(g))
		return;
	leat_igbvf_listen(v);
	look_at_link(v);
	if (lost && !v->away)
		leat_igb_tell_error(g, "its physical function was reset, or forgot it");
}

static void on_interrupt(struct leat_watch *w)
{
	leat_eventfd_drain(w->fd);
	look(LEAT_CONTAINER_OF(w, struct igbvf, igb.watch));
}

void leat_igbvf_counters_begin(struct igbvf *v)
{
	for (unsigned int i = 0; i < IGBVF_COUNTS; i++)
		v->last[i] = intel_read(&v->igb.hw, counters[i]);
}

void leat_igbvf_counters_read(struct igbvf *v)
{
	/* Gone, or reset with its PF: what is there now counts nothing. */
	if (v->lost || intel_read(&v->igb.hw, IGB_VTSTATUS) == UINT32_MAX)
		return;
	for (unsigned int i = 0; i < IGBVF_COUNTS; i++) {
		uint32_t now = intel_read(&v->igb.hw, counters[i]);

		v->count[i] += now - v->last[i];
		v->last[i] = now;
	}
	leat_igb_drops_read(&v->igb);
}

static void on_tick(struct leat_watch *w)
{
	struct igbvf *v = LEAT_CONTAINER_OF(w, struct igbvf, igb.watch);

	look(v);
	if (v->igb.error_told)
		return;
	leat_igbvf_counters_read(v);
	if (leat_igb_hangs(&v->igb))
		leat_igb_tell_error(&v->igb, "the transmitter hangs");
}

int leat_igbvf_watch(struct igbvf *v)
{
	int err = leat_igb_watch_by(&v->igb, on_interrupt, on_tick);

	if (!err && v->igb.watch.fd >= 0)
		intel_write(&v->igb.hw, IGB_VTEIMS, LEAT_BIT(0));
	return err;
}

void leat_igbvf_unwatch(struct igbvf *v)
{
	leat_watch_remove(v->igb.port.ctx, &v->igb.watch);
}
