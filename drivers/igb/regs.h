// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/regs.h - Intel 82576 and its virtual functions: what they have besides
 * intel/regs.h, and their descriptors.
 *
 * Section numbers are those of the 82576 Gigabit Ethernet Controller Datasheet; the
 * edition is named in doc/drivers/igb.md.
 */
#ifndef IGB_REGS_H
#define IGB_REGS_H

#include "drivers/intel/desc.h"
#include "drivers/intel/regs.h"

#include <leat/compiler.h>
#include <leat/endian.h>

/* clang-format off */

/*   name         offset   access  what it is                                       */
#define IGB_REGS(X)									\
	X(ICR,         0x000c0, RC, "interrupt cause; reading clears it")		\
	X(ICS,         0x000c8, WO, "interrupt cause set")				\
	X(IMS,         0x000d0, RW, "interrupt mask set; reads the mask")		\
	X(IMC,         0x000d8, WO, "interrupt mask clear")				\
	X(IAM,         0x000e0, RW, "acknowledge auto-mask")				\
	X(TCTL_EXT,    0x00404, RW, "transmit control, extended")			\
	X(MBVFICR,     0x00c80, RW, "mailbox: VFs that wrote; ones clear")		\
	X(MBVFIMR,     0x00c84, RW, "mailbox: VFs that interrupt")			\
	X(VFLRE,       0x00c88, RW, "VFs that were reset; ones clear")			\
	X(VFRE,        0x00c8c, RW, "VFs that receive")					\
	X(VFTE,        0x00c90, RW, "VFs that transmit")				\
	X(GPIE,        0x01514, RW, "general purpose interrupt enable")			\
	X(EICS,        0x01520, WO, "extended interrupt cause set")			\
	X(EIMS,        0x01524, RW, "extended interrupt mask set; reads the mask")	\
	X(EIMC,        0x01528, WO, "extended interrupt mask clear")			\
	X(EIAC,        0x0152c, RW, "causes that MSI-X clears by itself")		\
	X(EIAM,        0x01530, RW, "causes that are masked when they interrupt")	\
	X(EICR,        0x01580, RC, "extended interrupt cause; ones clear, too")	\
	X(IVAR_MISC,   0x01740, RW, "vectors of the other causes")			\
	X(RXPBS,       0x02404, RW, "packet buffer for receive, KB")			\
	X(QDE,         0x02408, RW, "queues that drop when they are full")		\
	X(FCRTV,       0x02460, RW, "flow control refresh timer value")			\
	X(TXPBS,       0x03404, RW, "packet buffer for transmit, KB")			\
	X(DTXSWC,      0x03500, RW, "transmit switch control: spoofing, loopback")	\
	X(LVMMC,       0x03548, RO, "last misbehaviour of a VF")			\
	X(WVBR,        0x03554, RC, "VFs that misbehaved")				\
	X(DTXCTL,      0x03590, RW, "transmit DMA control")				\
	X(RLPML,       0x05004, RW, "long packets: the longest, CRC included")		\
	X(VT_CTL,      0x0581c, RW, "virtual machines: default pool, replication")	\
	X(TXSWC,       0x05acc, RW, "transmit switch control, by switch")		\
	X(RPLOLR,      0x05af0, RW, "offloads of replicated packets")			\
	X(GCR,         0x05b00, RW, "PCI Express control")				\
	X(IOVTCL,      0x05bbc, RW, "I/O virtualisation control")

/*
 * One of each for each of the 16 queues, 0x40 apart. Queues 0 to 3 also answer at
 * the places of older controllers (8.10, 8.12): receive at 0x02800 + 0x100 * queue,
 * transmit at 0x03800 + 0x100 * queue, the lower bits the same. Virtual functions
 * have their two there only.
 */
