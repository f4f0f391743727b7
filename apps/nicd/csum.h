// SPDX-License-Identifier: BSD-3-Clause
/*
 * csum.h - the Internet checksum (RFC 1071), and finishing what a driver left
 * to its NIC.
 */
#ifndef NICD_CSUM_H
#define NICD_CSUM_H

#include <stddef.h>
#include <stdint.h>

#include <leat/wire.h>

/* The sum over @len bytes, not inverted, in network byte order as stored. */
uint16_t csum_sum(const uint8_t *data, size_t len);

/*
 * csum_complete - store the checksum that frame @f left open into @copy, which
 * holds its bytes. An impossible place is left alone.
 */
void csum_complete(const struct leat_frame *f, uint8_t *copy);

#endif
