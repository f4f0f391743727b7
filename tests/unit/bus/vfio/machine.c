// SPDX-License-Identifier: BSD-3-Clause
/*
 * machine.c - PCI devices behind the kernel's VFIO, in this process.
 *
 * Wraps open, close, fcntl, fstat, ioctl, pread, pwrite, mmap, access, faccessat, malloc,
 * calloc, leat_eventfd_open. What a device answers is in machine_dev.c, what else is wrapped
 * in machine_around.c.
 */
#include "machine.h"

#include "machine_dev.h"

#include <leat/driver/pci.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FILES 64

struct machine m;

/* A descriptor's file: a node, a group or a device. */
struct file {
	char		path[64];	/* "/dev/vfio/12", "/dev/iommu", or a device's BDF */
	unsigned int	refs;		/* descriptors of it */
};

static struct file *file[FILES];

/* ---- the calls that may fail ---- */

bool machine_fails(void)
{
	m.calls++;
	if (m.calls != m.fail_at)
		return false;
	errno = EIO;
	return true;
}

void machine_trace(const char *fmt, ...)
{
	size_t len = strlen(m.trace);
	va_list args;

	va_start(args, fmt);
	vsnprintf(m.trace + len, sizeof(m.trace) - len, fmt, args);
	va_end(args);
}

/* ---- descriptors ---- */

static int new_fd(struct file *f)
{
	for (int i = 0; i < FILES; i++)
		if (!file[i]) {
			file[i] = f;
			f->refs++;
			return MACHINE_FD + i;
		}
	abort();
}

static struct file *new_file(const char *path)
{
	struct file *f = __real_calloc(1, sizeof(*f));

	snprintf(f->path, sizeof(f->path), "%s", path);
	return f;
}

static struct file *of(int fd)
{
	return fd >= MACHINE_FD && fd < MACHINE_FD + FILES ? file[fd - MACHINE_FD] : NULL;
}

const char *machine_path(int fd)
{
	const struct file *f = of(fd);

	return f ? f->path : NULL;
}

static struct machine_dev *find_dev(const char *bdf)
{
	for (unsigned int i = 0; i < m.ndevs; i++)
		if (!strcmp(m.dev[i].bdf, bdf))
			return &m.dev[i];
	return NULL;
}

/* The device behind a descriptor: its own, or its character device's. */
static struct machine_dev *dev_of(int fd)
{
	const char *path = machine_path(fd);
	unsigned int n;

	if (path && sscanf(path, "/dev/vfio/devices/vfio%u", &n) == 1)
		return n < m.ndevs ? &m.dev[n] : NULL;
	return path ? find_dev(path) : NULL;
}

static bool is_open(const char *path)
{
	for (int i = 0; i < FILES; i++)
		if (file[i] && !strcmp(file[i]->path, path))
			return true;
	return false;
}

unsigned int machine_files(void)
{
	unsigned int n = 0;

	for (int i = 0; i < FILES; i++)
		n += !!file[i];
	return n;
}

/* ---- files ---- */

static bool is_ours(const char *path)
{
	return !strncmp(path, "/dev/vfio", 9) || !strcmp(path, "/dev/iommu") ||
	       !strncmp(path, "/sys/", 5);
}

static int below(char full[PATH_MAX], const char *path)
{
	m.looks++;
	return snprintf(full, PATH_MAX, "%s%s", m.tree.root, path);
}

static bool is_denied(const char *path)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(m.denied); i++)
		if (m.denied[i] && !strcmp(m.denied[i], path))
			return true;
	return false;
}

int __wrap_access(const char *path, int mode)
{
	char full[PATH_MAX];

	if (!is_ours(path))
		return __real_access(path, mode);
	below(full, path);
	return __real_access(full, mode);
}

int __wrap_faccessat(int dir, const char *path, int mode, int flags)
{
	(void)dir;
	(void)flags;
	assert_true(is_ours(path));
	if (__wrap_access(path, F_OK))
		return -1;
	if (mode == F_OK || !is_denied(path))
		return 0;
	errno = EACCES;
	return -1;
}

static int open_error(const char *path)
{
	if (__wrap_access(path, F_OK))
		return ENOENT;
	if (is_denied(path))
		return strstr(path, "noiommu") ? EPERM : EACCES;
	/* A group opens once, and not while a character device of it is open. */
	return !strstr(path, "devices") && strcmp(path, "/dev/vfio/vfio") && is_open(path) ? EBUSY : 0;
}

int __wrap_open(const char *path, int flags, ...)
{
	int mode = 0, err;
	va_list args;

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, int) : 0;
	va_end(args);
	if (strncmp(path, "/dev/vfio", 9) && strcmp(path, "/dev/iommu"))
		return __real_open(path, flags, mode);
	m.opens++;
	assert_true(flags & O_CLOEXEC);
	if (machine_fails())
		return -1;
	err = open_error(path);
	if (err) {
		errno = err;
		return -1;
	}
	machine_trace("open:%s ", path);
	return machine_open(path);
}

