// SPDX-License-Identifier: BSD-3-Clause
/*
 * e1000e/model_rss.c - which queue takes a frame (82574 section 7.1.11).
 */
#include "model.h"

/* What can be hashed, in the order of preference; the type as descriptors report it. */
static const struct {
	uint32_t	mrqc, is;
	unsigned int	type;
	bool		ports;
} hashes[] = {
	{ E1000E_MRQC_TCP4, INTEL_IS_IPV4 | INTEL_IS_TCP, 1, true },
	{ E1000E_MRQC_IPV4, INTEL_IS_IPV4, 2, false },
	{ E1000E_MRQC_TCP6, INTEL_IS_IPV6 | INTEL_IS_TCP, 3, true },
	{ E1000E_MRQC_IPV6_EX, INTEL_IS_IPV6 | INTEL_IS_OPTIONS, 4, false },
	{ E1000E_MRQC_IPV6, INTEL_IS_IPV6, 5, false },
};

static void load_key(const struct em *v, uint8_t key[LEAT_RSS_KEY_LEN])
{
	for (unsigned int i = 0; i < LEAT_RSS_KEY_LEN; i++)
		key[i] = (uint8_t)(em_get(v, INTEL_RSSRK(i / 4)) >> (8 * (i % 4)));
}

static unsigned int redirect(const struct em *v, uint32_t hash)
{
	uint32_t at = hash % INTEL_RETA_ENTRIES;
	uint8_t entry = (uint8_t)(em_get(v, INTEL_RETA(at / 4)) >> (8 * (at % 4)));

	return entry >> E1000E_RETA_SHIFT;
}

void em_rss(const struct em *v, const uint8_t *frame, const struct intel_frame *f,
	    struct em_rss *out)
{
	uint32_t mrqc = em_get(v, INTEL_MRQC);
	uint8_t key[LEAT_RSS_KEY_LEN];

	*out = (struct em_rss){ 0 };
	/* The hash has the fragment checksum's place, in extended descriptors only. */
	if ((mrqc & 3) != E1000E_MRQC_RSS || !(em_get(v, INTEL_RXCSUM) & INTEL_RXCSUM_PCSD) ||
	    !(em_get(v, INTEL_RFCTL) & E1000E_RFCTL_EXTEN))
		return;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(hashes) && !out->type; i++) {
		if (!(mrqc & hashes[i].mrqc) || (f->is & hashes[i].is) != hashes[i].is)
			continue;
		load_key(v, key);
		out->type = hashes[i].type;
		out->hash = leat_intel_frame_hash(frame, f, hashes[i].ports, key);
		out->queue = redirect(v, out->hash);
	}
}
