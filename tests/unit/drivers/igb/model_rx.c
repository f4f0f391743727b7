// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rx.c - from the wire to the driver: buffers, what the descriptor says, which ring.
 */
#include "model_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MSIX 2

static void buffers(struct rig *r, unsigned int i, unsigned int n)
{
	for (unsigned int k = 0; k < n; k++)
		rig_rx_data(r, i, RIG_BUFS + (i * RIG_SIZE + r->rx[i].next) * 4096);
	rig_rx_show(r, i);
}

/* The next descriptor done, and its buffer; asserts that there is one. */
static const struct intel_rxd_done *done(struct rig *r, unsigned int i, uint8_t **buf)
{
	struct rig_ring *q = &r->rx[i];
	const struct intel_rxd_done *d = &q->rxd[q->seen].done;

	assert_true(leat_le32_to_cpu(d->status) & INTEL_RXD_DD);
	*buf = r->mem + RIG_BUFS + (i * RIG_SIZE + q->seen) * 4096;
	q->seen = (q->seen + 1) % RIG_SIZE;
	return d;
}

static void one_frame(bool by_message)
{
	const struct intel_rxd_done *d;
	uint8_t *p;
	struct rig r;

	rig_open(&r, &leat_model_igb, NULL);
	r.by_message = by_message;
	rig_start(&r);
	rig_msix(&r);
	rig_set(&r, IGB_EIMS, LEAT_BIT(1));
	buffers(&r, 0, 4);
	r.late = by_message;
	assert_int_equal(rig_deliver(&r, rig_tcp4, sizeof(rig_tcp4)), by_message ? 0 : 1);
	if (by_message)
		assert_int_equal(rig_deliver(&r, rig_tcp4, sizeof(rig_tcp4)), 1);
	d = done(&r, 0, &p);
	assert_int_equal(leat_le16_to_cpu(d->len), 60);		/* padded */
	assert_memory_equal(p, rig_tcp4, sizeof(rig_tcp4));
	assert_int_equal(leat_le32_to_cpu(d->status), INTEL_RXD_DD | INTEL_RXD_EOP | INTEL_RXD_IPCS | INTEL_RXD_L4CS);
	assert_int_equal(leat_le32_to_cpu(d->info), IGB_RXD_IPV4 | IGB_RXD_TCP);
	assert_int_equal(rig_get(&r, IGB_QUEUE(IGB_RDH, 0)), 1);
	assert_int_equal(r.raised[MSIX][1], 1);
	assert_int_equal(rig_get(&r, INTEL_GPRC), 1);
	assert_int_equal(r.errors, 0);
	rig_close(&r);
}

static void test_frame(void **state)
{
	(void)state;
	one_frame(false);
}

static void test_by_message(void **state)
{
	(void)state;
	one_frame(true);
}

static void test_wrong_sums(void **state)
{
	uint8_t f[sizeof(rig_tcp4)], *p;
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	buffers(&r, 0, 4);
	memcpy(f, rig_tcp4, sizeof(f));
	f[57] ^= 1;
	f[22]--;
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	assert_int_equal(leat_le32_to_cpu(done(&r, 0, &p)->status), INTEL_RXD_DD | INTEL_RXD_EOP |
			 INTEL_RXD_IPCS | INTEL_RXD_L4CS | INTEL_RXD_IPE | INTEL_RXD_L4E);
	rig_set(&r, INTEL_RXCSUM, 0);
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	assert_int_equal(leat_le32_to_cpu(done(&r, 0, &p)->status), INTEL_RXD_DD | INTEL_RXD_EOP);
	rig_close(&r);
}

/* A checksum that the sender left open is done for a driver that could not know. */
static void test_open_sum(void **state)
{
	uint8_t f[sizeof(rig_tcp4)], *p;
	struct leat_frame frame = { .data = f, .len = sizeof(f), .flags = LEAT_FRAME_CSUM_PARTIAL,
				    .csum_start = 34, .csum_off = 16 };
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	buffers(&r, 0, 4);
	memcpy(f, rig_tcp4, sizeof(f));
	f[50] = 0x14;
	f[51] = 0x21;
	assert_int_equal(leat_wire_deliver(&r.wire->wire, &frame, 1), 1);
	(void)done(&r, 0, &p);
	assert_memory_equal(p, rig_tcp4, sizeof(rig_tcp4));
	rig_close(&r);
}

