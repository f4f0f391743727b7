// SPDX-License-Identifier: BSD-3-Clause
/*
 * fake.h - what stands in for the NIC at the end of a wire, and hears what the
 * program would say.
 */
#ifndef TEST_NICD_FAKE_H
#define TEST_NICD_FAKE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "apps/nicd/wires.h"

#define FAKE_FRAMES 4096

struct fake {
	bool		ready;		/* a driver is there */
	unsigned int	room;		/* buffers it has */
	struct leat_frame frames[FAKE_FRAMES];	/* what it got, in copies */
	unsigned int	n;
	char		said[512];	/* the last sentence */
	unsigned int	sentences;
};

extern struct fake fake;

/* Nothing received, nothing said, a driver with plenty of room. */
void fake_reset(void);

/* Exactly one sentence was said, and @part is in it; forget it. */
void fake_assert_said(const char *part);

#endif
