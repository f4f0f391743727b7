// SPDX-License-Identifier: BSD-3-Clause
/*
 * main.c - the `leat` command: finds the subcommand in a table and hands over.
 */
#include "commands.h"

#include <leat/compiler.h>

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int help(int argc, char **argv);

static const struct command commands[] = {
	{ "devices", "List PCI devices and who has them", command_devices },
	{ "bind", "Take devices from the kernel for programs", command_bind },
	{ "unbind", "Give devices back to the kernel", command_unbind },
	{ "vfs", "Have virtual functions of a device", command_vfs },
	{ "doctor", "Say what this machine lacks, and the command that mends it", command_doctor },
	{ "info", "Open a device and print what it is made of", command_info },
	{ "help", "Say more about a command", help },
};

struct call {
	const struct command *command;
	int	argc;
	char	**argv;
};

static const char doc[] =
	"Look after PCI devices for programs that drive them from user space.\v"
	"Exit status 0; 1 after an error; 2 for a wrong command line.";

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int run(const struct command *command, int argc, char **argv)
{
	char name[64];

	snprintf(name, sizeof(name), "leat %s", command->name);
	argv[0] = name;
	return command->run(argc, argv);
}

/* argp frees what this returns unless it is @text itself. */
static char *list_commands(int key, const char *text, void *input)
{
	char *list = NULL;
	size_t len = 0;
	FILE *out;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)(uintptr_t)text;
	out = open_memstream(&list, &len);
	if (!out)
		return (char *)(uintptr_t)text;
	fputs("Commands:\n", out);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fprintf(out, "\n\"leat COMMAND --help\" says more about one.\n%s", text ? text : "");
	fclose(out);
	return list;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct call *call = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		call->command = find(arg);
		if (!call->command)
			argp_error(state, "no command '%s'; \"leat --help\" lists them", arg);
		call->argc = state->argc - state->next + 1;
		call->argv = state->argv + state->next - 1;
		state->next = state->argc;	/* the rest is the command's */
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which command? \"leat --help\" lists them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void version(FILE *out, struct argp_state *state)
{
	(void)state;
	fprintf(out, "leat %s\n", leat_version());
}

/* leat help COMMAND is leat COMMAND --help, leat help is leat --help. */
static int help(int argc, char **argv)
{
	const struct argp argp = { NULL, parse, "COMMAND [ARGUMENT...]", doc, NULL, list_commands,
				   NULL };
	char option[] = "--help";
	char *words[] = { argv[0], option, NULL };
	const struct command *command = argc > 1 ? find(argv[1]) : NULL;

	if (argc > 2 || (argc > 1 && !command)) {
		fprintf(stderr, "leat help: no command '%s'; \"leat --help\" lists them\n",
			argv[argc - 1]);
		return EXIT_USAGE;
	}
	if (command && command->run != help)
		return run(command, 2, words);
	argp_help(&argp, stdout, ARGP_HELP_STD_HELP & ~(unsigned int)ARGP_HELP_EXIT_OK,
		  (char *)(uintptr_t)"leat");
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	const struct argp argp = { NULL, parse, "COMMAND [ARGUMENT...]", doc, NULL, list_commands,
				   NULL };
	struct call call = { 0 };

	argp_program_version_hook = version;
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &call);
	return run(call.command, call.argc, call.argv);
}
