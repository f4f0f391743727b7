// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed_avx2.c - the data path "packed in-order avx2": a line of the ring is
 * two registers.
 */
#include "packed_vector.h"
#include "path.h"

#include <immintrin.h>

/* Two packets' lengths and flags, a lane of 16 bytes each. */
static VIRTIO_ALWAYS_INLINE __m256i parts(struct leat_pkt *const *pkts)
{
	return _mm256_inserti128_si256(
		_mm256_castsi128_si256(_mm_load_si128((const void *)&pkts[0]->off)),
		_mm_load_si128((const void *)&pkts[1]->off), 1);
}

/* The same word in the upper half of each lane, counted up where ids are. */
static VIRTIO_ALWAYS_INLINE __m256i words(uint64_t word, uint16_t at)
{
	return _mm256_set_epi64x((int64_t)(word | (uint64_t)(at + 1u) << 32), 0,
				 (int64_t)(word | (uint64_t)at << 32), 0);
}

/* Is a 32-bit length, less the header, out of bounds? In bytes 8 to 11 of a lane. */
static VIRTIO_ALWAYS_INLINE __m256i out_of_bounds(__m256i len, uint32_t most)
{
	__m256i over = _mm256_sub_epi32(len, _mm256_set1_epi32(VIRTIO_NET_ETH_LEN));
	__m256i top = _mm256_set1_epi32((int)most);
	__m256i fits = _mm256_cmpeq_epi32(_mm256_min_epu32(over, top), over);

	return _mm256_andnot_si256(fits, _mm256_set_epi32(0, -1, 0, 0, 0, -1, 0, 0));
}

static VIRTIO_ALWAYS_INLINE void store_lens(struct leat_pkt *const *pkts, __m256i len,
					    const struct vec_rx *k)
{
	/* length to len and total */
	const __m256i order = _mm256_broadcastsi128_si256(_mm_set_epi8(
		-1, -1, -1, -1, 11, 10, 9, 8, -1, -1, -1, -1, 9, 8, -1, -1));
	const __m128i fresh = _mm_load_si128((const void *)&k->fresh->off);
	__m256i out = _mm256_or_si256(_mm256_shuffle_epi8(len, order),
				      _mm256_broadcastsi128_si256(fresh));

	_mm_store_si128((void *)&pkts[0]->off, _mm256_castsi256_si128(out));
	_mm_store_si128((void *)&pkts[1]->off, _mm256_extracti128_si256(out, 1));
}

static VIRTIO_ALWAYS_INLINE uint32_t vec_rx4(const virtio_packed_word *d, const struct vec_rx *k,
					     uint16_t at, struct leat_pkt *const *pkts)
{
	const int64_t known = (int64_t)(UINT64_C(0x8080ffff) << 32);
	const __m256i mask = _mm256_set_epi64x(known, 0, known, 0);
	const __m256i hdr = _mm256_set1_epi32(k->hdr_len);
	__m256i a = _mm256_load_si256((const void *)d), b = _mm256_load_si256((const void *)(d + 4));
	__m256i odd;

	leat_dma_rmb();		/* V5 */
	odd = _mm256_or_si256(
		_mm256_xor_si256(_mm256_and_si256(a, mask), words(k->word, at)),
		_mm256_xor_si256(_mm256_and_si256(b, mask), words(k->word, (uint16_t)(at + 2))));
	a = _mm256_sub_epi32(a, hdr);
	b = _mm256_sub_epi32(b, hdr);
	odd = _mm256_or_si256(odd, out_of_bounds(a, k->most - k->least));
	odd = _mm256_or_si256(odd, out_of_bounds(b, k->most - k->least));
	if (!_mm256_testz_si256(odd, odd))
		return 0;
	store_lens(pkts, a, k);
	store_lens(pkts + 2, b, k);
	a = _mm256_add_epi32(a, b);
	return (uint32_t)(_mm256_extract_epi32(a, 2) + _mm256_extract_epi32(a, 6));
}

