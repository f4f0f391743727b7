// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_rx.c - what the driver makes of descriptors written back, honest or not.
 */
#include "driver_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define DD  INTEL_RXD_DD
#define EOP (INTEL_RXD_DD | INTEL_RXD_EOP)

static uint16_t take(struct nic *r, struct leat_pkt **pkts, uint16_t n)
{
	return leat_rx(leat_port_rxq(r->port, 0), pkts, n);
}

static uint32_t tail(struct nic *r)
{
	return *nic_reg(r, E1000E_RDT);
}

static void frames_come_in_order_and_buffers_go_back(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *pkts[8];

	rig_open(r, NULL);
	assert_int_equal(tail(r), 24);			/* of 32, in handfuls of 8 */
	assert_int_equal(take(r, pkts, 8), 0);
	for (unsigned int round = 0; round < 100; round++) {
		unsigned int at = round * 3;

		for (unsigned int i = 0; i < 3; i++)
			rig_receive(r, (at + i) % 32, (uint8_t)(at + i), (uint16_t)(60 + i), EOP);
		assert_int_equal(take(r, pkts, 8), 3);
		for (unsigned int i = 0; i < 3; i++) {
			assert_int_equal(pkts[i]->total, 60 + i);
			assert_int_equal(((uint8_t *)leat_pkt_data(pkts[i]))[59], (uint8_t)(at + i));
			assert_int_equal(pkts[i]->flags, 0);
		}
		leat_pkt_free(pkts, 3);
	}
	assert_int_equal(leat_port_rxq(r->port, 0)->packets, 300);
}

static void the_tail_never_meets_the_head(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *pkts[32];

	rig_open(r, NULL);
	for (unsigned int i = 0; i < 24; i++)
		rig_receive(r, i, 1, 60, EOP);
	assert_int_equal(take(r, pkts, 32), 24);
	assert_int_equal(take(r, pkts + 24, 8), 0);
	assert_int_equal((tail(r) - 24) % 32, 24);	/* head is 24 now: 24 more, not 32 */
	leat_pkt_free(pkts, 24);
}

static void frames_lie_over_several_buffers(void **state)
{
	const struct leat_port_config cfg = { .mtu = 9000 };
	struct nic *r = *state;
	struct leat_pkt *pkt;
	uint8_t byte;

	rig_open(r, &cfg);
	rig_receive(r, 0, 1, 2048, DD);
	rig_receive(r, 1, 2, 2048, DD);
	assert_int_equal(take(r, &pkt, 1), 0);		/* its end is not there yet */
	rig_receive(r, 2, 3, 100, EOP);
	assert_int_equal(take(r, &pkt, 1), 1);
	assert_int_equal(pkt->nsegs, 3);
	assert_int_equal(pkt->total, 4196);
	assert_int_equal(leat_pkt_read(pkt, 4195, &byte, 1), 1);
	assert_int_equal(byte, 3);
	leat_pkt_free(&pkt, 1);
}

static void bad_frames_are_counted_and_dropped(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *pkt;

	rig_open(r, NULL);
	rig_receive(r, 0, 1, 60, EOP | E1000E_RXD_CE);
	rig_receive(r, 1, 1, 60, EOP | INTEL_RXD_RXE);
	rig_receive(r, 2, 1, 13, EOP);			/* less than a header */
	rig_receive(r, 3, 1, 0, EOP);
	rig_receive(r, 4, 1, 2048, DD);			/* an error in the last of two */
	rig_receive(r, 5, 1, 60, EOP | E1000E_RXD_SE);
	rig_receive(r, 6, 9, 60, EOP);
	assert_int_equal(take(r, &pkt, 1), 1);
	assert_int_equal(((uint8_t *)leat_pkt_data(pkt))[0], 9);
	assert_int_equal(leat_port_rxq(r->port, 0)->errors, 5);
	leat_pkt_free(&pkt, 1);
}

static void more_than_the_buffer_holds_breaks_the_queue(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *pkt;

	rig_open(r, NULL);
	rig_receive(r, 0, 1, 2049, EOP);
	assert_int_equal(take(r, &pkt, 1), 0);
	assert_non_null(strstr(r->last, "more than fits (2049)"));
	rig_receive(r, 1, 1, 60, EOP);
	assert_int_equal(take(r, &pkt, 1), 0);
	leat_ctx_poll(r->ctx);
	assert_int_equal(r->events[LEAT_EVENT_ERROR], 1);
	leat_port_stop(r->port);
	assert_int_equal(leat_port_start(r->port), 0);
	rig_receive(r, 0, 1, 60, EOP);
	assert_int_equal(take(r, &pkt, 1), 1);
	leat_pkt_free(&pkt, 1);
}

static void a_later_buffer_may_lie_too(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *pkt;

	rig_open(r, NULL);
	rig_receive(r, 0, 1, 2048, DD);
	rig_receive(r, 1, 1, 65535, EOP);
	assert_int_equal(take(r, &pkt, 1), 0);
	assert_non_null(strstr(r->last, "more than fits (65535)"));
}

