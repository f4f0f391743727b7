// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/split_rx.c - receiving by a split virtqueue (virtio 1.2, 5.1.6.3,
 * 5.1.6.4).
 *
 * Each descriptor is one buffer. All are with the device but those taken since
 * the last refill; what is taken from used position p goes back, with a fresh
 * buffer, to avail position p + size, which is the same slot of the ring. So
 * with a device that works in order every id stays in its slot, and the avail
 * ring is never written. And since the refill comes at the next burst, when
 * the application has freed what it does not keep, the same buffers tend to
 * come back to the same descriptors, which then are not written either.
 *
 * The device's header lies at the end of the headroom, so that the frame begins on a
 * cache line. A header is mostly the same as the last one there: a device that looks
 * before it writes leaves that line alone, and of a small frame only one line moves.
 */
#include "split.h"

#include <errno.h>
#include <stdlib.h>

#define RX_HDR_OFF (LEAT_PKT_HEADROOM - VIRTIO_NET_HDR_LEN)	/* in a buffer */
#define FILL 32		/* buffers taken from the pool at a time, at least */
#define FILL_MAX 64	/* and at most */

/* What lies in a descriptor. @pkt NULL: the device does not have it. */
struct slot {
	struct leat_pkt	*pkt;
	void		*hdr;		/* in pkt's buffer: to prefetch without touching pkt */
};

struct rxq {
	struct leat_rxq	base;
	struct virtio_split s;
	struct slot	*slot;		/* by descriptor */
	uint16_t	*id;		/* by ring position: the descriptor posted or used there */
	uint16_t	fill;		/* refill when so many are missing */
	uint32_t	room;		/* bytes in a buffer for header and frame */
	uint16_t	one_buffer;	/* num_buffers of a frame in one buffer... */
	uint16_t	buffers_mask;	/* ...under this mask */
	bool		csum;
	bool		broken;
	bool		deaf;		/* no vector: cannot be armed */
};

static struct rxq *rxq_of(struct leat_rxq *base)
{
	return LEAT_CONTAINER_OF(base, struct rxq, base);
}

/* ---- a device that breaks the rules ---- */

static LEAT_COLD void *rx_break(struct rxq *q, const char *what, unsigned long long value)
{
	struct leat_port *port = q->base.port;

	q->broken = true;
	q->base.burst = leat_rx_nothing;
	leat_log(port->ctx, LEAT_LOG_ERROR,
		 "%s: receive queue %u stopped: the device %s (%llu): stop and start the port",
		 port->name, q->base.id, what, value);
	leat_port_notify(port, LEAT_EVENT_ERROR);
	return NULL;
}

/* ---- refill ---- */

/* In registers, because the compiler must think that each store to the ring could change @q. */
static void rx_post(struct rxq *q, struct leat_pkt *const *pkts, unsigned int n)
{
	struct virtio_split s = q->s;
	struct slot *slot = q->slot;
	const uint16_t *ids = q->id;
	const uint32_t room = q->room;

	for (unsigned int i = 0; i < n; i++) {
		struct leat_pkt *pkt = pkts[i];
		uint16_t id = ids[s.next & s.mask];

		slot[id].pkt = pkt;
		slot[id].hdr = (char *)pkt->buf + RX_HDR_OFF;
		split_desc(&s, id, pkt->iova + RX_HDR_OFF, room, VIRTIO_DESC_F_WRITE, 0);
		split_push(&s, id);
	}
	q->s.next = s.next;
}

static uint16_t rx_missing(const struct rxq *q)
{
	return (uint16_t)(q->s.mask + 1 - (uint16_t)(q->s.next - q->s.taken));
}

/* The pool is almost empty: what there is, in ever smaller handfuls. */
static LEAT_COLD unsigned int rx_alloc_scarce(struct rxq *q, struct leat_pkt **pkts, unsigned int n)
{
	leat_store_relaxed(&q->base.nobuf, q->base.nobuf + 1);
	while (n > 1) {
		n /= 2;
		if (leat_pkt_alloc(q->base.cache, pkts, n))
			return n;
	}
	return 0;
}

/* Fresh buffers for those that were taken. True: there is something to publish. */
static bool rx_fill(struct rxq *q)
{
	struct leat_pkt *pkts[FILL_MAX];
	unsigned int missing = rx_missing(q), n;
	uint16_t before = q->s.next;

	while (missing >= q->fill) {
		n = LEAT_MIN(missing, FILL_MAX);
		if (LEAT_UNLIKELY(!leat_pkt_alloc(q->base.cache, pkts, n))) {
			n = rx_alloc_scarce(q, pkts, n);
			missing = n;		/* no second try in this burst */
		}
		rx_post(q, pkts, n);
		missing -= n;
	}
	return q->s.next != before;
}

