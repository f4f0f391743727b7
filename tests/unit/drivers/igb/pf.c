// SPDX-License-Identifier: BSD-3-Clause
/*
 * pf.c - the igb driver as physical function: pools, and virtual functions that the test plays by
 * the mailbox.
 */
#include "driver_nic.h"

#include <leat/filter.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define VFS 2
#define INFO(kind, n) ((kind) | (uint32_t)(n) << 16)

/* PFMAILBOX as the device has it; one and the same word for both ends would not do. */
static struct {
	bool	held;			/* by a VF that does not let go */
	uint32_t said[IGB_VFS];		/* the last word of each, when STS was written; 0: none */
} box;

static unsigned int box_of(uint32_t off)
{
	return off >= IGB_PFMAILBOX(0) && off < IGB_PFMAILBOX(IGB_VFS) ? (off - IGB_PFMAILBOX(0)) / 4 :
									  UINT32_MAX;
}

static void after_write(struct nic *n, uint32_t off, uint32_t value)
{
	unsigned int vf = box_of(off);

	if (vf != UINT32_MAX) {
		n->reg[off / 4] = box.held ? IGB_PFMAILBOX_VFU : value & IGB_PFMAILBOX_PFU;
		if (value & IGB_PFMAILBOX_STS)
			box.said[vf] = n->reg[IGB_VMBMEM(vf) / 4];
	}
	if (off == IGB_MBVFICR || off == IGB_VFLRE)
		n->reg[off / 4] = 0;	/* nothing else is pending in these tests */
}

static int pf_setup(void **state)
{
	struct nic *n;
	int err = nic_setup(state);

	if (err)
		return err;
	n = *state;
	n->after_write = after_write;
	n->vfs = VFS;
	memset(&box, 0, sizeof(box));
	return 0;
}

static void open_pf(struct nic *n, const struct leat_port_config *cfg)
{
	if (nic_open(n, cfg))
		fail_msg("%s", n->last);
	nic_second(n);			/* the link is up, and that was told */
	memset(box.said, 0, sizeof(box.said));
}

static void interrupt(struct nic *n)
{
	leat_eventfd_signal(n->event[0]);
	n->now += 2000000;		/* it looks once a millisecond */
	assert_int_equal(leat_ctx_poll(n->ctx), 0);
}

/* It has read what was said. */
static void read_it(struct nic *n, unsigned int vf)
{
	n->reg[IGB_MBVFICR / 4] = IGB_MBVFICR_ACK(vf);
	interrupt(n);
}

/* A VF's question and the answer's first word; 0: there is none. */
static uint32_t ask(struct nic *n, unsigned int vf, uint32_t word, uint32_t a, uint32_t b)
{
	uint32_t *mem = &n->reg[IGB_VMBMEM(vf) / 4], answer;

	n->notes = 0;			/* there is not room for all */
	box.said[vf] = 0;
	mem[0] = word;
	mem[1] = a;
	mem[2] = b;
	n->reg[IGB_MBVFICR / 4] = IGB_MBVFICR_REQ(vf);
	interrupt(n);
	answer = box.said[vf];
	if (answer)
		read_it(n, vf);
	return answer;
}

static bool agrees(struct nic *n, unsigned int vf, uint32_t word, uint32_t a, uint32_t b)
{
	uint32_t answer = ask(n, vf, word, a, b);

	assert_int_equal(answer & ~(IGB_MSG_ACK | IGB_MSG_NACK), word | IGB_MSG_CTS);
	return answer & IGB_MSG_ACK;
}

static void come(struct nic *n, unsigned int vf)
{
	assert_int_equal(ask(n, vf, IGB_MSG_RESET, 0, 0), IGB_MSG_RESET | IGB_MSG_ACK);
}

static uint32_t reg(const struct nic *n, uint32_t off)
{
	return n->reg[off / 4];
}

/* ---- pools ---- */

