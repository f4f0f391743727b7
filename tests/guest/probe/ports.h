// SPDX-License-Identifier: BSD-3-Clause
/*
 * ports.h - ports that hang on one cable: QEMU joins their NICs by a hub, so that what one
 * sends the others receive, and a test needs nobody outside the guest.
 */
#ifndef PROBE_PORTS_H
#define PROBE_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/leat.h>

#include "check.h"

/* Milliseconds until what must happen has happened, and for which what must not is awaited. */
#define COMES_MS 10000
#define STAYS_MS 100

/* A port, its events counted. */
struct end {
	struct leat_port *port;
	struct leat_rxq	*rxq;
	struct leat_txq	*txq;
	unsigned int	events[LEAT_EVENT_GONE + 1];
};

/* Opens a port or ends the program. @cfg may be NULL; its event callback is ours. */
void end_open(struct end *end, struct leat_ctx *ctx, struct ear *ear, const char *addr,
	      const struct leat_port_config *cfg);
void end_close(struct end *end);

/* A frame of @len bytes that its length and @seed decide, to everybody. */
void frame_fill(uint8_t *to, uint16_t len, uint32_t seed);
bool frame_is(const struct leat_pkt *pkt, uint16_t len, uint32_t seed);

/* Sends one of @cache's packets with that frame. False: no packet, no room, or not taken. */
bool frame_send(struct end *from, struct leat_pool_cache *cache, uint16_t len, uint32_t seed);

/* Waits for that frame, whatever else comes before it. False: it did not come. */
bool frame_comes(struct end *to, uint16_t len, uint32_t seed, int ms);

/* @n frames from one end to another, sizes of all sorts, each looked at. */
bool frames_pass(struct end *from, struct end *to, unsigned int n, uint32_t seed);

/* All @n packets of a pool that nobody has used, to lay hands on them. They stay where they are. */
unsigned int pool_list(struct leat_pool *pool, struct leat_pkt **pkts, unsigned int n);

/* Looks after the ports until the event has come. False: it did not. */
bool event_comes(struct leat_ctx *ctx, struct end *end, enum leat_event event, int ms);

#endif
