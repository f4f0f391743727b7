// SPDX-License-Identifier: BSD-3-Clause
/*
 * mac.c - addresses for devices that have none. They need not be secret, only different:
 * the bits come from where moments and places differ.
 */
#include <leat/driver/core.h>

#include <leat/clock.h>

#include <string.h>

void leat_mac_random(uint8_t mac[6])
{
	uint64_t x = leat_now_ns() ^ leat_cycles() << 32 ^ (uint64_t)(uintptr_t)mac;

	for (int i = 0; i < 3; i++) {		/* the finaliser of MurmurHash3 */
		x ^= x >> 33;
		x *= UINT64_C(0xff51afd7ed558ccd);
	}
	memcpy(mac, &x, 6);
	mac[0] = (uint8_t)((mac[0] & ~1u) | 2u);	/* unicast, locally administered */
}
