// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rx.c - frames from the wire to a driver of the 82574: each shape of descriptor, what is
 * said of the frame, and which queue has it.
 */
#include "model_rig.h"

#include "drivers/intel/model_frame.h"

#include <leat/bits.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BUF(ring, at) (RIG_IOVA + RIG_BUFS + ((ring) * RIG_SIZE + (at)) * 2048ull)

static struct intel_rxd_done done(struct rig *r, unsigned int ring, uint32_t at)
{
	struct intel_rxd_done d;

	memcpy(&d, rig_desc(r, ring, at), sizeof(d));
	return d;
}

static uint32_t status(struct rig *r, uint32_t at)
{
	return leat_le32_to_cpu(done(r, 0, at).status);
}

static void expect(struct rig *r, uint32_t at, const void *frame, uint32_t len, uint32_t want)
{
	assert_int_equal(status(r, at), want);
	assert_int_equal(leat_le16_to_cpu(done(r, 0, at).len), len);
	assert_memory_equal(rig_at(r, BUF(0, at)), frame, len);
}

static void basic(bool by_message)
{
	unsigned char f[1514];
	struct rig r;

	rig_open(&r, NULL);
	r.by_message = by_message;
	r.busy = by_message ? 4 : 0;
	rig_start(&r);
	rig_post(&r, 0, RIG_SIZE - 1);
	for (unsigned int i = 0; i < 200; i++) {
		uint32_t len = 60 + i * 7, at = i % RIG_SIZE;

		rig_fill(f, len, i);
		assert_true(rig_deliver(&r, f, len));
		expect(&r, at, f, len, INTEL_RXD_DD | INTEL_RXD_EOP);
		assert_int_equal(rig_get(&r, E1000E_RDH), (at + 1) % RIG_SIZE);
		rig_post(&r, 0, 1);
	}
	assert_int_equal(r.mdev->stats.rx_frames, 200);
	assert_int_equal(r.errors, 0);
	assert_true(!by_message || (r.dma_ops && r.put_off));
	rig_close(&r);
}

static void test_extended(void **state)
{
	(void)state;
	basic(false);
}

static void test_by_message(void **state)
{
	(void)state;
	basic(true);
}

/* A frame that comes short is as long as on a cable. */
static void test_padded(void **state)
{
	static const unsigned char zero[60];
	unsigned char f[42];
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_post(&r, 0, 4);
	rig_fill(f, sizeof(f), 1);
	assert_true(rig_deliver(&r, f, sizeof(f)));
	assert_int_equal(leat_le16_to_cpu(done(&r, 0, 0).len), 60);
	assert_memory_equal(rig_at(&r, BUF(0, 0)), f, sizeof(f));
	assert_memory_equal(rig_at(&r, BUF(0, 0)) + 42, zero, 18);
	rig_close(&r);
}

/* Over several buffers, and not before there are enough of them. */
static void test_scattered(void **state)
{
	unsigned char f[9000];
	struct rig r;
	uint32_t at = 0;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_fill(f, sizeof(f), 5);
	rig_post(&r, 0, 4);
	assert_false(rig_deliver(&r, f, sizeof(f)));
	assert_false(rig_deliver(&r, f, sizeof(f)));
	assert_int_equal(status(&r, 0), 0);
	assert_int_equal(rig_get(&r, INTEL_RNBC), 1);
	assert_true(rig_get(&r, E1000E_ICR) & E1000E_ICR_RXO);
	rig_post(&r, 0, 1);
	assert_true(rig_deliver(&r, f, sizeof(f)));
	for (uint32_t i = 0; i < 5; i++) {
		uint32_t len = i < 4 ? 2048 : sizeof(f) - 4 * 2048;

		expect(&r, i, f + at, len, INTEL_RXD_DD | (i == 4 ? INTEL_RXD_EOP : 0));
		at += len;
	}
	assert_int_equal(r.errors, 0);
	rig_close(&r);
}

/* What no ring of this size can ever hold is lost, and counted. */
static void test_never_fits(void **state)
{
	unsigned char f[16384];
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_ring(&r, 0, 8);
	rig_fill(f, sizeof(f), 5);
	for (uint32_t i = 0; i < 7; i++)
		rig_put(&r, 0, BUF(0, i), 0);
	rig_show(&r, 0);
	assert_true(rig_deliver(&r, f, sizeof(f)));
	assert_int_equal(rig_get(&r, INTEL_MPC), 1);
	assert_int_equal(rig_get(&r, E1000E_RDH), 0);
	rig_close(&r);
}