#define IGB_RXQ_REGS(X)									\
	X(RDBAL,       0x0c000, RW, "receive ring, low")				\
	X(RDBAH,       0x0c004, RW, "receive ring, high")				\
	X(RDLEN,       0x0c008, RW, "receive ring's bytes")				\
	X(SRRCTL,      0x0c00c, RW, "buffers and descriptors of the ring")		\
	X(RDH,         0x0c010, RW, "receive head: the device's")			\
	X(RXCTL,       0x0c014, RW, "DCA of the receive queue")				\
	X(RDT,         0x0c018, RW, "receive tail: our doorbell")			\
	X(RXDCTL,      0x0c028, RW, "receive descriptor control")			\
	X(RQDPC,       0x0c030, RC, "packets that the queue dropped")

#define IGB_TXQ_REGS(X)									\
	X(TDBAL,       0x0e000, RW, "transmit ring, low")				\
	X(TDBAH,       0x0e004, RW, "transmit ring, high")				\
	X(TDLEN,       0x0e008, RW, "transmit ring's bytes")				\
	X(TDH,         0x0e010, RW, "transmit head: the device's")			\
	X(TXCTL,       0x0e014, RW, "DCA of the transmit queue")			\
	X(TDT,         0x0e018, RW, "transmit tail: our doorbell")			\
	X(TXDCTL,      0x0e028, RW, "transmit descriptor control")			\
	X(TDWBAL,      0x0e038, RW, "where the head is written back, low")		\
	X(TDWBAH,      0x0e03c, RW, "where the head is written back, high")

enum igb_reg {
#define X(name, offset, access, what) IGB_##name = (offset),
	IGB_REGS(X)
	IGB_RXQ_REGS(X)
	IGB_TXQ_REGS(X)
#undef X
};

/* From a queue's first register on, besides enum intel_queue_reg. */
enum igb_queue_reg {
	IGB_QUEUE_SRRCTL = IGB_SRRCTL - IGB_RDBAL,
	IGB_QUEUE_TDWBAL = IGB_TDWBAL - IGB_TDBAL,
	IGB_QUEUE_TDWBAH = IGB_TDWBAH - IGB_TDBAL,
};

#define IGB_QUEUE(reg, q)	((reg) + 0x40 * (q))
/* The same register at its older place; @q 0 to 3. */
#define IGB_QUEUE_ALIAS(reg, q)	(((reg) & 0x3f) + ((reg) < 0xe000 ? 0x2800 : 0x3800) + 0x100 * (q))

/* Tables, by index. */
#define IGB_VMBMEM(vf)		(0x00800 + 0x40 * (vf))	/* mailboxes, 16 words each */
#define IGB_PFMAILBOX(vf)	(0x00c00 + 4 * (vf))
#define IGB_EITR(v)		(0x01680 + 4 * (v))	/* throttling by vector */
#define IGB_IVAR(i)		(0x01700 + 4 * (i))	/* 8: see IGB_IVAR_RX */
#define IGB_VMVIR(vf)		(0x03700 + 4 * (vf))	/* tags put into a VF's packets */
#define IGB_PSRTYPE(pool)	(0x05480 + 4 * (pool))	/* which headers are split off */
#define IGB_RAL2(i)		(0x054e0 + 8 * ((i) - 16))	/* receive addresses 16 to 23 */
#define IGB_VMOLR(pool)		(0x05ad0 + 4 * (pool))
#define IGB_VLVF(i)		(0x05d00 + 4 * (i))	/* VLANs by pool, 32 */
#define IGB_UTA(i)		(0x0a000 + 4 * (i))	/* unicast hash, 128 */

#define IGB_QUEUES		16
#define IGB_VECTORS		25			/* of the PF and its VFs; QEMU's PF has 10 */
#define IGB_VFS			8
#define IGB_VF_QUEUES		2			/* queues vf and vf + 8 of the PF's */
#define IGB_VF_VECTORS		3
#define IGB_VLVFS		32
#define IGB_RARS		24
#define IGB_BAR0_SIZE		0x20000

