// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_nic.c - an Intel NIC made of memory, and the context around it.
 */
#include "driver_nic.h"

#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAC_LOW	 0x12005452
#define MAC_HIGH 0x5634

/* Registers of a ring, from the first of them. */
enum { BASE_LOW = 0x00, BASE_HIGH = 0x04, LENGTH = 0x08, HEAD = 0x10, TAIL = 0x18 };

/* ---- registers ---- */

uint32_t *nic_reg(struct nic *n, uint32_t off)
{
	return &n->reg[off / 4];
}

void nic_clear(struct nic *n)
{
	memset(n->reg, 0, sizeof(n->reg));
	*nic_reg(n, INTEL_STATUS) = INTEL_STATUS_LU | INTEL_STATUS_FD |
				    LEAT_PUT(INTEL_STATUS_SPEED, 2u);
	*nic_reg(n, INTEL_EECD) = INTEL_EECD_PRES | INTEL_EECD_AUTO_RD;
	*nic_reg(n, INTEL_RAL(0)) = MAC_LOW;
	*nic_reg(n, INTEL_RAH(0)) = INTEL_RAH_AV | MAC_HIGH;
}

uint32_t nic_mdic(struct nic *n, uint32_t v)
{
	uint32_t r = LEAT_GET(INTEL_MDIC_REG, v);

	if (LEAT_GET(INTEL_MDIC_OP, v) == INTEL_MDIC_OP_WRITE)
		n->phy[r] = (uint16_t)LEAT_GET(INTEL_MDIC_DATA, v);
	return (v & ~INTEL_MDIC_DATA) | INTEL_MDIC_READY | n->phy[r];
}

uint32_t nic_eerd(const struct nic *n, uint32_t v)
{
	return (v & ~INTEL_EERD_START) | INTEL_EERD_DONE |
	       LEAT_PUT(INTEL_EERD_DATA, (uint32_t)n->nvm[LEAT_GET(INTEL_EERD_ADDR, v) % NIC_NVM]);
}

/* ---- operations ---- */

static bool is_gone(struct nic *n)
{
	return n->left && !(n->left > 1 && n->left--);
}

/* A region that is MSI-X's table, and the driver's to fill. */
static bool is_table(const struct nic *n, unsigned int region)
{
	return region == n->chip->msix_bar && !n->dev.owns_msix;
}

static int region_read(struct leat_dev *dev, unsigned int region, uint64_t off, void *buf,
		       size_t len)
{
	struct nic *n = LEAT_CONTAINER_OF(dev, struct nic, dev);

	if (is_gone(n))
		return -ENODEV;
	if (region == LEAT_REGION_CONFIG) {
		memcpy(buf, n->config + off, len);
		return 0;
	}
	if (is_table(n, region)) {
		memset(buf, 0, len);
		return 0;
	}
	assert_int_equal(region, LEAT_REGION_BAR0);
	assert_int_equal(len, 4);
	memcpy(buf, nic_reg(n, (uint32_t)off), len);
	n->chip->read(n, (uint32_t)off);
	if (n->after_read)
		n->after_read(n, (uint32_t)off);
	if (n->gone)
		memset(buf, 0xff, len);
	return 0;
}

