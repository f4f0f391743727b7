// SPDX-License-Identifier: BSD-3-Clause
/*
 * physprobe - is memory in a context of physical addresses where it says it is?
 *
 *	physprobe MIB
 *
 * Sets so much aside, makes packets of two sizes until it is full and a few rings,
 * and asks the kernel, page by page, for the first and last byte of each. Says what
 * is wrong, status 1; or how many packets were right.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <leat/leat.h>

#define FRAME (UINT64_MAX >> 9)		/* of a pagemap entry */

static uint64_t phys_of(int pagemap, const char *at)
{
	uint64_t entry = 0, page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (pread(pagemap, &entry, sizeof(entry), (off_t)((uintptr_t)at / page * 8)) !=
	    (ssize_t)sizeof(entry))
		return 0;
	return (entry & FRAME) * page + (uintptr_t)at % page;
}

/* Are the @len bytes at @va at @iova and behind it? */
static bool right(int pagemap, const char *va, uint64_t iova, size_t len)
{
	for (size_t off = 0; off < len; off += 4096)
		if (phys_of(pagemap, va + off) != iova + off)
			return false;
	return phys_of(pagemap, va + len - 1) == iova + len - 1;
}

/* As many packets of that size as there is memory for, or -1. */
static int check_pool(struct leat_ctx *ctx, int pagemap, unsigned int count, unsigned int size)
{
	const struct leat_pool_config cfg = { .count = count, .buf_size = size };
	struct leat_pool_cache *cache;
	struct leat_pool *pool;
	struct leat_pkt *pkt;
	int n = 0;

	if (leat_pool_create(ctx, &cfg, &pool) || leat_pool_cache_create(pool, 1, &cache))
		return -1;
	for (; leat_pkt_alloc(cache, &pkt, 1); n++)
		if (!right(pagemap, pkt->buf, pkt->iova, pkt->cap))
			return -1;
	return n;
}

static bool check_ring(struct leat_ctx *ctx, int pagemap, size_t len)
{
	struct leat_mem mem;

	if (leat_mem_alloc(ctx, len, 4096, &mem))
		return false;
	return right(pagemap, mem.va, mem.iova, len) && leat_mem_iova(&mem, 64) == mem.iova + 64;
}

static void say(void *arg, enum leat_log_level level, const char *message)
{
	(void)arg;
	(void)level;
	puts(message);
}

int main(int argc, char **argv)
{
	struct leat_ctx_config cfg = { .iova = LEAT_IOVA_PHYS, .log = say };
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), small, large;
	struct leat_ctx *ctx;

	if (argc < 2) {
		fprintf(stderr, "usage: physprobe MIB\n");
		return 2;
	}
	cfg.mem_size = strtoul(argv[1], NULL, 0) << 20;
	if (leat_ctx_open(&cfg, &ctx))
		return 1;
	small = check_pool(ctx, pagemap, 2000, 2048);
	large = check_pool(ctx, pagemap, 500, 9216);
	if (small != 2000 || large != 500 || !check_ring(ctx, pagemap, 65536) ||
	    !check_ring(ctx, pagemap, 2u << 20)) {
		printf("wrong, or not there: %d small packets, %d large ones, or a ring\n", small,
		       large);
		return 1;
	}
	printf("right: %d packets\n", small + large);
	leat_ctx_close(ctx);
	return 0;
}
