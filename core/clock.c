// SPDX-License-Identifier: BSD-3-Clause
/*
 * clock.c - how fast leat_cycles() counts, and the time.
 *
 * On x86 the rate is taken from CPUID where it is exact: leaf 0x15 on bare
 * metal (crystal and ratio), the hypervisor's leaf 0x40000010 in a guest, where
 * leaf 0x15 may describe another machine. Leaf 0x16 is the nominal frequency,
 * rounded to MHz, and not used. Everything else is measured.
 */
#include <leat/clock.h>

#include <string.h>
#include <time.h>

#define NSEC UINT64_C(1000000000)

static uint64_t read_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NSEC + (uint64_t)ts.tv_nsec;
}

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

#define HYPERVISOR (1u << 31)		/* leaf 1, ecx */

static uint64_t hz_of_hypervisor(void)
{
	uint32_t eax, ebx, ecx, edx;
	char sig[12];

	__cpuid(0x40000000, eax, ebx, ecx, edx);
	memcpy(sig, &ebx, 4);
	memcpy(sig + 4, &ecx, 4);
	memcpy(sig + 8, &edx, 4);
	if (memcmp(sig, "VMwareVMware", 12) && memcmp(sig, "KVMKVMKVM\0\0\0", 12))
		return 0;
	if (eax < 0x40000010 || eax > 0x400000ff)
		return 0;
	__cpuid(0x40000010, eax, ebx, ecx, edx);
	return eax * UINT64_C(1000);		/* kHz */
}

static uint64_t hz_of_cpu(void)
{
	uint32_t eax, ebx, ecx, edx;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
		return 0;
	if (ecx & HYPERVISOR)
		return hz_of_hypervisor();
	if (!__get_cpuid(0x15, &eax, &ebx, &ecx, &edx) || !eax || !ebx)
		return 0;
	return (uint64_t)ecx * ebx / eax;	/* ecx 0: the crystal is not told */
}
#elif defined(__aarch64__)
static uint64_t hz_of_cpu(void)
{
	uint64_t hz;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(hz));
	return hz;
}
#else
static uint64_t hz_of_cpu(void)
{
	return NSEC;		/* leat_cycles() counts nanoseconds */
}
#endif

struct moment {
	uint64_t	cycles, ns;
};

/* By both clocks: the reading of several that was disturbed least. */
static struct moment now(void)
{
	uint64_t best = UINT64_MAX;
	struct moment m = { 0 };

	for (int i = 0; i < 8; i++) {
		uint64_t before = leat_cycles();
		uint64_t ns = read_ns(CLOCK_MONOTONIC_RAW);
		uint64_t took = leat_cycles() - before;

		if (took < best) {
			best = took;
			m = (struct moment){ .cycles = before + took / 2, .ns = ns };
		}
	}
	return m;
}

static uint64_t hz_measured(void)
{
	const struct timespec wait = { .tv_nsec = 10 * 1000 * 1000 };
	struct moment a = now(), b;

	nanosleep(&wait, NULL);
	b = now();
	return (uint64_t)((double)(b.cycles - a.cycles) * (double)NSEC / (double)(b.ns - a.ns));
}

uint64_t leat_cycles_hz(void)
{
	uint64_t hz = hz_of_cpu();

	return hz ? hz : hz_measured();
}

uint64_t leat_now_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}
