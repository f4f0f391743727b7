// SPDX-License-Identifier: BSD-3-Clause
/*
 * mixed.c - probe-mixed A B C...: frames from each port to the next, the last one's to the first,
 * by moving pointers, until SIGTERM.
 *
 * That no driver copies bytes is not left to its word: once the ports run, this process takes
 * from itself the right to touch all pages of the pool's buffers but each one's first. The devices
 * still reach them; a CPU that reads or writes one is caught, and the program has failed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <leat/filter.h>

#include "ports.h"

#define ENDS_MAX 8
#define PACKETS	 2048u
#define BUFFER	 (16u << 10)	/* the longest frame in one */
#define PAGE	 4096u
#define BURST	 32
#define HEADS	 256u		/* bytes that a driver may want to see of a frame */

/* From one port to the next. */
struct hop {
	struct leat_rxq	*from;
	struct leat_txq	*to;
	struct leat_pkt	*held[BURST];
	uint16_t	nheld;
	uint64_t	frames, fenced;		/* moved; of them those with pages out of reach */
};

struct chain {
	struct leat_ctx	*ctx;
	struct ear	ear;
	struct leat_pool *pool;
	struct leat_pkt	*pkts[PACKETS];
	struct end	end[ENDS_MAX];
	struct hop	hop[ENDS_MAX];
	unsigned int	n;
};

static volatile sig_atomic_t over;

static void on_term(int sig)
{
	(void)sig;
	over = 1;
}

/* ---- the fence ---- */

static uintptr_t fence_start(const struct leat_pkt *pkt)
{
	return ((uintptr_t)pkt->buf + LEAT_PKT_HEADROOM + HEADS + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
}

static uintptr_t fence_end(const struct leat_pkt *pkt)
{
	return ((uintptr_t)pkt->buf + pkt->cap) & ~(uintptr_t)(PAGE - 1);
}

static int fence(const struct chain *c, int rights)
{
	for (unsigned int i = 0; i < PACKETS; i++) {
		uintptr_t start = fence_start(c->pkts[i]);

		if (mprotect((void *)start, fence_end(c->pkts[i]) - start, rights))
			return -1;
	}
	return 0;
}

static bool has_fenced_bytes(const struct leat_pkt *pkt)
{
	return (uintptr_t)pkt->buf + pkt->off + pkt->len > fence_start(pkt);
}

static _Noreturn void on_touch(int sig, siginfo_t *info, void *context)
{
	static const char words[] = "FAIL a CPU touched bytes that nobody but devices may touch\n";

	(void)sig;
	(void)info;
	(void)context;
	_exit(write(STDOUT_FILENO, words, sizeof(words) - 1) > 0 ? 1 : 2);
}

/* Who reads there in spite of it does not survive. */
static bool fence_stands(const struct chain *c)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		_exit(*(volatile uint8_t *)fence_start(c->pkts[PACKETS / 2]) & 0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGSEGV;
}

/* ---- the ports ---- */

static void open_chain(struct chain *c, char **addr, unsigned int n)
{
	const struct leat_pool_config pool = { .count = PACKETS, .buf_size = BUFFER };
	struct leat_port_config cfg = { .mtu = 9000, .no_start = true };

	c->ctx = open_ctx(&c->ear, 2 * PACKETS * (size_t)BUFFER, false);
	need(leat_pool_create(c->ctx, &pool, &c->pool), c->ear.error, "a pool");
	need(pool_list(c->pool, c->pkts, PACKETS) != PACKETS, "some are not there", "a list of packets");
	cfg.pool = c->pool;
	for (c->n = 0; c->n < n; c->n++) {
		end_open(&c->end[c->n], c->ctx, &c->ear, addr[c->n], &cfg);
		need(leat_port_promisc(c->end[c->n].port, true), c->ear.error, "promiscuous");
		need(leat_port_start(c->end[c->n].port), c->ear.error, "%s starts", addr[c->n]);
	}
	for (unsigned int i = 0; i < n; i++) {
		c->hop[i].from = c->end[i].rxq;
		c->hop[i].to = c->end[(i + 1) % n].txq;
	}
}

static void close_chain(struct chain *c)
{
	for (unsigned int i = 0; i < c->n; i++)
		leat_pkt_free(c->hop[i].held, c->hop[i].nheld);
	for (unsigned int i = 0; i < c->n; i++)
		end_close(&c->end[i]);
	check_num(leat_pool_available(c->pool), PACKETS, "packets at home");
	leat_pool_destroy(c->pool);
	leat_ctx_close(c->ctx);
}

/* ---- moving ---- */

static void move(struct hop *h)
{
	uint16_t room = (uint16_t)(BURST - h->nheld), given;

	h->nheld = (uint16_t)(h->nheld + leat_rx(h->from, h->held + h->nheld, room));
	for (uint16_t i = (uint16_t)(BURST - room); i < h->nheld; i++)
		h->fenced += has_fenced_bytes(h->held[i]);
	given = leat_tx(h->to, h->held, h->nheld);
	h->frames += given;
	h->nheld = (uint16_t)(h->nheld - given);
	memmove(h->held, h->held + given, h->nheld * sizeof(h->held[0]));
}

int main(int argc, char **argv)
{
	const struct sigaction touch = { .sa_sigaction = on_touch, .sa_flags = SA_SIGINFO };
	static struct chain c;

	if (argc < 3 || argc - 1 > ENDS_MAX) {
		fprintf(stderr, "usage: probe-mixed ADDRESS ADDRESS...\n");
		return 2;
	}
	signal(SIGTERM, on_term);
	sigaction(SIGSEGV, &touch, NULL);
	open_chain(&c, argv + 1, (unsigned int)argc - 1);
	need(fence(&c, PROT_NONE), "mprotect", "a fence");
	check(fence_stands(&c), "a CPU that reads behind the fence is caught");
	check(true, "it forwards");
	while (!over) {
		for (unsigned int i = 0; i < c.n; i++)
			move(&c.hop[i]);
		leat_ctx_poll(c.ctx);
	}
	for (unsigned int i = 0; i < c.n; i++)
		check(c.hop[i].fenced, "port %u to %u: of %llu frames %llu have bytes behind the fence",
		      i, (i + 1) % c.n, (unsigned long long)c.hop[i].frames,
		      (unsigned long long)c.hop[i].fenced);
	need(fence(&c, PROT_READ | PROT_WRITE), "mprotect", "the fence goes");
	close_chain(&c);
	return check_end();
}
