// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed_neon.c - the data path "packed in-order neon": a descriptor is one
 * register, four of them a line. Every 64-bit Arm CPU can.
 */
#include "packed_vector.h"
#include "path.h"

#include <arm_neon.h>

/* A packet's lengths and flags: off, len, cap, nsegs and refs, total, flags. */
static VIRTIO_ALWAYS_INLINE uint8x16_t part(const struct leat_pkt *pkt)
{
	return vld1q_u8((const uint8_t *)&pkt->off);
}

/* A descriptor's second word, read once: its halves are not torn, and nothing is else. */
static VIRTIO_ALWAYS_INLINE uint64x2_t second_words(const virtio_packed_word *d)
{
	return vcombine_u64(vcreate_u64(LEAT_READ_ONCE(d[1])), vcreate_u64(LEAT_READ_ONCE(d[3])));
}

/* Not 0: one of two is not used, not in order, or of a length out of bounds. */
static VIRTIO_ALWAYS_INLINE uint64x2_t rx_odd(uint64x2_t words, uint64_t first,
					      const struct vec_rx *k)
{
	const uint64x2_t want = vcombine_u64(vcreate_u64(first),
					     vcreate_u64(first + (UINT64_C(1) << 32)));
	const uint64x2_t known = vdupq_n_u64(UINT64_C(0x8080ffff) << 32);
	uint64x2_t len = vandq_u64(words, vdupq_n_u64(UINT32_MAX));
	uint64x2_t out = vorrq_u64(vcgtq_u64(vdupq_n_u64(k->least), len),
				   vcgtq_u64(len, vdupq_n_u64(k->most)));

	return vorrq_u64(veorq_u64(vandq_u64(words, known), want), out);
}

static VIRTIO_ALWAYS_INLINE void store_len(struct leat_pkt *pkt, uint32_t len, uint8x16_t fresh)
{
	uint32x4_t v = vreinterpretq_u32_u8(fresh);

	v = vsetq_lane_u32(vgetq_lane_u32(v, 0) | len << 16, v, 0);
	v = vsetq_lane_u32(len, v, 2);
	vst1q_u8((uint8_t *)&pkt->off, vreinterpretq_u8_u32(v));
}

static VIRTIO_ALWAYS_INLINE uint32_t vec_rx4(const virtio_packed_word *d, const struct vec_rx *k,
					     uint16_t at, struct leat_pkt *const *pkts)
{
	const uint64_t one = UINT64_C(1) << 32, first = k->word | at * one;
	uint64x2_t a = second_words(d), b = second_words(d + 4);
	uint8x16_t fresh = part(k->fresh);
	uint32_t len[VEC];
	uint64x2_t odd;

	leat_dma_rmb();		/* V5 */
	odd = vorrq_u64(rx_odd(a, first, k), rx_odd(b, first + 2 * one, k));
	if (vgetq_lane_u64(odd, 0) | vgetq_lane_u64(odd, 1))
		return 0;
	len[0] = (uint32_t)vgetq_lane_u64(a, 0) - k->hdr_len;
	len[1] = (uint32_t)vgetq_lane_u64(a, 1) - k->hdr_len;
	len[2] = (uint32_t)vgetq_lane_u64(b, 0) - k->hdr_len;
	len[3] = (uint32_t)vgetq_lane_u64(b, 1) - k->hdr_len;
	for (unsigned int i = 0; i < VEC; i++)
		store_len(pkts[i], len[i], fresh);
	return len[0] + len[1] + len[2] + len[3];
}

/* Not 0: a packet that is not plain. */
static VIRTIO_ALWAYS_INLINE uint16x8_t tx_odd(uint8x16_t lane, const struct vec_tx *k)
{
	static const uint16_t where[3][8] = {
		{ UINT16_MAX, 0, 0, 0, 0, 0, 0, 0 }, { 0, UINT16_MAX, 0, 0, 0, 0, 0, 0 },
		{ 0, 0, 0, UINT16_MAX, 0, 0, 0, 0 },
	};
	static const uint16_t asks[8] = { 0, 0, 0, 0, 0, 0, VIRTIO_TX_ODD, 0 };
	uint16x8_t v = vreinterpretq_u16_u8(lane);
	uint16x8_t off = vcltq_u16(v, vdupq_n_u16(k->hdr_len));
	uint16x8_t len = vcgtq_u16(vsubq_u16(v, vdupq_n_u16(VIRTIO_NET_ETH_LEN)),
				   vdupq_n_u16((uint16_t)(k->frame_max - VIRTIO_NET_ETH_LEN)));
	uint16x8_t one = vmvnq_u16(vceqq_u16(v, vdupq_n_u16(0x0101)));

	off = vandq_u16(off, vld1q_u16(where[0]));
	len = vandq_u16(len, vld1q_u16(where[1]));
	one = vandq_u16(one, vld1q_u16(where[2]));
	return vorrq_u16(vorrq_u16(off, len), vorrq_u16(one, vandq_u16(v, vld1q_u16(asks))));
}
LEAT_STATIC_ASSERT(VIRTIO_TX_ODD <= UINT16_MAX, "in the lower half of flags");

static VIRTIO_ALWAYS_INLINE uint32_t vec_tx4(struct leat_pkt *const *pkts, const struct vec_tx *k,
					     uint16_t at, uint64_t *to)
{
	uint16x8_t odd = vorrq_u16(vorrq_u16(tx_odd(part(pkts[0]), k), tx_odd(part(pkts[1]), k)),
				   vorrq_u16(tx_odd(part(pkts[2]), k), tx_odd(part(pkts[3]), k)));
	uint32_t sum = 0;

	if (LEAT_UNLIKELY(vmaxvq_u16(odd)))
		return 0;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);	/* refs is 1: what other owners did is over */
	for (unsigned int i = 0; i < VEC; i++) {
		to[2 * i] = leat_pkt_iova(pkts[i]) - k->hdr_len;
		to[2 * i + 1] = (k->word | (uint64_t)(at + i) << 32) + pkts[i]->len;
		sum += pkts[i]->len;
	}
	return sum;
}

static VIRTIO_ALWAYS_INLINE void vec_copy4(virtio_packed_word *d, const uint64_t *from)
{
	for (unsigned int i = 0; i < VEC; i++)
		d[2 * i] = from[2 * i];
	leat_dma_wmb();		/* V7: one for the line */
	for (unsigned int i = VEC; i--;)
		LEAT_WRITE_ONCE(d[2 * i + 1], from[2 * i + 1]);
}

const struct virtio_path leat_virtio_packed_neon = {
	.name = "packed in-order neon (IN_ORDER, CPU)", .needs = VIRTIO_F_IN_ORDER,
	.rx = rx, .rx_blind = rx_blind, .tx = tx,
};
