// SPDX-License-Identifier: BSD-3-Clause
/*
 * modes.c - what each mode does to packets. The stream is at one end of a ring, the test
 * at the other.
 */
#include "apps/perf/gen.h"
#include "apps/perf/net.h"
#include "apps/perf/perf.h"

#include "frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT 512
#define SLOTS 64	/* of the ring */

static const uint8_t mine[6] = { 2, 0, 0, 0, 0, 0x77 }, theirs[6] = { 2, 0, 0, 0, 0, 0x99 };

static struct leat_ctx *ctx;
static struct leat_pool *pool;
static struct leat_port *near, *far;	/* the test's end, the stream's */
static struct stream s;

static int setup(void **state)
{
	struct leat_ctx_config cfg = { .page_size = 4096, .drivers = leat_drivers };
	const struct leat_pool_config small = { .count = COUNT };
	struct leat_port_config port = { .rx_desc = SLOTS, .tx_desc = SLOTS };

	(void)state;
	if (leat_ctx_open(&cfg, &ctx) || leat_pool_create(ctx, &small, &pool))
		return -1;
	port.pool = pool;
	if (leat_port_open(ctx, "ring:x", &port, &near) || leat_port_open(ctx, "ring:x", &port, &far))
		return -1;
	memset(&s, 0, sizeof(s));
	s.rx = leat_port_rxq(far, 0);
	s.tx = leat_port_txq(far, 0);
	s.cache = s.rx->cache;
	s.burst = 32;
	memcpy(s.mac, mine, 6);
	memcpy(s.peer, theirs, 6);
	return 0;
}

/* Every packet is home again. */
static int teardown(void **state)
{
	unsigned int home;

	(void)state;
	leat_pkt_free(s.pkts + s.first, s.held);
	gen_drain(&s);
	free(s.gen);
	leat_port_close(near);
	leat_port_close(far);
	home = leat_pool_available(pool);
	leat_ctx_close(ctx);
	return home != COUNT;
}

static struct leat_pkt *packet(const uint8_t *frame, size_t len)
{
	struct leat_pkt *pkt;

	assert_int_equal(leat_pkt_alloc(leat_port_txq(near, 0)->cache, &pkt, 1), 1);
	memcpy(leat_pkt_append(pkt, (uint16_t)len), frame, len);
	return pkt;
}

static void give(const uint8_t *frame, size_t len)
{
	struct leat_pkt *pkt = packet(frame, len);

	assert_int_equal(leat_tx(leat_port_txq(near, 0), &pkt, 1), 1);
}

/* What comes back: its length, and it at @out; 0: nothing. */
static size_t take(uint8_t *out)
{
	struct leat_pkt *pkt;
	size_t len;

	if (!leat_rx(leat_port_rxq(near, 0), &pkt, 1))
		return 0;
	len = leat_pkt_read(pkt, 0, out, 2000);
	assert_int_equal(len, pkt->total);
	leat_pkt_free(&pkt, 1);
	return len;
}

/* Through a mode and back; its length. */
static size_t through(const char *name, const uint8_t *frame, size_t len, uint8_t *out)
{
	const struct mode *mode = mode_find(name);

	assert_non_null(mode);
	assert_false(mode->run(&s));
	give(frame, len);
	assert_true(mode->run(&s));
	return take(out);
}

static void forwards(void **state)
{
	uint8_t frame[100], out[2000], want[100];
	size_t len = frame_make(frame, 4, PROTO_UDP, 0, 30);

	(void)state;
	assert_int_equal(through("io", frame, len, out), len);
	assert_memory_equal(out, frame, len);

	memcpy(want, frame, len);
	memcpy(want, theirs, 6);
	memcpy(want + 6, mine, 6);
	assert_int_equal(through("mac", frame, len, out), len);
	assert_memory_equal(out, want, len);

	memcpy(want, frame + 6, 6);
	memcpy(want + 6, frame, 6);
	assert_int_equal(through("macswap", frame, len, out), len);
	assert_memory_equal(out, want, len);

	assert_int_equal(through("rxonly", frame, len, out), 0);
	assert_null(mode_find("iot"));
}

/* What a full ring does not take is dropped and counted, or kept and sent later, in order. */
static void meets_a_full_ring(void **state)
{
	const struct mode *io = mode_find("io");
	uint8_t frame[64] = { 0 }, out[2000];
	struct leat_stats stats;

	(void)state;
	for (s.retry = false;; s.retry = true) {
		for (unsigned int i = 0; i < 3 * 32; i++) {
			frame[20] = (uint8_t)i;
			give(frame, sizeof(frame));
			if (i % 32 == 31)
				assert_true(io->run(&s));
		}
		for (unsigned int i = 0; i < SLOTS; i++) {
			assert_int_equal(take(out), sizeof(frame));
			assert_int_equal(out[20], i);
		}
		leat_port_stats(far, &stats);
		assert_int_equal(stats.tx_drop_full, 32);
		assert_int_equal(s.held, s.retry ? 32 : 0);
		if (s.retry)
			break;
	}
	give(frame, sizeof(frame));
	assert_true(io->run(&s));		/* no room to receive: it sends what it held */
	assert_int_equal(s.held, 0);
	for (unsigned int i = 0; i < 32; i++)
		assert_true(take(out) && out[20] == SLOTS + i);
	assert_true(io->run(&s) && take(out));
}

