// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver/dev.h - the device-access contract: a PCI device, however it is
 * reached. For bus and driver authors: may change in any minor release.
 *
 * Some devices are no PCI devices ("null:", "vhost-user:"): without regions and
 * interrupts they need no ops for them, and their drivers name the scheme
 * (struct leat_driver) instead of PCI ids.
 *
 * Nouns are fields, verbs are ops: open fills in regions, interrupts and IOVA
 * ranges as plain data in struct leat_dev; only actions are functions.
 *
 * Promises of every backend:
 * - Configuration space is region LEAT_REGION_CONFIG; pci.h needs no ops.
 * - After open the BARs are programmed and memory decoding is on; bus
 *   mastering is off until a driver turns it on (leat_pci_bus_master()).
 * - region_map returns -ENOTSUP if any byte of the window cannot be mapped. The
 *   window then works trapped, one access of its width at a time, and nobody
 *   asks which it got.
 * - After an error that means "gone" (socket closed, descriptor dead) reads
 *   give all ones and writes vanish, as PCI does on surprise removal; mapped
 *   windows are first covered with a page of all ones. dev->dead is set, one
 *   line is logged, dev->event is called with LEAT_EVENT_GONE.
 * - Trapped accesses may come from several threads (queues share one socket):
 *   one lock, a bounded wait.
 */
#ifndef LEAT_DRIVER_DEV_H
#define LEAT_DRIVER_DEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/barrier.h>
#include <leat/compiler.h>
#include <leat/driver/aspace.h>
#include <leat/driver/core.h>
#include <leat/endian.h>
#include <leat/port.h>

LEAT_BEGIN_DECLS

struct leat_dev;

enum leat_region_index {
	LEAT_REGION_BAR0, LEAT_REGION_BAR1, LEAT_REGION_BAR2,
	LEAT_REGION_BAR3, LEAT_REGION_BAR4, LEAT_REGION_BAR5,
	LEAT_REGION_ROM,
	LEAT_REGION_CONFIG,
	LEAT_REGION_VGA,
	LEAT_REGIONS,		/* those the PCI layout names; a device may have more */
};

enum leat_irq_index {
	LEAT_IRQ_INTX, LEAT_IRQ_MSI, LEAT_IRQ_MSIX, LEAT_IRQ_ERR, LEAT_IRQ_REQ,
	LEAT_IRQS,
};

enum leat_irq_action {
	LEAT_IRQ_TRIGGER, LEAT_IRQ_MASK, LEAT_IRQ_UNMASK,
};

#define LEAT_REGION_READ  (UINT32_C(1) << 0)
#define LEAT_REGION_WRITE (UINT32_C(1) << 1)

/* What the kernel or the server answers, for people who look at a device; no driver asks. */
#define LEAT_REGION_MMAP	  (UINT32_C(1) << 2)	/* it, or parts of it, may be mapped */
#define LEAT_REGION_SPARSE	  (UINT32_C(1) << 8)	/* parts of it may be mapped, not all */
#define LEAT_REGION_MSIX_MAPPABLE (UINT32_C(1) << 9)	/* holds the MSI-X table, and may be mapped */

/* A device may have regions of its own behind the standard ones; type and subtype name those. */
struct leat_region {
	uint64_t	size;		/* bytes; 0: no such region */
	uint32_t	flags;		/* LEAT_REGION_* */
	uint32_t	type, subtype;	/* VFIO_REGION_INFO_CAP_TYPE; 0: none given */
	uint64_t	mapped;		/* bytes that windows map: what may be, less MSI-X's pages */
};

/* What the interrupts of an index can do; the numbers are VFIO's (VFIO_IRQ_INFO_*). */
#define LEAT_IRQ_EVENTFD	(UINT32_C(1) << 0)
#define LEAT_IRQ_MASKABLE	(UINT32_C(1) << 1)	/* takes LEAT_IRQ_MASK and LEAT_IRQ_UNMASK */
#define LEAT_IRQ_AUTOMASKED	(UINT32_C(1) << 2)	/* masked when it fires, until unmasked */
#define LEAT_IRQ_NORESIZE	(UINT32_C(1) << 3)	/* all vectors are bound in one call */

