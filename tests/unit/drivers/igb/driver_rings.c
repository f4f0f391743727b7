// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_rings.c - the igb driver's descriptors, both ways, and what it makes of a
 * device that lies.
 */
#include "driver_nic.h"

#include <leat/pool.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <errno.h>
#include <cmocka.h>

#define GOOD  (INTEL_RXD_DD | INTEL_RXD_EOP)
#define BURST 8

static unsigned int take(struct nic *n, struct leat_pkt **pkts)
{
	return leat_rx(leat_port_rxq(n->port, 0), pkts, BURST);
}

static void free_all(struct leat_pkt **pkts, unsigned int count)
{
	leat_pkt_free(pkts, count);
}

/* ---- receiving ---- */

#define OFFLOADS (LEAT_CAP_RX_CSUM | LEAT_CAP_RX_HASH | LEAT_CAP_RX_VLAN)

static void frames_arrive_with_what_the_device_knows(void **state)
{
	static const struct {
		uint32_t status, info, flags;
	} cases[] = {
		{ 0, 0, 0 },
		{ INTEL_RXD_IPCS | INTEL_RXD_L4CS, 2 | IGB_RXD_TCP, LEAT_PKT_CSUM_GOOD | LEAT_PKT_HASH },
		{ INTEL_RXD_IPCS | INTEL_RXD_L4CS | INTEL_RXD_L4E, IGB_RXD_UDP, LEAT_PKT_CSUM_BAD },
		{ INTEL_RXD_IPCS | INTEL_RXD_IPE, 0, LEAT_PKT_CSUM_BAD },
		{ INTEL_RXD_L4CS | INTEL_RXD_L4E, IGB_RXD_SCTP, 0 },	/* 60 bytes: the erratum's */
		{ INTEL_RXD_VP, 0, LEAT_PKT_VLAN },
	};
	struct leat_rss rss = { 0 };
	const struct leat_port_config cfg = { .offloads = OFFLOADS, .rxqs = 2, .rss = &rss };
	struct nic *n = *state;
	struct leat_pkt *pkts[BURST];

	assert_int_equal(nic_open(n, &cfg), 0);
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(cases); i++)
		nic_receive(n, 0, i, 60, (uint8_t)(i + 1), GOOD | cases[i].status, cases[i].info);
	assert_int_equal(take(n, pkts), LEAT_ARRAY_LEN(cases));
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(cases); i++) {
		assert_int_equal(pkts[i]->flags, cases[i].flags);
		assert_int_equal(pkts[i]->total, 60);
		assert_int_equal(((uint8_t *)leat_pkt_data(pkts[i]))[59], i + 1);
	}
	assert_int_equal(pkts[1]->hash, 0xcafe0001);
	assert_int_equal(pkts[5]->vlan, 0x2005);
	free_all(pkts, LEAT_ARRAY_LEN(cases));
}

static void a_frame_over_three_buffers_is_one_packet(void **state)
{
	const struct leat_port_config cfg = { .mtu = 9000 };
	struct nic *n = *state;
	struct leat_pkt *pkts[BURST];

	assert_int_equal(nic_open(n, &cfg), 0);
	nic_receive(n, 0, 0, 2048, 1, INTEL_RXD_DD, 0);
	nic_receive(n, 0, 1, 2048, 2, INTEL_RXD_DD, 0);
	assert_int_equal(take(n, pkts), 0);		/* its end is yet to come */
	nic_receive(n, 0, 2, 100, 3, GOOD | INTEL_RXD_L4CS, 0);
	nic_receive(n, 0, 3, 64, 4, GOOD, 0);
	assert_int_equal(take(n, pkts), 2);
	assert_int_equal(pkts[0]->nsegs, 3);
	assert_int_equal(pkts[0]->total, 4196);
	assert_int_equal(pkts[0]->flags, LEAT_PKT_CSUM_GOOD);
	assert_int_equal(pkts[0]->next->next->len, 100);
	assert_int_equal(pkts[1]->total, 64);
	free_all(pkts, 2);
}

