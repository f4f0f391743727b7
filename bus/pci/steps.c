// SPDX-License-Identifier: BSD-3-Clause
/*
 * steps.c - a child of a child, so that nobody has to wait for it, does the writing
 * and tells the outcome of each write through a pipe. It keeps nothing of ours open: a
 * copy of a VFIO descriptor would be what it waits for.
 */
#include "bus/pci/steps.h"

#include <leat/clock.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Everything but @keep[n]: between them, from below. Async-signal-safe. */
static void close_all_but(const int *keep, unsigned int n)
{
	unsigned int from = 0;

	for (;;) {
		unsigned int next = UINT_MAX;

		for (unsigned int i = 0; i < n; i++)
			if ((unsigned int)keep[i] >= from && (unsigned int)keep[i] < next)
				next = (unsigned int)keep[i];
		if (next > from)
			close_range(from, next - 1, 0);
		if (next == UINT_MAX)
			return;
		from = next + 1;
	}
}

/* In the child of the child: only async-signal-safe calls. */
static void write_steps(const struct leat_step *steps, unsigned int n, const int *fds, int report)
{
	int keep[LEAT_STEPS_MAX + 1];
	sigset_t all;

	memcpy(keep, fds, n * sizeof(*fds));
	keep[n] = report;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);	/* the application's handlers are not ours to run */
	close_all_but(keep, n + 1);
	setsid();
	for (unsigned int i = 0; i < n; i++) {
		size_t len = strlen(steps[i].text);
		int err = write(fds[i], steps[i].text, len) == (ssize_t)len ? 0 : -errno;

		if (write(report, &err, sizeof(err)) < 0 && !err)
			continue;	/* nobody waits any more: the rest is wanted all the same */
		if (err)
			break;
	}
	_exit(0);
}

static int start_writer(const struct leat_step *steps, unsigned int n, const int *fds, int report)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		pid = fork();
		if (!pid)
			write_steps(steps, n, fds, report);
		_exit(pid < 0);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;	/* SIGCHLD is ignored, or somebody else waits for all */
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EAGAIN;
}

/* The next outcome. -ETIMEDOUT; -EIO: the writer is gone. */
static int read_report(int report, uint64_t until, int *outcome)
{
	struct pollfd p = { .fd = report, .events = POLLIN };
	int ready;

	do {
		uint64_t now = leat_now_ns();

		ready = poll(&p, 1, now < until ? (int)((until - now + 999999) / 1000000) : 0);
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return -ETIMEDOUT;
	return read(report, outcome, sizeof(*outcome)) == sizeof(*outcome) ? 0 : -EIO;
}

static int await(const struct leat_step *steps, unsigned int n, int report, unsigned int timeout_ms,
		 const struct leat_step **failed)
{
	uint64_t until = leat_now_ns() + (uint64_t)timeout_ms * 1000000;

	for (unsigned int i = 0; i < n; i++) {
		int outcome = 0;
		int err = read_report(report, until, &outcome);

		*failed = &steps[i];
		if (err || outcome)
			return err ? err : outcome;
	}
	return 0;
}

static int open_step(const char *root, const struct leat_step *step)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s%s", root, step->path) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int leat_steps_run(const char *root, const struct leat_step *steps, unsigned int n,
		   unsigned int timeout_ms, const struct leat_step **failed)
{
	int fds[LEAT_STEPS_MAX], report[2];
	unsigned int opened = 0;
	int err = 0;

	if (pipe2(report, O_CLOEXEC))
		return -errno;
	while (opened < n) {
		*failed = &steps[opened];
		fds[opened] = open_step(root, &steps[opened]);
		if (fds[opened] < 0) {
			err = fds[opened];
			break;
		}
		opened++;
	}
	if (!err)
		err = start_writer(steps, n, fds, report[1]);
	while (opened)
		close(fds[--opened]);
	close(report[1]);
	if (!err)
		err = await(steps, n, report[0], timeout_ms, failed);
	close(report[0]);
	return err;
}
