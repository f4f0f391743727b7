// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_rx.c - receiving, from devices of every legal kind: in order and not,
 * mergeable or one buffer a frame, mapped and trapped doorbells.
 */
#include "driver_fake.h"

#include <leat/stats.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static struct fake f;
static uint64_t seed;

static void assert_frame(struct leat_pkt *pkt, const void *frame, size_t len)
{
	char buf[FAKE_FRAME_MAX];
	unsigned int segs = 0;

	assert_int_equal(pkt->total, len);
	assert_int_equal(leat_pkt_read(pkt, 0, buf, sizeof(buf)), len);
	assert_memory_equal(buf, frame, len);
	for (struct leat_pkt *seg = pkt; seg; seg = seg->next, segs++)
		assert_true(seg->off + seg->len <= seg->cap);
	assert_int_equal(pkt->nsegs, segs);
	assert_int_equal(pkt->refs, 1);
}

/* Frames of random lengths in random bursts, checked byte by byte. */
static void stream(unsigned int frames, size_t longest)
{
	unsigned int sent = 0, got = 0, len_key = fake_random(&seed);
	uint64_t lens = len_key, check = len_key, bytes = 0;
	char frame[FAKE_FRAME_MAX];
	struct leat_stats stats;

	while (got < frames) {
		struct leat_pkt *pkts[64];
		uint16_t burst = (uint16_t)(1 + fake_random(&seed) % 64), n;

		for (unsigned int i = fake_random(&seed) % 80; i && sent < frames; i--) {
			uint64_t before = lens;
			size_t len = 60 + fake_random(&lens) % (longest - 59);

			fake_fill(frame, len, sent);
			if (!fake_deliver(&f, frame, len, 0, 0, 0)) {
				lens = before;
				break;
			}
			sent++;
		}
		n = leat_rx(fake_rxq(&f), pkts, burst);
		for (uint16_t i = 0; i < n; i++, got++) {
			size_t len = 60 + fake_random(&check) % (longest - 59);

			fake_fill(frame, len, got);
			assert_frame(pkts[i], frame, len);
			assert_int_equal(pkts[i]->flags, 0);
			bytes += len;
		}
		leat_pkt_free_to(fake_rxq(&f)->cache, pkts, n);
	}
	leat_port_stats(f.port, &stats);
	assert_int_equal(stats.rx_packets, frames);
	assert_int_equal(stats.rx_bytes, bytes);
	assert_int_equal(stats.rx_errors, 0);
	assert_int_equal(f.errors, 0);
}

/* Device @i of every kind, with @rings. */
static void kind_of_device(unsigned int i, uint64_t rings)
{
	struct leat_port_config cfg = { .rx_desc = (uint16_t)(8 << i % 6) };

	fake_init(&f, 1024, 2048);
	f.kind.features = (i & 1 ? FAKE_ALL : FAKE_BASIC) | rings;
	f.kind.quiet = i & 2;
	f.kind.mapped = i & 4;
	f.kind.batch = rings & VIRTIO_F_IN_ORDER && i & 2;
	f.kind.notify_multiplier = i & 8 ? 0 : 4u << i;
	fake_caps(&f, fake_good_caps, 4);
	if (f.kind.notify_multiplier > 2048)
		f.kind.notify_off[1] = 0;
	assert_int_equal(fake_open(&f, &cfg), 0);
	assert_int_equal(f.accepted & rings, rings);
	stream(1000, 1514);
	fake_fini(&f);
}

static void every_kind_of_device(void **state)
{
	static const uint64_t rings[] = FAKE_RINGS;

	(void)state;
	for (fake_vectors = 0; fake_vectors <= 512; fake_vectors += 256)
		for (unsigned int i = 0; i < 16; i++)
			for (size_t k = 0; k < LEAT_ARRAY_LEN(rings); k++) {
				kind_of_device(i, rings[k]);
				kind_of_device(i, rings[k] | VIRTIO_F_IN_ORDER);
			}
	fake_vectors = 512;
}

