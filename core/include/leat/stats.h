// SPDX-License-Identifier: BSD-3-Clause
/*
 * stats.h - what a port counted, under the names that DPDK's xstats use.
 *
 * Every counter starts at 0 when the port opens, never wraps and survives
 * stop and start. offered (tx_good_packets + every tx_drop and tx_errors)
 * equals delivered plus dropped: nothing is lost without a name.
 */
#ifndef LEAT_STATS_H
#define LEAT_STATS_H

#include <stdint.h>

#include <leat/compiler.h>
#include <leat/port.h>

LEAT_BEGIN_DECLS

struct leat_stats {
	uint64_t	rx_packets, rx_bytes;	/* delivered to the application */
	uint64_t	tx_packets, tx_bytes;	/* accepted by the device */
	uint64_t	rx_missed;	/* arrived while no descriptor was free (device's count) */
	uint64_t	rx_errors;	/* bad frames, dropped */
	uint64_t	rx_nobuf;	/* polls without a buffer; not lost packets */
	uint64_t	tx_errors;	/* impossible to send */
	uint64_t	tx_drop_full;	/* dropped by leat_drop(): ring full */
	uint64_t	tx_drop_gone;	/* dropped by leat_drop(): port gone */
};

/* A snapshot of running counters. Control thread; queues may be polled meanwhile. */
LEAT_API void leat_port_stats(struct leat_port *port, struct leat_stats *out);

/*
 * One counter by name: "rx_good_packets", "rx_q0_packets", "tx_drop_full", ... With
 * leat_port_config.size_stats also "rx_q0_size_65_127_packets" and the like, lengths as leat
 * moves them (no FCS), "rx_q0_multicast_packets" and "rx_q0_broadcast_packets"; those begin
 * at 0 again when the port is reconfigured.
 */
struct leat_xstat {
	char		name[32];
	uint64_t	value;
};

/*
 * leat_port_xstats - all counters by name. Fills up to @n and returns how many
 * there are, so a call with @n = 0 tells the room needed. Control thread.
 */
LEAT_API unsigned int leat_port_xstats(struct leat_port *port, struct leat_xstat *out,
				       unsigned int n);

LEAT_END_DECLS

#endif
