// SPDX-License-Identifier: BSD-3-Clause
/*
 * machine_dev.c - what a device answers, as Linux 6.12 does: ioctls, registers, interrupts.
 */
#include "machine_dev.h"

#include <leat/bits.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* Where regions lie in the descriptor: not where Linux puts them, which is nobody's business. */
#define PLACE(i) ((uint64_t)((i) + 3) << 33)

#define RW  (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
#define RWM (RW | VFIO_REGION_INFO_FLAG_MMAP)

#define MSIX 0x40
#define MEM_SIZE (MACHINE_REGIONS * MACHINE_SLOT)

/* ---- making one ---- */

void machine_config(struct machine_dev *d, unsigned int off, unsigned int width, uint32_t val)
{
	for (unsigned int i = 0; i < width; i++)
		d->mem[LEAT_REGION_CONFIG * MACHINE_SLOT + off + i] = (uint8_t)(val >> 8 * i);
}

uint32_t machine_get_config(const struct machine_dev *d, unsigned int off, unsigned int width)
{
	uint32_t val = 0;

	for (unsigned int i = 0; i < width; i++)
		val |= (uint32_t)d->mem[LEAT_REGION_CONFIG * MACHINE_SLOT + off + i] << 8 * i;
	return val;
}

static const struct vfio_info_cap_header msix_mappable = {
	.id = VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, .version = 1,
};

static void put_config(struct machine_dev *d)
{
	machine_config(d, LEAT_PCI_VENDOR, 2, 0x1af4);
	machine_config(d, LEAT_PCI_DEVICE, 2, 0x1041);
	machine_config(d, LEAT_PCI_COMMAND, 2, 0x0103);
	machine_config(d, LEAT_PCI_STATUS, 2, LEAT_PCI_STATUS_CAPS);
	machine_config(d, LEAT_PCI_REVISION, 4, 0x02000001);
	machine_config(d, LEAT_PCI_CAPS, 1, MSIX);
	machine_config(d, MSIX, 2, LEAT_PCI_CAP_MSIX);
	machine_config(d, MSIX + 2, 2, 4 - 1);
	machine_config(d, MSIX + 4, 4, 1);		/* table: BAR1, 0 */
	machine_config(d, MSIX + 8, 4, 0x800 | 1);	/* pending bits: BAR1, 0x800 */
}

void machine_dev_init(struct machine_dev *d)
{
	d->flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	d->nregions = 9;
	d->region[0] = (struct machine_region){ .size = 4096, .flags = RWM };
	d->region[1] = (struct machine_region){ .size = 4096, .flags = RWM,
		.caps = &msix_mappable, .caps_len = sizeof(msix_mappable) };
	d->region[2] = (struct machine_region){ .size = 32, .flags = RW };
	d->region[4] = (struct machine_region){ .size = 16384, .flags = RWM };
	d->region[LEAT_REGION_CONFIG] = (struct machine_region){ .size = 4096, .flags = RW };
	d->region[LEAT_REGION_VGA].err = EINVAL;
	d->irq[LEAT_IRQ_INTX].count = 1;
	d->irq[LEAT_IRQ_INTX].flags = 7;
	d->irq[LEAT_IRQ_MSI].count = 8;
	d->irq[LEAT_IRQ_MSI].flags = 9;
	d->irq[LEAT_IRQ_MSIX].count = 4;
	d->irq[LEAT_IRQ_MSIX].flags = 1;
	for (int i = LEAT_IRQ_ERR; i <= LEAT_IRQ_REQ; i++) {
		d->irq[i].count = 1;
		d->irq[i].flags = 9;
	}
	memset(d->bound, 0xff, sizeof(d->bound));
	d->resample = -1;
	d->memfd = memfd_create("device", MFD_CLOEXEC);
	assert_int_equal(ftruncate(d->memfd, MEM_SIZE), 0);
	d->mem = __real_mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, d->memfd, 0);
	assert_ptr_not_equal(d->mem, MAP_FAILED);
	put_config(d);
}

void machine_dev_fini(struct machine_dev *d)
{
	munmap(d->mem, MEM_SIZE);
	__real_close(d->memfd);
}

void machine_dev_release(struct machine_dev *d)
{
	memset(d->bound, 0xff, sizeof(d->bound));
	memset(d->vectors, 0, sizeof(d->vectors));
	d->asleep = false;
	machine_config(d, LEAT_PCI_COMMAND, 2,
		       machine_get_config(d, LEAT_PCI_COMMAND, 2) & ~(uint32_t)LEAT_PCI_COMMAND_MASTER);
}

/* ---- information ---- */

static int get_info(const struct machine_dev *d, struct vfio_device_info *out)
{
	assert_true(out->argsz >= 20);
	out->flags = d->flags;
	out->num_regions = d->nregions;
	out->num_irqs = LEAT_IRQS;
	return 0;
}

