// SPDX-License-Identifier: BSD-3-Clause
/*
 * log.h - the library speaks only through the application's callback.
 *
 * A message is one sentence without a newline: object, operation, cause and
 * remedy. It is said once, where the failure was born; callers pass the
 * number up silently.
 */
#ifndef LEAT_LOG_H
#define LEAT_LOG_H

#include <leat/compiler.h>

LEAT_BEGIN_DECLS

enum leat_log_level {
	LEAT_LOG_ERROR,		/* something asked for did not happen */
	LEAT_LOG_WARNING,	/* it happened, but worse than it could */
	LEAT_LOG_INFO,		/* what was chosen and why */
	LEAT_LOG_DEBUG,
};

/* Called on the thread that met the message; must not call back into the context. */
typedef void leat_log_fn(void *arg, enum leat_log_level level, const char *message);

/* Room for the longest sentence, its NUL included; longer ones are cut. */
#define LEAT_ERROR_LEN 512

LEAT_END_DECLS

#endif
