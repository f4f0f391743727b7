// SPDX-License-Identifier: BSD-3-Clause
/*
 * packed_at.c - where a device goes on in packed rings that another one left: over what it
 * used, be that singly, in chains or in batches, and across the ring's end.
 */
#include "drivers/virtio_net/packed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define SIZE 8

static virtio_packed_word ring[2 * SIZE];
static uint16_t lens[SIZE];

/* A queue whose slots were all made available from @from to @to, one descriptor each. */
static struct virtio_packed packed(uint16_t from, uint16_t to)
{
	struct virtio_packed p = { .desc = ring, .size = SIZE, .taken = from };

	memset(ring, 0, sizeof(ring));
	for (uint16_t pos = (uint16_t)(to - SIZE); pos != to; pos++)	/* older ones are used */
		packed_give(packed_desc(&p, pos), 0, pos & (SIZE - 1), packed_used(SIZE, pos));
	for (uint16_t pos = from; pos != to; pos++)
		packed_give(packed_desc(&p, pos), 0, pos & (SIZE - 1), packed_avail(SIZE, pos));
	return p;
}

static void use(struct virtio_packed *p, uint16_t pos, uint16_t id)
{
	packed_give(packed_desc(p, pos), 0, id, packed_used(SIZE, pos));
}

static uint16_t rx_at(uint16_t from, uint16_t to, unsigned int used)
{
	struct virtio_packed_rxq r = { .p = packed(from, to), .next = to };

	for (unsigned int i = 0; i < used; i++)
		use(&r.p, (uint16_t)(from + i), (uint16_t)((from + i) & (SIZE - 1)));
	return leat_virtio_packed_rx_at(&r.p.vq);
}

/* Wrap counter in bit 15: 1 in the first lap. */
static void received_one_by_one(void **state)
{
	(void)state;
	assert_int_equal(rx_at(0, SIZE, 0), 0x8000);
	assert_int_equal(rx_at(0, SIZE, 3), 0x8003);
	assert_int_equal(rx_at(0, SIZE, SIZE), 0x0000);
	assert_int_equal(rx_at(6, 14, 4), 0x0002);
	assert_int_equal(rx_at(14, 22, 3), 0x8001);
	assert_int_equal(rx_at(0xfffe, 6, 5), 0x8003);
	assert_int_equal(rx_at(5, 5, 0), 0x8005);
}

static void received_in_batches(void **state)
{
	struct virtio_packed_rxq r = {
		.p = packed(5, 13), .next = 13, .q.features = VIRTIO_F_IN_ORDER,
	};

	(void)state;
	use(&r.p, 5, 7);		/* 5, 6, 7 */
	use(&r.p, 8, 1);		/* 8, 9 */
	assert_int_equal(leat_virtio_packed_rx_at(&r.p.vq), 0x0002);

	/* The queue is in the middle of the first one. */
	r.p.taken = 6;
	r.batch = 2;
	assert_int_equal(leat_virtio_packed_rx_at(&r.p.vq), 0x0002);
}

static struct virtio_packed_txq tx(uint16_t from, uint16_t to, uint64_t features)
{
	struct virtio_packed_txq t = {
		.p = packed(from, to), .q = { .len = lens, .next = to, .features = features },
	};

	memset(lens, 0, sizeof(lens));
	return t;
}

/* Only the head of a chain is written: the rest of it still looks available. */
static void sent_in_chains(void **state)
{
	struct virtio_packed_txq t = tx(6, 13, 0);

	(void)state;
	lens[3] = 3;			/* 6, 7, 8 */
	lens[1] = 1;			/* 9 */
	lens[5] = 2;			/* 10, 11 */
	assert_int_equal(leat_virtio_packed_tx_at(&t.p.vq), 0x8006);
	use(&t.p, 6, 3);
	assert_int_equal(leat_virtio_packed_tx_at(&t.p.vq), 0x0001);
	use(&t.p, 9, 5);		/* out of order: it takes the place of two */
	assert_int_equal(leat_virtio_packed_tx_at(&t.p.vq), 0x0003);
}

static void sent_in_batches(void **state)
{
	struct virtio_packed_txq t = tx(2, 10, VIRTIO_F_IN_ORDER);

	(void)state;
	for (unsigned int i = 0; i < SIZE; i++)
		lens[i] = 1;
	lens[5] = 2;			/* 5, 6 */
	lens[6] = 0;
	use(&t.p, 2, 5);		/* 2, 3, 4, and the chain */
	assert_int_equal(leat_virtio_packed_tx_at(&t.p.vq), 0x8007);
	use(&t.p, 7, 7);
	assert_int_equal(leat_virtio_packed_tx_at(&t.p.vq), 0x0000);
}

/* What a device wrote need not make sense; an answer comes all the same. */
static void nonsense(void **state)
{
	struct virtio_packed_txq t = tx(0, SIZE, VIRTIO_F_IN_ORDER);
	struct virtio_packed_rxq r = {
		.p = packed(0, SIZE), .next = SIZE, .q.features = VIRTIO_F_IN_ORDER,
	};

	(void)state;
	for (uint16_t i = 0; i < SIZE; i++)
		use(&t.p, i, UINT16_MAX);
	(void)leat_virtio_packed_tx_at(&t.p.vq);
	for (uint16_t i = 0; i < SIZE; i++)
		use(&r.p, i, (uint16_t)(i - 1));
	assert_in_range(leat_virtio_packed_rx_at(&r.p.vq) & 0x7fff, 0, SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(received_one_by_one),
		cmocka_unit_test(received_in_batches),
		cmocka_unit_test(sent_in_chains),
		cmocka_unit_test(sent_in_batches),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
