// SPDX-License-Identifier: BSD-3-Clause
/*
 * irq.c - probe-irq ADDRESS KIND: interrupts, by loopback and by hardware.
 *
 * The Intel 82574 (e1000e) can be told to interrupt: writing ICS raises causes as events of
 * its own would (datasheet 10.2.4). So here the whole way is looked at, from the chip through
 * the IOMMU and the kernel to the eventfd, without any driver. Of other kinds only what they
 * lack is looked at: each impossible thing must be refused in words.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <leat/driver/dev.h>
#include <leat/driver/pci.h>

#include "check.h"

/* 82574, 10.2 */
#define ICR	0x00c0
#define ICS	0x00c8
#define IMS	0x00d0
#define IMC	0x00d8
#define IVAR	0x00e4
#define CAUSE_LSC	0x4u
/* Each of these has a field in IVAR that names its vector; here cause i goes to vector i. */
#define CAUSE(i)	(UINT32_C(1) << (20 + (i)))
#define IVAR_ONE_EACH	0x000cba98u
#define VECTORS		5u

#define COMES_MS	5000	/* what must come: only a broken machine takes so long */
#define STAYS_MS	50	/* what must not: looked for so long */
#define REPEATS		10

struct rig {
	struct leat_dev	*dev;
	struct leat_mmio regs;
	struct ear	*ear;
	unsigned int	events[LEAT_EVENT_GONE + 1];
};

static struct rig rig;

/* Signals on @fd since the last look. */
static uint64_t signals(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t n = 0;

	if (poll(&p, 1, ms) == 1 && read(fd, &n, sizeof(n)) != sizeof(n))
		return 0;
	return n;
}

static void comes(int fd, const char *what)
{
	check_num(signals(fd, COMES_MS), 1, "%s", what);
}

/*
 * An MSI of QEMU's e1000e comes once more when its throttling timer runs out (EITR cannot be 0
 * there), and so may every one that is due then: they are waited for and taken away.
 */
static void comes_edge(int fd, const char *what, unsigned int vector)
{
	uint64_t n = signals(fd, COMES_MS);

	for (unsigned int i = 0; i < REPEATS && signals(fd, STAYS_MS); i++)
		n++;
	check(n >= 1 && n < REPEATS, "%s (vector %u)", what, vector);
}

static void stays(int fd, const char *what)
{
	check_num(signals(fd, STAYS_MS), 0, "%s", what);
}

static int irq(unsigned int index, enum leat_irq_action action, unsigned int start,
	       unsigned int count, const int *fds)
{
	ear_clear(rig.ear);
	return rig.dev->ops->irq_set(rig.dev, index, action, start, count, fds);
}

static void refused(int err, const char *what)
{
	check(err == -EINVAL || err == -ENOTSUP, "refused: %s (%d)", what, err);
	check_num(rig.ear->errors, 1, "refused in one sentence: %s: %s", what, rig.ear->error);
}

static void raise_cause(uint32_t causes)
{
	leat_mmio_write32(&rig.regs, ICS, causes);
	leat_mmio_read32(&rig.regs, ICS);
}

/* Reading clears the causes and lets the line go. */
static void settle(void)
{
	leat_mmio_write32(&rig.regs, IMC, UINT32_MAX);
	leat_mmio_write32(&rig.regs, ICR, UINT32_MAX);
	leat_mmio_read32(&rig.regs, ICR);
}

