// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_irqs.c - what arms an 82574's interrupts by each way, what its looks find, and what is
 * said when the transmitter hangs or the device is no more.
 */
#include "driver_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define OTHER (E1000E_ICR_LSC | E1000E_ICR_OTHER)
#define RX    (E1000E_ICR_RXT0 | E1000E_ICR_RXDMT0 | E1000E_ICR_RXO | E1000E_ICR_RXQ(0) | \
	       E1000E_ICR_RXQ(1))

static struct leat_rxq *queue(struct nic *r, unsigned int id)
{
	return leat_port_rxq(r->port, id);
}

static void by_msix_each_queue_has_its_cause(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 2, .intr = LEAT_INTR_MSIX };
	struct nic *r = *state;
	uint32_t value = 0;
	unsigned int from;

	rig_open(r, &cfg);
	assert_int_equal(r->irq_count, 3);
	assert_int_equal(*nic_reg(r, E1000E_IVAR), 0x000800a9);
	assert_int_equal(*nic_reg(r, E1000E_EIAC), E1000E_ICR_RXQ(0) | E1000E_ICR_RXQ(1));
	assert_int_equal(*nic_reg(r, E1000E_IMS), OTHER);
	from = r->notes;
	assert_int_equal(leat_rxq_arm(queue(r, 1)), 0);
	assert_int_equal(rig_written(r, from, E1000E_ICR, &value), 1);
	assert_int_equal(value, E1000E_ICR_RXQ(1));
	assert_int_equal(*nic_reg(r, E1000E_IMS), OTHER | E1000E_ICR_RXQ(1));
	assert_int_equal(r->rearms, 0);
	leat_rxq_disarm(queue(r, 1));
	assert_int_equal(*nic_reg(r, E1000E_IMS), OTHER);
}

static void by_one_line_all_causes_are_taken(struct nic *r, enum leat_intr intr, unsigned int rearms)
{
	const struct leat_port_config cfg = { .intr = intr };

	rig_open(r, &cfg);
	assert_int_equal(r->irq_count, 1);
	assert_int_equal(*nic_reg(r, E1000E_IVAR), 0);
	*nic_reg(r, E1000E_ICR) = E1000E_ICR_RXT0;
	assert_int_equal(leat_rxq_arm(queue(r, 0)), 0);
	assert_int_equal(*nic_reg(r, E1000E_ICR), 0);	/* or it would wake at once, for ever */
	assert_int_equal(*nic_reg(r, E1000E_IMS), OTHER | RX);
	assert_int_equal(r->rearms, rearms);
	leat_rxq_disarm(queue(r, 0));
	assert_int_equal(*nic_reg(r, E1000E_IMS), OTHER);
}

static void by_msi(void **state)
{
	by_one_line_all_causes_are_taken(*state, LEAT_INTR_MSI, 0);
}

static void by_intx_the_line_is_armed_again(void **state)
{
	by_one_line_all_causes_are_taken(*state, LEAT_INTR_INTX, 1);
}

/* Who wakes up first must not take the causes from who still sleeps. */
static void one_line_for_two_queues_stays_armed(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 2, .intr = LEAT_INTR_MSI };
	struct nic *r = *state;

	rig_open(r, &cfg);
	assert_int_equal(leat_rxq_arm(queue(r, 0)), 0);
	assert_int_equal(leat_rxq_arm(queue(r, 1)), 0);
	leat_rxq_disarm(queue(r, 0));
	assert_int_equal(*nic_reg(r, E1000E_IMS), OTHER | RX);
}

static void without_interrupts_there_is_no_arming(void **state)
{
	const struct leat_port_config cfg = { .intr = LEAT_INTR_NONE };
	struct nic *r = *state;

	rig_open(r, &cfg);
	assert_int_equal(r->irq_count, 0);
	assert_int_equal(leat_rxq_arm(queue(r, 0)), -ENOTSUP);
}

static void packets_that_wait_signal_at_once(void **state)
{
	struct nic *r = *state;

	rig_open(r, NULL);
	rig_receive(r, 0, 1, 60, INTEL_RXD_DD | INTEL_RXD_EOP);
	assert_int_equal(leat_rxq_arm(queue(r, 0)), 0);
	leat_eventfd_drain(leat_rxq_fd(queue(r, 0)));
}

/* ---- looks ---- */

