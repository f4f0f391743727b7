// SPDX-License-Identifier: BSD-3-Clause
/*
 * bench.c - two pinned threads, rounds in turns, medians.
 */
#include "bench.h"

#include <leat/barrier.h>
#include <leat/clock.h>
#include <leat/worker.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

int bench_cpu[2] = { 0, -1 };
const char *bench_only;

/* The second thread: takes one job at a time from the first. */
static struct {
	pthread_t	thread;
	void		(*init)(void);
	bench_fn	*job;
	uint64_t	objs;
	LEAT_ALIGNED(128) uint32_t go;		/* jobs given */
	LEAT_ALIGNED(128) uint32_t done;	/* jobs done */
	bool		quit;
} helper;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *helper_main(void *arg)
{
	(void)arg;
	pin(bench_cpu[1]);
	helper.init();
	leat_store_release(&helper.done, 1);
	for (uint32_t job = 1;; job++) {
		while (leat_load_acquire(&helper.go) != job)
			leat_pause();
		if (helper.quit)
			return NULL;
		helper.job(helper.objs);
		leat_store_release(&helper.done, job + 1);
	}
}

static void helper_wait(void)
{
	while (leat_load_acquire(&helper.done) != helper.go + 1)
		leat_pause();
}

void bench_find_cpus(void)
{
	leat_cpus_allowed(bench_cpu, 2);
}

bool bench_open(void (*helper_init)(void))
{
	pin(bench_cpu[0]);
	helper.init = helper_init;
	if (bench_cpu[1] < 0) {
		printf("one CPU only: nothing between two cores is measured\n");
		return false;
	}
	if (pthread_create(&helper.thread, NULL, helper_main, NULL)) {
		printf("no second thread: nothing between two cores is measured\n");
		return false;
	}
	helper_wait();
	return true;
}

void bench_close(void)
{
	helper.quit = true;
	leat_store_release(&helper.go, helper.go + 1);
	pthread_join(helper.thread, NULL);
}

/* CPU time of the whole machine that went anywhere, and ours of it; in seconds. */
static void cpu_times(double *all, double *ours)
{
	unsigned long long v[8] = { 0 };
	FILE *f = fopen("/proc/stat", "re");
	struct rusage own;

	/* user, nice, system, idle, iowait, irq, softirq, steal */
	if (f) {
		if (fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2],
			   &v[3], &v[4], &v[5], &v[6], &v[7]) != 8)
			memset(v, 0, sizeof(v));
		fclose(f);
	}
	*all = (double)(v[0] + v[1] + v[2] + v[5] + v[6] + v[7]) / (double)sysconf(_SC_CLK_TCK);
	getrusage(RUSAGE_SELF, &own);
	*ours = (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
		(double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
}

static struct {
	double		all, ours;
	uint64_t	ns;
} noise;

static void noise_start(void)
{
	noise.ns = leat_now_ns();
	cpu_times(&noise.all, &noise.ours);
}

void bench_print_noise(void)
{
	double all, ours, wall = (double)(leat_now_ns() - noise.ns) / 1e9;

	cpu_times(&all, &ours);
	printf("\nothers had %.1f %% of a CPU in these %.1f s: above 1 %%, trust only the ratios\n",
	       100 * (all - noise.all - (ours - noise.ours)) / wall, wall);
}

static void print_line_of(const char *path, const char *key)
{
	FILE *f = fopen(path, "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, key, strlen(key))) {
			fputs(line, stdout);
			break;
		}
	}
	if (f)
		fclose(f);
}

/* As it is now; nothing where there is no git. */
static void print_commit(void)
{
	FILE *f = popen("git -C '" BENCH_SOURCE "' describe --always --dirty 2>/dev/null", "re");
	char line[64];

	if (f && fgets(line, sizeof(line), f))
		printf("commit       : %s", line);
	if (f)
		pclose(f);
}

void bench_print_machine(void)
{
	print_line_of("/proc/cpuinfo", "model name");
	printf("timer        : %.1f MHz; all figures are its cycles per object\n",
	       (double)leat_cycles_hz() / 1e6);
	print_commit();
	noise_start();
}

static double round_of(const struct bench_contender *who, uint64_t objs)
{
	uint64_t start;

	if (who->reset)
		who->reset();
	helper.job = who->helper;
	helper.objs = objs;
	start = leat_cycles();
	if (who->helper)
		leat_store_release(&helper.go, helper.go + 1);
	who->work(objs);
	if (who->helper)
		helper_wait();
	return (double)(leat_cycles() - start) / (double)objs;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const double *from)
{
	double v[BENCH_ROUNDS];

	memcpy(v, from, sizeof(v));
	qsort(v, BENCH_ROUNDS, sizeof(v[0]), by_value);
	return v[BENCH_ROUNDS / 2];
}

static void print_contender(const char *name, const double *v, const double *first)
{
	double min = v[0], max = v[0], ratio[BENCH_ROUNDS];

	for (unsigned int i = 0; i < BENCH_ROUNDS; i++) {
		min = v[i] < min ? v[i] : min;
		max = v[i] > max ? v[i] : max;
		ratio[i] = v[i] / first[i];
	}
	printf("  %-28s %8.2f %8.2f %8.2f   x%.2f\n", name, min, median(v), max, median(ratio));
}

void bench_cell(const char *title, uint64_t objs, const struct bench_contender *who, unsigned int n)
{
	double v[BENCH_CONTENDERS][BENCH_ROUNDS];

	if (bench_only && !strstr(title, bench_only))
		return;
	for (unsigned int i = 0; i < n; i++)
		round_of(&who[i], objs / 4);
	for (unsigned int round = 0; round < BENCH_ROUNDS; round++)
		for (unsigned int i = 0; i < n; i++)
			v[i][round] = round_of(&who[i], objs);
	printf("%-30s %8s %8s %8s   to first\n", title, "min", "median", "max");
	for (unsigned int i = 0; i < n; i++)
		print_contender(who[i].name, v[i], v[0]);
	fflush(stdout);
}
