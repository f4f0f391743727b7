// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver/virtio_transport.h - how a virtio driver reaches its device: over a
 * PCI device, or over vhost-user, which is none. For driver authors: may change
 * in any minor release. Virtio 1.2, chapter 2.
 *
 * Control thread, but for ring and isr.
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

/*
 * A queue as the device is told of it (4.1.4.3 of virtio 1.2). The areas are those of a
 * split queue (2.7: descriptors, available, used) or of a packed one (2.8: descriptors,
 * driver events, device events).
 */
struct leat_virtio_queue {
	uint16_t	index, size;
	leat_iova_t	desc, driver, device;
	/*
	 * Where the device will write next, as its position and wrap counter are written, for
	 * another device to take over the ring as it is. Asked on the control thread, with no
	 * device at work; the queue's thread may be. NULL: of a split queue, whose memory tells.
	 */
	uint16_t	(*at)(const struct leat_virtio_queue *q);
	uint16_t	vector;		/* MSI-X, LEAT_VIRTIO_NO_VECTOR for none; out: as taken */

	/*
	 * out: the doorbell. @next is where the next buffer will be made available: the
	 * position in the ring, and a packed ring's wrap counter in bit 15 (2.9). It goes to
	 * the device with NOTIFICATION_DATA only. The queue's thread.
	 */
	void		(*ring)(const struct leat_virtio_queue *q, uint16_t next);
	struct leat_mmio *notify;	/* out: the transport's own, as are the next */
	uint32_t	notify_off;
	int		event;
};

#define LEAT_VIRTIO_NO_VECTOR UINT16_C(0xffff)

struct leat_virtio_ops {
	uint8_t	 (*status_get)(struct leat_virtio *vd);
	void	 (*status_set)(struct leat_virtio *vd, uint8_t status);
	/* Write 0 to status and wait until it reads 0: 0 or -ETIMEDOUT. */
	int	 (*reset)(struct leat_virtio *vd);
	uint64_t (*features_get)(struct leat_virtio *vd);
	void	 (*features_set)(struct leat_virtio *vd, uint64_t features);
	/* The MTU that the port has, before features_set. NULL: the device need not know. */
	int	 (*mtu)(struct leat_virtio *vd, uint16_t mtu);
	/* Device configuration, read consistently (config_generation). 0 or -errno. */
	int	 (*config_read)(struct leat_virtio *vd, uint32_t off, void *buf, size_t len);
	/* One field. 0 or -errno. */
	int	 (*config_write)(struct leat_virtio *vd, uint32_t off, const void *buf, size_t len);
	/* Largest size the device allows for a queue; 0: no such queue. */
	uint16_t (*queue_max)(struct leat_virtio *vd, uint16_t index);
	int	 (*queue_enable)(struct leat_virtio *vd, struct leat_virtio_queue *q);
	/* With RING_RESET (2.6.1): take a queue from the running device. 0 or -errno. */
	int	 (*queue_reset)(struct leat_virtio *vd, uint16_t index);
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
	bool		legacy;		/* as before virtio 1.0 */
	bool		alone;		/* queues are enabled one by one: MQ needs no CTRL_VQ */
	bool		demote;		/* a CPU that does not prefetch copies frames: push small ones down to it */
	const int	*events;	/* eventfds by vector, with LEAT_INTR_EVENT; set before they are used */
};

LEAT_END_DECLS

#endif
