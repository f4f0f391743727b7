// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rx.c - frames from the wire to a driver, in every shape of buffer.
 */
#include "model_rig.h"

#include <leat/bits.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint32_t sizes[] = { 14, 15, 16, 17, 31, 32, 33, 60, 64, 127, 128, 129, 1514, 1518 };

static struct virtio_net_hdr header_at(struct rig *r, uint32_t at)
{
	struct virtio_net_hdr h;

	memcpy(&h, r->mem + at, sizeof(h));
	return h;
}

static void expect_header(struct rig *r, uint32_t at, uint8_t flags, uint16_t buffers)
{
	struct virtio_net_hdr h = header_at(r, at);

	assert_int_equal(h.flags, flags);
	assert_int_equal(h.gso_type, 0);
	assert_int_equal(leat_le16_to_cpu(h.num_buffers), buffers);
}

/* Nobody writes beside what a frame needs. */
static void expect_guard(struct rig *r, uint32_t at, uint32_t len)
{
	for (uint32_t i = 0; i < 8; i++) {
		assert_int_equal((unsigned char)r->mem[at - 1 - i], 0xa5);
		assert_int_equal((unsigned char)r->mem[at + len + i], 0xa5);
	}
}

/* Buffers of one shape: @cut 0 is one descriptor, else the length of the first. */
static void all_sizes(struct rig *r, uint32_t cut)
{
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(sizes); i++) {
		uint32_t at = rig_buf(r, 2000), id, len;
		struct rig_seg segs[2] = { { at, cut ? cut : 2000 }, { at + cut, 2000 - cut } };
		uint16_t head;

		memset(r->mem + at - 8, 0xa5, 2016);
		head = rig_add(r, RIG_RX, segs, cut ? 2 : 1);
		rig_run(r);
		assert_int_equal(rig_deliver(r, sizes[i], i), 1);
		assert_true(rig_used(r, RIG_RX, &id, &len));
		assert_int_equal(id, head);
		assert_int_equal(len, 12 + sizes[i]);
		expect_header(r, at, 0, 1);
		rig_check((unsigned char *)r->mem + at + 12, sizes[i], i);
		expect_guard(r, at, 2000);
		assert_int_equal((unsigned char)r->mem[at + 12 + sizes[i]], 0xa5);
	}
}

static void run_all_sizes(bool by_message, uint64_t features)
{
	struct rig r;

	rig_open(&r, NULL);
	r.by_message = by_message;
	rig_start(&r, features, 32);
	all_sizes(&r, 0);
	all_sizes(&r, 12);
	all_sizes(&r, 5);
	all_sizes(&r, 300);
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.mdev->stats.rx_frames, 4 * LEAT_ARRAY_LEN(sizes));
	rig_close(&r);
}

static void test_shapes(void **state)
{
	(void)state;
	run_all_sizes(false, RIG_ALL);
	run_all_sizes(false, VIRTIO_F_VERSION_1);
	run_all_sizes(true, RIG_ALL);
	run_all_sizes(true, VIRTIO_F_VERSION_1);
}

/*
 * A frame as the driver finds it: over its buffers in used order, which go back to the
 * ring. Returns its length.
 */
static uint32_t collect(struct rig *r, uint32_t *at_by_head, unsigned char *out)
{
	uint32_t total = 0, id, len, skip = 12, back[64], n = 0;
	uint16_t left = 1;

	while (left--) {
		assert_true(rig_used(r, RIG_RX, &id, &len));
		if (skip) {
			left = (uint16_t)(leat_le16_to_cpu(header_at(r, at_by_head[id]).num_buffers) - 1);
			assert_true(left < r->q[RIG_RX].size);
		}
		memcpy(out + total, r->mem + at_by_head[id] + skip, len - skip);
		total += len - skip;
		skip = 0;
		back[n++ % 64] = at_by_head[id];
	}
	assert_in_range(n, 1, 64);
	for (uint32_t i = 0; i < n; i++) {
		struct rig_seg seg = { back[i], 300 };

		at_by_head[rig_add(r, RIG_RX, &seg, 1)] = back[i];
	}
	return total;
}

