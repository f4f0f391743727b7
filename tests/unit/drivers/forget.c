// SPDX-License-Identifier: BSD-3-Clause
/*
 * forget.c - a forked child lets go of the context, and the parent's port moves
 * packets as if nothing had been: before, while the child lives, and after.
 */
#include "served.h"

#include <leat/leat.h>
#include <leat/models.h>

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PACKETS 2000
#define TRIES	10000000	/* polls without a packet: the device is dead */

static unsigned int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void complain(void *arg, enum leat_log_level level, const char *message)
{
	unsigned int *lines = arg;

	if (level <= LEAT_LOG_WARNING) {
		print_message("%s\n", message);
		++*lines;
	}
}

static void send_one(struct leat_txq *tx, uint32_t number)
{
	struct leat_pkt *pkt;
	char *data;

	assert_int_equal(leat_pkt_alloc(tx->cache, &pkt, 1), 1);
	data = leat_pkt_append(pkt, 64);
	memset(data, 0xff, 64);
	memcpy(data + 14, &number, sizeof(number));
	while (!leat_tx(tx, &pkt, 1))
		;
}

/* Through the loop, one by one, each recognised. */
static void exchange(struct leat_port *port, uint32_t from)
{
	struct leat_rxq *rx = leat_port_rxq(port, 0);

	for (uint32_t i = from; i < from + PACKETS; i++) {
		struct leat_pkt *pkt;
		unsigned int tries = 0;
		uint32_t number;

		send_one(leat_port_txq(port, 0), i);
		while (!leat_rx(rx, &pkt, 1)) {
			if (++tries == TRIES)
				fail_msg("packet %u did not come back", i);
			if (!(tries % 64))
				sched_yield();
		}
		memcpy(&number, (char *)leat_pkt_data(pkt) + 14, sizeof(number));
		assert_int_equal(number, i);
		leat_pkt_free_to(rx->cache, &pkt, 1);
	}
}

struct pipes {
	int	up[2], down[2];
};

/* What the child finds wrong is its exit status. */
static _Noreturn void child(struct leat_ctx *ctx, const struct leat_mem *mem, unsigned int fds,
			    unsigned int *lines, const struct pipes *p)
{
	unsigned char resident;
	char byte;

	leat_ctx_forget(ctx);
	if (count_fds() != fds)
		_exit(2);
	if (!mincore(mem->va, 4096, &resident) || errno != ENOMEM)
		_exit(3);		/* still mapped */
	if (*lines)
		_exit(4);
	if (write(p->up[1], "", 1) != 1 || read(p->down[0], &byte, 1) != 1)
		_exit(5);
	_exit(0);
}

static void fork_at_work(const char *addr)
{
	unsigned int lines = 0, before;
	struct leat_ctx_config cfg = { .page_size = 4096, .drivers = leat_drivers,
				       .models = leat_models, .log = complain, .log_arg = &lines,
				       .log_level = LEAT_LOG_WARNING };
	struct leat_port *port;
	struct leat_ctx *ctx;
	struct leat_mem mem;
	struct pipes p;
	char byte;
	int status;
	pid_t pid;

	assert_int_equal(pipe(p.up), 0);
	assert_int_equal(pipe(p.down), 0);
	before = count_fds();
	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	if (leat_port_open(ctx, addr, NULL, &port))
		fail_msg("%s", leat_ctx_error(ctx));
	assert_int_equal(leat_mem_alloc(ctx, 4096, 4096, &mem), 0);
	exchange(port, 0);

	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		child(ctx, &mem, before, &lines, &p);
	close(p.up[1]);
	if (read(p.up[0], &byte, 1) == 1) {
		exchange(port, PACKETS);
		assert_int_equal(leat_ctx_poll(ctx), 0);
		assert_int_equal(write(p.down[1], "", 1), 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);

	exchange(port, 2 * PACKETS);
	assert_int_equal(leat_ctx_poll(ctx), 0);
	assert_false(leat_port_gone(port));
	leat_port_close(port);
	assert_int_equal(leat_port_open(ctx, addr, NULL, &port), 0);
	exchange(port, 3 * PACKETS);
	leat_ctx_close(ctx);
	assert_int_equal(lines, 0);
	assert_int_equal(count_fds(), before - 1);
	close(p.up[0]);
	close(p.down[0]);
	close(p.down[1]);
}

static void over_sim(void **state)
{
	(void)state;
	fork_at_work("sim:virtio-net,wire=loop");
}

static void over_vfio_user(void **state)
{
	struct served nic;

	(void)state;
	served_start(&nic);
	fork_at_work(nic.addr);
	served_stop(&nic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(over_sim),
		cmocka_unit_test(over_vfio_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
