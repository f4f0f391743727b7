// SPDX-License-Identifier: BSD-3-Clause
/*
 * port_live.c - what can change while a port runs: filters, RSS, link, one queue;
 * and diagnosis. A driver that keeps what it was shown, and fails where asked.
 */
#include <leat/driver/driver.h>
#include <leat/leat.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct leat_dev {
	char		dummy;
};

static struct leat_caps caps;		/* of the next port that attaches */

struct live {
	struct leat_port port;
	struct leat_filter filter;	/* as last shown to the "hardware" */
	uint8_t		mac[6];
	struct leat_rss	rss;
	bool		link_down;
	int		fail;		/* the next verb answers this once */
	unsigned int	filters, stopped, started;
};

static struct live *live_of(struct leat_port *port)
{
	return LEAT_CONTAINER_OF(port, struct live, port);
}

static int outcome(struct live *l)
{
	int err = l->fail;

	l->fail = 0;
	return err;
}

static int live_attach(struct leat_port *port)
{
	port->caps = caps;
	port->mtu = 1500;
	memcpy(port->mac, "\2\0\0\0\0\1", 6);
	return 0;
}

static void live_nothing(struct leat_port *port)
{
	(void)port;
}

static uint16_t live_rx(struct leat_rxq *q, struct leat_pkt **pkts, uint16_t n)
{
	return (uint16_t)leat_pkt_alloc(q->cache, pkts, n);
}

static uint16_t live_tx(struct leat_txq *q, struct leat_pkt **pkts, uint16_t n)
{
	leat_pkt_free_to(q->cache, pkts, n);
	return n;
}

static int live_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out)
{
	(void)port;
	(void)id;
	*out = calloc(1, sizeof(**out));
	assert_non_null(*out);
	(*out)->direct = live_rx;
	return 0;
}

static void live_rxq_free(struct leat_rxq *q)
{
	free(q);
}

static int live_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out)
{
	(void)port;
	(void)id;
	*out = calloc(1, sizeof(**out));
	assert_non_null(*out);
	(*out)->direct = live_tx;
	return 0;
}

static void live_txq_free(struct leat_txq *q)
{
	free(q);
}

static int live_filter(struct leat_port *port)
{
	struct live *l = live_of(port);

	l->filter = port->filter;
	memcpy(l->mac, port->mac, 6);
	l->filters++;
	return outcome(l);
}

static int live_rss(struct leat_port *port)
{
	struct live *l = live_of(port);

	l->rss = port->rss;
	return outcome(l);
}

static int live_link_set(struct leat_port *port)
{
	struct live *l = live_of(port);

	l->link_down = port->link_down;
	return outcome(l);
}

static int live_start(struct leat_port *port)
{
	(void)live_filter(port);
	(void)live_rss(port);
	return live_link_set(port);
}

static int live_rxq_start(struct leat_rxq *q)
{
	live_of(q->port)->started++;
	return outcome(live_of(q->port));
}

static void live_rxq_stop(struct leat_rxq *q)
{
	live_of(q->port)->stopped++;
}

static int live_txq_start(struct leat_txq *q)
{
	live_of(q->port)->started++;
	return outcome(live_of(q->port));
}

static void live_txq_stop(struct leat_txq *q)
{
	live_of(q->port)->stopped++;
}

static unsigned int live_xstats(struct leat_port *port, struct leat_xstat *out, unsigned int n)
{
	(void)port;
	if (n)
		*out = (struct leat_xstat){ "rx_crc_errors", 7 };
	return 1;
}

static unsigned int live_regs(struct leat_port *port, struct leat_reg *out, unsigned int n)
{
	(void)port;
	if (n)
		*out = (struct leat_reg){ "CTRL", 0, 0x40 };
	return 1;
}

static int live_nvm(struct leat_port *port, uint32_t off, void *buf, size_t len)
{
	(void)port;
	memset(buf, (int)off, len);
	return 0;
}

static int live_self_test(struct leat_port *port, struct leat_self_test *out, unsigned int n)
{
	(void)port;
	if (n)
		*out = (struct leat_self_test){ "registers", LEAT_TEST_PASSED, "" };
	return 1;
}

#define VERBS										\
	.port_size = sizeof(struct live), .attach = live_attach, .detach = live_nothing,\
	.rxq_setup = live_rxq_setup, .rxq_free = live_rxq_free,				\
	.txq_setup = live_txq_setup, .txq_free = live_txq_free,				\
	.start = live_start, .stop = live_nothing