static void swaps_tuples(void **state)
{
	static const uint8_t protos[] = { PROTO_UDP, PROTO_TCP, PROTO_ICMP };
	uint8_t frame[200], out[2000];

	(void)state;
	for (unsigned int i = 0; i < 3 * 4; i++) {
		uint8_t proto = protos[i % 3];
		int version = i / 3 % 2 ? 6 : 4, vlan = i / 6 % 2;
		unsigned int l3 = (unsigned int)frame_l3(vlan), l4 = (unsigned int)frame_l4(version, vlan);
		size_t len = frame_make(frame, version, proto, vlan, 25), addr = version == 4 ? 4 : 16;
		size_t src = l3 + (version == 4 ? IP4_SRC : IP6_SRC);

		assert_int_equal(through("5tswap", frame, len, out), len);
		assert_memory_equal(out, frame + 6, 6);
		assert_memory_equal(out + 6, frame, 6);
		assert_memory_equal(out + 12, frame + 12, src - 12);
		assert_memory_equal(out + src, frame + src + addr, addr);
		assert_memory_equal(out + src + addr, frame + src, addr);
		assert_int_equal(net_get16(out + l4), proto == PROTO_ICMP ? 1000 : 2000);
		assert_int_equal(net_get16(out + l4 + 2), proto == PROTO_ICMP ? 2000 : 1000);
		assert_memory_equal(out + l4 + 4, frame + l4 + 4, len - l4 - 4);
	}
	memset(frame, 0x5a, sizeof(frame));
	assert_int_equal(through("5tswap", frame, 9, out), 9);		/* no frame: as it is */
	assert_memory_equal(out, frame, 9);
}

static size_t make_arp(uint8_t *frame)
{
	static const uint8_t arp[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0xb, 0x08, 0x06,
		0, 1, 0x08, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 0xb, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2,
	};

	memcpy(frame, arp, sizeof(arp));
	return sizeof(arp);
}

static void answers_arp(void **state)
{
	static const uint8_t want[] = {
		2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0x77, 0x08, 0x06,
		0, 1, 0x08, 0, 6, 4, 0, 2, 2, 0, 0, 0, 0, 0x77, 10, 0, 0, 2, 2, 0, 0, 0, 0, 0xb, 10, 0, 0, 1,
	};
	uint8_t frame[100], out[2000];
	size_t len = make_arp(frame);

	(void)state;
	assert_int_equal(through("icmpecho", frame, len, out), len);
	assert_memory_equal(out, want, len);
	assert_int_equal(through("icmpecho", want, len, out), 0);	/* an answer */
	assert_int_equal(through("icmpecho", frame, len - 1, out), 0);
	frame[18] = 8;							/* no MAC address */
	assert_int_equal(through("icmpecho", frame, len, out), 0);
}

static void answers_ping(void **state)
{
	uint8_t frame[200], out[2000];
	size_t len = frame_make(frame, 4, PROTO_ICMP, 1, 57), l4 = frame_l4(4, 1), l3 = frame_l3(1);

	(void)state;
	frame[l4] = 8;
	frame[l4 + 1] = 0;
	net_put16(frame + l4 + 2, 0);
	net_put16(frame + l4 + 2, (uint16_t)~net_fold(net_sum(frame + l4, (uint32_t)(len - l4), 0)));
	assert_int_equal(through("icmpecho", frame, len, out), len);
	assert_memory_equal(out, frame + 6, 6);
	assert_memory_equal(out + 6, mine, 6);
	assert_memory_equal(out + l3 + IP4_SRC, frame + l3 + IP4_DST, 4);
	assert_memory_equal(out + l3 + IP4_DST, frame + l3 + IP4_SRC, 4);
	assert_int_equal(out[l4], 0);
	assert_int_equal(net_fold(net_sum(out + l4, (uint32_t)(len - l4), 0)), 0xffff);
	assert_memory_equal(out + l4 + 4, frame + l4 + 4, len - l4 - 4);

	assert_int_equal(through("icmpecho", out, len, out), 0);	/* an answer */
	frame[l3 + IP4_DST] = 224;					/* to many */
	assert_int_equal(through("icmpecho", frame, len, out), 0);
	len = frame_make(frame, 4, PROTO_UDP, 0, 57);
	assert_int_equal(through("icmpecho", frame, len, out), 0);
	len = frame_make(frame, 6, PROTO_ICMP, 0, 57);
	assert_int_equal(through("icmpecho", frame, len, out), 0);
}