/* Mergeable buffers of 300 bytes, frames of all lengths, the ring always refilled. */
static void mergeable(struct rig *r)
{
	static unsigned char frame[LEAT_FRAME_MAX];
	uint32_t at[64];

	for (unsigned int i = 0; i < 64; i++) {
		struct rig_seg seg = { rig_buf(r, 300), 300 };

		at[rig_add(r, RIG_RX, &seg, 1)] = seg.off;
	}
	for (unsigned int i = 0; i < 300; i++) {
		uint32_t len = 14 + rig_random(r, i % 3 ? 1000 : 9005), got;

		rig_run(r);
		assert_int_equal(rig_deliver(r, len, i), 1);
		got = collect(r, at, frame);
		assert_int_equal(got, len);
		rig_check(frame, len, i);
		assert_int_equal(rig_used_count(r, RIG_RX), 0);
	}
	assert_int_equal(r->mdev->stats.rx_dropped, 0);
}

static void test_mergeable(void **state)
{
	static const struct leat_model_opt opts[] = { { "mtu", "9000" }, { NULL, NULL } };

	(void)state;
	for (unsigned int way = 0; way < 3; way++) {	/* pointers, messages, a host that puts off */
		struct rig r;

		rig_open(&r, opts);
		print_message("seed 0x%llx\n", (unsigned long long)r.seed);
		r.by_message = way > 0;
		rig_start(&r, RIG_ALL, 64);
		r.busy = way == 2;
		mergeable(&r);
		assert_int_equal(r.put_off > 0, way == 2);
		assert_int_equal(r.errors, 0);
		rig_close(&r);
	}
}

static void add_one(struct rig *r, uint32_t *at_by_head)
{
	struct rig_seg seg = { rig_buf(r, 300), 300 };

	at_by_head[rig_add(r, RIG_RX, &seg, 1)] = seg.off;
	rig_run(r);
}

/* Too few buffers for a frame now: nothing consumed, nothing shown; later it fits. */
static void test_waits_for_buffers(void **state)
{
	static unsigned char frame[LEAT_FRAME_MAX];
	uint32_t at[64];
	struct rig r;

	(void)state;
	for (int by_message = 0; by_message < 2; by_message++) {
		rig_open(&r, NULL);
		r.by_message = by_message;
		rig_start(&r, RIG_ALL, 16);
		assert_int_equal(rig_deliver(&r, 60, 0), 0);
		assert_int_equal(r.mdev->stats.rx_refused, 1);
		for (unsigned int i = 0; i < 5; i++) {
			assert_int_equal(rig_deliver(&r, 1450, 9), 0);
			assert_int_equal(rig_used_count(&r, RIG_RX), 0);
			add_one(&r, at);
		}
		if (by_message) {	/* refused without a look until the driver adds one */
			unsigned int ops;

			assert_int_equal(rig_deliver(&r, 1500, 9), 0);
			ops = r.dma_ops;
			for (unsigned int i = 0; i < 20; i++)
				assert_int_equal(rig_deliver(&r, 1500, 9), 0);
			assert_int_equal(r.dma_ops, ops);
			add_one(&r, at);
		}
		assert_int_equal(rig_deliver(&r, 1450, 9), 1);
		assert_int_equal(collect(&r, at, frame), 1450);
		rig_check(frame, 1450, 9);
		assert_int_equal(r.mdev->stats.rx_dropped, 0);
		rig_close(&r);
	}
}

/* Longer than the buffers, the whole queue or the MTU can hold: dropped, counted, nothing used. */
static void test_too_long(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL & ~VIRTIO_NET_F_MRG_RXBUF, 16);
	for (unsigned int i = 0; i < 8; i++) {
		struct rig_seg seg = { rig_buf(&r, 300), 300 };

		rig_add(&r, RIG_RX, &seg, 1);
	}
	assert_int_equal(rig_deliver(&r, 289, 0), 1);
	assert_int_equal(r.mdev->stats.rx_dropped, 1);
	assert_int_equal(rig_used_count(&r, RIG_RX), 0);
	assert_int_equal(rig_deliver(&r, 288, 1), 1);
	assert_int_equal(rig_used_count(&r, RIG_RX), 1);

	rig_start(&r, RIG_ALL, 4);
	for (unsigned int i = 0; i < 4; i++) {
		struct rig_seg seg = { rig_buf(&r, 300), 300 };

		rig_add(&r, RIG_RX, &seg, 1);
	}
	assert_int_equal(rig_deliver(&r, 1200, 0), 1);		/* 1188 fit */
	assert_int_equal(r.mdev->stats.rx_dropped, 2);
	assert_int_equal(rig_used_count(&r, RIG_RX), 0);
	assert_int_equal(rig_deliver(&r, 1188, 0), 1);
	assert_int_equal(rig_used_count(&r, RIG_RX), 4);

	rig_start(&r, RIG_ALL, 4);
	for (unsigned int i = 0; i < 4; i++) {
		struct rig_seg seg = { rig_buf(&r, 3000), 3000 };

		rig_add(&r, RIG_RX, &seg, 1);
	}
	assert_int_equal(rig_deliver(&r, 1500 + 23, 0), 1);
	assert_int_equal(r.mdev->stats.rx_dropped, 3);
	assert_int_equal(rig_deliver(&r, 1500 + 22, 0), 1);
	assert_int_equal(rig_used_count(&r, RIG_RX), 1);
	rig_close(&r);
}

