// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/packed.c - the memory of a packed virtqueue (virtio 1.2, 2.8), and what
 * packed queues can do.
 */
#include "packed.h"
#include "path.h"

#include <leat/bits.h>

/* CPUs fetch lines in pairs: what one side writes keeps this far from the other's. */
#define APART 128

int leat_virtio_packed_setup(struct virtio_packed *p, struct virtio_net *net, uint16_t index,
			     uint16_t size, size_t extra)
{
	size_t driver = LEAT_ALIGN_UP(VIRTIO_DESC_BYTES(size), (size_t)APART);
	size_t device = driver + APART;
	int err;

	p->extra_off = device + APART;
	p->as = net->port.dev->as;
	p->size = size;
	err = leat_aspace_alloc(p->as, p->extra_off + extra, APART, &p->mem);
	if (err)
		return err;
	p->desc = p->mem.va;
	p->driver = (struct virtio_packed_event *)(void *)((char *)p->mem.va + driver);
	p->device = (struct virtio_packed_event *)(void *)((char *)p->mem.va + device);
	p->vq = (struct leat_virtio_queue){
		.index = index,
		.size = size,
		.desc = p->mem.iova,
		.driver = p->mem.iova + driver,
		.device = p->mem.iova + device,
		.vector = LEAT_VIRTIO_NO_VECTOR,
	};
	return 0;
}

void leat_virtio_packed_free(struct virtio_packed *p)
{
	leat_aspace_free(p->as, &p->mem);
}

void leat_virtio_packed_reset(struct virtio_packed *p)
{
	memset(p->mem.va, 0, p->mem.len);
	p->driver->flags = leat_cpu_to_le16(VIRTIO_PACKED_EVENT_DISABLE);
	p->taken = 0;
}

const struct virtio_path *const leat_virtio_packed_paths[] = {
#if defined(__x86_64__)
	&leat_virtio_packed_avx512,
	&leat_virtio_packed_avx2,
#elif defined(__aarch64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	&leat_virtio_packed_neon,
#endif
	&leat_virtio_packed_in_order,
	&leat_virtio_packed_any,
};

static const char *path(const struct virtio_net *net)
{
	return leat_virtio_path(leat_virtio_packed_paths, net->wanted)->name;
}

const struct virtio_rings leat_virtio_packed = {
	.name = "packed",
	.features = VIRTIO_F_RING_PACKED | VIRTIO_RINGS_ALL,
	.rxq_setup = leat_virtio_packed_rxq_setup,
	.rxq_free = leat_virtio_packed_rxq_free,
	.rxq_start = leat_virtio_packed_rxq_start,
	.rxq_kick = leat_virtio_packed_rxq_kick,
	.rxq_stop = leat_virtio_packed_rxq_stop,
	.rxq_arm = leat_virtio_packed_rxq_arm,
	.rxq_disarm = leat_virtio_packed_rxq_disarm,
	.rxq_descs = leat_virtio_packed_rxq_descs,
	.txq_setup = leat_virtio_packed_txq_setup,
	.txq_free = leat_virtio_packed_txq_free,
	.txq_start = leat_virtio_packed_txq_start,
	.txq_stop = leat_virtio_packed_txq_stop,
	.path = path,
};
