// SPDX-License-Identifier: BSD-3-Clause
/*
 * scan.h - the parts that a scan is made of. @root is what stands before /sys and
 * /proc: "", but in tests.
 *
 * The parts fill in what they find and leave the rest empty; -ENOMEM is the only
 * error, and what was filled in until then is the caller's to free.
 */
#ifndef LEAT_BUS_PCI_SCAN_H
#define LEAT_BUS_PCI_SCAN_H

#include <leat/devices.h>

#define PCI_CLASS_NETWORK 0x02
#define PCI_CLASS_BETWEEN_BUSES 0x0604	/* bridges from PCI to PCI, ports of PCI Express */

int leat_devices_scan_at(const char *root, struct leat_ctx *ctx, unsigned int flags,
			 struct leat_devices *out);

/* IOMMU group: its number, the other members, reserved addresses. */
int leat_scan_group(const char *root, struct leat_pci_device *dev);

/* Network interfaces by sysfs; then, for all functions at once, their addresses and routes. */
int leat_scan_netifs(const char *root, struct leat_pci_device *dev);
int leat_scan_addrs(struct leat_devices *devices);
void leat_scan_routes(const char *root, struct leat_devices *devices);

/* dev->in_use from its interfaces. */
void leat_scan_uses(struct leat_pci_device *dev);

/* A kernel driver that hands its function to user space: VFIO's, or UIO's. */
bool leat_pci_is_user_driver(const char *driver);

/*
 * leat_pci_is_harmless - may a function that @driver has, or none (""), be in a group that is
 * given to user space? Not while the driver may do DMA for it; VFIO's, pci-stub and those of
 * bridges between buses do none (in Linux: driver_managed_dma).
 */
bool leat_pci_is_harmless(const char *driver, uint32_t class_code);

/* Is it being unbound from VFIO, which waits for a program that has it open? By its group. */
bool leat_scan_is_leaving(const char *root, const struct leat_pci_device *dev);

/*
 * @array of @n elements of @size, grown by one that is all zeros; NULL: no memory, and
 * @array stays as it is.
 */
void *leat_list_add(void *array, unsigned int n, size_t size);

#endif
