// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver/virtio_transport.h - how a virtio driver reaches its device: over a
 * PCI device here, over other transports that are no PCI device later. For
 * driver authors: may change in any minor release. Virtio 1.2, chapter 2.
 *
 * Control thread, but for notify.
 */
#ifndef LEAT_DRIVER_VIRTIO_TRANSPORT_H
#define LEAT_DRIVER_VIRTIO_TRANSPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/driver/dev.h>
#include <leat/mem.h>

LEAT_BEGIN_DECLS

struct leat_virtio;

/* A queue as the device is told of it (4.1.4.3 of virtio 1.2). */
struct leat_virtio_queue {
	uint16_t	index, size;
	leat_iova_t	desc, driver, device;	/* descriptor, driver (avail), device (used) area */
	uint16_t	vector;		/* MSI-X, LEAT_VIRTIO_NO_VECTOR for none; out: as taken */
	struct leat_mmio *notify;	/* out: where to ring; write the queue's index, 16 bits */
	uint32_t	notify_off;	/* out: from the window's start */
};

#define LEAT_VIRTIO_NO_VECTOR UINT16_C(0xffff)

struct leat_virtio_ops {
	uint8_t	 (*status_get)(struct leat_virtio *vd);
	void	 (*status_set)(struct leat_virtio *vd, uint8_t status);
	/* Write 0 to status and wait until it reads 0: 0 or -ETIMEDOUT. */
	int	 (*reset)(struct leat_virtio *vd);
	uint64_t (*features_get)(struct leat_virtio *vd);
	void	 (*features_set)(struct leat_virtio *vd, uint64_t features);
	/* Device configuration, read consistently (config_generation). 0 or -errno. */
	int	 (*config_read)(struct leat_virtio *vd, uint32_t off, void *buf, size_t len);
	/* Largest size the device allows for a queue; 0: no such queue. */
	uint16_t (*queue_max)(struct leat_virtio *vd, uint16_t index);
	int	 (*queue_enable)(struct leat_virtio *vd, struct leat_virtio_queue *q);
	/* May the device reach memory? Once the queues are valid; not before they go. */
	int	 (*dma)(struct leat_virtio *vd, bool on);
	/*
	 * The vector of configuration changes. Returns what the device took:
	 * LEAT_VIRTIO_NO_VECTOR if it has no room for it (4.1.5.1.2).
	 */
	uint16_t (*config_vector)(struct leat_virtio *vd, uint16_t vector);
	/* ISR status (4.1.4.5): reading takes back a level-triggered interrupt. Any thread. */
	uint8_t	 (*isr)(struct leat_virtio *vd);
};

struct leat_virtio {
	const struct leat_virtio_ops *ops;
	struct leat_dev *dev;
	uint64_t	features;	/* negotiated */
};

LEAT_END_DECLS

#endif
