// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed.h - a packed virtqueue as its driver sees it (virtio 1.2, 2.8).
 *
 * One ring, written by both sides: the driver makes descriptors available at @next, the
 * device writes used ones from @taken on, over those it was given. A descriptor's second
 * word holds length, id and flags, and is read and written whole, so that whoever sees
 * its flags sees the rest.
 *
 * The device is not trusted: each descriptor is read once, checked, then used.
 */
#ifndef LEAT_VIRTIO_PACKED_H
#define LEAT_VIRTIO_PACKED_H

#include "rxq.h"
#include "txq.h"

#include <leat/barrier.h>

/* Whole words over the spec's structs. */
typedef uint32_t __attribute__((may_alias)) virtio_packed_word32;
typedef uint64_t __attribute__((may_alias)) virtio_packed_word;

/*
 * struct virtio_packed - the ring, and where the device writes next. Positions run free
 * and wrap at 65536: the slot is their low bits, and the bit above those is the opposite
 * of the wrap counter, which starts at 1 (2.8.1).
 */
struct virtio_packed {
	virtio_packed_word *desc;	/* two words each */
	struct virtio_packed_event *driver, *device;
	uint16_t	size;
	uint16_t	taken;

	struct leat_virtio_queue vq;	/* as the device knows it */
	struct leat_aspace *as;
	struct leat_mem	mem;
	size_t		extra_off;	/* where the @extra bytes of setup lie in @mem */
};

/* Memory for a ring of @size, and @extra bytes behind it. 0 or -errno, logged. */
int leat_virtio_packed_setup(struct virtio_packed *p, struct virtio_net *net, uint16_t index,
			     uint16_t size, size_t extra);
void leat_virtio_packed_free(struct virtio_packed *p);

/* As new: empty, no interrupts wanted. */
void leat_virtio_packed_reset(struct virtio_packed *p);

/* ---- descriptors ---- */

#define PACKED_FLAGS_SHIFT 48

static inline uint64_t packed_flags(uint16_t flags)
{
	return (uint64_t)flags << PACKED_FLAGS_SHIFT;
}

/* The flags that make a descriptor at @pos available, and those of one that is used there. */
static inline uint16_t packed_avail(uint16_t size, uint16_t pos)
{
	return pos & size ? VIRTIO_PACKED_F_USED : VIRTIO_PACKED_F_AVAIL;
}

static inline uint16_t packed_used(uint16_t size, uint16_t pos)
{
	return pos & size ? 0 : VIRTIO_PACKED_F_AVAIL | VIRTIO_PACKED_F_USED;
}

static inline virtio_packed_word *packed_desc(const struct virtio_packed *p, uint16_t pos)
{
	return &p->desc[2 * (pos & (p->size - 1))];
}

/* Length, id and flags at @pos as they are, read once, before whatever follows. */
static inline uint64_t packed_read(const struct virtio_packed *p, uint16_t pos)
{
	uint64_t word = LEAT_SWAP64(LEAT_READ_ONCE(packed_desc(p, pos)[1]));

	leat_dma_rmb();		/* V5: flags before the buffer they vouch for */
	return word;
}

static inline bool packed_is_used(const struct virtio_packed *p, uint16_t pos, uint64_t word)
{
	const uint16_t both = VIRTIO_PACKED_F_AVAIL | VIRTIO_PACKED_F_USED;

	return ((uint16_t)(word >> PACKED_FLAGS_SHIFT) & both) == packed_used(p->size, pos);
}

static inline uint16_t packed_id(uint64_t word)
{
	return (uint16_t)(word >> 32);
}

static inline void packed_addr(virtio_packed_word *d, leat_iova_t iova)
{
	uint64_t v = LEAT_SWAP64(iova);

	if (d[0] != v)
		d[0] = v;
}

/* The descriptor is the device's from here on; its address is there already. */
static inline void packed_give(virtio_packed_word *d, uint32_t len, uint16_t id, uint16_t flags)
{
	LEAT_WRITE_ONCE(d[1], LEAT_SWAP64(len | (uint64_t)id << 32 | packed_flags(flags)));
}

/*
 * struct packed_chunk - descriptors to be, put together here and copied into the ring from
 * the last to the first: the device, which looks for the first, finds all at once, and is
 * not after the lines while they are being written.
 */
#define PACKED_CHUNK 32
#define PACKED_LINE  4		/* descriptors in a line */

struct packed_chunk {
	LEAT_ALIGNED(LEAT_CACHELINE) uint64_t word[2 * PACKED_CHUNK];
};

/* How many of @n descriptors from @pos on a chunk and the ring's end leave. */
static inline uint16_t packed_chunk_room(const struct virtio_packed *p, uint16_t pos, uint16_t n)
{
	uint16_t room = (uint16_t)(p->size - (pos & (p->size - 1)));

	room = room < PACKED_CHUNK ? room : PACKED_CHUNK;
	return n < room ? n : room;
}

