// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/virtio_net.h - the parts of the virtio-net driver.
 *
 *   virtio_net.c	the port: initialisation, configuration, start, stop
 *   config.c		what the device says of itself; capabilities, link
 *   features.c		which features are wanted, what they are called
 *   ctrl.c		the control queue; filter.c, steer.c what goes by it
 *   queues.c		single queues stopped and started
 *   irqs.c		interrupts, and sleeping until one comes
 *   events.c		the link, and a device that is in trouble
 *   pci.c		the transport over a PCI device; legacy.c over one of before virtio 1.0
 *   vhost_user.c	the transport to a back end in another process
 *   rxq.c, txq.c	receive and transmit queues, as far as ring formats do not matter
 *   hdr.c		the header before each frame
 *   split.c		the memory of a split queue; split_rx.c, split_tx.c its verbs
 *   packed.c		the same for packed queues
 *   path.c		which data path; split_*.c and packed_*.c are one each
 *
 * A ring format is a table of verbs (struct virtio_rings). Within a format, start picks
 * the burst functions, the data path, by what was negotiated and by what the CPU can do.
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

/* What segments are cut of by the device, and what it makes of received ones (5.1.3). */
#define VIRTIO_NET_TSO (VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_HOST_ECN | \
			VIRTIO_NET_F_HOST_USO)
#define VIRTIO_NET_LRO (VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | \
			VIRTIO_NET_F_GUEST_ECN | VIRTIO_NET_F_GUEST_USO4 | \
			VIRTIO_NET_F_GUEST_USO6)

/* ---- pci.c ---- */

struct leat_virtio_pci {
	struct leat_virtio vd;		/* first: the driver's handle */
	struct leat_mmio common, notify, device, isr;
	uint32_t	notify_multiplier;
};

/* Find and map the structures. 0, -ENOTSUP not a modern virtio device, or -errno; logged. */
int leat_virtio_pci_open(struct leat_virtio_pci *pci, struct leat_dev *dev);
void leat_virtio_pci_close(struct leat_virtio_pci *pci);

/* ---- legacy.c ---- */

struct leat_virtio_legacy {
	struct leat_virtio vd;		/* first: the driver's handle */
	struct leat_mmio io;
};

/* A device that has no modern interface, but BAR 0's. */
bool leat_virtio_legacy_is(struct leat_dev *dev);
int leat_virtio_legacy_open(struct leat_virtio_legacy *legacy, struct leat_dev *dev);
void leat_virtio_legacy_close(struct leat_virtio_legacy *legacy);

/* ---- ctrl.c ---- */

#define VIRTIO_CTRL_DATA_MAX 1024

/* The control queue, from start to stop; without one @mem is empty. */
struct virtio_ctrl {
	struct leat_virtio_queue vq;
	struct leat_mem	mem;
	size_t		driver_off, device_off, area_off; /* in @mem, behind the descriptors */
	uint16_t	pos, head;	/* next descriptor; first of the command under way */
	uint16_t	given;		/* split: avail->idx */
	bool		packed, wrap, head_wrap;
	bool		lost;		/* a command was not answered: its chain is the device's */
};

struct virtio_net;

/* The queue is set up, in the order of start before DRIVER_OK; off after the reset. */
int leat_virtio_ctrl_on(struct virtio_net *net);
void leat_virtio_ctrl_off(struct virtio_net *net);

/*
 * Have a running device with CTRL_VQ do something, @what for people, and wait until it did.
 * @len bytes of @data, up to VIRTIO_CTRL_DATA_MAX. 0; -EIO it refuses, -ETIMEDOUT, -ENODEV;
 * logged.
 */
int leat_virtio_ctrl(struct virtio_net *net, uint8_t class, uint8_t cmd, const void *data,
		     size_t len, const char *what);

/* ---- vhost_user.c ---- */

struct leat_virtio_vhost {
	struct leat_virtio vd;		/* first: the driver's handle */
	uint16_t	mtu;		/* 0: not told */
};

void leat_virtio_vhost_open(struct leat_virtio_vhost *vhost, struct leat_dev *dev);
void leat_virtio_vhost_close(struct leat_virtio_vhost *vhost);

/* ---- virtio_net.c ---- */

struct virtio_net {
	struct leat_port port;		/* first: core's handle */
	struct leat_virtio *vd;
	struct leat_virtio_pci pci;	/* one of the three is in use */
	struct leat_virtio_legacy legacy;
	struct leat_virtio_vhost vhost;
	uint64_t	offered;	/* by the device, when it was attached */
	uint64_t	wanted;		/* what start negotiates; settled by configure */
	const struct virtio_rings *rings; /* the format; settled by attach, from @offered */
	uint16_t	hdr_len;	/* bytes before each frame; settled by configure */
	uint16_t	device_mtu;	/* 0: it did not say */
	uint16_t	device_pairs;	/* of queues that it has */
	uint8_t		device_mac[6];	/* after a reset */

