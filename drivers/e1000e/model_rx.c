// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/model_rx.c - frames from the wire to the driver (82574 section 7.1): legacy, extended and
 * packet split descriptors.
 *
 * A frame is copied, looked through, and put into buffers only if there are enough of them;
 * otherwise it stays with the wire, and counts once as one that found no buffers (RNBC).
 * What is longer than a whole ring holds is lost (MPC).
 */
#include "model.h"

#include <errno.h>
#include <string.h>

#define BUFFERS 4		/* of a packet split descriptor */

/* A frame as the driver shall see it. */
struct frame {
	uint8_t		*data;
	uint32_t	len;
	uint32_t	status;		/* E1000E_RXD_*, of the last descriptor */
	uint32_t	hdr_len;	/* up to the payload of TCP or UDP; 0: not to be split */
	uint16_t	tag, sum, ip_id;
	struct em_rss	rss;
};

/* What of it goes where: one descriptor. */
struct slot {
	uint64_t	addr[BUFFERS];
	uint32_t	len[BUFFERS];
};

/* How buffers are cut, by RCTL and PSRCTL. */
struct shape {
	uint32_t	room[BUFFERS];
	unsigned int	n;
	bool		extended, split;
};

bool em_rx_on(const struct em *v)
{
	return (em_get(v, INTEL_RCTL) & INTEL_RCTL_EN) && !v->paused;
}

/* ---- what is seen in it ---- */

static uint32_t checks(const struct em *v, const struct leat_frame *from, const struct frame *f,
		       const struct intel_frame *h)
{
	uint32_t rxcsum = em_get(v, INTEL_RXCSUM), status = 0;
	enum intel_check check = INTEL_UNCHECKED;

	if (!(rxcsum & (INTEL_RXCSUM_IPOFL | INTEL_RXCSUM_TUOFL)))
		return E1000E_RXD_IXSM;
	if (rxcsum & INTEL_RXCSUM_IPOFL)
		check = leat_intel_check_ip(f->data, h);
	if (check != INTEL_UNCHECKED)
		status |= INTEL_RXD_IPCS | (check == INTEL_WRONG ? INTEL_RXD_IPE : 0);
	if (!(rxcsum & INTEL_RXCSUM_TUOFL) || !(h->is & (INTEL_IS_TCP | INTEL_IS_UDP)))
		return status;
	check = from->flags ? INTEL_RIGHT : leat_intel_check_l4(f->data, h);
	if (check == INTEL_UNCHECKED)
		return status;
	return status | INTEL_RXD_L4CS | (h->is & INTEL_IS_UDP ? INTEL_RXD_UDPCS : 0) |
	       (check == INTEL_WRONG ? INTEL_RXD_L4E : 0);
}

static uint32_t header_len(const struct frame *f, const struct intel_frame *h)
{
	uint32_t tcp;

	if (h->is & INTEL_IS_UDP)
		return h->l4 + 8;
	if (!(h->is & INTEL_IS_TCP))
		return 0;
	tcp = 4u * (f->data[h->l4 + 12] >> 4);
	return tcp >= 20 && h->l4 + tcp <= h->end ? h->l4 + tcp : 0;
}

static uint16_t packet_sum(const struct em *v, const struct frame *f)
{
	uint32_t start = LEAT_GET(EM_RXCSUM_PCSS, em_get(v, INTEL_RXCSUM));

	return start < f->len ? leat_intel_sum(f->data + start, f->len - start, 0) : 0;
}

static uint32_t crc(const uint8_t *p, uint32_t len)
{
	uint32_t c = UINT32_MAX;

	for (uint32_t i = 0; i < len; i++) {
		c ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? UINT32_C(0xedb88320) : 0);
	}
	return ~c;
}

static void append_crc(struct frame *f)
{
	uint32_t c = crc(f->data, f->len);

	for (unsigned int i = 0; i < EM_FCS_LEN; i++)
		f->data[f->len++] = (uint8_t)(c >> (8 * i));
}

