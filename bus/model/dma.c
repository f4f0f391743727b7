// SPDX-License-Identifier: BSD-3-Clause
/*
 * dma.c - the driver's memory as a model sees it.
 *
 * A sorted table of stretches that do not overlap, searched by halves; the
 * last hit is tried first, because rings and buffers of one driver mostly lie
 * in one stretch. Addresses come from the driver: nothing here may overflow.
 */
#include <leat/model.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The last address: @len may reach the very end of the address space. */
static uint64_t last(const struct leat_mdma *m)
{
	return m->iova + (m->len - 1);
}

/* The first stretch that ends at or behind @iova. */
static unsigned int find(const struct leat_mdev *mdev, uint64_t iova)
{
	unsigned int low = 0, high = mdev->ndma;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (last(&mdev->dma[mid]) < iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The stretch that holds @iova, or NULL. */
static const struct leat_mdma *look_up(struct leat_mdev *mdev, uint64_t iova)
{
	unsigned int i = find(mdev, iova);

	if (i == mdev->ndma || mdev->dma[i].iova > iova)
		return NULL;
	mdev->dma_last = i;
	return &mdev->dma[i];
}

void *leat_mdev_ptr_slow(struct leat_mdev *mdev, uint64_t iova, uint64_t len, bool write)
{
	const struct leat_mdma *m = look_up(mdev, iova);

	if (!m || !m->va || !(write ? m->write : m->read) || len > m->len - (iova - m->iova))
		return NULL;
	return m->va + (iova - m->iova);
}

/* The stretch for an access at @iova, and how much of @len it holds; NULL: refused. */
static const struct leat_mdma *piece(struct leat_mdev *mdev, uint64_t iova, size_t len, bool write,
				     size_t *n)
{
	const struct leat_mdma *m = look_up(mdev, iova);

	if (!m || !(write ? m->write : m->read))
		return NULL;
	*n = len < m->len - (iova - m->iova) ? len : (size_t)(m->len - (iova - m->iova));
	return m;
}

/* Refused as a whole, before any byte moves. */
static bool reachable(struct leat_mdev *mdev, uint64_t iova, size_t len, bool write)
{
	size_t n;

	if (len && iova + (len - 1) < iova)
		return false;
	for (; len; iova += n, len -= n)
		if (!piece(mdev, iova, len, write, &n))
			return false;
	return true;
}

static int copy(struct leat_mdev *mdev, uint64_t iova, char *buf, size_t len, bool write)
{
	size_t n;

	if (!reachable(mdev, iova, len, write))
		return -EFAULT;
	for (; len; iova += n, buf += n, len -= n) {
		const struct leat_mdma *m = piece(mdev, iova, len, write, &n);
		char *va;
		int err = 0;

		if (!m)		/* gone while a message was waited for */
			return -EFAULT;
		va = m->va ? m->va + (iova - m->iova) : NULL;
		if (!va)
			err = mdev->host->dma ? mdev->host->dma(mdev, iova, buf, n, write) : -EFAULT;
		else if (write)
			memcpy(va, buf, n);
		else
			memcpy(buf, va, n);
		if (err)
			return err;
	}
	return 0;
}

int leat_mdev_read(struct leat_mdev *mdev, uint64_t iova, void *buf, size_t len)
{
	return copy(mdev, iova, buf, len, false);
}

int leat_mdev_write(struct leat_mdev *mdev, uint64_t iova, const void *buf, size_t len)
{
	/* Only read from: copy() and the hosts write into it in the other direction alone. */
	return copy(mdev, iova, (char *)(uintptr_t)buf, len, true);
}

bool leat_mdev_busy(struct leat_mdev *mdev)
{
	return mdev->host->busy && mdev->host->busy(mdev);
}

/* ---- keeping the table ---- */

static void changed(struct leat_mdev *mdev)
{
	mdev->dma_last = 0;
	if (mdev->model->dma_changed)
		mdev->model->dma_changed(mdev);
}

static int make_room(struct leat_mdev *mdev)
{
	unsigned int room = mdev->dma_room ? mdev->dma_room * 2 : 16;
	struct leat_mdma *dma;

	if (mdev->ndma < mdev->dma_room)
		return 0;
	dma = realloc(mdev->dma, room * sizeof(*dma));
	if (!dma)
		return -ENOMEM;
	mdev->dma = dma;
	mdev->dma_room = room;
	return 0;
}

int leat_mdev_dma_add(struct leat_mdev *mdev, const struct leat_mdma *map)
{
	unsigned int i;

	if (!map->len || last(map) < map->iova)
		return -EINVAL;
	i = find(mdev, map->iova);
	if (i < mdev->ndma && mdev->dma[i].iova <= last(map))
		return -EEXIST;
	if (make_room(mdev))
		return -ENOMEM;
	memmove(&mdev->dma[i + 1], &mdev->dma[i], (mdev->ndma - i) * sizeof(*map));
	mdev->dma[i] = *map;
	mdev->ndma++;
	changed(mdev);
	return 0;
}

int leat_mdev_dma_remove(struct leat_mdev *mdev, uint64_t iova, uint64_t len)
{
	unsigned int i = find(mdev, iova);

	if (i == mdev->ndma || mdev->dma[i].iova != iova || mdev->dma[i].len != len)
		return -ENOENT;
	mdev->ndma--;
	memmove(&mdev->dma[i], &mdev->dma[i + 1], (mdev->ndma - i) * sizeof(*mdev->dma));
	changed(mdev);
	return 0;
}

void leat_mdev_dma_clear(struct leat_mdev *mdev)
{
	mdev->ndma = 0;
	changed(mdev);
}
