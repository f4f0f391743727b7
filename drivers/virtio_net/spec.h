// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/spec.h - virtio as its specification writes it: "Virtual I/O Device
 * (VIRTIO) Version 1.2", OASIS Committee Specification 01, July 2022.
 *
 * Only layouts and numbers, for the driver and the model alike. Numbers in
 * brackets are the specification's sections. All words in memory shared with
 * the other side are little-endian (1.4).
 */
#ifndef LEAT_VIRTIO_NET_SPEC_H
#define LEAT_VIRTIO_NET_SPEC_H

#include <stddef.h>
#include <stdint.h>

#include <leat/bits.h>
#include <leat/compiler.h>
#include <leat/endian.h>

/* ---- PCI identity (4.1.2, 5.1.1) ---- */

#define VIRTIO_PCI_VENDOR		0x1af4
#define VIRTIO_PCI_DEVICE_NET		0x1041		/* 0x1040 + device type 1: modern */
#define VIRTIO_PCI_DEVICE_NET_LEGACY	0x1000		/* transitional: modern in it, too */

/* ---- PCI capabilities of vendor type (4.1.4) ---- */

enum virtio_pci_cfg_type {
	VIRTIO_PCI_CAP_COMMON	= 1,
	VIRTIO_PCI_CAP_NOTIFY	= 2,
	VIRTIO_PCI_CAP_ISR	= 3,
	VIRTIO_PCI_CAP_DEVICE	= 4,
	VIRTIO_PCI_CAP_PCI	= 5,		/* registers through configuration space */
	VIRTIO_PCI_CAP_SHM	= 8,
	VIRTIO_PCI_CAP_VENDOR	= 9,
};

#define VIRTIO_PCI_BAR_MAX 5	/* larger values of .bar are reserved: ignore the capability */

struct virtio_pci_cap {
	uint8_t		vndr;		/* 0x09 */
	uint8_t		next;
	uint8_t		len;		/* of the whole capability */
	uint8_t		cfg_type;	/* enum virtio_pci_cfg_type */
	uint8_t		bar;
	uint8_t		id;
	uint8_t		padding[2];
	leat_le32	offset;		/* within the BAR */
	leat_le32	length;
};
LEAT_STATIC_ASSERT(sizeof(struct virtio_pci_cap) == 16, "4.1.4");
LEAT_STATIC_ASSERT(offsetof(struct virtio_pci_cap, offset) == 8, "4.1.4");

/*
 * VIRTIO_PCI_CAP_NOTIFY (4.1.4.4): queue q is notified by writing its index, 16 bits,
 * at cap.offset + queue_notify_off(q) * multiplier.
 */
struct virtio_pci_notify_cap {
	struct virtio_pci_cap cap;
	leat_le32	multiplier;	/* even, or 0: all queues share one address */
};
LEAT_STATIC_ASSERT(sizeof(struct virtio_pci_notify_cap) == 20, "4.1.4.4");

/* VIRTIO_PCI_CAP_PCI (4.1.4.9): .cap.bar, .offset, .length choose, data moves. */
struct virtio_pci_cfg_cap {
	struct virtio_pci_cap cap;
	uint8_t		data[4];
};
LEAT_STATIC_ASSERT(sizeof(struct virtio_pci_cfg_cap) == 20, "4.1.4.9");

/* ---- common configuration (4.1.4.3); the queue's fields are of the selected queue ---- */

