// SPDX-License-Identifier: BSD-3-Clause
/*
 * barrier.h - the only vocabulary for ordering in this project.
 *
 * Between CPUs: the C11 memory model on plain integers (so that C++ can read
 * our structs), by leat_load_acquire() and leat_store_release(). A release
 * makes everything written before it visible to whoever reads the value with
 * acquire. Each pair carries a label, listed in doc/ordering.md.
 *
 * Between CPU and device (or the process that plays the device):
 *   leat_dma_rmb()  reads before it are done before reads after it
 *   leat_dma_wmb()  writes before it are seen before writes after it
 *   leat_dma_mb()   a write before it is seen before a read after it: for
 *                   event suppression and arming, the one case x86 reorders
 * DMA memory is mapped cached, never write-combined, so on x86 the first two
 * only stop the compiler.
 */
#ifndef LEAT_BARRIER_H
#define LEAT_BARRIER_H

#include <leat/compiler.h>

#define leat_load_relaxed(p)	 __atomic_load_n((p), __ATOMIC_RELAXED)
#define leat_load_acquire(p)	 __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define leat_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define leat_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/*
 * leat_cas - *@p from *@old to @val: acquire and release where it succeeds;
 * where it does not, *@old becomes what was there, read with acquire.
 */
#define leat_cas(p, old, val) \
	__atomic_compare_exchange_n((p), (old), (val), 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)

/* Take @v off *@p, acquire and release; the new value. */
#define leat_sub(p, v)		 __atomic_sub_fetch((p), (v), __ATOMIC_ACQ_REL)

#if defined(__x86_64__) || defined(__i386__)
#define leat_dma_rmb() __asm__ volatile("" ::: "memory")
#define leat_dma_wmb() __asm__ volatile("" ::: "memory")
#define leat_dma_mb()  __asm__ volatile("lock; addl $0,-4(%%rsp)" ::: "memory", "cc")
#define leat_pause()   __builtin_ia32_pause()
#elif defined(__aarch64__)
#define leat_dma_rmb() __asm__ volatile("dmb oshld" ::: "memory")
#define leat_dma_wmb() __asm__ volatile("dmb oshst" ::: "memory")
#define leat_dma_mb()  __asm__ volatile("dmb osh" ::: "memory")
#define leat_pause()   __asm__ volatile("yield" ::: "memory")
#else
#define leat_dma_rmb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define leat_dma_wmb() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define leat_dma_mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define leat_pause()   __asm__ volatile("" ::: "memory")
#endif

#endif
