// SPDX-License-Identifier: BSD-3-Clause
/*
 * nic.c - probe-nic ADDRESS: a NIC tests itself with each kind of interrupt there is; all
 * its queues start, and one of them stops and starts while the others run.
 */
#include <stdio.h>

#include <leat/diag.h>

#include "check.h"

#define TESTS 8

static struct ear ear;

static void check_self_test(struct leat_ctx *ctx, const char *addr, enum leat_intr intr,
			    const char *name)
{
	const struct leat_port_config cfg = { .rxqs = 2, .intr = intr, .no_start = true };
	struct leat_self_test tests[TESTS];
	struct leat_port *port;
	int n;

	need(leat_port_open(ctx, addr, &cfg, &port), ear.error, "%s opens with %s", addr, name);
	n = leat_port_self_test(port, tests, TESTS);
	check(n > 0, "it tests itself with %s", name);
	for (int i = 0; i < n && i < TESTS; i++)
		check(tests[i].verdict == LEAT_TEST_PASSED, "%s: %s: %s", name, tests[i].name,
		      tests[i].why);
	leat_port_close(port);
}

static void check_queues(struct leat_ctx *ctx, const char *addr)
{
	struct leat_port_config cfg = { .no_start = true };
	struct leat_port *port;
	struct leat_caps caps;

	need(leat_port_open(ctx, addr, &cfg, &port), ear.error, "%s opens", addr);
	leat_port_caps(port, &caps);
	leat_port_close(port);
	cfg = (struct leat_port_config){ .rxqs = caps.max_rxqs, .txqs = caps.max_txqs };
	need(leat_port_open(ctx, addr, &cfg, &port), ear.error, "%s opens with %u queues", addr,
	     caps.max_rxqs);
	for (unsigned int i = 0; i < caps.max_rxqs; i++) {
		check_err(leat_rxq_stop(leat_port_rxq(port, i)), 0, "receive queue %u stops", i);
		check_err(leat_rxq_start(leat_port_rxq(port, i)), 0, "receive queue %u starts", i);
		check_err(leat_txq_stop(leat_port_txq(port, i)), 0, "transmit queue %u stops", i);
		check_err(leat_txq_start(leat_port_txq(port, i)), 0, "transmit queue %u starts", i);
		check_err(leat_rxq_arm(leat_port_rxq(port, i)), 0, "receive queue %u is armed", i);
	}
	check(leat_port_regs(port, NULL, 0) > 50, "it shows its registers");
	leat_port_close(port);
}

int main(int argc, char **argv)
{
	struct leat_ctx *ctx;

	if (argc != 2) {
		fprintf(stderr, "usage: probe-nic SCHEME:BDF\n");
		return 2;
	}
	ctx = open_ctx(&ear, 0, false);
	check_self_test(ctx, argv[1], LEAT_INTR_MSIX, "MSI-X");
	check_self_test(ctx, argv[1], LEAT_INTR_MSI, "MSI");
	check_self_test(ctx, argv[1], LEAT_INTR_INTX, "INTx");
	check_queues(ctx, argv[1]);
	leat_ctx_close(ctx);
	return check_end();
}
