// SPDX-License-Identifier: BSD-3-Clause
/*
 * cpus.h - the CPUs that this process may use, as a set. Private to core.
 */
#ifndef LEAT_CORE_CPUS_H
#define LEAT_CORE_CPUS_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

struct leat_ctx;

struct leat_cpus {
	cpu_set_t	*set;
	size_t		len;		/* bytes in @set */
	int		count;		/* CPUs it has room for */
};

/* 0 or -errno. The process's, that is its first thread's; its cpuset is in it. */
int leat_cpus_get(struct leat_cpus *cpus);
void leat_cpus_fini(struct leat_cpus *cpus);

/*
 * leat_cpus_of_node - those of them that belong to a NUMA node into @near. 0, or -ENOENT
 * if there are none, or nobody knows: then nothing is there to fini.
 */
int leat_cpus_of_node(const struct leat_cpus *cpus, int node, struct leat_cpus *near);

/* The CPUs of @node as the kernel lists them ("0-3,8"), into @text. 0 or -errno. */
int leat_node_cpulist(int node, char *text, size_t size);

bool leat_cpus_has(const struct leat_cpus *cpus, int cpu);
/* The context's mark that a distant worker was told of; in ctx.c. */
bool *leat_ctx_worker_warned(struct leat_ctx *ctx);

void leat_cpus_only(struct leat_cpus *cpus, int cpu);

/* As "0-3,8" into @text, cut if it does not fit. */
void leat_cpus_print(const struct leat_cpus *cpus, char *text, size_t len);

#endif
