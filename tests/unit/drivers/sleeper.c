// SPDX-License-Identifier: BSD-3-Clause
/*
 * sleeper.c - a worker that sleeps while nothing comes, on a NIC that a child serves.
 *
 * Frames go one at a time, each a random while after the one before was received, so
 * that they come upon the worker anywhere between polling and sleeping. A wake-up that
 * is lost is a frame that is never received: that is said after ten seconds, which no
 * machine needs.
 */
#include "served.h"

#include <leat/leat.h>
#include <leat/models.h>

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define GIVE_UP_NS UINT64_C(10000000000)
#define FRAMES	   1000
#define SPIN_NS	   30000

struct rig {
	struct served	nic;
	struct leat_ctx	*ctx;
	struct leat_port *port;
	struct leat_rxq	*rx;
	struct leat_txq	*tx;
	struct leat_sleeper *sleeper;
	struct leat_worker *worker;
	unsigned int	got;		/* frames; read by the other thread */
	unsigned int	plain;		/* both threads': TSan watches the handshake */
	uint64_t	random;
};

static uint64_t pick(struct rig *r, uint64_t below)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return r->random % below;
}

/* ---- the worker ---- */

static bool poll_all(struct rig *r)
{
	struct leat_pkt *pkts[32];
	uint16_t n = leat_rx(r->rx, pkts, 32);

	leat_pkt_free_to(r->rx->cache, pkts, n);
	r->plain++;
	leat_store_release(&r->got, r->got + n);
	return n;
}

static void work(struct leat_worker *w, void *arg)
{
	struct rig *r = arg;

	if (leat_sleeper_watch(r->sleeper, leat_worker_fd(w)))
		return;
	while (!leat_worker_stopping(w))
		if (leat_sleeper_arm(r->sleeper, poll_all(r)))
			leat_sleeper_wait(r->sleeper, poll_all(r));
}

static void start_worker(struct rig *r, uint64_t spin_ns)
{
	assert_int_equal(leat_sleeper_create(r->ctx, spin_ns, &r->sleeper), 0);
	assert_int_equal(leat_sleeper_add(r->sleeper, r->rx), 0);
	assert_int_equal(leat_worker_start(r->ctx, &(struct leat_worker_config){
		.cpu = -1, .run = work, .arg = r }, &r->worker), 0);
}

static void stop_worker(struct rig *r)
{
	leat_worker_stop(r->worker);
	leat_sleeper_remove(r->sleeper, r->rx);
	leat_sleeper_destroy(r->sleeper);
}

/* ---- the other end ---- */

static void send_one(struct rig *r)
{
	struct leat_pkt *pkt;

	assert_int_equal(leat_pkt_alloc(r->tx->cache, &pkt, 1), 1);
	memset(leat_pkt_append(pkt, 60), 2, 60);
	while (!leat_tx(r->tx, &pkt, 1))
		sched_yield();
}

static void until_got(struct rig *r, unsigned int n)
{
	uint64_t end = leat_now_ns() + GIVE_UP_NS;

	while (leat_load_acquire(&r->got) != n) {
		if (leat_now_ns() > end)
			fail_msg("frame %u was not received: nobody woke the worker", n);
		leat_ctx_poll(r->ctx);
		sched_yield();
	}
}

static void until_asleep(struct rig *r)
{
	while (!leat_sleeper_naps(r->sleeper))
		sched_yield();
}

static void linger(uint64_t ns)
{
	uint64_t end = leat_now_ns() + ns;

	while (leat_now_ns() < end)
		sched_yield();
}

static void exchange(struct rig *r, unsigned int frames)
{
	unsigned int from = leat_load_acquire(&r->got);

	for (unsigned int i = 1; i <= frames; i++) {
		send_one(r);
		until_got(r, from + i);
		linger(pick(r, (uint64_t)3 * SPIN_NS));
	}
}

/* ---- the tests ---- */

static void open_port(struct rig *r, const char *addr, const struct leat_port_config *cfg)
{
	if (leat_port_open(r->ctx, addr, cfg, &r->port))
		fail_msg("%s", leat_ctx_error(r->ctx));
	assert_int_equal(leat_port_promisc(r->port, true), 0);
	r->rx = leat_port_rxq(r->port, 0);
	r->tx = leat_port_txq(r->port, 0);
}

static int setup(void **state)
{
	static struct rig rig;
	struct leat_ctx_config cfg = { .drivers = leat_drivers, .models = leat_models,
				       .page_size = 4096 };

	rig = (struct rig){ .random = 88172645463325252u };
	served_start(&rig.nic);
	*state = &rig;
	return leat_ctx_open(&cfg, &rig.ctx);
}

static int teardown(void **state)
{
	struct rig *r = *state;

	leat_ctx_close(r->ctx);
	served_stop(&r->nic);
	return 0;
}

static void loses_no_wake_up(struct rig *r, enum leat_intr intr, uint64_t spin_ns)
{
	open_port(r, r->nic.addr, &(struct leat_port_config){ .intr = intr });
	start_worker(r, spin_ns);
	exchange(r, FRAMES);
	until_asleep(r);
	stop_worker(r);
}

static void adaptive_by_msix(void **state)
{
	loses_no_wake_up(*state, LEAT_INTR_MSIX, SPIN_NS);
}

static void adaptive_by_intx(void **state)
{
	loses_no_wake_up(*state, LEAT_INTR_INTX, SPIN_NS);
}

