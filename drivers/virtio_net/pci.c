// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/pci.c - the virtio transport over a PCI device (virtio 1.2, 4.1).
 *
 * The device says in vendor capabilities where its structures lie; each is
 * checked before it is believed, and the first usable of a kind is taken
 * (4.1.4.1). Registers are accessed in their own widths, 64-bit ones in halves
 * (4.1.3.1).
 */
#include "virtio_net.h"

#include <leat/driver/pci.h>

#include <errno.h>
#include <string.h>

#define RESET_USEC	1000000	/* the longest wait there is */
#define CONFIG_TRIES	64	/* readings that a changing configuration may spoil */

#define PCI_CONFIG_LEN	256	/* capabilities lie within */

/* A structure that a capability describes. */
struct place {
	unsigned int	bar;
	uint32_t	off, len;
	uint8_t		cap;		/* where the capability lies */
	uint8_t		cap_len;
};

static struct leat_virtio_pci *pci_of(struct leat_virtio *vd)
{
	return LEAT_CONTAINER_OF(vd, struct leat_virtio_pci, vd);
}

/* ---- capabilities (4.1.4) ---- */

#define CAP_FIELD(cap, field) ((uint16_t)((cap) + offsetof(struct virtio_pci_cap, field)))

static struct place read_place(struct leat_dev *dev, uint8_t cap)
{
	return (struct place){
		.bar = leat_pci_read8(dev, CAP_FIELD(cap, bar)),
		.off = leat_pci_read32(dev, CAP_FIELD(cap, offset)),
		.len = leat_pci_read32(dev, CAP_FIELD(cap, length)),
		.cap = cap,
		.cap_len = leat_pci_read8(dev, CAP_FIELD(cap, len)),
	};
}

/* Does it lie where it says, whole, aligned to @align, and at least @len bytes long? */
static bool usable(const struct leat_dev *dev, const struct place *p, uint32_t align, uint32_t len,
		   size_t cap_len)
{
	if (p->cap_len < cap_len || p->cap + cap_len > PCI_CONFIG_LEN)
		return false;
	if (p->bar > VIRTIO_PCI_BAR_MAX || p->len < len || p->off % align)
		return false;
	return (uint64_t)p->off + p->len <= dev->region[p->bar].size;
}

/* The first usable structure of a kind. */
static bool find(struct leat_dev *dev, enum virtio_pci_cfg_type type, uint32_t align, uint32_t len,
		 size_t cap_len, struct place *out)
{
	uint8_t cap = 0;

	while ((cap = leat_pci_cap(dev, LEAT_PCI_CAP_VENDOR, cap))) {
		if (leat_pci_read8(dev, CAP_FIELD(cap, cfg_type)) != type)
			continue;
		*out = read_place(dev, cap);
		if (usable(dev, out, align, len, cap_len))
			return true;
	}
	return false;
}

static int map_place(struct leat_dev *dev, const struct place *p, struct leat_mmio *win)
{
	return leat_mmio_map(dev, p->bar, p->off, p->len, win);
}

static int map_common(struct leat_virtio_pci *pci, struct leat_dev *dev)
{
	struct place p;

	if (!find(dev, VIRTIO_PCI_CAP_COMMON, 4, VIRTIO_COMMON_LEN_MIN,
		  sizeof(struct virtio_pci_cap), &p))
		return leat_fail(dev->ctx, -ENOTSUP,
				 "%s: no usable capability for virtio's common configuration: only "
				 "modern devices (virtio 1.0 and later) can be driven", dev->addr);
	return map_place(dev, &p, &pci->common);
}

static int map_notify(struct leat_virtio_pci *pci, struct leat_dev *dev)
{
	struct place p;

	if (!find(dev, VIRTIO_PCI_CAP_NOTIFY, 2, 2, sizeof(struct virtio_pci_notify_cap), &p))
		return leat_fail(dev->ctx, -ENOTSUP,
				 "%s: no usable capability for virtio's notifications: the device "
				 "breaks virtio 1.2, 4.1.4.4", dev->addr);
	pci->notify_multiplier = leat_pci_read32(dev,
		(uint16_t)(p.cap + offsetof(struct virtio_pci_notify_cap, multiplier)));
	return map_place(dev, &p, &pci->notify);
}

