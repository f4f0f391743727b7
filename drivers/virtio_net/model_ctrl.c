// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_ctrl.c - the control queue (virtio 1.2, 5.1.6.5): receive modes, addresses, VLANs,
 * queue pairs, hashes, offloads, and announcing.
 *
 * A command is copied out before it is looked at. One that is malformed, or of a feature
 * that was not agreed on, is answered with an error and changes nothing.
 */
#include "model.h"

#include <errno.h>
#include <string.h>

/* A command's data, what is left of it. */
struct args {
	const uint8_t	*p;
	size_t		len;
};

static bool take(struct args *a, void *out, size_t len)
{
	if (a->len < len)
		return false;
	memcpy(out, a->p, len);
	a->p += len;
	a->len -= len;
	return true;
}

static bool take16(struct args *a, uint16_t *out)
{
	leat_le16 word;

	if (!take(a, &word, sizeof(word)))
		return false;
	*out = leat_le16_to_cpu(word);
	return true;
}

static bool take32(struct args *a, uint32_t *out)
{
	leat_le32 word;

	if (!take(a, &word, sizeof(word)))
		return false;
	*out = leat_le32_to_cpu(word);
	return true;
}

/* ---- receive modes, addresses, tags ---- */

static bool set_mode(struct vnet *v, unsigned int cmd, struct args *a)
{
	uint64_t need = cmd > VIRTIO_NET_CTRL_RX_ALLMULTI ? VIRTIO_NET_F_CTRL_RX_EXTRA :
							    VIRTIO_NET_F_CTRL_RX;
	uint8_t on;

	if (!(v->accepted & need) || cmd > VIRTIO_NET_CTRL_RX_NOBCAST || !take(a, &on, 1))
		return false;
	v->filter.modes = (v->filter.modes & ~(1u << cmd)) | (uint32_t)!!on << cmd;
	return true;
}

/* More addresses than there is room for: all of the kind are taken. */
static bool take_table(struct args *a, struct vnet_macs *t)
{
	uint32_t n;

	if (!take32(a, &n) || n > a->len / 6)
		return false;
	t->all = n > VNET_MACS;
	t->n = t->all ? 0 : n;
	memcpy(t->addr, a->p, 6u * t->n);
	a->p += 6u * n;
	a->len -= 6u * n;
	return true;
}

static bool set_addresses(struct vnet *v, unsigned int cmd, struct args *a)
{
	struct vnet_macs uni, multi;

	if (cmd == VIRTIO_NET_CTRL_MAC_ADDR_SET && (v->accepted & VIRTIO_NET_F_CTRL_MAC_ADDR))
		return take(a, v->mac, sizeof(v->mac));
	if (cmd != VIRTIO_NET_CTRL_MAC_TABLE_SET || !(v->accepted & VIRTIO_NET_F_CTRL_RX) ||
	    !take_table(a, &uni) || !take_table(a, &multi))
		return false;
	v->filter.uni = uni;
	v->filter.multi = multi;
	return true;
}

static bool set_vlan(struct vnet *v, unsigned int cmd, struct args *a)
{
	uint16_t vid;

	if (!(v->accepted & VIRTIO_NET_F_CTRL_VLAN) || cmd > VIRTIO_NET_CTRL_VLAN_DEL ||
	    !take16(a, &vid) || vid >= VNET_VLANS)
		return false;
	if (cmd == VIRTIO_NET_CTRL_VLAN_ADD)
		v->filter.vlan[vid / 32] |= 1u << vid % 32;
	else
		v->filter.vlan[vid / 32] &= ~(1u << vid % 32);
	return true;
}

static bool acknowledge(struct vnet *v, unsigned int cmd, struct args *a)
{
	(void)a;
	if (cmd != VIRTIO_NET_CTRL_ANNOUNCE_ACK || !v->announce)
		return false;
	v->announce = false;
	return true;
}

/* ---- queue pairs and hashes ---- */

static bool set_pairs(struct vnet *v, struct args *a)
{
	uint16_t n;

	if (!(v->accepted & VIRTIO_NET_F_MQ) || !take16(a, &n) || !n || n > v->pairs)
		return false;
	v->active = n;
	v->rss.spread = false;
	return true;
}

/* The key: shorter ones are as if zeros followed. */
static bool take_key(struct args *a, struct vnet_rss *rss)
{
	uint8_t len;

	memset(rss->key, 0, sizeof(rss->key));
	return take(a, &len, 1) && len <= sizeof(rss->key) && take(a, rss->key, len);
}

static bool take_rss(const struct vnet *v, struct args *a, struct vnet_rss *rss)
{
	uint16_t mask, unclassified, tx;

	if (!take32(a, &rss->types) || (rss->types & ~VNET_HASHES) || !take16(a, &mask) ||
	    mask >= VNET_TABLE || (mask & (mask + 1)) || !take16(a, &unclassified) ||
	    unclassified >= v->pairs)
		return false;
	rss->mask = mask;
	rss->unclassified = (uint8_t)unclassified;
	for (uint32_t i = 0; i <= mask; i++) {
		uint16_t pair;

		if (!take16(a, &pair) || pair >= v->pairs)
			return false;
		rss->table[i] = (uint8_t)pair;
	}
	return take16(a, &tx) && tx && tx <= v->pairs && take_key(a, rss);
}