/* ---- frames ---- */

/* The buffer of the next used entry, and how many bytes the device put there. */
static inline struct leat_pkt *rx_take(struct rxq *q, uint32_t *len)
{
	uint16_t *id = &q->id[q->s.taken & q->s.mask];
	uint64_t used = split_take(&q->s);
	uint32_t head = (uint32_t)used;
	struct leat_pkt *pkt;

	*len = (uint32_t)(used >> 32);
	if (LEAT_UNLIKELY(head > q->s.mask))
		return rx_break(q, "returned a descriptor that there is not", head);
	pkt = q->slot[head].pkt;
	if (LEAT_UNLIKELY(!pkt))
		return rx_break(q, "returned a descriptor that it does not have", head);
	*id = (uint16_t)head;
	q->slot[head].pkt = NULL;
	if (LEAT_UNLIKELY(*len > q->room)) {
		leat_pkt_free_to(q->base.cache, &pkt, 1);
		return rx_break(q, "wrote past the end of a buffer", *len);
	}
	return pkt;
}

static struct leat_pkt *rx_discard(struct rxq *q, struct leat_pkt *pkt)
{
	leat_pkt_free_to(q->base.cache, &pkt, 1);
	return NULL;
}

/* Hang the @n - 1 other buffers of a frame behind its first (5.1.6.4, MRG_RXBUF). */
static bool rx_chain(struct rxq *q, struct leat_pkt *head, unsigned int n)
{
	struct leat_pkt *last = head;

	if (!n || n > UINT8_MAX || n > split_size(&q->s)) {
		rx_break(q, "says that a frame has an absurd number of buffers", n);
		return false;
	}
	if (split_have(&q->s) < n - 1 && (!split_look(&q->s) || split_have(&q->s) < n - 1)) {
		rx_break(q, "did not return all buffers of a frame at once", n);
		return false;
	}
	while (--n) {
		uint32_t len;
		struct leat_pkt *pkt = rx_take(q, &len);

		if (!pkt)
			return false;
		pkt->off = RX_HDR_OFF;
		pkt->len = (uint16_t)len;
		head->total += len;
		head->nsegs++;
		last->next = pkt;
		last = pkt;
	}
	return true;
}

/* Checksum flags of the header to those of the packet. False: they cannot be. */
static bool rx_csum(const struct rxq *q, struct leat_pkt *pkt, const struct virtio_net_hdr *hdr)
{
	if (!q->csum)
		return true;
	if (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		pkt->csum_start = leat_le16_to_cpu(hdr->csum_start);
		pkt->csum_off = leat_le16_to_cpu(hdr->csum_offset);
		pkt->flags |= LEAT_PKT_CSUM_PARTIAL;
		return (uint32_t)pkt->csum_start + pkt->csum_off + 2 <= pkt->total;
	}
	if (hdr->flags & VIRTIO_NET_HDR_F_DATA_VALID)
		pkt->flags |= LEAT_PKT_CSUM_GOOD;
	return true;
}

/* What the header says: several buffers, checksums, or nonsense. NULL: no frame of it. */
static __attribute__((noinline)) struct leat_pkt *
rx_odd(struct rxq *q, struct leat_pkt *pkt, uint32_t len, struct virtio_net_hdr hdr)
{
	uint16_t n = leat_le16_to_cpu(hdr.num_buffers) & q->buffers_mask;

	if (len < VIRTIO_NET_HDR_LEN) {
		rx_discard(q, pkt);
		return rx_break(q, "wrote less than a header", len);
	}
	if (n != q->one_buffer && !rx_chain(q, pkt, n))
		return rx_discard(q, pkt);
	if (pkt->total < VIRTIO_NET_ETH_LEN || hdr.gso_type || !rx_csum(q, pkt, &hdr)) {
		leat_store_relaxed(&q->base.errors, q->base.errors + 1);
		return rx_discard(q, pkt);
	}
	return pkt;
}

/* The device's header, read once: what is checked is what is used. */
static inline struct virtio_net_hdr rx_hdr(const void *at)
{
	const volatile virtio_word32 *from = at;
	uint32_t word[3] = { from[0], from[1], from[2] };
	struct virtio_net_hdr hdr;

	memcpy(&hdr, word, sizeof(hdr));
	return hdr;
}

/* The next frame, whatever it is. NULL: dropped, or the queue broken. */
static struct leat_pkt *rx_frame(struct rxq *q)
{
	struct leat_pkt *pkt;
	uint32_t len;

