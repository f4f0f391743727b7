// SPDX-License-Identifier: BSD-3-Clause
/*
 * config.c - single accesses to configuration space, little-endian whatever
 * the CPU is. A read that fails gives all ones, as on a bus with nobody there.
 */
#include <leat/driver/pci.h>

#include <errno.h>
#include <string.h>

static bool inside(const struct leat_dev *dev, uint16_t off, size_t len)
{
	uint64_t size = dev->region[LEAT_REGION_CONFIG].size;

	return len <= size && off <= size - len;
}

static uint64_t config_read(struct leat_dev *dev, uint16_t off, size_t len)
{
	leat_le64 v = 0;

	if (!inside(dev, off, len) ||
	    dev->ops->region_read(dev, LEAT_REGION_CONFIG, off, &v, len))
		return UINT64_MAX;
	return leat_le64_to_cpu(v);
}

static int config_write(struct leat_dev *dev, uint16_t off, uint32_t val, size_t len)
{
	leat_le32 v = leat_cpu_to_le32(val);
	int err = inside(dev, off, len) ?
		  dev->ops->region_write(dev, LEAT_REGION_CONFIG, off, &v, len) : -EINVAL;

	if (err && !leat_load_relaxed(&dev->dead))
		return leat_fail(dev->ctx, err, "%s: configuration space: %zu bytes at 0x%x cannot "
				 "be written: %s; no driver can work so", dev->addr, len, off,
				 strerror(-err));
	return err;
}

uint8_t leat_pci_read8(struct leat_dev *dev, uint16_t off)
{
	return (uint8_t)config_read(dev, off, 1);
}

uint16_t leat_pci_read16(struct leat_dev *dev, uint16_t off)
{
	return (uint16_t)config_read(dev, off, 2);
}

uint32_t leat_pci_read32(struct leat_dev *dev, uint16_t off)
{
	return (uint32_t)config_read(dev, off, 4);
}

int leat_pci_write16(struct leat_dev *dev, uint16_t off, uint16_t val)
{
	return config_write(dev, off, val, 2);
}

int leat_pci_write32(struct leat_dev *dev, uint16_t off, uint32_t val)
{
	return config_write(dev, off, val, 4);
}

int leat_pci_bus_master(struct leat_dev *dev, bool on)
{
	uint16_t cmd = leat_pci_read16(dev, LEAT_PCI_COMMAND);
	uint16_t bit = LEAT_PCI_COMMAND_MASTER;

	if (leat_load_relaxed(&dev->dead))
		return -ENODEV;
	if (!!(cmd & bit) == on)
		return 0;
	return leat_pci_write16(dev, LEAT_PCI_COMMAND, (uint16_t)(cmd ^ bit));
}
