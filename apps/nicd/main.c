// SPDX-License-Identifier: BSD-3-Clause
/*
 * main.c - leat-nicd, the emulated-NIC server: NICs that other programs drive
 * over vfio-user, each plugged into something. doc/leat-nicd.md.
 */
#include "gen.h"
#include "link.h"
#include "loop.h"
#include "nic.h"
#include "report.h"
#include "say.h"
#include "text.h"

#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <leat/worker.h>

#define EXIT_USAGE 2
#define NICS_MAX   64

enum { KEY_STATS = 256, KEY_UNTIL_DONE };

struct options {
	const char	*cpu;		/* NULL: wherever the process may run */
	uint64_t	seconds;
	bool		stats, quiet, until_done;
	char		**nics;
	int		nnics;
	bool		one_cpu;
};

struct nicd {
	struct nic	*nics;
	unsigned int	nnics;
	struct gen_net	gens;
	struct link_list links;
};

/* argp in the C library looks for it, so it must be seen from there. */
LEAT_API const char *argp_program_version = "leat-nicd " LEAT_VERSION;

static const struct argp_option option_table[] = {
	{ "cpu", 'c', "N", 0, "Run on CPU N", 0 },
	{ "seconds", 's', "N", 0, "End after N seconds", 0 },
	{ "until-done", KEY_UNTIL_DONE, NULL, 0,
	  "End when captures are replayed and generators have sent their count", 0 },
	{ "stats", KEY_STATS, NULL, 0, "A line of rates every second", 0 },
	{ "quiet", 'q', NULL, 0, "Only errors, warnings and the verdict", 0 },
	{ 0 },
};

static const char doc[] =
	"Emulated NICs, served over vfio-user sockets."
	"\vNIC is MODEL:SOCKET[,wire=WIRE][,key=value...], as in\n"
	"virtio-net:/run/a.sock,wire=link:x. WIRE is what the NIC is plugged into:\n"
	"  link:NAME           another NIC here with the same NAME\n"
	"  loop                itself: what is sent comes back\n"
	"  pcap:FILE           a capture, brought once; with ,pcap-loop for ever\n"
	"  pcap-out:FILE       a capture of what is sent; goes with pcap:\n"
	"                      wire=pcap:IN,wire=pcap-out:OUT\n"
	"  tap:IFNAME          a tap interface of this machine\n"
	"  gen[:KEY=VALUE...]  a generator and checker, as gen:size=64:rate=1000000\n"
	"                      size=N|N-M|imix  rate=N  count=N  mode=both|tx|rx\n"
	"                      flows=N  seed=N  key=N\n"
	"Without one the cable leads nowhere. Other keys are the model's.\n\n"
	"SIGUSR1 prints the counters. SIGTERM or SIGINT ends; the exit status is 1 when a "
	"generator's check found something missing or wrong.";

static void usage_number(struct argp_state *state, const char *name, const char *text,
			 uint64_t *out)
{
	if (text_number(text, 1, UINT32_MAX, out))
		argp_error(state, "--%s takes a number from 1 on, not '%s'", name, text);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'c':
		o->cpu = arg;
		return 0;
	case 's':
		usage_number(state, "seconds", arg, &o->seconds);
		return 0;
	case KEY_STATS:
		o->stats = true;
		return 0;
	case KEY_UNTIL_DONE:
		o->until_done = true;
		return 0;
	case 'q':
		o->quiet = true;
		return 0;
	case ARGP_KEY_ARGS:
		o->nics = state->argv + state->next;
		o->nnics = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no NIC given; it is MODEL:SOCKET[,wire=WIRE][,key=value...]");
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse_option,
	.args_doc = "NIC...",
	.doc = doc,
};