/* The pages of the queues' registers: receive, then transmit. */
#define IGB_RXQ_PAGE		0x0c000
#define IGB_TXQ_PAGE		0x0e000
#define IGB_PAGE_SIZE		0x01000

/* CTRL, beyond the common bits */
#define IGB_CTRL_ILOS		LEAT_BIT(7)		/* invert loss of signal */
#define IGB_CTRL_DEV_RST	LEAT_BIT(29)		/* 82580 on: all ports */

/* STATUS, beyond the common bits */
#define IGB_STATUS_LAN		LEAT_MASK(3, 2)		/* which port this is */
#define IGB_STATUS_VFS		LEAT_MASK(17, 14)	/* VFs that are on */
#define IGB_STATUS_IOV		LEAT_BIT(18)
#define IGB_STATUS_PF_RST_DONE	LEAT_BIT(21)

/* EECD, beyond the common bits */
#define IGB_EECD_SIZE		LEAT_MASK(14, 11)	/* 2^(6 + this) words */

/* CTRL_EXT, beyond the common bits */
#define IGB_CTRL_EXT_PFRSTD	LEAT_BIT(14)		/* tell VFs: the PF is back */
#define IGB_CTRL_EXT_EXT_VLAN	LEAT_BIT(26)		/* two tags */
#define IGB_CTRL_EXT_DRV_LOAD	LEAT_BIT(28)		/* a driver is here, firmware */

/* SW_FW_SYNC (8.7): who has what; the firmware's bits are 16 higher */
#define IGB_SYNC_EEPROM		LEAT_BIT(0)
#define IGB_SYNC_PHY(lan)	((lan) < 2 ? LEAT_BIT(1 + (lan)) : LEAT_BIT(3 + (lan)))
#define IGB_SYNC_FIRMWARE	16			/* shift */

/* ICR, ICS, IMS, IMC (8.8.7) */
#define IGB_ICR_TXDW		LEAT_BIT(0)
#define IGB_ICR_LSC		LEAT_BIT(2)		/* link status change */
#define IGB_ICR_RXDMT0		LEAT_BIT(4)
#define IGB_ICR_RXO		LEAT_BIT(6)		/* overrun */
#define IGB_ICR_RXDW		LEAT_BIT(7)		/* receive descriptors were written back */
#define IGB_ICR_VMMB		LEAT_BIT(8)		/* a mailbox, or a VF's reset */
#define IGB_ICR_DOUTSYNC	LEAT_BIT(28)		/* transmit DMA out of sync */
#define IGB_ICR_DRSTA		LEAT_BIT(30)		/* device reset asserted */
#define IGB_ICR_ASSERTED	LEAT_BIT(31)

/* EICR and its like (8.8.1): with MSI-X a bit for each vector, otherwise 0 to 15 by IVAR */
#define IGB_EICR_VECTORS	LEAT_MASK(24, 0)
#define IGB_EICR_QUEUES		LEAT_MASK(15, 0)
#define IGB_EICR_TIMER		LEAT_BIT(30)
#define IGB_EICR_OTHER		LEAT_BIT(31)

/* GPIE (8.8.15) */
#define IGB_GPIE_NSICR		LEAT_BIT(0)		/* every read of ICR clears it */
#define IGB_GPIE_MSIX		LEAT_BIT(4)		/* several vectors */
#define IGB_GPIE_EIAME		LEAT_BIT(30)		/* EIAM masks */
#define IGB_GPIE_PBA		LEAT_BIT(31)		/* pending bits as PCI has them */

/*
 * IVAR (8.8.13): bytes of vector and IGB_IVAR_VALID. Register i, i = 0 to 7: receive
 * queue i, transmit queue i, receive queue i + 8, transmit queue i + 8. IVAR_MISC: the
 * TCP timer, then all other causes.
 */
#define IGB_IVAR_VALID		0x80u
#define IGB_IVAR_INDEX(q)	((q) % 8)
#define IGB_IVAR_RX(q)		((q) < 8 ? 0 : 16)	/* shift */
#define IGB_IVAR_TX(q)		((q) < 8 ? 8 : 24)
#define IGB_IVAR_MISC_OTHER	8

