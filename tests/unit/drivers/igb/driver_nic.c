// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_nic.c - an 82576 made of memory.
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

#define MSIX_CAP 0x70
#define VECTORS	 10

static uint32_t *reg(struct nic *n, uint32_t off)
{
	return &n->reg[off / 4];
}

/* ---- registers ---- */

/* Nothing of what was set is left but the semaphore, and the NVM's address is there. */
static void reset(struct nic *n)
{
	uint32_t swsm = *reg(n, INTEL_SWSM);

	memset(n->reg, 0, sizeof(n->reg));
	*reg(n, INTEL_SWSM) = swsm;
	*reg(n, INTEL_STATUS) = INTEL_STATUS_LU | INTEL_STATUS_FD |
				LEAT_PUT(INTEL_STATUS_SPEED, 2u) |
				(n->vfs ? IGB_STATUS_IOV | LEAT_PUT(IGB_STATUS_VFS, n->vfs) : 0);
	*reg(n, INTEL_EECD) = INTEL_EECD_PRES | INTEL_EECD_AUTO_RD;
	*reg(n, INTEL_RAL(0)) = 0x12005452;
	*reg(n, INTEL_RAH(0)) = INTEL_RAH_AV | 0x5634;
	*reg(n, IGB_RXPBS) = 64;
	*reg(n, IGB_QUEUE(IGB_RXDCTL, 0)) = IGB_DCTL_ENABLE;
}

static bool is_gone(struct nic *n)
{
	return n->left && !(n->left > 1 && n->left--);
}

static int region_read(struct leat_dev *dev, unsigned int region, uint64_t off, void *buf, size_t len)
{
	struct nic *n = LEAT_CONTAINER_OF(dev, struct nic, dev);

	if (is_gone(n))
		return -ENODEV;
	if (region == LEAT_REGION_CONFIG) {
		memcpy(buf, n->config + off, len);
		return 0;
	}
	assert_int_equal(len, 4);
	memcpy(buf, reg(n, (uint32_t)off), len);
	if (off == IGB_ICR || off == IGB_EICR)
		*reg(n, (uint32_t)off) = 0;
	else if (off == INTEL_SWSM)
		*reg(n, INTEL_SWSM) |= INTEL_SWSM_SMBI;
	if (n->after_read)
		n->after_read(n, (uint32_t)off);
	if (n->gone)
		memset(buf, 0xff, len);
	return 0;
}

static uint32_t mdic(struct nic *n, uint32_t v)
{
	uint32_t r = LEAT_GET(INTEL_MDIC_REG, v);

	/* Nobody touches the PHY without asking the others. */
	assert_true(*reg(n, INTEL_SW_FW_SYNC) & IGB_SYNC_PHY(0));
	if (LEAT_GET(INTEL_MDIC_OP, v) == INTEL_MDIC_OP_WRITE)
		n->phy[r] = (uint16_t)LEAT_GET(INTEL_MDIC_DATA, v);
	return (v & ~INTEL_MDIC_DATA) | INTEL_MDIC_READY | n->phy[r];
}

static bool is_dctl(uint32_t off)
{
	return (off >= IGB_RXQ_PAGE && (off & 0x3f) == (IGB_RXDCTL & 0x3f) && off < 0xe400);
}

/* The frame just given to queue 0 comes back in queue 0. */
static void loop(struct nic *n, uint32_t tail)
{
	uint32_t head = *reg(n, IGB_QUEUE(IGB_TDH, 0));
	struct intel_txd *t;
	union intel_rxd *r;
	uint32_t len;

	if (!(n->phy[INTEL_PHY_CONTROL] & INTEL_PHY_CONTROL_LOOPBACK) || n->no_loop || head == tail)
		return;
	t = nic_txd(n, 0, head);
	r = nic_rxd(n, 0, 0);
	len = LEAT_GET(IGB_TXD_LEN, leat_le32_to_cpu(t->cmd));
	memcpy(nic_mem(n, leat_le64_to_cpu(r->read.addr)), nic_mem(n, leat_le64_to_cpu(t->addr)), len);
	r->done = (struct intel_rxd_done){
		.status = leat_cpu_to_le32(INTEL_RXD_DD | INTEL_RXD_EOP),
		.len = leat_cpu_to_le16((uint16_t)len),
	};
}

