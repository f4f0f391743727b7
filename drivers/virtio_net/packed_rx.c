// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed_rx.c - receiving by a packed virtqueue (virtio 1.2, 2.8, 5.1.6.3,
 * 5.1.6.4), by any device: the ids may come back in any order.
 */
#include "packed_rx.h"
#include "path.h"

#include <leat/bits.h>

#include <errno.h>
#include <stdlib.h>

#define FILL_MAX 64	/* buffers taken from the pool at a time, at most */

static struct virtio_packed_rxq *of(struct virtio_rxq *q)
{
	return LEAT_CONTAINER_OF(q, struct virtio_packed_rxq, q);
}

/* ---- refill ---- */

static uint16_t rx_missing(const struct virtio_packed_rxq *r)
{
	return (uint16_t)(r->p.size - (uint16_t)(r->next - r->p.taken));
}

/* As many of @n buffers as a chunk takes. */
static unsigned int rx_post_some(struct virtio_packed_rxq *r, struct leat_pkt *const *pkts,
				 unsigned int n)
{
	const uint64_t word = r->q.room | packed_flags((uint16_t)(packed_avail(r->p.size, r->next) |
								  VIRTIO_DESC_F_WRITE));
	const uint16_t off = r->q.hdr_off, *ids = &r->q.id[r->next & (r->p.size - 1)];
	struct virtio_slot *slots = r->q.slot;
	struct packed_chunk c;

	n = packed_chunk_room(&r->p, r->next, (uint16_t)n);
	for (unsigned int i = 0; i < n; i++) {
		struct leat_pkt *pkt = pkts[i];

		slots[ids[i]].pkt = pkt;
		slots[ids[i]].hdr = (char *)pkt->buf + off;
		packed_compose(&c, i, pkt->iova + off, word | (uint64_t)ids[i] << 32);
	}
	packed_copy(packed_desc(&r->p, r->next), &c, n);
	r->next = (uint16_t)(r->next + n);
	return n;
}

static void rx_post(struct virtio_packed_rxq *r, struct leat_pkt *const *pkts, unsigned int n)
{
	for (unsigned int done = 0; done < n;)
		done += rx_post_some(r, pkts + done, n - done);
}

static bool rx_fill(struct virtio_rxq *q)
{
	struct virtio_packed_rxq *r = of(q);
	struct leat_pkt *pkts[FILL_MAX];
	unsigned int missing = rx_missing(r), n;
	uint16_t before = r->next;

	while (missing >= q->fill) {
		n = LEAT_MIN(missing, FILL_MAX);
		if (LEAT_UNLIKELY(!leat_pkt_alloc(q->base.cache, pkts, n))) {
			n = leat_virtio_rx_scarce(q, pkts, n);
			missing = n;		/* no second try in this burst */
		}
		rx_post(r, pkts, n);
		missing -= n;
	}
	return r->next != before;
}

/* ---- frames, one by one ---- */

/*
 * How many buffers the used descriptor @word at @pos stands for: with IN_ORDER also those
 * before the one it names, which the device filled (2.8.11).
 */
static uint16_t rx_span(const struct virtio_packed_rxq *r, uint16_t pos, uint64_t word)
{
	uint16_t ahead = (uint16_t)(packed_id(word) - pos) & (uint16_t)(r->p.size - 1);

	if (!(r->q.features & VIRTIO_F_IN_ORDER) || packed_id(word) >= r->p.size ||
	    ahead >= (uint16_t)(r->next - pos))
		return 1;
	return (uint16_t)(ahead + 1);
}

/* The used descriptor at @pos, whose id is @id's. False: broken. */
static bool rx_next(struct virtio_packed_rxq *r, uint16_t pos, uint16_t *id)
{
	uint64_t word = packed_read(&r->p, pos);
	uint16_t said = packed_id(word);

	r->batch = rx_span(r, pos, word);
	r->batch_len = (uint32_t)word;
	if (LEAT_UNLIKELY(said >= r->p.size))
		return leat_virtio_rx_break(&r->q, "returned a descriptor that there is not", said);
	if (!(r->q.features & VIRTIO_F_IN_ORDER))
		*id = said;
	else if (LEAT_UNLIKELY(r->batch == 1 && said != *id))
		return leat_virtio_rx_break(&r->q, "returned a descriptor out of order", said);
	return true;
}

static struct leat_pkt *rx_take(struct virtio_rxq *q, uint32_t *len)
{
	struct virtio_packed_rxq *r = of(q);
	uint16_t pos = r->p.taken, *id = &q->id[pos & (r->p.size - 1)];

