// SPDX-License-Identifier: BSD-3-Clause
/*
 * frames.c - frames for the tests of leat-perf.
 */
#include "frames.h"

#include <string.h>

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

size_t frame_l3(int vlan)
{
	return vlan ? 18 : 14;
}

size_t frame_l4(int version, int vlan)
{
	return frame_l3(vlan) + (version == 4 ? 20 : version == 6 ? 40 : 0);
}

static size_t header_of(uint8_t proto)
{
	return proto == 6 ? 20 : proto == 132 ? 12 : 8;
}

static void make_ip4(uint8_t *ip, uint8_t proto, size_t carried)
{
	static const uint8_t addr[8] = { 10, 0, 0, 1, 10, 0, 0, 2 };

	ip[0] = 0x45;
	put16(ip + 2, 20 + carried);
	ip[8] = 64;
	ip[9] = proto;
	memcpy(ip + 12, addr, sizeof(addr));
}

static void make_ip6(uint8_t *ip, uint8_t proto, size_t carried)
{
	ip[0] = 0x60;
	put16(ip + 4, carried);
	ip[6] = proto;
	ip[7] = 64;
	ip[8] = ip[24] = 0xfd;
	ip[23] = 1;
	ip[39] = 2;
}

size_t frame_make(uint8_t *out, int version, uint8_t proto, int vlan, size_t payload)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 0xa, 2, 0, 0, 0, 0, 0xb };
	size_t l3 = frame_l3(vlan), l4 = frame_l4(version, vlan), carried = header_of(proto) + payload;

	memset(out, 0, l4 + carried);
	memcpy(out, macs, sizeof(macs));
	if (vlan) {
		put16(out + 12, 0x8100);
		put16(out + 14, 7);
	}
	put16(out + l3 - 2, version == 4 ? 0x0800 : version == 6 ? 0x86dd : 0x88b5);
	if (version == 4)
		make_ip4(out + l3, proto, carried);
	else if (version == 6)
		make_ip6(out + l3, proto, carried);
	put16(out + l4, 1000);
	put16(out + l4 + 2, 2000);
	if (proto == 17)
		put16(out + l4 + 4, carried);
	for (size_t i = l4 + header_of(proto); i < l4 + carried; i++)
		out[i] = (uint8_t)(i * 7);
	return l4 + carried;
}

/* By bytes and weights, not by words. */
static unsigned long weigh(const uint8_t *p, size_t len)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (unsigned long)p[i] << (i % 2 ? 0 : 8);
	return sum;
}

int frame_ip4_good(const uint8_t *frame, int vlan)
{
	return weigh(frame + frame_l3(vlan), 20) % 0xffff == 0;
}

int frame_l4_good(const uint8_t *frame, size_t len, int version, uint8_t proto, int vlan)
{
	size_t l4 = frame_l4(version, vlan), addrs = version == 4 ? 8 : 32;
	unsigned long sum = weigh(frame + l4 - addrs, addrs) + proto + (len - l4);

	return (sum + weigh(frame + l4, len - l4)) % 0xffff == 0;
}