/* EITR (8.8.12): microseconds, more precisely 1.024 of them, between interrupts */
#define IGB_EITR_INTERVAL	LEAT_MASK(14, 2)
#define IGB_EITR_CNT_INGR	LEAT_BIT(31)		/* leave the counter as it is */

/* SRRCTL (8.10.2) */
#define IGB_SRRCTL_PACKET	LEAT_MASK(6, 0)		/* buffer, KB; 0: as RCTL says */
#define IGB_SRRCTL_HEADER	LEAT_MASK(11, 8)	/* header buffer, 64 bytes */
#define IGB_SRRCTL_DESCTYPE	LEAT_MASK(27, 25)
#define IGB_SRRCTL_ONE_BUFFER	1u			/* advanced, no header split off */
#define IGB_SRRCTL_DROP		LEAT_BIT(31)		/* full: drop, do not hold up others */

/* RXDCTL, TXDCTL (8.10, 8.12) */
#define IGB_DCTL_PTHRESH	LEAT_MASK(4, 0)
#define IGB_DCTL_HTHRESH	LEAT_MASK(12, 8)
#define IGB_DCTL_WTHRESH	LEAT_MASK(20, 16)
#define IGB_DCTL_ENABLE		LEAT_BIT(25)
#define IGB_DCTL_SWFLSH		LEAT_BIT(26)		/* write back what is done */

/* DTXCTL, DTXSWC (8.12) */
#define IGB_DTXCTL_8023LL	LEAT_BIT(2)
#define IGB_DTXCTL_SPOOF_INT	LEAT_BIT(6)		/* interrupt at a VF's misbehaviour */
#define IGB_DTXSWC_MAC_SPOOF	LEAT_MASK(7, 0)		/* VFs that send from their addresses only */
#define IGB_DTXSWC_VLAN_SPOOF	LEAT_MASK(15, 8)	/* and to their VLANs only */
#define IGB_DTXSWC_LOCAL	LEAT_MASK(23, 16)	/* VFs that hear themselves */
#define IGB_DTXSWC_LOOPBACK	LEAT_BIT(31)		/* packets from VF to VF */

/* RXPBS (8.3) */
#define IGB_RXPBS_KB		LEAT_MASK(6, 0)

/* Frames by EtherType (8.10.13), a register each: */
#define IGB_ETQFS		8u
#define IGB_ETQF(i)		(0x05cb0 + 4 * (i))
#define IGB_ETQF_TYPE		LEAT_MASK(15, 0)
#define IGB_ETQF_QUEUE		LEAT_MASK(18, 16)	/* 0 to 7... */
#define IGB_ETQF_ENABLE		LEAT_BIT(26)
#define IGB_ETQF_QUEUE_ENABLE	LEAT_BIT(31)		/* ...is where they go */

/* RXCSUM, beyond the common bits (8.10) */
#define IGB_RXCSUM_CRCOFL	LEAT_BIT(11)		/* SCTP's CRC */

/* MRQC (8.10): queues 0 to 15 by RSS without pools */
#define IGB_MRQC_RSS		2u
#define IGB_MRQC_POOLS		3u
#define IGB_MRQC_POOLS_RSS	5u			/* and two queues each */
#define IGB_MRQC_TCP4		LEAT_BIT(16)
#define IGB_MRQC_IPV4		LEAT_BIT(17)
#define IGB_MRQC_TCP6_EX	LEAT_BIT(18)
#define IGB_MRQC_IPV6_EX	LEAT_BIT(19)
#define IGB_MRQC_IPV6		LEAT_BIT(20)
#define IGB_MRQC_TCP6		LEAT_BIT(21)
#define IGB_MRQC_UDP4		LEAT_BIT(22)
#define IGB_MRQC_UDP6		LEAT_BIT(23)
#define IGB_MRQC_UDP6_EX	LEAT_BIT(24)
#define IGB_RETA_SHIFT		0			/* the queue is an entry's low four bits */
#define IGB_RETA_POOL_SHIFT	3			/* with pools: which of the two */