static void names_its_path(void **state)
{
	static const struct {
		uint64_t	rings;
		unsigned int	vectors;
		const char	*name;
	} paths[] = {
		{ 0, 0, "split queues" },
		{ VIRTIO_F_IN_ORDER, 0, "split in-order (IN_ORDER) queues" },
		{ VIRTIO_F_RING_PACKED, 512, "packed (RING_PACKED) queues" },
		{ VIRTIO_F_RING_PACKED | VIRTIO_F_IN_ORDER, 0, "packed in-order (IN_ORDER) queues" },
#if defined(__x86_64__)
		{ VIRTIO_F_RING_PACKED | VIRTIO_F_IN_ORDER, 256, "packed in-order avx2 (IN_ORDER, CPU) queues" },
		{ VIRTIO_F_RING_PACKED | VIRTIO_F_IN_ORDER, 512, "packed in-order avx512 (IN_ORDER, CPU) queues" },
#endif
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(paths); i++) {
		fake_init(&f, 1024, 2048);
		f.kind.features |= paths[i].rings;
		fake_vectors = paths[i].vectors;
		assert_int_equal(fake_open(&f, NULL), 0);
		if (!fake_lacks(paths[i].vectors))
			assert_ptr_equal(strstr(leat_port_info(f.port), paths[i].name),
					 leat_port_info(f.port));
		fake_fini(&f);
	}
	fake_vectors = 512;
}

static void jumbo_merged(void **state)
{
	static const uint64_t rings[] = { 0, VIRTIO_F_IN_ORDER, VIRTIO_F_RING_PACKED,
					  VIRTIO_F_RING_PACKED | VIRTIO_F_IN_ORDER };
	struct leat_port_config cfg = { .mtu = 9000 };

	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		fake_init(&f, 2048, 2048);
		f.kind.features |= rings[i / 2];
		f.kind.batch = i & 1 && rings[i / 2] & VIRTIO_F_IN_ORDER;
		assert_int_equal(fake_open(&f, &cfg), 0);
		stream(500, 9018);
		fake_fini(&f);
	}
}

static void jumbo_in_one_buffer(void **state)
{
	struct leat_port_config cfg = { .mtu = 9000 };

	(void)state;
	for (unsigned int room = 9018; room <= 9018 + 12; room += 12) {
		fake_init(&f, 512, room);	/* the header in the headroom, or behind it */
		f.kind.features = FAKE_BASIC | VIRTIO_NET_F_MTU;
		assert_int_equal(fake_open(&f, &cfg), 0);
		assert_true(f.accepted & VIRTIO_NET_F_MTU);
		stream(200, 9018);
		fake_fini(&f);
	}
}

/* 5.1.4.2: negotiating MTU promises buffers for it. */
static void promises_no_mtu_it_cannot_keep(void **state)
{
	struct leat_port_config cfg = { .mtu = 1500 };

	(void)state;
	fake_init(&f, 512, 2048);
	f.kind.features = FAKE_BASIC | VIRTIO_NET_F_MTU;
	assert_int_equal(fake_open(&f, &cfg), 0);
	assert_false(f.accepted & VIRTIO_NET_F_MTU);
	fake_fini(&f);
}

