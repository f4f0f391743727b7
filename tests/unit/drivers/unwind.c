// SPDX-License-Identifier: BSD-3-Clause
/*
 * unwind.c - open a port with the k-th system call or allocation failing, for
 * every k: nothing leaks, and the context is as good as before.
 *
 * The device is a virtio-net model, in this process and served by a child, an 82574's,
 * an 82576's or one of its virtual functions; or there is none: software ports.
 */
#include "faults.h"

#include <leat/leat.h>
#include <leat/models.h>
#include <leat/server.h>

#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CALLS_MAX 5000		/* an open makes a few hundred */

static unsigned int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

struct state {
	struct leat_ctx	*ctx;
	struct leat_pool *pool;
	struct leat_mem_info mem;
	unsigned int	fds, packets;
};

static struct state state_of(struct leat_ctx *ctx, struct leat_pool *pool)
{
	struct state s = { .ctx = ctx, .pool = pool, .fds = count_fds(),
			   .packets = leat_pool_available(pool) };

	leat_mem_info(ctx, &s.mem);
	return s;
}

static void assert_as_before(const struct state *before, const char *failed, unsigned int k)
{
	struct state now = state_of(before->ctx, before->pool);

	if (now.fds != before->fds)
		fail_msg("call %u (%s) failed: %u descriptors, before %u", k, failed, now.fds, before->fds);
	if (now.packets != before->packets)
		fail_msg("call %u (%s) failed: %u packets at home, before %u", k, failed, now.packets,
			 before->packets);
	if (now.mem.used != before->mem.used || now.mem.segs != before->mem.segs)
		fail_msg("call %u (%s) failed: %zu bytes used in %u segments, before %zu in %u", k, failed,
			 now.mem.used, now.mem.segs, before->mem.used, before->mem.segs);
}

/* One packet out and back, or counted at the far end: the port is alive. */
static void assert_sends(struct leat_port *port)
{
	struct leat_txq *tx = leat_port_txq(port, 0);
	struct leat_pkt *pkt;

	assert_int_equal(leat_pkt_alloc(tx->cache, &pkt, 1), 1);
	memset(leat_pkt_append(pkt, 60), 1, 60);
	assert_int_equal(leat_tx(tx, &pkt, 1), 1);
}

static void open_with_every_failure(const char *addr, unsigned int least)
{
	struct leat_ctx_config cfg = { .drivers = leat_drivers, .models = leat_models };
	const struct leat_pool_config few = { .count = 1024 };
	struct leat_port_config port_cfg = { 0 };
	struct state before;
	struct leat_port *port;
	const char *failed;
	unsigned int k = 0;

	assert_int_equal(leat_ctx_open(&cfg, &before.ctx), 0);
	assert_int_equal(leat_pool_create(before.ctx, &few, &before.pool), 0);
	port_cfg.pool = before.pool;

	/* Once without a failure: what a context keeps for good is there then. */
	assert_int_equal(leat_port_open(before.ctx, addr, &port_cfg, &port), 0);
	assert_sends(port);
	leat_port_close(port);
	before = state_of(before.ctx, before.pool);

	do {
		int err;

		port = NULL;
		faults_arm(++k);
		err = leat_port_open(before.ctx, addr, &port_cfg, &port);
		failed = faults_disarm();
		if (err) {
			assert_null(port);
			if (!leat_ctx_error(before.ctx)[0])
				fail_msg("call %u (%s) failed: no sentence for error %d", k, failed, err);
		} else {
			leat_port_close(port);
		}
		assert_as_before(&before, failed, k);

		assert_int_equal(leat_port_open(before.ctx, addr, &port_cfg, &port), 0);
		assert_sends(port);
		leat_port_close(port);
		assert_as_before(&before, "none", k);
	} while (failed && k < CALLS_MAX);
	print_message("%s: %u calls, each failed once\n", addr, k - 1);
	assert_true(k > least);
	assert_true(k < CALLS_MAX);
	leat_ctx_close(before.ctx);
}

static void software_unwinds(void **state)
{
	(void)state;
	open_with_every_failure("null:", 6);
	open_with_every_failure("ring:x", 8);
}

static void sim_unwinds(void **state)
{
	(void)state;
	open_with_every_failure("sim:virtio-net,wire=loop", 20);
}

static void sim_e1000e_unwinds(void **state)
{
	(void)state;
	open_with_every_failure("sim:e1000e,wire=loop", 20);
}

static void sim_igbvf_unwinds(void **state)
{
	(void)state;
	open_with_every_failure("sim:igbvf,wire=loop", 20);
}

static void sim_igb_unwinds(void **state)
{
	(void)state;
	open_with_every_failure("sim:igb,wire=loop", 20);
}

/* Serve until the parent is gone. */
static _Noreturn void serve(const char *path, int ready)
{
	struct leat_server_config cfg = { .path = path, .model = &leat_model_virtio_net };
	struct leat_server *srv;
	struct pollfd fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (leat_wire_loop(&cfg.wire) || leat_server_open(&cfg, &srv))
		_exit(1);
	if (write(ready, "", 1) != 1)
		_exit(1);
	fd = (struct pollfd){ .fd = leat_server_fd(srv), .events = POLLIN };
	for (;;) {
		poll(&fd, 1, 1);
		leat_server_poll(srv);
		leat_mdev_step(leat_server_mdev(srv));
	}
}

static void vfio_user_unwinds(void **state)
{
	char dir[] = "/tmp/leat-unwind-XXXXXX", path[64], addr[80], byte;
	int ready[2];
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/nic.sock", dir);
	snprintf(addr, sizeof(addr), "vfio-user:%s", path);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		serve(path, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);

	open_with_every_failure(addr, 20);

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(software_unwinds),
		cmocka_unit_test(sim_unwinds),
		cmocka_unit_test(sim_e1000e_unwinds),
		cmocka_unit_test(sim_igb_unwinds),
		cmocka_unit_test(sim_igbvf_unwinds),
		cmocka_unit_test(vfio_user_unwinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