static bool set_rss(struct vnet *v, struct args *a)
{
	struct vnet_rss rss = { .spread = true };

	if (!(v->accepted & VIRTIO_NET_F_RSS) || !take_rss(v, a, &rss))
		return false;
	v->rss = rss;
	v->active = v->pairs;
	return true;
}

static bool set_hash(struct vnet *v, struct args *a)
{
	struct vnet_rss rss = v->rss;
	leat_le16 reserved[4];

	if (!(v->accepted & VIRTIO_NET_F_HASH_REPORT) || !take32(a, &rss.types) ||
	    (rss.types & ~VNET_HASHES) || !take(a, reserved, sizeof(reserved)) || !take_key(a, &rss))
		return false;
	rss.spread = false;
	v->rss = rss;
	return true;
}

static bool set_queues(struct vnet *v, unsigned int cmd, struct args *a)
{
	switch (cmd) {
	case VIRTIO_NET_CTRL_MQ_PAIRS_SET:
		return set_pairs(v, a);
	case VIRTIO_NET_CTRL_MQ_RSS:
		return set_rss(v, a);
	case VIRTIO_NET_CTRL_MQ_HASH:
		return set_hash(v, a);
	}
	return false;
}

static bool set_offloads(struct vnet *v, unsigned int cmd, struct args *a)
{
	leat_le64 word;

	if (!(v->accepted & VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) ||
	    cmd != VIRTIO_NET_CTRL_OFFLOADS_SET || !take(a, &word, sizeof(word)) ||
	    (leat_le64_to_cpu(word) & ~(v->accepted & VNET_GUEST_OFFLOADS)))
		return false;
	v->guest = leat_le64_to_cpu(word);
	return true;
}

/* ---- one command ---- */

static bool (*const classes[])(struct vnet *v, unsigned int cmd, struct args *a) = {
	[VIRTIO_NET_CTRL_RX] = set_mode,
	[VIRTIO_NET_CTRL_MAC] = set_addresses,
	[VIRTIO_NET_CTRL_VLAN] = set_vlan,
	[VIRTIO_NET_CTRL_ANNOUNCE] = acknowledge,
	[VIRTIO_NET_CTRL_MQ] = set_queues,
	[VIRTIO_NET_CTRL_OFFLOADS] = set_offloads,
};

static uint8_t execute(struct vnet *v, const void *command, size_t len)
{
	struct args a = { command, len };
	struct virtio_net_ctrl c;

	if (!take(&a, &c, sizeof(c)) || c.class >= LEAT_ARRAY_LEN(classes) ||
	    !classes[c.class](v, c.cmd, &a))
		return VIRTIO_NET_ERR;
	vnet_steer_update(v);
	return VIRTIO_NET_OK;
}

/* Pieces to be read, then pieces to be written. Returns the bytes to be read, or UINT64_MAX. */
static uint64_t readable(const struct vnet *v, int n)
{
	uint64_t bytes = 0;
	int i = 0;

	for (; i < n && !v->segs[i].write; i++)
		bytes += v->segs[i].len;
	for (; i < n; i++)
		if (!v->segs[i].write)
			return UINT64_MAX;
	return bytes;
}

/* The buffer at @t, whose place goes on. 0, -EAGAIN: not now; -EINVAL: broken. */
static int command(struct vnet *v, struct vnet_queue *q, struct vnet_take *t)
{
	struct vnet_chain c;
	struct vnet_done d;
	uint64_t len;
	uint8_t ack;
	int err, n = vnet_chain(v, q, t, v->segs, &c);

	if (n < 0)
		return n;
	len = readable(v, n);
	if (len == UINT64_MAX || c.bytes == len)
		return vnet_break(v, "queue %u: a command without room for its answer", q->index);
	ack = len > sizeof(v->whole) ? VIRTIO_NET_ERR : VIRTIO_NET_OK;
	if (ack == VIRTIO_NET_OK) {
		err = vnet_segs_copy(v, v->segs, n, 0, v->whole, (uint32_t)len, false);
		if (err)
			return err;
		ack = execute(v, v->whole, (size_t)len);
	}
	err = vnet_segs_copy(v, v->segs, n, len, &ack, sizeof(ack), true);
	if (err)
		return err;
	d = (struct vnet_done){ t->ahead, t->at, c.head, sizeof(ack) };
	t->ahead++;
	t->at = vnet_place(q, (uint16_t)(q->next + t->ahead));
	return vnet_used_put(v, q, &d);
}

unsigned int vnet_control(struct vnet *v, struct vnet_queue *q)
{
	struct vnet_take t = { 0, q->at };

	if (!vnet_queue_look(v, q))
		return 0;
	vnet_window_fill(v, q, q->next);
	if (LEAT_LIKELY(q->next == q->seen) || !q->running)
		return 0;
	while ((uint16_t)(q->next + t.ahead) != q->parsed) {
		int err = command(v, q, &t);

		q->kicked |= err == -EAGAIN;
		if (err)
			break;
	}
	if (t.ahead && q->running)
		vnet_used_publish(v, q, &t);
	return t.ahead;
}
