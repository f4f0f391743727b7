// SPDX-License-Identifier: BSD-3-Clause
/*
 * compiler.h - what the compiler must be told: visibility, inlining, layout.
 */
#ifndef LEAT_COMPILER_H
#define LEAT_COMPILER_H

#include <stddef.h>

/* Lines of 64 bytes on every CPU we run on. */
#define LEAT_CACHELINE 64

#ifdef __cplusplus
#define LEAT_BEGIN_DECLS extern "C" {
#define LEAT_END_DECLS	 }
#define LEAT_STATIC_ASSERT(cond, why) static_assert(cond, why)
#define LEAT_ALIGNED(n) alignas(n)
#else
#define LEAT_BEGIN_DECLS
#define LEAT_END_DECLS
#define LEAT_STATIC_ASSERT(cond, why) _Static_assert(cond, why)
#define LEAT_ALIGNED(n) _Alignas(n)
#endif

/* Exported from libleat. Everything else is hidden. */
#ifndef LEAT_API
#define LEAT_API __attribute__((visibility("default")))
#endif

/*
 * Public inlines. core/inline.c defines LEAT_INLINE as an exported plain
 * definition, so that languages without C headers find a symbol for each.
 */
#ifndef LEAT_INLINE
#define LEAT_INLINE static inline __attribute__((unused))
#endif

#define LEAT_LIKELY(x)	 __builtin_expect(!!(x), 1)
#define LEAT_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define LEAT_COLD	 __attribute__((cold))
#define LEAT_PRINTF(f, a) __attribute__((format(printf, f, a)))

#define LEAT_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Before a loop that does a few instructions' work for each packet of a burst. */
#if defined(__clang__)
#define LEAT_UNROLL _Pragma("clang loop unroll_count(4)")
#else
#define LEAT_UNROLL _Pragma("GCC unroll 4")
#endif

/* The struct of @type that has @ptr as its @member. */
#define LEAT_CONTAINER_OF(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))

/* One access, not torn, not repeated, not left out; no ordering. */
#define LEAT_READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define LEAT_WRITE_ONCE(x, val) (*(volatile __typeof__(x) *)&(x) = (val))

/*
 * Call a cache line in, to read it soon or to write it (which takes it from the
 * other CPUs); or, to be read a little later, into the second-level cache, which can wait
 * for many more lines at a time. Never faults. GCC gives the builtin's write hint away on
 * plain x86-64.
 */
#define leat_prefetch(p) __builtin_prefetch((p), 0, 3)
#define leat_prefetch_later(p) __builtin_prefetch((p), 0, 2)
#if defined(__x86_64__)
#define leat_prefetch_write(p) __asm__ volatile("prefetchw %0" : : "m"(*(const char *)(p)))
#else
#define leat_prefetch_write(p) __builtin_prefetch((p), 1, 3)
#endif

/*
 * Push a cache line down to where another CPU finds it sooner, having been written for
 * that. A hint; CPUs that do not know it do nothing.
 */
#if defined(__x86_64__)
#define leat_demote(p) __asm__ volatile("cldemote %0" : : "m"(*(const char *)(p)))
#else
#define leat_demote(p) ((void)(p))
#endif

#endif
