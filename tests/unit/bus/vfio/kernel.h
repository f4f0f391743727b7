// SPDX-License-Identifier: BSD-3-Clause
/*
 * kernel.h - a kernel with VFIO and iommufd in this process: what TYPE1v2 and iommufd of Linux
 * 6.12 were seen to answer, for programs linked with --wrap of the calls named in kernel.c.
 *
 * Everything is counted, and one call may be made to fail. Descriptors are numbers of its own
 * from FAKE_FD on; those of other files pass through.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <leat/driver/aspace.h>

#include <stdbool.h>
#include <stdint.h>

#define FAKE_FD 1000

/* What the tests turn. fake_reset() sets what a usual machine has. */
struct fake_knobs {
	int	api;			/* GET_API_VERSION */
	bool	type1;			/* TYPE1v2 is there */
	bool	noiommu;		/* no-IOMMU mode is on */
	bool	rawio;			/* we have CAP_SYS_RAWIO */
	bool	isolated;		/* interrupts are remapped, or nobody minds */
	bool	coy;			/* TYPE1 tells no ranges, as before Linux 5.4 */
	bool	careless;		/* narrowing does not look at what is mapped */
	bool	tokens;			/* BIND takes a token (6.17) */
	unsigned int holes;		/* more of them, a page each, from 4 GiB on */
	uint32_t dma_limit;		/* maps of a container */
	int	open_errno;		/* of /dev/vfio/vfio and /dev/iommu; 0: they open */

	/* locked memory */
	uint64_t limit;			/* RLIMIT_MEMLOCK; UINT64_MAX: none */
	uint64_t by_process;		/* VmLck before us, bytes */
	uint64_t by_user;		/* what other processes of the user have */
	bool	spared;			/* CAP_IPC_LOCK */
	bool	no_proc;		/* /proc/self/status does not open */

	/* The answer to GET_INFO, if not NULL. */
	const void *info;
	uint32_t info_size;

	unsigned int fail_at;		/* this call, from 1 on, fails with EIO; 0: none */
	bool	no_memory;		/* allocations count as calls, too */
};

extern struct fake_knobs fake;

/* Usual knobs, nothing open, nothing counted. */
void fake_reset(void);

/*
 * A group, or an unbound device, of its own behind an IOMMU with @bits of addresses, as if
 * opened by somebody. Close them with close().
 */
int fake_group(unsigned int bits);
int fake_noiommu_group(void);
int fake_device(unsigned int bits);

/* A container or iommufd that somebody else opened. */
int fake_container(void);
int fake_iommufd(void);

/* What is there now. */
unsigned int fake_open_files(void);		/* descriptors */
unsigned int fake_maps(void);			/* in all containers and IOASes */
unsigned int fake_ioases(void);
unsigned int fake_members(void);		/* groups in containers, devices attached */
uint64_t fake_locked(void);			/* bytes, by both accounts */
bool fake_reads(leat_iova_t iova);		/* some device may read there... */
bool fake_writes(leat_iova_t iova);

/* What was called so far: may-fail calls, and those of one kind. */
unsigned int fake_calls(void);
unsigned int fake_called(unsigned long request);

#endif
