// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_hostile.c - drivers that lie. The device asks for a reset, says why in
 * one line, touches nothing else, and works again after the reset. Then rings
 * of random bytes, by the thousand, under the sanitizer.
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

static struct virtio_desc *desc(struct rig *r, unsigned int i)
{
	return &r->q[RIG_TX].desc[i];
}

static void set_desc(struct rig *r, unsigned int i, uint64_t addr, uint32_t len, uint16_t flags,
		     uint16_t next)
{
	*desc(r, i) = (struct virtio_desc){
		leat_cpu_to_le64(addr), leat_cpu_to_le32(len), leat_cpu_to_le16(flags),
		leat_cpu_to_le16(next),
	};
}

static void show(struct rig *r, uint16_t head)
{
	rig_avail(r, RIG_TX, head);
	rig_publish(r, RIG_TX);
	rig_kick(r, RIG_TX);
}

static void head_out_of_range(struct rig *r)
{
	show(r, SIZE);
}

static void next_out_of_range(struct rig *r)
{
	set_desc(r, 0, rig_iova(RIG_BUFS), 12, VIRTIO_DESC_F_NEXT, SIZE);
	show(r, 0);
}

static void chain_loop(struct rig *r)
{
	set_desc(r, 0, rig_iova(RIG_BUFS), 12, VIRTIO_DESC_F_NEXT, 1);
	set_desc(r, 1, rig_iova(RIG_BUFS), 12, VIRTIO_DESC_F_NEXT, 0);
	show(r, 0);
}

static void self_loop(struct rig *r)
{
	set_desc(r, 3, rig_iova(RIG_BUFS), 0, VIRTIO_DESC_F_NEXT, 3);
	show(r, 3);
}

static void idx_jump(struct rig *r)
{
	r->q[RIG_TX].avail_idx = SIZE + 1;
	rig_publish(r, RIG_TX);
	rig_kick(r, RIG_TX);
}

static void idx_back(struct rig *r)
{
	r->q[RIG_TX].avail_idx = (uint16_t)-1;
	rig_publish(r, RIG_TX);
	rig_kick(r, RIG_TX);
}

static void wrong_direction(struct rig *r)
{
	set_desc(r, 0, rig_iova(RIG_BUFS), 100, VIRTIO_DESC_F_WRITE, 0);
	show(r, 0);
}

static void unmapped_buffer(struct rig *r)
{
	set_desc(r, 0, RIG_IOVA - 4096, 100, 0, 0);
	show(r, 0);
}

static void half_mapped_buffer(struct rig *r)
{
	set_desc(r, 0, rig_iova(RIG_MEM - 50), 100, 0, 0);
	show(r, 0);
}

static void wrapping_buffer(struct rig *r)
{
	set_desc(r, 0, UINT64_MAX - 50, 100, 0, 0);
	show(r, 0);
}

/* The header is there, the data is not. */
static void unmapped_data(struct rig *r)
{
	set_desc(r, 0, rig_iova(RIG_BUFS), 12, VIRTIO_DESC_F_NEXT, 1);
	set_desc(r, 1, 0, 100, 0, 0);
	show(r, 0);
}

static void indirect_in_indirect(struct rig *r)
{
	struct virtio_desc inner = {
		leat_cpu_to_le64(rig_iova(RIG_BUFS)), leat_cpu_to_le32(16),
		leat_cpu_to_le16(VIRTIO_DESC_F_INDIRECT), leat_cpu_to_le16(0),
	};

	memcpy(r->mem + RIG_BUFS, &inner, sizeof(inner));
	set_desc(r, 0, rig_iova(RIG_BUFS), 16, VIRTIO_DESC_F_INDIRECT, 0);
	show(r, 0);
}

static void indirect_with_next(struct rig *r)
{
	set_desc(r, 0, rig_iova(RIG_BUFS), 16, VIRTIO_DESC_F_INDIRECT | VIRTIO_DESC_F_NEXT, 1);
	show(r, 0);
}

static void indirect_odd_length(struct rig *r)
{
	set_desc(r, 0, rig_iova(RIG_BUFS), 24, VIRTIO_DESC_F_INDIRECT, 0);
	show(r, 0);
}

