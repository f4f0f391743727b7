// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/igb.h - the parts of the 82576's driver.
 *
 *   igb.c	the port: attach, configuration, start, stop
 *   hw.c	reset and the units' initialisation, as chapter 4.6 tells it
 *   irqs.c	interrupts, sleeping
 *   watch.c	the link, a look now and then
 *   rx.c, tx.c	the hot paths
 *   vfs.c, mbx.c	what virtual functions get (vfs.h)
 *
 * Names begin with leat_igb_ outside their file.
 */
#ifndef LEAT_IGB_H
#define LEAT_IGB_H

#include "drivers/intel/hw.h"
#include "drivers/intel/queue.h"
#include "regs.h"
#include "vfs.h"

#include <leat/driver/irqs.h>

#define IGB_MTU_MAX   (IGB_FRAME_MAX - 22)	/* Ethernet header, one tag, CRC */
#define IGB_FRAME_ADD 18			/* frame over MTU: header and one tag */
#define IGB_EITR_USUAL LEAT_PUT(IGB_EITR_INTERVAL, 49u)	/* 20,000 interrupts a second at most */

struct igb {
	struct leat_port port;		/* first: core's handle */
	struct intel_hw	hw;
	struct leat_mmio rxqs, txqs;	/* the pages of the queues' registers */
	struct intel_queues queues;
	bool		vf;		/* in a struct igbvf */
	struct igb_vfs	vfs;
	uint32_t	etqf[IGB_ETQFS];	/* as written */

	/* irqs.c */
	struct leat_pci_irqs irqs;
	struct leat_watch watch;
	bool		link_up;
	bool		error_told;	/* once a start */
	uint16_t	tdh[IGB_QUEUES];	/* at the last look */
	uint64_t	dropped[IGB_QUEUES];	/* frames, for want of buffers */
};

static inline struct igb *igb_of(struct leat_port *port)
{
	return LEAT_CONTAINER_OF(port, struct igb, port);
}

static inline uint32_t igb_offloads(const struct igb *g)
{
	return g->port.cfg.offloads;
}

/*
 * Registers of queue @id, by the windows of the doorbells. Where those are shared memory
 * a store there would overtake a write by message.
 */
static inline const struct leat_mmio *igb_window(const struct igb *g, uint32_t reg)
{
	return reg < IGB_TXQ_PAGE ? &g->rxqs : &g->txqs;
}

/* Those to receive and those to send are at the same places in their windows. */
static inline uint32_t igb_queue_at(const struct igb *g, uint32_t reg, unsigned int id)
{
	return g->queues.rx_at + g->queues.stride * id + (reg & 0x3f);
}

static inline uint32_t igb_queue_read(const struct igb *g, uint32_t reg, unsigned int id)
{
	return leat_mmio_read32(igb_window(g, reg), igb_queue_at(g, reg, id));
}

static inline void igb_queue_write(const struct igb *g, uint32_t reg, unsigned int id, uint32_t val)
{
	leat_mmio_write32(igb_window(g, reg), igb_queue_at(g, reg, id), val);
}

/* The device's number of the port's queue @id. */
static inline unsigned int igb_hw_queue(const struct igb *g, unsigned int id)
{
	return g->vfs.n ? g->vfs.n + 8 * id : id;
}

/* ---- igb.c ---- */

/* BAR 0, which has @size bytes, and the pages of the queues' registers there. */
int leat_igb_map_registers(struct igb *g, uint32_t size, uint32_t rxqs, uint32_t txqs);
void leat_igb_unmap_registers(struct igb *g);
/* Where the queues are that igb_hw_queue() says; while none runs. */
void leat_igb_place_queues(struct igb *g);

/* ---- hw.c ---- */

/* 4.3, 4.6.5: nothing of what was before is left. 0, -ETIMEDOUT or -ENODEV, logged. */
int leat_igb_reset(struct igb *g);
/* 4.6.5 to 4.6.10, all but the queues: link, filters, receive and transmit units. */
int leat_igb_init(struct igb *g);
/* What of a buffer of @bytes the device can be told to fill; 0: it is too small. */
uint32_t leat_igb_buffer(uint32_t bytes);
/* port->filter, port->rss, port->link_down on a running device. */
int leat_igb_filter(struct leat_port *port);
int leat_igb_rss(struct leat_port *port);
int leat_igb_link_set(struct leat_port *port);
/* Let frames in and out, or stop both and wait until the device has ended. */
void leat_igb_go(struct igb *g);
void leat_igb_halt(struct igb *g);
/*
 * leat_igb_ring_on, leat_igb_ring_off - IGB_DCTL_ENABLE of the @which ("receive") queue @id,
 * and until the device has followed. 0, -ETIMEDOUT or -ENODEV, logged; off waits for what is
 * under way and has no answer.
 */
int leat_igb_ring_on(const struct leat_port *port, const struct intel_ring *r, const char *which,
		     unsigned int id);
void leat_igb_ring_off(const struct intel_ring *r);

/* ---- irqs.c ---- */

int leat_igb_irqs_open(struct igb *g);
int leat_igb_irqs_on(struct igb *g);
void leat_igb_irqs_off(struct igb *g);
int leat_igb_rxq_arm(struct leat_rxq *q);
void leat_igb_rxq_disarm(struct leat_rxq *q);
/* For the self test, on a device that was reset; @on is leat_igb_irqs_on(), or a VF's. */
void leat_igb_irqs_test(struct igb *g, int (*on)(struct igb *), void (*off)(struct igb *),
			struct leat_self_test *out);

/* ---- watch.c ---- */

int leat_igb_watch(struct igb *g);
void leat_igb_unwatch(struct igb *g);
/* Read, and thereby clear, what the device counts. */
void leat_igb_counters_read(struct igb *g);
/* The watch itself, for a VF's driver, too: @ready by vector 0, @tick once a second. */
int leat_igb_watch_by(struct igb *g, void (*ready)(struct leat_watch *),
		      void (*tick)(struct leat_watch *));
/* Log it, and have the application know. */
void leat_igb_tell_error(struct igb *g, const char *what);
/* Is the device there, and all well so far? If it just went, that is told. */
bool leat_igb_answers(struct igb *g);
/* Has a transmitter not moved since the last time this was asked? */
bool leat_igb_hangs(struct igb *g);
/* Frames dropped for want of buffers: add up; the sum; as leat_driver.xstats, behind @at others. */
void leat_igb_drops_read(struct igb *g);
uint64_t leat_igb_drops(const struct igb *g);
unsigned int leat_igb_drops_xstats(const struct igb *g, struct leat_xstat *out, unsigned int n,
				   unsigned int at);

/* ---- rx.c, tx.c ---- */

int leat_igb_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out);
/* Program and fill, on a device that leat_igb_go() has yet to begin. */
int leat_igb_rxq_start(struct leat_rxq *base);
/* The buffers are the device's, once it receives: the doorbell. */
void leat_igb_rxq_offer(struct leat_rxq *base);
/* The same on a running device, as leat_driver says. */
int leat_igb_rxq_resume(struct leat_rxq *base);
void leat_igb_rxq_suspend(struct leat_rxq *base);

int leat_igb_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out);
int leat_igb_txq_start(struct leat_txq *base);
int leat_igb_txq_resume(struct leat_txq *base);
void leat_igb_txq_suspend(struct leat_txq *base);

#endif
