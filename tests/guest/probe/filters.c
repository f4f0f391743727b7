// SPDX-License-Identifier: BSD-3-Clause
/*
 * filters.c - probe-filters A B: which frames a NIC takes, and by which queue, A and B
 * being on one cable. Addresses and VLANs; hashes and queues of published flows, if B has
 * several queues.
 */
#include <stdio.h>
#include <string.h>

#include <leat/filter.h>
#include <leat/rss.h>

#include "flows.h"

/* ---- filters ---- */

/* Some devices begin to filter when they start, or not at all. */
static int filter_vlans(struct leat_port *p, bool on)
{
	int err;

	leat_port_stop(p);
	err = leat_port_vlan_filter(p, on);
	return err ? err : leat_port_start(p);
}

/* Returns how many receive queues the port has. */
static unsigned int try_filters(struct rig *r)
{
	static const uint8_t other[6] = { 2, 0, 0, 0, 0, 7 }, next[6] = { 2, 0, 0, 0, 0, 8 };
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0x12, 0x34 };
	static const uint8_t group2[6] = { 1, 0, 0x5e, 0x11, 0x56, 0x78 };
	struct leat_caps caps;
	struct leat_port *p;

	open_both(r, NULL, NULL);
	p = r->b.port;
	leat_port_caps(p, &caps);
	check(passes(r, r->mac, -1), "own address passes");
	check(!passes(r, other, -1), "another's does not");
	check(!passes(r, group, -1), "nor does a multicast");
	leat_port_mac_add(p, other);
	check(passes(r, other, -1) && !passes(r, next, -1), "an added address passes, no other");
	leat_port_mac_remove(p, other);
	check(!passes(r, other, -1), "a removed one does not");
	leat_port_mcast(p, &group, 1);
	check(passes(r, group, -1) && !passes(r, group2, -1), "a wanted multicast passes, no other");
	leat_port_mcast(p, NULL, 0);
	check(!passes(r, group, -1), "unwanted again, it does not");
	leat_port_allmulti(p, true);
	check(passes(r, group, -1) && passes(r, group2, -1) && !passes(r, other, -1),
	      "all multicasts pass");
	leat_port_allmulti(p, false);
	leat_port_promisc(p, true);
	check(passes(r, other, -1) && passes(r, group, -1), "promiscuous, all pass");
	leat_port_promisc(p, false);
	check(!passes(r, other, -1), "no longer promiscuous, another's does not");

	check(passes(r, r->mac, 5), "tags pass when nobody filters them");
	leat_port_vlan(p, 5, true);
	leat_port_vlan(p, 4095, true);
	check_err(filter_vlans(p, true), 0, "filter by VLAN");
	check(passes(r, r->mac, 5) && passes(r, r->mac, 4095), "added VLANs pass");
	check(!passes(r, r->mac, 6) && !passes(r, r->mac, 4094), "others do not");
	check(passes(r, r->mac, -1), "frames without a tag do");
	leat_port_vlan(p, 5, false);
	check(!passes(r, r->mac, 5), "a VLAN taken away does not");
	check_err(filter_vlans(p, false), 0, "no longer");
	check(passes(r, r->mac, 6), "without the filter all pass");
	close_both(r);
	return caps.max_rxqs;
}

/* ---- RSS ---- */

/* Microsoft, "Verifying the RSS Hash Calculation". */
static const struct flow published[] = {
	{ AF_INET, "66.9.149.187", "161.142.100.80", 2794, 1766, 0x323e8fc2, 0x51ccc178 },
	{ AF_INET, "199.92.111.2", "65.69.140.83", 14230, 4739, 0xd718262a, 0xc626b0ea },
	{ AF_INET, "24.19.198.95", "12.22.207.184", 12898, 38024, 0xd2d0a5de, 0x5c2b394a },
	{ AF_INET, "38.27.205.30", "209.142.163.6", 48228, 2217, 0x82989176, 0xafc7327f },
	{ AF_INET, "153.39.163.191", "202.188.127.2", 44251, 1303, 0x5d1809c5, 0x10e828a2 },
	{ AF_INET6, "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766, 0x2cc18cd5,
	  0x40207d3d },
	{ AF_INET6, "3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739, 0x0f0c461c,
	  0xdde51bbf },
};

/* Ports are hashed where the port says so. */
static bool hashes_ports(const struct leat_rss *rss, const struct flow *flow, uint8_t proto)
{
	uint32_t type = flow->family == AF_INET6 ?
			(proto == TCP ? LEAT_RSS_TCP6 : LEAT_RSS_UDP6) :
			(proto == TCP ? LEAT_RSS_TCP4 : LEAT_RSS_UDP4);

	return rss->types & type;
}

static uint32_t computed(const struct leat_rss *rss, const struct frame *f, bool ports)
{
	uint16_t addresses = f->v6 ? 8 : 12;
	size_t len = (f->v6 ? 32u : 8u) + (ports ? 4 : 0);

	/* Without IPv4's options, and with none of IPv6's, ports follow the addresses. */
	return leat_rss_hash(rss->key, f->data + f->l3 + addresses, len);
}

static void try_flow(struct rig *r, const struct leat_rss *rss, const struct flow *flow,
		     uint8_t proto, uint32_t *seen)
{
	bool ports = hashes_ports(rss, flow, proto);
	uint32_t want = ports ? flow->of_ports : flow->of_addresses;
	const char *name = proto == TCP ? "TCP" : "UDP";
	struct frame f;
	struct got got;

	compose(&f, r, flow, proto, FLOW_PAYLOAD);
	check_num(computed(rss, &f, ports), want, "%s from %s: the hash by software", name,
		  flow->src);
	for (unsigned int i = 0; i < 3; i++) {
		ship_frame(&r->a, &f);
		if (!check(take(&r->b, &got, COMES_MS), "%s from %s comes", name, flow->src))
			return;
		check_num(got.flags & LEAT_PKT_HASH ? got.hash : 0, want, "%s from %s: its hash",
			  name, flow->src);
		check_num(got.queue, rss->reta[want % rss->reta_len], "%s from %s: its queue", name,
			  flow->src);
		*seen |= LEAT_BIT(got.queue);
	}
}

static uint32_t try_flows(struct rig *r, const struct leat_rss *rss)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(published); i++) {
		try_flow(r, rss, &published[i], TCP, &seen);
		try_flow(r, rss, &published[i], UDP, &seen);
	}
	return seen;
}

static void try_rss(struct rig *r, unsigned int queues)
{
	const struct leat_port_config some = { .rxqs = (uint16_t)queues };
	struct leat_rss rss;

	open_both(r, NULL, &some);
	leat_port_rss_get(r->b.port, &rss);
	check_num(try_flows(r, &rss), LEAT_BIT(queues) - 1, "of %u queues those with flows",
		  queues);
	memset(rss.reta, 1, rss.reta_len);
	check_err(leat_port_rss(r->b.port, &rss), 0, "another table");
	check_num(try_flows(r, &rss), 2, "queues with flows, by the new table");
	close_both(r);
}

int main(int argc, char **argv)
{
	struct rig r = { 0 };
	unsigned int max;

	if (argc != 3) {
		fprintf(stderr, "usage: probe-filters ADDRESS ADDRESS\n");
		return 2;
	}
	r.addr = argv + 1;
	r.ctx = open_ctx(&r.ear, 32u << 20, false);
	max = try_filters(&r);
	if (max > 1)		/* virtio-net on a cable of QEMU's has one */
		try_rss(&r, 2);
	if (max > 3)
		try_rss(&r, 4);
	leat_ctx_close(r.ctx);
	return check_end();
}
