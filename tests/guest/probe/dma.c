// SPDX-License-Identifier: BSD-3-Clause
/*
 * dma.c - probe-dma ADDRESS: what an IOMMU domain answers to maps and unmaps, good and bad.
 *
 * The same lines come out whether it is a container or an IOAS, though the kernel's own answers
 * differ; those are looked at first, against what was measured by hand.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <leat/driver/dev.h>

#include "bus/vfio/kind.h"
#include "check.h"

#define PAGE UINT64_C(4096)
#define LEN  (16 * PAGE)
#define BASE (UINT64_C(1) << 40)
#define MSI  UINT64_C(0xfee00000)	/* up to 0xfeefffff */
#define TOP  (UINT64_C(1) << 48)	/* behind the last address */

static struct ear ear;
static struct vfio_space *space;
static uint8_t *va;			/* 2 * LEN of memory, then LEN of nothing */

static void maps(uint64_t iova, const void *from, uint64_t len, bool read_only, int want,
		 const char *what)
{
	const struct vfio_map map = { .iova = iova, .len = len, .va = (void *)(uintptr_t)from,
				      .read_only = read_only };

	ear_clear(&ear);
	check_err(leat_vfio_map(space, &map), want, "map: %s", what);
	if (want)
		check_num(ear.errors, 1, "map: %s: said once", what);
}

static void unmaps(uint64_t iova, uint64_t len, int want, const char *what)
{
	check_err(leat_vfio_unmap(space, iova, len), want, "unmap: %s", what);
}

/* The kernel's answers as they are. Group and iommufd differ in the last two. */
static void try_bare(void)
{
	const struct vfio_kind_ops *kind = leat_vfio_kind(space);
	struct vfio_map map = { .iova = BASE, .len = LEN, .va = va };
	bool group = space->kind == VFIO_GROUP;
	uint64_t done = 0;

	check_err(kind->map(space, &map), 0, "kernel: map");
	check_err(kind->map(space, &map), -EEXIST, "kernel: map the same again");
	check_err(kind->unmap(space, BASE, LEN, &done), 0, "kernel: unmap");
	check_num(done, LEN, "kernel: bytes unmapped");
	check_err(kind->unmap(space, BASE, LEN, &done), group ? 0 : -ENOENT,
		  "kernel: unmap nothing, each way has its own answer");
	if (group)
		check_num(done, 0, "kernel: bytes unmapped of nothing");
	else
		check(true, "kernel: bytes unmapped of nothing");
}

static void try_maps(void)
{
	maps(BASE, va, LEN, false, 0, "16 pages");
	maps(BASE, va, LEN, false, -EEXIST, "the same again");
	maps(BASE + PAGE, va + LEN, PAGE, false, -EEXIST, "other memory over it");
	maps(BASE - PAGE, va + LEN, 2 * PAGE, false, -EEXIST, "half over it");
	maps(BASE + LEN, va + LEN, LEN, false, 0, "beside it");
	maps(MSI, va, PAGE, false, -EINVAL, "the MSI window");
	maps(MSI - PAGE, va, 2 * PAGE, false, -EINVAL, "into the MSI window");
	maps(TOP, va, PAGE, false, -EINVAL, "above all addresses");
	maps(TOP - PAGE, va, 2 * PAGE, false, -EINVAL, "across the last address");
	maps(3 * BASE + 1, va, PAGE, false, -EINVAL, "a crooked device address");
	maps(3 * BASE, va + 1, PAGE, false, -EINVAL, "crooked memory");
	maps(3 * BASE, va, PAGE - 1, false, -EINVAL, "a crooked length");
	maps(3 * BASE, va, 0, false, -EINVAL, "nothing");
	maps(-PAGE, va, 2 * PAGE, false, -EINVAL, "around the end");
	maps(3 * BASE, va + 2 * LEN, PAGE, false, -EFAULT, "memory that is not there");
	maps(3 * BASE, va + 2 * LEN - PAGE, 2 * PAGE, false, -EFAULT, "memory that ends too soon");
	maps((uintptr_t)va, va, PAGE, false, 0, "device address and pointer the same");
	unmaps((uintptr_t)va, PAGE, 0, "that");
}

static void try_read_only(void)
{
	mprotect(va, PAGE, PROT_READ);
	maps(3 * BASE, va, PAGE, false, -EFAULT, "read-only memory, to be written");
	maps(3 * BASE, va, PAGE, true, 0, "read-only memory, to be read");
	unmaps(3 * BASE, PAGE, 0, "that, too");
	mprotect(va, PAGE, PROT_READ | PROT_WRITE);
	maps(3 * BASE, va, PAGE, true, 0, "memory, to be read");
	unmaps(3 * BASE, PAGE, 0, "that as well");
}

static void try_unmaps(void)
{
	unmaps(3 * BASE, PAGE, -ENOENT, "nothing");
	unmaps(BASE + PAGE, PAGE, -EINVAL, "the middle of a map");
	unmaps(BASE, PAGE, -EINVAL, "the beginning of a map");
	unmaps(BASE + PAGE, LEN, -EINVAL, "the end of a map and half of the next");
	maps(BASE, va, PAGE, false, -EEXIST, "what was not unmapped");
	unmaps(BASE - PAGE, 2 * LEN + 2 * PAGE, 0, "two maps and more around them");
	unmaps(BASE, LEN, -ENOENT, "them again");
	maps(BASE, va, LEN, false, 0, "them again");
	unmaps(BASE, LEN, 0, "just that");
}

int main(int argc, char **argv)
{
	uint64_t locked = status_kib("VmLck") + status_kib("VmPin");
	struct leat_ctx *ctx;
	struct leat_dev *dev;
	uint32_t maps_left;

	if (argc != 2) {
		fprintf(stderr, "usage: probe-dma SCHEME:BDF\n");
		return 2;
	}
	ctx = open_ctx(&ear, 0, false);
	need(leat_dev_open(ctx, argv[1], &dev), ear.error, "opens");
	space = LEAT_CONTAINER_OF(dev->as, struct vfio_space, as);
	maps_left = dev->as->maps_left;
	va = mmap(NULL, 3 * LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(va == MAP_FAILED, "no memory", "pages");
	memset(va, 0, 3 * LEN);
	munmap(va + 2 * LEN, LEN);

	try_bare();
	try_maps();
	try_read_only();
	try_unmaps();
	need(leat_vfio_kind(space)->look(space, argv[1]), ear.error, "look");
	check_num(dev->as->maps_left, maps_left, "as many maps are left as before");
	check_num(space->pinned, 0, "nothing is pinned by our own count");
	check_num(status_kib("VmLck") + status_kib("VmPin"), locked, "nor by the kernel's");
	leat_dev_close(dev);
	leat_ctx_close(ctx);
	return check_end();
}
