// SPDX-License-Identifier: BSD-3-Clause
/*
 * trouble.c - a descriptor that points where the device may not reach: nothing
 * moves, the device asks for a reset, the port says so once, whatever the kind
 * of interrupts, and works again when it was stopped and started. The other port
 * goes on all the while.
 */
#include <leat/leat.h>
#include <leat/models.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define NOWHERE	  (UINT64_C(1) << 46)	/* no memory of ours is placed there */
#define ROUNDS	  300
#define SECOND	  UINT64_C(1000000000)

struct world {
	struct leat_ctx	*ctx;
	struct leat_pool *pool;
	struct leat_port *bad, *good;
	uint64_t	now;
	unsigned int	errors, lines;	/* events, sentences */
	char		line[LEAT_ERROR_LEN];
};

static uint64_t hand_clock(void *arg)
{
	return ((struct world *)arg)->now;
}

static void on_log(void *arg, enum leat_log_level level, const char *message)
{
	struct world *w = arg;

	/* The model speaks, too, by the same sink. */
	if (level != LEAT_LOG_ERROR || !strstr(message, "stop and start the port"))
		return;
	w->lines++;
	snprintf(w->line, sizeof(w->line), "%s", message);
}

static void on_event(void *arg, struct leat_port *port, enum leat_event event)
{
	struct world *w = arg;

	assert_ptr_equal(port, w->bad);
	w->errors += event == LEAT_EVENT_ERROR;
}

static void open_world(struct world *w, enum leat_intr intr)
{
	struct leat_ctx_config cfg = { .drivers = leat_drivers, .models = leat_models,
				       .page_size = 4096, .log = on_log, .log_arg = w,
				       .clock = hand_clock, .clock_arg = w };
	struct leat_port_config port = { .event = on_event, .event_arg = w, .intr = intr };

	memset(w, 0, sizeof(*w));
	w->now = SECOND;
	assert_int_equal(leat_ctx_open(&cfg, &w->ctx), 0);
	assert_int_equal(leat_pool_create(w->ctx, NULL, &w->pool), 0);
	port.pool = w->pool;
	assert_int_equal(leat_port_open(w->ctx, "sim:virtio-net,wire=loop", &port, &w->bad), 0);
	assert_int_equal(leat_port_open(w->ctx, "sim:virtio-net,wire=loop", &port, &w->good), 0);
	assert_int_equal(leat_port_promisc(w->bad, true), 0);
	assert_int_equal(leat_port_promisc(w->good, true), 0);
}

static void close_world(struct world *w)
{
	leat_port_close(w->bad);
	leat_port_close(w->good);
	assert_int_equal(leat_pool_available(w->pool), leat_pool_count(w->pool));
	leat_pool_destroy(w->pool);
	leat_ctx_close(w->ctx);
}

static struct leat_pkt *frame(struct leat_port *port)
{
	struct leat_pkt *pkt;

	assert_int_equal(leat_pkt_alloc(leat_port_txq(port, 0)->cache, &pkt, 1), 1);
	memset(leat_pkt_append(pkt, 60), 3, 60);
	return pkt;
}

/* How many frames come round the loop while control events are looked after. */
static unsigned int comes_round(struct world *w, struct leat_port *port)
{
	unsigned int n = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct leat_pkt *pkt;

		leat_tx(leat_port_txq(port, 0), NULL, 0);
		if (leat_rx(leat_port_rxq(port, 0), &pkt, 1)) {
			leat_pkt_free(&pkt, 1);
			n++;
		}
		w->now += SECOND / 100;
		leat_ctx_poll(w->ctx);
	}
	return n;
}

static void sends(struct world *w, struct leat_port *port)
{
	struct leat_pkt *pkt = frame(port);

	assert_int_equal(leat_tx(leat_port_txq(port, 0), &pkt, 1), 1);
	assert_int_equal(comes_round(w, port), 1);
}

static void astray(enum leat_intr intr)
{
	struct leat_pkt *pkt;
	uint64_t iova;
	struct world w;

	open_world(&w, intr);
	sends(&w, w.bad);
	pkt = frame(w.bad);
	iova = pkt->iova;
	pkt->iova = NOWHERE;
	assert_int_equal(leat_tx(leat_port_txq(w.bad, 0), &pkt, 1), 1);
	assert_int_equal(comes_round(&w, w.bad), 0);
	assert_int_equal(w.errors, 1);
	assert_int_equal(w.lines, 1);
	assert_non_null(strstr(w.line, "DEVICE_NEEDS_RESET"));
	assert_false(leat_port_gone(w.bad));
	sends(&w, w.good);

	pkt->iova = iova;
	leat_port_stop(w.bad);
	assert_int_equal(leat_port_start(w.bad), 0);
	sends(&w, w.bad);
	assert_int_equal(w.errors, 1);
	close_world(&w);
}

static void noticed_by_msix(void **state)
{
	(void)state;
	astray(LEAT_INTR_MSIX);
}

static void noticed_beside_intx(void **state)
{
	(void)state;
	astray(LEAT_INTR_INTX);
}

static void noticed_by_looking(void **state)
{
	(void)state;
	astray(LEAT_INTR_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(noticed_by_msix),
		cmocka_unit_test(noticed_beside_intx),
		cmocka_unit_test(noticed_by_looking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