static void take_tag(struct frame *f, uint16_t tag)
{
	f->data = leat_intel_tag_take(f->data);
	f->len -= EM_TAG_LEN;
	f->status |= INTEL_RXD_VP;
	f->tag = tag;
	if (f->hdr_len)
		f->hdr_len -= EM_TAG_LEN;
}

static void look_through(const struct em *v, const struct leat_frame *from, struct frame *f,
			 const struct intel_frame *h)
{
	f->status = INTEL_RXD_EOP | checks(v, from, f, h);
	f->hdr_len = header_len(f, h);
	if (h->is & INTEL_IS_IPV4)
		f->ip_id = (uint16_t)(f->data[h->l3 + 4] << 8 | f->data[h->l3 + 5]);
	if (!(em_get(v, INTEL_RXCSUM) & INTEL_RXCSUM_PCSD))
		f->sum = packet_sum(v, f);
	if (!(em_get(v, INTEL_RCTL) & INTEL_RCTL_SECRC))
		append_crc(f);
	if (h->tagged && (em_get(v, INTEL_CTRL) & INTEL_CTRL_VME))
		take_tag(f, h->tag);
}

/* ---- where it goes ---- */

static uint32_t buffer_len(uint32_t rctl)
{
	uint32_t flex = LEAT_GET(EM_RCTL_FLXBUF, rctl);
	uint32_t len = 2048u >> LEAT_GET(INTEL_RCTL_BSIZE, rctl);

	if (flex)
		return flex << 10;
	return rctl & INTEL_RCTL_BSEX ? len << 4 : len;
}

static void find_shape(struct em *v, struct shape *s)
{
	uint32_t rctl = em_get(v, INTEL_RCTL), ps;

	*s = (struct shape){ .n = 1, .extended = em_get(v, INTEL_RFCTL) & E1000E_RFCTL_EXTEN };
	s->split = s->extended && LEAT_GET(EM_RCTL_DTYP, rctl) == EM_RCTL_DTYP_SPLIT;
	if (!s->split) {
		s->room[0] = buffer_len(rctl);
		return;
	}
	ps = em_shared_get(v, E1000E_PSRCTL);
	s->n = BUFFERS;
	s->room[0] = (ps & 0x7f) << 7;			/* 10.2.5.4: in units of 128 bytes */
	for (unsigned int i = 1; i < BUFFERS; i++)
		s->room[i] = (ps >> (8 * i) & 0x3f) << 10;	/* and of 1 KiB */
}

/* Share [*off, f->len) out among the buffers of one descriptor, the @k-th of the frame. */
static void share_out(const struct shape *s, const struct frame *f, bool apart, unsigned int k,
		      uint32_t *off, struct slot *slot)
{
	for (unsigned int b = 0; b < s->n; b++) {
		uint32_t part = LEAT_MIN(s->room[b], f->len - *off);

		if (apart && !b)	/* the headers' own buffer */
			part = k ? 0 : f->hdr_len;
		slot->len[b] = part;
		*off += part;
	}
}

/* 7.1.5.2: headers have a buffer of their own if they are known and fit. */
static bool headers_apart(const struct shape *s, const struct frame *f)
{
	return s->split && f->hdr_len && f->hdr_len <= s->room[0] && f->hdr_len < f->len;
}

/*
 * Find buffers for all of it. Returns how many descriptors; -ENOBUFS: not enough now;
 * -EMSGSIZE: nor ever; or as em_desc_read().
 */
static int find_room(struct em *v, struct em_ring *r, const struct shape *s, const struct frame *f,
		     struct slot *slots, uint32_t avail)
{
	bool apart = headers_apart(s, f);
	uint32_t off = 0, at = r->head;
	unsigned int k;

