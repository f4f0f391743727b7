// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_regs.c - the registers of virtio over PCI (virtio 1.2, 4.1): capabilities,
 * common configuration, ISR status, device configuration.
 */
#include "model.h"

#include <errno.h>
#include <string.h>

#include <leat/driver/pci.h>

/* ---- PCI configuration space ---- */

static const struct leat_model_pci_desc pci_desc = {
	.vendor = VIRTIO_PCI_VENDOR, .device = VIRTIO_PCI_DEVICE_NET,
	.subvendor = VIRTIO_PCI_VENDOR, .subdevice = 0x1100,
	.revision = 1,
	.class_code = 0x020000,		/* Ethernet */
};

/* What the capabilities say, but for VIRTIO_PCI_CAP_PCI; .len counts the notify multiplier. */
static const struct {
	uint8_t		type, len;
	uint32_t	off, size;
} windows[] = {
	{ VIRTIO_PCI_CAP_COMMON, sizeof(struct virtio_pci_cap), VNET_COMMON, VIRTIO_COMMON_LEN },
	{ VIRTIO_PCI_CAP_NOTIFY, sizeof(struct virtio_pci_notify_cap), VNET_NOTIFY, VNET_NOTIFY_LEN },
	{ VIRTIO_PCI_CAP_ISR, sizeof(struct virtio_pci_cap), VNET_ISR, 1 },
	{ VIRTIO_PCI_CAP_DEVICE, sizeof(struct virtio_pci_cap), VNET_DEVICE, VNET_DEVICE_LEN },
};

/* Behind the id and next pointer, which leat_model_pci_add_cap() writes. */
static int add_cap(struct vnet *v, const void *cap, const void *writable, size_t len)
{
	return leat_model_pci_add_cap(&v->pci, LEAT_PCI_CAP_VENDOR, (const char *)cap + 2,
				      writable ? (const char *)writable + 2 : NULL, len - 2);
}

static int add_windows(struct vnet *v)
{
	int at = 0;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(windows) && at >= 0; i++) {
		struct virtio_pci_notify_cap cap = {
			.cap = {
				.len = windows[i].len,
				.cfg_type = windows[i].type,
				.bar = VNET_BAR,
				.offset = leat_cpu_to_le32(windows[i].off),
				.length = leat_cpu_to_le32(windows[i].size),
			},
			.multiplier = leat_cpu_to_le32(VNET_DOORBELL),
		};

		at = add_cap(v, &cap, NULL, windows[i].len);
	}
	return at < 0 ? at : 0;
}

/* 4.1.4.9: registers for software that cannot map the BAR. */
static int add_cfg_cap(struct vnet *v)
{
	struct virtio_pci_cfg_cap cap = {
		.cap = { .len = sizeof(cap), .cfg_type = VIRTIO_PCI_CAP_PCI },
	};
	struct virtio_pci_cfg_cap writable = {
		.cap = {
			.bar = 0xff,
			.offset = leat_cpu_to_le32(UINT32_MAX),
			.length = leat_cpu_to_le32(UINT32_MAX),
		},
		.data = { 0xff, 0xff, 0xff, 0xff },
	};
	int at = add_cap(v, &cap, &writable, sizeof(cap));

	if (at < 0)
		return at;
	v->cfg_cap = (uint8_t)at;
	return 0;
}

int vnet_regs_init(struct vnet *v)
{
	int err = leat_model_pci_init(&v->pci, &v->mdev, &pci_desc);

	if (err)
		return err;
	err = leat_model_pci_add_msix(&v->pci, VNET_BAR, VNET_MSIX_TABLE, VNET_MSIX_PBA);
	if (err >= 0)
		err = add_windows(v);
	if (!err)
		err = add_cfg_cap(v);
	if (err)
		leat_model_pci_fini(&v->pci);
	return err;
}

/* The access that VIRTIO_PCI_CAP_PCI describes now, its data in configuration space. */
static void cfg_cap_do(struct vnet *v, bool write)
{
	struct virtio_pci_cfg_cap cap;
	uint32_t off, len;

	memcpy(&cap, v->pci.cfg + v->cfg_cap, sizeof(cap));
	off = leat_le32_to_cpu(cap.cap.offset);
	len = leat_le32_to_cpu(cap.cap.length);
	if (cap.cap.bar != VNET_BAR || (len != 1 && len != 2 && len != 4) || off % len ||
	    off > VNET_BAR_LEN - len)
		return;
	leat_mdev_access(&v->mdev, VNET_BAR, off, v->pci.cfg + v->cfg_cap +
			 offsetof(struct virtio_pci_cfg_cap, data), len, write);
}

