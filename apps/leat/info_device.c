// SPDX-License-Identifier: BSD-3-Clause
/*
 * info_device.c - the facts of a device: what is in struct leat_dev, what its configuration
 * space says, what the PCI bus adds for a device of the kernel's.
 */
#include "info.h"

#include "commands.h"

#include <leat/diag.h>
#include <leat/drivers.h>
#include <leat/driver/driver.h>
#include <leat/driver/pci.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FEATURES 11		/* VFIO_DEVICE_FEATURE numbers that Linux 6.12 knows: 0 to 10 */

/* A bit of flags and its name in a list. */
struct flag_name {
	uint32_t	flag;
	const char	*name;
};

static const struct flag_name region_flags[] = {
	{ LEAT_REGION_READ, "read" }, { LEAT_REGION_WRITE, "write" }, { LEAT_REGION_MMAP, "mmap" },
	{ LEAT_REGION_SPARSE, "sparse" }, { LEAT_REGION_MSIX_MAPPABLE, "msix-mappable" }, { 0, NULL },
};

static const struct flag_name irq_flags[] = {
	{ LEAT_IRQ_EVENTFD, "eventfd" }, { LEAT_IRQ_MASKABLE, "maskable" },
	{ LEAT_IRQ_AUTOMASKED, "automasked" }, { LEAT_IRQ_NORESIZE, "noresize" }, { 0, NULL },
};

static const struct flag_name offloads[] = {
	{ LEAT_CAP_RX_CSUM, "rx-csum" }, { LEAT_CAP_TX_CSUM, "tx-csum" },
	{ LEAT_CAP_TX_SEGS, "tx-segs" }, { LEAT_CAP_RX_SCATTER, "rx-scatter" },
	{ LEAT_CAP_LINK, "link" }, { LEAT_CAP_TX_TSO4, "tx-tso4" }, { LEAT_CAP_TX_TSO6, "tx-tso6" },
	{ LEAT_CAP_TX_SCTP_CSUM, "tx-sctp-csum" }, { LEAT_CAP_TX_USO, "tx-uso" },
	{ LEAT_CAP_RX_LRO, "rx-lro" }, { LEAT_CAP_RX_VLAN, "rx-vlan" },
	{ LEAT_CAP_TX_VLAN, "tx-vlan" }, { LEAT_CAP_RX_HASH, "rx-hash" },
	{ LEAT_CAP_FILTER, "filter" }, { LEAT_CAP_VLAN_FILTER, "vlan-filter" },
	{ LEAT_CAP_FLOW_CTRL, "flow-ctrl" }, { LEAT_CAP_LINK_SET, "link-set" }, { 0, NULL },
};

/* PCI 3.0 appendix H and the PCI Code and ID Assignment Specification; [id]. */
static const char *const cap_names[] = {
	[0x01] = "pm", [0x03] = "vpd", [0x05] = "msi", [0x07] = "pci-x", [0x09] = "vendor",
	[0x0d] = "ssvid", [0x10] = "express", [0x11] = "msi-x", [0x12] = "sata", [0x13] = "af",
	[0x14] = "ea", [0x15] = "fpb",
};

static const char *const ext_names[] = {
	[0x01] = "aer", [0x02] = "vc", [0x03] = "serial", [0x04] = "power-budget",
	[0x0b] = "vendor", [0x0d] = "acs", [0x0e] = "ari", [0x0f] = "ats", [0x10] = "sr-iov",
	[0x12] = "multicast", [0x13] = "pri", [0x15] = "resizable-bar", [0x17] = "tph",
	[0x18] = "ltr", [0x19] = "secondary-pcie", [0x1b] = "pasid", [0x1d] = "dpc",
	[0x1e] = "l1-pm", [0x1f] = "ptm", [0x23] = "dvsec", [0x25] = "data-link",
	[0x26] = "16gt", [0x27] = "margining",
};

/* ---- making JSON ---- */

static void add(struct json_object *to, const char *key, struct json_object *value)
{
	json_object_object_add(to, key, value);
}

static void add_text(struct json_object *to, const char *key, const char *text)
{
	add(to, key, text ? json_object_new_string(text) : NULL);
}

static void LEAT_PRINTF(3, 4) add_fmt(struct json_object *to, const char *key, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	add_text(to, key, text);
	free(text);
}

static void LEAT_PRINTF(2, 3) append_fmt(struct json_object *to, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text)
		json_object_array_add(to, json_object_new_string(text));
	free(text);
}

static struct json_object *names_of(const struct flag_name *names, uint32_t flags)
{
	struct json_object *list = json_object_new_array();

	for (; names->flag; names++)
		if (flags & names->flag)
			json_object_array_add(list, json_object_new_string(names->name));
	return list;
}

/* ---- what the PCI bus says of a device of the kernel's ---- */

static void add_resets(struct json_object *facts, const struct leat_pci_device *d)
{
	struct json_object *list = json_object_new_array();
	char text[sizeof(d->resets)], *rest = text, *word;

	memcpy(text, d->resets, sizeof(text));
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word)
			json_object_array_add(list, json_object_new_string(word));
	add(facts, "reset_methods", list);
}

