// SPDX-License-Identifier: BSD-3-Clause
/*
 * offloads.c - probe-offloads A B [INTERFACE]: what a NIC computes, A, B and a NIC of
 * Linux's with that interface being on one cable.
 *
 * Checksums recognised by B and completed by A; TCP cut by A into the very frames that Linux's
 * driver makes of the same packet, or, without one, that the protocol demands; tags put in and
 * taken off.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <leat/filter.h>

#include "flows.h"

#define BIG	(5 * MSS + 77)
#define MSS	1428	/* the most that IPv6 leaves of 1500 */
#define PIECES	6

static const struct flow flow4 = { .family = AF_INET, .src = "10.1.2.3", .dst = "10.4.5.6",
				   .sport = 1000, .dport = 2000 };
static const struct flow flow6 = { .family = AF_INET6, .src = "fd00::1", .dst = "fd00::2:3",
				   .sport = 1000, .dport = 2000 };

/* ---- checksums ---- */

static const struct {
	const char	*name;
	const struct flow *flow;
	uint8_t		proto;
} kinds[] = {
	{ "TCP over IPv4", &flow4, TCP },
	{ "UDP over IPv4", &flow4, UDP },
	{ "TCP over IPv6", &flow6, TCP },
	{ "UDP over IPv6", &flow6, UDP },
	{ "SCTP over IPv4", &flow4, SCTP },
	{ "SCTP over IPv6", &flow6, SCTP },
};

/* Who can complete SCTP's sum looks at it, too. */
static uint32_t verdict_due(const struct rig *r, const struct frame *f, uint32_t verdict)
{
	struct leat_caps caps;

	leat_port_caps(r->b.port, &caps);
	return f->proto != SCTP || caps.flags & LEAT_CAP_TX_SCTP_CSUM ? verdict : 0;
}

static uint32_t verdict_on(struct rig *r, const struct frame *f)
{
	struct got got;

	ship_frame(&r->a, f);
	if (!take(&r->b, &got, COMES_MS) || !same(&got, f))
		return UINT32_MAX;
	return got.flags & (LEAT_PKT_CSUM_GOOD | LEAT_PKT_CSUM_BAD);
}

static void try_csum_rx(struct rig *r, unsigned int k)
{
	struct frame f;

	compose(&f, r, kinds[k].flow, kinds[k].proto, FLOW_PAYLOAD);
	check_num(verdict_on(r, &f), verdict_due(r, &f, LEAT_PKT_CSUM_GOOD), "%s: a right sum",
		  kinds[k].name);
	f.data[f.len - 1] ^= 1;
	check_num(verdict_on(r, &f), verdict_due(r, &f, LEAT_PKT_CSUM_BAD), "%s: a wrong sum",
		  kinds[k].name);
	if (f.v6)
		return;
	f.data[f.len - 1] ^= 1;
	f.data[f.l3 + 8]--;
	check_num(verdict_on(r, &f), LEAT_PKT_CSUM_BAD, "%s: a wrong sum of IP", kinds[k].name);
}

static void try_csum_tx(struct rig *r, unsigned int k)
{
	unsigned int right = 0;
	struct frame f;
	struct got got;

	for (uint32_t n = 0; n < 4; n++) {		/* odd lengths, and the context kept */
		compose(&f, r, kinds[k].flow, kinds[k].proto, FLOW_PAYLOAD + n);
		ship(&r->a, packet_partial(&r->a, &f));
		right += take(&r->b, &got, COMES_MS) && same(&got, &f);
	}
	check_num(right, 4, "%s: sums completed", kinds[k].name);
}

static void try_csum(struct rig *r)
{
	const struct flow *flow = &flow4;
	struct frame f;

	open_both(r, NULL, NULL);
	for (unsigned int k = 0; k < LEAT_ARRAY_LEN(kinds); k++) {
		try_csum_rx(r, k);
		try_csum_tx(r, k);
	}
	compose(&f, r, flow, UDP, FLOW_PAYLOAD);
	put16(f.data + 12, 0x88b5);
	check_num(verdict_on(r, &f), 0, "no IP: no word on sums");
	close_both(r);
}

/* ---- TSO ---- */

/* By Linux, as a packet socket lets its driver cut it. */
static void ship_by_linux(const char *interface, const struct frame *f)
{
	struct {
		struct virtio_net_hdr hdr;
		uint8_t		data[sizeof(f->data)];
	} msg = {
		.hdr = {
			.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.gso_type = f->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4,
			.hdr_len = (uint16_t)(f->l4 + 20 + FLOW_OPTIONS), .gso_size = MSS,
			.csum_start = f->l4, .csum_offset = 16,
		},
	};
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = (int)if_nametoindex(interface) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;
	size_t len = sizeof(msg.hdr) + f->len;

	memcpy(msg.data, f->data, f->len);
	put16(msg.data + csum_field(f), pseudo(f));
	check(fd >= 0 && !bind(fd, (struct sockaddr *)&to, sizeof(to)) &&
	      !setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) &&
	      send(fd, &msg, len, 0) == (ssize_t)len, "Linux takes the packet");
	close(fd);
}

