// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rig.c - rings for tests of the models of the 82576.
 */
#include "model_rig.h"

#include <leat/driver/pci.h>

const uint8_t rig_tcp4[58] = {
	0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0x00,
	0x45, 0, 0, 44, 0x12, 0x34, 0x40, 0, 64, 6, 0x14, 0x96, 10, 0, 0, 1, 10, 0, 0, 2,
	0x04, 0x00, 0x00, 0x50, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x19, 0x01, 0x00, 0xc8, 0x9a, 0, 0,
	'l', 'e', 'a', 't',
};

/* ---- life ---- */

void rig_open(struct rig *r, const struct leat_model *model, const struct leat_model_opt *opts)
{
	static const struct leat_model_opt mac[] = { { "mac", "02:00:00:00:00:01" }, { NULL, NULL } };

	rig_plug(r, model, opts ? opts : mac,
		 model == &leat_model_igbvf ? IGB_VF_VECTORS : IGB_MODEL_VECTORS);
}

static bool is_vf(const struct rig *r)
{
	return r->mdev->model == &leat_model_igbvf;
}

uint64_t rig_config(struct rig *r, uint64_t off, size_t len)
{
	return rig_read(r, LEAT_MODEL_CONFIG, off, len);
}

void rig_msix(struct rig *r)
{
	rig_write(r, LEAT_MODEL_CONFIG, rig_cap(r, LEAT_PCI_CAP_MSIX) + 2, 0x8000, 2);
	if (is_vf(r))
		return;
	rig_set(r, IGB_GPIE, IGB_GPIE_MSIX | IGB_GPIE_EIAME);
	rig_set(r, IGB_IVAR_MISC, IGB_IVAR_VALID << IGB_IVAR_MISC_OTHER);
	rig_set(r, IGB_IVAR(0), IGB_IVAR_VALID | 1 | (IGB_IVAR_VALID | 2) << 8);
	for (uint32_t i = 1; i < 8; i++)
		rig_set(r, IGB_IVAR(i), (IGB_IVAR_VALID | (2 + i)) | (IGB_IVAR_VALID | (2 + i)) << 8);
}

void rig_start(struct rig *r)
{
	rig_map(r);
	rig_master(r);
	if (!is_vf(r)) {
		rig_set(r, INTEL_CTRL, INTEL_CTRL_SLU | INTEL_CTRL_FD);
		rig_set(r, INTEL_RCTL, INTEL_RCTL_EN | INTEL_RCTL_BAM | INTEL_RCTL_SECRC);
		rig_set(r, INTEL_TCTL, INTEL_TCTL_EN | INTEL_TCTL_PSP);
	}
	rig_rx_ring(r, 0);
	rig_tx_ring(r, 0);
}

/* ---- rings ---- */

static void ring(struct rig *r, struct rig_ring *q, uint32_t regs, uint32_t place)
{
	rig_set(r, regs + (IGB_RXDCTL & 0x3f), 0);
	rig_ring_set(r, q, regs, place * 4096, RIG_SIZE);
}

void rig_rx_ring(struct rig *r, unsigned int i)
{
	uint32_t regs = is_vf(r) ? IGB_QUEUE_ALIAS(IGB_RXQ_PAGE, i) : IGB_QUEUE(IGB_RXQ_PAGE, i);

	ring(r, &r->rx[i], regs, i);
	rig_set(r, regs + (IGB_SRRCTL & 0x3f), LEAT_PUT(IGB_SRRCTL_DESCTYPE, IGB_SRRCTL_ONE_BUFFER) | 2);
	rig_set(r, regs + (IGB_RXDCTL & 0x3f), IGB_DCTL_ENABLE);
}

void rig_tx_ring(struct rig *r, unsigned int i)
{
	uint32_t regs = is_vf(r) ? IGB_QUEUE_ALIAS(IGB_TXQ_PAGE, i) : IGB_QUEUE(IGB_TXQ_PAGE, i);

	ring(r, &r->tx[i], regs, IGB_QUEUES + i);
	rig_set(r, regs + (IGB_TXDCTL & 0x3f), IGB_DCTL_ENABLE);
}

uint64_t rig_iova(uint32_t off)
{
	return RIG_IOVA + off;
}

void rig_tx_data(struct rig *r, unsigned int i, uint32_t buf, uint32_t len, uint32_t cmd,
		 uint32_t status)
{
	struct rig_ring *q = &r->tx[i];

	q->txd[q->next] = (struct intel_txd){
		.addr = leat_cpu_to_le64(rig_iova(buf)),
		.cmd = leat_cpu_to_le32(IGB_TXD_DATA | cmd | len),
		.status = leat_cpu_to_le32(status),
	};
	q->next = (q->next + 1) % RIG_SIZE;
}

void rig_rx_data(struct rig *r, unsigned int i, uint32_t buf)
{
	struct rig_ring *q = &r->rx[i];

	q->rxd[q->next].read = (struct intel_rxd_read){ .addr = leat_cpu_to_le64(rig_iova(buf)) };
	q->next = (q->next + 1) % RIG_SIZE;
}

void rig_tx_show(struct rig *r, unsigned int i)
{
	rig_ring_tail(r, &r->tx[i], r->tx[i].next);
}

void rig_rx_show(struct rig *r, unsigned int i)
{
	rig_ring_tail(r, &r->rx[i], r->rx[i].next);
}
