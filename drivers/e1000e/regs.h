// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/regs.h - Intel 82574: what it has besides intel/regs.h, and its
 * descriptors.
 *
 * Section numbers are those of the 82574 GbE Controller Family Datasheet; the
 * edition is named in doc/drivers/e1000e.md.
 */
#ifndef E1000E_REGS_H
#define E1000E_REGS_H

#include "drivers/intel/desc.h"
#include "drivers/intel/regs.h"

#include <leat/compiler.h>
#include <leat/endian.h>

/* clang-format off */

/*   name         offset   access  what it is                                       */
#define E1000E_REGS(X)									\
	X(ICR,         0x000c0, RC, "interrupt cause; reading clears it")		\
	X(ITR,         0x000c4, RW, "interrupt throttling")				\
	X(ICS,         0x000c8, WO, "interrupt cause set")				\
	X(IMS,         0x000d0, RW, "interrupt mask set; reads the mask")		\
	X(IMC,         0x000d8, WO, "interrupt mask clear")				\
	X(EIAC,        0x000dc, RW, "causes that MSI-X clears by itself")		\
	X(IAM,         0x000e0, RW, "acknowledge auto-mask")				\
	X(IVAR,        0x000e4, RW, "vectors of the causes")				\
	X(EXTCNF_CTRL, 0x00f00, RW, "extended configuration control")			\
	X(PBA,         0x01000, RW, "packet buffer allocation")				\
	X(PSRCTL,      0x02170, RW, "packet split receive control")			\
	X(RDTR,        0x02820, RW, "receive delay timer")				\
	X(RADV,        0x0282c, RW, "receive absolute delay timer")			\
	X(RSRPD,       0x02c00, RW, "receive small packet detect")			\
	X(TIDV,        0x03820, RW, "transmit delay timer")				\
	X(TADV,        0x0382c, RW, "transmit absolute delay timer")			\
	X(GCR,         0x05b00, RW, "PCI Express control")				\
	X(GCR2,        0x05b64, RW, "PCI Express control 2")

/* One of each for each of the two queues, 0x100 apart. */
#define E1000E_QUEUE_REGS(X)								\
	X(RDBAL,       0x02800, RW, "receive ring, low")				\
	X(RDBAH,       0x02804, RW, "receive ring, high")				\
	X(RDLEN,       0x02808, RW, "receive ring's bytes")				\
	X(RDH,         0x02810, RW, "receive head: the device's")			\
	X(RDT,         0x02818, RW, "receive tail: our doorbell")			\
	X(RXDCTL,      0x02828, RW, "receive descriptor control")			\
	X(TDBAL,       0x03800, RW, "transmit ring, low")				\
	X(TDBAH,       0x03804, RW, "transmit ring, high")				\
	X(TDLEN,       0x03808, RW, "transmit ring's bytes")				\
	X(TDH,         0x03810, RW, "transmit head: the device's")			\
	X(TDT,         0x03818, RW, "transmit tail: our doorbell")			\
	X(TXDCTL,      0x03828, RW, "transmit descriptor control")			\
	X(TARC,        0x03840, RW, "transmit arbitration count")

enum e1000e_reg {
#define X(name, offset, access, what) E1000E_##name = (offset),
	E1000E_REGS(X)
	E1000E_QUEUE_REGS(X)
#undef X
};

#define E1000E_QUEUE(reg, q)	((reg) + 0x100 * (q))
#define E1000E_EITR(i)		(0x000e8 + 4 * (i))	/* throttling by vector, 0 to 4 */

#define E1000E_QUEUES		2
#define E1000E_VECTORS		5
#define E1000E_RARS		16
#define E1000E_BAR0_SIZE	0x20000

/* The page of the queues' registers, and within it of the doorbells. */
#define E1000E_QUEUE_PAGES	0x02000

/* EXTCNF_CTRL */
#define E1000E_EXTCNF_MDIO_SW	LEAT_BIT(5)		/* the PHY is software's */

/* CTRL_EXT, beyond the common ones */
#define E1000E_CTRL_EXT_EIAME	LEAT_BIT(24)		/* auto-mask by IAM with MSI-X, too */
#define E1000E_CTRL_EXT_IAME	LEAT_BIT(27)
#define E1000E_CTRL_EXT_DRV_LOAD LEAT_BIT(28)		/* a driver is here, firmware */
#define E1000E_CTRL_EXT_PBA_CLR	LEAT_BIT(31)		/* MSI-X: clear pending bits */

/* ICR, ICS, IMS, IMC (10.2.4.1) */
#define E1000E_ICR_TXDW		LEAT_BIT(0)
#define E1000E_ICR_LSC		LEAT_BIT(2)		/* link status change */
#define E1000E_ICR_RXDMT0	LEAT_BIT(4)
#define E1000E_ICR_RXO		LEAT_BIT(6)		/* overrun */
#define E1000E_ICR_RXT0		LEAT_BIT(7)		/* receive timer: packets */
#define E1000E_ICR_RXQ(q)	LEAT_BIT(20 + (q))
#define E1000E_ICR_TXQ(q)	LEAT_BIT(22 + (q))
#define E1000E_ICR_OTHER	LEAT_BIT(24)
#define E1000E_ICR_ASSERTED	LEAT_BIT(31)		/* INTx: it was us */

