// SPDX-License-Identifier: BSD-3-Clause
/*
 * golden.c - probe-golden ADDRESS KIND: is a device of QEMU's seen as it is known to be?
 *
 * The table was measured by hand-written ioctls against Linux 6.12 and QEMU 10, before
 * there was a library. No driver is needed and no register of the device is touched. What is
 * printed is the same whichever way the device was reached.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <leat/driver/dev.h>
#include <leat/driver/pci.h>

#include "bus/vfio/space.h"
#include "check.h"

#define K		UINT64_C(1024)
#define RW		(LEAT_REGION_READ | LEAT_REGION_WRITE)
#define RWM		(RW | LEAT_REGION_MMAP)
#define MSIX		LEAT_REGION_MSIX_MAPPABLE
#define PAGE		4096u
#define LOW_POWER	(1u << 3 | 1u << 4 | 1u << 5)
#define VF_TOKEN	(1u << 0)
#define FEATURES	11	/* numbers tried: those that Linux 6.12 has names for */
#define MSIX_TABLE	4	/* in the capability: offset and BAR of the table... */
#define MSIX_PBA	8	/* ...and of the pending bits; each in a page of its own here */
#define CONFIG_PCIE	4096
#define CONFIG_PCI	256

/* How Linux numbers the bytes behind a device's descriptor. */
#define MAPS_REGION(off) ((unsigned int)((off) >> 40))
#define MAPS_OFFSET(off) ((off) & ((UINT64_C(1) << 40) - 1))

static const struct golden {
	const char	*kind;
	uint16_t	vendor, device;
	bool		resets;
	bool		virtual;	/* an SR-IOV function: sysfs shows no ids */
	struct { uint64_t size; uint32_t flags; } bar[6];
	uint32_t	irqs[LEAT_IRQS];
	uint32_t	features;	/* a bit for each number */
	uint64_t	config;
} kinds[] = {
	{ "virtio-net", 0x1af4, 0x1041, true, false,
	  { [1] = { 4 * K, RWM | MSIX }, [4] = { 16 * K, RWM } },
	  { 1, 0, 4, 1, 1 }, LOW_POWER, CONFIG_PCIE },
	{ "e1000e", 0x8086, 0x10d3, true, false,
	  { { 128 * K, RWM }, { 128 * K, RWM }, { 0x20, RW },
	    { 16 * K, RWM | MSIX } },
	  { 1, 1, 5, 1, 1 }, LOW_POWER, CONFIG_PCIE },
	{ "igb", 0x8086, 0x10c9, true, false,
	  { { 128 * K, RWM }, { 128 * K, RWM }, { 0x20, RW },
	    { 16 * K, RWM | MSIX } },
	  { 1, 1, 10, 1, 1 }, LOW_POWER | VF_TOKEN, CONFIG_PCIE },
	{ "igbvf", 0x8086, 0x10ca, true, true,
	  { { 16 * K, RWM }, [3] = { 16 * K, RWM | MSIX } },
	  { 0, 0, 3, 1, 1 }, LOW_POWER, CONFIG_PCIE },
	{ "vmxnet3", 0x15ad, 0x07b0, true, false,
	  { { 4 * K, RWM }, { 4 * K, RWM }, { 8 * K, RWM | MSIX } },
	  { 1, 1, 25, 1, 1 }, LOW_POWER, CONFIG_PCIE },
	{ "e1000", 0x8086, 0x100e, false, false,
	  { { 128 * K, RWM }, { 0x40, RW } },
	  { 1, 0, 0, 0, 1 }, LOW_POWER, CONFIG_PCI },
};

static const char *const irq_names[] = { "INTx", "MSI", "MSI-X", "ERR", "REQ" };

static void check_identity(struct leat_dev *dev, const struct golden *g)
{
	check_num(leat_pci_read16(dev, LEAT_PCI_VENDOR), g->vendor, "%s: vendor", g->kind);
	check_num(leat_pci_read16(dev, LEAT_PCI_DEVICE), g->device, "%s: device", g->kind);
	check_num(dev->region[LEAT_REGION_CONFIG].size, g->config,
		  "%s: bytes of configuration space", g->kind);
	check_num(dev->can_reset, g->resets, "%s: says whether it can be reset", g->kind);
	check(dev->translated, "%s: an IOMMU translates for it", g->kind);
	check(dev->how[0], "%s: says how it was reached", g->kind);

	check_err(leat_pci_write16(dev, LEAT_PCI_VENDOR, 0x1234), 0,
		  "%s: writing the vendor is taken", g->kind);
	check_num(leat_pci_read16(dev, LEAT_PCI_VENDOR), g->vendor,
		  "%s: and changes nothing", g->kind);
}

static void check_command(struct leat_dev *dev, const struct golden *g)
{
	uint16_t command = leat_pci_read16(dev, LEAT_PCI_COMMAND);

	check(command & LEAT_PCI_COMMAND_MEM, "%s: memory decoding is on after open", g->kind);
	check(!(command & LEAT_PCI_COMMAND_MASTER), "%s: bus mastering is off after open", g->kind);
}

