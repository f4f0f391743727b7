// SPDX-License-Identifier: BSD-3-Clause
/*
 * mem.c - our memory in the back end's eyes: a table of segments, each with the descriptor
 * by which it maps it.
 *
 * Guest and user addresses are both the IOVA: the back end only ever compares them with what
 * it was told, and so learns nothing of where our memory lies. Until a back end runs rings
 * it is told nothing, then all at once; after that, each change.
 */
#include "state.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static struct vhost *of(struct leat_aspace *as)
{
	return LEAT_CONTAINER_OF(as, struct vhost, as);
}

static struct vhost_region region(const struct vhost_seg *seg)
{
	return (struct vhost_region){
		.guest = seg->iova, .size = seg->len, .user = seg->iova, .offset = seg->fd_off,
	};
}

static int tell_table(struct vhost *v)
{
	struct vhost_mem_table table = { .n = v->nsegs };
	int fds[VHOST_REGIONS_MAX];
	const struct vhost_call call = {
		.request = VHOST_SET_MEM_TABLE, .out = &table, .fds = fds, .nfds = v->nsegs,
		.out_len = offsetof(struct vhost_mem_table, region) +
			   v->nsegs * sizeof(struct vhost_region),
	};

	for (unsigned int i = 0; i < v->nsegs; i++) {
		table.region[i] = region(&v->seg[i]);
		fds[i] = v->seg[i].fd;
	}
	return leat_vhost_call(v, &call);
}

static int tell_one(struct vhost *v, enum vhost_request request, const struct vhost_seg *seg)
{
	struct vhost_mem_one one = { .region = region(seg) };
	const struct vhost_call call = {
		.request = request, .out = &one, .out_len = sizeof(one), .fds = &seg->fd,
		.nfds = request == VHOST_ADD_MEM_REG,
	};

	return leat_vhost_call(v, &call);
}

/* Without REPLY_ACK: has it come to it? What is answered tells that what was before is done. */
static int settle(struct vhost *v)
{
	uint64_t ignored;

	if (vhost_has(v, LEAT_VHOST_P_REPLY_ACK))
		return 0;
	return leat_vhost_get64(v, VHOST_GET_FEATURES, &ignored);
}

static int too_many(struct vhost *v, int err)
{
	return leat_fail(v->dev.ctx, err, "%s: map memory: the back end takes %u segments, and there "
			 "are more; set enough memory aside at open (mem_size), or use larger pages",
			 v->dev.addr, v->slots);
}

int leat_vhost_mem_tell(struct vhost *v)
{
	int err = 0;

	if (v->nsegs > v->slots)
		return too_many(v, -ENOSPC);
	if (!vhost_has(v, LEAT_VHOST_P_CONFIGURE_MEM_SLOTS))
		err = tell_table(v);
	for (unsigned int i = 0; i < v->nsegs && !err; i++)
		if (vhost_has(v, LEAT_VHOST_P_CONFIGURE_MEM_SLOTS))
			err = tell_one(v, VHOST_ADD_MEM_REG, &v->seg[i]);
	if (!err)
		err = settle(v);
	v->mem_told = !err;
	return err;
}

const void *leat_vhost_mem_find(const struct vhost *v, uint64_t iova, uint64_t len)
{
	for (unsigned int i = 0; i < v->nsegs; i++) {
		uint64_t at = iova - v->seg[i].iova;

		if (iova >= v->seg[i].iova && at <= v->seg[i].len && len <= v->seg[i].len - at)
			return v->seg[i].va + at;
	}
	return NULL;
}

/* A change, for a back end that knows the rest. */
static int tell_change(struct vhost *v, enum vhost_request request, const struct vhost_seg *seg)
{
	int err;

	if (!v->mem_told)
		return 0;
	if (vhost_has(v, LEAT_VHOST_P_CONFIGURE_MEM_SLOTS))
		err = tell_one(v, request, seg);
	else
		err = tell_table(v);
	if (!err)
		err = settle(v);
	return err == -ENOTCONN ? 0 : err;	/* the next one is told everything */
}

static int dma_map(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct vhost *v = of(as);
	struct vhost_seg *mine = &v->seg[v->nsegs];
	int err;

	if (v->nsegs >= v->slots)
		return too_many(v, -ENOSPC);
	if (seg->fd < 0)
		return leat_fail(v->dev.ctx, -ENOTSUP, "%s: map memory: the segment at 0x%" PRIx64
				 " lies behind no descriptor that another process could map it "
				 "by; use memory of leat's own", v->dev.addr, seg->iova);
	*mine = (struct vhost_seg){
		.iova = seg->iova, .len = seg->len, .va = seg->va, .fd = seg->fd,
		.fd_off = seg->fd_off,
	};
	v->nsegs++;
	err = tell_change(v, VHOST_ADD_MEM_REG, mine);
	if (err)
		v->nsegs--;
	as->maps_left = v->slots - v->nsegs;
	return err;
}

static void dma_unmap(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct vhost *v = of(as);
	struct vhost_seg gone;
	unsigned int i = 0;

	while (i < v->nsegs && v->seg[i].iova != seg->iova)
		i++;
	if (i == v->nsegs)
		return;
	gone = v->seg[i];
	v->seg[i] = v->seg[--v->nsegs];
	as->maps_left = v->slots - v->nsegs;
	/* What it will not let go it must not be driven with: the memory is about to be reused. */
	if (tell_change(v, VHOST_REM_MEM_REG, &gone) == -EREMOTEIO)
		leat_vhost_drop(v, -EREMOTEIO, "the back end refused to let go of memory; restart it");
}

const struct leat_aspace_ops leat_vhost_aspace_ops = {
	.dma_map = dma_map,
	.dma_unmap = dma_unmap,
};
