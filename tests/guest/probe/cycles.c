// SPDX-License-Identifier: BSD-3-Clause
/*
 * cycles.c - probe-cycles N ports|contexts A B: port A opens and closes N times, and nothing
 * stays behind.
 *
 * A and B hang on one cable; B stays open. In each life A sends and receives a few frames. The
 * lives share a context, or have one each. Descriptors, maps that the IOMMU has left, and locked
 * memory must be at the end what they were.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/driver/dev.h>
#include <leat/driver/driver.h>

#include "bus/vfio/space.h"
#include "ports.h"

#define MEM_SIZE ((size_t)4 << 20)
#define PACKETS	 1024u

struct books {
	unsigned int	fds;
	uint64_t	locked;		/* KiB, by whichever count the kernel uses */
	uint32_t	maps_left;	/* of A's domain, when it was just opened */
	uint64_t	pinned;
};

static uint64_t locked_kib(void)
{
	return status_kib("VmLck") + status_kib("VmPin");
}

/* A context's memory holds one pool of the size that a life needs. */
static struct leat_pool *small_pool(struct leat_ctx *ctx, struct ear *ear)
{
	struct leat_pool_config cfg = { .count = PACKETS };
	struct leat_pool *pool;

	need(leat_pool_create(ctx, &cfg, &pool), ear->error, "a pool");
	return pool;
}

static bool one_life(struct leat_ctx *ctx, struct ear *ear, struct leat_pool *pool,
		     const char *addr, struct end *b, uint32_t seed, struct books *books)
{
	const struct leat_port_config cfg = { .pool = pool };
	const struct vfio_space *space;
	struct end a;
	bool passed;

	end_open(&a, ctx, ear, addr, &cfg);
	space = LEAT_CONTAINER_OF(a.port->dev->as, struct vfio_space, as);
	books->maps_left = space->as.maps_left;
	books->pinned = space->pinned;
	passed = frames_pass(&a, b, 3, seed) && frames_pass(b, &a, 3, seed);
	end_close(&a);
	books->fds = count_fds();
	books->locked = locked_kib();
	return passed;
}

static void compare(const struct books *now, const struct books *first, const char *what)
{
	check_num(now->fds, first->fds, "%s: descriptors", what);
	check_num(now->locked, first->locked, "%s: KiB locked", what);
	check_num(now->maps_left, first->maps_left, "%s: maps left", what);
	check_num(now->pinned, first->pinned, "%s: bytes pinned", what);
}

/* Lives in one context. */
static void try_ports(unsigned int n, struct leat_ctx *ctx, struct ear *ear,
		      struct leat_pool *pool, const char *addr, struct end *b)
{
	struct books first, now;
	unsigned int passed = one_life(ctx, ear, pool, addr, b, 0, &first);

	for (unsigned int i = 1; i < n; i++)
		passed += one_life(ctx, ear, pool, addr, b, i, &now);
	check_num(passed, n, "ports: lives in which frames passed");
	compare(&now, &first, "ports");
}

/* Each life in a context of its own. */
static void try_contexts(unsigned int n, const char *addr, struct end *b)
{
	struct books first, now;
	unsigned int passed = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct ear ear = { .loud = false };
		struct leat_ctx *ctx = open_ctx(&ear, MEM_SIZE, false);

		passed += one_life(ctx, &ear, small_pool(ctx, &ear), addr, b, i, &now);
		leat_ctx_close(ctx);
		now.fds = count_fds();
		now.locked = locked_kib();
		if (!i)
			first = now;
	}
	check_num(passed, n, "contexts: lives in which frames passed");
	compare(&now, &first, "contexts");
}

int main(int argc, char **argv)
{
	unsigned int n = argc == 5 ? (unsigned int)strtoul(argv[1], NULL, 10) : 0;
	unsigned int fds = count_fds();
	uint64_t locked = locked_kib();
	struct leat_port_config cfg = { .rxqs = 1 };
	struct ear ear = { .loud = false };
	struct leat_ctx *ctx;
	struct end b;

	if (n < 2) {
		fprintf(stderr, "usage: probe-cycles N ports|contexts SCHEME:BDF SCHEME:BDF\n");
		return 2;
	}
	ctx = open_ctx(&ear, MEM_SIZE, false);
	cfg.pool = small_pool(ctx, &ear);
	end_open(&b, ctx, &ear, argv[4], &cfg);
	check(locked_kib() >= MEM_SIZE / 1024, "the kernel counts what is locked");
	if (!strcmp(argv[2], "ports"))
		try_ports(n, ctx, &ear, cfg.pool, argv[3], &b);
	else
		try_contexts(n, argv[3], &b);
	end_close(&b);
	leat_ctx_close(ctx);
	check_num(count_fds(), fds, "in the end: descriptors");
	check_num(locked_kib(), locked, "in the end: KiB locked");
	return check_end();
}
