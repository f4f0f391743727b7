// SPDX-License-Identifier: BSD-3-Clause
/*
 * frontend.c - the driver's end of the benchmark between two processes:
 *
 *   bench-frontend tx|rx|loop vfio-user:SOCKET CPU SECONDS
 *
 * tx allocates, writes whole 64-byte frames and sends them (the NIC's checker
 * knows their content by key 7); rx receives, checks every byte, frees; loop
 * sends back what it receives. Prints, of windows of 0.2 s after a warm-up, the
 * rates and the busy cycles per packet, and for rx what was wrong.
 */
#include "apps/nicd/frame.h"

#include <leat/leat.h>

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BURST	32
#define SIZE	64
#define KEY	7
#define WARM_UP	0.5
#define WINDOW	0.2
#define WINDOWS 100

struct end {
	struct leat_rxq	*rx;
	struct leat_txq	*tx;
	struct leat_pool_cache *cache;
	struct stream	stream;
	uint64_t	seq, bad;
	struct leat_pkt	*pkts[BURST];
	uint16_t	held;
	void		(*write)(struct end *e);
};

/* A frame: as few stores as the CPU makes of it. */
typedef uint64_t line __attribute__((vector_size(SIZE), may_alias));

static inline __attribute__((always_inline)) void write_lines(struct end *e)
{
	line whole = *(const line *)(const void *)e->stream.head;

	for (unsigned int i = e->held; i < BURST; i++, e->seq++) {
		whole[FRAME_SEQ / 8] = LEAT_SWAP64(e->seq);
		whole[FRAME_DATA / 8] = LEAT_SWAP64(frame_content(&e->stream, e->seq));
		*(line *)leat_pkt_append(e->pkts[i], SIZE) = whole;
	}
}

static void write_plain(struct end *e)
{
	write_lines(e);
}

#if defined(__x86_64__)
static __attribute__((target("avx512f"))) void write_avx512(struct end *e)
{
	write_lines(e);
}

static void (*write_for_cpu(void))(struct end *e)
{
	return __builtin_cpu_supports("avx512f") ? write_avx512 : write_plain;
}
#else
static void (*write_for_cpu(void))(struct end *e)
{
	return write_plain;
}
#endif

/* What tx does in a round: fill up to a burst, send what fits. Returns packets moved. */
static unsigned int round_tx(struct end *e)
{
	uint16_t sent, fresh = (uint16_t)(BURST - e->held);

	if (leat_pkt_alloc(e->cache, e->pkts + e->held, fresh)) {
		/* The device read them last: fetch all their lines before the first is written. */
		for (unsigned int i = e->held; i < BURST; i++)
			leat_prefetch_write(leat_pkt_data(e->pkts[i]));
		e->write(e);
		e->held = BURST;
	}
	sent = leat_tx(e->tx, e->pkts, e->held);
	e->held = (uint16_t)(e->held - sent);
	if (e->held)
		memmove(e->pkts, e->pkts + sent, e->held * sizeof(e->pkts[0]));
	return sent;
}

static uint64_t differs(const struct end *e, const struct leat_pkt *pkt)
{
	const uint8_t *p = leat_pkt_data(pkt);
	uint64_t bad = pkt->len ^ SIZE;

	for (unsigned int i = 0; i < FRAME_WORDS; i++)
		bad |= frame_load(p + 8 * i) ^ e->stream.head[i];
	bad |= frame_load(p + FRAME_SEQ) ^ e->seq;
	return bad | frame_body_differs(p, frame_content(&e->stream, e->seq), SIZE);
}

static unsigned int round_rx(struct end *e)
{
	uint16_t n = leat_rx(e->rx, e->pkts, BURST);

	for (uint16_t i = 0; i < n; i++, e->seq++)
		e->bad += differs(e, e->pkts[i]) != 0;
	if (n)
		leat_pkt_free_to(e->cache, e->pkts, n);
	return n;
}

