// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/txq.c - transmit queues of both ring formats: packets that are not
 * plain, and a queue's life (virtio 1.2, 5.1.6.2).
 */
#include "txq.h"
#include "hdr.h"

#include <errno.h>
#include <stdlib.h>

/* The longest a device may be given to cut: what the length of an IP packet can say. */
#define GSO_MAX (VIRTIO_NET_FRAME_ADD + UINT16_MAX)

LEAT_COLD void leat_virtio_tx_break(struct virtio_txq *q, const char *what, unsigned int value)
{
	struct leat_port *port = q->base.port;

	q->broken = true;
	q->base.burst = leat_tx_nothing;
	leat_log(port->ctx, LEAT_LOG_ERROR,
		 "%s: transmit queue %u stopped: the device %s (%u): stop and start the port",
		 port->name, q->base.id, what, value);
	leat_port_notify(port, LEAT_EVENT_ERROR);
}

/* ---- packets that are not plain ---- */

/* The header that @pkt needs. False: what it asks for cannot be. */
static bool tx_describe(const struct virtio_txq *q, struct leat_pkt *pkt,
			struct virtio_net_hdr_hash *hdr)
{
	uint32_t most = pkt->flags & LEAT_PKT_TSO ? GSO_MAX : q->frame_max;

	return pkt->nsegs <= q->max_segs && pkt->total >= VIRTIO_NET_ETH_LEN &&
	       pkt->total <= most && leat_virtio_hdr_tx(q->features, pkt, hdr);
}

/* Segments from @seg on that hold data: empty descriptors are not allowed everywhere. */
static uint16_t tx_segs(struct virtio_piece *pieces, const struct leat_pkt *seg)
{
	uint16_t n = 0;

	for (; seg; seg = seg->next)
		if (seg->len)
			pieces[n++] = (struct virtio_piece){ leat_pkt_iova(seg), seg->len };
	return n;
}

/* The header in front of the first segment, or in a piece of its own. */
static uint16_t tx_pieces(const struct virtio_txq *q, const struct leat_pkt *pkt,
			  const struct virtio_net_hdr_hash *hdr, bool inside,
			  struct virtio_piece *pieces)
{
	uint16_t head = q->next & (q->size - 1);

	if (inside) {
		memcpy(leat_virtio_tx_hdr(pkt, q->hdr_len), hdr, q->hdr_len);
		pieces[0].iova = leat_pkt_iova(pkt) - q->hdr_len;
		pieces[0].len = (uint32_t)pkt->len + q->hdr_len;
		return (uint16_t)(1 + tx_segs(pieces + 1, pkt->next));
	}
	memcpy(&q->extra[head].hdr, hdr, q->hdr_len);
	pieces[0].iova = q->extra_iova + head * sizeof(q->extra[0]);
	pieces[0].len = q->hdr_len;
	return (uint16_t)(1 + tx_segs(pieces + 1, pkt));
}

/* The next packet has one descriptor, and so many buffers beyond one. */
static void tx_hold(struct virtio_txq *q, uint16_t beyond)
{
	q->held[q->held_next++ & (q->size - 1)] = (struct virtio_tx_held){ q->next, beyond };
	q->beyond = (uint16_t)(q->beyond + beyond);
}

void leat_virtio_tx_forget(struct virtio_txq *q)
{
	while (q->held_clean != q->held_next) {
		const struct virtio_tx_held *h = &q->held[q->held_clean & (q->size - 1)];

		if ((int16_t)(q->clean - h->pos) <= 0)
			return;
		q->beyond = (uint16_t)(q->beyond - h->beyond);
		q->held_clean++;
	}
}

static __attribute__((noinline)) int tx_refuse(struct virtio_txq *q, struct leat_pkt *pkt)
{
	leat_store_relaxed(&q->base.errors, q->base.errors + 1);
	leat_pkt_free_to(q->base.cache, &pkt, 1);
	return 0;
}

