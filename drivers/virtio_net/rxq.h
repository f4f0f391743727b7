// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/rxq.h - what receive queues of both ring formats have in common
 * (virtio 1.2, 5.1.6.3, 5.1.6.4).
 *
 * Each descriptor is one buffer, known by an id. All are with the device but those
 * taken since the last refill; what is taken from ring position p goes back, with a
 * fresh buffer and under the same id, to position p + size, the same slot. So with a
 * device that works in order every id stays in its slot. And since the refill comes at
 * the next burst, when the application has freed what it does not keep, the same
 * buffers tend to come back to the same slots.
 *
 * The device's header lies at the end of the headroom, so that the frame begins on a
 * cache line. A header is mostly the same as the last one there: a device that looks
 * before it writes leaves that line alone, and of a small frame only one line moves.
 */
#ifndef LEAT_VIRTIO_RXQ_H
#define LEAT_VIRTIO_RXQ_H

#include "hdr.h"
#include "virtio_net.h"

/* What lies under an id. @pkt NULL: the device does not have it. */
struct virtio_slot {
	struct leat_pkt	*pkt;
	char		*hdr;		/* in pkt's buffer: to prefetch without touching pkt */
};

struct virtio_rxq {
	struct leat_rxq	base;		/* first */
	struct virtio_slot *slot;	/* by id */
	uint16_t	*id;		/* by ring position: the buffer posted or used there */
	const struct virtio_rxq_ops *ops;
	uint64_t	features;	/* negotiated */
	uint32_t	room;		/* bytes in a buffer for header and frame */
	uint16_t	size;		/* of the ring */
	uint16_t	fill;		/* refill when so many are missing */
	uint16_t	hdr_len, hdr_off; /* of the header; where it lies in a buffer */
	uint16_t	one_buffer;	/* num_buffers of a frame in one buffer... */
	uint16_t	buffers_mask;	/* ...under this mask */
	bool		broken;
	bool		deaf;		/* no vector: cannot be armed */
	/* What a plain frame of no bytes is like; vectors load it. */
	LEAT_ALIGNED(16) struct leat_pkt fresh;
};

/* What the formats do differently. */
struct virtio_rxq_ops {
	/* The next used buffer, its bytes in @len, by leat_virtio_rx_claim(). NULL: broken. */
	struct leat_pkt *(*take)(struct virtio_rxq *q, uint32_t *len);
	/* Are there @n used ones? */
	bool (*have)(struct virtio_rxq *q, unsigned int n);
	/* Fresh buffers for those missing. True: there are some to tell the device of. */
	bool (*fill)(struct virtio_rxq *q);
};

static inline struct virtio_rxq *leat_virtio_rxq_of(struct leat_rxq *base)
{
	return LEAT_CONTAINER_OF(base, struct virtio_rxq, base);
}

/* ---- a device that breaks the rules ---- */

/* The queue stops, says why in one line, and tells the port. Returns NULL. */
LEAT_COLD void *leat_virtio_rx_break(struct virtio_rxq *q, const char *what,
				     unsigned long long value);

/* ---- the burst's parts ---- */

/*
 * What the device says it used, checked: @id's buffer, @len bytes in it, is the caller's.
 * NULL: there is no such buffer with the device, or it wrote past its end; broken.
 */
struct leat_pkt *leat_virtio_rx_claim(struct virtio_rxq *q, uint32_t id, uint32_t len);

/* The next frame, whatever it is. NULL: dropped, or the queue is broken. */
struct leat_pkt *leat_virtio_rx_frame(struct virtio_rxq *q);

/* The pool could not give @n packets: as many as it can. How many. */
LEAT_COLD unsigned int leat_virtio_rx_scarce(struct virtio_rxq *q, struct leat_pkt **pkts,
					     unsigned int n);

/* A plain frame of @len bytes with its header. */
static inline void leat_virtio_rx_plain(struct leat_pkt *pkt, uint32_t len, uint16_t hdr_len,
					uint16_t off)
{
	pkt->off = off;
	pkt->len = (uint16_t)(len - hdr_len);
	pkt->total = len - hdr_len;
}

/* Could the header before a frame ask for anything, or tell? */
static inline bool leat_virtio_rx_looks(const struct virtio_net *net)
{
	return net->vd->features & (VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_HDR_RX);
}

/* Does a header ask for nothing, @one being num_buffers under @mask? Read once. */
static inline bool leat_virtio_rx_empty_hdr(const char *at, uint16_t one, uint16_t mask)
{
	const volatile leat_le16 *half = (const void *)at;
	bool plain = !half[0], alone = (leat_le16_to_cpu(half[5]) & mask) == one;

	return plain & alone;
}

static inline bool leat_virtio_rx_hashed(const struct virtio_rxq *q)
{
	return q->features & VIRTIO_NET_F_HASH_REPORT;
}

/* The hash in a plain frame's header, read once, if there is one (5.1.6.4.4). */
static inline void leat_virtio_rx_hash(struct leat_pkt *pkt, const char *at)
{
	const volatile struct virtio_net_hdr_hash *hdr = (const void *)at;

	if (leat_le16_to_cpu(hdr->report) == VIRTIO_NET_HASH_REPORT_NONE)
		return;
	pkt->hash = leat_le32_to_cpu(hdr->value);
	pkt->flags = LEAT_PKT_HASH;
}

/* ---- the queue's life ---- */

/* Slots and ids of a ring of @size; the rest of @q zero. 0 or -ENOMEM, logged. */
int leat_virtio_rxq_init(struct virtio_rxq *q, struct virtio_net *net, unsigned int id,
			 const struct virtio_rxq_ops *ops);
void leat_virtio_rxq_fini(struct virtio_rxq *q);

/* The state of a new queue with the features negotiated. */
void leat_virtio_rxq_reset(struct virtio_rxq *q, const struct virtio_net *net);

/*
 * Fill the ring and tell the device of the queue. 0 or -errno, logged; the buffers are
 * back in their pool then.
 */
int leat_virtio_rxq_enable(struct virtio_rxq *q, struct virtio_net *net,
			   struct leat_virtio_queue *vq);

/* All buffers back to their pool. */
void leat_virtio_rxq_empty(struct virtio_rxq *q);

#endif
