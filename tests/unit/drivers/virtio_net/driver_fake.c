// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_fake.c - a virtio-net PCI device in memory: registers, interrupts and
 * DMA as a backend would offer them.
 */
#include "driver_fake.h"

#include <leat/bits.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct fake *fake_of(struct leat_dev *dev)
{
	return LEAT_CONTAINER_OF(dev, struct fake, dev);
}

static void LEAT_PRINTF(2, 3) trace(struct fake *f, const char *fmt, ...)
{
	size_t len = strlen(f->trace);
	va_list args;

	if (len > sizeof(f->trace) - 80)
		return;
	va_start(args, fmt);
	vsnprintf(f->trace + len, sizeof(f->trace) - len, fmt, args);
	va_end(args);
}

/* Every access passes here: false once the device is dead. */
static bool alive(struct fake *f)
{
	if (++f->accesses == f->die_at) {
		leat_store_relaxed(&f->dev.dead, true);
		leat_fail(f->ctx, -ENODEV, "%s: the device is gone", f->dev.addr);
		if (f->dev.event)
			f->dev.event(&f->dev, LEAT_EVENT_GONE);
	}
	return !f->dev.dead;
}

/* ---- registers ---- */

static const struct {
	uint8_t		off, width;
	const char	*name;
} regs[] = {
#define X(name, off, width, access, what) { off, width, #name },
	VIRTIO_COMMON_REGS(X)
#undef X
};

/* The register at @off; the access must be of its width, halves for 64 bits (4.1.3.1). */
static const char *reg_name(uint64_t off, size_t len)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(regs); i++) {
		if (regs[i].width == 8 && (off & ~UINT64_C(4)) == regs[i].off && len == 4)
			return regs[i].name;
		if (regs[i].off == off && regs[i].width == len)
			return regs[i].name;
	}
	fail_msg("access of %zu bytes at common configuration 0x%x", len, (unsigned int)off);
	return NULL;
}

static struct fake_queue *selected(struct fake *f)
{
	return f->queue_select < f->kind.num_queues && f->queue_select < FAKE_QUEUES ?
	       &f->q[f->queue_select] : NULL;
}

static uint16_t notify_off(const struct fake *f, uint16_t index)
{
	return index < 2 ? f->kind.notify_off[index] : index;
}

static uint64_t read_queue(struct fake *f, uint64_t off)
{
	const struct fake_queue *q = selected(f);

	if (!q)
		return 0;
	switch (off) {
	case VIRTIO_COMMON_QUEUE_SIZE:
		return q->size;
	case VIRTIO_COMMON_QUEUE_MSIX_VECTOR:
		return q->vector;
	case VIRTIO_COMMON_QUEUE_ENABLE:
		return q->enable;
	case VIRTIO_COMMON_QUEUE_RESET:
		return f->kind.refuse_queue_reset;
	case VIRTIO_COMMON_QUEUE_NOTIFY_OFF:
		return notify_off(f, f->queue_select);
	default:
		return 0;
	}
}

static uint64_t read_common(struct fake *f, uint64_t off)
{
	switch (off) {
	case VIRTIO_COMMON_DEVICE_FEATURE:
		return (uint32_t)(f->kind.features >> (f->feature_select[0] ? 32 : 0));
	case VIRTIO_COMMON_CONFIG_MSIX_VECTOR:
		return f->config_vector;
	case VIRTIO_COMMON_NUM_QUEUES:
		return f->kind.num_queues;
	case VIRTIO_COMMON_DEVICE_STATUS:
		return f->status;
	case VIRTIO_COMMON_CONFIG_GENERATION:
		return f->kind.restless ? f->generation++ : f->generation;
	default:
		return read_queue(f, off);
	}
}

static void reset_queues(struct fake *f)
{
	f->ctrl_wrap = true;
	for (int i = 0; i < FAKE_QUEUES; i++)
		f->q[i] = (struct fake_queue){ .size = f->kind.queue_max, .vector = 0xffff };
}

static void write_status(struct fake *f, uint8_t status)
{
	if (status == 0) {
		if (f->kind.refuse_reset)
			return;
		f->accepted = 0;
		f->config_vector = 0xffff;
		reset_queues(f);
	}
	if (f->kind.refuse_features)
		status &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
	f->status = status;
	for (int i = 0; (status & VIRTIO_STATUS_DRIVER_OK) && i < 2; i++)
		fake_hush(f, &f->q[i]);
}

static void write_area(uint64_t *area, uint64_t off, uint32_t v)
{
	unsigned int shift = off & 4 ? 32 : 0;

	*area = (*area & ~(UINT64_C(0xffffffff) << shift)) | (uint64_t)v << shift;
}

