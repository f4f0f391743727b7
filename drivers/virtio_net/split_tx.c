// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/split_tx.c - sending by a split virtqueue (virtio 1.2, 5.1.6.2).
 *
 * Descriptors are taken in ring order and come free in that order too: a chain
 * that the device finishes early waits for those before it. A plain packet is
 * one descriptor, the header in its headroom. What was sent is freed late and
 * in bulk: just enough descriptors for the next burst, whose packets the
 * application then takes from its cache and sends by those very descriptors,
 * so that with a device that keeps up neither descriptors nor headers change.
 */
#include "split.h"

#include <errno.h>
#include <stdlib.h>

#define AHEAD	  32	/* descriptors kept free for the next burst, at least */
#define CLEAN_MAX 64	/* packets freed at a time */

#define DONE	  UINT16_C(0x8000)	/* in len[]: the device is through with it */

/* Nothing that a plain packet has. What no device of ours can do is an error, not a surprise. */
#define ODD_FLAGS (LEAT_PKT_CSUM_PARTIAL | LEAT_PKT_TSO | LEAT_PKT_VLAN)
#define BAD_FLAGS (LEAT_PKT_TSO | LEAT_PKT_VLAN)

struct txq {
	struct leat_txq	base;
	struct virtio_split s;
	struct leat_pkt	**pkt;		/* by head descriptor */
	uint16_t	*len;		/* by head descriptor: of its chain, and DONE; 0: no head */
	uint16_t	desc_next;	/* positions of descriptors, as those in @s */
	uint16_t	desc_clean;	/* [clean, next) are in use */
	uint16_t	max_segs;
	uint32_t	frame_max;
	struct virtio_net_hdr *hdr;	/* by head descriptor: for packets without room for it */
	leat_iova_t	hdr_iova;
	bool		csum;
	bool		broken;
};

static struct txq *txq_of(struct leat_txq *base)
{
	return LEAT_CONTAINER_OF(base, struct txq, base);
}

static uint16_t tx_room(const struct txq *q)
{
	return (uint16_t)(q->s.mask + 1 - (uint16_t)(q->desc_next - q->desc_clean));
}

static LEAT_COLD void tx_break(struct txq *q, const char *what, unsigned int value)
{
	struct leat_port *port = q->base.port;

	q->broken = true;
	q->base.burst = leat_tx_nothing;
	leat_log(port->ctx, LEAT_LOG_ERROR,
		 "%s: transmit queue %u stopped: the device %s (%u): stop and start the port",
		 port->name, q->base.id, what, value);
	leat_port_notify(port, LEAT_EVENT_ERROR);
}

/* ---- what was sent ---- */

/* Mark the chains of the next @n used entries. */
static bool tx_mark(struct txq *q, uint16_t n)
{
	while (n--) {
		uint32_t head = (uint32_t)split_take(&q->s);

		if (LEAT_UNLIKELY(head > q->s.mask)) {
			tx_break(q, "returned a descriptor that there is not", head);
			return false;
		}
		if (LEAT_UNLIKELY((uint16_t)(q->len[head] - 1) >= DONE - 1)) {
			tx_break(q, "returned a descriptor that it does not have", head);
			return false;
		}
		q->len[head] |= DONE;
	}
	return true;
}

/* Free the packets at the old end whose chains are done, up to @n. */
static void tx_free(struct txq *q, uint16_t n)
{
	struct leat_pkt *pkts[CLEAN_MAX];
	uint16_t i;

	for (i = 0; i < n; i++) {
		uint16_t head = q->desc_clean & q->s.mask;

		if (!(q->len[head] & DONE))
			break;
		q->desc_clean = (uint16_t)(q->desc_clean + (q->len[head] & ~DONE));
		q->len[head] = 0;
		pkts[i] = q->pkt[head];
	}
	leat_pkt_free_to(q->base.cache, pkts, i);
}

/*
 * The common case: the oldest chains, one descriptor each, done in order. How many
 * of the next @n used entries are so; it stops at the ring's end.
 */
static uint16_t tx_run(const struct txq *q, uint16_t n)
{
	const struct virtio_used_elem *used = &q->s.used->ring[q->s.taken & q->s.mask];
	uint16_t head = q->desc_clean & q->s.mask;
	const uint16_t *len = &q->len[head];
	uint16_t i, room;

	room = (uint16_t)(q->s.mask + 1 - LEAT_MAX(head, q->s.taken & q->s.mask));
	if (n > room)
		n = room;
	for (i = 0; i < n; i++)
		if (split_id(&used[i]) != (uint32_t)(head + i) || len[i] != 1)
			break;
	return i;
}

