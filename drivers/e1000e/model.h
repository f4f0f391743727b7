// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/model.h - the parts of the model of an 82574: registers (model_regs.c), the bus
 * (model_pci.c), interrupts (model_irq.c), rings (model_ring.c), transmit (model_tx.c),
 * receive (model_rx.c, model_rss.c), the device around them (model.c). What it has in
 * common with the 82576 is drivers/intel/model_*.
 *
 * The two pages with the queues' registers are memory that the driver maps: a doorbell
 * costs it a store, and us a look in every round. All other registers have effects, so
 * each access to them comes to em_bar_access(). Words: "transmit" and "receive"
 * are the driver's.
 */
#ifndef E1000E_MODEL_H
#define E1000E_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/barrier.h>
#include <leat/compiler.h>
#include <leat/model.h>
#include <leat/model_pci.h>

#include "drivers/intel/model_chip.h"
#include "drivers/intel/model_frame.h"
#include "regs.h"

#define EM_BAR		0
#define EM_FLASH	1
#define EM_IO		2
#define EM_MSIX		3

#define EM_DEVICE	0x10d3		/* PCI id */
#define EM_FLASH_LEN	0x20000
#define EM_IO_LEN	32
#define EM_MSIX_LEN	0x4000
#define EM_MSIX_PBA	0x2000
#define EM_QUEUES_LEN	0x2000		/* of E1000E_QUEUE_PAGES */

#define EM_BURST	32		/* frames shown to the wire at once */
#define EM_FRAME_MIN	14		/* an Ethernet header */
#define EM_WIRE_MIN	60		/* shorter frames are padded, without FCS */
#define EM_FCS_LEN	4
#define EM_TAG_LEN	4
#define EM_LONG		1522		/* 10.2.5.1, LPE: longer than that, with FCS, is long */
#define EM_PACKET_MAX	0x40000		/* 7.3.6: 256 KiB before segmentation */
#define EM_BOUNCE	(EM_BURST * (LEAT_FRAME_MAX + LEAT_CACHELINE))
#define EM_RING_MAX	0x10000		/* descriptors: RDLEN and TDLEN are 20 bits */
#define EM_SLOTS	160		/* descriptors that one received frame may take */

/* Registers and bits that only the model needs to know. */
#define EM_CTRL_EXT_ASDCHK	LEAT_BIT(12)
#define EM_CTRL_EXT_EE_RST	LEAT_BIT(13)
#define EM_RCTL_RDMTS		LEAT_MASK(9, 8)
#define EM_RCTL_DTYP		LEAT_MASK(11, 10)
#define EM_RCTL_DTYP_SPLIT	1
#define EM_RCTL_FLXBUF		LEAT_MASK(30, 27)
#define EM_RXCSUM_PCSS		LEAT_MASK(7, 0)
#define EM_ICR_TXQE		LEAT_BIT(1)
#define EM_ICR_MDAC		LEAT_BIT(9)
#define EM_ICR_TXD_LOW		LEAT_BIT(15)
#define EM_ICR_SRPD		LEAT_BIT(16)
#define EM_ICR_ACK		LEAT_BIT(17)
#define EM_ICR_MNG		LEAT_BIT(18)

/* A ring, receive or transmit. */
struct em_ring {
	char		*ring;		/* descriptors, or NULL: reached by messages */
	uint32_t	size;		/* descriptors; 0: none, or such that nothing moves */
	uint32_t	head, tail;
	uint32_t	shown;		/* the head register as we last wrote it */
	leat_le32	*regs;		/* its registers in the mapped pages, from the base on */
	uint64_t	iova;		/* as programmed, when last looked at */
	uint32_t	len;
	uint32_t	step;		/* bytes of a descriptor: 16, or 32 with packet split */
	uint32_t	unit;		/* head and tail count 16 bytes each: 1 or 2 of them */
	uint8_t		index;
	bool		rx;
	bool		stale;		/* find the descriptors again */
	bool		told;		/* said why nothing moves */
	bool		broken;		/* until it is programmed again */

	/* transmit */
	struct e1000e_txc context;
	uint32_t	waits_at;	/* half a packet, when the tail was this; UINT32_MAX: none */
	uint32_t	segment;	/* of the packet at the head: those before it are sent */
};

struct em {
	struct leat_mdev mdev;		/* first: the host's handle */
	struct leat_model_pci pci;

	struct intel_chip chip;		/* over reg[] */
	bool		was_master;	/* bus mastering was on... */
	bool		paused;		/* ...and is off, or the device sleeps */
	bool		refused;	/* a frame waits at the wire for descriptors */
	uint32_t	io_addr;
	uint32_t	told;		/* causes that are signalled, and still stand */

	struct em_ring	rx[E1000E_QUEUES], tx[E1000E_QUEUES];
	uint32_t	reg[E1000E_BAR0_SIZE / 4];	/* but those of the mapped pages */