/* The sum over all, one's complement, as a receiver checks it. */
static uint16_t sum(const unsigned char *p, uint32_t len, uint32_t s)
{
	for (uint32_t i = 0; i < len; i++)
		s += (uint32_t)p[i] << (i % 2 ? 0 : 8);
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

static void deliver_partial(struct rig *r, uint32_t len, uint32_t at, bool zero)
{
	unsigned char p[200];
	struct leat_frame f = { .data = p, .len = len, .flags = LEAT_FRAME_CSUM_PARTIAL,
				.csum_start = 34, .csum_off = 6 };
	struct rig_seg seg = { at, 300 };

	rig_fill(p, len, 3);
	p[40] = 0x12;		/* the pseudo header's sum */
	p[41] = 0x34;
	if (zero) {		/* make it come out as 0 */
		uint16_t s;

		p[40] = p[41] = 0;
		s = (uint16_t)~sum(p + 34, len - 34, 0);
		p[40] = (unsigned char)(s >> 8);
		p[41] = (unsigned char)s;
	}
	rig_add(r, RIG_RX, &seg, 1);
	rig_run(r);
	assert_int_equal(leat_wire_deliver(&r->wire->wire, &f, 1), 1);
}

/* Without GUEST_CSUM the checksum is completed; with it the frame passes as it is. */
static void test_checksum(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL & ~VIRTIO_NET_F_GUEST_CSUM, 16);
	for (uint32_t len = 60; len < 64; len++) {
		uint32_t at = rig_buf(&r, 300);
		unsigned char *p = (unsigned char *)r.mem + at + 12;

		deliver_partial(&r, len, at, false);
		expect_header(&r, at, 0, 1);
		/* The pseudo header's sum, 0x1234, is what the receiver adds by itself. */
		assert_int_equal(sum(p + 34, len - 34, 0x1234), 0xffff);
		at = rig_buf(&r, 300);
		p = (unsigned char *)r.mem + at + 12;
		deliver_partial(&r, len, at, true);
		assert_true(p[40] == 0xff && p[41] == 0xff);
	}

	rig_start(&r, RIG_ALL, 16);
	deliver_partial(&r, 60, RIG_BUFS + 64, false);
	expect_header(&r, RIG_BUFS + 64, VIRTIO_NET_HDR_F_NEEDS_CSUM, 1);
	assert_int_equal(leat_le16_to_cpu(header_at(&r, RIG_BUFS + 64).csum_start), 34);
	assert_int_equal(leat_le16_to_cpu(header_at(&r, RIG_BUFS + 64).csum_offset), 6);
	assert_int_equal((unsigned char)r.mem[RIG_BUFS + 64 + 12 + 40], 0x12);
	rig_close(&r);
}

