// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/virtio_net.h - the parts of the virtio-net driver.
 *
 *   virtio_net.c	the port: initialisation, configuration, start, stop, events
 *   features.c		which features are wanted, what they are called
 *   irqs.c		interrupts, and sleeping until one comes
 *   events.c		the link, and a device that is in trouble
 *   pci.c		the transport over a PCI device
 *   split.c		the memory of a split queue; split_rx.c, split_tx.c its hot paths
 *
 * A ring format is a table of verbs (struct virtio_rings). Within a format, start picks
 * the burst functions by what was negotiated and by what the CPU can do.
 *
 * Names begin with leat_virtio_ outside their file.
 */
#ifndef LEAT_VIRTIO_NET_H
#define LEAT_VIRTIO_NET_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/driver/dev.h>
#include <leat/driver/driver.h>
#include <leat/driver/irqs.h>
#include <leat/driver/virtio_transport.h>

#include "spec.h"

#define VIRTIO_NET_ETH_LEN   14		/* the least that can be a frame */
#define VIRTIO_NET_FRAME_ADD 18		/* frame over MTU: Ethernet header and one VLAN tag */
#define VIRTIO_NET_MTU_MAX   9000
#define VIRTIO_NET_MTU_ETH   1500	/* what a device without F_MTU is taken for */
#define VIRTIO_NET_SEGS_MAX  64		/* of one packet to send, if the ring is larger */
#define VIRTIO_NET_DESC_MIN  4

/* ---- pci.c ---- */

struct leat_virtio_pci {
	struct leat_virtio vd;		/* first: the driver's handle */
	struct leat_mmio common, notify, device, isr;
	uint32_t	notify_multiplier;
};

/* Find and map the structures. 0, -ENOTSUP not a modern virtio device, or -errno; logged. */
int leat_virtio_pci_open(struct leat_virtio_pci *pci, struct leat_dev *dev);
void leat_virtio_pci_close(struct leat_virtio_pci *pci);

/* ---- virtio_net.c ---- */

struct virtio_net {
	struct leat_port port;		/* first: core's handle */
	struct leat_virtio *vd;
	struct leat_virtio_pci pci;
	uint64_t	offered;	/* by the device, when it was attached */
	uint64_t	wanted;		/* what start negotiates; settled by configure */
	const struct virtio_rings *rings; /* of that format; settled by configure */
	uint16_t	hdr_len;	/* bytes before each frame; settled by configure */
	uint16_t	device_mtu;	/* 0: it did not say */

	/* receive buffers, settled by configure */
	uint32_t	rx_room;	/* bytes from there on */
	uint32_t	frame_max;	/* bytes of the longest frame to send */

	/* events */
	struct leat_pci_irqs irqs;
	struct leat_watch watch;
	int		config_fd;	/* configuration changes; -1: watch.tick looks */
	bool		link_up;
	bool		error_told;	/* once a start */
};

static inline struct virtio_net *virtio_net_of(struct leat_port *port)
{
	return LEAT_CONTAINER_OF(port, struct virtio_net, port);
}

/* A field of the device's configuration (5.1.4). 0 or -errno, logged. */
int leat_virtio_config16(struct virtio_net *net, size_t off, uint16_t *out);

/* ---- irqs.c ---- */

/* Choose, for port->cfg, and make the descriptors; what was there goes. 0 or -errno, logged. */
int leat_virtio_irqs_open(struct virtio_net *net);
void leat_virtio_irqs_close(struct virtio_net *net);

/* In the order of start, after the features and before the queues; off after the reset. */
int leat_virtio_irqs_on(struct virtio_net *net);
void leat_virtio_irqs_off(struct virtio_net *net);

/* What a receive queue is to be told; LEAT_VIRTIO_NO_VECTOR: none. */
uint16_t leat_virtio_rxq_vector(const struct virtio_net *net, unsigned int id);

int leat_virtio_rxq_arm(struct leat_rxq *q);

/* ---- events.c ---- */

bool leat_virtio_link_up(struct virtio_net *net);

/* From start to stop: notice what the device has to say. */
int leat_virtio_watch(struct virtio_net *net);
void leat_virtio_unwatch(struct virtio_net *net);

/* ---- features.c ---- */

#define VIRTIO_FEATURES_TEXT 256

/* Feature bits by name, "CSUM MAC bit 60", into @text (VIRTIO_FEATURES_TEXT bytes). Returns it. */
const char *leat_virtio_features_text(uint64_t features, char *text);

/* The features to negotiate out of net->offered, for what port->cfg asks. */
uint64_t leat_virtio_features_wanted(const struct virtio_net *net);

/* Does the device offer what the driver cannot do without? 0 or -ENOTSUP, logged. */
int leat_virtio_features_check(const struct virtio_net *net);

/* ---- ring formats ---- */

/*
 * struct virtio_rings - what the driver does with queues, by their format. Queues are
 * those of the port; verbs on a queue of a running port are called on its thread, the
 * others on the control thread.
 */
struct virtio_rings {
	const char *name;		/* "split" */

	/*
	 * setup: the ring's memory, nothing in it. free: undoes it.
	 * start: the ring as new, the path chosen by net->vd->features, receive buffers in
	 * it, and the device told of it; the device may use it from DRIVER_OK on, when kick
	 * says that there are buffers. 0 or -errno, logged.
	 * stop: every buffer back to its pool, after the device or the queue was reset.
	 */
	int  (*rxq_setup)(struct virtio_net *net, unsigned int id, struct leat_rxq **out);
	void (*rxq_free)(struct leat_rxq *base);
	int  (*rxq_start)(struct virtio_net *net, struct leat_rxq *base);
	void (*rxq_kick)(struct leat_rxq *base);
	void (*rxq_stop)(struct leat_rxq *base);

	/* Ask for an interrupt with the next frame, and look. 1: some wait, 0, -ENOTSUP: no vector. */
	int  (*rxq_arm)(struct leat_rxq *base);
	void (*rxq_disarm)(struct leat_rxq *base);

	int  (*txq_setup)(struct virtio_net *net, unsigned int id, struct leat_txq **out);
	void (*txq_free)(struct leat_txq *base);
	int  (*txq_start)(struct virtio_net *net, struct leat_txq *base);
	void (*txq_stop)(struct leat_txq *base);

	/* The paths that queues started now would take, and why: "split in-order (IN_ORDER)". */
	const char *(*path)(const struct virtio_net *net);
};

extern const struct virtio_rings leat_virtio_split;

#endif
