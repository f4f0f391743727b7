// SPDX-License-Identifier: BSD-3-Clause
/*
 * kernel.c - a kernel with VFIO and iommufd in this process.
 *
 * Wraps open, close, fcntl, ioctl, getrlimit, syscall, calloc and reallocarray.
 */
#include "kernel.h"

#include "bus/vfio/abi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#define PAGE UINT64_C(4096)
#define FILES 64
#define MAPS 64
#define IOASES 16
#define SEEN 64

int __real_open(const char *path, int flags, ...);
int __real_close(int fd);
int __real_fcntl(int fd, int cmd, ...);
int __real_ioctl(int fd, unsigned long request, ...);
int __real_getrlimit(__rlimit_resource_t what, struct rlimit *out);
long __real_syscall(long number, ...);
void *__real_calloc(size_t n, size_t size);
void *__real_reallocarray(void *old, size_t n, size_t size);
int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
int __wrap_fcntl(int fd, int cmd, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_getrlimit(__rlimit_resource_t what, struct rlimit *out);
long __wrap_syscall(long number, ...);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_reallocarray(void *old, size_t n, size_t size);

/* Memory that was locked once, however many IOASes have it. */
struct pages {
	unsigned int	refs;
	uint64_t	len;
};

struct map {
	uint64_t	iova, len, va;
	uint32_t	prot;		/* IOMMU_IOAS_MAP_* */
	struct pages	*pages;		/* NULL: a container's */
};

/* The maps of a container or an IOAS, and who is attached. */
struct table {
	bool		used;
	unsigned int	nmaps;
	struct map	map[MAPS];
	unsigned int	members;
	uint32_t	id;
};

enum kind { NONE, CONTAINER, GROUP, IOMMUFD, DEVICE };

struct object {
	enum kind	kind;
	unsigned int	refs;		/* descriptors */
	unsigned int	bits;		/* group, device */
	bool		noiommu;	/* group */
	struct object	*in;		/* group: container; device: iommufd */
	struct table	*table;		/* device: attached to; container: its own */
	uint32_t	iommu;		/* container: type set */
	struct table	ioas[IOASES];	/* iommufd */
};

struct fake_knobs fake;

static struct object *file[FILES];
static struct object *objects[FILES];
static uint64_t locked_by_process, locked_by_user;
static unsigned int calls;
static uint32_t next_id;
static struct {
	unsigned long request;
	unsigned int n;
} seen[SEEN];

/* ---- objects and descriptors ---- */

static struct object *new_object(enum kind kind)
{
	for (int i = 0; i < FILES; i++)
		if (!objects[i]) {
			objects[i] = __real_calloc(1, sizeof(*objects[i]));
			objects[i]->kind = kind;
			return objects[i];
		}
	abort();
}

static int new_fd(struct object *o)
{
	for (int i = 0; i < FILES; i++)
		if (!file[i]) {
			file[i] = o;
			o->refs++;
			return FAKE_FD + i;
		}
	abort();
}

static struct object *of(int fd)
{
	return fd >= FAKE_FD && fd < FAKE_FD + FILES ? file[fd - FAKE_FD] : NULL;
}

static struct object *of_kind(int fd, enum kind kind)
{
	struct object *o = of(fd);

	return o && o->kind == kind ? o : NULL;
}

static void free_object(struct object *o)
{
	for (int i = 0; i < FILES; i++)
		if (objects[i] == o)
			objects[i] = NULL;
	free(o->kind == CONTAINER ? o->table : NULL);
	free(o);
}

static struct object *add(enum kind kind, unsigned int bits, bool noiommu)
{
	struct object *o = new_object(kind);

	o->bits = bits;
	o->noiommu = noiommu;
	if (kind == CONTAINER)
		o->table = __real_calloc(1, sizeof(*o->table));
	return o;
}

/* ---- ranges ---- */

static unsigned int member_bits(const struct table *t)
{
	unsigned int bits = 64;

	for (int i = 0; i < FILES; i++) {
		const struct object *o = objects[i];
		bool in = o && (o->kind == DEVICE ? o->table == t :
				o->kind == GROUP && o->in && o->in->table == t);

		if (in && o->bits < bits)
			bits = o->bits;
	}
	return bits;
}

static unsigned int ranges_for(unsigned int bits, struct iommu_iova_range *out)
{
	uint64_t last = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
	uint64_t at = UINT64_C(0xfef00000);
	unsigned int n = 0;

	if (bits == 64) {
		out[n++] = (struct iommu_iova_range){ 0, UINT64_MAX };
		return n;
	}
	if (last <= UINT64_C(0xfee00000)) {
		out[n++] = (struct iommu_iova_range){ 0, last };
		return n;
	}
	out[n++] = (struct iommu_iova_range){ 0, UINT64_C(0xfedfffff) };
	for (unsigned int i = 0; i < fake.holes; i++) {
		uint64_t hole = (UINT64_C(1) << 32) + i * 4 * PAGE;

		out[n++] = (struct iommu_iova_range){ at, hole - 1 };
		at = hole + PAGE;
	}
	out[n++] = (struct iommu_iova_range){ at, last };
	return n;
}

static bool reaches(unsigned int bits, uint64_t iova, uint64_t len)
{
	struct iommu_iova_range r[128];
	unsigned int n = ranges_for(bits, r);

	for (unsigned int i = 0; i < n; i++)
		if (iova >= r[i].start && iova + (len - 1) <= r[i].last)
			return true;
	return false;
}

/* Is anything mapped where a member with @bits of addresses cannot reach? */
static bool conflicts(const struct table *t, unsigned int bits)
{
	for (unsigned int i = 0; i < t->nmaps; i++)
		if (!fake.careless && !reaches(bits, t->map[i].iova, t->map[i].len))
			return true;
	return false;
}

/* ---- locked memory ---- */

static int lock_bytes(uint64_t len, bool user)
{
	uint64_t *sum = user ? &locked_by_user : &locked_by_process;
	uint64_t before = user ? fake.by_user : fake.by_process;

	if (!fake.spared && before + *sum + len > fake.limit)
		return -ENOMEM;
	*sum += len;
	return 0;
}

static void unlock_map(struct map *m)
{
	if (!m->pages) {
		locked_by_process -= m->len;
		return;
	}
	if (--m->pages->refs)
		return;
	locked_by_user -= m->pages->len;
	free(m->pages);
}

/* ---- maps ---- */

static bool is_there(uint64_t va, uint64_t len)
{
	unsigned char in;

	for (uint64_t at = va; at < va + len; at += PAGE)
		if (mincore((void *)at, PAGE, &in))
			return false;
	return true;
}

static int check_map(const struct table *t, const struct map *m, unsigned int bits)
{
	if (!(m->prot & (IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)) || !m->len ||
	    (m->iova | m->len | m->va) % PAGE || m->iova + (m->len - 1) < m->iova)
		return -EINVAL;
	for (unsigned int i = 0; i < t->nmaps; i++)
		if (m->iova <= t->map[i].iova + (t->map[i].len - 1) &&
		    t->map[i].iova <= m->iova + (m->len - 1))
			return -EEXIST;
	if (!reaches(bits, m->iova, m->len))
		return -EINVAL;
	return 0;
}

static int map_type1(struct object *c, const struct vfio_iommu_type1_dma_map *a)
{
	struct table *t = c->table;
	struct map m = {
		.iova = a->iova, .len = a->size, .va = a->vaddr,
		.prot = (a->flags & VFIO_DMA_MAP_FLAG_READ ? IOMMU_IOAS_MAP_READABLE : 0) |
			(a->flags & VFIO_DMA_MAP_FLAG_WRITE ? IOMMU_IOAS_MAP_WRITEABLE : 0),
	};
	int err;

	if (!c->iommu || a->argsz < sizeof(*a))
		return -EINVAL;
	err = check_map(t, &m, member_bits(t));
	if (!err && t->nmaps >= fake.dma_limit)
		err = -ENOSPC;
	if (!err && !is_there(m.va, m.len))
		err = -EFAULT;
	if (!err)
		err = lock_bytes(m.len, false);
	if (!err)
		t->map[t->nmaps++] = m;
	return err;
}

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
	err = check_map(t, &m, member_bits(t));
	if (!err && !is_there(m.va, m.len))
		err = -EFAULT;
	if (!err)
		err = lock_bytes(m.len, true);
	if (err)
		return err;
	m.pages = __real_calloc(1, sizeof(*m.pages));
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
		err = check_map(to, &m, member_bits(to));
		if (err)
			return err;
		m.pages->refs++;
		to->map[to->nmaps++] = m;
		return 0;
	}
	return -ENOENT;
}