static int pin(const char *list)
{
	char why[LEAT_ERROR_LEN];
	cpu_set_t set;
	int cpu, n = leat_cpus_parse(list, &cpu, 1, why);

	if (n < 0)
		return say_fail(-EINVAL, "--cpu %s: %s", list, why);
	if (cpu >= CPU_SETSIZE)
		return say_fail(-EINVAL, "--cpu %s: no more than %d CPUs are known here", list,
				CPU_SETSIZE);
	CPU_ZERO(&set);
	CPU_SET((unsigned int)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		return say_fail(-errno, "--cpu %s: %s", list, strerror(errno));
	return 0;
}

static int parse_nics(struct nicd *d, const struct options *o)
{
	if (o->nnics > NICS_MAX)
		return say_fail(-EINVAL,
				"%d NICs are more than the %d that one leat-nicd serves; start "
				"another",
				o->nnics, NICS_MAX);
	d->nics = calloc((size_t)o->nnics, sizeof(*d->nics));
	if (!d->nics)
		return say_fail(-ENOMEM, "no memory for %d NICs", o->nnics);
	for (; d->nnics < (unsigned int)o->nnics; d->nnics++) {
		struct nic *nic = &d->nics[d->nnics];

		nic->index = d->nnics;
		if (nic_spec_parse(o->nics[d->nnics], &nic->spec))
			return -EINVAL;
	}
	return 0;
}

static int open_nics(struct nicd *d, const struct options *o)
{
	struct wire_house house = { .gens = &d->gens, .links = &d->links };
	int err = 0;

	for (unsigned int i = 0; !err && i < d->nnics; i++)
		err = nic_plug(&d->nics[i], &house);
	if (!err)
		err = link_list_check(&d->links);
	if (!err)
		err = gen_net_start(&d->gens);
	for (unsigned int i = 0; !err && i < d->nnics; i++)
		err = nic_open(&d->nics[i], o->quiet ? LEAT_LOG_WARNING : LEAT_LOG_INFO);
	return err;
}

static void close_nics(struct nicd *d)
{
	while (d->nnics)
		nic_close(&d->nics[--d->nnics]);
	link_list_fini(&d->links);
	gen_net_fini(&d->gens);
	free(d->nics);
}

static bool wires_failed(const struct nicd *d)
{
	bool failed = false;

	for (unsigned int i = 0; i < d->nnics; i++) {
		const struct wire_kind *kind = d->nics[i].spec.wire.kind;

		failed |= kind->failed && kind->failed(d->nics[i].wire);
	}
	return failed;
}

/* For the handler, which gets no argument of ours. */
static struct nicd *bus_nicd;

/* A client may shrink the memory it passed: then it is the client that ends, not we. */
static void on_sigbus(int sig, siginfo_t *si, void *uc)
{
	(void)uc;
	for (unsigned int i = 0; i < bus_nicd->nnics; i++)
		if (bus_nicd->nics[i].srv &&
		    leat_server_sigbus(bus_nicd->nics[i].srv, si->si_addr))
			return;
	signal(sig, SIG_DFL);	/* our own fault: the access is repeated and ends us */
}

static void catch_signals(struct nicd *d)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	bus_nicd = d;
	sigaction(SIGBUS, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);	/* a reader of our output that ends does not end us */
}

static int serve(struct nicd *d, const struct options *o)
{
	struct loop l = {
		.nics = d->nics, .nnics = d->nnics, .gens = &d->gens,
		.seconds = o->seconds, .stats = o->stats, .until_done = o->until_done,
		.one_cpu = o->one_cpu,
		.epfd = -1, .sigfd = -1,
	};
	bool good;

	if (loop_init(&l))
		return EXIT_FAILURE;
	catch_signals(d);
	if (!o->quiet) {
		printf("ready nics=%u\n", d->nnics);
		fflush(stdout);
	}
	loop_run(&l);
	good = !wires_failed(d);
	if (!o->quiet)
		report_counters(d->nics, d->nnics);
	good &= report_verdict(&d->gens);
	loop_fini(&l);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct nicd d = { 0 };
	int status = EXIT_USAGE, err;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&parser, argc, argv, 0, NULL, &o);
	o.one_cpu = leat_cpus_allowed(NULL, 0) == 1;	/* before we choose one ourselves */
	if ((o.cpu && pin(o.cpu)) || parse_nics(&d, &o))
		goto close;
	err = gen_net_init(&d.gens);
	if (!err)
		err = open_nics(&d, &o);
	if (!err)
		status = serve(&d, &o);
	else if (err != -EINVAL)
		status = EXIT_FAILURE;
close:
	close_nics(&d);
	return status;
}
