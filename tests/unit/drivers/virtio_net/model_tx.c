// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_tx.c - frames from a driver to the wire, in every shape.
 */
#include "model_rig.h"

#include <leat/bits.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint32_t sizes[] = {
	14, 60, 61, 64, 127, 128, 129, 590, 1514, 1518, 4096, 9018, 16384,
};

static void expect_frame(struct rig *r, unsigned int at, uint32_t len, unsigned int number)
{
	assert_true(at < r->wire->n);
	assert_int_equal(r->wire->frame[at].len, len);
	rig_check(r->wire->frame[at].data, len, number);
}

static void expect_used(struct rig *r, uint32_t head)
{
	uint32_t id, len;

	assert_true(rig_used(r, RIG_TX, &id, &len));
	assert_int_equal(id, head);
	assert_int_equal(len, 0);
}

static void all_sizes(struct rig *r)
{
	unsigned int first = r->wire->n;

	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(sizes); i++) {
		rig_send(r, sizes[i], i);
		rig_run(r);
		expect_frame(r, first + i, sizes[i], i);
		expect_used(r, i % r->q[RIG_TX].size);
	}
}

static void test_single(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 16);
	all_sizes(&r);
	assert_int_equal(r.mdev->stats.tx_frames, LEAT_ARRAY_LEN(sizes));
	assert_int_equal(r.mdev->stats.tx_dropped, 0);
	assert_int_equal(r.errors, 0);
	rig_close(&r);
}

static void test_by_message(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	r.by_message = true;
	rig_start(&r, RIG_ALL, 16);
	all_sizes(&r);
	assert_true(r.dma_ops > 0);
	assert_int_equal(r.mdev->stats.doorbells, LEAT_ARRAY_LEN(sizes));
	rig_close(&r);
}

/* The header in a descriptor of its own, as many drivers have it: shown in place, too. */
static void test_header_apart(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 64);
	for (unsigned int i = 0; i < 20; i++) {
		uint32_t at = rig_tx_buf(&r, 60 + i, i);
		struct rig_seg segs[2] = { { at, 12 }, { at + 12, 60 + i } };

		rig_avail(&r, RIG_TX, rig_chain(&r, RIG_TX, segs, 2));
	}
	rig_publish(&r, RIG_TX);
	rig_run(&r);
	assert_int_equal(r.wire->n, 20);
	assert_int_equal(r.wire->shown, 20);
	for (unsigned int i = 0; i < 20; i++) {
		expect_frame(&r, i, 60 + i, i);
		expect_used(&r, 2 * i);
	}
	rig_close(&r);
}

#define FAR 0x10000000u		/* from the rig's memory to another map */

/* Frames in turns from two maps: each is found, though only one is within reach at a time. */
static void test_two_maps(void **state)
{
	struct rig r;
	char *far = calloc(1, RIG_MEM);
	struct leat_mdma map = { .iova = RIG_IOVA + FAR, .len = RIG_MEM, .va = far,
				 .read = true, .write = true };

	(void)state;
	assert_non_null(far);
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 64);
	assert_int_equal(leat_mdev_dma_add(r.mdev, &map), 0);
	for (unsigned int i = 0; i < 20; i++) {
		uint32_t at = rig_tx_buf(&r, 60 + i, i);
		struct rig_seg seg = { at, 72 + i };

		if (i / 3 % 2) {
			memcpy(far + at, r.mem + at, seg.len);
			memset(r.mem + at, 0xff, seg.len);
			seg.off += FAR;
		}
		rig_avail(&r, RIG_TX, rig_chain(&r, RIG_TX, &seg, 1));
	}
	rig_publish(&r, RIG_TX);
	rig_run(&r);
	assert_int_equal(r.wire->n, 20);
	for (unsigned int i = 0; i < 20; i++)
		expect_frame(&r, i, 60 + i, i);
	assert_int_equal(r.mdev->stats.tx_frames, 20);
	assert_int_equal(r.wire->shown, 20);
	rig_close(&r);
	free(far);
}

/* Cut anywhere, also inside the header, with empty pieces. */
static unsigned int cut(struct rig *r, uint32_t at, uint32_t len, struct rig_seg *segs,
			unsigned int max)
{
	unsigned int n = 0;

	while (len && n + 1 < max) {
		uint32_t part = rig_random(r, 3) ? rig_random(r, len + 1) : rig_random(r, 5) % (len + 1);

		segs[n++] = (struct rig_seg){ at, part };
		at += part;
		len -= part;
	}
	segs[n++] = (struct rig_seg){ at, len };
	return n;
}