static void at_once_by_msix(void **state)
{
	loses_no_wake_up(*state, LEAT_INTR_MSIX, 0);
}

static void at_once_by_intx(void **state)
{
	loses_no_wake_up(*state, LEAT_INTR_INTX, 0);
}

/* It stands still when told to, wherever it is; what is changed meanwhile holds. */
static void pauses_and_restarts_asleep(void **state)
{
	struct rig *r = *state;

	open_port(r, r->nic.addr, NULL);
	start_worker(r, SPIN_NS);
	for (int i = 0; i < 300; i++) {
		linger(pick(r, (uint64_t)3 * SPIN_NS));
		leat_worker_pause(r->worker);
		r->plain++;
		if (i % 30 == 29) {
			leat_port_stop(r->port);
			assert_int_equal(leat_port_start(r->port), 0);
		}
		leat_worker_resume(r->worker);
		if (i % 10 == 9)
			exchange(r, 3);
	}
	linger((uint64_t)10 * SPIN_NS);
	stop_worker(r);
}

/* Another port takes the place of one that is closed while the worker slept on it. */
static void sleeps_on_another_port(void **state)
{
	struct rig *r = *state;

	open_port(r, r->nic.addr, NULL);
	start_worker(r, 0);
	for (int i = 0; i < 10; i++) {
		exchange(r, 10);
		until_asleep(r);
		leat_worker_pause(r->worker);
		leat_sleeper_remove(r->sleeper, r->rx);
		leat_port_close(r->port);
		open_port(r, r->nic.addr, NULL);
		assert_int_equal(leat_sleeper_add(r->sleeper, r->rx), 0);
		leat_worker_resume(r->worker);
	}
	exchange(r, 10);
	stop_worker(r);
}

static void ends_although_the_peer_died(void **state)
{
	struct rig *r = *state;

	open_port(r, r->nic.addr, NULL);
	start_worker(r, 0);
	until_asleep(r);
	kill(r->nic.pid, SIGKILL);
	while (leat_ctx_poll(r->ctx) != -ENODEV)
		sched_yield();
	stop_worker(r);
}

/* Without a buffer the device cannot interrupt, so nobody sleeps until there is one. */
static void stays_awake_without_buffers(void **state)
{
	enum { DESC = 64, POOL = 1024 };
	struct rig *r = *state;
	struct leat_pkt *hoard[POOL], *pkts[DESC];
	struct leat_pool *pool;
	unsigned int n = 0;
	uint16_t got = 0;

	assert_int_equal(leat_pool_create(r->ctx, &(struct leat_pool_config){ .count = POOL }, &pool), 0);
	open_port(r, r->nic.addr, &(struct leat_port_config){ .pool = pool, .rx_desc = DESC,
							      .tx_desc = DESC });
	assert_int_equal(leat_sleeper_create(r->ctx, 0, &r->sleeper), 0);
	assert_int_equal(leat_sleeper_add(r->sleeper, r->rx), 0);
	while (leat_pkt_alloc(r->rx->cache, &hoard[n], 1))
		n++;
	for (unsigned int i = 0; i < DESC; i++)
		leat_pkt_append(hoard[--n], 60);
	assert_int_equal(leat_tx(r->tx, &hoard[n], DESC), DESC);
	while (got < DESC)
		got = (uint16_t)(got + leat_rx(r->rx, pkts + got, (uint16_t)(DESC - got)));

	assert_true(leat_sleeper_arm(r->sleeper, false));
	assert_int_equal(leat_rx(r->rx, pkts, 1), 0);
	leat_sleeper_wait(r->sleeper, false);	/* returns */
	assert_int_equal(leat_sleeper_naps(r->sleeper), 0);

	leat_pkt_free(pkts, DESC);
	leat_pkt_free(hoard, n);
	leat_sleeper_destroy(r->sleeper);
}

static void refuses(struct rig *r, const char *sentence)
{
	assert_int_equal(leat_sleeper_create(r->ctx, 0, &r->sleeper), 0);
	assert_int_equal(leat_sleeper_add(r->sleeper, r->rx), -ENOTSUP);
	assert_non_null(strstr(leat_ctx_error(r->ctx), sentence));
	leat_sleeper_remove(r->sleeper, r->rx);
	leat_sleeper_destroy(r->sleeper);
}

static void refuses_what_cannot_wake_it(void **state)
{
	struct rig *r = *state;

	open_port(r, "sim:virtio-net,wire=loop", NULL);
	refuses(r, "runs only while it is polled");
	open_port(r, r->nic.addr, &(struct leat_port_config){ .intr = LEAT_INTR_NONE });
	refuses(r, "receive queue 0 has no interrupts");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(adaptive_by_msix, setup, teardown),
		cmocka_unit_test_setup_teardown(adaptive_by_intx, setup, teardown),
		cmocka_unit_test_setup_teardown(at_once_by_msix, setup, teardown),
		cmocka_unit_test_setup_teardown(at_once_by_intx, setup, teardown),
		cmocka_unit_test_setup_teardown(pauses_and_restarts_asleep, setup, teardown),
		cmocka_unit_test_setup_teardown(sleeps_on_another_port, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_although_the_peer_died, setup, teardown),
		cmocka_unit_test_setup_teardown(stays_awake_without_buffers, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_what_cannot_wake_it, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