	pkt = rx_take(q, &len);
	if (!pkt)
		return NULL;
	pkt->off = (uint16_t)(RX_HDR_OFF + VIRTIO_NET_HDR_LEN);
	pkt->len = (uint16_t)(len - VIRTIO_NET_HDR_LEN);
	pkt->total = len - VIRTIO_NET_HDR_LEN;
	return rx_odd(q, pkt, len, rx_hdr((const char *)pkt->buf + RX_HDR_OFF));
}

/* Does a header ask for nothing, @one being num_buffers under @mask? */
static inline bool rx_plain(struct virtio_net_hdr hdr, uint16_t one, uint16_t mask)
{
	return !(hdr.flags | hdr.gso_type) & ((leat_le16_to_cpu(hdr.num_buffers) & mask) == one);
}

/*
 * Plain frames as long as they last, at most @n, in registers as rx_post(). What is
 * read here and found to be no plain frame is not used, but read anew by rx_frame().
 */
static uint16_t rx_plain_run(struct rxq *q, struct leat_pkt **pkts, uint16_t n, uint64_t *bytes)
{
	const uint32_t least = VIRTIO_NET_HDR_LEN + VIRTIO_NET_ETH_LEN, most = q->room - least;
	const uint16_t off = (uint16_t)(RX_HDR_OFF + VIRTIO_NET_HDR_LEN);
	const uint16_t one = q->one_buffer, mask = q->buffers_mask;
	struct virtio_split s = q->s;
	struct slot *slot = q->slot;
	uint64_t sum = 0;
	uint16_t i;

	for (i = 0; i < n; i++) {
		uint16_t *id = &q->id[s.taken & s.mask];
		uint64_t used = split_take(&s);
		uint32_t head = (uint32_t)used, len = (uint32_t)(used >> 32);
		struct leat_pkt *pkt;

		if (LEAT_UNLIKELY(head > s.mask || !slot[head].pkt || len - least > most ||
				  !rx_plain(rx_hdr(slot[head].hdr), one, mask)))
			break;
		*id = (uint16_t)head;
		pkt = slot[head].pkt;
		slot[head].pkt = NULL;
		pkt->off = off;
		pkt->len = (uint16_t)(len - VIRTIO_NET_HDR_LEN);
		pkt->total = len - VIRTIO_NET_HDR_LEN;
		pkts[i] = pkt;
		sum += pkt->total;
	}
	q->s.taken = (uint16_t)(q->s.taken + i);
	*bytes += sum;
	return i;
}

/* Call in the headers of the next @n frames, where a device that works in order puts them. */
static inline void rx_prefetch(const struct rxq *q, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		leat_prefetch(q->slot[q->id[(q->s.taken + i) & q->s.mask]].hdr);
}

static uint16_t rx_frames(struct rxq *q, struct leat_pkt **pkts, uint16_t n)
{
	uint16_t most = LEAT_MIN(n, split_have(&q->s)), got;
	uint64_t bytes = 0;

	rx_prefetch(q, most);
	got = rx_plain_run(q, pkts, most, &bytes);
	while (LEAT_UNLIKELY(got < most) && split_have(&q->s) && !q->broken) {
		struct leat_pkt *pkt = rx_frame(q);

		if (!pkt)
			continue;
		pkts[got++] = pkt;
		bytes += pkt->total;
		most = LEAT_MIN(n, (uint16_t)(got + split_have(&q->s)));
		got = (uint16_t)(got + rx_plain_run(q, pkts + got, (uint16_t)(most - got), &bytes));
	}
	leat_store_relaxed(&q->base.packets, q->base.packets + got);
	leat_store_relaxed(&q->base.bytes, q->base.bytes + bytes);
	return got;
}

static uint16_t rx_burst(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	struct rxq *q = rxq_of(base);
	uint16_t got = 0;
	bool filled;

	leat_prefetch(q->s.used);
	filled = rx_fill(q);
	if (split_have(&q->s) < n && LEAT_UNLIKELY(!split_look(&q->s))) {
		rx_break(q, "moved used->idx too far", q->s.taken);
		return 0;
	}
	if (split_have(&q->s))
		got = rx_frames(q, pkts, n);
	if (filled && !q->broken) {
		split_expose(&q->s);
		split_wake(&q->s);
	}
	return got;
}

/* ---- the queue's life ---- */

int leat_virtio_split_rxq_setup(struct virtio_net *net, unsigned int id, struct leat_rxq **out)
{
	uint16_t size = net->port.cfg.rx_desc;
	struct rxq *q = calloc(1, sizeof(*q));
	int err = -ENOMEM;

	if (!q)
		goto fail;
	q->slot = calloc(size, sizeof(*q->slot));
	q->id = calloc(size, sizeof(*q->id));
	if (!q->slot || !q->id)
		goto free_queue;
	q->fill = (uint16_t)LEAT_MIN(FILL, size / 4);
	err = leat_virtio_split_setup(&q->s, net, VIRTIO_NET_RXQ(id), size, 0);
	if (err)
		goto free_queue;
	q->base.direct = rx_burst;
	*out = &q->base;
	return 0;

free_queue:
	free(q->id);
	free(q->slot);
	free(q);
fail:
	if (err == -ENOMEM)
		leat_log(net->port.ctx, LEAT_LOG_ERROR,
			 "%s: receive queue %u: no memory for %u descriptors", net->port.name, id,
			 size);
	return err;
}

