// SPDX-License-Identifier: BSD-3-Clause
/*
 * names.h - what vendors call their devices: the pci.ids file, through libpci where
 * the build found that (names.c), else nothing (no_names.c).
 */
#ifndef LEAT_APPS_LEAT_NAMES_H
#define LEAT_APPS_LEAT_NAMES_H

#include <stdint.h>

#define NAME_LEN 128

struct names;

/* NULL without libpci; the others take that and know no name. */
struct names *names_open(void);
void names_close(struct names *names);

/* "" for those that nobody knows. */
void names_vendor(struct names *names, uint16_t vendor, char buf[NAME_LEN]);
void names_device(struct names *names, uint16_t vendor, uint16_t device, char buf[NAME_LEN]);

#endif