static void sums_in_software(void **state)
{
	uint8_t frame[200], out[2000];

	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		int version = i & 1 ? 6 : 4, vlan = i >> 1 & 1;
		uint8_t proto = i & 4 ? PROTO_TCP : PROTO_UDP;
		size_t len = frame_make(frame, version, proto, vlan, 31 + i), l4 = frame_l4(version, vlan);

		memset(frame + l4 + (proto == PROTO_TCP ? TCP_CSUM : UDP_CSUM), 0x11, 2);
		memset(frame + len, 0xee, 5);		/* padding, not summed: it goes */
		assert_int_equal(through("csum", frame, len + 5, out), len);
		assert_true(version == 6 || frame_ip4_good(out, vlan));
		assert_true(frame_l4_good(out, len, version, proto, vlan));
	}
}

static void leaves_alone_what_has_no_sum(void **state)
{
	uint8_t frame[200], out[2000];
	size_t len = frame_make(frame, 4, PROTO_UDP, 0, 20), l4 = frame_l4(4, 0);

	(void)state;
	assert_int_equal(through("csum", frame, len, out), len);	/* UDP without */
	assert_true(frame_ip4_good(out, 0));
	assert_memory_equal(out + l4, frame + l4, len - l4);
	len = frame_make(frame, 4, PROTO_TCP, 0, 20);
	frame[14 + IP4_FRAG] = 0x20;
	assert_int_equal(through("csum", frame, len, out), len);
	assert_true(frame_ip4_good(out, 0));
	assert_memory_equal(out + l4, frame + l4, len - l4);
	len = frame_make(frame, 0, PROTO_TCP, 0, 20);
	assert_int_equal(through("csum", frame, len, out), len);
	assert_memory_equal(out, frame, len);
}

