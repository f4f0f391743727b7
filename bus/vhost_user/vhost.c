// SPDX-License-Identifier: BSD-3-Clause
/*
 * vhost.c - a vhost-user back end as a device, and what a driver asks of it. The wire is in
 * proto.h; state.h says which file does what.
 */
#include "vhost.h"

#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool leat_vhost_is(const struct leat_dev *dev)
{
	return dev->ops == &leat_vhost_user_ops;
}

const struct leat_vhost_offer *leat_vhost_offer(struct leat_dev *dev)
{
	return &vhost_of(dev)->offer;
}

bool leat_vhost_connected(struct leat_dev *dev)
{
	return vhost_of(dev)->connected;
}

void leat_vhost_watch_config(struct leat_dev *dev, int fd)
{
	vhost_of(dev)->config_fd = fd;
}

/* Nobody there is no error: the next one is told. */
static int unless_gone(int err)
{
	return err == -ENOTCONN ? 0 : err;
}

/* Something that the back end may refuse. */
static int tell(struct vhost *v, enum vhost_request request, uint64_t value)
{
	int err = leat_vhost_set64(v, request, value);

	return unless_gone(err ? err : leat_vhost_settle(v));
}

int leat_vhost_features(struct leat_dev *dev, uint64_t features)
{
	struct vhost *v = vhost_of(dev);

	v->features = features;
	return tell(v, VHOST_SET_FEATURES, features | (v->protocol ? VHOST_F_PROTOCOL : 0));
}

int leat_vhost_status_set(struct leat_dev *dev, uint8_t status)
{
	struct vhost *v = vhost_of(dev);

	v->status = status;
	if (!vhost_has(v, LEAT_VHOST_P_STATUS))
		return 0;
	return unless_gone(leat_vhost_set64(v, VHOST_SET_STATUS, status));
}

int leat_vhost_status_get(struct leat_dev *dev, uint8_t *status)
{
	struct vhost *v = vhost_of(dev);
	uint64_t word = v->status;
	int err = 0;

	if (vhost_has(v, LEAT_VHOST_P_STATUS))
		err = unless_gone(leat_vhost_get64(v, VHOST_GET_STATUS, &word));
	*status = (uint8_t)word;
	return err;
}

static int config(struct vhost *v, enum vhost_request request, struct vhost_config *c)
{
	size_t len = offsetof(struct vhost_config, data) + c->size;
	const struct vhost_call call = {
		.request = request, .out = c, .out_len = len,
		.in = request == VHOST_GET_CONFIG ? c : NULL, .in_len = len,
	};

	if (!vhost_has(v, LEAT_VHOST_P_CONFIG))
		return -ENOTSUP;
	return leat_vhost_call(v, &call);
}

int leat_vhost_config_read(struct leat_dev *dev, uint32_t off, void *buf, size_t len)
{
	struct vhost_config c = { .offset = off, .size = (uint32_t)len };
	int err;

	if (len > sizeof(c.data))
		return -EINVAL;
	err = config(vhost_of(dev), VHOST_GET_CONFIG, &c);
	if (!err)
		memcpy(buf, c.data, len);
	return err;
}

int leat_vhost_config_write(struct leat_dev *dev, uint32_t off, const void *buf, size_t len)
{
	struct vhost_config c = { .offset = off, .size = (uint32_t)len };

	if (len > sizeof(c.data))
		return -EINVAL;
	memcpy(c.data, buf, len);
	return config(vhost_of(dev), VHOST_SET_CONFIG, &c);
}

int leat_vhost_mtu(struct leat_dev *dev, uint16_t mtu)
{
	struct vhost *v = vhost_of(dev);

	v->mtu = mtu;
	if (!vhost_has(v, LEAT_VHOST_P_NET_MTU))
		return 0;
	return tell(v, VHOST_NET_SET_MTU, mtu);
}

int leat_vhost_ring(struct leat_dev *dev, const struct leat_vhost_ring *ring, int *kick)
{
	struct vhost *v = vhost_of(dev);
	struct vhost_ring *r;
	int fd;

	if (ring->index >= LEAT_VHOST_RINGS_MAX)
		return leat_fail(dev->ctx, -EINVAL, "%s: ring %u: there are %d", dev->addr,
				 ring->index, LEAT_VHOST_RINGS_MAX);
	r = &v->ring[ring->index];
	fd = r->used ? r->kick : leat_eventfd_open();
	if (fd < 0)
		return leat_fail(dev->ctx, fd, "%s: ring %u: no descriptor for its doorbell (see "
				 "ulimit -n)", dev->addr, ring->index);
	*r = (struct vhost_ring){ .conf = *ring, .used = true, .kick = fd };
	*kick = fd;
	return 0;
}

int leat_vhost_start(struct leat_dev *dev)
{
	struct vhost *v = vhost_of(dev);
	int err = unless_gone(leat_vhost_bring_up(v));

	if (!err)
		v->running = true;
	return err;
}

void leat_vhost_stop(struct leat_dev *dev)
{
	struct vhost *v = vhost_of(dev);
	int err = v->sock >= 0 ? leat_vhost_bring_down(v) : 0;

	v->running = false;
	leat_vhost_rings_forget(v);
	if (err)
		leat_vhost_drop(v, err, "the back end does not let go of the rings: %s",
				strerror(-err));
}

/* ---- the device ---- */

static int vhost_open(struct leat_dev *dev, const char *addr)
{
	struct vhost *v = vhost_of(dev);
	const char *why;
	int err = leat_vhost_parse(addr, &v->at, &why);

	v->sock = v->back = v->rx.fd = v->back_rx.fd = v->inflight_fd = v->config_fd = -1;
	v->listener.fd = -1;
	if (err)
		return leat_fail(dev->ctx, err, "%s: %s", dev->addr, why);
	v->sock = leat_vhost_begin(v);
	err = v->sock < 0 ? v->sock : leat_vhost_hello(v);
	if (err)
		goto close;
	v->as = (struct leat_aspace){
		.ops = &leat_vhost_aspace_ops, .name = dev->addr, .maps_left = v->slots,
	};
	dev->as = &v->as;
	err = leat_aspace_attach(dev->ctx, &v->as);
	if (err)
		goto close;
	err = leat_vhost_link_watch(v);
	if (err)
		goto detach;
	v->open = v->connected = true;
	snprintf(dev->how, sizeof(dev->how), "%s",
		 v->at.server ? "the back end connected to us" : "the back end listens");
	return 0;

detach:
	leat_aspace_detach(&v->as);
close:
	leat_vhost_link_close(v);
	return err;
}

/* The socket first: who is gone need not be told what memory it has lost. */
static void vhost_close(struct leat_dev *dev)
{
	struct vhost *v = vhost_of(dev);

	leat_vhost_stop(dev);
	leat_vhost_link_close(v);
	leat_aspace_detach(&v->as);
}

static void vhost_forget(struct leat_dev *dev)
{
	struct vhost *v = vhost_of(dev);

	leat_vhost_link_forget(v);
	leat_vhost_rings_forget(v);
}

const struct leat_dev_ops leat_vhost_user_ops = {
	.scheme = "vhost-user",
	.dev_size = sizeof(struct vhost),
	.software = true,
	.open = vhost_open,
	.close = vhost_close,
	.forget = vhost_forget,
};