static void a_link_that_goes_is_told(void **state)
{
	struct leat_link link;
	struct nic *r = *state;

	rig_open(r, NULL);
	nic_second(r);
	assert_int_equal(r->events[LEAT_EVENT_LINK], 1);	/* it is up */
	*nic_reg(r, INTEL_STATUS) &= ~INTEL_STATUS_LU;
	leat_eventfd_signal(r->event[0]);
	leat_ctx_poll(r->ctx);
	r->now += 2000000;
	leat_ctx_poll(r->ctx);
	assert_int_equal(r->events[LEAT_EVENT_LINK], 2);
	leat_port_link(r->port, &link);
	assert_false(link.up);
	*nic_reg(r, INTEL_STATUS) |= INTEL_STATUS_LU;
	nic_second(r);
	assert_int_equal(r->events[LEAT_EVENT_LINK], 3);
}

static void pauses_are_settled_when_the_link_comes(void **state)
{
	struct nic *r = *state;

	r->phy[INTEL_PHY_PARTNER] = INTEL_PHY_ADVERTISE_PAUSE;
	rig_open(r, NULL);
	nic_second(r);
	assert_int_equal(*nic_reg(r, INTEL_CTRL) & (INTEL_CTRL_RFCE | INTEL_CTRL_TFCE),
			 INTEL_CTRL_RFCE | INTEL_CTRL_TFCE);
	assert_true(*nic_reg(r, INTEL_RCTL) & INTEL_RCTL_DPF);
}

static void send_one(struct nic *r)
{
	struct leat_txq *q = leat_port_txq(r->port, 0);
	struct leat_pkt *pkt;

	assert_int_equal(leat_pkt_alloc(q->cache, &pkt, 1), 1);
	memset(leat_pkt_append(pkt, 60), 0, 60);
	assert_int_equal(leat_tx(q, &pkt, 1), 1);
}

static void a_transmitter_that_hangs_is_told_once(void **state)
{
	struct nic *r = *state;

	rig_open(r, NULL);
	nic_second(r);
	send_one(r);
	nic_second(r);				/* now it stands there */
	assert_int_equal(r->errors, 0);
	nic_second(r);				/* and still does */
	nic_second(r);
	assert_int_equal(r->errors, 1);
	assert_non_null(strstr(r->last, "the transmitter hangs"));
	leat_ctx_poll(r->ctx);
	assert_int_equal(r->events[LEAT_EVENT_ERROR], 1);
	leat_port_stop(r->port);
	assert_int_equal(leat_port_start(r->port), 0);
	send_one(r);
	nic_second(r);
	rig_send(r, 0);
	nic_second(r);
	nic_second(r);
	assert_int_equal(r->errors, 1);
}

static void one_that_is_held_or_goes_on_does_not_hang(void **state)
{
	struct nic *r = *state;

	rig_open(r, NULL);
	nic_second(r);
	for (unsigned int i = 0; i < 5; i++) {	/* slow, but it goes on */
		rig_send(r, 0);
		send_one(r);
		nic_second(r);
	}
	*nic_reg(r, INTEL_STATUS) |= INTEL_STATUS_TXOFF;
	for (unsigned int i = 0; i < 5; i++)
		nic_second(r);
	*nic_reg(r, INTEL_STATUS) &= ~(INTEL_STATUS_TXOFF | INTEL_STATUS_LU);
	for (unsigned int i = 0; i < 5; i++)
		nic_second(r);
	assert_int_equal(r->errors, 0);
}

static void all_ones_are_no_device(void **state)
{
	struct nic *r = *state;

	rig_open(r, NULL);
	nic_second(r);
	*nic_reg(r, INTEL_STATUS) = UINT32_MAX;
	nic_second(r);
	nic_second(r);
	assert_int_equal(r->errors, 1);
	assert_non_null(strstr(r->last, "all ones"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, nic_teardown)
	const struct CMUnitTest tests[] = {
		TEST(by_msix_each_queue_has_its_cause),
		TEST(by_msi),
		TEST(by_intx_the_line_is_armed_again),
		TEST(one_line_for_two_queues_stays_armed),
		TEST(without_interrupts_there_is_no_arming),
		TEST(packets_that_wait_signal_at_once),
		TEST(a_link_that_goes_is_told),
		TEST(pauses_are_settled_when_the_link_comes),
		TEST(a_transmitter_that_hangs_is_told_once),
		TEST(one_that_is_held_or_goes_on_does_not_hang),
		TEST(all_ones_are_no_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
