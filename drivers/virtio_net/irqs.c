// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio_net/irqs.c - interrupts (virtio 1.2, 4.1.5.1.2, 4.1.5.3, 4.1.5.4).
 *
 * With MSI-X the device is told a vector for each receive queue and for changes of
 * configuration, and says whether it took it. Without, it pulls its one line and
 * says why in the ISR status; reading that takes the line back. Virtio knows no MSI.
 * A transport that is no PCI device signals eventfds: they count as vectors, too.
 * Queues are born with NO_INTERRUPT set (split.c), so none of this costs anything
 * while a queue is polled.
 */
#include "virtio_net.h"

#include <errno.h>

int leat_virtio_irqs_open(struct virtio_net *net)
{
	const struct leat_port_config *cfg = &net->port.cfg;
	unsigned int can = LEAT_PCI_CAN(LEAT_INTR_EVENT);

	if (!net->vd->legacy)
		can |= LEAT_PCI_CAN(LEAT_INTR_MSIX);
	if (net->pci.isr.dev || net->vd->legacy)
		can |= LEAT_PCI_CAN(LEAT_INTR_INTX);
	leat_pci_irqs_close(&net->irqs);
	return leat_pci_irqs_open(&net->irqs, net->port.dev, cfg->intr, can, cfg->rxqs);
}

void leat_virtio_irqs_close(struct virtio_net *net)
{
	leat_pci_irqs_close(&net->irqs);
}

/* A vector of its own, if the device has room for it: otherwise the clock asks for looks. */
static void virtio_net_config_irq(struct virtio_net *net)
{
	net->config_fd = -1;
	if (net->irqs.on && net->irqs.config && net->vd->ops->config_vector(net->vd, 0) == 0)
		net->config_fd = net->irqs.event[0];
}

int leat_virtio_irqs_on(struct virtio_net *net)
{
	int err = leat_pci_irqs_on(&net->irqs);

	net->vd->events = net->irqs.event;
	if (err == -ENOTSUP && net->port.cfg.intr == LEAT_INTR_AUTO)
		err = 0;		/* nothing can signal us: poll */
	if (!err)
		virtio_net_config_irq(net);
	return err;
}

void leat_virtio_irqs_off(struct virtio_net *net)
{
	leat_pci_irqs_off(&net->irqs);
}

uint16_t leat_virtio_rxq_vector(const struct virtio_net *net, unsigned int id)
{
	if (!net->irqs.on || net->irqs.kind == LEAT_INTR_INTX)
		return LEAT_VIRTIO_NO_VECTOR;
	return (uint16_t)leat_pci_irqs_vector(&net->irqs, id);
}

/* Whoever shares the line reads its status, too: all of them are woken by it. */
int leat_virtio_rxq_arm(struct leat_rxq *q)
{
	struct virtio_net *net = virtio_net_of(q->port);
	int err;

	if (!net->irqs.on)
		return -ENOTSUP;
	if (net->irqs.kind == LEAT_INTR_INTX) {
		(void)net->vd->ops->isr(net->vd);
		err = leat_pci_irqs_rearm(&net->irqs);
		if (err)
			return err;
	}
	return net->rings->rxq_arm(q);
}
