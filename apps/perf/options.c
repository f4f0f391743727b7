// SPDX-License-Identifier: BSD-3-Clause
/*
 * options.c - leat-perf's command line, by argp.
 */
#include "perf.h"

#include "gen.h"

#include "apps/common/cli.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char doc[] =
	"Measure throughput: receive, send, forward, as fast as it goes, by testpmd's options.\v"
	"A PORT is a PCI device, as 0000:01:00.0, vfio-user:PATH (a device served at a UNIX socket, as "
	"by leat-nicd), vhost-user:PATH[,server] (a virtio back end in another process), "
	"sim:MODEL[,wire=loop|link:NAME] (a model in this process), null:[size=BYTES] "
	"(frames from nowhere, to nowhere), ring:NAME (twice: joined ends) or tap:INTERFACE.\n\n"
	"Statistics come every --stats-period seconds, a summary at the end: on SIGINT, SIGTERM, or "
	"after --seconds. \"CPU cycles/packet\" counts the cycles of polls that did something. Exit "
	"status 0, 1 after an error, 2 for a wrong command line.";

enum {
	KEY_MODE = 256, KEY_BURST, KEY_RXQ, KEY_TXQ, KEY_RXD, KEY_TXD, KEY_CORES, KEY_TOPOLOGY,
	KEY_TX_FIRST, KEY_TXPKTS, KEY_MULTI_FLOW, KEY_FLOWS, KEY_PEER, KEY_PERIOD, KEY_MBUFS,
	KEY_CPUS, KEY_SECONDS, KEY_JSON, KEY_MTU, KEY_RETRY, KEY_CSUM,
};

static const struct argp_option table[] = {
	{ "forward-mode", KEY_MODE, "MODE", 0, "What to do with packets (default io); \"help\" lists "
	  "the modes", 0 },
	{ "burst", KEY_BURST, "N", 0, "Packets moved at once, 1 to 512 (default 32)", 0 },
	{ "rxq", KEY_RXQ, "N", 0, "Receive queues of each port (default 1)", 0 },
	{ "txq", KEY_TXQ, "N", 0, "Transmit queues of each port (default 1)", 0 },
	{ "rxd", KEY_RXD, "N", 0, "Descriptors of a receive queue (default 256, or what there is)", 0 },
	{ "txd", KEY_TXD, "N", 0, "Descriptors of a transmit queue (the same)", 0 },
	{ "nb-cores", KEY_CORES, "N", 0, "Polling threads (default 1, or as many as --cpus)", 0 },
	{ "cpus", KEY_CPUS, "LIST", 0, "CPUs for them, as 1 or 0,2-3 (default: the last ones allowed, "
	  "near the ports)", 0 },
	{ "port-topology", KEY_TOPOLOGY, "HOW", 0, "Where a port's packets go: paired (the default), "
	  "chained, loop", 0 },
	{ "retry", KEY_RETRY, NULL, 0, "Offer again what a port does not take, and receive less meanwhile "
	  "(default: drop it, counted)", 0 },
	{ "tx-first", KEY_TX_FIRST, NULL, 0, "Send a burst on each queue before anything else", 0 },
	{ "txpkts", KEY_TXPKTS, "X[,Y]", 0, "Length of frames to send, of each segment (default 64)", 0 },
	{ "txonly-multi-flow", KEY_MULTI_FLOW, NULL, 0, "txonly sends 256 flows, by source address", 0 },
	{ "flowgen-flows", KEY_FLOWS, "N", 0, "Flows of flowgen (default 1024)", 0 },
	{ "csum", KEY_CSUM, "WHERE", 0, "Checksums of mode csum are made by software (sw, the default) or "
	  "the device that sends (hw)", 0 },
	{ "eth-peer", KEY_PEER, "PORT,MAC", 0, "Where port PORT sends to (default 02:00:00:00:00:PORT)",
	  0 },
	{ "stats-period", KEY_PERIOD, "N", 0, "Seconds between statistics (default 1; 0: none)", 0 },
	{ "total-num-mbufs", KEY_MBUFS, "N", 0, "Packets in the pool (default: enough for the queues)",
	  0 },
	{ "mtu", KEY_MTU, "BYTES", 0, "Largest packet behind the Ethernet header (default: the "
	  "device's, or what --txpkts needs)", 0 },
	{ "seconds", KEY_SECONDS, "N", 0, "Stop after N seconds", 0 },
	{ "json", KEY_JSON, "FILE", 0, "Write the summary there, too, in JSON", 0 },
	{ 0 },
};

static void list_modes(void)
{
	for (const struct mode *m = modes; m->name; m++)
		printf("%-10s %s\n", m->name, m->what);
	exit(0);
}

static const struct mode *mode(struct argp_state *state, const char *arg)
{
	const struct mode *m = mode_find(arg);

	if (!strcmp(arg, "help"))
		list_modes();
	if (!m)
		argp_error(state, "--forward-mode '%s': there is none; --forward-mode=help lists them",
			   arg);
	return m;
}

static const char *const topologies[] = {
	[TOPOLOGY_PAIRED] = "paired", [TOPOLOGY_CHAINED] = "chained", [TOPOLOGY_LOOP] = "loop", NULL
};

