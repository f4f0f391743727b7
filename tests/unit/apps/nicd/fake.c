// SPDX-License-Identifier: BSD-3-Clause
/*
 * fake.c - the NIC at the end of a wire.
 */
#include "fake.h"

#include "apps/nicd/say.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake fake;

unsigned int __wrap_leat_wire_deliver(struct leat_wire *w, const struct leat_frame *frames,
				      unsigned int n);
bool __wrap_leat_wire_ready(const struct leat_wire *w);
int __wrap_say_fail(int err, const char *fmt, ...) LEAT_PRINTF(2, 3);

unsigned int __wrap_leat_wire_deliver(struct leat_wire *w, const struct leat_frame *frames,
				      unsigned int n)
{
	unsigned int i;

	(void)w;
	for (i = 0; i < n && fake.ready && fake.room && fake.n < FAKE_FRAMES; i++, fake.room--) {
		struct leat_frame *f = &fake.frames[fake.n++];
		void *copy = malloc(frames[i].len);

		assert_non_null(copy);
		memcpy(copy, frames[i].data, frames[i].len);
		*f = frames[i];
		f->data = copy;
	}
	return i;
}

bool __wrap_leat_wire_ready(const struct leat_wire *w)
{
	(void)w;
	return fake.ready;
}

int __wrap_say_fail(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fake.said, sizeof(fake.said), fmt, ap);
	va_end(ap);
	fake.sentences++;
	return err;
}

void fake_reset(void)
{
	for (unsigned int i = 0; i < fake.n; i++) {
		void *copy;

		memcpy(&copy, &fake.frames[i].data, sizeof(copy));
		free(copy);
	}
	memset(&fake, 0, sizeof(fake));
	fake.ready = true;
	fake.room = FAKE_FRAMES;
}

void fake_assert_said(const char *part)
{
	assert_int_equal(fake.sentences, 1);
	if (!strstr(fake.said, part))
		fail_msg("\"%s\" says nothing of \"%s\"", fake.said, part);
	fake.sentences = 0;
}