/* May be missing, against 4.1.4.5: then the device is used without INTx. */
static int map_isr(struct leat_virtio_pci *pci, struct leat_dev *dev)
{
	struct place p;

	if (!find(dev, VIRTIO_PCI_CAP_ISR, 1, 1, sizeof(struct virtio_pci_cap), &p))
		return 0;
	return map_place(dev, &p, &pci->isr);
}

/* May be missing: a device without any feature that needs it. */
static int map_device(struct leat_virtio_pci *pci, struct leat_dev *dev)
{
	struct place p;

	if (!find(dev, VIRTIO_PCI_CAP_DEVICE, 4, 1, sizeof(struct virtio_pci_cap), &p))
		return 0;
	return map_place(dev, &p, &pci->device);
}

static void unmap(struct leat_mmio *win)
{
	if (win->dev)
		leat_mmio_unmap(win);
}

/* ---- status and features (4.1.4.3) ---- */

static uint8_t status_get(struct leat_virtio *vd)
{
	return leat_mmio_read8(&pci_of(vd)->common, VIRTIO_COMMON_DEVICE_STATUS);
}

static void status_set(struct leat_virtio *vd, uint8_t status)
{
	leat_mmio_write8(&pci_of(vd)->common, VIRTIO_COMMON_DEVICE_STATUS, status);
}

/* 4.1.4.3.2: after writing 0 wait until it reads 0. */
static int reset(struct leat_virtio *vd)
{
	int err;

	status_set(vd, 0);
	err = leat_mmio_wait8(&pci_of(vd)->common, VIRTIO_COMMON_DEVICE_STATUS, 0xff, 0,
			      RESET_USEC);
	if (err && !leat_load_relaxed(&vd->dev->dead))
		return leat_fail(vd->dev->ctx, err,
				 "%s: reset: the status is 0x%02x and does not become 0: the "
				 "device hangs, or is not there", vd->dev->addr, status_get(vd));
	return err;
}

static uint64_t features_get(struct leat_virtio *vd)
{
	struct leat_mmio *common = &pci_of(vd)->common;
	uint64_t low;

	leat_mmio_write32(common, VIRTIO_COMMON_DEVICE_FEATURE_SELECT, 0);
	low = leat_mmio_read32(common, VIRTIO_COMMON_DEVICE_FEATURE);
	leat_mmio_write32(common, VIRTIO_COMMON_DEVICE_FEATURE_SELECT, 1);
	return low | (uint64_t)leat_mmio_read32(common, VIRTIO_COMMON_DEVICE_FEATURE) << 32;
}

static void features_set(struct leat_virtio *vd, uint64_t features)
{
	struct leat_mmio *common = &pci_of(vd)->common;

	leat_mmio_write32(common, VIRTIO_COMMON_DRIVER_FEATURE_SELECT, 0);
	leat_mmio_write32(common, VIRTIO_COMMON_DRIVER_FEATURE, (uint32_t)features);
	leat_mmio_write32(common, VIRTIO_COMMON_DRIVER_FEATURE_SELECT, 1);
	leat_mmio_write32(common, VIRTIO_COMMON_DRIVER_FEATURE, (uint32_t)(features >> 32));
}

/* ---- device configuration (4.1.4.6, 4.1.3.1) ---- */

/* One field, or an array of bytes. */
static void read_field(const struct leat_mmio *win, uint32_t off, void *buf, size_t len)
{
	if (len == 2 && off % 2 == 0) {
		leat_le16 v = leat_cpu_to_le16(leat_mmio_read16(win, off));

		memcpy(buf, &v, sizeof(v));
	} else if (len == 4 && off % 4 == 0) {
		leat_le32 v = leat_cpu_to_le32(leat_mmio_read32(win, off));

		memcpy(buf, &v, sizeof(v));
	} else {
		for (size_t i = 0; i < len; i++)
			((uint8_t *)buf)[i] = leat_mmio_read8(win, (uint32_t)(off + i));
	}
}

