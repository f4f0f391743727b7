// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_offloads.c - what a packet asks of the device and what the device says of a frame,
 * to the header before it and back: segments, checksums, hashes, tags; in each kind of ring.
 */
#include "driver_fake.h"

#include <leat/rss.h>
#include <leat/stats.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define ETH	14
#define TCP_SUM	16
#define UDP_SUM	6

#define SEND (VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_HOST_USO)
#define TAKE (VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_USO4 | \
	      VIRTIO_NET_F_GUEST_USO6)
#define HASH (VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_HASH_REPORT)

static const uint64_t rings[] = { 0, VIRTIO_F_IN_ORDER, VIRTIO_F_RING_PACKED,
				  VIRTIO_F_RING_PACKED | VIRTIO_F_IN_ORDER };
static struct fake f;

static void open_port(uint64_t features)
{
	const uint32_t lro = LEAT_CAP_RX_LRO | LEAT_CAP_RX_CSUM;
	const struct leat_rss rss = { .types = LEAT_RSS_TCP4 };
	const struct leat_port_config cfg = {
		.offloads = features & TAKE ? lro : 0,
		.rss = features & HASH ? &rss : NULL,
	};

	fake_init(&f, 1024, 2048);
	f.kind.features |= features;
	f.kind.num_queues = 3;
	f.kind.pairs = 1;
	assert_int_equal(fake_open(&f, &cfg), 0);
	assert_int_equal(f.accepted & features, features);
}

static uint32_t errors(void)
{
	struct leat_stats stats;

	leat_port_stats(f.port, &stats);
	return (uint32_t)(stats.tx_errors + stats.rx_errors);
}

/* ---- to send ---- */

struct segments {
	uint16_t	type;		/* behind Ethernet and @tags */
	unsigned int	tags;
	uint16_t	l3_len;
	uint16_t	csum_off;
	uint8_t		l4_len;		/* in words, TCP's */
	uint8_t		tcp_flags;
};

/* A packet of 3000 bytes in two segments, to be cut. */
static struct leat_pkt *make(const struct segments *s)
{
	uint16_t l4 = (uint16_t)(ETH + 4 * s->tags + s->l3_len);
	struct leat_pkt *pkts[2];
	uint8_t *data;

	assert_int_equal(leat_pkt_alloc(fake_txq(&f)->cache, pkts, 2), 2);
	data = leat_pkt_append(pkts[0], 1500);
	memset(data, 0, 1500);
	memset(leat_pkt_append(pkts[1], 1500), 1, 1500);
	for (unsigned int i = 0; i < s->tags; i++)
		data[12 + 4 * i] = 0x81;
	data[12 + 4 * s->tags] = (uint8_t)(s->type >> 8);
	data[13 + 4 * s->tags] = (uint8_t)s->type;
	data[l4 + 12] = (uint8_t)(s->l4_len << 4);
	data[l4 + 13] = s->tcp_flags;
	assert_int_equal(leat_pkt_chain(pkts[0], pkts[1]), 0);
	pkts[0]->flags = LEAT_PKT_TSO | LEAT_PKT_CSUM_PARTIAL;
	pkts[0]->csum_start = l4;
	pkts[0]->csum_off = s->csum_off;
	pkts[0]->gso_size = 1000;
	return pkts[0];
}

/* The header that the device gets; false if the packet was refused. */
static bool send(struct leat_pkt *pkt, struct virtio_net_hdr *hdr)
{
	char buf[FAKE_FRAME_MAX];
	uint32_t before = errors(), total = pkt->total;
	int len;

	assert_int_equal(leat_tx(fake_txq(&f), &pkt, 1), 1);
	len = fake_collect(&f, hdr, buf);
	if (len < 0) {
		assert_int_equal(errors(), before + 1);
		return false;
	}
	assert_in_range(len, total, total + 4);
	return true;
}