int vnet_config_access(struct vnet *v, uint64_t off, void *buf, size_t len, bool write)
{
	uint64_t data = v->cfg_cap + offsetof(struct virtio_pci_cfg_cap, data);
	bool through = off < data + 4 && off + len > data;
	bool master;
	int err;

	if (through && !write)
		cfg_cap_do(v, false);
	err = leat_model_pci_config(&v->pci, off, buf, len, write);
	if (through && write && !err)
		cfg_cap_do(v, true);
	if (!write)
		return err;

	/* A driver that turns bus mastering off means it; one that never did is told at start. */
	master = leat_model_pci_master(&v->pci);
	v->paused = v->was_master && !master;
	v->was_master |= master;
	return err;
}

/* ---- common configuration ---- */

enum access { RO, RW };

static const struct reg {
	uint8_t off, width;
	enum access access;
} regs[] = {
#define X(name, off, width, access, what) { off, width, access },
	VIRTIO_COMMON_REGS(X)
#undef X
};

/* The selected queue, or NULL: it reads as size 0. */
static struct vnet_queue *selected(struct vnet *v)
{
	return v->queue_select < v->nqueues ? &v->q[v->queue_select] : NULL;
}

/* 4.1.4.3.1: 1 while the reset is on its way, then 0. */
static bool queue_leaving(struct vnet *v, struct vnet_queue *q)
{
	q->leaving = q->leaving && leat_mdev_busy(&v->mdev);
	return q->leaving;
}

static uint64_t queue_get(const struct vnet_queue *q, unsigned int reg)
{
	switch (reg) {
	case VIRTIO_COMMON_QUEUE_SIZE:		return q->size;
	case VIRTIO_COMMON_QUEUE_MSIX_VECTOR:	return q->vector;
	case VIRTIO_COMMON_QUEUE_ENABLE:	return q->enabled;
	case VIRTIO_COMMON_QUEUE_NOTIFY_OFF:	return q->index;
	case VIRTIO_COMMON_QUEUE_DESC:		return q->desc_iova;
	case VIRTIO_COMMON_QUEUE_DRIVER:	return q->avail_iova;
	case VIRTIO_COMMON_QUEUE_DEVICE:	return q->used_iova;
	}
	return 0;
}

static uint32_t half(uint64_t word, uint32_t select)
{
	return select < 2 ? (uint32_t)(word >> (32 * select)) : 0;
}

/* 4.1.4.3.1: 0 once the reset is done, which it is not while writes are on their way. */
static uint8_t status_get(struct vnet *v)
{
	if (v->leaving && !leat_mdev_busy(&v->mdev))
		v->leaving = 0;
	return v->status ? v->status : v->leaving;
}

static uint64_t common_get(struct vnet *v, unsigned int reg)
{
	struct vnet_queue *q = selected(v);

	switch (reg) {
	case VIRTIO_COMMON_DEVICE_FEATURE_SELECT: return v->device_feature_select;
	case VIRTIO_COMMON_DEVICE_FEATURE:	return half(v->offered, v->device_feature_select);
	case VIRTIO_COMMON_DRIVER_FEATURE_SELECT: return v->driver_feature_select;
	case VIRTIO_COMMON_DRIVER_FEATURE:	return half(v->accepted, v->driver_feature_select);
	case VIRTIO_COMMON_CONFIG_MSIX_VECTOR:	return v->config_vector;
	case VIRTIO_COMMON_NUM_QUEUES:		return v->nqueues;
	case VIRTIO_COMMON_DEVICE_STATUS:	return status_get(v);
	case VIRTIO_COMMON_CONFIG_GENERATION:	return v->generation;
	case VIRTIO_COMMON_QUEUE_SELECT:	return v->queue_select;
	}
	if (!q)		/* 4.1.5.1.2: nothing is assigned to a queue that is not there */
		return reg == VIRTIO_COMMON_QUEUE_MSIX_VECTOR ? VIRTIO_MSI_NO_VECTOR : 0;
	if (reg == VIRTIO_COMMON_QUEUE_RESET)
		return queue_leaving(v, q);
	return queue_get(q, reg);
}

/* 3.1.1, step 5: the device agrees, or the bit does not stick. */
static bool features_ok(const struct vnet *v)
{
	return !(v->accepted & ~v->offered) && (v->accepted & VIRTIO_F_VERSION_1);
}

