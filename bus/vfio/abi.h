// SPDX-License-Identifier: BSD-3-Clause
/*
 * abi.h - what the kernel's VFIO and iommufd are asked and answer, as far as leat
 * uses it.
 *
 * Written from the kernel's documentation and the numbers of its user interface
 * (Linux 6.12; what came later says so), because the headers of a distribution are
 * often older than its kernel: Debian 12's know neither iommufd nor cdevs. The names are
 * the kernel's, so this and <linux/vfio.h> cannot be in one file. Sizes are asserted.
 *
 * Each struct begins with its own size (argsz, or size in iommufd). The kernel takes
 * shorter ones of old programs; of those that it fills, it tells the size needed in argsz.
 */
#ifndef LEAT_VFIO_ABI_H
#define LEAT_VFIO_ABI_H

#ifdef VFIO_API_VERSION
#error "abi.h stands in for <linux/vfio.h>: include only one of them"
#endif

#include <leat/compiler.h>

#include <stddef.h>
#include <stdint.h>

#include <linux/ioctl.h>

#define VFIO_API_VERSION	0
#define VFIO_TYPE		(';')
#define VFIO_BASE		100

/* ---- lists of capabilities behind a struct ---- */

struct vfio_info_cap_header {
	uint16_t	id;
	uint16_t	version;
	uint32_t	next;		/* from the start of the whole answer; 0: last */
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_info_cap_header) == 8, "kernel ABI");

/* ---- container: /dev/vfio/vfio ---- */

#define VFIO_GET_API_VERSION	_IO(VFIO_TYPE, VFIO_BASE + 0)
/* Both by value: one of those below. */
#define VFIO_CHECK_EXTENSION	_IO(VFIO_TYPE, VFIO_BASE + 1)
#define VFIO_SET_IOMMU		_IO(VFIO_TYPE, VFIO_BASE + 2)

#define VFIO_TYPE1_IOMMU	1
#define VFIO_TYPE1v2_IOMMU	3
#define VFIO_DMA_CC_IOMMU	4	/* DMA is always coherent with the caches */
#define VFIO_TYPE1_NESTING_IOMMU 6
#define VFIO_NOIOMMU_IOMMU	8
#define VFIO_UNMAP_ALL		9
#define VFIO_UPDATE_VADDR	10

/* ---- group: /dev/vfio/N, /dev/vfio/noiommu-N ---- */

#define VFIO_GROUP_GET_STATUS	_IO(VFIO_TYPE, VFIO_BASE + 3)
#define VFIO_GROUP_SET_CONTAINER _IO(VFIO_TYPE, VFIO_BASE + 4)	/* int *: the container's */
#define VFIO_GROUP_UNSET_CONTAINER _IO(VFIO_TYPE, VFIO_BASE + 5)
/* const char *: "0000:01:00.0", or "0000:01:00.0 vf_token=UUID"; returns a descriptor. */
#define VFIO_GROUP_GET_DEVICE_FD _IO(VFIO_TYPE, VFIO_BASE + 6)

#define VFIO_GROUP_FLAGS_VIABLE		(1 << 0)	/* no member is a kernel driver's */
#define VFIO_GROUP_FLAGS_CONTAINER_SET	(1 << 1)

struct vfio_group_status {
	uint32_t	argsz;
	uint32_t	flags;		/* VFIO_GROUP_FLAGS_* */
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_group_status) == 8, "kernel ABI");

/* ---- device ---- */

#define VFIO_DEVICE_GET_INFO	_IO(VFIO_TYPE, VFIO_BASE + 7)

#define VFIO_DEVICE_FLAGS_RESET		(1 << 0)
#define VFIO_DEVICE_FLAGS_PCI		(1 << 1)
#define VFIO_DEVICE_FLAGS_PLATFORM	(1 << 2)
#define VFIO_DEVICE_FLAGS_AMBA		(1 << 3)
#define VFIO_DEVICE_FLAGS_CCW		(1 << 4)
#define VFIO_DEVICE_FLAGS_AP		(1 << 5)
#define VFIO_DEVICE_FLAGS_FSL_MC	(1 << 6)
#define VFIO_DEVICE_FLAGS_CAPS		(1 << 7)
#define VFIO_DEVICE_FLAGS_CDX		(1 << 8)

struct vfio_device_info {
	uint32_t	argsz;
	uint32_t	flags;		/* VFIO_DEVICE_FLAGS_* */
	uint32_t	num_regions;	/* highest index + 1 */
	uint32_t	num_irqs;
	uint32_t	cap_offset;	/* with FLAGS_CAPS */
	uint32_t	pad;		/* since 6.6 */
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_device_info) == 24, "kernel ABI");

