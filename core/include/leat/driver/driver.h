// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver/driver.h - the driver contract. For driver authors: may change in any
 * minor release. doc/adding-a-driver.md walks through it.
 *
 * Rules: a setup that fails leaves nothing behind, and core never calls the
 * matching undo. Undo verbs return void and are called once for what setup
 * made. Core checks arguments and order before it calls; drivers do not check
 * again. A device that is gone (dev->dead) makes every verb fail or do nothing,
 * never hang.
 */
#ifndef LEAT_DRIVER_DRIVER_H
#define LEAT_DRIVER_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/driver/aspace.h>
#include <leat/driver/core.h>
#include <leat/diag.h>
#include <leat/filter.h>
#include <leat/port.h>
#include <leat/rss.h>
#include <leat/stats.h>

LEAT_BEGIN_DECLS

struct leat_dev;

/* 0xffff in a field matches anything. A table ends with vendor 0. */
struct leat_pci_id {
	uint16_t	vendor, device;
};

#define LEAT_PCI_ANY UINT16_C(0xffff)

struct leat_driver {
	const char		 *name;		/* "virtio-net"; also its log prefix */
	const struct leat_pci_id *ids;		/* of PCI devices; may be NULL */
	const char		 *scheme;	/* "null": devices of that kind, which are none; or NULL */
	size_t			 port_size;	/* the driver's struct, zeroed by core */

	/* attach: find and map registers, reset, fill port->mac, caps, link, info */
	int  (*attach)(struct leat_port *port);
	void (*detach)(struct leat_port *port);

	/*
	 * configure: check port->cfg against the device and settle what the queues
	 * need to know (features, MTU), before any is set up. May be NULL.
	 */
	int  (*configure)(struct leat_port *port);

	/*
	 * queues: setup allocates the ring; nothing runs yet. What it needs to know is in
	 * port->cfg (sizes, pool, rx_cache[id], tx_cache[id]: all resolved). Setup or start
	 * sets q->direct, the burst function; core fills in the other public fields after
	 * setup, and shows q->direct as q->burst only while the port runs. A queue that must
	 * stop on its own sets q->burst to leat_rx_nothing() from its thread.
	 */
	int  (*rxq_setup)(struct leat_port *port, unsigned int id, struct leat_rxq **out);
	void (*rxq_free)(struct leat_rxq *q);
	int  (*txq_setup)(struct leat_port *port, unsigned int id, struct leat_txq **out);
	void (*txq_free)(struct leat_txq *q);

	/* run: after start the device owns the posted buffers; after stop the pool has them back */
	int  (*start)(struct leat_port *port);
	void (*stop)(struct leat_port *port);

	/*
	 * sleep: both may be NULL; with them setup sets q->fd and q->event (-1: neither).
	 * arm: interrupt with the next packet. Core has drained q->fd, so a device that
	 * interrupts from here on is heard. After a full barrier the ring is looked at once
	 * more: 1 if packets wait (core signals q->event), 0, or -errno, logged but for
	 * -ENOTSUP. disarm: no interrupts, as after start. Both on the queue's thread.
	 */
	int  (*rxq_arm)(struct leat_rxq *q);
	void (*rxq_disarm)(struct leat_rxq *q);

	/*
	 * In a forked child, which leaves the device to its parent: close the descriptors,
	 * free what attach and setup allocated. The windows and the rings' memory are no
	 * longer there; leat_aspace_free() does nothing. NULL: what there is stays allocated.
	 */
	void (*forget)(struct leat_port *port);

	/* control: any may be NULL */
	void (*link)(struct leat_port *port, struct leat_link *out);
	void (*stats)(struct leat_port *port, struct leat_stats *out);	/* add device counts */

	/*
	 * live changes: core has checked them against port->caps and written them into the
	 * port; the verb has the running device follow all of it, and start does the same.
	 * After an error core puts back what was and calls again. NULL: -ENOTSUP.
	 */
	int  (*filter)(struct leat_port *port);		/* port->filter, port->mac */
	int  (*rss)(struct leat_port *port);		/* port->rss */
	int  (*link_set)(struct leat_port *port);	/* port->link_down */
	int  (*offloads)(struct leat_port *port);	/* port->cfg.offloads, of caps.live_offloads */

	/*
	 * one queue of a running port; stop gives its packets back to the pool. It may be
	 * another queue, of other size, that starts: setup and start heed nothing but cfg
	 * at setup.
	 */
	int  (*rxq_start)(struct leat_rxq *q);
	void (*rxq_stop)(struct leat_rxq *q);
	int  (*txq_start)(struct leat_txq *q);
	void (*txq_stop)(struct leat_txq *q);

	/* @done and @device of a queue that runs; NULL: -ENOTSUP. The queue's thread */
	void (*rxq_descs)(struct leat_rxq *q, struct leat_descs *out);
	void (*txq_descs)(struct leat_txq *q, struct leat_descs *out);

