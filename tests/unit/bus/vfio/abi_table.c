// SPDX-License-Identifier: BSD-3-Clause
/*
 * abi_table.c - numbers, sizes and offsets, whichever header they come from. What the headers
 * of Linux 6.1 do not know is not here: abi.h asserts those sizes itself.
 */
#include "abi_table.h"

#ifdef SYSTEM_HEADER
#include <linux/vfio.h>
#define TABLE abi_systems
#else
#include "bus/vfio/abi.h"
#define TABLE abi_ours
#endif

#define V(name) { #name, (unsigned long long)(name) }
#define OFF(type, field) { #type "." #field, offsetof(struct type, field) }
#define SIZE(type) { #type, sizeof(struct type) }

const struct abi_value TABLE[] = {
	V(VFIO_API_VERSION),
	V(VFIO_GET_API_VERSION), V(VFIO_CHECK_EXTENSION), V(VFIO_SET_IOMMU),
	V(VFIO_TYPE1_IOMMU), V(VFIO_TYPE1v2_IOMMU), V(VFIO_DMA_CC_IOMMU),
	V(VFIO_TYPE1_NESTING_IOMMU), V(VFIO_NOIOMMU_IOMMU), V(VFIO_UNMAP_ALL),
	V(VFIO_UPDATE_VADDR),
	V(VFIO_GROUP_GET_STATUS), V(VFIO_GROUP_SET_CONTAINER), V(VFIO_GROUP_UNSET_CONTAINER),
	V(VFIO_GROUP_GET_DEVICE_FD), V(VFIO_GROUP_FLAGS_VIABLE),
	V(VFIO_GROUP_FLAGS_CONTAINER_SET), SIZE(vfio_group_status), OFF(vfio_group_status, flags),

	SIZE(vfio_info_cap_header), OFF(vfio_info_cap_header, version),
	OFF(vfio_info_cap_header, next),

	V(VFIO_DEVICE_GET_INFO), V(VFIO_DEVICE_FLAGS_RESET), V(VFIO_DEVICE_FLAGS_PCI),
	V(VFIO_DEVICE_FLAGS_PLATFORM), V(VFIO_DEVICE_FLAGS_AMBA), V(VFIO_DEVICE_FLAGS_CCW),
	V(VFIO_DEVICE_FLAGS_AP), V(VFIO_DEVICE_FLAGS_FSL_MC), V(VFIO_DEVICE_FLAGS_CAPS),
	OFF(vfio_device_info, flags), OFF(vfio_device_info, num_regions),
	OFF(vfio_device_info, num_irqs), OFF(vfio_device_info, cap_offset),

	V(VFIO_DEVICE_GET_REGION_INFO), V(VFIO_REGION_INFO_FLAG_READ),
	V(VFIO_REGION_INFO_FLAG_WRITE), V(VFIO_REGION_INFO_FLAG_MMAP),
	V(VFIO_REGION_INFO_FLAG_CAPS), SIZE(vfio_region_info), OFF(vfio_region_info, flags),
	OFF(vfio_region_info, index), OFF(vfio_region_info, cap_offset),
	OFF(vfio_region_info, size), OFF(vfio_region_info, offset),
	V(VFIO_REGION_INFO_CAP_SPARSE_MMAP), V(VFIO_REGION_INFO_CAP_TYPE),
	V(VFIO_REGION_INFO_CAP_MSIX_MAPPABLE), V(VFIO_REGION_INFO_CAP_NVLINK2_SSATGT),
	V(VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD), SIZE(vfio_region_info_cap_sparse_mmap),
	OFF(vfio_region_info_cap_sparse_mmap, nr_areas),
	OFF(vfio_region_info_cap_sparse_mmap, areas), SIZE(vfio_region_sparse_mmap_area),
	SIZE(vfio_region_info_cap_type), OFF(vfio_region_info_cap_type, type),
	OFF(vfio_region_info_cap_type, subtype), V(VFIO_PCI_CONFIG_REGION_INDEX),
	V(VFIO_PCI_NUM_REGIONS),

	V(VFIO_DEVICE_GET_IRQ_INFO), V(VFIO_IRQ_INFO_EVENTFD), V(VFIO_IRQ_INFO_MASKABLE),
	V(VFIO_IRQ_INFO_AUTOMASKED), V(VFIO_IRQ_INFO_NORESIZE), SIZE(vfio_irq_info),
	OFF(vfio_irq_info, index), OFF(vfio_irq_info, count), V(VFIO_PCI_INTX_IRQ_INDEX),
	V(VFIO_PCI_MSIX_IRQ_INDEX), V(VFIO_PCI_REQ_IRQ_INDEX), V(VFIO_PCI_NUM_IRQS),
	V(VFIO_DEVICE_SET_IRQS), V(VFIO_IRQ_SET_DATA_NONE), V(VFIO_IRQ_SET_DATA_BOOL),
	V(VFIO_IRQ_SET_DATA_EVENTFD), V(VFIO_IRQ_SET_ACTION_MASK),
	V(VFIO_IRQ_SET_ACTION_UNMASK), V(VFIO_IRQ_SET_ACTION_TRIGGER), SIZE(vfio_irq_set),
	OFF(vfio_irq_set, start), OFF(vfio_irq_set, count), OFF(vfio_irq_set, data),

	V(VFIO_DEVICE_RESET), V(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO),
	SIZE(vfio_pci_dependent_device), OFF(vfio_pci_dependent_device, segment),
	OFF(vfio_pci_dependent_device, bus), OFF(vfio_pci_dependent_device, devfn),
	SIZE(vfio_pci_hot_reset_info), OFF(vfio_pci_hot_reset_info, count),
	OFF(vfio_pci_hot_reset_info, devices), V(VFIO_DEVICE_PCI_HOT_RESET),
	SIZE(vfio_pci_hot_reset), OFF(vfio_pci_hot_reset, group_fds),

	V(VFIO_DEVICE_FEATURE), V(VFIO_DEVICE_FEATURE_MASK), V(VFIO_DEVICE_FEATURE_GET),
	V(VFIO_DEVICE_FEATURE_SET), V(VFIO_DEVICE_FEATURE_PROBE),
	V(VFIO_DEVICE_FEATURE_PCI_VF_TOKEN), V(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY),
	V(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP),
	V(VFIO_DEVICE_FEATURE_LOW_POWER_EXIT), SIZE(vfio_device_feature),
	SIZE(vfio_device_low_power_entry_with_wakeup),

	V(VFIO_IOMMU_GET_INFO), V(VFIO_IOMMU_INFO_PGSIZES), V(VFIO_IOMMU_INFO_CAPS),
	SIZE(vfio_iommu_type1_info), OFF(vfio_iommu_type1_info, iova_pgsizes),
	OFF(vfio_iommu_type1_info, cap_offset), V(VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE),
	V(VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION), V(VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL),
	SIZE(vfio_iova_range), OFF(vfio_iova_range, end),
	SIZE(vfio_iommu_type1_info_cap_iova_range),
	OFF(vfio_iommu_type1_info_cap_iova_range, nr_iovas),
	OFF(vfio_iommu_type1_info_cap_iova_range, iova_ranges),
	SIZE(vfio_iommu_type1_info_cap_migration),
	OFF(vfio_iommu_type1_info_cap_migration, pgsize_bitmap),
	SIZE(vfio_iommu_type1_info_dma_avail), OFF(vfio_iommu_type1_info_dma_avail, avail),

	V(VFIO_IOMMU_MAP_DMA), V(VFIO_DMA_MAP_FLAG_READ), V(VFIO_DMA_MAP_FLAG_WRITE),
	SIZE(vfio_iommu_type1_dma_map), OFF(vfio_iommu_type1_dma_map, vaddr),
	OFF(vfio_iommu_type1_dma_map, iova), OFF(vfio_iommu_type1_dma_map, size),
	V(VFIO_IOMMU_UNMAP_DMA), V(VFIO_DMA_UNMAP_FLAG_ALL), SIZE(vfio_iommu_type1_dma_unmap),
	OFF(vfio_iommu_type1_dma_unmap, iova), OFF(vfio_iommu_type1_dma_unmap, size),
	{ NULL, 0 },
};
