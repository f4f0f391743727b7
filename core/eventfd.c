// SPDX-License-Identifier: BSD-3-Clause
/*
 * eventfd.c - descriptors for interrupts, so that drivers need no system calls.
 */
#include <leat/driver/core.h>

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int leat_eventfd_open(void)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return fd < 0 ? -errno : fd;
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
