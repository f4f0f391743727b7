// SPDX-License-Identifier: BSD-3-Clause
/*
 * intel/model_frame.h - what the models of Intel's controllers do with the bytes of a
 * frame: find its headers, check and insert checksums, hash, cut segments, tags.
 *
 * Pure functions over bytes that nobody else can change: models copy first. Frames are
 * untrusted; headers that are cut off count as not there.
 */
#ifndef INTEL_MODEL_FRAME_H
#define INTEL_MODEL_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/bits.h>
#include <leat/rss.h>

/* struct intel_frame.is */
#define INTEL_IS_IPV4		LEAT_BIT(0)
#define INTEL_IS_IPV6		LEAT_BIT(1)
#define INTEL_IS_OPTIONS	LEAT_BIT(2)	/* IPv4 options, IPv6 extension headers */
#define INTEL_IS_FRAGMENT	LEAT_BIT(3)	/* then none of the following */
#define INTEL_IS_TCP		LEAT_BIT(4)
#define INTEL_IS_UDP		LEAT_BIT(5)
#define INTEL_IS_SCTP		LEAT_BIT(6)

struct intel_frame {
	uint32_t	is;
	uint32_t	l3, l4;		/* where the headers start; 0: not there */
	uint32_t	end;		/* behind the IP packet: what follows is padding */
	uint16_t	ethertype;	/* behind the tag, if any */
	uint16_t	tag;		/* of the first VLAN tag, if tagged */
	bool		tagged;
};

void leat_intel_frame_parse(const uint8_t *p, uint32_t len, struct intel_frame *out);

/* ---- checksums ---- */

/* Ones' complement sum of big-endian words, folded; an odd byte counts as if 0 followed. */
uint16_t leat_intel_sum(const uint8_t *p, uint32_t len, uint32_t seed);
/* CRC-32C as SCTP carries it (RFC 4960, appendix B). */
uint32_t leat_intel_crc32c(const uint8_t *p, uint32_t len);
/* Ethernet's: the frame check sequence, least significant byte first behind the frame. */
uint32_t leat_intel_crc32(const uint8_t *p, uint32_t len);

enum intel_check { INTEL_UNCHECKED, INTEL_RIGHT, INTEL_WRONG };

/* Of the IPv4 header; of TCP, UDP (0 is none, with IPv4) or SCTP behind it. */
enum intel_check leat_intel_check_ip(const uint8_t *p, const struct intel_frame *f);
enum intel_check leat_intel_check_l4(const uint8_t *p, const struct intel_frame *f);

/*
 * leat_intel_sum_put - the sum over [start, end), with what stands at @at as its seed, to
 * @at, in ones' complement, never 0 if @udp. Does nothing if that is outside @end.
 */
void leat_intel_sum_put(uint8_t *p, uint32_t start, uint32_t end, uint32_t at, bool udp);

/* ---- RSS ---- */

/* Microsoft's hash of the addresses, and the ports if @ports (TCP and UDP have some). */
uint32_t leat_intel_frame_hash(const uint8_t *p, const struct intel_frame *f, bool ports,
			       const uint8_t key[LEAT_RSS_KEY_LEN]);

/* ---- transmit offloads ---- */

/* What the driver's descriptors say of a packet. */
struct intel_offload {
	uint32_t	l3, l4;		/* where the headers start */
	uint32_t	header;		/* TSO: bytes that each segment repeats */
	uint32_t	mss;		/* TSO: bytes of data in a segment; 0: not to be cut */
	bool		ipv4;
	bool		ip_sum, l4_sum;	/* to be inserted */
	uint32_t	l4_is;		/* INTEL_IS_TCP, _UDP or _SCTP */
};

/* Do the headers lie within @len bytes, in order? Nothing below is safe otherwise. */
bool leat_intel_offload_fits(const struct intel_offload *o, uint32_t len);

/* Insert the checksums asked for; the driver has put the pseudo header's into the field. */
void leat_intel_offload_sums(uint8_t *p, uint32_t len, const struct intel_offload *o);

/* How many segments a packet makes. 1 without mss. */
uint32_t leat_intel_segments(const struct intel_offload *o, uint32_t len);

/*
 * leat_intel_segment - segment @i of the packet in @p to @out, which has room for header +
 * mss: lengths, IP identification, sequence number, flags and checksums its own. The
 * driver's pseudo header sum is without the length. Returns its bytes.
 */
uint32_t leat_intel_segment(const uint8_t *p, uint32_t len, const struct intel_offload *o,
			    uint32_t i, uint8_t *out);

/* ---- tags ---- */

/* Put a tag in: the frame grows by four bytes at its front, where there is room. */
uint8_t *leat_intel_tag_put(uint8_t *p, uint16_t ethertype, uint16_t tag);
/* Take it out: the frame shrinks by four bytes at its front. */
uint8_t *leat_intel_tag_take(uint8_t *p);

#endif
