// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_rig.c - an 82574 made of memory, and the context around it.
 */
#include "driver_rig.h"

#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MSIX	0xa0
#define VECTORS 5
#define MAC_LOW	0x12005452
#define MAC_HIGH 0x80005634

/* ---- registers ---- */

uint32_t *rig_reg(struct rig *r, uint32_t off)
{
	return &r->reg[off / 4];
}

static void reset(struct rig *r)
{
	memset(r->reg, 0, sizeof(r->reg));
	*rig_reg(r, INTEL_EECD) = INTEL_EECD_PRES | INTEL_EECD_AUTO_RD;
	*rig_reg(r, INTEL_RAL(0)) = MAC_LOW;
	*rig_reg(r, INTEL_RAH(0)) = MAC_HIGH;
	*rig_reg(r, INTEL_STATUS) = INTEL_STATUS_LU | INTEL_STATUS_FD | LEAT_PUT(INTEL_STATUS_SPEED, 2u);
}

static uint32_t mdic(struct rig *r, uint32_t v)
{
	uint32_t reg = LEAT_GET(INTEL_MDIC_REG, v);

	if (LEAT_GET(INTEL_MDIC_OP, v) == INTEL_MDIC_OP_WRITE)
		r->phy[reg] = (uint16_t)LEAT_GET(INTEL_MDIC_DATA, v);
	return (v & ~INTEL_MDIC_DATA) | INTEL_MDIC_READY | r->phy[reg];
}

static uint32_t eerd(const struct rig *r, uint32_t v)
{
	return (v & ~INTEL_EERD_START) | INTEL_EERD_DONE |
	       LEAT_PUT(INTEL_EERD_DATA, (uint32_t)r->nvm[LEAT_GET(INTEL_EERD_ADDR, v) % 0x40]);
}

static void act(struct rig *r, uint32_t off, uint32_t v)
{
	switch (off) {
	case INTEL_CTRL:
		if (v & INTEL_CTRL_RST && !r->stuck) {
			reset(r);
			v = 0;
		}
		break;
	case INTEL_MDIC:
		v = mdic(r, v);
		break;
	case INTEL_EERD:
		v = eerd(r, v);
		break;
	case E1000E_ICR:
		v = *rig_reg(r, off) & ~v;
		break;
	case E1000E_ICS:
		*rig_reg(r, E1000E_ICR) |= v;
		if (r->irq_count && (v & *rig_reg(r, E1000E_IMS)))
			leat_eventfd_signal(r->irq_fd[0]);
		return;
	case E1000E_IMS:
		v |= *rig_reg(r, off);
		break;
	case E1000E_IMC:
		*rig_reg(r, E1000E_IMS) &= ~v;
		return;
	default:
		break;
	}
	*rig_reg(r, off) = v;
}

/* ---- operations ---- */

static bool gone(struct rig *r)
{
	return r->left && !(r->left > 1 && r->left--);
}

/* 82574 10.2.4.1: by reading, if something is signalled or nothing can be. */
static bool icr_is_cleared(struct rig *r)
{
	uint32_t mask = *rig_reg(r, E1000E_IMS);

	return !mask || (*rig_reg(r, E1000E_ICR) & mask);
}

static int region_read(struct leat_dev *dev, unsigned int region, uint64_t off, void *buf, size_t len)
{
	struct rig *r = LEAT_CONTAINER_OF(dev, struct rig, dev);

	if (gone(r))
		return -ENODEV;
	if (region == LEAT_REGION_CONFIG) {
		memcpy(buf, r->config + off, len);
		return 0;
	}
	assert_int_equal(region, LEAT_REGION_BAR0);
	assert_int_equal(len, 4);
	memcpy(buf, rig_reg(r, (uint32_t)off), len);
	if (off == E1000E_ICR ? icr_is_cleared(r) : off >= INTEL_CRCERRS && off <= INTEL_TSCTC)
		*rig_reg(r, (uint32_t)off) = 0;
	return 0;
}

static int region_write(struct leat_dev *dev, unsigned int region, uint64_t off, const void *buf,
			size_t len)
{
	struct rig *r = LEAT_CONTAINER_OF(dev, struct rig, dev);
	uint32_t v;

	if (gone(r))
		return -ENODEV;
	if (region == LEAT_REGION_CONFIG) {
		memcpy(r->config + off, buf, len);
		return 0;
	}
	assert_int_equal(region, LEAT_REGION_BAR0);
	assert_int_equal(len, 4);
	memcpy(&v, buf, sizeof(v));
	assert_in_range(r->notes, 0, RIG_NOTES - 1);
	r->note[r->notes].off = (uint32_t)off;
	r->note[r->notes++].value = v;
	act(r, (uint32_t)off, v);
	return 0;
}

