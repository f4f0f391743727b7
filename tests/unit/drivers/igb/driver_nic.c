// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_nic.c - what an 82576 has of its own.
 */
#include "driver_nic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- registers ---- */

/* Nothing of what was set is left but the semaphore. */
static void reset(struct nic *n)
{
	uint32_t swsm = *nic_reg(n, INTEL_SWSM);

	nic_clear(n);
	*nic_reg(n, INTEL_SWSM) = swsm;
	if (n->vfs)
		*nic_reg(n, INTEL_STATUS) |= IGB_STATUS_IOV | LEAT_PUT(IGB_STATUS_VFS, n->vfs);
	*nic_reg(n, IGB_RXPBS) = 64;
	*nic_reg(n, IGB_QUEUE(IGB_RXDCTL, 0)) = IGB_DCTL_ENABLE;
}

static uint32_t mdic(struct nic *n, uint32_t v)
{
	/* Nobody touches the PHY without asking the others. */
	assert_true(*nic_reg(n, INTEL_SW_FW_SYNC) & IGB_SYNC_PHY(0));
	return nic_mdic(n, v);
}

static bool is_dctl(uint32_t off)
{
	return (off >= IGB_RXQ_PAGE && (off & 0x3f) == (IGB_RXDCTL & 0x3f) && off < 0xe400);
}

/* The frame just given to queue 0 comes back in queue 0. */
static void loop(struct nic *n, uint32_t tail)
{
	uint32_t head = *nic_reg(n, IGB_QUEUE(IGB_TDH, 0));
	struct intel_txd *t;
	union intel_rxd *r;
	uint32_t len;

	if (!(n->phy[INTEL_PHY_CONTROL] & INTEL_PHY_CONTROL_LOOPBACK) || n->no_loop || head == tail)
		return;
	t = nic_txd(n, 0, head);
	r = nic_rxd(n, 0, 0);
	len = LEAT_GET(IGB_TXD_LEN, leat_le32_to_cpu(t->cmd));
	memcpy(nic_dma(n, leat_le64_to_cpu(r->read.addr), len),
	       nic_dma(n, leat_le64_to_cpu(t->addr), len), len);
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
		*nic_reg(n, off) = nic_eerd(n, v);
	else if (off == INTEL_MDIC)
		*nic_reg(n, off) = mdic(n, v);
	else if (off == IGB_IMS || off == IGB_EIMS)
		*nic_reg(n, off) |= v;
	else if (off == IGB_IMC || off == IGB_EIMC)
		*nic_reg(n, off == IGB_IMC ? IGB_IMS : IGB_EIMS) &= ~v;
	else if (off == IGB_EICR)
		*nic_reg(n, off) &= ~v;
	else if (is_dctl(off) && n->no_queues)
		*nic_reg(n, off) = v & ~IGB_DCTL_ENABLE;
	else
		*nic_reg(n, off) = v;
}

static void was_read(struct nic *n, uint32_t off)
{
	if (off == IGB_ICR || off == IGB_EICR)
		*nic_reg(n, off) = 0;
	else if (off == INTEL_SWSM)
		*nic_reg(n, INTEL_SWSM) |= INTEL_SWSM_SMBI;
}

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

/* ---- rings ---- */

union intel_rxd *nic_rxd(struct nic *n, unsigned int queue, unsigned int i)
{
	return nic_desc(n, IGB_QUEUE(IGB_RDBAL, queue), i);
}

struct intel_txd *nic_txd(struct nic *n, unsigned int queue, unsigned int i)
{
	return nic_desc(n, IGB_QUEUE(IGB_TDBAL, queue), i);
}

void nic_receive(struct nic *n, unsigned int queue, unsigned int i, uint16_t len, uint8_t fill,
		 uint32_t status, uint32_t info)
{
	union intel_rxd *d = nic_rxd(n, queue, i);
	size_t room = LEAT_MIN((size_t)len, (size_t)2048);

	memset(nic_dma(n, leat_le64_to_cpu(d->read.addr), room), fill, room);
	d->done = (struct intel_rxd_done){
		.info = leat_cpu_to_le32(info), .hash = leat_cpu_to_le32(0xcafe0000 | i),
		.status = leat_cpu_to_le32(status), .len = leat_cpu_to_le16(len),
		.vlan = leat_cpu_to_le16(0x2005),
	};
}

void nic_send(struct nic *n, unsigned int queue)
{
	nic_sent(n, IGB_QUEUE(IGB_TDBAL, queue), 0);
}

/* ---- life ---- */

int nic_open_two(void *arg)
{
	const struct leat_port_config cfg = { .rxqs = 2, .txqs = 2, .rx_desc = 32, .tx_desc = 32 };

	return nic_open(arg, &cfg);
}

int nic_setup(void **state)
{
	static const struct nic_chip chip = {
		.drv = &leat_igb, .packets = 4096, .vectors = 10, .msix_cap = 0x70,
		.msix_bar = LEAT_REGION_BAR3, .reset = reset, .read = was_read, .write = write_reg,
	};
	int err = nic_make(state, &chip);
	struct nic *n = *state;

	if (err)
		return err;
	n->dev.region[LEAT_REGION_BAR3].size = 0x4000;
	n->dev.irq_flags[LEAT_IRQ_INTX] = LEAT_IRQ_EVENTFD | LEAT_IRQ_MASKABLE | LEAT_IRQ_AUTOMASKED;
	return 0;
}