static void ports_and_functions_have_pools(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 2, .txqs = 2 };
	struct nic *n = *state;

	open_pf(n, &cfg);
	assert_int_equal(reg(n, INTEL_MRQC) & 7, IGB_MRQC_POOLS_RSS);
	assert_int_equal(reg(n, INTEL_RETA(0)), 0x08000800);
	assert_int_equal(reg(n, IGB_VT_CTL), VFS << 7 | IGB_VT_CTL_REPLICATE);
	assert_int_equal(reg(n, IGB_DTXSWC), IGB_DTXSWC_LOOPBACK | 0x0303);
	assert_int_equal(reg(n, IGB_VFRE), 1 << VFS);
	assert_int_equal(reg(n, IGB_VFTE), 1 << VFS);
	assert_int_equal(reg(n, IGB_QDE), 0xffff);
	assert_int_equal(reg(n, INTEL_RAH(0)) >> 18 & 0xff, 1 << VFS);
	assert_int_equal(reg(n, IGB_RLPML), IGB_FRAME_MAX);
	assert_true(reg(n, INTEL_RCTL) & INTEL_RCTL_VFE);
	assert_true(reg(n, INTEL_RCTL) & INTEL_RCTL_LPE);
	assert_int_equal(reg(n, IGB_VMOLR(VFS)) & 0x3fff, 1522);
	assert_true(reg(n, IGB_VMOLR(VFS)) & IGB_VMOLR_RSSE);
	assert_false(reg(n, IGB_VMOLR(0)) & IGB_VMOLR_RSSE);
	/* The port's queues are those of its pool, with their vectors. */
	assert_true(nic_written(n, IGB_QUEUE(IGB_RXDCTL, VFS)) & IGB_DCTL_ENABLE);
	assert_true(nic_written(n, IGB_QUEUE(IGB_TXDCTL, VFS + 8)) & IGB_DCTL_ENABLE);
	assert_int_equal(nic_writes(n, IGB_QUEUE(IGB_RXDCTL, 0)), 0);
	assert_int_equal(nic_written(n, IGB_IVAR(VFS)), 0x00820081);
	assert_int_equal(nic_written(n, IGB_IVAR(0)), 0);
	assert_true(reg(n, INTEL_CTRL_EXT) & IGB_CTRL_EXT_PFRSTD);
	assert_true(reg(n, IGB_IMS) & IGB_ICR_VMMB);
}

static void frames_of_the_port_move(void **state)
{
	struct nic *n = *state;
	struct leat_pkt *pkt;

	open_pf(n, NULL);
	nic_receive(n, VFS, 0, 60, 1, INTEL_RXD_DD | INTEL_RXD_EOP, 0);
	assert_int_equal(leat_rx(leat_port_rxq(n->port, 0), &pkt, 1), 1);
	assert_int_equal(leat_tx(leat_port_txq(n->port, 0), &pkt, 1), 1);
	assert_int_equal(nic_written(n, IGB_QUEUE(IGB_TDT, VFS)), 1);
	nic_send(n, VFS);
}

static void what_cannot_be_is_refused(void **state)
{
	const struct leat_port_config many = { .rxqs = 3 }, line = { .intr = LEAT_INTR_INTX };
	struct nic *n = *state;

	assert_int_equal(nic_open(n, &many), -ENOTSUP);
	assert_non_null(strstr(n->last, "reconfigure the port"));
	n->port = NULL;
	assert_int_equal(nic_open(n, &line), -ENOTSUP);
	assert_non_null(strstr(n->last, "need MSI-X"));
	n->port = NULL;
	n->vfs = 8;
	assert_int_equal(nic_open(n, NULL), -ENOTSUP);
	assert_non_null(strstr(n->last, "leave it no queues"));
	n->port = NULL;
}

static void ethertypes_have_no_queues_beside_functions(void **state)
{
	struct nic *n = *state;

	open_pf(n, NULL);
	assert_int_equal(leat_port_ethertype(n->port, 0x88b5, 0), -ENOTSUP);
	assert_non_null(strstr(n->last, "none to a queue by EtherType; take 0x88b5 back"));
	assert_int_equal(leat_port_allmulti(n->port, true), 0);
}