static void try_intx(void)
{
	int fd = leat_eventfd_open(), again = leat_eventfd_open();

	check_err(irq(LEAT_IRQ_INTX, LEAT_IRQ_TRIGGER, 0, 1, &fd), 0, "INTx is bound");
	check_err(irq(LEAT_IRQ_INTX, LEAT_IRQ_TRIGGER, 0, 1, NULL), 0, "INTx is fired");
	comes(fd, "INTx by loopback comes");

	settle();
	leat_mmio_write32(&rig.regs, IMS, CAUSE_LSC);
	raise_cause(CAUSE_LSC);
	comes(fd, "INTx by hardware comes");
	raise_cause(CAUSE_LSC);
	stays(fd, "INTx is masked once it came");
	check_err(irq(LEAT_IRQ_INTX, LEAT_IRQ_UNMASK, 0, 1, NULL), 0, "INTx is unmasked");
	comes(fd, "INTx still asserted comes when unmasked");

	check_err(irq(LEAT_IRQ_INTX, LEAT_IRQ_UNMASK, 0, 1, &again), 0, "a resampler is bound");
	stays(fd, "INTx waits for the resampler");
	check(!eventfd_write(again, 1), "the resampler is signalled");
	comes(fd, "INTx still asserted comes by resampling");
	settle();
	eventfd_write(again, 1);
	stays(fd, "INTx that was let go does not come by resampling");

	check_err(irq(LEAT_IRQ_INTX, LEAT_IRQ_MASK, 0, 1, NULL), 0, "INTx is masked");
	leat_mmio_write32(&rig.regs, IMS, CAUSE_LSC);
	raise_cause(CAUSE_LSC);
	stays(fd, "INTx that is masked does not come");
	check_err(irq(LEAT_IRQ_INTX, LEAT_IRQ_UNMASK, 0, 1, NULL), 0, "INTx is unmasked again");
	comes(fd, "INTx comes after all");

	settle();
	check_err(irq(LEAT_IRQ_INTX, LEAT_IRQ_TRIGGER, 0, 0, NULL), 0, "INTx is off");
	leat_eventfd_close(fd);
	leat_eventfd_close(again);
}

static void try_msi(void)
{
	int fd = leat_eventfd_open();

	check_err(irq(LEAT_IRQ_MSI, LEAT_IRQ_TRIGGER, 0, 1, &fd), 0, "MSI is bound");
	check_err(irq(LEAT_IRQ_MSI, LEAT_IRQ_TRIGGER, 0, 1, NULL), 0, "MSI is fired");
	comes(fd, "MSI by loopback comes");

	settle();
	leat_mmio_write32(&rig.regs, IMS, CAUSE_LSC);
	raise_cause(CAUSE_LSC);
	comes_edge(fd, "MSI by hardware comes", 0);
	settle();

	refused(irq(LEAT_IRQ_MSI, LEAT_IRQ_MASK, 0, 1, NULL), "masking MSI");
	check_err(irq(LEAT_IRQ_MSI, LEAT_IRQ_TRIGGER, 0, 0, NULL), 0, "MSI is off");
	leat_eventfd_close(fd);
}

static void fires(unsigned int vector, const int *fds, const char *when)
{
	raise_cause(CAUSE(vector));
	comes_edge(fds[vector], when, vector);
	leat_mmio_write32(&rig.regs, ICR, UINT32_MAX);
}

static void try_msix(void)
{
	const int none = -1;
	int fds[VECTORS + 1];

	for (unsigned int i = 0; i <= VECTORS; i++)
		fds[i] = leat_eventfd_open();
	settle();
	leat_mmio_write32(&rig.regs, IVAR, IVAR_ONE_EACH);
	leat_mmio_write32(&rig.regs, IMS, CAUSE(0) | CAUSE(1) | CAUSE(2) | CAUSE(3) | CAUSE(4));

	refused(irq(LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 0, VECTORS + 1, fds), "a vector too many");
	check_err(irq(LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 0, 2, fds), 0, "MSI-X vectors 0, 1 are bound");
	check_err(irq(LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 1, 1, NULL), 0, "vector 1 is fired");
	comes_edge(fds[1], "MSI-X by loopback comes", 1);
	fires(0, fds, "MSI-X by hardware comes on one of two vectors");
	fires(1, fds, "MSI-X by hardware comes on one of two vectors");

	check_err(irq(LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 4, 1, &fds[4]), 0, "vector 4 is added");
	fires(4, fds, "an added vector comes");
	fires(0, fds, "MSI-X comes beside an added vector");
	fires(1, fds, "MSI-X comes beside an added vector");

	check_err(irq(LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 1, 1, &none), 0, "vector 1 is removed");
	raise_cause(CAUSE(1));
	stays(fds[1], "vector 1 does not come once removed");
	leat_mmio_write32(&rig.regs, ICR, UINT32_MAX);
	fires(0, fds, "MSI-X comes beside a removed vector");
	fires(4, fds, "MSI-X comes beside a removed vector");

	refused(irq(LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, VECTORS, 1, fds), "a vector behind the last");
	refused(irq(LEAT_IRQ_MSIX, LEAT_IRQ_MASK, 0, 1, NULL), "masking MSI-X");
	refused(irq(LEAT_IRQ_MSIX, LEAT_IRQ_UNMASK, 0, 1, NULL), "unmasking MSI-X");
	fires(0, fds, "MSI-X comes after what was refused");

	/* There is one kind at a time. */
	settle();
	check_err(irq(LEAT_IRQ_INTX, LEAT_IRQ_TRIGGER, 0, 1, &fds[5]), 0, "INTx takes MSI-X's place");
	leat_mmio_write32(&rig.regs, IMS, CAUSE(0));
	raise_cause(CAUSE(0));
	comes(fds[5], "INTx comes in MSI-X's place");
	stays(fds[0], "MSI-X does not");
	settle();
	check_err(irq(LEAT_IRQ_INTX, LEAT_IRQ_TRIGGER, 0, 0, NULL), 0, "INTx is off again");
	for (unsigned int i = 0; i <= VECTORS; i++)
		leat_eventfd_close(fds[i]);
}