/* RAH, beyond the common bits: pools that an address belongs to (8.10) */
#define IGB_RAH_POOLS		LEAT_MASK(25, 18)

/* VT_CTL, VMOLR, VLVF, VMVIR, RPLOLR (8.14) */
#define IGB_VT_CTL_POOL		LEAT_MASK(9, 7)		/* for packets that nobody else takes */
#define IGB_VT_CTL_IGN_MAC	LEAT_BIT(28)
#define IGB_VT_CTL_NO_DEFAULT	LEAT_BIT(29)
#define IGB_VT_CTL_REPLICATE	LEAT_BIT(30)
#define IGB_VMOLR_RLPML		LEAT_MASK(13, 0)	/* the longest packet of the pool */
#define IGB_VMOLR_LPE		LEAT_BIT(16)
#define IGB_VMOLR_RSSE		LEAT_BIT(17)
#define IGB_VMOLR_AUPE		LEAT_BIT(24)		/* untagged packets */
#define IGB_VMOLR_ROMPE		LEAT_BIT(25)		/* multicasts by MTA */
#define IGB_VMOLR_ROPE		LEAT_BIT(26)		/* unicasts by UTA */
#define IGB_VMOLR_BAM		LEAT_BIT(27)
#define IGB_VMOLR_MPE		LEAT_BIT(28)		/* all multicasts */
#define IGB_VMOLR_STRVLAN	LEAT_BIT(30)
#define IGB_VMOLR_STRCRC	LEAT_BIT(31)
#define IGB_VLVF_VID		LEAT_MASK(11, 0)
#define IGB_VLVF_POOLS		LEAT_MASK(19, 12)
#define IGB_VLVF_ENABLE		LEAT_BIT(31)
#define IGB_VMVIR_VLAN		LEAT_MASK(15, 0)
#define IGB_VMVIR_ALWAYS	LEAT_BIT(30)
#define IGB_VMVIR_NEVER		LEAT_BIT(31)
#define IGB_RPLOLR_STRVLAN	LEAT_BIT(30)
#define IGB_RPLOLR_STRCRC	LEAT_BIT(31)

/* PFMAILBOX (8.14) */
#define IGB_PFMAILBOX_STS	LEAT_BIT(0)		/* a message for the VF */
#define IGB_PFMAILBOX_ACK	LEAT_BIT(1)		/* the VF's was read */
#define IGB_PFMAILBOX_VFU	LEAT_BIT(2)		/* the VF has the memory */
#define IGB_PFMAILBOX_PFU	LEAT_BIT(3)		/* we have */
#define IGB_PFMAILBOX_RVFU	LEAT_BIT(4)		/* take it from the VF */
#define IGB_MBVFICR_REQ(vf)	LEAT_BIT(vf)
#define IGB_MBVFICR_ACK(vf)	LEAT_BIT(16 + (vf))

/*
 * Virtual function: 8.26 to 8.28. Its interrupts' bits are its three vectors; its
 * queues are IGB_QUEUE_ALIAS() of the PF's table.
 */
#define IGB_VF_REGS(X)									\
	X(VTCTRL,      0x00000, RW, "control: reset")					\
	X(VTSTATUS,    0x00008, RO, "status")						\
	X(VTFRTIMER,   0x01048, RO, "free running timer")				\
	X(V2PMAILBOX,  0x00c40, RC, "mailbox with the PF; some bits clear when read")	\
	X(VTEICS,      0x01520, WO, "interrupt cause set")				\
	X(VTEIMS,      0x01524, RW, "interrupt mask set; reads the mask")		\
	X(VTEIMC,      0x01528, WO, "interrupt mask clear")				\
	X(VTEIAC,      0x0152c, RW, "causes that MSI-X clears by itself")		\
	X(VTEIAM,      0x01530, RW, "causes that are masked when they interrupt")	\
	X(VTEICR,      0x01580, RC, "interrupt cause")					\
	X(VTIVAR,      0x01700, RW, "vectors of the queues, as IVAR")			\
	X(VTIVAR_MISC, 0x01740, RW, "vector of the mailbox")

