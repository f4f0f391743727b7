// SPDX-License-Identifier: BSD-3-Clause
/*
 * power.c - probe-power ADDRESS: an e1000e goes to low power and comes back, by itself or
 * woken. Before it does its registers can be read, and after; its configuration always.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <leat/driver/dev.h>
#include <leat/driver/pci.h>

#include "check.h"

#define STATUS	 0x0008
#define ID_82574 0x10d38086u
#define COMES_MS 5000

static struct ear ear;

static void try_alone(struct leat_dev *dev, const struct leat_mmio *regs)
{
	check_err(leat_dev_sleep(dev, -1), 0, "enters low power");
	check(leat_dev_sleep(dev, -1) < 0, "and not twice");
	check_num(leat_mmio_read32(regs, STATUS), UINT32_MAX, "registers are out of reach");
	check_num(leat_pci_read32(dev, LEAT_PCI_VENDOR), UINT32_MAX, "so is configuration");
	check_err(leat_dev_wake(dev), 0, "leaves low power");
}

/* Somebody wishes that the device does not sleep; or does not mind any more. */
static void control(const char *bdf, const char *wish)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/control", bdf);
	check_err(write_text(path, wish), 0, "power/control: %s", wish);
}

/* A kernel without runtime power management lets it be wished for, and does nothing. */
static bool can_sleep(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/runtime_status", bdf);
	if (!access(path, R_OK))
		return true;
	puts("# this kernel has no runtime power management: no device sleeps, none is woken");
	return false;
}

/* The kernel puts a device to sleep later, by a worker; one that does not sleep yet is not woken. */
static bool asleep(const char *bdf)
{
	char path[128], status[32] = "";

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/runtime_status", bdf);
	for (int ms = 0; ms < COMES_MS && strcmp(status, "suspended"); ms++) {
		FILE *f = fopen(path, "r");

		if (!f || fscanf(f, "%31s", status) != 1)
			*status = '\0';
		if (f)
			fclose(f);
		poll(NULL, 0, 1);
	}
	return !strcmp(status, "suspended");
}

static void try_woken(struct leat_dev *dev, const char *bdf)
{
	int wakeup = leat_eventfd_open();
	struct pollfd p = { .fd = wakeup, .events = POLLIN };

	check_err(leat_dev_sleep(dev, wakeup), 0, "enters low power, to be told when it ends");
	check(!poll(&p, 1, 0), "nobody is told yet");
	if (can_sleep(bdf)) {
		check(asleep(bdf), "it sleeps");
		control(bdf, "on");
		check(poll(&p, 1, COMES_MS) == 1, "that wakes it, and we are told");
		control(bdf, "auto");
	}
	check_err(leat_dev_wake(dev), 0, "leaves low power for good");
	leat_eventfd_close(wakeup);
}

int main(int argc, char **argv)
{
	struct leat_mmio regs;
	struct leat_ctx *ctx;
	struct leat_dev *dev;
	uint32_t status;

	if (argc != 2) {
		fprintf(stderr, "usage: probe-power SCHEME:BDF\n");
		return 2;
	}
	ctx = open_ctx(&ear, 0, false);
	need(leat_dev_open(ctx, argv[1], &dev), ear.error, "opens");
	need(leat_mmio_map(dev, LEAT_REGION_BAR0, 0, 0x20000, &regs), ear.error, "registers");
	status = leat_mmio_read32(&regs, STATUS);
	check(status != UINT32_MAX, "registers can be read before");
	try_alone(dev, &regs);
	check_num(leat_mmio_read32(&regs, STATUS), status, "registers can be read after");
	check_num(leat_pci_read32(dev, LEAT_PCI_VENDOR), ID_82574, "and configuration");
	try_woken(dev, strchr(argv[1], ':') + 1);
	check_num(leat_mmio_read32(&regs, STATUS), status, "registers can be read after that");
	leat_mmio_unmap(&regs);
	leat_dev_close(dev);
	leat_ctx_close(ctx);
	return check_end();
}