static void check_regions(struct leat_dev *dev, const struct golden *g)
{
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(g->bar); i++) {
		check_num(dev->region[i].size, g->bar[i].size, "%s: BAR%u size", g->kind, i);
		if (g->bar[i].size)
			check_num(dev->region[i].flags, g->bar[i].flags, "%s: BAR%u flags",
				  g->kind, i);
	}
	check_num(dev->nmore, 0, "%s: regions beyond the standard ones", g->kind);
}

/* The kernel shows BARs of its own; the real ones do not move. */
static void check_sizing(struct leat_dev *dev, const struct golden *g)
{
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(g->bar); i++) {
		uint16_t at = (uint16_t)LEAT_PCI_BAR(i);
		uint32_t old = leat_pci_read32(dev, at), kind;

		if (!g->bar[i].size)
			continue;
		kind = old & (old & LEAT_PCI_BAR_IO ? 0x3 : 0xf);
		leat_pci_write32(dev, at, UINT32_MAX);
		check_num(leat_pci_read32(dev, at), ~(uint32_t)(g->bar[i].size - 1) | kind,
			  "%s: BAR%u sizing mask", g->kind, i);
		leat_pci_write32(dev, at, old);
		check_num(leat_pci_read32(dev, at), old, "%s: BAR%u again", g->kind, i);
	}
}

static void check_irqs(const struct leat_dev *dev, const struct golden *g)
{
	for (unsigned int i = 0; i < LEAT_IRQS; i++)
		check_num(dev->irqs[i], g->irqs[i], "%s: interrupts by %s", g->kind, irq_names[i]);
	if (g->irqs[LEAT_IRQ_INTX])
		check_num(dev->irq_flags[LEAT_IRQ_INTX],
			  LEAT_IRQ_EVENTFD | LEAT_IRQ_MASKABLE | LEAT_IRQ_AUTOMASKED,
			  "%s: flags of INTx", g->kind);
	if (g->irqs[LEAT_IRQ_MSI])
		check_num(dev->irq_flags[LEAT_IRQ_MSI], LEAT_IRQ_EVENTFD | LEAT_IRQ_NORESIZE,
			  "%s: flags of MSI", g->kind);
	if (g->irqs[LEAT_IRQ_MSIX])
		check_num(dev->irq_flags[LEAT_IRQ_MSIX], LEAT_IRQ_EVENTFD,
			  "%s: flags of MSI-X", g->kind);
}

static void check_features(struct leat_dev *dev, const struct golden *g)
{
	uint32_t there = 0;

	for (uint32_t i = 0; i < FEATURES; i++)
		if (!dev->ops->feature(dev, i | LEAT_FEATURE_PROBE, NULL, 0))
			there |= 1u << i;
	check_num(there, g->features, "%s: features", g->kind);
}

/* Is byte @off of region @index in a mapping of this process? */
static bool mapped(unsigned int index, uint64_t off)
{
	FILE *file = fopen("/proc/self/maps", "re");
	unsigned long long first, end, from;
	char line[512];
	bool found = false;

	while (file && fgets(line, sizeof(line), file))
		if (strstr(line, "vfio") &&
		    sscanf(line, "%llx-%llx %*s %llx", &first, &end, &from) == 3 &&
		    MAPS_REGION(from) == index && MAPS_OFFSET(from) <= off &&
		    off - MAPS_OFFSET(from) < end - first)
			found = true;
	if (file)
		fclose(file);
	return found;
}

/* Does the page at @off of BAR @bar hold the table or the pending bits of MSI-X? */
static bool is_msix(struct leat_dev *dev, unsigned int bar, uint64_t off)
{
	uint8_t cap = leat_pci_cap(dev, LEAT_PCI_CAP_MSIX, 0);
	uint32_t table, pba;

	if (!cap)
		return false;
	table = leat_pci_read32(dev, (uint16_t)(cap + MSIX_TABLE));
	pba = leat_pci_read32(dev, (uint16_t)(cap + MSIX_PBA));
	return ((table & 7) == bar && LEAT_ALIGN_DOWN(table & ~7u, PAGE) == off) ||
	       ((pba & 7) == bar && LEAT_ALIGN_DOWN(pba & ~7u, PAGE) == off);
}

