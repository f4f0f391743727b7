// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net_model.c - a fuzzer that plays the driver of the virtio-net model: rings in a
 * piece of memory that the sanitizer watches, descriptors mostly plausible, bytes anywhere,
 * registers, commands, frames from the wire. FUZZ_PACKED chooses the kind of ring.
 */
#include "input.h"

#include <leat/bits.h>
#include <leat/driver/pci.h>
#include <leat/model.h>
#include <leat/models.h>

#include "drivers/virtio_net/spec.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define IOVA	UINT64_C(0x100000)
#define MEM	0x10000u
#define STRIDE	0x1000u		/* from one queue's areas to the next */
#define DRIVER	0x400u		/* its driver area, and... */
#define DEVICE	0x800u		/* ...device area */
#define BUFFERS	0x6000u
#define QUEUES	5		/* two pairs, control */
#define SIZE	16
#define COMMON	0x0000		/* of BAR 0 */
#define NOTIFY	0x3000
#define OPS_MAX	400

struct world {
	struct leat_mdev *mdev;
	char		*mem;
	struct leat_wire wire;
	struct input	in;
	bool		by_message, loop;
	uint8_t		busy;
	unsigned int	depth;
	volatile uint32_t seen;		/* of what went over the wire: it was read */
	struct {
		uint16_t	at, idx;
		bool		wrap;
	} q[QUEUES];
};

/* ---- around the model ---- */

static void host_raise(struct leat_mdev *mdev, unsigned int index, unsigned int vector)
{
	(void)mdev;
	(void)index;
	(void)vector;
}

static int host_dma(struct leat_mdev *mdev, uint64_t iova, void *buf, size_t len, bool write)
{
	struct world *w = mdev->host_arg;

	if (iova < IOVA || len > MEM || iova - IOVA > MEM - len)
		abort();	/* the model must not ask for what is not mapped */
	if (!write && w->busy && !(++w->busy % 8))
		return -EAGAIN;
	if (write)
		memcpy(w->mem + (iova - IOVA), buf, len);
	else
		memcpy(buf, w->mem + (iova - IOVA), len);
	return 0;
}

static const struct leat_model_host host = { .raise = host_raise, .dma = host_dma };

static unsigned int wire_send(struct leat_wire *wire, const struct leat_frame *frames, unsigned int n)
{
	struct world *w = LEAT_CONTAINER_OF(wire, struct world, wire);

	for (unsigned int i = 0; i < n; i++)
		for (uint32_t k = 0; k < frames[i].len; k += 64)
			w->seen += ((const uint8_t *)frames[i].data)[k];
	if (w->loop && w->depth++ < 4)
		(void)leat_wire_deliver(wire, frames, n);
	return n;
}

static void wire_close(struct leat_wire *wire)
{
	(void)wire;
}

static const struct leat_wire_ops wire_ops = { .send = wire_send, .close = wire_close, .gso = true };

/* ---- the driver ---- */

static void set(struct world *w, uint64_t off, uint64_t val, size_t len)
{
	leat_le64 word = leat_cpu_to_le64(val);

	(void)leat_mdev_access(w->mdev, 0, off, &word, len, true);
}

static void common(struct world *w, enum virtio_common_reg reg, uint64_t val, size_t len)
{
	set(w, COMMON + reg, val, len);
}

static uint64_t features(struct world *w)
{
	static const uint64_t some[] = {
		VIRTIO_F_IN_ORDER, VIRTIO_F_EVENT_IDX, VIRTIO_F_INDIRECT_DESC,
		VIRTIO_NET_F_MRG_RXBUF, VIRTIO_F_RING_RESET,
		VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 |
			VIRTIO_NET_F_HOST_ECN | VIRTIO_NET_F_HOST_USO,
		VIRTIO_NET_F_GUEST_CSUM,
		VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_ECN |
			VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6,
		VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_RX_EXTRA |
			VIRTIO_NET_F_CTRL_MAC_ADDR | VIRTIO_NET_F_CTRL_VLAN |
			VIRTIO_NET_F_CTRL_GUEST_OFFLOADS | VIRTIO_NET_F_GUEST_ANNOUNCE,
		VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_MQ,
		VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_MQ | VIRTIO_NET_F_RSS,
		VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_HASH_REPORT,
	};
	uint16_t bits = input16(&w->in);
	uint64_t all = VIRTIO_F_VERSION_1 | (FUZZ_PACKED ? VIRTIO_F_RING_PACKED : 0);

	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(some); i++)
		if (bits & 1u << i)
			all |= some[i];
	return all;
}

