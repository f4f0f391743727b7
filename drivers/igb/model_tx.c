// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/model_tx.c - packets from the driver to the wire (82576, 7.2).
 *
 * A packet of one descriptor with nothing to be done to it is shown to the wire where it
 * lies; others are copied, worked on and cut. What the wire does not take stays on the
 * ring and is done again, but for the segments that it has.
 */
#include "model.h"

#include <errno.h>

#define FRAME_MIN 14

/* One packet: from the ring's head, or where the one before it ends, to @end. */
struct packet {
	uint32_t	end;		/* the descriptor behind it */
	uint32_t	eop;		/* its last one... */
	bool		report;		/* ...which asks for its status */
	uint32_t	frames;		/* of it, in this burst */
	bool		whole;		/* no further ones follow */
};

struct burst {
	struct leat_frame frame[IGBM_BURST];
	struct packet	packet[IGBM_BURST];
	unsigned int	frames, packets;
	uint32_t	used;		/* bytes of the arena */
};

/* What is gathered of a packet's descriptors. */
struct gathered {
	uint32_t	end, eop;
	bool		report;
	uint32_t	bytes;		/* more than IGBM_PACKET_MAX: too long */
	uint32_t	cmd, status;	/* of the first data descriptor */
	uint64_t	addr;		/* of it, too */
	unsigned int	pieces;
};

static uint32_t after(const struct igbm_ring *q, uint32_t i)
{
	return i + 1 < q->count ? i + 1 : 0;
}

/* 7.2.2.2 */
static void take_context(struct igbm_ring *q, const uint64_t word[2])
{
	uint32_t lens = (uint32_t)word[0], cmd = (uint32_t)word[1], mss = (uint32_t)(word[1] >> 32);
	static const uint32_t l4[] = { INTEL_IS_UDP, INTEL_IS_TCP, INTEL_IS_SCTP, INTEL_IS_SCTP };
	struct igbm_context *c = &q->context[LEAT_GET(IGB_TXC_INDEX, mss)];

	c->offload = (struct intel_offload){
		.l3 = LEAT_GET(IGB_TXC_MAC_LEN, lens),
		.mss = LEAT_GET(IGB_TXC_MSS, mss),
		.ipv4 = cmd & IGB_TXC_IPV4,
		.l4_is = l4[LEAT_GET(IGB_TXC_L4, cmd)],
	};
	c->offload.l4 = c->offload.l3 + LEAT_GET(IGB_TXC_IP_LEN, lens);
	c->l4_len = LEAT_GET(IGB_TXC_L4_LEN, mss);
	c->tag = (uint16_t)LEAT_GET(IGB_TXC_VLAN, lens);
}

/* Walk the descriptors of the packet at @at. 1: there is one; 0: not yet; or as igbm_fetch(). */
static int walk(struct igbm *n, struct igbm_ring *q, uint32_t at, uint32_t tail, struct gathered *g)
{
	*g = (struct gathered){ .pieces = 0 };
	for (; at != tail; at = after(q, at)) {
		uint64_t word[2];
		uint32_t cmd, len;
		int err = igbm_desc_read(n, q, at, word);

		if (err)
			return err;
		cmd = (uint32_t)word[1];
		if ((cmd & (INTEL_TXD_DEXT | INTEL_TXD_TYPE)) == IGB_TXC && !g->pieces) {
			take_context(q, word);
			continue;
		}
		if ((cmd & (INTEL_TXD_DEXT | INTEL_TXD_TYPE)) != IGB_TXD_DATA) {
			igbm_ring_break(n, q, "descriptor %u is not an advanced one of data", at);
			return -EFAULT;
		}
		len = LEAT_GET(IGB_TXD_LEN, cmd);
		if (!g->pieces++) {
			g->cmd = cmd;
			g->status = (uint32_t)(word[1] >> 32);
			g->addr = word[0];
		}
		if (g->bytes <= IGBM_PACKET_MAX && g->bytes + len <= IGBM_PACKET_MAX) {
			/* One piece may be shown where it lies. */
			if (!(cmd & INTEL_TXD_EOP) || g->pieces > 1) {
				err = igbm_fetch(n, q, word[0], n->packet + IGBM_HEADROOM + g->bytes, len);
				if (err)
					return err;
			}
		} else {
			len = IGBM_PACKET_MAX + 1 - LEAT_MIN(g->bytes, (uint32_t)IGBM_PACKET_MAX);
		}
		g->bytes += len;
		if (cmd & INTEL_TXD_EOP) {
			g->end = after(q, at);
			g->eop = at;
			g->report = cmd & INTEL_TXD_RS;
			return 1;
		}
	}
	return 0;
}

