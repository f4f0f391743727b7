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

#include <stdbool.h>
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

/*
 * With NOTIFICATION_DATA a doorbell is 32 bits (2.9): the index, and above it where the
 * next buffer will be put: the avail index, or offset and wrap counter.
 */
#define VIRTIO_NOTIFY_DATA(index, next)	((uint32_t)(index) | (uint32_t)(next) << 16)

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

/* ---- legacy devices: I/O ports of BAR 0 (4.1.4.10), in the machine's byte order ---- */

#define VIRTIO_LEGACY_DEVICE_FEATURES	0x00	/* 32 bits, as are the next two */
#define VIRTIO_LEGACY_DRIVER_FEATURES	0x04
#define VIRTIO_LEGACY_QUEUE_PAGE	0x08	/* of the selected queue: its address in pages */
#define VIRTIO_LEGACY_QUEUE_SIZE	0x0c	/* 16 bits, as are the next two; 0: no queue */
#define VIRTIO_LEGACY_QUEUE_SELECT	0x0e
#define VIRTIO_LEGACY_QUEUE_NOTIFY	0x10
#define VIRTIO_LEGACY_STATUS		0x12	/* 8 bits, as is the next */
#define VIRTIO_LEGACY_ISR		0x13
#define VIRTIO_LEGACY_CONFIG		0x14	/* while MSI-X is off */

#define VIRTIO_LEGACY_PAGE		4096	/* the used ring begins at one, too (2.7.2) */
#define VIRTIO_LEGACY_BITS		44	/* of a queue's address */

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

#define VIRTIO_F_ANY_LAYOUT		LEAT_BIT64(27)	/* of legacy devices: headers beside frames */
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

/* What the structure's length says is there: up to F_MTU, F_SPEED_DUPLEX, F_RSS. */
#define VIRTIO_NET_CONFIG_MTU_LEN	12
#define VIRTIO_NET_CONFIG_SPEED_LEN	17

#define VIRTIO_NET_SPEED_UNKNOWN	UINT32_MAX
#define VIRTIO_NET_SPEED_MAX		UINT32_C(0x7fffffff)	/* of those that are known */
#define VIRTIO_NET_DUPLEX_FULL		UINT8_C(1)
#define VIRTIO_NET_DUPLEX_UNKNOWN	UINT8_C(0xff)

#define VIRTIO_NET_S_LINK_UP	UINT16_C(1)
#define VIRTIO_NET_S_ANNOUNCE	UINT16_C(2)

#define VIRTIO_NET_MTU_MIN	68	/* (5.1.4.1) */

/* Queues (5.1.2): receive is 2 * pair, transmit 2 * pair + 1, control behind the last pair */
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
	leat_le16	num_buffers;	/* receive: 1 without MRG_RXBUF; transmit: 0, but see decision 6 */
};
LEAT_STATIC_ASSERT(sizeof(struct virtio_net_hdr) == 12, "5.1.6");
LEAT_STATIC_ASSERT(offsetof(struct virtio_net_hdr, csum_start) == 6, "5.1.6");
LEAT_STATIC_ASSERT(offsetof(struct virtio_net_hdr, num_buffers) == 10, "5.1.6");

#define VIRTIO_NET_HDR_LEN		12	/* with VERSION_1, mergeable or not */
#define VIRTIO_NET_HDR_LEN_LEGACY	10	/* with neither: no num_buffers */

#define VIRTIO_NET_HDR_F_NEEDS_CSUM	UINT8_C(1)
#define VIRTIO_NET_HDR_F_DATA_VALID	UINT8_C(2)	/* receive: checksum found good */
#define VIRTIO_NET_HDR_F_RSC_INFO	UINT8_C(4)

#define VIRTIO_NET_HDR_GSO_NONE		UINT8_C(0)
#define VIRTIO_NET_HDR_GSO_TCPV4	UINT8_C(1)
#define VIRTIO_NET_HDR_GSO_UDP		UINT8_C(3)
#define VIRTIO_NET_HDR_GSO_TCPV6	UINT8_C(4)
#define VIRTIO_NET_HDR_GSO_UDP_L4	UINT8_C(5)
#define VIRTIO_NET_HDR_GSO_ECN		UINT8_C(0x80)	/* with a TCP type */

/* With HASH_REPORT 20 bytes (5.1.6.4.4): num_buffers is there in any case. */
struct virtio_net_hdr_hash {
	struct virtio_net_hdr hdr;
	leat_le32	value;
	leat_le16	report;		/* VIRTIO_NET_HASH_REPORT_* */
	leat_le16	padding;
};
LEAT_STATIC_ASSERT(sizeof(struct virtio_net_hdr_hash) == 20, "5.1.6");

