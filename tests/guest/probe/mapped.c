// SPDX-License-Identifier: BSD-3-Clause
/*
 * mapped.c - probe-mapped A B: memory of the application's own, mapped for devices.
 *
 * Ordinary anonymous pages, scattered as they come, carry one jumbo frame as if they lay side
 * by side: the IOMMU makes it so. Mapped read-only, they can be sent from and not be received
 * into. A and B are NICs on one cable.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ports.h"

#define PAGE	4096u
#define PAGES	256u
#define BUF	9216u		/* a jumbo frame's room */
#define COUNT	64u
#define MTU	9000
#define JUMBO	(14 + MTU)

struct lent {
	uint8_t		*va;
	struct leat_mem	mem;
	struct leat_pool *pool;
	struct leat_pool_cache *cache;
};

static struct ear ear;

/* Pages that neighbour each other here and nowhere else: each second one moved, from the end. */
static uint8_t *scattered(void)
{
	const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	uint8_t *from = mmap(NULL, 2 * PAGES * PAGE, prot, flags, -1, 0);
	uint8_t *to = mmap(NULL, PAGES * PAGE, PROT_NONE, flags, -1, 0);

	need(from == MAP_FAILED || to == MAP_FAILED, "no memory", "pages");
	madvise(from, 2 * PAGES * PAGE, MADV_NOHUGEPAGE);
	memset(from, 0, 2 * PAGES * PAGE);
	for (unsigned int i = 0; i < PAGES; i++) {
		uint8_t *page = from + (2 * PAGES - 1 - 2 * i) * PAGE;

		need(mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + i * PAGE) ==
		     MAP_FAILED, "mremap", "a page moves");
	}
	return to;
}

static void lend(struct lent *l, struct leat_ctx *ctx, unsigned int flags)
{
	struct leat_pool_config pc = { .count = COUNT, .buf_size = BUF, .mem = &l->mem };

	l->va = scattered();
	need(leat_dma_map(ctx, l->va, PAGES * PAGE, flags, &l->mem), ear.error, "pages are mapped");
	need(leat_pool_create(ctx, &pc, &l->pool), ear.error, "a pool in them");
	need(leat_pool_cache_create(l->pool, COUNT, &l->cache), ear.error, "its cache");
}

static void take_back(struct lent *l, struct leat_ctx *ctx)
{
	leat_pool_cache_destroy(l->cache);
	leat_pool_destroy(l->pool);
	leat_dma_unmap(ctx, &l->mem);
	munmap(l->va, PAGES * PAGE);
}

static bool jumbos_pass(struct end *a, struct end *b, struct lent *from, uint32_t seed)
{
	for (uint32_t i = 0; i < COUNT; i++) {
		if (!frame_send(a, from->cache, JUMBO, seed + i) ||
		    !frame_comes(b, JUMBO, seed + i, COMES_MS))
			return false;
		leat_tx(a->txq, NULL, 0);
	}
	return true;
}

static void try_own(struct leat_ctx *ctx, char **addr)
{
	struct leat_pool_config pc = { .count = 600, .buf_size = BUF };
	struct leat_port_config cfg = { .mtu = MTU };
	struct lent own;
	struct end a, b;
	pid_t pid;

	need(leat_pool_create(ctx, &pc, &cfg.pool), ear.error, "a pool of long buffers");
	end_open(&a, ctx, &ear, addr[0], &cfg);
	end_open(&b, ctx, &ear, addr[1], &cfg);
	lend(&own, ctx, 0);
	check_num(leat_mem_iova(&own.mem, PAGE), own.mem.iova + PAGE, "own: the address of a byte");
	check(jumbos_pass(&a, &b, &own, 1), "own: jumbo frames are sent from scattered pages");

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(0);
	check(jumbos_pass(&a, &b, &own, 2), "own: and beside a child");
	waitpid(pid, NULL, 0);
	check(jumbos_pass(&a, &b, &own, 3), "own: and after it");
	end_close(&a);
	end_close(&b);
	take_back(&own, ctx);
	leat_pool_destroy(cfg.pool);
}

