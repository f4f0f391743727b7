// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_steer.c - which frames from the wire the driver gets, and in which queue: filters
 * (virtio 1.2, 5.1.6.5.1 to .3), hashes (5.1.6.4.3), RSS (5.1.6.5.7), and without RSS the
 * queue pair that sent last in the flow (5.1.6.5.6).
 *
 * Headers are copied before they are looked at: frames lie in memory that others can change.
 * A burst goes to its queues in one piece each, if all of them have room; otherwise in its
 * order up to the first frame that finds none, and the wire keeps the rest. Frames for a
 * queue that does not run are dropped.
 */
#include "model.h"

#include <string.h>

#include <leat/rss.h>

#define HEAD_MAX	128	/* bytes of a frame looked at */
#define ETH_LEN		14
#define TAG_LEN		4
#define TYPE_VLAN	0x8100
#define TYPE_QINQ	0x88a8
#define TYPE_IPV4	0x0800
#define TYPE_IPV6	0x86dd
#define PROTO_TCP	6
#define PROTO_UDP	17
#define EXTENSIONS_MAX	4

/* What of a frame decides. */
struct head {
	uint8_t		bytes[HEAD_MAX];
	uint32_t	len;		/* of them */
	uint32_t	addresses;	/* where they are; 0: no IP */
	uint32_t	ports;		/* where they are; 0: none */
	uint8_t		proto;		/* with ports */
	bool		ipv6;
};

static bool is_tag(uint16_t type)
{
	return type == TYPE_VLAN || type == TYPE_QINQ;
}

/* ---- headers ---- */

static void find_ports(struct head *h, uint32_t at, uint8_t proto)
{
	if ((proto != PROTO_TCP && proto != PROTO_UDP) || at + 8 > h->len)
		return;
	h->ports = at;
	h->proto = proto;
}

static void parse_ipv4(struct head *h, uint32_t at)
{
	const uint8_t *ip = h->bytes + at;
	uint32_t len = 4u * (ip[0] & 0xf);

	if (at + 20 > h->len || ip[0] >> 4 != 4 || len < 20)
		return;
	h->addresses = at + 12;
	if (!(leat_get_be16(ip + 6) & 0x3fff))		/* no fragment */
		find_ports(h, at + len, ip[9]);
}

static void parse_ipv6(struct head *h, uint32_t at)
{
	uint8_t proto = h->bytes[at + 6];
	uint32_t next = at + 40;

	if (next > h->len || h->bytes[at] >> 4 != 6)
		return;
	h->ipv6 = true;
	h->addresses = at + 8;
	/* Hop-by-hop, routing, destination options; behind a fragment header there are no ports. */
	for (int i = 0; i < EXTENSIONS_MAX && (proto == 0 || proto == 43 || proto == 60); i++) {
		if (next + 8 > h->len)
			return;
		proto = h->bytes[next];
		next += 8u + 8u * h->bytes[next + 1];
	}
	find_ports(h, next, proto);
}

static void parse(struct head *h, const struct leat_frame *f)
{
	uint32_t at = 12;
	uint16_t type;

	*h = (struct head){ .len = LEAT_MIN(f->len, (uint32_t)HEAD_MAX) };
	memcpy(h->bytes, f->data, h->len);
	type = leat_get_be16(h->bytes + at);
	for (int tags = 0; tags < 2 && is_tag(type); tags++) {
		at += TAG_LEN;
		type = leat_get_be16(h->bytes + at);
	}
	at += 2;
	if (type == TYPE_IPV4)
		parse_ipv4(h, at);
	else if (type == TYPE_IPV6)
		parse_ipv6(h, at);
}

/* ---- filters ---- */

static bool mode(const struct vnet *v, unsigned int cmd)
{
	return v->filter.modes & 1u << cmd;
}

static bool listed(const struct vnet_macs *t, const uint8_t *mac)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (!memcmp(t->addr[i], mac, 6))
			return true;
	return t->all;
}