static void test_legacy(void **state)
{
	unsigned char f[300];
	uint32_t len;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_set(&r, INTEL_RFCTL, 0);
	rig_set(&r, INTEL_RXCSUM, INTEL_RXCSUM_IPOFL | INTEL_RXCSUM_TUOFL | 14);
	rig_post(&r, 0, 4);
	len = rig_ip(f, false, 100, 1);
	assert_true(rig_deliver(&r, f, len));
	f[60] ^= 1;
	assert_true(rig_deliver(&r, f, len));
	for (uint32_t i = 0; i < 2; i++) {
		uint64_t word = LEAT_SWAP64(rig_desc(&r, 0, i)[1]);

		assert_true(rig_desc(&r, 0, i)[0] == LEAT_SWAP64(BUF(0, i)));
		assert_int_equal(word & 0xffff, len);
		assert_int_equal(word >> 32 & 0xff, 0x63);	/* IPCS, TCPCS, EOP, DD */
		assert_int_equal(word >> 40 & 0xff, i ? 0x20 : 0);
		if (!i)		/* the sum from byte 14 on: header and segment, each right */
			assert_int_equal(word >> 16 & 0xffff, leat_intel_sum(f + 14, len - 14, 0) -
					 ((f[60] & 1 ? 1 : -1) << 8));
	}
	rig_close(&r);
}

static void test_checksums(void **state)
{
	static const uint32_t plain = INTEL_RXD_DD | INTEL_RXD_EOP | INTEL_RXD_IPCS;
	unsigned char f[300];
	uint32_t len;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_post(&r, 0, 16);
	len = rig_ip(f, true, 99, 1);
	assert_true(rig_deliver(&r, f, len));
	expect(&r, 0, f, len, plain | INTEL_RXD_L4CS | INTEL_RXD_UDPCS);
	f[40] = f[41] = 0;
	assert_true(rig_deliver(&r, f, len));
	expect(&r, 1, f, len, plain);				/* none, so none looked at */
	f[40] = 1;
	assert_true(rig_deliver(&r, f, len));
	expect(&r, 2, f, len, plain | INTEL_RXD_L4CS | INTEL_RXD_UDPCS | INTEL_RXD_L4E);
	len = rig_ip(f, false, 99, 1);
	f[22]--;
	assert_true(rig_deliver(&r, f, len));
	expect(&r, 3, f, len, plain | INTEL_RXD_IPE | INTEL_RXD_L4CS);
	rig_set(&r, INTEL_RXCSUM, INTEL_RXCSUM_PCSD);
	assert_true(rig_deliver(&r, f, len));
	expect(&r, 4, f, len, INTEL_RXD_DD | INTEL_RXD_EOP | E1000E_RXD_IXSM);
	rig_close(&r);
}

/* A checksum that the wire left open is done, and then right. */
static void test_open_checksum(void **state)
{
	unsigned char f[300], want[300];
	struct leat_frame frame = { .data = f, .flags = LEAT_FRAME_CSUM_PARTIAL, .csum_start = 34,
				    .csum_off = 16 };
	uint16_t pseudo;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_post(&r, 0, 4);
	frame.len = rig_ip(f, false, 99, 1);
	memcpy(want, f, frame.len);
	pseudo = leat_intel_sum(f + 26, 8, 6 + 20 + 99);
	f[50] = (uint8_t)(pseudo >> 8);
	f[51] = (uint8_t)pseudo;
	assert_int_equal(leat_wire_deliver(&r.wire->wire, &frame, 1), 1);
	expect(&r, 0, want, frame.len,
	       INTEL_RXD_DD | INTEL_RXD_EOP | INTEL_RXD_IPCS | INTEL_RXD_L4CS);
	frame.csum_off = 400;
	assert_int_equal(leat_wire_deliver(&r.wire->wire, &frame, 1), 1);
	assert_int_equal(status(&r, 1), 0);
	assert_int_equal(r.mdev->stats.rx_dropped, 1);
	rig_close(&r);
}

static uint32_t tagged(unsigned char *p, uint16_t tag)
{
	uint32_t len = rig_ip(p + 4, true, 50, 1);

	memmove(p, p + 4, 12);
	p[12] = 0x81;
	p[13] = 0;
	p[14] = (uint8_t)(tag >> 8);
	p[15] = (uint8_t)tag;
	return len + 4;
}

