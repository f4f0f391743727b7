// SPDX-License-Identifier: BSD-3-Clause
/*
 * soft.c - what software ports share.
 */
#include "soft.h"

#include <leat/bits.h>
#include <leat/driver/core.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a, 64 bits: the same name has the same address in every run. */
static uint64_t hash(const char *text, uint64_t seed)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ seed;

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	return h;
}

void leat_soft_fill(struct leat_port *port, unsigned int salt)
{
	uint64_t h = hash(port->name, salt);

	port->caps = (struct leat_caps){
		.flags = LEAT_CAP_TX_SEGS | LEAT_CAP_RX_SCATTER | LEAT_CAP_LINK,
		.max_rxqs = LEAT_PORT_QUEUES_MAX, .max_txqs = LEAT_PORT_QUEUES_MAX,
		.min_desc = 1, .max_desc = 32768,
		.max_mtu = UINT16_MAX - SOFT_ETH_LEN,
		.max_segs = UINT8_MAX,
		.dma_bits = 64,
	};
	port->mtu = 1500;
	memcpy(port->mac, &h, sizeof(port->mac));
	port->mac[0] = 0x02;		/* locally administered, unicast */
}

void *leat_soft_queue(struct leat_port *port, size_t size)
{
	size_t lines = LEAT_ALIGN_UP(size, LEAT_CACHELINE);
	void *q = aligned_alloc(LEAT_CACHELINE, lines);

	if (!q) {
		leat_fail(port->ctx, -ENOMEM, "%s: a queue: out of memory", port->name);
		return NULL;
	}
	return memset(q, 0, lines);
}

void leat_soft_detach(struct leat_port *port)
{
	(void)port;
}

void leat_soft_forget(struct leat_port *port)
{
	for (unsigned int i = 0; i < LEAT_PORT_QUEUES_MAX; i++) {
		free(port->rxq[i]);
		free(port->txq[i]);
	}
}

int leat_soft_start(struct leat_port *port)
{
	(void)port;
	return 0;
}

void leat_soft_stop(struct leat_port *port)
{
	(void)port;
}

void leat_soft_link(struct leat_port *port, struct leat_link *out)
{
	(void)port;
	*out = (struct leat_link){ .up = true, .full_duplex = true };
}

void leat_soft_rxq_free(struct leat_rxq *q)
{
	free(q);
}

void leat_soft_txq_free(struct leat_txq *q)
{
	free(q);
}

int leat_soft_rxq_start(struct leat_rxq *q)
{
	(void)q;
	return 0;
}

void leat_soft_rxq_stop(struct leat_rxq *q)
{
	(void)q;
}

int leat_soft_txq_start(struct leat_txq *q)
{
	(void)q;
	return 0;
}

void leat_soft_txq_stop(struct leat_txq *q)
{
	(void)q;
}