static uint8_t *arena_take(struct igbm *n, struct burst *b, uint32_t len)
{
	uint8_t *p = n->arena + b->used + IGBM_HEADROOM;

	b->used += IGBM_HEADROOM + LEAT_ALIGN_UP(len, (uint32_t)LEAT_CACHELINE);
	return p;
}

/* A frame of the packet: padded, tagged. */
static void add_frame(struct igbm *n, struct burst *b, uint8_t *p, uint32_t len,
		      const struct gathered *g, const struct igbm_context *c)
{
	if (g->cmd & INTEL_TXD_VLE) {
		p = leat_intel_tag_put(p, (uint16_t)n->reg[INTEL_VET / 4], c->tag);
		len += 4;
	}
	if (len < IGBM_FRAME_MIN) {
		memset(p + len, 0, IGBM_FRAME_MIN - len);
		len = IGBM_FRAME_MIN;
	}
	b->frame[b->frames++] = (struct leat_frame){ .data = p, .len = len };
}

/* What the descriptor and its context ask for. False: nonsense. */
static bool offload_of(const struct gathered *g, const struct igbm_context *c, struct intel_offload *o)
{
	*o = c->offload;
	o->ip_sum = g->status & INTEL_TXD_IXSM;
	o->l4_sum = g->status & INTEL_TXD_TXSM;
	if (!(g->cmd & IGB_TXD_TSE)) {
		o->mss = 0;
		return leat_intel_offload_fits(o, g->bytes);
	}
	o->header = o->l4 + c->l4_len;
	return o->mss && (o->l4_is & (INTEL_IS_TCP | INTEL_IS_UDP)) &&
	       leat_intel_offload_fits(o, g->bytes) &&
	       LEAT_MIN(o->mss, g->bytes - o->header) + o->header <= LEAT_FRAME_MAX - 4;
}

/* As many segments as the burst has room for. True: all there are. */
static bool add_segments(struct igbm *n, struct burst *b, const struct gathered *g,
			 const struct igbm_context *c, const struct intel_offload *o, uint32_t skip)
{
	uint32_t all = leat_intel_segments(o, g->bytes), i;
	uint32_t room = o->header + LEAT_MIN(o->mss, g->bytes - o->header);

	for (i = skip; i < all && b->frames < IGBM_BURST; i++) {
		uint8_t *p = arena_take(n, b, room);

		add_frame(n, b, p, leat_intel_segment(n->packet + IGBM_HEADROOM, g->bytes, o, i, p), g, c);
	}
	return i == all;
}

static int fetch_first(struct igbm *n, struct igbm_ring *q, const struct gathered *g)
{
	return g->pieces > 1 ? 0 : igbm_fetch(n, q, g->addr, n->packet + IGBM_HEADROOM, g->bytes);
}

/* Add a packet's frames. 0; 1: it has none, it is dropped; or as igbm_fetch(). */
static int add_packet(struct igbm *n, struct igbm_ring *q, struct burst *b, const struct gathered *g,
		      uint32_t skip)
{
	struct packet *k = &b->packet[b->packets];
	const struct igbm_context *c = &q->context[LEAT_GET(IGB_TXD_INDEX, g->status)];
	uint32_t first = b->frames;
	struct intel_offload o;
	const void *va = NULL;
	int err;

	*k = (struct packet){ .end = g->end, .eop = g->eop, .report = g->report, .whole = true };
	b->packets++;
	if (g->bytes < FRAME_MIN || g->bytes > IGBM_PACKET_MAX || !offload_of(g, c, &o) ||
	    (!o.mss && g->bytes > IGB_FRAME_MAX - 4))
		return 1;
	if (g->pieces == 1 && g->bytes >= IGBM_FRAME_MIN && !o.mss && !o.ip_sum && !o.l4_sum &&
	    !(g->cmd & INTEL_TXD_VLE) && !n->spoofchk)
		va = leat_mdev_ptr(&n->mdev, g->addr, g->bytes, false);
	if (va) {
		b->frame[b->frames++] = (struct leat_frame){ .data = va, .len = g->bytes };
		k->frames = 1;
		return 0;
	}
	err = fetch_first(n, q, g);
	if (err) {
		b->packets--;
		return err;
	}
	if (!igbm_vf_may_send(n, n->packet + IGBM_HEADROOM, g->cmd & INTEL_TXD_VLE, c->tag))
		return 1;
	if (o.mss) {
		k->whole = add_segments(n, b, g, c, &o, skip);
	} else {
		uint8_t *p = arena_take(n, b, g->bytes);

		memcpy(p, n->packet + IGBM_HEADROOM, g->bytes);
		leat_intel_offload_sums(p, g->bytes, &o);
		add_frame(n, b, p, g->bytes, g, c);
	}
	k->frames = b->frames - first;
	return 0;
}

