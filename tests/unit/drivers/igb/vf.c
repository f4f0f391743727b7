// SPDX-License-Identifier: BSD-3-Clause
/*
 * vf.c - the driver of virtual functions, and a PF that the test plays: what it is asked,
 * what it may refuse, and what happens when it goes.
 */
#include "driver_nic.h"

#include <leat/drivers.h>

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEARD 64
#define MAC   "\2\1\2\3\4\5"

/* The PF. */
static struct {
	uint32_t	heard[HEARD][IGB_MSG_WORDS];
	unsigned int	n;
	uint8_t		mac[6];		/* that it gives; zeros: none */
	uint32_t	refuse;		/* a kind */
	bool		mute;
	unsigned int	lose;		/* so many answers, news being written over them */
	bool		forgot;		/* knows no VF */
} pf;

static uint32_t *mailbox(struct nic *n)
{
	return &n->reg[IGB_V2PMAILBOX / 4];
}

static void say(struct nic *n, uint32_t word)
{
	n->reg[IGB_VF_VMBMEM / 4] = word;
	*mailbox(n) |= IGB_V2PMAILBOX_PFSTS;
}

static void answer(struct nic *n, const uint32_t *msg)
{
	uint32_t kind = msg[0] & IGB_MSG_KIND, cts = pf.forgot ? 0 : IGB_MSG_CTS;
	bool yes = kind != pf.refuse && !pf.forgot;

	*mailbox(n) |= IGB_V2PMAILBOX_PFACK;
	if (pf.lose) {
		pf.lose--;
		say(n, IGB_MSG_CONTROL | cts);
		return;
	}
	if (kind != IGB_MSG_RESET) {
		say(n, msg[0] | cts | (yes ? IGB_MSG_ACK : IGB_MSG_NACK));
		return;
	}
	pf.forgot = false;
	say(n, IGB_MSG_RESET | (pf.mac[0] ? IGB_MSG_ACK : IGB_MSG_NACK));
	memcpy(&n->reg[IGB_VF_VMBMEM / 4 + 1], pf.mac, 6);
}

static void after_write(struct nic *n, uint32_t off, uint32_t value)
{
	if (off != IGB_V2PMAILBOX)
		return;
	*mailbox(n) = value & IGB_V2PMAILBOX_VFU;
	if (!(value & IGB_V2PMAILBOX_REQ) || pf.mute)
		return;
	pf.n %= HEARD;
	memcpy(pf.heard[pf.n], &n->reg[IGB_VF_VMBMEM / 4], sizeof(pf.heard[0]));
	answer(n, pf.heard[pf.n++]);
}

static void after_read(struct nic *n, uint32_t off)
{
	if (off == IGB_V2PMAILBOX)
		*mailbox(n) &= ~(IGB_V2PMAILBOX_PFSTS | IGB_V2PMAILBOX_PFACK | IGB_V2PMAILBOX_RSTD);
}

static int vf_setup(void **state)
{
	struct nic *n;
	int err = nic_setup(state);

	if (err)
		return err;
	n = *state;
	n->drv = &leat_igbvf;
	n->after_write = after_write;
	n->after_read = after_read;
	n->no_reset = true;		/* CTRL.RST of an 82576 */
	n->dev.region[LEAT_REGION_BAR0].size = IGB_VF_BAR0_SIZE;
	n->dev.irqs[LEAT_IRQ_MSIX] = IGB_VF_VECTORS;
	n->dev.irqs[LEAT_IRQ_INTX] = 0;
	memset(&pf, 0, sizeof(pf));
	memcpy(pf.mac, MAC, 6);
	return 0;
}

/* The last message of a kind. */
static const uint32_t *heard(uint32_t kind)
{
	for (unsigned int i = pf.n; i--;)
		if ((pf.heard[i][0] & IGB_MSG_KIND) == kind)
			return pf.heard[i];
	return NULL;
}

static void open_vf(struct nic *n, const struct leat_port_config *cfg)
{
	if (nic_open(n, cfg))
		fail_msg("%s", n->last);
}

