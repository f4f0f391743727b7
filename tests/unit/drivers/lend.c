// SPDX-License-Identifier: BSD-3-Clause
/*
 * lend.c - packets in the application's own memory, sent from where devices may only
 * read and received into where they may write, through a port that is open already
 * and through one that is opened later.
 */
#include "served.h"

#include <leat/leat.h>
#include <leat/models.h>

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define ROOM	((size_t)4 << 20)
#define PACKETS 500
#define TRIES	10000000	/* polls without a packet: the device is dead */

struct lent {
	char		*buf;
	struct leat_mem	mem;
	struct leat_pool *pool;
	struct leat_pool_cache *cache;
};

static void lend(struct leat_ctx *ctx, struct lent *l, unsigned int flags)
{
	struct leat_pool_config cfg = { .mem = &l->mem };

	l->buf = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(l->buf, MAP_FAILED);
	if (leat_dma_map(ctx, l->buf, ROOM, flags, &l->mem))
		fail_msg("%s", leat_ctx_error(ctx));
	assert_int_equal(leat_pool_create(ctx, &cfg, &l->pool), 0);
	assert_int_equal(leat_pool_cache_create(l->pool, 0, &l->cache), 0);
}

static void give_back(struct leat_ctx *ctx, struct lent *l)
{
	assert_int_equal(leat_pool_available(l->pool) + l->cache->n, leat_pool_count(l->pool));
	leat_pool_destroy(l->pool);
	leat_dma_unmap(ctx, &l->mem);
	munmap(l->buf, ROOM);
}

static bool lies_in(const struct lent *l, const void *data)
{
	return (const char *)data >= l->buf && (const char *)data < l->buf + ROOM;
}

static void send_one(struct leat_port *port, struct lent *from, uint32_t number)
{
	struct leat_pkt *pkt;
	char *data;

	assert_int_equal(leat_pkt_alloc(from->cache, &pkt, 1), 1);
	data = leat_pkt_append(pkt, 1000);
	memset(data, (int)(number & 0xff), 1000);
	memcpy(data + 14, &number, sizeof(number));
	assert_true(lies_in(from, data));
	while (!leat_tx(leat_port_txq(port, 0), &pkt, 1))
		;
}

/* A peer that gets at the memory by messages is served by leat_ctx_poll(). */
static void receive_one(struct leat_ctx *ctx, struct leat_port *port, const struct lent *into,
			uint32_t number)
{
	struct leat_rxq *rx = leat_port_rxq(port, 0);
	unsigned int tries = 0;
	struct leat_pkt *pkt;
	uint32_t got;
	char *data;

	while (!leat_rx(rx, &pkt, 1)) {
		if (++tries == TRIES)
			fail_msg("packet %u did not come back", number);
		assert_int_equal(leat_ctx_poll(ctx), 0);
		if (!(tries % 64))
			sched_yield();
	}
	data = leat_pkt_data(pkt);
	assert_true(lies_in(into, data));
	assert_int_equal(pkt->total, 1000);
	memcpy(&got, data + 14, sizeof(got));
	assert_int_equal(got, number);
	assert_int_equal((unsigned char)data[999], number & 0xff);
	leat_pkt_free_to(rx->cache, &pkt, 1);
}

static void exchange(struct leat_ctx *ctx, const char *addr, struct lent *from, struct lent *into)
{
	const struct leat_port_config cfg = { .pool = into->pool };
	struct leat_port *port;

	if (leat_port_open(ctx, addr, &cfg, &port))
		fail_msg("%s", leat_ctx_error(ctx));
	assert_int_equal(leat_port_promisc(port, true), 0);
	for (uint32_t i = 0; i < PACKETS; i++) {
		send_one(port, from, i);
		receive_one(ctx, port, into, i);
	}
	leat_port_close(port);
}

static void send_and_receive(const char *addr)
{
	struct leat_ctx_config cfg = { .page_size = 4096, .drivers = leat_drivers,
				       .models = leat_models };
	struct lent from, into;
	struct leat_port *port;
	struct leat_ctx *ctx;

	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	lend(ctx, &into, 0);
	lend(ctx, &from, LEAT_DMA_READ_ONLY);
	exchange(ctx, addr, &from, &into);
	give_back(ctx, &from);

	/* Memory that comes while another port is open is shown to that one as well. */
	assert_int_equal(leat_port_open(ctx, "sim:virtio-net", NULL, &port), 0);
	lend(ctx, &from, LEAT_DMA_READ_ONLY);
	exchange(ctx, addr, &from, &into);
	leat_port_close(port);
	give_back(ctx, &from);
	give_back(ctx, &into);
	leat_ctx_close(ctx);
}

static void over_sim(void **state)
{
	(void)state;
	send_and_receive("sim:virtio-net,wire=loop");
}

/* By messages: there is no descriptor behind the memory. */
static void over_vfio_user(void **state)
{
	struct served nic;

	(void)state;
	served_start(&nic);
	send_and_receive(nic.addr);
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
