// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_tx.c - sending, to devices of every legal kind; packets of every shape.
 */
#include "driver_fake.h"

#include <leat/stats.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#define SEG_MAX 2048	/* the pool's buffers */
#define LATE 40		/* heads a device that works out of order sits on, at most */

static struct fake f;
static uint64_t seed;

/* A packet of @len bytes in @segs segments, some of them perhaps empty, @off from the start. */
static struct leat_pkt *make(const char *frame, size_t len, unsigned int segs, uint16_t off)
{
	struct leat_pkt *head = NULL, *pkt;
	size_t done = 0;

	for (unsigned int i = 0; i < segs; i++) {
		size_t later = (segs - 1 - i) * SEG_MAX, left = len - done;
		size_t least = left > later ? left - later : 0;
		size_t most = left < SEG_MAX ? left : SEG_MAX;
		size_t any = least + fake_random(&seed) % (most - least + 1);
		size_t part = i + 1 == segs ? left : any;
		char *to;

		if (!leat_pkt_alloc(fake_txq(&f)->cache, &pkt, 1)) {
			if (head)
				leat_pkt_free(&head, 1);
			return NULL;
		}
		pkt->off = i ? pkt->off : off;
		to = leat_pkt_append(pkt, (uint16_t)part);
		assert_non_null(to);
		memcpy(to, frame + done, part);
		done += part;
		if (head)
			assert_int_equal(leat_pkt_chain(head, pkt), 0);
		else
			head = pkt;
	}
	assert_int_equal(done, len);
	return head;
}

static void assert_plain(const struct virtio_net_hdr *hdr)
{
	const struct virtio_net_hdr zero = { 0 };

	assert_memory_equal(hdr, &zero, sizeof(zero));
}

struct shape {
	size_t		longest;
	unsigned int	segs;		/* at most */
	bool		no_headroom;	/* sometimes */
};

/* Where a device that works out of order keeps what it has read but not returned. */
struct late {
	uint16_t	head[LATE];
	unsigned int	n;
};

/* Take a frame, return its chain some time later, some other first. */
static int collect_late(struct late *late, struct virtio_net_hdr *hdr, char *buf)
{
	char all[FAKE_FRAME_MAX];
	int head = fake_pop(&f, &f.q[1]);
	size_t len;

	while (late->n && (head < 0 || late->n == LATE)) {
		unsigned int k = fake_random(&seed) % late->n;

		fake_push(&f, &f.q[1], late->head[k], 0);
		late->head[k] = late->head[--late->n];
	}
	fake_publish(&f, &f.q[1]);
	if (head < 0)
		return -1;
	len = fake_gather(&f, &f.q[1], (uint16_t)head, all);
	memcpy(hdr, all, sizeof(*hdr));
	memcpy(buf, all + sizeof(*hdr), len - sizeof(*hdr));
	late->head[late->n++] = (uint16_t)head;
	return (int)(len - sizeof(*hdr));
}

static void stream(unsigned int frames, const struct shape *shape, bool in_order)
{
	unsigned int made = 0, taken = 0;
	uint64_t lens = fake_random(&seed), check = lens, bytes = 0;
	char frame[FAKE_FRAME_MAX], got[FAKE_FRAME_MAX];
	struct late late = { .n = 0 };
	struct leat_stats stats;

	while (taken < frames) {
		uint16_t burst = (uint16_t)(fake_random(&seed) % LEAT_MIN(64, f.port->cfg.tx_desc));
		uint16_t n = 0, sent;
		struct leat_pkt *pkts[64];
		struct virtio_net_hdr hdr;
		uint64_t lens_at[65];

		for (; n < burst && made + n < frames; n++) {
			size_t len;
			unsigned int segs = 1 + fake_random(&seed) % shape->segs;

			lens_at[n] = lens;
			len = 60 + fake_random(&lens) % (shape->longest - 59);
			if (segs * SEG_MAX < len)
				segs = shape->segs;
			fake_fill(frame, len, made + n);
			pkts[n] = make(frame, len, segs,
				       shape->no_headroom && fake_random(&seed) % 2 ? 4 : 128);
			if (!pkts[n]) {
				lens = lens_at[n];
				break;
			}
		}
		lens_at[n] = lens;
		sent = leat_tx(fake_txq(&f), pkts, n);
		leat_pkt_free_to(fake_txq(&f)->cache, pkts + sent, n - sent);
		lens = lens_at[sent];
		made += sent;
		f.hold = f.kind.batch && fake_random(&seed) % 4;
		for (unsigned int i = fake_random(&seed) % 80; i; i--) {
			int len = in_order ? fake_collect(&f, &hdr, got) :
					     collect_late(&late, &hdr, got);
			size_t want;

			if (len < 0)
				break;
			want = 60 + fake_random(&check) % (shape->longest - 59);
			assert_int_equal(len, want);
			fake_fill(frame, want, taken++);
			assert_memory_equal(frame, got, want);
			assert_plain(&hdr);
			bytes += want;
		}
		f.hold = false;
		fake_publish(&f, &f.q[1]);
	}
	leat_port_stats(f.port, &stats);
	assert_int_equal(stats.tx_packets, frames);
	assert_int_equal(stats.tx_bytes, bytes);
	assert_int_equal(stats.tx_errors, 0);
	assert_int_equal(f.errors, 0);
}