#define VFIO_DEVICE_GET_REGION_INFO _IO(VFIO_TYPE, VFIO_BASE + 8)

#define VFIO_REGION_INFO_FLAG_READ	(1 << 0)
#define VFIO_REGION_INFO_FLAG_WRITE	(1 << 1)
#define VFIO_REGION_INFO_FLAG_MMAP	(1 << 2)
#define VFIO_REGION_INFO_FLAG_CAPS	(1 << 3)

struct vfio_region_info {
	uint32_t	argsz;
	uint32_t	flags;		/* VFIO_REGION_INFO_FLAG_* */
	uint32_t	index;
	uint32_t	cap_offset;	/* with FLAG_CAPS */
	uint64_t	size;
	uint64_t	offset;		/* in the device's descriptor, for pread, pwrite and mmap */
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_region_info) == 32, "kernel ABI");

#define VFIO_REGION_INFO_CAP_SPARSE_MMAP	1
#define VFIO_REGION_INFO_CAP_TYPE		2
#define VFIO_REGION_INFO_CAP_MSIX_MAPPABLE	3	/* header only */
#define VFIO_REGION_INFO_CAP_NVLINK2_SSATGT	4
#define VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD	5

struct vfio_region_sparse_mmap_area {
	uint64_t	offset;		/* in the region */
	uint64_t	size;
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_region_sparse_mmap_area) == 16, "kernel ABI");

struct vfio_region_info_cap_sparse_mmap {
	struct vfio_info_cap_header header;
	uint32_t	nr_areas;
	uint32_t	reserved;
	struct vfio_region_sparse_mmap_area areas[];
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_region_info_cap_sparse_mmap) == 16, "kernel ABI");

struct vfio_region_info_cap_type {
	struct vfio_info_cap_header header;
	uint32_t	type;		/* VFIO_REGION_TYPE_PCI_VENDOR_TYPE | vendor, or global */
	uint32_t	subtype;
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_region_info_cap_type) == 16, "kernel ABI");

#define VFIO_REGION_TYPE_PCI_VENDOR_TYPE	(UINT32_C(1) << 31)
#define VFIO_REGION_TYPE_PCI_VENDOR_MASK	UINT32_C(0xffff)

enum {
	VFIO_PCI_BAR0_REGION_INDEX,
	VFIO_PCI_BAR1_REGION_INDEX,
	VFIO_PCI_BAR2_REGION_INDEX,
	VFIO_PCI_BAR3_REGION_INDEX,
	VFIO_PCI_BAR4_REGION_INDEX,
	VFIO_PCI_BAR5_REGION_INDEX,
	VFIO_PCI_ROM_REGION_INDEX,
	VFIO_PCI_CONFIG_REGION_INDEX,
	VFIO_PCI_VGA_REGION_INDEX,
	VFIO_PCI_NUM_REGIONS,		/* a device's own come behind */
};

#define VFIO_DEVICE_GET_IRQ_INFO _IO(VFIO_TYPE, VFIO_BASE + 9)

#define VFIO_IRQ_INFO_EVENTFD		(1 << 0)
#define VFIO_IRQ_INFO_MASKABLE		(1 << 1)
#define VFIO_IRQ_INFO_AUTOMASKED	(1 << 2)
#define VFIO_IRQ_INFO_NORESIZE		(1 << 3)

struct vfio_irq_info {
	uint32_t	argsz;
	uint32_t	flags;		/* VFIO_IRQ_INFO_* */
	uint32_t	index;
	uint32_t	count;
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_irq_info) == 16, "kernel ABI");

enum {
	VFIO_PCI_INTX_IRQ_INDEX,
	VFIO_PCI_MSI_IRQ_INDEX,
	VFIO_PCI_MSIX_IRQ_INDEX,
	VFIO_PCI_ERR_IRQ_INDEX,
	VFIO_PCI_REQ_IRQ_INDEX,
	VFIO_PCI_NUM_IRQS,
};

#define VFIO_DEVICE_SET_IRQS	_IO(VFIO_TYPE, VFIO_BASE + 10)

#define VFIO_IRQ_SET_DATA_NONE		(1 << 0)
#define VFIO_IRQ_SET_DATA_BOOL		(1 << 1)	/* data: uint8_t each */
#define VFIO_IRQ_SET_DATA_EVENTFD	(1 << 2)	/* data: int32_t each, -1: none */
#define VFIO_IRQ_SET_ACTION_MASK	(1 << 3)
#define VFIO_IRQ_SET_ACTION_UNMASK	(1 << 4)
#define VFIO_IRQ_SET_ACTION_TRIGGER	(1 << 5)

