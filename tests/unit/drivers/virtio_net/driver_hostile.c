// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_hostile.c - devices that break the rules of the rings: their queue stops
 * with one line and an event, nothing else is touched, nothing is lost at close,
 * and after stop and start everything works again. Run under ASan to mean it.
 */
#include "driver_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static struct fake f;
static char frame[64];

static void open_port(void)
{
	const struct leat_port_config cfg = { .rx_desc = 16, .tx_desc = 16 };

	fake_init(&f, 1024, 2048);	/* the queues' caches keep up to 256 each */
	assert_int_equal(fake_open(&f, &cfg), 0);
}

static uint16_t rx(struct leat_pkt **pkts)
{
	return leat_rx(fake_rxq(&f), pkts, 16);
}

static uint16_t tx_one(void)
{
	struct leat_pkt *pkt;
	uint16_t n;

	assert_int_equal(leat_pkt_alloc(fake_txq(&f)->cache, &pkt, 1), 1);
	memcpy(leat_pkt_append(pkt, sizeof(frame)), frame, sizeof(frame));
	n = leat_tx(fake_txq(&f), &pkt, 1);
	if (!n)
		leat_pkt_free(&pkt, 1);
	return n;
}

/* The queue stands, the port says so once, and a restart mends it. */
static void stopped(const char *words)
{
	char buf[FAKE_FRAME_MAX];
	struct virtio_net_hdr hdr;
	struct leat_pkt *pkt;

	assert_int_equal(f.errors, 1);
	if (!strstr(f.last, words))
		fail_msg("\"%s\" does not say \"%s\"", f.last, words);
	fake_poll(&f);
	assert_int_equal(f.events[LEAT_EVENT_ERROR], 1);
	for (int i = 0; i < 3; i++) {
		rx(&pkt);
		leat_tx(fake_txq(&f), NULL, 0);
	}
	assert_int_equal(f.errors, 1);

	leat_port_stop(f.port);
	assert_int_equal(leat_port_start(f.port), 0);
	assert_true(fake_deliver(&f, frame, sizeof(frame), 0, 0, 0));
	assert_int_equal(rx(&pkt), 1);
	leat_pkt_free(&pkt, 1);
	assert_int_equal(tx_one(), 1);
	assert_int_equal(fake_collect(&f, &hdr, buf), sizeof(frame));
	fake_fini(&f);
}

/* A used entry behind @good proper frames; what was good arrives first. */
static void rx_lie(unsigned int good, uint32_t id, uint32_t len, const char *words)
{
	struct leat_pkt *pkts[16];

	open_port();
	for (unsigned int i = 0; i < good; i++)
		assert_true(fake_deliver(&f, frame, sizeof(frame), 0, 0, 0));
	fake_push(&f, &f.q[0], id, len);
	fake_publish(&f, &f.q[0]);
	assert_int_equal(rx(pkts), good);
	leat_pkt_free(pkts, good);
	stopped(words);
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
		open_port();
		f.q[0].used = jumps[i];
		fake_publish(&f, &f.q[0]);
		assert_int_equal(rx(pkts), 0);
		stopped("used->idx too far");

		open_port();
		assert_int_equal(tx_one(), 1);
		f.q[1].used = jumps[i];
		fake_publish(&f, &f.q[1]);
		leat_tx(fake_txq(&f), NULL, 0);
		stopped("used->idx too far");
	}
}

/* Frames of @n buffers of which @there arrive. */
static void rx_merge_lie(uint16_t n, unsigned int there, const char *words)
{
	struct leat_pkt *pkts[16];
	struct virtio_net_hdr hdr = { .num_buffers = leat_cpu_to_le16(n) };

	open_port();
	for (unsigned int i = 0; i < there; i++) {
		int head = fake_pop(&f, &f.q[0]);

		fake_scatter(&f, &f.q[0], (uint16_t)head, &hdr, sizeof(hdr));
		fake_push(&f, &f.q[0], (uint32_t)head, 100);
	}
	fake_publish(&f, &f.q[0]);
	assert_int_equal(rx(pkts), 0);
	stopped(words);
}

static void rx_merged(void **state)
{
	(void)state;
	rx_merge_lie(0, 1, "absurd number of buffers (0)");
	rx_merge_lie(17, 16, "absurd number of buffers (17)");
	rx_merge_lie(UINT16_MAX, 16, "absurd number of buffers");
	rx_merge_lie(2, 1, "all buffers of a frame at once (2)");
	rx_merge_lie(16, 15, "all buffers of a frame at once (16)");
}

static void rx_merged_twice_the_same(void **state)
{
	struct virtio_net_hdr hdr = { .num_buffers = leat_cpu_to_le16(3) };
	struct leat_pkt *pkts[16];

	(void)state;
	open_port();
	fake_scatter(&f, &f.q[0], (uint16_t)fake_pop(&f, &f.q[0]), &hdr, sizeof(hdr));
	for (int i = 0; i < 3; i++)
		fake_push(&f, &f.q[0], i == 1, 100);
	fake_publish(&f, &f.q[0]);
	assert_int_equal(rx(pkts), 0);
	stopped("descriptor that it does not have (0)");
}

static void tx_lie(uint32_t id, bool twice, const char *words)
{
	open_port();
	for (int i = 0; i < 3; i++)
		assert_int_equal(tx_one(), 1);
	fake_push(&f, &f.q[1], id, 0);
	if (twice)
		fake_push(&f, &f.q[1], id, 0);
	fake_publish(&f, &f.q[1]);
	leat_tx(fake_txq(&f), NULL, 0);
	stopped(words);
}

static void tx_used_entries(void **state)
{
	(void)state;
	tx_lie(16, false, "descriptor that there is not (16)");
	tx_lie(UINT32_MAX, false, "descriptor that there is not");
	tx_lie(3, false, "descriptor that it does not have (3)");
	tx_lie(1, true, "descriptor that it does not have (1)");
}

/* A chain is known by its head; what is inside it is nobody's to return. */
static void tx_inside_a_chain(void **state)
{
	struct leat_pkt *pkts[2];

	(void)state;
	open_port();
	assert_int_equal(leat_pkt_alloc(fake_txq(&f)->cache, pkts, 2), 2);
	leat_pkt_append(pkts[0], 60);
	leat_pkt_append(pkts[1], 60);
	assert_int_equal(leat_pkt_chain(pkts[0], pkts[1]), 0);
	assert_int_equal(leat_tx(fake_txq(&f), pkts, 1), 1);
	fake_push(&f, &f.q[1], 1, 0);
	fake_publish(&f, &f.q[1]);
	leat_tx(fake_txq(&f), NULL, 0);
	stopped("descriptor that it does not have (1)");
}

/* Words of the rings and headers at random, for a long time. */
static void noise(void **state)
{
	uint64_t seed = (uint64_t)time(NULL);

	(void)state;
	print_message("seed %llu\n", (unsigned long long)seed);
	for (unsigned int round = 0; round < 3000; round++) {
		struct leat_pkt *pkts[16];
		unsigned int which = fake_random(&seed) % 2;
		struct fake_queue *q;
		uint16_t n;

		if (!round)
			open_port();
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
		n = rx(pkts);
		for (uint16_t i = 0; i < n; i++)
			assert_in_range(pkts[i]->total, 14, 16 * 2048);
		leat_pkt_free(pkts, n);
		for (int i = 0; i < 4; i++)
			tx_one();
		if (f.errors) {
			f.errors = 0;
			leat_port_stop(f.port);
			assert_int_equal(leat_port_start(f.port), 0);
		}
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
