// SPDX-License-Identifier: BSD-3-Clause
/*
 * ports.c - software ports: null: and ring:. (tap: needs an interface: tests/e2e/perf.)
 */
#include <leat/leat.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define COUNT 512		/* packets in the pool */

static struct leat_ctx *ctx;
static struct leat_pool *pool;
static unsigned int news;	/* link events */

static int setup(void **state)
{
	struct leat_ctx_config cfg = { .page_size = 4096, .drivers = leat_drivers };
	const struct leat_pool_config small = { .count = COUNT };

	(void)state;
	news = 0;
	return leat_ctx_open(&cfg, &ctx) ||
	       leat_pool_create(ctx, &small, &pool);
}

/* Nothing is lost, whatever a test did. */
static int teardown(void **state)
{
	unsigned int home = leat_pool_available(pool);

	(void)state;
	leat_pool_destroy(pool);
	leat_ctx_close(ctx);
	return home != COUNT;
}

static void on_event(void *arg, struct leat_port *port, enum leat_event event)
{
	(void)arg;
	(void)port;
	assert_int_equal(event, LEAT_EVENT_LINK);
	news++;
}

static struct leat_port *open_port(const char *addr, const struct leat_port_config *asked)
{
	struct leat_port_config cfg = asked ? *asked : (struct leat_port_config){ 0 };
	struct leat_port *port = NULL;

	cfg.pool = pool;
	cfg.event = on_event;
	if (leat_port_open(ctx, addr, &cfg, &port))
		fail_msg("%s", leat_ctx_error(ctx));
	return port;
}

static void refused(const char *addr, const struct leat_port_config *asked, int err, const char *why)
{
	struct leat_port_config cfg = asked ? *asked : (struct leat_port_config){ 0 };
	struct leat_port *port = NULL;

	cfg.pool = pool;
	assert_int_equal(leat_port_open(ctx, addr, &cfg, &port), err);
	assert_null(port);
	if (!strstr(leat_ctx_error(ctx), why))
		fail_msg("\"%s\" does not say \"%s\"", leat_ctx_error(ctx), why);
}

/* Packets with a number in each, from the cache of @q. */
static void make(struct leat_txq *q, struct leat_pkt **pkts, unsigned int n, unsigned int first)
{
	assert_int_equal(leat_pkt_alloc(q->cache, pkts, n), n);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int number = first + i;

		memcpy(leat_pkt_append(pkts[i], sizeof(number)), &number, sizeof(number));
	}
}

static unsigned int number_in(const struct leat_pkt *pkt)
{
	unsigned int number;

	assert_int_equal(pkt->total, sizeof(number));
	memcpy(&number, leat_pkt_data(pkt), sizeof(number));
	return number;
}

/* ---- null: ---- */

static void null_receives_whole_packets(void **state)
{
	struct leat_port *port = open_port("null:size=100", NULL);
	struct leat_rxq *q = leat_port_rxq(port, 0);
	struct leat_pkt *pkts[32];
	struct leat_stats s;

	(void)state;
	assert_int_equal(leat_rx(q, pkts, 32), 32);
	for (unsigned int i = 0; i < 32; i++) {
		const struct leat_pkt *pkt = pkts[i];

		assert_true(pkt->len == 100 && pkt->total == 100 && pkt->nsegs == 1 && !pkt->next);
		assert_true(!pkt->flags && pkt->refs == 1 && pkt->pool == pool);
		assert_int_equal(pkt->off, LEAT_PKT_HEADROOM);
	}
	leat_port_stats(port, &s);
	assert_true(s.rx_packets == 32 && s.rx_bytes == 3200 && !s.tx_packets);
	assert_int_equal(leat_tx(leat_port_txq(port, 0), pkts, 32), 32);
	leat_port_stats(port, &s);
	assert_true(s.tx_packets == 32 && s.tx_bytes == 3200 && !s.rx_nobuf);
	leat_port_close(port);
}

