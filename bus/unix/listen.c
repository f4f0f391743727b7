// SPDX-License-Identifier: BSD-3-Clause
/*
 * listen.c - a listening socket and its file.
 *
 * Who was killed leaves the socket's file behind. Whether anybody answers there is
 * asked by connecting: refused means stale, and the file goes.
 */
#include "unix.h"

#include <leat/compiler.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16			/* clients that wait for the present one to leave */

static int LEAT_PRINTF(3, 4) fail(char *why, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, LEAT_UNIX_WHY, fmt, args);
	va_end(args);
	return err;
}

static int set_path(struct leat_unix_listener *l, const char *path, char *why)
{
	*l = (struct leat_unix_listener){ .fd = -1 };
	if (!path || !*path)
		return fail(why, -EINVAL, "no path for the socket was given");
	if (strlen(path) >= sizeof(l->path))
		return fail(why, -ENAMETOOLONG, "%.60s...: the path of a socket has at most %zu "
			    "characters; choose a shorter one", path, sizeof(l->path) - 1);
	strcpy(l->path, path);
	return 0;
}

static int remove_stale(const struct leat_unix_listener *l, char *why)
{
	const char *path = l->path;
	struct stat st;
	int fd;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : fail(why, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return fail(why, -EEXIST, "%s: something that is no socket lies there; remove it or "
			    "choose another path", path);
	fd = leat_unix_connect(path, 0);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 || fd == -EAGAIN || fd == -EPROTOTYPE)	/* its backlog is full: alive */
		return fail(why, -EADDRINUSE, "%s: another server answers there; stop it or choose "
			    "another path", path);
	if (fd != -ECONNREFUSED && fd != -ENOENT)
		return fail(why, fd, "%s: cannot tell whether another server answers there: %s",
			    path, strerror(-fd));
	if (unlink(path) && errno != ENOENT)
		return fail(why, -errno, "%s: cannot replace the stale socket: %s", path,
			    strerror(errno));
	return 0;
}

static int bind_listener(struct leat_unix_listener *l, char *why)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct stat st;

	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return fail(why, -errno, "%s: socket: %s", l->path, strerror(errno));
	strcpy(sa.sun_path, l->path);
	if (bind(l->fd, (const struct sockaddr *)&sa, sizeof(sa)))
		return fail(why, -errno, "%s: cannot make the socket: %s (does its folder exist, and "
			    "may you write there?)", l->path, strerror(errno));
	if (!lstat(l->path, &st)) {
		l->dev = st.st_dev;
		l->ino = st.st_ino;
	}
	if (listen(l->fd, BACKLOG))
		return fail(why, -errno, "%s: listen: %s", l->path, strerror(errno));
	return 0;
}

int leat_unix_listen(struct leat_unix_listener *l, const char *path, char why[LEAT_UNIX_WHY])
{
	int err = set_path(l, path, why);

	if (!err)
		err = remove_stale(l, why);
	if (!err)
		err = bind_listener(l, why);
	if (err)
		leat_unix_unlisten(l);
	return err;
}

void leat_unix_unlisten(struct leat_unix_listener *l)
{
	struct stat st;

	if (l->fd < 0)
		return;
	if (l->ino && !lstat(l->path, &st) && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	close(l->fd);
	l->fd = -1;
}