/* Rare verbs, for leat_dev_ops.feature; the numbers are VFIO_DEVICE_FEATURE's. */
enum leat_dev_feature {
	LEAT_FEATURE_VF_TOKEN = 0,	/* SET: 16 bytes */
	LEAT_FEATURE_LOW_POWER_ENTRY = 3,
	LEAT_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP = 4,	/* SET: int32_t eventfd, uint32_t 0 */
	LEAT_FEATURE_LOW_POWER_EXIT = 5,
	LEAT_FEATURE_MASK = 0xffff,

	LEAT_FEATURE_GET = 1 << 16,
	LEAT_FEATURE_SET = 1 << 17,
	LEAT_FEATURE_PROBE = 1 << 18,	/* only: can it be got, or set? */
};

/*
 * A window on registers: [off, off + len) of a region. @base is where it is
 * mapped, or NULL if it works trapped. Made by leat_mmio_map().
 */
struct leat_mmio {
	volatile void	*base;
	struct leat_dev	*dev;
	unsigned int	region;
	uint64_t	off;
	size_t		len;
	void		*map;		/* backend's: what to unmap */
	size_t		map_len;
	struct leat_mmio *next;		/* dev->windows, while mapped: so it must stay where it is */
};

struct leat_dev_ops {
	const char *scheme;		/* "group", "vfio-user", "sim", "null" */
	size_t dev_size;		/* the backend's struct, struct leat_dev first */
	bool software;			/* another process plays the device */

	/* life; @addr is what stands behind the scheme's colon */
	int  (*open)(struct leat_dev *dev, const char *addr);
	void (*close)(struct leat_dev *dev);
	int  (*reset)(struct leat_dev *dev);	/* NULL: cannot */

	/* registers, where the device has regions: a @len of 1, 2, 4 or 8 is one access of that width */
	int  (*region_read)(struct leat_dev *dev, unsigned int region, uint64_t off,
			    void *buf, size_t len);
	int  (*region_write)(struct leat_dev *dev, unsigned int region, uint64_t off,
			     const void *buf, size_t len);
	int  (*region_map)(struct leat_dev *dev, struct leat_mmio *win);
	void (*region_unmap)(struct leat_dev *dev, struct leat_mmio *win);

	/*
	 * Interrupts. With LEAT_IRQ_TRIGGER, @fds holds @count eventfds (-1 unbinds
	 * one) and @count 0 disables the index; NULL @fds fires, as if the device had.
	 * The eventfds stay the caller's, and open while they are bound. A device has INTx,
	 * MSI or MSI-X: binding one turns another off. Firing and unmasking: any thread.
	 * With MASK @fds is NULL; with UNMASK it may hold an eventfd that unmasks whenever
	 * it is signalled (resample), for INTx. A bound vector is delivered: the backend
	 * unmasks it. -EINVAL or -ENOTSUP, logged, for what the hardware cannot do.
	 */
	int  (*irq_set)(struct leat_dev *dev, unsigned int index, enum leat_irq_action action,
			unsigned int start, unsigned int count, const int *fds);

	/*
	 * Reset the device together with all that share its slot or bus; every one of
	 * those must be ours, and gets LEAT_EVENT_ERROR. May be NULL. -ENOTSUP it cannot
	 * be, -EPERM others use it.
	 */
	int  (*hot_reset)(struct leat_dev *dev);

	/* everything rare: enum leat_dev_feature with its flags. May be NULL. */
	int  (*feature)(struct leat_dev *dev, uint32_t feature, void *buf, size_t len);

