// SPDX-License-Identifier: BSD-3-Clause
/*
 * inline.c - a symbol for every public inline of core, for languages that
 * cannot read C headers. Nothing but the headers: they are expanded once more
 * with another LEAT_INLINE.
 */
#define LEAT_INLINE extern inline __attribute__((visibility("default")))

#include <leat/bits.h>
#include <leat/clock.h>
#include <leat/endian.h>
#include <leat/pkt.h>
#include <leat/pool.h>
#include <leat/port.h>
#include <leat/ring.h>
