// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_linux.c - Linux's reading of the specification.
 */
#include "model_linux.h"

#include <linux/types.h>

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <stddef.h>

const struct linux_number linux_numbers[] = {
#define X(name) { #name, UINT64_C(1) << VIRTIO_NET_F_##name },
	LINUX_NET_FEATURES(X)
#undef X
#define X(name) { #name, UINT64_C(1) << VIRTIO_F_##name },
	LINUX_FEATURES(X)
#undef X
#define X(ours, theirs) { #theirs, theirs },
	LINUX_NUMBERS(X)
#undef X
#define X(our, member, their, theirs) { #their "." #theirs, offsetof(struct their, theirs) },
	LINUX_OFFSETS(X)
#undef X
	{ NULL, 0 },
};
