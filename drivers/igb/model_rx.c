// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/model_rx.c - frames from the wire to the driver (82576, 7.1).
 *
 * Each frame is copied first: it may lie in memory that its sender can change. A frame for
 * which a ring has no descriptors is left to the wire, unless SRRCTL says to drop it.
 */
#include "model.h"

#include <leat/endian.h>

#include <errno.h>

#define FRAME_MIN	14
#define CRC_LEN		4
#define TAG_LEN		4
#define SHORT_MAX	1518		/* without long packets, CRC included, tag not */
#define UDP_SUM		6
#define BUFFER_MIN	256
#define PIECES_MAX	((LEAT_FRAME_MAX + CRC_LEN) / BUFFER_MIN + 1)

/* A frame, and what its last descriptor says. */
struct arrival {
	uint8_t		*data;
	uint32_t	len;
	struct intel_frame frame;
	uint32_t	info, hash, status;
	uint16_t	tag;
};

enum { LATER, TAKEN, DROPPED };

bool igbm_rx_ready(const struct igbm *n)
{
	if (!leat_model_pci_master(&n->pci) || leat_model_pci_asleep(&n->pci))
		return false;
	return n->vf ? n->clear_to_send : n->reg[INTEL_RCTL / 4] & INTEL_RCTL_EN;
}

/* Into memory of our own, whole: padding and checksums that hardware would have seen. */
static bool copy_in(struct igbm *n, const struct leat_frame *f, struct arrival *a)
{
	a->data = n->whole + IGBM_HEADROOM;
	a->len = f->len;
	if (f->len < FRAME_MIN || f->len > LEAT_FRAME_MAX || f->gso_size)
		return false;
	memcpy(a->data, f->data, f->len);
	if (f->flags & LEAT_FRAME_CSUM_PARTIAL)
		leat_intel_sum_put(a->data, f->csum_start, f->len, (uint32_t)f->csum_start + f->csum_off,
				   f->csum_off == UDP_SUM);
	if (a->len < IGBM_FRAME_MIN) {
		memset(a->data + a->len, 0, IGBM_FRAME_MIN - a->len);
		a->len = IGBM_FRAME_MIN;
	}
	leat_intel_frame_parse(a->data, a->len, &a->frame);
	return true;
}

static uint32_t longest(const struct igbm *n, const struct arrival *a)
{
	uint32_t max = SHORT_MAX;

	if (n->vf)
		max = n->vf_max;
	else if (n->reg[INTEL_RCTL / 4] & INTEL_RCTL_LPE)
		max = LEAT_GET(IGB_VMOLR_RLPML, n->reg[IGB_RLPML / 4]);
	return max - CRC_LEN + (a->frame.tagged ? TAG_LEN : 0);
}

static bool let_in(struct igbm *n, const struct arrival *a)
{
	if (!(n->vf ? igbm_vf_accepts(n, a->data, &a->frame) :
		      leat_intel_chip_accepts(&n->chip, a->data, &a->frame)))
		return false;
	if (a->len <= longest(n, a))
		return true;
	if (!n->vf)
		leat_intel_chip_count(&n->chip, INTEL_ROC, 1);
	return false;
}

/* ---- what hardware says of it ---- */

static uint32_t packet_type(uint32_t is)
{
	uint32_t type = 0;

	if (is & INTEL_IS_IPV4)
		type |= IGB_RXD_IPV4 | (is & INTEL_IS_OPTIONS ? IGB_RXD_IPV4_OPTIONS : 0);
	if (is & INTEL_IS_IPV6)
		type |= IGB_RXD_IPV6 | (is & INTEL_IS_OPTIONS ? IGB_RXD_IPV6_EX : 0);
	return type | (is & INTEL_IS_TCP ? IGB_RXD_TCP : 0) | (is & INTEL_IS_UDP ? IGB_RXD_UDP : 0) |
	       (is & INTEL_IS_SCTP ? IGB_RXD_SCTP : 0);
}

/* 7.1.11.1, first match: what a packet is, what MRQC asks, and the number it gets. */
static const struct {
	uint32_t is, mrqc, type;
	bool ports;
} hashes[] = {
	{ INTEL_IS_IPV4 | INTEL_IS_TCP, IGB_MRQC_TCP4, 1, true },
	{ INTEL_IS_IPV4 | INTEL_IS_UDP, IGB_MRQC_UDP4, 7, true },
	{ INTEL_IS_IPV4, IGB_MRQC_IPV4, 2, false },
	{ INTEL_IS_IPV6 | INTEL_IS_TCP, IGB_MRQC_TCP6, 3, true },
	{ INTEL_IS_IPV6 | INTEL_IS_TCP, IGB_MRQC_TCP6_EX, 6, true },
	{ INTEL_IS_IPV6 | INTEL_IS_UDP, IGB_MRQC_UDP6, 8, true },
	{ INTEL_IS_IPV6 | INTEL_IS_UDP, IGB_MRQC_UDP6_EX, 9, true },
	{ INTEL_IS_IPV6, IGB_MRQC_IPV6, 5, false },
	{ INTEL_IS_IPV6, IGB_MRQC_IPV6_EX, 4, false },
};