/* What is left would not do for as many such frames again before the next burst. */
static void long_frames_are_made_up_for_at_once(void **state)
{
	const struct leat_port_config cfg = { .mtu = 9000, .rx_desc = 256 };
	struct nic *n = *state;
	struct leat_pkt *pkts[BURST];
	unsigned int i;

	assert_int_equal(nic_open(n, &cfg), 0);
	assert_int_equal(nic_written(n, IGB_RDT), 192);
	for (i = 0; i < 2 * BURST; i += 2) {
		nic_receive(n, 0, i, 2048, 1, INTEL_RXD_DD, 0);
		nic_receive(n, 0, i + 1, 100, 1, GOOD, 0);
	}
	assert_int_equal(take(n, pkts), BURST);
	assert_int_equal(nic_written(n, IGB_RDT), 0);
	free_all(pkts, BURST);
	for (; i < 3 * BURST; i++)
		nic_receive(n, 0, i, 60, 1, GOOD, 0);
	assert_int_equal(take(n, pkts), BURST);
	assert_int_equal(nic_writes(n, IGB_RDT), 3);	/* with the one of zero */
	free_all(pkts, BURST);
}

/* Frames 1 to 3, while the doorbell for more buffers is written. */
static void meanwhile(struct nic *n, uint32_t off, uint32_t tail)
{
	if (off != IGB_RDT || tail != 0)
		return;
	n->after_write = NULL;
	for (unsigned int i = 1; i <= 3; i++)
		nic_receive(n, 0, i, 60, (uint8_t)(i + 1), GOOD, 0);
}

static void what_fresh_buffers_bring_at_once_is_of_the_same_burst(void **state)
{
	const struct leat_port_config cfg = { .rx_desc = 256 };
	struct nic *n = *state;
	struct leat_pkt *pkts[BURST];

	assert_int_equal(nic_open(n, &cfg), 0);
	n->after_write = meanwhile;
	nic_receive(n, 0, 0, 60, 1, GOOD, 0);		/* 64 of 256 are missing with it */
	assert_int_equal(take(n, pkts), 4);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(*(uint8_t *)leat_pkt_data(pkts[i]), i + 1);
	assert_int_equal(nic_written(n, IGB_RDT), 0);
	assert_int_equal(nic_writes(n, IGB_RDT), 3);	/* with the one of zero */
	free_all(pkts, 4);
}

static void a_full_burst_leaves_the_doorbell_to_the_next(void **state)
{
	const struct leat_port_config cfg = { .rx_desc = 256 };
	struct nic *n = *state;
	struct leat_pkt *pkts[BURST];

	assert_int_equal(nic_open(n, &cfg), 0);
	for (unsigned int i = 0; i < BURST; i++)
		nic_receive(n, 0, i, 60, 1, GOOD, 0);
	assert_int_equal(take(n, pkts), BURST);
	assert_int_equal(nic_written(n, IGB_RDT), 192);
	free_all(pkts, BURST);
	assert_int_equal(take(n, pkts), 0);
	assert_int_equal(nic_written(n, IGB_RDT), 0);
}

static void broken_frames_are_dropped_and_counted(void **state)
{
	struct nic *n = *state;
	struct leat_pkt *pkts[BURST];

	assert_int_equal(nic_open(n, NULL), 0);
	nic_receive(n, 0, 0, 60, 1, GOOD | INTEL_RXD_RXE, 0);
	nic_receive(n, 0, 1, 13, 1, GOOD, 0);
	nic_receive(n, 0, 2, 60, 1, GOOD, 0);
	assert_int_equal(take(n, pkts), 1);
	assert_int_equal(leat_port_rxq(n->port, 0)->errors, 2);
	free_all(pkts, 1);
}

static void buffers_are_refilled(void **state)
{
	const struct leat_port_config cfg = { .rx_desc = 64 };
	struct nic *n = *state;
	struct leat_pkt *pkts[BURST];

	assert_int_equal(nic_open(n, &cfg), 0);
	for (unsigned int i = 0; i < 1000; i++) {
		nic_receive(n, 0, i % 64, 60, (uint8_t)i, GOOD, 0);
		assert_int_equal(take(n, pkts), 1);
		assert_int_equal(*(uint8_t *)leat_pkt_data(pkts[0]), i & 0xff);
		free_all(pkts, 1);
	}
	assert_in_range(nic_writes(n, IGB_QUEUE(IGB_RDT, 0)), 1000 / 16, 1000 / 16 + 8);
}

