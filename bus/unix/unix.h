// SPDX-License-Identifier: BSD-3-Clause
/*
 * unix.h - stream sockets with a name in the file system, for both kinds of peers:
 * vfio-user and vhost-user.
 */
#ifndef LEAT_UNIX_H
#define LEAT_UNIX_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

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

/* Takes over a descriptor that came; -1: there were more than we could have. */
typedef void leat_unix_take_fd(void *arg, int fd);

/*
 * leat_unix_receive - up to @len bytes, and the descriptors attached to them, close-on-exec.
 * Bytes, or -errno: -EAGAIN nothing there, -ENOTCONN the peer closed. Never blocks.
 */
ssize_t leat_unix_receive(int sock, void *buf, size_t len, leat_unix_take_fd *take, void *arg);

#define LEAT_UNIX_FDS_MAX 64

/*
 * leat_unix_send - as many bytes as the socket takes, the first with @fds, which stay the
 * caller's. Bytes, or -errno: -EAGAIN none, -ENOTCONN the peer closed, -EINVAL too many
 * descriptors. Never blocks.
 */
ssize_t leat_unix_send(int sock, struct iovec *iov, size_t niov, const int *fds,
		       unsigned int nfds);

#endif
