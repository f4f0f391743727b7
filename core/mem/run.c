// SPDX-License-Identifier: BSD-3-Clause
/*
 * run.c - handing out stretches of a segment.
 *
 * First fit over a list of all runs, free and used, so that giving one back
 * needs no memory. Pools and rings are few and long-lived: no better structure
 * is needed. Zeros come for nothing above p->fresh, where no run ever was; so
 * fresh pages are not touched, and not resident, until their owner does.
 */
#include "pseg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <leat/bits.h>

/* Cut @run at @len; the rest becomes a free run behind it. */
static int split(struct leat_mem_run *run, size_t len)
{
	struct leat_mem_run *rest;

	if (len == run->len)
		return 0;
	rest = calloc(1, sizeof(*rest));
	if (!rest)
		return -ENOMEM;

	*rest = (struct leat_mem_run){
		.pseg = run->pseg,
		.off = run->off + len,
		.len = run->len - len,
		.prev = run,
		.next = run->next,
	};
	if (rest->next)
		rest->next->prev = rest;
	run->next = rest;
	run->len = len;
	return 0;
}

/* @run and the one behind it become one. */
static void merge(struct leat_mem_run *run)
{
	struct leat_mem_run *gone = run->next;

	run->len += gone->len;
	run->next = gone->next;
	if (run->next)
		run->next->prev = run;
	free(gone);
}

/* The first byte behind @part. */
static size_t end_of(const struct leat_pseg *p, const struct leat_seg *part)
{
	return (size_t)((const char *)part->va - (const char *)p->seg.va) + part->len;
}

/* Do the @len bytes at @off suit a device that wants them in one piece? If not: where to go on. */
static bool is_whole(const struct leat_pseg *p, size_t off, size_t len, size_t align, size_t *next)
{
	const struct leat_seg *part = leat_pseg_part(p, off);
	size_t end = end_of(p, part);
	leat_iova_t iova = part->iova + (off - (end - part->len));

	*next = LEAT_ALIGN_UP(end, align);
	return end - off >= len && !(iova & (align - 1));
}

static struct leat_mem_run *find(struct leat_pseg *p, size_t len, size_t align, bool whole,
				 size_t *gap)
{
	for (struct leat_mem_run *r = p->runs; r; r = r->next) {
		size_t at = LEAT_ALIGN_UP(r->off, align), end = r->off + r->len, next;

		for (; !r->used && at <= end && end - at >= len; at = next) {
			*gap = at - r->off;
			if (!whole || is_whole(p, at, len, align, &next))
				return r;
		}
	}
	return NULL;
}

/* Memory behind it, zeros in it. */
static int prepare(const struct leat_mem_run *run)
{
	struct leat_pseg *p = run->pseg;
	size_t end = run->off + run->len;
	int err = leat_pseg_back(p, end);

	if (err)
		return err;
	if (run->off < p->fresh)
		memset((char *)p->seg.va + run->off, 0, LEAT_MIN(end, p->fresh) - run->off);
	p->fresh = LEAT_MAX(p->fresh, end);
	return 0;
}

int leat_run_take(struct leat_pseg *p, size_t len, size_t align, bool whole,
		  struct leat_mem_run **out)
{
	size_t gap;
	struct leat_mem_run *run = align > p->align ? NULL : find(p, len, align, whole, &gap);
	int err;

	if (!run)
		return -ENOSPC;
	if (gap) {
		err = split(run, gap);
		if (err)
			return err;
		run = run->next;
	}
	err = split(run, len);
	run->used = true;
	p->used += run->len;
	if (!err)
		err = prepare(run);
	if (err) {
		leat_run_free(run);
		return err;
	}
	*out = run;
	return 0;
}

void leat_run_free(struct leat_mem_run *run)
{
	run->used = false;
	run->pseg->used -= run->len;
	if (run->next && !run->next->used)
		merge(run);
	if (run->prev && !run->prev->used)
		merge(run->prev);
}