static void assert_gso(const struct segments *s, uint8_t type, uint16_t hdr_len)
{
	uint16_t l4 = (uint16_t)(ETH + 4 * s->tags + s->l3_len);
	struct virtio_net_hdr hdr;

	assert_true(send(make(s), &hdr));
	assert_int_equal(hdr.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_int_equal(hdr.gso_type, type);
	assert_int_equal(leat_le16_to_cpu(hdr.gso_size), 1000);
	assert_int_equal(leat_le16_to_cpu(hdr.hdr_len), hdr_len);
	assert_int_equal(leat_le16_to_cpu(hdr.csum_start), l4);
	assert_int_equal(leat_le16_to_cpu(hdr.csum_offset), s->csum_off);
}

static const struct segments tcp4 = { 0x0800, 0, 20, TCP_SUM, 5, 0 };
static const struct segments tcp4_options = { 0x0800, 0, 24, TCP_SUM, 8, 0 };
static const struct segments tcp4_tagged = { 0x0800, 2, 20, TCP_SUM, 5, 0 };
static const struct segments tcp4_cwr = { 0x0800, 0, 20, TCP_SUM, 5, 0x80 };
static const struct segments tcp6 = { 0x86dd, 0, 40, TCP_SUM, 5, 0 };
static const struct segments udp4 = { 0x0800, 0, 20, UDP_SUM, 0, 0 };
static const struct segments udp6 = { 0x86dd, 1, 40, UDP_SUM, 0, 0 };
static const struct segments arp = { 0x0806, 0, 20, TCP_SUM, 5, 0 };
static const struct segments sctp = { 0x0800, 0, 20, 8, 5, 0 };

static void segments_to_send(void **state)
{
	struct virtio_net_hdr hdr;

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(rings); i++) {
		open_port(rings[i] | SEND | VIRTIO_NET_F_HOST_ECN);
		assert_gso(&tcp4, VIRTIO_NET_HDR_GSO_TCPV4, 54);
		assert_gso(&tcp4_options, VIRTIO_NET_HDR_GSO_TCPV4, 70);
		assert_gso(&tcp4_tagged, VIRTIO_NET_HDR_GSO_TCPV4, 62);
		assert_gso(&tcp4_cwr, VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN, 54);
		assert_gso(&tcp6, VIRTIO_NET_HDR_GSO_TCPV6, 74);
		assert_gso(&udp4, VIRTIO_NET_HDR_GSO_UDP_L4, 42);
		assert_gso(&udp6, VIRTIO_NET_HDR_GSO_UDP_L4, 66);
		assert_false(send(make(&arp), &hdr));
		assert_false(send(make(&sctp), &hdr));
		fake_fini(&f);
	}
}

static void segments_that_cannot_be(void **state)
{
	struct virtio_net_hdr hdr;
	struct leat_pkt *pkt;

	(void)state;
	open_port(SEND);
	assert_false(send(make(&tcp4_cwr), &hdr));	/* no HOST_ECN */
	pkt = make(&tcp4);
	pkt->gso_size = 0;
	assert_false(send(pkt, &hdr));
	pkt = make(&tcp4);
	pkt->flags &= ~LEAT_PKT_CSUM_PARTIAL;
	assert_false(send(pkt, &hdr));
	pkt = make(&tcp4);
	pkt->csum_start = 1490;				/* the header is not in the first segment */
	assert_false(send(pkt, &hdr));
	pkt = make(&tcp4);
	pkt->csum_start = 0xfff0;
	assert_false(send(pkt, &hdr));
	assert_gso(&tcp4, VIRTIO_NET_HDR_GSO_TCPV4, 54);
	fake_fini(&f);
	open_port(VIRTIO_NET_F_HOST_TSO6);
	assert_false(send(make(&tcp4), &hdr));
	assert_false(send(make(&udp6), &hdr));
	assert_gso(&tcp6, VIRTIO_NET_HDR_GSO_TCPV6, 74);
	fake_fini(&f);
}

/* No device has tags put in: the driver does, and moves the sum's place. */
static void tags(void **state)
{
	struct virtio_net_hdr hdr;
	struct leat_pkt *pkt;

	(void)state;
	open_port(SEND);
	pkt = make(&tcp4);
	pkt->flags |= LEAT_PKT_VLAN;
	pkt->vlan = 0x123;
	assert_true(send(pkt, &hdr));
	assert_int_equal(leat_le16_to_cpu(hdr.csum_start), ETH + 4 + 20);
	assert_int_equal(hdr.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
	fake_fini(&f);
}

/* ---- received ---- */

/* A frame of 3000 bytes with this header; NULL if it was dropped. */
static struct leat_pkt *take(struct virtio_net_hdr_hash hdr)
{
	static char frame[3000];
	struct leat_pkt *pkt = NULL;
	uint32_t before = errors();

	hdr.hdr.num_buffers = leat_cpu_to_le16(1);
	assert_true(fake_deliver_as(&f, frame, sizeof(frame), &hdr));
	if (!leat_rx(fake_rxq(&f), &pkt, 1))
		assert_int_equal(errors(), before + 1);
	return pkt;
}

static struct virtio_net_hdr_hash gso(uint8_t type, uint16_t size)
{
	return (struct virtio_net_hdr_hash){
		.hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = type,
			 .gso_size = leat_cpu_to_le16(size), .csum_start = leat_cpu_to_le16(34),
			 .csum_offset = leat_cpu_to_le16(TCP_SUM) },
	};
}

