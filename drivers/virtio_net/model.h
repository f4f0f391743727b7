// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/model.h - the parts of the virtio-net model: options (model_opts.c),
 * registers (model_regs.c), queues (model_queue.c) of two kinds (model_split.c,
 * model_packed.c), doorbells and interrupts (model_notify.c), descriptor chains
 * (model_chain.c), transmit (model_tx.c), receive (model_rx.c), the control queue
 * (model_ctrl.c), what its commands decide (model_steer.c), the device around them
 * (model.c).
 *
 * Words: "transmit" and "receive" are the driver's. A queue whose areas lie in
 * memory that we can point into is polled; one that only messages reach
 * (q->desc is NULL) works by doorbell.
 */
#ifndef LEAT_VIRTIO_NET_MODEL_H
#define LEAT_VIRTIO_NET_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <leat/barrier.h>
#include <leat/compiler.h>
#include <leat/cut.h>
#include <leat/model.h>
#include <leat/model_pci.h>

#include "spec.h"

#define VNET_PAIRS_MAX	16
#define VNET_QUEUES_MAX	(2 * VNET_PAIRS_MAX + 1)	/* the last one: control */
#define VNET_SIZE_MAX	1024			/* descriptors in a queue */

#define VNET_FRAME_MIN	14	/* an Ethernet header */
#define VNET_BURST	32	/* frames shown to the wire at once */
#define VNET_SLOTS	128	/* buffers read ahead, at most; a power of two */
#define VNET_RX_AHEAD	64	/* so many, their lines on the way... */
#define VNET_TX_AHEAD	96	/* ...and more where these are only read */
#define VNET_DESC_LINE	4	/* descriptors in a cache line */
#define VNET_WEIGHED	4096	/* frames received, by which what the driver does with them is judged */

/* The BAR: trapped registers, the MSI-X pages, and one page of shared doorbells. */
#define VNET_BAR	0
#define VNET_COMMON	0x0000
#define VNET_ISR	0x1000
#define VNET_DEVICE	0x1100
#define VNET_DEVICE_LEN	sizeof(struct virtio_net_config)
#define VNET_MSIX_TABLE	0x2000
#define VNET_MSIX_PBA	0x2800
#define VNET_NOTIFY	0x3000
#define VNET_NOTIFY_LEN	0x1000
#define VNET_BAR_LEN	0x4000
#define VNET_DOORBELL	LEAT_CACHELINE	/* bytes from one queue's doorbell to the next */
#define VNET_MACS	64	/* in each of the tables of addresses */
#define VNET_VLANS	4096
#define VNET_TABLE	128	/* entries of the indirection table */
#define VNET_KEY	40	/* bytes of the hash's key */
#define VNET_HASHES	UINT32_C(0x3f)	/* not those of IPv6 extension headers */

/* What CTRL_GUEST_OFFLOADS switches. */
#define VNET_GUEST_TSO (VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_ECN)
#define VNET_GUEST_USO (VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6)
#define VNET_GUEST_OFFLOADS (VIRTIO_NET_F_GUEST_CSUM | VNET_GUEST_TSO | VNET_GUEST_USO)

#define VNET_NO_KICK	UINT16_C(0xffff)	/* in a doorbell: nobody rang */

/*
 * A buffer of the ordinary shape, read from the ring and translated: header and
 * frame in one descriptor, or in one each. @cap 0: any other shape, or wrong.
 */
struct vnet_slot {
	char		*hdr;
	char		*data;
	uint32_t	cap;		/* bytes at data, at most q->cap_max */
	uint16_t	head;		/* what the driver calls the buffer: used entries name it */
	uint16_t	at;		/* packed: the place of its first descriptor */
};

/* One piece of a chain, the slow way. @va NULL: reached by messages, or not at all. */
struct vnet_seg {
	uint64_t	iova;
	char		*va;
	uint32_t	len;
	bool		write;
};

/*
 * Positions count buffers and run free. In a packed ring a buffer also has a place: the
 * offset of its first descriptor, and the lap's wrap counter in bit 15, as event words
 * have it. Places of a split ring are all 0.
 */
