// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_tx.c - the descriptors that the driver writes for what it is given to send.
 */
#include "driver_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define DATA (E1000E_TXD_DATA | INTEL_TXD_IFCS)
#define LAST (DATA | INTEL_TXD_EOP)

static struct leat_txq *queue(struct nic *r)
{
	return leat_port_txq(r->port, 0);
}

/* A packet of @len bytes that stays within a page; leaving one is another test's. */
static struct leat_pkt *packet(struct nic *r, uint16_t len)
{
	struct leat_pkt *pkts[16];
	uint16_t n = 0;

	do {
		assert_in_range(n, 0, 15);
		assert_int_equal(leat_pkt_alloc(queue(r)->cache, &pkts[n], 1), 1);
		memset(leat_pkt_append(pkts[n], len), 0x5a, len);
	} while ((leat_pkt_iova(pkts[n++]) & 4095) + len > 4096);
	leat_pkt_free(pkts, --n);
	return pkts[n];
}

static void send(struct nic *r, struct leat_pkt *pkt)
{
	assert_int_equal(leat_tx(queue(r), &pkt, 1), 1);
}

static uint32_t cmd(struct nic *r, unsigned int i)
{
	return leat_le32_to_cpu(rig_txd(r, 0, i)->cmd);
}

static uint32_t status(struct nic *r, unsigned int i)
{
	return leat_le32_to_cpu(rig_txd(r, 0, i)->status);
}

static uint32_t tail(struct nic *r)
{
	return *nic_reg(r, E1000E_TDT);
}

static void a_burst_reports_once(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *pkts[3];

	rig_open(r, NULL);
	for (unsigned int i = 0; i < 3; i++)
		pkts[i] = packet(r, (uint16_t)(60 + i));
	assert_int_equal(leat_tx(queue(r), pkts, 3), 3);
	assert_int_equal(tail(r), 3);
	assert_int_equal(cmd(r, 0), LAST | 60);
	assert_int_equal(cmd(r, 1), LAST | 61);
	assert_int_equal(cmd(r, 2), LAST | INTEL_TXD_RS | 62);
	assert_int_equal(leat_le64_to_cpu(rig_txd(r, 0, 0)->addr), leat_pkt_iova(pkts[0]));
	assert_int_equal(status(r, 2), 0);
}

static void what_was_sent_comes_back(void **state)
{
	struct nic *r = *state;
	struct leat_txq *q;
	unsigned int home;

	rig_open(r, NULL);
	q = queue(r);
	home = leat_pool_available(r->pool);
	for (unsigned int i = 0; i < 1000; i++) {
		send(r, packet(r, 60));
		rig_send(r, 0);
	}
	leat_tx(q, NULL, 0);
	assert_int_equal(q->packets, 1000);
	assert_int_equal(q->bytes, 60000);
	leat_port_stop(r->port);
	nic_close(r);
	assert_true(leat_pool_available(r->pool) >= home);
	assert_int_equal(leat_pool_available(r->pool), 512);
}

static void a_full_ring_takes_no_more(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *pkts[40];

	rig_open(r, NULL);
	for (unsigned int i = 0; i < 40; i++)
		pkts[i] = packet(r, 60);
	assert_int_equal(leat_tx(queue(r), pkts, 40), 31);	/* one descriptor stays free */
	assert_int_equal(leat_tx(queue(r), pkts + 31, 9), 0);
	rig_send(r, 0);
	assert_int_equal(leat_tx(queue(r), pkts + 31, 9), 9);
	assert_int_equal(tail(r), (31 + 9) % 32);
}

static void segments_are_chained(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *head;

	rig_open(r, NULL);
	head = packet(r, 60);
	assert_int_equal(leat_pkt_chain(head, packet(r, 100)), 0);
	assert_int_equal(leat_pkt_chain(head, packet(r, 7)), 0);
	send(r, head);
	assert_int_equal(cmd(r, 0), DATA | 60);
	assert_int_equal(cmd(r, 1), DATA | 100);
	assert_int_equal(cmd(r, 2), LAST | INTEL_TXD_RS | 7);
}