	for (k = 0; off < f->len; k++, at = em_ring_next(r, at)) {
		uint32_t before = off;
		uint64_t words[BUFFERS];
		int err;

		if (k == EM_SLOTS)
			return -EMSGSIZE;
		if (k == avail)		/* one is never the device's: equal means empty */
			return avail + 1 < r->size ? -ENOBUFS : -EMSGSIZE;
		err = em_desc_read(v, r, at, words, s->split ? BUFFERS : 2);
		if (err)
			return err;
		slots[k] = (struct slot){ .addr = { words[0] } };
		for (unsigned int b = 1; b < s->n; b++)
			slots[k].addr[b] = words[b];
		share_out(s, f, apart, k, &off, &slots[k]);
		if (off == before)
			return -EMSGSIZE;
	}
	return (int)k;
}

static int fill(struct em *v, struct em_ring *r, const struct frame *f, const struct slot *slots,
		int n, unsigned int buffers)
{
	uint32_t off = 0;

	for (int k = 0; k < n; k++)
		for (unsigned int b = 0; b < buffers; b++) {
			uint32_t len = slots[k].len[b];

			if (em_dma_write(v, slots[k].addr[b], f->data + off, len))
				return em_ring_break(v, r, "a buffer", slots[k].addr[b]);
			off += len;
		}
	return 0;
}

/* 7.1.4: the address stays, the rest is ours. */
static void legacy_words(const struct frame *f, const struct slot *slot, uint32_t status,
			 uint64_t *words)
{
	words[0] = slot->addr[0];
	words[1] = slot->len[0] | (uint64_t)f->sum << 16 | (uint64_t)(status & 0xff) << 32 |
		   (uint64_t)(status >> 24) << 40 | (uint64_t)f->tag << 48;
}

/* 7.1.5, 7.1.6 */
static void extended_words(const struct em *v, const struct shape *s, const struct frame *f,
			   const struct slot *slot, uint32_t status, uint64_t *words)
{
	bool hash = em_get(v, INTEL_RXCSUM) & INTEL_RXCSUM_PCSD;
	bool last = status & INTEL_RXD_EOP, first = headers_apart(s, f) && slot->len[0];
	uint32_t what = hash ? f->rss.hash : (uint32_t)f->ip_id | (uint32_t)f->sum << 16;

	words[0] = last ? f->rss.type | f->rss.queue << 8 | (uint64_t)what << 32 : 0;
	words[1] = status | (uint64_t)slot->len[0] << 32 | (uint64_t)(last ? f->tag : 0) << 48;
	words[2] = (first ? f->hdr_len | 0x8000u : 0) | (uint64_t)slot->len[1] << 16 |
		   (uint64_t)slot->len[2] << 32 | (uint64_t)slot->len[3] << 48;
	words[3] = 0;
}

static int write_back(struct em *v, struct em_ring *r, const struct shape *s,
		      const struct frame *f, const struct slot *slots, int n)
{
	uint32_t at = r->head;
	int err = 0;

	for (int k = 0; k < n && !err; k++, at = em_ring_next(r, at)) {
		uint32_t status = INTEL_RXD_DD | (k + 1 == n ? f->status : 0);
		uint64_t words[BUFFERS];

		if (s->extended)
			extended_words(v, s, f, &slots[k], status, words);
		else
			legacy_words(f, &slots[k], status, words);
		err = em_desc_write(v, r, at, words, s->split ? BUFFERS : 2);
	}
	if (!err)
		em_ring_advance(r, at);
	return err;
}

/* 10.2.5.1, RDMTS: are the descriptors running out? */
static uint32_t few_left(const struct em *v, const struct em_ring *r, uint32_t left)
{
	uint32_t limit = r->size >> (1 + LEAT_GET(EM_RCTL_RDMTS, em_get(v, INTEL_RCTL)));

	return left < limit ? E1000E_ICR_RXDMT0 : 0;
}