/* Whole batches come back in any order (2.7.8: used entries need not be in order). */
static void out_of_order_in(uint64_t rings)
{
	struct leat_port_config cfg = { .rx_desc = 64 };
	unsigned int got = 0;

	fake_init(&f, 512, 2048);
	f.kind.features |= rings;
	assert_int_equal(fake_open(&f, &cfg), 0);
	for (unsigned int round = 0; round < 200; round++) {
		struct leat_pkt *pkts[64];
		uint16_t heads[64];
		unsigned int n = 1 + fake_random(&seed) % 32;
		uint16_t have;

		for (unsigned int i = 0; i < n; i++) {
			int head = fake_pop(&f, &f.q[0]);

			if (head < 0)
				n = i;
			else
				heads[i] = (uint16_t)head;
		}
		for (unsigned int i = 0; i < n; i++) {
			unsigned int k = i + fake_random(&seed) % (n - i);
			char frame[VIRTIO_NET_HDR_LEN + 64] = { [10] = 1 };
			uint16_t head = heads[k];

			heads[k] = heads[i];
			fake_fill(frame + VIRTIO_NET_HDR_LEN, 64, got + i);
			fake_scatter(&f, &f.q[0], head, frame, sizeof(frame));
			fake_push(&f, &f.q[0], head, sizeof(frame));
		}
		fake_publish(&f, &f.q[0]);
		have = leat_rx(fake_rxq(&f), pkts, 64);
		assert_int_equal(have, n);
		for (uint16_t i = 0; i < have; i++, got++) {
			char frame[64];

			fake_fill(frame, 64, got);
			assert_frame(pkts[i], frame, 64);
		}
		leat_pkt_free_to(fake_rxq(&f)->cache, pkts, have);
	}
	assert_true(got > 1000);
	assert_int_equal(f.errors, 0);
	fake_fini(&f);
}

static void out_of_order(void **state)
{
	(void)state;
	out_of_order_in(0);
	out_of_order_in(VIRTIO_F_RING_PACKED);
}

/* With a device that works in order nothing but avail->idx is ever written. */
static void nothing_is_written_twice(void **state)
{
	struct leat_port_config cfg = { .rx_desc = 64 };
	char before[64 * 16], frame[64] = { 0 };

	(void)state;
	fake_init(&f, 512, 2048);
	assert_int_equal(fake_open(&f, &cfg), 0);
	memcpy(before, fake_ptr(&f, f.q[0].desc, sizeof(before)), sizeof(before));
	for (unsigned int round = 0; round < 20; round++) {
		struct leat_pkt *pkts[32];

		for (int i = 0; i < 32; i++)
			assert_true(fake_deliver(&f, frame, 64, 0, 0, 0));
		assert_int_equal(leat_rx(fake_rxq(&f), pkts, 32), 32);
		leat_pkt_free_to(fake_rxq(&f)->cache, pkts, 32);
		assert_memory_equal(before, fake_ptr(&f, f.q[0].desc, sizeof(before)),
				    sizeof(before));
	}
	fake_fini(&f);
}

static void rings_only_when_asked(void **state)
{
	char frame[64] = { 0 };

	(void)state;
	for (int quiet = 0; quiet < 2; quiet++) {
		unsigned int rings;

		fake_init(&f, 512, 2048);
		f.kind.quiet = quiet;
		assert_int_equal(fake_open(&f, NULL), 0);
		rings = f.q[0].rings;
		assert_int_equal(rings, !quiet);
		for (unsigned int round = 0; round < 10; round++) {
			struct leat_pkt *pkts[32];

			for (int i = 0; i < 32; i++)
				assert_true(fake_deliver(&f, frame, 64, 0, 0, 0));
			assert_int_equal(leat_rx(fake_rxq(&f), pkts, 32), 32);
			leat_pkt_free_to(fake_rxq(&f)->cache, pkts, 32);
		}
		assert_int_equal(f.q[0].rings - rings, quiet ? 0 : 9);	/* one a refill */
		fake_fini(&f);
	}
}

/* ---- checksums ---- */

static struct leat_pkt *one(uint8_t flags, uint16_t start, uint16_t off)
{
	struct leat_pkt *pkt = NULL;
	char frame[100] = { 0 };

	assert_true(fake_deliver(&f, frame, sizeof(frame), flags, start, off));
	leat_rx(fake_rxq(&f), &pkt, 1);
	return pkt;
}