/* Bytes unmapped, 0 for none, or -EEXIST if one would be cut. */
static int64_t unmap(struct table *t, uint64_t iova, uint64_t len)
{
	uint64_t last = iova + (len - 1), done = 0;

	for (unsigned int i = 0; i < t->nmaps; i++) {
		uint64_t first = t->map[i].iova, end = first + (t->map[i].len - 1);

		if (first <= last && iova <= end && (first < iova || end > last))
			return -EEXIST;
	}
	for (unsigned int i = 0; i < t->nmaps;) {
		if (t->map[i].iova < iova || t->map[i].iova > last) {
			i++;
			continue;
		}
		done += t->map[i].len;
		unlock_map(&t->map[i]);
		t->map[i] = t->map[--t->nmaps];
	}
	return (int64_t)done;
}

static int unmap_type1(struct object *c, struct vfio_iommu_type1_dma_unmap *a)
{
	int64_t done;

	if (!c->iommu || !a->size || (a->iova | a->size) % PAGE)
		return -EINVAL;
	done = unmap(c->table, a->iova, a->size);
	if (done < 0)
		return -EINVAL;
	a->size = (uint64_t)done;
	return 0;
}

static int unmap_ioas(struct object *f, struct iommu_ioas_unmap *a)
{
	struct table *t = ioas_of(f, a->ioas_id);
	int64_t done;

	if (!t)
		return -ENOENT;
	done = unmap(t, a->iova, a->length);
	if (done <= 0)
		return -ENOENT;
	a->length = (uint64_t)done;
	return 0;
}