/*   name                   offset width access what it is                               */
#define VIRTIO_COMMON_REGS(X)								\
	X(DEVICE_FEATURE_SELECT, 0x00, 4, RW, "which 32 bits DEVICE_FEATURE shows")	\
	X(DEVICE_FEATURE,	 0x04, 4, RO, "what the device offers")			\
	X(DRIVER_FEATURE_SELECT, 0x08, 4, RW, "which 32 bits DRIVER_FEATURE shows")	\
	X(DRIVER_FEATURE,	 0x0c, 4, RW, "what the driver accepts")		\
	X(CONFIG_MSIX_VECTOR,	 0x10, 2, RW, "vector of configuration changes")	\
	X(NUM_QUEUES,		 0x12, 2, RO, "most queues the device has")		\
	X(DEVICE_STATUS,	 0x14, 1, RW, "VIRTIO_STATUS_*; writing 0 resets")	\
	X(CONFIG_GENERATION,	 0x15, 1, RO, "changes with the device configuration")	\
	X(QUEUE_SELECT,		 0x16, 2, RW, "which queue the fields below show")	\
	X(QUEUE_SIZE,		 0x18, 2, RW, "largest size, then the one used; 0: no queue") \
	X(QUEUE_MSIX_VECTOR,	 0x1a, 2, RW, "vector of the queue")			\
	X(QUEUE_ENABLE,		 0x1c, 2, RW, "1: the queue runs; never written 0")	\
	X(QUEUE_NOTIFY_OFF,	 0x1e, 2, RO, "where to notify, times the multiplier")	\
	X(QUEUE_DESC,		 0x20, 8, RW, "address of the descriptor area")		\
	X(QUEUE_DRIVER,		 0x28, 8, RW, "address of the driver area")		\
	X(QUEUE_DEVICE,		 0x30, 8, RW, "address of the device area")		\
	X(QUEUE_NOTIFY_DATA,	 0x38, 2, RO, "what to notify with (NOTIF_CONFIG_DATA)") \
	X(QUEUE_RESET,		 0x3a, 2, RW, "1: reset the queue (RING_RESET)")

enum virtio_common_reg {
#define X(name, off, width, access, what) VIRTIO_COMMON_##name = (off),
	VIRTIO_COMMON_REGS(X)
#undef X
};

#define VIRTIO_COMMON_LEN_MIN	0x38	/* as of 1.0: without the last two */
#define VIRTIO_COMMON_LEN	0x3c
#define VIRTIO_MSI_NO_VECTOR	UINT16_C(0xffff)	/* (4.1.5.1.2) */

/* DEVICE_STATUS (2.1) */
#define VIRTIO_STATUS_ACKNOWLEDGE	UINT8_C(0x01)
#define VIRTIO_STATUS_DRIVER		UINT8_C(0x02)
#define VIRTIO_STATUS_DRIVER_OK		UINT8_C(0x04)
#define VIRTIO_STATUS_FEATURES_OK	UINT8_C(0x08)
#define VIRTIO_STATUS_NEEDS_RESET	UINT8_C(0x40)	/* set by the device */
#define VIRTIO_STATUS_FAILED		UINT8_C(0x80)

/* ISR status (4.1.4.5): one byte, reading clears it */
#define VIRTIO_ISR_QUEUE	UINT8_C(0x01)
#define VIRTIO_ISR_CONFIG	UINT8_C(0x02)

/* ---- feature bits that any device may offer (6) ---- */

#define VIRTIO_F_INDIRECT_DESC		LEAT_BIT64(28)
#define VIRTIO_F_EVENT_IDX		LEAT_BIT64(29)
#define VIRTIO_F_VERSION_1		LEAT_BIT64(32)
#define VIRTIO_F_ACCESS_PLATFORM	LEAT_BIT64(33)
#define VIRTIO_F_RING_PACKED		LEAT_BIT64(34)
#define VIRTIO_F_IN_ORDER		LEAT_BIT64(35)
#define VIRTIO_F_ORDER_PLATFORM		LEAT_BIT64(36)
#define VIRTIO_F_SR_IOV			LEAT_BIT64(37)
#define VIRTIO_F_NOTIFICATION_DATA	LEAT_BIT64(38)
#define VIRTIO_F_NOTIF_CONFIG_DATA	LEAT_BIT64(39)
#define VIRTIO_F_RING_RESET		LEAT_BIT64(40)

/* ---- feature bits of the network device (5.1.3); "guest" is the driver ---- */

