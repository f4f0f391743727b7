// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor_cpu.c - CPUs for polling threads: how many, on whose NUMA node, how undisturbed.
 */
#include "doctor.h"

#include <stdlib.h>
#include <string.h>

/* "0-3,8" from an ascending list. */
static void list_text(const int *cpus, unsigned int n, char *text, size_t size)
{
	size_t len = 0;

	text[0] = 0;
	for (unsigned int i = 0; i < n && len < size; i++) {
		unsigned int last = i;

		while (last + 1 < n && cpus[last + 1] == cpus[last] + 1)
			last++;
		len += (size_t)snprintf(text + len, size - len, last > i ? "%s%d-%d" : "%s%d", i ? "," : "",
					cpus[i], cpus[last]);
		i = last;
	}
}

/* Of a list of the kernel's: "0-3,8" has 5; with @cpu >= 0: has it that one? */
static unsigned int list_count(const char *list, int cpu)
{
	unsigned int n = 0;

	while (*list) {
		char *end;
		long first = strtol(list, &end, 10), last = first;

		if (end == list)
			break;
		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		if (cpu < 0)
			n += (unsigned int)(last - first + 1);
		else
			n += cpu >= first && cpu <= last;
		list = *end == ',' ? end + 1 : "";
	}
	return n;
}

/* The cpuset that this process is in: its file, and what it allows. */
static bool own_cpuset(const struct world *w, char *file, size_t size, char *allows, size_t room)
{
	char text[4096], *rest = text, *line;

	if (!world_text(w, text, sizeof(text), "/proc/self/cgroup"))
		return false;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(controllers + 1, ':') : NULL;
		bool v2;

		if (!path)
			continue;
		v2 = path == controllers + 1;
		*path++ = 0;
		if (!v2 && !strstr(controllers, "cpuset"))
			continue;
		if (!strcmp(path, "/"))
			path = (char *)"";
		snprintf(file, size, "/sys/fs/cgroup%s%s/cpuset.cpus", v2 ? "" : "/cpuset", path);
		if (world_text(w, allows, room, v2 ? "%s.effective" : "/sys/fs/cgroup/cpuset%s/"
			       "cpuset.effective_cpus", v2 ? file : path))
			return true;
	}
	return false;
}

static void mend_cpus(struct world *w, const char *online, const char *file, const char *allows)
{
	if (list_count(online, -1) < 2)
		mend(w, "give this machine another CPU, for QEMU: -smp 2");
	else if (allows && list_count(allows, -1) < 2)
		mend(w, "echo %s | sudo tee %s   # of a container: docker update --cpuset-cpus=%s "
		     "NAME", online, file, online);
	else
		mend(w, "taskset -pc %s $$   # if refused, it is a cpuset's: of a container, docker update "
		     "--cpuset-cpus=%s NAME", allows ? allows : online, online);
}

void check_cpu(struct world *w)
{
	char online[256] = "", allowed[256], file[512], allows[256];
	bool cpuset = own_cpuset(w, file, sizeof(file), allows, sizeof(allows));

	world_text(w, online, sizeof(online), "/sys/devices/system/cpu/online");
	list_text(w->cpus, w->ncpus, allowed, sizeof(allowed));
	if (w->ncpus > 1) {
		say(w, VERDICT_OK, "%u CPUs allowed: %s (sched_getaffinity); online: %s", w->ncpus, allowed,
		    online);
		return;
	}
	say(w, VERDICT_WARNING, "one CPU only, %s (sched_getaffinity); online: %s; cpuset %s: %s. A "
	    "polling thread shares it with all else, and packets wait for their turn", allowed, online,
	    cpuset ? file : "(/proc/self/cgroup)", cpuset ? allows : "none");
	mend_cpus(w, online, file, cpuset ? allows : NULL);
}

/* ---- NUMA ---- */

static bool node_has_cpu(const struct world *w, int node, char *list, size_t size)
{
	if (!world_text(w, list, size, "/sys/devices/system/node/node%d/cpulist", node))
		return true;	/* not told: nothing to say */
	for (unsigned int i = 0; i < w->ncpus; i++)
		if (list_count(list, w->cpus[i]))
			return true;
	return false;
}

static long long node_free(const struct world *w, int node)
{
	return world_number(w, 0, "/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/"
			    "free_hugepages", node);
}

/* A function on a node without CPU of ours, or without hugepages while others have some. */
static bool say_far(struct world *w, const struct leat_pci_device *d)
{
	long long all = world_number(w, 0, "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
	char list[256];

	if (!node_has_cpu(w, d->node, list, sizeof(list))) {
		say(w, VERDICT_WARNING, "%s is on NUMA node %d, of whose CPUs (%s) none is allowed: each "
		    "packet crosses between nodes", d->address, d->node, list);
		mend(w, "taskset -pc %s $$", list);
		return true;
	}
	if (all > 0 && !node_free(w, d->node)) {
		say(w, VERDICT_WARNING, "%s is on NUMA node %d, which has no free hugepages "
		    "(/sys/devices/system/node/node%d/hugepages); other nodes have %lld", d->address,
		    d->node, d->node, all);
		mend(w, "echo 32 | sudo tee /sys/devices/system/node/node%d/hugepages/"
		     "hugepages-2048kB/nr_hugepages", d->node);
		return true;
	}
	return false;
}

void check_numa(struct world *w)
{
	char online[64] = "0";
	bool far = false;

	world_text(w, online, sizeof(online), "/sys/devices/system/node/online");
	if (list_count(online, -1) < 2) {
		say(w, VERDICT_OK, "one NUMA node (/sys/devices/system/node/online)");
		return;
	}
	for (const struct leat_pci_device *d = next_subject(w, NULL); d; d = next_subject(w, d))
		if (d->node >= 0)
			far = say_far(w, d) || far;
	if (!far)
		say(w, VERDICT_OK, "NUMA nodes %s: CPUs are allowed where VFIO's NICs are", online);
}

/* ---- the last microseconds ---- */

void check_tuning(struct world *w)
{
	char governor[32] = "", isolated[128] = "", nohz[128] = "";

	if (w->ncpus)
		world_text(w, governor, sizeof(governor),
			   "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", w->cpus[0]);
	world_text(w, isolated, sizeof(isolated), "/sys/devices/system/cpu/isolated");
	world_text(w, nohz, sizeof(nohz), "/sys/devices/system/cpu/nohz_full");
	say(w, VERDICT_INFO, "governor %s, isolated CPUs %s, nohz_full %s (/sys/devices/system/cpu): "
	    "matters for the steadiest rates only", governor[0] ? governor : "not told",
	    isolated[0] ? isolated : "none", nohz[0] && strcmp(nohz, "(null)") ? nohz : "none");
	if (governor[0] && strcmp(governor, "performance"))
		mend(w, "echo performance | sudo tee "
		     "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor");
}
