// SPDX-License-Identifier: BSD-3-Clause
/*
 * nics.c - how long the first frame after a silence takes through a forwarder.
 *
 *	bench-idle CPU PATH_A PATH_B COUNT SILENCE_MS	two NICs; frames go into A, and come out of B
 *	bench-idle CPU wake OTHER_CPU COUNT SILENCE_MS	a thread on OTHER_CPU that sleeps on an eventfd
 *
 * The NICs are polled by this thread, as leat-nicd does: what is measured begins when the
 * frame is on A's wire and ends when it is on B's. Prints microseconds; "raise" is the part
 * until A's frame is delivered and its interrupt has been signalled.
 */
#include <leat/leat.h>
#include <leat/models.h>
#include <leat/server.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MOST	   1000
#define AWAKE_NS   UINT64_C(5000000)
#define GIVE_UP_MS 20000
#define SETTLE_MS  1000		/* until the forwarder has opened both and polls */

struct end {
	struct leat_wire wire;
	struct leat_server *srv;
	bool		due;		/* a frame is to go in */
	bool		out;		/* one came out */
	bool		there;		/* a driver */
};

static struct end *end_of(struct leat_wire *w)
{
	return LEAT_CONTAINER_OF(w, struct end, wire);
}

static unsigned int end_send(struct leat_wire *w, const struct leat_frame *frames, unsigned int n)
{
	(void)frames;
	end_of(w)->out = true;
	return n;
}

static unsigned int end_poll(struct leat_wire *w)
{
	static const char bytes[60] = "\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x88\xb5";
	const struct leat_frame frame = { .data = bytes, .len = sizeof(bytes) };

	if (!end_of(w)->due || !leat_wire_deliver(w, &frame, 1))
		return 0;
	end_of(w)->due = false;
	return 1;
}

static void end_attached(struct leat_wire *w, bool yes)
{
	end_of(w)->there = yes;
}

static void end_close(struct leat_wire *w)
{
	(void)w;
}

static const struct leat_wire_ops end_ops = {
	.name = "bench", .send = end_send, .poll = end_poll, .attached = end_attached,
	.close = end_close,
};

static void serve(struct end *end, const char *path)
{
	struct leat_server_config cfg = { .path = path, .model = &leat_model_virtio_net,
					  .wire = &end->wire };

	end->wire.ops = &end_ops;
	if (!leat_server_open(&cfg, &end->srv))
		return;
	fprintf(stderr, "bench-idle: %s\n", cfg.error);
	exit(1);
}

static void look(struct end *end)
{
	leat_server_poll(end[0].srv);
	leat_server_poll(end[1].srv);
}

static void step(struct end *end)
{
	leat_mdev_step(leat_server_mdev(end[0].srv));
	leat_mdev_step(leat_server_mdev(end[1].srv));
}

/* Nothing, and a moment of polling at the end, in which this CPU wakes up itself. */
static void silence(struct end *end, uint64_t ms)
{
	uint64_t until = leat_now_ns() + ms * 1000000;

	while (leat_now_ns() + AWAKE_NS < until) {
		look(end);
		usleep(1000);
	}
	while (leat_now_ns() < until) {
		look(end);
		step(end);
	}
}

static void until_driven(struct end *end)
{
	for (int i = 0; !end[0].there || !end[1].there; i++) {
		if (i == GIVE_UP_MS) {
			fprintf(stderr, "bench-idle: no driver has come\n");
			exit(1);
		}
		look(end);
		step(end);
		usleep(1000);
	}
}

/* The frame that went into A at @start comes out of B. */
static void until_out(struct end *end, uint64_t start)
{
	while (!end[1].out) {
		step(end);
		if (leat_now_ns() - start > GIVE_UP_MS * UINT64_C(1000000)) {
			fprintf(stderr, "bench-idle: a frame did not come out\n");
			exit(1);
		}
	}
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print(const char *what, uint64_t *ns, unsigned int n)
{
	qsort(ns, n, sizeof(*ns), by_value);
	printf("%s median=%.1f min=%.1f p90=%.1f max=%.1f us\n", what, (double)ns[n / 2] / 1e3,
	       (double)ns[0] / 1e3, (double)ns[n * 9 / 10] / 1e3, (double)ns[n - 1] / 1e3);
}

static void through_forwarder(const char *path_a, const char *path_b, unsigned int n, uint64_t ms)
{
	static uint64_t total[MOST], raise[MOST];
	struct end end[2] = { { .due = false } };

	serve(&end[0], path_a);
	serve(&end[1], path_b);
	until_driven(end);
	silence(end, SETTLE_MS);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t start;

		silence(end, ms);
		end[1].out = false;
		end[0].due = true;
		start = leat_now_ns();
		do
			leat_mdev_step(leat_server_mdev(end[0].srv));
		while (end[0].due);
		raise[i] = leat_now_ns() - start;
		until_out(end, start);
		total[i] = leat_now_ns() - start;
	}
	print("first frame", total, n);
	print("raise", raise, n);
	leat_server_close(end[0].srv);
	leat_server_close(end[1].srv);
}

/* ---- the kernel alone ---- */

struct sleeper {
	int		cpu, fd, epfd;
	uint64_t	woke;		/* ns */
};

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *sleep_on(void *arg)
{
	struct sleeper *s = arg;
	struct epoll_event ev;
	uint64_t count;

	pin(s->cpu);
	for (;;) {
		if (epoll_wait(s->epfd, &ev, 1, -1) == 1)
			leat_store_release(&s->woke, leat_now_ns());
		if (read(s->fd, &count, sizeof(count)) != sizeof(count))
			return NULL;
	}
}

static void through_kernel(int cpu, unsigned int n, uint64_t ms)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct sleeper s = { .cpu = cpu, .fd = eventfd(0, 0), .epfd = epoll_create1(0) };
	static uint64_t total[MOST], raise[MOST];
	const uint64_t one = 1;
	pthread_t thread;

	epoll_ctl(s.epfd, EPOLL_CTL_ADD, s.fd, &ev);
	pthread_create(&thread, NULL, sleep_on, &s);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t until = leat_now_ns() + ms * 1000000, start;

		usleep((useconds_t)(ms * 1000 - AWAKE_NS / 1000));
		while (leat_now_ns() < until)
			leat_pause();
		leat_store_relaxed(&s.woke, 0);
		start = leat_now_ns();
		if (write(s.fd, &one, sizeof(one)) != sizeof(one))
			exit(1);
		raise[i] = leat_now_ns() - start;
		while (!leat_load_acquire(&s.woke))
			leat_pause();
		total[i] = s.woke - start;
	}
	print("first frame", total, n);
	print("raise", raise, n);
}

int main(int argc, char **argv)
{
	unsigned long n = argc == 6 ? strtoul(argv[4], NULL, 10) : 0;
	uint64_t ms = argc == 6 ? strtoul(argv[5], NULL, 10) : 0;

	if (n < 1 || n > MOST || ms < 10) {
		fprintf(stderr, "usage: bench-idle CPU PATH_A|wake PATH_B|CPU COUNT SILENCE_MS\n"
			"COUNT: at most %d; SILENCE_MS: at least 10\n", MOST);
		return 2;
	}
	pin(atoi(argv[1]));
	if (strcmp(argv[2], "wake") == 0)
		through_kernel(atoi(argv[3]), (unsigned int)n, ms);
	else
		through_forwarder(argv[2], argv[3], (unsigned int)n, ms);
	return 0;
}
