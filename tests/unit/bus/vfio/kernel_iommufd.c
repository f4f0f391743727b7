// SPDX-License-Identifier: BSD-3-Clause
/*
 * kernel_iommufd.c - iommufds with their IOASes, and the devices bound to them.
 */
#include "kernel_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- maps ---- */

static struct table *ioas_of(struct object *f, uint32_t id)
{
	for (int i = 0; i < IOASES; i++)
		if (f->ioas[i].used && f->ioas[i].id == id)
			return &f->ioas[i];
	return NULL;
}

static int map_ioas(struct object *f, const struct iommu_ioas_map *a)
{
	struct table *t = ioas_of(f, a->ioas_id);
	struct map m = {
		.iova = a->iova, .len = a->length, .va = a->user_va, .prot = a->flags,
	};
	int err;

	if (!t)
		return -ENOENT;
	if (!(a->flags & IOMMU_IOAS_MAP_FIXED_IOVA))
		return -EOPNOTSUPP;
	err = fake_check_map(t, &m);
	if (!err && !fake_is_there(m.va, m.len))
		err = -EFAULT;
	if (!err)
		err = fake_lock(m.len, true);
	if (err)
		return err;
	m.pages = malloc(sizeof(*m.pages));	/* which nobody wraps */
	*m.pages = (struct pages){ .refs = 1, .len = m.len };
	t->map[t->nmaps++] = m;
	return 0;
}

static int copy_ioas(struct object *f, const struct iommu_ioas_copy *a)
{
	struct table *from = ioas_of(f, a->src_ioas_id), *to = ioas_of(f, a->dst_ioas_id);
	struct map m;
	int err;

	if (!from || !to)
		return -ENOENT;
	for (unsigned int i = 0; i < from->nmaps; i++) {
		if (from->map[i].iova != a->src_iova || from->map[i].len != a->length)
			continue;
		m = from->map[i];
		m.iova = a->dst_iova;
		m.prot = a->flags;
		err = fake_check_map(to, &m);
		if (err)
			return err;
		m.pages->refs++;
		to->map[to->nmaps++] = m;
		return 0;
	}
	return -ENOENT;
}

static int unmap_ioas(struct object *f, struct iommu_ioas_unmap *a)
{
	struct table *t = ioas_of(f, a->ioas_id);
	int64_t done;

	if (!t)
		return -ENOENT;
	done = fake_unmap(t, a->iova, a->length);
	if (done <= 0)
		return -ENOENT;
	a->length = (uint64_t)done;
	return 0;
}

/* ---- iommufd ---- */

static int alloc_ioas(struct object *f, struct iommu_ioas_alloc *a)
{
	for (int i = 0; i < IOASES; i++)
		if (!f->ioas[i].used) {
			f->ioas[i] = (struct table){ .used = true, .id = ++fake_next_id };
			a->out_ioas_id = fake_next_id;
			return 0;
		}
	return -ENOMEM;
}

static int destroy(struct object *f, const struct iommu_destroy *a)
{
	struct table *t = ioas_of(f, a->id);

	if (!t)
		return -ENOENT;
	if (t->members)
		return -EBUSY;
	fake_empty(t);
	t->used = false;
	return 0;
}

static int iova_ranges(struct object *f, struct iommu_ioas_iova_ranges *a)
{
	struct table *t = ioas_of(f, a->ioas_id);
	struct iommu_iova_range r[RANGES];
	uint32_t room = a->num_iovas;

	if (!t)
		return -ENOENT;
	a->num_iovas = fake_ranges(fake_bits(t), r);
	a->out_iova_alignment = t->members ? PAGE : 1;
	memcpy((void *)(uintptr_t)a->allowed_iovas, r,
	       (room < a->num_iovas ? room : a->num_iovas) * sizeof(*r));
	return room < a->num_iovas ? -EMSGSIZE : 0;
}

int fake_iommufd_ioctl(struct object *f, unsigned long request, void *arg)
{
	switch (request) {
	case IOMMU_IOAS_ALLOC:
		return alloc_ioas(f, arg);
	case IOMMU_DESTROY:
		return destroy(f, arg);
	case IOMMU_IOAS_IOVA_RANGES:
		return iova_ranges(f, arg);
	case IOMMU_IOAS_MAP:
		return map_ioas(f, arg);
	case IOMMU_IOAS_COPY:
		return copy_ioas(f, arg);
	case IOMMU_IOAS_UNMAP:
		return unmap_ioas(f, arg);
	}
	return -ENOTTY;
}

static int bind_device(struct object *d, struct vfio_device_bind_iommufd *a)
{
	struct object *f = fake_of(a->iommufd, IOMMUFD);

	if (d->in || a->argsz < 16 || (a->flags && !fake.tokens) || !f)
		return -EINVAL;
	if (!fake.isolated)
		return -EPERM;
	d->in = f;
	f->refs++;		/* the kernel keeps it while the device is bound */
	a->out_devid = ++fake_next_id;
	return 0;
}

void fake_detach(struct object *d)
{
	if (d->table)
		d->table->members--;
	d->table = NULL;
}

static int attach_device(struct object *d, struct vfio_device_attach_iommufd_pt *a)
{
	struct table *t = ioas_of(d->in, a->pt_id);

	if (!t)
		return -ENOENT;
	if (fake_conflicts(t, d->bits))
		return -EADDRINUSE;
	fake_detach(d);
	d->table = t;
	t->members++;
	a->pt_id = ++fake_next_id;	/* the page table that was made for it */
	return 0;
}

int fake_device_ioctl(struct object *d, unsigned long request, void *arg)
{
	if (request == VFIO_DEVICE_BIND_IOMMUFD)
		return bind_device(d, arg);
	if (!d->in)
		return -EINVAL;
	switch (request) {
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		return attach_device(d, arg);
	case VFIO_DEVICE_DETACH_IOMMUFD_PT:
		fake_detach(d);
		return 0;
	}
	return -ENOTTY;
}
