// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/model_ring.c - descriptor rings of the driver's: where they are, how far they are.
 */
#include "model.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define DESC_LEN	16
#define LEN_UNIT	128		/* 8.10.5: a ring's length is whole cache lines */
#define LEN_MAX		0xfff80		/* 19:7 */

void igbm_rings_init(struct igbm *n)
{
	uint8_t *page = n->mdev.mem[IGBM_BAR];

	for (unsigned int i = 0; i < n->queues; i++) {
		uint32_t rx = n->vf ? IGB_QUEUE_ALIAS(IGB_RDBAL, i) - IGBM_VF_MAP :
				      IGB_QUEUE(IGB_RDBAL, i) - IGBM_MAP;
		uint32_t tx = n->vf ? IGB_QUEUE_ALIAS(IGB_TDBAL, i) - IGBM_VF_MAP :
				      IGB_QUEUE(IGB_TDBAL, i) - IGBM_MAP;

		n->rx[i].regs = (uint32_t *)(void *)(page + rx);
		n->txr[i].regs = (uint32_t *)(void *)(page + tx);
		n->rx[i].index = n->txr[i].index = i;
		n->txr[i].tx = true;
	}
}

void igbm_rings_reset(struct igbm *n)
{
	for (unsigned int i = 0; i < n->queues; i++) {
		struct igbm_ring *rx = &n->rx[i], *tx = &n->txr[i];

		memset(rx->regs, 0, 0x40);
		memset(tx->regs, 0, 0x40);
		*rx = (struct igbm_ring){ .regs = rx->regs, .index = i };
		*tx = (struct igbm_ring){ .regs = tx->regs, .index = i, .tx = true };
	}
}

void igbm_ring_break(struct igbm *n, struct igbm_ring *q, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	if (q->broken)
		return;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	leat_mdev_log(&n->mdev, LEAT_LOG_ERROR, "the driver broke the rules, %s ring %u: %s; the ring "
		      "stands still until it is disabled", q->tx ? "transmit" : "receive", q->index,
		      why);
	q->broken = true;
}

/* The driver has turned the ring on, or set it up anew. */
static void turn_on(struct igbm *n, struct igbm_ring *q, uint64_t base, uint32_t len, uint32_t head)
{
	*q = (struct igbm_ring){ .regs = q->regs, .index = q->index, .tx = q->tx, .on = true,
				 .base = base, .count = len / DESC_LEN, .head = head };
	if (!len || len % LEN_UNIT || len > LEN_MAX)
		igbm_ring_break(n, q, "%u bytes long, which is not whole lines of 128", len);
	else if (head >= q->count)
		igbm_ring_break(n, q, "its head is %u, of %u descriptors", head, q->count);
	else if (!q->tx && LEAT_GET(IGB_SRRCTL_DESCTYPE, igbm_ring_reg(q, IGB_SRRCTL)) !=
			   IGB_SRRCTL_ONE_BUFFER)
		igbm_ring_break(n, q, "SRRCTL asks for descriptors other than advanced ones with one "
				"buffer");
}

static void find(struct igbm *n, struct igbm_ring *q)
{
	q->desc = leat_mdev_ptr(&n->mdev, q->base, (uint64_t)q->count * DESC_LEN, true);
	q->mapped = true;
}

bool igbm_ring_look(struct igbm *n, struct igbm_ring *q)
{
	uint32_t control = igbm_ring_reg(q, IGB_RXDCTL), len, head;
	uint64_t base;

	if (LEAT_UNLIKELY(control & IGB_DCTL_SWFLSH))	/* nothing is ever held back */
		__atomic_fetch_and(&q->regs[(IGB_RXDCTL & 0x3f) / 4], LEAT_SWAP32(~IGB_DCTL_SWFLSH),
				   __ATOMIC_RELAXED);
	if (!(control & IGB_DCTL_ENABLE)) {
		q->on = q->broken = false;
		return false;
	}
	base = (uint64_t)igbm_ring_reg(q, IGB_RDBAH) << 32 | (igbm_ring_reg(q, IGB_RDBAL) & ~UINT32_C(0xf));
	len = igbm_ring_reg(q, IGB_RDLEN);
	head = igbm_ring_reg(q, IGB_RDH) & 0xffff;
	if (LEAT_UNLIKELY(!q->on || base != q->base || len / DESC_LEN != q->count || head != q->head))
		turn_on(n, q, base, len, head);
	if (LEAT_UNLIKELY(q->broken))
		return false;
	if (LEAT_UNLIKELY(!q->mapped))
		find(n, q);
	return true;
}

uint32_t igbm_ring_tail(struct igbm *n, struct igbm_ring *q)
{
	uint32_t tail = igbm_ring_reg(q, IGB_RDT) & 0xffff;

	if (LEAT_LIKELY(tail < q->count))
		return tail;
	igbm_ring_break(n, q, "its tail is %u, of %u descriptors", tail, q->count);
	return q->head;
}

void igbm_ring_advance(struct igbm_ring *q, uint32_t head)
{
	uint32_t word = LEAT_SWAP32(head);

	q->head = head;
	leat_store_release(&q->regs[(IGB_RDH & 0x3f) / 4], word);
}

int igbm_fetch(struct igbm *n, struct igbm_ring *q, uint64_t iova, void *buf, uint32_t len)
{
	const void *va = leat_mdev_ptr(&n->mdev, iova, len, false);
	int err;

	if (LEAT_LIKELY(va != NULL)) {
		memcpy(buf, va, len);
		return 0;
	}
	err = leat_mdev_read(&n->mdev, iova, buf, len);
	if (err && err != -EAGAIN)
		igbm_ring_break(n, q, "%u bytes at 0x%llx are not mapped", len, (unsigned long long)iova);
	n->again |= err == -EAGAIN;
	return err == -EAGAIN ? err : err ? -EFAULT : 0;
}

int igbm_store(struct igbm *n, struct igbm_ring *q, uint64_t iova, const void *buf, uint32_t len)
{
	void *va = leat_mdev_ptr(&n->mdev, iova, len, true);
	int err;

	if (LEAT_LIKELY(va != NULL)) {
		memcpy(va, buf, len);
		return 0;
	}
	err = leat_mdev_write(&n->mdev, iova, buf, len);
	if (err)
		igbm_ring_break(n, q, "%u bytes at 0x%llx are not mapped for writing", len,
				(unsigned long long)iova);
	return err ? -EFAULT : 0;
}

typedef uint64_t __attribute__((may_alias)) raw64;

int igbm_desc_read(struct igbm *n, struct igbm_ring *q, uint32_t i, uint64_t word[2])
{
	int err;

	if (LEAT_LIKELY(q->desc != NULL)) {
		const raw64 *d = (const raw64 *)(const void *)(q->desc + (size_t)i * DESC_LEN);

		word[0] = LEAT_READ_ONCE(d[0]);
		word[1] = LEAT_READ_ONCE(d[1]);
	} else {
		err = igbm_fetch(n, q, q->base + (uint64_t)i * DESC_LEN, word, DESC_LEN);
		if (err)
			return err;
	}
	word[0] = LEAT_SWAP64(word[0]);
	word[1] = LEAT_SWAP64(word[1]);
	return 0;
}
