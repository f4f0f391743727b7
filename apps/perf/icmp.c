// SPDX-License-Identifier: BSD-3-Clause
/*
 * icmp.c - --forward-mode=icmpecho: answer ARP (RFC 826) and ping (RFC 792), for whatever
 * address is asked.
 */
#include "modes.h"
#include "net.h"

#include <string.h>

enum {
	ARP_HTYPE = 0, ARP_PTYPE = 2, ARP_LENS = 4, ARP_OP = 6, ARP_SHA = 8, ARP_SPA = 14, ARP_THA = 18,
	ARP_TPA = 24, ARP_LEN = 28,
	ICMP_TYPE = 0, ICMP_CSUM = 2, ICMP_LEN = 8,
};

#define ARP_REQUEST  1
#define ARP_REPLY    2
#define ECHO_REQUEST 8
#define ECHO_REPLY   0

static void turn_round(uint8_t *frame, const uint8_t mac[6])
{
	memcpy(frame + ETH_DST, frame + ETH_SRC, 6);
	memcpy(frame + ETH_SRC, mac, 6);
}

static bool answer_arp(uint8_t *frame, uint32_t len, const struct layers *l, const uint8_t mac[6])
{
	uint8_t *arp = frame + l->l3;

	if (len < l->l3 + ARP_LEN || net_get16(arp + ARP_HTYPE) != 1 ||
	    net_get16(arp + ARP_PTYPE) != TYPE_IP4 || net_get16(arp + ARP_LENS) != 0x0604 ||
	    net_get16(arp + ARP_OP) != ARP_REQUEST)
		return false;
	net_put16(arp + ARP_OP, ARP_REPLY);
	net_swap(arp + ARP_SPA, arp + ARP_TPA, 4);
	memcpy(arp + ARP_THA, arp + ARP_SHA, 6);
	memcpy(arp + ARP_SHA, mac, 6);
	turn_round(frame, mac);
	return true;
}

/* Addresses change sides; the sum only knows of the type, which is 8 less in its high byte (RFC 1624). */
static bool answer_ping(uint8_t *frame, uint32_t len, const struct layers *l, const uint8_t mac[6])
{
	uint8_t *ip = frame + l->l3, *icmp = frame + l->l4;
	uint32_t sum;

	if (!l->l4 || l->fragment || l->proto != PROTO_ICMP || len < l->l4 + ICMP_LEN ||
	    icmp[ICMP_TYPE] != ECHO_REQUEST || ip[IP4_DST] >= 224)
		return false;
	sum = (uint16_t)~net_get16(icmp + ICMP_CSUM) + (uint16_t)~(ECHO_REQUEST << 8);
	icmp[ICMP_TYPE] = ECHO_REPLY;
	net_put16(icmp + ICMP_CSUM, (uint16_t)~net_fold(sum));
	net_swap(ip + IP4_SRC, ip + IP4_DST, 4);
	turn_round(frame, mac);
	return true;
}

static bool answer(uint8_t *frame, uint32_t len, uint32_t total, const uint8_t mac[6])
{
	struct layers l;

	if (!net_parse(frame, len, total, &l))
		return false;
	if (l.type == TYPE_ARP)
		return answer_arp(frame, len, &l, mac);
	return l.type == TYPE_IP4 && answer_ping(frame, len, &l, mac);
}

uint16_t answer_echo(struct stream *s, struct leat_pkt **pkts, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct leat_pkt *pkt = pkts[i];

		if (answer(leat_pkt_data(pkt), pkt->len, pkt->total, s->mac))
			pkts[kept++] = pkt;
		else
			leat_pkt_free_to(s->cache, &pkt, 1);
	}
	return kept;
}