struct vnet_queue {
	/* the hot words: ring areas, positions, the map last used */
	union {
		struct virtio_desc *desc;	/* NULL: by messages, of both kinds */
		struct virtio_packed_desc *ring;
	};
	union {
		struct virtio_avail *avail;
		struct virtio_packed_event *driver;
	};
	union {
		struct virtio_used *used;
		struct virtio_packed_event *device;
	};
	uint16_t	size, mask;
	uint16_t	next;		/* buffer to take next... */
	uint16_t	at;		/* ...and its place */
	uint16_t	parsed;		/* slots [next, parsed) are filled in... */
	uint16_t	read;		/* ...up to this place */
	uint16_t	seen;		/* buffers known to be there: avail->idx, or parsed */
	uint16_t	used_idx;	/* as last published */
	uint16_t	held_at;	/* packed: the first used descriptor, written last... */
	uint16_t	hdr_len;	/* of the header before each frame */
	uint64_t	held;		/* ...its second half */
	bool		running;
	bool		packed;
	bool		in_order;
	bool		event_idx;
	bool		fresh;		/* published since the last idle look */
	bool		silent;		/* the driver wanted no interrupts, when last looked */
	bool		recheck;	/* published while silent: look again when idle */
	bool		kicked;		/* by doorbell only: there may be news, or work put off */
	bool		stuck;		/* a frame waits for more buffers than were there... */
	uint16_t	stuck_at;	/* ...when q->seen was this; packed: this place's */
	struct leat_wire_cut cut;	/* a frame that the driver gets in segments */
	uint16_t	since;		/* used entries since the driver's event word was heeded */
	uint16_t	quiet;		/* avail_event, as written */
	uint64_t	map_iova, map_len;
	char		*map_va;

	struct vnet_slot slot[VNET_SLOTS];	/* by position & (VNET_SLOTS - 1) */

	/* what the driver configured */
	uint64_t	desc_iova, avail_iova, used_iova;
	uint16_t	index;
	uint16_t	vector;
	uint16_t	access;		/* VIRTIO_DESC_F_WRITE for a receive queue, else 0 */
	uint32_t	cap_max;	/* longest frame that a slot may carry */
	bool		control;	/* commands: pieces to be read, then pieces to be written */
	bool		enabled;
	bool		leaving;	/* reset, perhaps not complete yet */
	bool		muted;		/* the driver was told not to notify */
};

/* The next buffer of a burst not published yet: so many from q->next, and its place. */
struct vnet_take {
	uint16_t	ahead, at;
};

/* A buffer taken: what a used entry needs. */
struct vnet_done {
	uint16_t	ahead, at, head;
	uint32_t	len;
};

/* Addresses of one kind. */
struct vnet_macs {
	uint32_t	n;
	bool		all;		/* they were too many */
	uint8_t		addr[VNET_MACS][6];
};

struct vnet_filter {
	uint32_t	modes;		/* bits by VIRTIO_NET_CTRL_RX_* */
	struct vnet_macs uni, multi;
	uint32_t	vlan[VNET_VLANS / 32];
};

/* Hashes, and whether they choose the queue pair. */
struct vnet_rss {
	bool		spread;
	uint8_t		unclassified;
	uint16_t	mask;
	uint32_t	types;
	uint8_t		table[VNET_TABLE];
	uint8_t		key[VNET_KEY];
};

/* What HASH_REPORT says of a frame. */
struct vnet_hash {
	uint32_t	value;
	uint16_t	report;		/* VIRTIO_NET_HASH_REPORT_* */
};

struct vnet {
	struct leat_mdev mdev;		/* first: the host's handle */
	struct leat_model_pci pci;

	/* options */
	uint64_t	offered;
	uint16_t	queue_size;
	uint8_t		own_mac[6];	/* until the driver sets another */
	uint16_t	mtu;
	uint16_t	pairs;
	uint32_t	speed;		/* Mbit/s, or VIRTIO_NET_SPEED_UNKNOWN */

	/* registers */
	uint64_t	accepted;
	uint32_t	device_feature_select, driver_feature_select;
	uint16_t	config_vector;
	uint16_t	queue_select;
	uint8_t		status;
	uint8_t		generation;
	uint8_t		isr;
	uint8_t		leaving;	/* the status before a reset, until that is complete */
	uint8_t		cfg_cap;	/* where VIRTIO_PCI_CAP_PCI lies */
	bool		was_master;	/* bus mastering was on... */
	bool		paused;		/* ...and is off now */