/* 2.6.1: of a running queue, and all of it. */
static void reset_queue(struct fake *f, struct fake_queue *q, uint32_t v)
{
	assert_true(f->accepted & VIRTIO_F_RING_RESET);
	assert_int_equal(v, 1);
	assert_true(q->enable);
	if (!f->kind.refuse_queue_reset)
		*q = (struct fake_queue){ .size = f->kind.queue_max, .vector = 0xffff,
					  .reset = (uint16_t)(q->reset + 1), .rings = q->rings };
}

static void write_queue(struct fake *f, uint64_t off, uint32_t v)
{
	struct fake_queue *q = selected(f);

	assert_non_null(q);
	if (off == VIRTIO_COMMON_QUEUE_RESET) {
		reset_queue(f, q, v);
		return;
	}
	assert_false(q->enable);	/* no changes while it runs */
	if (off == VIRTIO_COMMON_QUEUE_SIZE)
		q->size = (uint16_t)v;
	else if (off == VIRTIO_COMMON_QUEUE_MSIX_VECTOR)
		q->vector = f->kind.refuse_queue_vector ? 0xffff : (uint16_t)v;
	else if (off == VIRTIO_COMMON_QUEUE_ENABLE)
		q->enable = (uint16_t)v;
	else if ((off & ~UINT64_C(4)) == VIRTIO_COMMON_QUEUE_DESC)
		write_area(&q->desc, off, v);
	else if ((off & ~UINT64_C(4)) == VIRTIO_COMMON_QUEUE_DRIVER)
		write_area(&q->driver, off, v);
	else if ((off & ~UINT64_C(4)) == VIRTIO_COMMON_QUEUE_DEVICE)
		write_area(&q->device, off, v);
	else
		fail_msg("write to a register that is read only: 0x%x", (unsigned int)off);
}

static void write_feature(struct fake *f, uint32_t v)
{
	write_area(&f->accepted, f->feature_select[1] ? 4 : 0, v);
	assert_int_equal(f->accepted & ~f->kind.features, 0);
}

static void write_common(struct fake *f, uint64_t off, uint32_t v)
{
	switch (off) {
	case VIRTIO_COMMON_DEVICE_FEATURE_SELECT:
		f->feature_select[0] = v;
		break;
	case VIRTIO_COMMON_DRIVER_FEATURE_SELECT:
		f->feature_select[1] = v;
		break;
	case VIRTIO_COMMON_DRIVER_FEATURE:
		write_feature(f, v);
		break;
	case VIRTIO_COMMON_CONFIG_MSIX_VECTOR:
		f->config_vector = f->kind.refuse_vector ? 0xffff : (uint16_t)v;
		break;
	case VIRTIO_COMMON_DEVICE_STATUS:
		write_status(f, (uint8_t)v);
		break;
	case VIRTIO_COMMON_QUEUE_SELECT:
		f->queue_select = (uint16_t)v;
		break;
	default:
		write_queue(f, off, v);
	}
}

/* Of the field at @off (5.1.4); addresses go by bytes. */
static size_t config_width(uint64_t off)
{
	static const uint8_t width[] = {
		[0] = 1, [1] = 1, [2] = 1, [3] = 1, [4] = 1, [5] = 1, [6] = 2, [8] = 2, [10] = 2,
		[12] = 4, [16] = 1, [17] = 1, [18] = 2, [20] = 4,
	};

	return width[off];
}

static struct virtio_net_config net_config(const struct fake *f)
{
	return (struct virtio_net_config){
		.mac = { 0x52, 0x54, 0, 1, 2, 3 },
		.status = leat_cpu_to_le16((f->kind.link ? VIRTIO_NET_S_LINK_UP : 0) |
					   (f->kind.announce ? VIRTIO_NET_S_ANNOUNCE : 0)),
		.mtu = leat_cpu_to_le16(f->kind.mtu),
		.max_virtqueue_pairs = leat_cpu_to_le16(f->kind.pairs),
		.speed = leat_cpu_to_le32(f->kind.speed), .duplex = f->kind.duplex,
		.rss_max_key_size = f->kind.key_max,
		.rss_max_indirection_table_length = leat_cpu_to_le16(f->kind.table_max),
		.supported_hash_types = leat_cpu_to_le32(f->kind.hash_types),
	};
}

static uint64_t read_device(struct fake *f, uint64_t off, size_t len)
{
	const struct virtio_net_config c = net_config(f);
	leat_le64 v = 0;

	assert_true(off + len <= sizeof(c));
	assert_int_equal(len, config_width(off));
	memcpy(&v, (const char *)&c + off, len);
	return leat_le64_to_cpu(v);
}