int machine_open(const char *path)
{
	struct file *f = new_file(path);
	int fd = new_fd(f);
	struct machine_dev *d = dev_of(fd);

	if (d)
		d->users++;
	return fd;
}

int machine_device_fd(int group_fd, const char *bdf)
{
	struct machine_dev *d = find_dev(bdf);

	assert_non_null(of(group_fd));
	assert_non_null(d);
	d->users++;
	return new_fd(new_file(bdf));
}

int __wrap_close(int fd)
{
	struct file *f = of(fd);
	struct machine_dev *d = dev_of(fd);

	if (!f)
		return __real_close(fd);
	machine_trace("close:%s ", f->path);
	file[fd - MACHINE_FD] = NULL;
	if (d && !--d->users)
		machine_dev_release(d);
	if (!--f->refs)
		free(f);
	return 0;
}

int __wrap_fcntl(int fd, int cmd, ...)
{
	struct machine_dev *d = dev_of(fd);
	va_list args;
	long arg;

	va_start(args, cmd);
	arg = va_arg(args, long);
	va_end(args);
	if (!of(fd) && fd < MACHINE_FD)
		return __real_fcntl(fd, cmd, arg);
	assert_int_equal(cmd, F_DUPFD_CLOEXEC);
	if (machine_fails())
		return -1;
	if (!of(fd)) {
		errno = EBADF;
		return -1;
	}
	if (d)
		d->users++;
	return new_fd(of(fd));
}

int __wrap_fstat(int fd, struct stat *st)
{
	unsigned int n = 0;

	if (!of(fd))
		return __real_fstat(fd, st);
	if (machine_fails())
		return -1;
	memset(st, 0, sizeof(*st));
	for (const char *c = of(fd)->path; *c; c++)
		n = n * 31 + (unsigned char)*c;
	st->st_rdev = n;
	return 0;
}

/* ---- groups ---- */

static int get_device(const char *group, const char *name)
{
	char bdf[LEAT_BDF_LEN];
	const char *token = strstr(name, " vf_token=");
	struct machine_dev *d;

	snprintf(bdf, sizeof(bdf), "%.12s", name);
	d = find_dev(bdf);
	if (!d || atoi(group + strcspn(group, "0123456789")) != d->group)
		return -ENODEV;
	if (d->token && (!token || strcmp(token + 10, d->token)))
		return -EACCES;
	if (token && d->plain)
		return -EINVAL;
	machine_trace("get:%s ", bdf);
	d->users++;
	return new_fd(new_file(bdf));
}

static int group_ioctl(const char *path, unsigned long request, void *arg)
{
	struct vfio_group_status *status = arg;

	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		status->flags = m.unviable ? 0 : VFIO_GROUP_FLAGS_VIABLE |
					      VFIO_GROUP_FLAGS_CONTAINER_SET;
		return 0;
	case VFIO_GROUP_GET_DEVICE_FD:
		return get_device(path, arg);
	}
	return -ENOTTY;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct machine_dev *d = dev_of(fd);
	va_list args;
	void *arg;
	int ret;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!of(fd))
		return __real_ioctl(fd, request, arg);
	if (machine_fails())
		return -1;
	if (m.err && m.request == request) {
		ret = -m.err;
		m.err = 0;
	} else {
		ret = d ? machine_dev_ioctl(d, request, arg) :
			  group_ioctl(machine_path(fd), request, arg);
	}
	if (ret >= 0)
		return ret;
	errno = -ret;
	return -1;
}

ssize_t __wrap_pread(int fd, void *buf, size_t len, off_t off)
{
	return dev_of(fd) ? machine_dev_pread(dev_of(fd), buf, len, (uint64_t)off) :
			    __real_pread(fd, buf, len, off);
}

ssize_t __wrap_pwrite(int fd, const void *buf, size_t len, off_t off)
{
	return dev_of(fd) ? machine_dev_pwrite(dev_of(fd), buf, len, (uint64_t)off) :
			    __real_pwrite(fd, buf, len, off);
}

void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
	return fd >= 0 && dev_of(fd) ?
	       machine_dev_mmap(dev_of(fd), at, len, prot, flags, (uint64_t)off) :
	       __real_mmap(at, len, prot, flags, fd, off);
}

/* ---- allocations, eventfds ---- */

void *__wrap_calloc(size_t n, size_t size)
{
	if (m.fail_at && machine_fails()) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_calloc(n, size);
}

void *__wrap_malloc(size_t size)
{
	if (m.fail_at && machine_fails()) {
		errno = ENOMEM;
		return NULL;
	}
	return __real_malloc(size);
}

int __wrap_leat_eventfd_open(void)
{
	return machine_fails() ? -EMFILE : __real_leat_eventfd_open();
}

/* ---- the machine ---- */

