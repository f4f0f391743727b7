// SPDX-License-Identifier: BSD-3-Clause
/*
 * options.c - leat-fwd's command line, by argp.
 */
#include "options.h"

#include "apps/common/cli.h"

#include <leat/leat.h>

#include <argp.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

static const char doc[] =
	"Forward packets between pairs of NICs, both ways.\v"
	"A PORT is a PCI device, as 0000:01:00.0 (by the best way the kernel has; group:, iommufd: "
	"or noiommu: before the address ask for one), vfio-user:PATH (a device served at a UNIX "
	"socket, as by leat-nicd), vhost-user:PATH[,server] (a virtio back end in another process) "
	"or sim:MODEL[,wire=loop|link:NAME] (a model in this process). The "
	"first port forwards to the second and back, the third to the fourth, and so on.\n\n"
	"A device that is taken away, or that somebody wants back, is given up at once, and the "
	"others go on; with --reopen it is used again when it is back.\n\n"
	"Ends on SIGINT, SIGTERM, after --seconds, or without --reopen when every port is gone. Exit "
	"status 0, 1 after an error, 2 for a wrong command line.";

enum { KEY_MTU = 256, KEY_REOPEN, KEY_IDLE, KEY_WAKE_LATENCY, KEY_DESCRIPTORS };

static const struct argp_option table[] = {
	{ "seconds", 's', "N", 0, "Stop after N seconds", 0 },
	{ "burst", 'b', "N", 0, "Packets moved at once, 1 to 512 (default 32)", 0 },
	{ "cpus", 'c', "LIST", 0, "CPUs for the polling threads, as 1 or 0,2-3 (default: the last "
	  "one allowed; two with --pipeline)", 0 },
	{ "page-size", 'P', "SIZE", 0, "Take memory in pages of 4k, 2m or 1g only (default: the "
	  "largest there are)", 0 },
	{ "pipeline", 'p', NULL, 0, "Receive and transmit on dedicated cores, joined by lock-free "
	  "rings", 0 },
	{ "mtu", KEY_MTU, "BYTES", 0, "Largest packet behind the Ethernet header (default: the "
	  "device's)", 0 },
	{ "descriptors", KEY_DESCRIPTORS, "N", 0, "Of each receive and transmit queue (default 256, or "
	  "what the device has if less); frames in several buffers take several", 0 },
	{ "idle", KEY_IDLE, "MODE", 0, "Without packets poll on (poll, the default), sleep after a "
	  "moment of polling until the next one interrupts (adaptive), or sleep at once (intr)", 0 },
	{ "wake-latency", KEY_WAKE_LATENCY, "USEC", 0, "Asleep, ask the kernel to wake idle CPUs within "
	  "so many microseconds, 0 to 1000000 (default: as it likes); 0 keeps every idle CPU of the "
	  "machine awake, at the price of power", 0 },
	{ "reopen", KEY_REOPEN, NULL, 0, "Try once a second to open a port again that was lost", 0 },
	{ 0 },
};

static unsigned long page_size(struct argp_state *state, const char *arg)
{
	static const struct {
		const char *name;
		unsigned long size;
	} sizes[] = { { "4k", 4096 }, { "2m", 2ul << 20 }, { "1g", 1ul << 30 } };

	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(sizes); i++)
		if (!strcasecmp(arg, sizes[i].name))
			return sizes[i].size;
	argp_error(state, "--page-size '%s': give 4k, 2m or 1g", arg);
	return 0;
}

static const char *const idle_modes[] = {
	[IDLE_POLL] = "poll", [IDLE_ADAPTIVE] = "adaptive", [IDLE_INTR] = "intr", NULL
};

static void check(struct argp_state *state, struct options *opt)
{
	if (!opt->nports || opt->nports % 2)
		argp_error(state, "%u ports: give two, or more pairs, as "
			   "vfio-user:/run/a.sock vfio-user:/run/b.sock", opt->nports);
	opt->node = cli_node(opt->addr, opt->nports);
	if (!opt->nworkers) {
		opt->nworkers = opt->pipeline ? 2 : 1;
		cli_default_cpus(opt->node, opt->cpu, opt->nworkers);
	}
	if (opt->pipeline && opt->nworkers != 2)
		argp_error(state, "--pipeline: give two CPUs to --cpus, one to receive and one to "
			   "transmit, not %u", opt->nworkers);
	if (opt->nworkers > opt->nports)
		argp_error(state, "--cpus: %u CPUs for %u ports; one a port is the most that helps",
			   opt->nworkers, opt->nports);
	if (opt->idle == IDLE_POLL && opt->wake_latency != LEAT_WAKE_LATENCY_ANY)
		argp_error(state, "--wake-latency: who polls is never woken; add --idle adaptive or "
			   "--idle intr");
}

#define NUMBER(...) CLI_NUMBER(struct options, __VA_ARGS__)

static const struct cli_number numbers[] = {
	NUMBER('s', "--seconds", seconds, 1, 86400 * 365UL),
	NUMBER('b', "--burst", burst, 1, MAX_BURST),
	NUMBER(KEY_MTU, "--mtu", mtu, 68, UINT16_MAX),
	NUMBER(KEY_WAKE_LATENCY, "--wake-latency", wake_latency, 0, 1000000),
	NUMBER(KEY_DESCRIPTORS, "--descriptors", descriptors, 1, 32768),
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *opt = state->input;

	if (cli_number(state, numbers, key, arg))
		return 0;
	switch (key) {
	case 'c':
		opt->nworkers = cli_cpus(state, arg, opt->cpu, MAX_WORKERS);
		return 0;
	case 'P':
		opt->page_size = page_size(state, arg);
		return 0;
	case 'p':
		opt->pipeline = true;
		return 0;
	case KEY_IDLE:
		opt->idle = (enum idle)cli_word(state, "--idle", arg, idle_modes);
		return 0;
	case KEY_REOPEN:
		opt->reopen = true;
		return 0;
	case ARGP_KEY_ARG:
		cli_add_port(state, arg, opt->addr, &opt->nports, MAX_PORTS);
		return 0;
	case ARGP_KEY_END:
		check(state, opt);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void options_parse(struct options *opt, int argc, char **argv)
{
	const struct argp argp = { table, parse, "PORT PORT", doc, NULL, NULL, NULL };

	*opt = (struct options){ .burst = 32, .wake_latency = LEAT_WAKE_LATENCY_ANY };
	cli_parse(&argp, argc, argv, opt);
}
