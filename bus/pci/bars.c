// SPDX-License-Identifier: BSD-3-Clause
/*
 * bars.c - give the BARs addresses, as firmware or a PCI core would.
 *
 * A device served over a socket has nobody who programmed it, and some (QEMU's
 * server among them) answer accesses to a BAR only once it has an address and
 * decoding is on. The addresses mean nothing to us: they must only be aligned,
 * apart from each other, and out of the way of DMA, which core keeps low.
 * PCI 3.0, section 6.2.5.
 */
#include <leat/driver/pci.h>

#include <leat/bits.h>

#include <errno.h>

#define BARS 6

/* The PCI hole of a PC below its interrupt controllers; far above memory; 16-bit ports. */
#define MEM32_FIRST	UINT64_C(0xe0000000)
#define MEM32_END	UINT64_C(0xfec00000)
#define MEM64_FIRST	(UINT64_C(1) << 46)
#define MEM64_END	(UINT64_C(1) << 51)
#define PORTS_FIRST	UINT64_C(0x1000)
#define PORTS_END	UINT64_C(0x10000)

#define BAR_TYPE_MASK	0x6u
#define BAR_MEM_FLAGS	0xfu
#define BAR_IO_FLAGS	0x3u

struct bar {
	bool		there, io, wide;	/* wide: 64 bits, the next BAR is its upper half */
	uint64_t	addr, size;
};

static struct bar read_bar(struct leat_dev *dev, unsigned int i)
{
	uint32_t low = leat_pci_read32(dev, (uint16_t)LEAT_PCI_BAR(i));
	struct bar bar = { .there = dev->region[i].size, .size = dev->region[i].size };

	bar.io = low & LEAT_PCI_BAR_IO;
	bar.wide = !bar.io && (low & BAR_TYPE_MASK) == LEAT_PCI_BAR_64;
	bar.addr = low & ~(bar.io ? BAR_IO_FLAGS : BAR_MEM_FLAGS);
	if (bar.wide && i + 1 < BARS)
		bar.addr |= (uint64_t)leat_pci_read32(dev, (uint16_t)LEAT_PCI_BAR(i + 1)) << 32;
	return bar;
}

static int write_bar(struct leat_dev *dev, unsigned int i, const struct bar *bar, uint64_t val)
{
	int err = leat_pci_write32(dev, (uint16_t)LEAT_PCI_BAR(i), (uint32_t)val);

	if (!err && bar->wide)
		err = leat_pci_write32(dev, (uint16_t)LEAT_PCI_BAR(i + 1), (uint32_t)(val >> 32));
	return err;
}

/* Up to a power of two; 0 when there is none. */
static uint64_t round_up(uint64_t size)
{
	uint64_t pow2 = 1;

	while (pow2 && pow2 < size)
		pow2 <<= 1;
	return pow2;
}

/* Which address bits can be set tells the size: the lowest one that sticks. */
static uint64_t sticky_size(const struct bar *bar, struct bar sized)
{
	if (bar->io && sized.addr)
		sized.addr |= 0xffff0000u;	/* ports may decode 16 bits only */
	if (!bar->wide && sized.addr)
		sized.addr |= UINT64_MAX << 32;
	return sized.addr & -sized.addr;
}

/* 0 in @bar->size: the BAR takes no address (hardwired), so it needs none. */
static int size_bar(struct leat_dev *dev, unsigned int i, struct bar *bar)
{
	uint64_t sticky;
	int err = write_bar(dev, i, bar, UINT64_MAX);

	if (err)
		return err;
	sticky = sticky_size(bar, read_bar(dev, i));
	err = write_bar(dev, i, bar, 0);
	if (err)
		return err;
	if (!sticky) {
		bar->size = 0;
		return 0;
	}
	bar->size = LEAT_MAX(round_up(dev->region[i].size), sticky);
	if (!round_up(dev->region[i].size))
		bar->size = UINT64_MAX;		/* fits nowhere */
	return 0;
}

static bool overlap(const struct bar *a, const struct bar *b)
{
	return a->io == b->io && a->addr && b->addr && a->addr < b->addr + b->size &&
	       b->addr < a->addr + a->size;
}

static struct bar *conflict(struct bar bars[BARS], const struct bar *mine)
{
	for (unsigned int i = 0; i < BARS; i++)
		if (&bars[i] != mine && bars[i].there && overlap(&bars[i], mine))
			return &bars[i];
	return NULL;
}

