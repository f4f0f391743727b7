// SPDX-License-Identifier: BSD-3-Clause
/*
 * served.h - a virtio-net model that a child process serves over vfio-user; what it
 * sends comes back to it.
 */
#ifndef SERVED_H
#define SERVED_H

#include <sys/types.h>

struct served {
	char	addr[96];	/* "vfio-user:PATH" */
	char	dir[64], path[80];
	pid_t	pid;
};

void served_start(struct served *nic);
void served_stop(struct served *nic);

#endif
