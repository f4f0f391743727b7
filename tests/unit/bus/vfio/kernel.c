// SPDX-License-Identifier: BSD-3-Clause
/*
 * kernel.c - a kernel with VFIO and iommufd in this process: descriptors, what is wrapped, what
 * tests ask. Wraps open, close, fcntl, ioctl, getrlimit, syscall, calloc and reallocarray.
 */
#include "kernel_state.h"

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

struct fake_knobs fake;
struct object *fake_objects[FILES];
uint32_t fake_next_id;

static struct object *file[FILES];
static unsigned int calls;
static struct {
	unsigned long request;
	unsigned int n;
} seen[SEEN];

/* ---- objects and descriptors ---- */

static struct object *new_object(enum kind kind)
{
	for (int i = 0; i < FILES; i++)
		if (!fake_objects[i]) {
			fake_objects[i] = __real_calloc(1, sizeof(*fake_objects[i]));
			fake_objects[i]->kind = kind;
			return fake_objects[i];
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

struct object *fake_of(int fd, enum kind kind)
{
	struct object *o = of(fd);

	return o && o->kind == kind ? o : NULL;
}

void fake_free(struct object *o)
{
	for (int i = 0; i < FILES; i++)
		if (fake_objects[i] == o)
			fake_objects[i] = NULL;
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

/* ---- closing ---- */

void fake_release(struct object *o)
{
	if (--o->refs)
		return;
	if (o->kind == GROUP && o->in)
		fake_unset_container(o);
	if (o->kind == DEVICE && o->in) {
		fake_detach(o);
		fake_release(o->in);
	}
	if (o->kind == CONTAINER && o->table->members)
		return;		/* with its last group */
	for (int i = 0; i < IOASES; i++)
		fake_empty(&o->ioas[i]);
	if (o->kind == CONTAINER)
		fake_empty(o->table);
	fake_free(o);
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
		[CONTAINER] = fake_container_ioctl, [GROUP] = fake_group_ioctl,
		[IOMMUFD] = fake_iommufd_ioctl, [DEVICE] = fake_device_ioctl,
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
		(unsigned long long)(fake.by_process + fake_locked_by_process) / 1024);
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
	fake_release(o);
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
		struct object *o = fake_objects[*i];

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
	return fake_locked_by_process + fake_locked_by_user;
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