static void *vf_ring(struct nic *n, uint32_t reg)
{
	return nic_desc(n, IGB_QUEUE_ALIAS(reg, 0), 0);
}

/* ---- start ---- */

static void a_start_is_these_writes(void **state)
{
	static const struct trace_note hidden[] = {
		{ 0x2800, 0 }, { 0x2804, 0 }, { 0x3800, 0 }, { 0x3804, 0 }, { 0, 0 },	/* bases */
	};
	static const struct trace_note golden[] = {
		{ IGB_VTEIMC, UINT32_MAX }, { IGB_VTCTRL, IGB_VTCTRL_RST }, { IGB_VTEIMC, UINT32_MAX },
		{ IGB_V2PMAILBOX, IGB_V2PMAILBOX_VFU }, { IGB_VF_VMBMEM, IGB_MSG_RESET },
		{ IGB_V2PMAILBOX, IGB_V2PMAILBOX_REQ }, { IGB_V2PMAILBOX, IGB_V2PMAILBOX_VFU },
		{ IGB_V2PMAILBOX, IGB_V2PMAILBOX_ACK },
		{ IGB_V2PMAILBOX, IGB_V2PMAILBOX_VFU }, { IGB_VF_VMBMEM, IGB_MSG_LPE },
		{ IGB_VF_VMBMEM + 4, 1522 },
		{ IGB_V2PMAILBOX, IGB_V2PMAILBOX_REQ }, { IGB_V2PMAILBOX, IGB_V2PMAILBOX_VFU },
		{ IGB_V2PMAILBOX, IGB_V2PMAILBOX_ACK },
		{ IGB_VF_EITR(0), 196 }, { IGB_VF_EITR(1), 196 },
		{ IGB_VTIVAR, 0x81 }, { IGB_VTIVAR_MISC, 0x80 }, { IGB_VTEIAC, 3 }, { IGB_VTEIAM, 2 },
		{ 0x3828, 0 }, { 0x3808, 4096 }, { 0x3810, 0 }, { 0x3818, 0 }, { 0x3838, 0 },
		{ 0x383c, 0 }, { 0x3828, 0x02010108 },
		{ 0x2828, 0 }, { 0x2808, 4096 }, { 0x2810, 0 }, { 0x2818, 0 },
		{ 0x280c, 0x02000002 }, { 0x2828, 0x02010808 },
		{ IGB_VTEIMS, 1 }, { 0x2818, 192 },
	};
	const struct leat_port_config cfg = { .no_start = true };
	struct nic *n = *state;
	unsigned int from;

	open_vf(n, &cfg);
	from = n->notes;
	assert_int_equal(leat_port_start(n->port), 0);
	trace_expect(n->note + from, n->notes - from, golden, LEAT_ARRAY_LEN(golden), hidden);
	assert_true(n->config[4] & 4);			/* bus master */
}

static void what_is_asked_is_told(void **state)
{
	const struct leat_port_config cfg = { .mtu = 9000, .rxqs = 2, .txqs = 2, .no_start = true };
	static const uint8_t other[6] = "\2\0\0\0\0\7", group[2][6] = { "\1\0\x5e\0\x12\x34", "\1\0\x5e\1\1\1" };
	struct nic *n = *state;

	open_vf(n, &cfg);
	assert_int_equal(leat_port_mac_add(n->port, other), 0);
	assert_int_equal(leat_port_mcast(n->port, group, 2), 0);
	assert_int_equal(leat_port_allmulti(n->port, true), 0);
	assert_int_equal(leat_port_vlan(n->port, 0x123, true), 0);
	assert_int_equal(leat_port_start(n->port), 0);
	assert_int_equal(heard(IGB_MSG_LPE)[1], 9022);
	assert_int_equal(heard(IGB_MSG_QUEUES)[0], IGB_MSG_QUEUES | 2 << 16);
	assert_int_equal(heard(IGB_MSG_MAC)[0], IGB_MSG_MAC | IGB_MSG_MAC_ADD << 16);
	assert_memory_equal(&heard(IGB_MSG_MAC)[1], other, 6);
	assert_int_equal(heard(IGB_MSG_MULTICAST)[0], IGB_MSG_MULTICAST | 2 << 16);
	assert_int_equal(heard(IGB_MSG_MULTICAST)[1], 0x010 << 16 | 0x341);
	assert_int_equal(heard(IGB_MSG_PROMISC)[0], IGB_MSG_PROMISC | IGB_MSG_PROMISC_MULTI << 16);
	assert_int_equal(heard(IGB_MSG_VLAN)[0], IGB_MSG_VLAN | 1 << 16);
	assert_int_equal(heard(IGB_MSG_VLAN)[1], 0x123);

	/* And taken back, only that. */
	pf.n = 0;
	assert_int_equal(leat_port_vlan(n->port, 0x123, false), 0);
	assert_int_equal(pf.n, 2);			/* the list of multicasts, and this */
	assert_int_equal(heard(IGB_MSG_VLAN)[0], IGB_MSG_VLAN);
	assert_int_equal(leat_port_mac_remove(n->port, other), 0);
	assert_int_equal(heard(IGB_MSG_MAC)[0], IGB_MSG_MAC | IGB_MSG_MAC_CLEAR << 16);
}

