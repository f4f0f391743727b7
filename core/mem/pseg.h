// SPDX-License-Identifier: BSD-3-Clause
/*
 * pseg.h - one placed segment: a descriptor, mapped, with addresses for devices,
 * and the runs that were handed out of it.
 *
 * Devices are told of its parts. Where addresses are chosen there is one, the
 * segment itself; where they are physical, one for each stretch of memory that
 * is contiguous in the machine.
 */
#ifndef LEAT_CORE_PSEG_H
#define LEAT_CORE_PSEG_H

#include <stdbool.h>
#include <stddef.h>

#include <leat/driver/aspace.h>

#include "huge.h"
#include "iova.h"

/* A stretch of a segment, free or handed out. Together they cover it, in order. */
struct leat_mem_run {
	struct leat_pseg *pseg;
	size_t		off, len;
	bool		used;
	struct leat_mem_run *prev, *next;
};

struct leat_pseg {
	struct leat_seg	seg;		/* all of it; its iova is the first part's */
	struct leat_seg	*part;		/* &seg, or an array: in order, they cover it */
	unsigned int	nparts;
	struct leat_iova_run place;	/* what it takes of the addresses to choose from */
	enum leat_huge_source source;
	bool		lent;		/* the application's: neither made nor freed here */
	int		node;		/* where it is to come from; -1: anywhere */
	bool		keep;		/* set aside at open: stays when empty */
	size_t		align;		/* of both seg.va and seg.iova */
	size_t		backed;		/* bytes from the start that surely have memory */
	size_t		fresh;		/* from here on nothing was ever handed out: zeros */
	size_t		used;		/* bytes handed out */
	struct leat_mem_run *runs;
	struct leat_aspace *as;		/* the only space that sees it; NULL: all of them */
	struct leat_pseg *next;
};

/*
 * leat_pseg_open - descriptor and mapping of p->seg.len bytes in pages of
 * p->seg.page_size at a multiple of p->align, from p->node; one free run.
 *
 * Huge pages are taken at once, ordinary ones by leat_pseg_back(). -ENOMEM there
 * is not that much, -errno. Logs nothing.
 */
int leat_pseg_open(struct leat_pseg *p);
void leat_pseg_close(struct leat_pseg *p);

/* One free run over all of it. 0 or -ENOMEM. */
int leat_pseg_runs(struct leat_pseg *p);

/* The part that the byte at @off lies in. */
const struct leat_seg *leat_pseg_part(const struct leat_pseg *p, size_t off);

/* See that the first @len bytes have memory: touching them cannot fail later. 0 or -ENOMEM. */
int leat_pseg_back(struct leat_pseg *p, size_t len);

/*
 * leat_run_take - the first free @len bytes at a multiple of @align, backed and
 * zeroed; @whole: all in one part, its device address as aligned. -ENOSPC if
 * there is no room, -ENOMEM if there is nothing behind it.
 */
int leat_run_take(struct leat_pseg *p, size_t len, size_t align, bool whole,
		  struct leat_mem_run **out);

/* It merges with its neighbours. */
void leat_run_free(struct leat_mem_run *run);

#endif