static void null_receives_what_the_pool_has(void **state)
{
	struct leat_port *port = open_port("null:", NULL);
	struct leat_rxq *q = leat_port_rxq(port, 0);
	struct leat_pkt *pkts[COUNT];
	struct leat_stats s;

	(void)state;
	assert_int_equal(leat_rx(q, pkts, COUNT), COUNT);
	assert_int_equal(pkts[0]->total, 64);
	assert_int_equal(leat_rx(q, pkts, 1), 0);
	assert_int_equal(leat_rx(q, pkts, 0), 0);
	leat_port_stats(port, &s);
	assert_int_equal(s.rx_nobuf, 1);
	assert_int_equal(leat_tx(leat_port_txq(port, 0), pkts, COUNT), COUNT);
	assert_int_equal(leat_rx(q, pkts, 8), 8);
	leat_pkt_free(pkts, 8);
	leat_port_close(port);
}

static void null_frees_chains(void **state)
{
	struct leat_port *port = open_port("null:", NULL);
	struct leat_txq *q = leat_port_txq(port, 0);
	struct leat_pkt *pkts[3];

	(void)state;
	make(q, pkts, 3, 0);
	assert_int_equal(leat_pkt_chain(pkts[0], pkts[1]), 0);
	pkts[1] = pkts[2];
	assert_int_equal(leat_tx(q, pkts, 2), 2);
	assert_int_equal(q->bytes, 3 * sizeof(unsigned int));
	leat_port_close(port);
}

static void null_stops_and_starts(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 2, .txqs = 2 };
	struct leat_port *port = open_port("null:", &cfg);
	struct leat_pkt *pkts[4];
	struct leat_link link;

	(void)state;
	assert_int_equal(leat_rxq_stop(leat_port_rxq(port, 1)), 0);
	assert_int_equal(leat_rx(leat_port_rxq(port, 1), pkts, 4), 0);
	assert_int_equal(leat_rxq_start(leat_port_rxq(port, 1)), 0);
	assert_int_equal(leat_rx(leat_port_rxq(port, 1), pkts, 4), 4);
	assert_int_equal(leat_txq_stop(leat_port_txq(port, 1)), 0);
	assert_int_equal(leat_tx(leat_port_txq(port, 1), pkts, 4), 0);
	assert_int_equal(leat_txq_start(leat_port_txq(port, 1)), 0);
	leat_port_stop(port);
	assert_int_equal(leat_rx(leat_port_rxq(port, 0), pkts, 4), 0);
	assert_int_equal(leat_port_start(port), 0);
	assert_int_equal(leat_tx(leat_port_txq(port, 1), pkts, 4), 4);
	leat_port_link(port, &link);
	assert_true(link.up);
	assert_int_equal(leat_port_suspend(port, -1), -EBUSY);
	leat_port_close(port);
}

static void null_refuses(void **state)
{
	const struct leat_port_config offloads = { .offloads = LEAT_CAP_RX_CSUM };
	const struct leat_port_config intr = { .intr = LEAT_INTR_MSIX };

	(void)state;
	refused("null:size=13", NULL, -EINVAL, "\"size=13\" is no option of a null port");
	refused("null:size=64x", NULL, -EINVAL, "give size=BYTES, 14 to 65407");
	refused("null:length=64", NULL, -EINVAL, "is no option of a null port");
	refused("null:size=2049", NULL, -EINVAL, "frames of 2049 bytes do not fit into the pool's "
		"buffers of 2048");
	refused("null:", &offloads, -ENOTSUP, "the device offers 0x0");
	refused("null:", &intr, -ENOTSUP, "the driver null uses none");
}

/* ---- ring: ---- */