	/* what the device was told since it was reset */
	struct virtio_ctrl ctrl;
	uint8_t		told_mac[6];
	uint64_t	told_vids[4096 / 64];
	uint64_t	queues_kept;	/* by the device, though it was to let go of them; a bit each */

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

/* ---- config.c ---- */

/* A field of the device's configuration (5.1.4). 0 or -errno, logged. */
int leat_virtio_config16(struct virtio_net *net, size_t off, uint16_t *out);

/* Read what the device offers, choose net->rings, fill in the port's capabilities. 0 or -errno. */
int leat_virtio_read_offer(struct virtio_net *net);

/* VIRTIO_NET_S_*; without F_STATUS the link counts as up (5.1.4.2). */
uint16_t leat_virtio_net_status(struct virtio_net *net);
void leat_virtio_link(struct leat_port *port, struct leat_link *out);

/* ---- filter.c ---- */

/* Driver verb: tell the running device of port->filter and port->mac. 0 or -errno, logged. */
int leat_virtio_filter(struct leat_port *port);

/* The same for one that knows nothing yet: behind DRIVER_OK. */
int leat_virtio_filter_start(struct virtio_net *net);

/* ---- steer.c ---- */

/* For attach: queues and hashes that the device has, to the port's capabilities. */
int leat_virtio_steer_read(struct virtio_net *net);

/* Can port->cfg's queues be, with net->wanted? 0 or -ENOTSUP, logged. */
int leat_virtio_steer_check(const struct virtio_net *net);

/* Of queues that are in use. */
uint16_t leat_virtio_pairs(const struct virtio_net *net);

/* Tell the running device of its queues, port->rss and hashes. 0 or -errno, logged. */
int leat_virtio_steer(struct leat_port *port);

/* Driver verbs: port->rss; port->cfg.offloads, of receiving. */
int leat_virtio_set_rss(struct leat_port *port);
int leat_virtio_set_offloads(struct leat_port *port);

/* ---- queues.c ---- */

/*
 * The device may fill the buffers of receive queues @first and following: all of them, before
 * it is told of any. One that spreads frames may hold up a queue with a frame for another that
 * had no buffers yet, until it is told of the former again; QEMU does.
 */
void leat_virtio_rx_feed(struct virtio_net *net, unsigned int first, unsigned int n);

/* Driver verbs. */
void leat_virtio_rxq_stop(struct leat_rxq *q);
int leat_virtio_rxq_start(struct leat_rxq *q);
void leat_virtio_txq_stop(struct leat_txq *q);
int leat_virtio_txq_start(struct leat_txq *q);

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

/* From start to stop: notice what the device has to say. */
int leat_virtio_watch(struct virtio_net *net);
void leat_virtio_unwatch(struct virtio_net *net);

/* ---- features.c ---- */

#define VIRTIO_FEATURES_TEXT 768

/* Feature bits by name, "CSUM MAC bit 60", into @text (VIRTIO_FEATURES_TEXT bytes). Returns it. */
const char *leat_virtio_features_text(uint64_t features, char *text);

/* What net->offered and net->rings make possible, and LEAT_CAP_* that follow from it. */
uint64_t leat_virtio_features_possible(const struct virtio_net *net);
uint32_t leat_virtio_features_caps(const struct virtio_net *net);

/* Those of them to negotiate, for what port->cfg, port->rss and port->filter ask. */
uint64_t leat_virtio_features_wanted(const struct virtio_net *net);

/* Does the device offer what the driver cannot do without? 0 or -ENOTSUP, logged. */
int leat_virtio_features_check(const struct virtio_net *net);

/* ---- txq.c ---- */

/* As leat_driver.txq_descs. */
void leat_virtio_txq_descs(struct leat_txq *base, struct leat_descs *out);

/* ---- ring formats ---- */

/*
 * struct virtio_rings - what the driver does with queues, by their format. Queues are
 * those of the port; verbs on a queue of a running port are called on its thread, the
 * others on the control thread.
 */
struct virtio_rings {
	const char *name;		/* "split" */

	/*
	 * Features that are seen in rings or in the header before frames, as far as its
	 * paths know them: these are negotiated where features.c wants them.
	 */
	uint64_t features;

	/*
	 * setup: the ring's memory, nothing in it. free: undoes it.
	 * start: the ring as new, the path chosen by net->vd->features, receive buffers in
	 * it, and the device told of it; the device may use it from DRIVER_OK on. 0 or
	 * -errno, logged. expose: the buffers can be seen; NULL: since start. kick: the
	 * device is told of them.
	 * stop: every buffer back to its pool, after the device or the queue was reset.
	 */
	int  (*rxq_setup)(struct virtio_net *net, unsigned int id, struct leat_rxq **out);
	void (*rxq_free)(struct leat_rxq *base);
	int  (*rxq_start)(struct virtio_net *net, struct leat_rxq *base);
	void (*rxq_expose)(struct leat_rxq *base);
	void (*rxq_kick)(struct leat_rxq *base);
	void (*rxq_stop)(struct leat_rxq *base);

	/* Ask for an interrupt with the next frame, and look. 1: some wait, 0, -ENOTSUP: no vector. */
	int  (*rxq_arm)(struct leat_rxq *base);
	void (*rxq_disarm)(struct leat_rxq *base);
	void (*rxq_descs)(struct leat_rxq *base, struct leat_descs *out);

	int  (*txq_setup)(struct virtio_net *net, unsigned int id, struct leat_txq **out);
	void (*txq_free)(struct leat_txq *base);
	int  (*txq_start)(struct virtio_net *net, struct leat_txq *base);
	void (*txq_stop)(struct leat_txq *base);

	/* The paths that queues started now would take, and why: "split in-order (IN_ORDER)". */
	const char *(*path)(const struct virtio_net *net);
};

extern const struct virtio_rings leat_virtio_split, leat_virtio_packed;

/* What each data path makes its own of. */
#define VIRTIO_ALWAYS_INLINE inline __attribute__((always_inline))

/* Features that both formats know. */
#define VIRTIO_RINGS_ALL (VIRTIO_F_IN_ORDER | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX |	\
			  VIRTIO_F_NOTIFICATION_DATA | VIRTIO_NET_F_MRG_RXBUF |			\
			  VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_TSO |	\
			  VIRTIO_NET_LRO | VIRTIO_NET_F_HASH_REPORT)

#endif
