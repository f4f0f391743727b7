// SPDX-License-Identifier: BSD-3-Clause
/*
 * proto.h - vfio-user on the wire, protocol 0.0 (QEMU docs/interop/vfio-user.rst,
 * version 0.9.2).
 *
 * A message is a header, a payload and descriptors. Integers have the host's
 * byte order: both ends are on one machine. All structs are as they travel:
 * naturally aligned, without holes, their sizes asserted.
 */
#ifndef VFU_PROTO_H
#define VFU_PROTO_H

#include <stdint.h>

#include <leat/compiler.h>

#define VFU_MAJOR 0
#define VFU_MINOR 1			/* the newest that anybody proposes; nothing differs */

/* What we can take, and what a peer that does not say takes. */
#define VFU_MAX_FDS		16	/* descriptors in a message to us */
#define VFU_MAX_XFER		(UINT32_C(1) << 20)
#define VFU_MAX_DMA_MAPS	65535
#define VFU_PGSIZES		4096
#define VFU_DEFAULT_FDS		1
/* The longest payload: the struct before the data, and the data. */
#define VFU_MAX_PAYLOAD		(16 + VFU_MAX_XFER)

enum vfu_cmd {
	VFU_VERSION = 1,
	VFU_DMA_MAP,
	VFU_DMA_UNMAP,
	VFU_GET_INFO,
	VFU_GET_REGION_INFO,
	VFU_GET_REGION_IO_FDS,
	VFU_GET_IRQ_INFO,
	VFU_SET_IRQS,
	VFU_REGION_READ,
	VFU_REGION_WRITE,
	VFU_DMA_READ,			/* server to client */
	VFU_DMA_WRITE,			/* server to client */
	VFU_DEVICE_RESET,
	VFU_REGION_WRITE_MULTI = 15,
	VFU_DEVICE_FEATURE,
	VFU_MIG_DATA_READ,
	VFU_MIG_DATA_WRITE,
	VFU_CMDS,
};

#define VFU_HDR_TYPE	 UINT32_C(0x0f)	/* mask: VFU_HDR_COMMAND or VFU_HDR_REPLY */
#define VFU_HDR_COMMAND	 UINT32_C(0x00)
#define VFU_HDR_REPLY	 UINT32_C(0x01)
#define VFU_HDR_NO_REPLY UINT32_C(0x10)	/* of a command: be silent, whatever happens */
#define VFU_HDR_ERROR	 UINT32_C(0x20)	/* of a reply: @error holds, no payload */

struct vfu_hdr {
	uint16_t	id;		/* the sender's, echoed in the reply; need not be unique */
	uint16_t	cmd;
	uint32_t	size;		/* of the whole message */
	uint32_t	flags;		/* VFU_HDR_* */
	uint32_t	error;		/* errno */
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_hdr) == 16, "wire layout");

/* VERSION; JSON with its NUL follows, or nothing. */
struct vfu_version {
	uint16_t	major, minor;
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_version) == 4, "wire layout");

#define VFU_DMA_F_READ	  UINT32_C(1)	/* the device may read */
#define VFU_DMA_F_WRITE	  UINT32_C(2)
#define VFU_DMA_F_MMAP	  UINT32_C(4)	/* by mmap of the descriptor */
#define VFU_DMA_F_FILE_IO UINT32_C(8)	/* by pread and pwrite on it */

struct vfu_dma_map {
	uint32_t	argsz;
	uint32_t	flags;		/* VFU_DMA_F_* */
	uint64_t	offset;		/* in the descriptor */
	uint64_t	addr;		/* IOVA */
	uint64_t	size;
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_dma_map) == 32, "wire layout");

#define VFU_UNMAP_F_DIRTY UINT32_C(1)
#define VFU_UNMAP_F_ALL	  UINT32_C(2)

struct vfu_dma_unmap {
	uint32_t	argsz;
	uint32_t	flags;		/* VFU_UNMAP_F_* */
	uint64_t	addr;
	uint64_t	size;
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_dma_unmap) == 24, "wire layout");

#define VFU_INFO_F_RESET UINT32_C(1)
#define VFU_INFO_F_PCI	 UINT32_C(2)

struct vfu_info {
	uint32_t	argsz;
	uint32_t	flags;		/* VFU_INFO_F_* */
	uint32_t	num_regions;
	uint32_t	num_irqs;
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_info) == 16, "wire layout");

