// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/virtio_net.c - the virtio network driver's port: virtio 1.2, 5.1.
 *
 * Section numbers are those of "Virtual I/O Device (VIRTIO) Version 1.2". Attach
 * resets the device and reads what it offers; start runs the initialisation of
 * 3.1.1 to its end, stop resets the device again. Control thread throughout.
 */
#include "virtio_net.h"

#include <leat/driver/vhost_user.h>
#include <leat/drivers.h>

#include <errno.h>
#include <stdarg.h>
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

/* With features agreed on; a legacy device knows no FEATURES_OK (3.1.2). */
static uint8_t virtio_net_status(const struct virtio_net *net)
{
	return VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
	       (net->vd->legacy ? 0 : VIRTIO_STATUS_FEATURES_OK);
}

/* Steps 4 to 6: features, FEATURES_OK, and whether the device agrees (2.2). */
static int virtio_net_negotiate(struct virtio_net *net)
{
	char wanted[VIRTIO_FEATURES_TEXT], offered[VIRTIO_FEATURES_TEXT];
	const uint64_t settled = VIRTIO_NET_F_HASH_REPORT | VIRTIO_NET_F_MRG_RXBUF;
	const uint8_t status = virtio_net_status(net);
	struct leat_virtio *vd = net->vd;

	/* What was set while the port stood still; the header before frames is settled. */
	net->wanted = (leat_virtio_features_wanted(net) & ~settled) | (net->wanted & settled);
	if (net->wanted & ~vd->ops->features_get(vd))
		return leat_fail(net->port.ctx, -EPROTO,
				 "%s: the device offers other features than when it was opened: "
				 "open the port again", net->port.name);
	if (vd->ops->mtu) {
		int err = vd->ops->mtu(vd, net->port.cfg.mtu);

		if (err)
			return err;
	}
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
	int err = leat_virtio_ctrl_on(net);

	for (rx = 0; rx < cfg->rxqs && !err; rx++)
		err = net->rings->rxq_start(net, net->port.rxq[rx]);
	for (; tx < cfg->txqs && !err; tx++)
		err = net->rings->txq_start(net, net->port.txq[tx]);
	if (err) {
		virtio_net_empty(net, rx, tx);
		leat_virtio_ctrl_off(net);
	}
	return err;
}

/*
 * Step 8: DRIVER_OK. The device may reach memory from here on: the rings are valid. It
 * gets buffers only when it knows which frames to take; until then it takes all.
 */
static int virtio_net_go(struct virtio_net *net)
{
	struct leat_virtio *vd = net->vd;
	int err = vd->ops->dma(vd, true);

	if (err)
		return err;
	vd->ops->status_set(vd, virtio_net_status(net) | VIRTIO_STATUS_DRIVER_OK);
	err = leat_virtio_steer(&net->port);
	if (!err)
		err = leat_virtio_filter_start(net);
	if (!err)
		leat_virtio_rx_feed(net, 0, net->port.cfg.rxqs);
	return err;
}

/* 3.3.1: a reset takes everything from the device; without a bus it cannot even try. */
static void virtio_net_halt(struct virtio_net *net)
{
	(void)net->vd->ops->reset(net->vd);	/* says itself what went wrong */
	(void)net->vd->ops->dma(net->vd, false);
	virtio_net_empty(net, net->port.cfg.rxqs, net->port.cfg.txqs);
	leat_virtio_ctrl_off(net);
}

/* ---- attach ---- */

static int virtio_net_open(struct virtio_net *net)
{
	struct leat_dev *dev = net->port.dev;

	if (leat_vhost_is(dev)) {
		net->vd = &net->vhost.vd;
		leat_virtio_vhost_open(&net->vhost, dev);
		return 0;
	}
	if (leat_virtio_legacy_is(dev)) {
		net->vd = &net->legacy.vd;
		return leat_virtio_legacy_open(&net->legacy, dev);
	}
	net->vd = &net->pci.vd;
	return leat_virtio_pci_open(&net->pci, dev);
}

static void virtio_net_close(struct virtio_net *net)
{
	leat_virtio_vhost_close(&net->vhost);
	leat_virtio_legacy_close(&net->legacy);
	leat_virtio_pci_close(&net->pci);
}

static int virtio_net_attach(struct leat_port *port)
{
	struct virtio_net *net = virtio_net_of(port);
	int err = virtio_net_open(net);

	if (err)
		return err;
	err = virtio_net_begin(net);
	if (err)
		goto close;
	err = leat_virtio_read_offer(net);
	if (err)
		goto failed;
	return 0;

failed:
	virtio_net_failed(net);
close:
	virtio_net_close(net);
	return err;
}

