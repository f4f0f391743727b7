// SPDX-License-Identifier: BSD-3-Clause
/*
 * csum.c - --forward-mode=csum: checksums anew, by software or by the device that sends.
 *
 * IPv4's header is always summed here. The rest is asked for by LEAT_PKT_CSUM_PARTIAL, and
 * done at once where the device is not to do it; UDP without a checksum stays without one.
 */
#include "modes.h"
#include "net.h"

static void fill_ip4(uint8_t *ip)
{
	net_put16(ip + IP4_CSUM, 0);
	net_put16(ip + IP4_CSUM, (uint16_t)~net_fold(net_sum(ip, (ip[0] & 15u) * 4, 0)));
}

/* Where the checksum of what IP carries is, from its start; 0: it has none that we know. */
static unsigned int csum_at(const uint8_t *frame, uint32_t len, const struct layers *l)
{
	if (l->proto == PROTO_TCP && len >= l->l4 + TCP_LEN && l->end >= l->l4 + TCP_LEN)
		return TCP_CSUM;
	if (l->proto == PROTO_SCTP && len >= l->l4 + SCTP_LEN && l->end >= l->l4 + SCTP_LEN)
		return SCTP_CSUM;
	if (l->proto == PROTO_UDP && len >= l->l4 + UDP_LEN && l->end >= l->l4 + UDP_LEN &&
	    (net_get16(frame + l->l4 + UDP_CSUM) || l->type == TYPE_IP6))
		return UDP_CSUM;
	return 0;
}

/* Padding is not summed: it goes. */
static bool trim(struct leat_pkt *pkt, uint32_t end)
{
	if (pkt->total == end)
		return true;
	if (pkt->nsegs > 1)
		return false;
	pkt->len = (uint16_t)end;
	pkt->total = end;
	return true;
}

/* Ask for the sum; the field holds what the request says it does. */
static void ask(struct leat_pkt *pkt, uint8_t *frame, const struct layers *l, unsigned int at)
{
	pkt->csum_start = (uint16_t)l->l4;
	pkt->csum_off = (uint16_t)at;
	pkt->flags |= LEAT_PKT_CSUM_PARTIAL;
	if (l->proto == PROTO_SCTP) {
		pkt->flags |= LEAT_PKT_CSUM_CRC32C;
		net_put16(frame + l->l4 + at, 0);
		net_put16(frame + l->l4 + at + 2, 0);
	} else {
		net_put16(frame + l->l4 + at, net_pseudo(frame, l, l->end - l->l4));
	}
}

static void fill(struct stream *s, struct leat_pkt *pkt)
{
	uint8_t *frame = leat_pkt_data(pkt);
	unsigned int at = 0;
	struct layers l;

	if (net_parse(frame, pkt->len, pkt->total, &l)) {
		if (l.type == TYPE_IP4)
			fill_ip4(frame + l.l3);
		if (l.l4 && !l.fragment)
			at = csum_at(frame, pkt->len, &l);
		if (at && trim(pkt, l.end)) {
			pkt->flags &= ~(LEAT_PKT_CSUM_PARTIAL | LEAT_PKT_CSUM_CRC32C);
			ask(pkt, frame, &l, at);
		}
	}
	if (pkt->flags & LEAT_PKT_CSUM_CRC32C ? !s->sctp_hw : !s->csum_hw)
		leat_pkt_csum_finish(pkt);
}

uint16_t fill_csums(struct stream *s, struct leat_pkt **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		fill(s, pkts[i]);
	return n;
}