static bool vlan_passes(const struct vnet *v, const uint8_t *p)
{
	uint16_t vid;

	if (!(v->accepted & VIRTIO_NET_F_CTRL_VLAN) || leat_get_be16(p + 12) != TYPE_VLAN)
		return true;
	vid = leat_get_be16(p + 14) & (VNET_VLANS - 1);
	return v->filter.vlan[vid / 32] & 1u << vid % 32;
}

static bool passes(const struct vnet *v, const uint8_t *p)
{
	static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	if (mode(v, VIRTIO_NET_CTRL_RX_PROMISC))
		return true;
	if (!vlan_passes(v, p))
		return false;
	if (!memcmp(p, everybody, 6))
		return !mode(v, VIRTIO_NET_CTRL_RX_NOBCAST);
	if (p[0] & 1)
		return !mode(v, VIRTIO_NET_CTRL_RX_NOMULTI) &&
		       (mode(v, VIRTIO_NET_CTRL_RX_ALLMULTI) || listed(&v->filter.multi, p));
	return !mode(v, VIRTIO_NET_CTRL_RX_NOUNI) &&
	       (mode(v, VIRTIO_NET_CTRL_RX_ALLUNI) || !memcmp(v->mac, p, 6) ||
		listed(&v->filter.uni, p));
}

/* ---- hashes ---- */

/* In the order of preference; the report is the bit's number and one. */
static unsigned int hash_type(const struct vnet *v, const struct head *h)
{
	uint32_t ports = h->proto == PROTO_TCP ? VIRTIO_NET_HASH_TCPV4 : VIRTIO_NET_HASH_UDPV4;
	uint32_t bare = VIRTIO_NET_HASH_IPV4;

	if (h->ipv6) {
		ports <<= 3;
		bare <<= 3;
	}
	if (h->ports && (v->rss.types & ports))
		return ports;
	return h->addresses ? v->rss.types & bare : 0;
}

static struct vnet_hash hash_of(const struct vnet *v, const struct head *h)
{
	unsigned int type = hash_type(v, h);
	uint32_t n = h->ipv6 ? 32 : 8;
	uint8_t input[36];

	if (!type)
		return (struct vnet_hash){ 0, VIRTIO_NET_HASH_REPORT_NONE };
	memcpy(input, h->bytes + h->addresses, n);
	if (!(type & (VIRTIO_NET_HASH_IPV4 | VIRTIO_NET_HASH_IPV6))) {
		memcpy(input + n, h->bytes + h->ports, 4);
		n += 4;
	}
	return (struct vnet_hash){ leat_rss_hash(v->rss.key, input, n),
				   (uint16_t)(__builtin_ctz(type) + 1) };
}

/* ---- flows, without RSS ---- */

/* The same both ways. */
static uint8_t flow_of(const struct head *h)
{
	uint32_t n = h->ipv6 ? 32 : 8, s = 0;

	for (uint32_t i = 0; h->addresses && i < n; i++)
		s += h->bytes[h->addresses + i] * (1u + 2 * (i % (n / 2)));
	for (uint32_t i = 0; h->ports && i < 4; i++)
		s += h->bytes[h->ports + i] * (31u + 2 * (i % 2));
	return (uint8_t)(s ^ s >> 8);
}

void vnet_flows_learn(struct vnet *v, uint16_t pair, const struct leat_frame *frames,
		      unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct head h;

		parse(&h, &frames[i]);
		if (h.addresses)
			v->flow[flow_of(&h)] = (uint8_t)pair;
	}
}

/* ---- a burst ---- */

#define DROP 0xff

struct burst {
	struct vnet_hash hash[VNET_BURST];
	uint8_t		pair[VNET_BURST];	/* or DROP */
	uint8_t		count[VNET_PAIRS_MAX];
};

static unsigned int pair_of(const struct vnet *v, const struct head *h,
			    const struct vnet_hash *hash)
{
	if (!v->rss.spread)
		return v->flow[flow_of(h)] % v->active;
	return hash->report ? v->rss.table[hash->value & v->rss.mask] : v->rss.unclassified;
}

