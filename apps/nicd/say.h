// SPDX-License-Identifier: BSD-3-Clause
/*
 * say.h - the program's voice: one sentence a failure, on standard error.
 */
#ifndef NICD_SAY_H
#define NICD_SAY_H

#include <leat/compiler.h>
#include <leat/log.h>

/* Say what went wrong, once, where it was noticed; returns @err, a negative errno. */
int say_fail(int err, const char *fmt, ...) LEAT_PRINTF(2, 3);

/* The library's messages, as leat_log_fn; @arg counts errors, if not NULL. */
void say_log(void *arg, enum leat_log_level level, const char *message);

#endif
