// SPDX-License-Identifier: BSD-3-Clause
/*
 * stats.c - a port's counters, summed from its queues, under their names.
 *
 * Queues count with plain adds by one writer each; here they are read relaxed.
 * What queues counted that are no more is kept in port->past.
 */
#include "core/port/config.h"

#include "core/stats/sizes.h"

#include <leat/barrier.h>
#include <leat/stats.h>

#include <stdio.h>

static void add_rxq(struct leat_stats *sum, const struct leat_rxq *q)
{
	sum->rx_packets += leat_load_relaxed(&q->packets);
	sum->rx_bytes += leat_load_relaxed(&q->bytes);
	sum->rx_errors += leat_load_relaxed(&q->errors);
	sum->rx_nobuf += leat_load_relaxed(&q->nobuf);
}

static void add_txq(struct leat_stats *sum, const struct leat_txq *q)
{
	sum->tx_packets += leat_load_relaxed(&q->packets);
	sum->tx_bytes += leat_load_relaxed(&q->bytes);
	sum->tx_errors += leat_load_relaxed(&q->errors);
	sum->tx_drop_full += leat_load_relaxed(&q->drop_full);
	sum->tx_drop_gone += leat_load_relaxed(&q->drop_gone);
}

void leat_port_past_rxq(struct leat_port *port, const struct leat_rxq *q)
{
	add_rxq(&port->past, q);
}

void leat_port_past_txq(struct leat_port *port, const struct leat_txq *q)
{
	add_txq(&port->past, q);
}

void leat_port_stats(struct leat_port *port, struct leat_stats *out)
{
	*out = port->past;
	for (unsigned int i = 0; i < LEAT_PORT_QUEUES_MAX; i++) {
		if (port->rxq[i])
			add_rxq(out, port->rxq[i]);
		if (port->txq[i])
			add_txq(out, port->txq[i]);
	}
	if (port->drv->stats && !port->suspended)
		port->drv->stats(port, out);
}

/* Where the names go; counts on past the room there is. */
struct list {
	struct leat_xstat *out;
	unsigned int	room, n;
};

static void put(struct list *l, const char *name, uint64_t value)
{
	if (l->n < l->room) {
		snprintf(l->out[l->n].name, sizeof(l->out[l->n].name), "%s", name);
		l->out[l->n].value = value;
	}
	l->n++;
}

static void put_queue(struct list *l, const char *dir, unsigned int id, const char *what,
		      const uint64_t *counter)
{
	char name[sizeof(l->out->name)];

	snprintf(name, sizeof(name), "%s_q%u_%s", dir, id, what);
	put(l, name, leat_load_relaxed(counter));
}

static void put_sizes(struct list *l, const char *dir, unsigned int id,
		      const struct leat_sizes *sizes)
{
	for (unsigned int i = 0; sizes && leat_sizes_name(i); i++) {
		uint64_t value = leat_sizes_value(sizes, i);

		put_queue(l, dir, id, leat_sizes_name(i), &value);
	}
}

unsigned int leat_port_xstats(struct leat_port *port, struct leat_xstat *out, unsigned int n)
{
	struct list l = { .out = out, .room = n };
	struct leat_stats s;

	leat_port_stats(port, &s);
	put(&l, "rx_good_packets", s.rx_packets);
	put(&l, "tx_good_packets", s.tx_packets);
	put(&l, "rx_good_bytes", s.rx_bytes);
	put(&l, "tx_good_bytes", s.tx_bytes);
	put(&l, "rx_missed_errors", s.rx_missed);
	put(&l, "rx_errors", s.rx_errors);
	put(&l, "tx_errors", s.tx_errors);
	put(&l, "rx_mbuf_allocation_errors", s.rx_nobuf);
	put(&l, "tx_drop_full", s.tx_drop_full);
	put(&l, "tx_drop_gone", s.tx_drop_gone);
	for (unsigned int i = 0; i < LEAT_PORT_QUEUES_MAX && port->rxq[i]; i++) {
		put_queue(&l, "rx", i, "packets", &port->rxq[i]->packets);
		put_queue(&l, "rx", i, "bytes", &port->rxq[i]->bytes);
		put_queue(&l, "rx", i, "errors", &port->rxq[i]->errors);
		put_sizes(&l, "rx", i, port->rx_sizes[i]);
	}
	for (unsigned int i = 0; i < LEAT_PORT_QUEUES_MAX && port->txq[i]; i++) {
		put_queue(&l, "tx", i, "packets", &port->txq[i]->packets);
		put_queue(&l, "tx", i, "bytes", &port->txq[i]->bytes);
		put_queue(&l, "tx", i, "errors", &port->txq[i]->errors);
		put_sizes(&l, "tx", i, port->tx_sizes[i]);
	}
	if (port->drv->xstats && !port->suspended)
		l.n += port->drv->xstats(port, l.n < n ? out + l.n : NULL, l.n < n ? n - l.n : 0);
	return l.n;
}
