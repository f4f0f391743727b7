// SPDX-License-Identifier: BSD-3-Clause
/*
 * report.h - what the program says about its NICs, on standard output, in
 * "key=value" words that scripts can rely on: doc/leat-nicd.md lists them.
 */
#ifndef NICD_REPORT_H
#define NICD_REPORT_H

#include "gen.h"
#include "nic.h"

/* A line or two for each NIC and one for the process. */
void report_counters(const struct nic *nics, unsigned int n);

/* The rates of the @ns that passed since the last such line. */
void report_rates(struct nic *nics, unsigned int n, const struct gen_net *gens, uint64_t start_ns,
		  uint64_t ns);

/* What the checkers have to say. Returns whether it is good. */
bool report_verdict(const struct gen_net *gens);

#endif
