// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/tso.c - TCP packets that the device is to cut into segments.
 */
#include "hw.h"

#include <leat/endian.h>

#include <string.h>

#define ETH_LEN	 14
#define TAG_LEN	 4
#define IPV6_LEN 40
#define TCP_MIN	 20
#define TCP	 6

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86dd, ETHERTYPE_VLAN = 0x8100,
       ETHERTYPE_QINQ = 0x88a8 };

/* Where IP begins, behind any tags. 0: nothing of ours. */
static uint16_t find_ip(const uint8_t *data, uint16_t len, uint16_t *type)
{
	uint16_t off = ETH_LEN;

	if (len < off)
		return 0;
	*type = leat_get_be16(data + off - 2);
	while ((*type == ETHERTYPE_VLAN || *type == ETHERTYPE_QINQ) && len >= off + TAG_LEN) {
		off += TAG_LEN;
		*type = leat_get_be16(data + off - 2);
	}
	return *type == ETHERTYPE_IPV4 || *type == ETHERTYPE_IPV6 ? off : 0;
}

/* The sum of the pseudo header without the length, as the checksum field shall have it. */
static void put_pseudo(uint8_t *field, const uint8_t *addresses, unsigned int len)
{
	uint32_t sum = TCP;

	for (unsigned int i = 0; i < len; i += 2)
		sum += leat_get_be16(addresses + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	field[0] = (uint8_t)(sum >> 8);
	field[1] = (uint8_t)sum;
}

bool leat_intel_tso(struct leat_pkt *pkt, struct intel_tso *out)
{
	uint8_t *data = leat_pkt_data(pkt), *ip, *tcp;
	uint16_t type, l3 = find_ip(data, pkt->len, &type), l4 = pkt->csum_start;
	uint16_t ip_min = type == ETHERTYPE_IPV6 ? IPV6_LEN : 20;

	if (!l3 || !pkt->gso_size || leat_load_acquire(&pkt->refs) != 1 || l4 < l3 + ip_min ||
	    pkt->len < l4 + TCP_MIN)
		return false;
	ip = data + l3;
	tcp = data + l4;
	out->l3 = l3;
	out->l4 = l4;
	out->hdr_len = (uint16_t)(l4 + (tcp[12] >> 4) * 4);
	out->ipv6 = type == ETHERTYPE_IPV6;
	if (out->hdr_len < l4 + TCP_MIN || out->hdr_len > pkt->len || out->hdr_len > UINT8_MAX)
		return false;
	if (out->ipv6) {
		memset(ip + 4, 0, 2);			/* payload length */
		put_pseudo(tcp + 16, ip + 8, 32);
	} else {
		memset(ip + 2, 0, 2);			/* total length */
		memset(ip + 10, 0, 2);			/* header checksum */
		put_pseudo(tcp + 16, ip + 12, 8);
	}
	return true;
}
