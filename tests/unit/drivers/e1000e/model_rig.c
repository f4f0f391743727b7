// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rig.c - rings and frames for tests of the model of an 82574.
 */
#include "model_rig.h"

#include "drivers/intel/model_frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- life ---- */

void rig_open(struct rig *r, const struct leat_model_opt *opts)
{
	rig_plug(r, &leat_model_e1000e, opts, E1000E_VECTORS);
}

void rig_start(struct rig *r)
{
	if (!r->mdev->ndma)
		rig_map(r);
	rig_master(r);
	rig_ring(r, 0, RIG_SIZE);
	rig_ring(r, 2, RIG_SIZE);
	rig_set(r, INTEL_RFCTL, E1000E_RFCTL_EXTEN);
	rig_set(r, INTEL_RXCSUM, INTEL_RXCSUM_PCSD | INTEL_RXCSUM_IPOFL | INTEL_RXCSUM_TUOFL);
	rig_set(r, INTEL_TCTL, INTEL_TCTL_EN | INTEL_TCTL_PSP);
	rig_set(r, INTEL_RCTL, INTEL_RCTL_EN | INTEL_RCTL_UPE | INTEL_RCTL_MPE | INTEL_RCTL_BAM |
			       INTEL_RCTL_LPE | INTEL_RCTL_SECRC);
}

/* ---- rings ---- */

static struct rig_ring *ring_of(struct rig *r, unsigned int i)
{
	return i < 2 ? &r->rx[i] : &r->tx[i - 2];
}

void rig_ring(struct rig *r, unsigned int i, uint32_t size)
{
	uint32_t regs = (uint32_t)E1000E_QUEUE(i < 2 ? E1000E_RDBAL : E1000E_TDBAL, i % 2);

	rig_ring_set(r, ring_of(r, i), regs, RIG_RING(i), size);
}

void rig_tail(struct rig *r, unsigned int i, uint32_t tail)
{
	rig_ring_tail(r, ring_of(r, i), tail);
}

uint64_t *rig_desc(struct rig *r, unsigned int i, uint32_t at)
{
	return (uint64_t *)(void *)(r->mem + RIG_RING(i) + 16 * at);
}

void rig_put(struct rig *r, unsigned int i, uint64_t first, uint64_t second)
{
	struct rig_ring *q = ring_of(r, i);
	uint64_t *d = rig_desc(r, i, q->next);

	d[0] = LEAT_SWAP64(first);
	d[1] = LEAT_SWAP64(second);
	q->next = (q->next + 1) % RIG_SIZE;
}

void rig_show(struct rig *r, unsigned int i)
{
	rig_tail(r, i, ring_of(r, i)->next);
}

void rig_post(struct rig *r, unsigned int ring, unsigned int n)
{
	const struct rig_ring *q = ring_of(r, ring);

	while (n--)
		rig_put(r, ring, RIG_IOVA + RIG_BUFS + (ring * RIG_SIZE + q->next) * 2048ull, 0);
	rig_show(r, ring);
}

unsigned char *rig_at(struct rig *r, uint64_t iova)
{
	assert_in_range(iova, RIG_IOVA, RIG_IOVA + RIG_MEM - 1);
	return r->mem + (iova - RIG_IOVA);
}

/* ---- frames ---- */

void rig_fill(unsigned char *p, uint32_t len, unsigned int number)
{
	for (uint32_t i = 0; i < len; i++)
		p[i] = i < 6 ? 0xff : (unsigned char)((i * 131 + number * 29) >> 2);
	if (len > 13) {
		p[12] = 0x88;
		p[13] = 0xb5;
	}
}

uint32_t rig_ip(unsigned char *p, bool udp, uint32_t payload, uint8_t flow)
{
	uint32_t l4_len = (udp ? 8 : 20) + payload, at = 34 + (udp ? 6 : 16), len = 34 + l4_len;
	uint16_t s;

	memset(p, 0, len);
	memcpy(p, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0\x45", 15);
	p[16] = (uint8_t)((20 + l4_len) >> 8);
	p[17] = (uint8_t)(20 + l4_len);
	p[22] = 64;
	p[23] = udp ? 17 : 6;
	memcpy(p + 26, "\12\0\0\1\12\0\0\2", 8);
	p[29] = flow;
	p[35] = p[37] = 7;
	if (udp) {
		p[38] = (uint8_t)(l4_len >> 8);
		p[39] = (uint8_t)l4_len;
	} else {
		p[46] = 0x50;
		p[47] = 0x10;
	}
	for (uint32_t i = len - payload; i < len; i++)
		p[i] = (uint8_t)(i * 37);
	leat_intel_sum_put(p, 14, 34, 24, false);
	s = leat_intel_sum(p + 26, 8, p[23] + l4_len);
	p[at] = (uint8_t)(s >> 8);
	p[at + 1] = (uint8_t)s;
	leat_intel_sum_put(p, 34, len, at, udp);
	return len;
}
