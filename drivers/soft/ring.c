// SPDX-License-Identifier: BSD-3-Clause
/*
 * ring.c - the driver of "ring:NAME", opened twice in one context: what one end sends the
 * other receives, on the queue of the same number. Packets change hands, no byte is copied.
 *
 * A way is an SP/SC ring from one end's transmit queue to the other's receive queue; it is
 * there while either is. Its size is what the first of them asked for.
 */
#include "soft.h"

#include <leat/bits.h>
#include <leat/driver/core.h>
#include <leat/driver/dev.h>
#include <leat/drivers.h>
#include <leat/ring.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct way {
	struct leat_spsc *ring;
	unsigned int	users;		/* queues set up: 0 to 2 */
};

/* Two ends of one name. */
struct pair {
	struct pair	*next;
	struct ring_port *end[2];	/* NULL: not open */
	struct way	way[2][LEAT_PORT_QUEUES_MAX];	/* from that end */
	char		name[];
};

struct ring_port {
	struct leat_port base;
	struct pair	*pair;
	unsigned int	end;		/* which of the two */
};

struct ring_rxq {
	struct leat_rxq	base;
	struct leat_spsc *ring;
	struct way	*way;
};

struct ring_txq {
	struct leat_txq	base;
	struct leat_spsc *ring;
	struct way	*way;
};

static struct ring_port *ring_of(struct leat_port *port)
{
	return LEAT_CONTAINER_OF(port, struct ring_port, base);
}

static struct ring_rxq *rxq_of(struct leat_rxq *q)
{
	return LEAT_CONTAINER_OF(q, struct ring_rxq, base);
}

static struct ring_txq *txq_of(struct leat_txq *q)
{
	return LEAT_CONTAINER_OF(q, struct ring_txq, base);
}

/* ---- the data path ---- */

static uint16_t ring_rx(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	uint16_t got = (uint16_t)leat_spsc_pop(rxq_of(base)->ring, (void **)pkts, n);

	if (!got)
		return 0;
	for (uint16_t i = 0; i < got; i++)
		leat_prefetch(pkts[i]);
	leat_soft_count_rx(base, got, leat_soft_bytes(pkts, got));
	return got;
}

/* Bytes are counted before: what was pushed is the other end's. */
static uint16_t ring_tx(struct leat_txq *base, struct leat_pkt **pkts, uint16_t n)
{
	uint64_t bytes = leat_soft_bytes(pkts, n);
	uint16_t sent = (uint16_t)leat_spsc_push(txq_of(base)->ring, (void *const *)pkts, n);

	bytes -= leat_soft_bytes(pkts + sent, (uint16_t)(n - sent));
	leat_soft_count_tx(base, sent, bytes);
	return sent;
}

/* ---- pairs ---- */

static void forget_pairs(void *data)
{
	struct pair *p = data;

	while (p) {
		struct pair *next = p->next;

		for (unsigned int i = 0; i < 2 * LEAT_PORT_QUEUES_MAX; i++)
			leat_spsc_destroy(p->way[i % 2][i / 2].ring);
		free(p);
		p = next;
	}
}

static struct pair *find_pair(struct leat_ctx *ctx, const char *name)
{
	struct pair *p = leat_ctx_slot(ctx, LEAT_SLOT_RINGS)->data;

	while (p && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}

static struct pair *new_pair(struct leat_ctx *ctx, const char *name)
{
	struct leat_ctx_slot *slot = leat_ctx_slot(ctx, LEAT_SLOT_RINGS);
	struct pair *p = calloc(1, sizeof(*p) + strlen(name) + 1);

	if (!p)
		return NULL;
	memcpy(p->name, name, strlen(name) + 1);
	p->next = slot->data;
	slot->data = p;
	slot->forget = forget_pairs;	/* and nothing at close: ports go first, the last takes it along */
	return p;
}

static void free_pair(struct leat_ctx *ctx, struct pair *pair)
{
	struct leat_ctx_slot *slot = leat_ctx_slot(ctx, LEAT_SLOT_RINGS);

	if (slot->data == pair) {
		slot->data = pair->next;
	} else {
		struct pair *p = slot->data;

		while (p->next != pair)
			p = p->next;
		p->next = pair->next;
	}
	free(pair);
}

static struct leat_port *peer_of(const struct ring_port *r)
{
	struct ring_port *peer = r->pair->end[!r->end];

