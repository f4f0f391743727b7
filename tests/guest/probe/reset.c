// SPDX-License-Identifier: BSD-3-Clause
/*
 * reset.c - probe-reset A B LONE: two e1000 behind one bridge can be reset together, though
 * neither can alone; one that sits on the root bus cannot be reset by anybody.
 *
 * A register tells whether a device was reset: its first receive address.
 */
#include <errno.h>
#include <stdio.h>

#include <leat/driver/dev.h>
#include <leat/driver/pci.h>

#include "check.h"

#define RAL0  0x5400
#define STALE 0x12345678u

struct nic {
	struct leat_dev	*dev;
	struct leat_mmio regs;
	uint32_t	fresh;
};

static struct ear ear;

static unsigned int errors_told;

static void on_event(struct leat_dev *dev, enum leat_event event)
{
	(void)dev;
	errors_told += event == LEAT_EVENT_ERROR;
}

static void nic_open(struct nic *nic, struct leat_ctx *ctx, const char *addr)
{
	need(leat_dev_open(ctx, addr, &nic->dev), ear.error, "%s opens", addr);
	need(leat_mmio_map(nic->dev, LEAT_REGION_BAR0, 0, 0x20000, &nic->regs), ear.error,
	     "%s: registers", addr);
	nic->fresh = leat_mmio_read32(&nic->regs, RAL0);
	leat_mmio_write32(&nic->regs, RAL0, STALE);
	check_num(leat_mmio_read32(&nic->regs, RAL0), STALE, "%s: keeps what is written", addr);
}

static void nic_close(struct nic *nic)
{
	leat_mmio_unmap(&nic->regs);
	leat_dev_close(nic->dev);
}

static void check_fresh(struct nic *nic, const char *what)
{
	uint32_t now = leat_mmio_read32(&nic->regs, RAL0);

	check(now != STALE && now != UINT32_MAX, "%s is as new (%#x)", what, now);
	check(leat_pci_read16(nic->dev, LEAT_PCI_COMMAND) & LEAT_PCI_COMMAND_MEM,
	      "%s still decodes memory", what);
}

int main(int argc, char **argv)
{
	struct nic a, b, lone;
	struct leat_ctx *ctx;

	if (argc != 4) {
		fprintf(stderr, "usage: probe-reset SCHEME:BDF SCHEME:BDF SCHEME:BDF\n");
		return 2;
	}
	ctx = open_ctx(&ear, 0, false);
	nic_open(&a, ctx, argv[1]);
	nic_open(&b, ctx, argv[2]);
	a.dev->event = on_event;
	b.dev->event = on_event;
	check(a.dev->as == b.dev->as, "devices of one group have one domain");
	check_err(leat_dev_hot_reset(a.dev), 0, "both are reset");
	check_num(errors_told, 1, "the one that was not asked is told");
	check_fresh(&a, "the first");
	check_fresh(&b, "the second");
	nic_close(&a);
	nic_close(&b);

	nic_open(&lone, ctx, argv[3]);
	ear_clear(&ear);
	check_err(leat_dev_hot_reset(lone.dev), -ENOTSUP, "a lone one cannot be reset so");
	check_says(ear.error, argv[3], "and that is said: %s", ear.error);
	nic_close(&lone);
	leat_ctx_close(ctx);
	return check_end();
}