	/* scratch: which descriptors want a report (RS), and frames put together */
	uint64_t	report[EM_RING_MAX / 64];
	uint8_t		arrived[LEAT_FRAME_MAX + 64];	/* receive */
	uint8_t		bounce[EM_BOUNCE];		/* transmit, ready for the wire */
	uint8_t		packet[EM_PACKET_MAX];		/* transmit, before segmentation */
};

LEAT_INLINE struct em *em_of(struct leat_mdev *mdev)
{
	return LEAT_CONTAINER_OF(mdev, struct em, mdev);
}

/* A register that is not in the mapped pages, as it is stored. */
LEAT_INLINE uint32_t *em_reg(struct em *v, uint32_t off)
{
	return &v->reg[off / 4];
}

LEAT_INLINE uint32_t em_get(const struct em *v, uint32_t off)
{
	return v->reg[off / 4];
}

/* One in the mapped pages. */
LEAT_INLINE leat_le32 *em_shared(struct em *v, uint32_t off)
{
	return (leat_le32 *)(void *)((char *)v->mdev.mem[EM_BAR] + (off - E1000E_QUEUE_PAGES));
}

LEAT_INLINE uint32_t em_shared_get(struct em *v, uint32_t off)
{
	return leat_le32_to_cpu(LEAT_READ_ONCE(*em_shared(v, off)));
}

/* ---- model.c ---- */

/* CTRL.RST, or awake again after D3hot: all registers; the PHY's if @phy. */
void em_reset(struct em *v, bool phy);
/* The cable, the PHY or CTRL has changed: is the link another? Then interrupt. */
void em_link_update(struct em *v);

/* ---- model_pci.c ---- */

int em_pci_init(struct em *v);
int em_config_access(struct em *v, uint64_t off, void *buf, size_t len, bool write);
int em_io_access(struct em *v, uint64_t off, void *buf, size_t len, bool write);

/* ---- model_regs.c ---- */

void em_regs_reset(struct em *v, bool phy);
int em_bar_access(struct em *v, uint64_t off, void *buf, size_t len, bool write);

/* ---- model_irq.c ---- */

void em_irq_set(struct em *v, uint32_t causes);
/* Causes or masks were changed: signal what is new. */
void em_irq_update(struct em *v);
uint32_t em_irq_read(struct em *v);
void em_irq_ack(struct em *v, uint32_t val);
/* The causes of queue @index, which exist with MSI-X only; 0 without. */
uint32_t em_irq_queue(const struct em *v, const struct em_ring *r);

/* ---- model_ring.c ---- */

void em_rings_init(struct em *v);
void em_rings_reset(struct em *v);
/* The DMA map or the descriptors' size changed. */
void em_rings_stale(struct em *v);
/* Look at the ring's registers. Returns how many descriptors are ours. */
uint32_t em_ring_look(struct em *v, struct em_ring *r);
/* Ours until @head; show it to the driver. */
void em_ring_advance(struct em_ring *r, uint32_t head);
/* Something is not where the driver said: say it once, move nothing until it is programmed again. */
int em_ring_break(struct em *v, struct em_ring *r, const char *what, uint64_t iova);

LEAT_INLINE uint32_t em_ring_next(const struct em_ring *r, uint32_t at)
{
	return at + 1 == r->size ? 0 : at + 1;
}

/* Read the first @n words of 64 bits of descriptor @at. 0; -EAGAIN: not now; -EINVAL: broken. */
int em_desc_read(struct em *v, struct em_ring *r, uint32_t at, uint64_t *words, unsigned int n);
/* Write it back: the second word last, which vouches for the others. 0 or -EINVAL. */
int em_desc_write(struct em *v, struct em_ring *r, uint32_t at, const uint64_t *words,
		  unsigned int n);
/* Write back the status of a transmit descriptor, which is one byte of it. 0 or -EINVAL. */
int em_desc_done(struct em *v, struct em_ring *r, uint32_t at);

/* Bytes of a buffer. 0, -EAGAIN, -EFAULT. */
int em_dma_read(struct em *v, uint64_t iova, void *buf, uint32_t len);
int em_dma_write(struct em *v, uint64_t iova, const void *buf, uint32_t len);

/* ---- model_rss.c ---- */

/* 7.1.11: the hash and what it is of (0: there is none), and the queue. */
struct em_rss {
	uint32_t hash;
	unsigned int type, queue;
};

void em_rss(const struct em *v, const uint8_t *frame, const struct intel_frame *f,
	    struct em_rss *out);

/* ---- model_tx.c, model_rx.c ---- */

bool em_tx_on(const struct em *v);
bool em_rx_on(const struct em *v);
/* Returns not 0 while another round is needed. */
unsigned int em_tx(struct em *v, struct em_ring *r);
unsigned int em_rx(struct em *v, const struct leat_frame *frames, unsigned int n);

#endif
