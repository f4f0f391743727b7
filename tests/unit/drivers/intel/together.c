// SPDX-License-Identifier: BSD-3-Clause
/*
 * together.c - our drivers on our models of the 82574, the 82576 and its virtual function, a loop
 * as the wire: what is asked of the device on the way out is seen on the way in.
 */
#include "drivers/intel/model_frame.h"

#include <leat/leat.h>
#include <leat/models.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MAC   "\2\x11\x22\x33\x44\x55"	/* the NIC's */
#define VID   0x123
#define TRIES 1000000	/* polls without a packet: it was lost */
#define QUEUES 2

struct pair {
	bool		vf;		/* hears its own only; how frames are spread is its PF's to say */
	struct leat_ctx	*ctx;
	struct leat_port *port;
	struct leat_pool *pool;
	struct leat_pool_cache *cache;
	unsigned int	queue;		/* where the last packet came in */
};

static void open_pair(struct pair *p, const char *nic, uint32_t offloads)
{
	struct leat_ctx_config cfg = { .drivers = leat_drivers, .models = leat_models,
				       .page_size = 4096 };
	struct leat_port_config port = { .rxqs = QUEUES, .txqs = QUEUES, .mtu = 9000,
					 .offloads = offloads, .no_start = true };
	const struct leat_pool_config pool = { .count = 4096 };

	if (leat_ctx_open(&cfg, &p->ctx))
		fail_msg("%s", cfg.error);
	assert_int_equal(leat_pool_create(p->ctx, &pool, &p->pool), 0);
	assert_int_equal(leat_pool_cache_create(p->pool, 0, &p->cache), 0);
	port.pool = p->pool;
	p->vf = strstr(nic, "igbvf");
	if (leat_port_open(p->ctx, nic, &port, &p->port) || leat_port_promisc(p->port, !p->vf) ||
	    leat_port_vlan(p->port, VID, true) || leat_port_start(p->port))
		fail_msg("%s", leat_ctx_error(p->ctx));
}

static void close_pair(struct pair *p)
{
	leat_port_close(p->port);
	assert_int_equal(leat_pool_available(p->pool) + p->cache->n, leat_pool_count(p->pool));
	leat_pool_cache_destroy(p->cache);
	leat_pool_destroy(p->pool);
	leat_ctx_close(p->ctx);
}

/* Bytes as a packet, in pieces of at most 1000. */
static struct leat_pkt *make(struct pair *p, const uint8_t *bytes, uint32_t len)
{
	struct leat_pkt *head = NULL;

	for (uint32_t off = 0; off < len; off += 1000) {
		uint16_t part = (uint16_t)(len - off < 1000 ? len - off : 1000);
		struct leat_pkt *pkt;

		assert_int_equal(leat_pkt_alloc(p->cache, &pkt, 1), 1);
		memcpy(leat_pkt_append(pkt, part), bytes + off, part);
		if (head)
			assert_int_equal(leat_pkt_chain(head, pkt), 0);
		else
			head = pkt;
	}
	return head;
}

static void transmit(struct pair *p, struct leat_pkt *pkt, unsigned int queue)
{
	unsigned int tries = 0;

	while (!leat_tx(leat_port_txq(p->port, queue), &pkt, 1))
		assert_true(++tries < TRIES);
}

static struct leat_pkt *receive(struct pair *p)
{
	struct leat_pkt *pkt;

	for (unsigned int tries = 0; tries < TRIES; tries++) {
		p->queue = tries % QUEUES;
		if (leat_rx(leat_port_rxq(p->port, p->queue), &pkt, 1))
			return pkt;
	}
	fail_msg("a packet did not come back");
	return NULL;
}

static void expect_bytes(const struct leat_pkt *pkt, const uint8_t *bytes, uint32_t len)
{
	uint8_t got[9100];

	assert_int_equal(pkt->total, len);
	assert_int_equal(leat_pkt_read(pkt, 0, got, sizeof(got)), len);
	assert_memory_equal(got, bytes, len);
}