static void functions_that_come_later_are_noticed(void **state)
{
	struct nic *n = *state;

	n->vfs = 0;
	open_pf(n, NULL);
	assert_int_equal(reg(n, INTEL_MRQC), 0);
	nic_second(n);
	assert_int_equal(n->events[LEAT_EVENT_ERROR], 0);
	n->vfs = 1;
	n->reg[INTEL_STATUS / 4] |= IGB_STATUS_IOV | LEAT_PUT(IGB_STATUS_VFS, 1u);
	nic_second(n);
	assert_int_equal(n->events[LEAT_EVENT_ERROR], 1);
	leat_port_stop(n->port);
	assert_int_equal(leat_port_start(n->port), 0);
	assert_int_equal(reg(n, INTEL_MRQC), IGB_MRQC_POOLS);
	assert_true(nic_written(n, IGB_QUEUE(IGB_RXDCTL, 1)) & IGB_DCTL_ENABLE);
	nic_second(n);
	come(n, 0);
}

/* ---- what functions ask for ---- */

static void a_function_gets_its_address(void **state)
{
	struct nic *n = *state;

	open_pf(n, NULL);
	assert_int_equal(ask(n, 1, IGB_MSG_LPE, 2000, 0), IGB_MSG_LPE | IGB_MSG_NACK);
	come(n, 1);
	/* The port's 52:54:00:12:34:56, another first byte for each. */
	assert_int_equal(reg(n, IGB_VMBMEM(1) + 4), 0x1200545a);
	assert_int_equal(reg(n, IGB_VMBMEM(1) + 8), 0x5634);
	assert_int_equal(reg(n, INTEL_RAL(9)), 0x1200545a);
	assert_int_equal(reg(n, INTEL_RAH(9)), INTEL_RAH_AV | 0x5634 | 2 << 18);
	assert_int_equal(reg(n, IGB_VFRE), 1 << VFS | 2);
	assert_int_equal(reg(n, IGB_VFTE), 1 << VFS | 2);
	assert_int_equal(ask(n, 0, IGB_MSG_LPE, 2000, 0), IGB_MSG_LPE | IGB_MSG_NACK);
}

static void addresses_are_ones_own(void **state)
{
	struct nic *n = *state;

	open_pf(n, NULL);
	come(n, 0);
	come(n, 1);
	assert_true(agrees(n, 0, IGB_MSG_MAC, 0x00000002, 0x0700));
	assert_int_equal(reg(n, INTEL_RAH(8)), INTEL_RAH_AV | 0x0700 | 1 << 18);
	assert_false(agrees(n, 1, IGB_MSG_MAC, 0x00000002, 0x0700));		/* the other's */
	assert_false(agrees(n, 1, IGB_MSG_MAC, 0x12005452, 0x5634));		/* the port's */
	assert_false(agrees(n, 1, IGB_MSG_MAC, 0x00000001, 0x0700));		/* a group's */
	assert_false(agrees(n, 1, IGB_MSG_MAC, 0, 0));
	assert_false(agrees(n, 1, INFO(IGB_MSG_MAC, 3), 0x00000002, 0x0800));
	assert_true(agrees(n, 1, INFO(IGB_MSG_MAC, IGB_MSG_MAC_ADD), 0x00000002, 0x0800));
	assert_int_equal(reg(n, INTEL_RAH(15)), INTEL_RAH_AV | 0x0800 | 2 << 18);
	for (uint32_t i = 1; i < 9; i++)
		assert_true(agrees(n, 1, INFO(IGB_MSG_MAC, IGB_MSG_MAC_ADD), 2, 0x0900 + i));
	assert_false(agrees(n, 0, INFO(IGB_MSG_MAC, IGB_MSG_MAC_ADD), 2, 0x0a00));	/* all are taken */
	assert_true(agrees(n, 1, INFO(IGB_MSG_MAC, IGB_MSG_MAC_CLEAR), 0, 0));
	assert_int_equal(reg(n, INTEL_RAH(15)), 0);
	assert_true(agrees(n, 0, INFO(IGB_MSG_MAC, IGB_MSG_MAC_ADD), 2, 0x0a00));
}

