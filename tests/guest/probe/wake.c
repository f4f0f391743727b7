// SPDX-License-Identifier: BSD-3-Clause
/*
 * wake.c - probe-wake A B [msi|msix]: a packet wakes who sleeps on a queue's descriptor, by
 * MSI-X, by INTx unless that is all they have, and by MSI where they have it. A and B are addresses of NICs on one cable.
 *
 * One thread does both ends: B is armed and found empty, A sends, and then poll() on B's
 * descriptor must return. A queue that is not armed leaves its descriptor alone, and so does one
 * whose neighbour is meant.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <leat/rss.h>

#include "flows.h"

#define FRAMES 20
#define WAKES  10

static int wait_fd(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1 && (p.revents & POLLIN);
}

static bool empty(struct end *end)
{
	struct leat_pkt *pkt;
	bool none = true;

	while (leat_rx(end->rxq, &pkt, 1)) {
		leat_pkt_free(&pkt, 1);
		none = false;
	}
	return none;
}

/* Armed, with nothing there and no signal. Wake-ups without packets happen, but not for ever. */
static bool asleep(struct end *b, struct ear *ear, int fd, const char *name)
{
	for (unsigned int i = 0; i < WAKES; i++) {
		need(leat_rxq_arm(b->rxq), ear->error, "%s: arm", name);
		if (empty(b) && !wait_fd(fd, 0))
			return true;
	}
	return false;
}

/* Disarmed, with no signal left: an interrupt that was held back may still come, but no more. */
static bool calm(struct end *b, int fd)
{
	for (unsigned int i = 0; i < WAKES; i++) {
		leat_rxq_arm(b->rxq);	/* which forgets the signals so far */
		leat_rxq_disarm(b->rxq);
		if (!wait_fd(fd, STAYS_MS))
			return true;
	}
	return false;
}

static void try_by(struct leat_ctx *ctx, struct ear *ear, char **addr, enum leat_intr intr,
		   const char *name)
{
	struct leat_port_config cfg = { .intr = intr };
	unsigned int woken = 0, came = 0;
	struct end a, b;
	int fd;

	end_open(&a, ctx, ear, addr[0], &cfg);
	end_open(&b, ctx, ear, addr[1], &cfg);
	fd = leat_rxq_fd(b.rxq);
	check(fd >= 0, "%s: the queue has a descriptor", name);

	for (uint32_t i = 0; i < FRAMES; i++) {
		if (!asleep(&b, ear, fd, name))
			break;
		frame_send(&a, a.txq->cache, 100, i);
		woken += (unsigned int)wait_fd(fd, COMES_MS);
		leat_rxq_disarm(b.rxq);
		came += frame_comes(&b, 100, i, COMES_MS);
		leat_tx(a.txq, NULL, 0);
	}
	check_num(woken, FRAMES, "%s: packets that woke the sleeper", name);
	check_num(came, FRAMES, "%s: packets that were there then", name);

	check(calm(&b, fd), "%s: disarmed, it falls silent", name);
	frame_send(&a, a.txq->cache, 100, FRAMES);
	check(frame_comes(&b, 100, FRAMES, COMES_MS), "%s: a packet to be polled comes", name);
	check(!wait_fd(fd, STAYS_MS), "%s: and wakes nobody", name);
	end_close(&a);
	end_close(&b);
}

/* A flow of queue 1: it wakes who sleeps there, and lets who sleeps on queue 0 sleep on. */
static void try_second(struct rig *r)
{
	static const struct flow flow = { .family = AF_INET, .src = "10.1.2.3", .dst = "10.4.5.6",
					  .sport = 1000, .dport = 2000 };
	const struct leat_port_config two = { .rxqs = 2, .intr = LEAT_INTR_MSIX };
	unsigned int woken = 0, undisturbed = 0;
	struct leat_rxq *first;
	struct leat_rss rss;
	struct frame f;
	struct got got;

	open_both(r, NULL, &two);
	leat_port_rss_get(r->b.port, &rss);
	memset(rss.reta, 1, rss.reta_len);
	check_err(leat_port_rss(r->b.port, &rss), 0, "all flows to queue 1");
	compose(&f, r, &flow, TCP, FLOW_PAYLOAD);
	first = r->b.rxq;
	for (unsigned int i = 0; i < FRAMES; i++) {
		r->b.rxq = first;
		if (!asleep(&r->b, &r->ear, leat_rxq_fd(first), "queue 0"))
			break;
		r->b.rxq = leat_port_rxq(r->b.port, 1);
		if (!asleep(&r->b, &r->ear, leat_rxq_fd(r->b.rxq), "queue 1"))
			break;
		ship_frame(&r->a, &f);
		woken += (unsigned int)wait_fd(leat_rxq_fd(r->b.rxq), COMES_MS);
		undisturbed += !wait_fd(leat_rxq_fd(first), 0);
		leat_rxq_disarm(r->b.rxq);
		leat_rxq_disarm(first);
		if (!take(&r->b, &got, COMES_MS) || got.queue != 1)
			break;
	}
	check_num(woken, FRAMES, "packets that woke who slept on queue 1");
	check_num(undisturbed, FRAMES, "packets that let who slept on queue 0 sleep");
	close_both(r);
}

static bool spreads(struct rig *r)
{
	struct leat_caps caps;

	open_both(r, NULL, NULL);
	leat_port_caps(r->b.port, &caps);
	close_both(r);
	return caps.max_rxqs > 1 && caps.rss_types;
}

int main(int argc, char **argv)
{
	struct rig r = { .addr = argv + 1 };

	if (argc != 3 && (argc != 4 || (strcmp(argv[3], "msi") && strcmp(argv[3], "msix")))) {
		fprintf(stderr, "usage: probe-wake ADDRESS ADDRESS [msi|msix]\n");
		return 2;
	}
	r.ctx = open_ctx(&r.ear, 32u << 20, false);
	try_by(r.ctx, &r.ear, r.addr, LEAT_INTR_MSIX, "MSI-X");
	if (argc == 3 || !strcmp(argv[3], "msi"))
		try_by(r.ctx, &r.ear, r.addr, LEAT_INTR_INTX, "INTx");
	if (argc == 4 && !strcmp(argv[3], "msi"))
		try_by(r.ctx, &r.ear, r.addr, LEAT_INTR_MSI, "MSI");
	if (spreads(&r))
		try_second(&r);
	leat_ctx_close(r.ctx);
	return check_end();
}
