// SPDX-License-Identifier: BSD-3-Clause
/*
 * eventfd.c - descriptors for interrupts, so that drivers need no system calls.
 *
 * A tap is an epoll descriptor on an eventfd, edge-triggered: each signal makes
 * each tap readable, whoever else has taken note of it.
 */
#include <leat/driver/core.h>

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

int leat_eventfd_open(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

void leat_eventfd_signal(int fd)
{
	const uint64_t one = 1;
	ssize_t n;

	do
		n = write(fd, &one, sizeof(one));
	while (n < 0 && errno == EINTR);
}

void leat_eventfd_drain(int fd)
{
	uint64_t count;
	ssize_t n;

	do
		n = read(fd, &count, sizeof(count));
	while (n < 0 && errno == EINTR);
}

void leat_eventfd_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

int leat_eventfd_tap(int fd)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	int tap = epoll_create1(EPOLL_CLOEXEC);
	int err;

	if (tap < 0)
		return -errno;
	if (!epoll_ctl(tap, EPOLL_CTL_ADD, fd, &ev))
		return tap;
	err = -errno;
	close(tap);
	return err;
}

void leat_eventfd_tap_drain(int tap)
{
	struct epoll_event ev;

	(void)epoll_wait(tap, &ev, 1, 0);
}