static void virtio_net_detach(struct leat_port *port)
{
	struct virtio_net *net = virtio_net_of(port);

	(void)net->vd->ops->reset(net->vd);
	leat_virtio_irqs_close(net);
	virtio_net_close(net);
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

	if (net->wanted & VIRTIO_NET_F_MRG_RXBUF)
		most = LEAT_MIN(buf * (uint32_t)cfg->rx_desc, buf * UINT8_MAX);
	if (most < frame || buf < 2 * VIRTIO_NET_HDR_LEN)
		return leat_fail(net->port.ctx, -EINVAL,
				 "%s: frames of %u bytes (MTU %u) do not fit: %u descriptors of %u "
				 "bytes%s: use a pool with larger buffers, or a smaller MTU",
				 net->port.name, frame, cfg->mtu, cfg->rx_desc, buf,
				 most == buf ? ", and the device cannot use several for one" : "");
	net->rx_room = net->hdr_len + buf;	/* the header lies in the headroom */
	net->frame_max = (uint32_t)cfg->mtu + VIRTIO_NET_FRAME_ADD;
	return 0;
}

static void LEAT_PRINTF(2, 3) virtio_net_add(struct leat_port *port, const char *fmt, ...)
{
	size_t len = strlen(port->info);
	va_list args;

	va_start(args, fmt);
	vsnprintf(port->info + len, sizeof(port->info) - len, fmt, args);
	va_end(args);
}

/* "split queues 256/256, 2+2 of them, mergeable, rss, csum tx rx, MSI-X" */
static void virtio_net_tell(struct virtio_net *net)
{
	static const struct {
		uint64_t	any;
		const char	*text;
	} parts[] = {
		{ VIRTIO_NET_F_RSS, ", rss" },
		{ VIRTIO_NET_F_HASH_REPORT, ", hash" },
		{ VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM, ", csum" },
		{ VIRTIO_NET_F_CSUM, " tx" },
		{ VIRTIO_NET_F_GUEST_CSUM, " rx" },
		{ VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6, ", tso" },
		{ VIRTIO_NET_F_HOST_USO, ", uso" },
		{ VIRTIO_NET_LRO, ", lro" },
	};
	struct leat_port *port = &net->port;
	const struct leat_port_config *cfg = &port->cfg;

	port->info[0] = '\0';
	virtio_net_add(port, "%s queues %u/%u", net->rings->path(net), cfg->rx_desc, cfg->tx_desc);
	if (leat_virtio_pairs(net) > 1)
		virtio_net_add(port, ", %u+%u of them", cfg->rxqs, cfg->txqs);
	virtio_net_add(port, ", %s", net->wanted & VIRTIO_NET_F_MRG_RXBUF ? "mergeable" :
		       "one buffer a frame");
	for (size_t i = 0; i < LEAT_ARRAY_LEN(parts); i++)
		if (net->wanted & parts[i].any)
			virtio_net_add(port, "%s", parts[i].text);
	virtio_net_add(port, ", %s", leat_pci_irqs_name(net->irqs.kind));
}

/* 5.1.6 */
static uint16_t virtio_net_hdr_len(uint64_t features)
{
	if (features & VIRTIO_NET_F_HASH_REPORT)
		return VIRTIO_NET_HDR_LEN_HASH;
	return features & (VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MRG_RXBUF) ? VIRTIO_NET_HDR_LEN :
									  VIRTIO_NET_HDR_LEN_LEGACY;
}

static int virtio_net_configure(struct leat_port *port)
{
	struct virtio_net *net = virtio_net_of(port);
	int err;

	net->wanted = leat_virtio_features_wanted(net);
	net->hdr_len = virtio_net_hdr_len(net->wanted);
	err = virtio_net_settle_buffers(net);
	if (!err)
		err = leat_virtio_steer_check(net);
	if (!err)
		err = leat_virtio_irqs_open(net);
	if (err)
		return err;
	port->caps.max_segs = (uint16_t)LEAT_MIN(VIRTIO_NET_SEGS_MAX, port->cfg.tx_desc - 1);
	virtio_net_tell(net);
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

static void virtio_net_rxq_descs(struct leat_rxq *q, struct leat_descs *out)
{
	virtio_net_of(q->port)->rings->rxq_descs(q, out);
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
	net->queues_kept = 0;
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

static const struct leat_pci_id virtio_net_ids[] = {
	{ VIRTIO_PCI_VENDOR, VIRTIO_PCI_DEVICE_NET },
	{ VIRTIO_PCI_VENDOR, VIRTIO_PCI_DEVICE_NET_LEGACY },	/* transitional ones only */
	{ 0, 0 },
};

const struct leat_driver leat_virtio_net = {
	.name = "virtio-net",
	.ids = virtio_net_ids,
	.scheme = "vhost-user",
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
	.rxq_descs = virtio_net_rxq_descs,
	.txq_descs = leat_virtio_txq_descs,
	.forget = virtio_net_forget,
	.filter = leat_virtio_filter,
	.rss = leat_virtio_set_rss,
	.offloads = leat_virtio_set_offloads,
	.rxq_start = leat_virtio_rxq_start,
	.rxq_stop = leat_virtio_rxq_stop,
	.txq_start = leat_virtio_txq_start,
	.txq_stop = leat_virtio_txq_stop,
	.link = leat_virtio_link,
};