static void frames_move(void **state)
{
	struct nic *n = *state;
	union intel_rxd *d;
	struct leat_pkt *pkt;

	open_vf(n, NULL);
	d = vf_ring(n, IGB_RDBAL);
	memset(nic_dma(n, leat_le64_to_cpu(d->read.addr), 60), 7, 60);
	d->done = (struct intel_rxd_done){
		.status = leat_cpu_to_le32(INTEL_RXD_DD | INTEL_RXD_EOP | INTEL_RXD_VP),
		.len = leat_cpu_to_le16(60), .vlan = leat_cpu_to_le16(0x6123),
	};
	assert_int_equal(leat_rx(leat_port_rxq(n->port, 0), &pkt, 1), 1);
	/* The PF took the tag off, which nobody asked for: it is there again. */
	assert_int_equal(pkt->total, 64);
	assert_memory_equal((char *)leat_pkt_data(pkt) + 12, "\x81\0\x61\x23", 4);
	assert_int_equal(leat_tx(leat_port_txq(n->port, 0), &pkt, 1), 1);
	assert_int_equal(nic_written(n, IGB_QUEUE_ALIAS(IGB_TDT, 0)), 1);
}

static void vectors_are_of_queues_and_the_mailbox(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 2 };
	struct nic *n = *state;
	struct leat_rxq *q;

	open_vf(n, &cfg);
	assert_int_equal(nic_written(n, IGB_VTIVAR), 0x00820081);
	assert_int_equal(nic_written(n, IGB_VTIVAR_MISC), 0x80);
	assert_int_equal(n->reg[IGB_VTEIMS / 4], 1);
	q = leat_port_rxq(n->port, 1);
	assert_int_equal(leat_rxq_arm(q), 0);
	assert_int_equal(n->reg[IGB_VTEIMS / 4], 5);
	leat_rxq_disarm(q);
	assert_int_equal(n->reg[IGB_VTEIMS / 4], 1);
}

static void it_tests_itself(void **state)
{
	const struct leat_port_config cfg = { .no_start = true };
	struct leat_self_test test[4];
	struct nic *n = *state;

	open_vf(n, &cfg);
	assert_int_equal(leat_port_self_test(n->port, test, 4), 2);
	assert_int_equal(test[0].verdict, LEAT_TEST_PASSED);
	assert_int_equal(test[1].verdict, LEAT_TEST_PASSED);
	n->dead_vector = 1;
	assert_int_equal(leat_port_self_test(n->port, test, 4), 2);
	assert_int_equal(test[1].verdict, LEAT_TEST_FAILED);
}

static void a_failure_anywhere_leaves_nothing(void **state)
{
	nic_cut(*state, nic_open_two);
}

/* ---- addresses ---- */