/* The device itself stands among the others, by address. */
static void add_group(struct json_object *facts, const struct leat_pci_device *d)
{
	struct json_object *list = json_object_new_array();
	bool told = false;

	for (unsigned int i = 0; i < d->nmembers; i++) {
		if (!told && strcmp(d->address, d->members[i].address) < 0) {
			append_fmt(list, "%s", d->address);
			told = true;
		}
		append_fmt(list, "%s", d->members[i].address);
	}
	if (!told && d->group >= 0)
		append_fmt(list, "%s", d->address);
	add(facts, "group", d->group < 0 ? NULL : json_object_new_int(d->group));
	add(facts, "group_members", list);
}

/* ---- the facts, in the order they are shown ---- */

static void add_page_sizes(struct json_object *mode, uint64_t pgsizes)
{
	struct json_object *list = json_object_new_array();

	for (unsigned int bit = 0; bit < 64; bit++)
		if (pgsizes >> bit & 1)
			json_object_array_add(list, json_object_new_uint64(UINT64_C(1) << bit));
	add(mode, "page_sizes", list);
}

static void add_mode(struct json_object *facts, const struct leat_dev *dev)
{
	struct json_object *mode = json_object_new_object();
	const struct leat_aspace *as = dev->as;

	add_text(mode, "scheme", dev->ops->scheme);
	add_text(mode, "address", dev->addr);
	add_text(mode, "how", dev->how[0] ? dev->how : NULL);
	add(mode, "translated", json_object_new_boolean(dev->translated));
	add_page_sizes(mode, as ? as->pgsizes : 0);
	add(mode, "maps_left", !as || as->maps_left == UINT32_MAX ? NULL :
	    json_object_new_int64(as->maps_left));
	add(facts, "mode", mode);
}

static const char *driver_for(uint16_t vendor, uint16_t device)
{
	for (unsigned int i = 0; leat_drivers[i]; i++)
		for (const struct leat_pci_id *id = leat_drivers[i]->ids; id && id->vendor; id++)
			if ((id->vendor == LEAT_PCI_ANY || id->vendor == vendor) &&
			    (id->device == LEAT_PCI_ANY || id->device == device))
				return leat_drivers[i]->name;
	return NULL;
}

static const char *driver_of_scheme(const char *scheme)
{
	for (unsigned int i = 0; leat_drivers[i]; i++)
		if (leat_drivers[i]->scheme && !strcmp(leat_drivers[i]->scheme, scheme))
			return leat_drivers[i]->name;
	return NULL;
}

static void add_identity(struct json_object *facts, struct leat_dev *dev)
{
	uint16_t vendor = leat_pci_read16(dev, LEAT_PCI_VENDOR);
	uint16_t device = leat_pci_read16(dev, LEAT_PCI_DEVICE);
	uint32_t class = leat_pci_read32(dev, LEAT_PCI_REVISION);	/* revision is its low byte */

	add_fmt(facts, "id", "%04x:%04x", vendor, device);
	add_fmt(facts, "subsystem", "%04x:%04x", leat_pci_read16(dev, LEAT_PCI_SUBVENDOR),
		leat_pci_read16(dev, LEAT_PCI_SUBDEVICE));
	add_fmt(facts, "class", "%06" PRIx32, class >> 8);
	add_fmt(facts, "revision", "%02" PRIx32, class & 0xff);
	add_fmt(facts, "command", "0x%04x", leat_pci_read16(dev, LEAT_PCI_COMMAND));
	add_text(facts, "driver", driver_for(vendor, device));
}

static void append_region(struct json_object *list, unsigned int index, const struct leat_region *r)
{
	struct json_object *one = json_object_new_object();

	add(one, "index", json_object_new_int((int)index));
	add(one, "size", json_object_new_uint64(r->size));
	add(one, "flags", names_of(region_flags, r->flags));
	add(one, "mapped", json_object_new_uint64(r->mapped));
	if (r->type || r->subtype) {
		add_fmt(one, "type", "0x%" PRIx32, r->type);
		add_fmt(one, "subtype", "0x%" PRIx32, r->subtype);
	}
	json_object_array_add(list, one);
}

static void add_regions(struct json_object *facts, const struct leat_dev *dev)
{
	struct json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < LEAT_REGIONS; i++)
		if (dev->region[i].size)
			append_region(list, i, &dev->region[i]);
	for (unsigned int i = 0; i < dev->nmore; i++)
		append_region(list, LEAT_REGIONS + i, &dev->more[i]);
	add(facts, "region", list);
}

static void add_irqs(struct json_object *facts, const struct leat_dev *dev)
{
	static const char *const name[LEAT_IRQS] = { "intx", "msi", "msi-x", "err", "req" };
	struct json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < LEAT_IRQS; i++) {
		struct json_object *one = json_object_new_object();

		add_text(one, "kind", name[i]);
		add(one, "count", json_object_new_int64(dev->irqs[i]));
		add(one, "flags", names_of(irq_flags, dev->irqs[i] ? dev->irq_flags[i] : 0));
		json_object_array_add(list, one);
	}
	add(facts, "irq", list);
}

