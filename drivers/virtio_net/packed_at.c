// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed_at.c - where the device will write next into a packed ring, for a
 * device that takes over from another (vhost-user) and cannot know.
 *
 * The control thread asks, while no device writes; but the queue's thread may be at work,
 * taking what is used and giving the slots away again. It never passes the position that
 * is looked for, and moves @taken before it writes a slot anew: so a walk over used
 * descriptors holds if @taken stands where it stood. Each time that it does not, the
 * queue has taken some of what is used, of which no more comes: the tries come to an end.
 */
#include "packed.h"

/* All that a ring can have used, twice. */
#define TRIES (2u * UINT16_MAX)

static uint16_t taken_of(const struct virtio_packed *p)
{
	return LEAT_READ_ONCE(p->taken);
}

/* With IN_ORDER a used descriptor at @pos also stands for the buffers before the one it names. */
static uint16_t ahead(const struct virtio_packed *p, uint64_t features, uint16_t pos, uint64_t word)
{
	if (!(features & VIRTIO_F_IN_ORDER))
		return 0;
	return (uint16_t)(packed_id(word) - pos) & (uint16_t)(p->size - 1);
}

static uint16_t rx_walk(const struct virtio_packed_rxq *r, uint16_t pos)
{
	uint16_t n = 0;

	while (n < r->p.size) {
		uint64_t word = packed_read(&r->p, (uint16_t)(pos + n));

		if (!packed_is_used(&r->p, (uint16_t)(pos + n), word))
			break;
		n = (uint16_t)(n + 1 + ahead(&r->p, r->q.features, (uint16_t)(pos + n), word));
	}
	return (uint16_t)(pos + n);
}

uint16_t leat_virtio_packed_rx_at(const struct leat_virtio_queue *vq)
{
	const struct virtio_packed_rxq *r =
		LEAT_CONTAINER_OF((uintptr_t)vq, const struct virtio_packed_rxq, p.vq);
	uint16_t taken, at = 0;

	for (unsigned int i = 0; i < TRIES; i++) {
		taken = taken_of(&r->p);
		leat_dma_rmb();		/* V9: taken before the ring, and after it once more */
		at = rx_walk(r, (uint16_t)(taken + LEAT_READ_ONCE(r->batch)));
		leat_dma_rmb();
		if (taken == taken_of(&r->p))
			break;
	}
	return packed_off_wrap(&r->p, at);
}

/* False: the queue's thread was at it meanwhile. */
static bool tx_walk(const struct virtio_packed_txq *t, uint16_t *pos)
{
	for (uint16_t n = 0; n < t->p.size;) {
		uint64_t word = packed_read(&t->p, *pos);
		uint16_t id = packed_id(word) & (uint16_t)(t->p.size - 1), len;

		if (!packed_is_used(&t->p, *pos, word))
			break;
		len = LEAT_READ_ONCE(t->q.len[id]);
		if (!len)
			return false;
		len = (uint16_t)(len + ahead(&t->p, t->q.features, *pos, word));
		*pos = (uint16_t)(*pos + len);
		n = (uint16_t)(n + len);
	}
	return true;
}

uint16_t leat_virtio_packed_tx_at(const struct leat_virtio_queue *vq)
{
	const struct virtio_packed_txq *t =
		LEAT_CONTAINER_OF((uintptr_t)vq, const struct virtio_packed_txq, p.vq);
	uint16_t taken, at = 0;

	for (unsigned int i = 0; i < TRIES; i++) {
		bool whole;

		taken = at = taken_of(&t->p);
		leat_dma_rmb();		/* V9 */
		whole = tx_walk(t, &at);
		leat_dma_rmb();
		if (whole && taken == taken_of(&t->p))
			break;
	}
	return packed_off_wrap(&t->p, at);
}
