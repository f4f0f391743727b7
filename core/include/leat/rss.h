// SPDX-License-Identifier: BSD-3-Clause
/*
 * rss.h - receive-side scaling: flows spread over receive queues by a Toeplitz
 * hash of their addresses and ports, as Microsoft specified it.
 */
#ifndef LEAT_RSS_H
#define LEAT_RSS_H

#include <stddef.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/port.h>

LEAT_BEGIN_DECLS

/* What is hashed: addresses, and ports too for the protocols that have some. */
#define LEAT_RSS_IPV4	(UINT32_C(1) << 0)
#define LEAT_RSS_TCP4	(UINT32_C(1) << 1)
#define LEAT_RSS_UDP4	(UINT32_C(1) << 2)
#define LEAT_RSS_IPV6	(UINT32_C(1) << 3)
#define LEAT_RSS_TCP6	(UINT32_C(1) << 4)
#define LEAT_RSS_UDP6	(UINT32_C(1) << 5)

#define LEAT_RSS_KEY_LEN  40
#define LEAT_RSS_RETA_MAX 128

struct leat_rss {
	uint32_t	types;			/* LEAT_RSS_*; 0: all that the device can */
	uint8_t		key[LEAT_RSS_KEY_LEN];	/* all zeros: Microsoft's published one */
	uint16_t	reta_len;		/* entries of @reta; 0: spread evenly */
	uint8_t		reta[LEAT_RSS_RETA_MAX]; /* low bits of the hash to receive queue */
};

/*
 * leat_port_rss - other types, key or table, live. leat_port_config.rss is the way
 * to begin with some. @rss is copied. -ENOTSUP the port cannot, or has no such
 * types; -EINVAL a table of another length than caps.reta_len, or a queue that
 * there is not. After an error all is as before. Control thread.
 */
LEAT_API int leat_port_rss(struct leat_port *port, const struct leat_rss *rss);

/* What is in force, nothing left to choose; @types 0: the port does not spread. */
LEAT_API void leat_port_rss_get(const struct leat_port *port, struct leat_rss *out);

/*
 * leat_rss_hash - the hash of @len bytes (source address, destination address,
 * source port, destination port, as they stand in the packet; 36 at most). Any thread.
 */
LEAT_API uint32_t leat_rss_hash(const uint8_t key[LEAT_RSS_KEY_LEN], const void *input, size_t len);

LEAT_END_DECLS

#endif
