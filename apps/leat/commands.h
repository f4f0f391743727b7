// SPDX-License-Identifier: BSD-3-Clause
/*
 * commands.h - what the `leat` command can do. One file for each; main.c has the table.
 *
 * A command parses its own arguments by argp (argv[0] is "leat NAME", for its messages),
 * prints to standard output, complaints to standard error, and returns the exit status:
 * EXIT_OK, EXIT_ERROR, or EXIT_USAGE, which argp gives itself.
 */
#ifndef LEAT_APPS_LEAT_COMMANDS_H
#define LEAT_APPS_LEAT_COMMANDS_H

#include <leat/ctx.h>
#include <leat/devices.h>

enum { EXIT_OK = 0, EXIT_ERROR = 1, EXIT_USAGE = 2 };

struct command {
	const char	*name;
	const char	*help;		/* one line */
	int		(*run)(int argc, char **argv);
};

int command_bind(int argc, char **argv);
int command_devices(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_info(int argc, char **argv);
int command_unbind(int argc, char **argv);
int command_vfs(int argc, char **argv);

/*
 * The function of the PCI bus that an address of leat_port_open() means, with scheme and
 * options or without: "iommufd:01:00.0,domain=a". NULL: none, or it is not there.
 */
const struct leat_pci_device *command_find(const struct leat_devices *devices, const char *addr);

/* A context whose warnings and errors go to standard error as "leat: ...". NULL: said why. */
struct leat_ctx *command_ctx(void);

#endif