static uint32_t hash_type(const struct igbm *n, struct arrival *a)
{
	uint32_t mrqc = n->reg[INTEL_MRQC / 4];
	uint8_t key[LEAT_RSS_KEY_LEN];

	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(hashes); i++) {
		if ((a->frame.is & hashes[i].is) != hashes[i].is || !(mrqc & hashes[i].mrqc))
			continue;
		for (unsigned int b = 0; b < sizeof(key); b++)
			key[b] = (uint8_t)(n->reg[INTEL_RSSRK(b / 4) / 4] >> 8 * (b % 4));
		a->hash = leat_intel_frame_hash(a->data, &a->frame, hashes[i].ports, key);
		return hashes[i].type;
	}
	return 0;
}

/* The ring of a frame by its EtherType, which counts before all else (7.1.1.4). NULL: none. */
static struct igbm_ring *by_ethertype(struct igbm *n, struct arrival *a)
{
	uint32_t type = leat_get_be16(a->data + 12);

	for (unsigned int i = 0; !n->vf && i < IGB_ETQFS; i++) {
		uint32_t etqf = n->reg[IGB_ETQF(i) / 4];

		if (!(etqf & IGB_ETQF_ENABLE) || LEAT_GET(IGB_ETQF_TYPE, etqf) != type)
			continue;
		a->info |= IGB_RXD_ETHERTYPE | LEAT_PUT(IGB_RXD_ETQF, i);
		if (etqf & IGB_ETQF_QUEUE_ENABLE)
			return &n->rx[LEAT_GET(IGB_ETQF_QUEUE, etqf)];
	}
	return NULL;
}

/* The ring of a frame, by its type or by RSS. */
static struct igbm_ring *choose(struct igbm *n, struct arrival *a)
{
	struct igbm_ring *special = by_ethertype(n, a);
	uint32_t entry, type;

	if (special)
		return special;
	if (n->vf ? !n->vf_spread : (n->reg[INTEL_MRQC / 4] & 7) != IGB_MRQC_RSS)
		return &n->rx[0];
	type = hash_type(n, a);
	if (!type)
		return &n->rx[0];
	entry = a->hash & (INTEL_RETA_ENTRIES - 1);
	if (n->reg[INTEL_RXCSUM / 4] & INTEL_RXCSUM_PCSD)
		a->info |= type;
	else
		a->hash = 0;
	return &n->rx[n->reg[INTEL_RETA(entry / 4) / 4] >> (8 * (entry % 4) + IGB_RETA_SHIFT) & 0xf];
}

static void check_sums(const struct igbm *n, struct arrival *a)
{
	uint32_t asked = n->vf ? UINT32_MAX : n->reg[INTEL_RXCSUM / 4];
	uint32_t l4 = a->frame.is & INTEL_IS_SCTP ? IGB_RXCSUM_CRCOFL : INTEL_RXCSUM_TUOFL;
	enum intel_check ip = leat_intel_check_ip(a->data, &a->frame), check;

	if ((asked & INTEL_RXCSUM_IPOFL) && ip != INTEL_UNCHECKED)
		a->status |= INTEL_RXD_IPCS | (ip == INTEL_WRONG ? INTEL_RXD_IPE : 0);
	if (!(asked & l4))
		return;
	check = leat_intel_check_l4(a->data, &a->frame);
	if (check != INTEL_UNCHECKED)
		a->status |= INTEL_RXD_L4CS | (check == INTEL_WRONG ? INTEL_RXD_L4E : 0) |
			     (a->frame.is & INTEL_IS_UDP ? INTEL_RXD_UDPCS : 0);
}

static void strip_tag(const struct igbm *n, struct arrival *a)
{
	if (!a->frame.tagged || (!n->vf && !(n->reg[INTEL_CTRL / 4] & INTEL_CTRL_VME)))
		return;
	a->data = leat_intel_tag_take(a->data);
	a->len -= TAG_LEN;
	a->tag = a->frame.tag;
	a->status |= INTEL_RXD_VP;
}

static void append_crc(const struct igbm *n, struct arrival *a)
{
	uint32_t crc;

	if (n->vf || (n->reg[INTEL_RCTL / 4] & INTEL_RCTL_SECRC))
		return;
	crc = leat_intel_crc32(a->data, a->len);
	for (unsigned int i = 0; i < CRC_LEN; i++)
		a->data[a->len++] = (uint8_t)(crc >> 8 * i);
}

/* ---- into the ring ---- */

static uint32_t buffer_size(const struct igbm *n, const struct igbm_ring *q)
{
	uint32_t kb = LEAT_GET(IGB_SRRCTL_PACKET, igbm_ring_reg(q, IGB_SRRCTL));

	return kb ? kb * 1024 : 2048u >> LEAT_GET(INTEL_RCTL_BSIZE, n->reg[INTEL_RCTL / 4]);
}

