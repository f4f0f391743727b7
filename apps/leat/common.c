// SPDX-License-Identifier: BSD-3-Clause
/*
 * common.c - what the commands share: a context that speaks on standard error.
 */
#include "commands.h"

#include <leat/drivers.h>
#include <leat/log.h>

#include <stdio.h>

static void say(void *arg, enum leat_log_level level, const char *message)
{
	(void)arg;
	(void)level;
	fprintf(stderr, "leat: %s\n", message);
}

struct leat_ctx *command_ctx(void)
{
	struct leat_ctx_config cfg = { .drivers = leat_drivers, .log = say,
				       .log_level = LEAT_LOG_WARNING };
	struct leat_ctx *ctx = NULL;

	if (leat_ctx_open(&cfg, &ctx))
		return NULL;	/* said by the log */
	return ctx;
}
