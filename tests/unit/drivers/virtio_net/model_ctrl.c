// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_ctrl.c - the control queue of the virtio-net model, and what its commands decide:
 * which frames the driver gets, in which queue, and with which hash.
 */
#include "model_rig.h"

#include <leat/bits.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE 32

static const struct leat_model_opt two_pairs[] = {
	{ "queues", "2" }, { "rss", "on" }, { "hash", "on" }, { "mac", "02:00:00:00:00:07" },
	{ NULL, NULL },
};

static const uint8_t own[6] = { 2, 0, 0, 0, 0, 7 };
static const uint8_t other[6] = { 2, 0, 0, 0, 0, 8 };
static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 9 };
static const uint8_t everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

#define SEVERAL (VIRTIO_NET_F_MQ | VIRTIO_NET_F_RSS)

/* Where the receive buffers are, by pair and id. */
static uint32_t buffer[2][2 * SIZE];

static void fill_rx(struct rig *r)
{
	for (unsigned int queue = 0; queue + 1 < r->nqueues; queue += 2)
		for (unsigned int i = 0; i < SIZE / 2; i++) {
			struct rig_seg seg = { rig_buf(r, 2000), 2000 };

			buffer[queue / 2][rig_add(r, queue, &seg, 1)] = seg.off;
		}
	rig_run(r);
}

static void start(struct rig *r, unsigned int queues, uint64_t features)
{
	r->nqueues = queues;
	rig_start(r, RIG_ALL | RIG_CTRL | features, SIZE);
	fill_rx(r);
}

static uint8_t ctrl(struct rig *r, unsigned int class, unsigned int cmd, const void *data,
		    uint32_t len)
{
	return rig_command(r, class, cmd, data, len);
}

static uint8_t mode(struct rig *r, unsigned int cmd, bool on)
{
	uint8_t byte = on;

	return ctrl(r, VIRTIO_NET_CTRL_RX, cmd, &byte, 1);
}

/* Does a frame to that address, with that tag if any, arrive? */
static bool arrives(struct rig *r, const uint8_t *mac, int vid)
{
	uint8_t p[60] = { 0 };
	struct leat_frame f = { .data = p, .len = sizeof(p) };
	uint32_t id, len;
	bool got;

	memcpy(p, mac, 6);
	p[12] = 8;
	if (vid >= 0) {
		p[12] = 0x81;
		p[14] = (uint8_t)(vid >> 8);
		p[15] = (uint8_t)vid;
	}
	assert_int_equal(leat_wire_deliver(&r->wire->wire, &f, 1), 1);
	got = rig_used(r, RIG_RX, &id, &len);
	if (got) {
		struct rig_seg seg = { rig_buf(r, 2000), 2000 };

		rig_add(r, RIG_RX, &seg, 1);
	}
	return got;
}

static void test_modes(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, two_pairs);
	start(&r, 3, 0);
	assert_true(arrives(&r, other, -1));	/* all, until told otherwise */
	assert_true(arrives(&r, other, 5));
	assert_int_equal(mode(&r, VIRTIO_NET_CTRL_RX_PROMISC, false), VIRTIO_NET_OK);
	assert_false(arrives(&r, other, -1));
	assert_true(arrives(&r, own, -1));
	assert_true(arrives(&r, everybody, -1));
	assert_false(arrives(&r, group, -1));
	mode(&r, VIRTIO_NET_CTRL_RX_ALLMULTI, true);
	assert_true(arrives(&r, group, -1));
	mode(&r, VIRTIO_NET_CTRL_RX_NOMULTI, true);
	assert_false(arrives(&r, group, -1));
	mode(&r, VIRTIO_NET_CTRL_RX_NOBCAST, true);
	assert_false(arrives(&r, everybody, -1));
	mode(&r, VIRTIO_NET_CTRL_RX_ALLUNI, true);
	assert_true(arrives(&r, other, -1));
	mode(&r, VIRTIO_NET_CTRL_RX_NOUNI, true);
	assert_false(arrives(&r, own, -1));
	assert_int_equal(mode(&r, VIRTIO_NET_CTRL_RX_NOBCAST + 1, true), VIRTIO_NET_ERR);
	mode(&r, VIRTIO_NET_CTRL_RX_PROMISC, true);
	assert_true(arrives(&r, own, -1));
	rig_close(&r);
}

