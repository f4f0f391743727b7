// SPDX-License-Identifier: BSD-3-Clause
/*
 * msg.c - vhost-user messages over a stream socket that does not block.
 *
 * A read asks for no more than the header or the payload lacks, so that a descriptor cannot
 * be taken for another message's.
 */
#include "msg.h"

#include "bus/unix/unix.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

void leat_vhost_rx_reset(struct vhost_rx *rx)
{
	if (rx->fd >= 0)
		close(rx->fd);
	rx->fd = -1;
	rx->got = 0;
}

/* The first one; the others are closed. */
static void keep_fd(void *arg, int fd)
{
	struct vhost_rx *rx = arg;

	if (rx->fd < 0)
		rx->fd = fd;
	else if (fd >= 0)
		close(fd);
}

int leat_vhost_rx_feed(struct vhost_rx *rx, int sock)
{
	const size_t header = sizeof(rx->hdr);

	for (;;) {
		bool in_header = rx->got < header;
		size_t want = in_header ? header : header + rx->hdr.size;
		void *to = in_header ? (char *)&rx->hdr + rx->got
				     : (char *)rx->payload + (rx->got - header);
		ssize_t n;

		if (!in_header && rx->hdr.size > sizeof(rx->payload))
			return -EMSGSIZE;
		if (rx->got == want)
			return 1;
		n = leat_unix_receive(sock, to, want - rx->got, keep_fd, rx);
		if (n < 0)
			return n == -EAGAIN ? 0 : (int)n;
		rx->got += (size_t)n;
	}
}