static bool has_feature(struct leat_dev *dev, unsigned int feature)
{
	return dev->ops->feature && !dev->ops->feature(dev, feature | LEAT_FEATURE_PROBE, NULL, 0);
}

static void add_features(struct json_object *facts, struct leat_dev *dev)
{
	struct json_object *list = json_object_new_array();

	for (unsigned int i = 0; i < FEATURES; i++)
		if (has_feature(dev, i))
			json_object_array_add(list, json_object_new_int((int)i));
	add(facts, "features", list);
	add(facts, "low_power", json_object_new_boolean(
		has_feature(dev, LEAT_FEATURE_LOW_POWER_ENTRY) &&
		has_feature(dev, LEAT_FEATURE_LOW_POWER_EXIT)));
}

static void append_cap(struct json_object *list, const char *const *names, size_t n,
		       unsigned int id, unsigned int off)
{
	if (id < n && names[id])
		append_fmt(list, "%s@0x%02x", names[id], off);
	else
		append_fmt(list, "0x%02x@0x%02x", id, off);
}

static void add_caps(struct json_object *facts, struct leat_dev *dev)
{
	struct json_object *caps = json_object_new_array(), *ext = json_object_new_array();

	for (unsigned int id = 1; id <= 0x1f; id++)
		for (uint8_t off = 0; (off = leat_pci_cap(dev, (uint8_t)id, off)) != 0;)
			append_cap(caps, cap_names, LEAT_ARRAY_LEN(cap_names), id, off);
	for (unsigned int id = 1; dev->region[LEAT_REGION_CONFIG].size > 256 && id <= 0x3f; id++)
		for (uint16_t off = 0; (off = leat_pci_ext_cap(dev, (uint16_t)id, off)) != 0;)
			append_cap(ext, ext_names, LEAT_ARRAY_LEN(ext_names), id, off);
	add(facts, "capabilities", caps);
	add(facts, "extended_capabilities", ext);
}

static void add_memory(struct json_object *facts, const struct leat_aspace *as)
{
	struct json_object *list = json_object_new_array();

	add(facts, "page_size", json_object_new_uint64(as && as->page_size ? as->page_size : 4096));
	for (unsigned int i = 0; as && i < as->nranges; i++)
		append_fmt(list, "0x%" PRIx64 "-0x%" PRIx64, as->ranges[i].first,
			   as->ranges[i].last);
	add(facts, "iova", list);
}

static void add_place(struct json_object *facts, const struct leat_dev *dev)
{
	const struct leat_pci_device *d;
	struct leat_devices all = { NULL, 0 };

	if (!leat_devices_scan(dev->ctx, LEAT_DEVICES_ALL, &all)) {
		d = command_find(&all, dev->addr);
		if (d) {
			add_resets(facts, d);
			add_group(facts, d);
		}
		leat_devices_free(&all);
	}
	add(facts, "node", dev->node < 0 ? NULL : json_object_new_int(dev->node));
}

struct json_object *info_device(struct leat_dev *dev)
{
	struct json_object *facts = json_object_new_object();

	if (!facts)
		return NULL;
	add_mode(facts, dev);
	if (!leat_dev_region(dev, LEAT_REGION_CONFIG)) {	/* no PCI device: that is all there is */
		add_text(facts, "driver", driver_of_scheme(dev->ops->scheme));
		info_vhost(facts, dev);
		add_memory(facts, dev->as);
		return facts;
	}
	add_identity(facts, dev);
	add(facts, "can_reset", json_object_new_boolean(dev->can_reset));
	add_place(facts, dev);
	add_regions(facts, dev);
	add_irqs(facts, dev);
	add_features(facts, dev);
	add_caps(facts, dev);
	add_memory(facts, dev->as);
	return facts;
}

/* ---- what the driver adds ---- */

void info_port(struct json_object *facts, struct leat_port *port)
{
	struct json_object *one = json_object_new_object();
	struct leat_caps caps;
	struct leat_link link;
	char firmware[32];
	uint8_t mac[6];

	leat_port_caps(port, &caps);
	leat_port_link(port, &link);
	leat_port_mac(port, mac);
	add_text(one, "driver", leat_port_driver(port));
	add_fmt(one, "mac", "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		mac[4], mac[5]);
	if (!leat_port_firmware(port, firmware, sizeof(firmware)))
		add_text(one, "firmware", firmware);
	add_text(one, "link", link.up ? "up" : "down");
	add(one, "speed", link.speed ? json_object_new_int64(link.speed) : NULL);
	add(one, "mtu", json_object_new_int(leat_port_mtu(port)));
	add(one, "max_mtu", json_object_new_int(caps.max_mtu));
	add(one, "max_rxqs", json_object_new_int(caps.max_rxqs));
	add(one, "max_txqs", json_object_new_int(caps.max_txqs));
	add(one, "offloads", names_of(offloads, caps.flags));
	add_text(one, "data_path", leat_port_info(port));
	add(facts, "port", one);
}
