// SPDX-License-Identifier: BSD-3-Clause
/*
 * unix.h - stream sockets with a name in the file system, for both kinds of peers:
 * vfio-user and vhost-user.
 */
#ifndef LEAT_UNIX_H
#define LEAT_UNIX_H

#include <stddef.h>
#include <sys/types.h>

/* Bytes of the longest path, with its NUL. */
#define LEAT_UNIX_PATH 108

/*
 * leat_unix_connect - a connected socket that does not block, close-on-exec. A server whose
 * queue is full is waited for, @seconds at most (0: not at all). The descriptor, or -errno:
 * -ENAMETOOLONG the path, -ENOTSOCK it is another kind of file, -ECONNREFUSED nobody listens
 * there, -EAGAIN not accepted in time, or connect()'s. Nothing is logged.
 */
int leat_unix_connect(const char *path, unsigned int seconds);

/* A socket that listens, and its file. */
struct leat_unix_listener {
	int		fd;		/* -1: none; does not block, close-on-exec */
	char		path[LEAT_UNIX_PATH];
	dev_t		dev;		/* the file is still ours if these match */
	ino_t		ino;
};

#define LEAT_UNIX_WHY 192

/*
 * leat_unix_listen - make the socket, in the place of one that nobody answers at any more.
 * 0; -EINVAL no path, -ENAMETOOLONG, -EEXIST another kind of file lies there, -EADDRINUSE
 * somebody answers there, or a system call's; with the sentence in @why, and @l closed.
 */
int leat_unix_listen(struct leat_unix_listener *l, const char *path, char why[LEAT_UNIX_WHY]);

/* Close it and remove the file, unless somebody has put another in its place. Closed: nothing. */
void leat_unix_unlisten(struct leat_unix_listener *l);

#endif
