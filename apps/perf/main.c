// SPDX-License-Identifier: BSD-3-Clause
/*
 * main.c - leat-perf: how fast packets move, and what of a CPU that takes.
 *
 * Workers poll; the main thread sleeps, looks after control events, and prints. Cycles are
 * counted from the end of one poll to the end of the next, if that one did something: the
 * loop itself is in the figure, waiting for packets is not.
 */
#include "gen.h"
#include "perf.h"
#include "report.h"

#include "apps/common/cli.h"

#include <leat/models.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define IDLE_NS 5000000		/* without packets for so long, others may have the CPU */

static LEAT_COLD void first_packets(struct lane *lane)
{
	leat_store_relaxed(&lane->first_ns, leat_now_ns());
}

static void count(struct lane *lane, uint64_t cycles)
{
	leat_store_relaxed(&lane->busy, lane->busy + cycles);
	leat_store_relaxed(&lane->polls, lane->polls + 1);
	if (LEAT_UNLIKELY(!lane->first_ns))
		first_packets(lane);
}

static void offer_cpu(uint64_t *idle_since)
{
	if (!*idle_since)
		*idle_since = leat_now_ns();
	else if (leat_now_ns() - *idle_since > IDLE_NS)
		sched_yield();
}

static void poll_on(struct leat_worker *w, void *arg)
{
	struct lane *lane = arg;
	uint64_t last = leat_cycles(), idle_since = 0;

	while (!leat_worker_stopping(w)) {
		bool moved = false;

		for (unsigned int i = 0; i < lane->nstreams; i++) {
			bool busy = lane->run(&lane->stream[i]);
			uint64_t now = leat_cycles();

			if (busy)
				count(lane, now - last);
			moved |= busy;
			last = now;
		}
		if (moved)
			idle_since = 0;
		else
			offer_cpu(&idle_since);
	}
}

static int start_workers(struct perf *p)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < p->nlanes; i++)
		err = leat_worker_start(p->ctx, &(struct leat_worker_config){
			.cpu = p->opt.cpu[i], .node = LEAT_NODE(p->opt.node),
			.run = poll_on, .arg = &p->lane[i] }, &p->lane[i].worker);
	return err;
}

static void stop_workers(struct perf *p)
{
	for (unsigned int i = 0; i < p->nlanes; i++) {
		leat_worker_stop(p->lane[i].worker);
		p->lane[i].worker = NULL;
	}
}

/* The device broke its rules: begin anew, while no worker looks at its queues. */
static int restart(struct perf *p, struct leat_port *port)
{
	int err;

	for (unsigned int i = 0; i < p->nlanes; i++)
		leat_worker_pause(p->lane[i].worker);
	leat_port_stop(port);
	err = leat_port_start(port);
	for (unsigned int i = 0; i < p->nlanes; i++)
		leat_worker_resume(p->lane[i].worker);
	return err;
}

static void on_event(void *arg, struct leat_port *port, enum leat_event event)
{
	struct perf *p = arg;
	struct leat_link link;

	switch (event) {
	case LEAT_EVENT_LINK:
		leat_port_link(port, &link);
		fprintf(stderr, "leat-perf: %s: link %s\n", leat_port_name(port),
			link.up ? "up" : "down");
		break;
	case LEAT_EVENT_ANNOUNCE:
		break;
	case LEAT_EVENT_ERROR:
		p->lost += restart(p, port) != 0;
		break;
	case LEAT_EVENT_REMOVAL:
	case LEAT_EVENT_GONE:
		p->lost++;
		break;
	}
}

static void on_log(void *arg, enum leat_log_level level, const char *message)
{
	(void)arg;
	(void)level;
	fprintf(stderr, "leat-perf: %s\n", message);
}

/* --tx-first: a burst on each queue, while no worker runs. */
static void send_first(struct perf *p)
{
	for (unsigned int k = 0; k < p->nstreams; k++) {
		struct stream *s = &p->streams[k];

		uint16_t sent;

		if (!gen_make(s))
			continue;
		sent = leat_tx(s->tx, s->pkts, s->held);
		leat_drop(s->tx, s->pkts + sent, (uint16_t)(s->held - sent));
		s->held = 0;
	}
}

/* Until a signal, the end of the time, or the loss of a port. */
static int watch(struct perf *p, struct report *report, int signals)
{
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN },
				{ .fd = leat_ctx_fd(p->ctx), .events = POLLIN } };
	const uint64_t period = p->opt.period * UINT64_C(1000000000);
	uint64_t next = period ? report->run_ns + period : UINT64_MAX;
	uint64_t end = p->opt.seconds ? report->run_ns + p->opt.seconds * UINT64_C(1000000000) :
					UINT64_MAX;

	while (!(fds[0].revents & POLLIN) && !p->lost) {
		uint64_t now = leat_now_ns(), until = LEAT_MIN(next, end);

		if (now >= end)
			break;
		if (now >= next) {
			report_stats(report);
			next += period;
			continue;
		}
		poll(fds, LEAT_ARRAY_LEN(fds), (int)LEAT_MIN((until - now) / 1000000 + 1, 1000u));
		leat_ctx_poll(p->ctx);
	}
	return p->lost ? -ENODEV : 0;
}

static int measure(struct perf *p, int signals, uint64_t start_ns)
{
	struct report report;
	int err, said;

	report_start(&report, p, start_ns);
	if (p->opt.tx_first)
		send_first(p);
	err = start_workers(p);
	if (!err)
		err = watch(p, &report, signals);
	stop_workers(p);
	plan_drain(p);
	said = report_summary(&report);
	return err ? err : said;
}

static struct perf self;

/* A peer shrank memory that it had given us: that port is gone. */
static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (!self.ctx || !leat_sigbus(self.ctx, info->si_addr))
		signal(sig, SIG_DFL);
}

int main(int argc, char **argv)
{
	const uint64_t start_ns = leat_now_ns();
	const struct sigaction sigbus = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	struct leat_ctx_config cfg = { .drivers = leat_drivers, .models = leat_models,
				       .log = on_log, .log_level = LEAT_LOG_INFO };
	int signals = cli_signals();
	int err;

	sigaction(SIGBUS, &sigbus, NULL);
	options_parse(&self.opt, argc, argv);
	cfg.iova = cli_iova(self.opt.addr, self.opt.nports);
	err = leat_ctx_open(&cfg, &self.ctx);
	if (!err)
		err = plan_open(&self, on_event);
	if (!err)
		err = measure(&self, signals, start_ns);
	plan_close(&self);
	close(signals);
	return err ? 1 : 0;
}