/* The library sees it coming. */
static void try_refused(struct leat_ctx *ctx, const char *addr, const struct lent *ro)
{
	const struct leat_port_config cfg = { .pool = ro->pool };
	struct leat_port *port;

	ear_clear(&ear);
	check_err(leat_port_open(ctx, addr, &cfg, &port), -EINVAL,
		  "read-only: no port receives into such a pool");
	check_says(ear.error, "only read", "read-only: and that is said");
}

/* If it did not: buffers of an ordinary pool, whose device addresses are those of @ro. */
static void try_receive_into(struct leat_ctx *ctx, struct end *b, const char *addr,
			     const struct lent *ro)
{
	struct leat_pool_config pc = { .count = COUNT, .buf_size = BUF };
	struct leat_port_config cfg = { .mtu = MTU, .rx_desc = COUNT / 2, .no_start = true };
	size_t log = kernel_log_calm();
	struct leat_pkt *pkts[COUNT];
	leat_iova_t home[COUNT];
	struct end a;
	bool stays = true;

	need(leat_pool_create(ctx, &pc, &cfg.pool), ear.error, "a pool to receive into");
	check_num(pool_list(cfg.pool, pkts, COUNT), COUNT, "read-only: every packet is at hand");
	end_open(&a, ctx, &ear, addr, &cfg);
	for (unsigned int i = 0; i < COUNT; i++) {
		home[i] = pkts[i]->iova;
		pkts[i]->iova = leat_mem_iova(&ro->mem, 0);
	}
	memset(ro->va, 0xa5, PAGES * PAGE);
	need(leat_port_start(a.port), ear.error, "read-only: starts");
	frame_send(b, b->txq->cache, JUMBO, 6);
	check(event_comes(ctx, &a, LEAT_EVENT_ERROR, COMES_MS),
	      "read-only: the device asks for a reset when it is to write there");
	check(kernel_log_comes(log, "fault addr"), "read-only: the kernel logs the fault");
	for (unsigned int i = 0; i < PAGES * PAGE; i++)
		stays = stays && ro->va[i] == 0xa5;
	check(stays, "read-only: nothing was written");

	leat_port_stop(a.port);
	for (unsigned int i = 0; i < COUNT; i++)
		pkts[i]->iova = home[i];
	end_close(&a);
	leat_pool_destroy(cfg.pool);
}

static void try_read_only(struct leat_ctx *ctx, char **addr)
{
	struct leat_pool_config pc = { .count = 600, .buf_size = BUF };
	struct leat_port_config cfg = { .mtu = MTU };
	struct lent ro;
	struct end a, b;

	need(leat_pool_create(ctx, &pc, &cfg.pool), ear.error, "a pool of long buffers");
	end_open(&a, ctx, &ear, addr[0], &cfg);
	end_open(&b, ctx, &ear, addr[1], &cfg);
	lend(&ro, ctx, LEAT_DMA_READ_ONLY);
	check(jumbos_pass(&a, &b, &ro, 4), "read-only: jumbo frames are sent from there");
	end_close(&a);
	try_refused(ctx, addr[0], &ro);
	try_receive_into(ctx, &b, addr[0], &ro);
	end_close(&b);
	take_back(&ro, ctx);
	leat_pool_destroy(cfg.pool);
}

int main(int argc, char **argv)
{
	struct leat_ctx *ctx;

	if (argc != 3) {
		fprintf(stderr, "usage: probe-mapped SCHEME:BDF SCHEME:BDF\n");
		return 2;
	}
	ctx = open_ctx(&ear, 32u << 20, false);
	try_own(ctx, argv + 1);
	try_read_only(ctx, argv + 1);
	leat_ctx_close(ctx);
	return check_end();
}