static void test_vlan(void **state)
{
	unsigned char f[200], bare[200];
	uint32_t len;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_post(&r, 0, 16);
	len = tagged(f, 0x2345);
	assert_true(rig_deliver(&r, f, len));
	assert_int_equal(leat_le16_to_cpu(done(&r, 0, 0).len), len);
	assert_false(status(&r, 0) & INTEL_RXD_VP);
	assert_true(status(&r, 0) & INTEL_RXD_L4CS);

	rig_set(&r, INTEL_CTRL, rig_get(&r, INTEL_CTRL) | INTEL_CTRL_VME);
	assert_true(rig_deliver(&r, f, len));
	memcpy(bare, f, 12);
	memcpy(bare + 12, f + 16, len - 16);
	expect(&r, 1, bare, len - 4, INTEL_RXD_DD | INTEL_RXD_EOP | INTEL_RXD_VP |
	       INTEL_RXD_IPCS | INTEL_RXD_L4CS | INTEL_RXD_UDPCS);
	assert_int_equal(leat_le16_to_cpu(done(&r, 0, 1).vlan), 0x2345);

	rig_set(&r, INTEL_RCTL, rig_get(&r, INTEL_RCTL) | INTEL_RCTL_VFE);
	assert_true(rig_deliver(&r, f, len));
	assert_int_equal(status(&r, 2), 0);
	rig_set(&r, INTEL_VFTA(0x345 / 32), LEAT_BIT(0x345 % 32));
	assert_true(rig_deliver(&r, f, len));
	assert_int_not_equal(status(&r, 2), 0);
	rig_close(&r);
}

static bool passes(struct rig *r, const char *to)
{
	uint64_t before = r->mdev->stats.rx_frames;
	unsigned char f[60];

	rig_fill(f, sizeof(f), 1);
	memcpy(f, to, 6);
	assert_true(rig_deliver(r, f, sizeof(f)));
	return r->mdev->stats.rx_frames > before;
}

static void test_filters(void **state)
{
	struct rig r;
	uint32_t open = INTEL_RCTL_EN | INTEL_RCTL_SECRC;

	(void)state;
	rig_open(&r, &(struct leat_model_opt[]){ { "mac", "02:11:22:33:44:55" }, { NULL, NULL } }[0]);
	rig_start(&r);
	rig_post(&r, 0, 40);
	rig_set(&r, INTEL_RCTL, open);
	assert_true(passes(&r, "\x02\x11\x22\x33\x44\x55"));
	assert_false(passes(&r, "\x02\x11\x22\x33\x44\x56"));
	assert_false(passes(&r, "\xff\xff\xff\xff\xff\xff"));
	assert_false(passes(&r, "\x01\x00\x5e\x00\x00\xfb"));
	rig_set(&r, INTEL_MTA(0xfb0 / 32), ~LEAT_BIT(0xfb0 % 32));	/* all but bits 47 to 36 of it */
	assert_false(passes(&r, "\x01\x00\x5e\x00\x00\xfb"));
	rig_set(&r, INTEL_MTA(0xfb0 / 32), LEAT_BIT(0xfb0 % 32));
	assert_true(passes(&r, "\x01\x00\x5e\x00\x00\xfb"));
	assert_false(passes(&r, "\x01\x00\x5e\x00\x00\xfa"));
	rig_set(&r, INTEL_RAL(15), 0x33221102);
	rig_set(&r, INTEL_RAH(15), INTEL_RAH_AV | 0x5644);
	assert_true(passes(&r, "\x02\x11\x22\x33\x44\x56"));
	rig_set(&r, INTEL_RCTL, open | INTEL_RCTL_BAM);
	assert_true(passes(&r, "\xff\xff\xff\xff\xff\xff"));
	rig_set(&r, INTEL_RCTL, open | INTEL_RCTL_MPE);
	assert_true(passes(&r, "\x01\x00\x5e\x00\x00\xfa"));
	rig_set(&r, INTEL_RCTL, open | INTEL_RCTL_UPE);
	assert_true(passes(&r, "\x02\x99\x22\x33\x44\x56"));
	rig_close(&r);
}

static void test_long_and_crc(void **state)
{
	unsigned char f[1519];
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_post(&r, 0, 8);
	rig_set(&r, INTEL_RCTL, INTEL_RCTL_EN | INTEL_RCTL_BAM);
	rig_fill(f, sizeof(f), 1);
	assert_true(rig_deliver(&r, f, 1519));
	assert_int_equal(rig_get(&r, INTEL_ROC), 1);
	assert_int_equal(status(&r, 0), 0);
	memcpy(f, "\xff\xff\xff\xff\xff\xff", 6);
	assert_true(rig_deliver(&r, f, 1518));
	assert_int_equal(leat_le16_to_cpu(done(&r, 0, 0).len), 1522);
	/* The residue of a right CRC (IEEE 802.3, 3.2.9). */
	{
		const unsigned char *p = rig_at(&r, BUF(0, 0));
		uint32_t c = UINT32_MAX;

		for (uint32_t i = 0; i < 1522; i++) {
			c ^= p[i];
			for (int bit = 0; bit < 8; bit++)
				c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
		}
		assert_int_equal(~c, 0x2144df1c);
	}
	rig_close(&r);
}