static void start_queue(struct world *w, unsigned int i)
{
	uint64_t at = IOVA + i * STRIDE;

	memset(w->mem + i * STRIDE, 0, STRIDE);
	memset(&w->q[i], 0, sizeof(w->q[i]));
	w->q[i].wrap = true;
	common(w, VIRTIO_COMMON_QUEUE_SELECT, i, 2);
	common(w, VIRTIO_COMMON_QUEUE_SIZE, SIZE, 2);
	common(w, VIRTIO_COMMON_QUEUE_DESC, at, 8);
	common(w, VIRTIO_COMMON_QUEUE_DRIVER, at + DRIVER, 8);
	common(w, VIRTIO_COMMON_QUEUE_DEVICE, at + DEVICE, 8);
	common(w, VIRTIO_COMMON_QUEUE_ENABLE, 1, 2);
}

static void start(struct world *w, uint64_t accept)
{
	common(w, VIRTIO_COMMON_DEVICE_STATUS, 0, 1);
	common(w, VIRTIO_COMMON_DEVICE_STATUS, 3, 1);
	for (unsigned int half = 0; half < 2; half++) {
		common(w, VIRTIO_COMMON_DRIVER_FEATURE_SELECT, half, 4);
		common(w, VIRTIO_COMMON_DRIVER_FEATURE, (uint32_t)(accept >> (32 * half)), 4);
	}
	common(w, VIRTIO_COMMON_DEVICE_STATUS, 0x0b, 1);
	for (unsigned int i = 0; i < QUEUES; i++)
		start_queue(w, i);
	common(w, VIRTIO_COMMON_DEVICE_STATUS, 0x0f, 1);
}

static void put_packed(struct world *w, unsigned int i, const struct virtio_desc *d, uint16_t id)
{
	struct virtio_packed_desc p = { d->addr, d->len, leat_cpu_to_le16(id), d->flags };
	uint16_t flags = leat_le16_to_cpu(d->flags);

	flags |= w->q[i].wrap ? VIRTIO_PACKED_F_AVAIL : VIRTIO_PACKED_F_USED;
	p.flags = leat_cpu_to_le16(flags);
	memcpy(w->mem + i * STRIDE + 16 * w->q[i].at, &p, sizeof(p));
	if (++w->q[i].at == SIZE) {
		w->q[i].at = 0;
		w->q[i].wrap = !w->q[i].wrap;
	}
}

static void put_split(struct world *w, unsigned int i, const struct virtio_desc *d)
{
	struct virtio_avail *avail = (void *)(w->mem + i * STRIDE + DRIVER);
	uint16_t at = w->q[i].at++ % SIZE;

	memcpy(w->mem + i * STRIDE + 16 * at, d, sizeof(*d));
	avail->ring[w->q[i].idx % SIZE] = leat_cpu_to_le16(at);
	avail->idx = leat_cpu_to_le16(++w->q[i].idx);
}

/* A buffer: most addresses lie in the memory, most flags are those of the queue. */
static void buffer(struct world *w)
{
	unsigned int i = input8(&w->in) % QUEUES;
	uint16_t at = input16(&w->in), len = input16(&w->in);
	uint8_t kind = input8(&w->in);
	uint16_t flags = (uint16_t)((kind & 7) ^ (i & 1 || i == QUEUES - 1 ? 0 : VIRTIO_DESC_F_WRITE));
	struct virtio_desc d = {
		leat_cpu_to_le64((kind & 0x80 ? UINT64_MAX - len : IOVA) + at),
		leat_cpu_to_le32(kind & 0x40 ? len : len % 2100u), leat_cpu_to_le16(flags),
		leat_cpu_to_le16(input8(&w->in) % (SIZE + 1)),
	};

	if (FUZZ_PACKED)
		put_packed(w, i, &d, at);
	else
		put_split(w, i, &d);
}

static void bytes(struct world *w)
{
	uint32_t at = input16(&w->in), n = 1 + input8(&w->in) % 32;

	at = LEAT_MIN(at, MEM - n);
	input_bytes(&w->in, w->mem + at, n);
}

