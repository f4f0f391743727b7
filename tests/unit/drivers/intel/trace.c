// SPDX-License-Identifier: BSD-3-Clause
/*
 * trace.c - see trace.h.
 */
#include "trace.h"

#include "drivers/intel/regs.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

#define CUTS_MIN 70		/* an attach and a start make more, until nothing can fail */
#define CUTS_MAX 5000
#define DENSE	 60		/* the first are cut one by one, then come tables, all alike */
#define STRIDE	 7

/* ---- order ---- */

/* Hundreds of registers, of which the first receive address says enough. */
static bool is_table(uint32_t off)
{
	return (off >= INTEL_MTA(0) && off < INTEL_MTA(INTEL_MTA_SIZE)) ||
	       (off >= INTEL_VFTA(0) && off < INTEL_VFTA(INTEL_VFTA_SIZE)) ||
	       (off >= INTEL_RAL(1) && off < INTEL_RAL(16)) || (off >= INTEL_RAL(16) && off < INTEL_RAL(24));
}

static bool is_hidden(uint32_t off, const struct trace_note *hide)
{
	while (hide->off && hide->off != off)
		hide++;
	return hide->off;
}

void trace_expect(const struct trace_note *note, unsigned int n, const struct trace_note *want,
		  unsigned int nwant, const struct trace_note *hide)
{
	unsigned int k = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (is_table(note[i].off) || is_hidden(note[i].off, hide))
			continue;
		if (k == nwant)
			fail_msg("one write more than should be: 0x%05x <- 0x%08x", note[i].off,
				 note[i].value);
		if (want[k].off != note[i].off || want[k].value != note[i].value)
			fail_msg("write %u is 0x%05x <- 0x%08x, should be 0x%05x <- 0x%08x", k,
				 note[i].off, note[i].value, want[k].off, want[k].value);
		k++;
	}
	assert_int_equal(k, nwant);
}

/* ---- cuts ---- */

struct rest {
	unsigned int	packets, segs, fds;
};

static unsigned int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static struct rest rest_of(const struct trace_device *d)
{
	return (struct rest){ leat_pool_available(d->pool), *d->segs, count_fds() };
}

static void open_well(const struct trace_device *d)
{
	assert_int_equal(d->open(d->arg), 0);
	d->close(d->arg);
	*d->notes = 0;
}

/* Returns whether operation @k was reached. */
static bool cut(const struct trace_device *d, unsigned int k, const struct rest *before)
{
	struct rest now;
	int err;

	*d->errors = 0;
	*d->left = k;
	err = d->open(d->arg);
	if (err && !*d->errors)
		fail_msg("operation %u failed: no word of error %d", k, err);
	d->close(d->arg);
	*d->left = 0;
	now = rest_of(d);
	if (now.packets != before->packets || now.segs != before->segs || now.fds != before->fds)
		fail_msg("operation %u failed: %u packets of %u, %u segments of %u, %u descriptors "
			 "of %u", k, now.packets, before->packets, now.segs, before->segs, now.fds,
			 before->fds);
	return err;
}

void trace_cut(const struct trace_device *d)
{
	struct rest before;
	unsigned int k = 1;

	open_well(d);
	before = rest_of(d);
	while (k < CUTS_MAX && cut(d, k, &before)) {
		open_well(d);
		k += k > DENSE ? STRIDE : 1;
	}
	print_message("%u operations\n", k);
	assert_in_range(k, CUTS_MIN, CUTS_MAX - 1);
}
