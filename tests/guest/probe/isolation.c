// SPDX-License-Identifier: BSD-3-Clause
/*
 * isolation.c - probe-isolation A B C: what a device may not reach it does not reach.
 *
 * Three ports on one cable. A is made to send from, and to receive into, a buffer that begins
 * in memory mapped for it and ends outside. Nothing may move, canaries beside it stay, the
 * kernel logs A's fault, A's port says that its device asks for a reset; B and C go on. After a
 * restart A is as good as new.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <leat/driver/dev.h>
#include <leat/driver/driver.h>

#include "ports.h"

#define PAGE	 4096u
#define EDGE	 16u		/* bytes of the buffer that are mapped */
#define CANARY	 0xa5
#define RX_COUNT 64u
#define BUF	 9216u		/* longer than what QEMU lends for an address that leads nowhere */
#define LONG	 8000

struct field {
	struct leat_ctx	*ctx;
	struct ear	ear;
	char		**addr;
	struct end	b, c;
	uint8_t		*pages;		/* three, the middle one mapped for devices */
	struct leat_mem	mem;		/* it */
};

static const struct leat_port_config jumbo = { .mtu = 9000 };

static bool canaries_stay(const struct field *f)
{
	for (unsigned int i = 0; i < 3 * PAGE; i++)
		if (f->pages[i] != CANARY)
			return false;
	return true;
}

static bool anything_comes(struct end *end)
{
	uint64_t until = leat_now_ns() + STAYS_MS * UINT64_C(1000000);
	struct leat_pkt *pkt;

	while (leat_now_ns() < until) {
		if (leat_rx(end->rxq, &pkt, 1)) {
			leat_pkt_free(&pkt, 1);
			return true;
		}
	}
	return false;
}

/* Bus, device and function as the kernel's log has them: "[01:00.0]". */
static void log_name(const char *addr, char *text, size_t size)
{
	snprintf(text, size, "[%s]", strchr(strchr(addr, ':') + 1, ':') + 1);
}

/* The packet's first data byte now lies @EDGE bytes before the end of the mapped page. */
static void aim(const struct field *f, struct leat_pkt *pkt)
{
	pkt->iova = f->mem.iova + PAGE - EDGE - pkt->off;
}

static void check_broken(struct field *f, struct end *a, size_t log, const char *what)
{
	char name[32];

	check(event_comes(f->ctx, a, LEAT_EVENT_ERROR, COMES_MS),
	      "%s: the port says that the device asks for a reset", what);
	check_says(f->ear.error, f->addr[0], "%s: in a sentence", what);
	printf("# %s\n", f->ear.error);
	log_name(f->addr[0], name, sizeof(name));
	check(kernel_log_comes(log, name) && kernel_log_comes(log, "fault addr"),
	      "%s: the kernel logs the fault of %s", what, name);
	check(canaries_stay(f), "%s: the canaries stay", what);
	check_num(a->events[LEAT_EVENT_GONE], 0, "%s: the port is not gone", what);
	check(frames_pass(&f->b, &f->c, 20, 7), "%s: the other ports go on", what);
}

static void check_restart(struct field *f, struct end *a, const char *what)
{
	leat_port_stop(a->port);
	need(leat_port_start(a->port), f->ear.error, "%s: starts again", what);
	check(frames_pass(a, &f->b, 20, 1) && frames_pass(&f->b, a, 20, 2),
	      "%s: started again, frames pass both ways", what);
	check_num(a->events[LEAT_EVENT_ERROR], 1, "%s: the error was told once", what);
}

static void try_send(struct field *f)
{
	const char *what = "send";
	struct leat_pkt *pkt;
	leat_iova_t home;
	struct end a;
	size_t log;

	end_open(&a, f->ctx, &f->ear, f->addr[0], &jumbo);
	check(frames_pass(&a, &f->b, 20, 3), "%s: frames pass before", what);

	log = kernel_log_calm();
	ear_clear(&f->ear);
	check(leat_pkt_alloc(a.txq->cache, &pkt, 1), "%s: a packet to spare", what);
	pkt->len = LONG;
	pkt->total = LONG;
	home = pkt->iova;
	aim(f, pkt);
	check_num(leat_tx(a.txq, &pkt, 1), 1, "%s: the driver takes it", what);
	check(!anything_comes(&f->b), "%s: nothing is sent", what);
	check_broken(f, &a, log, what);

	leat_port_stop(a.port);
	pkt->iova = home;
	check_restart(f, &a, what);
	end_close(&a);
}

static void try_receive(struct field *f)
{
	struct leat_pool_config pc = { .count = RX_COUNT, .buf_size = BUF };
	struct leat_port_config cfg = { .rx_desc = RX_COUNT / 2, .mtu = 9000,
					.no_start = true };
	leat_iova_t home[RX_COUNT];
	struct leat_pkt *pkts[RX_COUNT];
	const char *what = "receive";
	struct leat_pool *pool;
	struct end a;
	size_t log;

	need(leat_pool_create(f->ctx, &pc, &pool), f->ear.error, "%s: a pool", what);
	cfg.pool = pool;
	end_open(&a, f->ctx, &f->ear, f->addr[0], &cfg);
	check_num(pool_list(pool, pkts, RX_COUNT), RX_COUNT, "%s: every packet is at hand", what);
	for (unsigned int i = 0; i < RX_COUNT; i++) {
		home[i] = pkts[i]->iova;
		aim(f, pkts[i]);
	}
	need(leat_port_start(a.port), f->ear.error, "%s: starts", what);

	log = kernel_log_calm();
	ear_clear(&f->ear);
	check(frame_send(&f->b, f->b.txq->cache, 1000, 5), "%s: a frame is sent to it", what);
	check(frame_comes(&f->c, 1000, 5, COMES_MS), "%s: others receive the frame", what);
	check_broken(f, &a, log, what);

	leat_port_stop(a.port);
	for (unsigned int i = 0; i < RX_COUNT; i++)
		pkts[i]->iova = home[i];
	check_restart(f, &a, what);
	end_close(&a);
	leat_pool_destroy(pool);
}

int main(int argc, char **argv)
{
	static struct field f;

	if (argc != 4) {
		fprintf(stderr, "usage: probe-isolation SCHEME:BDF SCHEME:BDF SCHEME:BDF\n");
		return 2;
	}
	f.addr = argv + 1;
	f.ctx = open_ctx(&f.ear, 64u << 20, false);
	f.pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(f.pages == MAP_FAILED, "no memory", "canaries");
	memset(f.pages, CANARY, 3 * PAGE);

	end_open(&f.b, f.ctx, &f.ear, argv[2], &jumbo);
	end_open(&f.c, f.ctx, &f.ear, argv[3], &jumbo);
	need(leat_dma_map(f.ctx, f.pages + PAGE, PAGE, 0, &f.mem), f.ear.error, "a page is mapped");
	try_send(&f);
	try_receive(&f);
	leat_dma_unmap(f.ctx, &f.mem);
	end_close(&f.b);
	end_close(&f.c);
	leat_ctx_close(f.ctx);
	return check_end();
}
