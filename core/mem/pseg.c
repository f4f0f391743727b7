// SPDX-License-Identifier: BSD-3-Clause
/*
 * pseg.c - a segment's descriptor, mapping and memory.
 *
 * Memory is taken before anybody touches it, so that a shortage is an error and
 * never a SIGBUS. For huge pages the mapping reserves them and populating it
 * takes them, from the node that the range was bound to. Ordinary pages are
 * taken by fallocate() as runs are handed out, which maps nothing: what is not
 * used costs no memory, and what is used but not touched is not resident.
 */
#include "pseg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <leat/bits.h>

#include "numa.h"

/* A signal interrupts fallocate(), which then starts over: pieces of about a millisecond. */
#define FALLOCATE_STEP ((size_t)4 << 20)

/* Linux 5.14 */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static int map_aligned(struct leat_pseg *p)
{
	const int nothing = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	size_t len = p->seg.len, head, room = len + p->align;
	char *base = mmap(NULL, room, PROT_NONE, nothing, -1, 0), *va;

	if (base == MAP_FAILED)
		return -errno;
	head = -(uintptr_t)base & (p->align - 1);
	va = mmap(base + head, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, p->seg.fd, 0);
	if (va == MAP_FAILED) {
		int err = -errno;

		munmap(base, room);
		return err;
	}
	if (head)
		munmap(base, head);
	munmap(va + len, p->align - head);
	p->seg.va = va;
	return 0;
}

static int reserve(int fd, size_t off, size_t len, size_t step)
{
	while (len) {
		size_t n = LEAT_MIN(len, step);

		if (fallocate(fd, 0, (off_t)off, (off_t)n) == 0) {
			off += n;
			len -= n;
		} else if (errno != EINTR) {
			return -ENOMEM;
		}
	}
	return 0;
}

static int take_huge_pages(struct leat_pseg *p)
{
	if (madvise(p->seg.va, p->seg.len, MADV_POPULATE_WRITE) == 0)
		return 0;
	if (errno != EINVAL)
		return -ENOMEM;

	/* An older kernel. It takes them from the node of this CPU. */
	return reserve(p->seg.fd, 0, p->seg.len, p->seg.page_size);
}

int leat_pseg_back(struct leat_pseg *p, size_t len)
{
	size_t end = LEAT_ALIGN_UP(len, p->seg.page_size);

	if (end <= p->backed)
		return 0;

	/* Without this look, the kernel would find memory by killing somebody. */
	if (end - p->backed > leat_page_available())
		return -ENOMEM;
	if (reserve(p->seg.fd, p->backed, end - p->backed, FALLOCATE_STEP))
		return -ENOMEM;
	p->backed = end;
	return 0;
}

static int open_from(struct leat_pseg *p, enum leat_huge_source source)
{
	int err, fd = leat_huge_open(source, p->seg.page_size, p->seg.len);

	if (fd < 0)
		return fd;
	p->seg.fd = fd;
	err = map_aligned(p);
	if (err)
		goto close_fd;
	if (p->node >= 0 && !leat_numa_prefer(p->seg.va, p->seg.len, p->node))
		p->seg.node = p->node;
	if (source != LEAT_HUGE_NONE) {
		err = take_huge_pages(p);
		if (err)
			goto unmap;
		p->backed = p->seg.len;
	}
	p->source = source;
	return 0;

unmap:
	munmap(p->seg.va, p->seg.len);
close_fd:
	close(fd);
	return err;
}

int leat_pseg_runs(struct leat_pseg *p)
{
	p->runs = calloc(1, sizeof(*p->runs));
	if (!p->runs)
		return -ENOMEM;
	p->runs->pseg = p;
	p->runs->len = p->seg.len;
	return 0;
}

const struct leat_seg *leat_pseg_part(const struct leat_pseg *p, size_t off)
{
	const char *at = (const char *)p->seg.va + off;
	unsigned int low = 0, high = p->nparts;

	while (high - low > 1) {
		unsigned int mid = low + (high - low) / 2;

		if (at < (const char *)p->part[mid].va)
			high = mid;
		else
			low = mid;
	}
	return &p->part[low];
}

int leat_pseg_open(struct leat_pseg *p)
{
	int err = leat_pseg_runs(p);

	if (err)
		return err;
	p->part = &p->seg;
	p->nparts = 1;
	p->seg.node = -1;

	if (p->seg.page_size == leat_page_size())
		err = open_from(p, LEAT_HUGE_NONE);
	else
		err = open_from(p, LEAT_HUGE_MOUNT);
	if (err && p->seg.page_size != leat_page_size())
		err = open_from(p, LEAT_HUGE_MEMFD);
	if (err) {
		free(p->runs);
		p->runs = NULL;
	}
	return err;
}

void leat_pseg_close(struct leat_pseg *p)
{
	while (p->runs) {
		struct leat_mem_run *next = p->runs->next;

		free(p->runs);
		p->runs = next;
	}
	if (p->part != &p->seg)
		free(p->part);
	if (p->lent)
		return;
	munmap(p->seg.va, p->seg.len);
	close(p->seg.fd);
}
