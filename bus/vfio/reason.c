// SPDX-License-Identifier: BSD-3-Clause
/*
 * reason.c - calling the kernel, and putting its answer into words.
 */
#include "reason.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

const char *leat_vfio_why(const struct vfio_reason *table, int err)
{
	for (; table->err; table++)
		if (table->err == -err)
			return table->why;
	return strerror(-err);
}

int leat_vfio_ioctl(int fd, unsigned long request, void *arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}