static void vlans_are_by_pool(void **state)
{
	struct nic *n = *state;

	open_pf(n, NULL);
	come(n, 0);
	come(n, 1);
	assert_true(agrees(n, 0, INFO(IGB_MSG_VLAN, 1), 5, 0));
	assert_true(agrees(n, 1, INFO(IGB_MSG_VLAN, 1), 5, 0));
	assert_true(agrees(n, 1, INFO(IGB_MSG_VLAN, 1), 7, 0));
	/* A port that does not filter is in all of them, and has what nobody named. */
	assert_int_equal(reg(n, IGB_VLVF(0)), IGB_VLVF_ENABLE | 5 | 7 << 12);
	assert_int_equal(reg(n, IGB_VLVF(1)), IGB_VLVF_ENABLE | 7 | 6 << 12);
	assert_int_equal(reg(n, INTEL_VFTA(100)), UINT32_MAX);
	assert_false(reg(n, IGB_VT_CTL) & IGB_VT_CTL_NO_DEFAULT);
	assert_int_equal(leat_port_vlan(n->port, 7, true), 0);
	assert_int_equal(leat_port_vlan(n->port, 9, true), 0);
	assert_int_equal(leat_port_vlan_filter(n->port, true), 0);
	assert_int_equal(reg(n, IGB_VLVF(0)), IGB_VLVF_ENABLE | 5 | 3 << 12);
	assert_int_equal(reg(n, IGB_VLVF(1)), IGB_VLVF_ENABLE | 7 | 6 << 12);
	assert_int_equal(reg(n, IGB_VLVF(2)), IGB_VLVF_ENABLE | 9 | 4 << 12);
	assert_int_equal(reg(n, INTEL_VFTA(0)), 1 << 5 | 1 << 7 | 1 << 9);
	assert_true(reg(n, IGB_VT_CTL) & IGB_VT_CTL_NO_DEFAULT);
	assert_true(agrees(n, 0, INFO(IGB_MSG_VLAN, 0), 5, 0));
	assert_int_equal(reg(n, IGB_VLVF(0)), IGB_VLVF_ENABLE | 5 | 2 << 12);
	assert_true(agrees(n, 1, INFO(IGB_MSG_VLAN, 0), 5, 0));
	assert_false(reg(n, INTEL_VFTA(0)) & 1 << 5);
}

static void vlans_come_to_an_end(void **state)
{
	struct nic *n = *state;
	uint16_t vid = 100;

	open_pf(n, NULL);
	come(n, 0);
	for (unsigned int i = 0; i < IGB_VLVFS; i++)
		assert_true(agrees(n, 0, INFO(IGB_MSG_VLAN, 1), vid++, 0));
	assert_false(agrees(n, 0, INFO(IGB_MSG_VLAN, 1), vid, 0));
	assert_int_equal(leat_port_vlan_filter(n->port, true), 0);
	assert_int_equal(leat_port_vlan(n->port, vid, true), -ENOSPC);
	assert_non_null(strstr(n->last, "room for 32 VLANs"));
	assert_int_equal(leat_port_vlan(n->port, 100, true), 0);	/* is there anyway */
}

/* What the port has named it keeps. */
static void functions_take_no_vlans_of_the_ports(void **state)
{
	struct nic *n = *state;

	open_pf(n, NULL);
	come(n, 0);
	for (uint16_t vid = 1; vid <= IGB_VLVFS; vid++) {
		n->notes = 0;		/* there is not room for all */
		assert_int_equal(leat_port_vlan(n->port, vid, true), 0);
	}
	assert_int_equal(leat_port_vlan_filter(n->port, true), 0);
	assert_false(agrees(n, 0, INFO(IGB_MSG_VLAN, 1), 100, 0));
	assert_true(agrees(n, 0, INFO(IGB_MSG_VLAN, 1), 32, 0));	/* with the port */
	assert_int_equal(reg(n, IGB_VLVF(0)), IGB_VLVF_ENABLE | 32 | 5 << 12);
	assert_int_equal(reg(n, IGB_VLVF(31)), IGB_VLVF_ENABLE | 31 | 4 << 12);
}