static void a_frame_without_an_end_breaks_the_queue(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *pkt;

	rig_open(r, NULL);
	for (unsigned int i = 0; i < 24; i++)
		rig_receive(r, i, 1, 2048, DD);
	assert_int_equal(take(r, &pkt, 1), 0);
	for (unsigned int i = 24; i < 31 && i < tail(r); i++)
		rig_receive(r, i, 1, 2048, DD);
	assert_int_equal(take(r, &pkt, 1), 0);
	assert_non_null(strstr(r->last, "has no end"));
	assert_int_equal(r->errors, 1);
}

/* ---- what is told of a frame ---- */

static uint32_t flags_of(struct nic *r, unsigned int i, uint32_t status, struct leat_pkt *out)
{
	struct leat_pkt *pkt;

	rig_receive(r, i, 1, 60, EOP | status);
	rig_rxd(r, 0, i)->done.vlan = leat_cpu_to_le16(0x6123);
	rig_rxd(r, 0, i)->done.hash = leat_cpu_to_le32(0x51ccc178);
	rig_rxd(r, 0, i)->done.info = leat_cpu_to_le32(i % 2);
	assert_int_equal(take(r, &pkt, 1), 1);
	*out = *pkt;
	leat_pkt_free(&pkt, 1);
	return out->flags;
}

static void sums_are_told(void **state)
{
	static const struct { uint32_t status, want; } cases[] = {
		{ 0, 0 }, { INTEL_RXD_IPCS, 0 },
		{ INTEL_RXD_L4CS, LEAT_PKT_CSUM_GOOD },
		{ INTEL_RXD_L4CS | INTEL_RXD_IPCS | INTEL_RXD_UDPCS, LEAT_PKT_CSUM_GOOD },
		{ INTEL_RXD_L4CS | E1000E_RXD_IXSM, 0 },
		{ INTEL_RXD_L4CS | INTEL_RXD_L4E, LEAT_PKT_CSUM_BAD },
		{ INTEL_RXD_L4CS | INTEL_RXD_IPCS | INTEL_RXD_IPE, LEAT_PKT_CSUM_BAD },
		{ INTEL_RXD_IPCS | INTEL_RXD_IPE, LEAT_PKT_CSUM_BAD },
		{ INTEL_RXD_IPCS | INTEL_RXD_IPE | E1000E_RXD_IXSM, 0 },
	};
	struct nic *r = *state;
	struct leat_pkt pkt;

	rig_open(r, NULL);
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(cases); i++)
		assert_int_equal(flags_of(r, i, cases[i].status, &pkt), cases[i].want);
}

static void hashes_and_tags_are_told(void **state)
{
	const struct leat_port_config cfg = {
		.rxqs = 2, .offloads = LEAT_CAP_RX_VLAN | LEAT_CAP_RX_HASH,
	};
	struct nic *r = *state;
	struct leat_pkt pkt;

	rig_open(r, &cfg);
	assert_int_equal(flags_of(r, 0, 0, &pkt), 0);
	assert_int_equal(flags_of(r, 1, 0, &pkt), LEAT_PKT_HASH);
	assert_int_equal(pkt.hash, 0x51ccc178);
	assert_int_equal(flags_of(r, 2, INTEL_RXD_VP, &pkt), LEAT_PKT_VLAN);
	assert_int_equal(pkt.vlan, 0x6123);
	/* Nobody asked for sums. */
	assert_int_equal(flags_of(r, 3, INTEL_RXD_L4CS, &pkt), LEAT_PKT_HASH);
}

static void nothing_is_told_unasked(void **state)
{
	const struct leat_port_config cfg = { .offloads = LEAT_OFFLOADS_NONE };
	struct nic *r = *state;
	struct leat_pkt pkt;

	rig_open(r, &cfg);
	assert_int_equal(flags_of(r, 0, 0, &pkt), 0);
	assert_int_equal(flags_of(r, 1, INTEL_RXD_VP | INTEL_RXD_L4CS, &pkt), 0);
}

static void an_empty_pool_is_no_end(void **state)
{
	struct leat_pkt *all[512], *pkt;
	struct nic *r = *state;
	unsigned int n = 0;

	rig_open(r, NULL);
	while (leat_pkt_alloc(leat_port_txq(r->port, 0)->cache, &all[n], 1))
		n++;
	for (unsigned int i = 0; i < 24; i++) {
		rig_receive(r, i, 1, 60, EOP);
		assert_int_equal(take(r, &pkt, 1), 1);
		all[n++] = pkt;
	}
	assert_int_equal(take(r, &pkt, 1), 0);
	assert_true(leat_port_rxq(r->port, 0)->nobuf > 0);
	leat_pkt_free(all, (uint16_t)n);
	assert_int_equal(take(r, &pkt, 1), 0);
	rig_receive(r, tail(r) - 1, 1, 60, EOP);
	assert_int_not_equal(tail(r), 24);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, nic_teardown)
	const struct CMUnitTest tests[] = {
		TEST(frames_come_in_order_and_buffers_go_back),
		TEST(the_tail_never_meets_the_head),
		TEST(frames_lie_over_several_buffers),
		TEST(bad_frames_are_counted_and_dropped),
		TEST(more_than_the_buffer_holds_breaks_the_queue),
		TEST(a_later_buffer_may_lie_too),
		TEST(a_frame_without_an_end_breaks_the_queue),
		TEST(sums_are_told),
		TEST(hashes_and_tags_are_told),
		TEST(nothing_is_told_unasked),
		TEST(an_empty_pool_is_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
