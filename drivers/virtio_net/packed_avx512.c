// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed_avx512.c - the data path "packed in-order avx512": a line of the ring
 * is one register.
 */
#include "packed_vector.h"
#include "path.h"

#include <immintrin.h>

static VIRTIO_ALWAYS_INLINE __m128i part(const struct leat_pkt *pkt)
{
	return _mm_load_si128((const void *)&pkt->off);
}

static VIRTIO_ALWAYS_INLINE __m256i two_parts(struct leat_pkt *const *pkts)
{
	return _mm256_inserti128_si256(_mm256_castsi128_si256(part(pkts[0])), part(pkts[1]), 1);
}

static VIRTIO_ALWAYS_INLINE uint32_t vec_rx4(const virtio_packed_word *d, const struct vec_rx *k,
					     uint16_t at, struct leat_pkt *const *pkts)
{
	const uint64_t known = UINT64_C(0x8080ffff) << 32, first = k->word | (uint64_t)at << 32;
	const uint64_t one = UINT64_C(1) << 32;
	const __m512i want = _mm512_set_epi64((int64_t)(first + 3 * one), 0,
					      (int64_t)(first + 2 * one), 0,
					      (int64_t)(first + one), 0, (int64_t)first, 0);
	const __m512i mask = _mm512_broadcast_i32x4(_mm_set_epi64x((int64_t)known, 0));
	/* length to len and total, less the header */
	const __m512i order = _mm512_broadcast_i32x4(_mm_set_epi8(-1, -1, -1, -1, 11, 10, 9, 8, -1, -1,
								  -1, -1, 9, 8, -1, -1));
	__m512i line = _mm512_load_si512((const void *)d), len, out;

	leat_dma_rmb();		/* V5 */
	if (_mm512_cmpneq_epi64_mask(_mm512_and_si512(line, mask), want))
		return 0;
	len = _mm512_sub_epi32(line, _mm512_set1_epi32(k->hdr_len));
	if (_mm512_mask_cmpgt_epu32_mask(0x4444, _mm512_sub_epi32(len, _mm512_set1_epi32(
		VIRTIO_NET_ETH_LEN)), _mm512_set1_epi32((int)(k->most - k->least))))
		return 0;
	out = _mm512_or_si512(_mm512_shuffle_epi8(len, order),
			      _mm512_broadcast_i32x4(part(k->fresh)));
	_mm_store_si128((void *)&pkts[0]->off, _mm512_castsi512_si128(out));
	_mm_store_si128((void *)&pkts[1]->off, _mm512_extracti32x4_epi32(out, 1));
	_mm_store_si128((void *)&pkts[2]->off, _mm512_extracti32x4_epi32(out, 2));
	_mm_store_si128((void *)&pkts[3]->off, _mm512_extracti32x4_epi32(out, 3));
	return (uint32_t)_mm512_mask_reduce_add_epi32(0x4444, len);
}

static VIRTIO_ALWAYS_INLINE uint32_t vec_tx4(struct leat_pkt *const *pkts, const struct vec_tx *k,
					     uint16_t at, uint64_t *to)
{
	const uint64_t first = k->word | (uint64_t)at << 32, one = UINT64_C(1) << 32;
	/* off in the address' place, length in its own */
	const __m512i order = _mm512_broadcast_i32x4(_mm_set_epi8(-1, -1, -1, -1, -1, -1, 3, 2, -1, -1,
								  -1, -1, -1, -1, 1, 0));
	const __m512i base = _mm512_set_epi64(
		(int64_t)(first + 3 * one), (int64_t)(pkts[3]->iova - k->hdr_len),
		(int64_t)(first + 2 * one), (int64_t)(pkts[2]->iova - k->hdr_len),
		(int64_t)(first + one), (int64_t)(pkts[1]->iova - k->hdr_len),
		(int64_t)first, (int64_t)(pkts[0]->iova - k->hdr_len));
	/* by halfwords of a lane: off, len, cap, nsegs and refs, total, flags */
	const __m512i single = _mm512_set1_epi16(0x0101), least = _mm512_set1_epi16((short)k->hdr_len);
	const __m512i most = _mm512_set1_epi16((short)(k->frame_max - VIRTIO_NET_ETH_LEN));
	const __m512i lanes = _mm512_inserti64x4(_mm512_castsi256_si512(two_parts(pkts)),
						 two_parts(pkts + 2), 1);
	__mmask32 odd;

	odd = _mm512_mask_cmpneq_epi16_mask(0x08080808, lanes, single);
	odd |= _mm512_mask_cmplt_epu16_mask(0x01010101, lanes, least);
	odd |= _mm512_mask_cmpgt_epu16_mask(0x02020202, _mm512_sub_epi16(lanes, _mm512_set1_epi16(
		VIRTIO_NET_ETH_LEN)), most);
	odd |= _mm512_mask_test_epi32_mask(0x8888, lanes, _mm512_set1_epi32(VIRTIO_TX_ODD));
	if (LEAT_UNLIKELY(odd))
		return 0;
	leat_dma_rmb();		/* what other owners did with the packets is over: refs is 1 */
	_mm512_store_si512(to, _mm512_add_epi64(base, _mm512_shuffle_epi8(lanes, order)));
	return (uint32_t)pkts[0]->len + pkts[1]->len + pkts[2]->len + pkts[3]->len;
}

static VIRTIO_ALWAYS_INLINE void vec_copy4(virtio_packed_word *d, const uint64_t *from)
{
	leat_dma_wmb();		/* V7: a line is written in one piece */
	_mm512_store_si512((void *)d, _mm512_load_si512(from));
}

const struct virtio_path leat_virtio_packed_avx512 = {
	.name = "packed in-order avx512 (IN_ORDER, CPU)", .needs = VIRTIO_F_IN_ORDER, .cpu = leat_virtio_cpu_avx512,
	.rx = rx, .rx_blind = rx_blind, .tx = tx,
};