struct vfio_irq_set {
	uint32_t	argsz;
	uint32_t	flags;		/* one DATA and one ACTION */
	uint32_t	index;
	uint32_t	start;
	uint32_t	count;
	uint8_t		data[];
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_irq_set) == 20, "kernel ABI");

#define VFIO_DEVICE_RESET	_IO(VFIO_TYPE, VFIO_BASE + 11)

#define VFIO_DEVICE_GET_PCI_HOT_RESET_INFO _IO(VFIO_TYPE, VFIO_BASE + 12)

#define VFIO_PCI_HOT_RESET_FLAG_DEV_ID		(1 << 0)	/* devid, not group_id */
#define VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED	(1 << 1)	/* all of them are ours */

struct vfio_pci_dependent_device {
	union {
		uint32_t group_id;
		uint32_t devid;		/* of the asking iommufd, or one of the two below */
#define VFIO_PCI_DEVID_OWNED		0
#define VFIO_PCI_DEVID_NOT_OWNED	UINT32_MAX
	};
	uint16_t	segment;
	uint8_t		bus;
	uint8_t		devfn;		/* device << 3 | function */
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_pci_dependent_device) == 8, "kernel ABI");

struct vfio_pci_hot_reset_info {
	uint32_t	argsz;
	uint32_t	flags;		/* VFIO_PCI_HOT_RESET_FLAG_* */
	uint32_t	count;		/* set with -ENOSPC too */
	struct vfio_pci_dependent_device devices[];
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_pci_hot_reset_info) == 12, "kernel ABI");

#define VFIO_DEVICE_PCI_HOT_RESET _IO(VFIO_TYPE, VFIO_BASE + 13)

struct vfio_pci_hot_reset {
	uint32_t	argsz;
	uint32_t	flags;		/* 0 */
	uint32_t	count;		/* 0 for a cdev: the iommufd proves the ownership */
	int32_t		group_fds[];
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_pci_hot_reset) == 12, "kernel ABI");

#define VFIO_DEVICE_FEATURE	_IO(VFIO_TYPE, VFIO_BASE + 17)

#define VFIO_DEVICE_FEATURE_MASK	0xffff
#define VFIO_DEVICE_FEATURE_GET		(1 << 16)
#define VFIO_DEVICE_FEATURE_SET		(1 << 17)
#define VFIO_DEVICE_FEATURE_PROBE	(1 << 18)

#define VFIO_DEVICE_FEATURE_PCI_VF_TOKEN	0	/* data: 16 bytes */
#define VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY	3
#define VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP 4
#define VFIO_DEVICE_FEATURE_LOW_POWER_EXIT	5

struct vfio_device_feature {
	uint32_t	argsz;
	uint32_t	flags;		/* VFIO_DEVICE_FEATURE_*: a number and what to do */
	uint8_t		data[];
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_device_feature) == 8, "kernel ABI");

struct vfio_device_low_power_entry_with_wakeup {
	int32_t		wakeup_eventfd;
	uint32_t	reserved;
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_device_low_power_entry_with_wakeup) == 8, "kernel ABI");

/* ---- character device: /dev/vfio/devices/vfioN, since 6.6 ---- */

#define VFIO_DEVICE_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)

#define VFIO_DEVICE_BIND_FLAG_TOKEN	(1 << 0)	/* since 6.17 */

struct vfio_device_bind_iommufd {
	uint32_t	argsz;
	uint32_t	flags;		/* VFIO_DEVICE_BIND_FLAG_* */
	int32_t		iommufd;
	uint32_t	out_devid;
	uint64_t	token_uuid_ptr;	/* 16 bytes, with FLAG_TOKEN */
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_device_bind_iommufd) == 24, "kernel ABI");
LEAT_STATIC_ASSERT(offsetof(struct vfio_device_bind_iommufd, token_uuid_ptr) == 16, "kernel ABI");

#define VFIO_DEVICE_ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19)
#define VFIO_DEVICE_DETACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 20)

struct vfio_device_attach_iommufd_pt {
	uint32_t	argsz;
	uint32_t	flags;		/* 0 */
	uint32_t	pt_id;		/* in: an IOAS or page table; out: the page table taken */
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_device_attach_iommufd_pt) == 12, "kernel ABI");

