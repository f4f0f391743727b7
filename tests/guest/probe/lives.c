// SPDX-License-Identifier: BSD-3-Clause
/*
 * lives.c - probe-lives A B... [msix]: a NIC's lives, all being on one cable; by no interrupts
 * but MSI-X.
 *
 * It tests itself; a queue of it stops alone, where it can; all of them together start and stop
 * a hundred times under traffic; and after somebody was killed with one receiving, it writes
 * nowhere until it is started.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <leat/diag.h>
#include <leat/filter.h>

#include "ports.h"

#define CYCLES	 100	/* of all ends, at least */
#define ENDS_MAX 8
#define PACKETS	 1024u
#define WATCHED	 512u
#define CANARY	 0xc5

/* ---- self test ---- */

static void try_self_test(struct leat_ctx *ctx, struct ear *ear, const char *addr,
			  enum leat_intr intr, const char *name)
{
	struct leat_port_config cfg = { .intr = intr, .no_start = true };
	struct leat_self_test t[8];
	struct end a;
	int n;

	end_open(&a, ctx, ear, addr, &cfg);
	n = leat_port_self_test(a.port, t, LEAT_ARRAY_LEN(t));
	check(n > 0, "%s: the NIC tests itself: %s", name, n > 0 ? "" : ear->error);
	for (int i = 0; i < n; i++)
		check(t[i].verdict == LEAT_TEST_PASSED, "%s: %s: %s", name, t[i].name, t[i].why);
	check_err(leat_port_start(a.port), 0, "%s: it starts afterwards", name);
	check_err(leat_port_self_test(a.port, t, 1), -EBUSY, "%s: running, it has no time", name);
	end_close(&a);
}

/* ---- one queue ---- */

static void try_queues(struct leat_ctx *ctx, struct ear *ear, char **addr)
{
	struct leat_pkt *none = NULL;
	struct end a, b;
	int err;

	end_open(&b, ctx, ear, addr[1], NULL);
	end_open(&a, ctx, ear, addr[0], NULL);
	check(frames_pass(&a, &b, 20, 1), "frames pass");
	err = leat_txq_stop(a.txq);
	if (err != -ENOTSUP) {
		check_err(err, 0, "the transmit queue stops");
		check(!frame_send(&a, a.txq->cache, 100, 7), "it takes nothing");
		check_num(leat_tx(a.txq, &none, 0), 0, "nor collects");
		check_err(leat_txq_start(a.txq), 0, "it starts");
		check(frames_pass(&a, &b, 20, 2), "frames pass again");
	}
	err = leat_rxq_stop(b.rxq);
	if (err != -ENOTSUP) {
		check_err(err, 0, "the receive queue stops");
		frame_send(&a, a.txq->cache, 100, 8);
		check(!frame_comes(&b, 100, 8, STAYS_MS), "it gives nothing");
		check_err(leat_rxq_start(b.rxq), 0, "it starts");
		check(frames_pass(&a, &b, 20, 3), "frames pass again");
	}
	end_close(&a);
	end_close(&b);
}

/* ---- a hundred lives ---- */

static void send_some(struct end *from, unsigned int n)
{
	for (uint32_t i = 0; i < n; i++) {
		frame_send(from, from->txq->cache, 1000, i);
		if (i % 32 == 31)
			poll(NULL, 0, 1);
		leat_tx(from->txq, NULL, 0);
	}
}

/* From each to the next: all hear all, and drop what others are to check. */
static bool frames_go_round(struct end *ends, unsigned int n, uint32_t seed)
{
	for (unsigned int i = 0; i < n; i++)
		if (!frames_pass(&ends[i], &ends[(i + 1) % n], 3, seed))
			return false;
	return true;
}

/* Some frames are on their way when one stops, and while it is stopped. 0 or what a start says. */
static int restart(struct end *ends, unsigned int n, unsigned int which)
{
	struct end *other = &ends[(which + 1) % n];

	send_some(other, 12);
	leat_port_stop(ends[which].port);
	send_some(other, 4);
	return leat_port_start(ends[which].port);
}