static unsigned int round_loop(struct end *e)
{
	uint16_t sent;

	e->held = (uint16_t)(e->held + leat_rx(e->rx, e->pkts + e->held, (uint16_t)(BURST - e->held)));
	if (!e->held)
		return 0;
	sent = leat_tx(e->tx, e->pkts, e->held);
	e->held = (uint16_t)(e->held - sent);
	if (e->held)
		memmove(e->pkts, e->pkts + sent, e->held * sizeof(e->pkts[0]));
	return sent;
}

struct figures {
	double		rate[WINDOWS];
	unsigned int	n;
	uint64_t	busy, moved;
};

static void measure(struct end *e, unsigned int (*work)(struct end *e), double seconds,
		    struct figures *f)
{
	uint64_t hz = leat_cycles_hz(), start = leat_cycles(), last = start;
	uint64_t window = start + (uint64_t)(WARM_UP * (double)hz);
	uint64_t length = (uint64_t)(WINDOW * (double)hz), in_window = 0;
	bool warm = false;

	while (last - start < (uint64_t)(seconds * (double)hz) && f->n < WINDOWS) {
		unsigned int moved = work(e);
		uint64_t now = leat_cycles();

		if (moved && warm) {
			f->busy += now - last;
			f->moved += moved;
			in_window += moved;
		}
		if (now > window) {
			if (warm)
				f->rate[f->n++] = (double)in_window / WINDOW / 1e6;
			warm = true;
			in_window = 0;
			window = now + length;
		}
		last = now;
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int open_port(struct leat_ctx *ctx, const char *addr, struct end *e)
{
	const struct leat_pool_config pool_cfg = { .count = 2048 };
	struct leat_port_config cfg = { .no_start = true, .offloads = LEAT_OFFLOADS_NONE };
	struct leat_port *port;
	int err = leat_pool_create(ctx, &pool_cfg, &cfg.pool);

	if (!err)
		err = leat_pool_cache_create(cfg.pool, 0, &e->cache);
	cfg.rx_cache[0] = cfg.tx_cache[0] = e->cache;
	if (!err)
		err = leat_port_open(ctx, addr, &cfg, &port);
	if (!err)
		err = leat_port_promisc(port, true);	/* generators do not know its address */
	if (!err)
		err = leat_port_start(port);
	if (err)
		return err;
	e->rx = leat_port_rxq(port, 0);
	e->tx = leat_port_txq(port, 0);
	return 0;
}

static unsigned int (*work_of(const char *mode))(struct end *e)
{
	return !strcmp(mode, "tx") ? round_tx : !strcmp(mode, "rx") ? round_rx :
	       !strcmp(mode, "loop") ? round_loop : NULL;
}

int main(int argc, char **argv)
{
	struct leat_ctx_config ctx_cfg = { .drivers = leat_drivers };
	static struct figures f;
	static struct end e;
	struct leat_ctx *ctx;
	cpu_set_t cpus;

	if (argc != 5 || !work_of(argv[1])) {
		fprintf(stderr, "usage: bench-frontend tx|rx|loop vfio-user:SOCKET CPU SECONDS\n");
		return 2;
	}
	CPU_ZERO(&cpus);
	CPU_SET(atoi(argv[3]), &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	e.write = write_for_cpu();
	frame_stream_init(&e.stream, 0, KEY, 1, SIZE, SIZE);
	if (leat_ctx_open(&ctx_cfg, &ctx) || open_port(ctx, argv[2], &e)) {
		fprintf(stderr, "bench-frontend: %s\n", ctx ? leat_ctx_error(ctx) : ctx_cfg.error);
		return 1;
	}
	measure(&e, work_of(argv[1]), atof(argv[4]), &f);
	qsort(f.rate, f.n, sizeof(f.rate[0]), by_value);
	printf("FE %s mpps=%.3f min=%.3f max=%.3f busy=%.1f bad=%" PRIu64 "\n", argv[1],
	       f.n ? f.rate[f.n / 2] : 0.0, f.n ? f.rate[0] : 0.0, f.n ? f.rate[f.n - 1] : 0.0,
	       f.moved ? (double)f.busy / (double)f.moved : 0.0, e.bad);
	leat_ctx_close(ctx);
	return e.bad != 0;
}
