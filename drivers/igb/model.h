// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/model.h - the parts of the models of the 82576 and its virtual function:
 * registers (model_regs.c, model_vf.c), interrupts (model_irq.c), rings (model_ring.c),
 * transmit (model_tx.c), receive (model_rx.c), the devices around them (model.c).
 *
 * The registers of the rings are memory shared with the driver, looked at in each
 * round; so a ring that is turned off and on again between two looks is known by its
 * head, which the driver has set, or by its base.
 */
#ifndef LEAT_IGB_MODEL_H
#define LEAT_IGB_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <leat/barrier.h>
#include <leat/compiler.h>
#include <leat/model.h>
#include <leat/model_pci.h>

#include "drivers/intel/model_chip.h"
#include "regs.h"

#define IGBM_BAR	0
#define IGBM_MSIX_BAR	3
#define IGBM_MSIX_LEN	0x4000
#define IGBM_MSIX_PBA	0x2000
#define IGBM_VECTORS	10		/* as QEMU's PF; the queues share nine */
#define IGBM_VECTORS_MAX 10

/* The stretches of BAR 0 that drivers map: from the receive rings' page to the transmit rings'. */
#define IGBM_MAP	IGB_RXQ_PAGE
#define IGBM_MAP_LEN	(IGB_TXQ_PAGE + 0x1000 - IGB_RXQ_PAGE)
#define IGBM_VF_MAP	0x2000
#define IGBM_VF_MAP_LEN	0x2000

#define IGBM_VF_MACS	4		/* the VF's own, and what it adds */

#define IGBM_BURST	32		/* frames shown to the wire at once */
#define IGBM_FRAME_MIN	60		/* what short frames are padded to */
#define IGBM_HEADROOM	64		/* before each frame in an arena: room for a tag, alignment */
#define IGBM_PACKET_MAX	0x40000		/* 7.2.2.3.8: PAYLEN */

/* What a context descriptor said. */
struct igbm_context {
	struct intel_offload offload;
	uint32_t	l4_len;
	uint16_t	tag;
};

/* A receive or transmit ring. */
struct igbm_ring {
	uint32_t	*regs;		/* the shared registers, little-endian words */
	uint32_t	index;
	bool		tx;

	/* as it was when it was turned on */
	bool		on;
	bool		broken;		/* until it is turned off */
	uint64_t	base;
	uint32_t	count;
	uint32_t	head;		/* the next descriptor to use; shown to the driver */
	char		*desc;		/* NULL: reached by messages only */
	bool		mapped;		/* desc is as the DMA map says */

	/* transmit */
	struct igbm_context context[2];
	uint32_t	skip;		/* segments of the packet at head that the wire has */
	uint32_t	stuck;		/* the packet at head was not whole when the tail was this... */
	bool		is_stuck;	/* ...if at all */
};

struct igbm {
	struct leat_mdev mdev;		/* first: the host's handle */
	struct leat_model_pci pci;
	struct intel_chip chip;		/* the PF's; of the VF only the address and the filters */
	bool		vf;
	unsigned int	queues;
	unsigned int	vectors;
	bool		again;		/* memory that messages reach was not to be had just now */

	uint32_t	reg[IGB_BAR0_SIZE / 4];
	struct igbm_ring rx[IGB_QUEUES];
	struct igbm_ring txr[IGB_QUEUES];

	/* interrupts */
	uint32_t	told;		/* vectors whose message was sent for what EICR still holds */
	bool		line;		/* without MSI-X: asserted */
	bool		waiting;	/* throttled ones */
	uint64_t	next_ns[IGBM_VECTORS_MAX];	/* not before */

	/* the VF's mailbox, and the PF behind it: what it lets in */
	uint32_t	mailbox;	/* V2PMAILBOX */
	bool		unread;		/* the VF has not taken the PF's last word */
	bool		ping_due;	/* one more waits for that */
	bool		clear_to_send;
	bool		vf_promisc;	/* all multicasts */
	bool		vf_spread;	/* by RSS over both queues */
	bool		spoofchk;	/* sends from its own addresses and to its own VLANs only */
	uint32_t	vf_max;		/* longest frame, CRC included */
	uint8_t		macs[IGBM_VF_MACS][6];
	uint16_t	hashes[IGB_MSG_HASHES];
	unsigned int	nmacs, nhashes;
	uint32_t	vlan[128];