static void empty(struct table *t)
{
	while (t->nmaps)
		unlock_map(&t->map[--t->nmaps]);
}

/* ---- containers ---- */

struct answer {
	char		buf[4096];
	uint32_t	size;
	uint32_t	link;		/* where the offset of the next capability goes */
};

static void put_cap(struct answer *a, uint16_t id, void *cap, uint32_t size)
{
	struct vfio_info_cap_header head = { .id = id, .version = 1 };

	memcpy(cap, &head, sizeof(head));
	memcpy(a->buf + a->link, &a->size, sizeof(a->size));
	memcpy(a->buf + a->size, cap, size);
	a->link = a->size + (uint32_t)offsetof(struct vfio_info_cap_header, next);
	a->size = (a->size + size + 7) & ~7u;
}

/* As the kernel: MIGRATION, DMA_AVAIL, IOVA_RANGE. */
static void put_caps(struct answer *a, const struct object *c)
{
	struct vfio_iommu_type1_info_cap_migration migration = { .pgsize_bitmap = PAGE };
	struct vfio_iommu_type1_info_dma_avail avail = {
		.avail = fake.dma_limit - c->table->nmaps,
	};
	struct {
		struct vfio_info_cap_header head;
		uint32_t n, reserved;
		struct iommu_iova_range r[128];
	} ranges = { .n = 0 };

	put_cap(a, VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION, &migration, sizeof(migration));
	put_cap(a, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, &avail, sizeof(avail));
	if (fake.coy)
		return;
	ranges.n = ranges_for(member_bits(c->table), ranges.r);
	put_cap(a, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, &ranges, 16 + ranges.n * 16);
}

static int get_info(const struct object *c, struct vfio_iommu_type1_info *out)
{
	struct answer a = {
		.size = sizeof(*out), .link = offsetof(struct vfio_iommu_type1_info, cap_offset),
	};
	struct vfio_iommu_type1_info info = {
		.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS,
		.iova_pgsizes = 0x40201000, .cap_offset = sizeof(info),
	};
	uint32_t room = out->argsz;

	if (!c->iommu || room < sizeof(info))
		return -EINVAL;
	if (fake.info) {
		memcpy(out, fake.info, room < fake.info_size ? room : fake.info_size);
		out->argsz = fake.info_size;
		return 0;
	}
	put_caps(&a, c);
	info.argsz = a.size;
	if (room < a.size)	/* only the struct, and how much there is */
		info.cap_offset = 0;
	memcpy(a.buf, &info, sizeof(info));
	memcpy(out, a.buf, room < a.size ? sizeof(info) : a.size);
	return 0;
}

