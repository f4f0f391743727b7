// SPDX-License-Identifier: BSD-3-Clause
/*
 * fwd.c - leat-fwd: forward between pairs of ports, both ways.
 *
 * The README's example grown up, and the best introduction to the API: read
 * move(), then main(). Workers poll, and sleep when there is nothing if --idle says
 * so; the main thread sleeps, looks after control events, prints a line a second.
 *
 * What a port does not take at once is kept and offered again, and meanwhile
 * less is received: the far end feels the pressure and no packet is lost.
 */
#include "plan.h"

#include "apps/common/cli.h"

#include <leat/leat.h>
#include <leat/models.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Without packets for so long a worker offers its CPU to other processes: soon where
 * there is one CPU only and the other end takes turns with us on it; otherwise late, for
 * who lets go of a CPU that others want waits longer for it than for the next packet.
 */
#define SPIN_NS	      5000000
#define SPIN_NS_ALONE 10000

/* The data path: up to a burst in, as much as goes out. Returns the packets given on. */
static unsigned int move(struct stage *s, unsigned int burst)
{
	uint16_t room = (uint16_t)(burst - s->held), given;

	if (s->rx)
		s->held = (uint16_t)(s->held + leat_rx(s->rx, s->pkts + s->held, room));
	else if (s->from)
		s->held = (uint16_t)(s->held + leat_spsc_pop(s->from, (void **)(s->pkts + s->held), room));
	if (!s->held)
		return 0;

	if (s->to) {
		given = (uint16_t)leat_spsc_push(s->to, (void **)s->pkts, s->held);
		if (s->wake)
			leat_sleeper_wake(s->wake);
	} else if (!s->out || leat_port_gone(s->out)) {
		report_drop(s->drops, s->pkts, s->held, s->cache);
		given = s->held;
	} else {
		given = leat_tx(s->tx, s->pkts, s->held);
	}
	s->held = (uint16_t)(s->held - given);
	if (s->held)
		memmove(s->pkts, s->pkts + given, s->held * sizeof(s->pkts[0]));
	return given;
}

static void offer_cpu(struct lane *lane)
{
	if (!lane->idle_since)
		lane->idle_since = leat_now_ns();
	else if (leat_now_ns() - lane->idle_since > lane->fwd->spin)
		sched_yield();
}

/* Whose far end takes nothing now: nobody tells when it does again. */
static bool holds_packets(const struct lane *lane)
{
	for (unsigned int i = 0; i < lane->nstages; i++)
		if (lane->stage[i].held)
			return true;
	return false;
}

/* A round. False: there was nothing to do. */
static bool poll_stages(struct lane *lane)
{
	unsigned int burst = lane->fwd->opt.burst, moved = 0;
	uint64_t now;

	for (unsigned int i = 0; i < lane->nstages; i++)
		moved += move(&lane->stage[i], burst);
	now = leat_cycles();
	if (moved) {
		leat_store_relaxed(&lane->work->busy, lane->work->busy + now - lane->last);
		leat_store_relaxed(&lane->work->moved, lane->work->moved + moved);
		leat_store_relaxed(&lane->work->rounds, lane->work->rounds + 1);
		lane->idle_since = 0;
	} else {
		offer_cpu(lane);
	}
	lane->last = now;
	return moved || holds_packets(lane);
}

static void poll_on(struct leat_worker *w, void *arg)
{
	struct lane *lane = arg;

	lane->last = leat_cycles();
	while (!leat_worker_stopping(w))
		poll_stages(lane);
}

static void poll_or_sleep(struct leat_worker *w, void *arg)
{
	struct lane *lane = arg;
	struct leat_sleeper *s = lane->sleeper;

	if (leat_sleeper_watch(s, leat_worker_fd(w))) {
		poll_on(w, arg);	/* could not be woken for the end */
		return;
	}
	while (!leat_worker_stopping(w)) {
		lane->last = leat_cycles();
		if (leat_sleeper_arm(s, poll_stages(lane)))
			leat_sleeper_wait(s, poll_stages(lane));
		leat_store_relaxed(&lane->work->naps, leat_sleeper_naps(s));
	}
}

static unsigned int index_of(const struct fwd *f, const struct leat_port *port)
{
	unsigned int i = 0;

	while (f->port[i] != port)
		i++;
	return i;
}

/* The device broke its rules: begin anew, while no worker looks at its queues. */
static int restart(struct fwd *f, struct leat_port *port)
{
	int err;

	plan_pause(f);
	leat_port_stop(port);
	err = leat_port_start(port);
	plan_resume(f);
	return err;
}

