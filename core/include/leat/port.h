// SPDX-License-Identifier: BSD-3-Clause
/*
 * port.h - one NIC: open it by address, poll its queues, ask it things.
 *
 * Control verbs (open, stop, start, stats, ...) belong to the control thread.
 * A queue belongs to one thread; that is the whole threading model of the data
 * path. A thread leaves a port's queues alone before the port is stopped,
 * reconfigured or closed (leat_worker_pause() is one way); threads that poll
 * other ports go on meanwhile.
 */
#ifndef LEAT_PORT_H
#define LEAT_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/ctx.h>
#include <leat/pkt.h>
#include <leat/pool.h>

LEAT_BEGIN_DECLS

struct leat_port;

/* What a port can do; offloads are asked for by these bits. */
#define LEAT_CAP_RX_CSUM	(UINT32_C(1) << 0)	/* checks sums, or passes partial ones */
#define LEAT_CAP_TX_CSUM	(UINT32_C(1) << 1)	/* completes LEAT_PKT_CSUM_PARTIAL */
#define LEAT_CAP_TX_SEGS	(UINT32_C(1) << 2)	/* sends packets of several segments */
#define LEAT_CAP_RX_SCATTER	(UINT32_C(1) << 3)	/* frames longer than a buffer arrive in segments */
#define LEAT_CAP_LINK		(UINT32_C(1) << 4)	/* knows its link state */
#define LEAT_CAP_TX_TSO4	(UINT32_C(1) << 5)	/* cuts LEAT_PKT_TSO into TCP segments, IPv4 */
#define LEAT_CAP_TX_TSO6	(UINT32_C(1) << 6)	/* the same for IPv6 */
#define LEAT_CAP_TX_SCTP_CSUM	(UINT32_C(1) << 7)	/* completes SCTP's CRC, too */
#define LEAT_CAP_RX_VLAN	(UINT32_C(1) << 8)	/* takes tags off: LEAT_PKT_VLAN */
#define LEAT_CAP_TX_VLAN	(UINT32_C(1) << 9)	/* puts them in */
#define LEAT_CAP_RX_HASH	(UINT32_C(1) << 10)	/* delivers the RSS hash: LEAT_PKT_HASH */
#define LEAT_CAP_FILTER		(UINT32_C(1) << 11)	/* filters by address, see filter.h */
#define LEAT_CAP_VLAN_FILTER	(UINT32_C(1) << 12)
#define LEAT_CAP_FLOW_CTRL	(UINT32_C(1) << 13)	/* IEEE 802.3x pause frames */
#define LEAT_CAP_LINK_SET	(UINT32_C(1) << 14)	/* leat_port_link_set(), .speed */
#define LEAT_CAP_TX_USO		(UINT32_C(1) << 15)	/* cuts LEAT_PKT_TSO of UDP into datagrams */
#define LEAT_CAP_RX_LRO		(UINT32_C(1) << 16)	/* joins frames of a flow: LEAT_PKT_TSO */

/*
 * Those that are a matter of choice. A tag taken off is off, and joined frames are
 * longer than the MTU: these only on demand.
 */
#define LEAT_OFFLOADS		(LEAT_CAP_RX_CSUM | LEAT_CAP_TX_CSUM | LEAT_CAP_TX_TSO4 |	\
				 LEAT_CAP_TX_TSO6 | LEAT_CAP_TX_SCTP_CSUM | LEAT_CAP_RX_VLAN |	\
				 LEAT_CAP_TX_VLAN | LEAT_CAP_RX_HASH | LEAT_CAP_TX_USO |	\
				 LEAT_CAP_RX_LRO)
#define LEAT_OFFLOADS_USUAL	(LEAT_OFFLOADS & ~(LEAT_CAP_RX_VLAN | LEAT_CAP_RX_LRO))

