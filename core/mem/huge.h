// SPDX-License-Identifier: BSD-3-Clause
/*
 * huge.h - where the descriptor behind a segment comes from, and what to do
 * when there is none.
 */
#ifndef LEAT_CORE_HUGE_H
#define LEAT_CORE_HUGE_H

#include <stddef.h>

enum leat_huge_source {
	LEAT_HUGE_MOUNT,	/* an unlinked file in a mounted hugetlbfs */
	LEAT_HUGE_MEMFD,	/* a memfd made of huge pages */
	LEAT_HUGE_NONE,		/* a memfd made of ordinary pages */
	LEAT_HUGE_SOURCES
};

#define LEAT_HUGE_SIZES_MAX 8

/* An ordinary page, 4096 bytes nearly everywhere. */
size_t leat_page_size(void);

/* Sizes of huge page that the kernel knows, largest first; none need be free. Returns how many. */
unsigned int leat_huge_sizes(size_t sizes[LEAT_HUGE_SIZES_MAX]);

/*
 * leat_huge_open - a descriptor of @len bytes in pages of @page_size, the caller's.
 *
 * Nameless, so it ends with its last holder; memfds are sealed at their size.
 * Close-on-exec. Nothing is reserved yet. -errno: -ENOENT nothing is mounted,
 * -EFBIG above RLIMIT_FSIZE, others from the system.
 */
int leat_huge_open(enum leat_huge_source source, size_t page_size, size_t len);

/* Bytes of memory that may still be had in ordinary pages; SIZE_MAX: unknown. */
size_t leat_page_available(void);

/* "64 MiB": the largest unit that divides @size; @buf of 32 bytes. Returns @buf. */
const char *leat_size_text(size_t size, char buf[32]);

/*
 * leat_huge_explain - why @len bytes in pages of @page_size were not to be had
 * when @err came back, and the command that mends it, into @buf.
 */
void leat_huge_explain(size_t page_size, size_t len, int err, char *buf, size_t size);

#endif
