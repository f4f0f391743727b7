// SPDX-License-Identifier: BSD-3-Clause
/*
 * steps.h - writes to sysfs that may never return.
 *
 * Unbinding a function that a program has open through VFIO waits in the kernel until
 * the program lets go; after a first signal nothing ends that wait, not even SIGKILL
 * (vfio_unregister_group_dev()). So a child process does the writing, in order, and
 * goes on with the rest when a write returns after all; we wait as long as we care to.
 */
#ifndef LEAT_BUS_PCI_STEPS_H
#define LEAT_BUS_PCI_STEPS_H

#define LEAT_STEPS_MAX 4

struct leat_step {
	char		path[128];
	char		text[80];
};

/*
 * leat_steps_run - open all files, then write each its text. Returns 0; -errno of the
 * first that failed, after which none is written; or -ETIMEDOUT after @timeout_ms, with
 * the write under way and the rest to follow. @failed: which. Nothing is written when
 * one cannot be opened. Thread-safe; the process gets a child for a moment (SIGCHLD).
 */
int leat_steps_run(const char *root, const struct leat_step *steps, unsigned int n,
		   unsigned int timeout_ms, const struct leat_step **failed);

#endif