static void write_notify(struct fake *f, uint64_t off, uint16_t index)
{
	assert_true(f->status & VIRTIO_STATUS_DRIVER_OK);
	assert_in_range(index, 0, f->kind.num_queues - 1);
	assert_int_equal(off, notify_off(f, index) * f->kind.notify_multiplier);
	f->q[index].rings++;
	if ((f->accepted & VIRTIO_NET_F_CTRL_VQ) && index == fake_ctrl_index(f))
		fake_ctrl(f);
	else if (!(index & 1) && !fake_packed(f))
		fake_assert_fed(f);
}

static int bar_read(struct fake *f, uint64_t off, void *buf, size_t len)
{
	leat_le64 v;

	if (off < FAKE_ISR) {
		v = leat_cpu_to_le64(reg_name(off, len) ? read_common(f, off) : 0);
	} else if (off == FAKE_ISR) {
		assert_int_equal(len, 1);
		trace(f, "isr %x\n", f->isr);
		v = leat_cpu_to_le64(f->isr);
		f->isr = 0;
	} else if (off >= FAKE_DEVICE && off < FAKE_NOTIFY) {
		v = leat_cpu_to_le64(read_device(f, off - FAKE_DEVICE, len));
	} else {
		return -EINVAL;
	}
	memcpy(buf, &v, len);
	return 0;
}

static int bar_write(struct fake *f, uint64_t off, uint64_t v, size_t len)
{
	if (off < FAKE_ISR) {
		trace(f, "%s <- %llx\n", reg_name(off, len), (unsigned long long)v);
		write_common(f, off, (uint32_t)v);
		return 0;
	}
	if (off < FAKE_NOTIFY)
		return -EINVAL;
	assert_int_equal(len, f->accepted & VIRTIO_F_NOTIFICATION_DATA ? 4 : 2);
	trace(f, "notify %llu\n", (unsigned long long)v);
	write_notify(f, off - FAKE_NOTIFY, (uint16_t)v);
	if (len == 4)
		f->q[(uint16_t)v].next = (uint16_t)(v >> 16);
	return 0;
}

/* ---- the registers of a legacy device, in I/O ports (4.1.4.10) ---- */

static int legacy_read(struct fake *f, uint64_t off, void *buf, size_t len)
{
	const struct virtio_net_config c = net_config(f);
	leat_le32 v = 0;

	if (off >= VIRTIO_LEGACY_CONFIG) {
		assert_true(off - VIRTIO_LEGACY_CONFIG + len <= sizeof(c));
		memcpy(buf, (const char *)&c + off - VIRTIO_LEGACY_CONFIG, len);
		return 0;
	}
	if (off == VIRTIO_LEGACY_DEVICE_FEATURES && len == 4)
		v = leat_cpu_to_le32((uint32_t)f->kind.features);
	else if (off == VIRTIO_LEGACY_QUEUE_SIZE && len == 2)
		v = leat_cpu_to_le32(selected(f) ? selected(f)->size : 0);
	else if (off == VIRTIO_LEGACY_STATUS && len == 1)
		v = leat_cpu_to_le32(f->status);
	else
		fail_msg("read of %zu bytes at legacy register 0x%x", len, (unsigned int)off);
	memcpy(buf, &v, len);
	return 0;
}

/* 2.7.2: the three areas one behind the other, the used ring on a page of its own. */
static void legacy_queue(struct fake *f, uint32_t page)
{
	struct fake_queue *q = selected(f);

	assert_non_null(q);
	q->desc = (uint64_t)page * 4096;
	q->driver = q->desc + 16u * q->size;
	q->device = LEAT_ALIGN_UP(q->driver + 2 * (3 + (uint64_t)q->size), UINT64_C(4096));
	q->enable = page != 0;
}

static int legacy_write(struct fake *f, uint64_t off, uint64_t v, size_t len)
{
	trace(f, "legacy %02x <- %llx\n", (unsigned int)off, (unsigned long long)v);
	if (off == VIRTIO_LEGACY_DRIVER_FEATURES && len == 4) {
		f->feature_select[1] = 0;
		write_feature(f, (uint32_t)v);
	} else if (off == VIRTIO_LEGACY_QUEUE_PAGE && len == 4) {
		legacy_queue(f, (uint32_t)v);
	} else if (off == VIRTIO_LEGACY_QUEUE_SELECT && len == 2) {
		f->queue_select = (uint16_t)v;
	} else if (off == VIRTIO_LEGACY_QUEUE_NOTIFY && len == 2) {
		assert_true(f->status & VIRTIO_STATUS_DRIVER_OK);
		assert_in_range(v, 0, f->kind.num_queues - 1);
		f->q[v].rings++;
		if ((f->accepted & VIRTIO_NET_F_CTRL_VQ) && v == fake_ctrl_index(f))
			fake_ctrl(f);
	} else if (off == VIRTIO_LEGACY_STATUS && len == 1) {
		assert_int_equal(v & VIRTIO_STATUS_FEATURES_OK, 0);
		write_status(f, (uint8_t)v);
	} else {
		assert_true(off >= VIRTIO_LEGACY_CONFIG && off < VIRTIO_LEGACY_CONFIG + 6);
	}
	return 0;
}