static void stopped(struct nic *n, const char *why)
{
	struct leat_pkt *pkts[BURST];

	assert_int_equal(take(n, pkts), 0);
	assert_non_null(strstr(n->last, why));
	assert_int_equal(leat_ctx_poll(n->ctx), 0);
	assert_int_equal(n->events[LEAT_EVENT_ERROR], 1);
	leat_port_stop(n->port);
	assert_int_equal(leat_port_start(n->port), 0);
	nic_receive(n, 0, 0, 60, 9, GOOD, 0);
	assert_int_equal(take(n, pkts), 1);
	free_all(pkts, 1);
}

static void a_length_beyond_the_buffer_stops_the_queue(void **state)
{
	struct nic *n = *state;

	assert_int_equal(nic_open(n, NULL), 0);
	nic_receive(n, 0, 0, 2049, 1, GOOD, 0);
	stopped(n, "holds more than fits (2049)");
}

static void a_lie_in_the_middle_of_a_frame_stops_the_queue(void **state)
{
	struct nic *n = *state;

	assert_int_equal(nic_open(n, NULL), 0);
	nic_receive(n, 0, 0, 2048, 1, INTEL_RXD_DD, 0);
	nic_receive(n, 0, 1, UINT16_MAX, 1, GOOD, 0);
	stopped(n, "holds more than fits (65535)");
}

static void a_frame_without_end_stops_the_queue(void **state)
{
	const struct leat_port_config cfg = { .rx_desc = 32 };
	struct nic *n = *state;

	assert_int_equal(nic_open(n, &cfg), 0);
	for (unsigned int i = 0; i < 32; i++)
		if (nic_rxd(n, 0, i)->read.addr)
			nic_receive(n, 0, i, 2048, 1, INTEL_RXD_DD, 0);
	stopped(n, "has no end");
}

/* Buffers are due then, but nobody looks again at what the device says. */
static void a_lie_behind_a_frame_is_told_once(void **state)
{
	const struct leat_port_config cfg = { .rx_desc = 256 };
	struct nic *n = *state;
	struct leat_pkt *pkts[BURST];

	assert_int_equal(nic_open(n, &cfg), 0);
	nic_receive(n, 0, 0, 60, 1, GOOD, 0);
	nic_receive(n, 0, 1, 2049, 2, GOOD, 0);
	assert_int_equal(take(n, pkts), 1);
	assert_int_equal(n->errors, 1);
	free_all(pkts, 1);
	stopped(n, "holds more than fits (2049)");
}

/* ---- sending ---- */

static struct leat_pkt *packet(struct nic *n, uint16_t len)
{
	struct leat_pool_cache *cache;
	struct leat_pkt *pkt;

	assert_int_equal(leat_pool_cache_create(n->pool, 0, &cache), 0);
	assert_int_equal(leat_pkt_alloc(cache, &pkt, 1), 1);
	leat_pool_cache_destroy(cache);
	memset(leat_pkt_append(pkt, len), 0, len);
	return pkt;
}

/* An IP packet whose sum is yet to come: headers that agree with what it tells. */
static struct leat_pkt *ip_packet(struct nic *n, bool ipv6, uint8_t protocol, uint16_t csum_off)
{
	struct leat_pkt *pkt = packet(n, 120);
	uint8_t *data = leat_pkt_data(pkt), *ip = data + 14;

	memcpy(data + 12, ipv6 ? "\x86\xdd" : "\x08\x00", 2);
	ip[0] = ipv6 ? 0x60 : 0x45;
	ip[ipv6 ? 6 : 9] = protocol;
	ip[ipv6 ? 5 : 3] = ipv6 ? 120 - 54 : 120 - 14;
	pkt->csum_start = ipv6 ? 54 : 34;
	pkt->csum_off = csum_off;
	pkt->flags = LEAT_PKT_CSUM_PARTIAL | (protocol == 132 ? LEAT_PKT_CSUM_CRC32C : 0);
	return pkt;
}

static void send(struct nic *n, struct leat_pkt *pkt)
{
	assert_int_equal(leat_tx(leat_port_txq(n->port, 0), &pkt, 1), 1);
}

static uint32_t cmd(struct nic *n, unsigned int i)
{
	return leat_le32_to_cpu(nic_txd(n, 0, i)->cmd);
}

static uint32_t status(struct nic *n, unsigned int i)
{
	return leat_le32_to_cpu(nic_txd(n, 0, i)->status);
}

static struct igb_txc context(struct nic *n, unsigned int i)
{
	struct igb_txc c;