static void test_tables(void **state)
{
	uint8_t table[8 + 6 * 70] = { 1 };
	struct rig r;

	(void)state;
	rig_open(&r, two_pairs);
	start(&r, 3, 0);
	mode(&r, VIRTIO_NET_CTRL_RX_PROMISC, false);
	memcpy(table + 4, other, 6);
	table[10] = 1;
	memcpy(table + 14, group, 6);
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, table, 20),
			 VIRTIO_NET_OK);
	assert_true(arrives(&r, other, -1));
	assert_true(arrives(&r, group, -1));

	/* Cut off, or more than is there: refused, and all as before. */
	for (uint32_t len = 0; len < 20; len++)
		assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, table, len),
				 VIRTIO_NET_ERR);
	table[3] = 0x80;
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, table, 20),
			 VIRTIO_NET_ERR);
	assert_true(arrives(&r, other, -1));

	/* Too many to remember: all of the kind. */
	memset(table, 0, sizeof(table));
	table[0] = 70;
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, table,
			      sizeof(table)), VIRTIO_NET_OK);
	assert_true(arrives(&r, other, -1));
	assert_false(arrives(&r, group, -1));

	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, "\0\0\0\0\0\0\0\0",
			      8), VIRTIO_NET_OK);
	assert_false(arrives(&r, other, -1));
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, other, 6),
			 VIRTIO_NET_OK);
	assert_true(arrives(&r, other, -1));
	assert_false(arrives(&r, own, -1));
	assert_int_equal(rig_read(&r, 0, r.win.device + 5, 1), 8);

	/* A reset forgets it. */
	start(&r, 3, 0);
	assert_int_equal(rig_read(&r, 0, r.win.device + 5, 1), 7);
	assert_true(arrives(&r, group, -1));
	rig_close(&r);
}

static void test_vlans(void **state)
{
	leat_le16 vid = leat_cpu_to_le16(0x123), bad = leat_cpu_to_le16(4096);
	struct rig r;

	(void)state;
	rig_open(&r, two_pairs);
	start(&r, 3, 0);
	mode(&r, VIRTIO_NET_CTRL_RX_PROMISC, false);
	assert_false(arrives(&r, own, 0x123));
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, &vid, 2), VIRTIO_NET_OK);
	assert_true(arrives(&r, own, 0x123));
	assert_true(arrives(&r, own, 0xe123));	/* priority is none of it */
	assert_false(arrives(&r, own, 0x122));
	assert_false(arrives(&r, other, 0x123));
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, &bad, 2), VIRTIO_NET_ERR);
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_DEL, &vid, 2), VIRTIO_NET_OK);
	assert_false(arrives(&r, own, 0x123));
	assert_true(arrives(&r, own, -1));
	rig_close(&r);
}

static void test_announce(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	start(&r, 3, 0);
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_ANNOUNCE, 0, NULL, 0), VIRTIO_NET_ERR);
	r.wire->up = false;
	rig_run(&r);
	assert_int_equal(rig_read(&r, 0, r.win.device + 6, 2), 0);
	r.wire->up = true;
	rig_run(&r);
	assert_int_equal(rig_read(&r, 0, r.win.device + 6, 2),
			 VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE);
	assert_int_equal(r.raised[2][0], 2);
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_ANNOUNCE, 0, NULL, 0), VIRTIO_NET_OK);
	assert_int_equal(rig_read(&r, 0, r.win.device + 6, 2), VIRTIO_NET_S_LINK_UP);
	rig_close(&r);
}

/* ---- queue pairs ---- */

