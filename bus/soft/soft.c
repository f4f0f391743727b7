// SPDX-License-Identifier: BSD-3-Clause
/*
 * soft.c - the backends of software ports: no registers, no interrupts, no memory of
 * their own to show. What a port of that kind needs, its driver makes in attach.
 */
#include "soft.h"

#include <stdio.h>

static int soft_open(struct leat_dev *dev, const char *addr)
{
	(void)addr;
	snprintf(dev->how, sizeof(dev->how), "software, in this process");
	return 0;
}

static void soft_close(struct leat_dev *dev)
{
	(void)dev;
}

#define SOFT_OPS(name)							\
	{								\
		.scheme = (name), .dev_size = sizeof(struct leat_dev),	\
		.open = soft_open, .close = soft_close,			\
	}

const struct leat_dev_ops leat_soft_null_ops = SOFT_OPS("null");
const struct leat_dev_ops leat_soft_tap_ops = SOFT_OPS("tap");
const struct leat_dev_ops leat_soft_ring_ops = SOFT_OPS("ring");
