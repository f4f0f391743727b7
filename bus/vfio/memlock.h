// SPDX-License-Identifier: BSD-3-Clause
/*
 * memlock.h - the limit of locked memory. What a device may reach is locked, and the kernel
 * says only "out of memory" when that is too much: so it is counted before.
 *
 * A container counts per process, together with mlock(); an iommufd per user, over all of the
 * user's processes, where nobody can read the sum. Both spare who has CAP_IPC_LOCK.
 */
#ifndef LEAT_VFIO_MEMLOCK_H
#define LEAT_VFIO_MEMLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Whose account a domain's maps go to. */
enum vfio_account { VFIO_PER_PROCESS, VFIO_PER_USER };

struct vfio_memlock {
	uint64_t	limit;		/* bytes */
	uint64_t	locked;		/* bytes known to be locked now; may be too low */
};

/*
 * leat_vfio_memlock - the limit and what counts against it. @ours: bytes that this context
 * has locked, which is what is told where the kernel cannot be asked. False: no limit.
 */
bool leat_vfio_memlock(enum vfio_account account, uint64_t ours, struct vfio_memlock *out);

#endif
