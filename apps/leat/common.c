// SPDX-License-Identifier: BSD-3-Clause
/*
 * common.c - what the commands share: a context that speaks on standard error, addresses.
 */
#include "commands.h"

#include <leat/compiler.h>
#include <leat/drivers.h>
#include <leat/log.h>

#include <stdio.h>
#include <string.h>

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

const struct leat_pci_device *command_find(const struct leat_devices *devices, const char *addr)
{
	static const char *const schemes[] = { "group:", "iommufd:", "noiommu:" };
	char text[64];

	for (size_t i = 0; i < LEAT_ARRAY_LEN(schemes); i++)
		if (!strncmp(addr, schemes[i], strlen(schemes[i])))
			addr += strlen(schemes[i]);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(addr, ","), addr);
	return leat_devices_find(devices, text);
}
