// SPDX-License-Identifier: BSD-3-Clause
/*
 * fork.c - probe-fork A B: children come and go while frames do, and do not matter.
 *
 * A child inherits every descriptor of the parent's. One that only exits, or becomes another
 * program, lets go of them by itself. One that stays calls leat_ctx_forget(): else it would hold
 * the devices open, and who unbinds one would wait for ever.
 */
#include <stdio.h>
#include <string.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ports.h"

#define SOON_NS UINT64_C(2000000000)
#define DRIVER	"/sys/bus/pci/drivers/vfio-pci"

enum child { EXITS, EXECS, SITS };

/* It has become what it shall be when it is returned. */
static pid_t make(struct leat_ctx *ctx, enum child child)
{
	int ready[2];
	pid_t pid;
	char c;

	need(pipe2(ready, 0), "pipe", "a pipe");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (child == EXITS)
			_exit(0);
		if (child == EXECS) {
			execl("/bin/sh", "sh", "-c", "exec >&- 2>&-; eval \"exec $1>&-\"; sleep 1000",
			      "sh", (char[]){ (char)('0' + ready[1]), 0 }, NULL);
			_exit(1);
		}
		leat_ctx_forget(ctx);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	while (read(ready[0], &c, 1) > 0)
		;
	close(ready[0]);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void try_child(struct leat_ctx *ctx, struct ear *ear, char **addr, enum child child,
		      const char *what)
{
	const char *bdf = strchr(addr[0], ':') + 1;
	struct end a, b;
	uint64_t start;
	pid_t pid;

	end_open(&a, ctx, ear, addr[0], NULL);
	end_open(&b, ctx, ear, addr[1], NULL);
	check(frames_pass(&a, &b, 10, 1), "%s: frames pass before", what);
	pid = make(ctx, child);
	check(pid > 0, "%s: there is a child", what);
	check(frames_pass(&a, &b, 300, 2) && frames_pass(&b, &a, 300, 3),
	      "%s: a ring's worth of frames passes both ways", what);

	end_close(&a);
	start = leat_now_ns();
	check_err(write_text(DRIVER "/unbind", bdf), 0, "%s: the parent's device is unbound", what);
	check(leat_now_ns() - start < SOON_NS, "%s: at once", what);
	check_err(write_text("/sys/bus/pci/drivers_probe", bdf), 0, "%s: and bound", what);
	end_open(&a, ctx, ear, addr[0], NULL);
	check(frames_pass(&a, &b, 10, 4), "%s: and opened again", what);
	end_child(pid);
	check(frames_pass(&a, &b, 10, 5), "%s: and the child's end does not matter", what);
	end_close(&a);
	end_close(&b);
}

int main(int argc, char **argv)
{
	struct ear ear = { .loud = false };
	struct leat_ctx *ctx;

	if (argc != 3) {
		fprintf(stderr, "usage: probe-fork SCHEME:BDF SCHEME:BDF\n");
		return 2;
	}
	ctx = open_ctx(&ear, 32u << 20, false);
	try_child(ctx, &ear, argv + 1, EXITS, "a child that exits");
	try_child(ctx, &ear, argv + 1, EXECS, "a child that becomes another program");
	try_child(ctx, &ear, argv + 1, SITS, "a child that stays");
	leat_ctx_close(ctx);
	return check_end();
}
