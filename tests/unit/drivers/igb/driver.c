// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver.c - the igb driver's port: reset, start, queues, filters, RSS, interrupts.
 */
#include "driver_nic.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <errno.h>
#include <cmocka.h>

#define COMMAND(n) ((n)->config[4])
#define MASTER	   0x04

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* Whoever was here before left it receiving into who knows what, and died with the semaphore. */
static void a_dirty_device_is_reset(void **state)
{
	struct nic *n = *state;
	uint8_t mac[6];

	n->reg[INTEL_RCTL / 4] = INTEL_RCTL_EN;
	n->reg[IGB_IMS / 4] = n->reg[IGB_EIMS / 4] = UINT32_MAX;
	n->reg[INTEL_SWSM / 4] = INTEL_SWSM_SMBI;
	assert_int_equal(nic_open(n, NULL), 0);
	assert_int_equal(n->note[0].off, IGB_EIMC);
	assert_int_equal(n->note[1].off, IGB_IMC);
	assert_int_equal(n->note[2].off, INTEL_RCTL);
	assert_int_equal(n->note[2].value, 0);
	leat_port_mac(n->port, mac);
	assert_memory_equal(mac, "\x52\x54\x00\x12\x34\x56", 6);
	assert_true(n->reg[INTEL_RCTL / 4] & INTEL_RCTL_EN);
	assert_true(n->reg[INTEL_TCTL / 4] & INTEL_TCTL_EN);
	assert_true(COMMAND(n) & MASTER);
	assert_false(n->reg[INTEL_SW_FW_SYNC / 4]);	/* the PHY was given back */
	assert_false(n->reg[INTEL_SWSM / 4] & INTEL_SWSM_SWESMBI);
}

static void a_device_that_stays_in_reset_is_refused(void **state)
{
	struct nic *n = *state;

	n->no_reset = true;
	assert_int_equal(nic_open(n, NULL), -ETIMEDOUT);
	assert_non_null(strstr(n->last, "does not come back"));
	assert_true(n->closed);
	n->port = NULL;
}

/* The ring before its queue, the queues before the unit, the unit before the doorbell. */
static void queues_begin_in_order(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 16, .txqs = 16, .rx_desc = 64, .tx_desc = 128,
					      .mtu = 9000 };
	struct nic *n = *state;

	assert_int_equal(nic_open(n, &cfg), 0);
	for (unsigned int q = 0; q < 16; q++) {
		assert_int_equal(nic_written(n, IGB_QUEUE(IGB_RDLEN, q)), 64 * 16);
		assert_int_equal(nic_written(n, IGB_QUEUE(IGB_TDLEN, q)), 128 * 16);
		assert_int_equal(nic_written(n, IGB_QUEUE(IGB_SRRCTL, q)),
				 IGB_SRRCTL_DROP | 1u << 25 | 2);
		assert_true(nic_written(n, IGB_QUEUE(IGB_TXDCTL, q)) & IGB_DCTL_ENABLE);
		assert_true(nic_when(n, IGB_QUEUE(IGB_RDLEN, q)) < nic_when(n, IGB_QUEUE(IGB_RXDCTL, q)));
		assert_true(nic_when(n, IGB_QUEUE(IGB_RXDCTL, q)) < nic_when(n, INTEL_RCTL));
		assert_true(nic_when(n, INTEL_RCTL) < nic_when(n, IGB_QUEUE(IGB_RDT, q)));
		assert_int_equal(nic_written(n, IGB_QUEUE(IGB_RDT, q)), 48);
	}
	assert_int_equal(nic_written(n, IGB_RLPML), 9022);
	assert_true(nic_written(n, INTEL_RCTL) & INTEL_RCTL_LPE);
	leat_port_stop(n->port);
	assert_int_equal(n->reg[INTEL_RCTL / 4], 0);
	assert_false(n->reg[INTEL_TCTL / 4] & INTEL_TCTL_EN);
	assert_false(COMMAND(n) & MASTER);
	assert_int_equal(n->reg[IGB_EIMS / 4], 0);
}

