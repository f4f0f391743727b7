// SPDX-License-Identifier: BSD-3-Clause
/*
 * modes.h - what modes do to the packets of a burst, one file each where it takes more
 * than a few lines.
 */
#ifndef LEAT_PERF_MODES_H
#define LEAT_PERF_MODES_H

#include "perf.h"

/*
 * Change @n fresh packets for @s. Returns how many are left, in front of @pkts, to be sent;
 * the others have been freed.
 */
typedef uint16_t touch_fn(struct stream *s, struct leat_pkt **pkts, uint16_t n);

/* 5tswap: Ethernet and IP addresses, and ports, change sides; a sum over them stays what it was. */
touch_fn swap_tuples;

/* icmpecho: ARP requests and echo requests are answered, the rest is freed. */
touch_fn answer_echo;

/* csum: fill in IPv4's header checksum and that of UDP, TCP or SCTP, or leave them to the device. */
touch_fn fill_csums;

#endif
