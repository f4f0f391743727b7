// SPDX-License-Identifier: BSD-3-Clause
/*
 * flows.c - frames of TCP, UDP and SCTP between two ports on one cable.
 */
#include "flows.h"

#include <arpa/inet.h>
#include <sched.h>
#include <string.h>

static const struct {
	uint8_t		proto;
	uint16_t	header, sum;	/* bytes; where in them the sum is */
} l4s[] = {
	{ TCP, 20 + FLOW_OPTIONS, 16 },
	{ UDP, 8, 6 },
	{ SCTP, 12, 8 },
};

static unsigned int l4_of(uint8_t proto)
{
	unsigned int i = 0;

	while (l4s[i].proto != proto)
		i++;
	return i;
}

void put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t add(uint32_t sum, const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t csum_field(const struct frame *f)
{
	return (uint16_t)(f->l4 + l4s[l4_of(f->proto)].sum);
}

uint16_t pseudo(const struct frame *f)
{
	const uint8_t *ip = f->data + f->l3;
	uint32_t sum = f->v6 ? add(0, ip + 8, 32) : add(0, ip + 12, 8);

	return fold(sum + f->proto + f->len - f->l4);
}

/* The sum over TCP or UDP, its field included: 0xffff if that is right. */
static uint16_t sum_of(const struct frame *f)
{
	return fold(pseudo(f) + add(0, f->data + f->l4, f->len - f->l4));
}

/* SCTP's CRC32c (RFC 9260, appendix A), a bit at a time. */
static void put_crc(struct frame *f)
{
	uint8_t *field = f->data + csum_field(f);
	uint32_t crc = UINT32_MAX;

	memset(field, 0, 4);
	for (uint32_t i = f->l4; i < f->len; i++) {
		crc ^= f->data[i];
		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	for (unsigned int i = 0; i < 4; i++)
		field[i] = (uint8_t)(~crc >> 8 * i);
}

static void finish_sums(struct frame *f)
{
	uint8_t *ip = f->data + f->l3;

	if (f->proto == SCTP) {
		put_crc(f);
	} else {
		put16(f->data + csum_field(f), 0);
		put16(f->data + csum_field(f), (uint16_t)~sum_of(f));
	}
	if (f->v6)
		return;
	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~fold(add(0, ip, 20)));
}

static void put_ip(struct frame *f, const struct flow *flow)
{
	uint8_t *ip = f->data + f->l3;

	if (f->v6) {
		ip[0] = 0x60;
		put16(ip + 4, f->len - f->l4);
		ip[6] = f->proto;
		ip[7] = 64;
	} else {
		ip[0] = 0x45;
		put16(ip + 2, f->len - f->l3);
		put16(ip + 4, 0xfffe);		/* so that cutting makes it wrap */
		ip[8] = 64;
		ip[9] = f->proto;
	}
	inet_pton(flow->family, flow->src, ip + (f->v6 ? 8 : 12));
	inet_pton(flow->family, flow->dst, ip + (f->v6 ? 24 : 16));
}

void compose(struct frame *f, const struct rig *r, const struct flow *flow, uint8_t proto,
		    uint32_t payload)
{
	uint16_t l4_len = l4s[l4_of(proto)].header;
	uint8_t *l4;

	memset(f, 0, sizeof(*f));
	f->v6 = flow->family == AF_INET6;
	f->proto = proto;
	f->l3 = 14;
	f->l4 = (uint16_t)(f->l3 + (f->v6 ? 40 : 20));
	f->len = f->l4 + l4_len + payload;
	memcpy(f->data, r->mac, 6);
	memcpy(f->data + 6, FLOW_SRC, 6);
	put16(f->data + 12, f->v6 ? 0x86dd : 0x0800);
	put_ip(f, flow);
	l4 = f->data + f->l4;
	put16(l4, flow->sport);
	put16(l4 + 2, flow->dport);
	if (proto == TCP) {
		memset(l4 + 4, 0xff, 4);	/* the sequence number wraps */
		l4[12] = (20 + FLOW_OPTIONS) / 4 << 4;
		l4[13] = 0x19;			/* ACK, PSH, FIN */
		put16(l4 + 14, 4000);
		memset(l4 + 20, 1, FLOW_OPTIONS);
	} else if (proto == UDP) {
		put16(l4 + 4, f->len - f->l4);
	}
	for (uint32_t i = f->l4 + l4_len; i < f->len; i++)
		f->data[i] = (uint8_t)(i * 31 + (i >> 8));
	finish_sums(f);
}

void cut(struct frame *piece, const struct frame *f, unsigned int i, uint32_t mss)
{
	uint32_t header = f->l4 + l4s[l4_of(f->proto)].header, at = header + i * mss;
	uint32_t seq = get32(f->data + f->l4 + 4) + i * mss;
	uint8_t *ip = piece->data + f->l3, *l4 = piece->data + f->l4;

	*piece = *f;
	piece->len = header + LEAT_MIN(mss, f->len - at);
	memcpy(piece->data + header, f->data + at, piece->len - header);
	if (f->proto == TCP) {
		put16(l4 + 4, seq >> 16);
		put16(l4 + 6, seq);
		if (at + mss < f->len)
			l4[13] &= (uint8_t)~0x09;	/* FIN and PSH are for the last one */
	} else {
		put16(l4 + 4, piece->len - f->l4);
	}
	if (f->v6) {
		put16(ip + 4, piece->len - f->l4);
	} else {
		put16(ip + 2, piece->len - f->l3);
		put16(ip + 4, (uint32_t)(ip[4] << 8 | ip[5]) + i);
	}
	finish_sums(piece);
}

struct leat_pkt *packet(struct end *end, const struct frame *f)
{
	struct leat_pkt *head = NULL, *seg;
	uint32_t n;

	for (uint32_t off = 0; off < f->len; off += n) {
		n = LEAT_MIN(f->len - off, 1500u);
		if (!leat_pkt_alloc(end->txq->cache, &seg, 1))
			need(-1, "none left", "a packet");
		memcpy(leat_pkt_append(seg, (uint16_t)n), f->data + off, n);
		if (!head)
			head = seg;
		else
			leat_pkt_chain(head, seg);
	}
	return head;
}

struct leat_pkt *packet_partial(struct end *end, const struct frame *f)
{
	struct leat_pkt *pkt = packet(end, f);

	if (f->proto == SCTP)
		memset((uint8_t *)leat_pkt_data(pkt) + csum_field(f), 0, 4);
	else
		put16((uint8_t *)leat_pkt_data(pkt) + csum_field(f), pseudo(f));
	pkt->flags |= LEAT_PKT_CSUM_PARTIAL | (f->proto == SCTP ? LEAT_PKT_CSUM_CRC32C : 0);
	pkt->csum_start = f->l4;
	pkt->csum_off = (uint16_t)(csum_field(f) - f->l4);
	return pkt;
}

void ship(struct end *end, struct leat_pkt *pkt)
{
	if (!leat_tx(end->txq, &pkt, 1))
		need(-1, "not taken", "a packet to send");
}

void ship_frame(struct end *end, const struct frame *f)
{
	ship(end, packet(end, f));
}

/* The next of ours. False: none came. */
bool take(struct end *end, struct got *got, int ms)
{
	uint64_t until = leat_now_ns() + (uint64_t)ms * 1000000;
	struct leat_rxq *q;

	do {
		for (unsigned int id = 0; (q = leat_port_rxq(end->port, id)); id++) {
			struct leat_pkt *pkt;

			if (!leat_rx(q, &pkt, 1))
				continue;
			memset(got, 0, sizeof(*got));
			got->len = leat_pkt_read(pkt, 0, got->data, sizeof(got->data));
			got->flags = pkt->flags;
			got->hash = pkt->hash;
			got->csum_start = pkt->csum_start;
			got->gso_size = pkt->gso_size;
			got->vlan = pkt->vlan;
			got->queue = id;
			leat_pkt_free(&pkt, 1);
			if (!memcmp(got->data + 6, FLOW_SRC, 6))
				return true;
		}
		sched_yield();
	} while (leat_now_ns() < until);
	return false;
}

bool same(const struct got *got, const struct frame *f)
{
	return got->len == f->len && !memcmp(got->data, f->data, f->len);
}

void open_both(struct rig *r, const struct leat_port_config *a,
		      const struct leat_port_config *b)
{
	end_open(&r->b, r->ctx, &r->ear, r->addr[1], b);
	end_open(&r->a, r->ctx, &r->ear, r->addr[0], a);
	leat_port_mac(r->b.port, r->mac);
}

void close_both(struct rig *r)
{
	end_close(&r->a);
	end_close(&r->b);
}

bool passes(struct rig *r, const uint8_t to[6], int vid)
{
	static const struct flow flow = { .family = AF_INET, .src = "10.1.2.3", .dst = "10.4.5.6",
					  .sport = 1000, .dport = 2000 };
	struct frame f;
	struct got got;

	compose(&f, r, &flow, UDP, FLOW_PAYLOAD);
	memcpy(f.data, to, 6);
	if (vid >= 0) {
		put16(f.data + 12, 0x8100);
		put16(f.data + 14, (unsigned int)vid);
	}
	ship_frame(&r->a, &f);
	/* Frames keep their order: with a second one there is no waiting for what does not come. */
	memset(f.data, 0xff, 6);
	put16(f.data + 12, 0x88b6);
	ship_frame(&r->a, &f);
	if (!take(&r->b, &got, COMES_MS))
		return check(false, "a broadcast comes");
	if (!memcmp(got.data, f.data, 14))
		return false;
	return take(&r->b, &got, COMES_MS) && !memcmp(got.data, f.data, 14);
}
