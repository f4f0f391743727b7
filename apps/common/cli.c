// SPDX-License-Identifier: BSD-3-Clause
/*
 * cli.c - what programs with ports on their command line share.
 */
#include "cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

static void version(FILE *out, struct argp_state *state)
{
	fprintf(out, "%s %s\n", state->name, leat_version());
}

void cli_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	argp_program_version_hook = version;
	argp_err_exit_status = 2;
	argp_parse(argp, argc, argv, 0, NULL, input);
}

void cli_add_port(struct argp_state *state, const char *arg, const char **addrs, unsigned int *n,
		  unsigned int max)
{
	if (*n == max)
		argp_error(state, "port '%s': %u ports are the most", arg, max);
	addrs[(*n)++] = arg;
}

static unsigned int number(struct argp_state *state, const struct cli_number *n, const char *arg)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(arg, &end, 10);
	if (errno || end == arg || *end || *arg == '-' || value < n->min || value > n->max)
		argp_error(state, "%s '%s': give a number from %lu to %lu", n->name, arg, n->min,
			   n->max);
	return (unsigned int)value;
}

bool cli_number(struct argp_state *state, const struct cli_number *numbers, int key,
		const char *arg)
{
	for (const struct cli_number *n = numbers; n->name; n++) {
		if (n->key == key) {
			*(unsigned int *)(void *)((char *)state->input + n->off) =
				number(state, n, arg);
			return true;
		}
	}
	return false;
}

/* "a", "a or b", "a, b or c" */
static void list_words(char *list, size_t size, const char *const *words)
{
	size_t len = 0;

	for (unsigned int i = 0; words[i] && len < size; i++)
		len += (size_t)snprintf(list + len, size - len, "%s%s",
					!i ? "" : words[i + 1] ? ", " : " or ", words[i]);
}

unsigned int cli_word(struct argp_state *state, const char *name, const char *arg,
		      const char *const *words)
{
	char list[128] = "";

	for (unsigned int i = 0; words[i]; i++)
		if (!strcmp(arg, words[i]))
			return i;
	list_words(list, sizeof(list), words);
	argp_error(state, "%s '%s': give %s", name, arg, list);
	return 0;
}

unsigned int cli_cpus(struct argp_state *state, const char *list, int *cpus, unsigned int n)
{
	char why[LEAT_ERROR_LEN];
	int got = leat_cpus_parse(list, cpus, n, why);

	if (got < 0)
		argp_error(state, "--cpus %s: %s", list, why);
	return (unsigned int)got;
}

void cli_default_cpus(int node, int *cpus, unsigned int n)
{
	int allowed[1024];
	unsigned int there = leat_cpus_near(node, allowed, LEAT_ARRAY_LEN(allowed));

	if (!there)
		there = leat_cpus_allowed(allowed, LEAT_ARRAY_LEN(allowed));
	there = LEAT_MIN(there, LEAT_ARRAY_LEN(allowed));
	for (unsigned int i = 0; i < n; i++)
		cpus[i] = there ? allowed[there - 1 - i % there] : -1;
}

int cli_node(const char *const *addrs, unsigned int n)
{
	int node = -1;

	for (unsigned int i = 0; node < 0 && i < n; i++)
		node = leat_addr_node(addrs[i]);
	return node;
}

enum leat_iova_mode cli_iova(const char *const *addrs, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (!strncmp(addrs[i], "noiommu:", 8))
			return LEAT_IOVA_PHYS;
	return LEAT_IOVA_CHOSEN;
}

int cli_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}
