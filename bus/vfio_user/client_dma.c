// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_dma.c - our memory in the server's eyes.
 *
 * Each segment is announced with its descriptor, so that the server maps it.
 * One that does not, asks for the bytes (DMA_READ) or sends them (DMA_WRITE);
 * it reaches what was announced and nothing else.
 */
#include "client_state.h"

#include <leat/bits.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct vfu_client *client_of(struct leat_aspace *as)
{
	return LEAT_CONTAINER_OF(as, struct vfu_client, as);
}

static int remember(struct vfu_client *c, const struct leat_seg *seg)
{
	if (c->ndma == c->dma_room) {
		unsigned int room = c->dma_room ? 2 * c->dma_room : 8;
		struct vfu_dma *dma = reallocarray(c->dma, room, sizeof(*dma));

		if (!dma)
			return leat_fail(c->dev.ctx, -ENOMEM, "%s: DMA_MAP: out of memory",
					 c->dev.addr);
		c->dma = dma;
		c->dma_room = room;
	}
	c->dma[c->ndma++] = (struct vfu_dma){
		.iova = seg->iova, .len = seg->len, .va = seg->va, .read_only = seg->read_only,
	};
	return 0;
}

static void forget(struct vfu_client *c, const struct leat_seg *seg)
{
	for (unsigned int i = 0; i < c->ndma; i++) {
		if (c->dma[i].iova != seg->iova || c->dma[i].len != seg->len)
			continue;
		c->dma[i] = c->dma[--c->ndma];
		return;
	}
}

static int tell(struct vfu_client *c, const struct leat_seg *seg)
{
	struct vfu_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFU_DMA_F_READ | (seg->read_only ? 0 : VFU_DMA_F_WRITE),
		.addr = seg->iova, .size = seg->len,
	};
	struct vfu_call call = {
		.cmd = VFU_DMA_MAP, .nout = 1, .out = { vfu_iov(&map, sizeof(map)) },
	};

	/* A server that takes no descriptors asks us for the bytes. */
	if (c->peer.max_fds && seg->fd >= 0) {
		map.offset = seg->fd_off;
		call.fds = &seg->fd;
		call.nfds = 1;
	}
	snprintf(call.about, sizeof(call.about), " of 0x%llx bytes at 0x%llx",
		 (unsigned long long)seg->len, (unsigned long long)seg->iova);
	return leat_vfu_command(c, &call);
}

static int dma_map(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct vfu_client *c = client_of(as);
	int err;

	if ((seg->iova | seg->len | seg->fd_off) % as->page_size)
		return leat_fail(c->dev.ctx, -EINVAL, "%s: the server maps memory in pages of %zu "
				 "bytes, and a segment has smaller ones; ask for such pages at "
				 "open (page_size)", c->dev.addr, as->page_size);
	if (c->ndma >= c->peer.max_dma_maps)
		return leat_fail(c->dev.ctx, -ENOSPC, "%s: the server takes %llu memory segments, "
				 "and one more is needed; set enough memory aside at open "
				 "(mem_size), or use larger pages", c->dev.addr,
				 (unsigned long long)c->peer.max_dma_maps);

	/* Known before it is told: the server may ask for bytes at once. */
	leat_vfu_lock(c);
	err = remember(c, seg);
	leat_vfu_unlock(c);
	if (err)
		return err;
	err = tell(c, seg);
	if (err) {
		leat_vfu_lock(c);
		forget(c, seg);
		leat_vfu_unlock(c);
	}
	return err;
}

static void dma_unmap(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct vfu_client *c = client_of(as);
	struct vfu_dma_unmap unmap = {
		.argsz = sizeof(unmap), .addr = seg->iova, .size = seg->len,
	};
	struct vfu_call call = {
		.cmd = VFU_DMA_UNMAP, .nout = 1, .quiet = true,
		.out = { vfu_iov(&unmap, sizeof(unmap)) },
	};
	int err = leat_vfu_command(c, &call);

	leat_vfu_lock(c);
	/* What it will not let go it must not be driven with: the memory is about to be reused. */
	if (err)
		leat_vfu_die(c, -EPROTO, "the server refused to let go of memory (DMA_UNMAP: %s); "
			     "restart it", strerror(-err));
	forget(c, seg);
	leat_vfu_unlock(c);
}

/* ---- the server reaches for our memory ---- */

static char *reach(const struct vfu_client *c, const struct vfu_dma_access *a, bool write)
{
	for (unsigned int i = 0; i < c->ndma; i++) {
		const struct vfu_dma *d = &c->dma[i];
		uint64_t at = a->addr - d->iova;

		if (a->addr >= d->iova && at <= d->len && a->count <= d->len - at)
			return write && d->read_only ? NULL : d->va + at;
	}
	return NULL;
}

static int answer(struct vfu_sock *sock, const struct vfu_msg *msg, const struct vfu_dma_access *a,
		  const char *data)
{
	struct vfu_hdr hdr = {
		.id = msg->hdr.id, .cmd = msg->hdr.cmd, .flags = VFU_HDR_REPLY,
	};
	struct iovec out[] = { vfu_iov(a, sizeof(*a)), vfu_iov(data, a->count) };

	if (msg->hdr.flags & VFU_HDR_NO_REPLY)
		return 0;
	return leat_vfu_tx_send(&sock->tx, sock->fd, &hdr, out, data ? 2 : 1, NULL, 0);
}

int leat_vfu_serve_dma(struct vfu_client *c, struct vfu_sock *sock, const struct vfu_msg *msg)
{
	bool write = msg->hdr.cmd == VFU_DMA_WRITE;
	struct vfu_dma_access a;
	char *mem;

	if (msg->len < sizeof(a))
		return leat_vfu_refuse(sock, msg, -EINVAL);
	memcpy(&a, msg->payload, sizeof(a));
	if (a.count > VFU_MAX_XFER || msg->len != sizeof(a) + (write ? a.count : 0))
		return leat_vfu_refuse(sock, msg, -EINVAL);
	mem = reach(c, &a, write);
	if (!mem)
		return leat_vfu_refuse(sock, msg, -EFAULT);
	if (!write)
		return answer(sock, msg, &a, mem);
	memcpy(mem, (const char *)msg->payload + sizeof(a), a.count);
	leat_dma_wmb();
	return answer(sock, msg, &a, NULL);
}

const struct leat_aspace_ops leat_vfu_aspace_ops = {
	.dma_map = dma_map,
	.dma_unmap = dma_unmap,
};
