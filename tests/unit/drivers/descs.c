// SPDX-License-Identifier: BSD-3-Clause
/*
 * descs.c - whose a queue's descriptors are, as each driver tells it, on each of our models
 * with a loop as the wire.
 */
#include <leat/bits.h>
#include <leat/leat.h>
#include <leat/models.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SENT  5
#define TAKEN 3
#define TRIES 1000000	/* polls without a packet: it was lost */

static const char *const nics[] = {
	"sim:virtio-net,wire=loop,in-order=off", "sim:virtio-net,wire=loop,in-order=on",
	"sim:virtio-net,wire=loop,packed=on,in-order=off",
	"sim:virtio-net,wire=loop,packed=on,in-order=on",
	"sim:e1000e,wire=loop", "sim:igb,wire=loop", "sim:igbvf,wire=loop",
};

struct world {
	struct leat_ctx	*ctx;
	struct leat_port *port;
	struct leat_rxq	*rxq;
	struct leat_txq	*txq;
};

static void open_world(struct world *w, const char *nic)
{
	struct leat_ctx_config cfg = { .drivers = leat_drivers, .models = leat_models,
				       .page_size = 4096 };

	if (leat_ctx_open(&cfg, &w->ctx))
		fail_msg("%s", cfg.error);
	if (leat_port_open(w->ctx, nic, NULL, &w->port))
		fail_msg("%s", leat_ctx_error(w->ctx));
	w->rxq = leat_port_rxq(w->port, 0);
	w->txq = leat_port_txq(w->port, 0);
}

static struct leat_descs rx_descs(struct world *w)
{
	struct leat_descs d;

	assert_int_equal(leat_rxq_descs(w->rxq, &d), 0);
	assert_int_equal(d.done + d.device + d.driver, w->rxq->ndesc);
	return d;
}

static struct leat_descs tx_descs(struct world *w)
{
	struct leat_descs d;

	assert_int_equal(leat_txq_descs(w->txq, &d), 0);
	assert_int_equal(d.done, 0);
	assert_int_equal(d.device + d.driver, w->txq->ndesc);
	return d;
}

/* Broadcasts, which everybody takes. */
static void send(struct world *w)
{
	struct leat_pkt *pkts[SENT];

	assert_int_equal(leat_pkt_alloc(w->txq->cache, pkts, SENT), SENT);
	for (unsigned int i = 0; i < SENT; i++) {
		uint8_t *frame = leat_pkt_append(pkts[i], 60);

		memset(frame, 0, 60);
		memset(frame, 0xff, 6);
		frame[6] = 2;
		frame[12] = 0x88;
		frame[13] = 0xb5;
	}
	assert_int_equal(leat_tx(w->txq, pkts, SENT), SENT);
}

static void try_nic(const char *nic)
{
	struct leat_pkt *pkts[SENT];
	struct leat_descs before;
	struct world w;
	unsigned int tries;

	print_message("%s\n", nic);
	open_world(&w, nic);
	before = rx_descs(&w);
	assert_int_equal(before.done, 0);
	assert_true(before.device > w.rxq->ndesc / 2);
	assert_int_equal(tx_descs(&w).device, 0);

	send(&w);
	for (tries = 0; tx_descs(&w).device || rx_descs(&w).done < SENT; tries++)
		assert_true(tries < TRIES);
	assert_int_equal(rx_descs(&w).done, SENT);
	assert_int_equal(rx_descs(&w).device, before.device - SENT);

	assert_int_equal(leat_rx(w.rxq, pkts, TAKEN), TAKEN);
	leat_pkt_free_to(w.rxq->cache, pkts, TAKEN);
	assert_int_equal(rx_descs(&w).done, SENT - TAKEN);
	assert_int_equal(leat_rx(w.rxq, pkts, SENT), SENT - TAKEN);
	leat_pkt_free_to(w.rxq->cache, pkts, SENT - TAKEN);
	assert_int_equal(rx_descs(&w).done, 0);

	leat_port_stop(w.port);
	assert_int_equal(rx_descs(&w).driver, w.rxq->ndesc);
	assert_int_equal(tx_descs(&w).driver, w.txq->ndesc);
	leat_ctx_close(w.ctx);
}

static void every_driver(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(nics); i++)
		try_nic(nics[i]);
}

/* Nobody has a ring there. */
static void not_without_a_ring(void **state)
{
	struct leat_descs d;
	struct world w;

	(void)state;
	open_world(&w, "null:");
	assert_int_equal(leat_rxq_descs(w.rxq, &d), -ENOTSUP);
	assert_int_equal(leat_txq_descs(w.txq, &d), -ENOTSUP);
	leat_ctx_close(w.ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_driver),
		cmocka_unit_test(not_without_a_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