static const struct leat_driver able = {
	.name = "able", VERBS,
	.filter = live_filter, .rss = live_rss, .link_set = live_link_set,
	.rxq_start = live_rxq_start, .rxq_stop = live_rxq_stop,
	.txq_start = live_txq_start, .txq_stop = live_txq_stop,
	.xstats = live_xstats, .regs = live_regs, .nvm = live_nvm, .self_test = live_self_test,
};

static const struct leat_driver plain = { .name = "plain", VERBS };

static void live_close(struct leat_dev *dev)
{
	(void)dev;
}

static const struct leat_dev_end live_end = { .close = live_close };

struct world {
	struct leat_ctx	*ctx;
	struct leat_dev	dev;
	struct leat_port *port;
	struct live	*live;
};

static int open_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	caps = (struct leat_caps){
		.flags = LEAT_OFFLOADS | LEAT_CAP_FILTER | LEAT_CAP_VLAN_FILTER |
			 LEAT_CAP_LINK_SET | LEAT_CAP_FLOW_CTRL,
		.max_rxqs = 4, .max_txqs = 4, .min_desc = 4, .max_desc = 128, .max_mtu = 9000,
		.max_segs = 4, .max_macs = 2, .max_mcasts = 2,
		.rss_types = LEAT_RSS_IPV4 | LEAT_RSS_TCP4, .reta_len = 128,
	};
	return w ? leat_ctx_open(NULL, &w->ctx) : -1;
}

static int close_world(void **state)
{
	struct world *w = *state;

	leat_ctx_close(w->ctx);
	free(w);
	return 0;
}

static int open_port(struct world *w, const struct leat_driver *drv,
		     const struct leat_port_config *cfg)
{
	int err = leat_port_attach(w->ctx, drv, &w->dev, "live:0", &live_end, false, cfg, &w->port);

	w->live = err ? NULL : live_of(w->port);
	return err;
}

static void open_able(struct world *w, const struct leat_port_config *cfg)
{
	assert_int_equal(open_port(w, &able, cfg), 0);
}

static void says(struct world *w, const char *what)
{
	assert_non_null(strstr(leat_ctx_error(w->ctx), "live:0"));
	assert_non_null(strstr(leat_ctx_error(w->ctx), what));
}

static void a_filter_is_followed_at_once(void **state)
{
	static const uint8_t groups[][6] = { { 1, 0, 0x5e, 0, 0, 1 }, { 1, 0, 0x5e, 0, 0, 2 } };
	static const uint8_t own[6] = { 2, 9, 9, 9, 9, 9 }, other[6] = { 2, 0, 0, 0, 0, 7 };
	struct world *w = *state;
	uint8_t mac[6];

	open_able(w, NULL);
	assert_false(w->live->filter.promisc);
	assert_int_equal(leat_port_promisc(w->port, true), 0);
	assert_int_equal(leat_port_allmulti(w->port, true), 0);
	assert_int_equal(leat_port_mac_set(w->port, own), 0);
	assert_int_equal(leat_port_mac_add(w->port, other), 0);
	assert_int_equal(leat_port_mac_add(w->port, other), 0);
	assert_int_equal(leat_port_mcast(w->port, groups, 2), 0);
	assert_int_equal(leat_port_vlan_filter(w->port, true), 0);
	assert_int_equal(leat_port_vlan(w->port, 4095, true), 0);
	assert_int_equal(leat_port_vlan(w->port, 3, true), 0);
	assert_int_equal(leat_port_vlan(w->port, 3, false), 0);

	assert_true(w->live->filter.promisc && w->live->filter.allmulti && w->live->filter.vlan);
	assert_memory_equal(w->live->mac, own, 6);
	leat_port_mac(w->port, mac);
	assert_memory_equal(mac, own, 6);
	assert_int_equal(w->live->filter.nmacs, 1);
	assert_memory_equal(w->live->filter.mac[0], other, 6);
	assert_int_equal(w->live->filter.nmcasts, 2);
	assert_memory_equal(w->live->filter.mcast, groups, sizeof(groups));
	assert_true(w->live->filter.vids[63] == UINT64_C(1) << 63 && !w->live->filter.vids[0]);

	assert_int_equal(leat_port_mac_remove(w->port, other), 0);
	assert_int_equal(leat_port_mac_remove(w->port, other), 0);
	assert_int_equal(w->live->filter.nmacs, 0);
}

