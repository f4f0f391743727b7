// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/virtio_net.c - the virtio network driver's port: virtio 1.2, 5.1.
 *
 * Section numbers are those of "Virtual I/O Device (VIRTIO) Version 1.2". Attach
 * resets the device and reads what it offers; start runs the initialisation of
 * 3.1.1 to its end, stop resets the device again. Control thread throughout.
 */
#include "virtio_net.h"

#include <leat/clock.h>
#include <leat/drivers.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- initialisation, 3.1.1 ---- */

/* Steps 1 to 3: reset, ACKNOWLEDGE (the device was noticed), DRIVER (we know how to drive it). */
static int virtio_net_begin(struct virtio_net *net)
{
	struct leat_virtio *vd = net->vd;
	int err = vd->ops->reset(vd);

	if (err)
		return err;
	vd->ops->status_set(vd, VIRTIO_STATUS_ACKNOWLEDGE);
	vd->ops->status_set(vd, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	return 0;
}

static void virtio_net_failed(struct virtio_net *net)
{
	net->vd->ops->status_set(net->vd, net->vd->ops->status_get(net->vd) | VIRTIO_STATUS_FAILED);
}

/* Steps 4 to 6: features, FEATURES_OK, and whether the device agrees (2.2). */
static int virtio_net_negotiate(struct virtio_net *net)
{
	char wanted[VIRTIO_FEATURES_TEXT], offered[VIRTIO_FEATURES_TEXT];
	const uint8_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
			       VIRTIO_STATUS_FEATURES_OK;
	struct leat_virtio *vd = net->vd;

	if (net->wanted & ~vd->ops->features_get(vd))
		return leat_fail(net->port.ctx, -EPROTO,
				 "%s: the device offers other features than when it was opened: "
				 "open the port again", net->port.name);
	vd->ops->features_set(vd, net->wanted);
	vd->ops->status_set(vd, status);
	if (vd->ops->status_get(vd) != status)
		return leat_fail(net->port.ctx, -ENOTSUP,
				 "%s: the device refuses the features %s, though it offers %s",
				 net->port.name, leat_virtio_features_text(net->wanted, wanted),
				 leat_virtio_features_text(net->offered, offered));
	vd->features = net->wanted;
	return 0;
}

/* Buffers back to their pools, of the first @rx and @tx queues. */
static void virtio_net_empty(struct virtio_net *net, unsigned int rx, unsigned int tx)
{
	while (rx--)
		net->rings->rxq_stop(net->port.rxq[rx]);
	while (tx--)
		net->rings->txq_stop(net->port.txq[tx]);
}

/* Step 7: the device's own setup, 5.1.5: its queues, filled. */
static int virtio_net_queues(struct virtio_net *net)
{
	const struct leat_port_config *cfg = &net->port.cfg;
	unsigned int rx, tx = 0;
	int err = 0;

	for (rx = 0; rx < cfg->rxqs && !err; rx++)
		err = net->rings->rxq_start(net, net->port.rxq[rx]);
	for (; tx < cfg->txqs && !err; tx++)
		err = net->rings->txq_start(net, net->port.txq[tx]);
	if (err)
		virtio_net_empty(net, rx, tx);
	return err;
}

/* Step 8: DRIVER_OK. The device may reach memory from here on: the rings are valid. */
static int virtio_net_go(struct virtio_net *net)
{
	struct leat_virtio *vd = net->vd;
	int err = vd->ops->dma(vd, true);

	if (err)
		return err;
	vd->ops->status_set(vd, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
				VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK);
	for (unsigned int i = 0; i < net->port.cfg.rxqs; i++)
		net->rings->rxq_kick(net->port.rxq[i]);
	return 0;
}

/* 3.3.1: a reset takes everything from the device; without a bus it cannot even try. */
static void virtio_net_halt(struct virtio_net *net)
{
	(void)net->vd->ops->reset(net->vd);	/* says itself what went wrong */
	(void)net->vd->ops->dma(net->vd, false);
	virtio_net_empty(net, net->port.cfg.rxqs, net->port.cfg.txqs);
}

/* ---- device configuration, 5.1.4 ---- */

int leat_virtio_config16(struct virtio_net *net, size_t off, uint16_t *out)
{
	leat_le16 v;
	int err = net->vd->ops->config_read(net->vd, (uint32_t)off, &v, sizeof(v));

	if (!err)
		*out = leat_le16_to_cpu(v);
	return err;
}

/* Any unicast address that nobody was assigned will do (5.1.5): bits from where they differ. */
static void virtio_net_random_mac(uint8_t mac[6])
{
	uint64_t x = leat_now_ns() ^ leat_cycles() << 32 ^ (uint64_t)(uintptr_t)mac;

	for (int i = 0; i < 3; i++) {		/* the finaliser of MurmurHash3 */
		x ^= x >> 33;
		x *= UINT64_C(0xff51afd7ed558ccd);
	}
	memcpy(mac, &x, 6);
	mac[0] = (uint8_t)((mac[0] & ~1u) | 2u);	/* unicast, locally administered */
}

static int virtio_net_read_mac(struct virtio_net *net)
{
	if (net->offered & VIRTIO_NET_F_MAC)
		return net->vd->ops->config_read(net->vd, offsetof(struct virtio_net_config, mac),
						 net->port.mac, sizeof(net->port.mac));
	virtio_net_random_mac(net->port.mac);
	return 0;
}

static int virtio_net_read_mtu(struct virtio_net *net)
{
	struct leat_port *port = &net->port;
	int err;

	port->mtu = VIRTIO_NET_MTU_ETH;
	port->caps.max_mtu = VIRTIO_NET_MTU_MAX;
	if (!(net->offered & VIRTIO_NET_F_MTU))
		return 0;
	err = leat_virtio_config16(net, offsetof(struct virtio_net_config, mtu), &net->device_mtu);
	if (err)
		return err;
	if (net->device_mtu < VIRTIO_NET_MTU_MIN)
		return leat_fail(port->ctx, -EPROTO,
				 "%s: the device says that its MTU is %u, under the least there "
				 "can be, %u (5.1.4.1)", port->name, net->device_mtu,
				 VIRTIO_NET_MTU_MIN);
	port->mtu = LEAT_MIN(net->device_mtu, VIRTIO_NET_MTU_MAX);
	port->caps.max_mtu = port->mtu;
	return 0;
}

/* ---- attach ---- */

static uint16_t virtio_net_pow2_down(uint16_t n)
{
	while (n & (n - 1))
		n &= (uint16_t)(n - 1);
	return n;
}

/* How long the shorter of the queues can be (4.1.5.1.3). */
static int virtio_net_read_queues(struct virtio_net *net)
{
	struct leat_virtio *vd = net->vd;
	uint16_t rx = vd->ops->queue_max(vd, VIRTIO_NET_RXQ(0));
	uint16_t tx = vd->ops->queue_max(vd, VIRTIO_NET_TXQ(0));
	uint16_t max = virtio_net_pow2_down(LEAT_MIN(rx, tx));

	if (max < VIRTIO_NET_DESC_MIN || max > VIRTIO_QUEUE_SIZE_MAX)
		return leat_fail(net->port.ctx, -ENOTSUP,
				 "%s: the device's queues can have %u (receive) and %u (transmit) "
				 "descriptors; the driver needs %u to %u of each", net->port.name,
				 rx, tx, VIRTIO_NET_DESC_MIN, VIRTIO_QUEUE_SIZE_MAX);
	net->port.caps.max_desc = max;
	return 0;
}

static int virtio_net_read_offer(struct virtio_net *net)
{
	int err;

	net->offered = net->vd->ops->features_get(net->vd);
	err = leat_virtio_features_check(net);
	if (!err)
		err = virtio_net_read_mac(net);
	if (!err)
		err = virtio_net_read_mtu(net);
	if (!err)
		err = virtio_net_read_queues(net);
	return err;
}

static void virtio_net_fill_caps(struct virtio_net *net)
{
	struct leat_caps *caps = &net->port.caps;

	caps->flags = LEAT_CAP_TX_SEGS;
	if (net->offered & VIRTIO_NET_F_GUEST_CSUM)
		caps->flags |= LEAT_CAP_RX_CSUM;
	if (net->offered & VIRTIO_NET_F_CSUM)
		caps->flags |= LEAT_CAP_TX_CSUM;
	if (net->offered & VIRTIO_NET_F_MRG_RXBUF)
		caps->flags |= LEAT_CAP_RX_SCATTER;
	if (net->offered & VIRTIO_NET_F_STATUS)
		caps->flags |= LEAT_CAP_LINK;
	caps->max_rxqs = caps->max_txqs = 1;
	caps->min_desc = VIRTIO_NET_DESC_MIN;
	caps->pow2_desc = true;
	caps->max_segs = (uint16_t)LEAT_MIN(VIRTIO_NET_SEGS_MAX, caps->max_desc - 1);
	caps->rx_headroom = VIRTIO_NET_HDR_LEN;
	caps->dma_bits = 64;
}

static int virtio_net_attach(struct leat_port *port)
{
	struct virtio_net *net = virtio_net_of(port);
	int err = leat_virtio_pci_open(&net->pci, port->dev);

	if (err)
		return err;
	net->vd = &net->pci.vd;
	err = virtio_net_begin(net);
	if (err)
		goto close;
	err = virtio_net_read_offer(net);
	if (err)
		goto failed;
	virtio_net_fill_caps(net);
	return 0;

failed:
	virtio_net_failed(net);
close:
	leat_virtio_pci_close(&net->pci);
	return err;
}

static void virtio_net_detach(struct leat_port *port)
{
	struct virtio_net *net = virtio_net_of(port);

	(void)net->vd->ops->reset(net->vd);
	leat_virtio_irqs_close(net);
	leat_virtio_pci_close(&net->pci);
}

static void virtio_net_forget(struct leat_port *port)
{
	struct virtio_net *net = virtio_net_of(port);

	for (unsigned int i = 0; i < LEAT_PORT_QUEUES_MAX; i++) {
		if (port->rxq[i])
			net->rings->rxq_free(port->rxq[i]);
		if (port->txq[i])
			net->rings->txq_free(port->txq[i]);
	}
	leat_pci_irqs_forget(&net->irqs);
}

/* ---- configure ---- */

/* Can the pool's buffers hold the longest frame, in one or in several? */
static int virtio_net_settle_buffers(struct virtio_net *net)
{
	const struct leat_port_config *cfg = &net->port.cfg;
	uint32_t buf = leat_pool_buf_size(cfg->pool);
	uint32_t frame = LEAT_MAX(cfg->mtu, VIRTIO_NET_MTU_ETH) + VIRTIO_NET_FRAME_ADD;
	uint32_t most = buf;

	if (net->offered & VIRTIO_NET_F_MRG_RXBUF)
		most = LEAT_MIN(buf * (uint32_t)cfg->rx_desc, buf * UINT8_MAX);
	if (most < frame || buf < 2 * VIRTIO_NET_HDR_LEN)
		return leat_fail(net->port.ctx, -EINVAL,
				 "%s: frames of %u bytes (MTU %u) do not fit: %u descriptors of %u "
				 "bytes%s: use a pool with larger buffers, or a smaller MTU",
				 net->port.name, frame, cfg->mtu, cfg->rx_desc, buf,
				 most == buf ? ", and the device cannot use several for one" : "");
	net->rx_room = VIRTIO_NET_HDR_LEN + buf;	/* the header lies in the headroom */
	net->frame_max = (uint32_t)cfg->mtu + VIRTIO_NET_FRAME_ADD;
	return 0;
}

static int virtio_net_configure(struct leat_port *port)
{
	struct virtio_net *net = virtio_net_of(port);
	int err = virtio_net_settle_buffers(net);

	if (!err)
		err = leat_virtio_irqs_open(net);
	if (err)
		return err;
	net->wanted = leat_virtio_features_wanted(net);
	net->rings = &leat_virtio_split;
	net->hdr_len = VIRTIO_NET_HDR_LEN;
	port->caps.max_segs = (uint16_t)LEAT_MIN(VIRTIO_NET_SEGS_MAX, port->cfg.tx_desc - 1);
	snprintf(port->info, sizeof(port->info), "%s queues %u/%u, %s%s%s%s, %s",
		 net->rings->path(net), port->cfg.rx_desc, port->cfg.tx_desc,
		 net->wanted & VIRTIO_NET_F_MRG_RXBUF ? "mergeable" : "one buffer a frame",
		 net->wanted & (VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM) ? ", csum" : "",
		 net->wanted & VIRTIO_NET_F_CSUM ? " tx" : "",
		 net->wanted & VIRTIO_NET_F_GUEST_CSUM ? " rx" : "",
		 leat_pci_irqs_name(net->irqs.kind));
	return 0;
}

/* ---- queues, in the format that configure chose ---- */

static int virtio_net_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out)
{
	struct virtio_net *net = virtio_net_of(port);
	int err = net->rings->rxq_setup(net, id, out);

	if (err)
		return err;
	(*out)->event = leat_pci_irqs_event(&net->irqs, id);
	(*out)->fd = leat_pci_irqs_fd(&net->irqs, id);
	return 0;
}

