// SPDX-License-Identifier: BSD-3-Clause
/*
 * faults.h - system calls and allocations that fail when they are told to.
 *
 * The program is linked with --wrap for each name of the table, so that the
 * library's calls (it is linked statically) come by here; see faults.c.
 */
#ifndef LEAT_TEST_FAULTS_H
#define LEAT_TEST_FAULTS_H

/* Let the @k-th call from now on fail (1: the next). */
void faults_arm(unsigned int k);

/* No more failures. Returns the name of the call that failed, or NULL: none came that far. */
const char *faults_disarm(void);

#endif