/* What a VF counts, without clearing: 32 bits each that wrap. */
#define IGB_VF_COUNTERS(X)								\
	X(VFGPRC,      0x00f10, 32, "rx_device_good_packets")				\
	X(VFGPTC,      0x00f14, 32, "tx_device_good_packets")				\
	X(VFGORC,      0x00f18, 32, "rx_device_good_bytes")				\
	X(VFGOTC,      0x00f34, 32, "tx_device_good_bytes")				\
	X(VFMPRC,      0x00f3c, 32, "rx_multicast_packets")				\
	X(VFGPRLBC,    0x00f40, 32, "rx_loopback_packets")				\
	X(VFGPTLBC,    0x00f44, 32, "tx_loopback_packets")				\
	X(VFGORLBC,    0x00f48, 32, "rx_loopback_bytes")				\
	X(VFGOTLBC,    0x00f50, 32, "tx_loopback_bytes")

enum igb_vf_reg {
#define X(name, offset, access, what) IGB_##name = (offset),
	IGB_VF_REGS(X)
	IGB_VF_COUNTERS(X)
#undef X
};

#define IGB_VF_VMBMEM		0x00800			/* 16 words */
#define IGB_VF_EITR(v)		(0x01680 + 4 * (v))
#define IGB_VF_BAR0_SIZE	0x04000

/* VTCTRL, V2PMAILBOX (8.28) */
#define IGB_VTCTRL_RST		LEAT_BIT(26)
#define IGB_V2PMAILBOX_REQ	LEAT_BIT(0)		/* a message for the PF */
#define IGB_V2PMAILBOX_ACK	LEAT_BIT(1)		/* the PF's was read */
#define IGB_V2PMAILBOX_VFU	LEAT_BIT(2)		/* we have the memory */
#define IGB_V2PMAILBOX_PFU	LEAT_BIT(3)		/* the PF has */
#define IGB_V2PMAILBOX_PFSTS	LEAT_BIT(4)		/* the PF wrote; cleared by reading */
#define IGB_V2PMAILBOX_PFACK	LEAT_BIT(5)		/* the PF read; cleared by reading */
#define IGB_V2PMAILBOX_RSTI	LEAT_BIT(6)		/* the PF is being reset */
#define IGB_V2PMAILBOX_RSTD	LEAT_BIT(7)		/* it was; cleared by reading */

/*
 * Messages in the mailbox's memory, as Linux's drivers agreed on: a word of kind,
 * flags and 23:16 for a number, then what belongs to it. The answer repeats the kind.
 */
#define IGB_MSG_WORDS		16
#define IGB_MSG_HASHES		30			/* what a message has room for */
#define IGB_MSG_ACK		LEAT_BIT(31)
#define IGB_MSG_NACK		LEAT_BIT(30)
#define IGB_MSG_CTS		LEAT_BIT(29)		/* the VF may ask */
#define IGB_MSG_INFO		LEAT_MASK(23, 16)
#define IGB_MSG_KIND		LEAT_MASK(15, 0)
#define IGB_MSG_RESET		0x01u			/* answered with the address */
#define IGB_MSG_MAC		0x02u			/* INFO: */
#define IGB_MSG_MAC_OWN		0u			/* this is its address */
#define IGB_MSG_MAC_CLEAR	1u			/* it has no others */
#define IGB_MSG_MAC_ADD		2u			/* it has this one, too */
#define IGB_MSG_MULTICAST	0x03u			/* INFO: how many 16-bit hashes follow */
#define IGB_MSG_VLAN		0x04u			/* INFO: 1 add, 0 take away */
#define IGB_MSG_LPE		0x05u			/* longest packet */
#define IGB_MSG_PROMISC		0x06u
#define IGB_MSG_PROMISC_UNICAST	1u			/* INFO of it: everything; Linux refuses */
#define IGB_MSG_PROMISC_MULTI	2u			/* and every multicast */
#define IGB_MSG_QUEUES		0x20u			/* ours: INFO: by how many queues RSS may come */
#define IGB_MSG_CONTROL		0x0100u			/* the PF's word: look at the link */

