// SPDX-License-Identifier: BSD-3-Clause
/*
 * proto.h - vhost-user as its specification writes it: docs/interop/vhost-user.rst of
 * QEMU 10.0. Layouts and numbers only. Words are in the machine's own byte order.
 *
 * "Front end" is the virtio driver's side, here always us; "back end" plays the device.
 */
#ifndef VHOST_PROTO_H
#define VHOST_PROTO_H

#include <stddef.h>
#include <stdint.h>

#include <leat/bits.h>
#include <leat/compiler.h>

enum vhost_request {
	VHOST_GET_FEATURES		= 1,
	VHOST_SET_FEATURES		= 2,
	VHOST_SET_OWNER			= 3,
	VHOST_SET_MEM_TABLE		= 5,
	VHOST_SET_VRING_NUM		= 8,
	VHOST_SET_VRING_ADDR		= 9,
	VHOST_SET_VRING_BASE		= 10,
	VHOST_GET_VRING_BASE		= 11,
	VHOST_SET_VRING_KICK		= 12,
	VHOST_SET_VRING_CALL		= 13,
	VHOST_GET_PROTOCOL_FEATURES	= 15,
	VHOST_SET_PROTOCOL_FEATURES	= 16,
	VHOST_GET_QUEUE_NUM		= 17,
	VHOST_SET_VRING_ENABLE		= 18,
	VHOST_NET_SET_MTU		= 20,
	VHOST_SET_BACKEND_REQ_FD	= 21,
	VHOST_GET_CONFIG		= 24,
	VHOST_SET_CONFIG		= 25,
	VHOST_GET_INFLIGHT_FD		= 31,
	VHOST_SET_INFLIGHT_FD		= 32,
	VHOST_RESET_DEVICE		= 34,
	VHOST_GET_MAX_MEM_SLOTS		= 36,
	VHOST_ADD_MEM_REG		= 37,
	VHOST_REM_MEM_REG		= 38,
	VHOST_SET_STATUS		= 39,
	VHOST_GET_STATUS		= 40,
};

/* Requests of the back end's, on the channel of its own. */
enum vhost_back_request {
	VHOST_BACK_CONFIG_CHANGE	= 2,
};

struct vhost_hdr {
	uint32_t	request;
	uint32_t	flags;		/* VHOST_FLAG_* */
	uint32_t	size;		/* of the payload behind it */
};
LEAT_STATIC_ASSERT(sizeof(struct vhost_hdr) == 12, "Header");

#define VHOST_FLAG_VERSION	0x3u	/* the low two bits are the version... */
#define VHOST_VERSION		0x1u	/* ...which is 1 */
#define VHOST_FLAG_REPLY	0x4u
#define VHOST_FLAG_NEED_REPLY	0x8u	/* with REPLY_ACK: answer with 0, or not 0 */

/* Of the virtio features: the transport has features of its own. */
#define VHOST_F_LOG_ALL		LEAT_BIT64(26)
#define VHOST_F_PROTOCOL	LEAT_BIT64(30)

/* Protocol features: LEAT_VHOST_P_* in <leat/driver/vhost_user.h>. */

/* A ring's state, and what SET_VRING_ENABLE and GET_VRING_BASE speak of. */
struct vhost_ring_state {
	uint32_t	index;
	uint32_t	num;
};
LEAT_STATIC_ASSERT(sizeof(struct vhost_ring_state) == 8, "Vring state");

/* Of a packed ring: position of the next available and used descriptor, wrap counters. */
#define VHOST_BASE_PACKED	UINT32_C(0x80008000)

struct vhost_ring_addr {
	uint32_t	index;
	uint32_t	flags;
	uint64_t	desc, used, avail;	/* user addresses */
	uint64_t	log;
};
LEAT_STATIC_ASSERT(sizeof(struct vhost_ring_addr) == 40, "Vring address");

/* SET_VRING_KICK and _CALL: the ring's index, and whether there is no descriptor. */
#define VHOST_NO_FD		LEAT_BIT64(8)

struct vhost_region {
	uint64_t	guest;		/* address in descriptors */
	uint64_t	size;
	uint64_t	user;		/* address in SET_VRING_ADDR */
	uint64_t	offset;		/* in the descriptor's memory */
};
LEAT_STATIC_ASSERT(sizeof(struct vhost_region) == 32, "Memory region");

#define VHOST_REGIONS_MAX	8

struct vhost_mem_table {
	uint32_t	n;
	uint32_t	padding;
	struct vhost_region region[VHOST_REGIONS_MAX];
};
LEAT_STATIC_ASSERT(offsetof(struct vhost_mem_table, region) == 8, "Memory regions");

struct vhost_mem_one {
	uint64_t	padding;
	struct vhost_region region;
};

#define VHOST_CONFIG_MAX	256

struct vhost_config {
	uint32_t	offset, size, flags;
	uint8_t		data[VHOST_CONFIG_MAX];
};
LEAT_STATIC_ASSERT(offsetof(struct vhost_config, data) == 12, "Configuration space");

struct vhost_inflight {
	uint64_t	mmap_size, mmap_offset;
	uint16_t	queues, queue_size;
	uint32_t	padding;	/* of the C structure; not sent */
};
#define VHOST_INFLIGHT_LEN	20
LEAT_STATIC_ASSERT(offsetof(struct vhost_inflight, padding) == VHOST_INFLIGHT_LEN, "Inflight");

/* The longest payload there is, either way. */
#define VHOST_PAYLOAD_MAX	sizeof(struct vhost_config)

#endif
