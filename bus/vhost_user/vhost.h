// SPDX-License-Identifier: BSD-3-Clause
/*
 * vhost.h - the backend "vhost-user:PATH[,server]": a virtio device in another process,
 * with rings instead of registers. <leat/driver/vhost_user.h> is what a driver says to it.
 */
#ifndef LEAT_VHOST_H
#define LEAT_VHOST_H

#include <leat/driver/dev.h>

extern const struct leat_dev_ops leat_vhost_user_ops;

#endif
