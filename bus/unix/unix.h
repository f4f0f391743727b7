// SPDX-License-Identifier: BSD-3-Clause
/*
 * unix.h - stream sockets with a name in the file system, for both kinds of peers:
 * vfio-user and vhost-user.
 */
#ifndef LEAT_UNIX_H
#define LEAT_UNIX_H

#include <stddef.h>

/* Bytes of the longest path, with its NUL. */
#define LEAT_UNIX_PATH 108

/*
 * leat_unix_connect - a connected socket that does not block, close-on-exec. A server whose
 * queue is full is waited for, @seconds at most (0: not at all). The descriptor, or -errno:
 * -ENAMETOOLONG the path, -ENOTSOCK it is another kind of file, -ECONNREFUSED nobody listens
 * there, -EAGAIN not accepted in time, or connect()'s. Nothing is logged.
 */
int leat_unix_connect(const char *path, unsigned int seconds);

#endif
