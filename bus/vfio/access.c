// SPDX-License-Identifier: BSD-3-Clause
/*
 * access.c - registers. By pread and pwrite, which the kernel turns into one access of that
 * width (8 bytes: since Linux 6.11; two of 4 before), or mapped.
 */
#include "device.h"

#include <leat/bits.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool inside(const struct leat_region *r, uint64_t off, size_t len)
{
	return r && len <= r->size && off <= r->size - len;
}

/* The first one is news; a driver that polls is not to fill the log. */
static bool first(struct vfio_dev *v, bool *told)
{
	bool before;

	pthread_mutex_lock(&v->lock);
	before = *told;
	*told = true;
	pthread_mutex_unlock(&v->lock);
	return !before;
}

static int refuse(struct vfio_dev *v, const char *verb, unsigned int region, uint64_t off,
		  size_t len, int err, const char *why)
{
	bool news = first(v, &v->told_refusal);

	leat_log(v->dev.ctx, news ? LEAT_LOG_WARNING : LEAT_LOG_DEBUG,
		 "%s: region %u: cannot %s %zu bytes at 0x%llx: %s%s", v->dev.addr, region, verb, len,
		 (unsigned long long)off, why, news ? " (more of this is not reported)" : "");
	return err;
}

/* May the device be reached, and that place in it? */
static int check(struct vfio_dev *v, const char *verb, uint32_t direction, unsigned int region,
		 uint64_t off, size_t len)
{
	const struct leat_region *r = leat_dev_region(&v->dev, region);

	if (leat_load_relaxed(&v->dev.dead))
		return -ENODEV;
	if (leat_load_relaxed(&v->asleep)) {
		if (first(v, &v->told_asleep))
			leat_log(v->dev.ctx, LEAT_LOG_WARNING, "%s: it is asleep: its registers read "
				 "all ones until it is woken by low power exit", v->dev.addr);
		return -EAGAIN;
	}
	if (leat_load_relaxed(&v->faulted) && leat_vfio_look(v))
		return -ENODEV;
	if (!inside(r, off, len))
		return refuse(v, verb, region, off, len, -EINVAL, "the region ends before");
	if (!(r->flags & direction))
		return refuse(v, verb, region, off, len, -EINVAL, "the region does not allow that");
	return 0;
}

/* @done: what the call gave. A short access is none. */
static int result(struct vfio_dev *v, const char *verb, unsigned int region, uint64_t off,
		  size_t len, ssize_t done)
{
	int err = done < 0 ? -errno : -EIO;

	if (done == (ssize_t)len)
		return 0;
	if (leat_vfio_look(v))
		return -ENODEV;
	return refuse(v, verb, region, off, len, err, err == -EIO && region != LEAT_REGION_CONFIG ?
		      "the device does not answer (is its memory decoding off?)" : strerror(-err));
}

int leat_vfio_region_read(struct leat_dev *dev, unsigned int region, uint64_t off, void *buf,
			  size_t len)
{
	struct vfio_dev *v = vfio_dev(dev);
	int err = check(v, "read", LEAT_REGION_READ, region, off, len);

	if (!err)
		err = result(v, "read", region, off, len,
			     pread(v->fd, buf, len, (off_t)(v->region[region].offset + off)));
	if (err)
		memset(buf, 0xff, len);
	return err;
}

int leat_vfio_region_write(struct leat_dev *dev, unsigned int region, uint64_t off,
			   const void *buf, size_t len)
{
	struct vfio_dev *v = vfio_dev(dev);
	int err = check(v, "write", LEAT_REGION_WRITE, region, off, len);

	if (!err)
		err = result(v, "write", region, off, len,
			     pwrite(v->fd, buf, len, (off_t)(v->region[region].offset + off)));
	return err;
}

/* ---- mapped ---- */

/* The registers of @win's pages, at @at if that is not NULL, and not in children. */
static void *map_pages(struct vfio_dev *v, const struct leat_mmio *win, void *at, size_t len)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t start = LEAT_ALIGN_DOWN(win->off, page);
	void *map = mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | (at ? MAP_FIXED : 0), v->fd,
			 (off_t)(v->region[win->region].offset + start));

	if (map != MAP_FAILED)
		(void)madvise(map, len, MADV_DONTFORK);
	return map;
}

int leat_vfio_region_map(struct leat_dev *dev, struct leat_mmio *win)
{
	struct vfio_dev *v = vfio_dev(dev);
	const struct leat_region *r = leat_dev_region(dev, win->region);
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t start = LEAT_ALIGN_DOWN(win->off, page);
	uint64_t end = LEAT_ALIGN_UP(win->off + win->len, page);
	void *map;

	if (~r->flags & (LEAT_REGION_READ | LEAT_REGION_WRITE) ||
	    !leat_vfio_areas_hold(&v->region[win->region].map, start, end))
		return -ENOTSUP;
	map = map_pages(v, win, NULL, end - start);
	if (map == MAP_FAILED) {
		leat_log(dev->ctx, LEAT_LOG_WARNING, "%s: region %u: mmap of 0x%llx to 0x%llx: %s; it "
			 "works by system calls", dev->addr, win->region, (unsigned long long)start,
			 (unsigned long long)end, strerror(errno));
		return -ENOTSUP;
	}
	win->map = map;
	win->map_len = end - start;
	win->base = (char *)map + (win->off - start);
	pthread_mutex_lock(&v->lock);
	win->next = dev->windows;
	/* W2: pairs with W1. The window is whole. */
	leat_store_release(&dev->windows, win);
	if (dev->dead || v->asleep)
		leat_mmio_cover(win);
	pthread_mutex_unlock(&v->lock);
	return 0;
}

void leat_vfio_region_unmap(struct leat_dev *dev, struct leat_mmio *win)
{
	struct vfio_dev *v = vfio_dev(dev);
	struct leat_mmio **at;

	pthread_mutex_lock(&v->lock);
	for (at = &dev->windows; *at && *at != win; at = &(*at)->next)
		;
	if (*at)
		leat_store_release(at, win->next);	/* W2, of the one behind it */
	munmap(win->map, win->map_len);
	pthread_mutex_unlock(&v->lock);
}

void leat_vfio_cover(struct vfio_dev *v)
{
	for (struct leat_mmio *win = v->dev.windows; win; win = win->next)
		leat_mmio_cover(win);
}

int leat_vfio_uncover(struct vfio_dev *v)
{
	for (const struct leat_mmio *win = v->dev.windows; win; win = win->next)
		if (map_pages(v, win, win->map, win->map_len) == MAP_FAILED)
			return -errno;
	return 0;
}
