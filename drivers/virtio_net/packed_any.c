// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed_any.c - the data path "packed": for any device and any CPU.
 */
#include "packed_rx.h"
#include "packed_tx.h"
#include "path.h"

static uint16_t rx(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	return packed_rx_burst(base, pkts, n, packed_rx_run_looking);
}

static uint16_t rx_blind(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	return packed_rx_burst(base, pkts, n, packed_rx_run_blind);
}

static VIRTIO_ALWAYS_INLINE uint16_t run(struct virtio_txq *q, struct leat_pkt **pkts,
					 uint16_t n, uint64_t *bytes)
{
	return packed_tx_run_any(packed_txq_of(&q->base), pkts, n, bytes, false);
}

static uint16_t tx(struct leat_txq *base, struct leat_pkt **pkts, uint16_t n)
{
	return packed_tx_burst(base, pkts, n, run);
}

const struct virtio_path leat_virtio_packed_any = {
	.name = "packed (RING_PACKED)", .rx = rx, .rx_blind = rx_blind, .tx = tx,
};
