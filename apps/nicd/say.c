// SPDX-License-Identifier: BSD-3-Clause
/*
 * say.c - the program's voice.
 */
#include "say.h"

#include <stdarg.h>
#include <stdio.h>

int say_fail(int err, const char *fmt, ...)
{
	char text[LEAT_ERROR_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "leat-nicd: %s\n", text);
	return err;
}

void say_log(void *arg, enum leat_log_level level, const char *message)
{
	unsigned int *errors = arg;

	if (errors && level == LEAT_LOG_ERROR)
		++*errors;
	fprintf(stderr, "leat-nicd: %s\n", message);
}
