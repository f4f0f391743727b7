// SPDX-License-Identifier: BSD-3-Clause
/*
 * port_queues.c - what core does with the queues of any driver: packets counted by size,
 * a stopped queue of another size, offloads switched while they run.
 */
#include <leat/bits.h>
#include <leat/driver/driver.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ASKED_MAX 8

struct leat_dev {
	char		dummy;
};

/* A loop: what is sent is received. */
struct loop {
	struct leat_port port;
	struct leat_pkt	*held[256];
	unsigned int	nheld, room;	/* it takes that many */
	uint32_t	offloads;	/* as last shown */
	unsigned int	shown;
	int		fail;		/* the next verb, or setup, answers this once */
	uint16_t	setups[ASKED_MAX];	/* descriptors of each, in order */
	unsigned int	nsetups, queues;
};

static struct loop *loop_of(struct leat_port *port)
{
	return LEAT_CONTAINER_OF(port, struct loop, port);
}

static int outcome(struct loop *l)
{
	int err = l->fail;

	l->fail = 0;
	return err;
}

static bool together;		/* of the next port that attaches */

static int loop_attach(struct leat_port *port)
{
	port->caps = (struct leat_caps){
		.flags = LEAT_CAP_RX_CSUM | LEAT_CAP_TX_CSUM | LEAT_CAP_RX_LRO,
		.live_offloads = LEAT_CAP_RX_CSUM | LEAT_CAP_RX_LRO,
		.max_rxqs = 2, .max_txqs = 2, .min_desc = 4, .max_desc = 128, .pow2_desc = true,
		.max_mtu = 9000, .max_segs = 16,
	};
	port->mtu = 1500;
	port->queues_together = together;
	loop_of(port)->room = 256;
	return 0;
}

static void loop_nothing(struct leat_port *port)
{
	(void)port;
}

static int loop_start(struct leat_port *port)
{
	(void)port;
	return 0;
}

static uint16_t loop_rx(struct leat_rxq *q, struct leat_pkt **pkts, uint16_t n)
{
	struct loop *l = loop_of(q->port);
	uint16_t got = (uint16_t)LEAT_MIN(n, l->nheld);

	memcpy(pkts, l->held, got * sizeof(*pkts));
	memmove(l->held, l->held + got, (l->nheld - got) * sizeof(*pkts));
	l->nheld -= got;
	q->packets += got;
	return got;
}

static uint16_t loop_tx(struct leat_txq *q, struct leat_pkt **pkts, uint16_t n)
{
	struct loop *l = loop_of(q->port);
	uint16_t took = (uint16_t)LEAT_MIN(n, l->room - l->nheld);

	memcpy(l->held + l->nheld, pkts, took * sizeof(*pkts));
	l->nheld += took;
	q->packets += took;
	for (unsigned int i = 0; i < took; i++)
		memset(leat_pkt_data(pkts[i]), 0xee, 6);	/* not the sender's any more */
	return took;
}

static int note(struct leat_port *port, uint16_t ndesc)
{
	struct loop *l = loop_of(port);
	int err = outcome(l);

	if (err)
		return err;
	if (l->nsetups < ASKED_MAX)
		l->setups[l->nsetups++] = ndesc;
	l->queues++;
	return 0;
}

static int loop_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out)
{
	int err = note(port, port->cfg.rx_desc);

	(void)id;
	if (err)
		return err;
	*out = calloc(1, sizeof(**out));
	assert_non_null(*out);
	(*out)->direct = loop_rx;
	return 0;
}

static void loop_rxq_free(struct leat_rxq *q)
{
	loop_of(q->port)->queues--;
	free(q);
}

static int loop_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out)
{
	int err = note(port, port->cfg.tx_desc);

	(void)id;
	if (err)
		return err;
	*out = calloc(1, sizeof(**out));
	assert_non_null(*out);
	(*out)->direct = loop_tx;
	return 0;
}

static void loop_txq_free(struct leat_txq *q)
{
	loop_of(q->port)->queues--;
	free(q);
}

