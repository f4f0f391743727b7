// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/irqs.c - interrupts (82574 sections 7.4 and 10.2.4), and what a running
 * device says of itself: its link, a transmitter that hangs.
 *
 * With MSI-X each receive queue has a vector and clears its cause by itself
 * (EIAC); vector 0 is for the link. Otherwise there is one line for all, and
 * reading ICR takes it back. Receive causes are masked until a queue is armed, so
 * polling costs nothing. Counters stick when they are full, not everybody has
 * interrupts, and who reads ICR may take a change of link with it: the clock asks
 * for a look, too.
 */
#include "e1000e.h"

#include <leat/barrier.h>

#include <errno.h>
#include <poll.h>

#define LOOK_NS	     UINT64_C(1000000000)
#define THROTTLE     196		/* in units of 256 ns: 20,000 interrupts a second at most */
#define RX_CAUSES    (E1000E_ICR_RXT0 | E1000E_ICR_RXDMT0 | E1000E_ICR_RXO | \
		      E1000E_ICR_RXQ(0) | E1000E_ICR_RXQ(1))
#define OTHER_CAUSES (E1000E_ICR_LSC | E1000E_ICR_OTHER)

int leat_e1000e_irqs_open(struct e1000e *e)
{
	const struct leat_port_config *cfg = &e->port.cfg;
	unsigned int can = LEAT_PCI_CAN(LEAT_INTR_MSIX) | LEAT_PCI_CAN(LEAT_INTR_MSI) |
			   LEAT_PCI_CAN(LEAT_INTR_INTX);

	leat_pci_irqs_close(&e->irqs);
	return leat_pci_irqs_open(&e->irqs, e->port.dev, cfg->intr, can, cfg->rxqs);
}

/* 7.4.4: who gets which vector. */
static void route(struct e1000e *e)
{
	uint32_t ivar = 0, eiac = 0;

	for (unsigned int q = 0; q < e->port.cfg.rxqs; q++) {
		ivar |= E1000E_IVAR_RXQ(q, leat_pci_irqs_vector(&e->irqs, q));
		eiac |= E1000E_ICR_RXQ(q);
	}
	if (e->irqs.config)
		ivar |= E1000E_IVAR_OTHER(0u);
	intel_write(&e->hw, E1000E_IVAR, ivar);
	intel_write(&e->hw, E1000E_EIAC, eiac);
	for (unsigned int v = 0; v < E1000E_VECTORS; v++)
		intel_write(&e->hw, E1000E_EITR(v), THROTTLE);
}

int leat_e1000e_irqs_on(struct e1000e *e)
{
	int err = leat_pci_irqs_on(&e->irqs);

	if (err == -ENOTSUP && e->port.cfg.intr == LEAT_INTR_AUTO)
		return 0;		/* nothing can signal us: poll */
	if (err)
		return err;
	intel_write(&e->hw, E1000E_ITR, THROTTLE);
	if (e->irqs.kind == LEAT_INTR_MSIX)
		route(e);
	return 0;
}

void leat_e1000e_irqs_off(struct e1000e *e)
{
	intel_write(&e->hw, E1000E_IMC, UINT32_MAX);
	leat_pci_irqs_off(&e->irqs);
}

static bool heard(struct e1000e *e, unsigned int ms)
{
	struct pollfd fd = { .fd = e->irqs.event[0], .events = POLLIN };

	do {
		if (e->port.stepped)
			e->port.end->step(e->port.dev);
		if (poll(&fd, 1, 1) == 1)
			return true;
	} while (ms--);
	return false;
}

bool leat_e1000e_irqs_try(struct e1000e *e, unsigned int ms)
{
	uint32_t cause = e->irqs.kind != LEAT_INTR_MSIX || e->irqs.config ? OTHER_CAUSES :
									    E1000E_ICR_RXQ(0);
	bool came;

	leat_eventfd_drain(e->irqs.event[0]);
	intel_write(&e->hw, E1000E_IMS, cause);
	intel_write(&e->hw, E1000E_ICS, cause);
	came = heard(e, ms);
	intel_write(&e->hw, E1000E_IMC, UINT32_MAX);
	(void)intel_read(&e->hw, E1000E_ICR);
	leat_eventfd_drain(e->irqs.event[0]);
	return came;
}

/* ---- sleeping ---- */

/* The one line of all: take it back. What is masked, reading leaves (10.2.4.1). */
static int take_line(struct e1000e *e)
{
	(void)intel_read(&e->hw, E1000E_ICR);
	intel_write(&e->hw, E1000E_ICR, RX_CAUSES);
	return leat_pci_irqs_rearm(&e->irqs);
}

