// SPDX-License-Identifier: BSD-3-Clause
/*
 * no_names.c - names where the build found no libpci: none.
 */
#include "names.h"

#include <stddef.h>

struct names *names_open(void)
{
	return NULL;
}

void names_close(struct names *names)
{
	(void)names;
}

void names_vendor(struct names *names, uint16_t vendor, char buf[NAME_LEN])
{
	(void)names;
	(void)vendor;
	buf[0] = '\0';
}

void names_device(struct names *names, uint16_t vendor, uint16_t device, char buf[NAME_LEN])
{
	(void)names;
	(void)vendor;
	(void)device;
	buf[0] = '\0';
}
