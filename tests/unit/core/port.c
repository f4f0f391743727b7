// SPDX-License-Identifier: BSD-3-Clause
/*
 * port.c - the life of a port, with a driver that writes down what it is told
 * and fails where it is asked to.
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

/* What the driver and the device were told: a letter a verb. */
struct leat_dev {
	char		trace[256];
	unsigned int	fail_at;	/* the verb (counted) that fails; 0: none */
	unsigned int	verbs;
	unsigned int	steps;
	struct leat_aspace as;
	int		node;		/* LEAT_NODE(n), so that none is 0 */
	uint8_t		dma_bits;	/* of its addresses */
};

static int note(struct leat_dev *dev, char verb)
{
	size_t n = strlen(dev->trace);

	dev->trace[n] = verb;
	dev->trace[n + 1] = '\0';
	return ++dev->verbs == dev->fail_at ? -EIO : 0;
}

/* An undo is written down in capitals and cannot fail. */
static void undo(struct leat_dev *dev, char verb)
{
	size_t n = strlen(dev->trace);

	dev->trace[n] = verb;
	dev->trace[n + 1] = '\0';
}

static int fake_attach(struct leat_port *port)
{
	port->caps = (struct leat_caps){ .flags = LEAT_CAP_TX_CSUM, .max_rxqs = 2, .max_txqs = 2,
					 .min_desc = 4, .max_desc = 128, .pow2_desc = true,
					 .max_mtu = 9000, .max_segs = 4,
					 .dma_bits = port->dev->dma_bits };
	port->mtu = 1400;
	snprintf(port->info, sizeof(port->info), "fake");
	memcpy(port->mac, "\2\0\0\0\0\1", 6);
	return note(port->dev, 'a');
}

static void fake_detach(struct leat_port *port)
{
	undo(port->dev, 'A');
}

static int fake_configure(struct leat_port *port)
{
	return note(port->dev, 'c');
}

static uint16_t fake_rx(struct leat_rxq *q, struct leat_pkt **pkts, uint16_t n)
{
	n = (uint16_t)leat_pkt_alloc(q->cache, pkts, n);
	q->packets += n;
	return n;
}

static uint16_t fake_tx(struct leat_txq *q, struct leat_pkt **pkts, uint16_t n)
{
	leat_pkt_free_to(q->cache, pkts, n);
	q->packets += n;
	return n;
}

static int fake_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out)
{
	struct leat_rxq *q;

	assert_non_null(port->cfg.rx_cache[id]);
	if (note(port->dev, 'r'))
		return -EIO;
	q = calloc(1, sizeof(*q));
	assert_non_null(q);
	q->direct = fake_rx;
	*out = q;
	return 0;
}

static void fake_rxq_free(struct leat_rxq *q)
{
	undo(q->port->dev, 'R');
	free(q);
}

static int fake_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out)
{
	struct leat_txq *q;

	assert_non_null(port->cfg.tx_cache[id]);
	if (note(port->dev, 't'))
		return -EIO;
	q = calloc(1, sizeof(*q));
	assert_non_null(q);
	q->direct = fake_tx;
	*out = q;
	return 0;
}

static void fake_txq_free(struct leat_txq *q)
{
	undo(q->port->dev, 'T');
	free(q);
}

static int fake_start(struct leat_port *port)
{
	return note(port->dev, 's');
}

static void fake_stop(struct leat_port *port)
{
	undo(port->dev, 'S');
}

static void fake_stats(struct leat_port *port, struct leat_stats *out)
{
	(void)port;
	out->rx_missed += 7;
}

static void fake_driver_forget(struct leat_port *port)
{
	undo(port->dev, 'f');
	for (unsigned int i = 0; i < LEAT_PORT_QUEUES_MAX; i++) {
		free(port->rxq[i]);
		free(port->txq[i]);
	}
}

static const struct leat_driver fake_driver = {
	.name = "fake",
	.port_size = sizeof(struct leat_port),
	.attach = fake_attach,
	.detach = fake_detach,
	.configure = fake_configure,
	.rxq_setup = fake_rxq_setup,
	.rxq_free = fake_rxq_free,
	.txq_setup = fake_txq_setup,
	.txq_free = fake_txq_free,
	.start = fake_start,
	.stop = fake_stop,
	.stats = fake_stats,
	.forget = fake_driver_forget,
};

