// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/model.c - a modern virtio-net device over PCI, by the letter of
 * virtio 1.2: life, and what the host calls.
 */
#include "model.h"

#include <leat/models.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Interrupt kinds as VFIO numbers them. */
#define IRQ_INTX 0
#define IRQ_MSIX 2

/* ---- what the parts ask of the device ---- */

void vnet_raise(struct vnet *v, uint16_t vector, uint8_t isr)
{
	/* Without MSI-X: the status bit first, then the pin, a level (4.1.5.3.1, 4.1.5.4.1). */
	if (!leat_model_pci_msix_on(&v->pci)) {
		if (!v->isr && leat_model_pci_intx_on(&v->pci))
			leat_mdev_raise(&v->mdev, IRQ_INTX, 0);
		v->isr |= isr;
	}
	/* A host whose VMM keeps the MSI-X capability to itself sees the vector only. */
	if (vector != VIRTIO_MSI_NO_VECTOR)
		leat_mdev_raise(&v->mdev, IRQ_MSIX, vector);
}

static void raise_config(struct vnet *v)
{
	v->generation++;
	if (v->status & VIRTIO_STATUS_DRIVER_OK)
		vnet_raise(v, v->config_vector, VIRTIO_ISR_CONFIG);
}

int vnet_break(struct vnet *v, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	if (v->status & VIRTIO_STATUS_NEEDS_RESET)
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	leat_mdev_log(&v->mdev, LEAT_LOG_ERROR, "the driver broke the rules, %s; waiting for its reset",
		      why);
	for (unsigned int i = 0; i < v->nqueues; i++)
		v->q[i].running = false;
	v->status |= VIRTIO_STATUS_NEEDS_RESET;
	raise_config(v);
	return -EINVAL;
}

void vnet_reset(struct vnet *v)
{
	char *page = v->mdev.mem[VNET_BAR];

	v->accepted = 0;
	v->device_feature_select = v->driver_feature_select = 0;
	v->config_vector = VIRTIO_MSI_NO_VECTOR;
	v->queue_select = 0;
	v->status = 0;
	v->isr = 0;
	v->guest = 0;
	v->announce = false;
	memcpy(v->mac, v->own_mac, sizeof(v->mac));
	vnet_steer_reset(v);
	for (unsigned int i = 0; i < v->nqueues; i++) {
		uint16_t *bell = (uint16_t *)(void *)(page + i * VNET_DOORBELL);

		vnet_queue_reset(v, &v->q[i]);
		leat_store_relaxed(bell, VNET_NO_KICK);
	}
}

/* ---- struct leat_model ---- */

static int vnet_init(struct leat_mdev *mdev, const struct leat_model_opt *opts)
{
	struct vnet *v = vnet_of(mdev);
	int err = vnet_options(v, opts);

	if (err)
		return err;
	mdev->region[VNET_BAR] = (struct leat_model_region){
		.size = VNET_BAR_LEN, .map_off = VNET_NOTIFY, .map_len = VNET_NOTIFY_LEN,
	};
	mdev->irqs[IRQ_INTX] = 1;
	mdev->irqs[IRQ_MSIX] = 1u + v->nqueues;	/* configuration changes, then the queues */
	return vnet_regs_init(v);
}

static void vnet_fini(struct leat_mdev *mdev)
{
	leat_model_pci_fini(&vnet_of(mdev)->pci);
}

static void vnet_power_on(struct leat_mdev *mdev)
{
	struct vnet *v = vnet_of(mdev);

	leat_model_pci_reset(&v->pci);
	v->was_master = false;
	v->paused = false;
	v->leaving = 0;
	vnet_reset(v);
}

static int vnet_access(struct leat_mdev *mdev, unsigned int region, uint64_t off, void *buf,
		       size_t len, bool write)
{
	struct vnet *v = vnet_of(mdev);

	switch (region) {
	case LEAT_MODEL_CONFIG:
		return vnet_config_access(v, off, buf, len, write);
	case VNET_BAR:
		return vnet_bar_access(v, off, buf, len, write);
	}
	return -EINVAL;
}

