// SPDX-License-Identifier: BSD-3-Clause
/*
 * segments.c - probe-segments A B: what virtio-net leaves to the other end of the wire, A
 * and B being taps on one bridge of Linux's, or our models: which do what a NIC behind A
 * would and what B's driver did not ask for.
 *
 * Sums completed or passed on as they are; TCP and UDP cut on the way to a B that wants
 * frames, whole to one that takes them so, and by turns while B runs.
 */
#include <stdio.h>
#include <string.h>

#include "flows.h"

#define MSS	1428	/* the most that IPv6 leaves of 1500 */
#define BIG	(5 * MSS + 77)
#define PIECES	6

static const struct flow flow4 = { .family = AF_INET, .src = "10.1.2.3", .dst = "10.4.5.6",
				   .sport = 1000, .dport = 2000 };
static const struct flow flow6 = { .family = AF_INET6, .src = "fd00::1", .dst = "fd00::2:3",
				   .sport = 1000, .dport = 2000 };

static const struct {
	const char	*name;
	const struct flow *flow;
	uint8_t		proto;
} kinds[] = {
	{ "TCP over IPv4", &flow4, TCP },
	{ "TCP over IPv6", &flow6, TCP },
	{ "UDP over IPv4", &flow4, UDP },
	{ "UDP over IPv6", &flow6, UDP },
};

/* All of @f but the sum, which is still that of the pseudo header. */
static bool same_but_sum(const struct got *got, const struct frame *f)
{
	struct frame want = *f;

	put16(want.data + csum_field(f), pseudo(f));
	return same(got, &want);
}

static void try_sums(struct rig *r, bool completed)
{
	struct frame f;
	struct got got;

	for (unsigned int k = 0; k < LEAT_ARRAY_LEN(kinds); k++) {
		compose(&f, r, kinds[k].flow, kinds[k].proto, FLOW_PAYLOAD + k);
		ship(&r->a, packet_partial(&r->a, &f));
		if (!check(take(&r->b, &got, COMES_MS), "%s: a partial sum comes", kinds[k].name))
			continue;
		if (completed) {
			check(same(&got, &f), "%s: completed", kinds[k].name);
			check_num(got.flags, 0, "%s: nothing left to do", kinds[k].name);
		} else {
			check(same_but_sum(&got, &f), "%s: as it was", kinds[k].name);
			check_num(got.flags, LEAT_PKT_CSUM_PARTIAL, "%s: and so told", kinds[k].name);
			check_num(got.csum_start, f.l4, "%s: from where on", kinds[k].name);
		}
	}
}

static void ship_big(struct rig *r, unsigned int k, struct frame *f)
{
	struct leat_pkt *pkt;

	compose(f, r, kinds[k].flow, kinds[k].proto, BIG);
	pkt = packet_partial(&r->a, f);
	pkt->flags |= LEAT_PKT_TSO;
	pkt->gso_size = MSS;
	ship(&r->a, pkt);
}

/* To who takes partial sums (@may) each segment comes complete or with such, as it is told. */
static void try_pieces(struct rig *r, bool may)
{
	struct frame f, want;
	struct got got;

	for (unsigned int k = 0; k < LEAT_ARRAY_LEN(kinds); k++) {
		ship_big(r, k, &f);
		for (unsigned int i = 0; i < PIECES; i++) {
			cut(&want, &f, i, MSS);
			if (!check(take(&r->b, &got, COMES_MS), "%s: segment %u comes",
				   kinds[k].name, i))
				continue;
			check(got.flags & LEAT_PKT_CSUM_PARTIAL ? may && same_but_sum(&got, &want) :
								  same(&got, &want),
			      "%s: segment %u is as it should be", kinds[k].name, i);
		}
	}
}

static void try_whole(struct rig *r)
{
	struct frame f;
	struct got got;

	for (unsigned int k = 0; k < LEAT_ARRAY_LEN(kinds); k++) {
		ship_big(r, k, &f);
		if (!check(take(&r->b, &got, COMES_MS), "%s: it comes", kinds[k].name))
			continue;
		check(same_but_sum(&got, &f), "%s: in one piece", kinds[k].name);
		check_num(got.flags, LEAT_PKT_TSO | LEAT_PKT_CSUM_PARTIAL, "%s: marked as several",
			  kinds[k].name);
		check_num(got.gso_size, MSS, "%s: of what size", kinds[k].name);
	}
}

int main(int argc, char **argv)
{
	const uint32_t lro = LEAT_CAP_RX_CSUM | LEAT_CAP_RX_LRO;
	const struct leat_port_config none = { .offloads = LEAT_OFFLOADS_NONE };
	const struct leat_port_config csum = { .offloads = LEAT_CAP_RX_CSUM };
	const struct leat_port_config whole = { .offloads = lro };
	struct rig r = { 0 };

	if (argc != 3) {
		fprintf(stderr, "usage: probe-segments SCHEME:BDF SCHEME:BDF\n");
		return 2;
	}
	r.addr = argv + 1;
	r.ctx = open_ctx(&r.ear, 32u << 20, false);
	open_both(&r, NULL, &none);
	printf("%s\n", leat_port_info(r.a.port));
	try_sums(&r, true);
	try_pieces(&r, false);
	close_both(&r);
	open_both(&r, NULL, &csum);
	try_sums(&r, false);
	try_pieces(&r, true);
	close_both(&r);
	open_both(&r, NULL, &whole);
	printf("%s\n", leat_port_info(r.b.port));
	try_whole(&r);
	check_err(leat_port_offloads(r.b.port, LEAT_OFFLOADS_NONE), 0, "offloads taken off");
	try_sums(&r, true);
	try_pieces(&r, false);
	check_err(leat_port_offloads(r.b.port, lro), 0, "offloads put on");
	try_whole(&r);
	close_both(&r);
	leat_ctx_close(r.ctx);
	return check_end();
}