static void a_filter_waits_for_a_stopped_port(void **state)
{
	struct world *w = *state;
	unsigned int before;

	open_able(w, &(struct leat_port_config){ .no_start = true });
	before = w->live->filters;
	assert_int_equal(leat_port_promisc(w->port, true), 0);
	assert_int_equal(w->live->filters, before);
	assert_int_equal(leat_port_start(w->port), 0);
	assert_true(w->live->filter.promisc);
}

static void every_frame_from_the_first_on(void **state)
{
	struct world *w = *state;

	open_able(w, &(struct leat_port_config){ .promisc = true });
	assert_true(w->live->filter.promisc);
	assert_int_equal(leat_port_promisc(w->port, false), 0);
	assert_false(w->live->filter.promisc);
}

static void a_filter_that_fails_is_taken_back(void **state)
{
	static const uint8_t own[6] = { 2, 9, 9, 9, 9, 9 };
	struct world *w = *state;
	uint8_t mac[6];

	open_able(w, NULL);
	w->live->fail = -EIO;
	assert_int_equal(leat_port_promisc(w->port, true), -EIO);
	assert_false(w->live->filter.promisc || w->port->filter.promisc);
	w->live->fail = -EIO;
	assert_int_equal(leat_port_mac_set(w->port, own), -EIO);
	leat_port_mac(w->port, mac);
	assert_memory_equal(mac, "\2\0\0\0\0\1", 6);
	assert_memory_equal(w->live->mac, mac, 6);
}

static void bad_filters_are_refused(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 1 }, zero[6];
	static const uint8_t three[][6] = { { 1 }, { 1, 1 }, { 1, 2 } }, station[][6] = { { 2, 1 } };
	struct world *w = *state;

	open_able(w, NULL);
	assert_int_equal(leat_port_mac_set(w->port, group), -EINVAL);
	says(w, "01:00:5e");
	assert_int_equal(leat_port_mac_add(w->port, zero), -EINVAL);
	assert_int_equal(leat_port_mac_add(w->port, (uint8_t[6]){ 2, 1 }), 0);
	assert_int_equal(leat_port_mac_add(w->port, (uint8_t[6]){ 2, 2 }), 0);
	assert_int_equal(leat_port_mac_add(w->port, (uint8_t[6]){ 2, 3 }), -ENOSPC);
	says(w, "room for 2");
	assert_int_equal(leat_port_mcast(w->port, three, 3), -ENOSPC);
	says(w, "3 multicast");
	assert_int_equal(leat_port_mcast(w->port, station, 1), -EINVAL);
	assert_int_equal(leat_port_vlan(w->port, 4096, true), -EINVAL);
	says(w, "4096");
}

static void a_plain_driver_takes_everything(void **state)
{
	static const uint8_t group[][6] = { { 1 } };
	struct world *w = *state;

	caps.rss_types = 0;
	assert_int_equal(open_port(w, &plain, NULL), 0);
	assert_int_equal(leat_port_promisc(w->port, true), 0);
	assert_int_equal(leat_port_allmulti(w->port, true), 0);
	assert_int_equal(leat_port_mcast(w->port, group, 1), 0);
	assert_int_equal(leat_port_promisc(w->port, false), -ENOTSUP);
	assert_int_equal(leat_port_mac_set(w->port, (uint8_t[6]){ 2 }), -ENOTSUP);
	assert_int_equal(leat_port_vlan(w->port, 1, true), -ENOTSUP);
	assert_int_equal(leat_port_link_set(w->port, false), -ENOTSUP);
	assert_int_equal(leat_rxq_stop(leat_port_rxq(w->port, 0)), -ENOTSUP);
	assert_int_equal(leat_port_rss(w->port, &(struct leat_rss){ 0 }), -ENOTSUP);
	assert_int_equal(leat_port_nvm(w->port, 0, NULL, 0), -ENOTSUP);
	assert_int_equal(leat_port_self_test(w->port, NULL, 0), -ENOTSUP);
	assert_int_equal(leat_port_regs(w->port, NULL, 0), 0);
}