static int region_write(struct leat_dev *dev, unsigned int region, uint64_t off, const void *buf,
			size_t len)
{
	struct nic *n = LEAT_CONTAINER_OF(dev, struct nic, dev);
	uint32_t v;

	if (is_gone(n))
		return -ENODEV;
	if (region == LEAT_REGION_CONFIG) {
		memcpy(n->config + off, buf, len);
		return 0;
	}
	if (is_table(n, region))
		return 0;
	assert_int_equal(region, LEAT_REGION_BAR0);
	assert_int_equal(len, 4);
	memcpy(&v, buf, sizeof(v));
	assert_in_range(n->notes, 0, NIC_NOTES - 1);
	n->note[n->notes++] = (struct trace_note){ (uint32_t)off, v };
	n->chip->write(n, (uint32_t)off, v);
	if (n->after_write)
		n->after_write(n, (uint32_t)off, v);
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
	struct nic *n = LEAT_CONTAINER_OF(dev, struct nic, dev);

	if (is_gone(n))
		return leat_fail(n->ctx, -ENODEV, "nic: interrupts: gone");
	if (action != LEAT_IRQ_TRIGGER) {
		n->rearms++;
		return 0;
	}
	assert_int_equal(start, 0);
	assert_in_range(count, 0, NIC_EVENTS);
	n->irq_index = index;
	n->irq_count = count;
	for (unsigned int i = 0; i < NIC_EVENTS; i++)
		n->event[i] = i < count && fds ? fds[i] : -1;
	return 0;
}

static const struct leat_dev_ops dev_ops = {
	.scheme = "fake", .region_read = region_read, .region_write = region_write,
	.region_map = region_map, .irq_set = irq_set,
};

/* ---- memory ---- */

static int dma_map(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct nic *n = LEAT_CONTAINER_OF(as, struct nic, as);

	if (is_gone(n))
		return leat_fail(n->ctx, -ENOMEM, "nic: map: no");
	assert_in_range(n->nsegs, 0, NIC_SEGS - 1);
	n->seg[n->nsegs++] = *seg;
	return 0;
}

static void dma_unmap(struct leat_aspace *as, const struct leat_seg *seg)
{
	struct nic *n = LEAT_CONTAINER_OF(as, struct nic, as);

	for (unsigned int i = 0; i < n->nsegs; i++) {
		if (n->seg[i].iova == seg->iova) {
			n->seg[i] = n->seg[--n->nsegs];
			return;
		}
	}
	fail_msg("unmapped what was not mapped");
}

static const struct leat_aspace_ops as_ops = { .dma_map = dma_map, .dma_unmap = dma_unmap };

void *nic_dma(struct nic *n, uint64_t iova, size_t len)
{
	for (unsigned int i = 0; i < n->nsegs; i++)
		if (iova >= n->seg[i].iova && iova - n->seg[i].iova + len <= n->seg[i].len)
			return (char *)n->seg[i].va + (iova - n->seg[i].iova);
	fail_msg("the device reaches for 0x%llx, where nothing is", (unsigned long long)iova);
	return NULL;
}

void *nic_desc(struct nic *n, uint32_t regs, unsigned int i)
{
	uint64_t iova = *nic_reg(n, regs + BASE_LOW) |
			(uint64_t)*nic_reg(n, regs + BASE_HIGH) << 32;

	assert_in_range(i, 0, *nic_reg(n, regs + LENGTH) / 16 - 1);
	return nic_dma(n, iova + i * 16, 16);
}

void nic_sent(struct nic *n, uint32_t regs, uint32_t keep)
{
	uint32_t *head = nic_reg(n, regs + HEAD), tail = *nic_reg(n, regs + TAIL);
	uint32_t size = *nic_reg(n, regs + LENGTH) / 16;

	for (; *head != tail; *head = (*head + 1) % size) {
		struct intel_txd *d = nic_desc(n, regs, *head);
		uint32_t status = leat_le32_to_cpu(d->status) & keep;

		if (leat_le32_to_cpu(d->cmd) & INTEL_TXD_RS)
			d->status = leat_cpu_to_le32(status | INTEL_TXD_DONE);
	}
}

/* ---- the context around it ---- */

static void on_log(void *arg, enum leat_log_level level, const char *message)
{
	struct nic *n = arg;

	if (level != LEAT_LOG_ERROR)
		return;
	n->errors++;
	snprintf(n->last, sizeof(n->last), "%s", message);
}

static uint64_t on_clock(void *arg)
{
	return ((struct nic *)arg)->now;
}

static void on_event(void *arg, struct leat_port *port, enum leat_event event)
{
	(void)port;
	((struct nic *)arg)->events[event]++;
}

