// SPDX-License-Identifier: BSD-3-Clause
/*
 * mmio.c - windows on registers. A window is mapped where the backend can, and
 * works by calls (trapped) where it cannot; the accessors in dev.h hide which.
 */
#include <leat/driver/dev.h>

#include <leat/clock.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* Between two looks of leat_mmio_wait32(): the device may be a process on this very CPU. */
#define WAIT_NAP_NS 20000

int leat_mmio_map(struct leat_dev *dev, unsigned int region, uint64_t off, size_t len,
		  struct leat_mmio *win)
{
	const struct leat_region *r = leat_dev_region(dev, region);
	uint64_t size = r ? r->size : 0;
	int err;

	if (!len || off > size || len > size - off)
		return leat_fail(dev->ctx, -EINVAL,
				 "%s: region %u has %llu bytes, no window of %zu at 0x%llx",
				 dev->addr, region, (unsigned long long)size, len,
				 (unsigned long long)off);

	*win = (struct leat_mmio){ .dev = dev, .region = region, .off = off, .len = len };
	if (off % sizeof(uint64_t))	/* a register of it might straddle what loads take at once */
		return 0;
	err = dev->ops->region_map(dev, win);
	return err == -ENOTSUP ? 0 : err;
}

void leat_mmio_unmap(struct leat_mmio *win)
{
	if (win->base)
		win->dev->ops->region_unmap(win->dev, win);
	win->base = NULL;
}

void leat_mmio_cover(struct leat_mmio *win)
{
	void *ones = mmap(NULL, win->map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	if (ones == MAP_FAILED)
		return;			/* what is mapped stays readable: nobody else shrinks it */
	memset(ones, 0xff, win->map_len);
	/* Moved over the old mapping at once: no reader meets a gap, or zeros. */
	if (mremap(ones, win->map_len, win->map_len, MREMAP_MAYMOVE | MREMAP_FIXED, win->map) ==
	    MAP_FAILED)
		munmap(ones, win->map_len);
}

bool leat_dev_sigbus(struct leat_dev *dev, const void *addr)
{
	int saved = errno;
	/* W1: pairs with W2. What the list names has been filled in. */
	struct leat_mmio *win = leat_load_acquire(&dev->windows);

	while (win && (uintptr_t)addr - (uintptr_t)win->map >= win->map_len)
		win = leat_load_acquire(&win->next);
	if (!win)
		return false;
	leat_mmio_cover(win);
	if (dev->ops->hang_up)
		dev->ops->hang_up(dev);
	errno = saved;
	return true;
}

static bool in_window(const struct leat_mmio *win, uint32_t reg, size_t width)
{
	return width <= win->len && reg <= win->len - width;
}

uint64_t leat_mmio_read_trapped(const struct leat_mmio *win, uint32_t reg, size_t width)
{
	leat_le64 v = 0;

	if (!in_window(win, reg, width) ||
	    win->dev->ops->region_read(win->dev, win->region, win->off + reg, &v, width))
		return UINT64_MAX;
	return leat_le64_to_cpu(v);
}

void leat_mmio_write_trapped(const struct leat_mmio *win, uint32_t reg, uint64_t val,
			     size_t width)
{
	leat_le64 v = leat_cpu_to_le64(val);

	/* A failure is the backend's to report; to the driver the write vanished, as on PCI. */
	if (in_window(win, reg, width))
		(void)win->dev->ops->region_write(win->dev, win->region, win->off + reg, &v,
						  width);
}

/* The register at @reg, all ones stretched to 32 bits. */
static uint32_t read_reg(const struct leat_mmio *win, uint32_t reg, size_t width)
{
	if (width == 4)
		return leat_mmio_read32(win, reg);
	if (width == 2)
		return (uint32_t)(int16_t)leat_mmio_read16(win, reg);
	return (uint32_t)(int8_t)leat_mmio_read8(win, reg);
}

static int wait_reg(const struct leat_mmio *win, uint32_t reg, size_t width, uint32_t mask,
		    uint32_t want, unsigned int usec)
{
	const struct timespec nap = { .tv_nsec = WAIT_NAP_NS };
	uint64_t end = leat_now_ns() + UINT64_C(1000) * usec;

	for (;;) {
		bool last = leat_now_ns() >= end;	/* before the look: a long nap is no timeout */
		uint32_t v = read_reg(win, reg, width);

		if (v == UINT32_MAX)
			return -ENODEV;
		if ((v & mask) == want)
			return 0;
		if (last)
			return -ETIMEDOUT;
		if (win->dev->step)
			win->dev->step(win->dev);
		nanosleep(&nap, NULL);
	}
}

int leat_mmio_wait32(const struct leat_mmio *win, uint32_t reg, uint32_t mask, uint32_t want,
		     unsigned int usec)
{
	return wait_reg(win, reg, 4, mask, want, usec);
}

int leat_mmio_wait8(const struct leat_mmio *win, uint32_t reg, uint8_t mask, uint8_t want,
		    unsigned int usec)
{
	return wait_reg(win, reg, 1, mask, want, usec);
}

int leat_mmio_wait16(const struct leat_mmio *win, uint32_t reg, uint16_t mask, uint16_t want,
		     unsigned int usec)
{
	return wait_reg(win, reg, 2, mask, want, usec);
}