static void fake_close(struct leat_dev *dev)
{
	undo(dev, 'X');
}

static void fake_step(struct leat_dev *dev)
{
	dev->steps++;
}

static bool fake_sigbus(struct leat_dev *dev, const void *addr)
{
	return addr == dev->trace;
}

static void fake_forget(struct leat_dev *dev)
{
	undo(dev, 'F');
}

static struct leat_aspace *fake_aspace(struct leat_dev *dev)
{
	return &dev->as;
}

static int fake_node(struct leat_dev *dev)
{
	return dev->node - 1;
}

static const struct leat_dev_end fake_end = { .close = fake_close, .step = fake_step,
					      .sigbus = fake_sigbus, .forget = fake_forget,
					      .aspace = fake_aspace, .node = fake_node };

struct world {
	struct leat_ctx	*ctx;
	struct leat_dev	dev;
	unsigned int	events[LEAT_EVENT_GONE + 1];
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	return w ? leat_ctx_open(NULL, &w->ctx) : -1;
}

static int teardown(void **state)
{
	struct world *w = *state;

	leat_ctx_close(w->ctx);
	free(w);
	return 0;
}

static int attach(struct world *w, const struct leat_port_config *cfg, struct leat_port **port)
{
	return leat_port_attach(w->ctx, &fake_driver, &w->dev, "fake:0", &fake_end, false, cfg, port);
}

static void verbs_come_in_order(void **state)
{
	struct world *w = *state;
	struct leat_port *port;

	assert_int_equal(attach(w, &(struct leat_port_config){ .rxqs = 2 }, &port), 0);
	assert_string_equal(w->dev.trace, "acrrts");
	leat_port_close(port);
	assert_string_equal(w->dev.trace, "acrrtsSRTRAX");
}

static void every_failure_unwinds(void **state)
{
	static const char *const want[] = {
		"aX", "acAX", "acrAX", "acrrRAX", "acrrtRRAX", "acrrtsRTRAX",
	};
	struct world *w = *state;

	for (unsigned int k = 0; k < LEAT_ARRAY_LEN(want); k++) {
		struct leat_port *port = NULL;

		memset(&w->dev, 0, sizeof(w->dev));
		w->dev.fail_at = k + 1;
		assert_int_equal(attach(w, &(struct leat_port_config){ .rxqs = 2 }, &port), -EIO);
		assert_null(port);
		assert_string_equal(w->dev.trace, want[k]);
	}
}

static void what_is_left_open_is_chosen(void **state)
{
	struct world *w = *state;
	struct leat_port *port;

	assert_int_equal(attach(w, NULL, &port), 0);
	assert_int_equal(port->cfg.rxqs, 1);
	assert_int_equal(port->cfg.rx_desc, 128);
	assert_int_equal(leat_port_mtu(port), 1400);
	assert_int_equal(port->cfg.offloads, LEAT_CAP_TX_CSUM);
	assert_non_null(port->cfg.pool);
	assert_null(leat_port_rxq(port, 1));
	assert_null(leat_port_txq(port, 1000));
	assert_string_equal(leat_port_name(port), "fake:0");
	assert_string_equal(leat_port_driver(port), "fake");
}

/* Every refusal names the number asked. */
static void what_the_device_cannot_do_is_refused(void **state)
{
	static const struct {
		struct leat_port_config cfg;
		int err;
		const char *says;
	} cases[] = {
		{ { .rxqs = 3 }, -ENOTSUP, "3 asked" },
		{ { .txqs = 17 }, -ENOTSUP, "17 asked" },
		{ { .rx_desc = 256 }, -EINVAL, "256 asked" },
		{ { .tx_desc = 2 }, -EINVAL, "2 asked" },
		{ { .tx_desc = 24 }, -EINVAL, "power of two" },
		{ { .mtu = 9001 }, -EINVAL, "9001 asked" },
		{ { .mtu = 60 }, -EINVAL, "60 asked" },
		{ { .offloads = LEAT_CAP_RX_CSUM }, -ENOTSUP, "0x1 asked" },
	};
	struct world *w = *state;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(cases); i++) {
		struct leat_port *port;

		assert_int_equal(attach(w, &cases[i].cfg, &port), cases[i].err);
		assert_non_null(strstr(leat_ctx_error(w->ctx), cases[i].says));
		assert_non_null(strstr(leat_ctx_error(w->ctx), "fake:0"));
	}
}

