// SPDX-License-Identifier: BSD-3-Clause
/*
 * irqs.c - which kind of interrupt, how many vectors, and who gets which.
 *
 * MSI-X has a vector for everybody. MSI is used with one message: a device may
 * be granted fewer than it asks for, and only finds out when it is too late to
 * choose. INTx is one line, a level: it stays until the driver has the device
 * take it back, so it is masked when it fires (by the kernel, or whoever plays
 * it) and unmasked by leat_pci_irqs_rearm().
 *
 * A device that is no PCI device has none of these: its driver gives the descriptors
 * to whoever signals them, and here they are only chosen and made.
 */
#include <leat/driver/irqs.h>

#include <leat/bits.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MSI_CONTROL	2		/* offset in the capability; PCI 3.0, 6.8.1.3 */
#define MSI_ENABLE	0x0001

/* By kind, the best first. */
static const struct kind {
	unsigned int	index;		/* of leat_dev.irqs */
	unsigned int	most;		/* vectors used */
	const char	*name;
} kinds[] = {
	[LEAT_INTR_AUTO] = { 0, 0, "any interrupts" },
	[LEAT_INTR_MSIX] = { LEAT_IRQ_MSIX, LEAT_PCI_VECTORS_MAX, "MSI-X" },
	[LEAT_INTR_MSI] = { LEAT_IRQ_MSI, 1, "MSI" },
	[LEAT_INTR_INTX] = { LEAT_IRQ_INTX, 1, "INTx" },
	[LEAT_INTR_EVENT] = { 0, LEAT_PCI_VECTORS_MAX, "eventfds" },
	[LEAT_INTR_NONE] = { 0, 0, "no interrupts" },
};

const char *leat_pci_irqs_name(enum leat_intr kind)
{
	return kinds[kind].name;
}

/* ---- choosing ---- */

static unsigned int vectors(struct leat_dev *dev, enum leat_intr kind)
{
	bool pci = leat_dev_region(dev, LEAT_REGION_CONFIG);
	unsigned int have;

	if ((kind == LEAT_INTR_EVENT) == pci)
		return 0;
	if (!pci)
		return kinds[kind].most;
	have = LEAT_MIN(dev->irqs[kinds[kind].index], kinds[kind].most);
	return kind == LEAT_INTR_MSIX ? LEAT_MIN(have, leat_pci_msix_vectors(dev)) : have;
}

static void list(char *text, size_t size, enum leat_intr kind)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s%s", len ? ", " : "", kinds[kind].name);
}

static int refuse(struct leat_dev *dev, enum leat_intr asked, unsigned int can)
{
	char has[64] = "", takes[64] = "";

	for (enum leat_intr kind = LEAT_INTR_MSIX; kind < LEAT_INTR_NONE; kind++) {
		if (vectors(dev, kind))
			list(has, sizeof(has), kind);
		if (can & LEAT_PCI_CAN(kind))
			list(takes, sizeof(takes), kind);
	}
	return leat_fail(dev->ctx, -ENOTSUP,
			 "%s: interrupts: %s asked for; the device has %s, the driver can use %s: "
			 "ask for one that both have, or leave intr at LEAT_INTR_AUTO", dev->addr,
			 kinds[asked].name, *has ? has : "none", *takes ? takes : "none");
}

static int choose(struct leat_pci_irqs *irqs, enum leat_intr asked, unsigned int can)
{
	irqs->kind = LEAT_INTR_NONE;
	for (enum leat_intr kind = LEAT_INTR_MSIX; kind < LEAT_INTR_NONE; kind++) {
		unsigned int have = vectors(irqs->dev, kind);

		if ((asked != LEAT_INTR_AUTO && asked != kind) || !have ||
		    !(can & LEAT_PCI_CAN(kind)))
			continue;
		irqs->kind = kind;
		irqs->config = have > irqs->nqueues;
		irqs->nvectors = LEAT_MIN(have, irqs->nqueues + irqs->config);
		return 0;
	}
	return asked == LEAT_INTR_AUTO || asked == LEAT_INTR_NONE ? 0 : refuse(irqs->dev, asked, can);
}

/* ---- descriptors ---- */

static void close_fds(struct leat_pci_irqs *irqs)
{
	for (unsigned int i = 0; i < irqs->nqueues; i++)
		leat_eventfd_close(irqs->tap[i]);
	for (unsigned int i = 0; i < irqs->nvectors; i++)
		leat_eventfd_close(irqs->event[i]);
}

static int open_fds(struct leat_pci_irqs *irqs)
{
	int err = 0;

	for (unsigned int i = 0; i < irqs->nvectors; i++)
		irqs->event[i] = -1;
	for (unsigned int i = 0; i < irqs->nqueues; i++)
		irqs->tap[i] = -1;
	for (unsigned int i = 0; i < irqs->nvectors && err >= 0; i++)
		err = irqs->event[i] = leat_eventfd_open();
	for (unsigned int i = 0; i < irqs->nqueues && err >= 0; i++)
		if (irqs->nvectors && irqs->nvectors - irqs->config < irqs->nqueues)
			err = irqs->tap[i] = leat_eventfd_tap(leat_pci_irqs_event(irqs, i));
	if (err >= 0)
		return 0;
	close_fds(irqs);
	return err;
}

