// SPDX-License-Identifier: BSD-3-Clause
/*
 * version.c - which release this is.
 */
#include <leat/ctx.h>

const char *leat_version(void)
{
	return LEAT_VERSION;
}