static void random_chains(struct rig *r, bool indirect)
{
	unsigned int first = r->wire->n;

	print_message("seed 0x%llx\n", (unsigned long long)r->seed);
	for (unsigned int i = 0; i < 200; i++) {
		uint32_t len = 14 + rig_random(r, i % 4 ? 200 : 9005);
		struct rig_seg segs[12];
		uint32_t at = rig_tx_buf(r, len, i);
		unsigned int n = cut(r, at, VIRTIO_NET_HDR_LEN + len, segs, 1 + rig_random(r, 12));

		if (indirect) {
			rig_avail(r, RIG_TX, rig_indirect(r, RIG_TX, segs, n));
			rig_publish(r, RIG_TX);
			rig_kick(r, RIG_TX);
		} else {
			rig_add(r, RIG_TX, segs, n);
		}
		rig_run(r);
		expect_frame(r, first + i, len, i);
	}
	assert_int_equal(r->mdev->stats.tx_dropped, 0);
}

static void test_chains(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 16);
	random_chains(&r, false);
	random_chains(&r, true);
	rig_close(&r);
}

static void test_chains_by_message(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	r.by_message = true;
	rig_start(&r, RIG_ALL, 16);
	random_chains(&r, false);
	random_chains(&r, true);
	rig_close(&r);
}

/* A host that puts reads off, wherever: nothing is lost, sent twice or taken for a fault. */
static void test_chains_put_off(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	r.by_message = true;
	rig_start(&r, RIG_ALL, 16);
	r.busy = 2;
	random_chains(&r, false);
	random_chains(&r, true);
	assert_true(r.put_off > 0);
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.wire->n, 400);
	assert_int_equal(rig_used_count(&r, RIG_TX), 400);
	rig_close(&r);
}

/* Many at once, ordinary and odd mixed: all arrive, in order. */
static void test_mixed_order(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 256);
	for (unsigned int i = 0; i < 150; i++) {
		uint32_t at = rig_tx_buf(&r, 1000, i);
		struct rig_seg segs[3] = { { at, 7 }, { at + 7, 500 }, { at + 507, 505 } };

		if (i / 40 % 2) {
			segs[0].len = 1012;
			rig_avail(&r, RIG_TX, rig_chain(&r, RIG_TX, segs, 1));
		} else if (i % 3) {
			rig_avail(&r, RIG_TX, rig_chain(&r, RIG_TX, segs, 3));
		} else {
			segs[0].len = 1012;
			rig_avail(&r, RIG_TX, rig_chain(&r, RIG_TX, segs, 1));
		}
		if (r.q[RIG_TX].avail_idx % 50 == 0) {
			rig_publish(&r, RIG_TX);
			rig_run(&r);
		}
	}
	assert_int_equal(r.wire->n, 150);
	for (unsigned int i = 0; i < 150; i++)
		expect_frame(&r, i, 1000, i);
	rig_close(&r);
}

/* A wire that takes a few: the rest stays on the ring, in order. */
static void test_backpressure(void **state)
{
	unsigned int sent = 0;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 64);
	r.wire->room = 0;
	for (unsigned int i = 0; i < 64; i++)
		rig_send(&r, 60 + i, i);
	rig_run(&r);
	assert_int_equal(rig_used_count(&r, RIG_TX), 0);
	while (sent < 64) {
		unsigned int now = 1 + rig_random(&r, 9);

		r.wire->room = now;
		rig_run(&r);
		sent = LEAT_MIN(sent + now, 64u);
		assert_int_equal(r.wire->n, sent);
		assert_int_equal(rig_used_count(&r, RIG_TX), sent);
	}
	for (unsigned int i = 0; i < 64; i++) {
		expect_frame(&r, i, 60 + i, i);
		expect_used(&r, i);
	}
	rig_close(&r);
}

static void set_header(struct rig *r, uint32_t at, uint8_t flags, uint8_t gso, uint16_t start,
		       uint16_t off)
{
	struct virtio_net_hdr h = {
		.flags = flags, .gso_type = gso, .csum_start = leat_cpu_to_le16(start),
		.csum_offset = leat_cpu_to_le16(off),
	};

	memcpy(r->mem + at, &h, sizeof(h));
}

