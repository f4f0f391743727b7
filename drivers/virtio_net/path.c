// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/path.c - choosing a data path.
 */
#include "path.h"

const struct virtio_path *leat_virtio_path(const struct virtio_path *const *paths,
					   uint64_t features)
{
	while ((paths[0]->needs & ~features) || (paths[0]->cpu && !paths[0]->cpu()))
		paths++;
	return paths[0];
}

#if defined(__x86_64__)

bool leat_virtio_cpu_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

bool leat_virtio_cpu_avx512(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

#else

bool leat_virtio_cpu_avx2(void)
{
	return false;
}

bool leat_virtio_cpu_avx512(void)
{
	return false;
}

#endif