static int get_region(const struct machine_dev *d, struct vfio_region_info *out)
{
	uint32_t room = out->argsz, i = out->index;
	const struct machine_region *r;

	assert_true(room >= sizeof(*out));
	if (i >= d->nregions)
		return -EINVAL;
	r = &d->region[i];
	if (r->err)
		return -r->err;
	*out = (struct vfio_region_info){
		.argsz = (uint32_t)sizeof(*out) + r->caps_len, .flags = r->flags, .index = i,
		.size = r->size, .offset = PLACE(i),
	};
	if (!r->caps)
		return 0;
	out->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	if (room < sizeof(*out) + r->caps_len)
		return 0;
	out->cap_offset = sizeof(*out);
	memcpy(out + 1, r->caps, r->caps_len);
	return 0;
}

static int get_irq(const struct machine_dev *d, struct vfio_irq_info *out)
{
	if (out->index >= LEAT_IRQS)
		return -EINVAL;
	out->count = d->irq[out->index].count;
	out->flags = d->irq[out->index].flags;
	return -d->irq[out->index].err;
}

/* ---- interrupts, as vfio_pci_intrs.c ---- */

static bool none_on(const struct machine_dev *d)
{
	return !d->vectors[LEAT_IRQ_INTX] && !d->vectors[LEAT_IRQ_MSI] &&
	       !d->vectors[LEAT_IRQ_MSIX];
}

static void off(struct machine_dev *d, unsigned int index)
{
	d->vectors[index] = 0;
	memset(d->bound[index], 0xff, sizeof(d->bound[index]));
}

static int bind_fds(struct machine_dev *d, const struct vfio_irq_set *set, const int32_t *fds)
{
	unsigned int i = set->index, end = set->start + set->count;

	if (i <= LEAT_IRQ_MSIX && !d->vectors[i] && !none_on(d))
		return -EINVAL;
	if (d->vectors[i] && end > d->vectors[i] && d->irq[i].flags & VFIO_IRQ_INFO_NORESIZE)
		return -EINVAL;
	for (unsigned int n = 0; n < set->count; n++)
		d->bound[i][set->start + n] = fds[n];
	if (end > d->vectors[i])
		d->vectors[i] = end;
	return 0;
}

static int fire(struct machine_dev *d, const struct vfio_irq_set *set)
{
	if (set->index <= LEAT_IRQ_MSIX && !d->vectors[set->index])
		return -EINVAL;
	for (unsigned int n = set->start; n < set->start + set->count; n++) {
		if (d->bound[set->index][n] >= 0)
			leat_eventfd_signal(d->bound[set->index][n]);
		d->fired[set->index]++;
	}
	return 0;
}

static int mask(struct machine_dev *d, const struct vfio_irq_set *set, const int32_t *fds)
{
	bool un = set->flags & VFIO_IRQ_SET_ACTION_UNMASK;

	if (set->index != LEAT_IRQ_INTX)
		return -ENOTTY;
	if (!d->vectors[LEAT_IRQ_INTX])
		return -EINVAL;
	if (set->flags & VFIO_IRQ_SET_DATA_EVENTFD) {
		d->resample = fds[0];
		return un ? 0 : -ENOTTY;
	}
	*(un ? &d->unmasks : &d->masks) += 1;
	return 0;
}

static int set_irqs(struct machine_dev *d, const struct vfio_irq_set *set)
{
	bool with_fds = set->flags & VFIO_IRQ_SET_DATA_EVENTFD;
	uint32_t have = set->index < LEAT_IRQS ? d->irq[set->index].count : 0;
	int32_t fds[MACHINE_VECTORS];

	if (set->argsz < sizeof(*set) + (with_fds ? set->count * 4 : 0) || set->start >= have ||
	    set->count > have - set->start)
		return -EINVAL;
	memcpy(fds, set->data, with_fds ? set->count * sizeof(*fds) : 0);
	if (!(set->flags & VFIO_IRQ_SET_ACTION_TRIGGER))
		return mask(d, set, fds);
	if (with_fds)
		return bind_fds(d, set, fds);
	if (set->count)
		return fire(d, set);
	if (set->index <= LEAT_IRQ_MSIX && !d->vectors[set->index])
		return -EINVAL;
	off(d, set->index);
	return 0;
}

/* ---- rare ---- */