static void rss_is_chosen_well(void **state)
{
	struct world *w = *state;
	struct leat_rss rss;

	open_able(w, &(struct leat_port_config){ .rxqs = 3 });
	leat_port_rss_get(w->port, &rss);
	assert_int_equal(rss.types, LEAT_RSS_IPV4 | LEAT_RSS_TCP4);
	assert_int_equal(rss.key[0], 0x6d);
	assert_int_equal(rss.reta_len, 128);
	for (unsigned int i = 0; i < 128; i++)
		assert_int_equal(rss.reta[i], i % 3);
	assert_memory_equal(&w->live->rss, &rss, sizeof(rss));
	leat_port_close(w->port);

	open_able(w, NULL);
	leat_port_rss_get(w->port, &rss);
	assert_int_equal(rss.types, 0);
}

static void rss_changes_live_or_not_at_all(void **state)
{
	struct leat_rss fresh = { .types = LEAT_RSS_TCP4, .key = { 1 }, .reta_len = 128 };
	struct world *w = *state;
	struct leat_rss rss;

	open_able(w, &(struct leat_port_config){ .rxqs = 2 });
	assert_int_equal(leat_port_rss(w->port, &fresh), 0);
	assert_memory_equal(&w->live->rss, &fresh, sizeof(fresh));

	w->live->fail = -EIO;
	assert_int_equal(leat_port_rss(w->port, &(struct leat_rss){ 0 }), -EIO);
	leat_port_rss_get(w->port, &rss);
	assert_memory_equal(&rss, &fresh, sizeof(rss));
	assert_memory_equal(&w->live->rss, &fresh, sizeof(rss));

	fresh.reta[5] = 2;
	assert_int_equal(leat_port_rss(w->port, &fresh), -EINVAL);
	says(w, "queue 2");
	assert_int_equal(leat_port_rss(w->port, &(struct leat_rss){ .reta_len = 64 }), -EINVAL);
	says(w, "64 entries");
	assert_int_equal(leat_port_rss(w->port, &(struct leat_rss){ .types = LEAT_RSS_UDP6 }),
			 -ENOTSUP);
}

/* A reconfiguration that fails leaves the spreading that was. */
static void rss_survives_a_failed_reconfiguration(void **state)
{
	struct leat_rss own = { .types = LEAT_RSS_IPV4, .key = { 7 } }, rss;
	struct world *w = *state;

	open_able(w, &(struct leat_port_config){ .rxqs = 2, .rss = &own });
	leat_port_stop(w->port);
	assert_int_equal(leat_port_reconfigure(w->port, &(struct leat_port_config){ .rxqs = 9 }),
			 -ENOTSUP);
	leat_port_rss_get(w->port, &rss);
	assert_int_equal(rss.types, LEAT_RSS_IPV4);
	assert_int_equal(rss.key[0], 7);
}

static void one_queue_stops_and_starts(void **state)
{
	struct world *w = *state;
	struct leat_pkt *pkts[2];
	struct leat_rxq *rx;
	struct leat_txq *tx;

	open_able(w, NULL);
	rx = leat_port_rxq(w->port, 0);
	tx = leat_port_txq(w->port, 0);
	assert_int_equal(leat_rxq_stop(rx), 0);
	assert_int_equal(leat_rxq_stop(rx), 0);
	assert_int_equal(w->live->stopped, 1);
	assert_int_equal(leat_rx(rx, pkts, 2), 0);
	w->live->fail = -EIO;
	assert_int_equal(leat_rxq_start(rx), -EIO);
	assert_int_equal(leat_rx(rx, pkts, 2), 0);
	assert_int_equal(leat_rxq_start(rx), 0);
	assert_int_equal(leat_rxq_start(rx), 0);
	assert_int_equal(leat_rx(rx, pkts, 2), 2);
	assert_int_equal(leat_txq_stop(tx), 0);
	assert_int_equal(leat_tx(tx, pkts, 2), 0);

	leat_port_stop(w->port);
	assert_int_equal(leat_txq_start(tx), -EINVAL);
	assert_int_equal(leat_port_start(w->port), 0);	/* starts every queue */
	assert_int_equal(leat_tx(tx, pkts, 2), 2);
	assert_int_equal(w->live->started, 2);
}

static void the_link_follows(void **state)
{
	struct world *w = *state;

	open_able(w, NULL);
	assert_int_equal(leat_port_link_set(w->port, false), 0);
	assert_true(w->live->link_down);
	leat_port_stop(w->port);
	assert_int_equal(leat_port_link_set(w->port, true), 0);
	assert_true(w->live->link_down);
	assert_int_equal(leat_port_start(w->port), 0);
	assert_false(w->live->link_down);
	w->live->fail = -EIO;
	assert_int_equal(leat_port_link_set(w->port, false), -EIO);
	assert_false(w->port->link_down);
}

