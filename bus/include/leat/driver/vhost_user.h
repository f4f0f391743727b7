// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver/vhost_user.h - a virtio device in another process, by the vhost-user protocol:
 * "vhost-user:PATH[,OPTION]..." (doc/vhost-user.md). For driver authors: may change in any minor release.
 *
 * The device has rings, features and perhaps a configuration space; it is no PCI device.
 * What the driver says is remembered and told to whoever is connected. A back end that
 * goes away takes nothing along: its rings stay, the next one that connects is told all of
 * it and goes on where the last one stopped. Meanwhile leat_vhost_connected() is false.
 * leat_ctx_poll() notices the end and sees to the next beginning.
 *
 * Control thread. Functions that return int: 0 or -errno, logged.
 */
#ifndef LEAT_DRIVER_VHOST_USER_H
#define LEAT_DRIVER_VHOST_USER_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/bits.h>
#include <leat/compiler.h>
#include <leat/driver/dev.h>
#include <leat/mem.h>

LEAT_BEGIN_DECLS

#define LEAT_VHOST_RINGS_MAX (2 * LEAT_PORT_QUEUES_MAX)

/* Protocol features: docs/interop/vhost-user.rst of QEMU. */
#define LEAT_VHOST_P_MQ			LEAT_BIT64(0)
#define LEAT_VHOST_P_REPLY_ACK		LEAT_BIT64(3)
#define LEAT_VHOST_P_NET_MTU		LEAT_BIT64(4)
#define LEAT_VHOST_P_BACKEND_REQ	LEAT_BIT64(5)
#define LEAT_VHOST_P_CONFIG		LEAT_BIT64(9)
#define LEAT_VHOST_P_INFLIGHT_SHMFD	LEAT_BIT64(12)
#define LEAT_VHOST_P_RESET_DEVICE	LEAT_BIT64(13)
#define LEAT_VHOST_P_CONFIGURE_MEM_SLOTS LEAT_BIT64(15)
#define LEAT_VHOST_P_STATUS		LEAT_BIT64(16)

/* What the back end can, as of the last connection. */
struct leat_vhost_offer {
	uint64_t	features;	/* virtio's, without the transport's own */
	uint64_t	protocol;	/* LEAT_VHOST_P_*: what both sides know */
	unsigned int	queues;		/* as GET_QUEUE_NUM says (queue pairs, for a NIC); 1 without */
	bool		has_mac;	/* the address of the device says its MAC address */
	uint8_t		mac[6];
};

struct leat_virtio_queue;

/* A ring as the back end is told of it. */
struct leat_vhost_ring {
	uint16_t	index, size;
	leat_iova_t	desc, driver, device;	/* struct leat_virtio_queue's */
	int		call;		/* eventfd for it to signal, the caller's; -1: none, it is polled */

	/* Of a packed ring: where another back end goes on, struct leat_virtio_queue's. NULL: unknown. */
	uint16_t	(*at)(const struct leat_virtio_queue *vq);
	const struct leat_virtio_queue *vq;
};

/* Is that device one of these? */
LEAT_API bool leat_vhost_is(const struct leat_dev *dev);

/* As long as the device is open. */
LEAT_API const struct leat_vhost_offer *leat_vhost_offer(struct leat_dev *dev);

/* Is somebody at the other end, who knows of all that was told? */
LEAT_API bool leat_vhost_connected(struct leat_dev *dev);

/* Signal @fd when that changes, or the device's configuration does; -1: do not. */
LEAT_API void leat_vhost_watch_config(struct leat_dev *dev, int fd);

/* The features negotiated (the transport's own are added). */
LEAT_API int leat_vhost_features(struct leat_dev *dev, uint64_t features);

/* Device status, where the back end has STATUS; without, get gives what was set last. */
LEAT_API int leat_vhost_status_set(struct leat_dev *dev, uint8_t status);
LEAT_API int leat_vhost_status_get(struct leat_dev *dev, uint8_t *status);

/* Configuration space, with CONFIG. -ENOTSUP without, -ENOTCONN with nobody there; not logged. */
LEAT_API int leat_vhost_config_read(struct leat_dev *dev, uint32_t off, void *buf, size_t len);
LEAT_API int leat_vhost_config_write(struct leat_dev *dev, uint32_t off, const void *buf,
				     size_t len);

/* The MTU, with NET_MTU; without, nobody is told. */
LEAT_API int leat_vhost_mtu(struct leat_dev *dev, uint16_t mtu);

/*
 * leat_vhost_ring - a ring to run from start on. @kick is its doorbell, the device's and open
 * until stop: the ring's thread gives it to leat_eventfd_signal().
 */
LEAT_API int leat_vhost_ring(struct leat_dev *dev, const struct leat_vhost_ring *ring, int *kick);

/*
 * leat_vhost_start, leat_vhost_stop - have the back end run the rings, and let go of them.
 * With nobody connected start is 0: the next one that connects runs them. After stop the
 * rings are forgotten; a back end that would not let go is no longer connected.
 */
LEAT_API int leat_vhost_start(struct leat_dev *dev);
LEAT_API void leat_vhost_stop(struct leat_dev *dev);

LEAT_END_DECLS

#endif
