// SPDX-License-Identifier: BSD-3-Clause
/*
 * tap.c - the driver of "tap:INTERFACE": what the kernel's stack sends through a tap is
 * received, what is sent the stack receives. A system call a frame: for reaching the
 * kernel, not for speed.
 *
 * The interface is there from configure on, with as many queues as the port.
 */
#include "soft.h"

#include <leat/bits.h>
#include <leat/driver/core.h>
#include <leat/driver/dev.h>
#include <leat/driver/tap.h>
#include <leat/drivers.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPARE 32		/* buffers that a queue takes from its cache at a time */

struct tap_port {
	struct leat_port base;
	struct leat_tap_fds tap;
};

struct tap_rxq {
	struct leat_rxq	base;
	int		fd;
	uint32_t	room;		/* bytes in a buffer */
	unsigned int	nspare;
	struct leat_pkt	*spare[SPARE];
};

struct tap_txq {
	struct leat_txq	base;
	int		fd;
	uint32_t	longest;	/* frame, bytes */
};

static struct tap_port *tap_of(struct leat_port *port)
{
	return LEAT_CONTAINER_OF(port, struct tap_port, base);
}

static struct tap_rxq *rxq_of(struct leat_rxq *q)
{
	return LEAT_CONTAINER_OF(q, struct tap_rxq, base);
}

/* ---- the data path ---- */

static bool refill(struct tap_rxq *q)
{
	struct leat_rxq *base = &q->base;

	if (!q->nspare)
		q->nspare = leat_pkt_alloc(base->cache, q->spare, SPARE);
	if (!q->nspare)
		leat_store_relaxed(&base->nobuf, base->nobuf + 1);
	return q->nspare;
}

/* The stack is trusted no more than a device: offsets that lead outside are an error. */
static bool take_hdr(struct leat_pkt *pkt, const struct leat_tap_hdr *hdr)
{
	uint32_t start = leat_le16_to_cpu(hdr->csum_start), off = leat_le16_to_cpu(hdr->csum_off);

	if (hdr->flags & LEAT_TAP_NEEDS_CSUM) {
		pkt->flags |= LEAT_PKT_CSUM_PARTIAL;
		pkt->csum_start = (uint16_t)start;
		pkt->csum_off = (uint16_t)off;
		return start + off + 2 <= pkt->total;
	}
	if (hdr->flags & LEAT_TAP_DATA_VALID)
		pkt->flags |= LEAT_PKT_CSUM_GOOD;
	return !hdr->gso_type;
}

/* 1: a packet. 0: none there. -EBADMSG: one that is no good, and gone. */
static int receive(struct tap_rxq *q, struct leat_pkt **out)
{
	struct leat_pkt *pkt = q->spare[q->nspare - 1];
	struct leat_tap_hdr hdr;
	int got = leat_tap_read(q->fd, &hdr, leat_pkt_data(pkt), q->room);

	if (got == 0 || (got < 0 && got != -EMSGSIZE))
		return 0;		/* or the interface is down, or gone: perhaps for now */
	pkt->flags = 0;
	pkt->len = (uint16_t)LEAT_MAX(got, 0);
	pkt->total = pkt->len;
	if (got < 0 || !take_hdr(pkt, &hdr)) {
		leat_store_relaxed(&q->base.errors, q->base.errors + 1);
		return -EBADMSG;
	}
	q->nspare--;
	*out = pkt;
	return 1;
}

static uint16_t tap_rx(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n)
{
	struct tap_rxq *q = rxq_of(base);
	uint16_t got = 0;

	for (uint16_t tries = 0; tries < n && refill(q); tries++) {
		int one = receive(q, &pkts[got]);

		if (!one)
			break;
		got = (uint16_t)(got + (one > 0));
	}
	if (got)
		leat_soft_count_rx(base, got, leat_soft_bytes(pkts, got));
	return got;
}

static struct leat_tap_hdr make_hdr(const struct leat_pkt *pkt)
{
	struct leat_tap_hdr hdr = { .flags = 0 };

	if (pkt->flags & LEAT_PKT_CSUM_PARTIAL) {
		hdr.flags = LEAT_TAP_NEEDS_CSUM;
		hdr.csum_start = leat_cpu_to_le16(pkt->csum_start);
		hdr.csum_off = leat_cpu_to_le16(pkt->csum_off);
	}
	return hdr;
}

