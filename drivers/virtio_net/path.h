// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/path.h - data paths: the burst functions of a ring format, for what was
 * negotiated and for what the CPU can do.
 */
#ifndef LEAT_VIRTIO_PATH_H
#define LEAT_VIRTIO_PATH_H

#include "virtio_net.h"

struct virtio_path {
	const char *name;		/* "packed in-order avx512 (IN_ORDER, CPU)"; the reason in brackets */
	uint64_t needs;			/* features */
	bool (*cpu)(void);		/* NULL: any */
	uint16_t (*rx)(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n);
	uint16_t (*rx_blind)(struct leat_rxq *base, struct leat_pkt **pkts, uint16_t n);
	uint16_t (*tx)(struct leat_txq *base, struct leat_pkt **pkts, uint16_t n);
};

/* The first of @paths, best first, the last one always, that these features and this CPU allow. */
const struct virtio_path *leat_virtio_path(const struct virtio_path *const *paths,
					   uint64_t features);

/* For virtio_path.cpu. */
bool leat_virtio_cpu_avx2(void);
bool leat_virtio_cpu_avx512(void);

/* packed*.c: those of leat_virtio_packed */
extern const struct virtio_path leat_virtio_packed_any, leat_virtio_packed_in_order;
extern const struct virtio_path leat_virtio_packed_avx2, leat_virtio_packed_avx512;
extern const struct virtio_path leat_virtio_packed_neon;
extern const struct virtio_path *const leat_virtio_packed_paths[];

/* split*.c: those of leat_virtio_split */
extern const struct virtio_path leat_virtio_split_any, leat_virtio_split_in_order;
extern const struct virtio_path *const leat_virtio_split_paths[];

#endif