/* Ethernet, IPv4 and TCP; where TCP's sum belongs stands the pseudo header's. */
static uint32_t tcp(uint8_t *f, uint32_t payload, uint8_t flow)
{
	uint32_t l4 = 20 + payload;
	uint16_t s;

	memset(f, 0, 54);
	memcpy(f, MAC "\2\0\0\0\0\2\x08\0\x45", 15);
	f[16] = (uint8_t)((20 + l4) >> 8);
	f[17] = (uint8_t)(20 + l4);
	f[22] = 64;
	f[23] = 6;
	memcpy(f + 26, "\12\0\0\1\12\0\0\2", 8);
	f[29] = flow;
	f[35] = f[37] = 7;
	f[46] = 0x50;
	f[47] = 0x10;
	for (uint32_t i = 0; i < payload; i++)
		f[54 + i] = (uint8_t)(i * 37 + flow);
	leat_intel_sum_put(f, 14, 34, 24, false);
	s = leat_intel_sum(f + 26, 8, 6 + l4);
	f[50] = (uint8_t)(s >> 8);
	f[51] = (uint8_t)s;
	return 34 + l4;
}

static void test_bytes(void **state)
{
	uint8_t f[9014];
	struct pair p;

	open_pair(&p, *state, LEAT_OFFLOADS_NONE);
	for (unsigned int i = 0; i < 1500; i++) {
		uint32_t len = 60 + (i * 7919) % (sizeof(f) - 59);
		struct leat_pkt *pkt;

		for (uint32_t k = 0; k < len; k++)
			f[k] = (uint8_t)(k * 131 + i * 29);
		if (p.vf)
			memcpy(f, MAC, 6);
		transmit(&p, make(&p, f, len), i % QUEUES);
		pkt = receive(&p);
		expect_bytes(pkt, f, len);
		leat_pkt_free(&pkt, 1);
	}
	close_pair(&p);
}

static const uint8_t usual_key[LEAT_RSS_KEY_LEN] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
	0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
	0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
	0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

/* Open sums are closed, both queues are used by the hash that is delivered. */
static void test_checksums_and_rss(void **state)
{
	unsigned int seen[QUEUES] = { 0 };
	uint8_t f[1514];
	struct pair p;

	open_pair(&p, *state, 0);
	for (uint8_t flow = 0; flow < 60; flow++) {
		uint32_t len = tcp(f, 100u + flow, flow);
		struct leat_pkt *pkt = make(&p, f, len);

		pkt->flags = LEAT_PKT_CSUM_PARTIAL;
		pkt->csum_start = 34;
		pkt->csum_off = 16;
		leat_intel_sum_put(f, 34, len, 50, false);
		transmit(&p, pkt, flow % QUEUES);
		pkt = receive(&p);
		expect_bytes(pkt, f, len);
		assert_int_equal(pkt->flags, LEAT_PKT_CSUM_GOOD | LEAT_PKT_HASH);
		assert_int_equal(pkt->hash, leat_rss_hash(usual_key, f + 26, 12));
		assert_int_equal(p.queue, pkt->hash % 2);	/* as all tables are at first */
		seen[p.queue]++;
		leat_pkt_free(&pkt, 1);
	}
	assert_true(seen[0] && seen[1]);
	close_pair(&p);
}

static void test_wrong_checksum(void **state)
{
	struct leat_pkt *pkt;
	uint8_t f[200];
	struct pair p;
	uint32_t len;

	open_pair(&p, *state, 0);
	len = tcp(f, 100, 1);	/* the pseudo header's sum is not the segment's */
	transmit(&p, make(&p, f, len), 0);
	pkt = receive(&p);
	expect_bytes(pkt, f, len);
	assert_true(pkt->flags & LEAT_PKT_CSUM_BAD);
	leat_pkt_free(&pkt, 1);
	close_pair(&p);
}

