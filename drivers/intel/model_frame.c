// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/model_frame.c - the headers of a frame, and what is computed over them.
 */
#include "model_frame.h"

#include <leat/endian.h>

#include <string.h>

#define ETH_LEN		14
#define TAG_LEN		4
#define TYPE_VLAN	0x8100
#define TYPE_IPV4	0x0800
#define TYPE_IPV6	0x86dd

#define IPV4_LEN	20
#define IPV6_LEN	40
#define TCP_LEN		20
#define UDP_LEN		8
#define SCTP_LEN	12

#define PROTO_HOP	0
#define PROTO_TCP	6
#define PROTO_UDP	17
#define PROTO_ROUTING	43
#define PROTO_FRAGMENT	44
#define PROTO_DSTOPTS	60
#define PROTO_SCTP	132

#define EXTENSIONS_MAX	8	/* headers looked through */

/* Where the checksum stands. */
#define TCP_SUM		16
#define UDP_SUM		6
#define SCTP_SUM	8
#define IPV4_SUM	10

/* TCP's flags, byte 13. */
#define TCP_FIN		0x01
#define TCP_PSH		0x08
#define TCP_CWR		0x80

/* ---- headers ---- */

static void parse_l4(struct intel_frame *f, uint32_t at, uint8_t proto)
{
	static const struct {
		uint8_t proto, len;
		uint32_t is;
	} known[] = {
		{ PROTO_TCP, TCP_LEN, INTEL_IS_TCP },
		{ PROTO_UDP, UDP_LEN, INTEL_IS_UDP },
		{ PROTO_SCTP, SCTP_LEN, INTEL_IS_SCTP },
	};

	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(known); i++)
		if (known[i].proto == proto && at + known[i].len <= f->end) {
			f->is |= known[i].is;
			f->l4 = at;
		}
}

static void parse_ipv4(const uint8_t *p, uint32_t len, struct intel_frame *f)
{
	const uint8_t *ip = p + f->l3;
	uint32_t header, total;

	if (len - f->l3 < IPV4_LEN || ip[0] >> 4 != 4)
		return;
	header = 4u * (ip[0] & 0xf);
	total = leat_get_be16(ip + 2);
	if (header < IPV4_LEN || total < header || total > len - f->l3)
		return;
	f->is |= INTEL_IS_IPV4 | (header > IPV4_LEN ? INTEL_IS_OPTIONS : 0);
	f->end = f->l3 + total;
	if (leat_get_be16(ip + 6) & 0x3fff)	/* an offset, or more to come */
		f->is |= INTEL_IS_FRAGMENT;
	else
		parse_l4(f, f->l3 + header, ip[9]);
}

static bool is_extension(uint8_t proto)
{
	return proto == PROTO_HOP || proto == PROTO_ROUTING || proto == PROTO_DSTOPTS;
}

static void parse_ipv6(const uint8_t *p, uint32_t len, struct intel_frame *f)
{
	const uint8_t *ip = p + f->l3;
	uint32_t at = f->l3 + IPV6_LEN;
	uint8_t proto;

	if (len - f->l3 < IPV6_LEN || ip[0] >> 4 != 6 || leat_get_be16(ip + 4) > len - at)
		return;
	f->is |= INTEL_IS_IPV6;
	f->end = at + leat_get_be16(ip + 4);
	proto = ip[6];
	for (int i = 0; i < EXTENSIONS_MAX && is_extension(proto) && at + 8 <= f->end; i++) {
		f->is |= INTEL_IS_OPTIONS;
		proto = p[at];
		at += 8u + 8u * p[at + 1];
	}
	if (proto == PROTO_FRAGMENT)
		f->is |= INTEL_IS_FRAGMENT | INTEL_IS_OPTIONS;
	else if (!is_extension(proto))
		parse_l4(f, at, proto);
}

void leat_intel_frame_parse(const uint8_t *p, uint32_t len, struct intel_frame *out)
{
	uint32_t at = ETH_LEN;

	*out = (struct intel_frame){ .end = len };
	if (len < ETH_LEN)
		return;
	out->ethertype = leat_get_be16(p + 12);
	if (out->ethertype == TYPE_VLAN && len >= ETH_LEN + TAG_LEN) {
		out->tagged = true;
		out->tag = leat_get_be16(p + 14);
		out->ethertype = leat_get_be16(p + 16);
		at += TAG_LEN;
	}
	out->l3 = at;
	if (out->ethertype == TYPE_IPV4)
		parse_ipv4(p, len, out);
	else if (out->ethertype == TYPE_IPV6)
		parse_ipv6(p, len, out);
	if (!(out->is & (INTEL_IS_IPV4 | INTEL_IS_IPV6)))
		out->l3 = 0;
}