static void indirect_empty(struct rig *r)
{
	set_desc(r, 0, rig_iova(RIG_BUFS), 0, VIRTIO_DESC_F_INDIRECT, 0);
	show(r, 0);
}

static void indirect_unmapped(struct rig *r)
{
	set_desc(r, 0, 4096, 64, VIRTIO_DESC_F_INDIRECT, 0);
	show(r, 0);
}

static void indirect_loop(struct rig *r)
{
	struct virtio_desc self = {
		leat_cpu_to_le64(rig_iova(RIG_BUFS)), leat_cpu_to_le32(4),
		leat_cpu_to_le16(VIRTIO_DESC_F_NEXT), leat_cpu_to_le16(0),
	};

	memcpy(r->mem + RIG_BUFS, &self, sizeof(self));
	set_desc(r, 0, rig_iova(RIG_BUFS), 1u << 20, VIRTIO_DESC_F_INDIRECT, 0);
	show(r, 0);
}

/* Nothing wrong with it but its length (2.7.5.3.1). */
static void indirect_too_long(struct rig *r)
{
	struct virtio_desc *d = (void *)(r->mem + RIG_BUFS);

	for (unsigned int i = 0; i <= SIZE; i++)
		d[i] = (struct virtio_desc){
			leat_cpu_to_le64(rig_iova(2 * RIG_BUFS)), leat_cpu_to_le32(12),
			leat_cpu_to_le16(i < SIZE ? VIRTIO_DESC_F_NEXT : 0),
			leat_cpu_to_le16((uint16_t)(i + 1)),
		};
	set_desc(r, 0, rig_iova(RIG_BUFS), 16 * (SIZE + 1), VIRTIO_DESC_F_INDIRECT, 0);
	show(r, 0);
}

/* Receive: the buffer is readable only, or not there; found when a frame comes. */
static void rx_wrong_direction(struct rig *r)
{
	r->q[RIG_RX].desc[0] = (struct virtio_desc){
		leat_cpu_to_le64(rig_iova(RIG_BUFS)), leat_cpu_to_le32(2000),
		leat_cpu_to_le16(0), leat_cpu_to_le16(0),
	};
	rig_avail(r, RIG_RX, 0);
	rig_publish(r, RIG_RX);
	rig_kick(r, RIG_RX);
}

static void rx_unmapped(struct rig *r)
{
	rx_wrong_direction(r);
	r->q[RIG_RX].desc[0].addr = leat_cpu_to_le64(RIG_IOVA + RIG_MEM);
	r->q[RIG_RX].desc[0].flags = leat_cpu_to_le16(VIRTIO_DESC_F_WRITE);
}

static void rx_idx_jump(struct rig *r)
{
	r->q[RIG_RX].avail->idx = leat_cpu_to_le16(0x8000);
	rig_kick(r, RIG_RX);
}

/* Addresses of areas, set before DRIVER_OK. */
static void restart_with(struct rig *r, enum virtio_common_reg reg, uint64_t addr)
{
	assert_true(rig_negotiate(r, RIG_ALL) & VIRTIO_STATUS_FEATURES_OK);
	rig_set(r, VIRTIO_COMMON_CONFIG_MSIX_VECTOR, 0);
	rig_set(r, VIRTIO_COMMON_QUEUE_SELECT, RIG_TX);
	rig_set(r, VIRTIO_COMMON_QUEUE_SIZE, SIZE);
	rig_set(r, VIRTIO_COMMON_QUEUE_DESC, rig_iova(0));
	rig_set(r, VIRTIO_COMMON_QUEUE_DRIVER, rig_iova(0x1000));
	rig_set(r, VIRTIO_COMMON_QUEUE_DEVICE, rig_iova(0x2000));
	rig_set(r, reg, addr);
	rig_set(r, VIRTIO_COMMON_QUEUE_ENABLE, 1);
	rig_set(r, VIRTIO_COMMON_DEVICE_STATUS, 0x0f);
}

static void desc_nowhere(struct rig *r)
{
	restart_with(r, VIRTIO_COMMON_QUEUE_DESC, 0x1000);
}

