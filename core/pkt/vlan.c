// SPDX-License-Identifier: BSD-3-Clause
/*
 * vlan.c - a VLAN tag put in by software (IEEE 802.1Q), for devices that do not.
 */
#include <leat/pkt.h>
#include <leat/barrier.h>

#include <errno.h>
#include <string.h>

#define ADDRESSES 12		/* bytes before the tag */
#define TAG	  4
#define TPID	  0x8100

int leat_pkt_vlan_insert(struct leat_pkt *pkt)
{
	uint8_t *data;

	if (!(pkt->flags & LEAT_PKT_VLAN))
		return 0;
	if (pkt->len < ADDRESSES || leat_load_acquire(&pkt->refs) != 1)
		return -EINVAL;
	data = leat_pkt_prepend(pkt, TAG);
	if (!data)
		return -ENOSPC;
	memmove(data, data + TAG, ADDRESSES);
	data[ADDRESSES] = TPID >> 8;
	data[ADDRESSES + 1] = TPID & 0xff;
	data[ADDRESSES + 2] = (uint8_t)(pkt->vlan >> 8);
	data[ADDRESSES + 3] = (uint8_t)pkt->vlan;
	if (pkt->flags & (LEAT_PKT_CSUM_PARTIAL | LEAT_PKT_TSO))
		pkt->csum_start = (uint16_t)(pkt->csum_start + TAG);
	pkt->flags &= ~LEAT_PKT_VLAN;
	return 0;
}