static void a_stopped_port_moves_nothing(void **state)
{
	struct world *w = *state;
	struct leat_pkt *pkts[4];
	struct leat_port *port;
	struct leat_rxq *rx;
	struct leat_txq *tx;

	assert_int_equal(attach(w, &(struct leat_port_config){ .no_start = true }, &port), 0);
	rx = leat_port_rxq(port, 0);
	tx = leat_port_txq(port, 0);
	assert_int_equal(leat_rx(rx, pkts, 4), 0);
	assert_int_equal(leat_port_start(port), 0);
	assert_int_equal(leat_port_start(port), 0);
	assert_int_equal(leat_rx(rx, pkts, 4), 4);
	leat_port_stop(port);
	leat_port_stop(port);
	assert_int_equal(leat_tx(tx, pkts, 4), 0);
	assert_int_equal(leat_port_start(port), 0);
	assert_int_equal(leat_tx(tx, pkts, 4), 4);
	assert_string_equal(w->dev.trace, "acrtsSs");
}

static void polls_step_a_device_that_asks_for_it(void **state)
{
	struct world *w = *state;
	struct leat_pkt *pkts[4];
	struct leat_port *port;

	assert_int_equal(leat_port_attach(w->ctx, &fake_driver, &w->dev, "fake:0", &fake_end,
					  true, NULL, &port), 0);
	assert_int_equal(leat_rx(leat_port_rxq(port, 0), pkts, 4), 4);
	assert_int_equal(leat_tx(leat_port_txq(port, 0), pkts, 4), 4);
	assert_int_equal(w->dev.steps, 2);
}

static uint64_t xstat(struct leat_port *port, const char *name)
{
	struct leat_xstat x[64];
	unsigned int n = leat_port_xstats(port, x, LEAT_ARRAY_LEN(x));

	assert_int_equal(leat_port_xstats(port, NULL, 0), n);
	for (unsigned int i = 0; i < n; i++)
		if (!strcmp(x[i].name, name))
			return x[i].value;
	fail_msg("no counter %s", name);
	return 0;
}

static void counters_outlive_their_queues(void **state)
{
	struct world *w = *state;
	struct leat_pkt *pkts[4];
	struct leat_port *port;

	assert_int_equal(attach(w, NULL, &port), 0);
	assert_int_equal(leat_rx(leat_port_rxq(port, 0), pkts, 4), 4);
	leat_drop(leat_port_txq(port, 0), pkts, 4);
	leat_port_stop(port);
	assert_int_equal(leat_port_reconfigure(port, &(struct leat_port_config){ .rxqs = 2 }), 0);
	assert_int_equal(leat_port_start(port), 0);
	assert_int_equal(leat_rx(leat_port_rxq(port, 1), pkts, 1), 1);
	assert_int_equal(leat_tx(leat_port_txq(port, 0), pkts, 1), 1);

	assert_int_equal(xstat(port, "rx_good_packets"), 5);
	assert_int_equal(xstat(port, "tx_good_packets"), 1);
	assert_int_equal(xstat(port, "tx_drop_full"), 4);
	assert_int_equal(xstat(port, "rx_q1_packets"), 1);
	assert_int_equal(xstat(port, "rx_missed_errors"), 7);
}

static void a_driver_without_interrupts(void **state)
{
	struct world *w = *state;
	struct leat_port *port;

	assert_int_equal(attach(w, &(struct leat_port_config){ .intr = LEAT_INTR_INTX }, &port),
			 -ENOTSUP);
	assert_string_equal(leat_ctx_error(w->ctx), "fake:0: interrupts: the driver fake uses none: "
						    "leave intr at LEAT_INTR_AUTO and poll");
	assert_int_equal(attach(w, NULL, &port), 0);
	assert_int_equal(leat_rxq_fd(leat_port_rxq(port, 0)), -ENOTSUP);
	assert_int_equal(leat_rxq_arm(leat_port_rxq(port, 0)), -ENOTSUP);
	leat_rxq_disarm(leat_port_rxq(port, 0));
	leat_port_close(port);
}

