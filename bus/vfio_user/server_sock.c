// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_sock.c - the listening socket and its file.
 *
 * A server that was killed leaves its socket file behind. Whether anybody
 * answers there is asked by connecting: refused means stale, and the file goes.
 */
#include "server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 16			/* clients that wait for the present one to leave */

static int set_path(struct leat_server *srv, const char *path)
{
	if (!path || !*path)
		return leat_srv_fail(srv, -EINVAL, "no path for the socket was given");
	if (strlen(path) >= sizeof(srv->addr.sun_path))
		return leat_srv_fail(srv, -ENAMETOOLONG, "%s: the path of a socket has at most %zu "
				     "characters; choose a shorter one", path,
				     sizeof(srv->addr.sun_path) - 1);
	srv->addr.sun_family = AF_UNIX;
	strcpy(srv->addr.sun_path, path);
	return 0;
}

/* 0: somebody answers at the path; else -errno of connecting. */
static int probe(const struct leat_server *srv)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&srv->addr, sizeof(srv->addr)))
		err = -errno;
	close(fd);
	return err == -EAGAIN ? 0 : err;	/* its backlog is full: alive */
}

static int remove_stale(struct leat_server *srv)
{
	const char *path = srv->addr.sun_path;
	struct stat st;
	int err;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : leat_srv_fail(srv, -errno, "%s: %s", path,
							   strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return leat_srv_fail(srv, -EEXIST, "%s: something that is no socket lies there; "
				     "remove it or choose another path", path);
	err = probe(srv);
	if (!err || err == -EPROTOTYPE)
		return leat_srv_fail(srv, -EADDRINUSE, "%s: another server answers there; stop it "
				     "or choose another path", path);
	if (err != -ECONNREFUSED && err != -ENOENT)
		return leat_srv_fail(srv, err, "%s: cannot tell whether another server answers "
				     "there: %s", path, strerror(-err));
	if (unlink(path) && errno != ENOENT)
		return leat_srv_fail(srv, -errno, "%s: cannot replace the stale socket: %s", path,
				     strerror(errno));
	return 0;
}

static int bind_listener(struct leat_server *srv)
{
	const char *path = srv->addr.sun_path;
	struct stat st;

	srv->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (srv->listener < 0)
		return leat_srv_fail(srv, -errno, "%s: socket: %s", path, strerror(errno));
	if (bind(srv->listener, (const struct sockaddr *)&srv->addr, sizeof(srv->addr)))
		return leat_srv_fail(srv, -errno, "%s: cannot make the socket: %s (does its folder "
				     "exist, and may you write there?)", path, strerror(errno));
	if (!lstat(path, &st)) {
		srv->sock_dev = st.st_dev;
		srv->sock_ino = st.st_ino;
	}
	if (listen(srv->listener, BACKLOG))
		return leat_srv_fail(srv, -errno, "%s: listen: %s", path, strerror(errno));
	return 0;
}

int leat_srv_listen(struct leat_server *srv, const char *path)
{
	int err = set_path(srv, path);

	if (!err)
		err = remove_stale(srv);
	if (!err)
		err = bind_listener(srv);
	if (err)
		leat_srv_unlisten(srv);
	return err;
}

/* Remove the file, unless somebody has put another in its place. */
void leat_srv_unlisten(struct leat_server *srv)
{
	struct stat st;

	if (srv->listener < 0)
		return;
	if (srv->sock_ino && !lstat(srv->addr.sun_path, &st) && st.st_dev == srv->sock_dev &&
	    st.st_ino == srv->sock_ino)
		unlink(srv->addr.sun_path);
	close(srv->listener);
	srv->listener = -1;
}
