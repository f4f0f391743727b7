// SPDX-License-Identifier: BSD-3-Clause
/*
 * vf.c - probe-vf A B: what the physical function behind B, a virtual one, lets through when it
 * is asked, and what it refuses. A is on the same cable.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <leat/diag.h>
#include <leat/filter.h>

#include "flows.h"

static const struct flow flow = { .family = AF_INET, .src = "10.1.2.3", .dst = "10.4.5.6",
				  .sport = 1000, .dport = 2000 };

static void try_addresses(struct rig *r)
{
	static const uint8_t other[6] = { 2, 0, 0, 0, 0, 7 }, next[6] = { 2, 0, 0, 0, 0, 8 };
	static const uint8_t mine[6] = { 2, 0, 0, 0, 0, 9 };
	struct leat_port *p = r->b.port;

	check(passes(r, r->mac, -1), "own address passes");
	check(!passes(r, other, -1), "another's does not");
	check_err(leat_port_mac_add(p, other), 0, "a further address");
	check(passes(r, other, -1) && !passes(r, next, -1), "an added address passes, no other");
	check_err(leat_port_mac_remove(p, other), 0, "it goes");
	check(!passes(r, other, -1), "a removed one does not");
	check_err(leat_port_mac_set(p, mine), 0, "another address of its own");
	check(passes(r, mine, -1) && !passes(r, r->mac, -1), "it passes, and not the one before");
	check_err(leat_port_mac_set(p, r->mac), 0, "back again");
	check(passes(r, r->mac, -1), "it passes");
	check_err(leat_port_promisc(p, true), -EPERM, "everything is refused");
	check_says(r->ear.error, "does not let it hear everything", "and that is said");
	check(!passes(r, other, -1), "what is another's does not pass");
}

static void try_multicasts(struct rig *r)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0x12, 0x34 };
	static const uint8_t group2[6] = { 1, 0, 0x5e, 0x11, 0x56, 0x78 };
	struct leat_port *p = r->b.port;

	check(!passes(r, group, -1), "a multicast does not pass");
	check_err(leat_port_mcast(p, &group, 1), 0, "a multicast wanted");
	check(passes(r, group, -1) && !passes(r, group2, -1), "it passes, no other");
	check_err(leat_port_mcast(p, NULL, 0), 0, "unwanted again");
	check(!passes(r, group, -1), "it does not pass");
	/* QEMU's does not do what it is told then. */
	check_err(leat_port_allmulti(p, true), 0, "all multicasts are granted");
	check_err(leat_port_allmulti(p, false), 0, "and taken back");
}

static void try_vlans(struct rig *r)
{
	struct leat_port *p = r->b.port;

	check(!passes(r, r->mac, 5), "a tag that nobody named does not pass");
	check_err(leat_port_vlan(p, 5, true), 0, "VLAN 5");
	check_err(leat_port_vlan(p, 4094, true), 0, "VLAN 4094");
	check(passes(r, r->mac, 5) && passes(r, r->mac, 4094), "named, they pass");
	check(!passes(r, r->mac, 6), "others do not");
	check(passes(r, r->mac, -1), "frames without a tag do");
	leat_port_stop(p);
	check_err(leat_port_start(p), 0, "stopped and started");
	check(passes(r, r->mac, 5) && !passes(r, r->mac, 6), "it is all as before");
	check_err(leat_port_vlan(p, 5, false), 0, "no VLAN 5");
	check(!passes(r, r->mac, 5) && passes(r, r->mac, 4094), "it does not pass any more");
}

static uint64_t xstat(struct leat_port *p, const char *name)
{
	struct leat_xstat x[64];
	unsigned int n = leat_port_xstats(p, x, LEAT_ARRAY_LEN(x));

	for (unsigned int i = 0; i < n && i < LEAT_ARRAY_LEN(x); i++)
		if (!strcmp(x[i].name, name))
			return x[i].value;
	return UINT64_MAX;
}

static void try_counters(struct rig *r)
{
	uint64_t before = xstat(r->b.port, "rx_device_good_packets");

	check(passes(r, r->mac, -1), "a frame and a broadcast");
	check_num(xstat(r->b.port, "rx_device_good_packets") - before, 2, "are counted");
	check(leat_port_regs(r->b.port, NULL, 0) > 20, "it shows its registers");
}

/* Frames of @payload bytes to a B of that MTU. */
static bool fits(struct rig *r, uint16_t mtu, uint32_t payload)
{
	const struct leat_port_config large = { .mtu = 9000 }, cfg = { .mtu = mtu };
	struct got got;
	struct frame f;
	bool came;

	open_both(r, &large, &cfg);
	compose(&f, r, &flow, UDP, payload);
	ship_frame(&r->a, &f);
	memset(f.data, 0xff, 6);
	put16(f.data + 12, 0x88b6);
	f.len = 60;
	ship_frame(&r->a, &f);
	came = take(&r->b, &got, COMES_MS) && got.len > 60;
	close_both(r);
	return came;
}

int main(int argc, char **argv)
{
	struct rig r = { 0 };

	if (argc != 3) {
		fprintf(stderr, "usage: probe-vf ADDRESS ADDRESS\n");
		return 2;
	}
	r.addr = argv + 1;
	r.ctx = open_ctx(&r.ear, 32u << 20, false);
	check(fits(&r, 1500, 1472), "1500 bytes pass where 1500 are the most");
	check(!fits(&r, 1500, 1900), "1928 do not");
	check(fits(&r, 2000, 1900), "where 2000 are the most, they do");
	open_both(&r, NULL, NULL);
	try_addresses(&r);
	try_multicasts(&r);
	try_vlans(&r);
	try_counters(&r);
	close_both(&r);
	leat_ctx_close(r.ctx);
	return check_end();
}
