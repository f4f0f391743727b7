// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/model_tx.c - frames from the driver to the wire (82574 section 7.2, 7.3): legacy and data
 * descriptors with the context before them, checksums, tags, segmentation.
 *
 * The ordinary frame is shown to the wire where it lies. All else is put together in
 * scratch memory first. What the wire does not take stays on the ring and is read again; of
 * a packet that is cut into segments we remember how many are sent.
 */
#include "model.h"

#include <errno.h>
#include <string.h>

#define LEGACY_IC	E1000E_TXD_TSE		/* insert a checksum: the same bit */
#define LEGACY_LEN	0xffffu

/* What descriptors up to an end of packet say. */
struct packet {
	const uint8_t	*data;		/* the driver's memory or v->packet; NULL: none */
	uint32_t	len;
	uint32_t	first, options;	/* the two last words of the first data descriptor */
	uint32_t	last;		/* the command of the last one */
	uint16_t	tag;
	uint32_t	used, end;	/* descriptors; the ring's head behind them */
	bool		any;		/* not only context */
	bool		too_long;
	struct e1000e_txc context;
};

struct burst {
	struct leat_frame frame[EM_BURST];
	uint32_t	end[EM_BURST];
	struct e1000e_txc context[EM_BURST];
	unsigned int	n;
};

bool em_tx_on(const struct em *v)
{
	return (em_get(v, INTEL_TCTL) & INTEL_TCTL_EN) && !v->paused;
}

/* ---- descriptors ---- */

static void set_context(struct e1000e_txc *c, const uint64_t words[2])
{
	leat_le64 raw[2] = { leat_cpu_to_le64(words[0]), leat_cpu_to_le64(words[1]) };

	memcpy(c, raw, sizeof(raw));
}

/* Another piece of the packet: in place as long as it is the only one. */
static int add_piece(struct em *v, struct em_ring *r, struct packet *p, uint64_t iova, uint32_t len,
		     bool only)
{
	int err;

	if (only)
		p->data = len ? leat_mdev_ptr(&v->mdev, iova, len, false) : NULL;
	if (!len || p->too_long || len > sizeof(v->packet) - p->len) {
		p->too_long |= len != 0;
		return 0;
	}
	if (!only || !p->data) {
		err = em_dma_read(v, iova, v->packet + p->len, len);
		if (err)
			return err == -EAGAIN ? err : em_ring_break(v, r, "a buffer", iova);
		p->data = v->packet;
	}
	p->len += len;
	return 0;
}

static void note_report(struct em *v, uint32_t at, uint32_t cmd)
{
	uint64_t bit = UINT64_C(1) << at % 64;

	if (cmd & INTEL_TXD_RS)
		v->report[at / 64] |= bit;
	else
		v->report[at / 64] &= ~bit;
}

static int add_data(struct em *v, struct em_ring *r, struct packet *p, const uint64_t words[2])
{
	uint32_t cmd = (uint32_t)words[1], options = (uint32_t)(words[1] >> 32);
	uint32_t len = cmd & (cmd & INTEL_TXD_DEXT ? E1000E_TXD_LEN : LEGACY_LEN);
	bool only = !p->any && (cmd & INTEL_TXD_EOP);

	if (!p->any) {
		p->first = cmd;
		p->options = options;
	}
	p->any = true;
	p->last = cmd;
	p->tag = (uint16_t)(options >> 16);
	return add_piece(v, r, p, words[0], len, only);
}

/*
 * The packet at @at, of @avail descriptors. 1: all of it is there; 0: its end is not; or as
 * em_desc_read().
 */
static int read_packet(struct em *v, struct em_ring *r, uint32_t at, uint32_t avail,
		       const struct e1000e_txc *context, struct packet *p)
{
	*p = (struct packet){ .context = *context, .end = at };
	while (p->used < avail) {
		uint64_t words[2];
		uint32_t cmd;
		int err = em_desc_read(v, r, p->end, words, 2);

		if (err)
			return err;
		cmd = (uint32_t)words[1];
		note_report(v, p->end, cmd);
		p->end = em_ring_next(r, p->end);
		p->used++;
		if ((cmd & INTEL_TXD_DEXT) && !(cmd & INTEL_TXD_TYPE)) {
			set_context(&p->context, words);
			continue;
		}
		err = add_data(v, r, p, words);
		if (err)
			return err;
		if (cmd & INTEL_TXD_EOP)
			return 1;
	}
	return 0;
}