static const char *const csum_places[] = { "sw", "hw", NULL };

static void segments(struct argp_state *state, struct options *opt, const char *arg)
{
	unsigned long sum = 0, n;
	const char *at = arg;
	char *end;

	opt->nsegs = 0;
	do {
		errno = 0;
		n = strtoul(at, &end, 10);
		if (errno || end == at || (*end && *end != ',') || !n || n > MAX_FRAME ||
		    opt->nsegs == MAX_SEGS)
			argp_error(state, "--txpkts '%s': give 1 to %d lengths, as 64 or 64,128", arg,
				   MAX_SEGS);
		opt->seg[opt->nsegs++] = (uint16_t)n;
		sum += n;
		at = end + 1;
	} while (*end);
	if (opt->seg[0] < GEN_FRAME_MIN || sum > MAX_FRAME)
		argp_error(state, "--txpkts '%s': the first segment has the headers, %d bytes, and all "
			   "are at most %d", arg, GEN_FRAME_MIN, MAX_FRAME);
}

static void peer(struct argp_state *state, struct options *opt, const char *arg)
{
	unsigned int port, m[6];
	char rest;

	if (sscanf(arg, "%2u,%2x:%2x:%2x:%2x:%2x:%2x%c", &port, &m[0], &m[1], &m[2], &m[3], &m[4],
		   &m[5], &rest) != 7 || port >= MAX_PORTS)
		argp_error(state, "--eth-peer '%s': give a port's number and an address, as "
			   "0,02:00:00:00:00:07", arg);
	for (unsigned int i = 0; i < 6; i++)
		opt->peer[port][i] = (uint8_t)m[i];
}

static void check(struct argp_state *state, struct options *opt)
{
	if (!opt->nports)
		argp_error(state, "no port: name one, as vfio-user:/run/nic.sock or null:");
	opt->node = cli_node(opt->addr, opt->nports);
	if (!opt->nlanes)
		opt->nlanes = opt->ncpus ? opt->ncpus : 1;
	if (!opt->ncpus)
		cli_default_cpus(opt->node, opt->cpu, opt->nlanes);
	else if (opt->ncpus != opt->nlanes)
		argp_error(state, "--nb-cores %u: --cpus names %u", opt->nlanes, opt->ncpus);
}

#define NUMBER(...) CLI_NUMBER(struct options, __VA_ARGS__)

static const struct cli_number numbers[] = {
	NUMBER(KEY_BURST, "--burst", burst, 1, MAX_BURST),
	NUMBER(KEY_RXQ, "--rxq", rxq, 1, MAX_QUEUES),
	NUMBER(KEY_TXQ, "--txq", txq, 1, MAX_QUEUES),
	NUMBER(KEY_RXD, "--rxd", rxd, 1, 32768),
	NUMBER(KEY_TXD, "--txd", txd, 1, 32768),
	NUMBER(KEY_CORES, "--nb-cores", nlanes, 1, MAX_LANES),
	NUMBER(KEY_FLOWS, "--flowgen-flows", flows, 1, 65536),
	NUMBER(KEY_PERIOD, "--stats-period", period, 0, 86400),
	NUMBER(KEY_MBUFS, "--total-num-mbufs", mbufs, 1, 1u << 24),
	NUMBER(KEY_SECONDS, "--seconds", seconds, 1, 86400 * 365UL),
	NUMBER(KEY_MTU, "--mtu", mtu, 68, UINT16_MAX),
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *opt = state->input;

	if (cli_number(state, numbers, key, arg))
		return 0;
	switch (key) {
	case KEY_MODE:
		opt->mode = mode(state, arg);
		return 0;
	case KEY_TOPOLOGY:
		opt->topology = (enum topology)cli_word(state, "--port-topology", arg,
							topologies);
		return 0;
	case KEY_TX_FIRST:
		opt->tx_first = true;
		return 0;
	case KEY_TXPKTS:
		segments(state, opt, arg);
		return 0;
	case KEY_CSUM:
		opt->csum_hw = cli_word(state, "--csum", arg, csum_places);
		return 0;
	case KEY_RETRY:
		opt->retry = true;
		return 0;
	case KEY_MULTI_FLOW:
		opt->multi_flow = true;
		return 0;
	case KEY_PEER:
		peer(state, opt, arg);
		return 0;
	case KEY_CPUS:
		opt->ncpus = cli_cpus(state, arg, opt->cpu, MAX_LANES);
		return 0;
	case KEY_JSON:
		opt->json = arg;
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
	const struct argp argp = { table, parse, "PORT...", doc, NULL, NULL, NULL };

	*opt = (struct options){ .mode = modes, .burst = 32, .rxq = 1, .txq = 1, .flows = 1024,
				 .seg = { 64 }, .nsegs = 1, .period = 1 };
	for (unsigned int i = 0; i < MAX_PORTS; i++) {
		opt->peer[i][0] = 0x02;
		opt->peer[i][5] = (uint8_t)i;
	}
	cli_parse(&argp, argc, argv, opt);
}
