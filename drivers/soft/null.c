// SPDX-License-Identifier: BSD-3-Clause
/*
 * null.c - the driver of "null:[size=BYTES]": every poll receives a burst of frames
 * nobody sent, whatever is sent is freed. What remains is the cost of the framework:
 * each packet is allocated, described as a driver describes it, and freed.
 *
 * The frames' bytes are whatever the buffers held.
 */
#include "soft.h"

#include <leat/bits.h>
#include <leat/driver/core.h>
#include <leat/driver/dev.h>
#include <leat/drivers.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_DEFAULT 64
#define SIZE_MIN     14

struct null_port {
	struct leat_port base;
	uint16_t	size;		/* of received frames, bytes */
};

struct null_rxq {
	struct leat_rxq	base;
	uint16_t	size;
};

static struct null_port *null_of(struct leat_port *port)
{
	return LEAT_CONTAINER_OF(port, struct null_port, base);
}

static uint16_t null_rx(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	uint16_t size = LEAT_CONTAINER_OF(base, struct null_rxq, base)->size;
	uint16_t most = LEAT_MIN(n, (uint16_t)LEAT_POOL_CACHE_MAX);
	uint16_t got = (uint16_t)leat_pkt_alloc(base->cache, pkts, most);

	if (LEAT_UNLIKELY(!got)) {
		leat_store_relaxed(&base->nobuf, base->nobuf + (n != 0));
		return 0;
	}
	LEAT_UNROLL
	for (unsigned int i = 0; i < got; i++) {	/* alloc has settled the rest, flags too */
		pkts[i]->len = size;
		pkts[i]->total = size;
	}
	leat_soft_count_rx(base, got, (uint64_t)got * size);
	return got;
}

static uint16_t null_tx(struct leat_txq *q, struct leat_pkt **pkts, uint16_t n)
{
	leat_soft_count_tx(q, n, leat_soft_bytes(pkts, n));
	leat_pkt_free_to(q->cache, pkts, n);
	return n;
}

/* "", or "size=BYTES". */
static int null_attach(struct leat_port *port)
{
	const char *rest = leat_dev_rest(port->dev);
	unsigned int size = SIZE_DEFAULT;
	char end;

	if (*rest && (sscanf(rest, "size=%5u%c", &size, &end) != 1 || size < SIZE_MIN ||
		      size > UINT16_MAX - LEAT_PKT_HEADROOM))
		return leat_fail(port->ctx, -EINVAL, "%s: \"%s\" is no option of a null port: give "
				 "size=BYTES, %d to %d", port->name, rest, SIZE_MIN,
				 UINT16_MAX - LEAT_PKT_HEADROOM);
	leat_soft_fill(port, 0);
	null_of(port)->size = (uint16_t)size;
	return 0;
}

static int null_configure(struct leat_port *port)
{
	unsigned int room = leat_pool_buf_size(port->cfg.pool), size = null_of(port)->size;

	if (size > room)
		return leat_fail(port->ctx, -EINVAL, "%s: frames of %u bytes do not fit into the "
				 "pool's buffers of %u: ask for less, or for larger buffers",
				 port->name, size, room);
	snprintf(port->info, sizeof(port->info), "%u byte frames from nowhere, %u rx and %u tx queues",
		 size, port->cfg.rxqs, port->cfg.txqs);
	return 0;
}

static int null_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out)
{
	struct null_rxq *q = leat_soft_queue(port, sizeof(*q));

	(void)id;
	if (!q)
		return -ENOMEM;
	q->base.direct = null_rx;
	q->base.fd = q->base.event = -1;
	q->size = null_of(port)->size;
	*out = &q->base;
	return 0;
}

static int null_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out)
{
	struct leat_txq *q = leat_soft_queue(port, sizeof(*q));

	(void)id;
	if (!q)
		return -ENOMEM;
	q->direct = null_tx;
	*out = q;
	return 0;
}

const struct leat_driver leat_null = {
	.name = "null",
	.scheme = "null",
	.port_size = sizeof(struct null_port),
	.attach = null_attach,
	.detach = leat_soft_detach,
	.configure = null_configure,
	.rxq_setup = null_rxq_setup,
	.rxq_free = leat_soft_rxq_free,
	.txq_setup = null_txq_setup,
	.txq_free = leat_soft_txq_free,
	.start = leat_soft_start,
	.stop = leat_soft_stop,
	.forget = leat_soft_forget,
	.link = leat_soft_link,
	.rxq_start = leat_soft_rxq_start,
	.rxq_stop = leat_soft_rxq_stop,
	.txq_start = leat_soft_txq_start,
	.txq_stop = leat_soft_txq_stop,
};
