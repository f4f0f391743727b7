// SPDX-License-Identifier: BSD-3-Clause
/*
 * soft.h - what software ports share: their address, their limits, their queues.
 */
#ifndef LEAT_DRIVERS_SOFT_H
#define LEAT_DRIVERS_SOFT_H

#include <leat/barrier.h>
#include <leat/driver/driver.h>

#define SOFT_ETH_LEN 18		/* Ethernet header and a tag, beyond the MTU */

/*
 * leat_soft_fill - for attach: capabilities of a port without offloads, an MTU of 1500,
 * and a locally administered address that follows from the port's name, and @salt to
 * tell apart ports of one name.
 */
void leat_soft_fill(struct leat_port *port, unsigned int salt);

/* For rxq_setup and txq_setup: @size zeroed bytes on cache lines of their own; for free(). */
void *leat_soft_queue(struct leat_port *port, size_t size);

/* Verbs of a port that has nothing to do for them; its link is up, its queues lie in free()'s memory. */
void leat_soft_detach(struct leat_port *port);
void leat_soft_forget(struct leat_port *port);
int leat_soft_start(struct leat_port *port);
void leat_soft_stop(struct leat_port *port);
void leat_soft_link(struct leat_port *port, struct leat_link *out);
void leat_soft_rxq_free(struct leat_rxq *q);
void leat_soft_txq_free(struct leat_txq *q);
int leat_soft_rxq_start(struct leat_rxq *q);
void leat_soft_rxq_stop(struct leat_rxq *q);
int leat_soft_txq_start(struct leat_txq *q);
void leat_soft_txq_stop(struct leat_txq *q);

/* Count a burst. The queue's thread. */
LEAT_INLINE void leat_soft_count_rx(struct leat_rxq *q, uint16_t n, uint64_t bytes)
{
	leat_store_relaxed(&q->packets, q->packets + n);
	leat_store_relaxed(&q->bytes, q->bytes + bytes);
}

LEAT_INLINE void leat_soft_count_tx(struct leat_txq *q, uint16_t n, uint64_t bytes)
{
	leat_store_relaxed(&q->packets, q->packets + n);
	leat_store_relaxed(&q->bytes, q->bytes + bytes);
}

LEAT_INLINE uint64_t leat_soft_bytes(struct leat_pkt *const *pkts, uint16_t n)
{
	uint64_t sum = 0;

	LEAT_UNROLL
	for (unsigned int i = 0; i < n; i++)
		sum += pkts[i]->total;
	return sum;
}

#endif
