// SPDX-License-Identifier: BSD-3-Clause
/*
 * flows.h - frames of TCP, UDP and SCTP between two ports on one cable, one of them sending.
 */
#ifndef PROBE_FLOWS_H
#define PROBE_FLOWS_H

#include <sys/socket.h>

#include "ports.h"

#define FLOW_SRC     "\x02leat!"	/* what is not from there is somebody else's */
#define FLOW_OPTIONS 12			/* bytes behind TCP's header */
#define FLOW_PAYLOAD 100

enum { TCP = 6, UDP = 17, SCTP = 132 };

struct frame {
	uint8_t		data[16384];
	uint32_t	len;
	uint16_t	l3, l4;
	uint8_t		proto;
	bool		v6;
};

/* What came, and how. */
struct got {
	uint8_t		data[16384];
	uint32_t	len, flags, hash;
	uint16_t	vlan, csum_start, gso_size;
	unsigned int	queue;
};

struct flow {
	int		family;
	const char	*src, *dst;
	uint16_t	sport, dport;
	uint32_t	of_addresses, of_ports;		/* hashes by Microsoft's key */
};

struct rig {
	struct leat_ctx	*ctx;
	struct ear	ear;
	char		**addr;
	struct end	a, b;		/* A sends, B receives */
	uint8_t		mac[6];		/* B's */
};

void open_both(struct rig *r, const struct leat_port_config *a, const struct leat_port_config *b);
void close_both(struct rig *r);

void put16(uint8_t *p, unsigned int v);

/* A frame to B, its sums right. TCP: with options, a sequence number that wraps, ACK, PSH, FIN. */
void compose(struct frame *f, const struct rig *r, const struct flow *flow, uint8_t proto,
	     uint32_t payload);
/* Where the sum of its protocol stands; and that of its pseudo header alone. */
uint16_t csum_field(const struct frame *f);
uint16_t pseudo(const struct frame *f);

/* Piece @i of TCP that is cut by @mss bytes, as RFC 9293 and the headers' fields demand; of UDP. */
void cut(struct frame *piece, const struct frame *f, unsigned int i, uint32_t mss);

/* The frame in a packet of as many segments as it takes. Ends the program if there is none. */
struct leat_pkt *packet(struct end *end, const struct frame *f);
/* The same, its sum left to the device. */
struct leat_pkt *packet_partial(struct end *end, const struct frame *f);
void ship(struct end *end, struct leat_pkt *pkt);
void ship_frame(struct end *end, const struct frame *f);

/* The next of ours, from any queue. False: none came. */
bool take(struct end *end, struct got *got, int ms);
bool same(const struct got *got, const struct frame *f);

/* Does B get a frame to that address, with a tag of VLAN @vid unless that is negative? */
bool passes(struct rig *r, const uint8_t to[6], int vid);

#endif
