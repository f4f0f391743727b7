// SPDX-License-Identifier: BSD-3-Clause
/*
 * bind.c - leat bind, leat unbind, leat vfs: who has a device, and its virtual
 * functions. The library does it and says what went wrong.
 */
#include "commands.h"

#include <leat/devices.h>

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_FORCE = 256 };

struct options {
	const char	*driver;
	const char	*user;
	unsigned int	flags;
	char		**arg;
	int		nargs;
};

static const char bind_doc[] =
	"Take network devices from the kernel for use by programs. An ADDRESS is 0000:01:00.0, "
	"01:00.0 or an interface's name, eth0.\v"
	"Refused without --force: a device whose interface carries an address, a route, a VLAN, or is "
	"part of a bridge or bond; one with virtual functions; one that is no network device. What "
	"fails half way is put back as it was. \"leat unbind\" gives a device back.";
static const char unbind_doc[] =
	"Give devices back to the kernel and its own driver. A program that has one open is asked to "
	"let go; after two seconds it is named, and the rest follows when it does.";
static const char vfs_doc[] =
	"Have N virtual functions of a device (0: none); without N, say which there are.\v"
	"The device's driver makes them: the kernel's own, or vfio-pci with its parameter "
	"enable_sriov. Those of a device on vfio-pci are opened with the token that its user "
	"set: ADDRESS,token=UUID.";