static void one_queue_stops_and_starts(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 2, .txqs = 2 };
	struct nic *n = *state;
	struct leat_rxq *rxq;
	struct leat_txq *txq;
	unsigned int available;

	assert_int_equal(nic_open(n, &cfg), 0);
	rxq = leat_port_rxq(n->port, 1);
	txq = leat_port_txq(n->port, 1);
	available = leat_pool_available(n->pool);
	assert_int_equal(leat_rxq_stop(rxq), 0);
	assert_false(n->reg[IGB_QUEUE(IGB_RXDCTL, 1) / 4] & IGB_DCTL_ENABLE);
	assert_true(n->reg[IGB_QUEUE(IGB_RXDCTL, 0) / 4] & IGB_DCTL_ENABLE);
	assert_true(leat_pool_available(n->pool) > available);
	assert_int_equal(leat_rxq_start(rxq), 0);
	assert_true(n->reg[IGB_QUEUE(IGB_RXDCTL, 1) / 4] & IGB_DCTL_ENABLE);
	assert_int_equal(nic_written(n, IGB_QUEUE(IGB_RDT, 1)), 192);
	assert_true(nic_when(n, IGB_QUEUE(IGB_RXDCTL, 1)) < nic_when(n, IGB_QUEUE(IGB_RDT, 1)));

	assert_int_equal(leat_txq_stop(txq), 0);
	assert_false(n->reg[IGB_QUEUE(IGB_TXDCTL, 1) / 4] & IGB_DCTL_ENABLE);
	assert_int_equal(leat_txq_start(txq), 0);
	assert_true(n->reg[IGB_QUEUE(IGB_TXDCTL, 1) / 4] & IGB_DCTL_ENABLE);

	assert_int_equal(leat_rxq_stop(rxq), 0);
	n->no_queues = true;
	assert_int_equal(leat_rxq_start(rxq), -ETIMEDOUT);
	assert_non_null(strstr(n->last, "does not begin"));
}

static void filters_reach_all_24_addresses(void **state)
{
	struct nic *n = *state;
	uint8_t mac[6] = { 2, 0, 0, 0, 0, 0 };

	assert_int_equal(nic_open(n, NULL), 0);
	for (mac[5] = 1; mac[5] < 24; mac[5]++)
		assert_int_equal(leat_port_mac_add(n->port, mac), 0);
	assert_int_equal(leat_port_mac_add(n->port, mac), -ENOSPC);
	assert_int_equal(n->reg[0x5400 / 4 + 2 * 15], 0x00000002);
	assert_int_equal(n->reg[0x5404 / 4 + 2 * 15], INTEL_RAH_AV | 15 << 8);
	assert_int_equal(n->reg[0x54e4 / 4 + 2 * 7], INTEL_RAH_AV | 23 << 8);
	assert_int_equal(leat_port_promisc(n->port, true), 0);
	assert_true(n->reg[INTEL_RCTL / 4] & INTEL_RCTL_UPE);
	assert_true(n->reg[INTEL_RCTL / 4] & INTEL_RCTL_EN);
}

static void flows_are_spread_by_what_was_asked(void **state)
{
	struct leat_rss rss = { .types = LEAT_RSS_UDP4 | LEAT_RSS_TCP6 };
	const struct leat_port_config cfg = { .rxqs = 16, .rss = &rss };
	struct nic *n = *state;

	assert_int_equal(nic_open(n, &cfg), 0);
	assert_int_equal(nic_written(n, INTEL_MRQC), IGB_MRQC_RSS | IGB_MRQC_UDP4 | IGB_MRQC_TCP6 |
			 IGB_MRQC_TCP6_EX);
	assert_int_equal(nic_written(n, INTEL_RETA(1)), 0x07060504);
	assert_int_equal(nic_written(n, INTEL_RETA(3)), 0x0f0e0d0c);
	assert_true(nic_written(n, INTEL_RXCSUM) & INTEL_RXCSUM_PCSD);
}