#define VIRTIO_NET_F_CSUM		LEAT_BIT64(0)	/* device takes partial checksums */
#define VIRTIO_NET_F_GUEST_CSUM		LEAT_BIT64(1)	/* driver takes partial checksums */
#define VIRTIO_NET_F_CTRL_GUEST_OFFLOADS LEAT_BIT64(2)
#define VIRTIO_NET_F_MTU		LEAT_BIT64(3)
#define VIRTIO_NET_F_MAC		LEAT_BIT64(5)
#define VIRTIO_NET_F_GUEST_TSO4		LEAT_BIT64(7)
#define VIRTIO_NET_F_GUEST_TSO6		LEAT_BIT64(8)
#define VIRTIO_NET_F_GUEST_ECN		LEAT_BIT64(9)
#define VIRTIO_NET_F_GUEST_UFO		LEAT_BIT64(10)
#define VIRTIO_NET_F_HOST_TSO4		LEAT_BIT64(11)
#define VIRTIO_NET_F_HOST_TSO6		LEAT_BIT64(12)
#define VIRTIO_NET_F_HOST_ECN		LEAT_BIT64(13)
#define VIRTIO_NET_F_HOST_UFO		LEAT_BIT64(14)
#define VIRTIO_NET_F_MRG_RXBUF		LEAT_BIT64(15)	/* a frame may fill several buffers */
#define VIRTIO_NET_F_STATUS		LEAT_BIT64(16)
#define VIRTIO_NET_F_CTRL_VQ		LEAT_BIT64(17)
#define VIRTIO_NET_F_CTRL_RX		LEAT_BIT64(18)
#define VIRTIO_NET_F_CTRL_VLAN		LEAT_BIT64(19)
#define VIRTIO_NET_F_CTRL_RX_EXTRA	LEAT_BIT64(20)
#define VIRTIO_NET_F_GUEST_ANNOUNCE	LEAT_BIT64(21)
#define VIRTIO_NET_F_MQ			LEAT_BIT64(22)
#define VIRTIO_NET_F_CTRL_MAC_ADDR	LEAT_BIT64(23)
#define VIRTIO_NET_F_NOTF_COAL		LEAT_BIT64(53)
#define VIRTIO_NET_F_GUEST_USO4		LEAT_BIT64(54)
#define VIRTIO_NET_F_GUEST_USO6		LEAT_BIT64(55)
#define VIRTIO_NET_F_HOST_USO		LEAT_BIT64(56)
#define VIRTIO_NET_F_HASH_REPORT	LEAT_BIT64(57)
#define VIRTIO_NET_F_GUEST_HDRLEN	LEAT_BIT64(59)
#define VIRTIO_NET_F_RSS		LEAT_BIT64(60)
#define VIRTIO_NET_F_RSC_EXT		LEAT_BIT64(61)
#define VIRTIO_NET_F_STANDBY		LEAT_BIT64(62)
#define VIRTIO_NET_F_SPEED_DUPLEX	LEAT_BIT64(63)

/* ---- network device configuration (5.1.4) ---- */

struct virtio_net_config {
	uint8_t		mac[6];			/* F_MAC */
	leat_le16	status;			/* F_STATUS: VIRTIO_NET_S_* */
	leat_le16	max_virtqueue_pairs;	/* F_MQ or F_RSS */
	leat_le16	mtu;			/* F_MTU */
	leat_le32	speed;			/* F_SPEED_DUPLEX: Mbit/s, all ones unknown */
	uint8_t		duplex;			/* 0 half, 1 full, 0xff unknown */
	uint8_t		rss_max_key_size;
	leat_le16	rss_max_indirection_table_length;
	leat_le32	supported_hash_types;
};
LEAT_STATIC_ASSERT(sizeof(struct virtio_net_config) == 24, "5.1.4");
LEAT_STATIC_ASSERT(offsetof(struct virtio_net_config, mtu) == 10, "5.1.4");
LEAT_STATIC_ASSERT(offsetof(struct virtio_net_config, speed) == 12, "5.1.4");

#define VIRTIO_NET_S_LINK_UP	UINT16_C(1)
#define VIRTIO_NET_S_ANNOUNCE	UINT16_C(2)

#define VIRTIO_NET_MTU_MIN	68	/* (5.1.4.1) */

/* Queues (5.1.2): receive is 2 * pair, transmit 2 * pair + 1 */
#define VIRTIO_NET_RXQ(pair)	((uint16_t)(2 * (pair)))
#define VIRTIO_NET_TXQ(pair)	((uint16_t)(2 * (pair) + 1))

/* ---- the header before each frame (5.1.6) ---- */

