// SPDX-License-Identifier: BSD-3-Clause
/*
 * huge.c - descriptors for DMA memory: hugetlbfs, memfd with huge pages, memfd.
 *
 * libhugetlbfs knows the sizes and the mounts. It speaks on stderr when a call
 * fails, at a level that only the environment changes; so each call is made
 * only after what it needs has been looked at.
 */
#include "huge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <hugetlbfs.h>

#include <leat/bits.h>
#include <leat/compiler.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

#define MEMINFO "/proc/meminfo"

/* Linux 6.3: also needed where vm.memfd_noexec is 2; unknown before. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

size_t leat_page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* May a library open a file now? It would complain on stderr if the table is full. */
static bool fd_left(void)
{
	int fd = open("/", O_PATH | O_CLOEXEC);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int larger_first(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

unsigned int leat_huge_sizes(size_t sizes[LEAT_HUGE_SIZES_MAX])
{
	long found[LEAT_HUGE_SIZES_MAX];
	unsigned int n = 0;
	int all;

	if (access(MEMINFO, R_OK) || !fd_left())
		return 0;
	all = gethugepagesizes(found, LEAT_HUGE_SIZES_MAX);
	for (int i = 0; i < all; i++)
		if (found[i] > (long)leat_page_size())
			sizes[n++] = (size_t)found[i];
	qsort(sizes, n, sizeof(sizes[0]), larger_first);
	return n;
}

/* Would a file be made there without complaint? The only sure way to know is to make one. */
static bool may_create_in(const char *path)
{
	int fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int open_mounted(size_t page_size)
{
	const char *path = hugetlbfs_find_path_for_size((long)page_size);
	int fd;

	if (!path || !may_create_in(path))
		return -ENOENT;
	fd = hugetlbfs_unlinked_fd_for_size((long)page_size);
	if (fd < 0)
		return -ENOENT;

	/* The library cannot open it so; a fork and exec just now would inherit it. */
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static int open_memfd(unsigned int flags)
{
	int fd;

	flags |= MFD_CLOEXEC | MFD_ALLOW_SEALING;
	fd = memfd_create("leat", flags | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("leat", flags);
	return fd < 0 ? -errno : fd;
}

static int open_source(enum leat_huge_source source, size_t page_size)
{
	unsigned int log2 = (unsigned int)__builtin_ctzll(page_size);

	if (source == LEAT_HUGE_MOUNT)
		return open_mounted(page_size);
	return open_memfd(source == LEAT_HUGE_MEMFD ? MFD_HUGETLB | log2 << MAP_HUGE_SHIFT : 0);
}

static int set_size(int fd, enum leat_huge_source source, size_t len)
{
	struct rlimit limit;

	/* Beyond this limit the system answers with a signal. */
	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur != RLIM_INFINITY &&
	    limit.rlim_cur < len)
		return -EFBIG;
	if (ftruncate(fd, (off_t)len) < 0)
		return -errno;

	/* A mounted hugetlbfs knows no seals. */
	if (source != LEAT_HUGE_MOUNT &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	return 0;
}

int leat_huge_open(enum leat_huge_source source, size_t page_size, size_t len)
{
	int fd = open_source(source, page_size), err;

	if (fd < 0)
		return fd;
	err = set_size(fd, source, len);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* The number that follows @tag ("" for the first) in a file of /proc or /sys. */
static bool read_number(const char *path, const char *tag, size_t *out)
{
	char buf[4096], *at, *end;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	at = strstr(buf, tag);
	if (!at)
		return false;
	at += strlen(tag);
	*out = strtoul(at, &end, 10);
	return end != at;
}

size_t leat_page_available(void)
{
	size_t kib;

	return read_number(MEMINFO, "MemAvailable:", &kib) ? kib * KIB : SIZE_MAX;
}

const char *leat_size_text(size_t size, char buf[32])
{
	const struct {
		size_t		unit;
		const char	*name;
	} units[] = { { GIB, "GiB" }, { MIB, "MiB" }, { KIB, "KiB" }, { 1, "bytes" } };
	unsigned int i = 0;

	while (size % units[i].unit || (!size && units[i].unit > 1))
		i++;
	snprintf(buf, 32, "%zu %s", size / units[i].unit, units[i].name);
	return buf;
}

/* One of the kernel's counters for huge pages of this size; 0 if it has none. */
static size_t counter(size_t page_size, const char *name)
{
	char path[128];
	size_t n;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%zukB/%s",
		 page_size / KIB, name);
	return read_number(path, "", &n) ? n : 0;
}

static void explain_huge(size_t page_size, size_t len, char *buf, size_t size)
{
	size_t need = len / page_size + (len % page_size != 0);
	size_t all = counter(page_size, "nr_hugepages");
	size_t free_pages = counter(page_size, "free_hugepages");
	size_t promised = counter(page_size, "resv_hugepages");
	size_t left = free_pages - LEAT_MIN(free_pages, promised);
	size_t default_kib = 0;
	char have[64];

	if (left >= need) {
		snprintf(buf, size, "%zu huge pages are free but none may be had: "
			 "look at ulimit -v, the cpuset and the hugetlb cgroup", left);
		return;
	}
	if (left)
		snprintf(have, sizeof(have), "%zu of %zu hugepages free", left, need);
	else
		snprintf(have, sizeof(have), "no free hugepages");

	read_number(MEMINFO, "Hugepagesize:", &default_kib);
	if (default_kib * KIB == page_size)
		snprintf(buf, size, "%s; sudo sysctl vm.nr_hugepages=%zu gives %s", have,
			 all + need - left, left ? "enough" : "some");
	else
		snprintf(buf, size, "%s; echo %zu | sudo tee /sys/kernel/mm/hugepages/"
			 "hugepages-%zukB/nr_hugepages gives %s", have, all + need - left,
			 page_size / KIB, left ? "enough" : "some");
}

static void explain_small(size_t len, char *buf, size_t size)
{
	size_t left = leat_page_available();
	char text[32];

	if (left < len)
		snprintf(buf, size, "%s are available; ask for less or free some",
			 leat_size_text(LEAT_ALIGN_DOWN(left, MIB), text));
	else
		snprintf(buf, size, "the system refuses; look at ulimit -v and the memory cgroup");
}

void leat_huge_explain(size_t page_size, size_t len, int err, char *buf, size_t size)
{
	if (err == -EFBIG)
		snprintf(buf, size, "files may not be that large; ulimit -f unlimited allows it");
	else if (err == -EMFILE || err == -ENFILE)
		snprintf(buf, size, "too many open files; ulimit -n raises the limit");
	else if (err == -ENOTSUP)
		snprintf(buf, size, "this machine has no pages of that size; "
			 "leave the page size open");
	else if (err != -ENOMEM)
		snprintf(buf, size, "%s", strerror(-err));
	else if (page_size > leat_page_size())
		explain_huge(page_size, len, buf, size);
	else
		explain_small(len, buf, size);
}
