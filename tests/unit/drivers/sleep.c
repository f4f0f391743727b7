// SPDX-License-Identifier: BSD-3-Clause
/*
 * sleep.c - a thread that sleeps until packets come, woken by the interrupts of
 * a virtio-net model: in this process and served by a child, by MSI-X and INTx.
 *
 * Each frame when the sleeper sleeps; each when the one before came, so that it finds
 * the sleeper anywhere between its last poll and poll(2); and all at once. A wake-up that is lost is a packet that the
 * sleeper never gets: it gives up after ten seconds, which no machine needs.
 */
#include <leat/leat.h>
#include <leat/models.h>
#include <leat/server.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define GIVE_UP_MS 10000
#define SINGLE	   300	/* frames one by one */
#define MANY	   20000

/* When the next frame is sent. */
enum pace { ASLEEP, AFTER_THE_LAST, AT_ONCE };

/*
 * Driver and model are the two sides of DMA memory, here in two threads; the barriers for
 * devices that order it are unknown to ThreadSanitizer.
 */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:drivers/virtio_net/split\nrace:drivers/virtio_net/model\n";
}

struct sleeper {
	struct leat_rxq	*q;
	unsigned int	want;
	unsigned int	got;		/* read by the other thread */
	bool		asleep;		/* or about to be; read by the other thread */
	unsigned int	slept;		/* times */
	bool		lost;		/* nobody woke us */
	int		err;		/* of arm */
};

/* The order that leat/port.h demands. */
static uint16_t wait_for_packets(struct sleeper *s, struct leat_pkt **pkts, uint16_t n)
{
	struct pollfd p = { .fd = leat_rxq_fd(s->q), .events = POLLIN };
	uint16_t got = leat_rx(s->q, pkts, n);

	if (got)
		return got;
	s->err = leat_rxq_arm(s->q);
	if (s->err)
		return 0;
	got = leat_rx(s->q, pkts, n);
	if (!got) {
		s->slept++;
		leat_store_release(&s->asleep, true);
		leat_store_relaxed(&s->lost, poll(&p, 1, GIVE_UP_MS) != 1);
		leat_store_release(&s->asleep, false);
	}
	leat_rxq_disarm(s->q);
	return got;
}

static void *sleep_and_count(void *arg)
{
	struct sleeper *s = arg;
	struct leat_pkt *pkts[32];

	while (s->got < s->want && !s->lost && !s->err) {
		uint16_t n = wait_for_packets(s, pkts, 32);

		leat_pkt_free_to(s->q->cache, pkts, n);
		leat_store_release(&s->got, s->got + n);
	}
	return NULL;
}

static struct leat_pkt *frame(struct leat_pool_cache *cache)
{
	struct leat_pkt *pkt = NULL;

	while (!leat_pkt_alloc(cache, &pkt, 1))
		sched_yield();
	memset(leat_pkt_append(pkt, 60), 2, 60);
	return pkt;
}

/* Look after a device in this process until the sleeper has got all but @left of @sent. */
static void until_got(struct leat_txq *q, const struct sleeper *s, unsigned int sent,
		      unsigned int left)
{
	while (leat_load_acquire(&s->got) + left < sent && !leat_load_relaxed(&s->lost)) {
		leat_tx(q, NULL, 0);
		sched_yield();
	}
}

static void until_asleep(const struct sleeper *s)
{
	while (!leat_load_acquire(&s->asleep) && !leat_load_relaxed(&s->lost))
		sched_yield();
}

static void send_frames(struct leat_txq *q, struct sleeper *s, unsigned int total, enum pace pace)
{
	for (unsigned int i = 1; i <= total; i++) {
		struct leat_pkt *pkt = frame(q->cache);

		if (pace == ASLEEP)
			until_asleep(s);
		while (!leat_tx(q, &pkt, 1) && !leat_load_relaxed(&s->lost))
			sched_yield();
		until_got(q, s, i, pace == AT_ONCE ? 100 : 0);
	}
	until_got(q, s, total, 0);
}

static void wakes(struct leat_port *port, unsigned int total, enum pace pace)
{
	struct sleeper s = { .q = leat_port_rxq(port, 0), .want = total };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, sleep_and_count, &s), 0);
	send_frames(leat_port_txq(port, 0), &s, total, pace);
	pthread_join(thread, NULL);
	assert_int_equal(s.err, 0);
	assert_false(s.lost);
	assert_int_equal(s.got, total);
	assert_true(pace != ASLEEP || s.slept >= total);
}