static void ring_carries_both_ways(void **state)
{
	struct leat_port *a = open_port("ring:x", NULL), *b = open_port("ring:x", NULL);
	struct leat_port *other = open_port("ring:xy", NULL);
	struct leat_pkt *pkts[32], *got[32];
	struct leat_stats s;

	(void)state;
	for (unsigned int round = 0; round < 100; round++) {
		struct leat_port *from = round % 2 ? a : b, *to = round % 2 ? b : a;

		make(leat_port_txq(from, 0), pkts, 32, round);
		assert_int_equal(leat_tx(leat_port_txq(from, 0), pkts, 32), 32);
		assert_int_equal(leat_rx(leat_port_rxq(from, 0), got, 32), 0);
		assert_int_equal(leat_rx(leat_port_rxq(other, 0), got, 32), 0);
		assert_int_equal(leat_rx(leat_port_rxq(to, 0), got, 20), 20);
		assert_int_equal(leat_rx(leat_port_rxq(to, 0), got + 20, 20), 12);
		for (unsigned int i = 0; i < 32; i++)
			assert_int_equal(number_in(got[i]), round + i);
		leat_pkt_free(got, 32);
	}
	leat_port_stats(a, &s);
	assert_true(s.rx_packets == 1600 && s.tx_packets == 1600 && s.rx_bytes == 6400);
	leat_port_close(other);
	leat_port_close(b);
	leat_port_close(a);
}

static void ring_takes_what_fits(void **state)
{
	const struct leat_port_config cfg = { .rx_desc = 64, .tx_desc = 64 };
	struct leat_port *a = open_port("ring:x", &cfg), *b = open_port("ring:x", &cfg);
	struct leat_txq *q = leat_port_txq(a, 0);
	struct leat_pkt *pkts[80], *got[80];
	struct leat_stats s;

	(void)state;
	make(q, pkts, 80, 0);
	assert_int_equal(leat_tx(q, pkts, 80), 64);
	assert_int_equal(leat_tx(q, pkts + 64, 16), 0);
	leat_drop(q, pkts + 64, 16);
	leat_port_stats(a, &s);
	assert_true(s.tx_packets == 64 && s.tx_bytes == 256 && s.tx_drop_full == 16);
	assert_int_equal(leat_rx(leat_port_rxq(b, 0), got, 80), 64);
	assert_int_equal(number_in(got[63]), 63);
	leat_pkt_free(got, 64);
	leat_port_close(a);
	leat_port_close(b);
}

/* Queue by queue; and the packets in it come home, whoever closes first. */
static void ring_queues_and_closing(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 3, .txqs = 3 };
	struct leat_pkt *pkts[8], *got[8];

	(void)state;
	for (unsigned int first = 0; first < 2; first++) {
		struct leat_port *end[] = { open_port("ring:x", &cfg), open_port("ring:x", NULL) };

		make(leat_port_txq(end[0], 0), pkts, 8, 0);
		assert_int_equal(leat_tx(leat_port_txq(end[0], 2), pkts, 4), 4);
		assert_int_equal(leat_tx(leat_port_txq(end[0], 0), pkts + 4, 4), 4);
		assert_int_equal(leat_rx(leat_port_rxq(end[1], 0), got, 2), 2);
		assert_int_equal(number_in(got[0]), 4);
		assert_int_equal(leat_tx(leat_port_txq(end[1], 0), got, 2), 2);
		leat_port_close(end[first]);
		leat_port_close(end[!first]);
		assert_int_equal(leat_pool_available(pool), COUNT);
	}
}

/* What an end sent before it went still arrives; a new one takes its place. */
static void ring_ends_come_and_go(void **state)
{
	struct leat_port *a = open_port("ring:x", NULL), *b = open_port("ring:x", NULL);
	struct leat_pkt *pkt;

	(void)state;
	refused("ring:x", NULL, -EBUSY, "both ends are open already");
	make(leat_port_txq(a, 0), &pkt, 1, 7);
	assert_int_equal(leat_tx(leat_port_txq(a, 0), &pkt, 1), 1);
	leat_port_close(a);
	a = open_port("ring:x", NULL);
	assert_int_equal(leat_rx(leat_port_rxq(a, 0), &pkt, 1), 0);
	assert_int_equal(leat_rx(leat_port_rxq(b, 0), &pkt, 1), 1);
	assert_int_equal(number_in(pkt), 7);
	assert_int_equal(leat_tx(leat_port_txq(b, 0), &pkt, 1), 1);
	assert_int_equal(leat_rx(leat_port_rxq(a, 0), &pkt, 1), 1);
	leat_pkt_free(&pkt, 1);
	leat_port_close(a);
	leat_port_close(b);
}

