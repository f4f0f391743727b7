// SPDX-License-Identifier: BSD-3-Clause
/*
 * sizes.h - packets of one queue counted by size and kind, for ports that are
 * configured so. One writer, the queue's thread; others read relaxed. Private to core.
 */
#ifndef LEAT_CORE_STATS_SIZES_H
#define LEAT_CORE_STATS_SIZES_H

#include <stdint.h>

#include <leat/driver/driver.h>

#define LEAT_SIZES_BINS	 8
#define LEAT_SIZES_BURST 64

struct leat_sizes {
	uint64_t	bin[LEAT_SIZES_BINS];
	uint64_t	kind[2];	/* multicasts, broadcasts */
};

/* What is remembered of a packet until it is counted. */
struct leat_sizes_seen {
	uint8_t		bin;
	uint8_t		kind;		/* of kind[], or more: neither */
};

int leat_sizes_create(struct leat_port *port, struct leat_sizes **out);
void leat_sizes_destroy(struct leat_sizes *sizes);

void leat_sizes_look(struct leat_sizes_seen *seen, struct leat_pkt *const *pkts, unsigned int n);
void leat_sizes_add(struct leat_sizes *sizes, const struct leat_sizes_seen *seen, unsigned int n);

/* Both, of packets that are still the caller's. */
void leat_sizes_count(struct leat_sizes *sizes, struct leat_pkt *const *pkts, unsigned int n);

/* A name of DPDK's for each counter, "size_64_packets"; NULL: that was the last. */
const char *leat_sizes_name(unsigned int i);
uint64_t leat_sizes_value(const struct leat_sizes *sizes, unsigned int i);

#endif
