// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/split.h - a split virtqueue as its driver sees it (virtio 1.2, 2.7).
 *
 * Two processes or a CPU and a device hand cache lines back and forth here, so
 * what need not be written is not: a word that already has its value is left
 * alone and stays shared. used->idx and avail->idx have lines of their own,
 * away from the entries behind them.
 *
 * The device is not trusted: each word of the used ring is read once and
 * checked, and what is read back from memory that the device could have
 * written is only ever compared with what should be there.
 */
#ifndef LEAT_VIRTIO_SPLIT_H
#define LEAT_VIRTIO_SPLIT_H

#include "rxq.h"
#include "txq.h"

#include <leat/barrier.h>

#include <string.h>

/* Whole words over the spec's structs. */
typedef uint32_t __attribute__((may_alias)) virtio_word32;
typedef uint64_t __attribute__((may_alias)) virtio_word64;
/* Used entries, which a legacy device has four bytes behind the start of a page. */
typedef uint64_t __attribute__((may_alias, aligned(4))) virtio_used64;

/*
 * struct virtio_split - the ring and the positions in it, which run free and
 * wrap at 65536: [taken, seen) are used entries to take, [taken, next) is what
 * the device has or was about to get.
 */
struct virtio_split {
	struct virtio_desc  *desc;
	struct virtio_avail *avail;
	struct virtio_used  *used;
	uint16_t	mask;		/* size - 1 */
	uint16_t	next;		/* avail entries filled */
	uint16_t	taken;		/* used entries taken */
	uint16_t	seen;		/* used->idx as last read */
	uint16_t	told;		/* avail->idx as the device was last told of it */
	bool		events;		/* EVENT_IDX: notifications by index, not by flags */
	bool		moves;		/* the last packets had other descriptors than a lap before */

	struct leat_virtio_queue vq;	/* as the device knows it */
	struct leat_aspace *as;
	struct leat_mem	mem;
	size_t		extra_off;	/* where the @extra bytes of setup lie in @mem */
};

/* Memory for a ring of @size, and @extra bytes behind it. 0 or -errno, logged. */
int leat_virtio_split_setup(struct virtio_split *s, struct virtio_net *net, uint16_t index,
			    uint16_t size, size_t extra);
void leat_virtio_split_free(struct virtio_split *s);

/* As new: empty, no interrupts wanted. */
void leat_virtio_split_reset(struct virtio_split *s, const struct virtio_net *net);

/* ---- verbs of leat_virtio_split: split_rx.c, split_tx.c ---- */

int leat_virtio_split_rxq_setup(struct virtio_net *net, unsigned int id, struct leat_rxq **out);
void leat_virtio_split_rxq_free(struct leat_rxq *base);
int leat_virtio_split_rxq_start(struct virtio_net *net, struct leat_rxq *base);
void leat_virtio_split_rxq_expose(struct leat_rxq *base);
void leat_virtio_split_rxq_kick(struct leat_rxq *base);
void leat_virtio_split_rxq_stop(struct leat_rxq *base);
int leat_virtio_split_rxq_arm(struct leat_rxq *base);
void leat_virtio_split_rxq_disarm(struct leat_rxq *base);
void leat_virtio_split_rxq_descs(struct leat_rxq *base, struct leat_descs *out);
int leat_virtio_split_txq_setup(struct virtio_net *net, unsigned int id, struct leat_txq **out);
void leat_virtio_split_txq_free(struct leat_txq *base);
int leat_virtio_split_txq_start(struct virtio_net *net, struct leat_txq *base);
void leat_virtio_split_txq_stop(struct leat_txq *base);

#define SPLIT_LINE 4		/* descriptors in a line */

static inline uint16_t split_size(const struct virtio_split *s)
{
	return (uint16_t)(s->mask + 1);
}

/* Used entries known to wait. */
static inline uint16_t split_have(const struct virtio_split *s)
{
	return (uint16_t)(s->seen - s->taken);
}

/* used->flags in the low half, used->idx in the high: they share a word. */
static inline uint32_t split_state(const struct virtio_split *s)
{
	uint32_t word = *(const volatile virtio_word32 *)(const void *)s->used;

	leat_dma_rmb();		/* V1: idx before the entries it vouches for */
	return LEAT_SWAP32(word);
}

/* Take note of used->idx. False: it claims more than the device was given. */
static inline bool split_note(struct virtio_split *s, uint16_t idx)
{
	if (LEAT_UNLIKELY((uint16_t)(idx - s->taken) > (uint16_t)(s->next - s->taken)))
		return false;
	s->seen = idx;
	return true;
}

