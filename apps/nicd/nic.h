// SPDX-License-Identifier: BSD-3-Clause
/*
 * nic.h - one emulated NIC at work: a server, its device, its wire, and what
 * is counted over all the drivers it had.
 */
#ifndef NICD_NIC_H
#define NICD_NIC_H

#include "spec.h"

#include <leat/server.h>

#define NIC_TENTH_NS  100000000u	/* traffic is looked at in tenths of a second */
#define NIC_TENTHS    10

/* What happened in a tenth of a second with traffic. */
struct nic_tenth {
	uint64_t	frames, messages;
};

struct nic {
	struct nic_spec	spec;
	unsigned int	index;
	struct leat_server *srv;
	struct leat_mdev *mdev;
	struct leat_wire *wire;		/* the server's, once there is one */
	unsigned int	errors;		/* that the library has said */

	struct leat_mdev_stats gone;	/* what former drivers moved */
	struct nic_tenth last;		/* counters when the present tenth began */
	struct nic_tenth tenths[NIC_TENTHS + 1];	/* the newest is at (ntenths - 1) % 11 */
	uint64_t	ntenths;
	uint64_t	shown_rx, shown_tx;	/* frames at the last line of statistics */
};

/* Make the wire of nic->spec, then its server. 0 or -errno, said. */
int nic_plug(struct nic *nic, struct wire_house *house);
int nic_open(struct nic *nic, enum leat_log_level level);

/* Undoes what was done of both, and gives the specification back. */
void nic_close(struct nic *nic);

/* Handle what waits at the socket. Returns the messages handled. */
unsigned int nic_look(struct nic *nic);

/* Frames, bytes, drops: of all drivers so far. */
void nic_totals(const struct nic *nic, struct leat_mdev_stats *out);

/* A tenth of a second is over. */
void nic_tenth(struct nic *nic);

/*
 * The last second of traffic: the tenths with frames before the newest such
 * one, in which traffic may have ended. Returns how many, at most ten.
 */
unsigned int nic_last_second(const struct nic *nic, struct nic_tenth *out);

#endif