static int extension(uintptr_t type)
{
	if (type == VFIO_NOIOMMU_IOMMU)
		return fake.noiommu;
	return fake.type1 && (type == VFIO_TYPE1_IOMMU || type == VFIO_TYPE1v2_IOMMU);
}

static int set_iommu(struct object *c, uintptr_t type)
{
	if (!c->table->members || c->iommu)
		return -EINVAL;
	if (!extension(type))
		return -ENODEV;
	if (type == VFIO_NOIOMMU_IOMMU && !fake.rawio)
		return -EPERM;
	if (type != VFIO_NOIOMMU_IOMMU && !fake.isolated)
		return -EPERM;
	c->iommu = (uint32_t)type;
	return 0;
}

static int container_ioctl(struct object *c, unsigned long request, void *arg)
{
	switch (request) {
	case VFIO_GET_API_VERSION:
		return fake.api;
	case VFIO_CHECK_EXTENSION:
		return extension((uintptr_t)arg);
	case VFIO_SET_IOMMU:
		return set_iommu(c, (uintptr_t)arg);
	case VFIO_IOMMU_GET_INFO:
		return get_info(c, arg);
	case VFIO_IOMMU_MAP_DMA:
		return map_type1(c, arg);
	case VFIO_IOMMU_UNMAP_DMA:
		return unmap_type1(c, arg);
	}
	return -EINVAL;
}

static int set_container(struct object *g, int fd)
{
	struct object *c = of_kind(fd, CONTAINER);

	if (!c)
		return -EBADF;
	if (g->in)
		return -EINVAL;
	if (g->noiommu && !fake.rawio)
		return -EPERM;
	if (c->iommu && !g->noiommu && !fake.isolated)
		return -EPERM;
	if (c->iommu && conflicts(c->table, g->bits))
		return -EINVAL;
	g->in = c;
	c->table->members++;
	return 0;
}

static int unset_container(struct object *g)
{
	if (!g->in)
		return -EINVAL;
	if (!--g->in->table->members) {
		empty(g->in->table);
		g->in->iommu = 0;
		if (!g->in->refs)
			free_object(g->in);
	}
	g->in = NULL;
	return 0;
}

static int group_ioctl(struct object *g, unsigned long request, void *arg)
{
	struct vfio_group_status *status = arg;

	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		status->flags = VFIO_GROUP_FLAGS_VIABLE |
				(g->in ? VFIO_GROUP_FLAGS_CONTAINER_SET : 0);
		return 0;
	case VFIO_GROUP_SET_CONTAINER:
		return set_container(g, *(int *)arg);
	case VFIO_GROUP_UNSET_CONTAINER:
		return unset_container(g);
	}
	return -ENOTTY;
}

/* ---- iommufd ---- */

static int alloc_ioas(struct object *f, struct iommu_ioas_alloc *a)
{
	for (int i = 0; i < IOASES; i++)
		if (!f->ioas[i].used) {
			f->ioas[i] = (struct table){ .used = true, .id = ++next_id };
			a->out_ioas_id = next_id;
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
	empty(t);
	t->used = false;
	return 0;
}

static int iova_ranges(struct object *f, struct iommu_ioas_iova_ranges *a)
{
	struct table *t = ioas_of(f, a->ioas_id);
	struct iommu_iova_range r[128];
	uint32_t room = a->num_iovas;

	if (!t)
		return -ENOENT;
	a->num_iovas = ranges_for(member_bits(t), r);
	a->out_iova_alignment = t->members ? PAGE : 1;
	memcpy((void *)(uintptr_t)a->allowed_iovas, r,
	       (room < a->num_iovas ? room : a->num_iovas) * sizeof(*r));
	return room < a->num_iovas ? -EMSGSIZE : 0;
}

static int iommufd_ioctl(struct object *f, unsigned long request, void *arg)
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
	if (d->in || a->argsz < 16 || (a->flags && !fake.tokens) || !of_kind(a->iommufd, IOMMUFD))
		return -EINVAL;
	if (!fake.isolated)
		return -EPERM;
	d->in = of(a->iommufd);
	d->in->refs++;		/* the kernel keeps it while the device is bound */
	a->out_devid = ++next_id;
	return 0;
}