static inline bool split_look(struct virtio_split *s)
{
	return split_note(s, (uint16_t)(split_state(s) >> 16));
}

/* The next used entry, read once: id in the low half, length in the high. */
static inline uint64_t split_take(struct virtio_split *s)
{
	const struct virtio_used_elem *e = &s->used->ring[s->taken++ & s->mask];

	return LEAT_SWAP64(*(const volatile virtio_used64 *)(const void *)e);
}

/* The id alone. */
static inline uint32_t split_id(const struct virtio_used_elem *e)
{
	return leat_le32_to_cpu(LEAT_READ_ONCE(e->id));
}

/* True: its address is another than before. */
static inline bool split_desc(struct virtio_split *s, uint16_t id, leat_iova_t addr, uint32_t len,
			      uint16_t flags, uint16_t next)
{
	virtio_word64 *d = (virtio_word64 *)(void *)&s->desc[id];
	uint64_t lo = LEAT_SWAP64(addr);
	uint64_t hi = LEAT_SWAP64(len | (uint64_t)flags << 32 | (uint64_t)next << 48);
	bool moved = d[0] != lo;

	if (moved)
		d[0] = lo;
	if (d[1] != hi)
		d[1] = hi;
	return moved;
}

/*
 * Call in the lines of @n descriptors from @pos on, which are next in turn, if they will have to be
 * written; others stay shared.
 */
static inline void split_ahead(const struct virtio_split *s, uint16_t pos, uint16_t n)
{
	for (uint16_t i = 0; s->moves && i < n; i += SPLIT_LINE)
		leat_prefetch_write(&s->desc[(pos + i) & s->mask]);
}

/* The head of the next chain; it is the device's after publish. */
static inline void split_push(struct virtio_split *s, uint16_t id)
{
	leat_le16 *slot = &s->avail->ring[s->next++ & s->mask];
	leat_le16 v = leat_cpu_to_le16(id);

	if (*slot != v)
		*slot = v;
}

/* Give the device what was pushed... */
static inline void split_expose(struct virtio_split *s)
{
	leat_dma_wmb();		/* V2: descriptors and entries before the index */
	LEAT_WRITE_ONCE(s->avail->idx, leat_cpu_to_le16(s->next));
}

/* Does the device, whose flags and index are @state, want to hear of it? */
static inline bool split_wanted(const struct virtio_split *s, uint32_t state)
{
	const leat_le16 *event = VIRTIO_AVAIL_EVENT(s->used, split_size(s));

	if (!s->events)
		return !(state & VIRTIO_USED_F_NO_NOTIFY);
	return virtio_event_passed(leat_le16_to_cpu(LEAT_READ_ONCE(*event)), s->next, s->told);
}

/* ...and wake it if it sleeps (2.7.13.4). */
static inline void split_wake(struct virtio_split *s)
{
	uint32_t state;

	leat_dma_mb();		/* V3: index before flags; devices going to sleep do the opposite */
	state = split_state(s);
	if (split_wanted(s, state))
		s->vq.ring(&s->vq, s->next);
	s->told = s->next;
	(void)split_note(s, (uint16_t)(state >> 16));	/* a lie is noticed by the next look */
}

/* Be interrupted with the next used entry, or not at all (2.7.7). */
static inline void split_interrupts(struct virtio_split *s, bool on)
{
	leat_le16 *event = VIRTIO_USED_EVENT(s->avail, split_size(s));

	if (s->events)		/* what was passed is not passed again before the index wraps */
		LEAT_WRITE_ONCE(*event, leat_cpu_to_le16((uint16_t)(s->taken - !on)));
	else
		LEAT_WRITE_ONCE(s->avail->flags,
				leat_cpu_to_le16(on ? 0 : VIRTIO_AVAIL_F_NO_INTERRUPT));
}

/* ---- queues ---- */

struct virtio_split_rxq {
	struct virtio_rxq q;		/* first */
	struct virtio_split s;
	uint16_t	batch;		/* used buffers of which only the last has an entry... */
	uint32_t	batch_len;	/* ...with this length; the others are full */
};

static inline struct virtio_split_rxq *split_rxq_of(struct leat_rxq *base)
{
	return LEAT_CONTAINER_OF(leat_virtio_rxq_of(base), struct virtio_split_rxq, q);
}

struct virtio_split_txq {
	struct virtio_txq q;		/* first */
	struct virtio_split s;
	uint16_t	chains;		/* in order: heads in use whose length is not 1 */
};

static inline struct virtio_split_txq *split_txq_of(struct leat_txq *base)
{
	return LEAT_CONTAINER_OF(leat_virtio_txq_of(base), struct virtio_split_txq, q);
}

#endif