static void the_rest_is_granted_within_reason(void **state)
{
	const struct leat_port_config two = { .rxqs = 2 };
	struct nic *n = *state;

	open_pf(n, &two);
	come(n, 0);
	assert_int_equal(reg(n, IGB_VMOLR(0)) & 0x3fff, 1522);
	assert_true(agrees(n, 0, IGB_MSG_LPE, 9022, 0));
	assert_int_equal(reg(n, IGB_VMOLR(0)) & 0x3fff, 9022);
	assert_false(agrees(n, 0, IGB_MSG_LPE, 9729, 0));
	assert_true(agrees(n, 0, INFO(IGB_MSG_MULTICAST, 2), 0x341 | 0x010 << 16, 0));
	assert_true(reg(n, IGB_VMOLR(0)) & IGB_VMOLR_ROMPE);
	assert_int_equal(reg(n, INTEL_MTA(0x341 / 32)), 1 << 0x341 % 32);
	assert_int_equal(reg(n, INTEL_MTA(0)), 1 << 0x10);
	assert_true(agrees(n, 0, INFO(IGB_MSG_PROMISC, IGB_MSG_PROMISC_MULTI), 0, 0));
	assert_true(reg(n, IGB_VMOLR(0)) & IGB_VMOLR_MPE);
	assert_false(agrees(n, 0, INFO(IGB_MSG_PROMISC, IGB_MSG_PROMISC_UNICAST), 0, 0));
	assert_true(agrees(n, 0, INFO(IGB_MSG_QUEUES, 2), 0, 0));
	assert_true(reg(n, IGB_VMOLR(0)) & IGB_VMOLR_RSSE);
	assert_false(agrees(n, 0, 0x77, 0, 0));
	assert_int_equal(ask(n, 0, IGB_MSG_LPE | IGB_MSG_ACK, 0, 0), 0);	/* no question */
}

static void without_rss_nobody_is_spread(void **state)
{
	struct nic *n = *state;

	open_pf(n, NULL);
	come(n, 0);
	assert_false(agrees(n, 0, INFO(IGB_MSG_QUEUES, 2), 0, 0));
	assert_true(agrees(n, 0, INFO(IGB_MSG_QUEUES, 1), 0, 0));
}

static void a_function_that_was_reset_has_nothing(void **state)
{
	struct nic *n = *state;

	open_pf(n, NULL);
	come(n, 0);
	assert_true(agrees(n, 0, IGB_MSG_MAC, 0x00000002, 0x0700));
	assert_true(agrees(n, 0, INFO(IGB_MSG_VLAN, 1), 5, 0));
	assert_true(agrees(n, 0, INFO(IGB_MSG_MULTICAST, 1), 0x341, 0));
	n->reg[IGB_VFLRE / 4] = 1;
	interrupt(n);
	assert_int_equal(reg(n, IGB_VFRE), 1 << VFS);
	assert_int_equal(reg(n, IGB_VFTE), 1 << VFS);
	assert_int_equal(reg(n, IGB_VLVF(0)), 0);
	assert_int_equal(reg(n, INTEL_MTA(0x341 / 32)), 0);
	assert_int_equal(reg(n, INTEL_RAL(8)), 0x12005456);
	assert_int_equal(ask(n, 0, IGB_MSG_LPE, 2000, 0), IGB_MSG_LPE | IGB_MSG_NACK);
}

/* ---- what functions are told ---- */