/* Device @i of every kind, with @rings. */
static void kind_of_device(unsigned int i, uint64_t rings)
{
	static const struct shape shapes[] = {
		{ 1518, 1, false }, { 1518, 4, false }, { 1518, 3, true }, { 9018, 8, true },
	};
	struct leat_port_config cfg = { .tx_desc = (uint16_t)(16 << i % 5), .mtu = 9000 };

	fake_init(&f, 2048, 2048);
	f.kind.features = (i & 16 ? FAKE_ALL : FAKE_BASIC | VIRTIO_NET_F_MRG_RXBUF) | rings;
	f.kind.quiet = i & 2;
	f.kind.mapped = i & 4;
	f.kind.batch = rings & VIRTIO_F_IN_ORDER;
	assert_int_equal(fake_open(&f, &cfg), 0);
	assert_int_equal(f.accepted & rings, rings);
	stream(300, &shapes[i / 2 % 4], i & 1);
	fake_fini(&f);
}

static void every_kind_of_device(void **state)
{
	static const uint64_t rings[] = FAKE_RINGS;

	(void)state;
	for (fake_vectors = 0; fake_vectors <= 512; fake_vectors += 256)
		for (unsigned int i = 0; i < 32; i++)
			for (size_t k = 0; k < LEAT_ARRAY_LEN(rings); k++) {
				kind_of_device(i, rings[k]);
				if (i & 1)
					kind_of_device(i, rings[k] | VIRTIO_F_IN_ORDER);
			}
	fake_vectors = 512;
}

/* What stays with the queue is what it still may need: collecting gives the rest back. */
static void collects(void **state)
{
	char buf[FAKE_FRAME_MAX], frame[64] = { 0 };
	struct virtio_net_hdr hdr;
	struct leat_pkt *pkt;

	(void)state;
	fake_init(&f, 1024, 2048);
	assert_int_equal(fake_open(&f, NULL), 0);
	for (int i = 0; i < 256; i++) {
		pkt = make(frame, 64, 1, 128);
		assert_int_equal(leat_tx(fake_txq(&f), &pkt, 1), 1);
	}
	pkt = make(frame, 64, 1, 128);
	assert_int_equal(leat_tx(fake_txq(&f), &pkt, 1), 0);	/* full */
	leat_drop(fake_txq(&f), &pkt, 1);
	assert_int_equal(fake_txq(&f)->drop_full, 1);
	while (fake_collect(&f, &hdr, buf) >= 0)
		;
	leat_tx(fake_txq(&f), NULL, 0);
	leat_port_stop(f.port);
	assert_int_equal(leat_pool_available(f.pool) + fake_txq(&f)->cache->n, 1024);
	fake_fini(&f);
}