static int config_read(struct leat_virtio *vd, uint32_t off, void *buf, size_t len)
{
	struct leat_virtio_pci *pci = pci_of(vd);

	if (!pci->device.dev || off + len > pci->device.len)
		return leat_fail(vd->dev->ctx, -EPROTO,
				 "%s: device configuration: bytes %u to %zu are needed, %zu are "
				 "there: the device offers features without their fields",
				 vd->dev->addr, off, off + len - 1,
				 pci->device.dev ? pci->device.len : 0);
	for (int i = 0; i < CONFIG_TRIES; i++) {
		uint8_t before = leat_mmio_read8(&pci->common, VIRTIO_COMMON_CONFIG_GENERATION);

		read_field(&pci->device, off, buf, len);
		if (leat_mmio_read8(&pci->common, VIRTIO_COMMON_CONFIG_GENERATION) == before)
			return 0;
	}
	return leat_fail(vd->dev->ctx, -EIO,
			 "%s: device configuration: it changed during each of %d readings",
			 vd->dev->addr, CONFIG_TRIES);
}

/* One field, or an array of bytes, in its own width. */
static int config_write(struct leat_virtio *vd, uint32_t off, const void *buf, size_t len)
{
	struct leat_mmio *win = &pci_of(vd)->device;

	if (!win->dev || off + len > win->len)
		return leat_fail(vd->dev->ctx, -EPROTO,
				 "%s: device configuration: there are no bytes %u to %zu to write: "
				 "the device offers features without their fields", vd->dev->addr,
				 off, off + len - 1);
	for (size_t i = 0; i < len; i++)
		leat_mmio_write8(win, (uint32_t)(off + i), ((const uint8_t *)buf)[i]);
	return 0;
}

/* ---- queues (4.1.5.1.3) ---- */

static void write64(const struct leat_mmio *win, uint32_t reg, uint64_t v)
{
	leat_mmio_write32(win, reg, (uint32_t)v);
	leat_mmio_write32(win, reg + 4, (uint32_t)(v >> 32));
}

static uint16_t queue_max(struct leat_virtio *vd, uint16_t index)
{
	struct leat_mmio *common = &pci_of(vd)->common;

	if (index >= leat_mmio_read16(common, VIRTIO_COMMON_NUM_QUEUES))
		return 0;
	leat_mmio_write16(common, VIRTIO_COMMON_QUEUE_SELECT, index);
	return leat_mmio_read16(common, VIRTIO_COMMON_QUEUE_SIZE);
}

/* 4.1.5.2: the queue's index, and with NOTIFICATION_DATA how far it is filled. */
static void ring_index(const struct leat_virtio_queue *q, uint16_t next)
{
	(void)next;
	leat_mmio_write16(q->notify, q->notify_off, q->index);
}

static void ring_data(const struct leat_virtio_queue *q, uint16_t next)
{
	leat_mmio_write32(q->notify, q->notify_off, VIRTIO_NOTIFY_DATA(q->index, next));
}

/* Where the selected queue is notified (4.1.4.4). */
static int queue_notify(struct leat_virtio_pci *pci, struct leat_virtio_queue *q)
{
	bool data = pci->vd.features & VIRTIO_F_NOTIFICATION_DATA;
	unsigned int width = data ? 4 : 2;
	uint64_t off = (uint64_t)leat_mmio_read16(&pci->common, VIRTIO_COMMON_QUEUE_NOTIFY_OFF) *
		       pci->notify_multiplier;

	if (off % width || off + width > pci->notify.len)
		return leat_fail(pci->vd.dev->ctx, -EPROTO,
				 "%s: queue %u: its doorbell at %llu does not lie in the %zu bytes "
				 "of the notification structure", pci->vd.dev->addr, q->index,
				 (unsigned long long)off, pci->notify.len);
	q->ring = data ? ring_data : ring_index;
	q->notify = &pci->notify;
	q->notify_off = (uint32_t)off;
	return 0;
}

/* Only with the features does it show which of the queues are there. */
static int queue_check(struct leat_virtio_pci *pci, const struct leat_virtio_queue *q)
{
	uint16_t max = leat_mmio_read16(&pci->common, VIRTIO_COMMON_QUEUE_SIZE);

	if (max >= q->size)
		return 0;
	return leat_fail(pci->vd.dev->ctx, -ENOTSUP,
			 "%s: the device's queue %u can have %u descriptors, %u are asked for: ask "
			 "for fewer descriptors, or fewer queues", pci->vd.dev->addr, q->index, max,
			 q->size);
}

