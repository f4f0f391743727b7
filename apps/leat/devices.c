// SPDX-License-Identifier: BSD-3-Clause
/*
 * devices.c - leat devices: which PCI functions there are and who has them.
 */
#include "devices.h"

#include "commands.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct options {
	bool	all, json;
	char	**address;
	int	naddresses;
};

static const char doc[] =
	"List network devices on PCI and who has them: user space, the kernel, nobody. With an "
	"ADDRESS (0000:01:00.0, 01:00.0 or an interface's name), all about those.\v"
	"*Active* devices are in use by the kernel's network stack: \"leat bind\" refuses them.";

static const struct argp_option table[] = {
	{ "all", 'a', NULL, 0, "Every PCI function, not only network devices", 0 },
	{ "json", 'j', NULL, 0, "For programs; ids are hexadecimal, null is none or unknown", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *opt = state->input;

	(void)arg;
	switch (key) {
	case 'a':
		opt->all = true;
		return 0;
	case 'j':
		opt->json = true;
		return 0;
	case ARGP_KEY_ARGS:
		opt->address = state->argv + state->next;
		opt->naddresses = state->argc - state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Those named, or all that were found. The number of names that are none is the result. */
static int choose(const struct options *opt, const struct leat_devices *found, struct shown *shown)
{
	int unknown = 0;

	for (int i = 0; i < opt->naddresses; i++) {
		shown->dev[shown->n] = leat_devices_find(found, opt->address[i]);
		if (shown->dev[shown->n]) {
			shown->n++;
			continue;
		}
		fprintf(stderr, "leat devices: %s: no PCI function or network interface on PCI of "
			"that name (\"leat devices --all\" lists them)\n", opt->address[i]);
		unknown++;
	}
	for (unsigned int i = 0; !opt->naddresses && i < found->n; i++)
		shown->dev[shown->n++] = &found->dev[i];
	return unknown;
}

static int show(const struct options *opt, const struct leat_devices *found)
{
	struct shown shown = { .names = names_open() };
	int status = EXIT_ERROR;

	shown.dev = calloc((size_t)opt->naddresses + found->n + 1, sizeof(*shown.dev));
	if (!shown.dev)
		goto out;
	if (choose(opt, found, &shown) || (opt->naddresses && !shown.n))
		goto out;
	if (!opt->json)
		devices_print(stdout, &shown, opt->naddresses > 0);
	else if (devices_print_json(stdout, &shown))
		goto out;
	status = EXIT_OK;
out:
	free(shown.dev);
	names_close(shown.names);
	return status;
}

int command_devices(int argc, char **argv)
{
	const struct argp argp = { table, parse, "[ADDRESS...]", doc, NULL, NULL, NULL };
	struct options opt = { 0 };
	struct leat_devices found;
	struct leat_ctx *ctx;
	int status = EXIT_ERROR;

	argp_parse(&argp, argc, argv, 0, NULL, &opt);
	ctx = command_ctx();
	if (!ctx)
		return EXIT_ERROR;
	if (!leat_devices_scan(ctx, opt.all || opt.naddresses ? LEAT_DEVICES_ALL : 0, &found)) {
		status = show(&opt, &found);
		leat_devices_free(&found);
	}
	leat_ctx_close(ctx);
	return status;
}