	/*
	 * The memory behind a window faulted: have the next access or look end the
	 * device. Called by a signal handler: async-signal-safe. May be NULL.
	 */
	void (*hang_up)(struct leat_dev *dev);

	/*
	 * For a forked child, instead of close: unmap the windows that it inherited, close
	 * its copies of the device's descriptors, free what is memory only; dev->as is
	 * forgotten already. It waits for no lock, and says nothing to the device, which the
	 * parent goes on with. May be NULL.
	 */
	void (*forget)(struct leat_dev *dev);
};

/* Backends embed it as their first member. */
struct leat_dev {
	const struct leat_dev_ops *ops;
	struct leat_ctx	*ctx;
	char		*addr;		/* whole, with scheme: for messages */
	struct leat_region region[LEAT_REGIONS];
	const struct leat_region *more;	/* regions from LEAT_REGIONS on: dev->more[index - LEAT_REGIONS] */
	unsigned int	nmore;
	uint32_t	irqs[LEAT_IRQS];	/* vectors of each kind */
	uint32_t	irq_flags[LEAT_IRQS];	/* LEAT_IRQ_EVENTFD... */
	bool		can_reset;
	bool		translated;	/* an IOMMU stands between the device and memory */
	bool		owns_msix;	/* the backend keeps the MSI-X table and its enable bit: hands off */
	int		node;		/* NUMA node, -1: unknown */
	char		how[128];	/* the way to it and why that, for people */
	bool		dead;		/* read with leat_load_relaxed() in other threads */
	struct leat_aspace *as;
	struct leat_mmio *windows;	/* mapped ones; the backend's to change */

	/* Set by whoever opened the device, before or after; called on the thread that noticed. */
	void		(*event)(struct leat_dev *dev, enum leat_event event);
	void		*owner;

	/* NULL unless the device runs only when its user polls ("sim:"). */
	void		(*step)(struct leat_dev *dev);
};

/*
 * leat_dev_open - open a device by address, as leat_port_open() takes it. The first
 * colon ends the scheme; a PCI device's own address has none. -EINVAL names the kinds
 * there are.
 */
LEAT_API int leat_dev_open(struct leat_ctx *ctx, const char *addr, struct leat_dev **out);
LEAT_API void leat_dev_close(struct leat_dev *dev);

/* What stands behind the first colon of its address; all of one that has none. */
LEAT_API const char *leat_dev_rest(const struct leat_dev *dev);

/* In a forked child, instead of close, for a device without a port; before leat_ctx_forget(). */
LEAT_API void leat_dev_forget(struct leat_dev *dev);

/*
 * leat_dev_reset, leat_dev_hot_reset - the function by itself, or the slot or bus with all
 * that share it, as ops->reset and ops->hot_reset; -ENOTSUP, logged, where there is none.
 * What the kernel calls success may leave registers as they were: a driver resets its
 * device itself, too. Control thread.
 */
LEAT_API int leat_dev_reset(struct leat_dev *dev);
LEAT_API int leat_dev_hot_reset(struct leat_dev *dev);

/*
 * leat_dev_sleep - low power. Nothing of the device may run. Until leat_dev_wake() registers
 * read all ones and writes vanish, and configuration space likewise, for looking wakes it.
 * @wakeup is an eventfd to signal when something else woke it, or -1: it stays awake then,
 * and leat_dev_wake() is still due; the kernel keeps a copy. Not for a device that a port
 * has: leat_port_suspend(). -ENOTSUP the device, the kernel or the way to it cannot,
 * -EINVAL it sleeps already. Control thread.
 */
LEAT_API int leat_dev_sleep(struct leat_dev *dev, int wakeup);
LEAT_API int leat_dev_wake(struct leat_dev *dev);

/* The region of that number, standard or the device's own; NULL: there is none, or it is empty. */
LEAT_API const struct leat_region *leat_dev_region(const struct leat_dev *dev, unsigned int index);