static void put_sysfs(const struct machine_dev *d, unsigned int i, const char *driver)
{
	char path[160], target[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vendor", d->bdf);
	tree_file(&m.tree, path, "0x1af4\n");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/numa_node", d->bdf);
	tree_file(&m.tree, path, "1\n");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", d->bdf);
	snprintf(target, sizeof(target), "../../../../kernel/iommu_groups/%d", d->group);
	tree_link(&m.tree, path, target);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices/%s", d->group, d->bdf);
	tree_dir(&m.tree, path);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev/vfio%u/dev", d->bdf, i);
	tree_file(&m.tree, path, "250:0\n");
	snprintf(path, sizeof(path), "/dev/vfio/devices/vfio%u", i);
	tree_file(&m.tree, path, "");
	snprintf(path, sizeof(path), "/dev/vfio/%d", d->group);
	tree_file(&m.tree, path, "");
	machine_bind(d->bdf, driver);
}

void machine_bind(const char *bdf, const char *driver)
{
	char path[160], target[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", bdf);
	snprintf(target, sizeof(target), "../../drivers/%s", driver ? driver : "");
	if (tree_has(&m.tree, path))
		tree_remove(&m.tree, path);
	if (driver)
		tree_link(&m.tree, path, target);
}

struct machine_dev *machine_add(const char *bdf, int group, const char *driver)
{
	struct machine_dev *d = &m.dev[m.ndevs];

	snprintf(d->bdf, sizeof(d->bdf), "%s", bdf);
	d->group = group;
	machine_dev_init(d);
	put_sysfs(d, m.ndevs++, driver);
	return d;
}

void machine_refuse(unsigned long request, int err)
{
	m.request = request;
	m.err = err;
}

static void take_log(void *arg, enum leat_log_level level, const char *message)
{
	char *line[] = {
		[LEAT_LOG_ERROR] = m.error, [LEAT_LOG_WARNING] = m.warning,
		[LEAT_LOG_INFO] = m.info,
	};

	(void)arg;
	m.errors += level == LEAT_LOG_ERROR;
	m.warnings += level == LEAT_LOG_WARNING;
	m.infos += level == LEAT_LOG_INFO;
	if (level <= LEAT_LOG_INFO)
		snprintf(line[level], LEAT_ERROR_LEN, "%s", message);
}

static uint64_t read_clock(void *arg)
{
	(void)arg;
	return m.now;
}

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -1;			/* its own */

	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

int machine_setup(void **state)
{
	struct leat_ctx_config cfg = {
		.page_size = 4096, .log = take_log, .log_level = LEAT_LOG_INFO,
		.clock = read_clock,
	};

	memset(&m, 0, sizeof(m));
	m.fds = count_fds();
	m.now = 1;
	if (tree_setup(state))
		return -1;
	m.tree = **(struct tree **)state;
	m.cdevs = true;
	m.hot_owned = true;
	m.features = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 5;
	tree_dir(&m.tree, "/sys/bus/pci/drivers/vfio-pci");
	tree_file(&m.tree, "/dev/vfio/vfio", "");
	tree_file(&m.tree, "/dev/iommu", "");
	machine_add("0000:01:00.0", 12, "vfio-pci");
	if (leat_ctx_open(&cfg, &m.ctx))
		return -1;
	m.infos = 0;
	return 0;
}

int machine_teardown(void **state)
{
	int err;

	leat_ctx_close(m.ctx);
	assert_int_equal(machine_files(), 0);
	assert_int_equal(machine_spaces(), 0);
	for (unsigned int i = 0; i < m.ndevs; i++)
		machine_dev_fini(&m.dev[i]);
	err = tree_teardown(state);
	assert_int_equal(count_fds(), m.fds);
	return err;
}

static void take_event(struct leat_dev *dev, enum leat_event event)
{
	(void)dev;
	m.events[event]++;
}

struct leat_dev *machine_must_open(const char *addr)
{
	struct leat_dev *dev = NULL;
	int err = leat_dev_open(m.ctx, addr, &dev);

	if (err)
		fail_msg("open %s: %d: %s", addr, err, leat_ctx_error(m.ctx));
	assert_int_equal(m.errors, 0);
	dev->event = take_event;
	return dev;
}

void machine_said(const char *line, const char *word)
{
	if (!strstr(line, word))
		fail_msg("\"%s\" does not say \"%s\"", line, word);
}

void machine_must_refuse(const char *addr, int err, ...)
{
	unsigned int files = machine_files(), errors = m.errors;
	struct leat_dev *dev = NULL;
	int got = leat_dev_open(m.ctx, addr, &dev);
	const char *word;
	va_list words;

	if (got != err || m.errors != errors + 1)
		fail_msg("open %s: %d instead of %d, %u lines: %s", addr, got, err,
			 m.errors - errors, leat_ctx_error(m.ctx));
	assert_int_equal(machine_files(), files);
	assert_null(dev);
	assert_ptr_equal(strstr(m.error, addr), m.error);
	va_start(words, err);
	while ((word = va_arg(words, const char *)))
		machine_said(m.error, word);
	va_end(words);
	m.errors = errors;
}

void machine_poll(void)
{
	m.now += UINT64_C(1000000);
	leat_ctx_hurry(m.ctx);
	(void)leat_ctx_poll(m.ctx);
}
