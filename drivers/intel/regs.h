// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/regs.h - the registers that Intel's gigabit controllers have in common.
 *
 * Offsets and fields hold for the 82574 (chapter 10 of its datasheet) and for the
 * 82576 (chapter 8); what one of them has for itself is in e1000e/regs.h or
 * igb/regs.h. Drivers, models and dumps expand the same table.
 *
 * Access: RW; RO; WO reads as zero; RC is cleared by reading (a counter, or a
 * cause), so nobody reads it in passing.
 */
#ifndef INTEL_REGS_H
#define INTEL_REGS_H

#include <leat/bits.h>

/* clang-format off */

/*   name         offset   access  what it is                                       */
#define INTEL_REGS(X)									\
	X(CTRL,        0x00000, RW, "device control")					\
	X(STATUS,      0x00008, RO, "device status")					\
	X(EECD,        0x00010, RW, "EEPROM/flash control and data")			\
	X(EERD,        0x00014, RW, "EEPROM read")					\
	X(CTRL_EXT,    0x00018, RW, "extended device control")				\
	X(MDIC,        0x00020, RW, "MDI control: the PHY's registers")			\
	X(FCAL,        0x00028, RW, "flow control address, low")			\
	X(FCAH,        0x0002c, RW, "flow control address, high")			\
	X(FCT,         0x00030, RW, "flow control type")				\
	X(VET,         0x00038, RW, "VLAN ethertype")					\
	X(RCTL,        0x00100, RW, "receive control")					\
	X(FCTTV,       0x00170, RW, "flow control transmit timer value")		\
	X(TCTL,        0x00400, RW, "transmit control")					\
	X(TIPG,        0x00410, RW, "transmit inter-packet gap")			\
	X(LEDCTL,      0x00e00, RW, "LED control")					\
	X(FCRTL,       0x02160, RW, "flow control receive threshold, low")		\
	X(FCRTH,       0x02168, RW, "flow control receive threshold, high")		\
	X(RXCSUM,      0x05000, RW, "receive checksum control")				\
	X(RFCTL,       0x05008, RW, "receive filter control")				\
	X(WUC,         0x05800, RW, "wake-up control")					\
	X(WUFC,        0x05808, RW, "wake-up filter control")				\
	X(MRQC,        0x05818, RW, "multiple receive queues command")			\
	X(MANC,        0x05820, RW, "management control")				\
	X(SWSM,        0x05b50, RW, "software semaphore")				\
	X(FWSM,        0x05b54, RO, "firmware semaphore")				\
	X(SW_FW_SYNC,  0x05b5c, RW, "software-firmware synchronisation")

/*
 * Counters, cleared by reading. Those of octets are 64 bits wide, in two registers:
 * reading the high one clears both. The names are those of DPDK's xstats.
 *
 *   name        offset   bits  xstat                                               */
