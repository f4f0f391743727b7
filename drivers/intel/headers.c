// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/headers.c - where a frame's headers are, as far as the devices must be told.
 */
#include "hw.h"

#include <leat/endian.h>

#define ETH_LEN	  14
#define TAG_LEN	  4
#define IPV4_LEN  20
#define IPV6_LEN  40

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86dd, ETHERTYPE_VLAN = 0x8100,
       ETHERTYPE_QINQ = 0x88a8 };

static bool find_ipv4(const uint8_t *ip, uint16_t len, struct intel_headers *out)
{
	uint16_t hdr_len = (uint16_t)((ip[0] & 0x0f) * 4);

	if (ip[0] >> 4 != 4 || hdr_len < IPV4_LEN || hdr_len > len || (leat_get_be16(ip + 6) & 0x1fff))
		return false;
	out->protocol = ip[9];
	out->l4 = (uint16_t)(out->l3 + hdr_len);
	out->end = out->l3 + leat_get_be16(ip + 2);
	return true;
}

static bool find_ipv6(const uint8_t *ip, uint16_t len, struct intel_headers *out)
{
	if (ip[0] >> 4 != 6 || len < IPV6_LEN)
		return false;
	out->protocol = ip[6];
	out->l4 = (uint16_t)(out->l3 + IPV6_LEN);
	out->end = out->l4 + leat_get_be16(ip + 4);
	out->ipv6 = true;
	return true;
}

bool leat_intel_headers(const struct leat_pkt *pkt, struct intel_headers *out)
{
	const uint8_t *data = leat_pkt_data(pkt);
	uint16_t off = ETH_LEN, type;

	if (pkt->len < ETH_LEN + IPV4_LEN)
		return false;
	type = leat_get_be16(data + off - 2);
	while ((type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ) &&
	       pkt->len >= off + TAG_LEN + IPV4_LEN) {
		off += TAG_LEN;
		type = leat_get_be16(data + off - 2);
	}
	*out = (struct intel_headers){ .l3 = off };
	if (type == ETHERTYPE_IPV4)
		return find_ipv4(data + off, (uint16_t)(pkt->len - off), out);
	return type == ETHERTYPE_IPV6 && find_ipv6(data + off, (uint16_t)(pkt->len - off), out);
}