/* A port cannot be closed from here: tend() does. */
static void on_event(void *arg, struct leat_port *port, enum leat_event event)
{
	struct fwd *f = arg;
	unsigned int i = index_of(f, port);
	struct leat_link link;

	switch (event) {
	case LEAT_EVENT_LINK:
		leat_port_link(port, &link);
		fprintf(stderr, "leat-fwd: %s: link %s\n", leat_port_name(port),
			link.up ? "up" : "down");
		break;
	case LEAT_EVENT_ANNOUNCE:	/* a wire has no address of its own to announce */
		fprintf(stderr, "leat-fwd: %s: asked to announce itself\n", leat_port_name(port));
		break;
	case LEAT_EVENT_ERROR:
		f->lost[i] |= restart(f, port) != 0;
		if (!f->lost[i])
			f->past[i].restarts++;
		break;
	case LEAT_EVENT_REMOVAL:
	case LEAT_EVENT_GONE:
		f->lost[i] = true;
		break;
	}
}

/* Give up the ports that events said are lost: who wants a device back waits for us. */
static void tend(struct fwd *f)
{
	for (unsigned int i = 0; i < f->opt.nports; i++) {
		if (!f->lost[i])
			continue;
		f->lost[i] = false;
		plan_lose(f, i);
		fprintf(stderr, "leat-fwd: port %u closed%s\n", i,
			f->opt.reopen ? "; to be opened again when its device is back" : "");
	}
}

/* Whether the lost ones are back; that they are not is no news. */
static void look_for_lost(struct fwd *f)
{
	for (unsigned int i = 0; i < f->opt.nports; i++) {
		if (f->port[i])
			continue;
		f->quiet = true;
		if (!plan_regain(f, i))
			fprintf(stderr, "leat-fwd: port %u open again: %s\n", i, f->opt.addr[i]);
		f->quiet = false;
	}
}

static void on_log(void *arg, enum leat_log_level level, const char *message)
{
	const struct fwd *f = arg;

	(void)level;
	if (!f->quiet)
		fprintf(stderr, "leat-fwd: %s\n", message);
}

static int start_workers(struct fwd *f)
{
	int err = 0;

	f->spin = leat_cpus_allowed(NULL, 0) == 1 ? SPIN_NS_ALONE : SPIN_NS;
	for (unsigned int i = 0; !err && i < f->opt.nworkers; i++) {
		struct lane *lane = &f->lane[i];

		lane->fwd = f;
		lane->work = &f->work[i];
		err = leat_worker_start(f->ctx, &(struct leat_worker_config){
			.cpu = f->opt.cpu[i], .node = LEAT_NODE(f->opt.node),
			.run = lane->sleeper ? poll_or_sleep : poll_on, .arg = lane }, &lane->worker);
	}
	return err;
}

static void stop_workers(struct fwd *f)
{
	for (unsigned int i = 0; i < f->opt.nworkers; i++) {
		leat_worker_stop(f->lane[i].worker);
		f->lane[i].worker = NULL;
	}
}

/* Once a second. False: the time is over. */
static bool every_second(struct fwd *f, struct report *report)
{
	report_line(report);
	if (f->opt.reopen)
		look_for_lost(f);
	return report->lines != f->opt.seconds;
}

/* Until a signal, the end of the time, or the last port's. */
static int watch(struct fwd *f, int signals)
{
	struct report report = { .port = f->port, .nports = f->opt.nports,
				 .past = f->past, .drops = f->drops,
				 .work = f->work, .nworkers = f->opt.nworkers };
	struct pollfd fds[] = { { .fd = signals, .events = POLLIN },
				{ .fd = leat_ctx_fd(f->ctx), .events = POLLIN } };
	uint64_t next;

	report_start(&report);
	next = report.start_ns + 1000000000;
	while (!(fds[0].revents & POLLIN) && (f->nopen || f->opt.reopen)) {
		int64_t left = (int64_t)(next - leat_now_ns());

		if (left <= 0) {
			if (!every_second(f, &report))
				break;
			next += 1000000000;
			continue;
		}
		poll(fds, LEAT_ARRAY_LEN(fds), (int)(left / 1000000) + 1);
		leat_ctx_poll(f->ctx);
		tend(f);
	}
	stop_workers(f);
	plan_drain(f);
	report_summary(&report);
	return f->nopen ? 0 : -ENODEV;
}

static struct fwd self;

/* A peer shrank memory that it had given us: that port is gone, the others go on. */
static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (!self.ctx || !leat_sigbus(self.ctx, info->si_addr))
		signal(sig, SIG_DFL);
}

int main(int argc, char **argv)
{
	const struct sigaction sigbus = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };
	struct leat_ctx_config cfg = { .drivers = leat_drivers, .models = leat_models,
				       .log = on_log, .log_arg = &self,
				       .log_level = LEAT_LOG_INFO };
	int signals = cli_signals();
	int err;

	sigaction(SIGBUS, &sigbus, NULL);
	options_parse(&self.opt, argc, argv);
	cfg.page_size = self.opt.page_size;
	cfg.iova = cli_iova(self.opt.addr, self.opt.nports);
	err = leat_ctx_open(&cfg, &self.ctx);
	if (!err)
		err = plan_open(&self, on_event);
	if (!err)
		err = plan_connect(&self);
	if (!err)
		err = start_workers(&self);
	if (!err)
		err = watch(&self, signals);
	stop_workers(&self);
	plan_close(&self);
	close(signals);
	return err ? 1 : 0;
}