static void ring_of_one_size(void **state)
{
	const struct leat_port_config small = { .rx_desc = 64, .tx_desc = 128 };
	const struct leat_port_config fits = { .rx_desc = 128, .tx_desc = 64 };
	const struct leat_port_config odd = { .rx_desc = 100 };
	struct leat_port *a = open_port("ring:x", &small), *b;

	(void)state;
	refused("ring:x", NULL, -EINVAL, "256 descriptors asked, the other end has made the ring of 128");
	refused("ring:x", &odd, -EINVAL, "wants a power of two");
	b = open_port("ring:x", &fits);
	leat_port_stop(b);
	assert_int_equal(leat_port_reconfigure(b, NULL), -EINVAL);
	assert_int_equal(leat_port_start(b), 0);
	leat_port_close(a);
	leat_port_stop(b);
	assert_int_equal(leat_port_reconfigure(b, NULL), 0);
	leat_port_close(b);
}

static bool up(struct leat_port *port)
{
	struct leat_link link;

	leat_port_link(port, &link);
	return link.up;
}

static void ring_tells_the_link(void **state)
{
	struct leat_port *a = open_port("ring:x", NULL), *b;
	struct leat_pkt *pkt;

	(void)state;
	assert_false(up(a));
	b = open_port("ring:x", NULL);
	assert_true(up(a) && up(b));
	assert_int_equal(leat_ctx_poll(ctx), 0);
	assert_int_equal(news, 1);

	make(leat_port_txq(a, 0), &pkt, 1, 0);
	assert_int_equal(leat_tx(leat_port_txq(a, 0), &pkt, 1), 1);
	leat_port_stop(b);
	assert_false(up(a) || up(b));
	assert_int_equal(leat_port_start(b), 0);
	assert_int_equal(leat_rx(leat_port_rxq(b, 0), &pkt, 1), 0);	/* gone with the stop */
	assert_true(up(a) && up(b));
	leat_port_close(b);
	assert_false(up(a));
	leat_port_close(a);
}

/* A forked child lets go of its copies; the parent's ports go on. */
static void a_child_forgets(void **state)
{
	struct leat_port *a = open_port("ring:x", NULL), *b = open_port("ring:x", NULL);
	struct leat_port *null = open_port("null:", NULL);
	struct leat_pkt *pkt;
	int status = -1;
	pid_t pid;

	(void)state;
	make(leat_port_txq(a, 0), &pkt, 1, 3);
	assert_int_equal(leat_tx(leat_port_txq(a, 0), &pkt, 1), 1);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		leat_ctx_forget(ctx);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(leat_rx(leat_port_rxq(b, 0), &pkt, 1), 1);
	assert_int_equal(number_in(pkt), 3);
	assert_int_equal(leat_tx(leat_port_txq(null, 0), &pkt, 1), 1);
	leat_port_close(null);
	leat_port_close(a);
	leat_port_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(null_receives_whole_packets, setup, teardown),
		cmocka_unit_test_setup_teardown(null_receives_what_the_pool_has, setup, teardown),
		cmocka_unit_test_setup_teardown(null_frees_chains, setup, teardown),
		cmocka_unit_test_setup_teardown(null_stops_and_starts, setup, teardown),
		cmocka_unit_test_setup_teardown(null_refuses, setup, teardown),
		cmocka_unit_test_setup_teardown(ring_carries_both_ways, setup, teardown),
		cmocka_unit_test_setup_teardown(ring_takes_what_fits, setup, teardown),
		cmocka_unit_test_setup_teardown(ring_queues_and_closing, setup, teardown),
		cmocka_unit_test_setup_teardown(ring_ends_come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(ring_of_one_size, setup, teardown),
		cmocka_unit_test_setup_teardown(ring_tells_the_link, setup, teardown),
		cmocka_unit_test_setup_teardown(a_child_forgets, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
