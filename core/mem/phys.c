// SPDX-License-Identifier: BSD-3-Clause
/*
 * phys.c - physical addresses, from /proc/self/pagemap.
 *
 * Only huge pages are asked about: the kernel neither swaps nor compacts them, so
 * they stay where they are while they are mapped. Each is contiguous in itself and
 * aligned to its size; its neighbours may be anywhere, and are often below it.
 */
#include "phys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <leat/bits.h>
#include <leat/driver/core.h>

#include "pseg.h"

#define PAGEMAP "/proc/self/pagemap"

/* An entry: Documentation/admin-guide/mm/pagemap.rst. */
#define ENTRY_FRAME   (LEAT_BIT64(55) - 1)
#define ENTRY_PRESENT LEAT_BIT64(63)

static int fail_hidden(struct leat_ctx *ctx, int err)
{
	return leat_fail(ctx, err, "memory: physical addresses (" PAGEMAP ") are hidden from this "
			 "process: run it as root (CAP_SYS_ADMIN), or use an IOMMU and leave "
			 "leat_ctx_config.iova as it is");
}

/* Where the page at @va lies. -EPERM: not for us. */
static int look_up(int fd, const void *va, leat_iova_t *out)
{
	uint64_t entry;
	off_t at = (off_t)((uintptr_t)va / leat_page_size() * sizeof(entry));
	ssize_t n = pread(fd, &entry, sizeof(entry), at);

	if (n != (ssize_t)sizeof(entry))
		return n < 0 ? -errno : -EIO;
	if (!(entry & ENTRY_PRESENT))
		return -EFAULT;
	if (!(entry & ENTRY_FRAME))
		return -EPERM;
	*out = (entry & ENTRY_FRAME) * leat_page_size();
	return 0;
}

/* One more page of the segment behind those in @part; it may join the last. */
static void add_page(struct leat_pseg *p, struct leat_seg *part, size_t off, leat_iova_t iova)
{
	struct leat_seg *last = p->nparts ? &part[p->nparts - 1] : NULL;

	if (last && last->iova + last->len == iova) {
		last->len += p->seg.page_size;
		return;
	}
	part[p->nparts] = p->seg;
	part[p->nparts].va = (char *)p->seg.va + off;
	part[p->nparts].fd_off = p->seg.fd_off + off;
	part[p->nparts].iova = iova;
	part[p->nparts].len = p->seg.page_size;
	p->nparts++;
}

static int find_parts(int fd, struct leat_pseg *p, struct leat_seg *part)
{
	for (size_t off = 0; off < p->seg.len; off += p->seg.page_size) {
		volatile const char *page = (const char *)p->seg.va + off;
		leat_iova_t iova = 0;
		int err;

		(void)*page;		/* taken already, but perhaps not mapped */
		err = look_up(fd, (const char *)p->seg.va + off, &iova);
		if (err)
			return err;
		add_page(p, part, off, iova);
	}
	return 0;
}

int leat_phys_parts(struct leat_ctx *ctx, struct leat_pseg *p)
{
	struct leat_seg *part = calloc(p->seg.len / p->seg.page_size, sizeof(*part));
	int fd, err = -ENOMEM;

	if (!part)
		return leat_fail(ctx, err, "memory: the process is out of memory; free some");
	fd = open(PAGEMAP, O_RDONLY | O_CLOEXEC);
	p->nparts = 0;
	err = fd < 0 ? -errno : find_parts(fd, p, part);
	if (fd >= 0)
		close(fd);
	if (err)
		goto free_part;
	p->part = part;
	p->seg.iova = part[0].iova;
	return 0;

free_part:
	free(part);
	p->nparts = 1;
	if (err == -EPERM || err == -EACCES)
		return fail_hidden(ctx, err);
	return leat_fail(ctx, err, "memory: " PAGEMAP ": %s; is /proc mounted?", strerror(-err));
}