/* A packet in a table has one descriptor, but its buffers count: a pool is sized by descriptors. */
static void tables_hold_no_more_buffers(uint64_t rings)
{
	char buf[FAKE_FRAME_MAX], frame[3000] = { 0 };
	struct virtio_net_hdr hdr;
	unsigned int sent = 0;
	struct leat_pkt *pkt;

	fake_init(&f, 2048, 2048);
	f.kind.features = FAKE_ALL | VIRTIO_F_INDIRECT_DESC | rings;
	assert_int_equal(fake_open(&f, NULL), 0);
	for (int round = 0; round < 4; round++) {
		while (pkt = make(frame, 500, 5, 128), leat_tx(fake_txq(&f), &pkt, 1))
			sent++;
		leat_drop(fake_txq(&f), &pkt, 1);
		assert_int_equal(sent, 256 / 5);
		pkt = make(frame, 64, 1, 128);		/* a plain one finds what room there is */
		if (leat_tx(fake_txq(&f), &pkt, 1))
			sent++;
		else
			leat_drop(fake_txq(&f), &pkt, 1);
		for (; sent; sent--)
			assert_true(fake_collect(&f, &hdr, buf) >= 64);
		assert_int_equal(fake_collect(&f, &hdr, buf), -1);
	}
	for (int i = 0; i < 256; i++) {			/* all of it is there again */
		pkt = make(frame, 64, 1, 128);
		assert_int_equal(leat_tx(fake_txq(&f), &pkt, 1), 1);
	}
	fake_fini(&f);
}

static void tables_count_by_their_buffers(void **state)
{
	static const uint64_t rings[] = { 0, VIRTIO_F_RING_PACKED };

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(rings); i++) {
		tables_hold_no_more_buffers(rings[i]);
		tables_hold_no_more_buffers(rings[i] | VIRTIO_F_IN_ORDER);
	}
}

/* A chain that comes back before an older one is freed with it, also if that is a plain one. */
static void early_chains_are_freed(void **state)
{
	char frame[2 * SEG_MAX] = { 0 };
	unsigned int at_home;
	int old, young;
	struct leat_pkt *pkts[2];

	(void)state;
	fake_init(&f, 1024, 2048);
	assert_int_equal(fake_open(&f, NULL), 0);
	at_home = leat_pool_available(f.pool) + fake_txq(&f)->cache->n;
	pkts[0] = make(frame, 64, 1, 128);
	pkts[1] = make(frame, sizeof(frame), 2, 128);
	assert_int_equal(leat_tx(fake_txq(&f), pkts, 2), 2);
	old = fake_pop(&f, &f.q[1]);
	young = fake_pop(&f, &f.q[1]);
	fake_push(&f, &f.q[1], (uint32_t)young, 0);
	fake_publish(&f, &f.q[1]);
	leat_tx(fake_txq(&f), NULL, 0);
	fake_push(&f, &f.q[1], (uint32_t)old, 0);
	fake_publish(&f, &f.q[1]);
	leat_tx(fake_txq(&f), NULL, 0);
	assert_int_equal(leat_pool_available(f.pool) + fake_txq(&f)->cache->n, at_home);
	fake_fini(&f);
}

static void nothing_is_written_twice(void **state)
{
	char before[64 * 16], buf[FAKE_FRAME_MAX];
	struct leat_port_config cfg = { .tx_desc = 64 };
	struct virtio_net_hdr hdr;
	unsigned int same = 0;

	(void)state;
	fake_init(&f, 512, 2048);
	assert_int_equal(fake_open(&f, &cfg), 0);
	for (unsigned int round = 0; round < 20; round++) {
		struct leat_pkt *pkts[32];

		memcpy(before, fake_ptr(&f, f.q[1].desc, sizeof(before)), sizeof(before));
		assert_int_equal(leat_pkt_alloc(fake_txq(&f)->cache, pkts, 32), 32);
		for (int i = 0; i < 32; i++)
			memset(leat_pkt_append(pkts[i], 64), i, 64);
		assert_int_equal(leat_tx(fake_txq(&f), pkts, 32), 32);
		while (fake_collect(&f, &hdr, buf) >= 0)
			;
		same += !memcmp(before, fake_ptr(&f, f.q[1].desc, sizeof(before)),
				sizeof(before));
	}
	assert_true(same >= 16);	/* all but the first lap */
	fake_fini(&f);
}

/* ---- the header of what is sent back ---- */

#define BACK 12		/* frames: lines of descriptors, for data paths that take them whole */

