// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/legacy.c - the transport to a legacy PCI device: registers in the I/O ports of
 * BAR 0 (virtio 1.2, 4.1.4.10 and what the chapters say of legacy interfaces).
 *
 * Such a device knows nothing of IOMMUs: it is for ports without one. Its queues are as long
 * as it says, each at one address in pages, and it has 32 feature bits. MSI-X would move
 * the device's configuration; INTx does for what sleeps.
 */
#include "virtio_net.h"

#include <leat/driver/pci.h>

#include <errno.h>
#include <string.h>

#define RESET_USEC   1000000
#define CONFIG_TRIES 100

static struct leat_virtio_legacy *legacy_of(struct leat_virtio *vd)
{
	return LEAT_CONTAINER_OF(vd, struct leat_virtio_legacy, vd);
}

/* ---- status and features ---- */

static uint8_t status_get(struct leat_virtio *vd)
{
	return leat_mmio_read8(&legacy_of(vd)->io, VIRTIO_LEGACY_STATUS);
}

static void status_set(struct leat_virtio *vd, uint8_t status)
{
	leat_mmio_write8(&legacy_of(vd)->io, VIRTIO_LEGACY_STATUS, status);
}

static int reset(struct leat_virtio *vd)
{
	int err;

	status_set(vd, 0);
	err = leat_mmio_wait8(&legacy_of(vd)->io, VIRTIO_LEGACY_STATUS, 0xff, 0, RESET_USEC);
	if (err && !leat_load_relaxed(&vd->dev->dead))
		return leat_fail(vd->dev->ctx, err,
				 "%s: reset: the status is 0x%02x and does not become 0: the device "
				 "hangs, or is not there", vd->dev->addr, status_get(vd));
	return err;
}

static uint64_t features_get(struct leat_virtio *vd)
{
	return leat_mmio_read32(&legacy_of(vd)->io, VIRTIO_LEGACY_DEVICE_FEATURES);
}

static void features_set(struct leat_virtio *vd, uint64_t features)
{
	leat_mmio_write32(&legacy_of(vd)->io, VIRTIO_LEGACY_DRIVER_FEATURES, (uint32_t)features);
}

/* ---- device configuration ---- */

static void read_bytes(struct leat_virtio *vd, uint32_t off, void *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = leat_mmio_read8(&legacy_of(vd)->io,
						      (uint32_t)(VIRTIO_LEGACY_CONFIG + off + i));
}

/* There is no generation: what reads the same twice did not change between. */
static int config_read(struct leat_virtio *vd, uint32_t off, void *buf, size_t len)
{
	uint8_t again[8];

	if (VIRTIO_LEGACY_CONFIG + off + len > legacy_of(vd)->io.len || len > sizeof(again))
		return leat_fail(vd->dev->ctx, -EPROTO,
				 "%s: device configuration: there are no bytes %u to %zu: the device "
				 "offers features without their fields", vd->dev->addr, off,
				 off + len - 1);
	for (int i = 0; i < CONFIG_TRIES; i++) {
		read_bytes(vd, off, buf, len);
		read_bytes(vd, off, again, len);
		if (!memcmp(buf, again, len))
			return 0;
	}
	return leat_fail(vd->dev->ctx, -EIO,
			 "%s: device configuration: it changed during each of %d readings",
			 vd->dev->addr, CONFIG_TRIES);
}

static int config_write(struct leat_virtio *vd, uint32_t off, const void *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		leat_mmio_write8(&legacy_of(vd)->io, (uint32_t)(VIRTIO_LEGACY_CONFIG + off + i),
				 ((const uint8_t *)buf)[i]);
	return 0;
}

/* ---- queues ---- */

static uint16_t queue_max(struct leat_virtio *vd, uint16_t index)
{
	leat_mmio_write16(&legacy_of(vd)->io, VIRTIO_LEGACY_QUEUE_SELECT, index);
	return leat_mmio_read16(&legacy_of(vd)->io, VIRTIO_LEGACY_QUEUE_SIZE);
}

static void ring_index(const struct leat_virtio_queue *q, uint16_t next)
{
	(void)next;
	leat_mmio_write16(q->notify, q->notify_off, q->index);
}

static int queue_enable(struct leat_virtio *vd, struct leat_virtio_queue *q)
{
	struct leat_virtio_legacy *legacy = legacy_of(vd);
	uint16_t size = queue_max(vd, q->index);

	if (size != q->size)
		return leat_fail(vd->dev->ctx, -ENOTSUP,
				 "%s: queue %u of the legacy device has %u descriptors, no other "
				 "number: %u are asked for", vd->dev->addr, q->index, size, q->size);
	q->ring = ring_index;
	q->notify = &legacy->io;
	q->notify_off = VIRTIO_LEGACY_QUEUE_NOTIFY;
	leat_mmio_write32(&legacy->io, VIRTIO_LEGACY_QUEUE_PAGE,
			  (uint32_t)(q->desc / VIRTIO_LEGACY_PAGE));
	return 0;
}

static int queue_reset(struct leat_virtio *vd, uint16_t index)
{
	(void)vd;
	(void)index;
	return -ENOTSUP;		/* never offered: no such feature bit */
}

static int dma(struct leat_virtio *vd, bool on)
{
	return leat_pci_bus_master(vd->dev, on);
}

/* ---- interrupts ---- */

static uint16_t config_vector(struct leat_virtio *vd, uint16_t vector)
{
	(void)vd;
	(void)vector;
	return LEAT_VIRTIO_NO_VECTOR;
}

static uint8_t isr(struct leat_virtio *vd)
{
	return leat_mmio_read8(&legacy_of(vd)->io, VIRTIO_LEGACY_ISR);
}

/* ---- the transport's life ---- */

static const struct leat_virtio_ops legacy_ops = {
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

/* The words of a legacy device are the machine's own: ours, where those are little-endian. */
bool leat_virtio_legacy_is(struct leat_dev *dev)
{
	const uint16_t type = offsetof(struct virtio_pci_cap, cfg_type);
	uint8_t cap = 0;

	if (leat_pci_read16(dev, LEAT_PCI_DEVICE) != VIRTIO_PCI_DEVICE_NET_LEGACY ||
	    LEAT_SWAP32(1) != 1)
		return false;
	while ((cap = leat_pci_cap(dev, LEAT_PCI_CAP_VENDOR, cap)))
		if (leat_pci_read8(dev, (uint16_t)(cap + type)) == VIRTIO_PCI_CAP_COMMON)
			return false;		/* transitional: its modern side is the better one */
	return dev->region[LEAT_REGION_BAR0].size > VIRTIO_LEGACY_CONFIG;
}

int leat_virtio_legacy_open(struct leat_virtio_legacy *legacy, struct leat_dev *dev)
{
	*legacy = (struct leat_virtio_legacy){
		.vd = { .ops = &legacy_ops, .dev = dev, .legacy = true },
	};
	return leat_mmio_map(dev, LEAT_REGION_BAR0, 0, dev->region[LEAT_REGION_BAR0].size,
			     &legacy->io);
}

void leat_virtio_legacy_close(struct leat_virtio_legacy *legacy)
{
	if (legacy->io.dev)
		leat_mmio_unmap(&legacy->io);
}
