// SPDX-License-Identifier: BSD-3-Clause
/*
 * net.c - frames taken apart, and the Internet checksum (RFC 1071).
 */
#include "net.h"

static bool parse_ip4(const uint8_t *frame, uint32_t len, uint32_t total, struct layers *out)
{
	const uint8_t *ip = frame + out->l3;
	uint32_t header, whole;

	if (len < out->l3 + IP4_LEN || ip[0] >> 4 != 4)
		return false;
	header = (ip[0] & 15u) * 4;
	whole = net_get16(ip + IP4_TOTAL);
	if (header < IP4_LEN || len < out->l3 + header || whole < header || total < out->l3 + whole)
		return false;
	out->fragment = net_get16(ip + IP4_FRAG) & 0x3fff;	/* more to come, or an offset */
	out->proto = ip[IP4_PROTO];
	out->end = out->l3 + whole;
	out->l4 = net_get16(ip + IP4_FRAG) & 0x1fff ? 0 : out->l3 + header;
	return true;
}

/* Extension headers are none of those we know: they are what IPv6 carries. */
static bool parse_ip6(const uint8_t *frame, uint32_t len, uint32_t total, struct layers *out)
{
	const uint8_t *ip = frame + out->l3;
	uint32_t end;

	if (len < out->l3 + IP6_LEN || ip[0] >> 4 != 6)
		return false;
	end = out->l3 + IP6_LEN + net_get16(ip + IP6_PAYLOAD);
	if (total < end)
		return false;
	out->fragment = false;
	out->proto = ip[IP6_NEXT];
	out->l4 = out->l3 + IP6_LEN;
	out->end = end;
	return true;
}

bool net_parse(const uint8_t *frame, uint32_t len, uint32_t total, struct layers *out)
{
	if (len < ETH_LEN)
		return false;
	out->type = net_get16(frame + ETH_TYPE);
	out->l3 = ETH_LEN;
	if (out->type == TYPE_VLAN || out->type == TYPE_QINQ) {
		if (len < ETH_LEN + VLAN_LEN)
			return false;
		out->type = net_get16(frame + ETH_TYPE + VLAN_LEN);
		out->l3 = ETH_LEN + VLAN_LEN;
	}
	out->l4 = 0;
	out->end = total;
	out->proto = 0;
	out->fragment = false;
	if (out->type == TYPE_IP4)
		return parse_ip4(frame, len, total, out);
	if (out->type == TYPE_IP6)
		return parse_ip6(frame, len, total, out);
	return true;
}

uint32_t net_sum(const uint8_t *data, uint32_t len, uint32_t sum)
{
	for (; len > 1; data += 2, len -= 2)
		sum += net_get16(data);
	return len ? sum + (uint32_t)(data[0] << 8) : sum;
}

uint16_t net_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t net_pseudo(const uint8_t *frame, const struct layers *l, uint32_t len)
{
	const uint8_t *ip = frame + l->l3;
	uint32_t sum = l->proto + (len & 0xffff);

	if (l->type == TYPE_IP4)
		return net_fold(net_sum(ip + IP4_SRC, 8, sum));
	return net_fold(net_sum(ip + IP6_SRC, 32, sum));
}