static void virtio_net_rxq_free(struct leat_rxq *q)
{
	virtio_net_of(q->port)->rings->rxq_free(q);
}

static void virtio_net_rxq_disarm(struct leat_rxq *q)
{
	virtio_net_of(q->port)->rings->rxq_disarm(q);
}

static int virtio_net_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out)
{
	struct virtio_net *net = virtio_net_of(port);

	return net->rings->txq_setup(net, id, out);
}

static void virtio_net_txq_free(struct leat_txq *q)
{
	virtio_net_of(q->port)->rings->txq_free(q);
}

/* ---- start and stop ---- */

static int virtio_net_start(struct leat_port *port)
{
	struct virtio_net *net = virtio_net_of(port);
	int err;

	net->error_told = false;
	err = virtio_net_begin(net);
	if (!err)
		err = virtio_net_negotiate(net);
	if (err)
		goto failed;
	err = leat_virtio_irqs_on(net);
	if (err)
		goto failed;
	err = virtio_net_queues(net);
	if (err)
		goto irqs_off;
	err = leat_virtio_watch(net);
	if (err)
		goto halt;
	err = virtio_net_go(net);
	if (err)
		goto unwatch;
	return 0;

unwatch:
	leat_virtio_unwatch(net);
halt:
	virtio_net_halt(net);
irqs_off:
	leat_virtio_irqs_off(net);
failed:
	virtio_net_failed(net);
	return err;
}

