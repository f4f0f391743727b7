// SPDX-License-Identifier: BSD-3-Clause
/*
 * suspend.c - probe-suspend A B: a port whose device was put to low power works as before when
 * it was resumed and started. A and B hang on one cable; B goes on.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <leat/driver/core.h>

#include "ports.h"

static struct ear ear;

static void try_suspend(struct end *a, struct end *b, int wakeup, const char *what)
{
	struct pollfd p = { .fd = wakeup, .events = POLLIN };

	leat_port_stop(a->port);
	check_err(leat_port_suspend(a->port, wakeup), 0, "%s: suspended", what);
	check(wakeup < 0 || !poll(&p, 1, 0), "%s: nothing woke it", what);
	ear_clear(&ear);
	check_err(leat_port_start(a->port), -EINVAL, "%s: does not start asleep", what);
	check_says(ear.error, "resume", "%s: and says what to do", what);
	check(frame_send(b, b->txq->cache, 60, 1), "%s: the other goes on", what);
	check_err(leat_port_resume(a->port), 0, "%s: resumed", what);
	check_err(leat_port_start(a->port), 0, "%s: started", what);
	check(frames_pass(a, b, 20, 2) && frames_pass(b, a, 20, 3), "%s: frames pass both ways", what);
}

int main(int argc, char **argv)
{
	int wakeup = leat_eventfd_open();
	struct leat_ctx *ctx;
	struct end a, b;

	if (argc != 3) {
		fprintf(stderr, "usage: probe-suspend SCHEME:BDF SCHEME:BDF\n");
		return 2;
	}
	ctx = open_ctx(&ear, 16u << 20, false);
	end_open(&a, ctx, &ear, argv[1], NULL);
	end_open(&b, ctx, &ear, argv[2], NULL);
	check(frames_pass(&a, &b, 20, 4), "frames pass before");
	try_suspend(&a, &b, -1, "for itself");
	try_suspend(&a, &b, wakeup, "with a wakeup");

	leat_port_stop(a.port);
	check_err(leat_port_suspend(a.port, -1), 0, "suspended a last time");
	end_close(&a);
	end_open(&a, ctx, &ear, argv[1], NULL);
	check(frames_pass(&a, &b, 20, 5), "closed in its sleep and opened again, frames pass");
	end_close(&a);
	end_close(&b);
	leat_ctx_close(ctx);
	leat_eventfd_close(wakeup);
	return check_end();
}
