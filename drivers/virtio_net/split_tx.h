// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/split_tx.h - a transmit burst by a split virtqueue.
 */
#ifndef LEAT_VIRTIO_SPLIT_TX_H
#define LEAT_VIRTIO_SPLIT_TX_H

#include "split.h"

/* Send by a queue of any data path: they differ in how they free what was sent. */
uint16_t leat_virtio_split_tx(struct leat_txq *base, struct leat_pkt **pkts, uint16_t n);

/*
 * split_tx_free_run - free @n heads at the old end, one descriptor each. They may not
 * pass the ring's end.
 */
static inline void split_tx_free_run(struct virtio_txq *q, uint16_t n)
{
	uint16_t head = q->clean & (uint16_t)(q->size - 1);

	leat_pkt_free_to(q->base.cache, &q->pkt[head], n);
	memset(&q->len[head], 0, n * sizeof(q->len[0]));
	q->clean = (uint16_t)(q->clean + n);
}

#endif
