// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/model_ring.c - descriptor rings (82574 sections 7.1.8, 7.2.7), and the driver's memory.
 *
 * Base, length and tail are words in memory that the driver may write at any time: they
 * are read once a round and checked. A head that is not as we left it was written by the
 * driver, who begins anew. A ring that cannot be stands still, as in hardware, and
 * one line says why.
 */
#include "model.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Words of a ring's registers, from its base on: the same for both directions. */
enum { BAL = 0, BAH = 1, LEN = 2, HEAD = 4, TAIL = 6 };

#define LEN_BITS 0xfff80u	/* whole lines of 128 bytes */

static uint32_t get(const struct em_ring *r, unsigned int word)
{
	return leat_le32_to_cpu(LEAT_READ_ONCE(r->regs[word]));
}

void em_rings_init(struct em *v)
{
	for (unsigned int i = 0; i < E1000E_QUEUES; i++) {
		v->rx[i].rx = true;
		v->rx[i].index = v->tx[i].index = (uint8_t)i;
	}
}

static void ring_reset(struct em *v, struct em_ring *r)
{
	const uint32_t base = r->rx ? E1000E_RDBAL : E1000E_TDBAL;
	const struct em_ring fresh = {
		.regs = em_shared(v, E1000E_QUEUE(base, r->index)),
		.index = r->index, .rx = r->rx, .step = 16, .unit = 1, .waits_at = UINT32_MAX,
	};

	*r = fresh;
}

void em_rings_reset(struct em *v)
{
	for (unsigned int i = 0; i < E1000E_QUEUES; i++) {
		ring_reset(v, &v->rx[i]);
		ring_reset(v, &v->tx[i]);
	}
}

void em_rings_stale(struct em *v)
{
	for (unsigned int i = 0; i < E1000E_QUEUES; i++)
		v->rx[i].stale = v->tx[i].stale = true;
}

static LEAT_COLD LEAT_PRINTF(3, 4) void tell(struct em *v, struct em_ring *r, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	if (r->told)
		return;
	r->told = true;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	leat_mdev_log(&v->mdev, LEAT_LOG_ERROR, "%s queue %u stands still: %s",
		      r->rx ? "receive" : "transmit", r->index, why);
}

int em_ring_break(struct em *v, struct em_ring *r, const char *what, uint64_t iova)
{
	tell(v, r, "%s at 0x%llx is not in memory that the device may reach", what,
	     (unsigned long long)iova);
	r->broken = true;
	return -EINVAL;
}

/* 10.2.5.5: packet split descriptors are twice as long. */
static uint32_t desc_len(const struct em *v, const struct em_ring *r)
{
	bool split = LEAT_GET(EM_RCTL_DTYP, em_get(v, INTEL_RCTL)) == EM_RCTL_DTYP_SPLIT &&
		     (em_get(v, INTEL_RFCTL) & E1000E_RFCTL_EXTEN);

	return r->rx && split ? 32 : 16;
}

/* The driver has programmed the ring, or its memory has moved. */
static void program(struct em *v, struct em_ring *r, uint64_t iova, uint32_t len)
{
	bool fresh = iova != r->iova || len != r->len;

	r->iova = iova;
	r->len = len;
	r->step = desc_len(v, r);
	r->unit = r->step / 16;
	r->size = len & ~LEN_BITS ? 0 : len / r->step;
	r->stale = false;
	r->broken = false;
	r->told &= !fresh;
	r->head = r->shown / r->unit;
	r->waits_at = UINT32_MAX;
	r->ring = r->size ? leat_mdev_ptr(&v->mdev, iova, len, true) : NULL;
	if ((uintptr_t)r->ring % 16)
		r->ring = NULL;		/* no way to reach it in whole words */
}

static void take_head(struct em_ring *r, uint32_t head)
{
	r->shown = head;
	r->head = head / r->unit;
	r->segment = 0;
	r->waits_at = UINT32_MAX;
	r->broken = false;
	memset(&r->context, 0, sizeof(r->context));
}