static void reconfigure_wants_a_stopped_port_and_falls_back(void **state)
{
	struct world *w = *state;
	struct leat_port *port;

	assert_int_equal(attach(w, &(struct leat_port_config){ .rx_desc = 64 }, &port), 0);
	assert_int_equal(leat_port_reconfigure(port, NULL), -EBUSY);
	leat_port_stop(port);
	assert_int_equal(leat_port_reconfigure(port, &(struct leat_port_config){ .rxqs = 9 }), -ENOTSUP);
	assert_int_equal(port->cfg.rx_desc, 64);
	assert_int_equal(leat_port_start(port), 0);
	assert_non_null(leat_port_rxq(port, 0));
}

static void on_event(void *arg, struct leat_port *port, enum leat_event event)
{
	(void)port;
	((struct world *)arg)->events[event]++;
}

static void events_reach_the_callback_once(void **state)
{
	struct world *w = *state;
	struct leat_port *port;

	assert_int_equal(attach(w, &(struct leat_port_config){ .event = on_event, .event_arg = w },
				&port), 0);
	leat_port_notify(port, LEAT_EVENT_LINK);
	leat_port_notify(port, LEAT_EVENT_LINK);
	leat_port_notify(port, LEAT_EVENT_GONE);
	assert_int_equal(w->events[LEAT_EVENT_LINK], 0);
	assert_int_equal(leat_ctx_poll(w->ctx), 0);
	assert_int_equal(w->events[LEAT_EVENT_LINK], 1);
	assert_int_equal(w->events[LEAT_EVENT_GONE], 1);
	leat_ctx_poll(w->ctx);
	assert_int_equal(w->events[LEAT_EVENT_LINK], 1);
}

static void a_loss_nobody_listens_for_ends_poll(void **state)
{
	struct world *w = *state;
	struct leat_pkt *pkts[3];
	struct leat_port *port;

	assert_int_equal(attach(w, NULL, &port), 0);
	assert_int_equal(leat_rx(leat_port_rxq(port, 0), pkts, 3), 3);
	leat_port_notify(port, LEAT_EVENT_GONE);
	assert_true(leat_port_gone(port));
	assert_int_equal(leat_ctx_poll(w->ctx), -ENODEV);
	assert_int_equal(leat_ctx_poll(w->ctx), 0);
	leat_drop(leat_port_txq(port, 0), pkts, 3);
	assert_int_equal(xstat(port, "tx_drop_gone"), 3);
	leat_port_stop(port);
	assert_int_equal(leat_port_start(port), -ENODEV);
}

static void a_bus_error_finds_its_device(void **state)
{
	struct world *w = *state;
	struct leat_port *port;

	assert_int_equal(leat_sigbus(w->ctx, w->dev.trace), 0);
	assert_int_equal(attach(w, NULL, &port), 0);
	assert_int_equal(leat_sigbus(w->ctx, w->dev.trace), 1);
	assert_int_equal(leat_sigbus(w->ctx, w), 0);
}

static int map_nothing(struct leat_aspace *as, const struct leat_seg *seg)
{
	(void)as;
	(void)seg;
	return 0;
}

static void unmap_nothing(struct leat_aspace *as, const struct leat_seg *seg)
{
	(void)as;
	(void)seg;
}

