// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor.c - `leat doctor [ADDRESS...]`: what stands between this machine and NICs driven
 * from user space, and the command that mends each.
 */
#include "commands.h"

#include "doctor.h"

#include <argp.h>
#include <string.h>

/*
 * Causes before what they cause: the first problem is the first to mend. Of what is worth
 * knowing only, iommufd comes first.
 */
const struct check doctor_checks[] = {
	{ "iommu", check_iommu, CHECK_MACHINE | CHECK_PCI },
	{ "interrupts", check_interrupts, CHECK_MACHINE | CHECK_PCI },
	{ "vfio-pci", check_vfio_pci, CHECK_MACHINE | CHECK_PCI },
	{ "device", check_device, CHECK_ANY },
	{ "group", check_group, CHECK_MACHINE | CHECK_PCI },
	{ "node", check_node, CHECK_MACHINE | CHECK_PCI },
	{ "busy", check_busy, CHECK_MACHINE | CHECK_PCI },
	{ "socket", check_socket, CHECK_SOCKET },
	{ "memlock", check_memlock, CHECK_MACHINE | CHECK_PCI },
	{ "hugepages", check_hugepages, CHECK_MACHINE | CHECK_ANY },
	{ "cpu", check_cpu, CHECK_MACHINE | CHECK_ANY },
	{ "iommufd", check_iommufd, CHECK_MACHINE | CHECK_PCI },
	{ "noiommu", check_noiommu, CHECK_MACHINE | CHECK_PCI },
	{ "numa", check_numa, CHECK_MACHINE | CHECK_PCI },
	{ "nic", check_nic, CHECK_MACHINE },
	{ "tuning", check_tuning, CHECK_MACHINE },
	{ "security", check_security, CHECK_MACHINE | CHECK_PCI },
	{ "kvm", check_kvm, CHECK_MACHINE },
	{ "qemu", check_qemu, CHECK_MACHINE },
	{ NULL, NULL, 0 },
};

static unsigned int occasion(const struct world *w)
{
	unsigned int when = w->ntargets ? CHECK_ANY : CHECK_MACHINE;

	for (unsigned int i = 0; i < w->ntargets; i++) {
		if (w->target[i].dev)
			when |= CHECK_PCI;
		if (!strncmp(w->target[i].addr, "vfio-user:", 10))
			when |= CHECK_SOCKET;
	}
	return when;
}

void doctor_examine(struct world *w)
{
	unsigned int when = occasion(w);

	for (const struct check *c = doctor_checks; c->name; c++) {
		w->check = c->name;
		if (c->when & when)
			c->run(w);
	}
	report_sort(w);
}

/* ---- the command ---- */

struct args {
	const char	*addr[TARGETS_MAX];
	unsigned int	n;
	bool		json;
};

static const char doc[] =
	"Look at what this machine lacks for driving NICs from user space, and say how to mend it.\v"
	"An ADDRESS is what leat-fwd takes: 0000:01:00.0, vfio-user:PATH, sim:MODEL. With any, only "
	"what matters for those is looked at; without, the whole machine.\n\n"
	"Verdicts: problem (devices cannot be driven until it is mended), warning (it works, but "
	"worse than it could), info (worth knowing), ok. What matters most comes first. Nothing is "
	"changed.\n\n"
	"Exit status 0 if there are no problems; 1 if there are; 2 for a wrong command line.";

static const struct argp_option table[] = {
	{ "json", 'j', NULL, 0, "Print JSON: a list of {check, verdict, evidence, remedy}", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case 'j':
		args->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (args->n == TARGETS_MAX)
			argp_error(state, "'%s': %d addresses are the most", arg, TARGETS_MAX);
		args->addr[args->n++] = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int examine(struct world *w, struct leat_ctx *ctx, const struct args *args)
{
	if (leat_devices_scan(ctx, 0, &w->devices))
		return EXIT_ERROR;
	for (; w->ntargets < args->n; w->ntargets++)
		w->target[w->ntargets] = (struct target){
			args->addr[w->ntargets], command_find(&w->devices, args->addr[w->ntargets]) };
	doctor_examine(w);
	if (args->json)
		report_json(w, stdout);
	else
		report_print(w, stdout);
	if (w->lost)
		fprintf(stderr, "leat doctor: out of memory: findings are missing\n");
	return w->lost || report_has(w, VERDICT_PROBLEM) ? EXIT_ERROR : EXIT_OK;
}

int command_doctor(int argc, char **argv)
{
	const struct argp argp = { table, parse, "[ADDRESS...]", doc, NULL, NULL, NULL };
	struct args args = { .n = 0 };
	struct leat_ctx *ctx;
	struct world w;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, &args);
	ctx = command_ctx();
	if (!ctx)
		return EXIT_ERROR;
	if (!world_open(&w)) {
		fprintf(stderr, "leat doctor: out of memory\n");
		leat_ctx_close(ctx);
		return EXIT_ERROR;
	}
	status = examine(&w, ctx, &args);
	world_close(&w);
	leat_ctx_close(ctx);
	return status;
}
