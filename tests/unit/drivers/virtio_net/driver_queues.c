// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_queues.c - the virtio-net driver on the device of bytes while it runs: single
 * queues stopped, resized and started (RING_RESET), announcing, offloads switched.
 */
#include "driver_fake.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define RESET (FAKE_ALL | VIRTIO_F_RING_RESET)
#define CTRL  (FAKE_ALL | VIRTIO_NET_F_CTRL_VQ)

static struct fake f;

static void open_with(uint64_t features)
{
	fake_init(&f, 1024, 2048);
	f.kind.features = features;
	f.kind.num_queues = FAKE_QUEUES;
	assert_int_equal(fake_open(&f, NULL), 0);
}

static bool passes_in(void)
{
	char frame[100] = { 2 };
	struct leat_pkt *pkt;
	bool came;

	leat_rx(fake_rxq(&f), &pkt, 0);
	if (!fake_deliver(&f, frame, sizeof(frame), 0, 0, 0))
		return false;
	came = leat_rx(fake_rxq(&f), &pkt, 1) == 1 && pkt->total == sizeof(frame);
	leat_pkt_free(&pkt, came);
	return came;
}

static bool passes_out(void)
{
	struct virtio_net_hdr hdr;
	char frame[FAKE_FRAME_MAX];
	struct leat_pkt *pkt;

	assert_int_equal(leat_pkt_alloc(fake_txq(&f)->cache, &pkt, 1), 1);
	memset(leat_pkt_append(pkt, 100), 2, 100);
	if (!leat_tx(fake_txq(&f), &pkt, 1)) {
		leat_pkt_free(&pkt, 1);
		return false;
	}
	return fake_collect(&f, &hdr, frame) == 100;
}

/* ---- single queues ---- */

static void a_receive_queue_stops_and_starts(void **state)
{
	(void)state;
	open_with(RESET);
	assert_true(passes_in());
	assert_int_equal(leat_rxq_stop(fake_rxq(&f)), 0);
	assert_int_equal(f.q[0].reset, 1);
	assert_int_equal(f.q[0].enable, 0);
	assert_int_equal(f.q[1].enable, 1);
	assert_true(passes_out());
	assert_int_equal(leat_rxq_start(fake_rxq(&f)), 0);
	assert_int_equal(f.q[0].enable, 1);
	assert_int_equal(f.q[0].vector, 1);
	assert_true(f.status & VIRTIO_STATUS_DRIVER_OK);
	assert_true(passes_in());
	fake_fini(&f);
}

static void its_buffers_come_back(void **state)
{
	unsigned int before;

	(void)state;
	open_with(RESET);
	before = leat_pool_available(f.pool);
	assert_int_equal(leat_rxq_stop(fake_rxq(&f)), 0);
	assert_int_equal(leat_pool_available(f.pool), before + 256);
	leat_port_stop(f.port);			/* with one queue stopped already */
	assert_int_equal(leat_port_start(f.port), 0);
	assert_true(passes_in());
	fake_fini(&f);
}

static void a_transmit_queue_stops_and_starts(void **state)
{
	(void)state;
	open_with(RESET);
	assert_true(passes_out());
	assert_int_equal(leat_txq_stop(fake_txq(&f)), 0);
	assert_false(passes_out());
	assert_true(passes_in());
	assert_int_equal(leat_txq_start(fake_txq(&f)), 0);
	assert_true(passes_out());
	assert_int_equal(f.q[1].reset, 1);
	fake_fini(&f);
}

static void queues_of_another_size(void **state)
{
	struct leat_rxq *rx;
	struct leat_txq *tx;

	(void)state;
	open_with(RESET);
	rx = fake_rxq(&f);
	tx = fake_txq(&f);
	assert_int_equal(leat_rxq_stop(rx), 0);
	assert_int_equal(leat_txq_stop(tx), 0);
	assert_int_equal(leat_rxq_resize(&rx, 32), 0);
	assert_int_equal(leat_txq_resize(&tx, 128), 0);
	assert_int_equal(leat_rxq_start(rx), 0);
	assert_int_equal(leat_txq_start(tx), 0);
	assert_int_equal(f.q[0].size, 32);
	assert_int_equal(f.q[1].size, 128);
	for (unsigned int i = 0; i < 300; i++) {
		assert_true(passes_in());
		assert_true(passes_out());
	}
	leat_port_stop(f.port);			/* the sizes stay */
	assert_int_equal(leat_port_start(f.port), 0);
	assert_int_equal(f.q[0].size, 32);
	assert_true(passes_in());
	fake_fini(&f);
}

static void not_by_every_device(void **state)
{
	(void)state;
	open_with(FAKE_ALL);
	assert_int_equal(leat_rxq_stop(fake_rxq(&f)), -ENOTSUP);
	assert_int_equal(leat_txq_stop(fake_txq(&f)), -ENOTSUP);
	assert_true(passes_in() && passes_out());
	fake_fini(&f);
}