struct leat_caps {
	uint32_t	flags;		/* LEAT_CAP_* */
	uint16_t	max_rxqs, max_txqs;
	uint16_t	min_desc, max_desc;	/* per queue; powers of two if pow2_desc */
	bool		pow2_desc;
	uint16_t	max_mtu;	/* bytes behind the Ethernet header */
	uint16_t	max_segs;	/* segments of one packet to send */
	uint16_t	rx_headroom;	/* bytes the driver uses before received data */
	uint8_t		dma_bits;	/* device address width */
	uint16_t	max_macs, max_mcasts; /* further addresses it filters by */
	uint16_t	max_ethertypes;	/* that it gives a queue of their own... */
	uint16_t	ethertype_rxqs;	/* ...of the first so many */
	uint32_t	rss_types;	/* LEAT_RSS_*; 0: does not spread by hash */
	uint16_t	reta_len;	/* entries of its redirection table */
	uint32_t	live_offloads;	/* that leat_port_offloads() switches */
};

enum leat_event {
	LEAT_EVENT_LINK,	/* leat_port_link() has news */
	LEAT_EVENT_REMOVAL,	/* somebody wants the device back: close the port soon */
	LEAT_EVENT_ERROR,	/* the device asks for a reset: stop and start the port */
	LEAT_EVENT_ANNOUNCE,	/* the network behind it changed: send what tells others where you are */
	LEAT_EVENT_GONE,	/* the device or its peer is no more: close the port */
};

/* Delivered by leat_ctx_poll(), on the thread that calls it. May call any control verb but close. */
typedef void leat_event_fn(void *arg, struct leat_port *port, enum leat_event event);

#define LEAT_PORT_QUEUES_MAX 16

struct leat_rss;

/* Pause frames (IEEE 802.3x): obeyed (RX), sent (TX). */
enum leat_flow_ctrl {
	LEAT_FLOW_AUTO,		/* negotiated, where the device can; otherwise none */
	LEAT_FLOW_NONE, LEAT_FLOW_RX, LEAT_FLOW_TX, LEAT_FLOW_FULL,
};

/*
 * By what the device signals that it has news: packets to threads that sleep
 * (leat_rxq_arm()), changes of its own state to leat_ctx_poll().
 */
enum leat_intr {
	LEAT_INTR_AUTO,		/* the first of these that device and driver have */
	LEAT_INTR_MSIX,
	LEAT_INTR_MSI,
	LEAT_INTR_INTX,
	LEAT_INTR_EVENT,	/* an eventfd that another process signals (vhost-user) */
	LEAT_INTR_NONE,		/* leat_ctx_poll() looks at the device twice a second */
};

/* Zero in a field means "choose well". Copied at open; pointers must stay good. */
struct leat_port_config {
	uint16_t	rxqs, txqs;	/* queues; 0: one */
	uint16_t	rx_desc, tx_desc; /* per queue; 0: 256, or what the device has if less */
	uint16_t	mtu;		/* bytes behind the Ethernet header; 0: the device's, or 1500 */
	uint32_t	offloads;	/* of LEAT_OFFLOADS; 0: the usual that the device has, ~0: none */
	const struct leat_rss *rss;	/* NULL: over all receive queues, if there are several */
	uint32_t	speed;		/* Mbit/s to force; 0: negotiated */
	bool		half_duplex;	/* with a forced speed */
	enum leat_flow_ctrl flow_ctrl;
	struct leat_pool *pool;		/* where received packets come from; NULL: the context's own */

	/*
	 * The cache of the thread that polls each queue; NULL: one of its own for
	 * each queue. Queues polled by one thread run faster on a shared one.
	 */
	struct leat_pool_cache *rx_cache[LEAT_PORT_QUEUES_MAX];
	struct leat_pool_cache *tx_cache[LEAT_PORT_QUEUES_MAX];

	leat_event_fn	*event;		/* NULL: leat_ctx_poll() returns -ENODEV for a lost port */
	void		*event_arg;
	bool		no_start;	/* open only; leat_port_start() later */
	bool		promisc;	/* every frame, from the first on; leat_port_promisc() later */
	enum leat_intr	intr;		/* -ENOTSUP if the device lacks the one asked for by name */
	bool		size_stats;	/* count packets by size and kind, too: leat_port_xstats() */
};