/* What the driver has for us. @open: there is more to do, though nothing moved. */
static unsigned int serve(struct vnet *v, struct vnet_queue *q, bool *open)
{
	unsigned int n;

	if (!q->running || q->access)
		return 0;
	n = LEAT_UNLIKELY(q->control) ? vnet_control(v, q) : vnet_tx(v, q);
	*open |= !q->desc && q->kicked;
	return n;
}

static unsigned int vnet_poll(struct leat_mdev *mdev)
{
	struct vnet *v = vnet_of(mdev);
	unsigned int n = 0;
	bool open = false;

	if (LEAT_UNLIKELY(v->paused))
		return 0;
	for (unsigned int i = 0; i < v->nqueues; i++)
		vnet_queue_kick(v, &v->q[i]);
	for (unsigned int i = 0; i < v->nqueues; i++)
		n += serve(v, &v->q[i], &open);
	for (unsigned int i = 0; i < v->nqueues; i++)
		open |= vnet_queue_settle(v, &v->q[i]);
	return n ? n : open;
}

/* A receive queue that runs. */
static bool vnet_ready(const struct leat_mdev *mdev)
{
	const struct vnet *v = (const struct vnet *)(const void *)mdev;	/* mdev is first */

	for (unsigned int pair = 0; pair < v->active; pair++)
		if (LEAT_LIKELY(v->q[VIRTIO_NET_RXQ(pair)].running))
			return !v->paused;
	return false;
}

static unsigned int vnet_receive(struct leat_mdev *mdev, const struct leat_frame *frames,
				 unsigned int n)
{
	struct vnet *v = vnet_of(mdev);

	if (LEAT_UNLIKELY(!vnet_ready(mdev)))
		return 0;
	if (LEAT_UNLIKELY(v->steered))
		return vnet_steer(v, frames, n);
	return vnet_rx(v, &v->q[VIRTIO_NET_RXQ(0)], frames, n, NULL);
}

static void vnet_dma_changed(struct leat_mdev *mdev)
{
	struct vnet *v = vnet_of(mdev);

	for (unsigned int i = 0; i < v->nqueues; i++)
		vnet_queue_remap(v, &v->q[i]);
}

/* Plugged in again, perhaps elsewhere: whoever is there has to learn the addresses (5.1.6.5.4). */
static void vnet_link(struct leat_mdev *mdev, bool up)
{
	struct vnet *v = vnet_of(mdev);

	if (up && (v->accepted & VIRTIO_NET_F_GUEST_ANNOUNCE) &&
	    (v->status & VIRTIO_STATUS_DRIVER_OK))
		v->announce = true;
	if (v->accepted & VIRTIO_NET_F_STATUS)
		raise_config(v);
	else
		v->generation++;
}

const struct leat_model leat_model_virtio_net = {
	.name = "virtio-net",
	.help = "mac=ADDRESS, mtu=BYTES (1500), queue-size=N (256), csum=, guest-csum=, "
		"tso=, uso=, guest-tso=, guest-uso=, mrg=, "
		"indirect=, in-order=, order-platform=, ring-reset=, ctrl=, ctrl-rx=, ctrl-mac=, "
		"ctrl-vlan=, ctrl-offloads=, announce=on|off (on), packed=, event-idx=, "
		"notification-data=, rss=, hash=on|off (off), queues=PAIRS (1), speed=MBIT",
	.size = sizeof(struct vnet),
	.init = vnet_init,
	.fini = vnet_fini,
	.reset = vnet_power_on,
	.access = vnet_access,
	.poll = vnet_poll,
	.receive = vnet_receive,
	.ready = vnet_ready,
	.dma_changed = vnet_dma_changed,
	.link = vnet_link,
	.gso = true,
};