static void dev_close(struct leat_dev *dev)
{
	LEAT_CONTAINER_OF(dev, struct nic, dev)->closed = true;
	dev->dead = false;	/* the next open finds it well */
}

static struct leat_aspace *dev_aspace(struct leat_dev *dev)
{
	return dev->as;
}

static const struct leat_dev_end dev_end = { .close = dev_close, .aspace = dev_aspace };

int nic_open(struct nic *n, const struct leat_port_config *cfg)
{
	struct leat_port_config with = { 0 };

	if (cfg)
		with = *cfg;
	with.pool = n->pool;
	with.event = on_event;
	with.event_arg = n;
	return leat_port_attach(n->ctx, n->drv, &n->dev, "fake:nic", &dev_end, false, &with,
				&n->port);
}

void nic_close(struct nic *n)
{
	leat_port_close(n->port);
	n->port = NULL;
}

static void close_it(void *arg)
{
	nic_close(arg);
}

void nic_cut(struct nic *n, int (*open)(void *arg))
{
	const struct trace_device d = {
		.arg = n, .open = open, .close = close_it, .left = &n->left,
		.errors = &n->errors, .notes = &n->notes, .segs = &n->nsegs, .pool = n->pool,
	};

	trace_cut(&d);
}

void nic_second(struct nic *n)
{
	n->now += UINT64_C(1100000000);
	assert_int_equal(leat_ctx_poll(n->ctx), 0);
}

/* ---- life ---- */

static void fill_config(struct nic *n)
{
	uint8_t *cap = n->config + n->chip->msix_cap;

	n->config[LEAT_PCI_STATUS] = LEAT_PCI_STATUS_CAPS;
	n->config[LEAT_PCI_CAPS] = n->chip->msix_cap;
	cap[0] = LEAT_PCI_CAP_MSIX;
	cap[2] = (uint8_t)(n->chip->vectors - 1);
	cap[4] = n->chip->msix_bar;
}

static void plug(struct nic *n, const struct nic_chip *chip)
{
	static char name[] = "fake:nic";

	n->chip = chip;
	n->drv = chip->drv;
	n->dev = (struct leat_dev){ .ops = &dev_ops, .ctx = n->ctx, .as = &n->as, .addr = name };
	n->dev.region[LEAT_REGION_BAR0].size = NIC_BAR0;
	n->dev.region[LEAT_REGION_CONFIG].size = sizeof(n->config);
	n->dev.irqs[LEAT_IRQ_MSIX] = chip->vectors;
	n->dev.irqs[LEAT_IRQ_INTX] = 1;
	n->as = (struct leat_aspace){ .ops = &as_ops, .name = name };
	n->dead_vector = n->stuck = UINT32_MAX;
	for (unsigned int i = 0; i < NIC_EVENTS; i++)
		n->event[i] = -1;
	fill_config(n);
	chip->reset(n);
}

int nic_make(void **state, const struct nic_chip *chip)
{
	const struct leat_pool_config pool = { .count = chip->packets, .buf_size = 2048 };
	struct nic *n = calloc(1, sizeof(*n));
	struct leat_ctx_config cfg = {
		.page_size = 4096, .log = on_log, .log_arg = n, .clock = on_clock, .clock_arg = n,
	};

	*state = n;
	if (!n || leat_ctx_open(&cfg, &n->ctx) || leat_pool_create(n->ctx, &pool, &n->pool))
		return -1;
	plug(n, chip);
	return leat_aspace_attach(n->ctx, &n->as);
}

int nic_teardown(void **state)
{
	struct nic *n = *state;

	n->left = 0;
	leat_port_close(n->port);
	assert_int_equal(leat_pool_available(n->pool), leat_pool_count(n->pool));
	leat_pool_destroy(n->pool);
	leat_aspace_detach(&n->as);
	leat_ctx_close(n->ctx);
	free(n);
	return 0;
}