typedef uint64_t __attribute__((may_alias)) raw64;

/* Status is in the second word, which is written last. */
static int write_desc(struct igbm *n, struct igbm_ring *q, uint32_t i, const struct arrival *a,
		      uint32_t len, bool last)
{
	uint64_t low = a->info | (uint64_t)a->hash << 32;
	uint32_t status = INTEL_RXD_DD | (last ? INTEL_RXD_EOP | a->status : 0);
	uint64_t high = status | (uint64_t)len << 32 | (last ? (uint64_t)a->tag << 48 : 0);
	uint64_t word[2] = { LEAT_SWAP64(low), LEAT_SWAP64(high) };

	if (LEAT_LIKELY(q->desc != NULL)) {
		raw64 *d = (raw64 *)(void *)(q->desc + (size_t)i * sizeof(word));

		LEAT_WRITE_ONCE(d[0], word[0]);
		leat_store_release(&d[1], word[1]);
		return 0;
	}
	return igbm_store(n, q, q->base + (uint64_t)i * sizeof(word), word, sizeof(word));
}

/* Where the buffers are, before the first descriptor is overwritten. 0, or as igbm_fetch(). */
static int read_addresses(struct igbm *n, struct igbm_ring *q, uint32_t need, uint64_t *addr)
{
	uint64_t word[2];

	for (uint32_t k = 0, i = q->head; k < need; k++, i = i + 1 < q->count ? i + 1 : 0) {
		int err = igbm_desc_read(n, q, i, word);

		if (err)
			return err;
		addr[k] = word[0];
	}
	return 0;
}

static int fill(struct igbm *n, struct igbm_ring *q, const struct arrival *a, uint32_t size,
		const uint64_t *addr)
{
	uint32_t i = q->head;

	for (uint32_t from = 0; from < a->len; from += size) {
		uint32_t part = LEAT_MIN(a->len - from, size);
		int err = igbm_store(n, q, *addr++, a->data + from, part);

		if (!err)
			err = write_desc(n, q, i, a, part, from + part == a->len);
		if (err)
			return DROPPED;
		i = i + 1 < q->count ? i + 1 : 0;
	}
	igbm_ring_advance(q, i);
	return TAKEN;
}

static int deliver(struct igbm *n, struct igbm_ring *q, const struct arrival *a)
{
	uint32_t size = buffer_size(n, q), need = (a->len + size - 1) / size, i = q->head;
	uint32_t tail = igbm_ring_tail(n, q);
	uint32_t have = tail >= i ? tail - i : q->count - i + tail;
	uint64_t addr[PIECES_MAX];
	int err;

	if (q->broken || need >= q->count || need > PIECES_MAX)
		return DROPPED;
	if (have < need) {
		n->mdev.stats.rx_refused++;
		return igbm_ring_reg(q, IGB_SRRCTL) & IGB_SRRCTL_DROP ? DROPPED : LATER;
	}
	err = read_addresses(n, q, need, addr);
	if (err)
		return err == -EAGAIN ? LATER : DROPPED;
	return fill(n, q, a, size, addr);
}

static void count(struct igbm *n, const struct arrival *a, uint32_t len)
{
	n->mdev.stats.rx_frames++;
	n->mdev.stats.rx_bytes += len;
	if (!n->vf) {
		leat_intel_chip_count_rx(&n->chip, a->data, len);
		return;
	}
	n->reg[IGB_VFGPRC / 4]++;
	n->reg[IGB_VFGORC / 4] += len + CRC_LEN;
	n->reg[IGB_VFMPRC / 4] += a->data[0] & 1;
}

/* One frame. TAKEN also if nobody wanted it. */
static int arrive(struct igbm *n, const struct leat_frame *f, uint32_t *rings)
{
	struct arrival a = { .info = 0 };
	struct igbm_ring *q;
	uint32_t len;
	int r;

	if (!copy_in(n, f, &a))
		return DROPPED;
	if (!let_in(n, &a))
		return TAKEN;
	len = a.len;
	q = choose(n, &a);
	if (q->index >= n->queues || !igbm_ring_look(n, q))
		return DROPPED;
	if (!(a.info & IGB_RXD_ETHERTYPE))
		a.info |= packet_type(a.frame.is);
	check_sums(n, &a);
	strip_tag(n, &a);
	append_crc(n, &a);
	r = deliver(n, q, &a);
	if (r == TAKEN) {
		count(n, &a, len);
		*rings |= 1u << q->index;
	}
	return r;
}

unsigned int igbm_rx(struct igbm *n, const struct leat_frame *frames, unsigned int count_max)
{
	uint32_t rings = 0;
	unsigned int i;

	for (i = 0; i < count_max; i++) {
		int r = arrive(n, &frames[i], &rings);

		if (r == LATER)
			break;
		n->mdev.stats.rx_dropped += r == DROPPED;
	}
	for (unsigned int q = 0; rings; q++, rings >>= 1)
		if (rings & 1)
			igbm_irq_ring(n, &n->rx[q]);
	return i;
}