/* What the device does not let go of is not given back before all of it is reset. */
static void a_queue_that_the_device_keeps(void **state)
{
	unsigned int before;

	(void)state;
	open_with(RESET);
	before = leat_pool_available(f.pool);
	f.kind.refuse_queue_reset = true;
	assert_int_equal(leat_rxq_stop(fake_rxq(&f)), 0);
	assert_non_null(strstr(f.last, "queue 0 does not finish its reset"));
	assert_int_equal(leat_pool_available(f.pool), before);
	assert_int_equal(leat_rxq_start(fake_rxq(&f)), -EIO);
	fake_poll(&f);
	assert_int_equal(f.events[LEAT_EVENT_ERROR], 1);
	leat_port_stop(f.port);
	f.kind.refuse_queue_reset = false;
	assert_int_equal(leat_port_start(f.port), 0);
	assert_true(passes_in());
	assert_int_equal(leat_rxq_stop(fake_rxq(&f)), 0);
	assert_int_equal(leat_rxq_start(fake_rxq(&f)), 0);
	assert_true(passes_in());
	fake_fini(&f);
}

/* ---- announcing ---- */

static void look(void)
{
	f.now += 1000000000;
	fake_poll(&f);
}

static void open_announcing(uint64_t features)
{
	fake_init(&f, 1024, 2048);
	f.kind.features = features;
	f.kind.num_queues = 3;
	f.kind.msix = false;		/* looks by the clock */
	fake_caps(&f, fake_good_caps, 4);
	assert_int_equal(fake_open(&f, NULL), 0);
	fake_told_clear(&f);
}

static void asked_to_announce(void **state)
{
	(void)state;
	open_announcing(CTRL | VIRTIO_NET_F_GUEST_ANNOUNCE);
	look();
	assert_int_equal(f.events[LEAT_EVENT_ANNOUNCE], 0);
	f.kind.announce = true;
	look();
	assert_string_equal(f.told, "3.0\n");
	f.kind.announce = false;
	look();
	assert_int_equal(f.events[LEAT_EVENT_ANNOUNCE], 1);
	assert_int_equal(f.events[LEAT_EVENT_LINK], 0);
	assert_string_equal(f.told, "3.0\n");
	fake_fini(&f);
}

static void not_asked_what_was_not_negotiated(void **state)
{
	(void)state;
	open_announcing(CTRL);
	f.kind.announce = true;
	look();
	look();
	assert_int_equal(f.events[LEAT_EVENT_ANNOUNCE], 0);
	assert_string_equal(f.told, "");
	fake_fini(&f);
}

/* ---- offloads ---- */

static void offloads_switched(void **state)
{
	struct leat_caps caps;

	(void)state;
	open_with(CTRL | VIRTIO_NET_F_CTRL_GUEST_OFFLOADS);
	leat_port_caps(f.port, &caps);
	assert_true(caps.live_offloads & LEAT_CAP_RX_CSUM);
	assert_int_equal(leat_port_offloads(f.port, LEAT_CAP_TX_CSUM), 0);
	assert_string_equal(f.told, "5.0 0000000000000000\n");
	fake_told_clear(&f);
	assert_int_equal(leat_port_offloads(f.port, LEAT_CAP_RX_CSUM | LEAT_CAP_TX_CSUM), 0);
	assert_string_equal(f.told, "5.0 0200000000000000\n");
	fake_told_clear(&f);
	f.kind.ctrl_refuse = "5.0 00";
	assert_int_equal(leat_port_offloads(f.port, LEAT_CAP_TX_CSUM), -EIO);
	assert_string_equal(f.told, "5.0 0000000000000000\n5.0 0200000000000000\n");
	fake_fini(&f);
}

static void not_put_on_that_were_off(void **state)
{
	const struct leat_port_config cfg = { .offloads = LEAT_CAP_TX_CSUM };

	(void)state;
	fake_init(&f, 1024, 2048);
	f.kind.features = CTRL | VIRTIO_NET_F_CTRL_GUEST_OFFLOADS;
	f.kind.num_queues = 3;
	assert_int_equal(fake_open(&f, &cfg), 0);
	assert_int_equal(leat_port_offloads(f.port, LEAT_CAP_RX_CSUM | LEAT_CAP_TX_CSUM), -EBUSY);
	assert_non_null(strstr(f.last, "the port started without"));
	fake_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_receive_queue_stops_and_starts),
		cmocka_unit_test(its_buffers_come_back),
		cmocka_unit_test(a_transmit_queue_stops_and_starts),
		cmocka_unit_test(queues_of_another_size),
		cmocka_unit_test(not_by_every_device),
		cmocka_unit_test(a_queue_that_the_device_keeps),
		cmocka_unit_test(asked_to_announce),
		cmocka_unit_test(not_asked_what_was_not_negotiated),
		cmocka_unit_test(offloads_switched),
		cmocka_unit_test(not_put_on_that_were_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
