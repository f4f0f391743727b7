// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_nic.h - an Intel NIC made of memory under its driver: registers that keep what is
 * written but for those that act, an NVM, a PHY, DMA that is really there, and the context
 * around it. Every write is noted. What a chip has of its own is in its nic_chip; what happens
 * in the rings, the test does by hand.
 */
#ifndef TEST_INTEL_DRIVER_NIC_H
#define TEST_INTEL_DRIVER_NIC_H

#include "trace.h"

#include "drivers/intel/desc.h"
#include "drivers/intel/regs.h"

#include <leat/bits.h>
#include <leat/driver/dev.h>
#include <leat/driver/driver.h>
#include <leat/drivers.h>
#include <leat/leat.h>

#define NIC_BAR0  0x20000		/* of every chip */
#define NIC_SEGS  16
#define NIC_NOTES 8192
#define NIC_NVM	  0x40
#define NIC_EVENTS 17

struct nic;

struct nic_chip {
	const struct leat_driver *drv;
	unsigned int	packets;	/* in the pool */
	uint16_t	vectors;	/* of MSI-X... */
	uint8_t		msix_cap;	/* ...where its capability lies... */
	uint8_t		msix_bar;	/* ...and its table */
	/* What is there when it begins, and after CTRL.RST: by nic_clear(). */
	void		(*reset)(struct nic *n);
	/* What reading @off does, and writing: the register is still the old one. */
	void		(*read)(struct nic *n, uint32_t off);
	void		(*write)(struct nic *n, uint32_t off, uint32_t value);
};

struct nic {
	const struct nic_chip *chip;
	struct leat_dev	dev;
	struct leat_aspace as;
	struct leat_seg	seg[NIC_SEGS];
	unsigned int	nsegs;
	uint8_t		config[256];
	uint32_t	reg[NIC_BAR0 / 4];
	uint16_t	phy[32], nvm[NIC_NVM];
	struct trace_note note[NIC_NOTES];
	unsigned int	notes;
	int		event[NIC_EVENTS];	/* bound to the vectors; -1: none */
	unsigned int	irq_index, irq_count;	/* as they were bound */
	unsigned int	rearms;		/* interrupts masked or let through again */
	bool		closed;

	bool		no_reset;	/* CTRL.RST stays */
	bool		gone;		/* reads all ones */
	unsigned int	left;		/* operations until it is gone for good; 0: never */

	/* 82576 */
	unsigned int	vfs;		/* virtual functions, from the next reset on */
	bool		no_queues;	/* queues never follow ENABLE */
	bool		no_loop;	/* nothing comes back */
	uint32_t	stuck;		/* a register with a bit that is always set */
	unsigned int	dead_vector;

	/* for a device that is not its chip: its driver, and what its registers do besides */
	const struct leat_driver *drv;
	void		(*after_read)(struct nic *n, uint32_t off);
	void		(*after_write)(struct nic *n, uint32_t off, uint32_t value);

	/* the context around it */
	struct leat_ctx	*ctx;
	struct leat_pool *pool;
	struct leat_port *port;
	uint64_t	now;		/* ns, for leat_ctx_poll() */
	char		last[512];	/* line logged as an error */
	unsigned int	errors;		/* such lines */
	unsigned int	events[LEAT_EVENT_GONE + 1];
};

/* For setups of cmocka: *state is a struct nic after its reset, its port not yet open. */
int nic_make(void **state, const struct nic_chip *chip);
/* For cmocka: closes everything, and asserts that all packets came home. */
int nic_teardown(void **state);

/* As leat_port_open(); @cfg may be NULL. The pool and the events are the NIC's. */
int nic_open(struct nic *n, const struct leat_port_config *cfg);
void nic_close(struct nic *n);
/* trace_cut() of @open, of a struct nic. */
void nic_cut(struct nic *n, int (*open)(void *arg));
/* A second of the context's clock, and what comes due in it. */
void nic_second(struct nic *n);

uint32_t *nic_reg(struct nic *n, uint32_t off);
/* Nothing of what was set is left, and link, NVM and address are there. */
void nic_clear(struct nic *n);
/* What MDIC and EERD read after @v was written. */
uint32_t nic_mdic(struct nic *n, uint32_t v);
uint32_t nic_eerd(const struct nic *n, uint32_t v);

/* Memory as the device sees it: @len bytes in one mapped segment, or the test fails. */
void *nic_dma(struct nic *n, uint64_t iova, size_t len);
/* Descriptor @i of the ring whose registers begin at @regs; within its length. */
void *nic_desc(struct nic *n, uint32_t regs, unsigned int i);
/*
 * All that the transmit ring at @regs was given is sent: the head moves, who asked for it gets
 * a report. @keep is what that leaves of a descriptor's status.
 */
void nic_sent(struct nic *n, uint32_t regs, uint32_t keep);

#endif