static void fire(struct nic *n, uint32_t vectors)
{
	for (unsigned int v = 0; v < LEAT_ARRAY_LEN(n->event); v++)
		if ((vectors & LEAT_BIT(v)) && v != n->dead_vector && n->event[v] >= 0)
			leat_eventfd_signal(n->event[v]);
}

static void write_reg(struct nic *n, uint32_t off, uint32_t v)
{
	if (off == IGB_QUEUE(IGB_TDT, 0))
		loop(n, v);
	if (off == IGB_EICS)
		fire(n, v & n->reg[IGB_EIMS / 4]);
	if (off == n->stuck)
		v |= 1 << 8;
	if (off == INTEL_CTRL && (v & INTEL_CTRL_RST) && !n->no_reset)
		reset(n);
	else if (off == INTEL_EERD)
		*reg(n, off) = v | INTEL_EERD_DONE;
	else if (off == INTEL_MDIC)
		*reg(n, off) = mdic(n, v);
	else if (off == IGB_IMS || off == IGB_EIMS)
		*reg(n, off) |= v;
	else if (off == IGB_IMC || off == IGB_EIMC)
		*reg(n, off == IGB_IMC ? IGB_IMS : IGB_EIMS) &= ~v;
	else if (off == IGB_EICR)
		*reg(n, off) &= ~v;
	else if (is_dctl(off) && n->no_queues)
		*reg(n, off) = v & ~IGB_DCTL_ENABLE;
	else
		*reg(n, off) = v;
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
	if (region != LEAT_REGION_BAR0)
		return 0;			/* the MSI-X table */
	assert_int_equal(len, 4);
	memcpy(&v, buf, sizeof(v));
	assert_in_range(n->notes, 0, NIC_NOTES - 1);
	n->note[n->notes++] = (struct trace_note){ (uint32_t)off, v };
	write_reg(n, (uint32_t)off, v);
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
	if (action != LEAT_IRQ_TRIGGER)
		return 0;
	n->irq_index = index;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(n->event); i++)
		n->event[i] = i >= start && i < start + count && fds ? fds[i - start] : -1;
	return 0;
}

static const struct leat_dev_ops dev_ops = {
	.scheme = "fake", .region_read = region_read, .region_write = region_write,
	.region_map = region_map, .irq_set = irq_set,
};

uint32_t nic_written(const struct nic *n, uint32_t off)
{
	return n->note[nic_when(n, off)].value;
}

unsigned int nic_writes(const struct nic *n, uint32_t off)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < n->notes; i++)
		sum += n->note[i].off == off;
	return sum;
}

unsigned int nic_when(const struct nic *n, uint32_t off)
{
	for (unsigned int i = n->notes; i--;)
		if (n->note[i].off == off)
			return i;
	fail_msg("nothing was written to 0x%05x", off);
	return 0;
}

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

void *nic_mem(struct nic *n, uint64_t iova)
{
	for (unsigned int i = 0; i < n->nsegs; i++)
		if (iova - n->seg[i].iova < n->seg[i].len)
			return (char *)n->seg[i].va + (iova - n->seg[i].iova);
	fail_msg("the device reaches for 0x%llx, where nothing is", (unsigned long long)iova);
	return NULL;
}

static void *ring(struct nic *n, uint32_t low, uint32_t high, unsigned int i)
{
	return (char *)nic_mem(n, *reg(n, low) | (uint64_t)*reg(n, high) << 32) + 16 * i;
}

union intel_rxd *nic_rxd(struct nic *n, unsigned int queue, unsigned int i)
{
	return ring(n, IGB_QUEUE(IGB_RDBAL, queue), IGB_QUEUE(IGB_RDBAH, queue), i);
}

struct intel_txd *nic_txd(struct nic *n, unsigned int queue, unsigned int i)
{
	return ring(n, IGB_QUEUE(IGB_TDBAL, queue), IGB_QUEUE(IGB_TDBAH, queue), i);
}