static void wishes_about_the_link_are_checked(void **state)
{
	struct world *w = *state;

	assert_int_equal(open_port(w, &able, &(struct leat_port_config){ .flow_ctrl = 9 }), -EINVAL);
	caps.flags &= ~(LEAT_CAP_LINK_SET | LEAT_CAP_FLOW_CTRL);
	assert_int_equal(open_port(w, &able, &(struct leat_port_config){ .speed = 100 }), -ENOTSUP);
	says(w, "100 Mbit/s");
	assert_int_equal(open_port(w, &able, &(struct leat_port_config){
			 .flow_ctrl = LEAT_FLOW_FULL }), -ENOTSUP);
	open_able(w, &(struct leat_port_config){ .flow_ctrl = LEAT_FLOW_NONE });
}

/* Tags are taken off on demand only. */
static void offloads_are_the_usual_ones(void **state)
{
	struct world *w = *state;

	open_able(w, NULL);
	assert_int_equal(w->port->cfg.offloads, LEAT_OFFLOADS_USUAL);
	leat_port_close(w->port);
	open_able(w, &(struct leat_port_config){ .offloads = LEAT_CAP_RX_VLAN });
	assert_int_equal(w->port->cfg.offloads, LEAT_CAP_RX_VLAN);
}

static void a_port_tells_about_itself(void **state)
{
	struct leat_self_test test;
	struct leat_xstat xstats[64];
	struct leat_reg reg;
	struct world *w = *state;
	uint8_t buf[3];
	unsigned int n;

	open_able(w, NULL);
	assert_int_equal(leat_port_regs(w->port, &reg, 1), 1);
	assert_string_equal(reg.name, "CTRL");
	assert_int_equal(leat_port_nvm(w->port, 5, buf, sizeof(buf)), 0);
	assert_memory_equal(buf, "\5\5\5", 3);
	n = leat_port_xstats(w->port, NULL, 0);
	assert_int_equal(leat_port_xstats(w->port, xstats, 64), n);
	assert_string_equal(xstats[n - 1].name, "rx_crc_errors");
	assert_int_equal(xstats[n - 1].value, 7);
	assert_int_equal(leat_port_self_test(w->port, &test, 1), -EBUSY);
	leat_port_stop(w->port);
	assert_int_equal(leat_port_self_test(w->port, &test, 1), 1);
	assert_string_equal(test.name, "registers");

	leat_port_notify(w->port, LEAT_EVENT_GONE);
	assert_int_equal(leat_port_regs(w->port, &reg, 1), 0);
	assert_int_equal(leat_port_nvm(w->port, 0, buf, 1), -ENODEV);
	assert_int_equal(leat_port_self_test(w->port, &test, 1), -ENODEV);
	assert_int_equal(leat_port_link_set(w->port, false), -ENODEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_filter_is_followed_at_once, open_world, close_world),
		cmocka_unit_test_setup_teardown(a_filter_waits_for_a_stopped_port, open_world,
						close_world),
		cmocka_unit_test_setup_teardown(every_frame_from_the_first_on, open_world,
						close_world),
		cmocka_unit_test_setup_teardown(a_filter_that_fails_is_taken_back, open_world,
						close_world),
		cmocka_unit_test_setup_teardown(bad_filters_are_refused, open_world, close_world),
		cmocka_unit_test_setup_teardown(a_plain_driver_takes_everything, open_world,
						close_world),
		cmocka_unit_test_setup_teardown(rss_is_chosen_well, open_world, close_world),
		cmocka_unit_test_setup_teardown(rss_changes_live_or_not_at_all, open_world, close_world),
		cmocka_unit_test_setup_teardown(rss_survives_a_failed_reconfiguration, open_world,
						close_world),
		cmocka_unit_test_setup_teardown(one_queue_stops_and_starts, open_world, close_world),
		cmocka_unit_test_setup_teardown(the_link_follows, open_world, close_world),
		cmocka_unit_test_setup_teardown(wishes_about_the_link_are_checked, open_world,
						close_world),
		cmocka_unit_test_setup_teardown(offloads_are_the_usual_ones, open_world, close_world),
		cmocka_unit_test_setup_teardown(a_port_tells_about_itself, open_world, close_world),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