struct vfio_device_detach_iommufd_pt {
	uint32_t	argsz;
	uint32_t	flags;		/* 0 */
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_device_detach_iommufd_pt) == 8, "kernel ABI");

/* ---- IOMMU of a container: TYPE1 and TYPE1v2 ---- */

#define VFIO_IOMMU_GET_INFO	_IO(VFIO_TYPE, VFIO_BASE + 12)

#define VFIO_IOMMU_INFO_PGSIZES	(1 << 0)
#define VFIO_IOMMU_INFO_CAPS	(1 << 1)

struct vfio_iommu_type1_info {
	uint32_t	argsz;
	uint32_t	flags;		/* VFIO_IOMMU_INFO_* */
	uint64_t	iova_pgsizes;	/* a bit for each page size */
	uint32_t	cap_offset;	/* with INFO_CAPS */
	uint32_t	pad;
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_iommu_type1_info) == 24, "kernel ABI");

#define VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE	1
#define VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION	2
#define VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL		3

struct vfio_iova_range {
	uint64_t	start;
	uint64_t	end;		/* inclusive */
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_iova_range) == 16, "kernel ABI");

struct vfio_iommu_type1_info_cap_iova_range {
	struct vfio_info_cap_header header;
	uint32_t	nr_iovas;
	uint32_t	reserved;
	struct vfio_iova_range iova_ranges[];
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_iommu_type1_info_cap_iova_range) == 16, "kernel ABI");

struct vfio_iommu_type1_info_cap_migration {
	struct vfio_info_cap_header header;
	uint32_t	flags;
	uint64_t	pgsize_bitmap;
	uint64_t	max_dirty_bitmap_size;
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_iommu_type1_info_cap_migration) == 32, "kernel ABI");

struct vfio_iommu_type1_info_dma_avail {
	struct vfio_info_cap_header header;
	uint32_t	avail;		/* maps still possible */
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_iommu_type1_info_dma_avail) == 12, "kernel ABI");

#define VFIO_IOMMU_MAP_DMA	_IO(VFIO_TYPE, VFIO_BASE + 13)

#define VFIO_DMA_MAP_FLAG_READ	(1 << 0)	/* by the device */
#define VFIO_DMA_MAP_FLAG_WRITE	(1 << 1)

struct vfio_iommu_type1_dma_map {
	uint32_t	argsz;
	uint32_t	flags;		/* VFIO_DMA_MAP_FLAG_* */
	uint64_t	vaddr;
	uint64_t	iova;
	uint64_t	size;
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_iommu_type1_dma_map) == 32, "kernel ABI");

#define VFIO_IOMMU_UNMAP_DMA	_IO(VFIO_TYPE, VFIO_BASE + 14)

#define VFIO_DMA_UNMAP_FLAG_ALL	(1 << 1)	/* with iova and size 0 */

struct vfio_iommu_type1_dma_unmap {
	uint32_t	argsz;
	uint32_t	flags;		/* VFIO_DMA_UNMAP_FLAG_* */
	uint64_t	iova;
	uint64_t	size;		/* out: bytes unmapped */
	uint8_t		data[];
};
LEAT_STATIC_ASSERT(sizeof(struct vfio_iommu_type1_dma_unmap) == 24, "kernel ABI");

/* ---- iommufd: /dev/iommu ---- */

#define IOMMUFD_TYPE		(';')

#define IOMMU_DESTROY		_IO(IOMMUFD_TYPE, 0x80)
#define IOMMU_IOAS_ALLOC	_IO(IOMMUFD_TYPE, 0x81)
#define IOMMU_IOAS_ALLOW_IOVAS	_IO(IOMMUFD_TYPE, 0x82)
#define IOMMU_IOAS_COPY		_IO(IOMMUFD_TYPE, 0x83)
#define IOMMU_IOAS_IOVA_RANGES	_IO(IOMMUFD_TYPE, 0x84)
#define IOMMU_IOAS_MAP		_IO(IOMMUFD_TYPE, 0x85)
#define IOMMU_IOAS_UNMAP	_IO(IOMMUFD_TYPE, 0x86)
#define IOMMU_OPTION		_IO(IOMMUFD_TYPE, 0x87)
#define IOMMU_GET_HW_INFO	_IO(IOMMUFD_TYPE, 0x8a)

struct iommu_destroy {
	uint32_t	size;
	uint32_t	id;
};
LEAT_STATIC_ASSERT(sizeof(struct iommu_destroy) == 8, "kernel ABI");

struct iommu_ioas_alloc {
	uint32_t	size;
	uint32_t	flags;		/* 0 */
	uint32_t	out_ioas_id;
};
LEAT_STATIC_ASSERT(sizeof(struct iommu_ioas_alloc) == 12, "kernel ABI");