void nic_receive(struct nic *n, unsigned int queue, unsigned int i, uint16_t len, uint8_t fill,
		 uint32_t status, uint32_t info)
{
	union intel_rxd *d = nic_rxd(n, queue, i);

	memset(nic_mem(n, leat_le64_to_cpu(d->read.addr)), fill, LEAT_MIN(len, 2048));
	d->done = (struct intel_rxd_done){
		.info = leat_cpu_to_le32(info), .hash = leat_cpu_to_le32(0xcafe0000 | i),
		.status = leat_cpu_to_le32(status), .len = leat_cpu_to_le16(len),
		.vlan = leat_cpu_to_le16(0x2005),
	};
}

void nic_send(struct nic *n, unsigned int queue)
{
	uint32_t *head = reg(n, IGB_QUEUE(IGB_TDH, queue)), tail = *reg(n, IGB_QUEUE(IGB_TDT, queue));
	uint32_t size = *reg(n, IGB_QUEUE(IGB_TDLEN, queue)) / 16;

	for (; *head != tail; *head = (*head + 1) % size) {
		struct intel_txd *d = nic_txd(n, queue, *head);

		if (leat_le32_to_cpu(d->cmd) & INTEL_TXD_RS)
			d->status = leat_cpu_to_le32(INTEL_TXD_DONE);
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
	struct nic *n = arg;

	(void)port;
	n->events[event]++;
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

static int open_two(void *arg)
{
	const struct leat_port_config cfg = { .rxqs = 2, .txqs = 2, .rx_desc = 32, .tx_desc = 32 };

	return nic_open(arg, &cfg);
}

static void close_it(void *arg)
{
	struct nic *n = arg;

	leat_port_close(n->port);
	n->port = NULL;
}

void nic_cut(struct nic *n)
{
	const struct trace_device d = {
		.arg = n, .open = open_two, .close = close_it, .left = &n->left,
		.errors = &n->errors, .notes = &n->notes, .segs = &n->nsegs, .pool = n->pool,
	};

	trace_cut(&d);
}

void nic_second(struct nic *n)
{
	n->now += 1100000000;
	assert_int_equal(leat_ctx_poll(n->ctx), 0);
}

static void fill_config(struct nic *n)
{
	n->config[LEAT_PCI_STATUS] = LEAT_PCI_STATUS_CAPS;
	n->config[LEAT_PCI_CAPS] = MSIX_CAP;
	n->config[MSIX_CAP] = LEAT_PCI_CAP_MSIX;
	n->config[MSIX_CAP + 2] = VECTORS - 1;
	n->config[MSIX_CAP + 4] = LEAT_REGION_BAR3;
}

int nic_setup(void **state)
{
	const struct leat_pool_config pool = { .count = 4096, .buf_size = 2048 };
	static char name[] = "fake:nic";
	struct nic *n = calloc(1, sizeof(*n));
	struct leat_ctx_config cfg = {
		.page_size = 4096, .log = on_log, .log_arg = n, .clock = on_clock, .clock_arg = n,
	};

	*state = n;
	if (!n || leat_ctx_open(&cfg, &n->ctx) || leat_pool_create(n->ctx, &pool, &n->pool))
		return -1;
	n->dev = (struct leat_dev){ .ops = &dev_ops, .ctx = n->ctx, .as = &n->as, .addr = name };
	n->dev.region[LEAT_REGION_BAR0].size = IGB_BAR0_SIZE;
	n->dev.region[LEAT_REGION_BAR3].size = 0x4000;
	n->dev.region[LEAT_REGION_CONFIG].size = sizeof(n->config);
	n->dev.irqs[LEAT_IRQ_MSIX] = VECTORS;
	n->dev.irqs[LEAT_IRQ_INTX] = 1;
	n->dev.irq_flags[LEAT_IRQ_INTX] = LEAT_IRQ_EVENTFD | LEAT_IRQ_MASKABLE | LEAT_IRQ_AUTOMASKED;
	n->as = (struct leat_aspace){ .ops = &as_ops, .name = name };
	n->drv = &leat_igb;
	n->dead_vector = UINT32_MAX;
	n->stuck = UINT32_MAX;
	fill_config(n);
	reset(n);
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
