// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_fake.h - a virtio-net PCI device in memory for the driver's tests: every
 * register access checked for its width and logged, and the device's side of the
 * rings as functions that the test calls, honest or not.
 */
#ifndef DRIVER_FAKE_H
#define DRIVER_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/driver/dev.h>
#include <leat/driver/driver.h>
#include <leat/drivers.h>

#include <leat/driver/virtio_transport.h>

#include "drivers/virtio_net/spec.h"

#define FAKE_SEGS   16
#define FAKE_TRACE  16384
#define FAKE_CONFIG 256
#define FAKE_BAR    4
#define FAKE_BAR_LEN 0x4000
#define FAKE_MSIX_BAR 1
#define FAKE_FRAME_MAX 16384
#define FAKE_QUEUES 9			/* four pairs, and the control queue behind them */
#define FAKE_TOLD   65536

/* Where the structures lie in the BAR. */
#define FAKE_COMMON 0x0000
#define FAKE_ISR    0x1000
#define FAKE_DEVICE 0x2000
#define FAKE_NOTIFY 0x3000
#define FAKE_NOTIFY_LEN 0x1000

#define FAKE_BASIC (VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MAC)
#define FAKE_ALL   (FAKE_BASIC | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_NET_F_STATUS | \
		    VIRTIO_NET_F_MTU | VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_CSUM | \
		    VIRTIO_NET_F_GUEST_CSUM)

#define FAKE_CHAIN	68	/* pieces of a packet */
#define FAKE_QUEUE_MAX	256

/* What the driver made available under an id, as the device read it. */
struct fake_part {
	uint64_t	addr;
	uint32_t	len;
	bool		write;
};

struct fake_chain {
	struct fake_part part[FAKE_CHAIN];
	unsigned int	n;
	uint16_t	slots;		/* of the ring */
};

/* A used descriptor that is not published. */
struct fake_wait {
	uint16_t	pos, id;
	uint32_t	len;
};

/* Kinds of rings for tests that run on all; IN_ORDER is theirs to add. */
#define FAKE_EXTRAS (VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_NOTIFICATION_DATA)
#define FAKE_RINGS  { 0, VIRTIO_F_RING_PACKED, FAKE_EXTRAS, VIRTIO_F_RING_PACKED | FAKE_EXTRAS }

struct fake_queue {
	uint64_t	desc, driver, device;
	uint16_t	size, vector, enable;
	uint16_t	seen;		/* avail entries taken */
	uint16_t	used;		/* used entries written */
	uint16_t	reset;		/* times that it was, alone (RING_RESET) */
	unsigned int	rings;		/* of the doorbell */
	uint16_t	next;		/* what the last doorbell said of it (NOTIFICATION_DATA) */
	uint16_t	told;		/* split: used entries published */
	struct fake_wait wait[FAKE_QUEUE_MAX];	/* packed: pushed, not published */
	uint16_t	pending;
};

/* What kind of device it is; set before fake_open(), after fake_init(). */
struct fake_kind {
	uint64_t	features;
	uint16_t	queue_max, num_queues;
	uint16_t	notify_off[2];	/* of the first two; the others' are their number */
	uint32_t	notify_multiplier;
	uint16_t	mtu;
	uint16_t	pairs;		/* it has; MQ or RSS */
	uint16_t	vectors;	/* of MSI-X */
	uint16_t	table_max;	/* RSS */
	uint8_t		key_max;
	uint32_t	hash_types;
	uint32_t	speed;
	uint8_t		duplex;
	uint8_t		ctrl_answer;	/* to commands... */
	const char	*ctrl_refuse;	/* ...but to those that begin so: VIRTIO_NET_ERR */
	bool		ctrl_silent;	/* never an answer */
	bool		announce;	/* asks the driver to announce itself */
	bool		link;
	bool		mapped;		/* the notification structure can be mapped */
	bool		msix;
	bool		intx;
	bool		refuse_vector;	/* the configuration's */
	bool		refuse_queue_vector;
	bool		refuse_features;
	bool		refuse_reset;
	bool		refuse_queue_reset;
	bool		restless;	/* the configuration changes all the time */
	bool		quiet;		/* sets NO_NOTIFY */
	bool		batch;		/* in order, one used entry for all published at once */
};

/* Vendor capabilities as the device shows them: 5 words of 32 bits from the cap's start. */
struct fake_cap {
	uint8_t		len, type, bar;
	uint32_t	off, length, multiplier;
};

struct fake {
	struct leat_dev	dev;
	struct leat_aspace as;
	struct leat_seg	seg[FAKE_SEGS];
	unsigned int	nsegs;

	struct fake_kind kind;
	uint8_t		config[FAKE_CONFIG];	/* configuration space */
	uint64_t	bar_mem[FAKE_BAR_LEN / 8];	/* what lies behind mapped windows */
	uint32_t	feature_select[2];	/* device's, driver's */
	uint64_t	accepted;
	uint16_t	config_vector, queue_select;
	uint8_t		status, generation;
	struct fake_queue q[FAKE_QUEUES];
	bool		ctrl_wrap;	/* of the control queue, if packed */
	struct fake_chain chain[3][FAKE_QUEUE_MAX];	/* q[0]'s, q[1]'s, of others: by id */

