// SPDX-License-Identifier: BSD-3-Clause
/*
 * clock.h - a cheap counter for measuring, in cycles of the CPU's timer.
 */
#ifndef LEAT_CLOCK_H
#define LEAT_CLOCK_H

#include <stdint.h>

#include <leat/compiler.h>

LEAT_BEGIN_DECLS

/* Nanoseconds of CLOCK_MONOTONIC. Any thread. */
LEAT_API uint64_t leat_now_ns(void);

/*
 * The time-stamp counter (x86), the virtual counter (aarch64), or nanoseconds
 * where there is neither. Any thread.
 */
LEAT_INLINE uint64_t leat_cycles(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t v;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
	return v;
#else
	return leat_now_ns();
#endif
}

/*
 * Ticks of leat_cycles() in a second. Asks the CPU where the CPU says so;
 * otherwise measures for 10 ms, so ask once and keep the answer. Any thread.
 */
LEAT_API uint64_t leat_cycles_hz(void);

LEAT_END_DECLS

#endif