	memcpy(&c, nic_txd(n, 0, i), sizeof(c));
	return c;
}

static uint32_t tail(struct nic *n)
{
	return n->reg[IGB_QUEUE(IGB_TDT, 0) / 4];
}

static void plain_packets_take_a_descriptor(void **state)
{
	struct nic *n = *state;
	struct leat_pkt *pkts[BURST];
	unsigned int before;

	assert_int_equal(nic_open(n, NULL), 0);
	before = nic_writes(n, IGB_QUEUE(IGB_TDT, 0));
	for (unsigned int i = 0; i < BURST; i++)
		pkts[i] = packet(n, (uint16_t)(60 + i));
	assert_int_equal(leat_tx(leat_port_txq(n->port, 0), pkts, BURST), BURST);
	assert_int_equal(nic_writes(n, IGB_QUEUE(IGB_TDT, 0)), before + 1);
	assert_int_equal(tail(n), BURST);
	assert_int_equal(cmd(n, 0), 0x23300000 | 60);
	assert_int_equal(status(n, 0), 60 << 14);
	assert_int_equal(cmd(n, 7), 0x2b300000 | 67);	/* the last reports */
	nic_send(n, 0);
	assert_int_equal(leat_tx(leat_port_txq(n->port, 0), NULL, 0), 0);
}

static void a_context_is_sent_when_it_is_another(void **state)
{
	struct nic *n = *state;
	struct igb_txc c;

	assert_int_equal(nic_open(n, NULL), 0);
	send(n, ip_packet(n, false, 6, 16));
	send(n, ip_packet(n, false, 6, 16));
	assert_int_equal(tail(n), 3);		/* context, data; data */
	c = context(n, 0);
	assert_int_equal(leat_le32_to_cpu(c.lens), 14 << 9 | 20);
	assert_int_equal(leat_le32_to_cpu(c.cmd), 0x20200000 | 1 << 10 | 1 << 11);
	assert_int_equal(leat_le32_to_cpu(c.mss), 0);
	assert_int_equal(status(n, 1), 120 << 14 | INTEL_TXD_TXSM);
	assert_int_equal(status(n, 2), 120 << 14 | INTEL_TXD_TXSM);
	send(n, ip_packet(n, true, 17, 6));
	c = context(n, 3);
	assert_int_equal(leat_le32_to_cpu(c.lens), 14 << 9 | 40);
	assert_int_equal(leat_le32_to_cpu(c.cmd), 0x20200000);
	send(n, ip_packet(n, false, 132, 8));
	c = context(n, 5);
	assert_int_equal(leat_le32_to_cpu(c.cmd), 0x20200000 | 1 << 10 | 2 << 11);
	assert_int_equal(tail(n), 7);
}

/* Options of TCP with another offset, padding behind the packet: software's work. */
static void what_the_device_would_sum_otherwise_is_summed_here(void **state)
{
	struct nic *n = *state;
	struct leat_pkt *pkt;

	assert_int_equal(nic_open(n, NULL), 0);
	send(n, ip_packet(n, false, 6, 6));
	assert_int_equal(status(n, 0), 120 << 14);
	pkt = ip_packet(n, false, 17, 6);
	((uint8_t *)leat_pkt_data(pkt))[17] = 60;
	send(n, pkt);
	assert_int_equal(status(n, 1), 120 << 14);
	pkt = ip_packet(n, false, 132, 8);
	pkt->flags &= ~LEAT_PKT_CSUM_CRC32C;
	send(n, pkt);
	assert_int_equal(status(n, 2), 120 << 14);
	pkt = ip_packet(n, false, 6, 16);
	pkt->csum_start = 200;			/* beyond its end: nobody can */
	send(n, pkt);
	assert_int_equal(leat_port_txq(n->port, 0)->errors, 1);
	assert_int_equal(tail(n), 3);
}