static void driver_ok(struct vnet *v)
{
	if (!leat_model_pci_master(&v->pci))
		leat_mdev_log(&v->mdev, LEAT_LOG_WARNING,
			      "the driver starts without bus mastering; hardware would not move a byte");
	vnet_steer_update(v);
	for (unsigned int i = 0; i < v->nqueues; i++)
		if (v->q[i].enabled && !(v->status & VIRTIO_STATUS_NEEDS_RESET))
			vnet_queue_start(v, &v->q[i]);
}

static void status_set(struct vnet *v, uint8_t val)
{
	uint8_t old = v->status;

	if (!val) {
		vnet_reset(v);
		if (old)
			v->leaving = old;
		return;
	}
	if ((val & VIRTIO_STATUS_FEATURES_OK) && !(old & VIRTIO_STATUS_FEATURES_OK) &&
	    !features_ok(v))
		val &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
	if (!(val & VIRTIO_STATUS_FEATURES_OK))
		val &= (uint8_t)~VIRTIO_STATUS_DRIVER_OK;

	/* Bits are never taken back but by reset (2.1.1); NEEDS_RESET is ours. */
	v->status |= (uint8_t)(val & ~VIRTIO_STATUS_NEEDS_RESET);
	if (v->status & ~old & VIRTIO_STATUS_FEATURES_OK)
		v->guest = v->accepted & VNET_GUEST_OFFLOADS;
	if (v->status & VIRTIO_STATUS_FAILED)
		for (unsigned int i = 0; i < v->nqueues; i++)
			v->q[i].running = false;
	else if (v->status & ~old & VIRTIO_STATUS_DRIVER_OK)
		driver_ok(v);
}

static void features_set(struct vnet *v, uint32_t val)
{
	unsigned int shift = 32 * v->driver_feature_select;

	if (v->driver_feature_select > 1 || (v->status & VIRTIO_STATUS_FEATURES_OK))
		return;
	v->accepted &= ~((uint64_t)UINT32_MAX << shift);
	v->accepted |= (uint64_t)val << shift;
}

static uint16_t vector_of(const struct vnet *v, uint64_t val)
{
	return val <= v->nqueues ? (uint16_t)val : VIRTIO_MSI_NO_VECTOR;
}

static void queue_enable(struct vnet *v, struct vnet_queue *q)
{
	q->enabled = true;
	if ((v->status & (VIRTIO_STATUS_DRIVER_OK | VIRTIO_STATUS_NEEDS_RESET |
			  VIRTIO_STATUS_FAILED)) == VIRTIO_STATUS_DRIVER_OK)
		vnet_queue_start(v, q);
}

/* Powers of two (2.7); of packed rings any (2.8), which is known when the driver is ready. */
static bool size_fits(const struct vnet *v, uint64_t val)
{
	return val && val <= v->queue_size &&
	       (leat_is_pow2(val) || (v->accepted & VIRTIO_F_RING_PACKED));
}

/* RING_RESET (2.6.1): as after power-on, the other queues go on. */
static void queue_leave(struct vnet *v, struct vnet_queue *q, uint64_t val)
{
	if (val != 1 || !(v->accepted & VIRTIO_F_RING_RESET) || !q->enabled)
		return;
	vnet_queue_reset(v, q);
	q->leaving = true;
}

/* The geometry of a queue that is enabled is settled. */
static void queue_set(struct vnet *v, struct vnet_queue *q, unsigned int reg, uint64_t val)
{
	if (reg == VIRTIO_COMMON_QUEUE_MSIX_VECTOR) {
		q->vector = vector_of(v, val);
		return;
	}
	if (reg == VIRTIO_COMMON_QUEUE_RESET)
		queue_leave(v, q, val);
	if (q->enabled)
		return;
	switch (reg) {
	case VIRTIO_COMMON_QUEUE_SIZE:
		if (size_fits(v, val))
			q->size = (uint16_t)val;
		break;
	case VIRTIO_COMMON_QUEUE_ENABLE:
		if (val == 1)
			queue_enable(v, q);
		break;
	case VIRTIO_COMMON_QUEUE_DESC:
		q->desc_iova = val;
		break;
	case VIRTIO_COMMON_QUEUE_DRIVER:
		q->avail_iova = val;
		break;
	case VIRTIO_COMMON_QUEUE_DEVICE:
		q->used_iova = val;
		break;
	}
}

