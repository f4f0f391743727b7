// SPDX-License-Identifier: BSD-3-Clause
/*
 * devices.h - what "leat devices" shows, for people and for programs.
 */
#ifndef LEAT_APPS_LEAT_DEVICES_H
#define LEAT_APPS_LEAT_DEVICES_H

#include "names.h"

#include <leat/devices.h>

#include <stdbool.h>
#include <stdio.h>

/* The functions chosen among all that were found. */
struct shown {
	const struct leat_pci_device **dev;
	unsigned int	n;
	struct names	*names;
};

/* @details: everything of each, not a line only. */
void devices_print(FILE *out, const struct shown *shown, bool details);

/* One JSON object, {"devices": [...]}, and a newline. 0 or -ENOMEM. */
int devices_print_json(FILE *out, const struct shown *shown);

#endif
