// SPDX-License-Identifier: BSD-3-Clause
/*
 * info.h - what `leat info` shows: facts of a device, as one JSON object whose keys are in
 * a fixed order. The text for people is the same object, a line a key or array element.
 */
#ifndef LEAT_APPS_LEAT_INFO_H
#define LEAT_APPS_LEAT_INFO_H

#include <leat/driver/dev.h>
#include <leat/port.h>

#include <json-c/json.h>
#include <stdio.h>

/*
 * Facts of an open device, as the kernel, its server or its model answered. All that differs
 * between the ways to one device (address, VFIO mode, its limits) is in "mode"; the rest is
 * the same by any. The caller puts the object. NULL: out of memory.
 */
struct json_object *info_device(struct leat_dev *dev);

/* What leat's driver made of it, added to @facts. */
void info_port(struct json_object *facts, struct leat_port *port);

/* "key: value" lines; a list of plain values is one line, of objects a line each. */
void info_print(FILE *out, struct json_object *facts);

/* "vhost", for a vhost-user back end; otherwise nothing. */
void info_vhost(struct json_object *facts, struct leat_dev *dev);

#endif