/* The first free, naturally aligned place in [first, end). */
static bool place_in(struct bar bars[BARS], struct bar *bar, uint64_t first, uint64_t end)
{
	const struct bar *other;

	if (bar->size > end - first)
		return false;
	bar->addr = LEAT_ALIGN_UP(first, bar->size);
	while (bar->addr <= end - bar->size) {
		other = conflict(bars, bar);
		if (!other)
			return true;
		bar->addr = LEAT_ALIGN_UP(LEAT_MIN(other->addr + other->size, end), bar->size);
	}
	bar->addr = 0;
	return false;
}

static bool place(struct bar bars[BARS], struct bar *bar)
{
	if (bar->io)
		return place_in(bars, bar, PORTS_FIRST, PORTS_END);
	return place_in(bars, bar, MEM32_FIRST, MEM32_END) ||
	       (bar->wide && place_in(bars, bar, MEM64_FIRST, MEM64_END));
}

static int program(struct leat_dev *dev, struct bar bars[BARS], unsigned int i)
{
	struct bar *bar = &bars[i];
	uint64_t addr;
	int err = size_bar(dev, i, bar);

	if (err || !bar->size)
		return err;
	if (!place(bars, bar))
		return leat_fail(dev->ctx, -EPROTO,
				 "%s: BAR%u: no room for the %llu bytes it claims; the device lies "
				 "about its size", dev->addr, i,
				 (unsigned long long)dev->region[i].size);
	addr = bar->addr;
	err = write_bar(dev, i, bar, addr);
	if (!err && read_bar(dev, i).addr != addr)
		err = leat_fail(dev->ctx, -EPROTO,
				"%s: BAR%u: reads 0x%llx after 0x%llx was written; the device does "
				"not keep its address", dev->addr, i,
				(unsigned long long)read_bar(dev, i).addr,
				(unsigned long long)addr);
	return err;
}

/* What must be programmed, and which decoding they want. Returns the COMMAND bits. */
static int read_bars(struct leat_dev *dev, struct bar bars[BARS], uint16_t *decode)
{
	*decode = 0;
	for (unsigned int i = 0; i < BARS; i++) {
		bars[i] = read_bar(dev, i);
		if (!bars[i].there)
			continue;
		*decode |= bars[i].io ? LEAT_PCI_COMMAND_IO : LEAT_PCI_COMMAND_MEM;
		if (!bars[i].wide)
			continue;
		if (i + 1 == BARS || dev->region[i + 1].size)
			return leat_fail(dev->ctx, -EPROTO,
					 "%s: BAR%u says it is 64 bits wide, but there is no free "
					 "BAR%u for its upper half", dev->addr, i, i + 1);
		bars[++i] = (struct bar){ 0 };
	}
	return 0;
}

static bool all_programmed(const struct bar bars[BARS])
{
	for (unsigned int i = 0; i < BARS; i++)
		if (bars[i].there && !bars[i].addr)
			return false;
	return true;
}

static int program_all(struct leat_dev *dev, struct bar bars[BARS], uint16_t cmd)
{
	const uint16_t both = LEAT_PCI_COMMAND_IO | LEAT_PCI_COMMAND_MEM;
	int err = 0;

	/* Nothing may decode while addresses are half written. */
	if (cmd & both)
		err = leat_pci_write16(dev, LEAT_PCI_COMMAND, cmd & (uint16_t)~both);
	for (unsigned int i = 0; i < BARS && !err; i++)
		if (bars[i].there && !bars[i].addr)
			err = program(dev, bars, i);
	return err;
}

int leat_pci_enable(struct leat_dev *dev)
{
	uint16_t cmd = leat_pci_read16(dev, LEAT_PCI_COMMAND), decode;
	struct bar bars[BARS];
	bool touched;
	int err;

	if (leat_pci_read16(dev, LEAT_PCI_VENDOR) == UINT16_MAX)
		return leat_load_relaxed(&dev->dead) ? -ENODEV :
			leat_fail(dev->ctx, -ENODEV, "%s: configuration space reads all ones: "
				  "there is no device behind it", dev->addr);
	err = read_bars(dev, bars, &decode);
	if (err)
		return err;

	touched = !all_programmed(bars);
	if (touched)
		err = program_all(dev, bars, cmd);
	if (!err && (touched || (cmd & decode) != decode))
		err = leat_pci_write16(dev, LEAT_PCI_COMMAND, cmd | decode);
	return leat_load_relaxed(&dev->dead) ? -ENODEV : err;
}