/* The pieces as they should be: Linux's, where there is one, for a NIC may have ways of its own. */
static void want_pieces(struct rig *r, const char *interface, const struct frame *f, struct frame *want,
			const char *name)
{
	struct got got;

	if (interface)
		ship_by_linux(interface, f);
	for (unsigned int i = 0; i < PIECES; i++) {
		cut(&want[i], f, i, MSS);
		if (!interface)
			continue;
		check(take(&r->b, &got, COMES_MS) && got.len == want[i].len,
		      "%s: segment %u by Linux", name, i);
		memcpy(want[i].data, got.data, want[i].len);
	}
}

static void try_tso_of(struct rig *r, const char *interface, const struct flow *flow, const char *name)
{
	static struct frame want[PIECES];
	struct leat_pkt *pkt;
	struct frame f;
	struct got got;

	compose(&f, r, flow, TCP, BIG);
	want_pieces(r, interface, &f, want, name);
	pkt = packet_partial(&r->a, &f);
	pkt->flags |= LEAT_PKT_TSO;
	pkt->gso_size = MSS;
	ship(&r->a, pkt);
	for (unsigned int i = 0; i < PIECES; i++) {
		check(take(&r->b, &got, COMES_MS) && same(&got, &want[i]), "%s: segment %u",
		      name, i);
		check_num(got.flags & (LEAT_PKT_CSUM_GOOD | LEAT_PKT_CSUM_BAD),
			  LEAT_PKT_CSUM_GOOD, "%s: it has right sums", name);
	}
	check(!take(&r->b, &got, STAYS_MS), "%s: no more", name);
}

static void try_tso(struct rig *r, const char *interface)
{
	open_both(r, NULL, NULL);
	try_tso_of(r, interface, &flow4, "TCP over IPv4");
	try_tso_of(r, interface, &flow6, "TCP over IPv6");
	close_both(r);
}

/* ---- tags ---- */

#define TAG 0x6123	/* priority 3, VLAN 0x123 */

static void try_tag(struct rig *r, const struct leat_port_config *a,
		    const struct leat_port_config *b, const char *name)
{
	struct frame f, tagged;
	struct leat_pkt *pkt;
	struct got got;

	open_both(r, a, b);
	/* To virtual functions tags come only by name; elsewhere that is nothing, or refused. */
	(void)leat_port_vlan(r->a.port, TAG & 0xfff, true);
	(void)leat_port_vlan(r->b.port, TAG & 0xfff, true);
	compose(&f, r, &flow4, TCP, FLOW_PAYLOAD);
	tagged = f;
	memmove(tagged.data + 16, tagged.data + 12, tagged.len - 12);
	put16(tagged.data + 12, 0x8100);
	put16(tagged.data + 14, TAG);
	tagged.len += 4;

	pkt = packet_partial(&r->a, &f);
	pkt->flags |= LEAT_PKT_VLAN;
	pkt->vlan = TAG;
	ship(&r->a, pkt);
	if (!check(take(&r->b, &got, COMES_MS), "%s: the frame comes", name))
		goto out;
	if (b && b->offloads & LEAT_CAP_RX_VLAN) {
		check(same(&got, &f), "%s: without its tag", name);
		check_num(got.flags & LEAT_PKT_VLAN ? got.vlan : 0, TAG, "%s: which is told", name);
	} else {
		check(same(&got, &tagged), "%s: with its tag", name);
		check_num(got.flags & LEAT_PKT_VLAN, 0, "%s: and told nowhere else", name);
	}
	ship_frame(&r->a, &f);
	check(take(&r->b, &got, COMES_MS) && same(&got, &f) && !(got.flags & LEAT_PKT_VLAN),
	      "%s: one without a tag stays so", name);
out:
	close_both(r);
}

static void try_tags(struct rig *r)
{
	const struct leat_port_config strip = {
		.offloads = LEAT_CAP_RX_CSUM | LEAT_CAP_TX_CSUM | LEAT_CAP_RX_VLAN | LEAT_CAP_TX_VLAN,
	};

	try_tag(r, NULL, NULL, "by software, left on");
	try_tag(r, NULL, &strip, "by software, taken off");
	try_tag(r, &strip, NULL, "by the device, left on");
	try_tag(r, &strip, &strip, "by the device, taken off");
}

int main(int argc, char **argv)
{
	struct rig r = { 0 };

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: probe-offloads ADDRESS ADDRESS [INTERFACE]\n");
		return 2;
	}
	r.addr = argv + 1;
	r.ctx = open_ctx(&r.ear, 32u << 20, false);
	try_csum(&r);
	try_tso(&r, argc == 4 ? argv[3] : NULL);
	try_tags(&r);
	leat_ctx_close(r.ctx);
	return check_end();
}
