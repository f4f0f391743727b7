// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/steer.c - which receive queue takes a packet, and its hash (virtio 1.2,
 * 5.1.6.5.5 to 5.1.6.5.7); what else is done to it. Commands of the control queue, control thread.
 *
 * With RSS by our table. Without it the device remembers by which pair a flow was sent
 * and delivers it there, so that every enabled pair has to have a receive queue.
 */
#include "virtio_net.h"

#include <errno.h>
#include <string.h>

LEAT_STATIC_ASSERT(LEAT_RSS_IPV4 == VIRTIO_NET_HASH_IPV4 && LEAT_RSS_TCP4 == VIRTIO_NET_HASH_TCPV4 &&
		   LEAT_RSS_UDP4 == VIRTIO_NET_HASH_UDPV4 && LEAT_RSS_IPV6 == VIRTIO_NET_HASH_IPV6 &&
		   LEAT_RSS_TCP6 == VIRTIO_NET_HASH_TCPV6 && LEAT_RSS_UDP6 == VIRTIO_NET_HASH_UDPV6,
		   "their types are ours");

uint16_t leat_virtio_pairs(const struct virtio_net *net)
{
	return LEAT_MAX(net->port.cfg.rxqs, net->port.cfg.txqs);
}

/* ---- what the device can (5.1.4) ---- */

/* Of the configuration's fields that RSS and HASH_REPORT have in common. */
static int virtio_net_read_hashes(struct virtio_net *net)
{
	struct leat_caps *caps = &net->port.caps;
	uint8_t key;
	leat_le32 types;
	int err = net->vd->ops->config_read(net->vd, offsetof(struct virtio_net_config,
							      rss_max_key_size), &key, 1);

	if (!err)
		err = net->vd->ops->config_read(net->vd, offsetof(struct virtio_net_config,
								  supported_hash_types),
						&types, sizeof(types));
	if (err)
		return err;
	if (key < LEAT_RSS_KEY_LEN)
		return leat_fail(net->port.ctx, -EPROTO,
				 "%s: RSS: the device takes keys of %u bytes, under the least there "
				 "can be, %u (5.1.4.1)", net->port.name, key, LEAT_RSS_KEY_LEN);
	caps->rss_types = leat_le32_to_cpu(types) & (LEAT_RSS_IPV4 | LEAT_RSS_TCP4 |
			  LEAT_RSS_UDP4 | LEAT_RSS_IPV6 | LEAT_RSS_TCP6 | LEAT_RSS_UDP6);
	return 0;
}

static int virtio_net_read_table(struct virtio_net *net)
{
	uint16_t len, table = LEAT_RSS_RETA_MAX;
	int err = leat_virtio_config16(net, offsetof(struct virtio_net_config,
						     rss_max_indirection_table_length), &len);

	if (err)
		return err;
	while (table > len)
		table /= 2;
	if (!table)
		return leat_fail(net->port.ctx, -EPROTO, "%s: RSS: the device has no redirection "
				 "table (5.1.4.1)", net->port.name);
	net->port.caps.reta_len = table;
	return 0;
}

static int virtio_net_read_pairs(struct virtio_net *net)
{
	int err = leat_virtio_config16(net, offsetof(struct virtio_net_config, max_virtqueue_pairs),
				       &net->device_pairs);

	if (err)
		return err;
	if (!net->device_pairs || net->device_pairs > VIRTIO_NET_PAIRS_MAX)
		return leat_fail(net->port.ctx, -EPROTO,
				 "%s: the device says that it has %u pairs of queues; there can be 1 "
				 "to %u (5.1.4.1)", net->port.name, net->device_pairs,
				 VIRTIO_NET_PAIRS_MAX);
	net->port.caps.max_rxqs = net->port.caps.max_txqs = net->device_pairs;
	return 0;
}

int leat_virtio_steer_read(struct virtio_net *net)
{
	uint64_t can = leat_virtio_features_possible(net);
	int err = 0;

	net->port.caps.max_rxqs = net->port.caps.max_txqs = net->device_pairs = 1;
	if (can & (VIRTIO_NET_F_MQ | VIRTIO_NET_F_RSS))
		err = virtio_net_read_pairs(net);
	if (!err && (can & (VIRTIO_NET_F_RSS | VIRTIO_NET_F_HASH_REPORT)))
		err = virtio_net_read_hashes(net);
	if (!err && (can & VIRTIO_NET_F_RSS))
		err = virtio_net_read_table(net);
	return err;
}

