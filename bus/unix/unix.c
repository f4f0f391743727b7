// SPDX-License-Identifier: BSD-3-Clause
/*
 * unix.c - connecting to a UNIX socket, without waiting for ever.
 */
#include "unix.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <leat/compiler.h>

LEAT_STATIC_ASSERT(sizeof(((struct sockaddr_un *)0)->sun_path) == LEAT_UNIX_PATH, "unix(7)");

static int nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ? -errno : 0;
}

/* "Refused" also means that the file is no socket. */
static int why(const char *path, int err)
{
	struct stat st;

	if (err == ECONNREFUSED && !stat(path, &st) && !S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	return -err;
}

int leat_unix_connect(const char *path, unsigned int seconds)
{
	const struct timeval patience = { .tv_sec = (time_t)seconds };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t len = strlen(path);
	int fd, err = 0;

	if (len >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, len);

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!seconds)
		err = nonblocking(fd);
	/* A full queue of clients makes connect() wait; this bounds it. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!err && connect(fd, (struct sockaddr *)&sa, sizeof(sa)))
		err = why(path, errno);
	if (!err)
		err = nonblocking(fd);
	if (!err)
		return fd;
	close(fd);
	return err;
}
