// SPDX-License-Identifier: BSD-3-Clause
/*
 * cut.c - TCP and UDP segmentation in software, for wires and models that cannot take
 * frames to be segmented. Addresses of the pseudo header are those of the IP header.
 */
#include <leat/cut.h>

#include <leat/bits.h>
#include <leat/endian.h>

#include <string.h>

#define ETH_LEN		14
#define TAG_LEN		4
#define IPV4_LEN	20
#define IPV6_LEN	40
#define UDP_LEN		8
#define TCP_LEN		20
#define PROTO_TCP	6
#define PROTO_UDP	17

/* virtio 1.2, 5.1.6, as struct leat_frame has it. */
#define GSO_TCPV4	1
#define GSO_TCPV6	4
#define GSO_UDP_L4	5
#define GSO_ECN		0x80

/* TCP's flags, byte 13. */
#define TCP_FIN		0x01
#define TCP_PSH		0x08
#define TCP_CWR		0x80

/* ---- the headers ---- */

/* Behind up to two tags. 0: no IP packet. */
static uint32_t find_l3(const uint8_t *p)
{
	uint32_t at = 12;

	while (at <= 12 + TAG_LEN && (leat_get_be16(p + at) == 0x8100 || leat_get_be16(p + at) == 0x88a8))
		at += TAG_LEN;
	return leat_get_be16(p + at) == 0x0800 || leat_get_be16(p + at) == 0x86dd ? at + 2 : 0;
}

static bool find_headers(struct leat_cut *c, const struct leat_frame *f)
{
	uint8_t kind = (uint8_t)(f->gso_type & ~GSO_ECN);
	uint32_t l3 = find_l3(c->head), l4 = f->csum_start;

	c->udp = kind == GSO_UDP_L4;
	c->ipv6 = l3 && c->head[l3] >> 4 == 6;
	if (!l3 || (kind == GSO_TCPV4 && c->ipv6) || (kind == GSO_TCPV6 && !c->ipv6) ||
	    (!c->udp && kind != GSO_TCPV4 && kind != GSO_TCPV6) ||
	    l4 < l3 + (c->ipv6 ? IPV6_LEN : IPV4_LEN) || l4 > LEAT_CUT_HEADERS - TCP_LEN)
		return false;
	c->l3 = l3;
	c->l4 = l4;
	c->headers = l4 + (c->udp ? UDP_LEN : 4u * (c->head[l4 + 12] >> 4));
	return c->headers >= l4 + (c->udp ? UDP_LEN : TCP_LEN) && c->headers <= LEAT_CUT_HEADERS;
}

bool leat_cut_begin(struct leat_cut *c, const struct leat_frame *f)
{
	memset(c, 0, sizeof(*c));
	c->frame = f;
	if (!(f->flags & LEAT_FRAME_CSUM_PARTIAL) || !f->gso_size || f->len < ETH_LEN + IPV4_LEN)
		return false;
	memcpy(c->head, f->data, LEAT_MIN(f->len, (uint32_t)LEAT_CUT_HEADERS));
	if (!find_headers(c, f) || c->headers >= f->len ||
	    c->headers + f->gso_size > LEAT_FRAME_MAX)
		return false;
	c->segments = (f->len - c->headers + f->gso_size - 1) / f->gso_size;
	return true;
}

/* ---- a segment ---- */

static uint32_t sum(const uint8_t *p, uint32_t len, uint32_t seed)
{
	uint64_t s = seed;

	for (; len > 1; p += 2, len -= 2)
		s += leat_get_be16(p);
	if (len)
		s += (uint32_t)p[0] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint32_t)s;
}

static void finish_ip(const struct leat_cut *c, uint8_t *p, uint32_t len, uint32_t i)
{
	uint8_t *ip = p + c->l3;

	if (c->ipv6) {
		leat_put_be16(ip + 4, len - c->l3 - IPV6_LEN);
		return;
	}
	leat_put_be16(ip + 2, len - c->l3);
	leat_put_be16(ip + 4, leat_get_be16(ip + 4) + i);
	leat_put_be16(ip + 10, 0);
	leat_put_be16(ip + 10, ~sum(ip, c->l4 - c->l3, 0));
}

static void finish_tcp(const struct leat_cut *c, uint8_t *tcp, uint32_t i)
{
	leat_put_be32(tcp + 4, leat_get_be32(tcp + 4) + i * c->frame->gso_size);
	if (i + 1 != c->segments)
		tcp[13] &= (uint8_t)~(TCP_FIN | TCP_PSH);
	if (i)
		tcp[13] &= (uint8_t)~TCP_CWR;
}

static void finish_sum(const struct leat_cut *c, uint8_t *p, uint32_t len)
{
	uint32_t at = c->l4 + (c->udp ? 6 : 16), bytes = len - c->l4, s;
	const uint8_t *addresses = p + c->l3 + (c->ipv6 ? 8 : 12);

	leat_put_be16(p + at, 0);
	s = sum(addresses, c->ipv6 ? 32 : 8, bytes + (c->udp ? PROTO_UDP : PROTO_TCP));
	s = ~sum(p + c->l4, bytes, s) & 0xffff;
	leat_put_be16(p + at, !s && c->udp ? 0xffff : s);	/* 0 would mean none */
}

uint32_t leat_cut_segment(const struct leat_cut *c, uint32_t i, uint8_t *out)
{
	uint32_t from = c->headers + i * c->frame->gso_size;
	uint32_t data = LEAT_MIN(c->frame->len - from, (uint32_t)c->frame->gso_size);
	uint32_t len = c->headers + data;

	memcpy(out, c->head, c->headers);
	memcpy(out + c->headers, (const uint8_t *)c->frame->data + from, data);
	finish_ip(c, out, len, i);
	if (c->udp)
		leat_put_be16(out + c->l4 + 4, len - c->l4);
	else
		finish_tcp(c, out + c->l4, i);
	finish_sum(c, out, len);
	return len;
}
