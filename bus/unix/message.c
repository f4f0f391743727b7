// SPDX-License-Identifier: BSD-3-Clause
/*
 * message.c - bytes and the descriptors that go with them, without blocking.
 *
 * The kernel glues neighbouring sends together, but hands out descriptors with the read
 * that takes the byte they are attached to. Who never reads past the end of a message can
 * tell whose they are.
 */
#include "unix.h"

#include <leat/compiler.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel's own limit of descriptors in one send (SCM_MAX_FD). */
#define KERNEL_MAX_FDS 253

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

static void hand_out(struct cmsghdr *c, leat_unix_take_fd *take, void *arg)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
		take(arg, fd);
	}
}

ssize_t leat_unix_receive(int sock, void *buf, size_t len, leat_unix_take_fd *take, void *arg)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(KERNEL_MAX_FDS * sizeof(int))];
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
			hand_out(c, take, arg);
	if (mh.msg_flags & MSG_CTRUNC)	/* we have no descriptors left */
		take(arg, -1);
	return n ? n : -ENOTCONN;
}

ssize_t leat_unix_send(int sock, struct iovec *iov, size_t niov, const int *fds, unsigned int nfds)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(LEAT_UNIX_FDS_MAX * sizeof(int))];
	} control;
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = niov };
	ssize_t n;

	if (nfds > LEAT_UNIX_FDS_MAX)
		return -EINVAL;
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