/* Microsoft's "Verifying the RSS Hash Calculation": key, two packets, their hashes. */
static const uint8_t ms_key[40] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

#define TCP 6
#define UDP 17

static struct leat_frame ipv4(uint8_t *p, uint8_t proto, uint16_t sport)
{
	static const uint8_t addresses[] = { 66, 9, 149, 187, 161, 142, 100, 80 };

	memset(p, 0, 100);
	memcpy(p, own, 6);
	p[12] = 8;
	p[14] = 0x45;
	p[17] = 86;
	p[23] = proto;
	memcpy(p + 26, addresses, 8);
	p[34] = (uint8_t)(sport >> 8);
	p[35] = (uint8_t)sport;
	p[36] = 1766 >> 8;
	p[37] = 1766 & 0xff;
	return (struct leat_frame){ .data = p, .len = 100 };
}

static struct leat_frame ipv6(uint8_t *p, uint8_t proto)
{
	static const uint8_t addresses[] = {
		0x3f, 0xfe, 0x25, 1, 2, 0, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, 7,
		0x3f, 0xfe, 0x25, 1, 2, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1,
	};

	memset(p, 0, 100);
	memcpy(p, own, 6);
	p[12] = 0x86;
	p[13] = 0xdd;
	p[14] = 0x60;
	p[19] = 46;
	p[20] = proto;
	memcpy(p + 22, addresses, 32);
	p[54] = 2794 >> 8;
	p[55] = 2794 & 0xff;
	p[56] = 1766 >> 8;
	p[57] = 1766 & 0xff;
	return (struct leat_frame){ .data = p, .len = 100 };
}

/* The queue pair it arrives in, and its header. */
static unsigned int pair_of(struct rig *r, const struct leat_frame *f, struct virtio_net_hdr_hash *h)
{
	for (unsigned int queue = 0; queue + 1 < r->nqueues; queue += 2) {
		uint32_t id, len;

		while (rig_used(r, queue, &id, &len))
			;
	}
	assert_int_equal(leat_wire_deliver(&r->wire->wire, f, 1), 1);
	for (unsigned int queue = 0; queue + 1 < r->nqueues; queue += 2) {
		uint32_t id, len;

		if (!rig_used(r, queue, &id, &len))
			continue;
		memcpy(h, r->mem + buffer[queue / 2][id], sizeof(*h));
		return queue / 2;
	}
	return UINT32_MAX;
}

static uint32_t rss_command(uint8_t *p, uint32_t types, uint16_t mask)
{
	memset(p, 0, 400);
	p[0] = (uint8_t)types;
	p[4] = (uint8_t)mask;
	p[6] = 1;			/* unclassified: the second pair */
	for (uint32_t i = 0; i <= mask; i++)
		p[8 + 2 * i] = (uint8_t)(i & 1);
	p[10 + 2 * mask] = 2;		/* transmit queues */
	p[12 + 2 * mask] = 40;
	memcpy(p + 13 + 2 * mask, ms_key, 40);
	return 53u + 2 * mask;
}

static void expect_hash(struct rig *r, const struct leat_frame *f, unsigned int report,
			uint32_t value)
{
	unsigned int pair = report ? value & 1 : 1;
	struct virtio_net_hdr_hash h;

	assert_int_equal(pair_of(r, f, &h), pair);
	assert_int_equal(leat_le16_to_cpu(h.report), report);
	assert_int_equal(leat_le32_to_cpu(h.value), value);
	assert_int_equal(leat_le16_to_cpu(h.hdr.num_buffers), 1);
}