static void tx_free_run(struct txq *q, uint16_t n)
{
	uint16_t head = q->desc_clean & q->s.mask;

	leat_pkt_free_to(q->base.cache, &q->pkt[head], n);
	memset(&q->len[head], 0, n * sizeof(q->len[0]));
	q->s.taken = (uint16_t)(q->s.taken + n);
	q->desc_clean = (uint16_t)(q->desc_clean + n);
}

/* Until @want descriptors are free, or nothing is left of what is known to be done. */
static void tx_clean_known(struct txq *q, uint16_t want)
{
	while (tx_room(q) < want) {
		uint16_t n = LEAT_MIN((uint16_t)(want - tx_room(q)), split_have(&q->s)), run;

		/* Chains that came back early wait here for those before them, a run too. */
		if (LEAT_UNLIKELY(q->len[q->desc_clean & q->s.mask] & DONE)) {
			tx_free(q, CLEAN_MAX);
			continue;
		}
		if (!n)
			return;
		run = tx_run(q, n);
		if (LEAT_LIKELY(run))
			tx_free_run(q, run);
		else if (!tx_mark(q, LEAT_MIN(n, (uint16_t)CLEAN_MAX)))
			return;
	}
}

/* Until @want descriptors are free, or the device has done no more. */
static void tx_clean(struct txq *q, uint16_t want)
{
	tx_clean_known(q, want);
	if (tx_room(q) >= want || q->broken)
		return;
	if (LEAT_LIKELY(split_look(&q->s)))
		tx_clean_known(q, want);
	else
		tx_break(q, "moved used->idx too far", q->s.taken);
}

/* ---- what is to be sent ---- */

static inline char *tx_hdr(const struct leat_pkt *pkt)
{
	return (char *)leat_pkt_data(pkt) - VIRTIO_NET_HDR_LEN;
}

/* One segment that is ours alone, with headroom, nothing asked for, of a sane length? */
static inline bool tx_plain(const struct leat_pkt *pkt, uint32_t frame_max)
{
	return (pkt->nsegs == 1) & (leat_load_acquire(&pkt->refs) == 1) &
	       !(pkt->flags & ODD_FLAGS) & (pkt->off >= VIRTIO_NET_HDR_LEN) &
	       ((uint32_t)pkt->len - VIRTIO_NET_ETH_LEN <= frame_max - VIRTIO_NET_ETH_LEN);
}

/* The header of a plain frame is zero; more often than not it is already. */
static inline void tx_hdr_clear(char *hdr)
{
	uint64_t lo;
	uint32_t hi;

	memcpy(&lo, hdr, sizeof(lo));
	memcpy(&hi, hdr + sizeof(lo), sizeof(hi));
	if (lo | hi)
		memset(hdr, 0, VIRTIO_NET_HDR_LEN);
}

/* The chain of @n descriptors from desc_next on, filled in, is @pkt's. */
static inline void tx_push(struct txq *q, struct leat_pkt *pkt, uint16_t n)
{
	uint16_t head = q->desc_next & q->s.mask;

	q->pkt[head] = pkt;
	q->len[head] = n;
	q->desc_next = (uint16_t)(q->desc_next + n);
	split_push(&q->s, head);
}

/*
 * Plain packets as long as they last: everything in registers, because the compiler
 * must think that each store to the ring could change the queue. How many were pushed.
 */
static uint16_t tx_plain_run(struct txq *q, struct leat_pkt **pkts, uint16_t n, uint64_t *bytes)
{
	struct virtio_split s = q->s;
	struct leat_pkt **sw = q->pkt;
	uint16_t pos = q->desc_next, *len = q->len, i;
	const uint32_t frame_max = q->frame_max;
	uint64_t sum = 0;

	n = LEAT_MIN(n, tx_room(q));
	for (i = 0; i < n; i++) {
		struct leat_pkt *pkt = pkts[i];
		uint16_t id = pos & s.mask;

		if (LEAT_UNLIKELY(!tx_plain(pkt, frame_max)))
			break;
		tx_hdr_clear(tx_hdr(pkt));
		split_desc(&s, id, leat_pkt_iova(pkt) - VIRTIO_NET_HDR_LEN,
			   (uint32_t)pkt->len + VIRTIO_NET_HDR_LEN, 0, 0);
		split_push(&s, id);
		sw[id] = pkt;
		len[id] = 1;
		pos++;
		sum += pkt->len;
	}
	q->s.next = s.next;
	q->desc_next = pos;
	*bytes += sum;
	return i;
}

