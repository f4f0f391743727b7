// SPDX-License-Identifier: BSD-3-Clause
/*
 * sysfs.c - small files of sysfs. Each is read at once: what two reads give may
 * be of two moments.
 */
#include "bus/pci/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <leat/compiler.h>

/* @len hexadecimal digits followed by @end; the number, or -1. */
static long hex_field(const char **at, int len, char end)
{
	char digits[5] = "";
	char *stop;
	long n;

	for (int i = 0; i < len; i++) {
		char c = (*at)[i];

		if (!strchr("0123456789abcdefABCDEF", c) || !c)
			return -1;
		digits[i] = c;
	}
	n = strtol(digits, &stop, 16);
	if ((*at)[len] != end)
		return -1;
	*at += len + (end != '\0');
	return n;
}

int leat_pci_parse(const char *text, char bdf[LEAT_BDF_LEN])
{
	long domain = 0, bus, slot, function;

	if (strlen(text) == LEAT_BDF_LEN - 1)
		domain = hex_field(&text, 4, ':');
	else if (strlen(text) != strlen("01:00.0"))
		return -EINVAL;
	if (domain < 0)
		return -EINVAL;
	bus = hex_field(&text, 2, ':');
	slot = bus < 0 ? -1 : hex_field(&text, 2, '.');
	function = slot < 0 ? -1 : hex_field(&text, 1, '\0');
	if (function < 0 || slot > 0x1f || function > 7)
		return -EINVAL;
	snprintf(bdf, LEAT_BDF_LEN, "%04x:%02x:%02x.%x", (unsigned int)domain & 0xffff,
		 (unsigned int)bus & 0xff, (unsigned int)slot & 0x1f, (unsigned int)function & 7);
	return 0;
}

static int join(char path[PATH_MAX], const char *a, const char *b, const char *c, const char *d)
{
	int len = snprintf(path, PATH_MAX, "%s%s%s%s", a, b, c, d);

	return len < 0 || len >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int device_path(char path[PATH_MAX], const char *bdf, const char *name)
{
	return join(path, "/sys/bus/pci/devices/", bdf, "/", name);
}

static int read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (len < size - 1 && n > 0) {
		n = read(fd, buf + len, size - 1 - len);
		if (n < 0 && errno != EINTR)
			return -errno;
		len += n > 0 ? (size_t)n : 0;
		n = n < 0 ? 1 : n;
	}
	buf[len] = '\0';
	if (len == size - 1) {
		char more;

		if (read(fd, &more, 1) == 1 && more != '\n')
			return -E2BIG;
	}
	if (len && buf[len - 1] == '\n')
		buf[len - 1] = '\0';
	return 0;
}

int leat_path_text(const char *root, const char *path, char *buf, size_t size)
{
	char full[PATH_MAX];
	int err = join(full, root, path, "", "");
	int fd;

	buf[0] = '\0';
	if (err)
		return err;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = read_all(fd, buf, size);
	close(fd);
	return err;
}

int leat_path_link(const char *root, const char *path, char *buf, size_t size)
{
	char full[PATH_MAX], target[PATH_MAX];
	int err = join(full, root, path, "", "");
	const char *last;
	ssize_t len;

	buf[0] = '\0';
	if (err)
		return err;
	len = readlink(full, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (strlen(last) >= size)
		return -E2BIG;
	memcpy(buf, last, strlen(last) + 1);
	return 0;
}

bool leat_path_exists(const char *root, const char *path)
{
	char full[PATH_MAX];

	return !join(full, root, path, "", "") && !access(full, F_OK);
}

int leat_path_each(const char *root, const char *path, int (*entry)(void *arg, const char *name),
		   void *arg)
{
	char full[PATH_MAX];
	int err = join(full, root, path, "", "");
	struct dirent *e;
	DIR *dir;

	if (err)
		return err;
	dir = opendir(full);
	if (!dir)
		return -errno;
	while (!err && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			err = entry(arg, e->d_name);
	closedir(dir);
	return err;
}

int leat_sysfs_text_at(const char *root, const char *bdf, const char *name, char *buf, size_t size)
{
	char path[PATH_MAX];
	int err = device_path(path, bdf, name);

	return err ? err : leat_path_text(root, path, buf, size);
}

int leat_sysfs_text(const char *bdf, const char *name, char *buf, size_t size)
{
	return leat_sysfs_text_at("", bdf, name, buf, size);
}

int leat_sysfs_link_at(const char *root, const char *bdf, const char *name, char *buf, size_t size)
{
	char path[PATH_MAX];
	int err = device_path(path, bdf, name);

	return err ? err : leat_path_link(root, path, buf, size);
}

int leat_sysfs_link(const char *bdf, const char *name, char *buf, size_t size)
{
	return leat_sysfs_link_at("", bdf, name, buf, size);
}

int leat_sysfs_number_at(const char *root, const char *bdf, const char *name, long long *out)
{
	char text[32], *end;
	long long n;
	int err = leat_sysfs_text_at(root, bdf, name, text, sizeof(text));

	if (err)
		return err == -E2BIG ? -EINVAL : err;
	errno = 0;
	n = strtoll(text, &end, strncmp(text, "0x", 2) ? 10 : 16);
	if (errno || end == text || *end)
		return -EINVAL;
	*out = n;
	return 0;
}

int leat_sysfs_number(const char *bdf, const char *name, long long *out)
{
	return leat_sysfs_number_at("", bdf, name, out);
}

struct each {
	leat_sysfs_each_fn *fn;
	void		*arg;
};

static int call_each(void *arg, const char *name)
{
	const struct each *each = arg;

	return each->fn(name, each->arg) ? 0 : 1;
}

int leat_sysfs_each_at(const char *root, const char *bdf, const char *name,
		       leat_sysfs_each_fn *fn, void *arg)
{
	struct each each = { fn, arg };
	char path[PATH_MAX];
	int err = device_path(path, bdf, name);

	if (!err)
		err = leat_path_each(root, path, call_each, &each);
	return err > 0 ? 0 : err;
}

int leat_sysfs_each(const char *bdf, const char *name, leat_sysfs_each_fn *each, void *arg)
{
	return leat_sysfs_each_at("", bdf, name, each, arg);
}
