// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_gso.c - frames to be segmented in the virtio-net model: shown to the wire with what
 * their headers say, given to a driver that takes them, cut for one that does not.
 */
#include "model_rig.h"

#include <leat/bits.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADERS	54
#define BUF	2000

static struct virtio_net_hdr tso(uint16_t mss)
{
	return (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = leat_cpu_to_le16(HEADERS), .gso_size = leat_cpu_to_le16(mss),
		.csum_start = leat_cpu_to_le16(34), .csum_offset = leat_cpu_to_le16(16),
	};
}

/* TCP over IPv4. */
static void headers(uint8_t *p)
{
	p[12] = 8;
	p[13] = 0;
	p[14] = 0x45;
	p[20] = p[21] = 0;
	p[23] = 6;
	p[46] = 0x50;
}

static void send(struct rig *r, const struct virtio_net_hdr *h, uint32_t len, unsigned int number)
{
	uint32_t at = rig_tx_buf(r, len, number);
	struct rig_seg segs[2] = { { at, 12 }, { at + 12, len } };

	memcpy(r->mem + at, h, sizeof(*h));
	headers((uint8_t *)r->mem + at + 12);
	rig_add(r, RIG_TX, segs, 2);
	rig_run(r);
}

/* Up to the longest IP packet, in its own memory or put together. */
static void test_sent(void **state)
{
	static const uint32_t sizes[] = { 100, 1514, 16384, 16385, 40000, 65549 };
	struct virtio_net_hdr h = tso(1448);
	struct rig r;

	(void)state;
	for (int by_message = 0; by_message < 2; by_message++) {
		rig_open(&r, NULL);
		r.by_message = by_message;
		rig_start(&r, RIG_ALL | RIG_HOST_GSO, 16);
		for (unsigned int i = 0; i < LEAT_ARRAY_LEN(sizes); i++) {
			const struct rig_frame *f = &r.wire->frame[i];

			h.gso_type = i & 1 ? 0x81 : 1;
			send(&r, &h, sizes[i], i);
			assert_int_equal(r.wire->n, i + 1);
			assert_int_equal(f->len, sizes[i]);
			assert_int_equal(f->gso_size, 1448);
			assert_int_equal(f->gso_type, h.gso_type);
			assert_int_equal(f->hdr_len, HEADERS);
			assert_int_equal(f->flags, LEAT_FRAME_CSUM_PARTIAL);
		}
		assert_int_equal(r.mdev->stats.tx_dropped, 0);
		rig_close(&r);
	}
}

/* Without the feature, without a checksum, of no kind, without a size, or too long: dropped. */
static void test_refused(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	for (unsigned int i = 0; i < 8; i++) {
		struct virtio_net_hdr h = tso(1000);
		uint64_t host = RIG_HOST_GSO;

		switch (i) {
		case 0: host = VIRTIO_NET_F_HOST_TSO6; break;
		case 1: host = VIRTIO_NET_F_HOST_TSO4; h.gso_type |= VIRTIO_NET_HDR_GSO_ECN; break;
		case 2: h.flags = 0; break;
		case 3: h.gso_type = VIRTIO_NET_HDR_GSO_UDP; break;
		case 4: h.gso_type = 77; break;
		case 5: h.gso_size = leat_cpu_to_le16(0); break;
		case 6: host = 0; h.gso_type = VIRTIO_NET_HDR_GSO_UDP_L4; break;
		}
		rig_start(&r, RIG_ALL | host, 16);
		send(&r, &h, i == 7 ? 65561 : 3000, 0);
		assert_int_equal(r.wire->n, 0);
		assert_int_equal(rig_used_count(&r, RIG_TX), 1);
		assert_int_equal(r.mdev->stats.tx_dropped, i + 1);
	}
	assert_int_equal(r.errors, 0);
	rig_close(&r);
}

static struct leat_frame frame(uint8_t *p, uint32_t len)
{
	rig_fill(p, len, 5);
	headers(p);
	return (struct leat_frame){
		.data = p, .len = len, .flags = LEAT_FRAME_CSUM_PARTIAL, .csum_start = 34,
		.csum_off = 16, .gso_size = 1000, .gso_type = 1, .hdr_len = HEADERS,
	};
}

static void buffers(struct rig *r, unsigned int n)
{
	while (n--) {
		struct rig_seg seg = { rig_buf(r, BUF), BUF };

		rig_add(r, RIG_RX, &seg, 1);
	}
	rig_run(r);
}

static void test_received_whole(void **state)
{
	static uint8_t p[60000];
	struct leat_frame f = frame(p, 60000);
	struct virtio_net_hdr h;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL | RIG_GUEST_GSO, 64);
	buffers(&r, 30);
	assert_int_equal(leat_wire_deliver(&r.wire->wire, &f, 1), 0);	/* 31 are needed */
	buffers(&r, 1);
	assert_int_equal(leat_wire_deliver(&r.wire->wire, &f, 1), 1);
	assert_int_equal(rig_used_count(&r, RIG_RX), 31);
	memcpy(&h, r.mem + RIG_BUFS + 8, sizeof(h));
	assert_int_equal(h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(h.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	assert_int_equal(leat_le16_to_cpu(h.gso_size), 1000);
	assert_int_equal(leat_le16_to_cpu(h.hdr_len), HEADERS);
	assert_int_equal(leat_le16_to_cpu(h.csum_start), 34);
	assert_int_equal(leat_le16_to_cpu(h.csum_offset), 16);
	assert_int_equal(leat_le16_to_cpu(h.num_buffers), 31);
	assert_memory_equal(r.mem + RIG_BUFS + 8 + 12, p, BUF - 12);
	assert_int_equal(r.mdev->stats.rx_frames, 1);
	rig_close(&r);
}

/* Few buffers at a time: each segment once, and the frame is the wire's until the last. */
static void test_received_cut(void **state)
{
	static uint8_t p[5054];
	struct leat_frame f = frame(p, sizeof(p));
	uint64_t without[] = { 0, RIG_GUEST_GSO & ~VIRTIO_NET_F_GUEST_TSO4 };
	struct rig r;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		uint32_t id, len, n = 0;

		rig_open(&r, NULL);
		rig_start(&r, RIG_ALL | without[i], 16);
		for (unsigned int k = 1; k <= 5; k++) {
			buffers(&r, 1);
			assert_int_equal(leat_wire_deliver(&r.wire->wire, &f, 1), k == 5);
			assert_int_equal(rig_used_count(&r, RIG_RX), k);
		}
		while (rig_used(&r, RIG_RX, &id, &len)) {
			uint32_t at = RIG_BUFS + 8 + n * (BUF + 16);

			assert_int_equal(len, 12 + 1054);
			assert_int_equal(r.mem[at], 0);		/* the checksum is complete */
			assert_memory_equal(r.mem + at + 12 + HEADERS, p + HEADERS + 1000 * n, 1000);
			n++;
		}
		assert_int_equal(r.mdev->stats.rx_frames, 5);
		f.csum_start = 0;	/* cannot be cut */
		buffers(&r, 1);
		assert_int_equal(leat_wire_deliver(&r.wire->wire, &f, 1), 1);
		assert_int_equal(r.mdev->stats.rx_dropped, 1);
		f.csum_start = 34;
		rig_close(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sent),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_received_whole),
		cmocka_unit_test(test_received_cut),
	};

	return RIG_RUN(tests);
}