/* intel_rxd_done (7.1.5): besides the common bits; info first */
#define IGB_RXD_IPV4		LEAT_BIT(4)
#define IGB_RXD_IPV4_OPTIONS	LEAT_BIT(5)
#define IGB_RXD_IPV6		LEAT_BIT(6)
#define IGB_RXD_IPV6_EX		LEAT_BIT(7)
#define IGB_RXD_TCP		LEAT_BIT(8)
#define IGB_RXD_UDP		LEAT_BIT(9)
#define IGB_RXD_SCTP		LEAT_BIT(10)
#define IGB_RXD_ETHERTYPE	LEAT_BIT(15)		/* the packet type is a filter's number: */
#define IGB_RXD_ETQF		LEAT_MASK(6, 4)
#define IGB_RXD_HEADER_LEN	LEAT_MASK(30, 21)
#define IGB_RXD_SPLIT		LEAT_BIT(31)
#define IGB_RXD_HBO		LEAT_BIT(23)		/* status: header buffer overflow */

/* Advanced transmit descriptors: the context (7.2.2.2) before intel_txd (7.2.2.3). */
struct igb_txc {
	leat_le32	lens;			/* IGB_TXC_IP_LEN, _MAC_LEN, _VLAN */
	leat_le32	seed;			/* 0 */
	leat_le32	cmd;
	leat_le32	mss;			/* IGB_TXC_INDEX, _L4_LEN, _MSS */
};
LEAT_STATIC_ASSERT(sizeof(struct igb_txc) == 16, "hardware layout");

#define IGB_TXD_LEN		LEAT_MASK(15, 0)
#define IGB_TXD_TSE		LEAT_BIT(31)		/* cut into segments */
#define IGB_TXD_DATA		(INTEL_TXD_DEXT | LEAT_PUT(INTEL_TXD_TYPE, 3u))
#define IGB_TXC			(INTEL_TXD_DEXT | LEAT_PUT(INTEL_TXD_TYPE, 2u))

#define IGB_TXD_INDEX		LEAT_BIT(4)		/* status: which context */
#define IGB_TXD_CC		LEAT_BIT(7)		/* status: look at the context for pools */
#define IGB_TXD_PAYLEN		LEAT_MASK(31, 14)	/* status: bytes; with TSE without headers */

#define IGB_TXC_IP_LEN		LEAT_MASK(8, 0)
#define IGB_TXC_MAC_LEN		LEAT_MASK(15, 9)
#define IGB_TXC_VLAN		LEAT_MASK(31, 16)
#define IGB_TXC_IPV4		LEAT_BIT(10)		/* cmd */
#define IGB_TXC_L4		LEAT_MASK(12, 11)	/* cmd */
#define IGB_TXC_UDP		0u
#define IGB_TXC_TCP		1u
#define IGB_TXC_SCTP		2u
#define IGB_TXC_INDEX		LEAT_BIT(4)		/* mss: which of the queue's two */
#define IGB_TXC_L4_LEN		LEAT_MASK(15, 8)
#define IGB_TXC_MSS		LEAT_MASK(31, 16)

#define IGB_TXD_LEN_MAX		0x8000			/* one descriptor's, of 64 KB - 1 */
#define IGB_FRAME_MAX		9728			/* 7.1.1.4: 9.5 KB, CRC included */

/* clang-format on */

#endif