	uint8_t		whole[IGBM_HEADROOM + LEAT_FRAME_MAX + 8];	/* receive */
	uint8_t		packet[IGBM_HEADROOM + IGBM_PACKET_MAX];	/* transmit, before it is cut */
	uint8_t		arena[IGBM_BURST * (IGBM_HEADROOM + LEAT_FRAME_MAX)];
};

LEAT_INLINE struct igbm *igbm_of(struct leat_mdev *mdev)
{
	return LEAT_CONTAINER_OF(mdev, struct igbm, mdev);
}

/* ---- model_regs.c, model_vf.c ---- */

/* A trapped register, or the place in shared memory where it lies. */
uint32_t *igbm_reg(struct igbm *n, uint32_t off);
uint32_t igbm_get(struct igbm *n, uint32_t off);
void igbm_set(struct igbm *n, uint32_t off, uint32_t val);
/* CTRL.RST, or more: @all the PHY and the semaphores, too. */
void igbm_reset(struct igbm *n, bool all);
/* The cable, the PHY or CTRL changed. */
void igbm_link_look(struct igbm *n);

uint32_t igbm_vf_get(struct igbm *n, uint32_t off);
void igbm_vf_set(struct igbm *n, uint32_t off, uint32_t val);
void igbm_vf_reset(struct igbm *n);
bool igbm_vf_accepts(const struct igbm *n, const uint8_t *p, const struct intel_frame *f);
/* What the VF sends, its tag in the frame or (@vle) besides it: is it its own? */
bool igbm_vf_may_send(const struct igbm *n, const uint8_t *p, bool vle, uint16_t tag);
/* The PF tells the VF to look at the link. */
void igbm_vf_ping(struct igbm *n);

/* ---- model_irq.c ---- */

void igbm_irq_reset(struct igbm *n);
/* A ring has done something. */
void igbm_irq_ring(struct igbm *n, const struct igbm_ring *q);
/* IGB_ICR_*; for a VF: its mailbox, whatever @causes. */
void igbm_irq_other(struct igbm *n, uint32_t causes);
/* What is due now: masks or causes changed, or time went by. */
void igbm_irq_look(struct igbm *n);
bool igbm_irq_get(struct igbm *n, uint32_t off, uint32_t *val);
bool igbm_irq_set(struct igbm *n, uint32_t off, uint32_t val);

/* ---- model_ring.c ---- */

void igbm_rings_init(struct igbm *n);
void igbm_rings_reset(struct igbm *n);
/* Look at the registers. False: the ring does not work now. */
bool igbm_ring_look(struct igbm *n, struct igbm_ring *q);
uint32_t igbm_ring_tail(struct igbm *n, struct igbm_ring *q);
void igbm_ring_advance(struct igbm_ring *q, uint32_t head);
/* The driver broke the rules: leave the ring alone until it is turned off. Says why, once. */
void igbm_ring_break(struct igbm *n, struct igbm_ring *q, const char *fmt, ...) LEAT_PRINTF(3, 4);

/* A descriptor: 0, -EFAULT (broken) or -EAGAIN. */
int igbm_desc_read(struct igbm *n, struct igbm_ring *q, uint32_t i, uint64_t word[2]);
/* The driver's memory; @what names it if it is not there. 0, -EFAULT (broken) or -EAGAIN. */
int igbm_fetch(struct igbm *n, struct igbm_ring *q, uint64_t iova, void *buf, uint32_t len);
int igbm_store(struct igbm *n, struct igbm_ring *q, uint64_t iova, const void *buf, uint32_t len);

LEAT_INLINE uint32_t igbm_ring_reg(const struct igbm_ring *q, uint32_t off)
{
	uint32_t word = leat_load_acquire(&q->regs[(off & 0x3f) / 4]);

	return LEAT_SWAP32(word);
}

/* ---- model_tx.c, model_rx.c ---- */

unsigned int igbm_tx(struct igbm *n, struct igbm_ring *q);
unsigned int igbm_rx(struct igbm *n, const struct leat_frame *frames, unsigned int count);
bool igbm_rx_ready(const struct igbm *n);

#endif