uint32_t em_ring_look(struct em *v, struct em_ring *r)
{
	uint64_t iova = (uint64_t)get(r, BAH) << 32 | (get(r, BAL) & ~0xfu);
	uint32_t len = get(r, LEN), head = get(r, HEAD), tail;

	if (LEAT_UNLIKELY(iova != r->iova || len != r->len || r->stale))
		program(v, r, iova, len);
	if (LEAT_UNLIKELY(head != r->shown))
		take_head(r, head);
	tail = (get(r, TAIL) & 0xffff) / r->unit;
	if (LEAT_LIKELY(tail == r->head))
		return 0;
	if (LEAT_UNLIKELY(r->broken))
		return 0;
	if (LEAT_UNLIKELY(tail >= r->size || r->head >= r->size)) {
		tell(v, r, "a ring of %u bytes, head %u, tail %u", len, r->head, tail);
		return 0;
	}
	r->tail = tail;
	leat_dma_rmb();		/* the tail before the descriptors that it vouches for */
	return tail > r->head ? tail - r->head : r->size - r->head + tail;
}

void em_ring_advance(struct em_ring *r, uint32_t head)
{
	r->head = head;
	r->shown = head * r->unit;
	LEAT_WRITE_ONCE(r->regs[HEAD], leat_cpu_to_le32(r->shown));
}

/* ---- descriptors ---- */

typedef uint64_t __attribute__((may_alias)) em_word;

int em_desc_read(struct em *v, struct em_ring *r, uint32_t at, uint64_t *words, unsigned int n)
{
	uint64_t off = (uint64_t)at * r->step;
	leat_le64 copy[4];
	int err;

	if (LEAT_LIKELY(r->ring != NULL)) {
		const em_word *w = (const em_word *)(const void *)(r->ring + off);

		for (unsigned int i = 0; i < n; i++)
			words[i] = LEAT_SWAP64(LEAT_READ_ONCE(w[i]));
		return 0;
	}
	err = leat_mdev_read(&v->mdev, r->iova + off, copy, 8 * n);
	if (err)
		return err == -EAGAIN ? err : em_ring_break(v, r, "the ring", r->iova);
	for (unsigned int i = 0; i < n; i++)
		words[i] = leat_le64_to_cpu(copy[i]);
	return 0;
}

static int put_word(struct em *v, struct em_ring *r, uint32_t at, unsigned int i, uint64_t word)
{
	uint64_t off = (uint64_t)at * r->step + 8 * i;
	leat_le64 copy = leat_cpu_to_le64(word);

	if (LEAT_LIKELY(r->ring != NULL)) {
		em_word *w = (em_word *)(void *)(r->ring + off);

		LEAT_WRITE_ONCE(*w, LEAT_SWAP64(word));
		return 0;
	}
	if (leat_mdev_write(&v->mdev, r->iova + off, &copy, sizeof(copy)))
		return em_ring_break(v, r, "the ring", r->iova);
	return 0;
}

int em_desc_write(struct em *v, struct em_ring *r, uint32_t at, const uint64_t *words,
		  unsigned int n)
{
	int err = put_word(v, r, at, 0, words[0]);

	for (unsigned int i = 2; i < n && !err; i++)
		err = put_word(v, r, at, i, words[i]);
	leat_dma_wmb();		/* buffers and the rest before the status */
	return err ? err : put_word(v, r, at, 1, words[1]);
}

int em_desc_done(struct em *v, struct em_ring *r, uint32_t at)
{
	uint64_t off = (uint64_t)at * r->step + offsetof(struct intel_txd, status);
	const uint8_t done = INTEL_TXD_DONE;

	if (LEAT_LIKELY(r->ring != NULL)) {
		LEAT_WRITE_ONCE(*(uint8_t *)(r->ring + off), done);
		return 0;
	}
	if (leat_mdev_write(&v->mdev, r->iova + off, &done, sizeof(done)))
		return em_ring_break(v, r, "the ring", r->iova);
	return 0;
}

/* ---- buffers ---- */

int em_dma_read(struct em *v, uint64_t iova, void *buf, uint32_t len)
{
	const void *va = len ? leat_mdev_ptr(&v->mdev, iova, len, false) : NULL;

	if (LEAT_UNLIKELY(!va))
		return len ? leat_mdev_read(&v->mdev, iova, buf, len) : 0;
	memcpy(buf, va, len);
	return 0;
}

int em_dma_write(struct em *v, uint64_t iova, const void *buf, uint32_t len)
{
	void *va = len ? leat_mdev_ptr(&v->mdev, iova, len, true) : NULL;

	if (LEAT_UNLIKELY(!va))
		return len ? leat_mdev_write(&v->mdev, iova, buf, len) : 0;
	memmove(va, buf, len);	/* @buf may be the driver's, too */
	return 0;
}