static int region_read(struct leat_dev *dev, unsigned int region, uint64_t off, void *buf,
		       size_t len)
{
	struct fake *f = fake_of(dev);

	if (!alive(f)) {
		memset(buf, 0xff, len);
		return 0;
	}
	assert_true(off + len <= dev->region[region].size);
	if (region == LEAT_REGION_CONFIG) {
		memcpy(buf, f->config + off, len);
		return 0;
	}
	if (region == LEAT_REGION_BAR0)
		return legacy_read(f, off, buf, len);
	if (region == FAKE_MSIX_BAR) {
		memset(buf, 0, len);
		((uint8_t *)buf)[0] = 1;	/* masked */
		return 0;
	}
	return bar_read(f, off, buf, len);
}

static int region_write(struct leat_dev *dev, unsigned int region, uint64_t off, const void *buf,
			size_t len)
{
	struct fake *f = fake_of(dev);
	leat_le64 v = 0;

	if (!alive(f))
		return 0;
	assert_true(off + len <= dev->region[region].size);
	memcpy(&v, buf, len);
	if (region == LEAT_REGION_CONFIG) {
		trace(f, "config %02x <- %llx\n", (unsigned int)off,
		      (unsigned long long)leat_le64_to_cpu(v));
		memcpy(f->config + off, buf, len);
		return 0;
	}
	if (region == LEAT_REGION_BAR0)
		return legacy_write(f, off, leat_le64_to_cpu(v), len);
	if (region == FAKE_MSIX_BAR)
		return 0;
	return bar_write(f, off, leat_le64_to_cpu(v), len);
}

static int region_map(struct leat_dev *dev, struct leat_mmio *win)
{
	struct fake *f = fake_of(dev);

	if (!alive(f))
		return -ENODEV;
	if (!f->kind.mapped || win->region != FAKE_BAR || win->off < FAKE_NOTIFY)
		return -ENOTSUP;
	win->base = (char *)f->bar_mem + win->off;
	return 0;
}

static void region_unmap(struct leat_dev *dev, struct leat_mmio *win)
{
	(void)dev;
	win->base = NULL;
}

static int irq_set(struct leat_dev *dev, unsigned int index, enum leat_irq_action action,
		   unsigned int start, unsigned int count, const int *fds)
{
	struct fake *f = fake_of(dev);

	if (!alive(f))
		return -ENODEV;
	assert_int_equal(start, 0);
	if (action == LEAT_IRQ_UNMASK) {
		assert_int_equal(index, LEAT_IRQ_INTX);
		trace(f, "intx unmasked\n");
		f->masked = false;
		return 0;
	}
	assert_int_equal(action, LEAT_IRQ_TRIGGER);
	assert_int_equal(index, f->kind.msix ? LEAT_IRQ_MSIX : LEAT_IRQ_INTX);
	f->irq_fd = count ? fds[0] : -1;
	f->queue_fd = count > 1 ? fds[1] : -1;
	trace(f, "%s %s\n", f->kind.msix ? "msix" : "intx", f->irq_fd >= 0 ? "bound" : "off");
	return 0;
}

const struct leat_dev_ops fake_dev_ops = {
	.scheme = "fake",
	.region_read = region_read,
	.region_write = region_write,
	.region_map = region_map,
	.region_unmap = region_unmap,
	.irq_set = irq_set,
};

/* ---- memory ---- */

static int dma_map(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct fake *f = LEAT_CONTAINER_OF(as, struct fake, as);

	assert_true(f->nsegs < FAKE_SEGS);
	f->seg[f->nsegs++] = *seg;
	return 0;
}

static void dma_unmap(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct fake *f = LEAT_CONTAINER_OF(as, struct fake, as);

	for (unsigned int i = 0; i < f->nsegs; i++) {
		if (f->seg[i].iova == seg->iova) {
			f->seg[i] = f->seg[--f->nsegs];
			return;
		}
	}
	fail_msg("unmapped what was not mapped");
}

const struct leat_aspace_ops fake_as_ops = { .dma_map = dma_map, .dma_unmap = dma_unmap };
