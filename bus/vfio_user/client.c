// SPDX-License-Identifier: BSD-3-Clause
/*
 * client.c - a device served over vfio-user, from open to close. The wire is
 * in proto.h; client_state.h says which file does what.
 */
#include "client.h"

#include "client_state.h"

#include <leat/bits.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static void init(struct vfu_client *c)
{
	pthread_mutex_init(&c->lock, NULL);
	for (int i = 0; i < VFU_SOCKS; i++) {
		c->sock[i].fd = -1;
		c->sock[i].client = c;
		leat_vfu_rx_init(&c->sock[i].rx, VFU_MAX_PAYLOAD);
	}
	for (int i = 0; i < LEAT_REGIONS; i++)
		c->region[i].fd = -1;
	for (int i = 0; i < VFU_EVENTS; i++)
		c->event[i].fd = -1;
	leat_vfu_caps_default(&c->peer);
}

/* Programmed and decoding, but not mastering the bus: whoever drove it before may be dead. */
static int enable(struct vfu_client *c)
{
	struct leat_dev *dev = &c->dev;
	int err = leat_pci_bus_master(dev, false);

	if (!err)
		err = leat_pci_enable(dev);
	for (unsigned int i = LEAT_REGION_BAR0; i <= LEAT_REGION_BAR5 && !err; i++)
		c->region[i].posted = dev->region[i].size &&
			!(leat_pci_read32(dev, (uint16_t)LEAT_PCI_BAR(i)) & LEAT_PCI_BAR_IO);
	return dev->dead ? -ENODEV : err;
}

static int attach(struct vfu_client *c)
{
	uint64_t pages = c->peer.pgsizes ? c->peer.pgsizes : VFU_PGSIZES;

	c->as = (struct leat_aspace){
		.ops = &leat_vfu_aspace_ops, .name = c->dev.addr, .page_size = pages & -pages,
		.pgsizes = pages,
		.maps_left = (uint32_t)LEAT_MIN(c->peer.max_dma_maps, (uint64_t)UINT32_MAX),
	};
	c->dev.as = &c->as;
	return leat_aspace_attach(c->dev.ctx, &c->as);
}

static void close_socks(struct vfu_client *c)
{
	for (int i = 0; i < VFU_SOCKS; i++)
		if (c->sock[i].fd >= 0)
			close(c->sock[i].fd);
}

static void free_messages(struct vfu_client *c)
{
	for (int i = 0; i < VFU_SOCKS; i++) {
		leat_vfu_rx_fini(&c->sock[i].rx);
		leat_vfu_tx_fini(&c->sock[i].tx);
	}
	free(c->dma);
}

/* Undoes whatever open() came to: all that it undoes is fine with never having been done. */
static void client_close(struct leat_dev *dev)
{
	struct vfu_client *c = vfu_client(dev);

	if (c->open && !dev->dead)
		(void)leat_pci_bus_master(dev, false);
	leat_aspace_detach(&c->as);
	leat_vfu_unwatch(c);
	leat_vfu_close_events(c);
	leat_vfu_close_regions(c);
	close_socks(c);
	free_messages(c);
	pthread_mutex_destroy(&c->lock);
}

static void client_forget(struct leat_dev *dev)
{
	struct vfu_client *c = vfu_client(dev);

	for (const struct leat_mmio *win = dev->windows; win; win = win->next)
		munmap(win->map, win->map_len);
	for (int i = 0; i < VFU_EVENTS; i++)
		leat_eventfd_close(c->event[i].fd);
	leat_vfu_close_regions(c);
	close_socks(c);
	if (pthread_mutex_trylock(&c->lock))
		return;		/* a thread of the parent's was in the middle of a message */
	free_messages(c);
	pthread_mutex_unlock(&c->lock);
}

static int client_open(struct leat_dev *dev, const char *path)
{
	static int (*const steps[])(struct vfu_client *c) = {
		leat_vfu_negotiate, leat_vfu_get_info, leat_vfu_get_regions, leat_vfu_get_irqs,
		enable, attach, leat_vfu_open_events, leat_vfu_watch,
	};
	struct vfu_client *c = vfu_client(dev);
	int err;

	init(c);
	err = leat_vfu_connect(c, path);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(steps) && !err; i++)
		err = steps[i](c);
	if (err)
		client_close(dev);
	c->open = !err;
	return err;
}

/* A reset takes the BARs' addresses and the command register along. */
static int client_reset(struct leat_dev *dev)
{
	struct vfu_client *c = vfu_client(dev);
	struct vfu_call call = { .cmd = VFU_DEVICE_RESET };
	int err;

	if (!dev->can_reset)
		return -ENOTSUP;
	err = leat_vfu_command(c, &call);
	return err ? err : enable(c);
}

static int client_feature(struct leat_dev *dev, uint32_t feature, void *buf, size_t len)
{
	struct vfu_client *c = vfu_client(dev);
	bool get = feature & VFU_FEATURE_GET;
	struct vfu_feature f = { .flags = feature };
	struct vfu_call call = {
		.cmd = VFU_DEVICE_FEATURE, .nout = get ? 1 : 2, .quiet = true,
		.min_reply = sizeof(f) + (get ? len : 0),
		.out = { vfu_iov(&f, sizeof(f)), vfu_iov(buf, len) },
	};
	int err;

	if (len > c->peer.max_xfer || len > VFU_MAX_XFER)
		return -EINVAL;
	f.argsz = (uint32_t)(sizeof(f) + len);
	err = leat_vfu_call(c, &call);
	if (err)
		return err;
	if (get)
		memcpy(buf, (const char *)call.reply.payload + sizeof(f), len);
	leat_vfu_msg_fini(&call.reply);
	return 0;
}

/* The next look at the socket finds it shut. */
static void client_hang_up(struct leat_dev *dev)
{
	struct vfu_client *c = vfu_client(dev);

	leat_store_relaxed(&c->faulted, true);
	shutdown(c->sock[VFU_MAIN].fd, SHUT_RDWR);
}

const struct leat_dev_ops leat_vfio_user_ops = {
	.scheme = "vfio-user",
	.dev_size = sizeof(struct vfu_client),
	.software = true,
	.open = client_open,
	.close = client_close,
	.reset = client_reset,
	.region_read = leat_vfu_region_read,
	.region_write = leat_vfu_region_write,
	.region_map = leat_vfu_region_map,
	.region_unmap = leat_vfu_region_unmap,
	.irq_set = leat_vfu_irq_set,
	.feature = client_feature,
	.hang_up = client_hang_up,
	.forget = client_forget,
};