static void detach_device(struct object *d)
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
	if (conflicts(t, d->bits))
		return -EADDRINUSE;
	detach_device(d);
	d->table = t;
	t->members++;
	a->pt_id = ++next_id;	/* the page table that was made for it */
	return 0;
}

static int device_ioctl(struct object *d, unsigned long request, void *arg)
{
	if (request == VFIO_DEVICE_BIND_IOMMUFD)
		return bind_device(d, arg);
	if (!d->in)
		return -EINVAL;
	switch (request) {
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		return attach_device(d, arg);
	case VFIO_DEVICE_DETACH_IOMMUFD_PT:
		detach_device(d);
		return 0;
	}
	return -ENOTTY;
}

/* ---- closing ---- */

static void release(struct object *o)
{
	if (--o->refs)
		return;
	if (o->kind == GROUP && o->in)
		unset_container(o);
	if (o->kind == DEVICE && o->in) {
		detach_device(o);
		release(o->in);
	}
	if (o->kind == CONTAINER && o->table->members)
		return;		/* with its last group */
	for (int i = 0; i < IOASES; i++)
		empty(&o->ioas[i]);
	if (o->kind == CONTAINER)
		empty(o->table);
	free_object(o);
}

/* ---- what is wrapped ---- */

static bool fails(void)
{
	calls++;
	if (calls != fake.fail_at)
		return false;
	errno = EIO;
	return true;
}

static void note(unsigned long request)
{
	int i = 0;

	while (seen[i].n && seen[i].request != request)
		i++;
	seen[i].request = request;
	seen[i].n++;
}

static bool undoes(unsigned long request)
{
	return request == VFIO_GROUP_UNSET_CONTAINER || request == VFIO_DEVICE_DETACH_IOMMUFD_PT ||
	       request == IOMMU_DESTROY || request == VFIO_IOMMU_UNMAP_DMA ||
	       request == IOMMU_IOAS_UNMAP;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	static int (*const table[])(struct object *, unsigned long, void *) = {
		[CONTAINER] = container_ioctl, [GROUP] = group_ioctl,
		[IOMMUFD] = iommufd_ioctl, [DEVICE] = device_ioctl,
	};
	struct object *o = of(fd);
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!o && fd >= 0 && fd < FAKE_FD)
		return __real_ioctl(fd, request, arg);
	note(request);
	if (!undoes(request) && fails())
		return -1;
	ret = o ? table[o->kind](o, request, arg) : -EBADF;
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

static int open_status(void)
{
	int fd = memfd_create("status", MFD_CLOEXEC);

	if (fake.no_proc) {
		__real_close(fd);
		errno = EPERM;
		return -1;
	}
	dprintf(fd, "Name:\ttest\nVmLck:\t%8llu kB\nVmPin:\t 0 kB\n",
		(unsigned long long)(fake.by_process + locked_by_process) / 1024);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

int __wrap_open(const char *path, int flags, ...)
{
	bool vfio = !strcmp(path, "/dev/vfio/vfio");
	va_list args;
	int mode;

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, int) : 0;
	va_end(args);
	if (!strcmp(path, "/proc/self/status"))
		return open_status();
	if (!vfio && strcmp(path, "/dev/iommu"))
		return __real_open(path, flags, mode);
	if (fails())
		return -1;
	if (fake.open_errno) {
		errno = fake.open_errno;
		return -1;
	}
	return new_fd(add(vfio ? CONTAINER : IOMMUFD, 0, false));
}

int __wrap_close(int fd)
{
	struct object *o = of(fd);

	if (!o)
		return __real_close(fd);
	file[fd - FAKE_FD] = NULL;
	release(o);
	return 0;
}

int __wrap_fcntl(int fd, int cmd, ...)
{
	struct object *o = of(fd);
	va_list args;
	long arg;

	va_start(args, cmd);
	arg = va_arg(args, long);
	va_end(args);
	if (!o)
		return __real_fcntl(fd, cmd, arg);
	if (cmd != F_DUPFD_CLOEXEC)
		abort();
	return fails() ? -1 : new_fd(o);
}

