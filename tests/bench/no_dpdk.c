// SPDX-License-Identifier: BSD-3-Clause
/*
 * no_dpdk.c - instead of dpdk.c where DPDK is not installed.
 */
#include "loops.h"

const struct bench_peer bench_dpdk = { .name = "DPDK",
				       .missing = "not installed (apt-get install libdpdk-dev)" };