	if (!r->batch && !rx_next(r, pos, id))
		return NULL;
	r->p.taken++;
	*len = --r->batch ? q->room : r->batch_len;
	return leat_virtio_rx_claim(q, *id, *len);
}

static bool rx_have(struct virtio_rxq *q, unsigned int n)
{
	struct virtio_packed_rxq *r = of(q);
	uint16_t pos = (uint16_t)(r->p.taken + r->batch);

	while ((uint16_t)(pos - r->p.taken) < n) {
		uint64_t word = packed_read(&r->p, pos);

		if (pos == r->next || !packed_is_used(&r->p, pos, word))
			return false;
		pos = (uint16_t)(pos + rx_span(r, pos, word));
	}
	return true;
}

static const struct virtio_rxq_ops rx_ops = { rx_take, rx_have, rx_fill };

/* ---- the queue's life ---- */

int leat_virtio_packed_rxq_setup(struct virtio_net *net, unsigned int id, struct leat_rxq **out)
{
	struct virtio_packed_rxq *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return leat_fail(net->port.ctx, -ENOMEM, "%s: receive queue %u: no memory for it",
				 net->port.name, id);
	err = leat_virtio_rxq_init(&r->q, net, id, &rx_ops);
	if (err)
		goto free_queue;
	err = leat_virtio_packed_setup(&r->p, net, VIRTIO_NET_RXQ(id), r->q.size, 0);
	if (err)
		goto fini;
	r->p.vq.at = leat_virtio_packed_rx_at;
	*out = &r->q.base;
	return 0;

fini:
	leat_virtio_rxq_fini(&r->q);
free_queue:
	free(r);
	return err;
}

void leat_virtio_packed_rxq_free(struct leat_rxq *base)
{
	struct virtio_packed_rxq *r = packed_rxq_of(base);

	leat_virtio_packed_free(&r->p);
	leat_virtio_rxq_fini(&r->q);
	free(r);
}

int leat_virtio_packed_rxq_start(struct virtio_net *net, struct leat_rxq *base)
{
	struct virtio_packed_rxq *r = packed_rxq_of(base);
	const struct virtio_path *path;

	leat_virtio_packed_reset(&r->p);
	leat_virtio_rxq_reset(&r->q, net);
	r->next = r->batch = 0;
	path = leat_virtio_path(leat_virtio_packed_paths, r->q.features);
	base->direct = leat_virtio_rx_looks(net) ? path->rx : path->rx_blind;
	return leat_virtio_rxq_enable(&r->q, net, &r->p.vq);
}

void leat_virtio_packed_rxq_kick(struct leat_rxq *base)
{
	struct virtio_packed_rxq *r = packed_rxq_of(base);

	packed_wake(&r->p, r->p.taken, r->next);
}

/* 2.8.14: as with split rings, the ring is looked at behind a full barrier. */
int leat_virtio_packed_rxq_arm(struct leat_rxq *base)
{
	struct virtio_packed_rxq *r = packed_rxq_of(base);

	if (r->q.deaf)
		return -ENOTSUP;
	LEAT_WRITE_ONCE(r->p.driver->flags, leat_cpu_to_le16(VIRTIO_PACKED_EVENT_ENABLE));
	leat_dma_mb();		/* V8: the event before the ring; the device does the opposite */
	return !r->q.broken && packed_rx_waits(r);
}

void leat_virtio_packed_rxq_descs(struct leat_rxq *base, struct leat_descs *out)
{
	const struct virtio_packed_rxq *r = packed_rxq_of(base);
	uint16_t pos = (uint16_t)(r->p.taken + r->batch);

	while (pos != r->next) {
		uint64_t word = packed_read(&r->p, pos);

		if (!packed_is_used(&r->p, pos, word))
			break;
		pos = (uint16_t)(pos + rx_span(r, pos, word));
	}
	out->done = (uint16_t)(pos - r->p.taken);
	out->device = (uint16_t)(r->next - pos);
}

void leat_virtio_packed_rxq_disarm(struct leat_rxq *base)
{
	LEAT_WRITE_ONCE(packed_rxq_of(base)->p.driver->flags,
			leat_cpu_to_le16(VIRTIO_PACKED_EVENT_DISABLE));
}

void leat_virtio_packed_rxq_stop(struct leat_rxq *base)
{
	leat_virtio_rxq_empty(&packed_rxq_of(base)->q);
}