/* Done up to @end: report to those that asked. */
static void retire(struct em *v, struct em_ring *r, uint32_t end)
{
	uint32_t causes = 0;

	for (uint32_t at = r->head; at != end; at = em_ring_next(r, at)) {
		if (!(v->report[at / 64] & UINT64_C(1) << at % 64))
			continue;
		if (em_desc_done(v, r, at))
			return;
		causes = E1000E_ICR_TXDW | em_irq_queue(v, r);
	}
	leat_dma_wmb();		/* reports before the head that says so, too */
	em_ring_advance(r, end);
	if (end == r->tail)
		causes |= EM_ICR_TXQE;
	if (causes)
		em_irq_set(v, causes);
}

/* ---- frames ---- */

static bool is_tso(const struct packet *p)
{
	return (p->first & INTEL_TXD_DEXT) && (p->first & E1000E_TXD_TSE);
}

static bool wants_tag(const struct em *v, const struct packet *p)
{
	return (p->last & INTEL_TXD_VLE) && (em_get(v, INTEL_CTRL) & INTEL_CTRL_VME);
}

static bool wants_sum(const struct packet *p)
{
	return p->first & INTEL_TXD_DEXT ? p->options & (INTEL_TXD_IXSM | INTEL_TXD_TXSM) :
					    p->last & LEGACY_IC;
}

static bool wants_padding(const struct em *v, uint32_t len)
{
	return len < EM_WIRE_MIN && (em_get(v, INTEL_TCTL) & INTEL_TCTL_PSP);
}

/* A context's last byte; 0 is the frame's. */
static uint32_t sum_end(leat_le16 last, uint32_t len)
{
	uint32_t end = leat_le16_to_cpu(last);

	return end ? LEAT_MIN(end + 1, len) : len;
}

static void put_sums(const struct packet *p, uint8_t *data)
{
	const struct e1000e_txc *c = &p->context;

	if (!(p->first & INTEL_TXD_DEXT)) {	/* 7.2.10.1: CSS, CSO */
		leat_intel_sum_put(data, p->options >> 8 & 0xff, p->len, p->last >> 16 & 0xff, false);
		return;
	}
	if (p->options & INTEL_TXD_IXSM)
		leat_intel_sum_put(data, c->ip_start, sum_end(c->ip_end, p->len), c->ip_sum, false);
	if (p->options & INTEL_TXD_TXSM)
		leat_intel_sum_put(data, c->l4_start, sum_end(c->l4_end, p->len), c->l4_sum,
				   !(leat_le32_to_cpu(c->cmd) & E1000E_TXC_TCP));
}

/* Tag and padding for what lies in scratch memory, with room in front and behind. */
static struct leat_frame finish(struct em *v, const struct packet *p, uint8_t *data, uint32_t len)
{
	if (wants_tag(v, p)) {
		data = leat_intel_tag_put(data, (uint16_t)em_get(v, INTEL_VET), p->tag);
		len += EM_TAG_LEN;
	}
	if (wants_padding(v, len)) {
		memset(data + len, 0, EM_WIRE_MIN - len);
		len = EM_WIRE_MIN;
	}
	return (struct leat_frame){ .data = data, .len = len };
}

static uint8_t *bounce(struct em *v, unsigned int i)
{
	return v->bounce + i * (LEAT_FRAME_MAX + LEAT_CACHELINE) + EM_TAG_LEN;
}

static struct leat_frame make_frame(struct em *v, const struct packet *p, unsigned int i)
{
	uint8_t *data = bounce(v, i);

	if (p->data != v->packet && !wants_sum(p) && !wants_tag(v, p) && !wants_padding(v, p->len))
		return (struct leat_frame){ .data = p->data, .len = p->len };
	memcpy(data, p->data, p->len);
	if (wants_sum(p))
		put_sums(p, data);
	return finish(v, p, data, p->len);
}

static bool is_frame(const struct packet *p)
{
	return !p->too_long && p->len >= EM_FRAME_MIN && p->len <= LEAT_FRAME_MAX - EM_TAG_LEN;
}

/* ---- the wire ---- */

/* Returns how many are gone; a NIC with no cable loses them. */
static unsigned int send(struct em *v, const struct leat_frame *frames, unsigned int n)
{
	struct leat_wire *w = v->mdev.wire;
	unsigned int sent = n;

	if (LEAT_UNLIKELY(leat_intel_chip_loops(&v->chip)))
		(void)(em_rx_on(v) && em_rx(v, frames, n));
	else if (LEAT_LIKELY(w != NULL))
		sent = w->ops->send(w, frames, n);
	else
		v->mdev.stats.tx_dropped += n;
	for (unsigned int i = 0; i < sent; i++) {
		leat_intel_chip_count_tx(&v->chip, frames[i].data, frames[i].len);
		v->mdev.stats.tx_bytes += frames[i].len;
	}
	v->mdev.stats.tx_frames += w || leat_intel_chip_loops(&v->chip) ? sent : 0;
	return sent;
}

