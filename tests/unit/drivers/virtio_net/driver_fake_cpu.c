// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_fake_cpu.c - a CPU with narrower vectors than it has, so that tests reach the data
 * paths of lesser CPUs. Linked with --wrap for both functions.
 */
#include "driver_fake.h"

bool __real_leat_virtio_cpu_avx2(void);
bool __real_leat_virtio_cpu_avx512(void);
bool __wrap_leat_virtio_cpu_avx2(void);
bool __wrap_leat_virtio_cpu_avx512(void);

unsigned int fake_vectors = 512;

bool __wrap_leat_virtio_cpu_avx2(void)
{
	return fake_vectors >= 256 && __real_leat_virtio_cpu_avx2();
}

bool __wrap_leat_virtio_cpu_avx512(void)
{
	return fake_vectors >= 512 && __real_leat_virtio_cpu_avx512();
}

bool fake_lacks(unsigned int vectors)
{
	return (vectors >= 256 && !__real_leat_virtio_cpu_avx2()) ||
	       (vectors >= 512 && !__real_leat_virtio_cpu_avx512());
}