/* Windows on each page of all BARs at once: what can be mapped is, but never a page of MSI-X. */
static void check_windows(struct leat_dev *dev, const struct golden *g)
{
	static struct leat_mmio win[128];
	unsigned int n = 0;

	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(g->bar); i++) {
		bool can = g->bar[i].flags & LEAT_REGION_MMAP;
		unsigned int right = 0, pages = 0;
		uint64_t bytes = 0;

		for (uint64_t off = 0; off < g->bar[i].size && n < LEAT_ARRAY_LEN(win); off += PAGE) {
			size_t len = (size_t)LEAT_MIN(g->bar[i].size - off, PAGE);
			bool want = can && !is_msix(dev, i, off);

			need(leat_mmio_map(dev, i, off, len, &win[n]), leat_ctx_error(dev->ctx),
			     "%s: window on BAR%u", g->kind, i);
			right += !!win[n++].base == want && mapped(i, off) == want;
			bytes += want ? len : 0;
			pages++;
		}
		if (!pages)
			continue;
		check_num(right, pages, "%s: BAR%u: pages that are mapped or trapped as they should",
			  g->kind, i);
		check_num(dev->region[i].mapped, bytes, "%s: BAR%u: bytes it says are mapped",
			  g->kind, i);
	}
	while (n)
		leat_mmio_unmap(&win[--n]);
	check(!mapped(LEAT_REGION_BAR0, 0), "%s: nothing stays mapped", g->kind);
}

static size_t read_sysfs_config(const char *bdf, uint8_t *buf, size_t size)
{
	char path[128];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = pread(fd, buf, size, 0);
	close(fd);
	return n > 0 ? (size_t)n : 0;
}

/* What the kernel shows as it is, against what sysfs says of the same device. */
static void check_config(struct leat_dev *dev, const struct golden *g, const char *bdf)
{
	static const struct {
		uint16_t	off, len;
		const char	*what;
	} same[] = { { 0x00, 4, "ids" }, { 0x08, 4, "revision and class" },
		     { 0x0e, 1, "header type" }, { 0x2c, 4, "subsystem ids" },
		     { 0x34, 1, "first capability" } };
	uint8_t sysfs[64] = { 0 };

	check_num(read_sysfs_config(bdf, sysfs, sizeof(sysfs)), sizeof(sysfs),
		  "%s: sysfs shows its configuration space", g->kind);
	for (unsigned int i = g->virtual ? 1 : 0; i < LEAT_ARRAY_LEN(same); i++) {
		unsigned int right = 0;

		for (uint16_t k = 0; k < same[i].len; k++)
			right += leat_pci_read8(dev, (uint16_t)(same[i].off + k)) ==
				 sysfs[same[i].off + k];
		check_num(right, same[i].len, "%s: %s as in sysfs", g->kind, same[i].what);
	}
}

static void check_space(const struct leat_dev *dev, const struct golden *g)
{
	static const struct leat_iova_range want[] = { { 0, 0xfedfffff },
						       { 0xfef00000, 0xffffffffffff } };
	const struct vfio_space *space = LEAT_CONTAINER_OF(dev->as, struct vfio_space, as);
	bool group = space->kind == VFIO_GROUP;

	check_num(dev->as->nranges, LEAT_ARRAY_LEN(want), "%s: ranges of device addresses", g->kind);
	for (unsigned int i = 0; i < LEAT_MIN(dev->as->nranges, LEAT_ARRAY_LEN(want)); i++)
		check(dev->as->ranges[i].first == want[i].first &&
		      dev->as->ranges[i].last == want[i].last,
		      "%s: range %u lies around the MSI window", g->kind, i);
	check_num(dev->as->page_size, PAGE, "%s: smallest page of the IOMMU", g->kind);
	check_num(dev->as->pgsizes, group ? 0x40201000 : 0,
		  "%s: page sizes of the IOMMU, where they are told", g->kind);
	check_num(dev->as->maps_left, group ? 65535 : UINT32_MAX,
		  "%s: maps that are left in an empty domain", g->kind);
	check_num(space->pinned, 0, "%s: bytes pinned in an empty domain", g->kind);
}

static void check_reset(struct leat_dev *dev, const struct golden *g)
{
	int err = leat_dev_reset(dev);

	if (g->resets) {
		check_err(err, 0, "%s: function reset", g->kind);
		return;
	}
	check_err(err, -ENOTSUP, "%s: no function reset", g->kind);
	check_says(leat_ctx_error(dev->ctx), "reset", "%s: and says so", g->kind);
}

static const struct golden *find_kind(const char *name)
{
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(kinds); i++)
		if (!strcmp(kinds[i].kind, name))
			return &kinds[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct golden *g = argc == 3 ? find_kind(argv[2]) : NULL;
	struct ear ear = { .loud = false };
	struct leat_dev *dev;
	struct leat_ctx *ctx;

	if (!g) {
		fprintf(stderr, "usage: probe-golden SCHEME:BDF KIND\n");
		return 2;
	}
	ctx = open_ctx(&ear, 0, false);
	need(leat_dev_open(ctx, argv[1], &dev), ear.error, "%s: opens", g->kind);

	check_identity(dev, g);
	check_command(dev, g);
	check_regions(dev, g);
	check_sizing(dev, g);
	check_irqs(dev, g);
	check_features(dev, g);
	check_windows(dev, g);
	check_config(dev, g, strchr(argv[1], ':') + 1);
	check_space(dev, g);
	check_reset(dev, g);
	check_command(dev, g);

	leat_dev_close(dev);
	leat_ctx_close(ctx);
	return check_end();
}
