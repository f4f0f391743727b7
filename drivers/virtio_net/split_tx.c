// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/split_tx.c - sending by a split virtqueue (virtio 1.2, 2.7, 5.1.6.2).
 *
 * Descriptors are taken in ring order and come free in that order too: a chain
 * that the device finishes early waits for those before it. With a device that keeps up
 * neither descriptors nor headers change. With IN_ORDER what was sent is known from
 * used->idx alone, and no used entry is read.
 */
#include "split_tx.h"
#include "path.h"

#include <errno.h>
#include <stdlib.h>

#define DONE UINT16_C(0x8000)	/* in len[]: the device is through with it */

static struct virtio_split_txq *of(struct virtio_txq *q)
{
	return LEAT_CONTAINER_OF(q, struct virtio_split_txq, q);
}

/* ---- what was sent, in any order ---- */

/* Mark the chains of the next @n used entries. */
static bool tx_mark(struct virtio_split_txq *t, uint16_t n)
{
	while (n--) {
		uint32_t head = (uint32_t)split_take(&t->s);

		if (LEAT_UNLIKELY(head > t->s.mask)) {
			leat_virtio_tx_break(&t->q, "returned a descriptor that there is not", head);
			return false;
		}
		if (LEAT_UNLIKELY((uint16_t)(t->q.len[head] - 1) >= DONE - 1)) {
			leat_virtio_tx_break(&t->q, "returned a descriptor that it does not have",
					     head);
			return false;
		}
		t->q.len[head] |= DONE;
	}
	return true;
}

/* Free the packets at the old end whose chains are done. */
static void tx_free(struct virtio_txq *q)
{
	struct leat_pkt *pkts[VIRTIO_TX_FREE];
	uint16_t i;

	for (i = 0; i < VIRTIO_TX_FREE; i++) {
		uint16_t head = q->clean & (uint16_t)(q->size - 1);

		if (!(q->len[head] & DONE))
			break;
		q->clean = (uint16_t)(q->clean + (q->len[head] & ~DONE));
		q->len[head] = 0;
		pkts[i] = q->pkt[head];
	}
	leat_pkt_free_to(q->base.cache, pkts, i);
}

/*
 * The common case: the oldest chains, one descriptor each, done in order. How many
 * of the next @n used entries are so; it stops at the ring's end.
 */
static uint16_t tx_run(const struct virtio_split_txq *t, uint16_t n)
{
	uint16_t at = t->s.taken & t->s.mask, head = t->q.clean & t->s.mask, i, room;
	const struct virtio_used_elem *used = &t->s.used->ring[at];
	const uint16_t *len = &t->q.len[head];

	room = (uint16_t)(t->s.mask + 1 - LEAT_MAX(head, at));
	n = LEAT_MIN(n, room);
	for (i = 0; i < n; i++)
		if (split_id(&used[i]) != (uint32_t)(head + i) || len[i] != 1)
			break;
	return i;
}

/* Until @want descriptors are free, or nothing is left of what is known to be done. */
static void tx_clean_known(struct virtio_txq *q, uint16_t want)
{
	struct virtio_split_txq *t = of(q);

	while (leat_virtio_tx_room(q) < want) {
		uint16_t n = (uint16_t)(want - leat_virtio_tx_room(q)), run;

		/* Chains that came back early wait here for those before them, a run too. */
		if (LEAT_UNLIKELY(q->len[q->clean & t->s.mask] & DONE)) {
			tx_free(q);
			continue;
		}
		n = LEAT_MIN(n, split_have(&t->s));
		if (!n)
			return;
		run = tx_run(t, n);
		t->s.taken = (uint16_t)(t->s.taken + run);
		if (LEAT_LIKELY(run))
			split_tx_free_run(q, run);
		else if (!tx_mark(t, LEAT_MIN(n, (uint16_t)VIRTIO_TX_FREE)))
			return;
	}
}

/* ---- what was sent, in order ---- */