static void virtio_net_stop(struct leat_port *port)
{
	struct virtio_net *net = virtio_net_of(port);

	leat_virtio_unwatch(net);
	virtio_net_halt(net);
	leat_virtio_irqs_off(net);
}

static void virtio_net_link(struct leat_port *port, struct leat_link *out)
{
	out->up = leat_virtio_link_up(virtio_net_of(port));
	out->full_duplex = out->up;
}

static const struct leat_pci_id virtio_net_ids[] = {
	{ VIRTIO_PCI_VENDOR, VIRTIO_PCI_DEVICE_NET },
	{ VIRTIO_PCI_VENDOR, VIRTIO_PCI_DEVICE_NET_LEGACY },	/* transitional ones only */
	{ 0, 0 },
};

const struct leat_driver leat_virtio_net = {
	.name = "virtio-net",
	.ids = virtio_net_ids,
	.port_size = sizeof(struct virtio_net),
	.attach = virtio_net_attach,
	.detach = virtio_net_detach,
	.configure = virtio_net_configure,
	.rxq_setup = virtio_net_rxq_setup,
	.rxq_free = virtio_net_rxq_free,
	.txq_setup = virtio_net_txq_setup,
	.txq_free = virtio_net_txq_free,
	.start = virtio_net_start,
	.stop = virtio_net_stop,
	.rxq_arm = leat_virtio_rxq_arm,
	.rxq_disarm = virtio_net_rxq_disarm,
	.forget = virtio_net_forget,
	.link = virtio_net_link,
};