/* Flags of the wire that no driver agreed to, and offsets outside the frame. */
static void test_odd_frames(void **state)
{
	unsigned char p[100] = { 0 };
	struct leat_frame good = { .data = p, .len = 60, .flags = LEAT_FRAME_CSUM_GOOD };
	struct leat_frame out = { .data = p, .len = 60, .flags = LEAT_FRAME_CSUM_PARTIAL,
				  .csum_start = 50, .csum_off = 9 };
	struct leat_frame gso = { .data = p, .len = 60, .gso_size = 1400, .gso_type = 1 };
	struct leat_frame none = { .data = p, .len = 0 };
	struct rig_seg seg[2] = { { RIG_BUFS + 64, 300 }, { RIG_BUFS + 500, 300 } };
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL & ~VIRTIO_NET_F_GUEST_CSUM, 16);
	rig_add(&r, RIG_RX, &seg[0], 1);
	rig_add(&r, RIG_RX, &seg[1], 1);
	assert_int_equal(leat_wire_deliver(&r.wire->wire, &out, 1), 1);
	assert_int_equal(leat_wire_deliver(&r.wire->wire, &gso, 1), 1);
	assert_int_equal(leat_wire_deliver(&r.wire->wire, &none, 1), 1);
	assert_int_equal(r.mdev->stats.rx_dropped, 3);
	assert_int_equal(leat_wire_deliver(&r.wire->wire, &good, 1), 1);
	expect_header(&r, seg[0].off, 0, 1);

	rig_start(&r, RIG_ALL, 16);
	rig_add(&r, RIG_RX, &seg[0], 1);
	assert_int_equal(leat_wire_deliver(&r.wire->wire, &good, 1), 1);
	expect_header(&r, seg[0].off, VIRTIO_NET_HDR_F_DATA_VALID, 1);
	rig_close(&r);
}

/* Headers that another frame left in the buffer, in a line of its own or in the frame's. */
static void test_stale_header(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 64);
	for (unsigned int i = 0; i < 64; i++) {
		struct rig_seg seg = { RIG_BUFS + 512 * (i + 1) - (i % 2 ? 12 : 0), 300 };
		struct virtio_net_hdr stale = { .num_buffers = leat_cpu_to_le16(1) };

		((unsigned char *)&stale)[i / 2 % 12] ^= 4;
		memcpy(r.mem + seg.off, &stale, sizeof(stale));
		rig_add(&r, RIG_RX, &seg, 1);
		assert_int_equal(rig_deliver(&r, 60, i), 1);
		expect_header(&r, seg.off, 0, 1);
		assert_int_equal(leat_le16_to_cpu(header_at(&r, seg.off).csum_start), 0);
		rig_check((unsigned char *)r.mem + seg.off + 12, 60, i);
	}
	rig_close(&r);
}

/* A burst longer than the window and than the buffers: what fits is taken, one interrupt. */
static void test_burst(void **state)
{
	static unsigned char p[200][60];
	struct leat_frame f[200];
	uint32_t id, len;
	struct rig r;

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		rig_fill(p[i], 60, i);
		f[i] = (struct leat_frame){ .data = p[i], .len = 60 };
	}
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 256);
	for (unsigned int i = 0; i < 150; i++) {
		struct rig_seg seg = { RIG_BUFS + 64 + 128 * i, 100 };

		rig_add(&r, RIG_RX, &seg, 1);
	}
	assert_int_equal(leat_wire_deliver(&r.wire->wire, f, 200), 150);
	assert_int_equal(r.raised[2][1], 1);
	for (unsigned int i = 0; i < 150; i++) {
		assert_true(rig_used(&r, RIG_RX, &id, &len));
		rig_check((unsigned char *)r.mem + RIG_BUFS + 64 + 128 * id + 12, 60, i);
	}
	assert_false(rig_used(&r, RIG_RX, &id, &len));
	rig_close(&r);
}

/* Not before the driver is ready, not after it left. */
static void test_ready(void **state)
{
	struct rig_seg seg = { RIG_BUFS + 64, 300 };
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	assert_false(leat_wire_ready(&r.wire->wire));
	assert_int_equal(rig_deliver(&r, 60, 0), 0);
	rig_start(&r, RIG_ALL, 16);
	assert_true(leat_wire_ready(&r.wire->wire));
	rig_add(&r, RIG_RX, &seg, 1);
	rig_set(&r, VIRTIO_COMMON_DEVICE_STATUS, 0);
	assert_false(leat_wire_ready(&r.wire->wire));
	assert_int_equal(rig_deliver(&r, 60, 0), 0);
	assert_int_equal(rig_used_count(&r, RIG_RX), 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_mergeable),
		cmocka_unit_test(test_waits_for_buffers),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_odd_frames),
		cmocka_unit_test(test_stale_header),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_ready),
	};

	return RIG_RUN(tests);
}