static void without_an_address_it_takes_one(void **state)
{
	struct nic *n = *state;
	uint8_t mac[6];

	memset(pf.mac, 0, 6);
	open_vf(n, NULL);
	leat_port_mac(n->port, mac);
	assert_int_equal(mac[0] & 3, 2);
	assert_int_equal(heard(IGB_MSG_MAC)[0], IGB_MSG_MAC);
	assert_memory_equal(&heard(IGB_MSG_MAC)[1], mac, 6);
}

/* Linux's PF refuses to hear of the address that it gave. */
static void the_administrators_address_is_not_named(void **state)
{
	struct nic *n = *state;
	uint8_t mac[6];

	pf.refuse = IGB_MSG_MAC;
	open_vf(n, NULL);
	assert_null(heard(IGB_MSG_MAC));
	leat_port_stop(n->port);
	memcpy(pf.mac, "\2\7\7\7\7\7", 6);
	assert_int_equal(leat_port_start(n->port), 0);
	leat_port_mac(n->port, mac);
	assert_memory_equal(mac, pf.mac, 6);
}

static void the_applications_address_stays(void **state)
{
	static const uint8_t ours[6] = "\2\0\0\0\0\x2a";
	struct nic *n = *state;
	uint8_t mac[6];

	open_vf(n, NULL);
	assert_int_equal(leat_port_mac_set(n->port, ours), 0);
	leat_port_stop(n->port);
	memcpy(pf.mac, "\2\7\7\7\7\7", 6);
	assert_int_equal(leat_port_start(n->port), 0);
	leat_port_mac(n->port, mac);
	assert_memory_equal(mac, ours, 6);
	assert_memory_equal(&heard(IGB_MSG_MAC)[1], ours, 6);
}

/* ---- what a PF may say, and do ---- */

static void a_pf_may_refuse(void **state)
{
	const struct leat_port_config large = { .mtu = 9000 }, idle = { .no_start = true };
	struct nic *n = *state;

	pf.refuse = IGB_MSG_LPE;
	assert_int_equal(nic_open(n, &large), -EINVAL);
	assert_non_null(strstr(n->last, "smaller MTU"));
	n->port = NULL;
	n->closed = false;
	pf.refuse = IGB_MSG_PROMISC;
	open_vf(n, &idle);
	assert_int_equal(leat_port_promisc(n->port, true), 0);
	assert_int_equal(leat_port_start(n->port), 0);	/* with less */
	pf.refuse = 0;
	assert_int_equal(leat_port_promisc(n->port, false), 0);
	pf.refuse = IGB_MSG_PROMISC;
	assert_int_equal(leat_port_promisc(n->port, true), -EPERM);
	assert_non_null(strstr(n->last, "does not let it hear everything"));
	pf.refuse = IGB_MSG_VLAN;
	assert_int_equal(leat_port_vlan(n->port, 7, true), -EPERM);
	pf.refuse = 0;
	assert_int_equal(leat_port_vlan(n->port, 7, true), 0);
}

static void what_is_lost_is_asked_again(void **state)
{
	struct nic *n = *state;

	pf.lose = 1;
	open_vf(n, NULL);
	assert_int_equal(pf.heard[0][0], IGB_MSG_RESET);
	assert_int_equal(pf.heard[1][0], IGB_MSG_RESET);
}

static void a_pf_that_does_not_answer_is_told_of(void **state)
{
	struct nic *n = *state;

	pf.mute = true;
	assert_int_equal(nic_open(n, NULL), -ETIMEDOUT);
	assert_non_null(strstr(n->last, "physical function does not answer"));
	assert_true(n->closed);
	n->port = NULL;
}

static void no_queues_by_rss_is_no_error(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 2 };
	struct nic *n = *state;

	pf.refuse = IGB_MSG_QUEUES;
	open_vf(n, &cfg);
}

