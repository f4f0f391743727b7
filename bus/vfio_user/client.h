// SPDX-License-Identifier: BSD-3-Clause
/*
 * client.h - the backend "vfio-user:PATH": a device served at a UNIX socket.
 */
#ifndef VFU_CLIENT_H
#define VFU_CLIENT_H

#include <leat/driver/dev.h>

extern const struct leat_dev_ops leat_vfio_user_ops;

#endif
