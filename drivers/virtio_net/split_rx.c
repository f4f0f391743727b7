// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/split_rx.c - receiving by a split virtqueue (virtio 1.2, 2.7, 5.1.6.3,
 * 5.1.6.4): refill, frames one by one, and the queue's life.
 *
 * While a device works in order the avail ring is never written: each id stays in its
 * slot. Nor are descriptors whose buffers come back to them.
 */
#include "split_rx.h"
#include "path.h"

#include <errno.h>
#include <stdlib.h>

#define FILL_MAX 64	/* buffers taken from the pool at a time, at most */

static struct virtio_split_rxq *of(struct virtio_rxq *q)
{
	return LEAT_CONTAINER_OF(q, struct virtio_split_rxq, q);
}

/* ---- refill ---- */

/* In registers, because the compiler must think that each store to the ring could change @r. */
static void rx_post(struct virtio_split_rxq *r, struct leat_pkt *const *pkts, unsigned int n)
{
	const uint16_t off = r->q.hdr_off, *ids = r->q.id;
	struct virtio_slot *slots = r->q.slot;
	const uint32_t room = r->q.room;
	struct virtio_split s = r->s;
	bool moves = false;

	for (unsigned int i = 0; i < n; i++) {
		struct leat_pkt *pkt = pkts[i];
		uint16_t id = ids[s.next & s.mask];

		slots[id].pkt = pkt;
		slots[id].hdr = (char *)pkt->buf + off;
		moves |= split_desc(&s, id, pkt->iova + off, room, VIRTIO_DESC_F_WRITE, 0);
		split_push(&s, id);
	}
	r->s.next = s.next;
	r->s.moves = moves;
}

static uint16_t rx_missing(const struct virtio_split_rxq *r)
{
	return (uint16_t)(split_size(&r->s) - (uint16_t)(r->s.next - r->s.taken));
}

static bool rx_fill(struct virtio_rxq *q)
{
	struct virtio_split_rxq *r = of(q);
	struct leat_pkt *pkts[FILL_MAX];
	unsigned int missing = rx_missing(r), n;
	uint16_t before = r->s.next;

	while (missing >= q->fill) {
		n = LEAT_MIN(missing, FILL_MAX);
		if (LEAT_UNLIKELY(!leat_pkt_alloc(q->base.cache, pkts, n))) {
			n = leat_virtio_rx_scarce(q, pkts, n);
			missing = n;		/* no second try in this burst */
		}
		rx_post(r, pkts, n);
		missing -= n;
	}
	return r->s.next != before;
}

/* ---- frames, one by one ---- */

/*
 * The used entry at taken, and the id it is about. With IN_ORDER one that names a later
 * buffer is for those before it, too, which the device filled (2.7.9). False: broken.
 */
static bool rx_next(struct virtio_split_rxq *r, uint32_t *id)
{
	uint16_t at = r->s.taken & r->s.mask, *slot = &r->q.id[at], ahead;
	struct virtio_split s = r->s;
	uint64_t used = split_take(&s);

	*id = (uint32_t)used;
	r->batch = 1;
	r->batch_len = (uint32_t)(used >> 32);
	if (*id > s.mask)
		return true;		/* to be found out by who claims it */
	if (!(r->q.features & VIRTIO_F_IN_ORDER)) {
		*slot = (uint16_t)*id;
		return true;
	}
	ahead = (uint16_t)(*id - at) & s.mask;
	if (LEAT_UNLIKELY(ahead >= split_have(&r->s)))
		return leat_virtio_rx_break(&r->q, "returned a descriptor out of order", *id);
	r->batch = (uint16_t)(ahead + 1);
	return true;
}

static struct leat_pkt *rx_take(struct virtio_rxq *q, uint32_t *len)
{
	struct virtio_split_rxq *r = of(q);
	uint32_t id = 0;

	if (!r->batch && !rx_next(r, &id))
		return NULL;
	if (id <= r->s.mask)
		id = q->id[r->s.taken & r->s.mask];
	r->s.taken++;
	*len = --r->batch ? q->room : r->batch_len;
	return leat_virtio_rx_claim(q, id, *len);
}

static bool rx_have(struct virtio_rxq *q, unsigned int n)
{
	struct virtio_split_rxq *r = of(q);

	return split_have(&r->s) >= n || (split_look(&r->s) && split_have(&r->s) >= n);
}

static const struct virtio_rxq_ops rx_ops = { rx_take, rx_have, rx_fill };

/* ---- the queue's life ---- */

int leat_virtio_split_rxq_setup(struct virtio_net *net, unsigned int id, struct leat_rxq **out)
{
	struct virtio_split_rxq *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return leat_fail(net->port.ctx, -ENOMEM, "%s: receive queue %u: no memory for it",
				 net->port.name, id);
	err = leat_virtio_rxq_init(&r->q, net, id, &rx_ops);
	if (err)
		goto free_queue;
	err = leat_virtio_split_setup(&r->s, net, VIRTIO_NET_RXQ(id), r->q.size, 0);
	if (err)
		goto fini;
	*out = &r->q.base;
	return 0;

fini:
	leat_virtio_rxq_fini(&r->q);
free_queue:
	free(r);
	return err;
}

void leat_virtio_split_rxq_free(struct leat_rxq *base)
{
	struct virtio_split_rxq *r = split_rxq_of(base);

	leat_virtio_split_free(&r->s);
	leat_virtio_rxq_fini(&r->q);
	free(r);
}

int leat_virtio_split_rxq_start(struct virtio_net *net, struct leat_rxq *base)
{
	struct virtio_split_rxq *r = split_rxq_of(base);
	const struct virtio_path *path;

	leat_virtio_split_reset(&r->s, net);
	leat_virtio_rxq_reset(&r->q, net);
	r->batch = 0;
	path = leat_virtio_path(leat_virtio_split_paths, r->q.features);
	base->direct = leat_virtio_rx_looks(net) ? path->rx : path->rx_blind;
	return leat_virtio_rxq_enable(&r->q, net, &r->s.vq);
}

void leat_virtio_split_rxq_expose(struct leat_rxq *base)
{
	split_expose(&split_rxq_of(base)->s);
}

void leat_virtio_split_rxq_kick(struct leat_rxq *base)
{
	split_wake(&split_rxq_of(base)->s);
}

/* 2.7.7: flags are a hint, so the ring is looked at behind a full barrier. */
int leat_virtio_split_rxq_arm(struct leat_rxq *base)
{
	struct virtio_split_rxq *r = split_rxq_of(base);

	if (r->q.deaf)
		return -ENOTSUP;
	split_interrupts(&r->s, true);
	leat_dma_mb();		/* V4: flags before used->idx; the device does the opposite */
	return !r->q.broken && split_state(&r->s) >> 16 != r->s.taken;
}

void leat_virtio_split_rxq_descs(struct leat_rxq *base, struct leat_descs *out)
{
	const struct virtio_split *s = &split_rxq_of(base)->s;
	uint16_t have = (uint16_t)(s->next - s->taken);
	uint16_t done = (uint16_t)((uint16_t)(split_state(s) >> 16) - s->taken);

	out->done = LEAT_MIN(done, have);
	out->device = (uint16_t)(have - out->done);
}

void leat_virtio_split_rxq_disarm(struct leat_rxq *base)
{
	split_interrupts(&split_rxq_of(base)->s, false);
}

void leat_virtio_split_rxq_stop(struct leat_rxq *base)
{
	leat_virtio_rxq_empty(&split_rxq_of(base)->q);
}
