// SPDX-License-Identifier: BSD-3-Clause
/*
 * abi_table.h - the numbers of VFIO's ABI by name. abi_table.c is compiled twice, with our
 * header and with the system's.
 */
#ifndef ABI_TABLE_H
#define ABI_TABLE_H

#include <stddef.h>

struct abi_value {
	const char	*name;
	unsigned long long value;
};

/* Both end with a NULL name. */
extern const struct abi_value abi_ours[];
extern const struct abi_value abi_systems[];

#endif