/* CRC32c of "123456789" is e3069283 (RFC 3720, B.4, gives the polynomial; the check value is well known). */
static void sums_sctp(void **state)
{
	uint8_t frame[200], out[2000];
	size_t len = frame_make(frame, 4, PROTO_SCTP, 0, 20), l4 = frame_l4(4, 0);
	uint32_t crc = UINT32_MAX, got;

	(void)state;
	for (size_t i = l4; i < len; i++) {
		crc ^= frame[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	frame[l4 + SCTP_CSUM] = 0x55;
	assert_int_equal(through("csum", frame, len, out), len);
	memcpy(&got, out + l4 + SCTP_CSUM, 4);
	assert_int_equal(LEAT_SWAP32(got), ~crc);
}

/* The device is asked, as pkt.h says. */
static void leaves_sums_to_the_device(void **state)
{
	uint8_t frame[200];
	size_t len = frame_make(frame, 4, PROTO_TCP, 0, 20);
	struct leat_pkt *pkt;

	(void)state;
	s.csum_hw = true;
	give(frame, len);
	assert_true(mode_find("csum")->run(&s));
	assert_int_equal(leat_rx(leat_port_rxq(near, 0), &pkt, 1), 1);
	assert_true(pkt->flags & LEAT_PKT_CSUM_PARTIAL);
	assert_int_equal(pkt->csum_start, 34);
	assert_int_equal(pkt->csum_off, TCP_CSUM);
	assert_int_equal(leat_pkt_csum_finish(pkt), 0);
	assert_true(frame_l4_good(leat_pkt_data(pkt), len, 4, PROTO_TCP, 0));
	leat_pkt_free(&pkt, 1);
	len = frame_make(frame, 4, PROTO_SCTP, 0, 20);		/* which this one cannot */
	give(frame, len);
	assert_true(mode_find("csum")->run(&s));
	assert_int_equal(leat_rx(leat_port_rxq(near, 0), &pkt, 1), 1);
	assert_false(pkt->flags);
	leat_pkt_free(&pkt, 1);
}

/* ---- packets made ---- */

static void generate(struct options *opt, bool flow_mode)
{
	s.gen = gen_create(opt, &s, pool, flow_mode);
	assert_non_null(s.gen);
}

static void check_made(const uint8_t *out, size_t len, const uint8_t src[4], const uint8_t dst[4])
{
	assert_memory_equal(out, theirs, 6);
	assert_memory_equal(out + 6, mine, 6);
	assert_true(frame_ip4_good(out, 0));
	assert_memory_equal(out + 14 + IP4_SRC, src, 4);
	assert_memory_equal(out + 14 + IP4_DST, dst, 4);
	assert_int_equal(net_get16(out + 14 + IP4_TOTAL), len - 14);
	assert_int_equal(net_get16(out + 34 + UDP_TOTAL), len - 34);
	for (size_t i = GEN_FRAME_MIN; i < len; i++)
		assert_int_equal(out[i], i & 0xff);
}

static void makes_frames(void **state)
{
	static const uint8_t src[4] = { 198, 18, 0, 1 }, dst[4] = { 198, 18, 0, 2 };
	const struct mode *txonly = mode_find("txonly");
	struct options opt = { .seg = { 64 }, .nsegs = 1 };
	uint8_t out[2000];

	(void)state;
	for (opt.seg[0] = 42; opt.seg[0] < 1519; opt.seg[0] = (uint16_t)(opt.seg[0] + 211)) {
		generate(&opt, false);
		assert_true(txonly->run(&s));
		for (unsigned int i = 0; i < 32; i++) {
			assert_int_equal(take(out), opt.seg[0]);
			check_made(out, opt.seg[0], src, dst);
		}
		free(s.gen);
		s.gen = NULL;
	}
}

/* A full ring: no frame is made in vain. */
static void makes_no_frame_twice(void **state)
{
	const struct mode *txonly = mode_find("txonly");
	struct options opt = { .seg = { 64 }, .nsegs = 1 };
	struct leat_stats stats;
	uint8_t out[2000];

	(void)state;
	generate(&opt, false);
	s.burst = 24;
	assert_true(txonly->run(&s) && txonly->run(&s) && txonly->run(&s));
	assert_int_equal(s.held, 8);
	assert_false(txonly->run(&s));		/* nothing moved: no work */
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(take(out), 64);
	assert_true(txonly->run(&s));
	assert_int_equal(s.held, 0);
	leat_port_stats(far, &stats);
	assert_true(stats.tx_packets == 72 && !stats.tx_drop_full);
}

static void makes_flows(void **state)
{
	struct options opt = { .seg = { 64 }, .nsegs = 1, .multi_flow = true, .flows = 300 };
	uint8_t src[4] = { 198, 18, 0, 1 }, dst[4] = { 198, 18, 0, 2 }, out[2000];

	(void)state;
	generate(&opt, false);
	for (unsigned int i = 0; i < 320; i++) {
		if (i % 32 == 0)
			assert_true(mode_find("txonly")->run(&s));
		src[2] = (uint8_t)i;
		assert_int_equal(take(out), 64);
		check_made(out, 64, src, dst);
	}
	free(s.gen);
	generate(&opt, true);
	for (unsigned int i = 0; i < 320; i++) {
		if (i % 32 == 0)
			give(out, 60);
		if (i % 32 == 0)
			assert_true(mode_find("flowgen")->run(&s));
		assert_int_equal(take(out), 64);
		assert_int_equal(net_get16(out + 14 + IP4_DST + 2), i % 300);
		assert_true(frame_ip4_good(out, 0));
	}
}

static void makes_segments(void **state)
{
	static const uint8_t src[4] = { 198, 18, 0, 1 }, dst[4] = { 198, 18, 0, 2 };
	struct options opt = { .seg = { 42, 1, 57 }, .nsegs = 3 };
	struct leat_pkt *pkts[32];
	uint8_t out[100];

	(void)state;
	generate(&opt, false);
	assert_true(mode_find("txonly")->run(&s));
	assert_int_equal(leat_rx(leat_port_rxq(near, 0), pkts, 32), 32);
	for (unsigned int i = 0; i < 32; i++) {
		assert_true(pkts[i]->nsegs == 3 && pkts[i]->len == 42 && pkts[i]->next->len == 1);
		assert_int_equal(leat_pkt_read(pkts[i], 0, out, 100), 100);
		check_made(out, 100, src, dst);
	}
	assert_true(mode_find("txonly")->run(&s));
	leat_pkt_free(pkts, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(forwards, setup, teardown),
		cmocka_unit_test_setup_teardown(meets_a_full_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(swaps_tuples, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_arp, setup, teardown),
		cmocka_unit_test_setup_teardown(answers_ping, setup, teardown),
		cmocka_unit_test_setup_teardown(sums_in_software, setup, teardown),
		cmocka_unit_test_setup_teardown(leaves_alone_what_has_no_sum, setup, teardown),
		cmocka_unit_test_setup_teardown(sums_sctp, setup, teardown),
		cmocka_unit_test_setup_teardown(leaves_sums_to_the_device, setup, teardown),
		cmocka_unit_test_setup_teardown(makes_frames, setup, teardown),
		cmocka_unit_test_setup_teardown(makes_no_frame_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(makes_flows, setup, teardown),
		cmocka_unit_test_setup_teardown(makes_segments, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
