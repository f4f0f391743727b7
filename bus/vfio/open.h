// SPDX-License-Identifier: BSD-3-Clause
/*
 * open.h - devices of the kernel's VFIO, for the table of addresses: by whichever way there
 * is ("0000:01:00.0"), or by one that is named ("group:", "iommufd:", "noiommu:").
 */
#ifndef LEAT_VFIO_OPEN_H
#define LEAT_VFIO_OPEN_H

#include <leat/driver/dev.h>

extern const struct leat_dev_ops leat_vfio_auto_ops;
extern const struct leat_dev_ops leat_vfio_group_ops;
extern const struct leat_dev_ops leat_vfio_iommufd_ops;
extern const struct leat_dev_ops leat_vfio_noiommu_ops;

#endif
