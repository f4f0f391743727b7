// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/rxq.c - receive queues of both ring formats: frames that are not
 * plain, and a queue's life (virtio 1.2, 5.1.6.3, 5.1.6.4).
 */
#include "rxq.h"
#include "hdr.h"

#include <leat/bits.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILL 32		/* buffers missing before they are taken from the pool */

LEAT_COLD void *leat_virtio_rx_break(struct virtio_rxq *q, const char *what,
				     unsigned long long value)
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

/* ---- frames ---- */

struct leat_pkt *leat_virtio_rx_claim(struct virtio_rxq *q, uint32_t id, uint32_t len)
{
	struct leat_pkt *pkt;

	if (LEAT_UNLIKELY(id >= q->size))
		return leat_virtio_rx_break(q, "returned a descriptor that there is not", id);
	pkt = q->slot[id].pkt;
	if (LEAT_UNLIKELY(!pkt))
		return leat_virtio_rx_break(q, "returned a descriptor that it does not have", id);
	q->slot[id].pkt = NULL;
	if (LEAT_UNLIKELY(len > q->room)) {
		leat_pkt_free_to(q->base.cache, &pkt, 1);
		return leat_virtio_rx_break(q, "wrote past the end of a buffer", len);
	}
	return pkt;
}

static struct leat_pkt *rx_discard(struct virtio_rxq *q, struct leat_pkt *pkt)
{
	leat_pkt_free_to(q->base.cache, &pkt, 1);
	return NULL;
}

/* Hang the @n - 1 other buffers of a frame behind its first (5.1.6.4, MRG_RXBUF). */
static bool rx_chain(struct virtio_rxq *q, struct leat_pkt *head, unsigned int n)
{
	struct leat_pkt *last = head;

	if (!n || n > UINT8_MAX || n > q->size) {
		leat_virtio_rx_break(q, "says that a frame has an absurd number of buffers", n);
		return false;
	}
	if (!q->ops->have(q, n - 1)) {
		if (!q->broken)
			leat_virtio_rx_break(q, "did not return all buffers of a frame at once", n);
		return false;
	}
	while (--n) {
		uint32_t len;
		struct leat_pkt *pkt = q->ops->take(q, &len);

		if (!pkt)
			return false;
		pkt->off = q->hdr_off;
		pkt->len = (uint16_t)len;
		head->total += len;
		head->nsegs++;
		last->next = pkt;
		last = pkt;
	}
	return true;
}

/* The device's header, read once, by halfwords: what is checked is what is used. */
static struct virtio_net_hdr_hash rx_hdr(const struct virtio_rxq *q, const struct leat_pkt *pkt)
{
	const volatile leat_le16 *from = (const void *)((const char *)pkt->buf + q->hdr_off);
	leat_le16 half[sizeof(struct virtio_net_hdr_hash) / sizeof(leat_le16)] = { 0 };
	struct virtio_net_hdr_hash hdr;

	for (unsigned int i = 0; i < q->hdr_len / sizeof(half[0]); i++)
		half[i] = from[i];
	memcpy(&hdr, half, sizeof(hdr));
	return hdr;
}

struct leat_pkt *leat_virtio_rx_frame(struct virtio_rxq *q)
{
	struct virtio_net_hdr_hash hdr;
	struct leat_pkt *pkt;
	uint32_t len;
	uint16_t n;

	pkt = q->ops->take(q, &len);
	if (!pkt)
		return NULL;
	if (len < q->hdr_len) {
		rx_discard(q, pkt);
		return leat_virtio_rx_break(q, "wrote less than a header", len);
	}
	leat_virtio_rx_plain(pkt, len, q->hdr_len, (uint16_t)(q->hdr_off + q->hdr_len));
	hdr = rx_hdr(q, pkt);
	n = leat_le16_to_cpu(hdr.hdr.num_buffers) & q->buffers_mask;
	if (n != q->one_buffer && !rx_chain(q, pkt, n))
		return rx_discard(q, pkt);
	if (leat_virtio_hdr_rx(q->features, pkt, &hdr))
		return pkt;
	leat_store_relaxed(&q->base.errors, q->base.errors + 1);
	return rx_discard(q, pkt);
}