/* Jumbo frames over buffers of 2 KB; only with long packets, up to RLPML. */
static void test_jumbo(void **state)
{
	uint8_t f[5000], *p;
	const struct intel_rxd_done *d;
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	buffers(&r, 0, 8);
	for (unsigned int i = 0; i < sizeof(f); i++)
		f[i] = (uint8_t)(i * 13);
	memcpy(f, rig_tcp4, 12);
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	assert_int_equal(rig_get(&r, IGB_QUEUE(IGB_RDH, 0)), 0);
	assert_int_equal(rig_get(&r, INTEL_ROC), 1);
	rig_set(&r, INTEL_RCTL, rig_get(&r, INTEL_RCTL) | INTEL_RCTL_LPE);
	rig_set(&r, IGB_RLPML, sizeof(f) + 3);
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	assert_int_equal(rig_get(&r, IGB_QUEUE(IGB_RDH, 0)), 0);
	rig_set(&r, IGB_RLPML, sizeof(f) + 4);
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	for (uint32_t at = 0; at < sizeof(f); at += 2048) {
		uint32_t part = LEAT_MIN((uint32_t)sizeof(f) - at, 2048u);

		d = done(&r, 0, &p);
		assert_int_equal(leat_le16_to_cpu(d->len), part);
		assert_memory_equal(p, f + at, part);
		assert_int_equal(leat_le32_to_cpu(d->status) & INTEL_RXD_EOP, part < 2048 ? INTEL_RXD_EOP : 0);
	}
	rig_close(&r);
}

/* By message, put off at each read in turn: no descriptor is overwritten before all are known. */
static void test_put_off(void **state)
{
	uint8_t f[5000], *p;
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	r.by_message = true;
	rig_start(&r);
	rig_set(&r, INTEL_RCTL, rig_get(&r, INTEL_RCTL) | INTEL_RCTL_LPE);
	buffers(&r, 0, 8);
	for (unsigned int i = 0; i < sizeof(f); i++)
		f[i] = (uint8_t)(i * 11);
	memcpy(f, rig_tcp4, 12);
	for (unsigned int read = 0; read < 3; read++) {
		r.late_after = read;
		r.late = true;
		assert_int_equal(rig_deliver(&r, f, sizeof(f)), 0);
		assert_false(r.late);
	}
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	for (uint32_t at = 0; at < sizeof(f); at += 2048) {
		(void)done(&r, 0, &p);
		assert_memory_equal(p, f + at, LEAT_MIN((uint32_t)sizeof(f) - at, 2048u));
	}
	rig_close(&r);
}

static void test_vlan(void **state)
{
	uint8_t f[62], *p;
	const struct intel_rxd_done *d;
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	buffers(&r, 0, 4);
	memcpy(f, rig_tcp4, 12);
	memcpy(f + 12, "\x81\x00\x20\x05", 4);
	memcpy(f + 16, rig_tcp4 + 12, 46);
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	d = done(&r, 0, &p);
	assert_int_equal(leat_le16_to_cpu(d->len), 62);
	assert_memory_equal(p, f, 62);
	assert_true(leat_le32_to_cpu(d->status) & INTEL_RXD_L4CS);

	rig_set(&r, INTEL_CTRL, rig_get(&r, INTEL_CTRL) | INTEL_CTRL_VME);
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	d = done(&r, 0, &p);
	assert_int_equal(leat_le16_to_cpu(d->len), 58);
	assert_int_equal(leat_le16_to_cpu(d->vlan), 0x2005);
	assert_true(leat_le32_to_cpu(d->status) & INTEL_RXD_VP);
	assert_memory_equal(p, rig_tcp4, 58);

	rig_set(&r, INTEL_RCTL, rig_get(&r, INTEL_RCTL) | INTEL_RCTL_VFE);
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	assert_int_equal(rig_get(&r, IGB_QUEUE(IGB_RDH, 0)), 2);
	rig_set(&r, INTEL_VFTA(0), LEAT_BIT(5));
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	assert_int_equal(rig_get(&r, IGB_QUEUE(IGB_RDH, 0)), 3);
	rig_close(&r);
}

static void test_filter(void **state)
{
	uint8_t f[sizeof(rig_tcp4)];
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	buffers(&r, 0, 4);
	memcpy(f, rig_tcp4, sizeof(f));
	f[5] = 9;
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	assert_int_equal(rig_get(&r, IGB_QUEUE(IGB_RDH, 0)), 0);
	rig_set(&r, INTEL_RCTL, rig_get(&r, INTEL_RCTL) | INTEL_RCTL_UPE);
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	assert_int_equal(rig_get(&r, IGB_QUEUE(IGB_RDH, 0)), 1);
	rig_close(&r);
}

static void test_crc(void **state)
{
	const struct intel_rxd_done *d;
	uint8_t *p;
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_set(&r, INTEL_RCTL, INTEL_RCTL_EN);
	buffers(&r, 0, 4);
	assert_int_equal(rig_deliver(&r, rig_tcp4, sizeof(rig_tcp4)), 1);
	d = done(&r, 0, &p);
	assert_int_equal(leat_le16_to_cpu(d->len), 64);
	assert_false(p[60] == 0 && p[61] == 0 && p[62] == 0 && p[63] == 0);
	rig_close(&r);
}

