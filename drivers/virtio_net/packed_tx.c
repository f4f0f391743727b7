// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed_tx.c - sending by a packed virtqueue (virtio 1.2, 2.8, 5.1.6.2), to
 * devices that work in order and to those that do not.
 *
 * In order, an id is the head's position, and one used descriptor may stand for all
 * packets up to the one it names. Otherwise ids that came back are used again in turn.
 */
#include "packed_tx.h"
#include "path.h"

#include <errno.h>
#include <stdlib.h>

static struct virtio_packed_txq *of(struct virtio_txq *q)
{
	return LEAT_CONTAINER_OF(q, struct virtio_packed_txq, q);
}

/* ---- what was sent, in any order ---- */

/* Is there a used descriptor of ours? Its id. */
static bool tx_used(struct virtio_packed_txq *t, uint16_t *id)
{
	uint64_t word = packed_read(&t->p, t->p.taken);

	*id = packed_id(word);
	if (t->p.taken == t->q.next || !packed_is_used(&t->p, t->p.taken, word))
		return false;
	if (LEAT_LIKELY(*id < t->q.size && t->q.len[*id]))
		return true;
	leat_virtio_tx_break(&t->q, *id < t->q.size ?
				    "returned a descriptor that it does not have" :
				    "returned a descriptor that there is not", *id);
	return false;
}

static void tx_clean(struct virtio_txq *q, uint16_t want)
{
	struct virtio_packed_txq *t = of(q);
	struct leat_pkt *pkts[VIRTIO_TX_FREE];
	uint16_t n = 0, id;

	while (leat_virtio_tx_room(q) < want && tx_used(t, &id)) {
		pkts[n++] = q->pkt[id];
		t->p.taken = q->clean = (uint16_t)(q->clean + q->len[id]);
		q->len[id] = 0;
		t->ids[t->id_end++ & (q->size - 1)] = id;
		if (n == VIRTIO_TX_FREE) {
			leat_pkt_free_to(q->base.cache, pkts, n);
			n = 0;
		}
	}
	leat_pkt_free_to(q->base.cache, pkts, n);
}

/* ---- what was sent, in order ---- */

/* Take note of a used descriptor, if there is one: all up to the packet it names are sent. */
static bool tx_note(struct virtio_packed_txq *t)
{
	struct virtio_txq *q = &t->q;
	uint64_t word = packed_read(&t->p, t->p.taken);
	uint16_t id = packed_id(word), ahead;

	if (t->p.taken == q->next || !packed_is_used(&t->p, t->p.taken, word))
		return false;
	ahead = (uint16_t)(id - t->p.taken) & (uint16_t)(q->size - 1);
	if (LEAT_UNLIKELY(id >= q->size)) {
		leat_virtio_tx_break(q, "returned a descriptor that there is not", id);
		return false;
	}
	if (LEAT_UNLIKELY(ahead >= (uint16_t)(q->next - t->p.taken) || !q->len[id])) {
		leat_virtio_tx_break(q, "returned a descriptor that it does not have", id);
		return false;
	}
	t->p.taken = t->done = (uint16_t)(t->p.taken + ahead + q->len[id]);
	return true;
}

/* Up to @n positions from @clean on that are heads all, freed as they lie. How many. */
static uint16_t tx_free_run(struct virtio_packed_txq *t, uint16_t n)
{
	struct virtio_txq *q = &t->q;
	uint16_t head = q->clean & (q->size - 1), room = (uint16_t)(q->size - head);

	n = LEAT_MIN(n, room);
	leat_pkt_free_to(q->base.cache, &q->pkt[head], n);
	memset(&q->len[head], 0, n * sizeof(q->len[0]));
	return n;
}

/* The oldest packet. How many positions it had. */
static uint16_t tx_free_one(struct virtio_packed_txq *t)
{
	struct virtio_txq *q = &t->q;
	uint16_t head = q->clean & (q->size - 1), n = q->len[head];

	leat_pkt_free_to(q->base.cache, &q->pkt[head], 1);
	q->len[head] = 0;
	t->chains = (uint16_t)(t->chains - (n != 1));
	return n;
}

static void tx_clean_in_order(struct virtio_txq *q, uint16_t want)
{
	struct virtio_packed_txq *t = of(q);

	while (leat_virtio_tx_room(q) < want) {
		uint16_t done = (uint16_t)(t->done - q->clean), n;

		if (!done) {
			if (!tx_note(t))
				return;
			continue;
		}
		n = LEAT_MIN(done, (uint16_t)(want - leat_virtio_tx_room(q)));
		q->clean = (uint16_t)(q->clean +
				      (LEAT_LIKELY(!t->chains) ? tx_free_run(t, n) : tx_free_one(t)));
	}
}

/* ---- packets of several pieces ---- */