#define VIRTIO_NET_HDR_LEN_HASH		20
#define VIRTIO_NET_HDR_LEN_MAX		VIRTIO_NET_HDR_LEN_HASH

/* ---- hashes (5.1.6.4.3); a type's report is its bit's number and one ---- */

#define VIRTIO_NET_HASH_IPV4		LEAT_BIT(0)
#define VIRTIO_NET_HASH_TCPV4		LEAT_BIT(1)
#define VIRTIO_NET_HASH_UDPV4		LEAT_BIT(2)
#define VIRTIO_NET_HASH_IPV6		LEAT_BIT(3)
#define VIRTIO_NET_HASH_TCPV6		LEAT_BIT(4)
#define VIRTIO_NET_HASH_UDPV6		LEAT_BIT(5)
#define VIRTIO_NET_HASH_IPV6_EX		LEAT_BIT(6)	/* addresses of extension headers */
#define VIRTIO_NET_HASH_TCPV6_EX	LEAT_BIT(7)
#define VIRTIO_NET_HASH_UDPV6_EX	LEAT_BIT(8)

enum virtio_net_hash_report {
	VIRTIO_NET_HASH_REPORT_NONE,
	VIRTIO_NET_HASH_REPORT_IPV4,
	VIRTIO_NET_HASH_REPORT_TCPV4,
	VIRTIO_NET_HASH_REPORT_UDPV4,
	VIRTIO_NET_HASH_REPORT_IPV6,
	VIRTIO_NET_HASH_REPORT_TCPV6,
	VIRTIO_NET_HASH_REPORT_UDPV6,
	VIRTIO_NET_HASH_REPORT_IPV6_EX,
	VIRTIO_NET_HASH_REPORT_TCPV6_EX,
	VIRTIO_NET_HASH_REPORT_UDPV6_EX,
};

/* ---- the control queue (5.1.6.5): class and command, its data, then the device's ack ---- */

struct virtio_net_ctrl {
	uint8_t		class;		/* VIRTIO_NET_CTRL_* */
	uint8_t		cmd;
};

#define VIRTIO_NET_OK	0		/* the ack, one byte */
#define VIRTIO_NET_ERR	1

#define VIRTIO_NET_CTRL_RX		0	/* F_CTRL_RX, data: one byte, on or off */
#define VIRTIO_NET_CTRL_RX_PROMISC	0
#define VIRTIO_NET_CTRL_RX_ALLMULTI	1
#define VIRTIO_NET_CTRL_RX_ALLUNI	2	/* and the following: F_CTRL_RX_EXTRA */
#define VIRTIO_NET_CTRL_RX_NOMULTI	3
#define VIRTIO_NET_CTRL_RX_NOUNI	4
#define VIRTIO_NET_CTRL_RX_NOBCAST	5

#define VIRTIO_NET_CTRL_MAC		1
#define VIRTIO_NET_CTRL_MAC_TABLE_SET	0	/* F_CTRL_RX: two struct virtio_net_ctrl_mac */
#define VIRTIO_NET_CTRL_MAC_ADDR_SET	1	/* F_CTRL_MAC_ADDR: six bytes */

#define VIRTIO_NET_CTRL_VLAN		2	/* F_CTRL_VLAN, data: le16 */
#define VIRTIO_NET_CTRL_VLAN_ADD	0
#define VIRTIO_NET_CTRL_VLAN_DEL	1

#define VIRTIO_NET_CTRL_ANNOUNCE	3	/* F_GUEST_ANNOUNCE, no data */
#define VIRTIO_NET_CTRL_ANNOUNCE_ACK	0

#define VIRTIO_NET_CTRL_MQ		4
#define VIRTIO_NET_CTRL_MQ_PAIRS_SET	0	/* F_MQ: le16 */
#define VIRTIO_NET_CTRL_MQ_RSS		1	/* F_RSS: struct virtio_net_rss */
#define VIRTIO_NET_CTRL_MQ_HASH		2	/* F_HASH_REPORT: struct virtio_net_hash */

#define VIRTIO_NET_CTRL_OFFLOADS	5	/* F_CTRL_GUEST_OFFLOADS: le64 of feature bits */
#define VIRTIO_NET_CTRL_OFFLOADS_SET	0

#define VIRTIO_NET_PAIRS_MAX		0x8000