/* Microsoft's key; the queue is the table's, and the hash is reported. */
static void test_rss(void **state)
{
	static const uint8_t key[LEAT_RSS_KEY_LEN] = { 0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67 };
	unsigned int seen[2] = { 0 };
	unsigned char f[200];
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_ring(&r, 1, RIG_SIZE);
	rig_post(&r, 0, 40);
	rig_post(&r, 1, 40);
	for (unsigned int i = 0; i < 10; i++)
		rig_set(&r, INTEL_RSSRK(i), (uint32_t)key[4 * i] | (uint32_t)key[4 * i + 1] << 8 |
			(uint32_t)key[4 * i + 2] << 16 | (uint32_t)key[4 * i + 3] << 24);
	for (unsigned int i = 0; i < 32; i++)
		rig_set(&r, INTEL_RETA(i), 0x80008000);		/* odd entries: queue 1 */
	rig_set(&r, INTEL_MRQC, E1000E_MRQC_RSS | E1000E_MRQC_TCP4 | E1000E_MRQC_IPV4);
	for (uint8_t flow = 0; flow < 40; flow++) {
		bool udp = flow % 2;
		uint32_t len = rig_ip(f, udp, 20, flow);
		uint8_t in[12];
		struct intel_rxd_done d;
		unsigned int q;
		uint32_t hash;

		memcpy(in, f + 26, 12);
		hash = leat_rss_hash(key, in, udp ? 8 : 12);
		q = hash & 1;
		assert_true(rig_deliver(&r, f, len));
		d = done(&r, q, seen[q]);
		assert_memory_equal(rig_at(&r, BUF(q, seen[q])), f, len);
		assert_int_equal(leat_le32_to_cpu(d.hash), hash);
		assert_int_equal(leat_le32_to_cpu(d.info), (udp ? 2 : 1) | q << 8);
		seen[q]++;
	}
	assert_true(seen[0] && seen[1]);
	rig_close(&r);
}

/* 7.1.6: headers apart, if they are known; tail and head count 16 bytes. */
static void test_split(void **state)
{
	unsigned char f[9000];
	uint64_t d[4];
	uint32_t len;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r);
	rig_set(&r, E1000E_PSRCTL, 1 | 4 << 8 | 4 << 16);	/* 128, 4 KiB, 4 KiB, none */
	rig_set(&r, INTEL_RCTL, rig_get(&r, INTEL_RCTL) | LEAT_BIT(10));
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t *at = rig_desc(&r, 0, 2 * i);

		at[0] = LEAT_SWAP64(RIG_IOVA + RIG_BUFS + i * 0x10000);
		at[1] = LEAT_SWAP64(RIG_IOVA + RIG_BUFS + i * 0x10000 + 0x1000);
		at[2] = LEAT_SWAP64(RIG_IOVA + RIG_BUFS + i * 0x10000 + 0x4000);
		at[3] = UINT64_MAX;
	}
	rig_tail(&r, 0, 8);

	len = rig_ip(f, false, 5000, 1);
	assert_true(rig_deliver(&r, f, len));
	memcpy(d, rig_desc(&r, 0, 0), sizeof(d));
	assert_int_equal(LEAT_SWAP64(d[1]) & 0xf, INTEL_RXD_DD | INTEL_RXD_EOP);
	assert_int_equal(LEAT_SWAP64(d[1]) >> 32 & 0xffff, 54);
	assert_int_equal(LEAT_SWAP64(d[2]) & 0xffff, 0x8000 | 54);
	assert_int_equal(LEAT_SWAP64(d[2]) >> 16 & 0xffff, 4096);
	assert_int_equal(LEAT_SWAP64(d[2]) >> 32 & 0xffff, 904);
	assert_memory_equal(rig_at(&r, RIG_IOVA + RIG_BUFS), f, 54);
	assert_memory_equal(rig_at(&r, RIG_IOVA + RIG_BUFS + 0x1000), f + 54, 4096);
	assert_memory_equal(rig_at(&r, RIG_IOVA + RIG_BUFS + 0x4000), f + 54 + 4096, 904);
	assert_int_equal(rig_get(&r, E1000E_RDH), 2);

	rig_fill(f, 300, 3);
	assert_true(rig_deliver(&r, f, 300));
	memcpy(d, rig_desc(&r, 0, 2), sizeof(d));
	assert_int_equal(LEAT_SWAP64(d[1]) >> 32 & 0xffff, 128);
	assert_int_equal(LEAT_SWAP64(d[2]) & 0xffff, 0);
	assert_int_equal(LEAT_SWAP64(d[2]) >> 16 & 0xffff, 172);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extended),   cmocka_unit_test(test_by_message),
		cmocka_unit_test(test_padded),	   cmocka_unit_test(test_scattered),
		cmocka_unit_test(test_never_fits), cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_checksums),  cmocka_unit_test(test_open_checksum),
		cmocka_unit_test(test_vlan),	   cmocka_unit_test(test_filters),
		cmocka_unit_test(test_long_and_crc), cmocka_unit_test(test_rss),
		cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests_name("drivers/e1000e/model_rx", tests, NULL, NULL);
}