/* All ones where a packet is not plain, by halfwords of a lane. */
static VIRTIO_ALWAYS_INLINE __m256i not_plain(__m256i lanes, const struct vec_tx *k)
{
	/* off, len, cap, nsegs and refs, total (two), flags (two) */
	const __m256i least = _mm256_set1_epi16((short)k->hdr_len);
	const __m256i most = _mm256_set1_epi16((short)(k->frame_max - VIRTIO_NET_ETH_LEN));
	const __m256i flags = _mm256_set_epi32(VIRTIO_TX_ODD, 0, 0, 0, VIRTIO_TX_ODD, 0, 0, 0);
	__m256i over = _mm256_sub_epi16(lanes, _mm256_set1_epi16(VIRTIO_NET_ETH_LEN));
	__m256i off = _mm256_cmpeq_epi16(_mm256_max_epu16(lanes, least), lanes);
	__m256i len = _mm256_cmpeq_epi16(_mm256_min_epu16(over, most), over);
	__m256i one = _mm256_cmpeq_epi16(lanes, _mm256_set1_epi16(0x0101));
	__m256i good = _mm256_blend_epi16(_mm256_blend_epi16(off, len, 0x02), one, 0x08);

	const __m256i count = _mm256_set_epi16(0, 0, 0, 0, -1, 0, -1, -1, 0, 0, 0, 0, -1, 0, -1, -1);

	return _mm256_or_si256(_mm256_andnot_si256(good, count), _mm256_and_si256(lanes, flags));
}

static VIRTIO_ALWAYS_INLINE void compose(struct leat_pkt *const *pkts, __m256i lanes,
					 const struct vec_tx *k, uint16_t at, uint64_t *to)
{
	/* off in the address' place, length in its own */
	const __m256i order = _mm256_broadcastsi128_si256(_mm_set_epi8(
		-1, -1, -1, -1, -1, -1, 3, 2, -1, -1, -1, -1, -1, -1, 1, 0));
	__m256i base = _mm256_add_epi64(words(k->word, at), _mm256_set_epi64x(
		0, (int64_t)(pkts[1]->iova - k->hdr_len), 0, (int64_t)(pkts[0]->iova - k->hdr_len)));

	_mm256_store_si256((void *)to, _mm256_add_epi64(base, _mm256_shuffle_epi8(lanes, order)));
}

static VIRTIO_ALWAYS_INLINE uint32_t vec_tx4(struct leat_pkt *const *pkts, const struct vec_tx *k,
					     uint16_t at, uint64_t *to)
{
	__m256i a = parts(pkts), b = parts(pkts + 2);
	__m256i odd = _mm256_or_si256(not_plain(a, k), not_plain(b, k));

	if (LEAT_UNLIKELY(!_mm256_testz_si256(odd, odd)))
		return 0;
	leat_dma_rmb();		/* what other owners did with the packets is over: refs is 1 */
	compose(pkts, a, k, at, to);
	compose(pkts + 2, b, k, (uint16_t)(at + 2), to + 4);
	return (uint32_t)pkts[0]->len + pkts[1]->len + pkts[2]->len + pkts[3]->len;
}

static VIRTIO_ALWAYS_INLINE void vec_copy4(virtio_packed_word *d, const uint64_t *from)
{
	leat_dma_wmb();		/* V7: a descriptor is written in one piece */
	_mm256_store_si256((void *)(d + 4), _mm256_load_si256((const void *)(from + 4)));
	leat_dma_wmb();
	_mm256_store_si256((void *)d, _mm256_load_si256((const void *)from));
}

const struct virtio_path leat_virtio_packed_avx2 = {
	.name = "packed in-order avx2 (IN_ORDER, CPU)", .needs = VIRTIO_F_IN_ORDER, .cpu = leat_virtio_cpu_avx2,
	.rx = rx, .rx_blind = rx_blind, .tx = tx,
};