/* The next @n heads were sent. @n is more than 0. */
static void tx_free_in_order(struct virtio_split_txq *t, uint16_t n)
{
	uint16_t head = t->q.clean & t->s.mask, room = (uint16_t)(t->s.mask + 1 - head), len;

	if (LEAT_LIKELY(!t->chains)) {
		n = LEAT_MIN(n, room);
		t->s.taken = (uint16_t)(t->s.taken + n);
		split_tx_free_run(&t->q, n);
		return;
	}
	len = t->q.len[head];
	t->s.taken++;
	split_tx_free_run(&t->q, 1);
	t->q.clean = (uint16_t)(t->q.clean + len - 1);
	t->chains = (uint16_t)(t->chains - (len != 1));
}

static void tx_clean_known_in_order(struct virtio_txq *q, uint16_t want)
{
	struct virtio_split_txq *t = of(q);

	while (leat_virtio_tx_room(q) < want && split_have(&t->s))
		tx_free_in_order(t, LEAT_MIN((uint16_t)(want - leat_virtio_tx_room(q)),
					     split_have(&t->s)));
}

/* ---- both ---- */

static void tx_known(struct virtio_txq *q, uint16_t want)
{
	if (q->features & VIRTIO_F_IN_ORDER)
		tx_clean_known_in_order(q, want);
	else
		tx_clean_known(q, want);
}

static void tx_clean(struct virtio_txq *q, uint16_t want)
{
	tx_known(q, want);
	if (leat_virtio_tx_room(q) >= want || q->broken)
		return;
	if (LEAT_LIKELY(split_look(&of(q)->s)))
		tx_known(q, want);
	else
		leat_virtio_tx_break(q, "moved used->idx too far", of(q)->s.taken);
}

/* ---- what is to be sent ---- */

/*
 * Plain packets as long as they last: everything in registers, because the compiler
 * must think that each store to the ring could change the queue. How many were pushed.
 */
static uint16_t tx_plain_run(struct virtio_txq *q, struct leat_pkt **pkts, uint16_t n,
			     uint64_t *bytes)
{
	struct virtio_split_txq *t = of(q);
	struct virtio_split s = t->s;
	struct leat_pkt **sw = t->q.pkt;
	uint16_t pos = t->q.next, *len = t->q.len, i;
	const uint16_t hdr_len = t->q.hdr_len;
	const uint32_t frame_max = t->q.frame_max;
	const uint32_t zero = t->q.hdr_zero;
	const bool demote = t->q.demote;
	bool moves = false;
	uint64_t sum = 0;

	n = LEAT_MIN(n, leat_virtio_tx_room(&t->q));
	for (i = 0; i < n; i++) {
		struct leat_pkt *pkt = pkts[i];
		uint16_t id = pos & s.mask;

		if (LEAT_UNLIKELY(!leat_virtio_tx_plain(pkt, hdr_len, frame_max)))
			break;
		leat_virtio_tx_clear(leat_virtio_tx_hdr(pkt, hdr_len), hdr_len, zero);
		if (demote)
			leat_virtio_tx_demote(pkt);
		moves |= split_desc(&s, id, leat_pkt_iova(pkt) - hdr_len,
				    (uint32_t)pkt->len + hdr_len, 0, 0);
		split_push(&s, id);
		sw[id] = pkt;
		len[id] = 1;
		pos++;
		sum += pkt->len;
	}
	t->s.next = s.next;
	t->q.next = pos;
	t->s.moves = moves;
	*bytes += sum;
	return i;
}

/* A table of descriptors; the ring's one names it (2.7.5.3). */
static void tx_table(struct virtio_split_txq *t, const struct virtio_piece *pieces, uint16_t n)
{
	uint16_t head = t->q.next & t->s.mask;
	size_t off = VIRTIO_DESC_BYTES((size_t)head * VIRTIO_TX_TABLE);
	struct virtio_split table = { .desc = (void *)((char *)t->q.table + off) };

	for (uint16_t i = 0; i < n; i++)
		split_desc(&table, i, pieces[i].iova, pieces[i].len,
			   i + 1 < n ? VIRTIO_DESC_F_NEXT : 0, (uint16_t)(i + 1 < n ? i + 1 : 0));
	split_desc(&t->s, head, t->q.table_iova + off, (uint32_t)VIRTIO_DESC_BYTES(n),
		   VIRTIO_DESC_F_INDIRECT, 0);
}