#define INTEL_COUNTERS(X)								\
	X(CRCERRS,     0x04000, 32, "rx_crc_errors")					\
	X(ALGNERRC,    0x04004, 32, "rx_align_errors")					\
	X(RXERRC,      0x0400c, 32, "rx_errors")					\
	X(MPC,         0x04010, 32, "rx_missed_packets")				\
	X(SCC,         0x04014, 32, "tx_single_collision_packets")			\
	X(ECOL,        0x04018, 32, "tx_excessive_collision_packets")			\
	X(MCC,         0x0401c, 32, "tx_multiple_collision_packets")			\
	X(LATECOL,     0x04020, 32, "tx_late_collisions")				\
	X(COLC,        0x04028, 32, "tx_total_collisions")				\
	X(DC,          0x04030, 32, "tx_deferred_packets")				\
	X(TNCRS,       0x04034, 32, "tx_no_carrier_sense_packets")			\
	X(CEXTERR,     0x0403c, 32, "rx_carrier_ext_errors")				\
	X(RLEC,        0x04040, 32, "rx_length_errors")					\
	X(XONRXC,      0x04048, 32, "rx_xon_packets")					\
	X(XONTXC,      0x0404c, 32, "tx_xon_packets")					\
	X(XOFFRXC,     0x04050, 32, "rx_xoff_packets")					\
	X(XOFFTXC,     0x04054, 32, "tx_xoff_packets")					\
	X(FCRUC,       0x04058, 32, "rx_flow_control_unsupported_packets")		\
	X(PRC64,       0x0405c, 32, "rx_size_64_packets")				\
	X(PRC127,      0x04060, 32, "rx_size_65_to_127_packets")			\
	X(PRC255,      0x04064, 32, "rx_size_128_to_255_packets")			\
	X(PRC511,      0x04068, 32, "rx_size_256_to_511_packets")			\
	X(PRC1023,     0x0406c, 32, "rx_size_512_to_1023_packets")			\
	X(PRC1522,     0x04070, 32, "rx_size_1024_to_max_packets")			\
	X(GPRC,        0x04074, 32, "rx_device_good_packets")				\
	X(BPRC,        0x04078, 32, "rx_broadcast_packets")				\
	X(MPRC,        0x0407c, 32, "rx_multicast_packets")				\
	X(GPTC,        0x04080, 32, "tx_device_good_packets")				\
	X(GORC,        0x04088, 64, "rx_device_good_bytes")				\
	X(GOTC,        0x04090, 64, "tx_device_good_bytes")				\
	X(RNBC,        0x040a0, 32, "rx_no_buffers")					\
	X(RUC,         0x040a4, 32, "rx_undersize_errors")				\
	X(RFC,         0x040a8, 32, "rx_fragment_errors")				\
	X(ROC,         0x040ac, 32, "rx_oversize_errors")				\
	X(RJC,         0x040b0, 32, "rx_jabber_errors")					\
	X(MGTPRC,      0x040b4, 32, "rx_management_packets")				\
	X(MGTPDC,      0x040b8, 32, "rx_management_dropped")				\
	X(MGTPTC,      0x040bc, 32, "tx_management_packets")				\
	X(TOR,         0x040c0, 64, "rx_total_bytes")					\
	X(TOT,         0x040c8, 64, "tx_total_bytes")					\
	X(TPR,         0x040d0, 32, "rx_total_packets")					\
	X(TPT,         0x040d4, 32, "tx_total_packets")					\
	X(PTC64,       0x040d8, 32, "tx_size_64_packets")				\
	X(PTC127,      0x040dc, 32, "tx_size_65_to_127_packets")			\
	X(PTC255,      0x040e0, 32, "tx_size_128_to_255_packets")			\
	X(PTC511,      0x040e4, 32, "tx_size_256_to_511_packets")			\
	X(PTC1023,     0x040e8, 32, "tx_size_512_to_1023_packets")			\
	X(PTC1522,     0x040ec, 32, "tx_size_1024_to_max_packets")			\
	X(MPTC,        0x040f0, 32, "tx_multicast_packets")				\
	X(BPTC,        0x040f4, 32, "tx_broadcast_packets")				\
	X(TSCTC,       0x040f8, 32, "tx_tso_packets")

enum intel_reg {
#define X(name, offset, access, what) INTEL_##name = (offset),
	INTEL_REGS(X)
#undef X
#define X(name, offset, bits, xstat) INTEL_##name = (offset),
	INTEL_COUNTERS(X)
#undef X
};

/* Tables, by index. */
#define INTEL_MTA(i)		(0x05200 + 4 * (i))	/* multicast, 128 */
/* Receive addresses: 16, and 8 more of the 82576 elsewhere. */
#define INTEL_RAL(i)		((i) < 16 ? 0x05400 + 8 * (i) : 0x054e0 + 8 * ((i) - 16))
#define INTEL_RAH(i)		(INTEL_RAL(i) + 4)
#define INTEL_VFTA(i)		(0x05600 + 4 * (i))	/* VLANs, 128 */
#define INTEL_RETA(i)		(0x05c00 + 4 * (i))	/* redirection, 32 of four entries */
#define INTEL_RSSRK(i)		(0x05c80 + 4 * (i))	/* RSS key, 10 */

#define INTEL_MTA_SIZE		128
#define INTEL_VFTA_SIZE		128
#define INTEL_RETA_ENTRIES	128

