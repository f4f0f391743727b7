// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_hostile_packed.c - devices that break the rules of packed rings, and of rings
 * whose buffers are used in order: their queue stops with one line and an event, nothing
 * else is touched, nothing is lost at close, and after stop and start everything works
 * again. Run under ASan to mean it.
 */
#include "driver_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define PACKED	 VIRTIO_F_RING_PACKED
#define IN_ORDER VIRTIO_F_IN_ORDER

static struct fake f;
static char frame[64];
static uint64_t seed;

static void open_port(uint64_t rings)
{
	const struct leat_port_config cfg = { .rx_desc = 16, .tx_desc = 16 };

	fake_init(&f, 1024, 2048);	/* the queues' caches keep up to 256 each */
	f.kind.features |= rings;
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
	rx(&pkt);
	leat_tx(fake_txq(&f), NULL, 0);
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

/* ---- receive ---- */

/* A used buffer behind @good proper frames; what was good arrives first. */
static void rx_lie(uint64_t rings, unsigned int good, uint16_t id, uint32_t len, const char *words)
{
	struct leat_pkt *pkts[16];

	open_port(rings);
	for (unsigned int i = 0; i < good; i++)
		assert_true(fake_deliver(&f, frame, sizeof(frame), 0, 0, 0));
	fake_push(&f, &f.q[0], id, len);
	fake_publish(&f, &f.q[0]);
	assert_int_equal(rx(pkts), good);
	leat_pkt_free(pkts, good);
	stopped(words);
}

static void rx_used(void **state)
{
	static const uint64_t rings[] = { PACKED, PACKED | IN_ORDER, IN_ORDER };

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(rings); i++) {
		rx_lie(rings[i], 0, 16, 64, "descriptor that there is not (16)");
		rx_lie(rings[i], 3, 0xffff, 64, "descriptor that there is not");
		rx_lie(rings[i], 0, 0, 2061, "past the end of a buffer (2061)");
		rx_lie(rings[i], 5, 5, UINT32_MAX, "past the end of a buffer");
		rx_lie(rings[i], 4, 4, 11, "less than a header (11)");
		rx_lie(rings[i], 0, 0, 0, "less than a header (0)");
	}
	rx_lie(PACKED, 3, 2, 64, "descriptor that it does not have (2)");
	rx_lie(PACKED | IN_ORDER, 3, 2, 64, "out of order (2)");
	rx_lie(IN_ORDER, 3, 2, 64, "out of order (2)");
	rx_lie(IN_ORDER, 3, 4, 64, "out of order (4)");
}

/* Frames of @n buffers of which @there arrive. */
static void rx_merge_lie(uint64_t rings, uint16_t n, unsigned int there, const char *words)
{
	struct leat_pkt *pkts[16];
	struct virtio_net_hdr hdr = { .num_buffers = leat_cpu_to_le16(n) };

	open_port(rings);
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
	static const uint64_t rings[] = { PACKED, PACKED | IN_ORDER, IN_ORDER };

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(rings); i++) {
		rx_merge_lie(rings[i], 0, 1, "absurd number of buffers (0)");
		rx_merge_lie(rings[i], 17, 16, "absurd number of buffers (17)");
		rx_merge_lie(rings[i], UINT16_MAX, 16, "absurd number of buffers");
		rx_merge_lie(rings[i], 2, 1, "all buffers of a frame at once (2)");
		rx_merge_lie(rings[i], 16, 15, "all buffers of a frame at once (16)");
	}
}

/* ---- transmit ---- */

static void tx_lie(uint64_t rings, uint16_t id, bool twice, const char *words)
{
	open_port(rings);
	for (int i = 0; i < 3; i++)
		assert_int_equal(tx_one(), 1);
	fake_push(&f, &f.q[1], id, 0);
	if (twice)
		fake_push(&f, &f.q[1], id, 0);
	fake_publish(&f, &f.q[1]);
	leat_tx(fake_txq(&f), NULL, 0);
	stopped(words);
}

static void tx_used(void **state)
{
	static const uint64_t rings[] = { PACKED, PACKED | IN_ORDER };

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(rings); i++) {
		tx_lie(rings[i], 16, false, "descriptor that there is not (16)");
		tx_lie(rings[i], 0xffff, false, "descriptor that there is not");
		tx_lie(rings[i], 3, false, "descriptor that it does not have (3)");
		tx_lie(rings[i], 0, true, "descriptor that it does not have (0)");
	}
}

/* A packet is known by its id; what is inside its chain is nobody's to return. */
static void tx_inside_a_chain(void **state)
{
	static const uint64_t rings[] = { PACKED, PACKED | IN_ORDER };

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(rings); i++) {
		struct leat_pkt *pkts[2];

		open_port(rings[i]);
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
}

/* In order nothing but used->idx is believed. */
static void index_jumps(void **state)
{
	static const uint16_t jumps[] = { 2, 17, 0x8000, 0xffff };

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(jumps); i++) {
		open_port(IN_ORDER);
		assert_int_equal(tx_one(), 1);
		f.q[1].used = jumps[i];
		fake_publish(&f, &f.q[1]);
		leat_tx(fake_txq(&f), NULL, 0);
		stopped("used->idx too far");
	}
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
		struct leat_pkt *pkts[16];
		uint16_t n;

		if (round % 3000 == 0)
			open_port(rings[round / 3000]);
		scribble(&f.q[fake_random(&seed) % 2]);
		n = rx(pkts);
		for (uint16_t i = 0; i < n; i++)
			assert_in_range(pkts[i]->total, 14, 16 * 2060);
		leat_pkt_free(pkts, n);
		for (int i = 0; i < 4; i++)
			tx_one();
		if (f.errors) {
			f.errors = 0;
			leat_port_stop(f.port);
			assert_int_equal(leat_port_start(f.port), 0);
		}
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