static void each_queue_has_its_vector(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 9 };
	struct nic *n = *state;
	struct leat_rxq *q;

	assert_int_equal(nic_open(n, &cfg), 0);
	assert_int_equal(n->irq_index, LEAT_IRQ_MSIX);
	assert_int_equal(nic_written(n, IGB_IVAR(0)), 0x00890081);	/* queues 0 and 8 */
	assert_int_equal(nic_written(n, IGB_IVAR(7)), 0x00000088);
	assert_int_equal(nic_written(n, IGB_IVAR_MISC), 0x8000);
	assert_int_equal(nic_written(n, IGB_EIAC), 0x3ff);
	assert_int_equal(nic_written(n, IGB_EIAM), 0x3fe);
	assert_int_equal(n->reg[IGB_EIMS / 4], 1);	/* the link's, no queue's */
	assert_int_equal(nic_written(n, IGB_EITR(9)), 49 << 2);

	q = leat_port_rxq(n->port, 8);
	n->reg[IGB_EICR / 4] = 1 << 9;			/* from polling */
	assert_int_equal(leat_rxq_arm(q), 0);
	assert_int_equal(n->reg[IGB_EIMS / 4], 1 << 9 | 1);
	assert_int_equal(n->reg[IGB_EICR / 4], 0);
	assert_false(readable(leat_rxq_fd(q)));
	leat_rxq_disarm(q);
	assert_int_equal(n->reg[IGB_EIMS / 4], 1);
	nic_receive(n, 8, 0, 60, 1, INTEL_RXD_DD | INTEL_RXD_EOP, 0);
	assert_int_equal(leat_rxq_arm(q), 0);
	assert_true(readable(leat_rxq_fd(q)));		/* it came before we slept */
}

/* Ten vectors for sixteen queues: one that stops waiting leaves the others theirs. */
static void who_shares_a_vector_turns_nothing_off(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 16 };
	struct nic *n = *state;

	assert_int_equal(nic_open(n, &cfg), 0);
	assert_int_equal(leat_rxq_arm(leat_port_rxq(n->port, 3)), 0);
	assert_int_equal(leat_rxq_arm(leat_port_rxq(n->port, 13)), 0);
	leat_rxq_disarm(leat_port_rxq(n->port, 3));
	assert_int_equal(n->reg[IGB_EIMS / 4], 1 << 3);
}

static void one_line_serves_all(void **state)
{
	const struct leat_port_config cfg = { .intr = LEAT_INTR_INTX };
	struct nic *n = *state;
	struct leat_rxq *q;

	assert_int_equal(nic_open(n, &cfg), 0);
	assert_int_equal(n->irq_index, LEAT_IRQ_INTX);
	assert_int_equal(nic_written(n, IGB_GPIE), IGB_GPIE_NSICR);
	q = leat_port_rxq(n->port, 0);
	n->reg[IGB_ICR / 4] = IGB_ICR_RXDW;
	assert_int_equal(leat_rxq_arm(q), 0);
	assert_int_equal(n->reg[IGB_ICR / 4], 0);
	assert_true(n->reg[IGB_IMS / 4] & IGB_ICR_RXDW);
	leat_rxq_disarm(q);
	assert_int_equal(n->reg[IGB_IMS / 4], 0);
}

static void a_link_that_goes_is_told(void **state)
{
	struct nic *n = *state;
	struct leat_link link;

	assert_int_equal(nic_open(n, NULL), 0);
	nic_second(n);
	assert_int_equal(n->events[LEAT_EVENT_LINK], 1);
	n->reg[INTEL_STATUS / 4] &= ~INTEL_STATUS_LU;
	leat_eventfd_signal(n->event[0]);
	nic_second(n);
	assert_int_equal(n->events[LEAT_EVENT_LINK], 2);
	leat_port_link(n->port, &link);
	assert_false(link.up);
	assert_int_equal(leat_port_link_set(n->port, false), 0);
	assert_true(n->phy[INTEL_PHY_CONTROL] & INTEL_PHY_CONTROL_POWER_DOWN);
}

static void a_transmitter_that_hangs_is_told(void **state)
{
	struct nic *n = *state;

	assert_int_equal(nic_open(n, NULL), 0);
	nic_second(n);
	n->reg[IGB_QUEUE(IGB_TDT, 0) / 4] = 5;
	nic_second(n);
	n->reg[IGB_QUEUE(IGB_TDH, 0) / 4] = 2;	/* slow, but alive */
	nic_second(n);
	assert_int_equal(n->events[LEAT_EVENT_ERROR], 0);
	nic_second(n);
	assert_int_equal(n->events[LEAT_EVENT_ERROR], 1);
	assert_non_null(strstr(n->last, "transmitter hangs"));
	nic_second(n);
	assert_int_equal(n->events[LEAT_EVENT_ERROR], 1);
}