/* The header that @pkt needs. False: what it asks for cannot be. */
static bool tx_describe(const struct txq *q, struct leat_pkt *pkt, struct virtio_net_hdr *hdr)
{
	memset(hdr, 0, sizeof(*hdr));
	if (pkt->flags & BAD_FLAGS || pkt->nsegs > q->max_segs ||
	    pkt->total < VIRTIO_NET_ETH_LEN || pkt->total > q->frame_max)
		return false;
	if (!(pkt->flags & LEAT_PKT_CSUM_PARTIAL))
		return true;
	if (!q->csum || (pkt->flags & LEAT_PKT_CSUM_CRC32C))
		return !leat_pkt_csum_finish(pkt);
	hdr->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	hdr->csum_start = leat_cpu_to_le16(pkt->csum_start);
	hdr->csum_offset = leat_cpu_to_le16(pkt->csum_off);
	return (uint32_t)pkt->csum_start + pkt->csum_off + 2 <= pkt->total;
}

/* Fill the @n-th descriptor from desc_next on; @more follow. */
static void tx_link(struct txq *q, uint16_t n, leat_iova_t iova, uint32_t len, bool more)
{
	uint16_t id = (uint16_t)(q->desc_next + n) & q->s.mask;

	split_desc(&q->s, id, iova, len, more ? VIRTIO_DESC_F_NEXT : 0,
		   more ? (uint16_t)((id + 1) & q->s.mask) : 0);
}

/* From @seg on, the first that holds data: empty descriptors are not allowed everywhere. */
static const struct leat_pkt *filled(const struct leat_pkt *seg)
{
	while (seg && !seg->len)
		seg = seg->next;
	return seg;
}

/* Segments from @seg on, behind the first descriptor; the number there are then. */
static uint16_t tx_segs(struct txq *q, const struct leat_pkt *seg)
{
	uint16_t n = 1;

	while (seg) {
		const struct leat_pkt *next = filled(seg->next);

		tx_link(q, n++, leat_pkt_iova(seg), seg->len, next != NULL);
		seg = next;
	}
	return n;
}

/* The header in front of the first segment, or in a descriptor of its own. */
static uint16_t tx_chain(struct txq *q, struct leat_pkt *pkt, const struct virtio_net_hdr *hdr,
			 bool inside)
{
	const struct leat_pkt *rest = filled(inside ? pkt->next : pkt);
	uint16_t head = q->desc_next & q->s.mask;

	if (inside) {
		memcpy(tx_hdr(pkt), hdr, sizeof(*hdr));
		tx_link(q, 0, leat_pkt_iova(pkt) - VIRTIO_NET_HDR_LEN,
			(uint32_t)pkt->len + VIRTIO_NET_HDR_LEN, rest != NULL);
	} else {
		memcpy(&q->hdr[head], hdr, sizeof(*hdr));
		tx_link(q, 0, q->hdr_iova + head * sizeof(*hdr), VIRTIO_NET_HDR_LEN, true);
	}
	return tx_segs(q, rest);
}

/*
 * A packet that is not plain. Its header goes in front of the first segment if that
 * has room and nobody else reads it. 1: pushed. 0: impossible to send, freed and
 * counted. -EAGAIN: no descriptors for it now.
 */
static __attribute__((noinline)) int tx_odd(struct txq *q, struct leat_pkt *pkt)
{
	bool inside = leat_load_acquire(&pkt->refs) == 1 && pkt->off >= VIRTIO_NET_HDR_LEN;
	uint16_t need = (uint16_t)(pkt->nsegs + !inside);
	struct virtio_net_hdr hdr;

	if (!tx_describe(q, pkt, &hdr)) {
		leat_store_relaxed(&q->base.errors, q->base.errors + 1);
		leat_pkt_free_to(q->base.cache, &pkt, 1);
		return 0;
	}
	if (tx_room(q) < need)
		tx_clean(q, need);
	if (q->broken || tx_room(q) < need)
		return -EAGAIN;
	tx_push(q, pkt, tx_chain(q, pkt, &hdr, inside));
	return 1;
}

