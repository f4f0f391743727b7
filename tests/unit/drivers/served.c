// SPDX-License-Identifier: BSD-3-Clause
/*
 * served.c - a virtio-net model in a child process.
 */
#include "served.h"

#include <leat/models.h>
#include <leat/server.h>

#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Serve until the parent is gone. */
static _Noreturn void serve(const char *path, int ready)
{
	struct leat_server_config cfg = { .path = path, .model = &leat_model_virtio_net };
	struct leat_server *srv;
	struct pollfd fd;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (leat_wire_loop(&cfg.wire) || leat_server_open(&cfg, &srv))
		_exit(1);
	if (write(ready, "", 1) != 1)
		_exit(1);
	fd = (struct pollfd){ .fd = leat_server_fd(srv), .events = POLLIN };
	for (;;) {
		poll(&fd, 1, 0);
		leat_server_poll(srv);
		if (!leat_mdev_step(leat_server_mdev(srv)))
			sched_yield();
	}
}

void served_start(struct served *nic)
{
	int ready[2];
	char byte;

	snprintf(nic->dir, sizeof(nic->dir), "/tmp/leat-served-XXXXXX");
	assert_non_null(mkdtemp(nic->dir));
	snprintf(nic->path, sizeof(nic->path), "%s/nic.sock", nic->dir);
	snprintf(nic->addr, sizeof(nic->addr), "vfio-user:%s", nic->path);
	assert_int_equal(pipe(ready), 0);
	nic->pid = fork();
	assert_true(nic->pid >= 0);
	if (!nic->pid)
		serve(nic->path, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

void served_stop(struct served *nic)
{
	kill(nic->pid, SIGKILL);
	waitpid(nic->pid, NULL, 0);
	unlink(nic->path);
	rmdir(nic->dir);
}
