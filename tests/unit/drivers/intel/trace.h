// SPDX-License-Identifier: BSD-3-Clause
/*
 * trace.h - what a driver writes into a device made of memory: compared with the order that
 * its datasheet asks for, and cut off at every point.
 */
#ifndef TEST_INTEL_TRACE_H
#define TEST_INTEL_TRACE_H

#include <leat/leat.h>

#include <stddef.h>

struct trace_note {
	uint32_t	off, value;
};

/*
 * trace_expect - the @n notes but those of the filter tables and of @hide, which ends with
 * { 0 } and is of addresses that vary, are the @nwant of @want. Fails the test.
 */
void trace_expect(const struct trace_note *note, unsigned int n, const struct trace_note *want,
		  unsigned int nwant, const struct trace_note *hide);

/* A device whose operations can end for good. */
struct trace_device {
	void		*arg;
	int		(*open)(void *arg);	/* the port, and start it */
	void		(*close)(void *arg);	/* it, if it is open */
	unsigned int	*left;		/* operations until it is gone, 1: it is; 0: it stays */
	unsigned int	*errors;	/* logged */
	unsigned int	*notes;		/* written, for us to forget */
	const unsigned int *segs;	/* mapped */
	struct leat_pool *pool;
};

/*
 * trace_cut - open it while the k-th operation fails, for every k: there is one line that says
 * so, and nothing is left: no packet, segment or descriptor. Then it opens as before.
 */
void trace_cut(const struct trace_device *d);

#endif
