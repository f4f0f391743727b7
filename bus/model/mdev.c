// SPDX-License-Identifier: BSD-3-Clause
/*
 * mdev.c - a device model at work: its life, its registers, its round.
 *
 * What every host of models needs and no model should write again: memory
 * behind shared regions, accesses cut to register width, the wire's state.
 * All of it runs on the thread that steps the model.
 */
#include <leat/model.h>

#include <leat/bits.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096			/* unit of shared parts, whatever the machine's page */

void leat_mdev_log(struct leat_mdev *mdev, enum leat_log_level level, const char *fmt, ...)
{
	char text[LEAT_ERROR_LEN], line[LEAT_ERROR_LEN];
	va_list ap;

	if (!mdev->host->log)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (snprintf(line, sizeof(line), "%s: %s", mdev->name, text) > 0)
		mdev->host->log(mdev, level, line);
}

int leat_mdev_fail(struct leat_mdev *mdev, int err, const char *fmt, ...)
{
	char text[LEAT_ERROR_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	leat_mdev_log(mdev, LEAT_LOG_ERROR, "%s", text);
	return err;
}

/* ---- memory behind regions ---- */

static bool shared_is_sane(const struct leat_model_region *r)
{
	return r->map_off % PAGE == 0 && r->map_len % PAGE == 0 && r->map_off <= r->size &&
	       r->map_len <= r->size - r->map_off;
}

/* A descriptor with the region's own offsets; what lies before the shared part is a hole. */
static int share_region(struct leat_mdev *mdev, unsigned int i)
{
	const struct leat_model_region *r = &mdev->region[i];
	void *mem;
	int fd;

	if (!shared_is_sane(r))
		return leat_mdev_fail(mdev, -EINVAL, "the shared part of region %u is not whole "
				      "pages inside the region; the model is wrong", i);
	fd = memfd_create("leat-region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return leat_mdev_fail(mdev, -errno, "memory for region %u: memfd_create: %s", i,
				      strerror(errno));
	mdev->mem_fd[i] = fd;
	if (ftruncate(fd, (off_t)(r->map_off + r->map_len)) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return leat_mdev_fail(mdev, -errno, "memory for region %u: %s", i, strerror(errno));
	mem = mmap(NULL, r->map_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)r->map_off);
	if (mem == MAP_FAILED)
		return leat_mdev_fail(mdev, -errno, "memory for region %u: mmap: %s", i,
				      strerror(errno));
	mdev->mem[i] = mem;
	return 0;
}

static void unshare_regions(struct leat_mdev *mdev)
{
	for (unsigned int i = 0; i < LEAT_MODEL_REGIONS; i++) {
		if (mdev->mem[i])
			munmap(mdev->mem[i], mdev->region[i].map_len);
		if (mdev->mem_fd[i] >= 0)
			close(mdev->mem_fd[i]);
	}
}

static int share_regions(struct leat_mdev *mdev)
{
	for (unsigned int i = 0; i < LEAT_MODEL_REGIONS; i++) {
		int err = mdev->region[i].map_len ? share_region(mdev, i) : 0;

		if (err) {
			unshare_regions(mdev);
			return err;
		}
	}
	return 0;
}

/* ---- life ---- */

static bool wire_up(const struct leat_mdev *mdev)
{
	struct leat_wire *w = mdev->wire;

	return w && (!w->ops->up || w->ops->up(w));
}

/* Zeroed, and aligned for models that keep cache lines apart. */
static struct leat_mdev *alloc_mdev(const struct leat_model *model)
{
	size_t len = LEAT_ALIGN_UP(model->size, (size_t)LEAT_CACHELINE);
	struct leat_mdev *mdev = aligned_alloc(LEAT_CACHELINE, len);

	if (mdev)
		memset(mdev, 0, len);
	return mdev;
}

int leat_mdev_create(const struct leat_model *model, const struct leat_model_opt *opts,
		     const char *name, const struct leat_model_host *host, void *host_arg,
		     struct leat_wire *wire, struct leat_mdev **out)
{
	static const struct leat_model_opt none = { .key = NULL };
	struct leat_mdev *mdev = alloc_mdev(model);
	int err;

	if (!mdev)
		return -ENOMEM;
	mdev->model = model;
	mdev->host = host;
	mdev->host_arg = host_arg;
	mdev->wire = wire;
	mdev->link_up = wire_up(mdev);
	snprintf(mdev->name, sizeof(mdev->name), "%s", name ? name : model->name);
	for (unsigned int i = 0; i < LEAT_MODEL_REGIONS; i++)
		mdev->mem_fd[i] = -1;

	err = model->init(mdev, opts ? opts : &none);
	if (err)
		goto free_mdev;
	err = share_regions(mdev);
	if (err)
		goto fini_model;
	model->reset(mdev);
	if (wire)
		wire->nic = mdev;
	*out = mdev;
	return 0;

fini_model:
	if (model->fini)
		model->fini(mdev);
free_mdev:
	free(mdev);
	return err;
}

void leat_mdev_destroy(struct leat_mdev *mdev)
{
	if (!mdev)
		return;
	if (mdev->wire)
		mdev->wire->nic = NULL;
	leat_wire_close(mdev->wire);
	if (mdev->model->fini)
		mdev->model->fini(mdev);
	unshare_regions(mdev);
	free(mdev->dma);
	free(mdev);
}

void leat_mdev_reset(struct leat_mdev *mdev)
{
	for (unsigned int i = 0; i < LEAT_MODEL_REGIONS; i++)
		if (mdev->mem[i])
			memset(mdev->mem[i], 0, mdev->region[i].map_len);
	mdev->model->reset(mdev);
}

static void tell_wire(struct leat_mdev *mdev, bool attached)
{
	if (mdev->wire && mdev->wire->ops->attached)
		mdev->wire->ops->attached(mdev->wire, attached);
}

void leat_mdev_attach(struct leat_mdev *mdev)
{
	memset(&mdev->stats, 0, sizeof(mdev->stats));
	tell_wire(mdev, true);
}

void leat_mdev_detach(struct leat_mdev *mdev)
{
	leat_mdev_reset(mdev);
	leat_mdev_dma_clear(mdev);
	tell_wire(mdev, false);
}

/* ---- at work ---- */

unsigned int leat_mdev_step(struct leat_mdev *mdev)
{
	struct leat_wire *w = mdev->wire;
	unsigned int n = 0;
	bool up = wire_up(mdev);

	if (LEAT_UNLIKELY(up != mdev->link_up)) {
		mdev->link_up = up;
		if (mdev->model->link)
			mdev->model->link(mdev, up);
	}
	if (w && w->ops->poll)
		n = w->ops->poll(w);
	return n + mdev->model->poll(mdev);
}

/* The widest naturally aligned access that fits. */
static size_t natural_width(uint64_t off, size_t len)
{
	size_t width = 8;

	while (width > len || off % width)
		width /= 2;
	return width;
}

static int access_one(struct leat_mdev *mdev, unsigned int region, uint64_t off, void *buf,
		      size_t width, bool write)
{
	const struct leat_model_region *r = &mdev->region[region];
	bool shared = mdev->mem[region] && off - r->map_off < r->map_len;
	char *mem = shared ? (char *)mdev->mem[region] + (off - r->map_off) : NULL;

	if (shared && !write) {
		memcpy(buf, mem, width);
		return 0;
	}
	if (shared)
		memcpy(mem, buf, width);
	return mdev->model->access(mdev, region, off, buf, width, write);
}

int leat_mdev_access(struct leat_mdev *mdev, unsigned int region, uint64_t off, void *buf,
		     size_t len, bool write)
{
	char *p = buf;

	if (region >= LEAT_MODEL_REGIONS || off > mdev->region[region].size ||
	    len > mdev->region[region].size - off)
		return -EINVAL;

	while (len) {
		size_t width = natural_width(off, len);
		uint64_t word = 0;	/* aligned for the model */
		int err;

		if (write)
			memcpy(&word, p, width);
		err = access_one(mdev, region, off, &word, width, write);
		if (err)
			return err;
		if (!write)
			memcpy(p, &word, width);
		p += width;
		off += width;
		len -= width;
	}
	return 0;
}

void leat_mdev_raise(struct leat_mdev *mdev, unsigned int index, unsigned int vector)
{
	if (index >= LEAT_MODEL_IRQS || vector >= mdev->irqs[index])
		return;
	mdev->stats.interrupts++;
	mdev->host->raise(mdev, index, vector);
}

bool leat_mdev_pending(struct leat_mdev *mdev, unsigned int index, unsigned int vector)
{
	return mdev->host->pending && mdev->host->pending(mdev, index, vector);
}