static void segments_received(void **state)
{
	static const uint8_t types[] = {
		VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_TCPV6, VIRTIO_NET_HDR_GSO_UDP_L4,
		VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN,
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(rings); i++) {
		open_port(rings[i] | TAKE);
		for (size_t k = 0; k < LEAT_ARRAY_LEN(types); k++) {
			struct leat_pkt *pkt = take(gso(types[k], 1448));

			assert_non_null(pkt);
			assert_int_equal(pkt->flags, LEAT_PKT_TSO | LEAT_PKT_CSUM_PARTIAL);
			assert_int_equal(pkt->gso_size, 1448);
			assert_int_equal(pkt->csum_start, 34);
			assert_int_equal(pkt->csum_off, TCP_SUM);
			assert_int_equal(pkt->total, 3000);
			leat_pkt_free(&pkt, 1);
		}
		assert_null(take(gso(VIRTIO_NET_HDR_GSO_TCPV4, 0)));
		assert_null(take(gso(VIRTIO_NET_HDR_GSO_UDP, 1448)));
		assert_null(take(gso(0x42, 1448)));
		fake_fini(&f);
	}
	open_port(VIRTIO_NET_F_GUEST_TSO6);
	assert_null(take(gso(VIRTIO_NET_HDR_GSO_TCPV4, 1448)));
	fake_fini(&f);
}

static void hashes(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(rings); i++) {
		struct virtio_net_hdr_hash hdr = { .value = leat_cpu_to_le32(0x12345678) };
		struct leat_pkt *pkt;

		open_port(rings[i] | HASH);
		pkt = take(hdr);
		assert_non_null(pkt);
		assert_int_equal(pkt->flags, 0);
		leat_pkt_free(&pkt, 1);
		hdr.report = leat_cpu_to_le16(VIRTIO_NET_HASH_REPORT_TCPV4);
		pkt = take(hdr);
		assert_non_null(pkt);
		assert_int_equal(pkt->flags, LEAT_PKT_HASH);
		assert_int_equal(pkt->hash, 0x12345678);
		assert_int_equal(pkt->total, 3000);
		leat_pkt_free(&pkt, 1);
		fake_fini(&f);
	}
}

/* A run of frames, every third without a hash. */
static void run_of_hashes(uint64_t kind)
{
	static char frame[100];
	struct leat_pkt *pkts[32];

	open_port(kind | HASH);
	for (uint32_t k = 0; k < 32; k++) {
		const struct virtio_net_hdr_hash hdr = {
			.hdr.num_buffers = leat_cpu_to_le16(1),
			.value = leat_cpu_to_le32(k * 0x01010101),
			.report = leat_cpu_to_le16((uint16_t)(k % 3)),
		};

		assert_true(fake_deliver_as(&f, frame, sizeof(frame), &hdr));
	}
	assert_int_equal(leat_rx(fake_rxq(&f), pkts, 32), 32);
	for (uint32_t k = 0; k < 32; k++) {
		assert_int_equal(pkts[k]->flags, k % 3 ? LEAT_PKT_HASH : 0);
		if (k % 3)
			assert_int_equal(pkts[k]->hash, k * 0x01010101);
	}
	leat_pkt_free(pkts, 32);
	fake_fini(&f);
}

static void hashes_in_runs(void **state)
{
	(void)state;
	for (fake_vectors = 0; fake_vectors <= 512; fake_vectors += 256)
		for (size_t i = 0; i < LEAT_ARRAY_LEN(rings); i++)
			run_of_hashes(rings[i]);
	fake_vectors = 512;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_to_send),
		cmocka_unit_test(segments_that_cannot_be),
		cmocka_unit_test(tags),
		cmocka_unit_test(segments_received),
		cmocka_unit_test(hashes),
		cmocka_unit_test(hashes_in_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
