// SPDX-License-Identifier: BSD-3-Clause
/*
 * fake.h - a PCI device made of bytes: configuration space with a mask of what
 * can be written, a BAR of memory, and a note of every interrupt set.
 */
#ifndef TEST_FAKE_PCI_H
#define TEST_FAKE_PCI_H

#include <leat/driver/pci.h>

#define FAKE_BAR_LEN 4096
#define FAKE_NOTES   64

struct fake_irq {
	unsigned int	index, action, start, count;
	int		fd;		/* the first one, or -2: NULL was passed */
};

struct fake_pci {
	struct leat_dev	dev;
	uint8_t		config[4096];
	uint8_t		mask[4096];	/* bits that writes reach */
	uint8_t		bar[FAKE_BAR_LEN];	/* behind every BAR */
	struct fake_irq	irq[FAKE_NOTES];
	unsigned int	nirq;
	unsigned int	writes;		/* of configuration space */
	unsigned int	steps;		/* calls of dev.step */
	int		irq_err;	/* what irq_set returns */
	int		write_err;	/* what writes of configuration space return */
};

/* A device with a vendor, 256 bytes of configuration space and no BARs. */
void fake_init(struct fake_pci *f, struct leat_ctx *ctx);
void fake_put16(struct fake_pci *f, unsigned int off, uint16_t val);
void fake_put32(struct fake_pci *f, unsigned int off, uint32_t val);
uint32_t fake_get32(const struct fake_pci *f, unsigned int off);
/* BAR @i of @size bytes (a power of two) with the low @flags; 64-bit ones take two. */
void fake_bar(struct fake_pci *f, unsigned int i, uint64_t size, uint32_t flags);

#endif
