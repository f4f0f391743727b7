// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_opts.c - options of the virtio-net model: "key=value" from an address or a
 * command line, most of them a feature to offer or not.
 */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MTU_MAX	(LEAT_FRAME_MAX - 22)	/* leaves room for the header and two tags */

#define NEED_CTRL									\
	(VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_RX_EXTRA | VIRTIO_NET_F_CTRL_MAC_ADDR |	\
	 VIRTIO_NET_F_CTRL_VLAN | VIRTIO_NET_F_CTRL_GUEST_OFFLOADS | VIRTIO_NET_F_MQ |	\
	 VIRTIO_NET_F_GUEST_ANNOUNCE | VIRTIO_NET_F_RSS | VIRTIO_NET_F_HASH_REPORT)

#define NEED_CSUM									\
	(VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_HOST_ECN | VIRTIO_NET_F_HOST_USO)

/* Offered unless switched off, or only if switched on: what a driver has to pay for. */
static const struct switched {
	const char	*key;
	uint64_t	bits;
	bool		on;
} features[] = {
	{ "csum", VIRTIO_NET_F_CSUM, true },
	{ "guest-csum", VIRTIO_NET_F_GUEST_CSUM, true },
	{ "tso", VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_HOST_ECN, true },
	{ "uso", VIRTIO_NET_F_HOST_USO, true },
	{ "guest-tso", VNET_GUEST_TSO, true },
	{ "guest-uso", VNET_GUEST_USO, true },
	{ "mrg", VIRTIO_NET_F_MRG_RXBUF, true },
	{ "indirect", VIRTIO_F_INDIRECT_DESC, true },
	{ "in-order", VIRTIO_F_IN_ORDER, true },
	{ "order-platform", VIRTIO_F_ORDER_PLATFORM, true },
	{ "ring-reset", VIRTIO_F_RING_RESET, true },
	{ "ctrl", VIRTIO_NET_F_CTRL_VQ, true },
	{ "ctrl-rx", VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_RX_EXTRA, true },
	{ "ctrl-mac", VIRTIO_NET_F_CTRL_MAC_ADDR, true },
	{ "ctrl-vlan", VIRTIO_NET_F_CTRL_VLAN, true },
	{ "ctrl-offloads", VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, true },
	{ "announce", VIRTIO_NET_F_GUEST_ANNOUNCE, true },
	{ "rss", VIRTIO_NET_F_RSS, false },
	{ "hash", VIRTIO_NET_F_HASH_REPORT, false },
	{ "packed", VIRTIO_F_RING_PACKED, false },
	{ "event-idx", VIRTIO_F_EVENT_IDX, false },
	{ "notification-data", VIRTIO_F_NOTIFICATION_DATA, false },
};