#define LEAT_OFFLOADS_NONE UINT32_MAX

/*
 * leat_port_open - find, open, set up and start a NIC.
 *
 * @addr:
 * "0000:01:00.0" (or "01:00.0"), a PCI device that vfio-pci has: by iommufd where
 *   the kernel has it, else by its group. "iommufd:", "group:" before it force one;
 *   "noiommu:" does without an IOMMU, as root. Options after commas: "domain=NAME"
 *   shares an IOMMU domain, "token=UUID" opens a virtual function,
 *   "device-fd=N,iommu-fd=N" and "group-fd=N,container-fd=N[,device-fd=N]" take
 *   descriptors that are open. doc/vfio.md has more.
 * "vfio-user:PATH", a device served at a UNIX socket.
 * "vhost-user:PATH", a virtio back end that listens at a UNIX socket;
 *   "vhost-user:PATH,server": one that connects to ours.
 * "sim:MODEL[,key=value...]", a model in this process, stepped by the polls of its
 *   queues.
 * "null:[size=BYTES]", frames from nowhere as fast as they are polled, and to nowhere.
 * "ring:NAME", opened twice in one context: what one end sends the other receives, queue
 *   by queue.
 * "tap:INTERFACE", a tap interface of the kernel's, attached to or (by root) made.
 * @cfg may be NULL.
 *
 * Errors, with the sentence in leat_ctx_error(): -EINVAL no such kind of
 * address or a configuration out of range, -ENODEV nothing there, no vfio-pci, or it
 * went away, -EACCES and -EPERM not for this user, -EBUSY a kernel driver, another
 * program or this one has it, -ENOENT its node is missing, -ENOTSUP no driver for the
 * device, a feature that it lacks, or no IOMMU, -EPROTO the peer broke the protocol,
 * -ETIMEDOUT it did not answer, -ENOSPC its address ranges exclude memory already
 * placed, -ENOMEM, also of memory that may be locked.
 */
LEAT_API int leat_port_open(struct leat_ctx *ctx, const char *addr,
			    const struct leat_port_config *cfg, struct leat_port **out);

/* Stops it, takes back its packets, closes the device. Works on a dead one. NULL is fine. */
LEAT_API void leat_port_close(struct leat_port *port);

/*
 * leat_port_start / leat_port_stop - after stop no packet moves, no buffer is
 * the device's, and the handles of the queues stay good. Starting a started
 * port and stopping a stopped one is nothing.
 */
LEAT_API int leat_port_start(struct leat_port *port);
LEAT_API void leat_port_stop(struct leat_port *port);

/*
 * leat_port_reconfigure - other queues, sizes, MTU or pool, for a stopped port.
 * Queue handles are made anew. On error the old configuration stays.
 */
LEAT_API int leat_port_reconfigure(struct leat_port *port, const struct leat_port_config *cfg);

/*
 * leat_port_suspend - low power for the device of a stopped port, until leat_port_resume();
 * start, reconfigure and whatever asks the device are for afterwards. @wakeup is an eventfd
 * of the caller's that is signalled if something else woke the device, which then stays
 * awake, or -1. -EBUSY the port runs, -EINVAL it is suspended already, -ENOTSUP device, kernel or
 * the way to it cannot, -ENODEV it is gone. Control thread.
 */
LEAT_API int leat_port_suspend(struct leat_port *port, int wakeup);

/* The port is stopped, as before, and can be started. Nothing for one that is not suspended. */
LEAT_API int leat_port_resume(struct leat_port *port);

/*
 * leat_port_offloads - other offloads for a running port, as leat_port_config.offloads has
 * them; kept over stop and start. Of those that change, all must be in caps.live_offloads, and
 * none can be put on that the port did not start with: -ENOTSUP, -EBUSY. Control thread;
 * queues may be polled meanwhile.
 */
