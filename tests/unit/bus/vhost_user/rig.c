// SPDX-License-Identifier: BSD-3-Clause
/*
 * rig.c - the test's end of a connection to a back end.
 */
#include "backend.h"

#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -1;			/* its own */

	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static uint64_t read_clock(void *arg)
{
	struct rig *r = arg;

	return r->now += r->step;
}

static void take_log(void *arg, enum leat_log_level level, const char *message)
{
	struct rig *r = arg;

	(void)message;
	r->errors += level == LEAT_LOG_ERROR;
	r->warnings += level == LEAT_LOG_WARNING;
}

static void take_event(struct leat_dev *dev, enum leat_event event)
{
	((struct rig *)dev->owner)->events[event]++;
}

void rig_init(struct rig *r)
{
	struct leat_ctx_config cfg = {
		.page_size = 4096, .log = take_log, .log_arg = r, .log_level = LEAT_LOG_WARNING,
		.clock = read_clock, .clock_arg = r,
	};

	memset(r, 0, sizeof(*r));
	r->fds = count_fds();
	r->now = 1;
	r->step = 1000;
	assert_int_equal(leat_ctx_open(&cfg, &r->ctx), 0);
	r->config_fd = leat_eventfd_open();
	backend_init(&r->b);
}

int rig_open(struct rig *r)
{
	char addr[96];
	int err;

	backend_start(&r->b);
	snprintf(addr, sizeof(addr), "vhost-user:%s%s", r->b.path, r->b.connects ? ",server" : "");
	err = leat_dev_open(r->ctx, addr, &r->dev);
	if (err)
		return err;
	r->dev->owner = r;
	r->dev->event = take_event;
	leat_vhost_watch_config(r->dev, r->config_fd);
	return 0;
}

void rig_must_open(struct rig *r)
{
	int err = rig_open(r);

	if (err)
		fail_msg("open: %d: %s", err, leat_ctx_error(r->ctx));
}

void rig_run(struct rig *r, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct leat_vhost_ring ring = { .index = (uint16_t)i, .size = 256, .call = -1 };
		int kick;

		if (!r->ring[i].va)
			assert_int_equal(leat_aspace_alloc(r->dev->as, 16384, 4096, &r->ring[i]), 0);
		ring.desc = r->ring[i].iova;
		ring.driver = r->ring[i].iova + 4096;
		ring.device = r->ring[i].iova + 8192;
		ring.call = i == 0 ? r->config_fd : -1;
		assert_int_equal(leat_vhost_ring(r->dev, &ring, &kick), 0);
	}
	assert_int_equal(leat_vhost_start(r->dev), 0);
}

void rig_poll(struct rig *r)
{
	struct pollfd p = { .fd = leat_ctx_fd(r->ctx), .events = POLLIN };

	poll(&p, 1, 1);
	r->now += UINT64_C(1000000000);
	leat_ctx_hurry(r->ctx);
	leat_ctx_poll(r->ctx);
}

void rig_await(struct rig *r, bool connected)
{
	for (int i = 0; i < 10000; i++) {
		if (leat_vhost_connected(r->dev) == connected)
			return;
		rig_poll(r);
	}
	fail_msg("%s", connected ? "nobody connected" : "the connection did not end");
}

bool rig_changed(struct rig *r)
{
	struct pollfd p = { .fd = r->config_fd, .events = POLLIN };
	bool changed = poll(&p, 1, 0) == 1;

	leat_eventfd_drain(r->config_fd);
	return changed;
}

void rig_fini(struct rig *r)
{
	leat_dev_close(r->dev);
	backend_fini(&r->b);
	leat_eventfd_close(r->config_fd);
	leat_ctx_close(r->ctx);
	assert_int_equal(count_fds(), r->fds);
}