/* The news would be written over the question. */
static void answers_go_before_news(void **state)
{
	struct nic *n = *state;

	open_pf(n, NULL);
	n->reg[INTEL_STATUS / 4] &= ~INTEL_STATUS_LU;
	n->reg[IGB_VMBMEM(0) / 4] = IGB_MSG_RESET;
	n->reg[IGB_MBVFICR / 4] = IGB_MBVFICR_REQ(0);
	nic_second(n);
	assert_int_equal(box.said[0], IGB_MSG_RESET | IGB_MSG_ACK);
	nic_second(n);
	assert_int_equal(box.said[0], IGB_MSG_RESET | IGB_MSG_ACK);
	assert_int_equal(box.said[1], IGB_MSG_CONTROL);
	n->reg[INTEL_STATUS / 4] |= INTEL_STATUS_LU;
	read_it(n, 0);
	assert_int_equal(box.said[0], IGB_MSG_CONTROL | IGB_MSG_CTS);
}

static void the_link_is_told(void **state)
{
	struct nic *n = *state;

	open_pf(n, NULL);
	come(n, 0);
	n->reg[INTEL_STATUS / 4] &= ~INTEL_STATUS_LU;
	interrupt(n);
	assert_int_equal(box.said[0], IGB_MSG_CONTROL | IGB_MSG_CTS);
	assert_int_equal(box.said[1], IGB_MSG_CONTROL);
}

static void the_end_is_told(void **state)
{
	struct nic *n = *state;

	open_pf(n, NULL);
	come(n, 0);
	leat_port_stop(n->port);
	assert_int_equal(box.said[0], IGB_MSG_CONTROL);
	assert_int_equal(reg(n, IGB_VFTE), 0);
	assert_true(nic_written(n, INTEL_CTRL) & INTEL_CTRL_RST);	/* they see it */
	assert_true(nic_when(n, INTEL_CTRL) > nic_when(n, IGB_VFTE));
}

static void one_that_keeps_the_mailbox_holds_up_nobody(void **state)
{
	struct nic *n = *state;

	open_pf(n, NULL);
	box.held = true;
	assert_int_equal(ask(n, 0, IGB_MSG_RESET, 0, 0), 0);
	n->reg[IGB_MBVFICR / 4] = 0;
	box.held = false;
	come(n, 1);
}

static void without_interrupts_the_mailbox_is_looked_at(void **state)
{
	const struct leat_port_config cfg = { .intr = LEAT_INTR_NONE };
	struct nic *n = *state;

	open_pf(n, &cfg);
	assert_true(nic_written(n, IGB_GPIE) & IGB_GPIE_MSIX);	/* VFs have theirs */
	n->reg[IGB_VMBMEM(0) / 4] = IGB_MSG_RESET;
	n->reg[IGB_MBVFICR / 4] = IGB_MBVFICR_REQ(0);
	n->now += 20000000;
	assert_int_equal(leat_ctx_poll(n->ctx), 0);
	assert_int_equal(box.said[0], IGB_MSG_RESET | IGB_MSG_ACK);
}

#define PF_TEST(f) cmocka_unit_test_setup_teardown(f, pf_setup, nic_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PF_TEST(ports_and_functions_have_pools),
		PF_TEST(frames_of_the_port_move),
		PF_TEST(what_cannot_be_is_refused),
		PF_TEST(ethertypes_have_no_queues_beside_functions),
		PF_TEST(functions_that_come_later_are_noticed),
		PF_TEST(a_function_gets_its_address),
		PF_TEST(addresses_are_ones_own),
		PF_TEST(vlans_are_by_pool),
		PF_TEST(vlans_come_to_an_end),
		PF_TEST(functions_take_no_vlans_of_the_ports),
		PF_TEST(the_rest_is_granted_within_reason),
		PF_TEST(without_rss_nobody_is_spread),
		PF_TEST(a_function_that_was_reset_has_nothing),
		PF_TEST(answers_go_before_news),
		PF_TEST(the_link_is_told),
		PF_TEST(the_end_is_told),
		PF_TEST(one_that_keeps_the_mailbox_holds_up_nobody),
		PF_TEST(without_interrupts_the_mailbox_is_looked_at),
	};

	return cmocka_run_group_tests_name("drivers/igb/pf", tests, NULL, NULL);
}
