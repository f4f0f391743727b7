// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor_world.c - the machine that doctor is on, and reading its files.
 */
#include "doctor.h"

#include <leat/bits.h>
#include <leat/worker.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAP_IPC_LOCK_BIT 14	/* linux/capability.h */
#define VERSION_MS	 5000

/* ---- reading ---- */

static FILE *LEAT_PRINTF(2, 0) open_path(const struct world *w, const char *fmt, va_list ap)
{
	char path[512];
	int len = snprintf(path, sizeof(path), "%s", w->root);

	vsnprintf(path + len, sizeof(path) - (size_t)len, fmt, ap);
	return fopen(path, "re");
}

bool world_text(const struct world *w, char *buf, size_t size, const char *fmt, ...)
{
	size_t len;
	va_list ap;
	FILE *f;

	va_start(ap, fmt);
	f = open_path(w, fmt, ap);
	va_end(ap);
	if (!f)
		return false;
	len = fread(buf, 1, size - 1, f);
	fclose(f);
	buf[len] = 0;
	if (len && buf[len - 1] == '\n')
		buf[len - 1] = 0;
	return true;
}

long long world_number(const struct world *w, long long none, const char *fmt, ...)
{
	char text[64] = "", *end;
	long long n;
	va_list ap;
	FILE *f;

	va_start(ap, fmt);
	f = open_path(w, fmt, ap);
	va_end(ap);
	if (!f)
		return none;
	if (!fgets(text, sizeof(text), f))
		text[0] = 0;
	fclose(f);
	n = strtoll(text, &end, 0);
	return end == text ? none : n;
}

bool world_has(const struct world *w, const char *fmt, ...)
{
	char path[512];
	int len = snprintf(path, sizeof(path), "%s", w->root);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path + len, sizeof(path) - (size_t)len, fmt, ap);
	va_end(ap);
	return !access(path, F_OK);
}

bool world_says(const struct world *w, const char *path, const char *needle)
{
	char full[512], *line = NULL;
	bool found = false;
	size_t size = 0;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", w->root, path);
	f = fopen(full, "re");
	if (!f)
		return false;
	while (!found && getline(&line, &size, f) > 0)
		found = strstr(line, needle) != NULL;
	free(line);
	fclose(f);
	return found;
}

static int not_hidden(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

char **world_list(const struct world *w, const char *path)
{
	struct dirent **entry = NULL;
	char full[512], **list;
	int n;

	snprintf(full, sizeof(full), "%s%s", w->root, path);
	n = scandir(full, &entry, not_hidden, versionsort);
	if (n < 0)
		n = 0;
	list = calloc((size_t)n + 1, sizeof(*list));
	for (int i = 0; i < n; i++) {
		if (list)
			list[i] = strdup(entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	return list;
}

void world_free(char **list)
{
	for (char **one = list; one && *one; one++)
		free(*one);
	free(list);
}

bool world_booted(const struct world *w, const char *word)
{
	char text[4096], *rest = text, *one;
	size_t len = strlen(word);
	bool start = word[len - 1] == '=';

	if (!world_text(w, text, sizeof(text), "/proc/cmdline"))
		return false;
	while ((one = strsep(&rest, " \n")) != NULL)
		if (start ? !strncmp(one, word, len) : !strcmp(one, word))
			return true;
	return false;
}

bool world_has_module(const struct world *w, const char *name)
{
	static const char *const lists[] = { "modules.dep", "modules.builtin" };
	char release[128], path[256], file[64];

	if (!world_text(w, release, sizeof(release), "/proc/sys/kernel/osrelease"))
		return false;
	snprintf(file, sizeof(file), "/%s.ko", name);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(lists); i++) {
		snprintf(path, sizeof(path), "/lib/modules/%s/%s", release, lists[i]);
		if (world_says(w, path, file))
			return true;
	}
	return false;
}

/* ---- the real one ---- */

/* Opening is the only sure answer, and opening a node of VFIO's alone changes nothing. */
static int probe(const struct world *w, const char *path)
{
	char full[512];
	int fd;

	snprintf(full, sizeof(full), "%s%s", w->root, path);
	fd = open(full, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Up to a line of what comes out of @fd, within a time. */
static bool read_line(int fd, char *line, size_t size)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t len = 0;

	while (len < size - 1 && poll(&p, 1, VERSION_MS) > 0) {
		ssize_t n = read(fd, line + len, size - 1 - len);

		if (n <= 0)
			break;
		len += (size_t)n;
	}
	line[len] = 0;
	line[strcspn(line, "\n")] = 0;
	return line[0];
}

static bool version(const char *program, char *line, size_t size)
{
	char option[] = "--version", name[] = "version";
	char *argv[] = { name, option, NULL }, *env[] = { NULL };
	posix_spawn_file_actions_t actions;
	bool ok = false;
	int pipes[2];
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC))
		return false;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (!posix_spawn(&pid, program, &actions, NULL, argv, env)) {
		close(pipes[1]);
		pipes[1] = -1;
		ok = read_line(pipes[0], line, size);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[0]);
	if (pipes[1] >= 0)
		close(pipes[1]);
	return ok;
}

static bool may_lock(const struct world *w)
{
	char text[4096], *at;

	if (!world_text(w, text, sizeof(text), "/proc/self/status"))
		return false;
	at = strstr(text, "\nCapEff:");
	return at && strtoull(at + strlen("\nCapEff:"), NULL, 16) >> CAP_IPC_LOCK_BIT & 1;
}

static uint64_t limit_of(rlim_t limit)
{
	return limit == RLIM_INFINITY ? UINT64_MAX : limit;
}

static const char *cache_folder(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *path = NULL;
	int n = cache && *cache ? asprintf(&path, "%s/leat", cache) :
				  asprintf(&path, "%s/.cache/leat", home ? home : "");

	return n < 0 ? NULL : path;
}

bool world_open(struct world *w)
{
	unsigned int n = leat_cpus_allowed(NULL, 0);
	int *cpus = calloc(n + 1, sizeof(*cpus));
	struct rlimit limit;

	if (!cpus)
		return false;
	*w = (struct world){ .root = "", .cpus = cpus, .path = getenv("PATH"),
			     .cache = cache_folder(), .probe = probe, .version = version };
	w->ncpus = LEAT_MIN(n, leat_cpus_allowed(cpus, n));
	w->ipc_lock = may_lock(w);
	if (!getrlimit(RLIMIT_MEMLOCK, &limit)) {
		w->memlock = limit_of(limit.rlim_cur);
		w->memlock_max = limit_of(limit.rlim_max);
	}
	return true;
}

void world_close(struct world *w)
{
	leat_devices_free(&w->devices);
	free(w->finding);
	free((void *)(uintptr_t)w->cache);
	free((void *)(uintptr_t)w->cpus);
}
