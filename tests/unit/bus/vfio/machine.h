// SPDX-License-Identifier: BSD-3-Clause
/*
 * machine.h - PCI devices behind the kernel's VFIO, in this process: /sys and /dev in a
 * temporary folder, groups, character devices, and what Linux 6.12 was seen to answer about
 * a device. For programs linked with --wrap of what machine*.c name. IOMMU domains are
 * stubs here: they have tests of their own.
 *
 * Everything is counted and traced; one call may be made to fail. Descriptors are numbers
 * from MACHINE_FD on.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include "../pci/tree.h"
#include "bus/vfio/device.h"

#include <leat/ctx.h>

#define MACHINE_FD	5000
#define MACHINE_DEVS	4
#define MACHINE_REGIONS	12
#define MACHINE_VECTORS	16
#define MACHINE_SLOT	(UINT64_C(1) << 20)	/* of the memory behind each region */

struct machine_region {
	uint64_t	size;
	uint32_t	flags;		/* VFIO_REGION_INFO_FLAG_* but CAPS */
	const void	*caps;		/* behind the struct, offsets from its start */
	uint32_t	caps_len;
	int		err;		/* instead of an answer */
};

struct machine_dev {
	char		bdf[LEAT_BDF_LEN];
	int		group;		/* 12, 13... */
	uint32_t	flags;		/* VFIO_DEVICE_FLAGS_* */
	unsigned int	nregions;
	struct machine_region region[MACHINE_REGIONS];
	struct { uint32_t count, flags; int err; } irq[LEAT_IRQS];
	uint8_t		*mem;		/* MACHINE_SLOT for each region */
	const char	*token;		/* it is a VF that wants this one */
	bool		plain;		/* no VF: a token is wrong */
	bool		gone;		/* all that is read of it is ones */

	/* what was done to it */
	int		bound[LEAT_IRQS][MACHINE_VECTORS];	/* the eventfd; -1 */
	unsigned int	vectors[LEAT_IRQS];	/* set up; 0: the index is off */
	unsigned int	fired[LEAT_IRQS];
	int		resample;	/* eventfd that unmasks INTx; -1 */
	unsigned int	masks, unmasks, resets, hot_resets;
	bool		asleep;
	unsigned int	users;		/* descriptors */
	int		memfd;
};

struct machine {
	struct tree	tree;
	struct machine_dev dev[MACHINE_DEVS];
	unsigned int	ndevs;
	bool		cdevs;		/* the kernel makes character devices */
	const char	*denied[4];	/* nodes that we may not open */
	bool		unviable;	/* no group is */
	int		reset_again;	/* EAGAIN so many times */
	int		features;	/* a bit for each that there is */
	unsigned int	hot_group;	/* devices that share a bus: the first so many */
	bool		hot_owned;	/* the iommufd has them all */

	/* "this request fails with this", once: see machine_refuse() */
	unsigned long	request;
	int		err;

	unsigned int	calls;		/* that may fail */
	unsigned int	fail_at;	/* this one, from 1 on, fails with EIO; 0: none */
	unsigned int	opens, looks;	/* open() of nodes; looks at /sys and /dev */
	char		trace[4096];	/* what happened, in order: "open:/dev/vfio/12 ..." */

	/* the context on it */
	struct leat_ctx	*ctx;
	unsigned int	errors, warnings, infos;
	char		error[LEAT_ERROR_LEN], warning[LEAT_ERROR_LEN], info[LEAT_ERROR_LEN];
	unsigned int	events[LEAT_EVENT_GONE + 1];	/* by enum leat_event */
	int		fds;		/* this process's when it began */
	uint64_t	now;		/* nanoseconds; tests turn it */
};

extern struct machine m;

/*
 * cmocka setup and teardown. A machine with one NIC at 0000:01:00.0, group 12, vfio-pci's,
 * on a kernel with character devices and /dev/iommu: BAR0 4 KiB, mapped; BAR1 4 KiB with the
 * MSI-X table of 4 entries; BAR2 32 I/O ports; BAR4 16 KiB, mapped. Teardown asserts that
 * nothing was left open.
 */
int machine_setup(void **state);
int machine_teardown(void **state);

/* One more like it, in that group. */
struct machine_dev *machine_add(const char *bdf, int group, const char *driver);

/* It is this driver's now; NULL: nobody's. */
void machine_bind(const char *bdf, const char *driver);

/* The next ioctl of that kind fails once. */
void machine_refuse(unsigned long request, int err);

/* A little-endian number in configuration space. */
void machine_config(struct machine_dev *d, unsigned int off, unsigned int width, uint32_t val);
uint32_t machine_get_config(const struct machine_dev *d, unsigned int off, unsigned int width);

/* Descriptors as somebody else opens them; the test closes them with close(). */
int machine_open(const char *path);
int machine_device_fd(int group_fd, const char *bdf);

unsigned int machine_files(void);	/* descriptors of the machine's that are open */
unsigned int machine_spaces(void);	/* IOMMU domains */

struct leat_dev *machine_must_open(const char *addr);	/* and its events are counted */
/* Opening fails with @err and one line, which has all of these words; NULL ends them. */
void machine_must_refuse(const char *addr, int err, ...);
/* The last line of that kind has the word. */
void machine_said(const char *line, const char *word);

/* Let leat_ctx_poll() look. */
void machine_poll(void);

#endif
