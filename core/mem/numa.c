// SPDX-License-Identifier: BSD-3-Clause
/*
 * numa.c - NUMA placement through libnuma.
 *
 * Of libnuma only the calls that return an error are used: numa_tonode_memory()
 * and its relatives print to stderr, and may end the process, when they fail.
 */
#include "numa.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>

#include <numa.h>
#include <numaif.h>

#define NODES_MAX 1024	/* what the kernel can be built for */
#define WORD_BITS (sizeof(unsigned long) * CHAR_BIT)

int leat_numa_here(void)
{
	unsigned int cpu, node;
	int mode;

	if (numa_available() < 0 || get_mempolicy(&mode, NULL, 0, NULL, 0) < 0 ||
	    mode != MPOL_DEFAULT)
		return -1;
	return getcpu(&cpu, &node) ? -1 : (int)node;
}

int leat_numa_prefer(void *va, size_t len, int node)
{
	unsigned long mask[NODES_MAX / WORD_BITS] = { 0 };

	if (numa_available() < 0)
		return -ENOSYS;
	if (node < 0 || node >= NODES_MAX)
		return -EINVAL;
	mask[(size_t)node / WORD_BITS] = 1ul << ((size_t)node % WORD_BITS);
	return mbind(va, len, MPOL_PREFERRED, mask, NODES_MAX, 0) ? -errno : 0;
}

int leat_numa_of(void *va)
{
	int node;

	if (numa_available() < 0 ||
	    get_mempolicy(&node, NULL, 0, va, MPOL_F_NODE | MPOL_F_ADDR) < 0)
		return -1;
	return node;
}
