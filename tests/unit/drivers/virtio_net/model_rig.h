// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rig.h - the virtio-net model between a wire that remembers and the
 * smallest driver that follows the specification: hand-built rings in plain
 * memory, nothing of our own driver.
 *
 * The memory is one stretch at RIG_IOVA, of the size asked for to the byte, so
 * that the sanitizer sees every access outside. With rig.by_message it is
 * reached through the host's dma() only.
 *
 * rig_kind is the kind of ring, as feature bits: agreed on in each rig_start(). Tests
 * that say nothing about rings run once for each.
 */
#ifndef MODEL_RIG_H
#define MODEL_RIG_H

#include <leat/model.h>
#include <leat/models.h>

#include "drivers/virtio_net/spec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RIG_IOVA	UINT64_C(0x7f0000100000)
#define RIG_MEM		(4u << 20)
#define RIG_BUFS	(1u << 20)	/* buffers from here on, rings below */
#define RIG_FRAMES	2048
#define RIG_QUEUES	5		/* two pairs and control */
#define RIG_STRIDE	0x30000		/* from one queue's areas to the next */
#define RIG_ALL (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_INDIRECT_DESC |	\
		 VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_MTU |			\
		 VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM)
#define RIG_CTRL (VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_RX_EXTRA |	\
		  VIRTIO_NET_F_CTRL_MAC_ADDR | VIRTIO_NET_F_CTRL_VLAN |				\
		  VIRTIO_NET_F_CTRL_GUEST_OFFLOADS | VIRTIO_NET_F_GUEST_ANNOUNCE)
#define RIG_HOST_GSO (VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_HOST_ECN |	\
		      VIRTIO_NET_F_HOST_USO)
#define RIG_GUEST_GSO (VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 |			\
		       VIRTIO_NET_F_GUEST_ECN | VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6)
#define RIG_OFFERED (RIG_ALL | RIG_CTRL | RIG_HOST_GSO | RIG_GUEST_GSO | VIRTIO_F_IN_ORDER | VIRTIO_F_ORDER_PLATFORM |		\
		     VIRTIO_F_RING_RESET | VIRTIO_NET_F_SPEED_DUPLEX)

/* What is offered besides, if switched on. */
#define RIG_SWITCHED (VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX | VIRTIO_F_NOTIFICATION_DATA)

extern uint64_t rig_kind;
#define RIG_KINDS(X)									\
	X("split", 0)									\
	X("split, in order", VIRTIO_F_IN_ORDER)						\
	X("split, event index", VIRTIO_F_EVENT_IDX | VIRTIO_F_NOTIFICATION_DATA)	\
	X("packed", VIRTIO_F_RING_PACKED)						\
	X("packed, in order", VIRTIO_F_RING_PACKED | VIRTIO_F_IN_ORDER)			\
	X("packed, event index", VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX)		\
	X("packed, all", VIRTIO_F_RING_PACKED | VIRTIO_F_IN_ORDER | VIRTIO_F_EVENT_IDX | \
	  VIRTIO_F_NOTIFICATION_DATA)

/* In main(): all of @tests for each kind; returns how many failed. */
#define RIG_RUN(tests) __extension__({							\
	int failed_ = 0;								\
	RIG_KINDS(RIG_RUN_ONE)								\
	failed_;									\
})
#define RIG_RUN_ONE(name, kind)								\
	rig_kind = (kind);								\
	failed_ += cmocka_run_group_tests_name(name, tests, NULL, NULL);

/* Where the model's BAR has things, found through its capabilities. */
struct rig_windows {
	uint32_t	common, notify, isr, device, multiplier;
};

/* Buffers of a packed ring, oldest first. */
struct rig_out {
	uint16_t	id, descs;
};

struct rig_queue {
	uint16_t	size;
	uint16_t	index;
	bool		packed, in_order, event_idx;
	union {
		struct virtio_desc *desc;
		struct virtio_packed_desc *ring;
	};
	union {
		struct virtio_avail *avail;
		struct virtio_packed_event *driver;
	};
	union {
		struct virtio_used *used;
		struct virtio_packed_event *device;
	};
	uint16_t	avail_idx, used_seen;
	uint16_t	told;		/* avail_idx at the last kick */
	uint16_t	free;		/* next descriptor to use, round and round */
	uint32_t	notify;		/* where to ring */

	/* packed */
	bool		wrap, used_wrap;
	uint16_t	used_at;	/* next used descriptor */
	uint16_t	shown;		/* first descriptor that is not available yet... */
	uint16_t	hidden;		/* ...and how many are written from there */
	uint16_t	flags[1024];	/* what shows them */
	struct rig_out	out[1024];
	unsigned int	out_first, out_n;
	unsigned int	covered;	/* of these, how many the last used descriptor speaks for */
	uint32_t	covered_len;	/* and the length of the last */
	struct { uint32_t id, len; } got[1024];	/* used, not asked for yet */
	unsigned int	got_first, got_n;
};

/* One frame that reached the wire. */
struct rig_frame {
	uint32_t	len;
	uint16_t	flags, csum_start, csum_off, gso_size;
	uint8_t		gso_type, hdr_len;
	unsigned char	*data;
};

