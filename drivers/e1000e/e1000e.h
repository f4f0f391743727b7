// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/e1000e.h - the parts of the 82574's driver.
 *
 *   e1000e.c	the port: attach, configuration, start, stop
 *   hw.c	reset and the units' initialisation, as chapter 4.6 tells it
 *   irqs.c	interrupts, sleeping, the link, a look now and then
 *   rx.c, tx.c	the hot paths
 *   selftest.c	registers, an interrupt, a frame to itself
 *
 * Names begin with leat_e1000e_ outside their file.
 */
#ifndef LEAT_E1000E_H
#define LEAT_E1000E_H

#include "drivers/intel/hw.h"
#include "drivers/intel/queue.h"
#include "regs.h"

#include <leat/driver/irqs.h>

#define E1000E_MTU_MAX	 (E1000E_FRAME_MAX - 22)	/* Ethernet header, one tag, CRC */
#define E1000E_FRAME_ADD 18			/* frame over MTU: header and one tag */

struct e1000e {
	struct leat_port port;		/* first: core's handle */
	struct intel_hw	hw;
	struct leat_mmio queue_regs;	/* their page */
	struct intel_queues queues;

	/* irqs.c */
	struct leat_pci_irqs irqs;
	struct leat_watch watch;
	bool		link_up;
	bool		error_told;	/* once a start */
	uint16_t	tdh[E1000E_QUEUES];	/* at the last look */
};

static inline struct e1000e *e1000e_of(struct leat_port *port)
{
	return LEAT_CONTAINER_OF(port, struct e1000e, port);
}

/*
 * A register of queue @id, by the window of its doorbell. Where that is shared memory a
 * store there would overtake a write by message.
 */
static inline void e1000e_queue_write(const struct e1000e *e, uint32_t reg, unsigned int id,
				      uint32_t val)
{
	leat_mmio_write32(&e->queue_regs, E1000E_QUEUE(reg, id) - E1000E_QUEUE_PAGES, val);
}

static inline uint32_t e1000e_offloads(const struct e1000e *e)
{
	return e->port.cfg.offloads;
}

/* ---- hw.c ---- */

/* 4.6.1, 4.2: nothing of what was before is left. 0, -ETIMEDOUT or -ENODEV, logged. */
int leat_e1000e_reset(struct e1000e *e);
/* 4.6.2 to 4.6.6, all but the queues: link, filters, receive and transmit units. */
int leat_e1000e_init(struct e1000e *e);
/* The largest buffer size that the device knows and that fits in @bytes; 0: none. */
uint32_t leat_e1000e_buffer(uint32_t bytes);
/* port->filter on a running device. */
int leat_e1000e_filter(struct leat_port *port);
int leat_e1000e_rss(struct leat_port *port);
int leat_e1000e_link_set(struct leat_port *port);
/* Let frames in and out, or stop both and wait until the device has ended. */
void leat_e1000e_go(struct e1000e *e);
void leat_e1000e_halt(struct e1000e *e);

/* ---- selftest.c ---- */

int leat_e1000e_self_test(struct leat_port *port, struct leat_self_test *out, unsigned int n);

/* ---- irqs.c ---- */

int leat_e1000e_irqs_open(struct e1000e *e);
int leat_e1000e_irqs_on(struct e1000e *e);
void leat_e1000e_irqs_off(struct e1000e *e);
/* Have the device interrupt by vector 0, or by its only line; true: it was heard within @ms. */
bool leat_e1000e_irqs_try(struct e1000e *e, unsigned int ms);
int leat_e1000e_rxq_arm(struct leat_rxq *q);
void leat_e1000e_rxq_disarm(struct leat_rxq *q);
int leat_e1000e_watch(struct e1000e *e);
void leat_e1000e_unwatch(struct e1000e *e);

/* ---- rx.c, tx.c ---- */

int leat_e1000e_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out);
/* Program and fill; the device begins with leat_e1000e_go(). */
int leat_e1000e_rxq_start(struct leat_rxq *base);

int leat_e1000e_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out);
int leat_e1000e_txq_start(struct leat_txq *base);
/* Of a running port: wait for what is under way; and go on. */
void leat_e1000e_txq_pause(struct leat_txq *base);
int leat_e1000e_txq_resume(struct leat_txq *base);

#endif