	/* what the driver set by commands */
	uint8_t		mac[6];
	uint64_t	guest;		/* offloads that it takes, of VNET_GUEST_OFFLOADS */
	uint16_t	active;		/* queue pairs in use */
	bool		announce;	/* it has been asked to, and has not answered */
	bool		steered;	/* not all frames go to the first receive queue */
	bool		learns;		/* where frames go depends on what was sent */
	struct vnet_filter filter;
	struct vnet_rss	rss;
	uint8_t		flow[256];	/* the queue pair that sent last */

	/* what it does with frames: model_rx.c, driver_keeps() */
	bool		keeps;
	uint64_t	weighed_rx, weighed_tx;	/* frames when it was settled last */

	uint16_t	nqueues;
	struct vnet_queue q[VNET_QUEUES_MAX];

	/* scratch of the slow ways: chains, and frames in one piece */
	struct vnet_seg	segs[VNET_SIZE_MAX];
	struct vnet_seg	first[VNET_SIZE_MAX];
	struct vnet_done filled[VNET_SIZE_MAX];
	char		bounce[8 * LEAT_FRAME_MAX];	/* transmit */
	char		whole[LEAT_FRAME_MAX];		/* receive */
};

LEAT_INLINE struct vnet *vnet_of(struct leat_mdev *mdev)
{
	return LEAT_CONTAINER_OF(mdev, struct vnet, mdev);
}

/* ---- model.c ---- */

/*
 * The driver broke the rules: ask it for a reset, touch its memory no more. Says
 * why, once. Returns -EINVAL.
 */
int vnet_break(struct vnet *v, const char *fmt, ...) LEAT_PRINTF(2, 3);

/* Fire the interrupt of a queue or of the configuration. */
void vnet_raise(struct vnet *v, uint16_t vector, uint8_t isr);

/* Everything of virtio back to power-on (2.4.1): a status of 0 was written. */
void vnet_reset(struct vnet *v);

/* ---- model_opts.c ---- */

/* What is offered, and the rest of the options. 0, or -EINVAL with the sentence. */
int vnet_options(struct vnet *v, const struct leat_model_opt *opts);

/* ---- model_regs.c ---- */

int vnet_regs_init(struct vnet *v);
int vnet_bar_access(struct vnet *v, uint64_t off, void *buf, size_t len, bool write);
int vnet_config_access(struct vnet *v, uint64_t off, void *buf, size_t len, bool write);

/* ---- model_queue.c: a queue's life ---- */

void vnet_queue_reset(struct vnet *v, struct vnet_queue *q);
/* The driver is ready and the queue enabled: find its areas. Breaks if they are not there. */
void vnet_queue_start(struct vnet *v, struct vnet_queue *q);
/* The DMA map changed: find the areas again; without them the queue stands still. */
void vnet_queue_remap(struct vnet *v, struct vnet_queue *q);

/* Fill slots in, as far ahead of @pos as is good or as there are buffers; call their lines in. */
void vnet_window_fill(struct vnet *v, struct vnet_queue *q, uint16_t pos);
/* Forget the slots: the next to be filled in is at @pos, the slow way took several. */
void vnet_window_from(struct vnet_queue *q, uint16_t pos, uint16_t at);
/* Read what tells that there are more buffers. False: broken. */
bool vnet_queue_look(struct vnet *v, struct vnet_queue *q);
/* Is there a buffer at @t? Looks at the ring again if need be. */
bool vnet_queue_more(struct vnet *v, struct vnet_queue *q, const struct vnet_take *t);

/* A used entry, not published yet. 0, or -EINVAL: broken. */
int vnet_used_put(struct vnet *v, struct vnet_queue *q, const struct vnet_done *d);
/* Publish all entries before @t, and interrupt if the driver wants it. */
void vnet_used_publish(struct vnet *v, struct vnet_queue *q, const struct vnet_take *t);

/* ---- model_notify.c: who wants to hear of what ---- */

/* Tell the driver not to notify (we poll), or to do so. */
void vnet_mute(struct vnet_queue *q);
void vnet_unmute(struct vnet *v, struct vnet_queue *q);
/* A doorbell was written where the driver cannot map it. */
void vnet_doorbell(struct vnet *v, uint64_t off);
/* Before a round's work: has the doorbell of a queue that works by it been rung? */
void vnet_queue_kick(struct vnet *v, struct vnet_queue *q);
/* @n entries were published: interrupt, or look again when idle. */
void vnet_queue_tell(struct vnet *v, struct vnet_queue *q, uint16_t n);
/*
 * After a round's work: what interrupt suppression left open, once there is no
 * news. True: there was news, so ask again.
 */