/* IVAR (10.2.4.9): four bits a cause, the highest of them: valid */
#define E1000E_IVAR_RXQ(q, v)	(((v) | 8u) << 4 * (q))
#define E1000E_IVAR_TXQ(q, v)	(((v) | 8u) << (8 + 4 * (q)))
#define E1000E_IVAR_OTHER(v)	(((v) | 8u) << 16)
#define E1000E_IVAR_EVERY_TX	LEAT_BIT(31)		/* an interrupt with every write-back */

/* RFCTL */
#define E1000E_RFCTL_EXTEN	LEAT_BIT(15)		/* extended receive descriptors */
#define E1000E_RFCTL_NFSW_DIS	LEAT_BIT(6)
#define E1000E_RFCTL_NFSR_DIS	LEAT_BIT(7)

/* RXDCTL, TXDCTL (10.2.5.9, 10.2.6.10) */
#define E1000E_DCTL_PTHRESH	LEAT_MASK(5, 0)
#define E1000E_DCTL_HTHRESH	LEAT_MASK(13, 8)
#define E1000E_DCTL_WTHRESH	LEAT_MASK(21, 16)
#define E1000E_TXDCTL_COUNT	LEAT_BIT(22)		/* to be set always */
#define E1000E_DCTL_GRAN	LEAT_BIT(24)		/* thresholds in descriptors */

/* MRQC (10.2.5.12) */
#define E1000E_MRQC_RSS		1u			/* two queues */
#define E1000E_MRQC_TCP4	LEAT_BIT(16)
#define E1000E_MRQC_IPV4	LEAT_BIT(17)
#define E1000E_MRQC_TCP6	LEAT_BIT(18)
#define E1000E_MRQC_IPV6_EX	LEAT_BIT(19)
#define E1000E_MRQC_IPV6	LEAT_BIT(20)
#define E1000E_RETA_SHIFT	7			/* the queue is an entry's highest bit */

/* GCR */
#define E1000E_GCR_ERRATUM	LEAT_BIT(22)		/* to be set: 82574, 10.2.10.1 */

/* intel_rxd_done.status (7.1.5): besides the common bits */
#define E1000E_RXD_IXSM		LEAT_BIT(2)		/* no checksum was looked at */
#define E1000E_RXD_CE		LEAT_BIT(24)		/* CRC or alignment error */
#define E1000E_RXD_SE		LEAT_BIT(25)		/* symbol error */
#define E1000E_RXD_SEQ		LEAT_BIT(26)		/* sequence error */
#define E1000E_RXD_CXE		LEAT_BIT(28)		/* carrier extension error */
#define E1000E_RXD_BAD		(E1000E_RXD_CE | E1000E_RXD_SE | E1000E_RXD_SEQ |	\
				 E1000E_RXD_CXE | INTEL_RXD_RXE)

/* Transmit descriptors: the context (7.2.11) before intel_txd (7.2.10.3, 7.2.12). */
struct e1000e_txc {
	uint8_t		ip_start, ip_sum;	/* where the header begins, where its checksum is */
	leat_le16	ip_end;			/* its last byte */
	uint8_t		l4_start, l4_sum;
	leat_le16	l4_end;			/* 0: the frame's end */
	leat_le32	cmd;			/* bytes of payload and E1000E_TXC_* */
	uint8_t		status;			/* INTEL_TXD_DONE */
	uint8_t		hdr_len;		/* bytes before the payload */
	leat_le16	mss;
};
LEAT_STATIC_ASSERT(sizeof(struct e1000e_txc) == 16, "hardware layout");

#define E1000E_TXD_LEN		LEAT_MASK(19, 0)
#define E1000E_TXD_TSE		LEAT_BIT(26)		/* cut into segments */
#define E1000E_TXD_DATA		(INTEL_TXD_DEXT | LEAT_PUT(INTEL_TXD_TYPE, 1u))
#define E1000E_TXC_TCP		LEAT_BIT(24)
#define E1000E_TXC_IPV4		LEAT_BIT(25)
#define E1000E_TXC_TSE		LEAT_BIT(26)
#define E1000E_TXC_RS		LEAT_BIT(27)
#define E1000E_TXC_DEXT		LEAT_BIT(29)

#define E1000E_TXD_VLAN		LEAT_MASK(31, 16)	/* status: the tag */

/* A packet in the packet buffer; what one data descriptor can carry (errata: 4 KiB reads). */
#define E1000E_TXD_LEN_MAX	0x3fff
#define E1000E_FRAME_MAX	9234			/* 7.1.1.4: long packets, CRC included */

/* clang-format on */

#endif
