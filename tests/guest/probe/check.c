// SPDX-License-Identifier: BSD-3-Clause
/*
 * check.c - assertions and looks for the programs of the guest.
 */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <time.h>
#include <unistd.h>

#define KLOG_READ_ALL	 3
#define KLOG_SIZE_BUFFER 10
#define LOG_TRIES	 200	/* twenty a second */

/* Linux logs no more of them, or less of each. */
#define FAULTS_MAX	3
#define FAULTS_SECONDS	5.5

static unsigned int held_all, failed_all;

LEAT_PRINTF(2, 0)
static bool verdict(bool held, const char *what, va_list args)
{
	printf("%s ", held ? "ok" : "FAIL");
	vprintf(what, args);
	if (held)
		held_all++;
	else
		failed_all++;
	return held;
}

static void end_line(void)
{
	putchar('\n');
	fflush(stdout);
}

bool check(bool held, const char *what, ...)
{
	va_list args;

	va_start(args, what);
	verdict(held, what, args);
	va_end(args);
	end_line();
	return held;
}

bool check_num(uint64_t got, uint64_t want, const char *what, ...)
{
	va_list args;

	va_start(args, what);
	if (!verdict(got == want, what, args))
		printf(": got %#llx, want %#llx", (unsigned long long)got,
		       (unsigned long long)want);
	va_end(args);
	end_line();
	return got == want;
}

static const char *err_name(int err)
{
	const char *name = err < 0 ? strerrorname_np(-err) : NULL;

	return name ? name : err ? "a strange number" : "success";
}

bool check_err(int got, int want, const char *what, ...)
{
	va_list args;

	va_start(args, what);
	if (!verdict(got == want, what, args))
		printf(": got %s (%d), want %s", err_name(got), got, err_name(want));
	va_end(args);
	end_line();
	return got == want;
}

bool check_says(const char *text, const char *part, const char *what, ...)
{
	bool held = strstr(text, part);
	va_list args;

	va_start(args, what);
	if (!verdict(held, what, args))
		printf(": no \"%s\" in \"%s\"", part, text);
	va_end(args);
	end_line();
	return held;
}

void need(int err, const char *why, const char *what, ...)
{
	va_list args;

	if (!err)
		return;
	va_start(args, what);
	verdict(false, what, args);
	va_end(args);
	printf(": %s: %s\n", err_name(err), why);
	exit(check_end());
}

int check_end(void)
{
	printf("%u held, %u failed\n", held_all, failed_all);
	fflush(stdout);
	return failed_all || !held_all;
}

static void hear(void *arg, enum leat_log_level level, const char *message)
{
	struct ear *ear = arg;
	char *to = level == LEAT_LOG_ERROR ? ear->error :
		   level == LEAT_LOG_WARNING ? ear->warning : ear->info;

	if (level == LEAT_LOG_ERROR)
		ear->errors++;
	snprintf(to, LEAT_ERROR_LEN, "%s", message);
	if (ear->loud)
		printf("# %s\n", message);
}

void ear_clear(struct ear *ear)
{
	ear->error[0] = ear->warning[0] = ear->info[0] = '\0';
	ear->errors = 0;
}

struct leat_ctx *open_ctx(struct ear *ear, size_t size, bool huge)
{
	struct leat_ctx_config cfg = { .mem_size = size, .page_size = huge ? 0 : 4096,
				       .drivers = leat_drivers, .log = hear, .log_arg = ear,
				       .log_level = LEAT_LOG_INFO };
	struct leat_ctx *ctx = NULL;

	need(leat_ctx_open(&cfg, &ctx), cfg.error, "a context opens");
	return ctx;
}

unsigned int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n - 3;		/* ".", "..", and the one of this look */
}

uint64_t status_kib(const char *name)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long kib = UINT64_MAX;
	size_t len = strlen(name);
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && line[len] == ':')
			kib = strtoull(line + len + 1, NULL, 10);
	if (file)
		fclose(file);
	return kib;
}

static char *kernel_log(void)
{
	int size = klogctl(KLOG_SIZE_BUFFER, NULL, 0);
	char *text = calloc(1, (size_t)LEAT_MAX(size, 0) + 1);

	if (text && size > 0 && klogctl(KLOG_READ_ALL, text, size) < 0)
		text[0] = '\0';
	return text;
}

/* DMA faults that were logged in the last seconds: "<3>[    5.603085] DMAR: DRHD: handling..." */
static unsigned int recent_faults(const char *text)
{
	double now = (double)leat_now_ns() / 1e9;
	unsigned int n = 0;

	for (const char *at = text; (at = strstr(at, "] DMAR: DRHD: handling fault")); at++) {
		const char *open = at;

		while (open > text && *open != '[')
			open--;
		n += now - strtod(open + 1, NULL) < FAULTS_SECONDS;
	}
	return n;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
}

size_t kernel_log_calm(void)
{
	size_t len = 0;
	bool calm = false;

	for (unsigned int i = 0; !calm && i < LOG_TRIES; i++) {
		char *text = kernel_log();

		calm = !text || recent_faults(text) < FAULTS_MAX;
		len = text ? strlen(text) : 0;
		free(text);
		if (!calm)
			nap();
	}
	return len;
}

bool kernel_log_comes(size_t since, const char *part)
{
	bool found = false;

	for (unsigned int i = 0; !found && i < LOG_TRIES; i++) {
		char *text = kernel_log();

		found = text && strlen(text) > since && strstr(text + since, part);
		free(text);
		if (!found)
			nap();
	}
	return found;
}

int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}