int leat_pci_irqs_open(struct leat_pci_irqs *irqs, struct leat_dev *dev, enum leat_intr asked,
		       unsigned int can, unsigned int nqueues)
{
	int err;

	*irqs = (struct leat_pci_irqs){ .dev = dev, .nqueues = nqueues };
	err = choose(irqs, asked, can);
	if (err)
		goto nothing;
	err = open_fds(irqs);
	if (!err)
		return 0;
	leat_fail(dev->ctx, err, "%s: interrupts: no descriptors for %u vectors (see ulimit -n)",
		  dev->addr, irqs->nvectors);
nothing:
	*irqs = (struct leat_pci_irqs){ .kind = LEAT_INTR_NONE };
	return err;
}

void leat_pci_irqs_close(struct leat_pci_irqs *irqs)
{
	leat_pci_irqs_off(irqs);
	close_fds(irqs);
	*irqs = (struct leat_pci_irqs){ .kind = LEAT_INTR_NONE };
}

void leat_pci_irqs_forget(struct leat_pci_irqs *irqs)
{
	close_fds(irqs);
	*irqs = (struct leat_pci_irqs){ .kind = LEAT_INTR_NONE };
}

/* ---- on and off ---- */

static int bind(struct leat_pci_irqs *irqs, unsigned int index)
{
	return irqs->dev->ops->irq_set(irqs->dev, index, LEAT_IRQ_TRIGGER, 0, irqs->nvectors,
				       irqs->event);
}

static void unbind(struct leat_pci_irqs *irqs, unsigned int index)
{
	(void)irqs->dev->ops->irq_set(irqs->dev, index, LEAT_IRQ_TRIGGER, 0, 0, NULL);
}

static int msi_enable(struct leat_dev *dev, bool on)
{
	uint8_t cap = leat_pci_cap(dev, LEAT_PCI_CAP_MSI, 0);
	uint16_t off = (uint16_t)(cap + MSI_CONTROL);
	uint16_t control;

	if (dev->owns_msix)
		return 0;
	if (!cap)
		return -ENOTSUP;
	control = leat_pci_read16(dev, off);
	return leat_pci_write16(dev, off, (uint16_t)(on ? control | MSI_ENABLE :
						     control & ~MSI_ENABLE));
}

static int msi_on(struct leat_pci_irqs *irqs)
{
	int err = bind(irqs, LEAT_IRQ_MSI);

	if (err)
		return err;
	err = msi_enable(irqs->dev, true);
	if (err)
		unbind(irqs, LEAT_IRQ_MSI);
	return err;
}

/* Some driver before us may have forbidden the device to pull its line. */
static int intx_on(struct leat_pci_irqs *irqs)
{
	uint16_t cmd = leat_pci_read16(irqs->dev, LEAT_PCI_COMMAND);
	int err = bind(irqs, LEAT_IRQ_INTX);

	if (err || !(cmd & LEAT_PCI_COMMAND_INTX_OFF))
		return err;
	err = leat_pci_write16(irqs->dev, LEAT_PCI_COMMAND,
			       (uint16_t)(cmd & ~LEAT_PCI_COMMAND_INTX_OFF));
	if (err)
		unbind(irqs, LEAT_IRQ_INTX);
	return err;
}

int leat_pci_irqs_on(struct leat_pci_irqs *irqs)
{
	int err = 0;

	if (irqs->on || irqs->kind == LEAT_INTR_NONE)
		return 0;
	if (irqs->kind == LEAT_INTR_MSIX)
		err = leat_pci_msix_bind(irqs->dev, 0, irqs->nvectors, irqs->event);
	else if (irqs->kind == LEAT_INTR_MSI)
		err = msi_on(irqs);
	else if (irqs->kind == LEAT_INTR_INTX)
		err = intx_on(irqs);
	irqs->on = !err;
	return err;
}

void leat_pci_irqs_off(struct leat_pci_irqs *irqs)
{
	if (!irqs->on)
		return;
	irqs->on = false;
	if (irqs->kind == LEAT_INTR_MSIX) {
		leat_pci_msix_off(irqs->dev);
	} else if (irqs->kind != LEAT_INTR_EVENT && !leat_load_relaxed(&irqs->dev->dead)) {
		if (irqs->kind == LEAT_INTR_MSI)
			(void)msi_enable(irqs->dev, false);
		unbind(irqs, kinds[irqs->kind].index);
	}
}

int leat_pci_irqs_rearm(struct leat_pci_irqs *irqs)
{
	struct leat_dev *dev = irqs->dev;

	if (irqs->kind != LEAT_INTR_INTX || !(dev->irq_flags[LEAT_IRQ_INTX] & LEAT_IRQ_AUTOMASKED))
		return 0;
	return dev->ops->irq_set(dev, LEAT_IRQ_INTX, LEAT_IRQ_UNMASK, 0, 1, NULL);
}