static void on_event(struct leat_dev *dev, enum leat_event event)
{
	(void)dev;
	rig.events[event]++;
}

/* ERR and REQ are the bus's own: it listens, and tells the device's user. */
static void try_event(unsigned int index, enum leat_event event, const char *what)
{
	uint64_t end = leat_now_ns() + COMES_MS * UINT64_C(1000000);

	memset(rig.events, 0, sizeof(rig.events));
	check_err(irq(index, LEAT_IRQ_TRIGGER, 0, 1, NULL), 0, "%s is fired", what);
	while (!rig.events[event] && leat_now_ns() < end)
		leat_ctx_poll(rig.dev->ctx);
	check_num(rig.events[event], 1, "%s by loopback comes as an event", what);
}

static void try_e1000e(void)
{
	need(leat_mmio_map(rig.dev, LEAT_REGION_BAR0, 0, 0x20000, &rig.regs), rig.ear->error,
	     "registers are there");
	settle();
	try_intx();
	leat_pci_bus_master(rig.dev, true);	/* an MSI is a write to memory */
	try_msi();
	try_msix();
	try_intx();
	leat_pci_bus_master(rig.dev, false);
	leat_mmio_unmap(&rig.regs);
	try_event(LEAT_IRQ_REQ, LEAT_EVENT_REMOVAL, "REQ");
	try_event(LEAT_IRQ_ERR, LEAT_EVENT_ERROR, "ERR");
}

/* What the hardware has none of. */
static void try_lacking(const char *name, unsigned int index)
{
	int fd = leat_eventfd_open();

	check_num(rig.dev->irqs[index], 0, "%s: there is none", name);
	refused(irq(index, LEAT_IRQ_TRIGGER, 0, 1, &fd), name);
	leat_eventfd_close(fd);
}

int main(int argc, char **argv)
{
	struct ear ear = { .loud = false };
	struct leat_ctx *ctx;

	if (argc != 3) {
		fprintf(stderr, "usage: probe-irq SCHEME:BDF e1000e|igbvf|e1000\n");
		return 2;
	}
	ctx = open_ctx(&ear, 0, false);
	rig.ear = &ear;
	need(leat_dev_open(ctx, argv[1], &rig.dev), ear.error, "%s opens", argv[2]);
	rig.dev->event = on_event;

	if (!strcmp(argv[2], "e1000e"))
		try_e1000e();
	if (!strcmp(argv[2], "igbvf")) {
		try_lacking("INTx on a VF", LEAT_IRQ_INTX);
		try_lacking("MSI on a VF", LEAT_IRQ_MSI);
	}
	if (!strcmp(argv[2], "e1000")) {
		try_lacking("MSI on a conventional device", LEAT_IRQ_MSI);
		try_lacking("MSI-X on a conventional device", LEAT_IRQ_MSIX);
		try_lacking("ERR on a conventional device", LEAT_IRQ_ERR);
		try_event(LEAT_IRQ_REQ, LEAT_EVENT_REMOVAL, "REQ");
	}
	leat_dev_close(rig.dev);
	leat_ctx_close(ctx);
	return check_end();
}
