// SPDX-License-Identifier: BSD-3-Clause
/*
 * no_ck.c - instead of ck.c where Concurrency Kit is not installed.
 */
#include "loops.h"

const struct bench_peer bench_ck = { .name = "Concurrency Kit",
				     .missing = "not installed (apt-get install libck-dev)" };
