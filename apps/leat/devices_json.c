// SPDX-License-Identifier: BSD-3-Clause
/*
 * devices_json.c - the functions for programs. Ids are hexadecimal words as in
 * lspci; what is not there or not known is null; keys stay, new ones may come.
 */
#include "devices.h"

#include <errno.h>
#include <inttypes.h>

#include <json-c/json.h>

static void add(struct json_object *to, const char *key, struct json_object *value)
{
	json_object_object_add(to, key, value);
}

/* "" is null. */
static void add_text(struct json_object *to, const char *key, const char *text)
{
	add(to, key, text && text[0] ? json_object_new_string(text) : NULL);
}

static void add_hex(struct json_object *to, const char *key, int digits, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof(text), "%0*" PRIx64, digits, n);
	add_text(to, key, text);
}

/* Negative is null. */
static void add_number(struct json_object *to, const char *key, int64_t n)
{
	add(to, key, n >= 0 ? json_object_new_int64(n) : NULL);
}

/* 0 is null: what the kernel does not know. */
static void add_known(struct json_object *to, const char *key, unsigned int n)
{
	add_number(to, key, n ? (int64_t)n : -1);
}

static void add_bool(struct json_object *to, const char *key, bool yes)
{
	add(to, key, json_object_new_boolean(yes));
}

static struct json_object *new_netif(const struct leat_netif *n)
{
	struct json_object *o = json_object_new_object(), *addrs = json_object_new_array();

	add_text(o, "name", n->name);
	add_text(o, "mac", n->mac);
	add_bool(o, "up", n->admin_up);
	add_text(o, "state", n->state);
	add_known(o, "mbit_per_s", n->speed);
	add_text(o, "master", n->master);
	add_text(o, "upper", n->upper);
	add_number(o, "routes", n->routes);
	add_bool(o, "default_route", n->default_route);
	for (unsigned int i = 0; i < n->naddrs; i++)
		json_object_array_add(addrs, json_object_new_string(n->addrs[i]));
	add(o, "addresses", addrs);
	return o;
}

static struct json_object *new_member(const struct leat_pci_member *m)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "address", m->address);
	add_text(o, "driver", m->driver);
	add_hex(o, "class", 6, m->class_code);
	add_bool(o, "blocks", m->blocks);
	return o;
}

static struct json_object *new_reserved(const struct leat_pci_reserved *r)
{
	struct json_object *o = json_object_new_object();

	add_hex(o, "first", 1, r->first);
	add_hex(o, "last", 1, r->last);
	add_text(o, "kind", r->kind);
	return o;
}

static void add_group(struct json_object *to, const struct leat_pci_device *dev)
{
	struct json_object *members = json_object_new_array(), *reserved = json_object_new_array();

	for (unsigned int i = 0; i < dev->nmembers; i++)
		json_object_array_add(members, new_member(&dev->members[i]));
	for (unsigned int i = 0; i < dev->nreserved; i++)
		json_object_array_add(reserved, new_reserved(&dev->reserved[i]));
	add_number(to, "iommu_group", dev->group);
	add_bool(to, "noiommu", dev->noiommu);
	add(to, "group_members", members);
	add(to, "reserved_regions", reserved);
	add_text(to, "vfio_cdev", dev->cdev);
}

static void add_place(struct json_object *to, const struct leat_pci_device *dev)
{
	add_number(to, "numa_node", dev->node);
	add_known(to, "link_mt_per_s", dev->link_speed);
	add_known(to, "link_mt_per_s_max", dev->link_speed_max);
	add_known(to, "link_lanes", dev->link_width);
	add_known(to, "link_lanes_max", dev->link_width_max);
	add_text(to, "reset_methods", dev->resets);
}

static void add_vfs(struct json_object *to, const struct leat_pci_device *dev)
{
	struct json_object *vfs = json_object_new_array();

	for (unsigned int i = 0; i < dev->vfs; i++)
		json_object_array_add(vfs, json_object_new_string(dev->vf[i]));
	add(to, "vfs", vfs);
	add_number(to, "vfs_max", dev->vfs_max);
	add_text(to, "pf", dev->pf);
}

static void add_ids(struct json_object *to, struct names *names, const struct leat_pci_device *dev)
{
	char name[NAME_LEN];

	add_text(to, "address", dev->address);
	add_hex(to, "vendor", 4, dev->vendor);
	add_hex(to, "device", 4, dev->device);
	names_vendor(names, dev->vendor, name);
	add_text(to, "vendor_name", name);
	names_device(names, dev->vendor, dev->device, name);
	add_text(to, "device_name", name);
	add_hex(to, "subsystem_vendor", 4, dev->subvendor);
	add_hex(to, "subsystem_device", 4, dev->subdevice);
	add_hex(to, "class", 6, dev->class_code);
	add_hex(to, "revision", 2, dev->revision);
}

static struct json_object *new_device(struct names *names, const struct leat_pci_device *dev)
{
	struct json_object *o = json_object_new_object(), *netifs = json_object_new_array();

	add_ids(o, names, dev);
	add_text(o, "driver", dev->driver);
	add_text(o, "driver_override", dev->override);
	add_text(o, "leat_driver", dev->leat_driver);
	add_bool(o, "leaving", dev->leaving);
	add_text(o, "in_use", dev->in_use);
	add_group(o, dev);
	add_place(o, dev);
	add_vfs(o, dev);
	for (unsigned int i = 0; i < dev->nnetifs; i++)
		json_object_array_add(netifs, new_netif(&dev->netifs[i]));
	add(o, "interfaces", netifs);
	return o;
}

int devices_print_json(FILE *out, const struct shown *shown)
{
	struct json_object *top = json_object_new_object(), *list = json_object_new_array();
	const char *text;

	for (unsigned int i = 0; i < shown->n; i++)
		json_object_array_add(list, new_device(shown->names, shown->dev[i]));
	add(top, "devices", list);
	text = json_object_to_json_string_ext(top, JSON_C_TO_STRING_PRETTY |
					      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text)
		fprintf(out, "%s\n", text);
	json_object_put(top);
	return text ? 0 : -ENOMEM;
}
