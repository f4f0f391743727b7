// SPDX-License-Identifier: BSD-3-Clause
/*
 * pkt.c - packets of several segments, and the way home for any packet.
 */
#include <leat/pkt.h>

#include "core/pool/pool.h"

#include <leat/bits.h>

#include <errno.h>
#include <string.h>

int leat_pkt_chain(struct leat_pkt *head, struct leat_pkt *tail)
{
	struct leat_pkt *last = head;

	if (head->nsegs + tail->nsegs > UINT8_MAX)
		return -EINVAL;
	while (last->next)
		last = last->next;
	last->next = tail;
	head->nsegs = (uint8_t)(head->nsegs + tail->nsegs);
	head->total += tail->total;
	return 0;
}

uint32_t leat_pkt_read(const struct leat_pkt *pkt, uint32_t off, void *dst, uint32_t len)
{
	uint32_t done = 0;

	for (; pkt && done < len; pkt = pkt->next) {
		uint32_t n;

		if (off >= pkt->len) {
			off -= pkt->len;
			continue;
		}
		n = LEAT_MIN(pkt->len - off, len - done);
		memcpy((char *)dst + done, (const char *)leat_pkt_data(pkt) + off, n);
		done += n;
		off = 0;
	}
	return done;
}

void leat_pkt_free(struct leat_pkt **pkts, unsigned int n)
{
	struct leat_bin bin = { .n = 0 };

	for (unsigned int i = 0; i < n; i++) {
		struct leat_pkt *seg = leat_pkt_release(pkts[i]) ? pkts[i] : NULL;

		while (seg) {
			struct leat_pkt *next = seg->next;

			leat_bin_add(&bin, seg);
			seg = next;
		}
	}
	leat_bin_empty(&bin);
}
