// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/split.c - the memory of a split virtqueue (virtio 1.2, 2.7), and what split
 * queues can do.
 */
#include "split.h"
#include "path.h"

#include <leat/bits.h>

/* CPUs fetch lines in pairs: what one side writes keeps this far from the other's. */
#define APART 128

/*
 * The driver and the device area begin with flags and idx, four bytes, which are
 * laid at the end of a line so that the entries begin at the next: they are
 * aligned then, and polling idx does not touch the line of the first entries.
 */
static size_t area(size_t *end, size_t len)
{
	size_t off = LEAT_ALIGN_UP(*end, (size_t)APART) + APART - 4;

	*end = off + len;
	return off;
}

/* Where the areas begin, that of the descriptors at 0; a legacy device has them so (2.7.2). */
static size_t areas(bool legacy, uint16_t size, size_t *avail, size_t *used)
{
	size_t end = VIRTIO_DESC_BYTES(size);

	if (!legacy) {
		*avail = area(&end, VIRTIO_AVAIL_BYTES(size));
		*used = area(&end, VIRTIO_USED_BYTES(size));
		return end;
	}
	*avail = end;
	*used = LEAT_ALIGN_UP(end + VIRTIO_AVAIL_BYTES(size), (size_t)VIRTIO_LEGACY_PAGE);
	return *used + VIRTIO_USED_BYTES(size);
}

int leat_virtio_split_setup(struct virtio_split *s, struct virtio_net *net, uint16_t index,
			    uint16_t size, size_t extra)
{
	const bool legacy = net->vd->legacy;
	size_t avail, used, end = areas(legacy, size, &avail, &used);
	int err;

	s->extra_off = LEAT_ALIGN_UP(end, (size_t)APART);
	s->as = net->port.dev->as;
	s->mask = (uint16_t)(size - 1);
	err = leat_aspace_alloc(s->as, s->extra_off + extra, legacy ? VIRTIO_LEGACY_PAGE : APART,
				&s->mem);
	if (err)
		return err;
	s->desc = s->mem.va;
	s->avail = (struct virtio_avail *)(void *)((char *)s->mem.va + avail);
	s->used = (struct virtio_used *)(void *)((char *)s->mem.va + used);
	s->vq = (struct leat_virtio_queue){
		.index = index,
		.size = size,
		.desc = s->mem.iova,
		.driver = s->mem.iova + avail,
		.device = s->mem.iova + used,
		.vector = LEAT_VIRTIO_NO_VECTOR,
	};
	return 0;
}

void leat_virtio_split_free(struct virtio_split *s)
{
	leat_aspace_free(s->as, &s->mem);
}

void leat_virtio_split_reset(struct virtio_split *s, const struct virtio_net *net)
{
	memset(s->mem.va, 0, s->mem.len);
	s->events = net->vd->features & VIRTIO_F_EVENT_IDX;
	s->next = s->taken = s->seen = s->told = 0;
	split_interrupts(s, false);
}

const struct virtio_path *const leat_virtio_split_paths[] = {
	&leat_virtio_split_in_order,
	&leat_virtio_split_any,
};

static const char *path(const struct virtio_net *net)
{
	return leat_virtio_path(leat_virtio_split_paths, net->wanted)->name;
}

const struct virtio_rings leat_virtio_split = {
	.name = "split",
	.features = VIRTIO_RINGS_ALL,
	.rxq_setup = leat_virtio_split_rxq_setup,
	.rxq_free = leat_virtio_split_rxq_free,
	.rxq_start = leat_virtio_split_rxq_start,
	.rxq_expose = leat_virtio_split_rxq_expose,
	.rxq_kick = leat_virtio_split_rxq_kick,
	.rxq_stop = leat_virtio_split_rxq_stop,
	.rxq_arm = leat_virtio_split_rxq_arm,
	.rxq_disarm = leat_virtio_split_rxq_disarm,
	.rxq_descs = leat_virtio_split_rxq_descs,
	.txq_setup = leat_virtio_split_txq_setup,
	.txq_free = leat_virtio_split_txq_free,
	.txq_start = leat_virtio_split_txq_start,
	.txq_stop = leat_virtio_split_txq_stop,
	.path = path,
};
