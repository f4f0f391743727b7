// SPDX-License-Identifier: BSD-3-Clause
/*
 * leat.h - everything an application needs.
 */
#ifndef LEAT_LEAT_H
#define LEAT_LEAT_H

#include <leat/barrier.h>
#include <leat/bits.h>
#include <leat/clock.h>
#include <leat/compiler.h>
#include <leat/ctx.h>
#include <leat/devices.h>
#include <leat/diag.h>
#include <leat/drivers.h>
#include <leat/endian.h>
#include <leat/filter.h>
#include <leat/log.h>
#include <leat/mem.h>
#include <leat/pkt.h>
#include <leat/pool.h>
#include <leat/port.h>
#include <leat/ring.h>
#include <leat/rss.h>
#include <leat/stats.h>
#include <leat/sleeper.h>
#include <leat/worker.h>

#endif
