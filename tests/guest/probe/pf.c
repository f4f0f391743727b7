// SPDX-License-Identifier: BSD-3-Clause
/*
 * pf.c - probe-pf ADDRESS...: drives physical functions while others use their virtual ones, until
 * it is told to end (SIGTERM). A port that asks for it is stopped and started; SIGUSR1 has all of
 * them stopped, SIGUSR2 started. What comes is thrown away, and counted.
 */
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "check.h"

#define PORTS_MAX 4
#define NAP_NS	  1000000

static struct ear ear;
static volatile sig_atomic_t ended, stopped;

static void on_signal(int sig)
{
	ended |= sig == SIGTERM;
	stopped = sig == SIGUSR1;
}

static void start(struct leat_port *port)
{
	int err = leat_port_start(port);

	printf("%s: %s\n", leat_port_name(port), err ? ear.error : "started");
}

static void on_event(void *arg, struct leat_port *port, enum leat_event event)
{
	(void)arg;
	if (event != LEAT_EVENT_ERROR || stopped)
		return;
	leat_port_stop(port);
	start(port);
}

static void throw_away(struct leat_port *port)
{
	struct leat_rxq *q = leat_port_rxq(port, 0);
	struct leat_pkt *pkts[32];

	leat_pkt_free_to(q->cache, pkts, leat_rx(q, pkts, 32));
}

/* All ports, as the signals say. */
static void follow(struct leat_port **ports, unsigned int n, bool *running)
{
	if (*running == !stopped)
		return;
	*running = !stopped;
	for (unsigned int i = 0; i < n; i++) {
		if (*running)
			start(ports[i]);
		else
			leat_port_stop(ports[i]);
	}
	if (!*running)
		printf("all are stopped\n");
}

int main(int argc, char **argv)
{
	const struct leat_port_config cfg = { .mtu = 9000, .event = on_event };
	const struct sigaction action = { .sa_handler = on_signal };
	const struct timespec nap = { .tv_nsec = NAP_NS };
	struct leat_port *ports[PORTS_MAX];
	unsigned int n = (unsigned int)argc - 1;
	struct leat_ctx *ctx;
	bool running = true;

	if (argc < 2 || n > PORTS_MAX) {
		fprintf(stderr, "usage: probe-pf ADDRESS...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	ear.loud = true;
	ctx = open_ctx(&ear, 32u << 20, false);
	for (unsigned int i = 0; i < n; i++)
		need(leat_port_open(ctx, argv[i + 1], &cfg, &ports[i]), ear.error, "%s opens", argv[i + 1]);
	printf("all are open\n");
	while (!ended) {
		follow(ports, n, &running);
		leat_ctx_poll(ctx);
		for (unsigned int i = 0; i < n && running; i++)
			throw_away(ports[i]);
		nanosleep(&nap, NULL);
	}
	for (unsigned int i = 0; i < n; i++)
		printf("%s: %llu packets came\n", leat_port_name(ports[i]),
		       (unsigned long long)leat_port_rxq(ports[i], 0)->packets);
	leat_ctx_close(ctx);
	return 0;
}
