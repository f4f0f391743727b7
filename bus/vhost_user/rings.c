// SPDX-License-Identifier: BSD-3-Clause
/*
 * rings.c - rings told to a back end, run, stopped, and resumed by the next one.
 *
 * A back end that takes over begins where the last one stopped. Of a split ring that is
 * used->idx, in memory of ours, and of a packed one the driver knows it; what the last one
 * had taken and not returned is taken once more. With INFLIGHT_SHMFD the back end knows better, by a buffer that it makes, that we
 * keep, and that the next one gets: it finds there what was in flight, also of rings that
 * are not worked off in order.
 */
#include "state.h"

#include <leat/endian.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define F_RING_PACKED	LEAT_BIT64(34)

/* ---- the in-flight buffer ---- */

static int inflight_get(struct vhost *v, struct vhost_inflight *ask)
{
	const struct vhost_call call = {
		.request = VHOST_GET_INFLIGHT_FD, .out = ask, .out_len = VHOST_INFLIGHT_LEN,
		.in = &v->inflight, .in_len = VHOST_INFLIGHT_LEN, .in_fd = &v->inflight_fd,
	};
	int err = leat_vhost_call(v, &call);

	if (!err && (v->inflight_fd < 0 || !v->inflight.mmap_size))
		return leat_vhost_drop(v, -EPROTO, "GET_INFLIGHT_FD: the back end gives no buffer, "
				       "though it offers INFLIGHT_SHMFD");
	return err;
}

static void inflight_forget(struct vhost *v)
{
	if (v->inflight_fd >= 0)
		close(v->inflight_fd);
	v->inflight_fd = -1;
}

/* The one that there is, or a new one. */
static int inflight_tell(struct vhost *v)
{
	struct vhost_inflight ask = { .queues = 0 };
	const struct vhost_call call = {
		.request = VHOST_SET_INFLIGHT_FD, .out = &v->inflight,
		.out_len = VHOST_INFLIGHT_LEN, .fds = &v->inflight_fd, .nfds = 1,
	};
	int err = 0;

	if (!vhost_has(v, LEAT_VHOST_P_INFLIGHT_SHMFD))
		return 0;
	for (unsigned int i = 0; i < LEAT_VHOST_RINGS_MAX; i++) {
		if (!v->ring[i].used)
			continue;
		ask.queues = (uint16_t)(i + 1);
		ask.queue_size = LEAT_MAX(ask.queue_size, v->ring[i].conf.size);
	}
	if (v->inflight_fd < 0)
		err = inflight_get(v, &ask);
	return err ? err : leat_vhost_call(v, &call);
}

/* ---- one ring ---- */

static int set_state(struct vhost *v, enum vhost_request request, uint32_t index, uint32_t num)
{
	const struct vhost_ring_state state = { .index = index, .num = num };
	const struct vhost_call call = {
		.request = request, .out = &state, .out_len = sizeof(state), .later = true,
	};

	return leat_vhost_call(v, &call);
}

static int set_fd(struct vhost *v, enum vhost_request request, uint32_t index, int fd)
{
	uint64_t word = index | (fd < 0 ? VHOST_NO_FD : 0);
	const struct vhost_call call = {
		.request = request, .out = &word, .out_len = sizeof(word), .fds = &fd,
		.nfds = fd >= 0, .later = true,
	};

	return leat_vhost_call(v, &call);
}

static int set_addr(struct vhost *v, const struct leat_vhost_ring *conf)
{
	const struct vhost_ring_addr addr = {
		.index = conf->index, .desc = conf->desc, .avail = conf->driver,
		.used = conf->device,
	};
	const struct vhost_call call = {
		.request = VHOST_SET_VRING_ADDR, .out = &addr, .out_len = sizeof(addr),
		.later = true,
	};

	return leat_vhost_call(v, &call);
}

/* used->idx of a split ring: le16 behind the flags (virtio 1.2, 2.7.8). */
static uint32_t used_idx(const struct vhost *v, const struct leat_vhost_ring *conf)
{
	const leat_le16 *used = leat_vhost_mem_find(v, conf->device, 4);

	return used ? leat_le16_to_cpu(LEAT_READ_ONCE(used[1])) : 0;
}