static int region_map(struct leat_dev *dev, struct leat_mmio *win)
{
	(void)dev;
	(void)win;
	return -ENOTSUP;
}

static int irq_set(struct leat_dev *dev, unsigned int index, enum leat_irq_action action,
		   unsigned int start, unsigned int count, const int *fds)
{
	struct rig *r = LEAT_CONTAINER_OF(dev, struct rig, dev);

	(void)index;
	if (gone(r))
		return leat_fail(r->ctx, -ENODEV, "rig: interrupts: gone");
	if (action != LEAT_IRQ_TRIGGER) {
		r->rearms++;
		return 0;
	}
	assert_int_equal(start, 0);
	r->irq_count = count;
	for (unsigned int i = 0; i < count; i++)
		r->irq_fd[i] = fds[i];
	return 0;
}

static const struct leat_dev_ops ops = {
	.scheme = "rig", .region_read = region_read, .region_write = region_write,
	.region_map = region_map, .irq_set = irq_set,
};

/* ---- memory ---- */

static int dma_map(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct rig *r = LEAT_CONTAINER_OF(as, struct rig, as);

	if (gone(r))
		return leat_fail(r->ctx, -ENOMEM, "rig: map: no");
	assert_in_range(r->segs, 0, RIG_SEGS - 1);
	r->seg[r->segs++] = *seg;
	return 0;
}

static void dma_unmap(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct rig *r = LEAT_CONTAINER_OF(as, struct rig, as);
	unsigned int i = 0;

	while (i < r->segs && r->seg[i].iova != seg->iova)
		i++;
	assert_in_range(i, 0, r->segs - 1);
	r->seg[i] = r->seg[--r->segs];
}

static const struct leat_aspace_ops as_ops = { .dma_map = dma_map, .dma_unmap = dma_unmap };

void *rig_dma(struct rig *r, uint64_t iova, size_t len)
{
	for (unsigned int i = 0; i < r->segs; i++)
		if (iova >= r->seg[i].iova && iova - r->seg[i].iova + len <= r->seg[i].len)
			return (uint8_t *)r->seg[i].va + (iova - r->seg[i].iova);
	fail_msg("DMA to 0x%llx, where nothing is", (unsigned long long)iova);
	return NULL;
}

static void *descriptor(struct rig *r, uint32_t low, unsigned int i)
{
	uint64_t iova = *rig_reg(r, low) | (uint64_t)*rig_reg(r, low + 4) << 32;

	assert_in_range(i * 16, 0, *rig_reg(r, low + 8) - 16);
	return rig_dma(r, iova + i * 16, 16);
}

union intel_rxd *rig_rxd(struct rig *r, unsigned int queue, unsigned int i)
{
	return descriptor(r, E1000E_QUEUE(E1000E_RDBAL, queue), i);
}

struct intel_txd *rig_txd(struct rig *r, unsigned int queue, unsigned int i)
{
	return descriptor(r, E1000E_QUEUE(E1000E_TDBAL, queue), i);
}

void rig_receive(struct rig *r, unsigned int i, uint8_t fill, uint16_t len, uint32_t status)
{
	union intel_rxd *d = rig_rxd(r, 0, i);
	size_t room = LEAT_MIN((size_t)len, (size_t)2048);

	memset(rig_dma(r, leat_le64_to_cpu(d->read.addr), room), fill, room);
	d->done = (struct intel_rxd_done){
		.len = leat_cpu_to_le16(len), .status = leat_cpu_to_le32(status),
	};
}

void rig_send(struct rig *r, unsigned int queue)
{
	uint32_t *head = rig_reg(r, E1000E_QUEUE(E1000E_TDH, queue));
	uint32_t n = *rig_reg(r, E1000E_QUEUE(E1000E_TDLEN, queue)) / 16;

	for (; *head != *rig_reg(r, E1000E_QUEUE(E1000E_TDT, queue)); *head = (*head + 1) % n) {
		struct intel_txd *d = rig_txd(r, queue, *head);

		if (leat_le32_to_cpu(d->cmd) & INTEL_TXD_RS)
			d->status = leat_cpu_to_le32(leat_le32_to_cpu(d->status) | INTEL_TXD_DONE);
	}
}