static void test_rss(void **state)
{
	uint8_t command[400], p[100];
	struct leat_frame f;
	uint32_t len;
	struct rig r;

	(void)state;
	rig_open(&r, two_pairs);
	start(&r, 5, SEVERAL | VIRTIO_NET_F_HASH_REPORT);
	assert_int_equal(rig_read(&r, 0, r.win.device + 8, 2), 2);
	assert_int_equal(rig_read(&r, 0, r.win.device + 17, 1), 40);
	assert_int_equal(rig_read(&r, 0, r.win.device + 18, 2), 128);
	len = rss_command(command, 0x3f, 127);
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS, command, len),
			 VIRTIO_NET_OK);
	f = ipv4(p, TCP, 2794);
	expect_hash(&r, &f, VIRTIO_NET_HASH_REPORT_TCPV4, 0x51ccc178);
	f = ipv4(p, UDP, 2794);
	expect_hash(&r, &f, VIRTIO_NET_HASH_REPORT_UDPV4, 0x51ccc178);
	f = ipv4(p, 1, 2794);
	expect_hash(&r, &f, VIRTIO_NET_HASH_REPORT_IPV4, 0x323e8fc2);
	f = ipv4(p, TCP, 2794);
	p[20] = 0x20;				/* a fragment */
	expect_hash(&r, &f, VIRTIO_NET_HASH_REPORT_IPV4, 0x323e8fc2);
	f = ipv6(p, TCP);
	expect_hash(&r, &f, VIRTIO_NET_HASH_REPORT_TCPV6, 0x40207d3d);
	f = ipv6(p, 59);
	expect_hash(&r, &f, VIRTIO_NET_HASH_REPORT_IPV6, 0x2cc18cd5);
	f = ipv4(p, TCP, 2794);
	p[13] = 6;				/* ARP, or so */
	expect_hash(&r, &f, VIRTIO_NET_HASH_REPORT_NONE, 0);

	rss_command(command, VIRTIO_NET_HASH_IPV4, 127);
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS, command, len),
			 VIRTIO_NET_OK);
	f = ipv4(p, TCP, 2794);
	expect_hash(&r, &f, VIRTIO_NET_HASH_REPORT_IPV4, 0x323e8fc2);
	rig_close(&r);
}

/* Each of these is refused, and what was in force stays so. */
static void test_rss_wrong(void **state)
{
	static const struct {
		unsigned int at;
		uint8_t val;
	} wrong[] = {
		{ 0, 0x7f }, { 4, 126 }, { 4, 0xff }, { 6, 2 }, { 8 + 2 * 77, 2 }, { 8 + 255, 1 },
		{ 264, 3 }, { 264, 0 }, { 266, 41 }, { 266, 255 },
	};
	uint8_t command[400], p[100];
	struct leat_frame f = ipv4(p, TCP, 2794);
	uint32_t len;
	struct rig r;

	(void)state;
	rig_open(&r, two_pairs);
	start(&r, 5, SEVERAL | VIRTIO_NET_F_HASH_REPORT);
	len = rss_command(command, 0x3f, 127);
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS, command, len),
			 VIRTIO_NET_OK);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(wrong); i++) {
		rss_command(command, VIRTIO_NET_HASH_IPV4, 127);
		command[wrong[i].at] = wrong[i].val;
		assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS, command, len),
				 VIRTIO_NET_ERR);
	}
	rss_command(command, VIRTIO_NET_HASH_IPV4, 127);
	for (uint32_t cut = 0; cut < len; cut += 7)
		assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS, command, cut),
				 VIRTIO_NET_ERR);
	expect_hash(&r, &f, VIRTIO_NET_HASH_REPORT_TCPV4, 0x51ccc178);
	assert_int_equal(ctrl(&r, 77, 0, command, len), VIRTIO_NET_ERR);
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MQ, 3, command, len), VIRTIO_NET_ERR);
	assert_int_equal(r.errors, 0);
	rig_close(&r);
}