struct iommu_iova_range {
	uint64_t	start;
	uint64_t	last;		/* inclusive */
};
LEAT_STATIC_ASSERT(sizeof(struct iommu_iova_range) == 16, "kernel ABI");

struct iommu_ioas_iova_ranges {
	uint32_t	size;
	uint32_t	ioas_id;
	uint32_t	num_iovas;	/* in: room; out: ranges there are, with -EMSGSIZE too */
	uint32_t	reserved;
	uint64_t	allowed_iovas;	/* struct iommu_iova_range * */
	uint64_t	out_iova_alignment;
};
LEAT_STATIC_ASSERT(sizeof(struct iommu_ioas_iova_ranges) == 32, "kernel ABI");

struct iommu_ioas_allow_iovas {
	uint32_t	size;
	uint32_t	ioas_id;
	uint32_t	num_iovas;
	uint32_t	reserved;
	uint64_t	allowed_iovas;	/* const struct iommu_iova_range * */
};
LEAT_STATIC_ASSERT(sizeof(struct iommu_ioas_allow_iovas) == 24, "kernel ABI");

#define IOMMU_IOAS_MAP_FIXED_IOVA	(1 << 0)
#define IOMMU_IOAS_MAP_WRITEABLE	(1 << 1)	/* by the device */
#define IOMMU_IOAS_MAP_READABLE		(1 << 2)

struct iommu_ioas_map {
	uint32_t	size;
	uint32_t	flags;		/* IOMMU_IOAS_MAP_* */
	uint32_t	ioas_id;
	uint32_t	reserved;
	uint64_t	user_va;
	uint64_t	length;
	uint64_t	iova;
};
LEAT_STATIC_ASSERT(sizeof(struct iommu_ioas_map) == 40, "kernel ABI");

struct iommu_ioas_copy {
	uint32_t	size;
	uint32_t	flags;		/* IOMMU_IOAS_MAP_* */
	uint32_t	dst_ioas_id;
	uint32_t	src_ioas_id;
	uint64_t	length;
	uint64_t	dst_iova;
	uint64_t	src_iova;
};
LEAT_STATIC_ASSERT(sizeof(struct iommu_ioas_copy) == 40, "kernel ABI");

struct iommu_ioas_unmap {
	uint32_t	size;
	uint32_t	ioas_id;
	uint64_t	iova;
	uint64_t	length;		/* out: bytes unmapped */
};
LEAT_STATIC_ASSERT(sizeof(struct iommu_ioas_unmap) == 24, "kernel ABI");

#define IOMMU_OPTION_RLIMIT_MODE	0	/* locked memory counts per user (0), process (1) */
#define IOMMU_OPTION_HUGE_PAGES		1	/* of one IOAS; 0: never combine pages */

#define IOMMU_OPTION_OP_SET		0
#define IOMMU_OPTION_OP_GET		1

struct iommu_option {
	uint32_t	size;
	uint32_t	option_id;	/* IOMMU_OPTION_* */
	uint16_t	op;		/* IOMMU_OPTION_OP_* */
	uint16_t	reserved;
	uint32_t	object_id;
	uint64_t	val64;
};
LEAT_STATIC_ASSERT(sizeof(struct iommu_option) == 24, "kernel ABI");

#define IOMMU_HW_INFO_TYPE_NONE		0
#define IOMMU_HW_INFO_TYPE_INTEL_VTD	1
#define IOMMU_HW_INFO_TYPE_ARM_SMMUV3	2	/* since 6.13 */

struct iommu_hw_info {
	uint32_t	size;
	uint32_t	flags;		/* 0 */
	uint32_t	dev_id;		/* as BIND_IOMMUFD gave it */
	uint32_t	data_len;	/* in: room; out: bytes there are */
	uint64_t	data_uptr;	/* of struct iommu_hw_info_vtd... by type */
	uint32_t	out_data_type;	/* IOMMU_HW_INFO_TYPE_* */
	uint32_t	reserved;
	uint64_t	out_capabilities;
};
LEAT_STATIC_ASSERT(sizeof(struct iommu_hw_info) == 40, "kernel ABI");

struct iommu_hw_info_vtd {
	uint32_t	flags;
	uint32_t	reserved;
	uint64_t	cap_reg;
	uint64_t	ecap_reg;
};
LEAT_STATIC_ASSERT(sizeof(struct iommu_hw_info_vtd) == 24, "kernel ABI");

#endif
