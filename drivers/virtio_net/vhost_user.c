// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/vhost_user.c - the transport to a vhost-user back end.
 *
 * A back end has rings and features; of the rest of a network device it has nothing, or as
 * much as its protocol features say. What it lacks is made up here: the link is up while
 * somebody is connected, and the number of queues is what it says of itself. What needs a
 * control queue is not offered; receive filters, for one, are the back end's own affair.
 */
#include "virtio_net.h"

#include <leat/driver/vhost_user.h>

#include <errno.h>
#include <string.h>

/* What a back end can offer, all by itself, by what it does with rings and headers. */
#define RING_FEATURES (VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_TSO4 | \
		       VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_ECN | VIRTIO_NET_F_HOST_TSO4 | \
		       VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_HOST_ECN | VIRTIO_NET_F_MRG_RXBUF | \
		       VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6 | VIRTIO_NET_F_HOST_USO | \
		       VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1 | \
		       VIRTIO_F_RING_PACKED | VIRTIO_F_IN_ORDER)

/* And what stands in its configuration space, if it has one (CONFIG). */
#define CONFIG_FEATURES (VIRTIO_NET_F_MAC | VIRTIO_NET_F_MTU | VIRTIO_NET_F_SPEED_DUPLEX)

static struct leat_virtio_vhost *vhost_of(struct leat_virtio *vd)
{
	return LEAT_CONTAINER_OF(vd, struct leat_virtio_vhost, vd);
}

static bool has(struct leat_virtio *vd, uint64_t protocol)
{
	return leat_vhost_offer(vd->dev)->protocol & protocol;
}

/* ---- status and features ---- */

static uint8_t status_get(struct leat_virtio *vd)
{
	uint8_t status = 0;

	(void)leat_vhost_status_get(vd->dev, &status);
	return status;
}

static void status_set(struct leat_virtio *vd, uint8_t status)
{
	(void)leat_vhost_status_set(vd->dev, status);
}

static int reset(struct leat_virtio *vd)
{
	leat_vhost_stop(vd->dev);
	(void)leat_vhost_status_set(vd->dev, 0);
	return 0;
}

static unsigned int pairs(struct leat_virtio *vd)
{
	const struct leat_vhost_offer *offer = leat_vhost_offer(vd->dev);
	bool many = (offer->features & VIRTIO_NET_F_MQ) && has(vd, LEAT_VHOST_P_MQ);

	return many ? LEAT_MIN(offer->queues, LEAT_PORT_QUEUES_MAX) : 1;
}

static uint64_t features_get(struct leat_virtio *vd)
{
	uint64_t offered = leat_vhost_offer(vd->dev)->features;
	uint64_t features = (offered & RING_FEATURES) | VIRTIO_NET_F_STATUS;

	if (has(vd, LEAT_VHOST_P_CONFIG))
		features |= offered & CONFIG_FEATURES;
	if (leat_vhost_offer(vd->dev)->has_mac)
		features |= VIRTIO_NET_F_MAC;
	if (pairs(vd) > 1)
		features |= VIRTIO_NET_F_MQ;
	return features;
}

/* The link's status is our own making, unless the back end has one, too. */
static void features_set(struct leat_virtio *vd, uint64_t features)
{
	struct leat_virtio_vhost *vhost = vhost_of(vd);
	uint64_t offered = leat_vhost_offer(vd->dev)->features;

	if (vhost->mtu && has(vd, LEAT_VHOST_P_NET_MTU))
		features |= VIRTIO_NET_F_MTU;
	(void)leat_vhost_features(vd->dev, features & offered);
}

static int set_mtu(struct leat_virtio *vd, uint16_t mtu)
{
	vhost_of(vd)->mtu = mtu;
	return leat_vhost_mtu(vd->dev, mtu);
}

/* ---- configuration (5.1.4) ---- */

static int config_read(struct leat_virtio *vd, uint32_t off, void *buf, size_t len)
{
	struct virtio_net_config config = { .status = leat_cpu_to_le16(VIRTIO_NET_S_LINK_UP) };
	int err = 0;

	if (off + len > sizeof(config))
		return -EINVAL;
	if (leat_vhost_connected(vd->dev) && has(vd, LEAT_VHOST_P_CONFIG))
		err = leat_vhost_config_read(vd->dev, off, (char *)&config + off, len);
	if (!(leat_vhost_offer(vd->dev)->features & VIRTIO_NET_F_STATUS) ||
	    !has(vd, LEAT_VHOST_P_CONFIG))
		config.status = leat_cpu_to_le16(VIRTIO_NET_S_LINK_UP);
	if (!leat_vhost_connected(vd->dev))
		config.status = leat_cpu_to_le16(0);
	if (leat_vhost_offer(vd->dev)->has_mac)
		memcpy(config.mac, leat_vhost_offer(vd->dev)->mac, sizeof(config.mac));
	config.max_virtqueue_pairs = leat_cpu_to_le16((uint16_t)pairs(vd));
	memcpy(buf, (char *)&config + off, len);
	return err;
}

static int config_write(struct leat_virtio *vd, uint32_t off, const void *buf, size_t len)
{
	return leat_vhost_config_write(vd->dev, off, buf, len);
}

/* ---- queues ---- */

static uint16_t queue_max(struct leat_virtio *vd, uint16_t index)
{
	return index < 2 * pairs(vd) ? VIRTIO_QUEUE_SIZE_MAX : 0;
}

static void ring(const struct leat_virtio_queue *q, uint16_t next)
{
	(void)next;
	leat_eventfd_signal(q->event);
}

static int queue_enable(struct leat_virtio *vd, struct leat_virtio_queue *q)
{
	const struct leat_vhost_ring conf = {
		.index = q->index, .size = q->size,
		.desc = q->desc, .driver = q->driver, .device = q->device, .at = q->at, .vq = q,
		.call = q->vector == LEAT_VIRTIO_NO_VECTOR ? -1 : vd->events[q->vector],
	};

	q->ring = ring;
	return leat_vhost_ring(vd->dev, &conf, &q->event);
}

/* All of it is told here, where it can be said that it went wrong. */
static int dma(struct leat_virtio *vd, bool on)
{
	return on ? leat_vhost_start(vd->dev) : 0;
}

/* ---- interrupts ---- */

static uint16_t config_vector(struct leat_virtio *vd, uint16_t vector)
{
	leat_vhost_watch_config(vd->dev, vector == LEAT_VIRTIO_NO_VECTOR ? -1 : vd->events[vector]);
	return vector;
}

static uint8_t isr(struct leat_virtio *vd)
{
	(void)vd;
	return 0;
}

/* ---- the transport's life ---- */

static const struct leat_virtio_ops vhost_ops;

void leat_virtio_vhost_open(struct leat_virtio_vhost *vhost, struct leat_dev *dev)
{
	*vhost = (struct leat_virtio_vhost){
		.vd = { .ops = &vhost_ops, .dev = dev, .alone = true, .demote = true },
	};
}

void leat_virtio_vhost_close(struct leat_virtio_vhost *vhost)
{
	if (vhost->vd.dev)
		leat_vhost_watch_config(vhost->vd.dev, -1);
}

static const struct leat_virtio_ops vhost_ops = {
	.status_get = status_get,
	.status_set = status_set,
	.reset = reset,
	.features_get = features_get,
	.features_set = features_set,
	.mtu = set_mtu,
	.config_read = config_read,
	.config_write = config_write,
	.queue_max = queue_max,
	.queue_enable = queue_enable,
	.dma = dma,
	.config_vector = config_vector,
	.isr = isr,
};