int __wrap_getrlimit(__rlimit_resource_t what, struct rlimit *out)
{
	if (what != RLIMIT_MEMLOCK)
		return __real_getrlimit(what, out);
	out->rlim_cur = fake.limit == UINT64_MAX ? RLIM_INFINITY : fake.limit;
	out->rlim_max = out->rlim_cur;
	return 0;
}

long __wrap_syscall(long number, ...)
{
	struct __user_cap_data_struct *data;
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number != SYS_capget)
		return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	data = (struct __user_cap_data_struct *)a[1];
	if (fake.spared)
		data[0].effective = 1u << CAP_IPC_LOCK;
	return 0;
}

void *__wrap_calloc(size_t n, size_t size)
{
	if (fake.no_memory && fails()) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_calloc(n, size);
}

void *__wrap_reallocarray(void *old, size_t n, size_t size)
{
	if (fake.no_memory && fails()) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_reallocarray(old, n, size);
}

/* ---- for the tests ---- */

void fake_reset(void)
{
	for (int i = 0; i < FILES; i++)
		if (file[i])
			__wrap_close(FAKE_FD + i);
	fake = (struct fake_knobs){
		.type1 = true, .isolated = true, .dma_limit = 65535, .limit = UINT64_MAX,
	};
	memset(seen, 0, sizeof(seen));
	calls = 0;
}

int fake_group(unsigned int bits)
{
	return new_fd(add(GROUP, bits, false));
}

int fake_noiommu_group(void)
{
	return new_fd(add(GROUP, 64, true));
}

int fake_device(unsigned int bits)
{
	return new_fd(add(DEVICE, bits, false));
}

int fake_container(void)
{
	return new_fd(add(CONTAINER, 0, false));
}

int fake_iommufd(void)
{
	return new_fd(add(IOMMUFD, 0, false));
}

unsigned int fake_open_files(void)
{
	unsigned int n = 0;

	for (int i = 0; i < FILES; i++)
		n += !!file[i];
	return n;
}

/* Each table that is there, NULL at the end. */
static struct table *next_table(int *i, int *k)
{
	for (; *i < FILES; (*i)++, *k = 0) {
		struct object *o = objects[*i];

		if (o && o->kind == CONTAINER && !*k) {
			*k = IOASES;
			return o->table;
		}
		while (o && o->kind == IOMMUFD && *k < IOASES)
			if (o->ioas[(*k)++].used)
				return &o->ioas[*k - 1];
	}
	return NULL;
}

unsigned int fake_maps(void)
{
	unsigned int n = 0;
	int i = 0, k = 0;

	for (struct table *t = next_table(&i, &k); t; t = next_table(&i, &k))
		n += t->nmaps;
	return n;
}

unsigned int fake_members(void)
{
	unsigned int n = 0;
	int i = 0, k = 0;

	for (struct table *t = next_table(&i, &k); t; t = next_table(&i, &k))
		n += t->members;
	return n;
}

unsigned int fake_ioases(void)
{
	unsigned int n = 0;
	int i = 0, k = 0;

	for (struct table *t = next_table(&i, &k); t; t = next_table(&i, &k))
		n += t->used;
	return n;
}

static bool allowed(uint64_t iova, uint32_t prot)
{
	int i = 0, k = 0;

	for (struct table *t = next_table(&i, &k); t; t = next_table(&i, &k))
		for (unsigned int m = 0; t->members && m < t->nmaps; m++)
			if (iova - t->map[m].iova < t->map[m].len && t->map[m].prot & prot)
				return true;
	return false;
}

bool fake_reads(leat_iova_t iova)
{
	return allowed(iova, IOMMU_IOAS_MAP_READABLE);
}

bool fake_writes(leat_iova_t iova)
{
	return allowed(iova, IOMMU_IOAS_MAP_WRITEABLE);
}

uint64_t fake_locked(void)
{
	return locked_by_process + locked_by_user;
}

unsigned int fake_calls(void)
{
	return calls;
}

unsigned int fake_called(unsigned long request)
{
	for (int i = 0; i < SEEN && seen[i].n; i++)
		if (seen[i].request == request)
			return seen[i].n;
	return 0;
}