struct virtio_net_hdr {
	uint8_t		flags;		/* VIRTIO_NET_HDR_F_* */
	uint8_t		gso_type;	/* VIRTIO_NET_HDR_GSO_* */
	leat_le16	hdr_len;	/* bytes of headers, a hint, if gso_type */
	leat_le16	gso_size;	/* payload of each segment, if gso_type */
	leat_le16	csum_start;	/* if NEEDS_CSUM: sum from here to the end... */
	leat_le16	csum_offset;	/* ...and store it this far behind csum_start */
	leat_le16	num_buffers;	/* receive: 1 without MRG_RXBUF; transmit: 0 */
};
LEAT_STATIC_ASSERT(sizeof(struct virtio_net_hdr) == 12, "5.1.6");
LEAT_STATIC_ASSERT(offsetof(struct virtio_net_hdr, csum_start) == 6, "5.1.6");
LEAT_STATIC_ASSERT(offsetof(struct virtio_net_hdr, num_buffers) == 10, "5.1.6");

#define VIRTIO_NET_HDR_LEN		12	/* with VERSION_1, mergeable or not */

#define VIRTIO_NET_HDR_F_NEEDS_CSUM	UINT8_C(1)
#define VIRTIO_NET_HDR_F_DATA_VALID	UINT8_C(2)	/* receive: checksum found good */
#define VIRTIO_NET_HDR_F_RSC_INFO	UINT8_C(4)

#define VIRTIO_NET_HDR_GSO_NONE		UINT8_C(0)
#define VIRTIO_NET_HDR_GSO_TCPV4	UINT8_C(1)
#define VIRTIO_NET_HDR_GSO_UDP		UINT8_C(3)
#define VIRTIO_NET_HDR_GSO_TCPV6	UINT8_C(4)
#define VIRTIO_NET_HDR_GSO_UDP_L4	UINT8_C(5)
#define VIRTIO_NET_HDR_GSO_ECN		UINT8_C(0x80)	/* with a TCP type */

/* ---- split virtqueues (2.7) ---- */

#define VIRTIO_QUEUE_SIZE_MAX	32768	/* a power of two */

/* Descriptor area (2.7.5) */
struct virtio_desc {
	leat_le64	addr;
	leat_le32	len;
	leat_le16	flags;		/* VIRTIO_DESC_F_* */
	leat_le16	next;		/* if NEXT */
};
LEAT_STATIC_ASSERT(sizeof(struct virtio_desc) == 16, "2.7.5");
LEAT_STATIC_ASSERT(offsetof(struct virtio_desc, flags) == 12, "2.7.5");

#define VIRTIO_DESC_F_NEXT	UINT16_C(1)
#define VIRTIO_DESC_F_WRITE	UINT16_C(2)	/* the device writes it; otherwise reads it */
#define VIRTIO_DESC_F_INDIRECT	UINT16_C(4)	/* a table of descriptors lies there */

/* Driver area (2.7.6), written by the driver; le16 used_event behind ring[] with EVENT_IDX */
struct virtio_avail {
	leat_le16	flags;		/* VIRTIO_AVAIL_F_* */
	leat_le16	idx;		/* runs free, modulo 65536 */
	leat_le16	ring[];		/* heads of chains */
};
LEAT_STATIC_ASSERT(offsetof(struct virtio_avail, ring) == 4, "2.7.6");

#define VIRTIO_AVAIL_F_NO_INTERRUPT UINT16_C(1)

/* Device area (2.7.8), written by the device; le16 avail_event behind ring[] with EVENT_IDX */
struct virtio_used_elem {
	leat_le32	id;		/* head of the chain */
	leat_le32	len;		/* bytes written into it */
};
LEAT_STATIC_ASSERT(sizeof(struct virtio_used_elem) == 8, "2.7.8");

struct virtio_used {
	leat_le16	flags;		/* VIRTIO_USED_F_* */
	leat_le16	idx;		/* runs free, modulo 65536 */
	struct virtio_used_elem ring[];
};
LEAT_STATIC_ASSERT(offsetof(struct virtio_used, ring) == 4, "2.7.8");

#define VIRTIO_USED_F_NO_NOTIFY	UINT16_C(1)

/* Bytes and alignment of the areas of a queue of n (2.7); the event words included. */
#define VIRTIO_DESC_BYTES(n)	((size_t)16 * (n))
#define VIRTIO_AVAIL_BYTES(n)	(6 + (size_t)2 * (n))
#define VIRTIO_USED_BYTES(n)	(6 + (size_t)8 * (n))
#define VIRTIO_DESC_ALIGN	16
#define VIRTIO_AVAIL_ALIGN	2
#define VIRTIO_USED_ALIGN	4

#endif