bool vnet_queue_settle(struct vnet *v, struct vnet_queue *q);
/* Split, without EVENT_IDX: does the driver want no interrupts? The line is its to write. */
bool vnet_silenced(struct vnet_queue *q);

/* ---- model_split.c, model_packed.c: the same, of one kind of ring ---- */

/* Words of the driver area, by message. 0; -EINVAL: broken; -EAGAIN: not now. */
int vnet_driver_read(struct vnet *v, struct vnet_queue *q, size_t off, void *buf, size_t len);
/* Words of the device area, by message. 0, or -EINVAL: broken. */
int vnet_device_write(struct vnet *v, struct vnet_queue *q, size_t off, const void *buf,
		      size_t len);

bool vnet_split_look(struct vnet *v, struct vnet_queue *q);
void vnet_split_fill(struct vnet *v, struct vnet_queue *q, uint16_t end);
int vnet_split_used(struct vnet *v, struct vnet_queue *q, const struct vnet_done *d);
void vnet_split_publish(struct vnet *v, struct vnet_queue *q);

void vnet_packed_fill(struct vnet *v, struct vnet_queue *q, uint16_t end);
bool vnet_packed_there(struct vnet *v, struct vnet_queue *q, uint16_t at);
/* Descriptor at a place, of whatever kind of memory. 0; -EINVAL: broken; -EAGAIN: not now. */
int vnet_packed_read(struct vnet *v, struct vnet_queue *q, uint16_t at,
		     struct virtio_packed_desc *out);
int vnet_packed_used(struct vnet *v, struct vnet_queue *q, const struct vnet_done *d);
void vnet_packed_publish(struct vnet *v, struct vnet_queue *q);

/* The place @n descriptors further, @n at most the queue's size. */
LEAT_INLINE uint16_t vnet_place_add(const struct vnet_queue *q, uint16_t at, uint16_t n)
{
	uint32_t off = (at & 0x7fffu) + n, wrap = at & 0x8000u;

	if (off >= q->size) {
		off -= q->size;
		wrap ^= 0x8000u;
	}
	return (uint16_t)(off | wrap);
}

/* Descriptors from @from to @to, less than a lap or exactly one. */
LEAT_INLINE uint16_t vnet_place_sub(const struct vnet_queue *q, uint16_t to, uint16_t from)
{
	uint16_t n = (uint16_t)((to & 0x7fff) - (from & 0x7fff));

	return (to ^ from) & 0x8000 ? (uint16_t)(n + q->size) : n;
}

/* Does the header lie in another line than the frame's first byte? */
LEAT_INLINE bool vnet_header_apart(const struct vnet_slot *s)
{
	return ((uintptr_t)s->hdr ^ (uintptr_t)s->data) >= LEAT_CACHELINE;
}

typedef uint32_t __attribute__((may_alias)) vnet_raw32;
typedef uint64_t __attribute__((may_alias)) vnet_raw64;

LEAT_INLINE struct vnet_slot *vnet_slot(struct vnet_queue *q, uint16_t pos)
{
	return &q->slot[pos & (VNET_SLOTS - 1)];
}

/* The place of the buffer at @pos, which lies in [next, parsed]. */
LEAT_INLINE uint16_t vnet_place(struct vnet_queue *q, uint16_t pos)
{
	return pos == q->parsed ? q->read : vnet_slot(q, pos)->at;
}

/*
 * vnet_used_put() for areas that we can point into. A driver that goes round its
 * ring in order finds the same entry there as a lap ago: not written again, its
 * line stays in both caches.
 */
LEAT_INLINE void vnet_split_used_fast(struct vnet_queue *q, uint16_t ahead, uint16_t head, uint32_t len)
{
	vnet_raw32 *e = (vnet_raw32 *)(void *)&q->used->ring[(q->used_idx + ahead) & q->mask];
	uint32_t id = LEAT_SWAP32((uint32_t)head), bytes = LEAT_SWAP32(len);

	if (LEAT_READ_ONCE(e[0]) != id || LEAT_READ_ONCE(e[1]) != bytes) {
		e[0] = id;
		e[1] = bytes;
	}
}

