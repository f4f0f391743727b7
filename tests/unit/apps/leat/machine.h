// SPDX-License-Identifier: BSD-3-Clause
/*
 * machine.h - a made-up machine for doctor: a folder that holds its /sys, /proc and /dev.
 * machine_init() makes one that lacks nothing; a test breaks what it is about.
 */
#ifndef TESTS_APPS_LEAT_MACHINE_H
#define TESTS_APPS_LEAT_MACHINE_H

#include "apps/leat/doctor.h"

struct machine {
	struct world	w;		/* first: probe() gets it */
	char		root[32];
	struct leat_pci_device nic[2];	/* 0000:01:00.0 and 0000:02:00.0, vfio-pci's */
	struct leat_pci_member member[2];
	int		cpus[8];
	struct {
		const char *path;
		int	err;
	} closed[4];			/* nodes that do not open */
	const char	*qemu;		/* what --version prints; NULL: nothing */
};

void machine_init(struct machine *m);
void machine_fini(struct machine *m);

/* For cmocka, around each test: *state is a machine that lacks nothing. */
int machine_setup(void **state);
int machine_teardown(void **state);

/* A file with that text, its folders included; a link; or neither any more. */
void machine_put(const struct machine *m, const char *path, const char *text);
void machine_link(const struct machine *m, const char *path, const char *target);
void machine_remove(const struct machine *m, const char *path);

/* Opening @path answers @err from now on. */
void machine_close_node(struct machine *m, const char *path, int err);

/* Have doctor look; the first finding must be this. NULL: whatever. */
void machine_first(struct machine *m, const char *check, enum verdict verdict,
		   const char *evidence, const char *remedy);

/* The finding of @check, the first if there are several; fails if there is none. */
const struct finding *machine_finding(const struct machine *m, const char *check);

#endif