void leat_virtio_split_rxq_free(struct leat_rxq *base)
{
	struct rxq *q = rxq_of(base);

	leat_virtio_split_free(&q->s);
	free(q->id);
	free(q->slot);
	free(q);
}

/*
 * The first fill, on the control thread: the queue's cache is another thread's,
 * which may be using it for other queues.
 */
static int rx_fill_first(struct rxq *q, struct leat_pool *pool)
{
	struct leat_pool_cache *cache, *own = q->base.cache;
	int err = leat_pool_cache_create(pool, 0, &cache);

	if (err)
		return err;
	q->base.cache = cache;
	while (rx_fill(q))
		;
	q->base.cache = own;
	leat_pool_cache_destroy(cache);
	if (!q->s.next)
		return leat_fail(q->base.port->ctx, -ENOMEM,
				 "%s: receive queue %u: none of the pool's %u packets is free: "
				 "make the pool larger", q->base.port->name, q->base.id,
				 leat_pool_count(pool));
	return 0;
}

/* The device has no room for the queue's vector: no matter, unless it was asked for by name. */
static int rx_no_vector(struct rxq *q, uint16_t vector)
{
	struct leat_port *port = q->base.port;

	if (port->cfg.intr != LEAT_INTR_AUTO)
		return leat_fail(port->ctx, -ENOTSUP,
				 "%s: receive queue %u: the device refuses MSI-X vector %u: set intr "
				 "to LEAT_INTR_AUTO and poll", port->name, q->base.id, vector);
	leat_log(port->ctx, LEAT_LOG_WARNING,
		 "%s: receive queue %u: the device refuses MSI-X vector %u: the queue can only be "
		 "polled", port->name, q->base.id, vector);
	q->deaf = true;
	return 0;
}

int leat_virtio_split_rxq_start(struct virtio_net *net, struct leat_rxq *base)
{
	struct rxq *q = rxq_of(base);
	uint16_t vector = leat_virtio_rxq_vector(net, base->id);
	int err;

	leat_virtio_split_reset(&q->s, VIRTIO_DESC_F_WRITE);
	for (uint32_t i = 0; i < split_size(&q->s); i++)
		q->id[i] = (uint16_t)i;
	q->room = net->rx_room;
	q->csum = net->vd->features & VIRTIO_NET_F_GUEST_CSUM;
	q->one_buffer = net->vd->features & VIRTIO_NET_F_MRG_RXBUF ? 1 : 0;
	q->buffers_mask = q->one_buffer ? UINT16_MAX : 0;
	q->broken = q->deaf = false;
	q->s.vq.vector = vector;
	err = rx_fill_first(q, net->port.cfg.pool);
	if (err)
		return err;
	err = net->vd->ops->queue_enable(net->vd, &q->s.vq);
	if (!err && q->s.vq.vector != vector)
		err = rx_no_vector(q, vector);
	if (err)
		leat_virtio_split_rxq_stop(base);
	return err;
}

void leat_virtio_split_rxq_kick(struct leat_rxq *base)
{
	split_expose(&rxq_of(base)->s);
	split_wake(&rxq_of(base)->s);
}

/* 2.7.7: flags are a hint, so the ring is looked at behind a full barrier. */
int leat_virtio_split_rxq_arm(struct leat_rxq *base)
{
	struct rxq *q = rxq_of(base);

	if (q->deaf)
		return -ENOTSUP;
	LEAT_WRITE_ONCE(q->s.avail->flags, leat_cpu_to_le16(0));
	leat_dma_mb();		/* V4: flags before used->idx; the device does the opposite */
	return !q->broken && split_state(&q->s) >> 16 != q->s.taken;
}

void leat_virtio_split_rxq_disarm(struct leat_rxq *base)
{
	LEAT_WRITE_ONCE(rxq_of(base)->s.avail->flags, leat_cpu_to_le16(VIRTIO_AVAIL_F_NO_INTERRUPT));
}

void leat_virtio_split_rxq_stop(struct leat_rxq *base)
{
	struct rxq *q = rxq_of(base);

	for (uint32_t i = 0; i < split_size(&q->s); i++) {
		if (q->slot[i].pkt)
			leat_pkt_free(&q->slot[i].pkt, 1);
		q->slot[i].pkt = NULL;
	}
}