static int loop_rxq_start(struct leat_rxq *q)
{
	return outcome(loop_of(q->port));
}

static int loop_txq_start(struct leat_txq *q)
{
	return outcome(loop_of(q->port));
}

static void loop_rxq_stop(struct leat_rxq *q)
{
	(void)q;
}

static void loop_txq_stop(struct leat_txq *q)
{
	(void)q;
}

static int loop_offloads(struct leat_port *port)
{
	loop_of(port)->offloads = port->cfg.offloads;
	loop_of(port)->shown++;
	return outcome(loop_of(port));
}

static const struct leat_driver loop_driver = {
	.name = "loop", .port_size = sizeof(struct loop), .attach = loop_attach,
	.detach = loop_nothing, .rxq_setup = loop_rxq_setup, .rxq_free = loop_rxq_free,
	.txq_setup = loop_txq_setup, .txq_free = loop_txq_free, .start = loop_start,
	.stop = loop_nothing, .offloads = loop_offloads, .rxq_start = loop_rxq_start,
	.rxq_stop = loop_rxq_stop, .txq_start = loop_txq_start, .txq_stop = loop_txq_stop,
};

static void loop_close(struct leat_dev *dev)
{
	(void)dev;
}

static const struct leat_dev_end loop_end = { .close = loop_close };

static struct leat_ctx *ctx;
static struct leat_dev dev;
static struct leat_port *port;
static struct loop *loop;

static void open_with(const struct leat_port_config *cfg)
{
	assert_int_equal(leat_ctx_open(NULL, &ctx), 0);
	assert_int_equal(leat_port_attach(ctx, &loop_driver, &dev, "loop:0", &loop_end, false, cfg,
					  &port), 0);
	loop = loop_of(port);
}

static void close_all(void)
{
	leat_ctx_close(ctx);
}

static uint64_t count(const char *name)
{
	struct leat_xstat xstats[64];
	unsigned int n = leat_port_xstats(port, xstats, 64);

	assert_true(n <= 64);
	for (unsigned int i = 0; i < n; i++)
		if (!strcmp(xstats[i].name, name))
			return xstats[i].value;
	return UINT64_MAX;
}

static struct leat_pkt *frame(uint32_t len, uint8_t first)
{
	struct leat_pkt *head, *pkt;

	assert_int_equal(leat_pkt_alloc(leat_port_txq(port, 0)->cache, &head, 1), 1);
	memset(leat_pkt_append(head, (uint16_t)LEAT_MIN(len, 1000u)), first,
	       LEAT_MIN(len, 1000u));
	for (len -= LEAT_MIN(len, 1000u); len; len -= LEAT_MIN(len, 1000u)) {
		assert_int_equal(leat_pkt_alloc(leat_port_txq(port, 0)->cache, &pkt, 1), 1);
		leat_pkt_append(pkt, (uint16_t)LEAT_MIN(len, 1000u));
		assert_int_equal(leat_pkt_chain(head, pkt), 0);
	}
	return head;
}

/* ---- by size ---- */

static void packets_by_size(void **state)
{
	static const struct {
		uint32_t	len;
		const char	*name;
	} cases[] = {
		{ 60, "undersize_packets" }, { 63, "undersize_packets" },
		{ 64, "size_64_packets" },
		{ 65, "size_65_127_packets" }, { 127, "size_65_127_packets" },
		{ 128, "size_128_255_packets" }, { 255, "size_128_255_packets" },
		{ 256, "size_256_511_packets" }, { 511, "size_256_511_packets" },
		{ 512, "size_512_1023_packets" }, { 1023, "size_512_1023_packets" },
		{ 1024, "size_1024_1518_packets" }, { 1518, "size_1024_1518_packets" },
		{ 1519, "size_1519_max_packets" }, { 9018, "size_1519_max_packets" },
	};
	char name[64];

	(void)state;
	open_with(&(struct leat_port_config){ .size_stats = true });
	for (size_t i = 0; i < LEAT_ARRAY_LEN(cases); i++) {
		struct leat_pkt *pkt = frame(cases[i].len, 2), *got;
		uint64_t before;

		strcpy(stpcpy(name, "tx_q0_"), cases[i].name);
		before = count(name);
		assert_int_equal(leat_tx(leat_port_txq(port, 0), &pkt, 1), 1);
		assert_int_equal(count(name), before + 1);
		memcpy(name, "rx", 2);
		before = count(name);
		assert_int_equal(leat_rx(leat_port_rxq(port, 0), &got, 1), 1);
		assert_int_equal(count(name), before + 1);
		leat_pkt_free(&got, 1);
	}
	assert_int_equal(count("rx_q0_packets"), LEAT_ARRAY_LEN(cases));
	close_all();
}

