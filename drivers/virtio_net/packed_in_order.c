// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed_in_order.c - the data path "packed in-order": with IN_ORDER an id is
 * its slot, so nothing need be looked up by it.
 */
#include "packed_in_order.h"
#include "path.h"

static uint16_t rx(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	return packed_rx_burst(base, pkts, n, packed_rx_run_in_order);
}

static uint16_t rx_blind(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	return packed_rx_burst(base, pkts, n, packed_rx_run_in_order_blind);
}

static uint16_t tx(struct leat_txq *base, struct leat_pkt **pkts, uint16_t n)
{
	return packed_tx_burst(base, pkts, n, packed_tx_run_in_order);
}

const struct virtio_path leat_virtio_packed_in_order = {
	.name = "packed in-order (IN_ORDER)", .needs = VIRTIO_F_IN_ORDER,
	.rx = rx, .rx_blind = rx_blind, .tx = tx,
};
