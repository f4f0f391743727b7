// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_packed.c - what only packed rings have: sizes that are no power of two, drivers that
 * lie in ways of their own, and rings of random descriptors, under the sanitizer.
 */
#include "model_rig.h"

#include <leat/bits.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE 16

static void set(struct rig *r, unsigned int queue, unsigned int i, uint64_t addr, uint32_t len,
		uint16_t flags)
{
	r->q[queue].ring[i] = (struct virtio_packed_desc){
		leat_cpu_to_le64(addr), leat_cpu_to_le32(len), leat_cpu_to_le16(0x1234),
		leat_cpu_to_le16(flags | VIRTIO_PACKED_F_AVAIL),
	};
	if (!rig_muted(r, queue))
		rig_write(r, 0, r->q[queue].notify, queue, 2);
}

static void endless(struct rig *r)
{
	for (unsigned int i = SIZE; i--;)
		set(r, RIG_TX, i, rig_iova(RIG_BUFS), 12, VIRTIO_DESC_F_NEXT);
}

static void wrong_direction(struct rig *r)
{
	set(r, RIG_TX, 0, rig_iova(RIG_BUFS), 100, VIRTIO_DESC_F_WRITE);
}

static void half_wrong_direction(struct rig *r)
{
	set(r, RIG_TX, 1, rig_iova(RIG_BUFS), 100, VIRTIO_DESC_F_WRITE);
	set(r, RIG_TX, 0, rig_iova(RIG_BUFS), 12, VIRTIO_DESC_F_NEXT);
}

static void unmapped(struct rig *r)
{
	set(r, RIG_TX, 0, RIG_IOVA - 4096, 100, 0);
}

static void wrapping(struct rig *r)
{
	set(r, RIG_TX, 0, UINT64_MAX - 50, 100, 0);
}

static void unmapped_data(struct rig *r)
{
	set(r, RIG_TX, 1, 0, 100, 0);
	set(r, RIG_TX, 0, rig_iova(RIG_BUFS), 12, VIRTIO_DESC_F_NEXT);
}

static void indirect_with_next(struct rig *r)
{
	set(r, RIG_TX, 1, rig_iova(RIG_BUFS), 100, 0);
	set(r, RIG_TX, 0, rig_iova(RIG_BUFS), 16, VIRTIO_DESC_F_INDIRECT | VIRTIO_DESC_F_NEXT);
}

/* 2.8.7: the only descriptor of its buffer. */
static void indirect_behind_another(struct rig *r)
{
	memset(r->mem + RIG_BUFS, 0, 64);
	set(r, RIG_TX, 1, rig_iova(RIG_BUFS), 16, VIRTIO_DESC_F_INDIRECT);
	set(r, RIG_TX, 0, rig_iova(RIG_BUFS), 12, VIRTIO_DESC_F_NEXT);
}

static void indirect_odd_length(struct rig *r)
{
	set(r, RIG_TX, 0, rig_iova(RIG_BUFS), 24, VIRTIO_DESC_F_INDIRECT);
}

static void indirect_unmapped(struct rig *r)
{
	set(r, RIG_TX, 0, 4096, 64, VIRTIO_DESC_F_INDIRECT);
}

static void indirect_too_long(struct rig *r)
{
	memset(r->mem + RIG_BUFS, 0, 16 * (SIZE + 1));
	set(r, RIG_TX, 0, rig_iova(RIG_BUFS), 16 * (SIZE + 1), VIRTIO_DESC_F_INDIRECT);
}

static void rx_wrong_direction(struct rig *r)
{
	set(r, RIG_RX, 0, rig_iova(RIG_BUFS), 2000, 0);
}

static void rx_unmapped(struct rig *r)
{
	set(r, RIG_RX, 0, rig_iova(RIG_MEM), 2000, VIRTIO_DESC_F_WRITE);
}

