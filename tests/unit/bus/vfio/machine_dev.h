// SPDX-License-Identifier: BSD-3-Clause
/*
 * machine_dev.h - between the files of the machine: what a device answers, and the calls
 * that are wrapped.
 */
#ifndef MACHINE_DEV_H
#define MACHINE_DEV_H

#include "machine.h"

#include "bus/vfio/abi.h"

#include <sys/stat.h>
#include <sys/types.h>

int __real_open(const char *path, int flags, ...);
int __real_close(int fd);
int __real_fcntl(int fd, int cmd, ...);
int __real_fstat(int fd, struct stat *st);
int __real_ioctl(int fd, unsigned long request, ...);
ssize_t __real_pread(int fd, void *buf, size_t len, off_t off);
ssize_t __real_pwrite(int fd, const void *buf, size_t len, off_t off);
void *__real_mmap(void *at, size_t len, int prot, int flags, int fd, off_t off);
int __real_access(const char *path, int mode);
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
int __real_leat_eventfd_open(void);
int __real_leat_path_text(const char *root, const char *path, char *buf, size_t size);

int __wrap_open(const char *path, int flags, ...);
int __wrap_close(int fd);
int __wrap_fcntl(int fd, int cmd, ...);
int __wrap_fstat(int fd, struct stat *st);
int __wrap_ioctl(int fd, unsigned long request, ...);
ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t off);
ssize_t __wrap_pwrite(int fd, const void *buf, size_t len, off_t off);
void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t off);
int __wrap_access(const char *path, int mode);
int __wrap_faccessat(int dir, const char *path, int mode, int flags);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
int __wrap_leat_eventfd_open(void);
int __wrap_leat_sysfs_text(const char *bdf, const char *name, char *buf, size_t size);
int __wrap_leat_sysfs_link(const char *bdf, const char *name, char *buf, size_t size);
int __wrap_leat_sysfs_number(const char *bdf, const char *name, long long *out);
int __wrap_leat_sysfs_each(const char *bdf, const char *name, leat_sysfs_each_fn *each, void *arg);
int __wrap_leat_path_text(const char *root, const char *path, char *buf, size_t size);
int __wrap_leat_vfio_space_get(struct leat_ctx *ctx, enum vfio_kind kind, const char *domain,
			       int fd, const char *addr, struct vfio_space **out);
void __wrap_leat_vfio_space_put(struct vfio_space *space);
int __wrap_leat_vfio_space_add_group(struct vfio_space *space, int fd, const char *addr);
int __wrap_leat_vfio_space_add_device(struct vfio_space *space, int fd, const uint8_t *token,
				      const char *addr);
void __wrap_leat_vfio_space_remove_group(struct vfio_space *space, int fd);
void __wrap_leat_vfio_space_remove_device(struct vfio_space *space, int fd);
void __wrap_leat_vfio_space_forget(struct leat_ctx *ctx);

/* One more call; does this one fail? errno is set. */
bool machine_fails(void);
void machine_trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* What a descriptor of the machine's is of; NULL: it is none. */
const char *machine_path(int fd);

void machine_dev_init(struct machine_dev *d);
void machine_dev_fini(struct machine_dev *d);
/* Its last descriptor is closed. */
void machine_dev_release(struct machine_dev *d);
/* -errno, or what the ioctl returns. */
int machine_dev_ioctl(struct machine_dev *d, unsigned long request, void *arg);
ssize_t machine_dev_pread(struct machine_dev *d, void *buf, size_t len, uint64_t off);
ssize_t machine_dev_pwrite(struct machine_dev *d, const void *buf, size_t len, uint64_t off);
void *machine_dev_mmap(struct machine_dev *d, void *at, size_t len, int prot, int flags,
		       uint64_t off);

#endif