/* ---- checksums ---- */

uint16_t leat_intel_sum(const uint8_t *p, uint32_t len, uint32_t seed)
{
	uint64_t s = seed;

	for (; len > 1; p += 2, len -= 2)
		s += leat_get_be16(p);
	if (len)
		s += (uint64_t)p[0] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

#define CASTAGNOLI	UINT32_C(0x82f63b78)
#define ETHERNET	UINT32_C(0xedb88320)

static uint32_t crc_more(uint32_t poly, uint32_t crc, const uint8_t *p, uint32_t len)
{
	while (len--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? poly : 0);
	}
	return crc;
}

uint32_t leat_intel_crc32c(const uint8_t *p, uint32_t len)
{
	return ~crc_more(CASTAGNOLI, UINT32_MAX, p, len);
}

uint32_t leat_intel_crc32(const uint8_t *p, uint32_t len)
{
	return ~crc_more(ETHERNET, UINT32_MAX, p, len);
}

/* The pseudo header of TCP and UDP. */
static uint32_t pseudo(const uint8_t *p, const struct intel_frame *f)
{
	uint32_t bytes = f->end - f->l4, proto = f->is & INTEL_IS_TCP ? PROTO_TCP : PROTO_UDP;

	if (f->is & INTEL_IS_IPV4)
		return leat_intel_sum(p + f->l3 + 12, 8, bytes + proto);
	return leat_intel_sum(p + f->l3 + 8, 32, bytes + proto);
}

enum intel_check leat_intel_check_ip(const uint8_t *p, const struct intel_frame *f)
{
	if (!(f->is & INTEL_IS_IPV4))
		return INTEL_UNCHECKED;
	return leat_intel_sum(p + f->l3, 4u * (p[f->l3] & 0xf), 0) == 0xffff ? INTEL_RIGHT :
									       INTEL_WRONG;
}

/* RFC 4960: transmitted least significant byte first, computed with zeros in its place. */
static bool sctp_is_right(const uint8_t *p, uint32_t len)
{
	static const uint8_t zero[4];
	const uint8_t *sum = p + SCTP_SUM;
	uint32_t crc = crc_more(CASTAGNOLI, UINT32_MAX, p, SCTP_SUM);

	crc = crc_more(CASTAGNOLI, crc, zero, sizeof(zero));
	crc = crc_more(CASTAGNOLI, crc, p + SCTP_LEN, len - SCTP_LEN);
	return ~crc == ((uint32_t)sum[0] | (uint32_t)sum[1] << 8 | (uint32_t)sum[2] << 16 |
			(uint32_t)sum[3] << 24);
}

enum intel_check leat_intel_check_l4(const uint8_t *p, const struct intel_frame *f)
{
	bool right;

	if (!f->l4)
		return INTEL_UNCHECKED;
	if (f->is & INTEL_IS_SCTP) {
		right = sctp_is_right(p + f->l4, f->end - f->l4);
	} else {
		if ((f->is & INTEL_IS_UDP) && !leat_get_be16(p + f->l4 + UDP_SUM))
			return f->is & INTEL_IS_IPV4 ? INTEL_UNCHECKED : INTEL_WRONG;
		right = leat_intel_sum(p + f->l4, f->end - f->l4, pseudo(p, f)) == 0xffff;
	}
	return right ? INTEL_RIGHT : INTEL_WRONG;
}

void leat_intel_sum_put(uint8_t *p, uint32_t start, uint32_t end, uint32_t at, bool udp)
{
	uint16_t sum;

	if (start > end || at > end || end - at < 2)
		return;
	sum = (uint16_t)~leat_intel_sum(p + start, end - start, 0);
	leat_put_be16(p + at, !sum && udp ? 0xffff : sum);
}

/* ---- RSS ---- */

uint32_t leat_intel_frame_hash(const uint8_t *p, const struct intel_frame *f, bool ports,
			       const uint8_t key[LEAT_RSS_KEY_LEN])
{
	uint8_t input[36];
	uint32_t addresses = f->is & INTEL_IS_IPV4 ? 8 : 32;

	memcpy(input, p + f->l3 + (f->is & INTEL_IS_IPV4 ? 12 : 8), addresses);
	if (ports)
		memcpy(input + addresses, p + f->l4, 4);
	return leat_rss_hash(key, input, addresses + (ports ? 4 : 0));
}

/* ---- transmit offloads ---- */