static void tcp_is_cut_with_a_context_of_its_own(void **state)
{
	struct nic *n = *state;
	struct leat_pkt *pkt;
	struct igb_txc c;

	assert_int_equal(nic_open(n, NULL), 0);
	send(n, ip_packet(n, false, 6, 16));	/* context 0, data */
	for (unsigned int i = 0; i < 2; i++) {
		pkt = ip_packet(n, false, 6, 16);
		((uint8_t *)leat_pkt_data(pkt))[34 + 12] = 5 << 4;
		pkt->flags |= LEAT_PKT_TSO;
		pkt->gso_size = 30;
		send(n, pkt);
	}
	c = context(n, 2);
	assert_int_equal(leat_le32_to_cpu(c.mss), 30 << 16 | 20 << 8 | IGB_TXC_INDEX);
	assert_int_equal(cmd(n, 3) & ~INTEL_TXD_RS, 0xa3300000 | 120);
	assert_int_equal(status(n, 3), (120 - 54) << 14 | INTEL_TXD_TXSM | INTEL_TXD_IXSM | IGB_TXD_INDEX);
	send(n, ip_packet(n, false, 6, 16));	/* context 0 is still there */
	assert_int_equal(tail(n), 6);
	assert_int_equal(status(n, 5), 120 << 14 | INTEL_TXD_TXSM);
}

static void tags_are_in_the_context(void **state)
{
	struct nic *n = *state;
	struct leat_pkt *pkt;

	assert_int_equal(nic_open(n, NULL), 0);
	for (uint16_t vlan = 5; vlan < 7; vlan++) {
		pkt = packet(n, 60);
		pkt->flags = LEAT_PKT_VLAN;
		pkt->vlan = vlan;
		send(n, pkt);
	}
	assert_int_equal(tail(n), 4);
	assert_int_equal(leat_le32_to_cpu(context(n, 0).lens) >> 16, 5);
	assert_int_equal(cmd(n, 1) & INTEL_TXD_VLE, INTEL_TXD_VLE);
	assert_int_equal(leat_le32_to_cpu(context(n, 2).lens) >> 16, 6);
}

static void segments_follow_each_other(void **state)
{
	struct nic *n = *state;
	struct leat_pkt *pkt;

	assert_int_equal(nic_open(n, NULL), 0);
	pkt = packet(n, 100);
	assert_int_equal(leat_pkt_chain(pkt, packet(n, 200)), 0);
	send(n, pkt);
	assert_int_equal(tail(n), 2);
	assert_int_equal(cmd(n, 0), 0x22300000 | 100);
	assert_int_equal(cmd(n, 1), 0x2b300000 | 200);
	assert_int_equal(status(n, 0), 300 << 14);
	pkt = packet(n, 13);
	send(n, pkt);				/* no frame */
	pkt = packet(n, 1519);
	send(n, pkt);				/* longer than the MTU */
	assert_int_equal(leat_port_txq(n->port, 0)->errors, 2);
}

static void a_full_ring_takes_no_more(void **state)
{
	const struct leat_port_config cfg = { .tx_desc = 32 };
	struct nic *n = *state;
	struct leat_txq *q;
	struct leat_pkt *pkt;
	unsigned int i;

	assert_int_equal(nic_open(n, &cfg), 0);
	q = leat_port_txq(n->port, 0);
	for (i = 0; i < 31; i++)
		send(n, packet(n, 60));
	pkt = packet(n, 60);
	assert_int_equal(leat_tx(q, &pkt, 1), 0);
	nic_send(n, 0);
	assert_int_equal(leat_tx(q, &pkt, 1), 1);
	for (i = 0; i < 500; i++) {
		nic_send(n, 0);
		send(n, packet(n, 60));
	}
	assert_int_equal(q->errors, 0);
	assert_int_equal(q->packets, 532);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, nic_setup, nic_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(frames_arrive_with_what_the_device_knows),
		TEST(a_frame_over_three_buffers_is_one_packet),
		TEST(long_frames_are_made_up_for_at_once),
		TEST(what_fresh_buffers_bring_at_once_is_of_the_same_burst),
		TEST(a_full_burst_leaves_the_doorbell_to_the_next),
		TEST(broken_frames_are_dropped_and_counted),
		TEST(buffers_are_refilled),
		TEST(a_length_beyond_the_buffer_stops_the_queue),
		TEST(a_lie_in_the_middle_of_a_frame_stops_the_queue),
		TEST(a_lie_behind_a_frame_is_told_once),
		TEST(a_frame_without_end_stops_the_queue),
		TEST(plain_packets_take_a_descriptor),
		TEST(a_context_is_sent_when_it_is_another),
		TEST(what_the_device_would_sum_otherwise_is_summed_here),
		TEST(tcp_is_cut_with_a_context_of_its_own),
		TEST(tags_are_in_the_context),
		TEST(segments_follow_each_other),
		TEST(a_full_ring_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