static void avail_half_out(struct rig *r)
{
	restart_with(r, VIRTIO_COMMON_QUEUE_DRIVER, rig_iova(RIG_MEM - 8));
}

static void used_wraps(struct rig *r)
{
	restart_with(r, VIRTIO_COMMON_QUEUE_DEVICE, UINT64_MAX - 3);
}

static void desc_crooked(struct rig *r)
{
	restart_with(r, VIRTIO_COMMON_QUEUE_DESC, rig_iova(8));
}

static const struct {
	const char *name;
	void (*lie)(struct rig *r);
} lies[] = {
#define LIE(name) { #name, name }
	LIE(head_out_of_range), LIE(next_out_of_range), LIE(chain_loop), LIE(self_loop),
	LIE(idx_jump), LIE(idx_back), LIE(wrong_direction), LIE(unmapped_buffer),
	LIE(half_mapped_buffer), LIE(wrapping_buffer), LIE(unmapped_data),
	LIE(indirect_in_indirect), LIE(indirect_with_next), LIE(indirect_odd_length),
	LIE(indirect_empty), LIE(indirect_unmapped), LIE(indirect_loop), LIE(indirect_too_long), LIE(rx_wrong_direction),
	LIE(rx_unmapped), LIE(rx_idx_jump), LIE(desc_nowhere), LIE(avail_half_out),
	LIE(used_wraps), LIE(desc_crooked),
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

/* Memory the device may only read is no place for received frames. */
static void test_read_only_memory(void **state)
{
	static char rom[4096];
	struct leat_mdma map = { .iova = 0x10000, .len = sizeof(rom), .va = rom, .read = true };
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, SIZE);
	assert_int_equal(leat_mdev_dma_add(r.mdev, &map), 0);
	rx_unmapped(&r);
	r.q[RIG_RX].desc[0].addr = leat_cpu_to_le64(map.iova);
	(void)rig_deliver(&r, 60, 0);
	assert_true(rig_get(&r, VIRTIO_COMMON_DEVICE_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	for (size_t i = 0; i < sizeof(rom); i++)
		assert_int_equal(rom[i], 0);
	expect_works(&r);
	rig_close(&r);
}

/* The wire leads back, to a buffer that breaks the device while it transmits. */
static void test_broken_by_own_frame(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, SIZE);
	r.wire->loop = true;
	rx_wrong_direction(&r);
	rig_send(&r, 60, 0);
	rig_run(&r);
	assert_int_equal(r.errors, 1);
	assert_int_equal(rig_used_count(&r, RIG_TX), 0);
	assert_int_equal(r.mdev->stats.tx_frames, 0);
	r.wire->loop = false;
	expect_works(&r);
	rig_close(&r);
}

/* ---- random rings ---- */

static uint64_t some_address(struct rig *r)
{
	switch (rig_random(r, 100)) {
	case 0:
		return UINT64_MAX - rig_random(r, 5000);
	case 1:
		return rig_iova(RIG_MEM - rig_random(r, 3000));
	case 2:
		return RIG_IOVA - rig_random(r, 3000);
	default:
		return rig_iova(rig_random(r, RIG_MEM - 20000));
	}
}

/* Mostly right, so that the deep paths are reached. */
static void random_desc(struct rig *r, struct virtio_desc *d, unsigned int queue)
{
	uint16_t flags = queue == RIG_RX ? VIRTIO_DESC_F_WRITE : 0;
	uint32_t len = rig_random(r, 2) ? rig_random(r, 2100) : rig_random(r, 40);

	if (!rig_random(r, 4))
		flags |= VIRTIO_DESC_F_NEXT;
	if (!rig_random(r, 60))
		flags |= VIRTIO_DESC_F_INDIRECT;
	if (!rig_random(r, 200))
		flags ^= (uint16_t)rig_random(r, 65536);
	if (!rig_random(r, 200))
		len = rig_random(r, UINT32_MAX);
	*d = (struct virtio_desc){
		leat_cpu_to_le64(some_address(r)), leat_cpu_to_le32(flags & 4 ? len & ~15u : len),
		leat_cpu_to_le16(flags),
		leat_cpu_to_le16((uint16_t)rig_random(r, rig_random(r, 40) ? SIZE : 65536)),
	};
}

static void random_round(struct rig *r)
{
	for (unsigned int queue = 0; queue < 2; queue++) {
		struct rig_queue *q = &r->q[queue];

		random_desc(r, &q->desc[rig_random(r, SIZE)], queue);
		/* Tables may lie anywhere: sow some. */
		random_desc(r, (void *)(r->mem + 16 * (size_t)rig_random(r, RIG_MEM / 16)), queue);
		q->avail->ring[rig_random(r, SIZE)] =
			leat_cpu_to_le16((uint16_t)rig_random(r, rig_random(r, 50) ? SIZE : 65536));
		if (!rig_random(r, 500))
			q->avail_idx = (uint16_t)rig_random(r, 65536);
		else if ((uint16_t)(q->avail_idx - leat_le16_to_cpu(q->used->idx)) < SIZE)
			q->avail_idx++;
		rig_publish(r, queue);
		rig_kick(r, queue);
	}
	leat_mdev_step(r->mdev);
	(void)rig_deliver(r, 14 + rig_random(r, 3000), 0);
}

/* Memory mapped askew: the rings' words do not lie as their types want, and work all the same. */
static void test_memory_askew(void **state)
{
	char *askew = malloc(RIG_MEM + 1);
	struct leat_mdma map = {
		.iova = RIG_IOVA, .len = RIG_MEM, .va = askew + 1, .read = true, .write = true,
	};
	leat_le16 idx;
	struct rig r;

	(void)state;
	assert_non_null(askew);
	rig_open(&r, NULL);
	assert_int_equal(leat_mdev_dma_add(r.mdev, &map), 0);
	rig_start(&r, RIG_ALL, SIZE);
	rig_add(&r, RIG_TX, &(struct rig_seg){ rig_tx_buf(&r, 60, 3), 72 }, 1);
	memcpy(map.va, r.mem, RIG_MEM);		/* what the driver wrote is there */
	rig_run(&r);
	assert_int_equal(r.wire->n, 1);
	rig_check(r.wire->frame[0].data, 60, 3);
	memcpy(&idx, map.va + ((char *)&r.q[RIG_TX].used->idx - r.mem), sizeof(idx));
	assert_int_equal(leat_le16_to_cpu(idx), 1);
	assert_int_equal(r.errors, 0);
	rig_close(&r);
	free(askew);
}

/* Two NICs on one wire, one memory: a frame that overlaps the buffer it goes to. */
static void test_overlap(void **state)
{
	struct rig r;

	(void)state;
	for (unsigned int pieces = 1; pieces <= 3; pieces += 2) {
		struct leat_frame f = { .len = 1000 };
		uint32_t at;

		rig_open(&r, NULL);
		rig_start(&r, RIG_ALL, SIZE);
		at = rig_buf(&r, 2000);
		rig_add(&r, RIG_RX, (struct rig_seg[]){ { at, pieces == 1 ? 2000 : 8 },
			{ at + 8, 4 }, { at + 12, 1988 } }, pieces);
		rig_run(&r);
		rig_fill((unsigned char *)r.mem + at + 12 + 100, f.len, 7);
		f.data = r.mem + at + 12 + 100;
		assert_int_equal(leat_wire_deliver(&r.wire->wire, &f, 1), 1);
		rig_check((unsigned char *)r.mem + at + 12, f.len, 7);
		rig_close(&r);
	}
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
			for (unsigned int k = 0; k < 2 * SIZE; k++)
				random_desc(&r, &r.q[k % 2].desc[k / 2], k % 2);
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
	assert_in_range(broken, 100, 799);	/* both kinds of end were met */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_read_only_memory),
		cmocka_unit_test(test_broken_by_own_frame),
		cmocka_unit_test(test_memory_askew),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_random_rings),
	};

	int failed = cmocka_run_group_tests_name("split", tests, NULL, NULL);

	rig_kind = VIRTIO_F_EVENT_IDX | VIRTIO_F_IN_ORDER;
	return failed + cmocka_run_group_tests_name("split, event index", tests, NULL, NULL);
}
