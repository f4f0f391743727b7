// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_hostile.c - devices that break the rules of the rings: their queue stops
 * with one line and an event, nothing else is touched, nothing is lost at close,
 * and after stop and start everything works again. Run under ASan to mean it.
 */
#include "driver_hostile_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static struct fake f;

static void rx_lie(unsigned int good, uint32_t id, uint32_t len, const char *words)
{
	hostile_rx_lie(&f, 0, good, id, len, words);
}

static void rx_used_entries(void **state)
{
	(void)state;
	rx_lie(0, 16, 64, "descriptor that there is not (16)");
	rx_lie(3, UINT32_MAX, 64, "descriptor that there is not");
	rx_lie(3, 0x10004, 64, "descriptor that there is not");
	rx_lie(3, 2, 64, "descriptor that it does not have (2)");
	rx_lie(0, 0, 2061, "past the end of a buffer (2061)");
	rx_lie(1, 1, UINT32_MAX, "past the end of a buffer");
	rx_lie(0, 0, 11, "less than a header (11)");
	rx_lie(0, 0, 0, "less than a header (0)");
}

static void used_index_jumps(void **state)
{
	static const uint16_t jumps[] = { 17, 100, 0x8000, 0xffff };
	struct leat_pkt *pkts[16];

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(jumps); i++) {
		hostile_open(&f, 0);
		f.q[0].used = jumps[i];
		fake_publish(&f, &f.q[0]);
		assert_int_equal(hostile_rx(&f, pkts), 0);
		hostile_stopped(&f, "used->idx too far");

		hostile_tx_jump(&f, 0, jumps[i]);
	}
}

static void rx_merged(void **state)
{
	(void)state;
	hostile_rx_merged(&f, 0);
}

static void rx_merged_twice_the_same(void **state)
{
	struct virtio_net_hdr hdr = { .num_buffers = leat_cpu_to_le16(3) };
	struct leat_pkt *pkts[16];

	(void)state;
	hostile_open(&f, 0);
	fake_scatter(&f, &f.q[0], (uint16_t)fake_pop(&f, &f.q[0]), &hdr, sizeof(hdr));
	for (int i = 0; i < 3; i++)
		fake_push(&f, &f.q[0], i == 1, 100);
	fake_publish(&f, &f.q[0]);
	assert_int_equal(hostile_rx(&f, pkts), 0);
	hostile_stopped(&f, "descriptor that it does not have (0)");
}

static void tx_used_entries(void **state)
{
	(void)state;
	hostile_tx_lie(&f, 0, 16, false, "descriptor that there is not (16)");
	hostile_tx_lie(&f, 0, UINT32_MAX, false, "descriptor that there is not");
	hostile_tx_lie(&f, 0, 3, false, "descriptor that it does not have (3)");
	hostile_tx_lie(&f, 0, 1, true, "descriptor that it does not have (1)");
}

static void tx_inside_a_chain(void **state)
{
	(void)state;
	hostile_tx_inside(&f, 0);
}

/* Words of the rings and headers at random, for a long time. */
static void noise(void **state)
{
	uint64_t seed = (uint64_t)time(NULL);

	(void)state;
	print_message("seed %llu\n", (unsigned long long)seed);
	for (unsigned int round = 0; round < 3000; round++) {
		unsigned int which = fake_random(&seed) % 2;
		struct fake_queue *q;

		if (!round)
			hostile_open(&f, 0);
		q = &f.q[which];
		for (unsigned int i = 0; i < 20; i++) {
			struct virtio_used *u = fake_used(&f, q);
			uint32_t r = fake_random(&seed);

			u->ring[r % 16].id = leat_cpu_to_le32(r >> 8 & (r & 0x80 ? 0x1f : 0xf));
			u->ring[r % 16].len = leat_cpu_to_le32(fake_random(&seed) % 2100);
		}
		for (uint16_t i = 0; i < 16; i++) {
			uint64_t iova = leat_le64_to_cpu(fake_desc(&f, &f.q[0], i)->addr);
			leat_le16 *buffers = fake_ptr(&f, iova + 10, 2);
			uint8_t *flags = fake_ptr(&f, iova, 2);

			*buffers = leat_cpu_to_le16((uint16_t)(fake_random(&seed) % 4));
			flags[0] = fake_random(&seed) % 4 == 0;
		}
		q->used = (uint16_t)(q->used + fake_random(&seed) % 4);
		fake_publish(&f, q);
		hostile_traffic(&f, 16 * 2048);
	}
	fake_fini(&f);
}

/* A server whose operator resets the device says nothing to us: looking must tell. */
static void reset_by_others(void **state)
{
	(void)state;
	fake_init(&f, 1024, 2048);
	f.kind.msix = false;
	fake_caps(&f, fake_good_caps, 4);
	assert_int_equal(fake_open(&f, NULL), 0);
	f.status = 0;
	for (int i = 0; i < 200; i++)
		fake_poll(&f);
	assert_int_equal(f.events[LEAT_EVENT_ERROR], 1);
	assert_int_equal(f.errors, 1);
	assert_non_null(strstr(f.last, "reset"));
	leat_port_stop(f.port);
	assert_int_equal(leat_port_start(f.port), 0);
	assert_int_equal(f.status, 0x0f);
	for (int i = 0; i < 200; i++)
		fake_poll(&f);
	assert_int_equal(f.events[LEAT_EVENT_ERROR], 1);
	fake_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rx_used_entries),
		cmocka_unit_test(used_index_jumps),
		cmocka_unit_test(rx_merged),
		cmocka_unit_test(rx_merged_twice_the_same),
		cmocka_unit_test(tx_used_entries),
		cmocka_unit_test(tx_inside_a_chain),
		cmocka_unit_test(noise),
		cmocka_unit_test(reset_by_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
