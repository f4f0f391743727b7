// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/queues.c - one queue of a running port taken from the device, and given
 * back, perhaps of another size (RING_RESET; virtio 1.2, 2.6.1). Control thread.
 */
#include "virtio_net.h"

#include <errno.h>

/* What the device keeps although it was asked for it stays there until the port stops. */
static bool virtio_net_taken(struct virtio_net *net, uint16_t index)
{
	uint64_t bit = LEAT_BIT64(index);

	if (!net->vd->ops->queue_reset(net->vd, index))
		return true;
	net->queues_kept |= bit;
	leat_port_notify(&net->port, LEAT_EVENT_ERROR);
	return false;
}

static int virtio_net_check_taken(struct virtio_net *net, uint16_t index)
{
	if (!(net->queues_kept & LEAT_BIT64(index)))
		return 0;
	return leat_fail(net->port.ctx, -EIO, "%s: the device's queue %u: start: the device did not "
			 "let go of it: stop and start the port", net->port.name, index);
}

void leat_virtio_rx_feed(struct virtio_net *net, unsigned int first, unsigned int n)
{
	for (unsigned int i = first; i < first + n && net->rings->rxq_expose; i++)
		net->rings->rxq_expose(net->port.rxq[i]);
	for (unsigned int i = first; i < first + n; i++)
		net->rings->rxq_kick(net->port.rxq[i]);
}

void leat_virtio_rxq_stop(struct leat_rxq *q)
{
	struct virtio_net *net = virtio_net_of(q->port);

	if (virtio_net_taken(net, VIRTIO_NET_RXQ(q->id)))
		net->rings->rxq_stop(q);
}

int leat_virtio_rxq_start(struct leat_rxq *q)
{
	struct virtio_net *net = virtio_net_of(q->port);
	int err = virtio_net_check_taken(net, VIRTIO_NET_RXQ(q->id));

	if (!err)
		err = net->rings->rxq_start(net, q);
	if (!err)
		leat_virtio_rx_feed(net, q->id, 1);
	return err;
}

void leat_virtio_txq_stop(struct leat_txq *q)
{
	struct virtio_net *net = virtio_net_of(q->port);

	if (virtio_net_taken(net, VIRTIO_NET_TXQ(q->id)))
		net->rings->txq_stop(q);
}

int leat_virtio_txq_start(struct leat_txq *q)
{
	struct virtio_net *net = virtio_net_of(q->port);
	int err = virtio_net_check_taken(net, VIRTIO_NET_TXQ(q->id));

	return err ? err : net->rings->txq_start(net, q);
}