static int send(const struct tap_txq *q, const struct leat_pkt *pkt)
{
	const struct leat_tap_hdr hdr = make_hdr(pkt);

	if (pkt->total > q->longest || pkt->flags & (LEAT_PKT_TSO | LEAT_PKT_CSUM_CRC32C))
		return -EMSGSIZE;
	return leat_tap_write(q->fd, &hdr, pkt);
}

static uint16_t tap_tx(struct leat_txq *base, struct leat_pkt **pkts, uint16_t n)
{
	struct tap_txq *q = LEAT_CONTAINER_OF(base, struct tap_txq, base);
	uint64_t bytes = 0;
	uint16_t i, bad = 0;

	for (i = 0; i < n; i++) {
		int err = send(q, pkts[i]);

		if (err == -EAGAIN)
			break;
		bad = (uint16_t)(bad + (err != 0));
		bytes += err ? 0 : pkts[i]->total;
	}
	leat_pkt_free_to(base->cache, pkts, i);
	leat_soft_count_tx(base, (uint16_t)(i - bad), bytes);
	leat_store_relaxed(&base->errors, base->errors + bad);
	return i;
}

/* ---- the port ---- */

static int tap_attach(struct leat_port *port)
{
	leat_soft_fill(port, 0);
	port->caps.flags = LEAT_CAP_TX_SEGS | LEAT_CAP_RX_CSUM | LEAT_CAP_TX_CSUM | LEAT_CAP_LINK;
	port->caps.max_segs = LEAT_TAP_SEGS_MAX;
	return 0;
}

static void tap_detach(struct leat_port *port)
{
	leat_tap_close(&tap_of(port)->tap);
}

static int tap_configure(struct leat_port *port)
{
	const struct leat_port_config *cfg = &port->cfg;
	unsigned int queues = LEAT_MAX(cfg->rxqs, cfg->txqs), room = leat_pool_buf_size(cfg->pool);
	struct leat_tap_fds *tap = &tap_of(port)->tap;
	bool csum = cfg->offloads & LEAT_CAP_RX_CSUM;
	int err;

	if ((unsigned int)cfg->mtu + SOFT_ETH_LEN > room)
		return leat_fail(port->ctx, -EINVAL, "%s: frames with an MTU of %u do not fit into the "
				 "pool's buffers of %u: ask for less, or for larger buffers",
				 port->name, cfg->mtu, room);
	leat_tap_close(tap);
	err = leat_tap_open(port->ctx, port->name, leat_dev_rest(port->dev), queues, csum, tap);
	if (err)
		return err;
	snprintf(port->info, sizeof(port->info), "kernel tap, %u queues, a system call a frame%s", queues,
		 csum ? ", csum tx rx" : ", csum tx");
	return 0;
}

static int tap_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out)
{
	struct tap_rxq *q = leat_soft_queue(port, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->base.direct = tap_rx;
	q->base.fd = q->base.event = -1;
	q->fd = tap_of(port)->tap.fd[id];
	q->room = leat_pool_buf_size(port->cfg.pool);
	*out = &q->base;
	return 0;
}

static int tap_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out)
{
	struct tap_txq *q = leat_soft_queue(port, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->base.direct = tap_tx;
	q->fd = tap_of(port)->tap.fd[id];
	q->longest = port->cfg.mtu + SOFT_ETH_LEN;
	*out = &q->base;
	return 0;
}

static void tap_rxq_stop(struct leat_rxq *base)
{
	struct tap_rxq *q = rxq_of(base);

	leat_pkt_free(q->spare, q->nspare);
	q->nspare = 0;
}

static void tap_stop(struct leat_port *port)
{
	for (unsigned int i = 0; i < port->cfg.rxqs; i++)
		tap_rxq_stop(port->rxq[i]);
}

static void tap_forget(struct leat_port *port)
{
	leat_tap_close(&tap_of(port)->tap);
	leat_soft_forget(port);
}

const struct leat_driver leat_tap = {
	.name = "tap",
	.scheme = "tap",
	.port_size = sizeof(struct tap_port),
	.attach = tap_attach,
	.detach = tap_detach,
	.configure = tap_configure,
	.rxq_setup = tap_rxq_setup,
	.rxq_free = leat_soft_rxq_free,
	.txq_setup = tap_txq_setup,
	.txq_free = leat_soft_txq_free,
	.start = leat_soft_start,
	.stop = tap_stop,
	.forget = tap_forget,
	.link = leat_soft_link,
	.rxq_start = leat_soft_rxq_start,
	.rxq_stop = tap_rxq_stop,
	.txq_start = leat_soft_txq_start,
	.txq_stop = leat_soft_txq_stop,
};
