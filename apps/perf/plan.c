// SPDX-License-Identifier: BSD-3-Clause
/*
 * plan.c - ports, streams and the lanes that run them.
 *
 * As testpmd lays them out: a stream for each port and queue, ordered by queue, dealt out
 * to the lanes in runs of equal length. So with as many lanes as queues each lane has one
 * queue of every port, both ways, and shares nothing with the others.
 */
#include "perf.h"

#include "gen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_SIZE 2048		/* bytes of a buffer, at least */

static unsigned int queues(const struct options *opt)
{
	return LEAT_MIN(opt->rxq, opt->txq);
}

static unsigned int to_port(const struct options *opt, unsigned int i)
{
	if (opt->mode->loops || opt->topology == TOPOLOGY_LOOP)
		return i;
	if (opt->topology == TOPOLOGY_CHAINED)
		return (i + 1) % opt->nports;
	return (i ^ 1) < opt->nports ? i ^ 1 : i;	/* the last of an odd number: itself */
}

/* Stream @k's lane: the first lanes have one stream more where it does not come out even. */
static unsigned int lane_of(const struct perf *p, unsigned int k)
{
	unsigned int each = p->nstreams / p->nlanes, more = p->nstreams % p->nlanes;

	if (k < more * (each + 1))
		return k / (each + 1);
	return more + (k - more * (each + 1)) / each;
}

static uint32_t frame_len(const struct options *opt)
{
	uint32_t len = 0;

	for (unsigned int i = 0; i < opt->nsegs; i++)
		len += opt->seg[i];
	return len;
}

static bool sends_own(const struct options *opt)
{
	return opt->mode->makes || opt->tx_first;
}

/* ---- memory ---- */

static unsigned int default_mbufs(const struct options *opt)
{
	unsigned int rxd = opt->rxd ? opt->rxd : 512, txd = opt->txd ? opt->txd : 512;
	unsigned int held = opt->burst * (opt->nsegs + 1u) + LEAT_POOL_CACHE_MAX;

	return (rxd * opt->rxq + txd * opt->txq * opt->nsegs + held) * opt->nports +
	       2 * LEAT_POOL_CACHE_MAX * opt->nlanes;
}

static int open_pool(struct perf *p)
{
	const struct options *opt = &p->opt;
	struct leat_pool_config cfg = {
		.count = opt->mbufs ? opt->mbufs : default_mbufs(opt),
		.buf_size = BUF_SIZE,
		.node = LEAT_NODE(opt->node),
	};

	for (unsigned int i = 0; sends_own(opt) && i < opt->nsegs; i++)
		cfg.buf_size = LEAT_MAX(cfg.buf_size, opt->seg[i]);
	return leat_pool_create(p->ctx, &cfg, &p->pool);
}

static int open_caches(struct perf *p)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < p->nlanes; i++)
		err = leat_pool_cache_create(p->pool, 0, &p->lane[i].cache);
	return err;
}

/* ---- ports ---- */

/* The threads that poll a port's queues: those of the streams that use them. */
static void set_caches(const struct perf *p, unsigned int port, struct leat_port_config *cfg)
{
	for (unsigned int k = 0; k < p->nstreams; k++) {
		const struct stream *s = &p->streams[k];

		if (s->rx_port == port)
			cfg->rx_cache[s->queue] = p->lane[lane_of(p, k)].cache;
		if (s->tx_port == port)
			cfg->tx_cache[s->queue] = p->lane[lane_of(p, k)].cache;
	}
}

/* What a tag leaves of a frame to send is the least MTU that lets it out. */
static uint16_t mtu_of(const struct options *opt)
{
	uint32_t need = sends_own(opt) ? frame_len(opt) : 0;

	if (opt->mtu)
		return (uint16_t)opt->mtu;
	return need > 1518 ? (uint16_t)(need - 14) : 0;
}

static int open_port(struct perf *p, unsigned int i, leat_event_fn *event)
{
	const struct options *opt = &p->opt;
	struct leat_port_config cfg = {
		.pool = p->pool,
		.rxqs = (uint16_t)opt->rxq, .txqs = (uint16_t)opt->txq,
		.rx_desc = (uint16_t)opt->rxd, .tx_desc = (uint16_t)opt->txd,
		.mtu = mtu_of(opt),
		.offloads = opt->mode->csum ? 0 : LEAT_OFFLOADS_NONE,
		.promisc = true,
		.event = event, .event_arg = p,
	};

	set_caches(p, i, &cfg);
	return leat_port_open(p->ctx, opt->addr[i], &cfg, &p->port[i]);
}

