// SPDX-License-Identifier: BSD-3-Clause
/*
 * msg.h - vfio-user messages over a non-blocking stream socket, for both ends.
 *
 * Out: header and payload leave in one sendmsg() with the descriptors (peers
 * read the header in one piece); what the socket does not take waits in a
 * struct vfu_tx. In: a struct vfu_rx collects one message from whatever
 * fragments come, its descriptors from whichever byte carries them. A receiver
 * never reads past the end of its message, so descriptors cannot be taken for
 * those of another.
 */
#ifndef VFU_MSG_H
#define VFU_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "proto.h"

/* A message that came. */
struct vfu_msg {
	struct vfu_hdr	hdr;
	void		*payload;	/* aligned for any wire struct; NULL if there is none */
	size_t		len;		/* of the payload */
	int		fds[VFU_MAX_FDS];	/* close-on-exec; taken ones are set to -1 */
	unsigned int	nfds;
	bool		fds_lost;	/* there were more than we take; those are closed */
};

/* Frees the payload and closes the descriptors nobody took. */
void leat_vfu_msg_fini(struct vfu_msg *msg);

/* The receiver of one socket. */
struct vfu_rx {
	struct vfu_msg	msg;
	size_t		got;		/* bytes of header and payload so far */
	size_t		max_payload;
};

void leat_vfu_rx_init(struct vfu_rx *rx, size_t max_payload);
void leat_vfu_rx_fini(struct vfu_rx *rx);

/*
 * leat_vfu_rx_feed - read what @sock has of the present message; never blocks.
 *
 * 1: it is whole, in rx->msg; leat_vfu_rx_next() before the next call.
 * 0: more must come.
 * -EMSGSIZE: its size is below a header's or above what we take; the header is
 * in rx->msg, the payload unread. leat_vfu_rx_next() goes on behind the header.
 * -ENOTCONN: the peer closed. -ENOMEM. Other -errno of recvmsg().
 */
int leat_vfu_rx_feed(struct vfu_rx *rx, int sock);

/* Drop the message and start over. */
void leat_vfu_rx_next(struct vfu_rx *rx);

/* Move the message out, for a queue; the caller calls leat_vfu_msg_fini(). Starts over. */
void leat_vfu_rx_take(struct vfu_rx *rx, struct vfu_msg *out);

/* What a socket has not taken yet. All zero is an empty one. */
struct vfu_tx {
	char		*buf;
	size_t		len, done;
	int		*fds;		/* to go with the first byte; our duplicates */
	unsigned int	nfds;
};

void leat_vfu_tx_fini(struct vfu_tx *tx);

#define VFU_TX_IOV 4			/* pieces of a payload, at most */

/*
 * leat_vfu_tx_send - send a message; @hdr->size is filled in from @payload. @fds
 * stay the caller's. What the socket does not take is copied and kept for
 * leat_vfu_tx_flush(). 0; -EAGAIN: an earlier message is still kept; -EINVAL:
 * too many pieces or descriptors; the rest ends the connection, for part of the
 * message may be gone: -ENOTCONN: the peer closed; -ENOMEM, -EMFILE, ...
 */
int leat_vfu_tx_send(struct vfu_tx *tx, int sock, struct vfu_hdr *hdr, const struct iovec *payload,
		     unsigned int npieces, const int *fds, unsigned int nfds);

/* 0: nothing is kept any more; -EAGAIN: the socket is full; others as above. */
int leat_vfu_tx_flush(struct vfu_tx *tx, int sock);

static inline bool leat_vfu_tx_pending(const struct vfu_tx *tx)
{
	return tx->done < tx->len;
}

#endif
