// SPDX-License-Identifier: BSD-3-Clause
/*
 * kernel.h - a kernel for tree.h: functions with drivers, groups and interfaces, and
 * what writes to sysfs do to them, as drivers/base/dd.c does it.
 */
#ifndef LEAT_TESTS_PCI_KERNEL_H
#define LEAT_TESTS_PCI_KERNEL_H

#include "tree.h"

#include "bus/pci/admin.h"

#include <leat/ctx.h>

struct kernel {
	struct leat_pci_admin admin;	/* first: run() gets it and finds the rest */
	struct tree	*tree;
	struct leat_ctx	*ctx;
	unsigned int	steps;		/* written so far */
	unsigned int	fail_at;	/* the step that fails, from 1; 0: none */
	int		fail_err;	/* as that; -ETIMEDOUT: it hangs */
	unsigned int	pauses, leaves_at;
	char		leaving[128];	/* the file that shows it */
	unsigned int	errors, warnings;	/* logged */
	char		warning[512];	/* the last one */
};

/* cmocka setup and teardown: *state is a struct kernel with nothing in its tree. */
int kernel_setup(void **state);
int kernel_teardown(void **state);

/* A driver that is loaded. It takes functions whose "native" file names it. */
void kernel_driver(struct kernel *k, const char *driver);

/* A function with ids as "8086:10d3" and class, bound to @native; @group -1: no IOMMU. */
void kernel_function(struct kernel *k, const char *bdf, const char *ids, const char *class_code,
		     const char *native, int group);

/* An interface of a function; with an address ("192.0.2.1", /24) if that is not NULL. */
void kernel_netif(struct kernel *k, const char *bdf, const char *name, const char *addr);

/*
 * Somebody unbound the function from vfio-pci and a program has it open: until the
 * @at-th pause that we make, 0: for ever.
 */
void kernel_leaving(struct kernel *k, const char *bdf, int group, unsigned int at);

/* What the function's link "driver" and file "driver_override" say now. */
const char *kernel_driver_of(struct kernel *k, const char *bdf);
const char *kernel_override_of(struct kernel *k, const char *bdf);

#endif
