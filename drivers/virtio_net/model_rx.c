// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rx.c - frames from the wire to the driver.
 *
 * The ordinary frame (no offload, fits one slot) is copied into lines that were
 * called in when the burst before it ended. Everything else goes the slow way:
 * chains, frames over several buffers (5.1.6.4, MRG_RXBUF), checksums. A frame
 * for which there are too few buffers is left to the wire, nothing consumed.
 */
#include "model.h"

#include <errno.h>
#include <string.h>

/*
 * Frames of up to two lines by words of 16, the last overlapping; no call. The
 * source may change meanwhile, and a driver that lies may have it overlap the
 * buffer; it is only copied.
 */
static inline void copy_frame(char *dst, const char *src, uint32_t len)
{
	uint32_t off;

	if (LEAT_UNLIKELY(len < 16 || len > 2 * LEAT_CACHELINE)) {
		memmove(dst, src, len);
		return;
	}
	for (off = 0; off + 16 < len; off += 16)
		memcpy(dst + off, src + off, 16);
	memcpy(dst + len - 16, src + len - 16, 16);
}

/* ---- the slow way ---- */

/* Internet checksum over @len bytes, folded; odd bytes count as if a zero followed. */
static uint16_t sum(const unsigned char *p, uint32_t len)
{
	uint64_t s = 0;

	for (; len > 1; p += 2, len -= 2)
		s += (uint64_t)p[0] << 8 | p[1];
	if (len)
		s += (uint64_t)p[0] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

/*
 * Complete the checksum in a copy: the driver did not agree to do so. The field
 * holds the pseudo header's sum; a result of 0 is written as 0xffff, the same
 * number, because 0 in UDP means "none".
 */
static bool complete_csum(struct vnet *v, struct leat_frame *f)
{
	unsigned char *p = (unsigned char *)v->whole;
	uint32_t field = (uint32_t)f->csum_start + f->csum_off;
	uint16_t s;

	if (field + 2 > f->len)
		return false;
	memcpy(p, f->data, f->len);
	s = (uint16_t)~sum(p + f->csum_start, f->len - f->csum_start);
	if (!s)
		s = 0xffff;
	p[field] = (unsigned char)(s >> 8);
	p[field + 1] = (unsigned char)s;
	f->data = p;
	f->flags = 0;
	return true;
}

/* The header, and the frame as the driver agreed to have it. False: it cannot have it. */
static bool prepare(struct vnet *v, const struct vnet_queue *q, struct leat_frame *f,
		    struct virtio_net_hdr *h)
{
	if (!f->len || f->len > (f->gso_size ? LEAT_FRAME_GSO_MAX : q->cap_max))
		return false;
	return vnet_header_write(v, f, h) || (!f->gso_size && complete_csum(v, f));
}

/* A frame over as many buffers as it needs, the next of them at @t. */
struct spread {
	const struct leat_frame *frame;
	uint64_t	off;		/* bytes of header and frame placed */
	struct vnet_take t;
	uint16_t	used;		/* buffers filled, in v->filled */
	int		nfirst;		/* pieces of the first buffer, in v->first */
};

/* Fill one buffer: all of it, but the last. 0, -EMSGSIZE: does not fit; -EINVAL: broken. */
static int fill_buffer(struct vnet *v, struct vnet_queue *q, struct spread *s)
{
	const uint64_t total = q->hdr_len + (uint64_t)s->frame->len;
	struct vnet_seg *segs = s->used ? v->segs : v->first;
	uint64_t skip = s->used ? 0 : q->hdr_len, part;
	struct vnet_chain c;
	int n = vnet_chain(v, q, &s->t, segs, &c), err;

	if (n < 0)
		return n;
	part = LEAT_MIN(c.bytes, total - s->off);
	if (part < skip || (part < total - s->off && !(v->accepted & VIRTIO_NET_F_MRG_RXBUF)))
		return -EMSGSIZE;
	if (!s->used)
		s->nfirst = n;
	err = vnet_segs_copy(v, segs, n, skip,
			     (char *)(uintptr_t)s->frame->data + s->off + skip - q->hdr_len,
			     (uint32_t)(part - skip), true);
	if (err)
		return err;
	v->filled[s->used++] = (struct vnet_done){ s->t.ahead, s->t.at, c.head, (uint32_t)part };
	s->off += part;
	s->t.ahead++;
	s->t.at = c.next;
	return 0;
}

/* The frame is there, whole: its used entries. */
static int use_buffers(struct vnet *v, struct vnet_queue *q, const struct spread *s)
{
	int err = 0;

	for (uint16_t i = 0; i < s->used && !err; i++)
		err = vnet_used_put(v, q, &v->filled[i]);
	return err;
}

/*
 * One frame, whatever it is and however the buffers are made. Returns the buffers
 * filled, @t behind them; 0 if the frame was dropped; -ENOBUFS: too few buffers now;
 * -EAGAIN: the host has no time now; -EINVAL: broken.
 */
static int place(struct vnet *v, struct vnet_queue *q, struct vnet_take *t,
		 const struct leat_frame *from, const struct vnet_hash *hash)
{
	struct virtio_net_hdr_hash h = { .value = leat_cpu_to_le32(hash ? hash->value : 0),
					 .report = leat_cpu_to_le16(hash ? hash->report : 0) };
	struct leat_frame f = *from;
	struct spread s = { .frame = &f, .t = *t };
	int err = prepare(v, q, &f, &h.hdr) ? 0 : -EMSGSIZE;

	while (!err && s.off < q->hdr_len + (uint64_t)f.len) {
		if (s.used == q->size)	/* with all of them filled there will never be more */
			err = -EMSGSIZE;
		else if (vnet_queue_more(v, q, &s.t))
			err = fill_buffer(v, q, &s);
		else
			err = q->running ? -ENOBUFS : -EINVAL;
	}
	if (err == -ENOBUFS) {
		q->stuck = true;
		q->stuck_at = q->packed ? s.t.at : q->seen;
	}
	if (!err) {
		h.hdr.num_buffers = leat_cpu_to_le16(s.used);
		err = vnet_segs_copy(v, v->first, s.nfirst, 0, &h, q->hdr_len, true);
	}
	if (!err)
		err = use_buffers(v, q, &s);
	if (err == -EMSGSIZE) {
		v->mdev.stats.rx_dropped++;
		return 0;
	}
	if (err)
		return err;
	*t = s.t;
	return s.used;
}

/* ---- the fast way ---- */

static inline bool ordinary(const struct leat_frame *f, const struct vnet_slot *s)
{
	return !(f->flags | f->gso_size) && f->len - 1 < s->cap;
}

/*
 * The plain header: all zero, one buffer. In a buffer that comes round again it is
 * there already; left alone, a line of its own stays in both caches.
 */
static inline void put_header(char *hdr, bool apart)
{
	static const struct virtio_net_hdr plain = {
		.num_buffers = (LEAT_FORCE leat_le16)LEAT_SWAP16(1),
	};
	uint64_t there, want;
	uint32_t there2, want2;

	if (!apart) {
		memcpy(hdr, &plain, sizeof(plain));
		return;
	}
	memcpy(&there, hdr, sizeof(there));
	memcpy(&there2, hdr + sizeof(there), sizeof(there2));
	memcpy(&want, &plain, sizeof(want));
	memcpy(&want2, (const char *)&plain + sizeof(want), sizeof(want2));
	if (there != want || there2 != want2)
		memcpy(hdr, &plain, sizeof(plain));
}

/* @keeps: a small frame, which is one line, is pushed down to the driver's CPU. */
static inline void put(const struct vnet_slot *s, const struct leat_frame *f, bool keeps)
{
	put_header(s->hdr, vnet_header_apart(s));
	copy_frame(s->data, f->data, f->len);
	if (keeps && f->len <= LEAT_CACHELINE)
		leat_demote(s->data);
}

/*
 * Does the driver keep what it receives? What it sends back is read here next, and its line
 * stays; only a driver that sends little reads all of it, and waits for it.
 */
static bool driver_keeps(struct vnet *v)
{
	const struct leat_mdev_stats *now = &v->mdev.stats;

	if (now->rx_frames - v->weighed_rx >= VNET_WEIGHED) {
		v->keeps = now->tx_frames - v->weighed_tx < VNET_WEIGHED / 4;
		v->weighed_rx = now->rx_frames;
		v->weighed_tx = now->tx_frames;
	}
	return v->keeps;
}

/* Behind the plain header, with HASH_REPORT. */
static inline void put_hash(char *hdr, const struct vnet_hash *hash)
{
	const struct virtio_net_hdr_hash h = { .value = leat_cpu_to_le32(hash->value),
					       .report = leat_cpu_to_le16(hash->report) };

	memcpy(hdr + sizeof(h.hdr), (const char *)&h + sizeof(h.hdr), sizeof(h) - sizeof(h.hdr));
}

/* A frame waits for more buffers than there are: worth a try only when there are more. */
static bool still_stuck(struct vnet *v, struct vnet_queue *q)
{
	if (LEAT_LIKELY(!q->stuck))
		return false;
	q->stuck = q->packed ? !vnet_packed_there(v, q, q->stuck_at) : q->stuck_at == q->seen;
	return q->stuck;
}

/* Ordinary frames into the slots that are there, from @t on. Returns how many. */
static inline unsigned int put_run(struct vnet_queue *q, const struct leat_frame *f, unsigned int n,
				   uint16_t ahead, uint64_t *bytes, const struct vnet_hash *hash,
				   bool keeps, bool packed)
{
	uint16_t pos = (uint16_t)(q->next + ahead);
	uint64_t sum_len = 0;
	unsigned int i;

	n = LEAT_MIN(n, (unsigned int)(uint16_t)(q->parsed - pos));
	for (i = 0; i < n; i++) {
		const struct vnet_slot *s = vnet_slot(q, (uint16_t)(pos + i));
		uint32_t len = q->hdr_len + f[i].len;

		if (LEAT_UNLIKELY(!ordinary(&f[i], s)))
			break;
		put(s, &f[i], keeps);
		if (LEAT_UNLIKELY(hash != NULL))
			put_hash(s->hdr, &hash[i]);
		if (packed)
			vnet_packed_used_fast(q, (uint16_t)(ahead + i), s->at, s->head, len);
		else
			vnet_split_used_fast(q, (uint16_t)(ahead + i), s->head, len);
		sum_len += f[i].len;
	}
	*bytes += sum_len;
	return i;
}

/* place(), counted. Less than 0: the wire keeps the frame. */
static int put_one(struct vnet *v, struct vnet_queue *q, const struct leat_frame *f,
		   const struct vnet_hash *hash, struct vnet_take *t)
{
	int r = place(v, q, t, f, hash);

	if (r > 0) {
		v->mdev.stats.rx_frames++;
		v->mdev.stats.rx_bytes += f->len;
	}
	return r;
}

/* A frame to be segmented, for a driver that does not take such: the segments not there yet. */
static int put_cut(struct vnet *v, struct vnet_queue *q, const struct leat_frame *f,
		   const struct vnet_hash *hash, struct vnet_take *t)
{
	uint8_t bytes[LEAT_FRAME_MAX];
	struct leat_frame s = { .data = bytes };
	struct leat_wire_cut *was = &q->cut;
	struct leat_cut c;
	int r = 0;

	if (was->data != f->data || was->len != f->len)
		*was = (struct leat_wire_cut){ f->data, f->len, 0 };
	if (!leat_cut_begin(&c, f))
		v->mdev.stats.rx_dropped++;
	for (; was->at < c.segments; was->at++) {
		s.len = leat_cut_segment(&c, was->at, bytes);
		r = put_one(v, q, &s, hash, t);
		if (r < 0)
			return r;
	}
	was->at = 0;
	return 0;
}

static int put_odd(struct vnet *v, struct vnet_queue *q, const struct leat_frame *f,
		   const struct vnet_hash *hash, struct vnet_take *t)
{
	struct virtio_net_hdr h;

	if (f->gso_size && !vnet_header_write(v, f, &h))
		return put_cut(v, q, f, hash, t);
	return put_one(v, q, f, hash, t);
}

/* Is a slot filled in for the buffer at @t? */
static bool window_reaches(struct vnet *v, struct vnet_queue *q, const struct vnet_take *t)
{
	uint16_t pos = (uint16_t)(q->next + t->ahead);

	if (LEAT_LIKELY((int16_t)(q->parsed - pos) > 0))
		return true;
	if (LEAT_UNLIKELY(q->parsed != pos))
		vnet_window_from(q, pos, t->at);
	vnet_window_fill(v, q, pos);
	return q->parsed != pos;
}

/* As many frames as there are buffers for. Returns how many; @t: behind the buffers filled. */
static unsigned int put_all(struct vnet *v, struct vnet_queue *q, const struct leat_frame *f,
			    unsigned int n, const struct vnet_hash *hash, struct vnet_take *t)
{
	bool keeps = driver_keeps(v);
	unsigned int i = 0, k;
	uint64_t bytes = 0;

	while (window_reaches(v, q, t)) {
		const struct vnet_hash *h = hash ? hash + i : NULL;

		if (q->packed)
			k = put_run(q, f + i, n - i, t->ahead, &bytes, h, keeps, true);
		else
			k = put_run(q, f + i, n - i, t->ahead, &bytes, h, keeps, false);
		v->mdev.stats.rx_frames += k;
		t->ahead = (uint16_t)(t->ahead + k);
		t->at = vnet_place(q, (uint16_t)(q->next + t->ahead));
		i += k;
		if (LEAT_LIKELY(i == n))
			break;
		if ((uint16_t)(q->next + t->ahead) == q->parsed)
			continue;
		if (put_odd(v, q, &f[i], hash ? hash + i : NULL, t) < 0)
			break;
		if (++i == n)
			break;
	}
	v->mdev.stats.rx_bytes += bytes;
	return i;
}

unsigned int vnet_rx_room(struct vnet *v, struct vnet_queue *q)
{
	if ((uint16_t)(q->seen - q->next) < VNET_RX_AHEAD && vnet_queue_look(v, q))
		vnet_window_fill(v, q, q->next);
	return q->running ? (uint16_t)(q->seen - q->next) : 0;
}

unsigned int vnet_rx(struct vnet *v, struct vnet_queue *q, const struct leat_frame *frames,
		     unsigned int n, const struct vnet_hash *hash)
{
	struct vnet_take t = { 0, q->at };
	unsigned int done = 0;

	if ((uint16_t)(q->seen - q->next) < LEAT_MAX(n, VNET_RX_AHEAD) && !vnet_queue_look(v, q))
		return 0;
	if (!still_stuck(v, q))
		done = put_all(v, q, frames, n, q->hdr_len == VIRTIO_NET_HDR_LEN_HASH ? hash : NULL, &t);
	if (LEAT_UNLIKELY(!q->running))
		return done;
	if (t.ahead)
		vnet_used_publish(v, q, &t);
	v->mdev.stats.rx_refused += done < n;
	vnet_window_fill(v, q, q->next);
	return done;
}