static int queue_enable(struct leat_virtio *vd, struct leat_virtio_queue *q)
{
	struct leat_virtio_pci *pci = pci_of(vd);
	struct leat_mmio *common = &pci->common;
	int err;

	leat_mmio_write16(common, VIRTIO_COMMON_QUEUE_SELECT, q->index);
	err = queue_check(pci, q);
	if (!err)
		err = queue_notify(pci, q);
	if (err)
		return err;
	leat_mmio_write16(common, VIRTIO_COMMON_QUEUE_SIZE, q->size);
	leat_mmio_write16(common, VIRTIO_COMMON_QUEUE_MSIX_VECTOR, q->vector);
	if (q->vector != LEAT_VIRTIO_NO_VECTOR)
		q->vector = leat_mmio_read16(common, VIRTIO_COMMON_QUEUE_MSIX_VECTOR);
	write64(common, VIRTIO_COMMON_QUEUE_DESC, q->desc);
	write64(common, VIRTIO_COMMON_QUEUE_DRIVER, q->driver);
	write64(common, VIRTIO_COMMON_QUEUE_DEVICE, q->device);
	leat_mmio_write16(common, VIRTIO_COMMON_QUEUE_ENABLE, 1);
	return 0;
}

/* 4.1.4.3.2: after writing 1 wait until it reads 0. */
static int queue_reset(struct leat_virtio *vd, uint16_t index)
{
	struct leat_mmio *common = &pci_of(vd)->common;
	int err;

	if (common->len < VIRTIO_COMMON_LEN)
		return leat_fail(vd->dev->ctx, -EPROTO,
				 "%s: the device offers RING_RESET without its register: stop and "
				 "start the port", vd->dev->addr);
	leat_mmio_write16(common, VIRTIO_COMMON_QUEUE_SELECT, index);
	leat_mmio_write16(common, VIRTIO_COMMON_QUEUE_RESET, 1);
	err = leat_mmio_wait16(common, VIRTIO_COMMON_QUEUE_RESET, 0xffff, 0, RESET_USEC);
	if (err && !leat_load_relaxed(&vd->dev->dead))
		return leat_fail(vd->dev->ctx, err,
				 "%s: queue %u does not finish its reset: stop and start the port",
				 vd->dev->addr, index);
	return err;
}

static int dma(struct leat_virtio *vd, bool on)
{
	return leat_pci_bus_master(vd->dev, on);
}

/* ---- interrupts (4.1.5.1.2) ---- */

static uint16_t config_vector(struct leat_virtio *vd, uint16_t vector)
{
	struct leat_mmio *common = &pci_of(vd)->common;

	leat_mmio_write16(common, VIRTIO_COMMON_CONFIG_MSIX_VECTOR, vector);
	return leat_mmio_read16(common, VIRTIO_COMMON_CONFIG_MSIX_VECTOR);
}

static uint8_t isr(struct leat_virtio *vd)
{
	return leat_mmio_read8(&pci_of(vd)->isr, 0);
}

/* ---- the transport's life ---- */

static const struct leat_virtio_ops pci_ops;

int leat_virtio_pci_open(struct leat_virtio_pci *pci, struct leat_dev *dev)
{
	int err;

	*pci = (struct leat_virtio_pci){ .vd = { .ops = &pci_ops, .dev = dev } };
	err = map_common(pci, dev);
	if (!err)
		err = map_notify(pci, dev);
	if (!err)
		err = map_isr(pci, dev);
	if (!err)
		err = map_device(pci, dev);
	if (err)
		leat_virtio_pci_close(pci);
	return err;
}

void leat_virtio_pci_close(struct leat_virtio_pci *pci)
{
	unmap(&pci->device);
	unmap(&pci->isr);
	unmap(&pci->notify);
	unmap(&pci->common);
}

static const struct leat_virtio_ops pci_ops = {
	.status_get = status_get,
	.status_set = status_set,
	.reset = reset,
	.features_get = features_get,
	.features_set = features_set,
	.config_read = config_read,
	.config_write = config_write,
	.queue_max = queue_max,
	.queue_enable = queue_enable,
	.queue_reset = queue_reset,
	.dma = dma,
	.config_vector = config_vector,
	.isr = isr,
};
