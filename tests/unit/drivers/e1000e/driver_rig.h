// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_rig.h - an 82574 made of memory under its driver: registers that keep what is written
 * but for those that act, an NVM, a PHY, DMA that is really there. Every write is noted.
 * What happens in the rings, the test does by hand.
 */
#ifndef TEST_E1000E_DRIVER_RIG_H
#define TEST_E1000E_DRIVER_RIG_H

#include "../intel/trace.h"

#include "drivers/e1000e/e1000e.h"

#include <leat/drivers.h>
#include <leat/leat.h>

#define RIG_SEGS  16
#define RIG_NOTES 8192

struct rig {
	struct leat_dev	dev;
	struct leat_aspace as;
	uint8_t		config[256];
	uint32_t	reg[E1000E_BAR0_SIZE / 4];
	uint16_t	phy[32], nvm[0x40];
	struct trace_note note[RIG_NOTES];
	unsigned int	notes;
	struct leat_seg	seg[RIG_SEGS];
	unsigned int	segs;
	int		irq_fd[8];
	unsigned int	irq_count, rearms;

	bool		stuck;		/* a reset never ends */
	unsigned int	left;		/* operations until the device is gone for good; 0: never */

	struct leat_ctx	*ctx;
	struct leat_pool *pool;
	struct leat_port *port;
	uint64_t	now;		/* ns, for leat_ctx_poll() */
	unsigned int	errors, events[LEAT_EVENT_GONE + 1];
	char		last[LEAT_ERROR_LEN];
};

/* For cmocka: *state is a struct rig without a port, with a pool of 512 packets of 2048 bytes. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* Opens the port; @cfg may be NULL, its pool, event and descriptors are the rig's: rings of 32. */
int rig_try(struct rig *r, const struct leat_port_config *cfg);
void rig_open(struct rig *r, const struct leat_port_config *cfg);
void rig_close(struct rig *r);

/* The memory that the device knows by @iova: @len bytes within one mapped segment, or the test fails. */
void *rig_dma(struct rig *r, uint64_t iova, size_t len);
union intel_rxd *rig_rxd(struct rig *r, unsigned int queue, unsigned int i);
struct intel_txd *rig_txd(struct rig *r, unsigned int queue, unsigned int i);
uint32_t *rig_reg(struct rig *r, uint32_t off);

/* As the device: @len bytes of @fill into the buffer of descriptor @i, and status @status. */
void rig_receive(struct rig *r, unsigned int i, uint8_t fill, uint16_t len, uint32_t status);
/* As the device: all sent up to the tail, reported where that was asked for. */
void rig_send(struct rig *r, unsigned int queue);

/* Notes from @from on of @off: how many; the last value in *@value. */
unsigned int rig_written(const struct rig *r, unsigned int from, uint32_t off, uint32_t *value);
/* Turn the clock by a second and look. */
void rig_tick(struct rig *r);

#endif
