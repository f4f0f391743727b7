// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_nic.h - an 82576 made of memory for the driver's tests: the registers that
 * do something do it, every write is noted, and the device's side of the rings is
 * functions that the test calls, honest or not.
 */
#ifndef TEST_IGB_DRIVER_NIC_H
#define TEST_IGB_DRIVER_NIC_H

#include "../intel/trace.h"

#include "drivers/igb/regs.h"

#include <leat/driver/dev.h>
#include <leat/driver/driver.h>
#include <leat/leat.h>

#define NIC_SEGS  16
#define NIC_NOTES 8192

struct nic {
	struct leat_dev	dev;
	struct leat_aspace as;
	struct leat_seg	seg[NIC_SEGS];
	unsigned int	nsegs;
	uint8_t		config[256];
	uint32_t	reg[IGB_BAR0_SIZE / 4];
	uint16_t	phy[32];
	struct trace_note note[NIC_NOTES];
	unsigned int	notes;
	unsigned int	vfs;		/* virtual functions, from the next reset on */
	bool		no_reset;	/* CTRL.RST stays */
	bool		no_queues;	/* queues never follow ENABLE */
	bool		gone;		/* reads all ones */
	unsigned int	left;		/* operations until it is gone for good; 0: never */
	bool		no_loop;	/* nothing comes back */
	uint32_t	stuck;		/* a register with a bit that is always set */
	unsigned int	dead_vector;
	int		event[17];	/* bound to the vectors; -1: none */
	unsigned int	irq_index;
	bool		closed;

	/* for a device that is no 82576: its driver, and what its registers do besides keeping values */
	const struct leat_driver *drv;
	void		(*after_read)(struct nic *n, uint32_t off);
	void		(*after_write)(struct nic *n, uint32_t off, uint32_t value);

	/* the context around it */
	struct leat_ctx	*ctx;
	struct leat_pool *pool;
	struct leat_port *port;
	uint64_t	now;
	char		last[512];	/* line logged as an error */
	unsigned int	errors;		/* such lines */
	unsigned int	events[LEAT_EVENT_GONE + 1];
};

/* For cmocka: *state is a struct nic, its port not yet open. */
int nic_setup(void **state);
int nic_teardown(void **state);

/* As leat_port_open(); @cfg may be NULL. The pool and the events are the NIC's. */
int nic_open(struct nic *n, const struct leat_port_config *cfg);
/* trace_cut() of an open with two queues each way. */
void nic_cut(struct nic *n);
/* A second of the context's clock, and what comes due in it. */
void nic_second(struct nic *n);

/* The last value written there; fails the test if there was none. */
uint32_t nic_written(const struct nic *n, uint32_t off);
/* How often something was. */
unsigned int nic_writes(const struct nic *n, uint32_t off);
/* When something was written there last, counted in writes. */
unsigned int nic_when(const struct nic *n, uint32_t off);

/* Memory as the device sees it. */
void *nic_mem(struct nic *n, uint64_t iova);
/* Descriptor @i of a queue's ring. */
union intel_rxd *nic_rxd(struct nic *n, unsigned int queue, unsigned int i);
struct intel_txd *nic_txd(struct nic *n, unsigned int queue, unsigned int i);

/* @len bytes, each @fill, into buffer @i of a queue, and the descriptor as @done has it but for len. */
void nic_receive(struct nic *n, unsigned int queue, unsigned int i, uint16_t len, uint8_t fill,
		 uint32_t status, uint32_t info);
/* All that a transmit queue was given is sent: heads move, who asked for it gets a report. */
void nic_send(struct nic *n, unsigned int queue);

#endif
