// SPDX-License-Identifier: BSD-3-Clause
/*
 * names.c - names by libpci. Nothing but its table of names is used.
 */
#include "names.h"

#include "commands.h"

#include <leat/compiler.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <pci/pci.h>

/* libpci does not go on after an error; the one there can be is a pci.ids that is no such file. */
static void LEAT_PRINTF(1, 2) __attribute__((noreturn)) give_up(char *fmt, ...)
{
	va_list ap;

	fputs("leat: the names of PCI devices: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs(" (install the package pci.ids anew)\n", stderr);
	exit(EXIT_ERROR);
}

static void LEAT_PRINTF(1, 2) ignore(char *fmt, ...)
{
	(void)fmt;
}

struct names *names_open(void)
{
	struct pci_access *pci = pci_alloc();

	pci->error = give_up;
	pci->warning = pci->debug = ignore;
	return (struct names *)pci;
}

void names_close(struct names *names)
{
	if (names)
		pci_cleanup((struct pci_access *)names);
}

static void look_up(struct names *names, char buf[NAME_LEN], int what, uint16_t vendor,
		    uint16_t device)
{
	const char *name = pci_lookup_name((struct pci_access *)names, buf, NAME_LEN,
					   what | PCI_LOOKUP_NO_NUMBERS, vendor, device);

	if (name != buf)
		snprintf(buf, NAME_LEN, "%s", name ? name : "");
}

void names_vendor(struct names *names, uint16_t vendor, char buf[NAME_LEN])
{
	look_up(names, buf, PCI_LOOKUP_VENDOR, vendor, 0);
}

void names_device(struct names *names, uint16_t vendor, uint16_t device, char buf[NAME_LEN])
{
	look_up(names, buf, PCI_LOOKUP_DEVICE, vendor, device);
}
