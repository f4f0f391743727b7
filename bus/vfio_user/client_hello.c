// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_hello.c - from a path to a peer that speaks: connect, VERSION, and the
 * second socket for the peer's own commands if it wants one.
 */
#include "client_state.h"

#include "bus/unix/unix.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

static int fail_connect(struct vfu_client *c, const char *path, int err)
{
	struct leat_ctx *ctx = c->dev.ctx;
	const char *addr = c->dev.addr;

	switch (err) {
	case -ENAMETOOLONG:
		return leat_fail(ctx, -EINVAL, "%s: connect: the path is too long for a "
				 "socket (%zu bytes, at most %d); go nearer and name it from there",
				 addr, strlen(path), LEAT_UNIX_PATH - 1);
	case -ENOENT:
	case -ENOTDIR:
		return leat_fail(ctx, -ENODEV, "%s: connect: no such file; start the server (for "
				 "example leat-nicd) first, or correct the path", addr);
	case -ENOTSOCK:
	case -EPROTOTYPE:
		return leat_fail(ctx, -ENODEV, "%s: connect: the file is not a stream socket; give "
				 "the path at which a vfio-user server listens", addr);
	case -ECONNREFUSED:
		return leat_fail(ctx, -ENODEV, "%s: connect: connection refused: nobody serves this "
				 "socket any more; start leat-nicd (or another vfio-user server) "
				 "again", addr);
	case -EACCES:
	case -EPERM:
		return leat_fail(ctx, -EACCES, "%s: connect: %s; run as a user who may write to the "
				 "socket and enter its folder", addr, strerror(-err));
	case -EAGAIN:
		return leat_fail(ctx, -ETIMEDOUT, "%s: connect: not accepted in %d s: the server "
				 "hangs, or serves others", addr, VFU_CONNECT_SECONDS);
	default:
		return leat_fail(ctx, err, "%s: connect: %s", addr, strerror(-err));
	}
}

static int nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ? -errno : 0;
}

int leat_vfu_connect(struct vfu_client *c, const char *path)
{
	int fd = leat_unix_connect(path, VFU_CONNECT_SECONDS);

	if (fd < 0)
		return fail_connect(c, path, fd);
	c->sock[VFU_MAIN].fd = fd;
	return 0;
}

/* The largest power of two in @n, and no more than a page: registers are small. */
static size_t chunk_size(uint64_t n)
{
	size_t chunk = 4096;

	while (chunk > n)
		chunk /= 2;
	return chunk;
}

static bool is_stream_socket(int fd)
{
	int domain = -1, type = -1;
	socklen_t len = sizeof(int);

	return !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) && domain == AF_UNIX &&
	       !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) && type == SOCK_STREAM;
}

static int take_twin(struct vfu_client *c, struct vfu_msg *reply)
{
	int32_t i = c->peer.twin_index;
	int err;

	if (!c->peer.twin_socket && i < 0)
		return 0;
	if (!c->peer.twin_socket || i < 0 || (unsigned int)i >= reply->nfds ||
	    !is_stream_socket(reply->fds[i]))
		return leat_vfu_die(c, -EPROTO,
				    "VERSION: the server offers a twin socket, but passed none at "
				    "index %d; its answer is inconsistent", i);
	c->sock[VFU_TWIN].fd = reply->fds[i];
	reply->fds[i] = -1;
	err = nonblocking(c->sock[VFU_TWIN].fd);
	return err ? leat_vfu_die(c, err, "twin socket: fcntl: %s", strerror(-err)) : 0;
}

static int check_version(struct vfu_client *c, struct vfu_msg *reply)
{
	const struct vfu_version *v = reply->payload;
	const char *json = (const char *)(v + 1);

	if (v->major != VFU_MAJOR || v->minor > VFU_MINOR)
		return leat_vfu_die(c, -EPROTO,
				    "the server speaks vfio-user %u.%u, we speak up to %u.%u; use "
				    "versions that go together", v->major, v->minor, VFU_MAJOR,
				    VFU_MINOR);
	if (leat_vfu_caps_parse(json, reply->len - sizeof(*v), &c->peer))
		return leat_vfu_die(c, -EPROTO,
				    "VERSION: the server's capabilities are malformed; it breaks the "
				    "protocol");
	c->chunk = chunk_size(c->peer.max_xfer);
	return take_twin(c, reply);
}

int leat_vfu_negotiate(struct vfu_client *c)
{
	struct vfu_version version = { .major = VFU_MAJOR, .minor = VFU_MINOR };
	struct vfu_caps ours;
	char json[VFU_CAPS_LEN];
	struct vfu_call call = {
		.cmd = VFU_VERSION, .nout = 2, .min_reply = sizeof(version),
		.out = { vfu_iov(&version, sizeof(version)) },
	};
	int len, err;

	leat_vfu_caps_default(&ours);
	ours.max_fds = VFU_MAX_FDS;
	ours.write_multiple = true;
	ours.twin_socket = true;
	len = leat_vfu_caps_build(&ours, json);
	if (len < 0)
		return leat_fail(c->dev.ctx, len, "%s: VERSION: out of memory", c->dev.addr);
	call.out[1] = vfu_iov(json, (size_t)len);

	err = leat_vfu_call(c, &call);
	if (err)
		return err;
	err = check_version(c, &call.reply);
	leat_vfu_msg_fini(&call.reply);
	return err;
}
