// SPDX-License-Identifier: BSD-3-Clause
/*
 * chain.c - finding a capability in a list that may be anything.
 */
#include "chain.h"

#include "abi.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

int leat_vfio_chain_find(const void *buf, size_t len, uint32_t first, uint16_t id)
{
	struct vfio_info_cap_header head;
	size_t links = len / sizeof(head);	/* more than that many are a circle */

	for (uint32_t at = first; at; at = head.next) {
		if (!links-- || at > INT_MAX || at > len || len - at < sizeof(head))
			return -EPROTO;
		memcpy(&head, (const char *)buf + at, sizeof(head));
		if (head.id == id)
			return (int)at;
	}
	return 0;
}
