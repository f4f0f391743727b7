// SPDX-License-Identifier: BSD-3-Clause
/*
 * begin.c - the first connection. What the device can is known only once a back end is
 * there, so open waits for one, with an end.
 */
#include "state.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* Look at the clock this often while waiting: it may be one that is turned by hand. */
#define WAIT_SLICE_MS 100

static int fail_connect(struct vhost *v, int err)
{
	struct leat_ctx *ctx = v->dev.ctx;
	const char *addr = v->dev.addr;

	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
		return leat_fail(ctx, -ENODEV, "%s: connect: no such file; start the vhost-user back "
				 "end first, correct the path, or give \"%s,server\" for one that "
				 "connects to us", addr, addr);
	case -ENOTSOCK:
	case -EPROTOTYPE:
		return leat_fail(ctx, -ENODEV, "%s: connect: the file is not a stream socket; give "
				 "the path at which a vhost-user back end listens", addr);
	case -ECONNREFUSED:
		return leat_fail(ctx, -ENODEV, "%s: connect: connection refused: nobody listens at "
				 "this socket any more; start the vhost-user back end again", addr);
	case -EACCES:
	case -EPERM:
		return leat_fail(ctx, -EACCES, "%s: connect: %s; run as a user who may write to the "
				 "socket and enter its folder", addr, strerror(-err));
	case -EAGAIN:
		return leat_fail(ctx, -ETIMEDOUT, "%s: connect: not accepted in %d s: the back end "
				 "hangs, or serves others", addr, VHOST_CONNECT_SECONDS);
	default:
		return leat_fail(ctx, err, "%s: connect: %s", addr, strerror(-err));
	}
}

static int begin_client(struct vhost *v)
{
	int fd = leat_unix_connect(v->at.path, VHOST_CONNECT_SECONDS);

	return fd < 0 ? fail_connect(v, fd) : fd;
}

static int await_back_end(struct vhost *v)
{
	uint64_t end = leat_ctx_now(v->dev.ctx) + VHOST_ACCEPT_SECONDS * UINT64_C(1000000000);
	struct pollfd p = { .fd = v->listener.fd, .events = POLLIN };

	for (;;) {
		int fd = accept4(v->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0)
			return fd;
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			return leat_fail(v->dev.ctx, -errno, "%s: accept: %s", v->dev.addr,
					 strerror(errno));
		if (leat_ctx_now(v->dev.ctx) >= end)
			return leat_fail(v->dev.ctx, -ETIMEDOUT, "%s: no back end connected in %d s: "
					 "start one that connects to %s", v->dev.addr,
					 VHOST_ACCEPT_SECONDS, v->at.path);
		(void)poll(&p, 1, WAIT_SLICE_MS);
	}
}

static int begin_server(struct vhost *v)
{
	char why[LEAT_UNIX_WHY];
	int err = leat_unix_listen(&v->listener, v->at.path, why);

	return err ? leat_fail(v->dev.ctx, err, "%s: %s", v->dev.addr, why) : await_back_end(v);
}

int leat_vhost_begin(struct vhost *v)
{
	return v->at.server ? begin_server(v) : begin_client(v);
}