/* A command, in one piece to be read and one to be written. */
static void command(struct world *w)
{
	struct virtio_desc d = {
		leat_cpu_to_le64(IOVA + BUFFERS), leat_cpu_to_le32(2 + input16(&w->in) % 400u),
		leat_cpu_to_le16(VIRTIO_DESC_F_NEXT), leat_cpu_to_le16((w->q[QUEUES - 1].at + 1) % SIZE),
	};
	struct virtio_desc ack = {
		leat_cpu_to_le64(IOVA + BUFFERS + 1024), leat_cpu_to_le32(1),
		leat_cpu_to_le16(VIRTIO_DESC_F_WRITE), leat_cpu_to_le16(0),
	};
	unsigned int i = QUEUES - 1;

	input_bytes(&w->in, w->mem + BUFFERS, 64);
	if (FUZZ_PACKED) {
		put_packed(w, i, &d, 1);
		put_packed(w, i, &ack, 2);
		return;
	}
	put_split(w, i, &d);
	memcpy(w->mem + i * STRIDE + 16 * (w->q[i].at++ % SIZE), &ack, sizeof(ack));
}

static void frame(struct world *w)
{
	static uint8_t space[70000];
	struct leat_frame f = { .data = space, .len = 1 + input16(&w->in) };

	input_bytes(&w->in, space, 64);
	f.flags = input8(&w->in) & 3;
	f.csum_start = input8(&w->in);
	f.csum_off = input8(&w->in);
	f.gso_size = input8(&w->in) & 1 ? input16(&w->in) : 0;
	f.gso_type = input8(&w->in);
	if (!f.gso_size)
		f.len = LEAT_MIN(f.len, (uint32_t)LEAT_FRAME_MAX);
	if (leat_wire_ready(&w->wire))
		(void)leat_wire_deliver(&w->wire, &f, 1);
}

static void one_register(struct world *w)
{
	uint64_t off = input16(&w->in) % w->mdev->region[0].size;
	uint64_t val = input32(&w->in);

	set(w, off, val, 1u << input8(&w->in) % 4);
}

static void remap(struct world *w)
{
	struct leat_mdma map = {
		.iova = IOVA, .len = MEM, .va = w->by_message ? NULL : w->mem, .read = true,
		.write = true,
	};

	if (w->mdev->ndma)
		(void)leat_mdev_dma_remove(w->mdev, IOVA, MEM);
	(void)leat_mdev_dma_add(w->mdev, &map);
}

static void op(struct world *w)
{
	uint8_t what = input8(&w->in), i = input8(&w->in);

	w->depth = 0;
	switch (what % 16) {
	case 0: case 1: case 2: case 3: case 4:
		buffer(w);
		break;
	case 5:
		bytes(w);
		break;
	case 6: case 7:
		command(w);
		break;
	case 8: case 9:
		frame(w);
		break;
	case 10:
		one_register(w);
		break;
	case 11:
		w->by_message = i & 1;
		w->busy = i & 2;
		remap(w);
		break;
	case 12:	/* a queue alone, anew */
		common(w, VIRTIO_COMMON_QUEUE_SELECT, i % QUEUES, 2);
		common(w, VIRTIO_COMMON_QUEUE_RESET, 1, 2);
		start_queue(w, i % QUEUES);
		break;
	default:
		set(w, NOTIFY + 64u * (i % QUEUES), i % QUEUES, 2);
		(void)leat_mdev_step(w->mdev);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct leat_model_opt opts[] = {
		{ "packed", "on" }, { "event-idx", "on" }, { "queues", "2" }, { "rss", "on" },
		{ "hash", "on" }, { "mtu", "9000" }, { NULL, NULL },
	};
	struct world w = { .in = { data, size }, .wire = { .ops = &wire_ops } };
	uint16_t on = LEAT_PCI_COMMAND_MEM | LEAT_PCI_COMMAND_MASTER;

	w.mem = aligned_alloc(4096, MEM);
	if (!w.mem || leat_mdev_create(&leat_model_virtio_net, opts, "nic", &host, &w, &w.wire, &w.mdev))
		abort();
	memset(w.mem, 0, MEM);
	leat_mdev_attach(w.mdev);
	(void)leat_mdev_access(w.mdev, LEAT_MODEL_CONFIG, LEAT_PCI_COMMAND, &on, 2, true);
	w.by_message = input8(&w.in) & 1;
	w.loop = input8(&w.in) & 1;
	remap(&w);
	start(&w, features(&w));
	for (unsigned int i = 0; i < OPS_MAX && w.in.left; i++)
		op(&w);
	leat_mdev_detach(w.mdev);
	leat_mdev_destroy(w.mdev);
	free(w.mem);
	return 0;
}