static const struct argp_option bind_table[] = {
	{ "driver", 'd', "NAME", 0, "The kernel driver that gets them (default vfio-pci)", 0 },
	{ "force", KEY_FORCE, NULL, 0, "Also what is in use, and what is no network device", 0 },
	{ "user", 'u', "NAME", 0, "Let this user open them: make the VFIO nodes his", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *opt = state->input;

	switch (key) {
	case 'd':
		opt->driver = arg;
		return 0;
	case 'u':
		opt->user = arg;
		return 0;
	case KEY_FORCE:
		opt->flags |= LEAT_BIND_FORCE;
		return 0;
	case ARGP_KEY_ARGS:
		opt->arg = state->argv + state->next;
		opt->nargs = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which device? \"leat devices\" lists them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The function's own address: after it is bound there is no interface any more. */
static int address_of(struct leat_ctx *ctx, const char *text, char address[LEAT_PCI_ADDRESS_LEN])
{
	const struct leat_pci_device *dev;
	struct leat_devices all;

	if (leat_devices_scan(ctx, LEAT_DEVICES_ALL, &all))
		return EXIT_ERROR;
	dev = leat_devices_find(&all, text);
	snprintf(address, LEAT_PCI_ADDRESS_LEN, "%s", dev ? dev->address : "");
	leat_devices_free(&all);
	if (dev)
		return EXIT_OK;
	fprintf(stderr, "leat: %s: no PCI function or network interface on PCI of that name "
		"(\"leat devices --all\" lists them)\n", text);
	return EXIT_ERROR;
}

static int user_id(const char *name, uid_t *uid)
{
	const struct passwd *user = getpwnam(name);
	char *end;

	if (user) {
		*uid = user->pw_uid;
		return EXIT_OK;
	}
	*uid = (uid_t)strtoul(name, &end, 10);
	if (isdigit((unsigned char)name[0]) && !*end)
		return EXIT_OK;
	fprintf(stderr, "leat bind: --user %s: no such user\n", name);
	return EXIT_USAGE;
}

/* Every user's own memory is mapped through this one node. */
static void hint_iommu(const char *user, uid_t uid)
{
	struct stat st;

	if (stat("/dev/iommu", &st) || st.st_uid == uid || (st.st_mode & 0006) == 0006)
		return;
	fprintf(stderr, "leat: /dev/iommu: not for %s unless by group, so the VFIO group will be "
		"used (sudo chmod 666 /dev/iommu lets every user map memory for his devices)\n", user);
}

static void print_owner(struct leat_ctx *ctx, const char *address)
{
	const struct leat_pci_device *dev;
	struct leat_devices all;

	if (leat_devices_scan(ctx, LEAT_DEVICES_ALL, &all))
		return;
	dev = leat_devices_find(&all, address);
	if (dev)
		printf("%s: %s\n", address, dev->driver[0] ? dev->driver : "no driver");
	for (unsigned int i = 0; dev && i < dev->nnetifs; i++)
		printf("%s: interface %s\n", address, dev->netifs[i].name);
	leat_devices_free(&all);
}

static int bind_one(struct leat_ctx *ctx, const struct options *opt, const char *text, uid_t uid)
{
	char address[LEAT_PCI_ADDRESS_LEN];

	if (address_of(ctx, text, address) ||
	    leat_pci_bind(ctx, address, opt->driver, opt->flags) ||
	    (opt->user && leat_pci_grant(ctx, address, uid)))
		return EXIT_ERROR;
	print_owner(ctx, address);
	return EXIT_OK;
}

int command_bind(int argc, char **argv)
{
	const struct argp argp = { bind_table, parse, "ADDRESS...", bind_doc, NULL, NULL, NULL };
	struct options opt = { 0 };
	struct leat_ctx *ctx;
	int status = EXIT_OK;
	uid_t uid = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &opt);
	if (opt.user && user_id(opt.user, &uid))
		return EXIT_USAGE;
	ctx = command_ctx();
	if (!ctx)
		return EXIT_ERROR;
	for (int i = 0; i < opt.nargs; i++)
		status |= bind_one(ctx, &opt, opt.arg[i], uid);
	if (opt.user && status == EXIT_OK)
		hint_iommu(opt.user, uid);
	leat_ctx_close(ctx);
	return status;
}

static int unbind_one(struct leat_ctx *ctx, const char *text)
{
	char address[LEAT_PCI_ADDRESS_LEN];

	if (address_of(ctx, text, address) || leat_pci_unbind(ctx, address))
		return EXIT_ERROR;
	print_owner(ctx, address);
	return EXIT_OK;
}

int command_unbind(int argc, char **argv)
{
	const struct argp argp = { NULL, parse, "ADDRESS...", unbind_doc, NULL, NULL, NULL };
	struct options opt = { 0 };
	struct leat_ctx *ctx;
	int status = EXIT_OK;

	argp_parse(&argp, argc, argv, 0, NULL, &opt);
	ctx = command_ctx();
	if (!ctx)
		return EXIT_ERROR;
	for (int i = 0; i < opt.nargs; i++)
		status |= unbind_one(ctx, opt.arg[i]);
	leat_ctx_close(ctx);
	return status;
}

static int print_vfs(struct leat_ctx *ctx, const char *address)
{
	const struct leat_pci_device *dev;
	struct leat_devices all;

	if (leat_devices_scan(ctx, LEAT_DEVICES_ALL, &all))
		return EXIT_ERROR;
	dev = leat_devices_find(&all, address);
	for (unsigned int i = 0; dev && i < dev->vfs; i++) {
		const struct leat_pci_device *vf = leat_devices_find(&all, dev->vf[i]);

		printf("%s: %s\n", dev->vf[i], vf && vf->driver[0] ? vf->driver : "no driver");
	}
	leat_devices_free(&all);
	return EXIT_OK;
}

static int vfs(struct leat_ctx *ctx, const char *text, const char *number)
{
	char address[LEAT_PCI_ADDRESS_LEN];

	if (address_of(ctx, text, address))
		return EXIT_ERROR;
	if (number && leat_pci_vfs(ctx, address, (unsigned int)strtoul(number, NULL, 10)))
		return EXIT_ERROR;
	return print_vfs(ctx, address);
}

int command_vfs(int argc, char **argv)
{
	const struct argp argp = { NULL, parse, "ADDRESS [N]", vfs_doc, NULL, NULL, NULL };
	struct options opt = { 0 };
	const char *number;
	struct leat_ctx *ctx;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &opt);
	number = opt.nargs > 1 ? opt.arg[1] : NULL;
	if (opt.nargs > 2 || (number && (strspn(number, "0123456789") != strlen(number) ||
					 !number[0] || strlen(number) > 5))) {
		fprintf(stderr, "leat vfs: give an address and a number, as 0000:01:00.0 2\n");
		return EXIT_USAGE;
	}
	ctx = command_ctx();
	if (!ctx)
		return EXIT_ERROR;
	status = vfs(ctx, opt.arg[0], number);
	leat_ctx_close(ctx);
	return status;
}