int leat_virtio_steer_check(const struct virtio_net *net)
{
	const struct leat_port_config *cfg = &net->port.cfg;

	if (cfg->txqs <= cfg->rxqs || (net->wanted & VIRTIO_NET_F_RSS))
		return 0;
	return leat_fail(net->port.ctx, -ENOTSUP,
			 "%s: %u transmit queues and %u receive queues: without RSS the device "
			 "delivers by as many queues as send: ask for %u receive queues",
			 net->port.name, cfg->txqs, cfg->rxqs, cfg->txqs);
}

/* ---- what it is told ---- */

static void *put(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	return (char *)to + len;
}

static void *put16(void *to, unsigned int v)
{
	leat_le16 le = leat_cpu_to_le16((uint16_t)v);

	return put(to, &le, sizeof(le));
}

static void *put_key(void *to, const struct leat_rss *rss)
{
	const uint8_t len = LEAT_RSS_KEY_LEN;

	return put(put(to, &len, 1), rss->key, len);
}

/* max_tx, of transmit queues, is what QEMU takes for the number of pairs: all of them. */
static int virtio_net_rss(struct virtio_net *net)
{
	const struct leat_rss *rss = &net->port.rss;
	const leat_le32 types = leat_cpu_to_le32(rss->types);
	uint8_t data[VIRTIO_CTRL_DATA_MAX], *to;

	to = put(data, &types, sizeof(types));
	to = put16(to, rss->reta_len - 1u);
	to = put16(to, 0);			/* what has no hash */
	for (unsigned int i = 0; i < rss->reta_len; i++)
		to = put16(to, rss->reta[i]);
	to = put16(to, leat_virtio_pairs(net));
	to = put_key(to, rss);
	return leat_virtio_ctrl(net, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS, data,
				(size_t)(to - data), "RSS");
}

static int virtio_net_hash(struct virtio_net *net)
{
	const struct leat_rss *rss = &net->port.rss;
	const leat_le32 types = leat_cpu_to_le32(rss->types);
	const leat_le16 reserved[4] = { 0 };
	uint8_t data[sizeof(struct virtio_net_hash) + LEAT_RSS_KEY_LEN], *to;

	to = put(data, &types, sizeof(types));
	to = put_key(put(to, reserved, sizeof(reserved)), rss);
	return leat_virtio_ctrl(net, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_HASH, data,
				(size_t)(to - data), "hashes");
}

static int virtio_net_pairs(struct virtio_net *net)
{
	const leat_le16 pairs = leat_cpu_to_le16(leat_virtio_pairs(net));

	return leat_virtio_ctrl(net, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_PAIRS_SET, &pairs,
				sizeof(pairs), "several queues");
}

int leat_virtio_steer(struct leat_port *port)
{
	struct virtio_net *net = virtio_net_of(port);
	uint64_t features = net->vd->features;
	int err = 0;

	if (!(features & VIRTIO_NET_F_CTRL_VQ))
		return 0;
	if (features & VIRTIO_NET_F_RSS)
		return virtio_net_rss(net);
	if (features & VIRTIO_NET_F_MQ)
		err = virtio_net_pairs(net);
	if (!err && (features & VIRTIO_NET_F_HASH_REPORT))
		err = virtio_net_hash(net);
	return err;
}

int leat_virtio_set_rss(struct leat_port *port)
{
	uint64_t features = virtio_net_of(port)->vd->features;

	if (features & (VIRTIO_NET_F_RSS | VIRTIO_NET_F_HASH_REPORT))
		return leat_virtio_steer(port);
	return leat_fail(port->ctx, -EBUSY, "%s: RSS: the port started without: stop it, set RSS, "
			 "start it", port->name);
}

/* All that were negotiated are on after a reset; only these can be switched (5.1.6.5.6). */
int leat_virtio_set_offloads(struct leat_port *port)
{
	struct virtio_net *net = virtio_net_of(port);
	uint64_t had = net->vd->features & (VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_LRO);
	uint64_t want = leat_virtio_features_wanted(net) &
			(VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_LRO);
	const leat_le64 data = leat_cpu_to_le64(want);

	if (want & ~had)
		return leat_fail(port->ctx, -EBUSY, "%s: offloads: the port started without: stop "
				 "and reconfigure it", port->name);
	return leat_virtio_ctrl(net, VIRTIO_NET_CTRL_OFFLOADS, VIRTIO_NET_CTRL_OFFLOADS_SET, &data,
				sizeof(data), "offloads");
}
