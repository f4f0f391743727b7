// SPDX-License-Identifier: BSD-3-Clause
/*
 * msg.c - vhost-user messages over a stream socket that does not block.
 *
 * A read asks for no more than the header or the payload lacks, so that a descriptor cannot
 * be taken for another message's.
 */
#include "msg.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The kernel's own limit of descriptors in one send (SCM_MAX_FD). */
#define FDS_MAX 253

static int socket_error(int err)
{
	switch (err) {
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
		return -ENOTCONN;
	case EWOULDBLOCK:
		return -EAGAIN;
	default:
		return -err;
	}
}

void leat_vhost_rx_reset(struct vhost_rx *rx)
{
	if (rx->fd >= 0)
		close(rx->fd);
	rx->fd = -1;
	rx->got = 0;
}

static void keep_fd(struct vhost_rx *rx, const struct cmsghdr *c)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		if (rx->fd < 0)
			rx->fd = fd;
		else
			close(fd);
	}
}

static ssize_t receive(struct vhost_rx *rx, int sock, void *buf, size_t len)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.room, .msg_controllen = sizeof(control.room),
	};
	ssize_t n;

	do
		n = recvmsg(sock, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return socket_error(errno);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&mh); c; c = CMSG_NXTHDR(&mh, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			keep_fd(rx, c);
	return n ? n : -ENOTCONN;
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
		n = receive(rx, sock, to, want - rx->got);
		if (n < 0)
			return n == -EAGAIN ? 0 : (int)n;
		rx->got += (size_t)n;
	}
}

long leat_vhost_tx(int sock, const void *buf, size_t len, const int *fds, unsigned int nfds)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(VHOST_REGIONS_MAX * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf, .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (nfds) {
		memset(&control, 0, sizeof(control));
		mh.msg_control = control.room;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, nfds * sizeof(int));
	}
	do
		n = sendmsg(sock, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? socket_error(errno) : n;
}
