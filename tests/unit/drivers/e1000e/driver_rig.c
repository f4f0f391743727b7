// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_rig.c - what an 82574 has of its own.
 */
#include "driver_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* ---- registers ---- */

static void act(struct nic *n, uint32_t off, uint32_t v)
{
	switch (off) {
	case INTEL_CTRL:
		if (v & INTEL_CTRL_RST && !n->no_reset) {
			nic_clear(n);
			v = 0;
		}
		break;
	case INTEL_MDIC:
		v = nic_mdic(n, v);
		break;
	case INTEL_EERD:
		v = nic_eerd(n, v);
		break;
	case E1000E_ICR:
		v = *nic_reg(n, off) & ~v;
		break;
	case E1000E_ICS:
		*nic_reg(n, E1000E_ICR) |= v;
		if (n->irq_count && (v & *nic_reg(n, E1000E_IMS)))
			leat_eventfd_signal(n->event[0]);
		return;
	case E1000E_IMS:
		v |= *nic_reg(n, off);
		break;
	case E1000E_IMC:
		*nic_reg(n, E1000E_IMS) &= ~v;
		return;
	default:
		break;
	}
	*nic_reg(n, off) = v;
}

/* 82574 10.2.4.1: by reading, if something is signalled or nothing can be. */
static bool icr_is_cleared(struct nic *n)
{
	uint32_t mask = *nic_reg(n, E1000E_IMS);

	return !mask || (*nic_reg(n, E1000E_ICR) & mask);
}

static void was_read(struct nic *n, uint32_t off)
{
	if (off == E1000E_ICR ? icr_is_cleared(n) : off >= INTEL_CRCERRS && off <= INTEL_TSCTC)
		*nic_reg(n, off) = 0;
}

/* ---- rings ---- */

union intel_rxd *rig_rxd(struct nic *n, unsigned int queue, unsigned int i)
{
	return nic_desc(n, E1000E_QUEUE(E1000E_RDBAL, queue), i);
}

struct intel_txd *rig_txd(struct nic *n, unsigned int queue, unsigned int i)
{
	return nic_desc(n, E1000E_QUEUE(E1000E_TDBAL, queue), i);
}

void rig_receive(struct nic *n, unsigned int i, uint8_t fill, uint16_t len, uint32_t status)
{
	union intel_rxd *d = rig_rxd(n, 0, i);
	size_t room = LEAT_MIN((size_t)len, (size_t)2048);

	memset(nic_dma(n, leat_le64_to_cpu(d->read.addr), room), fill, room);
	d->done = (struct intel_rxd_done){
		.len = leat_cpu_to_le16(len), .status = leat_cpu_to_le32(status),
	};
}

void rig_send(struct nic *n, unsigned int queue)
{
	nic_sent(n, E1000E_QUEUE(E1000E_TDBAL, queue), UINT32_MAX);
}

unsigned int rig_written(const struct nic *n, unsigned int from, uint32_t off, uint32_t *value)
{
	unsigned int count = 0;

	for (unsigned int i = from; i < n->notes; i++) {
		if (n->note[i].off != off)
			continue;
		*value = n->note[i].value;
		count++;
	}
	return count;
}

/* ---- life ---- */

static void fill_nvm(struct nic *n)
{
	uint16_t sum = 0;

	for (unsigned int i = 0; i < INTEL_NVM_CHECKSUM; i++)
		sum = (uint16_t)(sum + (n->nvm[i] = (uint16_t)(i * 77)));
	n->nvm[INTEL_NVM_CHECKSUM] = (uint16_t)(INTEL_NVM_SUM - sum);
}

int rig_setup(void **state)
{
	static const struct nic_chip chip = {
		.drv = &leat_e1000e, .packets = 512, .vectors = E1000E_VECTORS, .msix_cap = 0xa0,
		.msix_bar = LEAT_REGION_BAR3, .reset = nic_clear, .read = was_read, .write = act,
	};
	int err = nic_make(state, &chip);
	struct nic *n = *state;

	if (err)
		return err;
	n->dev.owns_msix = true;
	n->dev.irqs[LEAT_IRQ_MSI] = 1;
	n->dev.irq_flags[LEAT_IRQ_INTX] = LEAT_IRQ_AUTOMASKED;
	memcpy(n->config, "\x86\x80\xd3\x10", 4);
	fill_nvm(n);
	return 0;
}

int rig_try(struct nic *n, const struct leat_port_config *cfg)
{
	struct leat_port_config mine = cfg ? *cfg : (struct leat_port_config){ 0 };

	mine.rx_desc = mine.tx_desc = 32;
	return nic_open(n, &mine);
}

void rig_open(struct nic *n, const struct leat_port_config *cfg)
{
	if (rig_try(n, cfg))
		fail_msg("%s", n->last);
}
