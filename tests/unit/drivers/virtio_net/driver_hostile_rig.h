// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_hostile_rig.h - what the tests of devices that break the rules of the rings share,
 * whatever the format: a port of small rings, the lies that every format can tell, and what
 * must come after one. @rings are the features that choose the format; 0 is split.
 */
#ifndef DRIVER_HOSTILE_RIG_H
#define DRIVER_HOSTILE_RIG_H

#include "driver_fake.h"

/* A port with rings of 16. */
void hostile_open(struct fake *f, uint64_t rings);
/* Up to 16 packets of the first queue. */
uint16_t hostile_rx(struct fake *f, struct leat_pkt **pkts);
/* A frame of zeros; was it taken? */
uint16_t hostile_tx(struct fake *f);

/* The queue stands, the port says so once, in @words, and a restart mends it. Closes. */
void hostile_stopped(struct fake *f, const char *words);

/* Those below open the port, tell the lie and expect hostile_stopped(). */

/* A used entry behind @good proper frames; what was good arrives first. */
void hostile_rx_lie(struct fake *f, uint64_t rings, unsigned int good, uint32_t id, uint32_t len,
		    const char *words);
/* Frames of more buffers than arrive, of none and of more than there are. */
void hostile_rx_merged(struct fake *f, uint64_t rings);
/* A used entry behind three frames sent. */
void hostile_tx_lie(struct fake *f, uint64_t rings, uint32_t id, bool twice, const char *words);
/* One frame is sent, and used->idx is @used. */
void hostile_tx_jump(struct fake *f, uint64_t rings, uint16_t used);
/* A chain is known by its first; what is inside it is nobody's to return. */
void hostile_tx_inside(struct fake *f, uint64_t rings);

/* After rings at random: packets both ways, none above @most bytes; starts what stopped. */
void hostile_traffic(struct fake *f, uint32_t most);

#endif