unsigned int rig_written(const struct rig *r, unsigned int from, uint32_t off, uint32_t *value)
{
	unsigned int n = 0;

	for (unsigned int i = from; i < r->notes; i++) {
		if (r->note[i].off != off)
			continue;
		*value = r->note[i].value;
		n++;
	}
	return n;
}

/* ---- the context ---- */

static void on_log(void *arg, enum leat_log_level level, const char *message)
{
	struct rig *r = arg;

	if (level != LEAT_LOG_ERROR)
		return;
	r->errors++;
	snprintf(r->last, sizeof(r->last), "%s", message);
}

static uint64_t on_clock(void *arg)
{
	return ((struct rig *)arg)->now;
}

static void on_event(void *arg, struct leat_port *port, enum leat_event event)
{
	(void)port;
	((struct rig *)arg)->events[event]++;
}

void rig_tick(struct rig *r)
{
	r->now += UINT64_C(1100000000);
	leat_ctx_poll(r->ctx);
}

static void fill_config(struct rig *r)
{
	r->config[0] = 0x86;
	r->config[1] = 0x80;
	r->config[2] = 0xd3;
	r->config[3] = 0x10;
	r->config[LEAT_PCI_STATUS] = LEAT_PCI_STATUS_CAPS;
	r->config[LEAT_PCI_CAPS] = MSIX;
	r->config[MSIX] = LEAT_PCI_CAP_MSIX;
	r->config[MSIX + 2] = VECTORS - 1;
	r->config[MSIX + 4] = 3;
}

static void fill_nvm(struct rig *r)
{
	uint16_t sum = 0;

	for (unsigned int i = 0; i < INTEL_NVM_CHECKSUM; i++)
		sum = (uint16_t)(sum + (r->nvm[i] = (uint16_t)(i * 77)));
	r->nvm[INTEL_NVM_CHECKSUM] = (uint16_t)(INTEL_NVM_SUM - sum);
}

int rig_setup(void **state)
{
	static char name[] = "rig:0";
	const struct leat_pool_config pool = { .count = 512, .buf_size = 2048 };
	struct rig *r = calloc(1, sizeof(*r));
	struct leat_ctx_config cfg = {
		.page_size = 4096, .log = on_log, .log_arg = r, .clock = on_clock, .clock_arg = r,
	};

	*state = r;
	if (!r || leat_ctx_open(&cfg, &r->ctx) || leat_pool_create(r->ctx, &pool, &r->pool))
		return -1;
	r->dev = (struct leat_dev){ .ops = &ops, .ctx = r->ctx, .as = &r->as, .addr = name,
				    .owns_msix = true };
	r->dev.region[LEAT_REGION_BAR0].size = E1000E_BAR0_SIZE;
	r->dev.region[LEAT_REGION_CONFIG].size = sizeof(r->config);
	r->dev.irqs[LEAT_IRQ_INTX] = r->dev.irqs[LEAT_IRQ_MSI] = 1;
	r->dev.irqs[LEAT_IRQ_MSIX] = VECTORS;
	r->dev.irq_flags[LEAT_IRQ_INTX] = LEAT_IRQ_AUTOMASKED;
	r->as = (struct leat_aspace){ .ops = &as_ops, .name = name };
	fill_config(r);
	fill_nvm(r);
	reset(r);
	return leat_aspace_attach(r->ctx, &r->as);
}

int rig_teardown(void **state)
{
	struct rig *r = *state;

	r->left = 0;
	rig_close(r);
	leat_aspace_detach(&r->as);
	leat_pool_destroy(r->pool);
	leat_ctx_close(r->ctx);
	free(r);
	return 0;
}

static void close_dev(struct leat_dev *dev)
{
	dev->dead = false;	/* the next open finds it well */
}

int rig_try(struct rig *r, const struct leat_port_config *cfg)
{
	static const struct leat_dev_end end = { .close = close_dev };
	struct leat_port_config mine = cfg ? *cfg : (struct leat_port_config){ 0 };

	mine.pool = r->pool;
	mine.event = on_event;
	mine.event_arg = r;
	mine.rx_desc = mine.tx_desc = 32;
	return leat_port_attach(r->ctx, &leat_e1000e, &r->dev, "rig:0", &end, false, &mine, &r->port);
}

void rig_open(struct rig *r, const struct leat_port_config *cfg)
{
	if (rig_try(r, cfg))
		fail_msg("%s", r->last);
}

void rig_close(struct rig *r)
{
	leat_port_close(r->port);
	r->port = NULL;
}