static void checksums(void **state)
{
	struct leat_stats stats;
	struct leat_pkt *pkt;

	(void)state;
	fake_init(&f, 512, 2048);
	assert_int_equal(fake_open(&f, NULL), 0);
	pkt = one(VIRTIO_NET_HDR_F_NEEDS_CSUM, 34, 16);
	assert_int_equal(pkt->flags, LEAT_PKT_CSUM_PARTIAL);
	assert_int_equal(pkt->csum_start, 34);
	assert_int_equal(pkt->csum_off, 16);
	leat_pkt_free(&pkt, 1);
	pkt = one(VIRTIO_NET_HDR_F_DATA_VALID, 0, 0);
	assert_int_equal(pkt->flags, LEAT_PKT_CSUM_GOOD);
	leat_pkt_free(&pkt, 1);
	pkt = one(VIRTIO_NET_HDR_F_NEEDS_CSUM, 82, 16);		/* the last two bytes */
	assert_int_equal(pkt->flags, LEAT_PKT_CSUM_PARTIAL);
	leat_pkt_free(&pkt, 1);

	assert_null(one(VIRTIO_NET_HDR_F_NEEDS_CSUM, 83, 16));
	assert_null(one(VIRTIO_NET_HDR_F_NEEDS_CSUM, 0xffff, 0xffff));
	leat_port_stats(f.port, &stats);
	assert_int_equal(stats.rx_errors, 2);
	assert_int_equal(stats.rx_packets, 3);
	fake_fini(&f);
}

static void checksums_not_negotiated(void **state)
{
	struct leat_port_config cfg = { .offloads = LEAT_OFFLOADS_NONE };
	struct leat_pkt *pkt;

	(void)state;
	fake_init(&f, 512, 2048);
	assert_int_equal(fake_open(&f, &cfg), 0);
	pkt = one(VIRTIO_NET_HDR_F_DATA_VALID, 0, 0);
	assert_int_equal(pkt->flags, 0);
	leat_pkt_free(&pkt, 1);
	fake_fini(&f);
}

/* ---- few buffers ---- */

static void a_pool_too_small(void **state)
{
	struct leat_pkt *pkts[40];
	struct leat_stats stats;
	char frame[64] = { 0 };
	uint16_t n = 0;

	(void)state;
	fake_init(&f, 40, 2048);		/* for a ring of 256 */
	assert_int_equal(fake_open(&f, NULL), 0);
	for (int i = 0; i < 40; i++)
		assert_true(fake_deliver(&f, frame, 64, 0, 0, 0));
	assert_false(fake_deliver(&f, frame, 64, 0, 0, 0));
	while (n < 40)
		n = (uint16_t)(n + leat_rx(fake_rxq(&f), pkts + n, (uint16_t)(40 - n)));
	assert_int_equal(leat_rx(fake_rxq(&f), pkts, 0), 0);
	leat_port_stats(f.port, &stats);
	assert_true(stats.rx_nobuf > 0);

	/* back again: it goes on */
	leat_pkt_free_to(fake_rxq(&f)->cache, pkts, 40);
	assert_int_equal(leat_rx(fake_rxq(&f), pkts, 32), 0);
	assert_true(fake_deliver(&f, frame, 64, 0, 0, 0));
	assert_int_equal(leat_rx(fake_rxq(&f), pkts, 32), 1);
	leat_pkt_free(pkts, 1);
	fake_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_device),
		cmocka_unit_test(names_its_path),
		cmocka_unit_test(jumbo_merged),
		cmocka_unit_test(jumbo_in_one_buffer),
		cmocka_unit_test(promises_no_mtu_it_cannot_keep),
		cmocka_unit_test(out_of_order),
		cmocka_unit_test(nothing_is_written_twice),
		cmocka_unit_test(rings_only_when_asked),
		cmocka_unit_test(checksums),
		cmocka_unit_test(checksums_not_negotiated),
		cmocka_unit_test(a_pool_too_small),
	};

	seed = (uint64_t)time(NULL);
	print_message("seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
