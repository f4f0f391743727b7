// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/split_in_order.c - the data path "split in-order": with IN_ORDER an id is its
 * slot, and what was sent is known from an index.
 */
#include "split_rx.h"
#include "split_tx.h"
#include "path.h"

static VIRTIO_ALWAYS_INLINE uint16_t run_looking(struct virtio_split_rxq *r, struct leat_pkt **pkts,
						 uint16_t n, uint64_t *bytes)
{
	split_rx_ahead(r, n);
	return split_rx_run(r, pkts, n, bytes, true, true);
}

static VIRTIO_ALWAYS_INLINE uint16_t run_blind(struct virtio_split_rxq *r, struct leat_pkt **pkts,
					       uint16_t n, uint64_t *bytes)
{
	return split_rx_run(r, pkts, n, bytes, true, false);
}

static uint16_t rx(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	return split_rx_burst(base, pkts, n, run_looking);
}

static uint16_t rx_blind(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	return split_rx_burst(base, pkts, n, run_blind);
}

const struct virtio_path leat_virtio_split_in_order = {
	.name = "split in-order (IN_ORDER)", .needs = VIRTIO_F_IN_ORDER,
	.rx = rx, .rx_blind = rx_blind, .tx = leat_virtio_split_tx,
};
