// SPDX-License-Identifier: BSD-3-Clause
/*
 * msg.h - vhost-user messages over a stream socket that does not block.
 */
#ifndef VHOST_MSG_H
#define VHOST_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "proto.h"

/* A message on its way in, and the first descriptor that came with it; others are closed. */
struct vhost_rx {
	struct vhost_hdr hdr;
	_Alignas(8) uint8_t payload[VHOST_PAYLOAD_MAX];
	size_t		got;		/* bytes of header and payload so far */
	int		fd;		/* -1: none */
};

/* Empty; closes what came along. All zeros need vhost_rx.fd = -1 before the first. */
void leat_vhost_rx_reset(struct vhost_rx *rx);

/*
 * leat_vhost_rx_feed - read what @sock has of the present message; never blocks, and never
 * reads into the next. 1: it is whole; 0: more must come; -EMSGSIZE: it is longer than any
 * message; -ENOTCONN: the peer closed; or recvmsg()'s.
 */
int leat_vhost_rx_feed(struct vhost_rx *rx, int sock);

#endif