/* A table of descriptors; the ring's one names it (2.8.7). */
static struct virtio_piece tx_table(const struct virtio_packed_txq *t,
				    const struct virtio_piece *pieces, uint16_t n)
{
	size_t off = VIRTIO_DESC_BYTES((size_t)(t->q.next & (t->q.size - 1)) * VIRTIO_TX_TABLE);
	virtio_packed_word *d = (virtio_packed_word *)(void *)((char *)t->q.table + off);

	for (uint16_t i = 0; i < n; i++, d += 2) {
		packed_addr(d, pieces[i].iova);
		d[1] = LEAT_SWAP64(pieces[i].len);
	}
	return (struct virtio_piece){ t->q.table_iova + off, (uint32_t)VIRTIO_DESC_BYTES(n) };
}

static void tx_piece(struct virtio_packed_txq *t, uint16_t pos, const struct virtio_piece *piece,
		     uint16_t id, uint16_t flags)
{
	virtio_packed_word *d = packed_desc(&t->p, pos);

	packed_addr(d, piece->iova);
	leat_dma_wmb();		/* V7: whatever is behind the head in the chain, too */
	packed_give(d, piece->len, id, (uint16_t)(flags | packed_avail(t->p.size, pos)));
}

static void tx_push(struct virtio_txq *q, struct leat_pkt *pkt, const struct virtio_piece *pieces,
		    uint16_t n, bool indirect)
{
	struct virtio_packed_txq *t = of(q);
	bool in_order = q->features & VIRTIO_F_IN_ORDER;
	uint16_t mask = (uint16_t)(q->size - 1), len = indirect ? 1 : n;
	uint16_t id = in_order ? q->next & mask : t->ids[t->id_next++ & mask];
	struct virtio_piece table;

	q->pkt[id] = pkt;
	q->len[id] = len;
	t->chains = (uint16_t)(t->chains + (len != 1));
	if (indirect) {
		table = tx_table(t, pieces, n);
		tx_piece(t, q->next, &table, id, VIRTIO_DESC_F_INDIRECT);
	}
	for (uint16_t i = n; !indirect && i--;)	/* the head last: it gives the device all */
		tx_piece(t, (uint16_t)(q->next + i), &pieces[i], id,
			 i + 1 < n ? VIRTIO_DESC_F_NEXT : 0);
	q->next = (uint16_t)(q->next + len);
}

static const struct virtio_txq_ops tx_any = { tx_clean, tx_push };
static const struct virtio_txq_ops tx_in_order = { tx_clean_in_order, tx_push };

/* ---- the queue's life ---- */

int leat_virtio_packed_txq_setup(struct virtio_net *net, unsigned int id, struct leat_txq **out)
{
	struct virtio_packed_txq *t = calloc(1, sizeof(*t));
	size_t extra;
	int err;

	if (!t)
		goto no_memory;
	err = leat_virtio_txq_init(&t->q, net, id, &tx_any, &extra);
	if (err)
		goto free_queue;
	t->ids = calloc(t->q.size, sizeof(*t->ids));
	if (!t->ids)
		goto fini;
	err = leat_virtio_packed_setup(&t->p, net, VIRTIO_NET_TXQ(id), t->q.size, extra);
	if (err)
		goto free_ids;
	t->p.vq.at = leat_virtio_packed_tx_at;
	*out = &t->q.base;
	return 0;

free_ids:
	free(t->ids);
	leat_virtio_txq_fini(&t->q);
free_queue:
	free(t);
	return err;
fini:
	leat_virtio_txq_fini(&t->q);
	free(t);
no_memory:
	return leat_fail(net->port.ctx, -ENOMEM, "%s: transmit queue %u: no memory for it",
			 net->port.name, id);
}

void leat_virtio_packed_txq_free(struct leat_txq *base)
{
	struct virtio_packed_txq *t = packed_txq_of(base);

	leat_virtio_packed_free(&t->p);
	free(t->ids);
	leat_virtio_txq_fini(&t->q);
	free(t);
}

int leat_virtio_packed_txq_start(struct virtio_net *net, struct leat_txq *base)
{
	struct virtio_packed_txq *t = packed_txq_of(base);
	bool in_order = net->vd->features & VIRTIO_F_IN_ORDER;

	leat_virtio_packed_reset(&t->p);
	leat_virtio_txq_reset(&t->q, net, (char *)t->p.mem.va + t->p.extra_off,
			      t->p.mem.iova + t->p.extra_off);
	for (uint32_t i = 0; i < t->q.size; i++)
		t->ids[i] = (uint16_t)i;
	t->id_next = t->id_end = t->done = t->chains = 0;
	t->q.ops = in_order ? &tx_in_order : &tx_any;
	base->direct = leat_virtio_path(leat_virtio_packed_paths, t->q.features)->tx;
	return net->vd->ops->queue_enable(net->vd, &t->p.vq);
}

void leat_virtio_packed_txq_stop(struct leat_txq *base)
{
	leat_virtio_txq_empty(&packed_txq_of(base)->q);
}