/* The links come up together: a round takes as long as one negotiation. */
static void try_cycles(struct leat_ctx *ctx, struct ear *ear, char **addr, unsigned int n)
{
	const struct leat_pool_config few = { .count = PACKETS };
	struct leat_port_config cfg[ENDS_MAX] = { 0 };
	unsigned int rounds = (CYCLES + n - 1) / n, passed = 0, started = 0;
	struct end ends[ENDS_MAX];

	for (unsigned int i = 0; i < n; i++) {
		need(leat_pool_create(ctx, &few, &cfg[i].pool), ear->error, "a pool");
		end_open(&ends[i], ctx, ear, addr[i], &cfg[i]);
	}
	for (uint32_t k = 0; k < rounds; k++) {
		passed += frames_go_round(ends, n, k);
		for (unsigned int i = 0; i < n; i++)
			started += !restart(ends, n, i);
	}
	check_num(passed, rounds, "rounds in which frames passed");
	check_num(started, rounds * n, "starts");
	for (unsigned int i = 0; i < n; i++)
		end_close(&ends[i]);
	for (unsigned int i = 0; i < n; i++)
		check_num(leat_pool_available(cfg[i].pool), PACKETS, "packets at home");
}

/* ---- after a violent death ---- */

/* Receives until it is killed. */
static _Noreturn void receive_for_ever(const char *addr, int ready)
{
	struct ear ear = { .loud = true };
	struct leat_ctx *ctx = open_ctx(&ear, 16u << 20, false);
	struct end b;

	end_open(&b, ctx, &ear, addr, NULL);
	leat_port_promisc(b.port, true);
	if (write(ready, "", 1) != 1)
		exit(1);
	for (;;)
		pause();
}

static pid_t start_victim(const char *addr)
{
	int ready[2];
	char byte;
	pid_t pid;

	need(pipe(ready), "pipe", "a pipe");
	fflush(stdout);
	pid = fork();
	if (!pid)
		receive_for_ever(addr, ready[1]);
	close(ready[1]);
	need(pid < 0 || read(ready[0], &byte, 1) != 1, "it ended", "somebody who receives");
	close(ready[0]);
	return pid;
}

static unsigned int touched(struct leat_pkt **pkts, unsigned int n)
{
	unsigned int bad = 0;

	for (unsigned int i = 0; i < n; i++)
		for (unsigned int k = 0; k < pkts[i]->cap; k++)
			if (((uint8_t *)pkts[i]->buf)[k] != CANARY) {
				bad++;
				break;
			}
	return bad;
}

static void try_death(char **addr)
{
	pid_t victim = start_victim(addr[1]);
	const struct leat_pool_config few = { .count = WATCHED };
	struct leat_port_config cfg = { .no_start = true };
	static struct leat_pkt *pkts[WATCHED];
	struct ear ear = { .loud = false };
	struct leat_ctx *ctx = open_ctx(&ear, 32u << 20, false);
	struct end a, b;
	unsigned int n;

	need(leat_pool_create(ctx, &few, &cfg.pool), ear.error, "a pool");
	n = pool_list(cfg.pool, pkts, WATCHED);
	check_num(n, WATCHED, "packets to watch");
	for (unsigned int i = 0; i < n; i++)
		memset(pkts[i]->buf, CANARY, pkts[i]->cap);
	end_open(&a, ctx, &ear, addr[0], NULL);
	send_some(&a, 500);
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
	send_some(&a, 500);
	end_open(&b, ctx, &ear, addr[1], &cfg);
	send_some(&a, 500);
	check_num(touched(pkts, n), 0, "packets written to before the start");
	check_err(leat_port_start(b.port), 0, "it starts after the other's death");
	check(frames_pass(&a, &b, 20, 5), "frames pass");
	end_close(&a);
	end_close(&b);
	leat_ctx_close(ctx);
}

int main(int argc, char **argv)
{
	struct ear ear = { .loud = false };
	bool msix = !strcmp(argv[argc - 1], "msix");
	struct leat_ctx *ctx;

	argc -= msix;
	if (argc < 3 || argc - 1 > ENDS_MAX) {
		fprintf(stderr, "usage: probe-lives ADDRESS ADDRESS... [msix]\n");
		return 2;
	}
	try_death(argv + 1);
	ctx = open_ctx(&ear, 32u << 20, false);
	try_self_test(ctx, &ear, argv[1], LEAT_INTR_MSIX, "MSI-X");
	if (!msix) {
		try_self_test(ctx, &ear, argv[1], LEAT_INTR_MSI, "MSI");
		try_self_test(ctx, &ear, argv[1], LEAT_INTR_INTX, "INTx");
	}
	try_queues(ctx, &ear, argv + 1);
	try_cycles(ctx, &ear, argv + 1, (unsigned int)argc - 1);
	leat_ctx_close(ctx);
	return check_end();
}