static void classify(const struct vnet *v, const struct leat_frame *f, unsigned int n,
		     struct burst *b)
{
	memset(b->count, 0, sizeof(b->count));
	for (unsigned int i = 0; i < n; i++) {
		struct head h;

		parse(&h, &f[i]);
		b->pair[i] = DROP;
		if (!passes(v, h.bytes))
			continue;
		b->hash[i] = hash_of(v, &h);
		b->pair[i] = (uint8_t)pair_of(v, &h, &b->hash[i]);
		if (v->q[VIRTIO_NET_RXQ(b->pair[i])].running)
			b->count[b->pair[i]]++;
		else
			b->pair[i] = DROP;
	}
}

static bool room_for_all(struct vnet *v, const struct burst *b)
{
	for (unsigned int pair = 0; pair < v->pairs; pair++) {
		struct vnet_queue *q = &v->q[VIRTIO_NET_RXQ(pair)];

		if (b->count[pair] && vnet_rx_room(v, q) < b->count[pair])
			return false;
	}
	return true;
}

/* Each queue's frames together. What a queue refuses in spite of its room is lost, as on a wire. */
static void deliver_sorted(struct vnet *v, const struct leat_frame *f, unsigned int n,
			   const struct burst *b)
{
	for (unsigned int pair = 0; pair < v->pairs; pair++) {
		struct leat_frame mine[VNET_BURST];
		struct vnet_hash hash[VNET_BURST];
		unsigned int k = 0;

		if (!b->count[pair])
			continue;
		for (unsigned int i = 0; i < n; i++) {
			if (b->pair[i] != pair)
				continue;
			mine[k] = f[i];
			hash[k++] = b->hash[i];
		}
		v->mdev.stats.rx_dropped += k - vnet_rx(v, &v->q[VIRTIO_NET_RXQ(pair)], mine, k, hash);
	}
}

/* In their order, until one finds no room. Returns how many. */
static unsigned int deliver_in_turn(struct vnet *v, const struct leat_frame *f, unsigned int n,
				    const struct burst *b)
{
	for (unsigned int i = 0; i < n; i++)
		if (b->pair[i] != DROP &&
		    !vnet_rx(v, &v->q[VIRTIO_NET_RXQ(b->pair[i])], &f[i], 1, &b->hash[i]))
			return i;
	return n;
}

static unsigned int steer_burst(struct vnet *v, const struct leat_frame *f, unsigned int n)
{
	struct burst b;
	unsigned int first = 0;

	classify(v, f, n, &b);
	while (first < n && b.pair[first] == DROP)
		first++;
	if (first < n && b.count[b.pair[first]] == n)	/* the ordinary case: one queue */
		return vnet_rx(v, &v->q[VIRTIO_NET_RXQ(b.pair[0])], f, n, b.hash);
	if (!room_for_all(v, &b))
		return deliver_in_turn(v, f, n, &b);
	deliver_sorted(v, f, n, &b);
	return n;
}

unsigned int vnet_steer(struct vnet *v, const struct leat_frame *frames, unsigned int n)
{
	unsigned int done = 0;

	while (done < n) {
		unsigned int part = LEAT_MIN(n - done, (unsigned int)VNET_BURST);
		unsigned int taken = steer_burst(v, frames + done, part);

		done += taken;
		if (taken < part)
			break;
	}
	return done;
}

/* ---- what is in force ---- */

void vnet_steer_reset(struct vnet *v)
{
	memset(&v->filter, 0, sizeof(v->filter));
	memset(&v->rss, 0, sizeof(v->rss));
	memset(v->flow, 0, sizeof(v->flow));
	/* All, until the driver says otherwise: one without CTRL_RX never does. */
	v->filter.modes = 1u << VIRTIO_NET_CTRL_RX_PROMISC;
	v->active = 1;
	vnet_steer_update(v);
}

void vnet_steer_update(struct vnet *v)
{
	bool spread = v->active > 1 || v->rss.spread;

	v->steered = spread || !mode(v, VIRTIO_NET_CTRL_RX_PROMISC) ||
		     (v->accepted & VIRTIO_NET_F_HASH_REPORT);
	v->learns = v->active > 1 && !v->rss.spread;
}