/* ---- streams ---- */

static int lay_out(struct perf *p)
{
	const struct options *opt = &p->opt;

	p->nstreams = queues(opt) * opt->nports;
	p->nlanes = LEAT_MIN(opt->nlanes, p->nstreams);
	p->streams = aligned_alloc(LEAT_CACHELINE, p->nstreams * sizeof(*p->streams));
	if (!p->streams)
		return -ENOMEM;
	memset(p->streams, 0, p->nstreams * sizeof(*p->streams));
	for (unsigned int k = 0; k < p->nstreams; k++) {
		struct stream *s = &p->streams[k];

		s->burst = (uint16_t)opt->burst;
		s->retry = opt->retry;
		s->queue = k / opt->nports;
		s->rx_port = k % opt->nports;
		s->tx_port = to_port(opt, s->rx_port);
	}
	return 0;
}

/* Left to the device, where that is wanted and can be. */
static void settle_csum(const struct perf *p, struct stream *s)
{
	struct leat_caps caps;

	leat_port_caps(p->port[s->tx_port], &caps);
	s->csum_hw = p->opt.csum_hw && caps.flags & LEAT_CAP_TX_CSUM;
	s->sctp_hw = p->opt.csum_hw && caps.flags & LEAT_CAP_TX_SCTP_CSUM;
	if (p->opt.csum_hw && !s->csum_hw)
		fprintf(stderr, "leat-perf: %s: --csum=hw: the device sums nothing; software does it\n",
			p->opt.addr[s->tx_port]);
}

static int connect(struct perf *p, unsigned int k)
{
	const struct options *opt = &p->opt;
	struct stream *s = &p->streams[k];

	s->rx = leat_port_rxq(p->port[s->rx_port], s->queue);
	s->tx = leat_port_txq(p->port[s->tx_port], s->queue);
	s->cache = p->lane[lane_of(p, k)].cache;
	leat_port_mac(p->port[s->tx_port], s->mac);
	memcpy(s->peer, opt->peer[s->tx_port], sizeof(s->peer));
	settle_csum(p, s);
	if (!sends_own(opt))
		return 0;
	s->gen = gen_create(opt, s, p->pool, opt->mode->makes && !strcmp(opt->mode->name, "flowgen"));
	return s->gen ? 0 : -ENOMEM;
}

static void deal_out(struct perf *p)
{
	for (unsigned int k = 0; k < p->nstreams; k++) {
		struct lane *lane = &p->lane[lane_of(p, k)];

		if (!lane->nstreams)
			lane->stream = &p->streams[k];
		lane->nstreams++;
		lane->run = p->opt.mode->run;
	}
}

int plan_open(struct perf *p, leat_event_fn *event)
{
	int err = lay_out(p);

	if (!err)
		err = open_pool(p);
	if (!err)
		err = open_caches(p);
	for (unsigned int i = 0; !err && i < p->opt.nports; i++)
		err = open_port(p, i, event);
	for (unsigned int k = 0; !err && k < p->nstreams; k++)
		err = connect(p, k);
	deal_out(p);
	return err;
}

void plan_drain(struct perf *p)
{
	for (unsigned int k = 0; p->streams && k < p->nstreams; k++) {
		struct stream *s = &p->streams[k];

		if (p->opt.mode->makes)
			leat_pkt_free(s->pkts + s->first, s->held);
		else
			leat_drop(s->tx, s->pkts + s->first, s->held);
		s->held = 0;
		gen_drain(s);
	}
}

void plan_close(struct perf *p)
{
	for (unsigned int k = 0; p->streams && k < p->nstreams; k++)
		free(p->streams[k].gen);
	for (unsigned int i = 0; i < p->opt.nports; i++)
		leat_port_close(p->port[i]);
	for (unsigned int i = 0; i < p->nlanes; i++)
		leat_pool_cache_destroy(p->lane[i].cache);
	leat_pool_destroy(p->pool);
	leat_ctx_close(p->ctx);
	free(p->streams);
}