#define VFU_REGION_F_READ  UINT32_C(1)
#define VFU_REGION_F_WRITE UINT32_C(2)
#define VFU_REGION_F_MMAP  UINT32_C(4)
#define VFU_REGION_F_CAPS  UINT32_C(8)

struct vfu_region_info {
	uint32_t	argsz;
	uint32_t	flags;		/* VFU_REGION_F_* */
	uint32_t	index;
	uint32_t	cap_offset;	/* of the first capability, from this struct's start */
	uint64_t	size;
	uint64_t	offset;		/* for mmap: where the region starts in the descriptor */
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_region_info) == 32, "wire layout");

#define VFU_REGION_CAP_SPARSE 1

struct vfu_region_cap {
	uint16_t	id;		/* VFU_REGION_CAP_* */
	uint16_t	version;
	uint32_t	next;		/* offset from the struct's start; 0: last */
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_region_cap) == 8, "wire layout");

struct vfu_sparse_area {
	uint64_t	offset, size;
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_sparse_area) == 16, "wire layout");

struct vfu_sparse_cap {
	struct vfu_region_cap cap;
	uint32_t	nr_areas;
	uint32_t	reserved;
	struct vfu_sparse_area area[];
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_sparse_cap) == 16, "wire layout");

/* @count sub-regions follow in the reply. */
struct vfu_region_io_fds {
	uint32_t	argsz;
	uint32_t	flags;
	uint32_t	index;
	uint32_t	count;
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_region_io_fds) == 16, "wire layout");

#define VFU_IRQ_F_EVENTFD    UINT32_C(1)
#define VFU_IRQ_F_MASKABLE   UINT32_C(2)
#define VFU_IRQ_F_AUTOMASKED UINT32_C(4)
#define VFU_IRQ_F_NORESIZE   UINT32_C(8)

struct vfu_irq_info {
	uint32_t	argsz;
	uint32_t	flags;		/* VFU_IRQ_F_* */
	uint32_t	index;
	uint32_t	count;
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_irq_info) == 16, "wire layout");

#define VFU_IRQ_DATA	 UINT32_C(0x07)	/* mask: one of the next three */
#define VFU_IRQ_NONE	 UINT32_C(0x01)
#define VFU_IRQ_BOOL	 UINT32_C(0x02)	/* a byte for each vector follows */
#define VFU_IRQ_EVENTFD	 UINT32_C(0x04)	/* a descriptor for each, or none: unbind */
#define VFU_IRQ_ACTION	 UINT32_C(0x38)	/* mask: one of the next three */
#define VFU_IRQ_MASK	 UINT32_C(0x08)
#define VFU_IRQ_UNMASK	 UINT32_C(0x10)
#define VFU_IRQ_TRIGGER	 UINT32_C(0x20)

struct vfu_irq_set {
	uint32_t	argsz;		/* of this struct and the data */
	uint32_t	flags;		/* VFU_IRQ_* */
	uint32_t	index;
	uint32_t	start;
	uint32_t	count;
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_irq_set) == 20, "wire layout");

/* REGION_READ, REGION_WRITE: data follows in a write and in the reply to a read. */
struct vfu_region_access {
	uint64_t	offset;
	uint32_t	region;
	uint32_t	count;
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_region_access) == 16, "wire layout");

/* DMA_READ, DMA_WRITE: likewise. */
struct vfu_dma_access {
	uint64_t	addr;
	uint64_t	count;
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_dma_access) == 16, "wire layout");

struct vfu_write_one {
	uint64_t	offset;
	uint32_t	region;
	uint32_t	count;		/* at most 8 */
	uint8_t		data[8];
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_write_one) == 24, "wire layout");

struct vfu_write_multi {
	uint64_t	count;
	struct vfu_write_one one[];
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_write_multi) == 8, "wire layout");

#define VFU_FEATURE_MASK  UINT32_C(0x0000ffff)
#define VFU_FEATURE_GET	  UINT32_C(0x00010000)
#define VFU_FEATURE_SET	  UINT32_C(0x00020000)
#define VFU_FEATURE_PROBE UINT32_C(0x00040000)

struct vfu_feature {
	uint32_t	argsz;
	uint32_t	flags;		/* VFU_FEATURE_* */
};
LEAT_STATIC_ASSERT(sizeof(struct vfu_feature) == 8, "wire layout");

#endif