static void wakes_by(const char *addr, enum leat_intr intr, const char *name)
{
	struct leat_ctx_config cfg = { .drivers = leat_drivers, .models = leat_models,
				       .page_size = 4096 };
	const struct leat_port_config port_cfg = { .intr = intr };
	struct leat_port *port;
	struct leat_ctx *ctx;

	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	if (leat_port_open(ctx, addr, &port_cfg, &port))
		fail_msg("%s", leat_ctx_error(ctx));
	assert_int_equal(leat_port_promisc(port, true), 0);
	assert_non_null(strstr(leat_port_info(port), name));
	wakes(port, SINGLE, ASLEEP);
	wakes(port, SINGLE, AFTER_THE_LAST);
	wakes(port, MANY, AT_ONCE);
	leat_port_stop(port);
	assert_int_equal(leat_port_start(port), 0);	/* the handle and its descriptor stay good */
	wakes(port, SINGLE, ASLEEP);
	leat_ctx_close(ctx);
}

static void sim_msix(void **state)
{
	(void)state;
	wakes_by("sim:virtio-net,wire=loop", LEAT_INTR_MSIX, ", MSI-X");
}

static void sim_intx(void **state)
{
	(void)state;
	wakes_by("sim:virtio-net,wire=loop", LEAT_INTR_INTX, ", INTx");
}

/* ---- served by a child ---- */

static char dir[] = "/tmp/leat-sleep-XXXXXX", path[64], addr[80];
static pid_t child;

static _Noreturn void serve(int ready)
{
	struct leat_server_config cfg = { .path = path, .model = &leat_model_virtio_net };
	struct leat_server *srv;
	struct pollfd fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (leat_wire_loop(&cfg.wire) || leat_server_open(&cfg, &srv) || write(ready, "", 1) != 1)
		_exit(1);
	fd = (struct pollfd){ .fd = leat_server_fd(srv), .events = POLLIN };
	for (;;) {
		poll(&fd, 1, leat_mdev_step(leat_server_mdev(srv)) ? 0 : 1);
		leat_server_poll(srv);
	}
}

static int start_child(void **state)
{
	int ready[2];
	char byte;

	(void)state;
	if (!mkdtemp(dir) || pipe(ready))
		return -1;
	snprintf(path, sizeof(path), "%s/nic.sock", dir);
	snprintf(addr, sizeof(addr), "vfio-user:%s", path);
	child = fork();
	if (!child)
		serve(ready[1]);
	close(ready[1]);
	if (child < 0 || read(ready[0], &byte, 1) != 1)
		return -1;
	close(ready[0]);
	return 0;
}

static int stop_child(void **state)
{
	(void)state;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	unlink(path);
	rmdir(dir);
	return 0;
}

static void vfio_user_msix(void **state)
{
	(void)state;
	wakes_by(addr, LEAT_INTR_MSIX, ", MSI-X");
}

static void vfio_user_intx(void **state)
{
	(void)state;
	wakes_by(addr, LEAT_INTR_INTX, ", INTx");
}

/* The device goes away while somebody sleeps: the sleeper wakes up and hears of it. */
static void wakes_when_the_peer_dies(void **state)
{
	struct leat_ctx_config cfg = { .drivers = leat_drivers, .page_size = 4096 };
	struct sleeper s = { .want = 1 };
	struct leat_port *port;
	struct leat_ctx *ctx;
	pthread_t thread;

	(void)state;
	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	assert_int_equal(leat_port_open(ctx, addr, NULL, &port), 0);
	s.q = leat_port_rxq(port, 0);
	assert_int_equal(pthread_create(&thread, NULL, sleep_and_count, &s), 0);
	kill(child, SIGKILL);
	while (leat_ctx_poll(ctx) != -ENODEV)
		sched_yield();
	pthread_join(thread, NULL);
	assert_int_equal(s.err, -ENODEV);
	assert_false(s.lost);
	leat_ctx_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sim_msix),
		cmocka_unit_test(sim_intx),
		cmocka_unit_test(vfio_user_msix),
		cmocka_unit_test(vfio_user_intx),
		cmocka_unit_test(wakes_when_the_peer_dies),
	};

	return cmocka_run_group_tests(tests, start_child, stop_child);
}