	int		irq_fd;		/* bound to vector 0, or INTx; or -1 */
	int		queue_fd;	/* bound to vector 1, or -1 */
	uint8_t		isr;
	bool		masked;		/* INTx */
	unsigned int	accesses;	/* to registers, configuration and interrupts */
	unsigned int	die_at;		/* the access that finds the device dead; 0: none */
	bool		closed;
	bool		hold;		/* fake_publish() does nothing */

	/* the context around it */
	struct leat_ctx	*ctx;
	struct leat_pool *pool;
	struct leat_port *port;
	uint64_t	now;		/* the context's clock, by hand */
	unsigned int	errors;		/* lines logged as such */
	char		last[512];	/* the last of them */
	unsigned int	events[LEAT_EVENT_GONE + 1];
	char		trace[FAKE_TRACE];	/* writes, one a line */
	char		told[FAKE_TOLD];	/* commands, one a line: "class.command data", hex */
};

extern const struct leat_dev_ops fake_dev_ops;
extern const struct leat_aspace_ops fake_as_ops;

/*
 * How wide the vectors are that the driver may think this CPU has: 0, 256 or 512 bits; it has
 * no more than it has. For tests that link with the wrappers of driver_fake_cpu.c.
 */
extern unsigned int fake_vectors;

/* Does this CPU not have vectors of so many bits? */
bool fake_lacks(unsigned int vectors);

/* A context with a pool of @count packets of @buf_size, and a device not yet open in it. */
void fake_init(struct fake *f, unsigned int count, unsigned int buf_size);
/* Closes everything and asserts that all packets came home and memory was unmapped. */
void fake_fini(struct fake *f);

/* Replace the capabilities; by default the four that there should be. */
void fake_caps(struct fake *f, const struct fake_cap *caps, unsigned int n);
extern const struct fake_cap fake_good_caps[4];

/* Attach a port to the device. @cfg may be NULL; the pool is the fake's. */
int fake_open(struct fake *f, const struct leat_port_config *cfg);
/* leat_ctx_poll() that looks. */
int fake_poll(struct fake *f);

/* ---- the device's side ---- */

/* @len bytes of the driver's memory; fails the test if they are not mapped. */
void *fake_ptr(struct fake *f, uint64_t iova, size_t len);
struct virtio_desc *fake_desc(struct fake *f, struct fake_queue *q, uint16_t id);
struct virtio_used *fake_used(struct fake *f, struct fake_queue *q);

/* The next chain the driver made available: its head, or -1. */
int fake_pop(struct fake *f, struct fake_queue *q);
/* A used entry, published or not. */
void fake_push(struct fake *f, struct fake_queue *q, uint32_t id, uint32_t len);
void fake_publish(struct fake *f, struct fake_queue *q);

/* Those of the same by format: driver_fake_packed.c. */
bool fake_packed(const struct fake *f);
int fake_packed_pop(struct fake *f, struct fake_queue *q);
void fake_packed_push(struct fake *f, struct fake_queue *q, uint32_t id, uint32_t len);
void fake_packed_publish(struct fake *f, struct fake_queue *q);
struct virtio_packed_desc *fake_packed_desc(struct fake *f, struct fake_queue *q, uint16_t pos);
void fake_packed_hush(struct fake *f, struct fake_queue *q);

/* What the device says of notifications when it starts. */
void fake_hush(struct fake *f, struct fake_queue *q);

/* The chain of an id, as it was last read. */
struct fake_chain *fake_chain(struct fake *f, const struct fake_queue *q, uint16_t id);

/* A piece more, which is mapped. */
void fake_chain_add(struct fake *f, struct fake_chain *c, uint64_t addr, uint32_t len,
		    uint16_t flags);

/* Bytes of a readable chain into @buf (FAKE_FRAME_MAX); how many. */
size_t fake_gather(struct fake *f, struct fake_queue *q, uint16_t head, void *buf);
/* Into a writable chain, no more than fits; how many. */
size_t fake_scatter(struct fake *f, struct fake_queue *q, uint16_t head, const void *buf,
		    size_t len);

/* Deliver a frame as the specification says. False: no buffers for it. */
bool fake_deliver(struct fake *f, const void *frame, size_t len, uint8_t flags,
		  uint16_t csum_start, uint16_t csum_off);
/* The same with a header of its own, but for num_buffers. */
bool fake_deliver_as(struct fake *f, const void *frame, size_t len,
		     const struct virtio_net_hdr_hash *hdr);
size_t fake_hdr_len(const struct fake *f);
/* Take one frame sent into @buf, the header into @hdr; its length, or -1. Completes it. */
int fake_collect(struct fake *f, struct virtio_net_hdr *hdr, void *buf);

/* Receive queues that are enabled have buffers: all, before the device hears of one (split rings). */
void fake_assert_fed(struct fake *f);

/* The control queue's place with what the driver accepted; and what its doorbell does. */
uint16_t fake_ctrl_index(const struct fake *f);
void fake_ctrl(struct fake *f);

/* Forget f->told, so that a test sees what comes. */
static inline void fake_told_clear(struct fake *f)
{
	f->told[0] = '\0';
}

/* ---- helpers of the tests ---- */

uint32_t fake_random(uint64_t *seed);
void fake_fill(void *buf, size_t len, uint32_t key);

static inline struct leat_rxq *fake_rxq(struct fake *f)
{
	return leat_port_rxq(f->port, 0);
}

static inline struct leat_txq *fake_txq(struct fake *f)
{
	return leat_port_txq(f->port, 0);
}

#endif