LEAT_API int leat_port_offloads(struct leat_port *port, uint32_t offloads);

struct leat_link {
	bool		up;
	bool		full_duplex;
	uint32_t	speed;		/* Mbit/s; 0: unknown */
};

LEAT_API void leat_port_link(struct leat_port *port, struct leat_link *out);

/* Take the link down, or up again; kept over stop and start. -ENOTSUP without LEAT_CAP_LINK_SET. */
LEAT_API int leat_port_link_set(struct leat_port *port, bool up);

LEAT_API void leat_port_mac(const struct leat_port *port, uint8_t mac[6]);
LEAT_API uint16_t leat_port_mtu(const struct leat_port *port);
LEAT_API void leat_port_caps(const struct leat_port *port, struct leat_caps *out);
LEAT_API bool leat_port_gone(const struct leat_port *port);

/*
 * leat_port_node - the NUMA node of its slot, -1: unknown, or not in this machine's
 * slots. Its rings and the context's own pool come from there, unless the context was
 * given a node; leat_cpus_near() has the CPUs of it.
 */
LEAT_API int leat_port_node(const struct leat_port *port);

/*
 * leat_addr_node - the same for an address that leat_port_open() takes, before it is
 * opened: for a pool and threads that are to be near it. Reads sysfs. Any thread.
 */
LEAT_API int leat_addr_node(const char *addr);

/* The address it was opened by, "vfio-user:/run/nic.sock"; the driver's name, "virtio-net". */
LEAT_API const char *leat_port_name(const struct leat_port *port);
LEAT_API const char *leat_port_driver(const struct leat_port *port);

/* One line on what was chosen: data path, queues, features, for a banner. */
LEAT_API const char *leat_port_info(const struct leat_port *port);

/*
 * struct leat_rxq, struct leat_txq - one hardware queue, one thread's.
 *
 * Drivers embed them as the first member of their own. The counters have one
 * writer, the queue's thread; others read them relaxed, by leat_port_stats().
 * The layout is ABI up to @ndesc.
 */
struct leat_rxq {
	uint16_t	(*burst)(struct leat_rxq *q, struct leat_pkt **pkts, uint16_t n);
	struct leat_port *port;
	struct leat_pool_cache *cache;	/* of the thread that polls this queue */
	uint64_t	packets, bytes;	/* delivered to the application */
	uint64_t	errors;		/* frames the device got wrong, dropped */
	uint64_t	nobuf;		/* polls that found no buffer to refill with */
	uint16_t	id, ndesc;

	uint16_t	(*direct)(struct leat_rxq *q, struct leat_pkt **pkts, uint16_t n);
	int		fd;		/* leat_rxq_fd() */
	int		event;		/* the eventfd of the vector, which others may share */
};

struct leat_txq {
	uint16_t	(*burst)(struct leat_txq *q, struct leat_pkt **pkts, uint16_t n);
	struct leat_port *port;
	struct leat_pool_cache *cache;
	uint64_t	packets, bytes;	/* accepted from the application */
	uint64_t	errors;		/* accepted but impossible to send (too long, too many segments) */
	uint64_t	drop_full;	/* given to leat_drop(): the ring was full */
	uint64_t	drop_gone;	/* given to leat_drop(): the port was gone */
	uint16_t	id, ndesc;

	uint16_t	(*direct)(struct leat_txq *q, struct leat_pkt **pkts, uint16_t n);
};

/* NULL if the port has no such queue. Good until the port is reconfigured or closed. */
LEAT_API struct leat_rxq *leat_port_rxq(struct leat_port *port, unsigned int id);
LEAT_API struct leat_txq *leat_port_txq(struct leat_port *port, unsigned int id);

/*
 * leat_rx - up to @n packets that arrived; they are the caller's now. Returns
 * how many; 0 also from a port that is stopped or gone. The queue's thread.
 */
LEAT_INLINE uint16_t leat_rx(struct leat_rxq *q, struct leat_pkt **pkts, uint16_t n)
{
	return q->burst(q, pkts, n);
}

