// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/model_vf.c - what a virtual function has of its own: its filters.
 */
#include "model.h"

/* The bit of an address in a hash table, as VFs tell it to the PF: 82576, 7.10.3.3. */
static uint16_t hash_of(const uint8_t *p)
{
	return (uint16_t)((p[4] >> 4 | p[5] << 4) & 0xfff);
}

static bool accepts_multicast(const struct igbm *n, const uint8_t *p)
{
	for (unsigned int i = 0; i < n->nhashes; i++)
		if (n->hashes[i] == hash_of(p))
			return true;
	return n->vf_promisc;
}

bool igbm_vf_accepts(const struct igbm *n, const uint8_t *p, const struct intel_frame *f)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint32_t vid = f->tag & 0xfff;

	if (f->tagged && vid && !(n->vlan[vid / 32] >> vid % 32 & 1))
		return false;
	if (p[0] & 1)
		return !memcmp(p, broadcast, sizeof(broadcast)) || accepts_multicast(n, p);
	for (unsigned int i = 0; i < n->nmacs; i++)
		if (!memcmp(p, n->macs[i], 6))
			return true;
	return false;
}