/* Into the ring. 0, -ENOBUFS and so on; *@causes: what it gives rise to. */
static int place(struct em *v, struct em_ring *r, const struct frame *f, uint32_t *causes)
{
	struct slot slots[EM_SLOTS];
	uint32_t avail = em_ring_look(v, r);
	struct shape s;
	int n, err;

	if (!r->size)
		return r->len || !r->index ? -ENOBUFS : -EMSGSIZE;
	find_shape(v, &s);
	n = avail ? find_room(v, r, &s, f, slots, avail) : -ENOBUFS;
	if (n < 0)
		return n;
	err = fill(v, r, f, slots, n, s.n);
	if (!err)
		err = write_back(v, r, &s, f, slots, n);
	if (!err)
		*causes |= E1000E_ICR_RXT0 | em_irq_queue(v, r) |
			   few_left(v, r, avail - (uint32_t)n);
	return err;
}

/* ---- one by one ---- */

/* A copy that nobody else can change, as it would be on a cable. */
static bool copy(struct em *v, const struct leat_frame *from, struct frame *f)
{
	uint32_t at = (uint32_t)from->csum_start + from->csum_off;

	if (from->gso_size || from->len < EM_FRAME_MIN || from->len > LEAT_FRAME_MAX)
		return false;
	*f = (struct frame){ .data = v->arrived, .len = from->len };
	memcpy(f->data, from->data, from->len);
	if (from->flags & LEAT_FRAME_CSUM_PARTIAL) {
		if (from->csum_start >= from->len || at + 2 > from->len)
			return false;
		leat_intel_sum_put(f->data, from->csum_start, from->len, at, true);
	}
	if (f->len < EM_WIRE_MIN) {
		memset(f->data + f->len, 0, EM_WIRE_MIN - f->len);
		f->len = EM_WIRE_MIN;
	}
	return true;
}

static bool too_long(const struct em *v, const struct frame *f)
{
	return f->len + EM_FCS_LEN > EM_LONG && !(em_get(v, INTEL_RCTL) & INTEL_RCTL_LPE);
}

static void lose(struct em *v, enum intel_reg counter)
{
	leat_intel_chip_count(&v->chip, counter, 1);
	v->mdev.stats.rx_dropped++;
}

/* The wire keeps it. */
static bool refuse(struct em *v, bool no_buffers)
{
	if (no_buffers && !v->refused) {
		leat_intel_chip_count(&v->chip, INTEL_RNBC, 1);
		em_irq_set(v, E1000E_ICR_RXO);
	}
	v->refused |= no_buffers;
	return false;
}

/* True: it is the device's, to keep or to drop. */
static bool take(struct em *v, const struct leat_frame *from, uint32_t *causes)
{
	struct intel_frame h;
	struct frame f;
	uint32_t len;
	int err;

	if (!copy(v, from, &f)) {
		lose(v, INTEL_RXERRC);
		return true;
	}
	len = f.len;
	leat_intel_frame_parse(f.data, len, &h);
	if (!leat_intel_chip_accepts(&v->chip, f.data, &h))
		return true;
	if (too_long(v, &f)) {
		lose(v, INTEL_ROC);
		return true;
	}
	em_rss(v, f.data, &h, &f.rss);
	look_through(v, from, &f, &h);
	err = place(v, &v->rx[f.rss.queue], &f, causes);
	if (err && err != -EMSGSIZE)
		return refuse(v, err == -ENOBUFS);
	v->refused = false;
	if (err) {
		lose(v, INTEL_MPC);
		return true;
	}
	leat_intel_chip_count_rx(&v->chip, from->data, len);
	v->mdev.stats.rx_frames++;
	v->mdev.stats.rx_bytes += from->len;
	return true;
}

/* Without RSS there is one queue: is there any use in looking at a frame? */
static bool hopeless(struct em *v)
{
	return !(em_get(v, INTEL_MRQC) & 3) && v->refused && !em_ring_look(v, &v->rx[0]);
}

unsigned int em_rx(struct em *v, const struct leat_frame *frames, unsigned int n)
{
	uint32_t causes = 0;
	unsigned int i = 0;

	if (!hopeless(v))
		while (i < n && take(v, &frames[i], &causes))
			i++;
	if (causes)
		em_irq_set(v, causes);
	v->mdev.stats.rx_refused += i < n;
	return i;
}
