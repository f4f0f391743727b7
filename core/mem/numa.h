// SPDX-License-Identifier: BSD-3-Clause
/*
 * numa.h - which node memory comes from.
 *
 * Ranges are bound, never the thread or the process: the caller's own policy
 * and affinity stay as they are. Where there is no NUMA, or no permission to
 * ask for it, everything here says "no preference" in silence.
 */
#ifndef LEAT_CORE_NUMA_H
#define LEAT_CORE_NUMA_H

#include <stddef.h>

/*
 * leat_numa_here - the node of the CPU that calls, or -1: no NUMA, or the
 * process was given a memory policy (numactl), which then decides.
 */
int leat_numa_here(void);

/*
 * leat_numa_prefer - pages of [@va, @va + @len) that do not exist yet shall come
 * from @node, from elsewhere if it has none. 0 or -errno.
 */
int leat_numa_prefer(void *va, size_t len, int node);

/* The node of the page at @va, which is made present; -1: nobody knows. */
int leat_numa_of(void *va);

#endif