/* Unicast addresses, then the same for multicast. */
struct virtio_net_ctrl_mac {
	leat_le32	n;
	uint8_t		addr[][6];
};
LEAT_STATIC_ASSERT(offsetof(struct virtio_net_ctrl_mac, addr) == 4, "5.1.6.5.2");

/* Up to the table; behind that, struct virtio_net_rss_tail. */
struct virtio_net_rss {
	leat_le32	hash_types;	/* VIRTIO_NET_HASH_* */
	leat_le16	table_mask;	/* entries of the table, a power of two, minus 1 */
	leat_le16	unclassified;	/* receive queue pair of what has no hash */
	leat_le16	table[];	/* receive queue pairs */
};
LEAT_STATIC_ASSERT(offsetof(struct virtio_net_rss, table) == 8, "5.1.6.5.7.1");

struct virtio_net_rss_tail {
	leat_le16	max_tx;		/* transmit queues in use */
	uint8_t		key_len;
	uint8_t		key[];
};
LEAT_STATIC_ASSERT(offsetof(struct virtio_net_rss_tail, key) == 3, "5.1.6.5.7.1");

struct virtio_net_hash {
	leat_le32	hash_types;
	leat_le16	reserved[4];
	uint8_t		key_len;
	uint8_t		key[];
};
LEAT_STATIC_ASSERT(offsetof(struct virtio_net_hash, key) == 13, "5.1.6.5.6.4");

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

/*
 * With EVENT_IDX both flags are 0 and unheeded; instead the other side wants to hear when
 * the index passes this (2.7.7, 2.7.10). Each follows the entries of the ring it is about.
 */
#define VIRTIO_USED_EVENT(avail, n)	(&(avail)->ring[n])
#define VIRTIO_AVAIL_EVENT(used, n)	((leat_le16 *)(void *)((char *)(used) + 4 + 8 * (size_t)(n)))

/* Did an index on its way from @old to @now pass @event? */
LEAT_INLINE bool virtio_event_passed(uint16_t event, uint16_t now, uint16_t old)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

/* Bytes and alignment of the areas of a queue of n (2.7); the event words included. */
#define VIRTIO_DESC_BYTES(n)	((size_t)16 * (n))
#define VIRTIO_AVAIL_BYTES(n)	(6 + (size_t)2 * (n))
#define VIRTIO_USED_BYTES(n)	(6 + (size_t)8 * (n))
#define VIRTIO_DESC_ALIGN	16
#define VIRTIO_AVAIL_ALIGN	2
#define VIRTIO_USED_ALIGN	4

/* ---- packed virtqueues (2.8) ---- */

/* Descriptor area (2.8.13): written by both, a buffer's first flags last */
struct virtio_packed_desc {
	leat_le64	addr;
	leat_le32	len;		/* of the buffer; used: bytes written into it */
	leat_le16	id;		/* of the buffer, in its last descriptor; and when used */
	leat_le16	flags;		/* VIRTIO_DESC_F_* and the two below */
};
LEAT_STATIC_ASSERT(sizeof(struct virtio_packed_desc) == 16, "2.8.13");
LEAT_STATIC_ASSERT(offsetof(struct virtio_packed_desc, flags) == 14, "2.8.13");

/*
 * Available: AVAIL is the driver's wrap counter, USED its opposite. Used: both are the
 * device's wrap counter. The counters start at 1 and change at each end of the ring (2.8.1).
 */
#define VIRTIO_PACKED_F_AVAIL	UINT16_C(0x0080)
#define VIRTIO_PACKED_F_USED	UINT16_C(0x8000)

/* Driver area: what the driver wants to hear of; device area: the device (2.8.14) */
struct virtio_packed_event {
	leat_le16	off_wrap;	/* with DESC: offset, and above it the wrap counter */
	leat_le16	flags;		/* VIRTIO_PACKED_EVENT_* */
};
LEAT_STATIC_ASSERT(sizeof(struct virtio_packed_event) == 4, "2.8.14");

#define VIRTIO_PACKED_EVENT_ENABLE	UINT16_C(0)
#define VIRTIO_PACKED_EVENT_DISABLE	UINT16_C(1)
#define VIRTIO_PACKED_EVENT_DESC	UINT16_C(2)	/* one descriptor, with EVENT_IDX */
#define VIRTIO_PACKED_WRAP_BIT		15

#define VIRTIO_PACKED_EVENT_BYTES	4
#define VIRTIO_PACKED_EVENT_ALIGN	4

#endif
