// SPDX-License-Identifier: BSD-3-Clause
/*
 * fake.c - a PCI device made of bytes.
 */
#include "fake.h"

#include <errno.h>
#include <string.h>

static struct fake_pci *fake(struct leat_dev *dev)
{
	return LEAT_CONTAINER_OF(dev, struct fake_pci, dev);
}

static int region_read(struct leat_dev *dev, unsigned int region, uint64_t off, void *buf,
		       size_t len)
{
	struct fake_pci *f = fake(dev);

	if (dev->dead)
		return -ENODEV;
	memcpy(buf, (region == LEAT_REGION_CONFIG ? f->config : f->bar) + off, len);
	return 0;
}

static int region_write(struct leat_dev *dev, unsigned int region, uint64_t off, const void *buf,
			size_t len)
{
	struct fake_pci *f = fake(dev);
	const uint8_t *from = buf;

	if (dev->dead)
		return -ENODEV;
	if (region != LEAT_REGION_CONFIG) {
		memcpy(f->bar + off, buf, len);
		return 0;
	}
	if (f->write_err)
		return f->write_err;
	f->writes++;
	for (size_t i = 0; i < len; i++) {
		uint8_t mask = f->mask[off + i];

		f->config[off + i] = (uint8_t)((f->config[off + i] & ~mask) | (from[i] & mask));
	}
	return 0;
}

static int region_map(struct leat_dev *dev, struct leat_mmio *win)
{
	(void)dev;
	(void)win;
	return -ENOTSUP;
}

static int irq_set(struct leat_dev *dev, unsigned int index, enum leat_irq_action action,
		   unsigned int start, unsigned int count, const int *fds)
{
	struct fake_pci *f = fake(dev);

	if (f->irq_err)
		return f->irq_err;
	if (f->nirq < FAKE_NOTES)
		f->irq[f->nirq++] = (struct fake_irq){ index, action, start, count,
						       fds ? fds[0] : -2 };
	return 0;
}

static void step(struct leat_dev *dev)
{
	fake(dev)->steps++;
}

static const struct leat_dev_ops ops = {
	.scheme = "fake",
	.dev_size = sizeof(struct fake_pci),
	.region_read = region_read,
	.region_write = region_write,
	.region_map = region_map,
	.irq_set = irq_set,
};

void fake_init(struct fake_pci *f, struct leat_ctx *ctx)
{
	static char addr[] = "fake:0";

	memset(f, 0, sizeof(*f));
	f->dev.ops = &ops;
	f->dev.ctx = ctx;
	f->dev.addr = addr;
	f->dev.step = step;
	f->dev.region[LEAT_REGION_CONFIG].size = 256;
	fake_put16(f, LEAT_PCI_VENDOR, 0x1af4);
	f->mask[LEAT_PCI_COMMAND] = 0x07;
	f->mask[LEAT_PCI_COMMAND + 1] = 0x04;
}

void fake_put16(struct fake_pci *f, unsigned int off, uint16_t val)
{
	leat_le16 v = leat_cpu_to_le16(val);

	memcpy(f->config + off, &v, sizeof(v));
}

void fake_put32(struct fake_pci *f, unsigned int off, uint32_t val)
{
	leat_le32 v = leat_cpu_to_le32(val);

	memcpy(f->config + off, &v, sizeof(v));
}

uint32_t fake_get32(const struct fake_pci *f, unsigned int off)
{
	leat_le32 v;

	memcpy(&v, f->config + off, sizeof(v));
	return leat_le32_to_cpu(v);
}

void fake_bar(struct fake_pci *f, unsigned int i, uint64_t size, uint32_t flags)
{
	uint64_t mask = ~(size - 1);
	uint32_t low = (uint32_t)mask & ~(flags & LEAT_PCI_BAR_IO ? 0x3u : 0xfu);
	unsigned int off = LEAT_PCI_BAR(i);

	f->dev.region[i].size = size;
	fake_put32(f, off, flags);
	for (unsigned int b = 0; b < 4; b++) {
		f->mask[off + b] = (uint8_t)(low >> 8 * b);
		if (flags & LEAT_PCI_BAR_64)
			f->mask[off + 4 + b] = (uint8_t)(mask >> (32 + 8 * b));
	}
}
