// SPDX-License-Identifier: BSD-3-Clause
/*
 * reason.h - what a bare error number of the kernel's means at a certain place, and what mends it.
 */
#ifndef LEAT_VFIO_REASON_H
#define LEAT_VFIO_REASON_H

/* Ends with { 0, NULL }. */
struct vfio_reason {
	int		err;		/* positive */
	const char	*why;
};

/* The words for -@err; of the C library if it is not in the table. */
const char *leat_vfio_why(const struct vfio_reason *table, int err);

/* ioctl() that gives -errno; else what it returned. */
int leat_vfio_ioctl(int fd, unsigned long request, void *arg);

#endif
