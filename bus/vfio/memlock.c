// SPDX-License-Identifier: BSD-3-Clause
/*
 * memlock.c - the limit of locked memory.
 */
#include "memlock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

static bool spared(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &head, data))
		return false;
	return data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective & CAP_TO_MASK(CAP_IPC_LOCK);
}

/* VmLck of this process, in bytes; 0 where it cannot be read. */
static uint64_t locked_by_process(void)
{
	char text[4096];
	const char *at;
	ssize_t len;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	at = strstr(text, "\nVmLck:");
	return at ? strtoull(at + strlen("\nVmLck:"), NULL, 10) * 1024 : 0;
}

bool leat_vfio_memlock(enum vfio_account account, uint64_t ours, struct vfio_memlock *out)
{
	struct rlimit limit;
	uint64_t known = 0;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == RLIM_INFINITY || spared())
		return false;
	if (account == VFIO_PER_PROCESS)
		known = locked_by_process();
	*out = (struct vfio_memlock){
		.limit = limit.rlim_cur, .locked = known > ours ? known : ours,
	};
	return true;
}