	return peer ? &peer->base : NULL;
}

static int ring_attach(struct leat_port *port)
{
	struct ring_port *r = ring_of(port);
	const char *name = leat_dev_rest(port->dev);
	struct pair *pair = find_pair(port->ctx, name);

	if (!pair)
		pair = new_pair(port->ctx, name);
	if (!pair)
		return leat_fail(port->ctx, -ENOMEM, "%s: out of memory", port->name);
	if (pair->end[0] && pair->end[1])
		return leat_fail(port->ctx, -EBUSY, "%s: both ends are open already: close one, or "
				 "choose another name", port->name);
	r->end = pair->end[0] != NULL;
	r->pair = pair;
	pair->end[r->end] = r;
	leat_soft_fill(port, r->end);
	port->caps.pow2_desc = true;
	return 0;
}

static void ring_detach(struct leat_port *port)
{
	struct ring_port *r = ring_of(port);

	r->pair->end[r->end] = NULL;
	if (!peer_of(r))
		free_pair(port->ctx, r->pair);
}

static int ring_configure(struct leat_port *port)
{
	snprintf(port->info, sizeof(port->info), "end %u, %u rx and %u tx queues of %u/%u, zero copy",
		 ring_of(port)->end, port->cfg.rxqs, port->cfg.txqs, port->cfg.rx_desc,
		 port->cfg.tx_desc);
	return 0;
}

/* ---- ways ---- */

static void drain(struct leat_spsc *ring)
{
	struct leat_pkt *pkts[32];
	unsigned int n;

	while ((n = leat_spsc_pop(ring, (void **)pkts, LEAT_ARRAY_LEN(pkts))) != 0)
		leat_pkt_free(pkts, n);
}

static unsigned int slots(const struct leat_spsc *ring)
{
	return ring->mask + 1;
}

static int way_take(struct leat_port *port, struct way *way, unsigned int id, unsigned int size)
{
	if (way->ring && slots(way->ring) != size)
		return leat_fail(port->ctx, -EINVAL, "%s: queue %u: %u descriptors asked, the other "
				 "end has made the ring of %u: ask for as many", port->name, id, size,
				 slots(way->ring));
	if (!way->ring && leat_spsc_create(size, &way->ring))
		return leat_fail(port->ctx, -ENOMEM, "%s: queue %u: no memory for a ring of %u",
				 port->name, id, size);
	way->users++;
	return 0;
}

static void way_leave(struct way *way)
{
	if (--way->users)
		return;
	drain(way->ring);
	leat_spsc_destroy(way->ring);
	way->ring = NULL;
}

static int ring_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out)
{
	struct ring_port *r = ring_of(port);
	struct ring_rxq *q = leat_soft_queue(port, sizeof(*q));
	struct way *way = &r->pair->way[!r->end][id];
	int err;

	if (!q)
		return -ENOMEM;
	err = way_take(port, way, id, port->cfg.rx_desc);
	if (err) {
		free(q);
		return err;
	}
	q->base.direct = ring_rx;
	q->base.fd = q->base.event = -1;
	q->way = way;
	q->ring = way->ring;
	*out = &q->base;
	return 0;
}

static void ring_rxq_free(struct leat_rxq *q)
{
	way_leave(rxq_of(q)->way);
	free(q);
}

static int ring_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out)
{
	struct ring_port *r = ring_of(port);
	struct ring_txq *q = leat_soft_queue(port, sizeof(*q));
	struct way *way = &r->pair->way[r->end][id];
	int err;

	if (!q)
		return -ENOMEM;
	err = way_take(port, way, id, port->cfg.tx_desc);
	if (err) {
		free(q);
		return err;
	}
	q->base.direct = ring_tx;
	q->way = way;
	q->ring = way->ring;
	*out = &q->base;
	return 0;
}

static void ring_txq_free(struct leat_txq *q)
{
	way_leave(txq_of(q)->way);
	free(q);
}

/* ---- running ---- */

/* The link is up while both ends run; each start and stop is news for the other. */
static void tell_peer(struct leat_port *port)
{
	struct leat_port *peer = peer_of(ring_of(port));

	if (peer && peer->started)
		leat_port_notify(peer, LEAT_EVENT_LINK);
}

static int ring_start(struct leat_port *port)
{
	tell_peer(port);
	return 0;
}

static void ring_rxq_stop(struct leat_rxq *q)
{
	drain(rxq_of(q)->ring);
}

static void ring_stop(struct leat_port *port)
{
	for (unsigned int i = 0; i < port->cfg.rxqs; i++)
		ring_rxq_stop(port->rxq[i]);
	tell_peer(port);
}

static void ring_link(struct leat_port *port, struct leat_link *out)
{
	const struct leat_port *peer = peer_of(ring_of(port));

	*out = (struct leat_link){ .up = port->started && peer && peer->started,
				   .full_duplex = true };
}

const struct leat_driver leat_ring = {
	.name = "ring",
	.scheme = "ring",
	.port_size = sizeof(struct ring_port),
	.attach = ring_attach,
	.detach = ring_detach,
	.configure = ring_configure,
	.rxq_setup = ring_rxq_setup,
	.rxq_free = ring_rxq_free,
	.txq_setup = ring_txq_setup,
	.txq_free = ring_txq_free,
	.start = ring_start,
	.stop = ring_stop,
	.forget = leat_soft_forget,
	.link = ring_link,
	.rxq_start = leat_soft_rxq_start,
	.rxq_stop = ring_rxq_stop,
	.txq_start = leat_soft_txq_start,
	.txq_stop = leat_soft_txq_stop,
};
