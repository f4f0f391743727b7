// SPDX-License-Identifier: BSD-3-Clause
/*
 * ports.c - frames between ports on one cable.
 */
#include "ports.h"

#include <sched.h>
#include <string.h>

#define ETH_LEN	  14
#define FRAME_MIN 60
#define FRAME_MAX 1514
#define HANDFUL	  128u	/* packets asked for at a time */
#define ETHERTYPE 0x88b5	/* IEEE 802, for local experiments */

static void on_event(void *arg, struct leat_port *port, enum leat_event event)
{
	struct end *end = arg;

	(void)port;
	end->events[event]++;
}

void end_open(struct end *end, struct leat_ctx *ctx, struct ear *ear, const char *addr,
	      const struct leat_port_config *cfg)
{
	struct leat_port_config mine = cfg ? *cfg : (struct leat_port_config){ 0 };

	memset(end, 0, sizeof(*end));
	mine.event = on_event;
	mine.event_arg = end;
	ear_clear(ear);
	need(leat_port_open(ctx, addr, &mine, &end->port), ear->error, "%s opens", addr);
	end->rxq = leat_port_rxq(end->port, 0);
	end->txq = leat_port_txq(end->port, 0);
}

void end_close(struct end *end)
{
	leat_port_close(end->port);
	end->port = NULL;
}

void frame_fill(uint8_t *to, uint16_t len, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + len;

	memset(to, 0xff, 6);
	memcpy(to + 6, "\x02leat!", 6);
	to[12] = ETHERTYPE >> 8;
	to[13] = ETHERTYPE & 0xff;
	for (uint16_t i = ETH_LEN; i < len; i++) {
		x = x * 1103515245u + 12345u;
		to[i] = (uint8_t)(x >> 16);
	}
}

bool frame_is(const struct leat_pkt *pkt, uint16_t len, uint32_t seed)
{
	static uint8_t want[UINT16_MAX], got[UINT16_MAX];

	if (pkt->total != len)
		return false;
	frame_fill(want, len, seed);
	return leat_pkt_read(pkt, 0, got, len) == len && !memcmp(got, want, len);
}

bool frame_send(struct end *from, struct leat_pool_cache *cache, uint16_t len, uint32_t seed)
{
	struct leat_pkt *pkt;
	uint8_t *data;

	if (!leat_pkt_alloc(cache, &pkt, 1))
		return false;
	data = leat_pkt_append(pkt, len);
	if (data)
		frame_fill(data, len, seed);
	if (data && leat_tx(from->txq, &pkt, 1))
		return true;
	leat_pkt_free(&pkt, 1);
	return false;
}

bool frame_comes(struct end *to, uint16_t len, uint32_t seed, int ms)
{
	uint64_t until = leat_now_ns() + (uint64_t)ms * 1000000;

	do {
		struct leat_pkt *pkt;
		bool right;

		if (!leat_rx(to->rxq, &pkt, 1)) {
			sched_yield();
			continue;
		}
		right = frame_is(pkt, len, seed);
		leat_pkt_free(&pkt, 1);
		if (right)
			return true;
	} while (leat_now_ns() < until);
	return false;
}

bool frames_pass(struct end *from, struct end *to, unsigned int n, uint32_t seed)
{
	for (unsigned int i = 0; i < n; i++) {
		uint16_t len = (uint16_t)(FRAME_MIN + (seed + i * 97) % (FRAME_MAX - FRAME_MIN));

		if (!frame_send(from, from->txq->cache, len, seed + i) ||
		    !frame_comes(to, len, seed + i, COMES_MS))
			return false;
		leat_tx(from->txq, NULL, 0);
	}
	return true;
}

unsigned int pool_list(struct leat_pool *pool, struct leat_pkt **pkts, unsigned int n)
{
	struct leat_pool_cache *cache;
	unsigned int got = 0, part;

	if (leat_pool_cache_create(pool, 0, &cache))
		return 0;
	do {
		part = leat_pkt_alloc(cache, pkts + got, LEAT_MIN(n - got, HANDFUL));
		got += part;
	} while (part && got < n);
	leat_pkt_free_to(cache, pkts, got);
	leat_pool_cache_destroy(cache);
	return got;
}

bool event_comes(struct leat_ctx *ctx, struct end *end, enum leat_event event, int ms)
{
	uint64_t until = leat_now_ns() + (uint64_t)ms * 1000000;

	while (!end->events[event] && leat_now_ns() < until) {
		struct leat_pkt *pkt;

		leat_tx(end->txq, NULL, 0);
		if (leat_rx(end->rxq, &pkt, 1))
			leat_pkt_free(&pkt, 1);
		leat_ctx_poll(ctx);
		sched_yield();
	}
	return end->events[event];
}