	/* diagnosis: as diag.h says; xstats adds the device's own counters, as regs fills */
	unsigned int (*xstats)(struct leat_port *port, struct leat_xstat *out, unsigned int n);
	unsigned int (*regs)(struct leat_port *port, struct leat_reg *out, unsigned int n);
	int  (*nvm)(struct leat_port *port, uint32_t off, void *buf, size_t len);
	int  (*firmware)(struct leat_port *port, char *buf, size_t size);
	void (*identify)(struct leat_port *port, bool on);
	int  (*self_test)(struct leat_port *port, struct leat_self_test *out, unsigned int n);
};

#define LEAT_FILTER_MACS   32
#define LEAT_FILTER_MCASTS 128
#define LEAT_FILTER_ETHERTYPES 8

/* Which frames the port shall take. Core's; drivers read it. */
struct leat_filter {
	bool		promisc, allmulti;
	bool		vlan;		/* of tagged frames only those of @vids */
	uint16_t	nmacs, nmcasts;
	uint8_t		mac[LEAT_FILTER_MACS][6];	/* besides port->mac */
	uint8_t		mcast[LEAT_FILTER_MCASTS][6];
	uint64_t	vids[4096 / 64];
	uint16_t	nethertypes;
	struct {
		uint16_t type, rxq;
	} ethertype[LEAT_FILTER_ETHERTYPES];	/* also for queues that the port does not have now */
};

/*
 * struct leat_port - drivers embed it as the first member of their own struct.
 * Above the line the driver fills, below it only reads.
 */
struct leat_port {
	struct leat_caps caps;		/* attach */
	uint8_t		mac[6];		/* attach */
	uint16_t	mtu;		/* attach: the device's, or 1500; configure may settle it */
	char		info[160];	/* attach, configure, start: what was chosen */
	bool		queues_together; /* attach: single queues cannot stop, verbs or not */

	/* ------------------------------------------------------------------ */
	struct leat_ctx	*ctx;
	struct leat_dev	*dev;
	const struct leat_driver *drv;
	char		*name;
	struct leat_port_config cfg;	/* resolved: no zeros left that meant "choose" */
	struct leat_filter filter;
	struct leat_rss	rss;		/* resolved; types 0: do not spread */
	bool		link_down;	/* the application wants it down */
	struct leat_rxq	*rxq[LEAT_PORT_QUEUES_MAX];
	struct leat_txq	*txq[LEAT_PORT_QUEUES_MAX];
	bool		started;
	bool		gone;		/* the device is no more; any thread reads it relaxed */
	bool		suspended;	/* the device sleeps: no verb of the driver is called */

	const struct leat_dev_end *end;
	bool		stepped;	/* polls step the device */

	/* Core's own. */
	struct leat_pool_cache *own_rx_cache[LEAT_PORT_QUEUES_MAX];
	struct leat_pool_cache *own_tx_cache[LEAT_PORT_QUEUES_MAX];
	struct leat_sizes *rx_sizes[LEAT_PORT_QUEUES_MAX], *tx_sizes[LEAT_PORT_QUEUES_MAX];
	struct leat_stats past;		/* counted by queues that are no more */
	uint32_t	rxqs_off, txqs_off; /* queues stopped while the port runs, a bit each */
	uint32_t	pending;	/* events to deliver, a bit each */
	struct leat_port *next;
};

/* What core asks of a device, of which it knows nothing else. */
struct leat_dev_end {
	void	(*close)(struct leat_dev *dev);
	/* May be NULL; called by the polls of the port's queues if port->stepped. */
	void	(*step)(struct leat_dev *dev);
	/* For leat_sigbus(); may be NULL. */
	bool	(*sigbus)(struct leat_dev *dev, const void *addr);
	/* For leat_ctx_forget(): as close, in a forked child. May be NULL. */
	void	(*forget)(struct leat_dev *dev);
	/* Who sees its memory, and its NUMA node (-1: unknown). May be NULL: nobody knows. */
	struct leat_aspace *(*aspace)(struct leat_dev *dev);
	int	(*node)(struct leat_dev *dev);
	/* Low power, with an eventfd to signal when it ends by itself (-1: none). May be NULL. */
	int	(*sleep)(struct leat_dev *dev, int wakeup);
	int	(*wake)(struct leat_dev *dev);
};

/*
 * leat_port_attach - make a port of an opened device: allocate drv->port_size,
 * attach, narrow its address space to caps.dma_bits, configure, set up queues, start
 * (unless cfg->no_start). On failure
 * everything is undone, the device closed by @end included.
 */
LEAT_API int leat_port_attach(struct leat_ctx *ctx, const struct leat_driver *drv,
			      struct leat_dev *dev, const char *name,
			      const struct leat_dev_end *end, bool stepped,
			      const struct leat_port_config *cfg, struct leat_port **out);

/* Note an event for delivery by leat_ctx_poll(). From any thread. */
LEAT_API void leat_port_notify(struct leat_port *port, enum leat_event event);

/* What a queue's burst is set to while it must move nothing. */
LEAT_API uint16_t leat_rx_nothing(struct leat_rxq *q, struct leat_pkt **pkts, uint16_t n);
LEAT_API uint16_t leat_tx_nothing(struct leat_txq *q, struct leat_pkt **pkts, uint16_t n);

LEAT_END_DECLS

#endif
