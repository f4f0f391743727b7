// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver/pci.h - PCI configuration space, safe against a device that lies.
 * For driver authors: may change in any minor release. PCI Local Bus 3.0,
 * chapter 6; PCI Express 3.0, chapter 7.
 *
 * All functions: control thread; a dead device reads all ones.
 */
#ifndef LEAT_DRIVER_PCI_H
#define LEAT_DRIVER_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/driver/dev.h>

LEAT_BEGIN_DECLS

#define LEAT_PCI_VENDOR		0x00
#define LEAT_PCI_DEVICE		0x02
#define LEAT_PCI_COMMAND	0x04
#define LEAT_PCI_COMMAND_IO	0x0001
#define LEAT_PCI_COMMAND_MEM	0x0002
#define LEAT_PCI_COMMAND_MASTER	0x0004
#define LEAT_PCI_COMMAND_INTX_OFF 0x0400
#define LEAT_PCI_STATUS		0x06
#define LEAT_PCI_STATUS_CAPS	0x0010
#define LEAT_PCI_REVISION	0x08
#define LEAT_PCI_BAR(n)		(0x10 + 4 * (n))
#define LEAT_PCI_BAR_IO		0x1
#define LEAT_PCI_BAR_64		0x4
#define LEAT_PCI_SUBVENDOR	0x2c
#define LEAT_PCI_SUBDEVICE	0x2e
#define LEAT_PCI_CAPS		0x34

#define LEAT_PCI_CAP_PM		0x01
#define LEAT_PCI_CAP_MSI	0x05
#define LEAT_PCI_CAP_VENDOR	0x09
#define LEAT_PCI_CAP_EXPRESS	0x10
#define LEAT_PCI_CAP_MSIX	0x11

/*
 * One access of that width at @off. Reads give all ones when they fail; writes that fail say
 * so, unless the device is dead: -errno.
 */
LEAT_API uint8_t leat_pci_read8(struct leat_dev *dev, uint16_t off);
LEAT_API uint16_t leat_pci_read16(struct leat_dev *dev, uint16_t off);
LEAT_API uint32_t leat_pci_read32(struct leat_dev *dev, uint16_t off);
LEAT_API int leat_pci_write16(struct leat_dev *dev, uint16_t off, uint16_t val);
LEAT_API int leat_pci_write32(struct leat_dev *dev, uint16_t off, uint32_t val);

/*
 * leat_pci_cap - where the next capability @id lies after @prev (0: the first).
 * Returns its offset, or 0: none, or the list loops or leaves configuration
 * space, which ends it.
 */
LEAT_API uint8_t leat_pci_cap(struct leat_dev *dev, uint8_t id, uint8_t prev);

/* The same for PCI Express extended capabilities (offsets from 0x100). */
LEAT_API uint16_t leat_pci_ext_cap(struct leat_dev *dev, uint16_t id, uint16_t prev);

/* Let the device reach memory, or not. After the rings are valid; off before they go. */
LEAT_API int leat_pci_bus_master(struct leat_dev *dev, bool on);

/*
 * leat_pci_enable - program BARs that read as zero and turn memory decoding on,
 * as a PCI core would; for backends whose peer has nobody else to do it.
 * -EPROTO if the BARs cannot be what they say.
 */
LEAT_API int leat_pci_enable(struct leat_dev *dev);

/*
 * leat_pci_msix_bind - bind @n eventfds to MSI-X vectors from @start on, turn
 * MSI-X on in its capability, clear the vectors' mask bits in the table.
 * Returns 0, -ENOTSUP without MSI-X, or the backend's error.
 */
LEAT_API int leat_pci_msix_bind(struct leat_dev *dev, unsigned int start, unsigned int n,
				const int *fds);
LEAT_API void leat_pci_msix_off(struct leat_dev *dev);

/* Vectors that the MSI-X capability speaks of; 0: there is none. */
LEAT_API unsigned int leat_pci_msix_vectors(struct leat_dev *dev);

LEAT_END_DECLS

#endif