static void what_leaves_a_page_is_split(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *pkt = NULL, *kept[64];
	unsigned int n = 0;

	rig_open(r, NULL);
	do {
		assert_int_equal(leat_pkt_alloc(queue(r)->cache, &pkt, 1), 1);
		assert_in_range(n, 0, 63);
		kept[n++] = pkt;
		leat_pkt_append(pkt, 1500);
	} while ((leat_pkt_iova(pkt) & 4095) + 1500 <= 4096);
	n--;
	send(r, pkt);
	assert_int_equal(tail(r), 2);
	assert_int_equal(cmd(r, 0), DATA | (4096 - (leat_pkt_iova(pkt) & 4095)));
	assert_int_equal(cmd(r, 1) & E1000E_TXD_LEN, 1500 - (4096 - (leat_pkt_iova(pkt) & 4095)));
	assert_true(cmd(r, 1) & INTEL_TXD_EOP);
	assert_int_equal(leat_le64_to_cpu(rig_txd(r, 0, 1)->addr) & 4095, 0);
	leat_pkt_free(kept, (uint16_t)n);
}

/* ---- contexts ---- */

static struct leat_pkt *summed(struct nic *r, uint16_t start, uint16_t off)
{
	struct leat_pkt *pkt = packet(r, 100);

	pkt->flags |= LEAT_PKT_CSUM_PARTIAL;
	pkt->csum_start = start;
	pkt->csum_off = off;
	return pkt;
}

static bool is_context(struct nic *r, unsigned int i)
{
	return !LEAT_GET(INTEL_TXD_TYPE, cmd(r, i));
}

static void a_context_holds_until_another(void **state)
{
	struct nic *r = *state;
	struct e1000e_txc c;

	rig_open(r, NULL);
	send(r, summed(r, 34, 16));
	send(r, summed(r, 34, 16));		/* the same */
	send(r, packet(r, 60));			/* none */
	send(r, summed(r, 34, 16));		/* still the same */
	send(r, summed(r, 34, 6));		/* another */
	assert_int_equal(tail(r), 7);
	assert_true(is_context(r, 0));
	assert_false(is_context(r, 1) || is_context(r, 2) || is_context(r, 3) || is_context(r, 4));
	assert_true(is_context(r, 5));
	memcpy(&c, rig_txd(r, 0, 0), sizeof(c));
	assert_int_equal(c.l4_start, 34);
	assert_int_equal(c.l4_sum, 50);
	assert_int_equal(c.hdr_len, 0);
	assert_int_equal(leat_le32_to_cpu(c.cmd), E1000E_TXC_DEXT | E1000E_TXC_TCP);
	assert_int_equal(status(r, 1), INTEL_TXD_TXSM);
	assert_int_equal(status(r, 3), 0);
}

static void a_start_forgets_contexts(void **state)
{
	struct nic *r = *state;

	rig_open(r, NULL);
	send(r, summed(r, 34, 16));
	leat_port_stop(r->port);
	assert_int_equal(leat_port_start(r->port), 0);
	send(r, summed(r, 34, 16));
	assert_true(is_context(r, 0));
}

static void what_a_byte_cannot_count_is_summed_here(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *pkt;

	rig_open(r, NULL);
	pkt = packet(r, 400);
	pkt->flags |= LEAT_PKT_CSUM_PARTIAL;
	pkt->csum_start = 250;
	pkt->csum_off = 16;
	send(r, pkt);
	assert_int_equal(tail(r), 1);
	assert_int_equal(status(r, 0), 0);
	pkt = packet(r, 60);			/* and what lies outside is refused */
	pkt->flags |= LEAT_PKT_CSUM_PARTIAL;
	pkt->csum_start = 59;
	pkt->csum_off = 16;
	send(r, pkt);
	assert_int_equal(tail(r), 1);
	assert_int_equal(queue(r)->errors, 1);
}

/* ---- TSO ---- */

static struct leat_pkt *to_cut(struct nic *r, bool v6)
{
	struct leat_pkt *pkt = packet(r, 1500);
	uint16_t l4 = v6 ? 54 : 34;
	uint8_t *p = leat_pkt_data(pkt);

	memset(p, 0, 120);
	p[12] = v6 ? 0x86 : 0x08;
	p[13] = v6 ? 0xdd : 0x00;
	p[14] = v6 ? 0x60 : 0x45;
	p[l4 + 12] = 0x50;
	pkt->flags |= LEAT_PKT_TSO | LEAT_PKT_CSUM_PARTIAL;
	pkt->csum_start = l4;
	pkt->csum_off = 16;
	pkt->gso_size = 500;
	return pkt;
}