static const struct {
	const char *name;
	void (*lie)(struct rig *r);
} lies[] = {
#define LIE(name) { #name, name }
	LIE(endless), LIE(wrong_direction), LIE(half_wrong_direction), LIE(unmapped),
	LIE(wrapping), LIE(unmapped_data), LIE(indirect_with_next), LIE(indirect_behind_another),
	LIE(indirect_odd_length), LIE(indirect_unmapped), LIE(indirect_too_long),
	LIE(rx_wrong_direction), LIE(rx_unmapped),
};

static void expect_works(struct rig *r)
{
	rig_expect_works(r, SIZE);
}

static void one_lie(struct rig *r, size_t i)
{
	rig_expect_lie_found(r, SIZE, lies[i].name, lies[i].lie);
}

static void test_lies(void **state)
{
	struct rig r;

	(void)state;
	for (int by_message = 0; by_message < 2; by_message++) {
		rig_open(&r, NULL);
		r.by_message = by_message;
		rig_map(&r);
		for (size_t i = 0; i < LEAT_ARRAY_LEN(lies); i++)
			one_lie(&r, i);
		rig_close(&r);
	}
}

/* A ring that the device cannot write is none. */
static void test_ring_read_only(void **state)
{
	struct leat_mdma map = { .iova = 0x10000, .len = 8192, .read = true };
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	map.va = r.mem;
	rig_map(&r);
	assert_int_equal(leat_mdev_dma_add(r.mdev, &map), 0);
	rig_start(&r, RIG_ALL, SIZE);
	assert_true(rig_negotiate(&r, RIG_ALL | rig_kind) & VIRTIO_STATUS_FEATURES_OK);
	rig_set(&r, VIRTIO_COMMON_QUEUE_SELECT, RIG_TX);
	rig_set(&r, VIRTIO_COMMON_QUEUE_SIZE, SIZE);
	rig_set(&r, VIRTIO_COMMON_QUEUE_DESC, map.iova);
	rig_set(&r, VIRTIO_COMMON_QUEUE_DRIVER, rig_iova(0));
	rig_set(&r, VIRTIO_COMMON_QUEUE_DEVICE, rig_iova(64));
	rig_set(&r, VIRTIO_COMMON_QUEUE_ENABLE, 1);
	rig_set(&r, VIRTIO_COMMON_DEVICE_STATUS, 0x0f);
	assert_true(rig_get(&r, VIRTIO_COMMON_DEVICE_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(r.errors, 1);
	expect_works(&r);
	rig_close(&r);
}

/* Any size (2.8): laps end where they end. */
static void test_sizes(void **state)
{
	static const uint16_t some[] = { 1, 3, 5, 63, 65, 100, 255 };
	struct rig r;

	(void)state;
	for (size_t k = 0; k < LEAT_ARRAY_LEN(some); k++) {
		uint32_t id, len;

		rig_open(&r, NULL);
		rig_start(&r, RIG_ALL, some[k]);
		for (unsigned int i = 0; i < 1000; i++) {
			struct rig_seg seg = { rig_buf(&r, 200), 200 };

			rig_add(&r, RIG_RX, &seg, 1);
			rig_send(&r, 60, i);
			rig_run(&r);
			assert_true(rig_used(&r, RIG_TX, &id, &len));
			rig_check(r.wire->frame[i].data, 60, i);
			assert_int_equal(rig_deliver(&r, 100, i), 1);
			assert_true(rig_used(&r, RIG_RX, &id, &len));
			assert_int_equal(len, 112);
			rig_check((unsigned char *)r.mem + seg.off + 12, 100, i);
		}
		assert_int_equal(r.errors, 0);
		rig_close(&r);
	}
}

/* Of a burst, the driver sees all or nothing: the first descriptor is written last. */
static void test_burst_at_once(void **state)
{
	struct leat_frame f[8];
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, SIZE);
	for (unsigned int i = 0; i < 8; i++) {
		struct rig_seg seg = { rig_buf(&r, 200), 200 };

		rig_add(&r, RIG_RX, &seg, 1);
		f[i] = (struct leat_frame){ .data = r.mem + RIG_MEM - 200, .len = 100 };
	}
	f[7].len = 1400;	/* too few buffers for the last */
	assert_int_equal(leat_wire_deliver(&r.wire->wire, f, 8), 7);
	assert_int_equal(rig_used_count(&r, RIG_RX), 7);
	assert_int_equal(leat_le16_to_cpu(r.q[RIG_RX].ring[7].flags) & VIRTIO_PACKED_F_USED, 0);
	assert_int_equal(leat_le32_to_cpu(r.q[RIG_RX].ring[7].len), 200);	/* untouched */
	rig_close(&r);
}

/* ---- random rings ---- */

static void random_desc(struct rig *r, unsigned int queue)
{
	struct virtio_packed_desc *d = &r->q[queue].ring[rig_random(r, SIZE)];
	uint16_t flags = queue == RIG_RX ? VIRTIO_DESC_F_WRITE : 0;
	uint32_t len = rig_random(r, 2) ? rig_random(r, 2100) : rig_random(r, 40);
	uint64_t addr = rig_iova(rig_random(r, RIG_MEM - 20000));

	flags |= rig_random(r, 2) ? VIRTIO_PACKED_F_AVAIL : VIRTIO_PACKED_F_USED;
	if (!rig_random(r, 4))
		flags |= VIRTIO_DESC_F_NEXT;
	if (!rig_random(r, 60)) {
		flags |= VIRTIO_DESC_F_INDIRECT;
		len &= ~15u;
	}
	if (!rig_random(r, 200))
		flags ^= (uint16_t)rig_random(r, 65536);
	if (!rig_random(r, 200))
		len = rig_random(r, UINT32_MAX);
	if (!rig_random(r, 100))
		addr = UINT64_MAX - rig_random(r, 5000);
	*d = (struct virtio_packed_desc){
		leat_cpu_to_le64(addr), leat_cpu_to_le32(len),
		leat_cpu_to_le16((uint16_t)rig_random(r, 65536)), leat_cpu_to_le16(flags),
	};
}

static void random_round(struct rig *r)
{
	for (unsigned int queue = 0; queue < 2; queue++) {
		random_desc(r, queue);
		r->q[queue].driver->off_wrap = leat_cpu_to_le16((uint16_t)rig_random(r, 65536));
		r->q[queue].driver->flags = leat_cpu_to_le16((uint16_t)rig_random(r, 4));
		rig_write(r, 0, r->q[queue].notify, queue, 2);
	}
	leat_mdev_step(r->mdev);
	(void)rig_deliver(r, 14 + rig_random(r, 3000), 0);
}

static void test_random_rings(void **state)
{
	unsigned int broken = 0;
	struct rig r;

	(void)state;
	for (int by_message = 0; by_message < 2; by_message++) {
		rig_open(&r, NULL);
		r.by_message = by_message;
		rig_map(&r);
		print_message("seed 0x%llx\n", (unsigned long long)r.seed);
		for (unsigned int i = 0; i < 400; i++) {
			rig_start(&r, rig_random(&r, 2) ? RIG_ALL : VIRTIO_F_VERSION_1, SIZE);
			for (unsigned int k = 0; k < 24; k++)
				random_round(&r);
			while (r.wire->n)
				free(r.wire->frame[--r.wire->n].data);
			broken += !!(rig_get(&r, VIRTIO_COMMON_DEVICE_STATUS) &
				     VIRTIO_STATUS_NEEDS_RESET);
		}
		expect_works(&r);
		rig_close(&r);
	}
	assert_in_range(broken, 50, 799);	/* both kinds of end were met */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_ring_read_only),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_burst_at_once),
		cmocka_unit_test(test_random_rings),
	};
	int failed;

	rig_kind = VIRTIO_F_RING_PACKED;
	failed = cmocka_run_group_tests_name("packed", tests, NULL, NULL);
	rig_kind |= VIRTIO_F_IN_ORDER | VIRTIO_F_EVENT_IDX;
	return failed + cmocka_run_group_tests_name("packed, all", tests, NULL, NULL);
}