/* CTRL */
#define INTEL_CTRL_FD		LEAT_BIT(0)		/* full duplex */
#define INTEL_CTRL_MASTER_OFF	LEAT_BIT(2)		/* GIO master disable */
#define INTEL_CTRL_SLU		LEAT_BIT(6)		/* set link up */
#define INTEL_CTRL_SPEED	LEAT_MASK(9, 8)		/* 0: 10, 1: 100, 2: 1000 Mbit/s */
#define INTEL_CTRL_FRCSPD	LEAT_BIT(11)		/* force speed */
#define INTEL_CTRL_FRCDPX	LEAT_BIT(12)		/* force duplex */
#define INTEL_CTRL_RST		LEAT_BIT(26)		/* clears itself */
#define INTEL_CTRL_RFCE		LEAT_BIT(27)		/* obey pause frames */
#define INTEL_CTRL_TFCE		LEAT_BIT(28)		/* send pause frames */
#define INTEL_CTRL_VME		LEAT_BIT(30)		/* VLAN mode */
#define INTEL_CTRL_PHY_RST	LEAT_BIT(31)

/* STATUS */
#define INTEL_STATUS_FD		LEAT_BIT(0)
#define INTEL_STATUS_LU		LEAT_BIT(1)		/* link up */
#define INTEL_STATUS_TXOFF	LEAT_BIT(4)		/* paused by the far end */
#define INTEL_STATUS_SPEED	LEAT_MASK(7, 6)		/* 0: 10, 1: 100, 2 and 3: 1000 Mbit/s */
#define INTEL_STATUS_PHYRA	LEAT_BIT(10)		/* the PHY was reset */
#define INTEL_STATUS_MASTER	LEAT_BIT(19)		/* requests of the device are under way */

/* EECD */
#define INTEL_EECD_PRES		LEAT_BIT(8)		/* there is a memory */
#define INTEL_EECD_AUTO_RD	LEAT_BIT(9)		/* it was read after the reset */

/* EERD */
#define INTEL_EERD_START	LEAT_BIT(0)
#define INTEL_EERD_DONE		LEAT_BIT(1)
#define INTEL_EERD_ADDR		LEAT_MASK(15, 2)	/* of a 16-bit word */
#define INTEL_EERD_DATA		LEAT_MASK(31, 16)

/* MDIC */
#define INTEL_MDIC_DATA		LEAT_MASK(15, 0)
#define INTEL_MDIC_REG		LEAT_MASK(20, 16)
#define INTEL_MDIC_PHY		LEAT_MASK(25, 21)	/* 1: the controller's own */
#define INTEL_MDIC_OP		LEAT_MASK(27, 26)
#define INTEL_MDIC_OP_WRITE	1
#define INTEL_MDIC_OP_READ	2
#define INTEL_MDIC_READY	LEAT_BIT(28)
#define INTEL_MDIC_IRQ		LEAT_BIT(29)
#define INTEL_MDIC_ERROR	LEAT_BIT(30)

/* RCTL */
#define INTEL_RCTL_EN		LEAT_BIT(1)
#define INTEL_RCTL_SBP		LEAT_BIT(2)		/* store bad packets */
#define INTEL_RCTL_UPE		LEAT_BIT(3)		/* unicast promiscuous */
#define INTEL_RCTL_MPE		LEAT_BIT(4)		/* multicast promiscuous */
#define INTEL_RCTL_LPE		LEAT_BIT(5)		/* long packets */
#define INTEL_RCTL_LBM		LEAT_MASK(7, 6)		/* loopback */
#define INTEL_RCTL_LBM_MAC	1
#define INTEL_RCTL_MO		LEAT_MASK(13, 12)	/* multicast offset: which bits are hashed */
#define INTEL_RCTL_BAM		LEAT_BIT(15)		/* accept broadcasts */
#define INTEL_RCTL_BSIZE	LEAT_MASK(17, 16)	/* buffer size */
#define INTEL_RCTL_VFE		LEAT_BIT(18)		/* VLAN filter */
#define INTEL_RCTL_DPF		LEAT_BIT(22)		/* discard pause frames */
#define INTEL_RCTL_PMCF		LEAT_BIT(23)		/* pass MAC control frames */
#define INTEL_RCTL_BSEX		LEAT_BIT(25)		/* buffer size times 16 */
#define INTEL_RCTL_SECRC	LEAT_BIT(26)		/* strip the CRC */

