// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_regions.c - registers: by message, or mapped where the server shares
 * the memory behind them.
 */
#include "client_state.h"

#include <leat/bits.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- by message ---- */

/* A driver may poll a register that its device refuses: one line says so, not one a poll. */
static int refused(struct vfu_client *c, const char *verb, const struct vfu_region_access *a,
		   int err)
{
	bool first;

	if (leat_load_relaxed(&c->dev.dead))
		return err;
	leat_vfu_lock(c);
	first = !c->told_refusal;
	c->told_refusal = true;
	leat_vfu_unlock(c);
	leat_log(c->dev.ctx, first ? LEAT_LOG_WARNING : LEAT_LOG_DEBUG,
		 "%s: region %u: the server refused to %s %u bytes at 0x%llx: %s%s", c->dev.addr,
		 a->region, verb, a->count, (unsigned long long)a->offset, strerror(-err),
		 first ? " (further refusals are not reported)" : "");
	return err;
}

static int read_chunk(struct vfu_client *c, const struct vfu_region_access *a, void *buf)
{
	struct vfu_call call = {
		.cmd = VFU_REGION_READ, .nout = 1, .quiet = true,
		.min_reply = sizeof(*a) + a->count,
		.out = { vfu_iov(a, sizeof(*a)) },
	};
	int err = leat_vfu_call(c, &call);

	if (err)
		return refused(c, "read", a, err);
	memcpy(buf, (const char *)call.reply.payload + sizeof(*a), a->count);
	leat_vfu_msg_fini(&call.reply);
	return 0;
}

static int write_chunk(struct vfu_client *c, const struct vfu_region_access *a, const void *buf)
{
	struct vfu_call call = {
		.cmd = VFU_REGION_WRITE, .nout = 2, .quiet = true,
		.out = { vfu_iov(a, sizeof(*a)), vfu_iov(buf, a->count) },
	};
	int err;

	if (c->region[a->region].posted)
		return leat_vfu_post(c, &call);
	err = leat_vfu_command(c, &call);
	return err ? refused(c, "write", a, err) : 0;
}

int leat_vfu_region_read(struct leat_dev *dev, unsigned int region, uint64_t off, void *buf,
			 size_t len)
{
	struct vfu_client *c = vfu_client(dev);
	int err = 0;

	for (size_t done = 0; done < len && !err;) {
		struct vfu_region_access a = {
			.offset = off + done, .region = region,
			.count = (uint32_t)LEAT_MIN(len - done, c->chunk),
		};

		err = read_chunk(c, &a, (char *)buf + done);
		done += a.count;
	}
	if (err)
		memset(buf, 0xff, len);
	return err;
}

int leat_vfu_region_write(struct leat_dev *dev, unsigned int region, uint64_t off,
			  const void *buf, size_t len)
{
	struct vfu_client *c = vfu_client(dev);
	int err = 0;

	for (size_t done = 0; done < len && !err;) {
		struct vfu_region_access a = {
			.offset = off + done, .region = region,
			.count = (uint32_t)LEAT_MIN(len - done, c->chunk),
		};

		err = write_chunk(c, &a, (const char *)buf + done);
		done += a.count;
	}
	return err;
}

/* ---- mapped ---- */

static bool in_an_area(const struct vfu_region *r, uint64_t start, uint64_t end)
{
	for (unsigned int i = 0; i < r->nareas; i++) {
		const struct vfu_area *a = &r->areas[i];

		if (start >= a->off && end <= a->off + a->len)
			return true;
	}
	return false;
}

/* Is the memory there that the server speaks of? A fault in our face otherwise. */
static bool in_file(const struct vfu_region *r, uint64_t end)
{
	struct stat st;

	if (r->fd_off > INT64_MAX - end || fstat(r->fd, &st))
		return false;
	return !S_ISREG(st.st_mode) || r->fd_off + end <= (uint64_t)st.st_size;
}

static int unmappable(struct leat_mmio *win, const char *why)
{
	leat_log(win->dev->ctx, LEAT_LOG_WARNING, "%s: region %u: the window at 0x%llx cannot be "
		 "mapped and works by messages: %s", win->dev->addr, win->region,
		 (unsigned long long)win->off, why);
	return -ENOTSUP;
}

int leat_vfu_region_map(struct leat_dev *dev, struct leat_mmio *win)
{
	struct vfu_client *c = vfu_client(dev);
	const struct vfu_region *r = &c->region[win->region];
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t start = LEAT_ALIGN_DOWN(win->off, page);
	uint64_t end = LEAT_ALIGN_UP(win->off + win->len, page);
	void *map;

	if (~dev->region[win->region].flags & (LEAT_REGION_READ | LEAT_REGION_WRITE) ||
	    !in_an_area(r, start, end))
		return -ENOTSUP;
	if (!in_file(r, end))
		return unmappable(win, "the memory that the server passed ends before it");
	map = mmap(NULL, end - start, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
		   (off_t)(r->fd_off + start));
	if (map == MAP_FAILED)
		return unmappable(win, strerror(errno));

	win->map = map;
	win->map_len = end - start;
	win->base = (char *)map + (win->off - start);
	leat_vfu_lock(c);
	win->next = dev->windows;
	/* W2: pairs with W1. The window is whole. */
	leat_store_release(&dev->windows, win);
	if (dev->dead)
		leat_mmio_cover(win);
	leat_vfu_unlock(c);
	return 0;
}

void leat_vfu_region_unmap(struct leat_dev *dev, struct leat_mmio *win)
{
	struct vfu_client *c = vfu_client(dev);
	struct leat_mmio **at;

	leat_vfu_lock(c);
	for (at = &dev->windows; *at && *at != win; at = &(*at)->next)
		;
	if (*at)
		leat_store_release(at, win->next);	/* W2, of the one behind it */
	munmap(win->map, win->map_len);
	leat_vfu_unlock(c);
}

void leat_vfu_cover_windows(struct vfu_client *c)
{
	for (struct leat_mmio *win = c->dev.windows; win; win = win->next)
		leat_mmio_cover(win);
}

void leat_vfu_close_regions(struct vfu_client *c)
{
	for (unsigned int i = 0; i < LEAT_REGIONS; i++) {
		free(c->region[i].areas);
		if (c->region[i].fd >= 0)
			close(c->region[i].fd);
	}
}
