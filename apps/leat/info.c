// SPDX-License-Identifier: BSD-3-Clause
/*
 * info.c - `leat info ADDRESS`: opens a device and prints what it is made of. Needs no
 * driver for it; with --driver it is opened by one, and shown as a port too.
 */
#include "commands.h"

#include "info.h"

#include <leat/drivers.h>
#include <leat/models.h>
#include <leat/driver/driver.h>

#include <argp.h>
#include <stdbool.h>
#include <string.h>

struct args {
	const char	*addr;
	bool		json, driver;
};

static const char doc[] =
	"Open a device and print what it is made of; no driver is needed.\v"
	"ADDRESS is 0000:01:00.0 (bound to vfio-pci, see \"leat bind\"), group:, iommufd: or "
	"noiommu: and the same, vfio-user:PATH, vhost-user:PATH, sim:MODEL, or a software port.\n\n"
	"Whatever way leads to a device, only the line \"mode\" differs.\n\n"
	"Exit status 0; 1 if it cannot be opened; 2 for a wrong command line.";

static const struct argp_option table[] = {
	{ "json", 'j', NULL, 0, "Print JSON", 0 },
	{ "driver", 'd', NULL, 0, "Open it by leat's driver: MAC, link, offloads, data path", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case 'd':
		args->driver = true;
		return 0;
	case ARGP_KEY_ARG:
		if (args->addr)
			argp_error(state, "'%s': one device at a time", arg);
		args->addr = arg;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which device? \"leat devices\" lists those of the PCI bus");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void say(void *arg, enum leat_log_level level, const char *message)
{
	(void)arg;
	(void)level;
	fprintf(stderr, "leat info: %s\n", message);
}

static int show(const struct args *args, struct leat_dev *dev, struct leat_port *port)
{
	struct json_object *facts = info_device(dev);

	if (!facts) {
		fprintf(stderr, "leat info: %s: out of memory\n", args->addr);
		return EXIT_ERROR;
	}
	if (port)
		info_port(facts, port);
	if (args->json)
		puts(json_object_to_json_string_ext(facts, JSON_C_TO_STRING_PRETTY |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		info_print(stdout, facts);
	json_object_put(facts);
	return EXIT_OK;
}

static int by_device(const struct args *args, struct leat_ctx *ctx)
{
	struct leat_dev *dev;
	int status;

	if (leat_dev_open(ctx, args->addr, &dev))
		return EXIT_ERROR;
	status = show(args, dev, NULL);
	leat_dev_close(dev);
	return status;
}

static int by_driver(const struct args *args, struct leat_ctx *ctx)
{
	const struct leat_port_config cfg = { .no_start = true };
	struct leat_port *port;
	int status;

	if (leat_port_open(ctx, args->addr, &cfg, &port))
		return EXIT_ERROR;
	status = show(args, port->dev, port);
	leat_port_close(port);
	return status;
}

int command_info(int argc, char **argv)
{
	const struct argp argp = { table, parse, "ADDRESS", doc, NULL, NULL, NULL };
	struct leat_ctx_config cfg = { .drivers = leat_drivers, .models = leat_models,
				       .log = say, .log_level = LEAT_LOG_WARNING };
	struct args args = { NULL, false, false };
	struct leat_ctx *ctx;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	if (!strncmp(args.addr, "noiommu:", strlen("noiommu:")))
		cfg.iova = LEAT_IOVA_PHYS;	/* nobody else would take its addresses */
	if (leat_ctx_open(&cfg, &ctx))
		return EXIT_ERROR;
	status = args.driver ? by_driver(&args, ctx) : by_device(&args, ctx);
	leat_ctx_close(ctx);
	return status;
}