/* Eleven plain frames, the first in a buffer whose header says @buffers; one that was found good. */
static void receive_for_sending(struct leat_pkt **pkts, uint16_t buffers)
{
	const leat_le16 said = leat_cpu_to_le16(buffers);
	char frame[60] = { 0 };

	for (int i = 0; i < BACK; i++)
		assert_true(fake_deliver(&f, frame, sizeof(frame),
					 i == BACK - 1 ? VIRTIO_NET_HDR_F_DATA_VALID : 0, 0, 0));
	assert_int_equal(leat_rx(fake_rxq(&f), pkts, BACK), BACK);
	memcpy((char *)leat_pkt_data(pkts[0]) - fake_hdr_len(&f) +
	       offsetof(struct virtio_net_hdr, num_buffers), &said, sizeof(said));
}

/* All zero, or all but num_buffers, which is @buffers. */
static void assert_sent_back(uint16_t buffers)
{
	struct virtio_net_hdr_hash got = { 0 }, want = { .hdr.num_buffers = leat_cpu_to_le16(buffers) };
	char all[FAKE_FRAME_MAX];
	int head = fake_pop(&f, &f.q[1]);

	assert_true(head >= 0);
	assert_int_equal(fake_gather(&f, &f.q[1], (uint16_t)head, all), fake_hdr_len(&f) + 60);
	memcpy(&got, all, fake_hdr_len(&f));
	assert_memory_equal(&got, &want, sizeof(got));
	fake_push(&f, &f.q[1], (uint32_t)head, 0);
}

static void send_back(uint64_t features, bool software)
{
	struct leat_dev_ops ops = fake_dev_ops;
	struct leat_pkt *pkts[BACK];

	ops.software = software;
	fake_init(&f, 1024, 2048);
	f.dev.ops = &ops;
	f.kind.features |= features;
	assert_int_equal(fake_open(&f, NULL), 0);
	receive_for_sending(pkts, 3);
	assert_int_equal(leat_tx(fake_txq(&f), pkts, BACK), BACK);
	assert_sent_back(0);
	for (int i = 1; i < BACK - 1; i++)
		assert_sent_back(software);
	assert_sent_back(0);
	fake_publish(&f, &f.q[1]);
	fake_fini(&f);
}

/* 5.1.6.2.1: num_buffers is 0. Programs get back the 1 that they wrote, and nothing else. */
static void headers_sent_back(void **state)
{
	static const uint64_t rings[] = FAKE_RINGS;
	static const uint64_t more[] = { 0, VIRTIO_F_IN_ORDER, VIRTIO_NET_F_HASH_REPORT,
					 VIRTIO_F_IN_ORDER | VIRTIO_NET_F_HASH_REPORT };

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(rings); i++)
		for (unsigned int k = 0; k < LEAT_ARRAY_LEN(more); k++) {
			send_back(rings[i] | more[k], false);
			send_back(rings[i] | more[k], true);
		}
}

/* ---- what a packet may ask for ---- */