int leat_e1000e_rxq_arm(struct leat_rxq *q)
{
	struct e1000e *e = e1000e_of(q->port);
	uint32_t cause = E1000E_ICR_RXQ(q->id);
	int err = 0;

	if (!e->irqs.on)
		return -ENOTSUP;
	if (e->irqs.kind == LEAT_INTR_MSIX)
		intel_write(&e->hw, E1000E_ICR, cause);	/* one left from polling */
	else
		err = take_line(e);
	if (err)
		return err;
	intel_write(&e->hw, E1000E_IMS, e->irqs.kind == LEAT_INTR_MSIX ? cause : RX_CAUSES);
	intel_flush(&e->hw);		/* what comes after this look interrupts */
	return leat_intel_rxq_news(q);
}

void leat_e1000e_rxq_disarm(struct leat_rxq *q)
{
	struct e1000e *e = e1000e_of(q->port);

	if (e->irqs.kind == LEAT_INTR_MSIX)
		intel_write(&e->hw, E1000E_IMC, E1000E_ICR_RXQ(q->id));
	else if (q->port->cfg.rxqs == 1)	/* the other queue may sleep by the same causes */
		intel_write(&e->hw, E1000E_IMC, RX_CAUSES);
}

/* ---- looking ---- */

static void look_at_link(struct e1000e *e)
{
	struct leat_link link = { 0 };

	leat_intel_link_read(&e->hw, &link);
	if (link.up == e->link_up)
		return;
	e->link_up = link.up;
	if (link.up)
		leat_intel_flow_ctrl_settle(&e->hw);
	leat_port_notify(&e->port, LEAT_EVENT_LINK);
}

static void tell_error(struct e1000e *e, const char *what)
{
	e->error_told = true;
	leat_log(e->port.ctx, LEAT_LOG_ERROR, "%s: %s: stop and start the port", e->port.name, what);
	leat_port_notify(&e->port, LEAT_EVENT_ERROR);
}

/* The head stands while there is work, and no pause frame holds it. */
static bool hangs(struct e1000e *e)
{
	bool stuck = false, held = intel_read(&e->hw, INTEL_STATUS) & INTEL_STATUS_TXOFF;

	for (unsigned int q = 0; q < e->port.cfg.txqs; q++) {
		uint16_t head = (uint16_t)intel_read(&e->hw, E1000E_QUEUE(E1000E_TDH, q));
		uint16_t tail = (uint16_t)intel_read(&e->hw, E1000E_QUEUE(E1000E_TDT, q));

		stuck |= head != tail && head == e->tdh[q];
		e->tdh[q] = head == tail ? UINT16_MAX : head;
	}
	return stuck && e->link_up && !held;
}

static void look(struct e1000e *e)
{
	if (leat_load_relaxed(&e->port.dev->dead) || e->error_told)
		return;
	if (intel_read(&e->hw, INTEL_STATUS) == UINT32_MAX) {
		tell_error(e, "the device reads as all ones: it was taken away, or its memory "
			   "decoding is off");
		return;
	}
	look_at_link(e);
}

static void on_interrupt(struct leat_watch *w)
{
	struct e1000e *e = LEAT_CONTAINER_OF(w, struct e1000e, watch);

	leat_eventfd_drain(w->fd);
	intel_write(&e->hw, E1000E_ICR, OTHER_CAUSES);
	look(e);
}

static void on_tick(struct leat_watch *w)
{
	struct e1000e *e = LEAT_CONTAINER_OF(w, struct e1000e, watch);

	look(e);
	if (e->error_told)
		return;
	leat_intel_counters_read(&e->hw);
	if (hangs(e))
		tell_error(e, "the transmitter hangs");
}

int leat_e1000e_watch(struct e1000e *e)
{
	bool vector = e->irqs.on && e->irqs.config;
	int err;

	e->watch = (struct leat_watch){
		.fd = vector ? e->irqs.event[0] : -1, .ready = on_interrupt,
		.tick = on_tick, .period_ns = LOOK_NS,
	};
	e->error_told = false;
	e->link_up = false;
	for (unsigned int q = 0; q < E1000E_QUEUES; q++)
		e->tdh[q] = UINT16_MAX;
	err = leat_watch_add(e->port.ctx, &e->watch);
	if (!err && e->irqs.on)
		intel_write(&e->hw, E1000E_IMS, OTHER_CAUSES);
	return err;
}

void leat_e1000e_unwatch(struct e1000e *e)
{
	leat_watch_remove(e->port.ctx, &e->watch);
}
