// SPDX-License-Identifier: BSD-3-Clause
/*
 * probe.c - from an address to a port: open the device, find its driver among
 * those that the application named, attach.
 */
#include <leat/driver/dev.h>
#include <leat/driver/driver.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool is_listed(const struct leat_pci_id *ids, uint16_t vendor, uint16_t device)
{
	for (; ids && ids->vendor; ids++)
		if ((ids->vendor == LEAT_PCI_ANY || ids->vendor == vendor) &&
		    (ids->device == LEAT_PCI_ANY || ids->device == device))
			return true;
	return false;
}

static void list_names(const struct leat_driver *const *drivers, char *text, size_t len)
{
	size_t used = 0;

	snprintf(text, len, "none");
	for (; *drivers && used < len; drivers++)
		used += (size_t)snprintf(text + used, len - used, "%s%s", used ? ", " : "",
					 (*drivers)->name);
}

/* PCI devices are known by their ids, all others by the scheme of their address. */
struct key {
	bool		pci;
	uint16_t	vendor, device;
	const char	*scheme;
};

static struct key key_of(struct leat_dev *dev)
{
	struct key key = { .pci = leat_dev_region(dev, LEAT_REGION_CONFIG),
			   .scheme = dev->ops->scheme };

	if (key.pci) {
		key.vendor = leat_pci_read16(dev, LEAT_PCI_VENDOR);
		key.device = leat_pci_read16(dev, LEAT_PCI_DEVICE);
	}
	return key;
}

static bool knows(const struct leat_driver *drv, const struct key *key)
{
	if (key->pci)
		return is_listed(drv->ids, key->vendor, key->device);
	return drv->scheme && !strcmp(drv->scheme, key->scheme);
}

static int fail_unknown(struct leat_dev *dev, const struct key *key, const char *names)
{
	char what[32];

	if (key->pci)
		snprintf(what, sizeof(what), "the device %04x:%04x", key->vendor, key->device);
	else
		snprintf(what, sizeof(what), "%s: devices", key->scheme);
	return leat_fail(dev->ctx, -ENOTSUP, "%s: no driver for %s; drivers named when the context was "
			 "opened: %s", dev->addr, what, names);
}

static int find_driver(struct leat_ctx *ctx, struct leat_dev *dev, const struct leat_driver **out)
{
	const struct leat_driver *const *drivers = leat_ctx_drivers(ctx);
	const struct key key = key_of(dev);
	char names[128];

	for (unsigned int i = 0; drivers[i]; i++) {
		if (knows(drivers[i], &key)) {
			*out = drivers[i];
			return 0;
		}
	}
	list_names(drivers, names, sizeof(names));
	return fail_unknown(dev, &key, names);
}

static void on_event(struct leat_dev *dev, enum leat_event event)
{
	leat_port_notify(dev->owner, event);
}

/* Events go to the port; one that came before there was a port is not lost. */
static void tie(struct leat_dev *dev, struct leat_port *port)
{
	dev->owner = port;
	dev->event = on_event;
	if (leat_load_relaxed(&dev->dead) && !leat_port_gone(port))
		leat_port_notify(port, LEAT_EVENT_GONE);
}

static void step(struct leat_dev *dev)
{
	dev->step(dev);
}

static struct leat_aspace *aspace(struct leat_dev *dev)
{
	return dev->as;
}

static int node(struct leat_dev *dev)
{
	return dev->node;
}

static const struct leat_dev_end dev_end = {
	.close = leat_dev_close,
	.step = step,
	.sigbus = leat_dev_sigbus,
	.forget = leat_dev_forget,
	.aspace = aspace,
	.node = node,
	.sleep = leat_dev_sleep,
	.wake = leat_dev_wake,
};

int leat_port_open(struct leat_ctx *ctx, const char *addr, const struct leat_port_config *cfg,
		   struct leat_port **out)
{
	const struct leat_driver *drv = NULL;
	struct leat_port *port;
	struct leat_dev *dev;
	int err = leat_dev_open(ctx, addr, &dev);

	if (err)
		return err;
	err = find_driver(ctx, dev, &drv);
	if (err) {
		leat_dev_close(dev);
		return err;
	}
	err = leat_port_attach(ctx, drv, dev, addr, &dev_end, dev->step != NULL, cfg, &port);
	if (err)
		return err;
	tie(dev, port);
	*out = port;
	return 0;
}