/* The published vector goes to the ring that the table says, with its hash. */
static void test_rss(void **state)
{
	static const uint8_t key[40] = {
		0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
		0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
		0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
		0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
	};
	const struct intel_rxd_done *d;
	uint8_t f[sizeof(rig_tcp4)], *p;
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_rx_ring(&r, 13);
	buffers(&r, 0, 4);
	buffers(&r, 13, 4);
	memcpy(f, rig_tcp4, sizeof(f));
	memcpy(f + 26, "\x42\x09\x95\xbb\xa1\x8e\x64\x50\x0a\xea\x06\xe6", 12);
	for (uint32_t i = 0; i < 10; i++)
		rig_set(&r, INTEL_RSSRK(i), (uint32_t)key[4 * i] | (uint32_t)key[4 * i + 1] << 8 |
			(uint32_t)key[4 * i + 2] << 16 | (uint32_t)key[4 * i + 3] << 24);
	rig_set(&r, INTEL_RETA(0x78 / 4), 13);		/* 0x51ccc178 */
	rig_set(&r, INTEL_RXCSUM, INTEL_RXCSUM_PCSD);
	rig_set(&r, INTEL_MRQC, IGB_MRQC_RSS | IGB_MRQC_TCP4 | IGB_MRQC_IPV4);
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	d = done(&r, 13, &p);
	assert_int_equal(leat_le32_to_cpu(d->hash), 0x51ccc178);
	assert_int_equal(LEAT_GET(INTEL_RXD_RSS_TYPE, leat_le32_to_cpu(d->info)), 1);

	rig_set(&r, INTEL_MRQC, IGB_MRQC_RSS | IGB_MRQC_IPV4);
	assert_int_equal(rig_deliver(&r, f, sizeof(f)), 1);
	d = done(&r, 0, &p);				/* 0x323e8fc2: entry 0x42 */
	assert_int_equal(leat_le32_to_cpu(d->hash), 0x323e8fc2);
	assert_int_equal(LEAT_GET(INTEL_RXD_RSS_TYPE, leat_le32_to_cpu(d->info)), 2);
	rig_close(&r);
}

/* Without buffers a frame stays with the wire, unless the ring is to drop. */
static void test_full(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	buffers(&r, 0, 1);
	assert_int_equal(rig_deliver(&r, rig_tcp4, sizeof(rig_tcp4)), 1);
	assert_int_equal(rig_deliver(&r, rig_tcp4, sizeof(rig_tcp4)), 0);
	assert_int_equal(r.mdev->stats.rx_refused, 1);
	rig_set(&r, IGB_QUEUE(IGB_SRRCTL, 0), rig_get(&r, IGB_QUEUE(IGB_SRRCTL, 0)) | IGB_SRRCTL_DROP);
	assert_int_equal(rig_deliver(&r, rig_tcp4, sizeof(rig_tcp4)), 1);
	assert_int_equal(r.mdev->stats.rx_dropped, 1);
	rig_set(&r, INTEL_RCTL, 0);
	assert_false(leat_wire_ready(&r.wire->wire));
	rig_close(&r);
}

/* Loopback: what is sent comes back, the wire sees nothing. */
static void test_loopback(void **state)
{
	uint8_t *p;
	struct rig r;

	(void)state;
	rig_open(&r, &leat_model_igb, NULL);
	rig_start(&r);
	rig_set(&r, INTEL_RCTL, rig_get(&r, INTEL_RCTL) | LEAT_PUT(INTEL_RCTL_LBM, INTEL_RCTL_LBM_MAC));
	buffers(&r, 0, 4);
	memcpy(r.mem + RIG_BUFS + 0x200000, rig_tcp4, sizeof(rig_tcp4));
	rig_tx_data(&r, 0, RIG_BUFS + 0x200000, sizeof(rig_tcp4), INTEL_TXD_EOP | INTEL_TXD_RS, 0);
	rig_tx_show(&r, 0);
	rig_run(&r);
	(void)done(&r, 0, &p);
	assert_memory_equal(p, rig_tcp4, sizeof(rig_tcp4));
	assert_int_equal(r.wire->n, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame),
		cmocka_unit_test(test_by_message),
		cmocka_unit_test(test_wrong_sums),
		cmocka_unit_test(test_open_sum),
		cmocka_unit_test(test_jumbo),
		cmocka_unit_test(test_put_off),
		cmocka_unit_test(test_vlan),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_crc),
		cmocka_unit_test(test_rss),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