static void the_devices_width_is_heeded(void **state)
{
	static const struct leat_aspace_ops ops = { .dma_map = map_nothing,
						    .dma_unmap = unmap_nothing };
	struct world *w = *state;
	struct leat_port *port;
	struct leat_mem m;

	w->dev.as.ops = &ops;
	w->dev.as.name = "fake:0";
	assert_int_equal(leat_aspace_attach(w->ctx, &w->dev.as), 0);
	w->dev.dma_bits = 28;
	assert_int_equal(attach(w, NULL, &port), 0);
	assert_int_equal(w->dev.as.dma_bits, 28);
	leat_port_close(port);

	/* Memory that it cannot reach is there already: attached, then all undone. */
	assert_int_equal(leat_mem_alloc(w->ctx, 12u << 20, 64, &m), 0);
	w->dev.dma_bits = 23;
	memset(w->dev.trace, 0, sizeof(w->dev.trace));
	assert_int_equal(attach(w, NULL, &port), -ENOSPC);
	assert_non_null(strstr(leat_ctx_error(w->ctx), "23 address bits"));
	assert_string_equal(w->dev.trace, "aAX");
	assert_int_equal(w->dev.as.dma_bits, 28);
}

static void the_node_is_the_devices(void **state)
{
	struct world *w = *state;
	struct leat_port *port;

	assert_int_equal(attach(w, NULL, &port), 0);
	assert_int_equal(leat_port_node(port), -1);
	assert_int_equal(w->dev.as.near, 0);
	leat_port_close(port);
	w->dev.node = LEAT_NODE(3);
	assert_int_equal(attach(w, NULL, &port), 0);
	assert_int_equal(leat_port_node(port), 3);
	assert_int_equal(w->dev.as.near, LEAT_NODE(3));
	leat_port_close(port);
	w->dev.node = LEAT_NODE(1);	/* a second device of the space: the first one's stays */
	assert_int_equal(attach(w, NULL, &port), 0);
	assert_int_equal(w->dev.as.near, LEAT_NODE(3));
}

static void receives_into_no_memory_that_is_only_read(void **state)
{
	static _Alignas(4096) char buf[65536];
	struct world *w = *state;
	struct leat_port_config cfg = { .rxqs = 1 };
	struct leat_pool_config pool = { .count = 0 };
	struct leat_port *port;
	struct leat_mem m;

	assert_int_equal(leat_dma_map(w->ctx, buf, sizeof(buf), LEAT_DMA_READ_ONLY, &m), 0);
	pool.mem = &m;
	assert_int_equal(leat_pool_create(w->ctx, &pool, &cfg.pool), 0);
	assert_int_equal(attach(w, &cfg, &port), -EINVAL);
	assert_non_null(strstr(leat_ctx_error(w->ctx), "only read"));
	assert_string_equal(w->dev.trace, "aAX");
}

static void forgetting_tells_no_driver(void **state)
{
	struct world *w = *state;
	struct leat_port *port;

	assert_int_equal(attach(w, &(struct leat_port_config){ .rxqs = 2 }, &port), 0);
	leat_ctx_forget(w->ctx);
	w->ctx = NULL;
	assert_string_equal(w->dev.trace, "acrrtsfF");
	leat_ctx_forget(NULL);
}

static void closing_the_context_closes_its_ports(void **state)
{
	struct leat_dev dev[2] = { 0 };
	struct leat_port *port;
	struct leat_ctx *ctx;

	(void)state;
	assert_int_equal(leat_ctx_open(NULL, &ctx), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(leat_port_attach(ctx, &fake_driver, &dev[i], "fake", &fake_end,
						  false, NULL, &port), 0);
	leat_ctx_close(ctx);
	assert_string_equal(dev[0].trace, "acrtsSRTAX");
	assert_string_equal(dev[1].trace, "acrtsSRTAX");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(verbs_come_in_order),
		TEST(every_failure_unwinds),
		TEST(what_is_left_open_is_chosen),
		TEST(what_the_device_cannot_do_is_refused),
		TEST(a_stopped_port_moves_nothing),
		TEST(polls_step_a_device_that_asks_for_it),
		TEST(counters_outlive_their_queues),
		TEST(a_driver_without_interrupts),
		TEST(reconfigure_wants_a_stopped_port_and_falls_back),
		TEST(events_reach_the_callback_once),
		TEST(a_bus_error_finds_its_device),
		TEST(a_loss_nobody_listens_for_ends_poll),
		TEST(the_devices_width_is_heeded),
		TEST(the_node_is_the_devices),
		TEST(receives_into_no_memory_that_is_only_read),
		TEST(forgetting_tells_no_driver),
		cmocka_unit_test(closing_the_context_closes_its_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