/* Its queues are gone with its PF; when that is back, the port wants to be started anew. */
static void the_reset_of_a_pf_is_noticed(void **state)
{
	struct nic *n = *state;
	struct leat_link link;

	open_vf(n, NULL);
	nic_second(n);
	assert_int_equal(n->events[LEAT_EVENT_LINK], 1);
	*mailbox(n) |= IGB_V2PMAILBOX_RSTI;
	nic_second(n);
	leat_port_link(n->port, &link);
	assert_false(link.up);
	assert_int_equal(n->events[LEAT_EVENT_LINK], 2);
	assert_int_equal(n->events[LEAT_EVENT_ERROR], 0);
	*mailbox(n) = IGB_V2PMAILBOX_RSTD;
	pf.forgot = true;
	nic_second(n);
	assert_int_equal(n->events[LEAT_EVENT_ERROR], 1);
	assert_non_null(strstr(n->last, "stop and start the port"));
	leat_port_stop(n->port);
	assert_int_equal(leat_port_start(n->port), 0);
	nic_second(n);
	leat_port_link(n->port, &link);
	assert_true(link.up);
	assert_int_equal(n->events[LEAT_EVENT_ERROR], 1);
}

static void a_ping_says_whether_the_pf_knows_us(void **state)
{
	struct nic *n = *state;

	open_vf(n, NULL);
	say(n, IGB_MSG_CONTROL | IGB_MSG_CTS);
	leat_eventfd_signal(n->event[0]);
	assert_int_equal(leat_ctx_poll(n->ctx), 0);
	nic_second(n);
	assert_int_equal(n->events[LEAT_EVENT_ERROR], 0);
	assert_false(*mailbox(n) & IGB_V2PMAILBOX_PFSTS);
	say(n, IGB_MSG_CONTROL);
	leat_eventfd_signal(n->event[0]);
	nic_second(n);
	assert_int_equal(n->events[LEAT_EVENT_ERROR], 1);
}

/* A ping in the midst of a talk is no answer. */
static void a_ping_is_no_answer(void **state)
{
	struct nic *n = *state;

	open_vf(n, NULL);
	say(n, IGB_MSG_CONTROL | IGB_MSG_CTS);
	assert_int_equal(leat_port_vlan(n->port, 9, true), 0);
	assert_int_equal(heard(IGB_MSG_VLAN)[1], 9);
}

static void counters_begin_at_our_start_and_may_wrap(void **state)
{
	struct leat_xstat x[32];
	struct nic *n = *state;
	unsigned int k;

	n->reg[IGB_VFGPRC / 4] = 0xfffffff0;
	open_vf(n, NULL);
	n->reg[IGB_VFGPRC / 4] = 0x10;
	k = leat_port_xstats(n->port, x, 32);
	for (unsigned int i = 0; i < k; i++)
		if (!strcmp(x[i].name, "rx_device_good_packets"))
			assert_int_equal(x[i].value, 0x20);
	n->gone = true;
	assert_true(leat_port_xstats(n->port, x, 32) > 0);
	for (unsigned int i = 0; i < k; i++)
		if (!strcmp(x[i].name, "rx_device_good_packets"))
			assert_int_equal(x[i].value, 0x20);
	nic_second(n);
	assert_int_equal(n->events[LEAT_EVENT_ERROR], 1);
	n->gone = false;
}

#define VF_TEST(f) cmocka_unit_test_setup_teardown(f, vf_setup, nic_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VF_TEST(a_start_is_these_writes),
		VF_TEST(a_failure_anywhere_leaves_nothing),
		VF_TEST(what_is_asked_is_told),
		VF_TEST(frames_move),
		VF_TEST(vectors_are_of_queues_and_the_mailbox),
		VF_TEST(it_tests_itself),
		VF_TEST(without_an_address_it_takes_one),
		VF_TEST(the_administrators_address_is_not_named),
		VF_TEST(the_applications_address_stays),
		VF_TEST(a_pf_may_refuse),
		VF_TEST(what_is_lost_is_asked_again),
		VF_TEST(a_pf_that_does_not_answer_is_told_of),
		VF_TEST(no_queues_by_rss_is_no_error),
		VF_TEST(the_reset_of_a_pf_is_noticed),
		VF_TEST(a_ping_says_whether_the_pf_knows_us),
		VF_TEST(a_ping_is_no_answer),
		VF_TEST(counters_begin_at_our_start_and_may_wrap),
	};

	return cmocka_run_group_tests_name("drivers/igb/vf", tests, NULL, NULL);
}