static void tso_tells_of_the_headers(void **state)
{
	struct nic *r = *state;
	struct e1000e_txc c;

	rig_open(r, NULL);
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		uint16_t l4 = v6 ? 54 : 34;
		unsigned int at = tail(r);

		send(r, to_cut(r, v6));
		assert_int_equal(tail(r), at + 2);
		memcpy(&c, rig_txd(r, 0, at), sizeof(c));
		assert_int_equal(c.ip_start, 14);
		assert_int_equal(leat_le16_to_cpu(c.ip_end), l4 - 1);
		assert_int_equal(c.ip_sum, v6 ? 14 : 24);
		assert_int_equal(c.l4_start, l4);
		assert_int_equal(c.l4_sum, l4 + 16);
		assert_int_equal(leat_le16_to_cpu(c.l4_end), 0);
		assert_int_equal(c.hdr_len, l4 + 20);
		assert_int_equal(leat_le16_to_cpu(c.mss), 500);
		assert_int_equal(leat_le32_to_cpu(c.cmd), (1500u - l4 - 20) | E1000E_TXC_DEXT |
				 E1000E_TXC_TSE | E1000E_TXC_TCP | (v6 ? 0 : E1000E_TXC_IPV4));
		assert_int_equal(cmd(r, at + 1), LAST | E1000E_TXD_TSE | INTEL_TXD_RS | 1500);
		assert_int_equal(status(r, at + 1), INTEL_TXD_TXSM | (v6 ? 0 : INTEL_TXD_IXSM));
	}
}

static void what_cannot_be_cut_is_dropped(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *pkt;

	rig_open(r, NULL);
	pkt = to_cut(r, false);
	pkt->gso_size = 1500;			/* longer than a frame may be */
	send(r, pkt);
	pkt = to_cut(r, false);
	((uint8_t *)leat_pkt_data(pkt))[12] = 0x99;
	send(r, pkt);
	assert_int_equal(queue(r)->errors, 2);
	assert_int_equal(tail(r), 0);
}

static void what_is_no_frame_is_dropped(void **state)
{
	struct nic *r = *state;

	rig_open(r, NULL);
	send(r, packet(r, 13));
	send(r, packet(r, 1519));
	assert_int_equal(queue(r)->errors, 2);
	assert_int_equal(queue(r)->packets, 0);
	send(r, packet(r, 1518));
	send(r, packet(r, 14));
	assert_int_equal(tail(r), 2);
}

/* ---- tags ---- */

static void tags_are_the_device_s_where_it_takes_them_off(void **state)
{
	const struct leat_port_config cfg = { .offloads = LEAT_CAP_RX_VLAN | LEAT_CAP_TX_VLAN };
	struct nic *r = *state;
	struct leat_pkt *pkt;

	rig_open(r, &cfg);
	pkt = packet(r, 60);
	pkt->flags |= LEAT_PKT_VLAN;
	pkt->vlan = 0x6123;
	send(r, pkt);
	assert_int_equal(cmd(r, 0), LAST | INTEL_TXD_VLE | INTEL_TXD_RS | 60);
	assert_int_equal(status(r, 0), 0x61230000);
}

static void tags_are_ours_otherwise(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *pkt;

	rig_open(r, NULL);
	pkt = packet(r, 60);
	pkt->flags |= LEAT_PKT_VLAN;
	pkt->vlan = 0x6123;
	send(r, pkt);
	assert_int_equal(cmd(r, 0), LAST | INTEL_TXD_RS | 64);
	assert_memory_equal((uint8_t *)leat_pkt_data(pkt) + 12, "\x81\x00\x61\x23", 4);
}

/* ---- one queue of a running port ---- */

static void a_queue_that_has_run_dry_stops(void **state)
{
	struct nic *r = *state;
	struct leat_pkt *pkt;

	rig_open(r, NULL);
	send(r, packet(r, 60));
	rig_send(r, 0);
	assert_int_equal(leat_txq_stop(queue(r)), 0);
	pkt = packet(r, 60);
	assert_int_equal(leat_tx(queue(r), &pkt, 1), 0);
	assert_int_equal(leat_txq_start(queue(r)), 0);
	send(r, pkt);
	assert_int_equal(tail(r), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, nic_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_burst_reports_once),
		TEST(what_was_sent_comes_back),
		TEST(a_full_ring_takes_no_more),
		TEST(segments_are_chained),
		TEST(what_leaves_a_page_is_split),
		TEST(a_context_holds_until_another),
		TEST(a_start_forgets_contexts),
		TEST(what_a_byte_cannot_count_is_summed_here),
		TEST(tso_tells_of_the_headers),
		TEST(what_cannot_be_cut_is_dropped),
		TEST(what_is_no_frame_is_dropped),
		TEST(tags_are_the_device_s_where_it_takes_them_off),
		TEST(tags_are_ours_otherwise),
		TEST(a_queue_that_has_run_dry_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
