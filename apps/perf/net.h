// SPDX-License-Identifier: BSD-3-Clause
/*
 * net.h - where things stand in a frame: Ethernet, one tag or none, IPv4 or IPv6,
 * and what they carry. Big-endian, at any alignment.
 */
#ifndef LEAT_PERF_NET_H
#define LEAT_PERF_NET_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/endian.h>

enum {
	ETH_DST = 0, ETH_SRC = 6, ETH_TYPE = 12, ETH_LEN = 14, VLAN_LEN = 4,
	IP4_TOTAL = 2, IP4_FRAG = 6, IP4_TTL = 8, IP4_PROTO = 9, IP4_CSUM = 10, IP4_SRC = 12,
	IP4_DST = 16, IP4_LEN = 20,
	IP6_PAYLOAD = 4, IP6_NEXT = 6, IP6_SRC = 8, IP6_DST = 24, IP6_LEN = 40,
	L4_SRC = 0, L4_DST = 2,
	UDP_TOTAL = 4, UDP_CSUM = 6, UDP_LEN = 8, TCP_CSUM = 16, TCP_LEN = 20,
	SCTP_CSUM = 8, SCTP_LEN = 12,
};

#define TYPE_IP4  0x0800
#define TYPE_ARP  0x0806
#define TYPE_VLAN 0x8100
#define TYPE_QINQ 0x88a8
#define TYPE_IP6  0x86dd

#define PROTO_ICMP 1
#define PROTO_TCP  6
#define PROTO_UDP  17
#define PROTO_SCTP 132

struct layers {
	uint16_t	type;		/* of what Ethernet carries, behind a tag */
	uint32_t	l3;		/* where that begins */
	uint32_t	l4;		/* what IP carries; 0: no IP, or a fragment but the first */
	uint32_t	end;		/* of it, by IP's length; at most the frame's */
	uint8_t		proto;		/* of it */
	bool		fragment;
};

LEAT_INLINE uint16_t net_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

LEAT_INLINE void net_put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Swap @n bytes of @a with those of @b. */
LEAT_INLINE void net_swap(uint8_t *a, uint8_t *b, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint8_t x = a[i];

		a[i] = b[i];
		b[i] = x;
	}
}

/* The 12 bytes of both addresses as two words, each read and written once. */
LEAT_INLINE void net_swap_macs(uint8_t *frame)
{
	uint64_t low, dst, src;
	uint32_t high;

	__builtin_memcpy(&low, frame, sizeof(low));
	__builtin_memcpy(&high, frame + sizeof(low), sizeof(high));
	low = LEAT_SWAP64(low);
	high = LEAT_SWAP32(high);
	dst = low & UINT64_C(0xffffffffffff);
	src = low >> 48 | (uint64_t)high << 16;
	low = LEAT_SWAP64(src | dst << 48);
	high = LEAT_SWAP32((uint32_t)(dst >> 16));
	__builtin_memcpy(frame, &low, sizeof(low));
	__builtin_memcpy(frame + sizeof(low), &high, sizeof(high));
}

/*
 * net_parse - the layers of a frame, of which @len bytes lie at @frame and @total are
 * there in all. False: too short for what it claims to be, @out undefined.
 */
bool net_parse(const uint8_t *frame, uint32_t len, uint32_t total, struct layers *out);

/* The 16 bit one's complement sum of @len bytes on top of @sum, not complemented; folded by... */
uint32_t net_sum(const uint8_t *data, uint32_t len, uint32_t sum);

/* ...this. */
uint16_t net_fold(uint32_t sum);

/* Of the pseudo header in front of @len bytes of @l->proto, folded. */
uint16_t net_pseudo(const uint8_t *frame, const struct layers *l, uint32_t len);

#endif
