// SPDX-License-Identifier: BSD-3-Clause
/*
 * cli.h - what programs with ports on their command line share.
 */
#ifndef LEAT_APPS_CLI_H
#define LEAT_APPS_CLI_H

#include <leat/leat.h>

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

/* argp_parse(), with --version, and status 2 for a wrong command line. */
void cli_parse(const struct argp *argp, int argc, char **argv, void *input);

/* One more port, of @max; ends the program as below. */
void cli_add_port(struct argp_state *state, const char *arg, const char **addrs, unsigned int *n,
		  unsigned int max);

/* An option that is a number and nothing else: where it goes in argp's input, and its bounds. */
struct cli_number {
	int		key;
	const char	*name;		/* NULL: the end of a table */
	size_t		off;		/* of an unsigned int */
	unsigned long	min, max;
};

#define CLI_NUMBER(type, key, name, field, min, max) { key, name, offsetof(type, field), min, max }

/* Takes the option @key if it is one of @numbers; false: it is not. Ends the program as below. */
bool cli_number(struct argp_state *state, const struct cli_number *numbers, int key,
		const char *arg);

/*
 * cli_word - which of @words, NULL behind the last, @arg is, to the letter; or the end of
 * the program with a sentence about the option @name and argp's status
 */
unsigned int cli_word(struct argp_state *state, const char *name, const char *arg,
		      const char *const *words);

/* --cpus: up to @n into @cpus. Returns how many; ends the program as above. */
unsigned int cli_cpus(struct argp_state *state, const char *list, int *cpus, unsigned int n);

/*
 * cli_default_cpus - @n CPUs for threads that poll: the last ones allowed, on @node if
 * there are any, for the first ones serve interrupts and, in the demo, the NICs. With
 * fewer CPUs some are named twice; -1 where nobody can say.
 */
void cli_default_cpus(int node, int *cpus, unsigned int n);

/* The NUMA node of the first of @n ports that has one; -1: unknown. */
int cli_node(const char *const *addrs, unsigned int n);

/* A device that nobody translates for ("noiommu:") needs the machine's own addresses. */
enum leat_iova_mode cli_iova(const char *const *addrs, unsigned int n);

/* SIGINT and SIGTERM as a descriptor; blocked, so that they end nothing half done. */
int cli_signals(void);

#endif