static void test_checksum(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 16);
	for (unsigned int pieces = 1; pieces <= 3; pieces++) {
		uint32_t at = rig_tx_buf(&r, 100, 7);
		struct rig_seg segs[3] = { { at, 112 }, { at + 20, 0 }, { at + 20, 0 } };

		set_header(&r, at, VIRTIO_NET_HDR_F_NEEDS_CSUM, 0, 34, 16);
		if (pieces > 1) {
			segs[0].len = 12;
			segs[1] = (struct rig_seg){ at + 12, 100 };
		}
		rig_add(&r, RIG_TX, segs, pieces);
		rig_run(&r);
		expect_frame(&r, pieces - 1, 100, 7);
		assert_int_equal(r.wire->frame[pieces - 1].flags, LEAT_FRAME_CSUM_PARTIAL);
		assert_int_equal(r.wire->frame[pieces - 1].csum_start, 34);
		assert_int_equal(r.wire->frame[pieces - 1].csum_off, 16);
	}
	rig_close(&r);
}

/* What is no valid frame is dropped and counted; the buffer comes back; the rest flows. */
static void test_invalid(void **state)
{
	static const struct {
		uint8_t flags, gso;
		uint16_t start, off;
		uint32_t len;
	} bad[] = {
		{ 0, VIRTIO_NET_HDR_GSO_TCPV4, 34, 16, 100 },
		{ VIRTIO_NET_HDR_F_NEEDS_CSUM, 0, 34, 65, 100 },
		{ VIRTIO_NET_HDR_F_NEEDS_CSUM, 0, 0xffff, 0xffff, 100 },
		{ 0, 0, 0, 0, 13 },
		{ 0, 0, 0, 0, 0 },
		{ 0, 0, 0, 0, LEAT_FRAME_MAX + 1 },
	};
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 32);
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		struct rig_seg seg = { rig_tx_buf(&r, bad[i].len, 0), 12 + bad[i].len };

		rig_send(&r, 60, 2 * i);
		set_header(&r, seg.off, bad[i].flags, bad[i].gso, bad[i].start, bad[i].off);
		rig_add(&r, RIG_TX, &seg, 1);
		rig_send(&r, 60, 2 * i + 1);
	}
	rig_run(&r);
	assert_int_equal(r.mdev->stats.tx_dropped, LEAT_ARRAY_LEN(bad));
	assert_int_equal(r.wire->n, 2 * LEAT_ARRAY_LEN(bad));
	for (unsigned int i = 0; i < r.wire->n; i++)
		expect_frame(&r, i, 60, i);
	for (unsigned int i = 0; i < 3 * LEAT_ARRAY_LEN(bad); i++)
		expect_used(&r, i);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_DEVICE_STATUS), 0x0f);
	rig_close(&r);
}

/* Offloads that were not agreed on are no offloads. */
static void test_checksum_not_agreed(void **state)
{
	struct rig r;
	struct rig_seg seg;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL & ~VIRTIO_NET_F_CSUM, 16);
	seg = (struct rig_seg){ rig_tx_buf(&r, 100, 0), 112 };
	set_header(&r, seg.off, VIRTIO_NET_HDR_F_NEEDS_CSUM, 0, 34, 16);
	rig_add(&r, RIG_TX, &seg, 1);
	rig_run(&r);
	assert_int_equal(r.wire->n, 0);
	assert_int_equal(r.mdev->stats.tx_dropped, 1);
	rig_close(&r);
}

/* Positions wrap at 65536, rings at their size. */
static void test_wrap(void **state)
{
	unsigned int number = 0;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 4);
	while (number < 70000) {
		unsigned int n = 1 + rig_random(&r, 4);
		uint32_t id, len;

		for (unsigned int i = 0; i < n; i++)
			rig_send(&r, 60, number++);
		rig_run(&r);
		for (unsigned int i = 0; i < n; i++)
			assert_true(rig_used(&r, RIG_TX, &id, &len));
		while (r.wire->n) {
			struct rig_frame *f = &r.wire->frame[--r.wire->n];

			rig_check(f->data, f->len, number - n + r.wire->n);
			free(f->data);
		}
	}
	assert_int_equal(r.mdev->stats.tx_frames, number);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_by_message),
		cmocka_unit_test(test_header_apart),
		cmocka_unit_test(test_two_maps),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_chains_by_message),
		cmocka_unit_test(test_chains_put_off),
		cmocka_unit_test(test_mixed_order),
		cmocka_unit_test(test_backpressure),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_checksum_not_agreed),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_wrap),
	};

	return RIG_RUN(tests);
}