/*
 * leat_tx - send up to @n packets. Returns how many were accepted: those are
 * no longer the caller's, the rest still are. Calling with @n = 0 collects
 * what the device has sent. The queue's thread.
 */
LEAT_INLINE uint16_t leat_tx(struct leat_txq *q, struct leat_pkt **pkts, uint16_t n)
{
	return q->burst(q, pkts, n);
}

/*
 * leat_rxq_stop, leat_txq_stop - take back what one queue of a running port holds;
 * it moves nothing until started again, or the port is. -ENOTSUP the driver cannot.
 * Control thread, while the queue's thread leaves it alone.
 */
LEAT_API int leat_rxq_stop(struct leat_rxq *q);
LEAT_API int leat_rxq_start(struct leat_rxq *q);
LEAT_API int leat_txq_stop(struct leat_txq *q);
LEAT_API int leat_txq_start(struct leat_txq *q);

/*
 * leat_rxq_resize, leat_txq_resize - another number of descriptors for a queue that is
 * stopped, or whose port is; 0: as at open. It becomes a new one, with the counts of the old:
 * *@q is replaced, and no other copy of the handle is good any more. On error it stays as it
 * is. Until the port is reconfigured. -EBUSY it runs, -EINVAL not by this device. Control thread.
 */
LEAT_API int leat_rxq_resize(struct leat_rxq **q, uint16_t ndesc);
LEAT_API int leat_txq_resize(struct leat_txq **q, uint16_t ndesc);

/*
 * Whose a queue's descriptors are, in the ring's order from the oldest on: first those that
 * the device is through with and whose packets were not taken yet; then those that it has;
 * the rest are free to send by, or wait for a buffer. Together as many as the queue has.
 */
struct leat_descs {
	uint16_t	done, device, driver;
};

/*
 * leat_rxq_descs, leat_txq_descs - a snapshot. A transmit queue frees what is done first, so
 * there is none of that. A queue that does not run has them all itself. 0, or -ENOTSUP the
 * driver cannot say. The queue's thread.
 */
LEAT_API int leat_rxq_descs(struct leat_rxq *q, struct leat_descs *out);
LEAT_API int leat_txq_descs(struct leat_txq *q, struct leat_descs *out);

/* Free packets that leat_tx() did not take, and count them as dropped. The queue's thread. */
LEAT_API void leat_drop(struct leat_txq *q, struct leat_pkt **pkts, uint16_t n);

/*
 * Sleeping until packets come. No wake-up is lost in this order:
 *
 *	while (!leat_rx(q, pkts, n)) {
 *		if (leat_rxq_arm(q))
 *			continue;	... it cannot: keep polling, or sleep by a timer
 *		got = leat_rx(q, pkts, n);
 *		if (!got)
 *			poll() on leat_rxq_fd(q), and on whatever else
 *		leat_rxq_disarm(q);
 *	}
 *
 * leat_rxq_arm - forget the signals so far and ask for one with the next packet.
 * Packets that wait already make the descriptor readable at once. Wake-ups
 * without packets happen. Returns 0; -ENOTSUP without interrupts
 * (leat_port_config.intr, or none that device and driver have), -ENODEV when
 * the port is gone, -EINVAL when it is stopped. The queue's thread.
 */
LEAT_API int leat_rxq_arm(struct leat_rxq *q);

/* No more signals, as before arm; what was signalled may still be readable. The queue's thread. */
LEAT_API void leat_rxq_disarm(struct leat_rxq *q);

/*
 * leat_rxq_fd - the descriptor to wait on for input, by poll or epoll, or
 * -ENOTSUP. It is the queue's, good as long as the queue; nobody else reads it:
 * leat_rxq_arm() drains it. It is also signalled when the port asks for
 * attention (LEAT_EVENT_REMOVAL, ERROR, GONE), so that no sleeper stays behind.
 */
LEAT_API int leat_rxq_fd(const struct leat_rxq *q);

LEAT_END_DECLS

#endif