/* Where the back end begins. */
static int ring_base(struct vhost *v, const struct vhost_ring *r, uint32_t *base)
{
	bool packed = v->features & F_RING_PACKED;

	if (!packed) {
		*base = used_idx(v, &r->conf);
		return 0;
	}
	if (r->told && !r->conf.at && v->inflight_fd < 0)
		return leat_fail(v->dev.ctx, -ENOTSUP, "%s: nobody knows where the back end that went "
				 "stopped in its packed rings: stop and start the port",
				 v->dev.addr);
	*base = VHOST_BASE_PACKED;
	if (r->told && r->conf.at)
		*base = r->conf.at(r->conf.vq) * UINT32_C(0x10001);	/* available, and used */
	return 0;
}

static int ring_tell(struct vhost *v, struct vhost_ring *r)
{
	const uint32_t i = r->conf.index;
	uint32_t base = 0;
	int err = ring_base(v, r, &base);

	if (!err)
		err = set_state(v, VHOST_SET_VRING_NUM, i, r->conf.size);
	if (!err)
		err = set_state(v, VHOST_SET_VRING_BASE, i, base);
	if (!err)
		err = set_addr(v, &r->conf);
	if (!err)
		err = set_fd(v, VHOST_SET_VRING_CALL, i, r->conf.call);
	if (!err)
		err = set_fd(v, VHOST_SET_VRING_KICK, i, r->kick);
	if (!err)
		r->told = true;
	return err;
}

/* A ring starts by its first kick; with protocol features it is enabled besides. */
static int ring_run(struct vhost *v, struct vhost_ring *r)
{
	int err = v->protocol ? set_state(v, VHOST_SET_VRING_ENABLE, r->conf.index, 1) : 0;

	if (!err)
		leat_eventfd_signal(r->kick);
	return err;
}

/* The answer to GET_VRING_BASE says that it has let go. */
static int ring_halt(struct vhost *v, const struct vhost_ring *r)
{
	struct vhost_ring_state state = { .index = r->conf.index }, base;
	const struct vhost_call call = {
		.request = VHOST_GET_VRING_BASE, .out = &state, .out_len = sizeof(state),
		.in = &base, .in_len = sizeof(base),
	};
	int err = v->protocol ? set_state(v, VHOST_SET_VRING_ENABLE, r->conf.index, 0) : 0;

	return err ? err : leat_vhost_call(v, &call);
}

/* ---- all of them ---- */

static int each(struct vhost *v, int (*verb)(struct vhost *v, struct vhost_ring *r))
{
	int err = 0;

	for (unsigned int i = 0; i < LEAT_VHOST_RINGS_MAX && !err; i++)
		if (v->ring[i].used)
			err = verb(v, &v->ring[i]);
	return err;
}

int leat_vhost_bring_up(struct vhost *v)
{
	int err = leat_vhost_set64(v, VHOST_SET_FEATURES,
				   v->features | (v->protocol ? VHOST_F_PROTOCOL : 0));

	if (!err && vhost_has(v, LEAT_VHOST_P_STATUS))
		err = leat_vhost_set64(v, VHOST_SET_STATUS, v->status);
	if (!err && v->mtu && vhost_has(v, LEAT_VHOST_P_NET_MTU))
		err = leat_vhost_set64(v, VHOST_NET_SET_MTU, v->mtu);
	if (!err && !v->mem_told)
		err = leat_vhost_mem_tell(v);
	if (!err)
		err = inflight_tell(v);
	if (!err)
		err = each(v, ring_tell);
	if (!err)
		err = each(v, ring_run);
	return err ? err : leat_vhost_settle(v);
}

int leat_vhost_bring_down(struct vhost *v)
{
	const struct vhost_call reset = { .request = VHOST_RESET_DEVICE };
	int err = 0;

	for (unsigned int i = 0; i < LEAT_VHOST_RINGS_MAX && !err; i++)
		if (v->ring[i].used && v->ring[i].told)
			err = ring_halt(v, &v->ring[i]);
	if (!err && vhost_has(v, LEAT_VHOST_P_RESET_DEVICE)) {
		err = leat_vhost_call(v, &reset);
		v->mem_told = false;
	}
	return err;
}

void leat_vhost_rings_forget(struct vhost *v)
{
	for (unsigned int i = 0; i < LEAT_VHOST_RINGS_MAX; i++) {
		if (v->ring[i].used)
			leat_eventfd_close(v->ring[i].kick);
		v->ring[i].used = false;
	}
	inflight_forget(v);
}