static int option_mac(struct vnet *v, const char *value)
{
	unsigned int b[6];
	int end = 0;

	if (sscanf(value, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 || value[end] || end != 17)
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		v->own_mac[i] = (uint8_t)b[i];
	if ((b[0] & 1) || !(b[0] | b[1] | b[2] | b[3] | b[4] | b[5]))
		return -EINVAL;
	return 0;
}

static int number(const char *value, unsigned long min, unsigned long max, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(value, &end, 10);
	if (errno || end == value || *end || value[0] == '-' || *out < min || *out > max)
		return -EINVAL;
	return 0;
}

static int number16(const char *value, unsigned long min, unsigned long max, uint16_t *out)
{
	unsigned long n;
	int err = number(value, min, max, &n);

	*out = (uint16_t)n;
	return err;
}

static int option_mtu(struct vnet *v, const char *value)
{
	return number16(value, VIRTIO_NET_MTU_MIN, MTU_MAX, &v->mtu);
}

static int option_queue_size(struct vnet *v, const char *value)
{
	int err = number16(value, 2, VNET_SIZE_MAX, &v->queue_size);

	return err ? err : leat_is_pow2(v->queue_size) ? 0 : -EINVAL;
}

static int option_queues(struct vnet *v, const char *value)
{
	return number16(value, 1, VNET_PAIRS_MAX, &v->pairs);
}

static int option_speed(struct vnet *v, const char *value)
{
	unsigned long n;
	int err = number(value, 1, INT32_MAX, &n);

	v->speed = (uint32_t)n;
	return err;
}

static const struct {
	const char *key, *want;
	int (*set)(struct vnet *v, const char *value);
} options[] = {
	{ "mac", "a unicast address like 02:00:00:00:00:01", option_mac },
	{ "mtu", "a number from 68 to 16362", option_mtu },
	{ "queue-size", "a power of two from 2 to 1024", option_queue_size },
	{ "queues", "a number of pairs from 1 to 16", option_queues },
	{ "speed", "a number of Mbit/s", option_speed },
};
LEAT_STATIC_ASSERT(MTU_MAX == 16362 && VNET_SIZE_MAX == 1024 && VNET_PAIRS_MAX == 16, "as the sentences say");

/* ---- one option, whichever ---- */

static int wrong(struct vnet *v, const struct leat_model_opt *opt, const char *want)
{
	return leat_mdev_fail(&v->mdev, -EINVAL, "%s=%s: must be %s", opt->key, opt->value, want);
}

static int switch_feature(struct vnet *v, const struct switched *f, const struct leat_model_opt *opt)
{
	if (!strcmp(opt->value, "on"))
		v->offered |= f->bits;
	else if (!strcmp(opt->value, "off"))
		v->offered &= ~f->bits;
	else
		return wrong(v, opt, "on or off");
	return 0;
}

static int unknown(struct vnet *v, const char *key)
{
	char list[600] = "";
	size_t at = 0;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(features) && at < sizeof(list); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, ", %s", features[i].key);
	return leat_mdev_fail(&v->mdev, -EINVAL, "no option %s; there are mac, mtu, queue-size, queues, speed%s",
			      key, list);
}

static int option(struct vnet *v, const struct leat_model_opt *opt)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(options); i++)
		if (!strcmp(options[i].key, opt->key))
			return options[i].set(v, opt->value) ? wrong(v, opt, options[i].want) : 0;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(features); i++)
		if (!strcmp(features[i].key, opt->key))
			return switch_feature(v, &features[i], opt);
	return unknown(v, opt->key);
}

/* The same NIC, the same address: locally administered, from its name (FNV-1a). */
static void default_mac(struct vnet *v)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (const char *p = v->mdev.name; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	v->own_mac[0] = 0x02;
	for (int i = 1; i < 6; i++)
		v->own_mac[i] = (uint8_t)(h >> (8 * i));
}

int vnet_options(struct vnet *v, const struct leat_model_opt *opts)
{
	int err = 0;

	v->offered = VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_NET_F_MAC |
		     VIRTIO_NET_F_STATUS | VIRTIO_NET_F_MTU | VIRTIO_NET_F_SPEED_DUPLEX;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(features); i++)
		if (features[i].on)
			v->offered |= features[i].bits;
	v->queue_size = 256;
	v->mtu = 1500;
	v->pairs = 1;
	v->speed = VIRTIO_NET_SPEED_UNKNOWN;
	default_mac(v);
	for (; opts && opts->key && !err; opts++)
		err = option(v, opts);
	if (v->pairs > 1)
		v->offered |= VIRTIO_NET_F_MQ;
	/* 5.1.3.1: what is commanded through it needs the queue, what cuts needs checksums. */
	if (!(v->offered & VIRTIO_NET_F_CTRL_VQ))
		v->offered &= ~NEED_CTRL;
	if (!(v->offered & VIRTIO_NET_F_CSUM))
		v->offered &= ~NEED_CSUM;
	if (!(v->offered & VIRTIO_NET_F_GUEST_CSUM))
		v->offered &= ~(VNET_GUEST_TSO | VNET_GUEST_USO);
	v->nqueues = (uint16_t)(2 * v->pairs + !!(v->offered & VIRTIO_NET_F_CTRL_VQ));
	return err;
}