/* TCTL */
#define INTEL_TCTL_EN		LEAT_BIT(1)
#define INTEL_TCTL_PSP		LEAT_BIT(3)		/* pad short packets */
#define INTEL_TCTL_CT		LEAT_MASK(11, 4)	/* collision threshold: 15 */
#define INTEL_TCTL_COLD		LEAT_MASK(21, 12)	/* collision distance: 0x3f full duplex */
#define INTEL_TCTL_RTLC		LEAT_BIT(24)		/* retransmit on late collision */

/* RXCSUM */
#define INTEL_RXCSUM_IPOFL	LEAT_BIT(8)
#define INTEL_RXCSUM_TUOFL	LEAT_BIT(9)
#define INTEL_RXCSUM_PCSD	LEAT_BIT(13)		/* RSS hash in place of the fragment checksum */

/* RAH */
#define INTEL_RAH_AV		LEAT_BIT(31)		/* address valid */

/* RETA is four bytes an entry each; where in the byte the queue stands differs by chip. */

/* FCRTL */
#define INTEL_FCRTL_XONE	LEAT_BIT(31)		/* send XON */

/* Pause frames (IEEE 802.3x): address and type for FCAL, FCAH, FCT. */
#define INTEL_FC_ADDR_LOW	0x00c28001
#define INTEL_FC_ADDR_HIGH	0x00000100
#define INTEL_FC_TYPE		0x8808

/* SWSM */
#define INTEL_LEDCTL_LEDS	LEAT_MASK(23, 0)	/* a byte for each of three */
#define INTEL_LEDCTL_BLINK	0x8e8e8eu		/* on, and blinking */

#define INTEL_SWSM_SMBI		LEAT_BIT(0)		/* semaphore among drivers: set by reading */
#define INTEL_SWSM_SWESMBI	LEAT_BIT(1)		/* semaphore with the firmware */

/* PHY, IEEE 802.3 clause 22. */
#define INTEL_PHY_CONTROL	0
#define INTEL_PHY_STATUS	1
#define INTEL_PHY_ID1		2
#define INTEL_PHY_ID2		3
#define INTEL_PHY_ADVERTISE	4
#define INTEL_PHY_PARTNER	5
#define INTEL_PHY_1000_CONTROL	9
#define INTEL_PHY_1000_STATUS	10

#define INTEL_PHY_CONTROL_DUPLEX	LEAT_BIT(8)
#define INTEL_PHY_CONTROL_RESTART	LEAT_BIT(9)	/* autonegotiation */
#define INTEL_PHY_CONTROL_POWER_DOWN	LEAT_BIT(11)
#define INTEL_PHY_CONTROL_AUTONEG	LEAT_BIT(12)
#define INTEL_PHY_CONTROL_SPEED_LOW	LEAT_BIT(13)	/* 100 Mbit/s */
#define INTEL_PHY_CONTROL_SPEED_HIGH	LEAT_BIT(6)	/* 1000 Mbit/s */
#define INTEL_PHY_CONTROL_LOOPBACK	LEAT_BIT(14)
#define INTEL_PHY_CONTROL_RESET		LEAT_BIT(15)
#define INTEL_PHY_STATUS_LINK		LEAT_BIT(2)	/* latches low */
#define INTEL_PHY_STATUS_AUTONEG_DONE	LEAT_BIT(5)
#define INTEL_PHY_ADVERTISE_PAUSE	LEAT_BIT(10)
#define INTEL_PHY_ADVERTISE_ASYM_PAUSE	LEAT_BIT(11)

/* NVM words (82574 chapter 6, 82576 chapter 6). */
#define INTEL_NVM_MAC		0x00			/* three words, low byte first */
#define INTEL_NVM_VERSION	0x05
#define INTEL_NVM_CHECKSUM	0x3f			/* words 0 to 0x3f sum up to this: */
#define INTEL_NVM_SUM		0xbaba

/* clang-format on */

#endif
