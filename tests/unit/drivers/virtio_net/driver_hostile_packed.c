// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_hostile_packed.c - devices that break the rules of packed rings, and of rings
 * whose buffers are used in order: their queue stops with one line and an event, nothing
 * else is touched, nothing is lost at close, and after stop and start everything works
 * again. Run under ASan to mean it.
 */
#include "driver_hostile_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <cmocka.h>

#define PACKED	 VIRTIO_F_RING_PACKED
#define IN_ORDER VIRTIO_F_IN_ORDER

static struct fake f;
static uint64_t seed;

/* ---- receive ---- */

static void rx_used(void **state)
{
	static const uint64_t rings[] = { PACKED, PACKED | IN_ORDER, IN_ORDER };

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(rings); i++) {
		hostile_rx_lie(&f, rings[i], 0, 16, 64, "descriptor that there is not (16)");
		hostile_rx_lie(&f, rings[i], 3, 0xffff, 64, "descriptor that there is not");
		hostile_rx_lie(&f, rings[i], 0, 0, 2061, "past the end of a buffer (2061)");
		hostile_rx_lie(&f, rings[i], 5, 5, UINT32_MAX, "past the end of a buffer");
		hostile_rx_lie(&f, rings[i], 4, 4, 11, "less than a header (11)");
		hostile_rx_lie(&f, rings[i], 0, 0, 0, "less than a header (0)");
	}
	hostile_rx_lie(&f, PACKED, 3, 2, 64, "descriptor that it does not have (2)");
	hostile_rx_lie(&f, PACKED | IN_ORDER, 3, 2, 64, "out of order (2)");
	hostile_rx_lie(&f, IN_ORDER, 3, 2, 64, "out of order (2)");
	hostile_rx_lie(&f, IN_ORDER, 3, 4, 64, "out of order (4)");
}

static void rx_merged(void **state)
{
	static const uint64_t rings[] = { PACKED, PACKED | IN_ORDER, IN_ORDER };

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(rings); i++)
		hostile_rx_merged(&f, rings[i]);
}

/* ---- transmit ---- */

static void tx_used(void **state)
{
	static const uint64_t rings[] = { PACKED, PACKED | IN_ORDER };

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(rings); i++) {
		hostile_tx_lie(&f, rings[i], 16, false, "descriptor that there is not (16)");
		hostile_tx_lie(&f, rings[i], 0xffff, false, "descriptor that there is not");
		hostile_tx_lie(&f, rings[i], 3, false, "descriptor that it does not have (3)");
		hostile_tx_lie(&f, rings[i], 0, true, "descriptor that it does not have (0)");
	}
}

static void tx_inside_a_chain(void **state)
{
	static const uint64_t rings[] = { PACKED, PACKED | IN_ORDER };

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(rings); i++)
		hostile_tx_inside(&f, rings[i]);
}

/* In order nothing but used->idx is believed. */
static void index_jumps(void **state)
{
	static const uint16_t jumps[] = { 2, 17, 0x8000, 0xffff };

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(jumps); i++)
		hostile_tx_jump(&f, IN_ORDER, jumps[i]);
}

/* ---- at random ---- */

/* Descriptors at random from where the device would write next, some as if they were used. */
static void scribble(struct fake_queue *q)
{
	for (unsigned int i = 0; i < 8; i++) {
		struct virtio_packed_desc *d = fake_packed_desc(&f, q, (uint16_t)(q->used + i));
		uint32_t r = fake_random(&seed);

		d->id = leat_cpu_to_le16(r & 0x80 ? r & 0x1f : (q->used + i) & 0xf);
		d->len = leat_cpu_to_le32(fake_random(&seed) % 2100);
		if (r & 0x300)
			d->flags = leat_cpu_to_le16((r & 0x400 ? 0x8080 : 0) ^ (r & 0x1800 ? 0 :
						    0x0080));
	}
	q->used = (uint16_t)(q->used + fake_random(&seed) % 5);
}

static void noise(void **state)
{
	static const uint64_t rings[] = { PACKED, PACKED | IN_ORDER };

	(void)state;
	for (unsigned int round = 0; round < 6000; round++) {
		if (round % 3000 == 0)
			hostile_open(&f, rings[round / 3000]);
		scribble(&f.q[fake_random(&seed) % 2]);
		hostile_traffic(&f, 16 * 2060);
		if (round % 3000 == 2999)
			fake_fini(&f);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(rx_used),
	cmocka_unit_test(rx_merged),
	cmocka_unit_test(tx_used),
	cmocka_unit_test(tx_inside_a_chain),
	cmocka_unit_test(index_jumps),
	cmocka_unit_test(noise),
};

/* All of them for each data path that this CPU has. */
int main(void)
{
	int failed = 0;

	seed = (uint64_t)time(NULL);
	print_message("seed %llu\n", (unsigned long long)seed);
	for (fake_vectors = 0; fake_vectors <= 512; fake_vectors += 256)
		failed += cmocka_run_group_tests(tests, NULL, NULL);
	return failed;
}
