// SPDX-License-Identifier: BSD-3-Clause
/*
 * faults.c - the wrappers behind faults.h.
 */
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>

static unsigned int left;	/* calls until the one that fails; 0: disarmed */
static const char *failed;

void faults_arm(unsigned int k)
{
	failed = NULL;
	left = k;
}

const char *faults_disarm(void)
{
	left = 0;
	return failed;
}

static bool fault(const char *name, int err)
{
	if (!left || --left)
		return false;
	failed = name;
	errno = err;
	return true;
}

/* name, what it returns, how it says no, errno, parameters, arguments */
#define CALLS(X)											\
	X(malloc, void *, NULL, ENOMEM, (size_t n), (n))						\
	X(calloc, void *, NULL, ENOMEM, (size_t n, size_t size), (n, size))				\
	X(realloc, void *, NULL, ENOMEM, (void *p, size_t n), (p, n))					\
	X(reallocarray, void *, NULL, ENOMEM, (void *p, size_t n, size_t size), (p, n, size))		\
	X(aligned_alloc, void *, NULL, ENOMEM, (size_t align, size_t n), (align, n))			\
	X(strdup, char *, NULL, ENOMEM, (const char *s), (s))						\
	X(mmap, void *, MAP_FAILED, ENOMEM,								\
	  (void *p, size_t n, int prot, int flags, int fd, off_t off), (p, n, prot, flags, fd, off))	\
	X(memfd_create, int, -1, EMFILE, (const char *name, unsigned int flags), (name, flags))		\
	X(ftruncate, int, -1, EIO, (int fd, off_t n), (fd, n))						\
	X(fallocate, int, -1, ENOSPC, (int fd, int mode, off_t off, off_t n), (fd, mode, off, n))	\
	X(fstat, int, -1, EIO, (int fd, struct stat *st), (fd, st))					\
	X(socket, int, -1, EMFILE, (int domain, int type, int protocol), (domain, type, protocol))	\
	X(socketpair, int, -1, EMFILE, (int domain, int type, int protocol, int *fds),			\
	  (domain, type, protocol, fds))								\
	X(connect, int, -1, ECONNREFUSED, (int fd, const struct sockaddr *addr, socklen_t n),		\
	  (fd, addr, n))										\
	X(sendmsg, ssize_t, -1, EPIPE, (int fd, const struct msghdr *msg, int flags), (fd, msg, flags))	\
	X(recvmsg, ssize_t, -1, ECONNRESET, (int fd, struct msghdr *msg, int flags), (fd, msg, flags))	\
	X(poll, int, -1, ENOMEM, (struct pollfd *fds, nfds_t n, int ms), (fds, n, ms))			\
	X(eventfd, int, -1, EMFILE, (unsigned int n, int flags), (n, flags))				\
	X(epoll_ctl, int, -1, ENOSPC, (int epfd, int op, int fd, struct epoll_event *ev),		\
	  (epfd, op, fd, ev))										\
	X(timerfd_create, int, -1, EMFILE, (int clock, int flags), (clock, flags))

#define WRAP(name, type, no, err, params, args)	\
	type __real_##name params;		\
	type __wrap_##name params;		\
	type __wrap_##name params		\
	{					\
		if (fault(#name, err))		\
			return no;		\
		return __real_##name args;	\
	}
CALLS(WRAP)