__attribute__((noinline)) int leat_virtio_tx_odd(struct virtio_txq *q, struct leat_pkt *pkt)
{
	struct virtio_piece pieces[VIRTIO_NET_SEGS_MAX + 1];
	struct virtio_net_hdr_hash hdr;
	bool inside, indirect;
	uint16_t need, n;

	if (!tx_describe(q, pkt, &hdr))
		return tx_refuse(q, pkt);
	inside = leat_load_acquire(&pkt->refs) == 1 && pkt->off >= q->hdr_len;
	need = (uint16_t)(pkt->nsegs + !inside);
	indirect = q->table && need > VIRTIO_TX_DIRECT && need <= VIRTIO_TX_TABLE;
	if (leat_virtio_tx_room(q) < need) {
		q->ops->clean(q, need);
		leat_virtio_tx_cleaned(q);
	}
	if (q->broken || leat_virtio_tx_room(q) < need)
		return -EAGAIN;
	n = tx_pieces(q, pkt, &hdr, inside, pieces);
	if (indirect)
		tx_hold(q, (uint16_t)(pkt->nsegs - 1));
	q->ops->push(q, pkt, pieces, n, indirect);
	return 1;
}

void leat_virtio_txq_descs(struct leat_txq *base, struct leat_descs *out)
{
	const struct virtio_txq *q = leat_virtio_txq_of(base);

	out->device = (uint16_t)(q->next - q->clean);
}

/* ---- the queue's life ---- */

int leat_virtio_txq_init(struct virtio_txq *q, struct virtio_net *net, unsigned int id,
			 const struct virtio_txq_ops *ops, size_t *bytes)
{
	uint16_t size = net->port.cfg.tx_desc;

	q->size = size;
	q->ops = ops;
	q->pkt = calloc(size, sizeof(struct leat_pkt *));
	q->len = calloc(size, sizeof(*q->len));
	q->held = calloc(size, sizeof(*q->held));
	*bytes = size * sizeof(struct virtio_tx_extra);
	if (net->wanted & VIRTIO_F_INDIRECT_DESC)
		*bytes += VIRTIO_DESC_BYTES((size_t)size * VIRTIO_TX_TABLE);
	if (q->pkt && q->len && q->held)
		return 0;
	leat_virtio_txq_fini(q);
	leat_log(net->port.ctx, LEAT_LOG_ERROR,
		 "%s: transmit queue %u: no memory for %u descriptors", net->port.name, id, size);
	return -ENOMEM;
}

void leat_virtio_txq_fini(struct virtio_txq *q)
{
	free(q->held);
	free(q->len);
	free(q->pkt);
}

/*
 * All of a plain packet's header is 0 (5.1.6.2.1). But a program that plays a device does not
 * look at num_buffers: what it wrote there itself, 1 for a frame in one buffer (5.1.6.4.1), stays
 * when the frame is sent back, or the line would cross twice for each.
 */
static uint32_t hdr_zero(const struct virtio_net *net)
{
	const uint32_t num_buffers = UINT32_C(1) << 16;

	if (net->hdr_len == VIRTIO_NET_HDR_LEN_LEGACY)
		return LEAT_SWAP32(num_buffers - 1);
	return LEAT_SWAP32(net->vd->dev->ops->software ? ~num_buffers : UINT32_MAX);
}

void leat_virtio_txq_reset(struct virtio_txq *q, const struct virtio_net *net, void *va,
			   leat_iova_t iova)
{
	size_t extra = q->size * sizeof(struct virtio_tx_extra);
	bool tables = net->vd->features & net->wanted & VIRTIO_F_INDIRECT_DESC;

	q->features = net->vd->features;
	q->hdr_len = net->hdr_len;
	q->hdr_zero = hdr_zero(net);
	q->frame_max = net->frame_max;
	q->max_segs = net->port.caps.max_segs;
	q->next = q->clean = 0;
	q->held_next = q->held_clean = q->beyond = 0;
	q->broken = false;
	q->demote = net->vd->demote;
	q->extra = va;
	q->extra_iova = iova;
	q->table = tables ? (char *)va + extra : NULL;
	q->table_iova = iova + extra;
	memset(q->len, 0, q->size * sizeof(*q->len));
}

void leat_virtio_txq_empty(struct virtio_txq *q)
{
	for (uint32_t i = 0; i < q->size; i++) {
		if (q->len[i])
			leat_pkt_free(&q->pkt[i], 1);
		q->len[i] = 0;
	}
}
