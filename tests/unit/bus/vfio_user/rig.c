// SPDX-License-Identifier: BSD-3-Clause
/*
 * rig.c - the test's end of a connection to a peer.
 */
#include "peer.h"

#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

int count_fds(void)
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
	uint64_t step = __atomic_load_n(&r->step, __ATOMIC_RELAXED);

	return __atomic_add_fetch(&r->now, step, __ATOMIC_RELAXED);
}

static void take_log(void *arg, enum leat_log_level level, const char *message)
{
	struct rig *r = arg;

	if (level == LEAT_LOG_ERROR)
		__atomic_add_fetch(&r->errors, 1, __ATOMIC_RELAXED);
	if (level != LEAT_LOG_WARNING)
		return;
	r->warnings++;
	snprintf(r->warning, sizeof(r->warning), "%s", message);
}

static void take_event(struct leat_dev *dev, enum leat_event event)
{
	struct rig *r = dev->owner;

	__atomic_add_fetch(&r->events[event], 1, __ATOMIC_RELAXED);
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
	peer_init(&r->peer);
}

static const struct peer_sparse second_page = {
	.cap = { .id = VFU_REGION_CAP_SPARSE, .version = 1 }, .nr_areas = 1,
	.area = { { 4096, 4096 } },
};

int rig_init_mappable(struct rig *r, size_t len)
{
	int fd;

	rig_init(r);
	fd = memfd_create("bar", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	r->peer.region[0].flags = 7;
	r->peer.region[0].fd = dup(fd);
	r->peer.region[0].offset = 4096;
	r->peer.region[0].caps = &second_page;
	r->peer.region[0].caps_len = PEER_SPARSE_LEN(1);
	return fd;
}

void rig_fini_mappable(struct rig *r, int fd)
{
	close(fd);
	rig_fini(r);
}

int rig_open(struct rig *r)
{
	char addr[80];
	int err;

	peer_start(&r->peer);
	snprintf(addr, sizeof(addr), "vfio-user:%s", r->peer.path);
	err = leat_dev_open(r->ctx, addr, &r->dev);
	if (!err) {
		r->dev->owner = r;
		r->dev->event = take_event;
	}
	return err;
}

void rig_must_open(struct rig *r)
{
	int err = rig_open(r);

	if (err)
		fail_msg("open: %d: %s", err, leat_ctx_error(r->ctx));
}

void rig_wait(struct rig *r, enum leat_event event)
{
	struct pollfd p = { .fd = leat_ctx_fd(r->ctx), .events = POLLIN };

	for (int i = 0; i < 5000; i++) {
		if (__atomic_load_n(&r->events[event], __ATOMIC_RELAXED))
			return;
		poll(&p, 1, 1);
		leat_ctx_hurry(r->ctx);
		leat_ctx_poll(r->ctx);
	}
	fail_msg("event %d did not come", event);
}

void rig_fini(struct rig *r)
{
	leat_dev_close(r->dev);
	peer_stop(&r->peer);
	leat_ctx_close(r->ctx);
	assert_int_equal(count_fds(), r->fds);
}

void rig_refuse(struct rig *r, int err, const char *why)
{
	int got = rig_open(r);
	const char *said = leat_ctx_error(r->ctx);

	if (got != err || !strstr(said, why) || r->errors != 1)
		fail_msg("open: %d instead of %d, %d lines: \"%s\" without \"%s\"", got, err,
			 r->errors, said, why);
	if (!strstr(said, r->peer.path))
		fail_msg("\"%s\" does not name the socket", said);
	rig_fini(r);
}