static void common_set(struct vnet *v, unsigned int reg, uint64_t val)
{
	switch (reg) {
	case VIRTIO_COMMON_DEVICE_FEATURE_SELECT:
		v->device_feature_select = (uint32_t)val;
		break;
	case VIRTIO_COMMON_DRIVER_FEATURE_SELECT:
		v->driver_feature_select = (uint32_t)val;
		break;
	case VIRTIO_COMMON_DRIVER_FEATURE:
		features_set(v, (uint32_t)val);
		break;
	case VIRTIO_COMMON_CONFIG_MSIX_VECTOR:
		v->config_vector = vector_of(v, val);
		break;
	case VIRTIO_COMMON_DEVICE_STATUS:
		status_set(v, (uint8_t)val);
		break;
	case VIRTIO_COMMON_QUEUE_SELECT:
		v->queue_select = (uint16_t)val;
		break;
	default:
		if (selected(v))
			queue_set(v, selected(v), reg, val);
	}
}

/* Words as they lie in memory: @len bytes at @at of a little-endian word. */
static uint64_t bytes_get(uint64_t word, size_t at, size_t len)
{
	return (word >> (8 * at)) & (len == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * len)) - 1);
}

static uint64_t bytes_put(uint64_t word, size_t at, size_t len, uint64_t val)
{
	uint64_t mask = bytes_get(UINT64_MAX, 0, len) << (8 * at);

	return (word & ~mask) | ((val << (8 * at)) & mask);
}

static uint64_t load(const void *buf, size_t len)
{
	leat_le64 word = leat_cpu_to_le64(0);

	memcpy(&word, buf, len);
	return leat_le64_to_cpu(word);
}

static void store(void *buf, size_t len, uint64_t val)
{
	leat_le64 word = leat_cpu_to_le64(val);

	memcpy(buf, &word, len);
}

/* A read of any width may span registers; a write is within one (4.1.3.1). */
static int common_access(struct vnet *v, uint32_t off, void *buf, size_t len, bool write)
{
	uint64_t val = 0;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(regs); i++) {
		const struct reg *r = &regs[i];

		if (off >= r->off && off + len <= (size_t)r->off + r->width && write) {
			if (r->access == RW)
				common_set(v, r->off, bytes_put(common_get(v, r->off), off - r->off,
								len, load(buf, len)));
			return 0;
		}
		for (uint32_t b = 0; b < len && !write; b++)
			if (off + b >= r->off && off + b < (uint32_t)r->off + r->width)
				val |= bytes_get(common_get(v, r->off), off + b - r->off, 1) << (8 * b);
	}
	if (write)
		return -EINVAL;
	store(buf, len, val);
	return 0;
}

/* ---- the rest of the BAR ---- */

/* Reading clears (4.1.4.5). */
static uint8_t isr_take(struct vnet *v)
{
	uint8_t isr = v->isr;

	v->isr = 0;
	return isr;
}

static void device_config(const struct vnet *v, struct virtio_net_config *c)
{
	memset(c, 0, sizeof(*c));
	memcpy(c->mac, v->mac, sizeof(c->mac));
	c->status = leat_cpu_to_le16((v->mdev.link_up ? VIRTIO_NET_S_LINK_UP : 0) |
				     (v->announce ? VIRTIO_NET_S_ANNOUNCE : 0));
	c->max_virtqueue_pairs = leat_cpu_to_le16(v->pairs);
	c->mtu = leat_cpu_to_le16(v->mtu);
	c->speed = leat_cpu_to_le32(v->speed);
	c->duplex = v->speed == VIRTIO_NET_SPEED_UNKNOWN ? VIRTIO_NET_DUPLEX_UNKNOWN :
							   VIRTIO_NET_DUPLEX_FULL;
	c->rss_max_key_size = VNET_KEY;
	c->rss_max_indirection_table_length = leat_cpu_to_le16(VNET_TABLE);
	c->supported_hash_types = leat_cpu_to_le32(VNET_HASHES);
}

int vnet_bar_access(struct vnet *v, uint64_t off, void *buf, size_t len, bool write)
{
	if (leat_model_pci_msix(&v->pci, VNET_BAR, off, buf, len, write))
		return 0;
	if (off >= VNET_NOTIFY) {
		if (write)
			vnet_doorbell(v, off - VNET_NOTIFY);
		return 0;
	}
	if (off < VNET_COMMON + VIRTIO_COMMON_LEN)
		return common_access(v, (uint32_t)off, buf, len, write);
	if (write)		/* all else is read-only */
		return 0;

	memset(buf, 0, len);
	if (off == VNET_ISR) {
		*(uint8_t *)buf = isr_take(v);
	} else if (off >= VNET_DEVICE && off < VNET_DEVICE + VNET_DEVICE_LEN) {
		struct virtio_net_config c;

		device_config(v, &c);
		memcpy(buf, (char *)&c + (off - VNET_DEVICE),
		       LEAT_MIN(len, (size_t)(VNET_DEVICE + VNET_DEVICE_LEN - off)));
	}
	return 0;
}