/* Packets from the ring, as many as make a burst. */
static void gather(struct igbm *n, struct igbm_ring *q, struct burst *b)
{
	uint32_t tail = igbm_ring_tail(n, q), at = q->head, skip = q->skip;

	b->frames = b->packets = 0;
	b->used = 0;
	if (q->is_stuck && q->stuck == tail)
		return;
	q->is_stuck = false;
	while (b->frames < IGBM_BURST && b->packets < IGBM_BURST) {
		struct gathered g;
		int r = walk(n, q, at, tail, &g);

		if (r <= 0) {
			q->is_stuck = !r && at == q->head && at != tail;
			q->stuck = tail;
			return;
		}
		r = add_packet(n, q, b, &g, skip);
		if (r < 0)
			return;
		if (r > 0) {
			n->mdev.stats.tx_dropped++;
			skip = 0;
		}
		if (!b->packet[b->packets - 1].whole)
			return;
		skip = 0;
		at = g.end;
	}
}

/* To the wire, or back; a NIC with no cable loses them. */
static unsigned int send(struct igbm *n, const struct burst *b)
{
	struct leat_wire *w = n->mdev.wire;

	if (LEAT_UNLIKELY(!n->vf && leat_intel_chip_loops(&n->chip)))
		return igbm_rx_ready(n) ? igbm_rx(n, b->frame, b->frames) : b->frames;
	if (LEAT_LIKELY(w != NULL))
		return w->ops->send(w, b->frame, b->frames);
	n->mdev.stats.tx_dropped += b->frames;
	return b->frames;
}

/* 7.2.2.3.4: a packet's last descriptor, if it asks for it. */
static bool write_back(struct igbm *n, struct igbm_ring *q, const struct packet *k)
{
	const leat_le32 done = leat_cpu_to_le32(INTEL_TXD_DONE);

	return k->report &&
	       !igbm_store(n, q, q->base + 16 * (uint64_t)k->eop + 12, &done, sizeof(done));
}

/* 7.2.3: the head, where the driver wants to have it. */
static void write_head(struct igbm *n, struct igbm_ring *q)
{
	uint32_t low = igbm_ring_reg(q, IGB_TDWBAL);
	leat_le32 head = leat_cpu_to_le32(q->head);

	if (low & 1)
		(void)igbm_store(n, q, (uint64_t)igbm_ring_reg(q, IGB_TDWBAH) << 32 |
				 (low & ~UINT32_C(3)), &head, sizeof(head));
}

/* The wire took @sent frames. */
static void retire(struct igbm *n, struct igbm_ring *q, const struct burst *b, unsigned int sent)
{
	bool report = false;
	unsigned int i, left = sent;

	for (i = 0; i < sent; i++) {
		n->mdev.stats.tx_bytes += b->frame[i].len;
		if (!n->vf)
			leat_intel_chip_count_tx(&n->chip, b->frame[i].data, b->frame[i].len);
	}
	if (n->vf) {
		n->reg[IGB_VFGPTC / 4] += sent;
		for (i = 0; i < sent; i++)
			n->reg[IGB_VFGOTC / 4] += b->frame[i].len + 4;
	}
	n->mdev.stats.tx_frames += sent;
	for (i = 0; i < b->packets && q->on && !q->broken; i++) {
		const struct packet *k = &b->packet[i];

		if (left < k->frames || !k->whole) {
			q->skip += LEAT_MIN(left, k->frames);
			break;
		}
		left -= k->frames;
		q->skip = 0;
		leat_dma_wmb();
		report |= write_back(n, q, k);
		igbm_ring_advance(q, k->end);
	}
	write_head(n, q);
	if (report)
		igbm_irq_ring(n, q);
}

unsigned int igbm_tx(struct igbm *n, struct igbm_ring *q)
{
	struct burst b;
	unsigned int sent;

	if (!igbm_ring_look(n, q) || igbm_ring_reg(q, IGB_TDT) == q->head)
		return 0;
	gather(n, q, &b);
	if (!b.packets)
		return 0;
	sent = b.frames ? send(n, &b) : 0;
	if (!sent && b.packet[0].frames)
		return 0;
	retire(n, q, &b, sent);
	return sent ? sent : 1;
}