static void test_tso(void **state)
{
	static uint8_t f[20054];
	struct leat_pkt *pkt;
	struct pair p;
	uint32_t at = 54, len;

	open_pair(&p, *state, 0);
	len = tcp(f, 20000, 1);
	pkt = make(&p, f, len);
	pkt->flags = LEAT_PKT_TSO | LEAT_PKT_CSUM_PARTIAL;
	pkt->gso_size = 1400;
	pkt->csum_start = 34;
	pkt->csum_off = 16;
	transmit(&p, pkt, 0);
	while (at < len) {
		uint32_t part = len - at < 1400 ? len - at : 1400;
		uint8_t got[1500];

		pkt = receive(&p);
		assert_int_equal(pkt->total, 54 + part);
		assert_true(pkt->flags & LEAT_PKT_CSUM_GOOD);
		leat_pkt_read(pkt, 0, got, sizeof(got));
		assert_memory_equal(got + 54, f + at, part);
		leat_pkt_free(&pkt, 1);
		at += part;
	}
	close_pair(&p);
}

static void test_vlan(void **state)
{
	struct leat_pkt *pkt;
	uint8_t f[200];
	struct pair p;
	uint32_t len;

	open_pair(&p, *state, LEAT_CAP_RX_VLAN | LEAT_CAP_TX_VLAN);
	len = tcp(f, 100, 1);
	pkt = make(&p, f, len);
	pkt->flags = LEAT_PKT_VLAN;
	pkt->vlan = 0x6000 | VID;
	transmit(&p, pkt, 0);
	pkt = receive(&p);
	assert_true(pkt->flags & LEAT_PKT_VLAN);
	assert_int_equal(pkt->vlan, 0x6000 | VID);
	expect_bytes(pkt, f, len);
	leat_pkt_free(&pkt, 1);
	close_pair(&p);
}

/* Not wanted off, the tag is in the frame, whoever took it off. */
static void test_vlan_left_on(void **state)
{
	struct leat_pkt *pkt;
	uint8_t f[204];
	struct pair p;
	uint32_t len;

	open_pair(&p, *state, LEAT_CAP_TX_VLAN);
	len = tcp(f, 100, 1);
	pkt = make(&p, f, len);
	pkt->flags = LEAT_PKT_VLAN;
	pkt->vlan = VID;
	memmove(f + 16, f + 12, len - 12);
	memcpy(f + 12, "\x81\0\1\x23", 4);
	transmit(&p, pkt, 0);
	pkt = receive(&p);
	assert_false(pkt->flags & LEAT_PKT_VLAN);
	expect_bytes(pkt, f, len + 4);
	leat_pkt_free(&pkt, 1);
	close_pair(&p);
}

/* What the filters keep out does not come; what comes next is the next. */
static void test_filter(void **state)
{
	static const uint8_t others[] = { 2, 0, 0, 0, 0, 9 };
	struct leat_pkt *pkt;
	uint8_t f[200];
	struct pair p;
	uint32_t len;

	open_pair(&p, *state, 0);
	assert_int_equal(leat_port_promisc(p.port, false), 0);
	len = tcp(f, 100, 1);
	memcpy(f, others, 6);
	transmit(&p, make(&p, f, len), 0);
	len = tcp(f, 101, 2);
	transmit(&p, make(&p, f, len), 0);
	pkt = receive(&p);
	expect_bytes(pkt, f, len);
	leat_pkt_free(&pkt, 1);
	if (p.vf)
		assert_int_equal(leat_port_mac_add(p.port, others), 0);
	else
		assert_int_equal(leat_port_promisc(p.port, true), 0);
	memcpy(f, others, 6);
	transmit(&p, make(&p, f, len), 0);
	pkt = receive(&p);
	expect_bytes(pkt, f, len);
	leat_pkt_free(&pkt, 1);
	close_pair(&p);
}

