// SPDX-License-Identifier: BSD-3-Clause
/*
 * msix.c - MSI-X by eventfds. PCI 3.0, section 6.8.2.
 *
 * The eventfds are the backend's affair. What is left for whoever drives the
 * device natively is what a PCI core does: turn the capability on, and clear
 * the mask bits that the table's entries are born with. The messages' address
 * and data stay as they are: no device of ours sends them anywhere. Where the
 * backend is a PCI core itself (dev->owns_msix: the kernel's VFIO, which neither
 * shows the table nor lets the bit be written) there is nothing left to do.
 */
#include <leat/driver/pci.h>

#include <errno.h>

#define MSIX_CONTROL	 2		/* offsets in the capability */
#define MSIX_TABLE	 4
#define CONTROL_SIZE	 0x07ff		/* entries - 1 */
#define CONTROL_MASK_ALL 0x4000
#define CONTROL_ENABLE	 0x8000
#define TABLE_BIR	 0x7u

#define ENTRY_SIZE	 16
#define ENTRY_CONTROL	 12
#define ENTRY_MASKED	 0x1u

static int open_table(struct leat_dev *dev, uint8_t cap, unsigned int end,
		      struct leat_mmio *table)
{
	uint32_t where = leat_pci_read32(dev, (uint16_t)(cap + MSIX_TABLE));
	unsigned int bar = where & TABLE_BIR;
	uint64_t off = where & ~TABLE_BIR;
	uint64_t size = bar <= LEAT_REGION_BAR5 ? dev->region[bar].size : 0;
	size_t len = (size_t)end * ENTRY_SIZE;

	if (off > size || len > size - off)
		return leat_fail(dev->ctx, -EPROTO,
				 "%s: MSI-X: the table is said to lie at 0x%llx of BAR%u, which has "
				 "%llu bytes", dev->addr, (unsigned long long)off, bar,
				 (unsigned long long)size);

	/* Always trapped: whoever keeps the table wants to see it written. */
	*table = (struct leat_mmio){ .dev = dev, .region = bar, .off = off, .len = len };
	return 0;
}

static void unmask(const struct leat_mmio *table, unsigned int vector)
{
	uint32_t reg = vector * ENTRY_SIZE + ENTRY_CONTROL;
	uint32_t control = leat_mmio_read32(table, reg);

	if (control != UINT32_MAX && (control & ENTRY_MASKED))
		leat_mmio_write32(table, reg, control & ~ENTRY_MASKED);
}

static void unbind(struct leat_dev *dev, unsigned int start, unsigned int n)
{
	const int none = -1;

	for (unsigned int i = 0; i < n; i++)
		(void)dev->ops->irq_set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, start + i, 1, &none);
}

unsigned int leat_pci_msix_vectors(struct leat_dev *dev)
{
	uint8_t cap = leat_pci_cap(dev, LEAT_PCI_CAP_MSIX, 0);

	return cap ? (leat_pci_read16(dev, (uint16_t)(cap + MSIX_CONTROL)) & CONTROL_SIZE) + 1u : 0;
}

int leat_pci_msix_bind(struct leat_dev *dev, unsigned int start, unsigned int n, const int *fds)
{
	uint8_t cap = leat_pci_cap(dev, LEAT_PCI_CAP_MSIX, 0);
	unsigned int have = dev->irqs[LEAT_IRQ_MSIX];
	uint16_t control_off = (uint16_t)(cap + MSIX_CONTROL);
	struct leat_mmio table;
	uint16_t control;
	int err;

	if (!n)
		return 0;
	if (!cap || !have)
		return -ENOTSUP;
	if (dev->owns_msix)
		return dev->ops->irq_set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, start, n, fds);
	control = leat_pci_read16(dev, control_off);
	if (have > (control & CONTROL_SIZE) + 1u)
		have = (control & CONTROL_SIZE) + 1u;
	if (start > have || n > have - start)
		return leat_fail(dev->ctx, -EINVAL, "%s: MSI-X: %u vectors from %u on asked for, "
				 "the device has %u", dev->addr, n, start, have);
	err = open_table(dev, cap, start + n, &table);
	if (err)
		return err;

	err = dev->ops->irq_set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, start, n, fds);
	if (err)
		return err;
	control = (uint16_t)((control | CONTROL_ENABLE) & ~CONTROL_MASK_ALL);
	err = leat_pci_write16(dev, control_off, control);
	if (err) {
		unbind(dev, start, n);
		return err;
	}
	for (unsigned int i = 0; i < n; i++)
		if (fds[i] >= 0)
			unmask(&table, start + i);
	return 0;
}

void leat_pci_msix_off(struct leat_dev *dev)
{
	uint8_t cap = leat_pci_cap(dev, LEAT_PCI_CAP_MSIX, 0);
	uint16_t control_off = (uint16_t)(cap + MSIX_CONTROL);
	uint16_t control;

	if (!cap || !dev->irqs[LEAT_IRQ_MSIX] || leat_load_relaxed(&dev->dead))
		return;
	if (!dev->owns_msix) {
		control = leat_pci_read16(dev, control_off);
		(void)leat_pci_write16(dev, control_off, control & (uint16_t)~CONTROL_ENABLE);
	}
	(void)dev->ops->irq_set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 0, 0, NULL);
}
