// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_clients.c - clients that come, stop, vanish and come again; the socket
 * file they find. Ids as in server_cases.c.
 */
#include "server_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define RW (VFU_DMA_F_READ | VFU_DMA_F_WRITE)

/* Three maps, four eventfds. */
static void use_much(struct rig *rig)
{
	int mem = rig_memfd(65536), irq[4];

	for (unsigned int i = 0; i < 4; i++)
		irq[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(rig_dma_map(rig, i * 0x10000, 0x1000, RW, 0, mem), 0);
	assert_int_equal(rig_set_irqs(rig, VFU_IRQ_TRIGGER | VFU_IRQ_EVENTFD, 2, 0, 4, irq, 4), 0);
	for (unsigned int i = 0; i < 4; i++)
		close(irq[i]);
	close(mem);
}

/* T01: nothing of the last client is left, the next one is served. */
static void test_reconnect(void **state)
{
	struct rig *rig = *state;
	unsigned int fds = rig_open_fds(), maps = rig_mappings();
	struct leat_server_stats stats;

	for (int round = 0; round < 3; round++) {
		unsigned int infos = rig->infos;

		rig_start(rig);
		use_much(rig);
		rig_write32(rig, 0, RIG_SCRATCH, 42);
		leat_server_stats(rig->srv, &stats);
		assert_int_equal(stats.maps, 3);
		assert_true(stats.connected);
		rig_disconnect(rig);
		assert_int_equal(rig_open_fds(), fds);
		assert_int_equal(rig_mappings(), maps);
		assert_int_equal(rig->infos, infos + 2);	/* it came, it left */
		leat_server_stats(rig->srv, &stats);
		assert_int_equal(stats.maps, 0);
		assert_false(stats.connected);
		assert_int_equal(rig->model->mdev.ndma, 0);
		assert_int_equal(rig->model->scratch, 0);
	}
}

/* T02: it leaves before its answer, and before its command is whole. */
static void test_vanish(void **state)
{
	const struct vfu_dma_map req = { .argsz = sizeof(req), .flags = RW, .size = 4096 };
	struct rig *rig = *state;
	unsigned int fds = rig_open_fds(), maps = rig_mappings();
	int mem = rig_memfd(4096);

	rig_start(rig);
	rig_send(rig, 1, VFU_DMA_MAP, 0, &req, sizeof(req), &mem, 1);
	rig_disconnect(rig);
	rig_start(rig);
	rig_send_raw(rig, "\1\0\2\0\60\0\0\0", 8, &mem, 1);
	rig_step(rig);
	rig_disconnect(rig);
	close(mem);
	assert_int_equal(rig_open_fds(), fds);
	assert_int_equal(rig_mappings(), maps);
	assert_int_equal(rig->model->mdev.ndma, 0);
}

/* A second client waits until the first has left, and costs no wake-ups meanwhile. */
static void test_second_waits(void **state)
{
	struct rig *rig = *state, second = *rig;
	struct pollfd p = { .fd = leat_server_fd(rig->srv), .events = POLLIN };
	const struct vfu_version ver = { 0, 0 };

	rig_start(rig);
	rig_connect(&second);
	rig_send(&second, 1, VFU_VERSION, 0, &ver, sizeof(ver), NULL, 0);
	rig_step(rig);
	rig_receive_nothing(&second);
	assert_int_equal(poll(&p, 1, 0), 0);
	rig_check_alive(rig);
	rig_disconnect(rig);
	assert_int_equal(rig_receive(&second)->hdr.flags, VFU_HDR_REPLY);
	rig_disconnect(&second);
}

/* A driver killed in the middle of its work; the next attempt is served at once. */
static void test_killed(void **state)
{
	struct rig *rig = *state;
	unsigned int maps = rig_mappings();
	const struct vfu_version ver = { 0, 0 };
	const struct vfu_dma_map map = { .argsz = sizeof(map), .flags = RW, .size = 4096 };
	int mem = rig_memfd(4096), ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		rig_connect(rig);
		rig_send(rig, 1, VFU_VERSION, 0, &ver, sizeof(ver), NULL, 0);
		rig_send(rig, 2, VFU_DMA_MAP, 0, &map, sizeof(map), &mem, 1);
		if (write(ready[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	rig_step(rig);
	assert_int_equal(rig_mappings(), maps + 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	rig_start(rig);
	assert_int_equal(rig_mappings(), maps);
	rig_check_alive(rig);
	rig_disconnect(rig);
	close(mem);
	close(ready[0]);
	close(ready[1]);
}

/* The descriptor says when there is work, a silent death included. */
static void test_fd(void **state)
{
	struct rig *rig = *state;
	struct pollfd p = { .fd = leat_server_fd(rig->srv), .events = POLLIN };

	assert_int_equal(poll(&p, 1, 0), 0);
	rig_connect(rig);
	assert_int_equal(poll(&p, 1, 0), 1);
	rig_negotiate(rig, NULL);
	assert_int_equal(poll(&p, 1, 0), 0);
	rig_post32(rig, 0, RIG_LOG, 1);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(leat_server_poll(rig->srv), 1);
	assert_int_equal(leat_server_poll(rig->srv), 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	close(dup(rig->sock));
	shutdown(rig->sock, SHUT_RDWR);
	assert_int_equal(poll(&p, 1, 0), 1);
	rig_disconnect(rig);
	assert_int_equal(poll(&p, 1, 0), 0);
}

/* T29: many posted writes at once: all applied, in order, one answer. */
static void test_posted_burst(void **state)
{
	enum { n = 65536 / 36 };
	static struct {
		struct vfu_hdr hdr;
		uint8_t body[20];
	} burst[n];
	const struct vfu_region_access log = { RIG_LOG, 0, 4 }, last = { RIG_SCRATCH, 0, 4 };
	struct rig *rig = *state;

	for (uint32_t i = 0; i < n; i++) {
		burst[i].hdr = (struct vfu_hdr){ .cmd = VFU_REGION_WRITE, .size = sizeof(burst[i]),
						 .flags = VFU_HDR_NO_REPLY };
		memcpy(burst[i].body, &log, sizeof(log));
		memcpy(burst[i].body + sizeof(log), &i, sizeof(i));
	}
	rig_start(rig);
	rig_send_raw(rig, burst, sizeof(burst), NULL, 0);
	rig_send(rig, 9, VFU_REGION_READ, 0, &last, sizeof(last), NULL, 0);
	rig_step(rig);
	assert_int_equal(rig_receive(rig)->hdr.id, 9);
	rig_receive_nothing(rig);
	assert_int_equal(rig->model->logged, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(rig->model->log[i], i);
	rig_disconnect(rig);
}

/* Fill both directions: reads that the client does not collect. Returns how many. */
static unsigned int send_until_full(struct rig *rig)
{
	struct {
		struct vfu_hdr hdr;
		struct vfu_region_access req;
	} msg = {
		{ .cmd = VFU_REGION_READ, .size = sizeof(msg) }, { .region = 7, .count = 4096 },
	};
	unsigned int n = 0;

	for (; send(rig->sock, &msg, sizeof(msg), MSG_NOSIGNAL) == sizeof(msg); n++) {
		msg.hdr.id++;
		rig_step(rig);
	}
	assert_int_equal(errno, EAGAIN);
	return n;
}

/* A client that does not read its answers is not answered further, and loses none. */
static void test_slow_reader(void **state)
{
	struct rig *rig = *state;
	struct pollfd p = { .fd = leat_server_fd(rig->srv), .events = POLLIN };
	unsigned int n;

	rig_start(rig);
	n = send_until_full(rig);
	assert_int_equal(poll(&p, 1, 0), 0);	/* no busy loop while it is full */
	for (unsigned int i = 0; i < n; i++) {
		int r;

		leat_vfu_rx_next(&rig->rx);
		while ((r = leat_vfu_rx_feed(&rig->rx, rig->sock)) == 0)
			assert_int_not_equal(leat_server_poll(rig->srv) + poll(&p, 1, 0), 0);
		assert_int_equal(r, 1);
		assert_int_equal(rig->rx.msg.hdr.id, i & 0xffff);
		assert_int_equal(rig->rx.msg.len, 16 + 4096);
	}
	rig_step(rig);
	rig_receive_nothing(rig);
	rig_check_alive(rig);
	rig_disconnect(rig);

	rig_start(rig);
	send_until_full(rig);
	rig_disconnect(rig);			/* and one that gives up */
	rig_start(rig);
	rig_disconnect(rig);
}

static struct rig *sigbus_rig;

static void on_sigbus(int sig, siginfo_t *info, void *arg)
{
	(void)sig;
	(void)arg;
	if (!leat_server_sigbus(sigbus_rig->srv, info->si_addr))
		_exit(1);
}

/* The client takes its memory away: the model reads zeros, the client is dropped. */
static void test_shrunk_memory(void **state)
{
	struct sigaction old, sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	struct rig *rig = *state;
	unsigned int maps = rig_mappings(), warnings = rig->warnings, errors = rig->errors;
	int mem = rig_memfd(65536);
	char buf[8] = "before";

	sigbus_rig = rig;
	assert_int_equal(sigaction(SIGBUS, &sa, &old), 0);
	rig_start(rig);
	assert_int_equal(rig_dma_map(rig, 0x10000, 65536, RW, 0, mem), 0);
	assert_int_equal(ftruncate(mem, 0), 0);
	assert_int_equal(leat_mdev_read(&rig->model->mdev, 0x18000, buf, 8), 0);
	assert_memory_equal(buf, "\0\0\0\0\0\0\0", 8);
	leat_mdev_log(&rig->model->mdev, LEAT_LOG_ERROR, "the driver writes zeros");
	rig_step(rig);
	rig_receive_hangup(rig);
	assert_int_equal(rig->warnings, warnings + 1);
	assert_int_equal(rig->errors, errors);		/* the cause is said, and once */
	rig_disconnect(rig);
	assert_int_equal(rig_mappings(), maps);
	assert_int_equal(leat_server_sigbus(rig->srv, buf), 0);
	assert_int_equal(sigaction(SIGBUS, &old, NULL), 0);
	close(mem);
}

/* Descriptors run out while a message brings some: that command fails, no more. */
static void test_out_of_fds(void **state)
{
	const struct vfu_dma_map req = { .argsz = sizeof(req), .flags = RW, .size = 4096 };
	struct rig *rig = *state;
	int mem = rig_memfd(4096);
	struct rlimit old, low;
	int lowest_free;

	rig_start(rig);
	rig_step(rig);
	rig_send(rig, 1, VFU_DMA_MAP, 0, &req, sizeof(req), &mem, 1);
	lowest_free = dup(mem);
	close(lowest_free);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)lowest_free;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	rig_step(rig);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	close(mem);
	assert_int_equal(rig_receive(rig)->hdr.error, EINVAL);
	rig_check_alive(rig);
	rig_disconnect(rig);
}

/* ---- the socket file ---- */

static int open_at(struct rig *rig, const char *path, char *error)
{
	struct leat_server_config cfg = { .path = path, .model = &rig_model };
	struct leat_server *srv = NULL;
	int err = leat_server_open(&cfg, &srv);

	strcpy(error, cfg.error);
	assert_int_equal(err == 0, srv != NULL);
	assert_int_equal(err == 0, error[0] == '\0');
	leat_server_close(srv);
	(void)rig;
	return err;
}

static void test_socket_file(void **state)
{
	struct rig *rig = *state;
	unsigned int fds = rig_open_fds();
	char path[160], error[LEAT_ERROR_LEN];
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int sock;

	/* Somebody answers: the probe does not disturb him. */
	assert_int_equal(open_at(rig, rig->path, error), -EADDRINUSE);
	assert_non_null(strstr(error, "another server answers"));
	rig_step(rig);
	rig_start(rig);
	rig_disconnect(rig);

	/* Left behind by a server that was killed. */
	snprintf(path, sizeof(path), "%s/stale", rig->dir);
	strcpy(addr.sun_path, path);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(sock);
	assert_int_equal(open_at(rig, path, error), 0);
	assert_int_equal(stat(path, &st), -1);

	/* Something else is left alone. */
	snprintf(path, sizeof(path), "%s/file", rig->dir);
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(open_at(rig, path, error), -EEXIST);
	assert_non_null(strstr(error, "no socket"));
	assert_int_equal(unlink(path), 0);

	snprintf(path, sizeof(path), "%s/none/nic.sock", rig->dir);
	assert_int_equal(open_at(rig, path, error), -ENOENT);
	memset(path, 'x', 120);
	path[120] = '\0';
	assert_int_equal(open_at(rig, path, error), -ENAMETOOLONG);
	assert_int_equal(open_at(rig, "", error), -EINVAL);
	assert_int_equal(rig_open_fds(), fds);
}

/* A server whose file was replaced by another's leaves that one alone. */
static void test_foreign_file(void **state)
{
	struct rig *rig = *state;
	struct leat_server_config cfg = { .model = &rig_model };
	struct leat_server *a, *b;
	char path[160];
	struct stat st;

	snprintf(path, sizeof(path), "%s/two", rig->dir);
	cfg.path = path;
	assert_int_equal(leat_server_open(&cfg, &a), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(leat_server_open(&cfg, &b), 0);
	leat_server_close(a);
	assert_int_equal(stat(path, &st), 0);
	leat_server_close(b);
	assert_int_equal(stat(path, &st), -1);
}

/* What the model does not like is said, and nothing is left behind. */
static void test_bad_option(void **state)
{
	const struct leat_model_opt opts[] = { { "speed", "11" }, { NULL, NULL } };
	struct rig *rig = *state;
	struct leat_server_config cfg = { .model = &rig_model, .opts = opts };
	unsigned int fds = rig_open_fds();
	struct leat_server *srv;
	char path[160];
	struct stat st;

	snprintf(path, sizeof(path), "%s/bad", rig->dir);
	cfg.path = path;
	assert_int_equal(leat_server_open(&cfg, &srv), -EINVAL);
	assert_non_null(strstr(cfg.error, "speed: no such option"));
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(rig_open_fds(), fds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reconnect),
		cmocka_unit_test(test_vanish),
		cmocka_unit_test(test_second_waits),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_fd),
		cmocka_unit_test(test_posted_burst),
		cmocka_unit_test(test_slow_reader),
		cmocka_unit_test(test_shrunk_memory),
		cmocka_unit_test(test_out_of_fds),
		cmocka_unit_test(test_socket_file),
		cmocka_unit_test(test_foreign_file),
		cmocka_unit_test(test_bad_option),
	};

	return cmocka_run_group_tests_name("bus/vfio_user/server: clients", tests, rig_setup,
					   rig_teardown);
}