static void checksum_by_the_device(void **state)
{
	char buf[FAKE_FRAME_MAX], frame[100] = { 0 };
	struct virtio_net_hdr hdr;
	struct leat_stats stats;
	struct leat_pkt *pkt;

	(void)state;
	fake_init(&f, 512, 2048);
	assert_int_equal(fake_open(&f, NULL), 0);
	pkt = make(frame, 100, 1, 128);
	pkt->flags = LEAT_PKT_CSUM_PARTIAL;
	pkt->csum_start = 34;
	pkt->csum_off = 6;
	assert_int_equal(leat_tx(fake_txq(&f), &pkt, 1), 1);
	assert_int_equal(fake_collect(&f, &hdr, buf), 100);
	assert_int_equal(hdr.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(leat_le16_to_cpu(hdr.csum_start), 34);
	assert_int_equal(leat_le16_to_cpu(hdr.csum_offset), 6);

	pkt = make(frame, 100, 1, 128);		/* the header's next user finds it clean */
	assert_int_equal(leat_tx(fake_txq(&f), &pkt, 1), 1);
	assert_int_equal(fake_collect(&f, &hdr, buf), 100);
	assert_plain(&hdr);

	pkt = make(frame, 100, 1, 128);
	pkt->flags = LEAT_PKT_CSUM_PARTIAL;
	pkt->csum_start = 94;
	pkt->csum_off = 6;
	assert_int_equal(leat_tx(fake_txq(&f), &pkt, 1), 1);
	assert_int_equal(fake_collect(&f, &hdr, buf), -1);
	leat_port_stats(f.port, &stats);
	assert_int_equal(stats.tx_errors, 1);
	assert_int_equal(stats.tx_packets, 2);
	fake_fini(&f);
}

static void checksum_in_software(void **state)
{
	struct leat_port_config cfg = { .offloads = LEAT_OFFLOADS_NONE };
	char buf[FAKE_FRAME_MAX], frame[100] = { [34] = 0x12, [35] = 0x34, [99] = 1 };
	struct virtio_net_hdr hdr;
	struct leat_pkt *pkt;

	(void)state;
	fake_init(&f, 512, 2048);
	assert_int_equal(fake_open(&f, &cfg), 0);
	pkt = make(frame, 100, 3, 128);
	pkt->flags = LEAT_PKT_CSUM_PARTIAL;
	pkt->csum_start = 34;
	pkt->csum_off = 6;
	assert_int_equal(leat_tx(fake_txq(&f), &pkt, 1), 1);
	assert_int_equal(fake_collect(&f, &hdr, buf), 100);
	assert_plain(&hdr);
	assert_int_equal((uint8_t)buf[40] << 8 | (uint8_t)buf[41], 0xffff - 0x1235);
	fake_fini(&f);
}

static void impossible_packets(void **state)
{
	char buf[FAKE_FRAME_MAX], frame[9100] = { 0 };
	struct virtio_net_hdr hdr;
	struct leat_stats stats;
	struct leat_pkt *pkts[6];

	(void)state;
	fake_init(&f, 512, 2048);
	f.kind.mtu = 1500;
	assert_int_equal(fake_open(&f, NULL), 0);
	pkts[0] = make(frame, 1519, 1, 128);		/* too long */
	pkts[1] = make(frame, 9000, 8, 128);
	pkts[2] = make(frame, 13, 1, 128);		/* no frame */
	pkts[3] = make(frame, 60, 65, 128);		/* too many segments */
	pkts[4] = make(frame, 1000, 1, 128);		/* asks for what nobody offered */
	pkts[4]->flags = LEAT_PKT_TSO;
	pkts[5] = make(frame, 1518, 1, 128);		/* fine */
	assert_int_equal(leat_tx(fake_txq(&f), pkts, 6), 6);
	assert_int_equal(fake_collect(&f, &hdr, buf), 1518);
	assert_int_equal(fake_collect(&f, &hdr, buf), -1);
	leat_port_stats(f.port, &stats);
	assert_int_equal(stats.tx_errors, 5);
	assert_int_equal(stats.tx_packets, 1);
	assert_int_equal(stats.tx_bytes, 1518);
	fake_fini(&f);
}

/* A shared packet is read by others: its bytes and what lies around them stay as they are. */
static void shared_packets(void **state)
{
	char buf[FAKE_FRAME_MAX], frame[64];
	struct virtio_net_hdr hdr;
	struct leat_pkt *pkt;
	char *around;

	(void)state;
	fake_init(&f, 512, 2048);
	assert_int_equal(fake_open(&f, NULL), 0);
	fake_fill(frame, 64, 1);
	pkt = make(frame, 64, 1, 128);
	around = (char *)leat_pkt_data(pkt) - 12;
	memset(around, 0x5a, 12);
	pkt->refs = 2;
	assert_int_equal(leat_tx(fake_txq(&f), &pkt, 1), 1);
	assert_int_equal(fake_collect(&f, &hdr, buf), 64);
	assert_plain(&hdr);
	assert_memory_equal(buf, frame, 64);
	for (int i = 0; i < 12; i++)
		assert_int_equal(around[i], 0x5a);
	leat_tx(fake_txq(&f), NULL, 0);
	assert_int_equal(pkt->refs, 1);
	leat_pkt_free(&pkt, 1);
	fake_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_device),
		cmocka_unit_test(collects),
		cmocka_unit_test(tables_count_by_their_buffers),
		cmocka_unit_test(early_chains_are_freed),
		cmocka_unit_test(nothing_is_written_twice),
		cmocka_unit_test(headers_sent_back),
		cmocka_unit_test(checksum_by_the_device),
		cmocka_unit_test(checksum_in_software),
		cmocka_unit_test(impossible_packets),
		cmocka_unit_test(shared_packets),
	};

	seed = getenv("LEAT_SEED") ? strtoull(getenv("LEAT_SEED"), NULL, 10) : (uint64_t)time(NULL);
	print_message("seed %llu\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