/*
 * leat_dev_find_region - the number of the device's region of @type and @subtype (a
 * PCI vendor's own types have bit 31 set, and the vendor below). -ENOENT: it has none.
 */
LEAT_API int leat_dev_find_region(const struct leat_dev *dev, uint32_t type, uint32_t subtype,
				  unsigned int *index);

/*
 * leat_mmio_map - a window on registers, mapped or trapped. -EINVAL (logged) if
 * the region is not there or the window does not lie in it. One that does not
 * start at a multiple of 8 is always trapped. @win must not move until unmapped.
 */
LEAT_API int leat_mmio_map(struct leat_dev *dev, unsigned int region, uint64_t off, size_t len,
			   struct leat_mmio *win);
LEAT_API void leat_mmio_unmap(struct leat_mmio *win);

/* For backends: put all ones where a mapped window is, in one step. Async-signal-safe. */
LEAT_API void leat_mmio_cover(struct leat_mmio *win);

/*
 * leat_dev_sigbus - for leat_sigbus(): was @addr in a window of this device,
 * whose server shrank the memory behind it? Then it is covered with all ones,
 * the device ends at the next look, and the handler may return.
 */
LEAT_API bool leat_dev_sigbus(struct leat_dev *dev, const void *addr);

/* The trapped half of the accessors. A failed read gives all ones. */
LEAT_API uint64_t leat_mmio_read_trapped(const struct leat_mmio *win, uint32_t reg, size_t width);
LEAT_API void leat_mmio_write_trapped(const struct leat_mmio *win, uint32_t reg, uint64_t val,
				      size_t width);

/*
 * leat_mmio_wait32, _wait16, _wait8 - until (register & mask) == want, at most @usec
 * microseconds. 0 or -ETIMEDOUT; -ENODEV if the device reads all ones.
 */
LEAT_API int leat_mmio_wait32(const struct leat_mmio *win, uint32_t reg, uint32_t mask,
			      uint32_t want, unsigned int usec);
LEAT_API int leat_mmio_wait16(const struct leat_mmio *win, uint32_t reg, uint16_t mask,
			      uint16_t want, unsigned int usec);
LEAT_API int leat_mmio_wait8(const struct leat_mmio *win, uint32_t reg, uint8_t mask,
			     uint8_t want, unsigned int usec);

/*
 * Registers are little-endian and naturally aligned; @reg counts from the
 * window's start. Writes come after every earlier write to memory (descriptors
 * first, doorbell second), reads before every later read.
 */
#define LEAT_MMIO_ACCESSORS(bits)								\
	LEAT_INLINE uint##bits##_t leat_mmio_read##bits(const struct leat_mmio *win, uint32_t reg) \
	{											\
		uint##bits##_t v;								\
												\
		if (LEAT_LIKELY(win->base))							\
			v = LEAT_SWAP##bits(*(volatile uint##bits##_t *)(volatile void *)	\
				((volatile char *)win->base + reg));				\
		else										\
			v = (uint##bits##_t)leat_mmio_read_trapped(win, reg, bits / 8);		\
		leat_dma_rmb();									\
		return v;									\
	}											\
												\
	LEAT_INLINE void leat_mmio_write##bits(const struct leat_mmio *win, uint32_t reg,	\
					       uint##bits##_t val)				\
	{											\
		leat_dma_wmb();									\
		if (LEAT_LIKELY(win->base))							\
			*(volatile uint##bits##_t *)(volatile void *)				\
				((volatile char *)win->base + reg) = LEAT_SWAP##bits(val);	\
		else										\
			leat_mmio_write_trapped(win, reg, val, bits / 8);			\
	}

#define LEAT_SWAP8(x) (x)
LEAT_MMIO_ACCESSORS(8)
LEAT_MMIO_ACCESSORS(16)
LEAT_MMIO_ACCESSORS(32)
LEAT_MMIO_ACCESSORS(64)

LEAT_END_DECLS

#endif
