// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_linux.h - numbers that both our spec.h and Linux's headers have. Their
 * names collide, so each is read in a file of its own.
 */
#ifndef MODEL_LINUX_H
#define MODEL_LINUX_H

#include <stdint.h>

/* Masks here, bit numbers there. */
#define LINUX_NET_FEATURES(X)								\
	X(CSUM) X(GUEST_CSUM) X(CTRL_GUEST_OFFLOADS) X(MTU) X(MAC) X(GUEST_TSO4)	\
	X(GUEST_TSO6) X(GUEST_ECN) X(GUEST_UFO) X(HOST_TSO4) X(HOST_TSO6) X(HOST_ECN)	\
	X(HOST_UFO) X(MRG_RXBUF) X(STATUS) X(CTRL_VQ) X(CTRL_RX) X(CTRL_VLAN)		\
	X(CTRL_RX_EXTRA) X(GUEST_ANNOUNCE) X(MQ) X(CTRL_MAC_ADDR) X(HASH_REPORT)	\
	X(RSS) X(RSC_EXT) X(STANDBY) X(SPEED_DUPLEX)

#define LINUX_FEATURES(X)								\
	X(VERSION_1) X(ACCESS_PLATFORM) X(RING_PACKED) X(ORDER_PLATFORM) X(SR_IOV)

/* The same number in both: ours, theirs. */
#define LINUX_NUMBERS(X)								\
	X(VIRTIO_STATUS_ACKNOWLEDGE, VIRTIO_CONFIG_S_ACKNOWLEDGE)			\
	X(VIRTIO_STATUS_DRIVER, VIRTIO_CONFIG_S_DRIVER)					\
	X(VIRTIO_STATUS_DRIVER_OK, VIRTIO_CONFIG_S_DRIVER_OK)				\
	X(VIRTIO_STATUS_FEATURES_OK, VIRTIO_CONFIG_S_FEATURES_OK)			\
	X(VIRTIO_STATUS_NEEDS_RESET, VIRTIO_CONFIG_S_NEEDS_RESET)			\
	X(VIRTIO_STATUS_FAILED, VIRTIO_CONFIG_S_FAILED)					\
	X(VIRTIO_PCI_CAP_COMMON, VIRTIO_PCI_CAP_COMMON_CFG)				\
	X(VIRTIO_PCI_CAP_NOTIFY, VIRTIO_PCI_CAP_NOTIFY_CFG)				\
	X(VIRTIO_PCI_CAP_ISR, VIRTIO_PCI_CAP_ISR_CFG)					\
	X(VIRTIO_PCI_CAP_DEVICE, VIRTIO_PCI_CAP_DEVICE_CFG)				\
	X(VIRTIO_PCI_CAP_PCI, VIRTIO_PCI_CAP_PCI_CFG)					\
	X(VIRTIO_COMMON_DEVICE_FEATURE_SELECT, VIRTIO_PCI_COMMON_DFSELECT)		\
	X(VIRTIO_COMMON_DEVICE_FEATURE, VIRTIO_PCI_COMMON_DF)				\
	X(VIRTIO_COMMON_DRIVER_FEATURE_SELECT, VIRTIO_PCI_COMMON_GFSELECT)		\
	X(VIRTIO_COMMON_DRIVER_FEATURE, VIRTIO_PCI_COMMON_GF)				\
	X(VIRTIO_COMMON_CONFIG_MSIX_VECTOR, VIRTIO_PCI_COMMON_MSIX)			\
	X(VIRTIO_COMMON_NUM_QUEUES, VIRTIO_PCI_COMMON_NUMQ)				\
	X(VIRTIO_COMMON_DEVICE_STATUS, VIRTIO_PCI_COMMON_STATUS)			\
	X(VIRTIO_COMMON_CONFIG_GENERATION, VIRTIO_PCI_COMMON_CFGGENERATION)		\
	X(VIRTIO_COMMON_QUEUE_SELECT, VIRTIO_PCI_COMMON_Q_SELECT)			\
	X(VIRTIO_COMMON_QUEUE_SIZE, VIRTIO_PCI_COMMON_Q_SIZE)				\
	X(VIRTIO_COMMON_QUEUE_MSIX_VECTOR, VIRTIO_PCI_COMMON_Q_MSIX)			\
	X(VIRTIO_COMMON_QUEUE_ENABLE, VIRTIO_PCI_COMMON_Q_ENABLE)			\
	X(VIRTIO_COMMON_QUEUE_NOTIFY_OFF, VIRTIO_PCI_COMMON_Q_NOFF)			\
	X(VIRTIO_COMMON_QUEUE_DESC, VIRTIO_PCI_COMMON_Q_DESCLO)				\
	X(VIRTIO_COMMON_QUEUE_DRIVER, VIRTIO_PCI_COMMON_Q_AVAILLO)			\
	X(VIRTIO_COMMON_QUEUE_DEVICE, VIRTIO_PCI_COMMON_Q_USEDLO)			\
	X(VIRTIO_DESC_F_NEXT, VRING_DESC_F_NEXT)					\
	X(VIRTIO_DESC_F_WRITE, VRING_DESC_F_WRITE)					\
	X(VIRTIO_DESC_F_INDIRECT, VRING_DESC_F_INDIRECT)				\
	X(VIRTIO_AVAIL_F_NO_INTERRUPT, VRING_AVAIL_F_NO_INTERRUPT)			\
	X(VIRTIO_USED_F_NO_NOTIFY, VRING_USED_F_NO_NOTIFY)

/* Sizes and offsets: struct and member here, struct and member there. */
#define LINUX_OFFSETS(X)								\
	X(virtio_desc, addr, vring_desc, addr)						\
	X(virtio_desc, len, vring_desc, len)						\
	X(virtio_desc, flags, vring_desc, flags)					\
	X(virtio_desc, next, vring_desc, next)						\
	X(virtio_used_elem, len, vring_used_elem, len)					\
	X(virtio_used, ring, vring_used, ring)						\
	X(virtio_avail, ring, vring_avail, ring)					\
	X(virtio_net_hdr, gso_type, virtio_net_hdr_v1, gso_type)			\
	X(virtio_net_hdr, hdr_len, virtio_net_hdr_v1, hdr_len)				\
	X(virtio_net_hdr, gso_size, virtio_net_hdr_v1, gso_size)			\
	X(virtio_net_hdr, csum_start, virtio_net_hdr_v1, csum_start)			\
	X(virtio_net_hdr, csum_offset, virtio_net_hdr_v1, csum_offset)			\
	X(virtio_net_hdr, num_buffers, virtio_net_hdr_v1, num_buffers)			\
	X(virtio_net_config, status, virtio_net_config, status)				\
	X(virtio_net_config, max_virtqueue_pairs, virtio_net_config, max_virtqueue_pairs) \
	X(virtio_net_config, mtu, virtio_net_config, mtu)				\
	X(virtio_net_config, speed, virtio_net_config, speed)				\
	X(virtio_net_config, duplex, virtio_net_config, duplex)

struct linux_number {
	const char	*name;
	uint64_t	value;
};

/* As Linux has them, in the order of the lists above; ends with a NULL name. */
extern const struct linux_number linux_numbers[];

#endif
