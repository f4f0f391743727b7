// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver/irqs.h - the interrupts of a PCI device as a NIC driver wants them: a
 * vector for each receive queue and one for changes of configuration. For driver
 * authors: may change in any minor release.
 *
 * Chooses between MSI-X, MSI and INTx as the application asked and the device
 * can. With fewer vectors than wanted the configuration goes without (look at
 * the device from time to time), then queues share, each with a tap.
 *
 * Control thread but where said otherwise.
 */
#ifndef LEAT_DRIVER_IRQS_H
#define LEAT_DRIVER_IRQS_H

#include <stdbool.h>

#include <leat/compiler.h>
#include <leat/driver/dev.h>
#include <leat/port.h>

LEAT_BEGIN_DECLS

#define LEAT_PCI_VECTORS_MAX (LEAT_PORT_QUEUES_MAX + 1)

/* For @can: what a driver knows to use. */
#define LEAT_PCI_CAN(kind) (1u << (kind))

struct leat_pci_irqs {
	struct leat_dev	*dev;
	enum leat_intr	kind;		/* what was chosen; LEAT_INTR_NONE: nothing signals */
	bool		config;		/* vector 0 is for changes of configuration */
	bool		on;
	unsigned int	nqueues, nvectors;
	int		event[LEAT_PCI_VECTORS_MAX];	/* eventfds by vector */
	int		tap[LEAT_PORT_QUEUES_MAX];	/* by queue, where several share a vector */
};

/*
 * leat_pci_irqs_open - choose, and make the descriptors, for @nqueues queues.
 * @can holds LEAT_PCI_CAN() bits. LEAT_INTR_AUTO takes the best there is, none at
 * worst; a kind asked for by name that cannot be is -ENOTSUP, logged, with what
 * there is. The device is not touched.
 */
LEAT_API int leat_pci_irqs_open(struct leat_pci_irqs *irqs, struct leat_dev *dev,
				enum leat_intr asked, unsigned int can, unsigned int nqueues);

/* Turns them off and closes the descriptors. Fine for one closed or all zeros. */
LEAT_API void leat_pci_irqs_close(struct leat_pci_irqs *irqs);

/* In a forked child, instead of close: the child's copies of the descriptors, no more. */
LEAT_API void leat_pci_irqs_forget(struct leat_pci_irqs *irqs);

/*
 * leat_pci_irqs_on / leat_pci_irqs_off - bind the descriptors and enable the
 * interrupts in the device, and back. On is 0 also with LEAT_INTR_NONE;
 * -ENOTSUP if there is no way to signal us after all, or the backend's error.
 */
LEAT_API int leat_pci_irqs_on(struct leat_pci_irqs *irqs);
LEAT_API void leat_pci_irqs_off(struct leat_pci_irqs *irqs);

/*
 * leat_pci_irqs_rearm - INTx is masked when it fires: let it fire again, once the
 * driver has made the device take the line back. Nothing for the other kinds.
 * 0 or -errno, logged. Any thread.
 */
LEAT_API int leat_pci_irqs_rearm(struct leat_pci_irqs *irqs);

/* "MSI-X", "MSI", "INTx", "eventfds", or "no interrupts", for people. */
LEAT_API const char *leat_pci_irqs_name(enum leat_intr kind);

/* The vector of a queue. The configuration's is 0, if irqs->config. */
LEAT_INLINE unsigned int leat_pci_irqs_vector(const struct leat_pci_irqs *irqs, unsigned int queue)
{
	unsigned int first = irqs->config ? 1 : 0;

	return first + queue % (irqs->nvectors - first);
}

/* For leat_rxq.event and leat_rxq.fd; -1 without interrupts. */
LEAT_INLINE int leat_pci_irqs_event(const struct leat_pci_irqs *irqs, unsigned int queue)
{
	return irqs->nvectors ? irqs->event[leat_pci_irqs_vector(irqs, queue)] : -1;
}

LEAT_INLINE int leat_pci_irqs_fd(const struct leat_pci_irqs *irqs, unsigned int queue)
{
	int event = leat_pci_irqs_event(irqs, queue);

	return event >= 0 && irqs->tap[queue] >= 0 ? irqs->tap[queue] : event;
}

LEAT_END_DECLS

#endif