/* Not a frame that a wire takes. */
static unsigned int drop(struct em *v, struct em_ring *r, const struct packet *p)
{
	v->mdev.stats.tx_dropped++;
	r->context = p->context;
	r->segment = 0;
	retire(v, r, p->end);
	return 1;
}

/* 7.3: what the context says of a packet that is to be cut. */
static struct intel_offload cut_of(const struct packet *p)
{
	uint32_t cmd = leat_le32_to_cpu(p->context.cmd);

	return (struct intel_offload){
		.l3 = p->context.ip_start, .l4 = p->context.l4_start, .header = p->context.hdr_len,
		.mss = leat_le16_to_cpu(p->context.mss), .ipv4 = cmd & E1000E_TXC_IPV4,
		.ip_sum = (cmd & E1000E_TXC_IPV4) && (p->options & INTEL_TXD_IXSM),
		.l4_sum = p->options & INTEL_TXD_TXSM,
		.l4_is = cmd & E1000E_TXC_TCP ? INTEL_IS_TCP : INTEL_IS_UDP,
	};
}

static bool can_be_cut(const struct packet *p, const struct intel_offload *o)
{
	return !p->too_long && p->data && o->mss && leat_intel_offload_fits(o, p->len) &&
	       o->header + o->mss <= LEAT_FRAME_MAX - EM_TAG_LEN;
}

/* A packet in segments, from the first that is not sent yet. */
static unsigned int send_cut(struct em *v, struct em_ring *r, const struct packet *p)
{
	struct intel_offload o = cut_of(p);
	struct leat_frame frame[EM_BURST];
	uint32_t segments;
	unsigned int n, sent;

	if (!can_be_cut(p, &o))
		return drop(v, r, p);
	if (p->data != v->packet)
		memcpy(v->packet, p->data, p->len);
	segments = leat_intel_segments(&o, p->len);
	for (n = 0; n < EM_BURST && r->segment + n < segments; n++) {
		uint8_t *out = bounce(v, n);
		uint32_t len = leat_intel_segment(v->packet, p->len, &o, r->segment + n, out);

		frame[n] = finish(v, p, out, len);
	}
	sent = n ? send(v, frame, n) : 0;
	r->segment += sent;
	if (r->segment >= segments) {
		leat_intel_chip_count(&v->chip, INTEL_TSCTC, 1);
		r->segment = 0;
		r->context = p->context;
		retire(v, r, p->end);
	}
	return sent;
}

/* Frames that need no segmentation, until one is something else. Returns what ended it. */
static int gather(struct em *v, struct em_ring *r, uint32_t avail, struct burst *b,
		  struct packet *p)
{
	struct e1000e_txc context = r->context;
	uint32_t at = r->head;
	int err = 0;

	for (b->n = 0; b->n < EM_BURST; b->n++) {
		err = read_packet(v, r, at, avail, &context, p);
		if (err != 1 || is_tso(p) || !is_frame(p))
			break;
		b->frame[b->n] = make_frame(v, p, b->n);
		b->end[b->n] = at = p->end;
		b->context[b->n] = context = p->context;
		avail -= p->used;
	}
	return err;
}

/* No whole packet at the head: context alone is done; half of one waits for the rest. */
static unsigned int none_whole(struct em *v, struct em_ring *r, int err, const struct packet *p)
{
	if (err)
		return err == -EAGAIN;
	if (p->any) {
		r->waits_at = r->tail;
		return 0;
	}
	r->context = p->context;
	retire(v, r, p->end);
	return 1;
}

unsigned int em_tx(struct em *v, struct em_ring *r)
{
	uint32_t avail = em_ring_look(v, r);
	struct packet p;
	struct burst b;
	unsigned int sent;
	int err;

	if (!avail || r->tail == r->waits_at || (!v->chip.up && !leat_intel_chip_loops(&v->chip)))
		return 0;
	r->waits_at = UINT32_MAX;
	err = gather(v, r, avail, &b, &p);
	if (!b.n && err != 1)
		return none_whole(v, r, err, &p);
	if (!b.n)
		return is_tso(&p) ? send_cut(v, r, &p) : drop(v, r, &p);
	sent = send(v, b.frame, b.n);
	if (sent && !r->broken) {
		r->context = b.context[sent - 1];
		retire(v, r, b.end[sent - 1]);
	}
	return sent;
}
