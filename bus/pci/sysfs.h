// SPDX-License-Identifier: BSD-3-Clause
/*
 * sysfs.h - what the kernel says about a PCI function, one small file at a time.
 *
 * A function is named by its BDF, "0000:01:00.0"; @name is a path below
 * /sys/bus/pci/devices/BDF, as "iommu_group/reserved_regions". All return 0 or
 * -errno and log nothing: the caller knows what the absence means. Any thread.
 *
 * The _at variants look below @root instead of "", the file system's root: that is
 * how tests and chroots give another /sys.
 */
#ifndef LEAT_BUS_PCI_SYSFS_H
#define LEAT_BUS_PCI_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

#define LEAT_BDF_LEN 13		/* "0000:01:00.0" with its NUL */

/*
 * leat_pci_parse - "0000:01:00.0" or "01:00.0" (domain 0), hexadecimal in either case, to
 * the kernel's way of writing it. -EINVAL: not the address of a function. Domains beyond
 * ffff, which exist behind some storage controllers, are not taken.
 */
int leat_pci_parse(const char *text, char bdf[LEAT_BDF_LEN]);

/* A file's text without the last newline. -E2BIG if it does not fit, with as much as did. */
int leat_sysfs_text(const char *bdf, const char *name, char *buf, size_t size);
int leat_sysfs_text_at(const char *root, const char *bdf, const char *name, char *buf, size_t size);

/* The last component of where a link leads: "driver" -> "vfio-pci". -E2BIG if it does not fit. */
int leat_sysfs_link(const char *bdf, const char *name, char *buf, size_t size);
int leat_sysfs_link_at(const char *root, const char *bdf, const char *name, char *buf, size_t size);

/* A file's one number, decimal or with 0x. -EINVAL: it is something else. */
int leat_sysfs_number(const char *bdf, const char *name, long long *out);
int leat_sysfs_number_at(const char *root, const char *bdf, const char *name, long long *out);

/*
 * leat_sysfs_each - call @each with the name of every entry of a directory, in no
 * particular order, until it returns false.
 */
typedef bool leat_sysfs_each_fn(const char *entry, void *arg);
int leat_sysfs_each(const char *bdf, const char *name, leat_sysfs_each_fn *each, void *arg);
int leat_sysfs_each_at(const char *root, const char *bdf, const char *name,
		       leat_sysfs_each_fn *each, void *arg);

/* The same for any path below @root, as "/sys/bus/pci/drivers". */
int leat_path_text(const char *root, const char *path, char *buf, size_t size);
int leat_path_link(const char *root, const char *path, char *buf, size_t size);
bool leat_path_exists(const char *root, const char *path);

/*
 * leat_path_each - call @entry with each name in a folder that has no dot before it, in no
 * order, until one returns other than 0: that is returned. -errno if the folder
 * cannot be read.
 */
int leat_path_each(const char *root, const char *path, int (*entry)(void *arg, const char *name),
		   void *arg);

#endif