static void packets_by_kind(void **state)
{
	struct leat_pkt *pkts[3];

	(void)state;
	open_with(&(struct leat_port_config){ .size_stats = true });
	pkts[0] = frame(60, 0xff);
	pkts[1] = frame(60, 0x01);
	pkts[2] = frame(60, 0x02);
	assert_int_equal(leat_tx(leat_port_txq(port, 0), pkts, 3), 3);
	assert_int_equal(count("tx_q0_broadcast_packets"), 1);
	assert_int_equal(count("tx_q0_multicast_packets"), 1);
	assert_int_equal(leat_rx(leat_port_rxq(port, 0), pkts, 3), 3);
	leat_pkt_free(pkts, 3);
	/* As the loop left them: ee is no group's. */
	assert_int_equal(count("rx_q0_broadcast_packets"), 0);
	assert_int_equal(count("rx_q0_multicast_packets"), 0);
	assert_int_equal(count("rx_q0_undersize_packets"), 3);
	close_all();
}

/* A burst is cut for counting, and only what was taken counts. */
static void only_what_was_taken(void **state)
{
	struct leat_pkt *pkts[200];

	(void)state;
	open_with(&(struct leat_port_config){ .size_stats = true });
	loop->room = 150;
	for (unsigned int i = 0; i < 200; i++)
		pkts[i] = frame(64, 2);
	assert_int_equal(leat_tx(leat_port_txq(port, 0), pkts, 200), 150);
	assert_int_equal(count("tx_q0_size_64_packets"), 150);
	assert_int_equal(leat_tx(leat_port_txq(port, 0), pkts + 150, 0), 0);
	leat_drop(leat_port_txq(port, 0), pkts + 150, 50);
	assert_int_equal(leat_rx(leat_port_rxq(port, 0), pkts, 200), 150);
	assert_int_equal(count("rx_q0_size_64_packets"), 150);
	leat_pkt_free(pkts, 150);
	leat_port_stop(port);
	assert_int_equal(leat_port_start(port), 0);
	assert_int_equal(count("rx_q0_size_64_packets"), 150);
	close_all();
}

static void nothing_unless_asked(void **state)
{
	(void)state;
	open_with(NULL);
	assert_int_equal(count("rx_q0_size_64_packets"), UINT64_MAX);
	assert_ptr_equal(leat_port_rxq(port, 0)->burst, loop_rx);
	assert_ptr_equal(leat_port_txq(port, 0)->burst, loop_tx);
	close_all();
}

/* ---- another size ---- */