/* HASH_CONFIG: reported, but the pair is the one that sent last in the flow. */
static void test_flows(void **state)
{
	uint8_t command[53] = { 0x3f }, p[100];
	leat_le16 pairs = leat_cpu_to_le16(2), none = leat_cpu_to_le16(0), three = leat_cpu_to_le16(3);
	struct virtio_net_hdr_hash h;
	struct leat_frame f;
	struct rig r;

	(void)state;
	rig_open(&r, two_pairs);
	start(&r, 5, SEVERAL | VIRTIO_NET_F_HASH_REPORT);
	command[12] = 40;
	memcpy(command + 13, ms_key, 40);
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_HASH, command, 53),
			 VIRTIO_NET_OK);
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_PAIRS_SET, &none, 2),
			 VIRTIO_NET_ERR);
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_PAIRS_SET, &three, 2),
			 VIRTIO_NET_ERR);
	f = ipv4(p, TCP, 2794);
	assert_int_equal(pair_of(&r, &f, &h), 0);
	assert_int_equal(leat_le32_to_cpu(h.value), 0x51ccc178);

	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_PAIRS_SET, &pairs, 2),
			 VIRTIO_NET_OK);
	for (unsigned int pair = 2; pair--;) {
		struct rig_seg seg = { rig_buf(&r, 120), 120 };

		memset(r.mem + seg.off, 0, 20);
		f = ipv4((uint8_t *)r.mem + seg.off + 20, TCP, 2794);
		rig_add(&r, 2 * pair + 1, &seg, 1);
		rig_run(&r);
		f = ipv4(p, TCP, 2794);
		assert_int_equal(pair_of(&r, &f, &h), pair);
	}
	assert_int_equal(r.wire->n, 2);
	assert_int_equal(r.wire->frame[0].len, 100);
	rig_close(&r);
}

/* Frames for both queues in one burst: in order within each, none lost; without room they wait. */
static void test_spread_burst(void **state)
{
	uint8_t command[400], p[32][100];
	struct leat_frame f[32];
	unsigned int taken, got = 0;
	uint32_t id, len;
	struct rig r;

	(void)state;
	rig_open(&r, two_pairs);
	start(&r, 5, SEVERAL);
	len = rss_command(command, 0x3f, 127);
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_RSS, command, len),
			 VIRTIO_NET_OK);
	for (unsigned int i = 0; i < 32; i++)
		f[i] = ipv4(p[i], TCP, (uint16_t)(1000 + i));
	assert_int_equal(leat_wire_deliver(&r.wire->wire, f, 20), 20);
	assert_true(rig_used_count(&r, 0) && rig_used_count(&r, 2));
	assert_int_equal(rig_used_count(&r, 0) + rig_used_count(&r, 2), 20);
	taken = leat_wire_deliver(&r.wire->wire, f, 32);
	assert_in_range(taken, 1, 31);		/* one of them is full */
	assert_int_equal(rig_used_count(&r, 0) + rig_used_count(&r, 2), 20 + taken);
	assert_true(rig_used_count(&r, 0) == SIZE / 2 || rig_used_count(&r, 2) == SIZE / 2);
	for (unsigned int queue = 0; queue < 4; queue += 2)
		while (rig_used(&r, queue, &id, &len))
			got++;
	assert_int_equal(got, 20 + taken);
	assert_int_equal(r.mdev->stats.rx_dropped, 0);
	rig_close(&r);
}

static void test_offloads(void **state)
{
	leat_le64 none = leat_cpu_to_le64(0), csum = leat_cpu_to_le64(VIRTIO_NET_F_GUEST_CSUM);
	leat_le64 bad = leat_cpu_to_le64(VIRTIO_NET_F_CSUM);
	uint8_t p[100];
	struct leat_frame f;
	struct virtio_net_hdr_hash h;
	struct rig r;

	(void)state;
	rig_open(&r, two_pairs);
	start(&r, 5, SEVERAL);
	f = ipv4(p, TCP, 1);
	f.flags = LEAT_FRAME_CSUM_PARTIAL;
	f.csum_start = 34;
	f.csum_off = 16;
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(pair_of(&r, &f, &h), 0);
		assert_int_equal(h.hdr.flags, i == 1 ? 0 : VIRTIO_NET_HDR_F_NEEDS_CSUM);
		assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_OFFLOADS, VIRTIO_NET_CTRL_OFFLOADS_SET,
				      i ? &csum : &none, 8), VIRTIO_NET_OK);
	}
	assert_int_equal(ctrl(&r, VIRTIO_NET_CTRL_OFFLOADS, VIRTIO_NET_CTRL_OFFLOADS_SET, &bad, 8),
			 VIRTIO_NET_ERR);
	rig_close(&r);
}