static void a_device_that_is_gone_is_told(void **state)
{
	struct nic *n = *state;

	assert_int_equal(nic_open(n, NULL), 0);
	nic_second(n);
	n->gone = true;
	nic_second(n);
	assert_int_equal(n->events[LEAT_EVENT_ERROR], 1);
	assert_non_null(strstr(n->last, "reads as all ones"));
}

static void drops_are_counted_by_queue(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 2 };
	struct leat_xstat xs[128];
	struct leat_stats stats;
	struct nic *n = *state;
	unsigned int count, i = 0;

	assert_int_equal(nic_open(n, &cfg), 0);
	n->reg[IGB_QUEUE(IGB_RQDPC, 1) / 4] = 7;
	leat_port_stats(n->port, &stats);
	assert_int_equal(stats.rx_missed, 7);
	assert_int_equal(n->reg[IGB_QUEUE(IGB_RQDPC, 1) / 4], 0);
	count = leat_port_xstats(n->port, xs, LEAT_ARRAY_LEN(xs));
	assert_in_range(count, 60, LEAT_ARRAY_LEN(xs));
	while (i < count && strcmp(xs[i].name, "rx_q1_dropped_packets"))
		i++;
	assert_int_not_equal(i, count);
	assert_int_equal(xs[i].value, 7);
}

static void registers_are_dumped(void **state)
{
	static struct leat_reg regs[400];
	struct nic *n = *state;
	unsigned int count;

	assert_int_equal(nic_open(n, NULL), 0);
	count = leat_port_regs(n->port, regs, LEAT_ARRAY_LEN(regs));
	assert_in_range(count, 250, LEAT_ARRAY_LEN(regs));
	assert_string_equal(regs[count - 1].name, "TDWBAH15");
	assert_int_equal(regs[count - 1].off, 0xe3fc);
	n->reg[IGB_EICR / 4] = 9;
	leat_port_regs(n->port, regs, LEAT_ARRAY_LEN(regs));
	assert_int_equal(n->reg[IGB_EICR / 4], 9);
}

static void it_tests_itself(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 3, .no_start = true };
	struct leat_self_test t[3];
	struct nic *n = *state;

	assert_int_equal(nic_open(n, &cfg), 0);
	assert_int_equal(leat_port_self_test(n->port, t, 3), 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(t[i].verdict, LEAT_TEST_PASSED);
	assert_false(COMMAND(n) & MASTER);

	n->stuck = INTEL_MTA(127);
	n->dead_vector = 2;
	n->no_loop = true;
	assert_int_equal(leat_port_self_test(n->port, t, 3), 3);
	assert_int_equal(t[0].verdict, LEAT_TEST_FAILED);
	assert_string_equal(t[0].name, "registers");
	assert_string_equal(t[0].why, "0x053fc: 0x5a5a5a5a written, 0x5a5a5b5a read");
	assert_int_equal(t[1].verdict, LEAT_TEST_FAILED);
	assert_string_equal(t[1].why, "MSI-X vector 2 does not arrive");
	assert_int_equal(t[2].verdict, LEAT_TEST_FAILED);
	assert_non_null(strstr(t[2].why, "did not come back"));
	assert_int_equal(leat_port_start(n->port), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, nic_setup, nic_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_dirty_device_is_reset),
		TEST(a_device_that_stays_in_reset_is_refused),
		TEST(queues_begin_in_order),
		TEST(one_queue_stops_and_starts),
		TEST(filters_reach_all_24_addresses),
		TEST(flows_are_spread_by_what_was_asked),
		TEST(each_queue_has_its_vector),
		TEST(who_shares_a_vector_turns_nothing_off),
		TEST(one_line_serves_all),
		TEST(a_link_that_goes_is_told),
		TEST(a_transmitter_that_hangs_is_told),
		TEST(a_device_that_is_gone_is_told),
		TEST(drops_are_counted_by_queue),
		TEST(registers_are_dumped),
		TEST(it_tests_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