static inline void packed_compose(struct packed_chunk *c, unsigned int i, leat_iova_t iova,
				  uint64_t word)
{
	c->word[2 * i] = LEAT_SWAP64(iova);
	c->word[2 * i + 1] = LEAT_SWAP64(word);
}

static inline void packed_copy(virtio_packed_word *d, const struct packed_chunk *c, unsigned int n)
{
	while (n--) {
		d[2 * n] = c->word[2 * n];
		leat_dma_wmb();		/* V7: addresses before the flags */
		LEAT_WRITE_ONCE(d[2 * n + 1], c->word[2 * n + 1]);
	}
}

/* ---- notifications (2.8.14) ---- */

/* A position as it is written in the event areas and doorbells: slot and wrap counter. */
static inline uint16_t packed_off_wrap(const struct virtio_packed *p, uint16_t pos)
{
	return (uint16_t)((pos & (p->size - 1)) | (pos & p->size ? 0 : 1) << VIRTIO_PACKED_WRAP_BIT);
}

/* Does the device, which said @event, want to hear of descriptors [old, next)? */
static inline bool packed_wanted(const struct virtio_packed *p, uint32_t event, uint16_t old,
				 uint16_t next)
{
	uint16_t flags = (uint16_t)(event >> 16), mask = (uint16_t)(2 * p->size - 1), pos;

	if (LEAT_LIKELY(flags != VIRTIO_PACKED_EVENT_DESC))
		return flags != VIRTIO_PACKED_EVENT_DISABLE;
	pos = event & (1u << VIRTIO_PACKED_WRAP_BIT) ? 0 : p->size;
	pos = (uint16_t)(pos + (event & (p->size - 1u)));
	return ((uint16_t)(pos - old) & mask) < ((uint16_t)(next - old) & mask);
}

/* Wake the device if it sleeps, [old, next) having been given to it. */
static inline void packed_wake(const struct virtio_packed *p, uint16_t old, uint16_t next)
{
	const void *event = p->device;

	leat_dma_mb();		/* V6: flags before the event; devices going to sleep do the opposite */
	if (packed_wanted(p, LEAT_SWAP32(*(const volatile virtio_packed_word32 *)event), old, next))
		p->vq.ring(&p->vq, packed_off_wrap(p, next));
}

/* ---- queues ---- */

struct virtio_packed_rxq {
	struct virtio_rxq q;		/* first */
	struct virtio_packed p;
	uint16_t	next;		/* filled up to here */
	uint16_t	batch;		/* used buffers of which only the last has a descriptor... */
	uint32_t	batch_len;	/* ...with this length; the others are full */
};

static inline struct virtio_packed_rxq *packed_rxq_of(struct leat_rxq *base)
{
	return LEAT_CONTAINER_OF(leat_virtio_rxq_of(base), struct virtio_packed_rxq, q);
}

struct virtio_packed_txq {
	struct virtio_txq q;		/* first */
	struct virtio_packed p;
	uint16_t	*ids;		/* out of order: a queue of ids, those not in use... */
	uint16_t	id_next, id_end; /* ...from here to there */
	uint16_t	done;		/* in order: [clean, done) need only be freed */
	uint16_t	chains;		/* in order: heads in use whose length is not 1 */
};

static inline struct virtio_packed_txq *packed_txq_of(struct leat_txq *base)
{
	return LEAT_CONTAINER_OF(leat_virtio_txq_of(base), struct virtio_packed_txq, q);
}

/* ---- packed_at.c: struct leat_virtio_queue's ---- */

uint16_t leat_virtio_packed_rx_at(const struct leat_virtio_queue *vq);
uint16_t leat_virtio_packed_tx_at(const struct leat_virtio_queue *vq);

/* ---- verbs of leat_virtio_packed: packed_rx.c, packed_tx.c ---- */

int leat_virtio_packed_rxq_setup(struct virtio_net *net, unsigned int id, struct leat_rxq **out);
void leat_virtio_packed_rxq_free(struct leat_rxq *base);
int leat_virtio_packed_rxq_start(struct virtio_net *net, struct leat_rxq *base);
void leat_virtio_packed_rxq_kick(struct leat_rxq *base);
void leat_virtio_packed_rxq_stop(struct leat_rxq *base);
int leat_virtio_packed_rxq_arm(struct leat_rxq *base);
void leat_virtio_packed_rxq_disarm(struct leat_rxq *base);
void leat_virtio_packed_rxq_descs(struct leat_rxq *base, struct leat_descs *out);
int leat_virtio_packed_txq_setup(struct virtio_net *net, unsigned int id, struct leat_txq **out);
void leat_virtio_packed_txq_free(struct leat_txq *base);
int leat_virtio_packed_txq_start(struct virtio_net *net, struct leat_txq *base);
void leat_virtio_packed_txq_stop(struct leat_txq *base);

#endif