/* In ever smaller handfuls. */
LEAT_COLD unsigned int leat_virtio_rx_scarce(struct virtio_rxq *q, struct leat_pkt **pkts,
					     unsigned int n)
{
	leat_store_relaxed(&q->base.nobuf, q->base.nobuf + 1);
	while (n > 1) {
		n /= 2;
		if (leat_pkt_alloc(q->base.cache, pkts, n))
			return n;
	}
	return 0;
}

/* ---- the queue's life ---- */

int leat_virtio_rxq_init(struct virtio_rxq *q, struct virtio_net *net, unsigned int id,
			 const struct virtio_rxq_ops *ops)
{
	uint16_t size = net->port.cfg.rx_desc;

	q->size = size;
	q->ops = ops;
	q->fill = (uint16_t)LEAT_MIN(FILL, size / 4);
	q->slot = calloc(size, sizeof(*q->slot));
	q->id = calloc(size, sizeof(*q->id));
	if (q->slot && q->id)
		return 0;
	leat_virtio_rxq_fini(q);
	leat_log(net->port.ctx, LEAT_LOG_ERROR,
		 "%s: receive queue %u: no memory for %u descriptors", net->port.name, id, size);
	return -ENOMEM;
}

void leat_virtio_rxq_fini(struct virtio_rxq *q)
{
	free(q->id);
	free(q->slot);
}

void leat_virtio_rxq_reset(struct virtio_rxq *q, const struct virtio_net *net)
{
	for (uint32_t i = 0; i < q->size; i++)
		q->id[i] = (uint16_t)i;
	q->features = net->vd->features;
	q->room = net->rx_room;
	q->hdr_len = net->hdr_len;
	q->hdr_off = (uint16_t)(LEAT_PKT_HEADROOM - net->hdr_len);
	q->one_buffer = q->features & VIRTIO_NET_F_MRG_RXBUF ? 1 : 0;
	q->buffers_mask = q->one_buffer ? UINT16_MAX : 0;
	q->broken = q->deaf = false;
	q->fresh.off = LEAT_PKT_HEADROOM;
	q->fresh.cap = (uint16_t)(LEAT_PKT_HEADROOM + leat_pool_buf_size(net->port.cfg.pool));
	q->fresh.nsegs = q->fresh.refs = 1;
}

/*
 * The first fill, on the control thread: the queue's cache is another thread's,
 * which may be using it for other queues.
 */
static int rx_fill_first(struct virtio_rxq *q, struct leat_pool *pool)
{
	struct leat_pool_cache *cache, *own = q->base.cache;
	int err = leat_pool_cache_create(pool, 0, &cache);
	bool some = false;

	if (err)
		return err;
	q->base.cache = cache;
	while (q->ops->fill(q))
		some = true;
	q->base.cache = own;
	leat_pool_cache_destroy(cache);
	if (!some)
		return leat_fail(q->base.port->ctx, -ENOMEM,
				 "%s: receive queue %u: none of the pool's %u packets is free: "
				 "make the pool larger", q->base.port->name, q->base.id,
				 leat_pool_count(pool));
	return 0;
}

/* The device has no room for the queue's vector: no matter, unless it was asked for by name. */
static int rx_no_vector(struct virtio_rxq *q, uint16_t vector)
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

int leat_virtio_rxq_enable(struct virtio_rxq *q, struct virtio_net *net,
			   struct leat_virtio_queue *vq)
{
	uint16_t vector = leat_virtio_rxq_vector(net, q->base.id);
	int err = rx_fill_first(q, net->port.cfg.pool);

	if (err)
		return err;
	vq->vector = vector;
	err = net->vd->ops->queue_enable(net->vd, vq);
	if (!err && vq->vector != vector)
		err = rx_no_vector(q, vector);
	if (err)
		leat_virtio_rxq_empty(q);
	return err;
}

void leat_virtio_rxq_empty(struct virtio_rxq *q)
{
	for (uint32_t i = 0; i < q->size; i++) {
		if (q->slot[i].pkt)
			leat_pkt_free(&q->slot[i].pkt, 1);
		q->slot[i].pkt = NULL;
	}
}