/* A used descriptor's second half (2.8.13): length, id, both flags the lap's wrap counter. */
LEAT_INLINE uint64_t vnet_packed_word(uint16_t at, uint16_t head, uint32_t len, uint16_t access)
{
	uint16_t flags = access;

	if (at & 0x8000)
		flags |= VIRTIO_PACKED_F_AVAIL | VIRTIO_PACKED_F_USED;
	return len | (uint64_t)head << 32 | (uint64_t)flags << 48;
}

/* The first of a burst is held back: once its flags are written, all of them are there. */
LEAT_INLINE void vnet_packed_used_fast(struct vnet_queue *q, uint16_t ahead, uint16_t at,
				       uint16_t head, uint32_t len)
{
	uint64_t word = vnet_packed_word(at, head, len, q->access);
	vnet_raw64 *raw;

	if (LEAT_UNLIKELY(!ahead)) {
		q->held = word;
		q->held_at = at;
		return;
	}
	raw = (vnet_raw64 *)(void *)&q->ring[at & 0x7fff];
	LEAT_WRITE_ONCE(raw[1], LEAT_SWAP64(word));
}

/* A descriptor of a split ring, or of an indirect table, read in two words and once. */
struct vnet_desc {
	uint64_t	addr;
	uint32_t	len;
	uint16_t	flags, next;
};

LEAT_INLINE struct vnet_desc vnet_desc_read(const struct virtio_desc *d)
{
	const vnet_raw64 *raw = (const vnet_raw64 *)(const void *)d;
	uint64_t addr = LEAT_SWAP64(LEAT_READ_ONCE(raw[0]));
	uint64_t rest = LEAT_SWAP64(LEAT_READ_ONCE(raw[1]));

	return (struct vnet_desc){ addr, (uint32_t)rest, (uint16_t)(rest >> 32),
				   (uint16_t)(rest >> 48) };
}

/* ---- model_chain.c: descriptors of any shape, however reached ---- */

struct vnet_chain {
	uint64_t	bytes;		/* of all pieces */
	uint16_t	head;
	uint16_t	next;		/* packed: the place behind it */
};

/*
 * The buffer at @t in pieces: direct and indirect, each word read once. Returns how
 * many pieces; -EINVAL: broken; -EAGAIN: not now.
 */
int vnet_chain(struct vnet *v, struct vnet_queue *q, const struct vnet_take *t,
	       struct vnet_seg *segs, struct vnet_chain *out);

/* Copy @len bytes from or to a chain's pieces, which hold them, from @off on. 0 or as above. */
int vnet_segs_copy(struct vnet *v, const struct vnet_seg *segs, int nsegs, uint64_t off,
		   void *buf, uint32_t len, bool write);

/* ---- model_tx.c, model_rx.c ---- */

unsigned int vnet_tx(struct vnet *v, struct vnet_queue *q);

/* ---- model_gso.c ---- */

/*
 * What a frame's header says of its segmentation and checksum, when it sends: to @f, of
 * @f->len bytes. False: nonsense, or what was not agreed on.
 */
bool vnet_header_read(const struct vnet *v, const struct virtio_net_hdr *h, struct leat_frame *f);
/* The other way round, when it receives. False: the driver does not take such frames. */
bool vnet_header_write(const struct vnet *v, const struct leat_frame *f, struct virtio_net_hdr *h);
/* @hash is NULL or of each frame; it must be there with HASH_REPORT. */
unsigned int vnet_rx(struct vnet *v, struct vnet_queue *q, const struct leat_frame *frames,
		     unsigned int n, const struct vnet_hash *hash);
/* Buffers known to be there, up to VNET_RX_AHEAD at least. */
unsigned int vnet_rx_room(struct vnet *v, struct vnet_queue *q);

/* ---- model_ctrl.c ---- */

/* Commands that are due. Returns how many. */
unsigned int vnet_control(struct vnet *v, struct vnet_queue *q);

/* ---- model_steer.c ---- */

/* Frames to the driver when v->steered. Returns how many are dealt with. */
unsigned int vnet_steer(struct vnet *v, const struct leat_frame *frames, unsigned int n);
/* When v->learns: these were sent by a queue pair. */
void vnet_flows_learn(struct vnet *v, uint16_t pair, const struct leat_frame *frames,
		      unsigned int n);
void vnet_steer_reset(struct vnet *v);
/* Something changed that decides: v->steered, v->learns. */
void vnet_steer_update(struct vnet *v);

#endif