static void a_stopped_queue_of_another_size(void **state)
{
	struct leat_pkt *pkt;
	struct leat_rxq *rx;
	struct leat_txq *tx;

	(void)state;
	open_with(&(struct leat_port_config){ .rx_desc = 64, .tx_desc = 64 });
	rx = leat_port_rxq(port, 0);
	tx = leat_port_txq(port, 0);
	pkt = frame(64, 2);
	assert_int_equal(leat_tx(tx, &pkt, 1), 1);
	assert_int_equal(leat_rx(rx, &pkt, 1), 1);
	leat_pkt_free(&pkt, 1);
	assert_int_equal(leat_rxq_resize(&rx, 128), -EBUSY);
	assert_int_equal(leat_rxq_stop(rx), 0);
	assert_int_equal(leat_rxq_resize(&rx, 100), -EINVAL);
	assert_int_equal(leat_rxq_resize(&rx, 256), -EINVAL);
	assert_non_null(strstr(leat_ctx_error(ctx), "receive queue 0: descriptors: 256 asked"));
	assert_int_equal(leat_rxq_resize(&rx, 128), 0);
	assert_ptr_equal(rx, leat_port_rxq(port, 0));
	assert_int_equal(rx->ndesc, 128);
	assert_int_equal(rx->packets, 1);
	assert_int_equal(loop->setups[2], 128);
	assert_int_equal(port->cfg.rx_desc, 64);
	assert_int_equal(leat_rx(rx, &pkt, 1), 0);
	assert_int_equal(leat_rxq_start(rx), 0);
	assert_ptr_equal(rx->burst, loop_rx);

	assert_int_equal(leat_txq_stop(tx), 0);
	assert_int_equal(leat_txq_resize(&tx, 16), -EINVAL);	/* 16 segments would not fit */
	assert_int_equal(leat_txq_resize(&tx, 32), 0);
	assert_int_equal(tx->packets, 1);
	assert_int_equal(leat_txq_start(tx), 0);
	assert_int_equal(loop->queues, 2);
	close_all();
}

static void a_size_that_fails_changes_nothing(void **state)
{
	struct leat_rxq *rx, *before;

	(void)state;
	open_with(NULL);
	leat_port_stop(port);
	before = rx = leat_port_rxq(port, 0);
	loop->fail = -ENOMEM;
	assert_int_equal(leat_rxq_resize(&rx, 32), -ENOMEM);
	assert_ptr_equal(rx, before);
	assert_ptr_equal(leat_port_rxq(port, 0), before);
	assert_int_equal(leat_rxq_resize(&rx, 32), 0);
	assert_int_equal(leat_port_start(port), 0);
	assert_int_equal(rx->ndesc, 32);
	close_all();
}

static void queues_of_one_piece(void **state)
{
	(void)state;
	together = true;
	open_with(NULL);
	together = false;
	assert_int_equal(leat_rxq_stop(leat_port_rxq(port, 0)), -ENOTSUP);
	assert_int_equal(leat_txq_stop(leat_port_txq(port, 0)), -ENOTSUP);
	close_all();
}

/* ---- offloads ---- */

static void offloads_while_it_runs(void **state)
{
	const uint32_t all = LEAT_CAP_RX_CSUM | LEAT_CAP_TX_CSUM | LEAT_CAP_RX_LRO;

	(void)state;
	open_with(&(struct leat_port_config){ .offloads = all });
	assert_int_equal(leat_port_offloads(port, LEAT_CAP_TX_CSUM), 0);
	assert_int_equal(loop->offloads, LEAT_CAP_TX_CSUM);
	assert_int_equal(leat_port_offloads(port, LEAT_CAP_TX_CSUM), 0);
	assert_int_equal(loop->shown, 1);
	assert_int_equal(leat_port_offloads(port, LEAT_OFFLOADS_NONE), -ENOTSUP);
	assert_non_null(strstr(leat_ctx_error(ctx), "0x2 would change"));
	assert_int_equal(leat_port_offloads(port, all | LEAT_CAP_TX_TSO4), -ENOTSUP);
	loop->fail = -EIO;
	assert_int_equal(leat_port_offloads(port, all), -EIO);
	assert_int_equal(loop->offloads, LEAT_CAP_TX_CSUM);
	assert_int_equal(port->cfg.offloads, LEAT_CAP_TX_CSUM);
	leat_port_stop(port);
	assert_int_equal(leat_port_offloads(port, all), -EINVAL);
	close_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_by_size),
		cmocka_unit_test(packets_by_kind),
		cmocka_unit_test(only_what_was_taken),
		cmocka_unit_test(nothing_unless_asked),
		cmocka_unit_test(a_stopped_queue_of_another_size),
		cmocka_unit_test(a_size_that_fails_changes_nothing),
		cmocka_unit_test(queues_of_one_piece),
		cmocka_unit_test(offloads_while_it_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
