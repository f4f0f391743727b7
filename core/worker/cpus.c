// SPDX-License-Identifier: BSD-3-Clause
/*
 * cpus.c - which CPUs there are for us, and lists of them as people write them.
 */
#include "cpus.h"

#include <leat/bits.h>
#include <leat/log.h>
#include <leat/worker.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CPUS_MAX (1 << 16)		/* of a machine; the kernel's limit is 8192 */

int leat_cpus_get(struct leat_cpus *cpus)
{
	/* The kernel refuses a set smaller than its own with EINVAL. */
	for (int count = CPU_SETSIZE; count <= CPUS_MAX; count *= 2) {
		int err;

		cpus->set = CPU_ALLOC((size_t)count);
		if (!cpus->set)
			return -ENOMEM;
		cpus->count = count;
		cpus->len = CPU_ALLOC_SIZE((size_t)count);
		CPU_ZERO_S(cpus->len, cpus->set);
		if (!sched_getaffinity(getpid(), cpus->len, cpus->set))
			return 0;
		err = -errno;
		leat_cpus_fini(cpus);
		if (err != -EINVAL)
			return err;
	}
	return -EINVAL;
}

void leat_cpus_fini(struct leat_cpus *cpus)
{
	CPU_FREE(cpus->set);
}

bool leat_cpus_has(const struct leat_cpus *cpus, int cpu)
{
	return cpu >= 0 && cpu < cpus->count && CPU_ISSET_S((size_t)cpu, cpus->len, cpus->set);
}

void leat_cpus_only(struct leat_cpus *cpus, int cpu)
{
	CPU_ZERO_S(cpus->len, cpus->set);
	CPU_SET_S((size_t)cpu, cpus->len, cpus->set);
}

void leat_cpus_print(const struct leat_cpus *cpus, char *text, size_t len)
{
	size_t used = 0;

	text[0] = '\0';
	for (int cpu = 0; cpu < cpus->count && used < len; cpu++) {
		int last = cpu;

		if (!leat_cpus_has(cpus, cpu))
			continue;
		while (leat_cpus_has(cpus, last + 1))
			last++;
		used += (size_t)snprintf(text + used, len - used, last > cpu ? "%s%d-%d" : "%s%d",
					 used ? "," : "", cpu, last);
		cpu = last;
	}
}

static LEAT_PRINTF(2, 3) int refuse(char *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, LEAT_ERROR_LEN, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* A number without sign or space at *@text, which moves behind it; -1 if there is none. */
static int number(const char **text)
{
	long val = 0;
	const char *p = *text;

	for (; *p >= '0' && *p <= '9'; p++)
		val = LEAT_MIN(val * 10 + (*p - '0'), CPUS_MAX);
	if (p == *text)
		return -1;
	*text = p;
	return (int)val;
}

/* "3" or "3-5" at *@text, up to a comma or the end. */
static bool range(const char **text, int *first, int *last)
{
	*first = number(text);
	*last = *first;
	if (**text == '-') {
		(*text)++;
		*last = number(text);
	}
	return *first >= 0 && *last >= *first && (**text == ',' || !**text);
}

static void add_range(const struct leat_cpus *among, int first, int last, struct leat_cpus *out)
{
	for (int cpu = first; cpu <= last; cpu++)
		if (leat_cpus_has(among, cpu))
			CPU_SET_S((size_t)cpu, out->len, out->set);
}

int leat_cpus_of_node(const struct leat_cpus *cpus, int node, struct leat_cpus *near)
{
	char list[4096];
	const char *p = list;
	int first, last;

	if (node < 0 || leat_node_cpulist(node, list, sizeof(list)))
		return -ENOENT;
	list[strcspn(list, "\n")] = '\0';
	*near = *cpus;
	near->set = CPU_ALLOC((size_t)cpus->count);
	if (!near->set)
		return -ENOENT;
	CPU_ZERO_S(near->len, near->set);
	while (range(&p, &first, &last)) {
		add_range(cpus, first, last, near);
		if (*p++ != ',')
			break;
	}
	if (CPU_COUNT_S(near->len, near->set))
		return 0;
	leat_cpus_fini(near);
	return -ENOENT;
}

/* The members of @set, as many as fit; how many there are. */
static unsigned int list_cpus(const struct leat_cpus *set, int *cpus, unsigned int n)
{
	unsigned int count = 0;

	for (int cpu = 0; cpu < set->count; cpu++) {
		if (!leat_cpus_has(set, cpu))
			continue;
		if (count < n)
			cpus[count] = cpu;
		count++;
	}
	return count;
}

unsigned int leat_cpus_allowed(int *cpus, unsigned int n)
{
	struct leat_cpus all;
	unsigned int count;

	if (leat_cpus_get(&all))
		return 0;
	count = list_cpus(&all, cpus, n);
	leat_cpus_fini(&all);
	return count;
}

unsigned int leat_cpus_near(int node, int *cpus, unsigned int n)
{
	struct leat_cpus all, near;
	unsigned int count = 0;

	if (leat_cpus_get(&all))
		return 0;
	if (!leat_cpus_of_node(&all, node, &near)) {
		count = list_cpus(&near, cpus, n);
		leat_cpus_fini(&near);
	}
	leat_cpus_fini(&all);
	return count;
}

static int parse(const struct leat_cpus *may, const char *list, int *cpus, unsigned int n,
		 char *why)
{
	unsigned int count = 0;
	const char *p = list;
	char allowed[128];
	int first, last;

	do {
		if (!range(&p, &first, &last))
			return refuse(why, "CPUs \"%s\" are not a list such as 1,3-5", list);
		for (int cpu = first; cpu <= last; cpu++) {
			if (!leat_cpus_has(may, cpu)) {
				leat_cpus_print(may, allowed, sizeof(allowed));
				return refuse(why,
					      "CPU %d of \"%s\" is not among those this process "
					      "may use (%s): name one of them, or widen its "
					      "affinity (taskset) or cpuset", cpu, list, allowed);
			}
			if (count == n)
				return refuse(why, "CPUs \"%s\" are more than the %u wanted",
					      list, n);
			cpus[count++] = cpu;
		}
	} while (*p++ == ',');
	return (int)count;
}

int leat_cpus_parse(const char *list, int *cpus, unsigned int n, char *why)
{
	struct leat_cpus may;
	int err = leat_cpus_get(&may);

	if (err)
		return refuse(why, "the CPUs of this process: %s", strerror(-err));
	err = parse(&may, list, cpus, n, why);
	leat_cpus_fini(&may);
	return err;
}