/* Commands of features that were not agreed on; the queue where there is one pair. */
static void test_not_agreed(void **state)
{
	static const uint8_t data[64] = { 1 };
	struct rig r;

	(void)state;
	rig_open(&r, two_pairs);
	r.nqueues = 3;
	rig_start(&r, RIG_ALL | VIRTIO_NET_F_CTRL_VQ, SIZE);
	for (unsigned int class = 0; class < 8; class++)
		for (unsigned int cmd = 0; cmd < 8; cmd++)
			assert_int_equal(ctrl(&r, class, cmd, data, sizeof(data)), VIRTIO_NET_ERR);
	assert_int_equal(r.errors, 0);
	rig_close(&r);
}

/* No room for the answer, or data behind it: that is no command. */
static void test_malformed(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, two_pairs);
	for (unsigned int i = 0; i < 2; i++) {
		struct rig_seg segs[3];

		start(&r, 3, 0);
		r.errors = 0;
		for (unsigned int k = 0; k < 3; k++)
			segs[k] = (struct rig_seg){ rig_buf(&r, 4) | (i && k == 1 ? RIG_WRITE : 0), 4 };
		rig_add(&r, 2, segs, 3);
		rig_run(&r);
		assert_int_equal(r.errors, 1);
		assert_true(rig_get(&r, VIRTIO_COMMON_DEVICE_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	}
	rig_close(&r);
}

/* RING_RESET: one queue begins anew, of another size; the others do not notice. */
static void test_queue_reset(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, two_pairs);
	start(&r, 5, SEVERAL | VIRTIO_F_RING_RESET);
	for (unsigned int i = 0; i < 10; i++) {
		uint16_t size = i % 2 ? SIZE : 2 * SIZE;

		rig_send(&r, 60, 2 * i);
		rig_run(&r);
		rig_set(&r, VIRTIO_COMMON_QUEUE_SELECT, RIG_TX);
		r.writes_pending = true;
		rig_set(&r, VIRTIO_COMMON_QUEUE_RESET, 1);
		assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_RESET), 1);
		r.writes_pending = false;
		assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_RESET), 0);
		assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_ENABLE), 0);
		assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_SIZE), 256);
		assert_int_equal(mode(&r, VIRTIO_NET_CTRL_RX_PROMISC, true), VIRTIO_NET_OK);
		rig_queue(&r, RIG_TX, size);
		rig_send(&r, 60, 2 * i + 1);
		rig_run(&r);
		assert_int_equal(r.wire->n, 2 * i + 2);
		rig_check(r.wire->frame[2 * i + 1].data, 60, 2 * i + 1);
	}
	/* The receive queue, too: its frames wait. */
	rig_set(&r, VIRTIO_COMMON_QUEUE_SELECT, RIG_RX);
	rig_set(&r, VIRTIO_COMMON_QUEUE_RESET, 1);
	assert_int_equal(rig_deliver(&r, 60, 1), 0);
	rig_queue(&r, RIG_RX, SIZE);
	fill_rx(&r);
	assert_int_equal(rig_deliver(&r, 60, 1), 1);
	assert_int_equal(r.errors, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_vlans),
		cmocka_unit_test(test_announce),
		cmocka_unit_test(test_rss),
		cmocka_unit_test(test_rss_wrong),
		cmocka_unit_test(test_flows),
		cmocka_unit_test(test_spread_burst),
		cmocka_unit_test(test_offloads),
		cmocka_unit_test(test_not_agreed),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_queue_reset),
	};

	return RIG_RUN(tests);
}