/* Stopped and started, with packets in every place: it goes on, and none is kept. */
static void test_lives(void **state)
{
	uint8_t f[200];
	struct pair p;
	uint32_t len;

	open_pair(&p, *state, 0);
	len = tcp(f, 100, 1);
	for (unsigned int life = 0; life < 20; life++) {
		struct leat_pkt *pkt;

		for (unsigned int i = 0; i < life; i++)
			transmit(&p, make(&p, f, len), i % QUEUES);
		leat_port_stop(p.port);
		if (leat_port_start(p.port))
			fail_msg("%s", leat_ctx_error(p.ctx));
		transmit(&p, make(&p, f, len), 0);
		pkt = receive(&p);
		expect_bytes(pkt, f, len);
		leat_pkt_free(&pkt, 1);
	}
	close_pair(&p);
}

static uint64_t xstat(struct leat_port *port, const char *name)
{
	struct leat_xstat x[256];
	unsigned int n = leat_port_xstats(port, x, 256);

	for (unsigned int i = 0; i < n; i++)
		if (!strcmp(x[i].name, name))
			return x[i].value;
	fail_msg("no counter %s", name);
	return 0;
}

static void test_counters(void **state)
{
	uint8_t f[200];
	struct pair p;
	uint32_t len;

	open_pair(&p, *state, 0);
	len = tcp(f, 100, 1);
	for (unsigned int i = 0; i < 10; i++) {
		struct leat_pkt *pkt;

		transmit(&p, make(&p, f, len), 0);
		pkt = receive(&p);
		leat_pkt_free(&pkt, 1);
	}
	assert_int_equal(xstat(p.port, "rx_device_good_packets"), 10);
	assert_int_equal(xstat(p.port, "tx_device_good_bytes"), 10 * (len + 4));
	assert_int_equal(xstat(p.port, p.vf ? "rx_q0_dropped_packets" : "rx_missed_packets"), 0);
	close_pair(&p);
}

/* SCTP over IPv4, one chunk of @payload bytes; where the CRC belongs stands zero. */
static uint32_t sctp(uint8_t *f, uint32_t payload)
{
	uint32_t len = tcp(f, payload, 1);

	f[23] = 132;
	memset(f + 24, 0, 2);
	leat_intel_sum_put(f, 14, 34, 24, false);
	memset(f + 42, 0, 4);
	return len;
}

/* In which queue does a frame of type 0x88b5 come back? */
static unsigned int queue_of(struct pair *p)
{
	struct leat_pkt *pkt;
	uint8_t f[100];
	uint32_t len = tcp(f, 20, 1);

	f[12] = 0x88;
	f[13] = 0xb5;
	transmit(p, make(p, f, len), 0);
	pkt = receive(p);
	expect_bytes(pkt, f, len);
	leat_pkt_free(&pkt, 1);
	return p->queue;
}

/* Frames of a type in a queue of their own, live, and still after a start. */
static void test_ethertypes(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p, "sim:igb,wire=loop", 0);
	assert_int_equal(queue_of(&p), 0);
	assert_int_equal(leat_port_ethertype(p.port, 0x88b5, 1), 0);
	assert_int_equal(queue_of(&p), 1);
	leat_port_stop(p.port);
	assert_int_equal(leat_port_start(p.port), 0);
	assert_int_equal(queue_of(&p), 1);
	assert_int_equal(leat_port_ethertype(p.port, 0x88b5, QUEUES), -EINVAL);
	assert_int_equal(leat_port_ethertype(p.port, 0x05ff, 1), -EINVAL);
	for (uint16_t i = 1; i < 8; i++)
		assert_int_equal(leat_port_ethertype(p.port, (uint16_t)(0x9000 + i), 0), 0);
	assert_int_equal(leat_port_ethertype(p.port, 0x9000, 0), -ENOSPC);
	assert_int_equal(queue_of(&p), 1);
	assert_int_equal(leat_port_ethertype(p.port, 0x88b5, -1), 0);
	assert_int_equal(leat_port_ethertype(p.port, 0x88b5, -1), 0);
	assert_int_equal(queue_of(&p), 0);
	close_pair(&p);
	open_pair(&p, "sim:e1000e,wire=loop", 0);
	assert_int_equal(leat_port_ethertype(p.port, 0x88b5, 1), -ENOTSUP);
	assert_non_null(strstr(leat_ctx_error(p.ctx), "the device cannot; look"));
	close_pair(&p);
}