static uint32_t l4_len(const struct intel_offload *o)
{
	return o->l4_is & INTEL_IS_TCP ? TCP_LEN : o->l4_is & INTEL_IS_UDP ? UDP_LEN : SCTP_LEN;
}

bool leat_intel_offload_fits(const struct intel_offload *o, uint32_t len)
{
	uint32_t ip = o->ipv4 ? IPV4_LEN : IPV6_LEN;

	if (o->mss)
		return o->l3 >= ETH_LEN && o->l4 >= o->l3 + ip && o->header >= o->l4 + l4_len(o) &&
		       o->header < len;
	if (o->ip_sum && (o->l4 < o->l3 + IPV4_LEN || o->l4 > len))
		return false;
	return !o->l4_sum || (o->l4 >= ETH_LEN && o->l4 <= len && len - o->l4 >= l4_len(o));
}

static void put_crc32c(uint8_t *p, uint32_t len)
{
	uint32_t crc;

	memset(p + SCTP_SUM, 0, 4);
	crc = leat_intel_crc32c(p, len);
	for (int i = 0; i < 4; i++)
		p[SCTP_SUM + i] = (uint8_t)(crc >> (8 * i));
}

void leat_intel_offload_sums(uint8_t *p, uint32_t len, const struct intel_offload *o)
{
	if (o->ip_sum) {
		leat_put_be16(p + o->l3 + IPV4_SUM, 0);
		leat_intel_sum_put(p, o->l3, o->l4, o->l3 + IPV4_SUM, false);
	}
	if (!o->l4_sum)
		return;
	if (o->l4_is & INTEL_IS_SCTP)
		put_crc32c(p + o->l4, len - o->l4);
	else if (o->l4_is & INTEL_IS_UDP)
		leat_intel_sum_put(p, o->l4, len, o->l4 + UDP_SUM, true);
	else
		leat_intel_sum_put(p, o->l4, len, o->l4 + TCP_SUM, false);
}

uint32_t leat_intel_segments(const struct intel_offload *o, uint32_t len)
{
	return o->mss ? (len - o->header + o->mss - 1) / o->mss : 1;
}

/* The headers of a segment of @len bytes, the @i-th. */
static void segment_ip(uint8_t *p, uint32_t len, const struct intel_offload *o, uint32_t i)
{
	uint8_t *ip = p + o->l3;

	if (o->ipv4) {
		leat_put_be16(ip + 2, len - o->l3);
		leat_put_be16(ip + 4, leat_get_be16(ip + 4) + i);
	} else {
		leat_put_be16(ip + 4, len - o->l3 - IPV6_LEN);
	}
}

static void segment_l4(uint8_t *p, uint32_t len, const struct intel_offload *o, uint32_t i,
		       bool last)
{
	uint8_t *l4 = p + o->l4, *sum = l4 + TCP_SUM;

	if (o->l4_is & INTEL_IS_UDP) {
		leat_put_be16(l4 + 4, len - o->l4);
		sum = l4 + UDP_SUM;
	} else {
		leat_put_be32(l4 + 4, leat_get_be32(l4 + 4) + i * o->mss);
		if (!last)
			l4[13] &= (uint8_t)~(TCP_FIN | TCP_PSH);
		if (i)
			l4[13] &= (uint8_t)~TCP_CWR;
	}
	/* The pseudo header's length, which the driver could not know. */
	if (o->l4_sum)
		leat_put_be16(sum, leat_intel_sum(sum, 2, len - o->l4));
}

uint32_t leat_intel_segment(const uint8_t *p, uint32_t len, const struct intel_offload *o,
			    uint32_t i, uint8_t *out)
{
	uint32_t from = o->header + i * o->mss;
	uint32_t data = LEAT_MIN(len - from, o->mss), bytes = o->header + data;

	memcpy(out, p, o->header);
	memcpy(out + o->header, p + from, data);
	segment_ip(out, bytes, o, i);
	segment_l4(out, bytes, o, i, from + data == len);
	leat_intel_offload_sums(out, bytes, o);
	return bytes;
}

/* ---- tags ---- */

uint8_t *leat_intel_tag_put(uint8_t *p, uint16_t ethertype, uint16_t tag)
{
	memmove(p - TAG_LEN, p, 12);
	leat_put_be16(p + 8, ethertype);
	leat_put_be16(p + 10, tag);
	return p - TAG_LEN;
}

uint8_t *leat_intel_tag_take(uint8_t *p)
{
	memmove(p + TAG_LEN, p, 12);
	return p + TAG_LEN;
}