/* How many of @pkts are no longer the caller's. */
static uint16_t tx_packets(struct txq *q, struct leat_pkt **pkts, uint16_t n)
{
	uint64_t bytes = 0, sent = 0;
	uint16_t i = 0;

	while (i < n) {
		uint16_t run = tx_plain_run(q, pkts + i, (uint16_t)(n - i), &bytes);
		uint32_t total;
		int err;

		i = (uint16_t)(i + run);
		sent += run;
		if (LEAT_LIKELY(i == n))
			break;
		total = pkts[i]->total;
		err = tx_odd(q, pkts[i]);
		if (err < 0)
			break;
		i++;
		sent += (unsigned int)err;
		bytes += err ? total : 0;
	}
	leat_store_relaxed(&q->base.packets, q->base.packets + sent);
	leat_store_relaxed(&q->base.bytes, q->base.bytes + bytes);
	return i;
}

static uint16_t tx_burst(struct leat_txq *base, struct leat_pkt **pkts, uint16_t n)
{
	struct txq *q = txq_of(base);
	uint16_t size = split_size(&q->s), before = q->s.next;
	uint16_t want = LEAT_MIN(LEAT_MAX(n, AHEAD), size), sent;

	if (LEAT_UNLIKELY(!n)) {
		tx_clean(q, size);
		return 0;
	}
	leat_prefetch(q->s.used);
	if (tx_room(q) < n)
		tx_clean(q, LEAT_MIN(n, size));
	if (LEAT_UNLIKELY(q->broken))
		return 0;
	sent = tx_packets(q, pkts, n);
	if (q->s.next != before) {
		split_expose(&q->s);
		tx_clean_known(q, want);	/* while the index is on its way */
		split_wake(&q->s);
	}
	if (tx_room(q) < want)
		tx_clean(q, want);
	return sent;
}

/* ---- the queue's life ---- */

int leat_virtio_split_txq_setup(struct virtio_net *net, unsigned int id, struct leat_txq **out)
{
	uint16_t size = net->port.cfg.tx_desc;
	struct txq *q = calloc(1, sizeof(*q));
	int err = -ENOMEM;

	if (!q)
		goto fail;
	q->pkt = calloc(size, sizeof(struct leat_pkt *));
	q->len = calloc(size, sizeof(*q->len));
	if (!q->pkt || !q->len)
		goto free_queue;
	err = leat_virtio_split_setup(&q->s, net, VIRTIO_NET_TXQ(id), size,
				      size * sizeof(*q->hdr));
	if (err)
		goto free_queue;
	q->hdr = (struct virtio_net_hdr *)(void *)((char *)q->s.mem.va + q->s.extra_off);
	q->hdr_iova = q->s.mem.iova + q->s.extra_off;
	q->base.direct = tx_burst;
	*out = &q->base;
	return 0;

free_queue:
	free(q->len);
	free(q->pkt);
	free(q);
fail:
	if (err == -ENOMEM)
		leat_log(net->port.ctx, LEAT_LOG_ERROR,
			 "%s: transmit queue %u: no memory for %u descriptors", net->port.name, id,
			 size);
	return err;
}

void leat_virtio_split_txq_free(struct leat_txq *base)
{
	struct txq *q = txq_of(base);

	leat_virtio_split_free(&q->s);
	free(q->len);
	free(q->pkt);
	free(q);
}

int leat_virtio_split_txq_start(struct virtio_net *net, struct leat_txq *base)
{
	struct txq *q = txq_of(base);

	leat_virtio_split_reset(&q->s, 0);
	q->desc_next = q->desc_clean = 0;
	q->max_segs = net->port.caps.max_segs;
	q->frame_max = net->frame_max;
	q->csum = net->vd->features & VIRTIO_NET_F_CSUM;
	q->broken = false;
	return net->vd->ops->queue_enable(net->vd, &q->s.vq);
}

void leat_virtio_split_txq_stop(struct leat_txq *base)
{
	struct txq *q = txq_of(base);

	for (uint32_t i = 0; i < split_size(&q->s); i++) {
		if (q->len[i])
			leat_pkt_free(&q->pkt[i], 1);
		q->len[i] = 0;
	}
}