static int feature(struct machine_dev *d, struct vfio_device_feature *f)
{
	uint32_t n = f->flags & VFIO_DEVICE_FEATURE_MASK;

	if (n > 30 || !(m.features & 1 << n))
		return -ENOTTY;
	if (f->flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if (n == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY ||
	    n == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP)
		d->asleep = true;
	if (n == VFIO_DEVICE_FEATURE_LOW_POWER_EXIT)
		d->asleep = false;
	if (n == VFIO_DEVICE_FEATURE_PCI_VF_TOKEN) {
		assert_int_equal(f->argsz, sizeof(*f) + 16);
		machine_trace("token:%02x..%02x ", f->data[0], f->data[15]);
	}
	return 0;
}

static int hot_info(const struct machine_dev *d, struct vfio_pci_hot_reset_info *out)
{
	bool cdev = strstr(m.trace, "add-device") != NULL;
	uint32_t room = out->argsz;

	(void)d;
	if (!m.hot_group)
		return -ENODEV;
	out->count = m.hot_group;
	out->flags = !cdev ? 0 : VFIO_PCI_HOT_RESET_FLAG_DEV_ID |
		     (m.hot_owned ? VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED : 0);
	if (room < sizeof(*out) + out->count * sizeof(out->devices[0]))
		return -ENOSPC;
	for (unsigned int i = 0; i < m.hot_group; i++) {
		unsigned int bus = 0, slot = 0, fn = 0;

		sscanf(m.dev[i].bdf, "0000:%x:%x.%x", &bus, &slot, &fn);
		out->devices[i] = (struct vfio_pci_dependent_device){
			.bus = (uint8_t)bus, .devfn = (uint8_t)(slot << 3 | fn),
			.group_id = (uint32_t)m.dev[i].group,
		};
		if (cdev)
			out->devices[i].devid = i && !m.hot_owned ? VFIO_PCI_DEVID_NOT_OWNED : i;
	}
	return 0;
}

static int hot_reset(const struct vfio_pci_hot_reset *reset)
{
	bool cdev = strstr(m.trace, "add-device") != NULL;

	if (cdev ? reset->count || !m.hot_owned : !reset->count)
		return -EINVAL;
	for (uint32_t i = 0; i < reset->count; i++)
		assert_non_null(strstr(machine_path(reset->group_fds[i]), "/dev/vfio/"));
	machine_trace("hot:%u ", reset->count);
	for (unsigned int i = 0; i < m.hot_group; i++)
		m.dev[i].hot_resets++;
	return 0;
}

static int reset(struct machine_dev *d)
{
	if (m.reset_again) {
		m.reset_again--;
		return -EAGAIN;
	}
	if (!(d->flags & VFIO_DEVICE_FLAGS_RESET))
		return -EINVAL;
	d->resets++;
	return 0;
}

int machine_dev_ioctl(struct machine_dev *d, unsigned long request, void *arg)
{
	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		return get_info(d, arg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region(d, arg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq(d, arg);
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(d, arg);
	case VFIO_DEVICE_RESET:
		return reset(d);
	case VFIO_DEVICE_FEATURE:
		return feature(d, arg);
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
		return hot_info(d, arg);
	case VFIO_DEVICE_PCI_HOT_RESET:
		return hot_reset(arg);
	}
	return -ENOTTY;
}

/* ---- registers ---- */

/* The region at @off, and the memory behind it; NULL: nothing is there. */
static uint8_t *memory_at(struct machine_dev *d, size_t len, uint64_t off, unsigned int *region)
{
	uint64_t in;

	for (*region = 0; *region < d->nregions; (*region)++) {
		in = off - PLACE(*region);
		if (in < d->region[*region].size && len <= d->region[*region].size - in)
			return d->mem + *region * MACHINE_SLOT + in;
	}
	return NULL;
}

static bool decodes(const struct machine_dev *d, unsigned int region)
{
	return region == LEAT_REGION_CONFIG ||
	       machine_get_config(d, LEAT_PCI_COMMAND, 2) & LEAT_PCI_COMMAND_MEM;
}

ssize_t machine_dev_pread(struct machine_dev *d, void *buf, size_t len, uint64_t off)
{
	unsigned int region;
	const uint8_t *from = memory_at(d, len, off, &region);

	if (machine_fails())
		return -1;
	assert_non_null(from);
	d->asleep = false;		/* the kernel wakes it */
	if (!decodes(d, region)) {
		errno = EIO;
		return -1;
	}
	memcpy(buf, from, len);
	if (d->gone && (region != LEAT_REGION_CONFIG || from - d->mem > (ptrdiff_t)
			(LEAT_REGION_CONFIG * MACHINE_SLOT + LEAT_PCI_DEVICE)))
		memset(buf, 0xff, len);
	return (ssize_t)len;
}

ssize_t machine_dev_pwrite(struct machine_dev *d, const void *buf, size_t len, uint64_t off)
{
	unsigned int region;
	uint8_t *to = memory_at(d, len, off, &region);

	if (machine_fails())
		return -1;
	assert_non_null(to);
	d->asleep = false;
	if (!decodes(d, region)) {
		errno = EIO;
		return -1;
	}
	memcpy(to, buf, len);
	return (ssize_t)len;
}

void *machine_dev_mmap(struct machine_dev *d, void *at, size_t len, int prot, int flags,
		       uint64_t off)
{
	unsigned int region;
	const uint8_t *from = memory_at(d, 1, off, &region);

	if (machine_fails())
		return MAP_FAILED;
	assert_non_null(from);
	assert_true(d->region[region].flags & VFIO_REGION_INFO_FLAG_MMAP);
	assert_true(len <= LEAT_ALIGN_UP(d->region[region].size, (uint64_t)4096));
	return __real_mmap(at, len, prot, flags, d->memfd, from - d->mem);
}