static uint32_t leds(struct leat_port *port)
{
	struct leat_reg regs[1024];
	unsigned int n = leat_port_regs(port, regs, LEAT_ARRAY_LEN(regs));

	for (unsigned int i = 0; i < n && i < LEAT_ARRAY_LEN(regs); i++)
		if (!strcmp(regs[i].name, "LEDCTL"))
			return regs[i].value;
	fail_msg("no LEDCTL among %u registers", n);
	return 0;
}

/* Which firmware, and which of many: a virtual function has neither. */
static void test_identity(void **state)
{
	static const char *const nics[] = { "sim:e1000e,wire=loop", "sim:igb,wire=loop" };
	char version[32];
	struct pair p;

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(nics); i++) {
		uint32_t before;

		open_pair(&p, nics[i], 0);
		before = leds(p.port);
		assert_int_equal(leat_port_firmware(p.port, version, sizeof(version)), 0);
		assert_string_equal(version, "1.00-0");
		assert_int_equal(leat_port_identify(p.port, true), 0);
		assert_int_equal(leds(p.port), (before & 0xff000000) | 0x8e8e8e);
		assert_int_equal(leat_port_identify(p.port, true), 0);
		assert_int_equal(leat_port_identify(p.port, false), 0);
		assert_int_equal(leds(p.port), before);
		close_pair(&p);
	}
	open_pair(&p, "sim:igbvf,wire=loop", 0);
	assert_int_equal(leat_port_firmware(p.port, version, sizeof(version)), -ENOTSUP);
	assert_int_equal(leat_port_identify(p.port, true), -ENOTSUP);
	close_pair(&p);
}

static void test_sctp(void **state)
{
	struct leat_pkt *pkt;
	uint8_t f[300], crc[4];
	struct pair p;
	uint32_t len, sum;

	open_pair(&p, *state, 0);
	len = sctp(f, 200);
	pkt = make(&p, f, len);
	pkt->flags = LEAT_PKT_CSUM_PARTIAL | LEAT_PKT_CSUM_CRC32C;
	pkt->csum_start = 34;
	pkt->csum_off = 8;
	sum = leat_intel_crc32c(f + 34, len - 34);
	for (unsigned int i = 0; i < 4; i++)
		crc[i] = (uint8_t)(sum >> 8 * i);
	memcpy(f + 42, crc, 4);
	transmit(&p, pkt, 0);
	pkt = receive(&p);
	expect_bytes(pkt, f, len);
	assert_true(pkt->flags & LEAT_PKT_CSUM_GOOD);
	leat_pkt_free(&pkt, 1);
	close_pair(&p);
}

#define NIC(model) "sim:" model ",wire=loop,mac=02:11:22:33:44:55"
#define ON(test, model) { #test ", " model, test, NULL, NULL, (void *)(uintptr_t)NIC(model) }
#define ON_ALL(test) ON(test, "e1000e"), ON(test, "igb"), ON(test, "igbvf")

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_ALL(test_bytes), ON_ALL(test_checksums_and_rss), ON_ALL(test_wrong_checksum),
		ON_ALL(test_tso), ON_ALL(test_vlan), ON_ALL(test_filter), ON_ALL(test_lives),
		ON_ALL(test_counters), ON_ALL(test_vlan_left_on),
		ON(test_sctp, "igb"), ON(test_sctp, "igbvf"), cmocka_unit_test(test_identity),
		cmocka_unit_test(test_ethertypes),
	};

	return cmocka_run_group_tests_name("drivers/intel/together", tests, NULL, NULL);
}