static void tx_chain(struct virtio_split_txq *t, const struct virtio_piece *pieces, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		uint16_t id = (uint16_t)(t->q.next + i) & t->s.mask;
		bool more = i + 1 < n;

		split_desc(&t->s, id, pieces[i].iova, pieces[i].len, more ? VIRTIO_DESC_F_NEXT : 0,
			   more ? (uint16_t)((id + 1) & t->s.mask) : 0);
	}
}

static void tx_push(struct virtio_txq *q, struct leat_pkt *pkt, const struct virtio_piece *pieces,
		    uint16_t n, bool indirect)
{
	struct virtio_split_txq *t = of(q);
	uint16_t head = q->next & t->s.mask, len = indirect ? 1 : n;

	if (indirect)
		tx_table(t, pieces, n);
	else
		tx_chain(t, pieces, n);
	q->pkt[head] = pkt;
	q->len[head] = len;
	q->next = (uint16_t)(q->next + len);
	t->chains = (uint16_t)(t->chains + (len != 1));
	split_push(&t->s, head);
}

static const struct virtio_txq_ops tx_ops = { tx_clean, tx_push };

uint16_t leat_virtio_split_tx(struct leat_txq *base, struct leat_pkt **pkts, uint16_t n)
{
	struct virtio_split_txq *t = split_txq_of(base);
	struct virtio_txq *q = &t->q;
	uint16_t want = LEAT_MIN(LEAT_MAX(n, VIRTIO_TX_AHEAD), q->size), before = t->s.next, sent;

	if (LEAT_UNLIKELY(!n)) {
		tx_clean(q, q->size);
		leat_virtio_tx_cleaned(q);
		return 0;
	}
	leat_prefetch(t->s.used);
	split_ahead(&t->s, q->next, LEAT_MIN(n, VIRTIO_TX_AHEAD));
	if (leat_virtio_tx_room(q) < n)
		tx_clean(q, LEAT_MIN(n, q->size));
	leat_virtio_tx_cleaned(q);
	if (LEAT_UNLIKELY(q->broken))
		return 0;
	sent = leat_virtio_tx_packets(q, pkts, n, tx_plain_run, NULL);
	if (t->s.next != before) {
		split_expose(&t->s);
		tx_known(q, want);	/* while the index is on its way */
		split_wake(&t->s);
	}
	if (leat_virtio_tx_room(q) < want)
		tx_clean(q, want);
	return sent;
}

/* ---- the queue's life ---- */

int leat_virtio_split_txq_setup(struct virtio_net *net, unsigned int id, struct leat_txq **out)
{
	struct virtio_split_txq *t = calloc(1, sizeof(*t));
	size_t extra;
	int err;

	if (!t)
		return leat_fail(net->port.ctx, -ENOMEM, "%s: transmit queue %u: no memory for it",
				 net->port.name, id);
	err = leat_virtio_txq_init(&t->q, net, id, &tx_ops, &extra);
	if (err)
		goto free_queue;
	err = leat_virtio_split_setup(&t->s, net, VIRTIO_NET_TXQ(id), t->q.size, extra);
	if (err)
		goto fini;
	*out = &t->q.base;
	return 0;

fini:
	leat_virtio_txq_fini(&t->q);
free_queue:
	free(t);
	return err;
}

void leat_virtio_split_txq_free(struct leat_txq *base)
{
	struct virtio_split_txq *t = split_txq_of(base);

	leat_virtio_split_free(&t->s);
	leat_virtio_txq_fini(&t->q);
	free(t);
}

int leat_virtio_split_txq_start(struct virtio_net *net, struct leat_txq *base)
{
	struct virtio_split_txq *t = split_txq_of(base);

	leat_virtio_split_reset(&t->s, net);
	leat_virtio_txq_reset(&t->q, net, (char *)t->s.mem.va + t->s.extra_off,
			      t->s.mem.iova + t->s.extra_off);
	t->chains = 0;
	base->direct = leat_virtio_path(leat_virtio_split_paths, t->q.features)->tx;
	return net->vd->ops->queue_enable(net->vd, &t->s.vq);
}

void leat_virtio_split_txq_stop(struct leat_txq *base)
{
	leat_virtio_txq_empty(&split_txq_of(base)->q);
}