struct rig_wire {
	struct leat_wire wire;
	struct rig_frame frame[RIG_FRAMES];
	unsigned int	n, room;	/* taken; how many more it takes */
	unsigned int	shown;		/* the most it was shown at once */
	bool		up;
	bool		loop;		/* what is sent comes back */
};

struct rig {
	struct leat_mdev *mdev;
	struct rig_wire	*wire;
	char		*mem;
	bool		by_message;
	bool		kick_inside;	/* ring the doorbell of queue 1 in the next DMA read */
	unsigned int	dma_ops;
	unsigned int	busy;		/* of 16 DMA reads, how many the host puts off... */
	unsigned int	put_off;	/* ...and has */
	bool		writes_pending;	/* the host says that DMA is on its way */
	struct rig_windows win;
	struct rig_queue q[RIG_QUEUES];
	unsigned int	nqueues;	/* to be set up by rig_start(): 2, if not more */
	uint64_t	features;
	unsigned int	raised[3][8];	/* by index and vector */
	unsigned int	errors, warnings;
	char		line[LEAT_ERROR_LEN];
	uint32_t	buf_next;	/* bump allocator of buffers */
	uint64_t	seed;
};

/* A piece of a chain. */
struct rig_seg {
	uint32_t	off;		/* in rig.mem; of the control queue also RIG_WRITE */
	uint32_t	len;
};

#define RIG_WRITE UINT32_C(0x80000000)	/* the device writes it */

#define RIG_RX 0
#define RIG_TX 1

void rig_open(struct rig *r, const struct leat_model_opt *opts);
void rig_close(struct rig *r);

/* Registers, of any width, little-endian. */
uint64_t rig_read(struct rig *r, unsigned int region, uint64_t off, size_t len);
void rig_write(struct rig *r, unsigned int region, uint64_t off, uint64_t val, size_t len);
uint64_t rig_get(struct rig *r, enum virtio_common_reg reg);
void rig_set(struct rig *r, enum virtio_common_reg reg, uint64_t val);
uint64_t rig_offered(struct rig *r);

/* Reset, acknowledge, negotiate. Returns the status after FEATURES_OK was written. */
uint8_t rig_negotiate(struct rig *r, uint64_t features);
/* Areas of a queue at its place in memory, zeroed; programmed and enabled. */
void rig_queue(struct rig *r, unsigned int index, uint16_t size);
/* The whole of it: MSI-X on, bus master, @features, both queues, DRIVER_OK. */
void rig_start(struct rig *r, uint64_t features, uint16_t size);
void rig_map(struct rig *r);

/* A buffer of @len bytes, bytes around it untouched by anybody else. */
uint32_t rig_buf(struct rig *r, uint32_t len);
uint64_t rig_iova(uint32_t off);

/* Descriptors of a chain, not yet available. Returns the head. */
uint16_t rig_chain(struct rig *r, unsigned int queue, const struct rig_seg *segs, unsigned int n);
/* The same through an indirect table. */
uint16_t rig_indirect(struct rig *r, unsigned int queue, const struct rig_seg *segs, unsigned int n);
/* Make a head available; publish() shows all that were made so. Packed: all, in their order. */
void rig_avail(struct rig *r, unsigned int queue, uint16_t head);
void rig_publish(struct rig *r, unsigned int queue);
void rig_kick(struct rig *r, unsigned int queue);
/* chain, avail, publish, kick unless told not to. */
uint16_t rig_add(struct rig *r, unsigned int queue, const struct rig_seg *segs, unsigned int n);

/* No interrupts, or one with the next used entry behind those that were seen. */
void rig_suppress(struct rig *r, unsigned int queue, bool yes);
/* Does the device want no notifications? */
bool rig_muted(struct rig *r, unsigned int queue);

/* The next used entry. False: none. */
bool rig_used(struct rig *r, unsigned int queue, uint32_t *id, uint32_t *len);
unsigned int rig_used_count(struct rig *r, unsigned int queue);

/* A command: the device's answer. The control queue is the last that was set up. */
uint8_t rig_command(struct rig *r, unsigned int class, unsigned int cmd, const void *data,
		    uint32_t len);

/* Steps until nothing moves. */
void rig_run(struct rig *r);

/* Frames: content that depends on the number and the place. */
void rig_fill(unsigned char *p, uint32_t len, unsigned int number);
void rig_check(const unsigned char *p, uint32_t len, unsigned int number);
uint32_t rig_random(struct rig *r, uint32_t below);

/* A frame to send in one descriptor, header zero. Returns where it lies (its header). */
uint32_t rig_tx_buf(struct rig *r, uint32_t len, unsigned int number);
void rig_send(struct rig *r, uint32_t len, unsigned int number);

/* One frame from the wire, again if DMA was put off. Returns how many were taken. */
unsigned int rig_deliver(struct rig *r, uint32_t len, unsigned int number);

/* Started anew with queues of @size, it carries a frame each way. */
void rig_expect_works(struct rig *r, uint16_t size);
/*
 * A driver that tells @lie: one line, the driver asked for a reset, nothing sent or
 * received, nothing heard until the reset; then it works.
 */
void rig_expect_lie_found(struct rig *r, uint16_t size, const char *name,
			  void (*lie)(struct rig *r));

#endif
