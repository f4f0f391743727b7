// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rig.c - host, wire and driver for tests of the models of the 82576.
 */
#include "model_rig.h"

#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const uint8_t rig_tcp4[58] = {
	0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0x00,
	0x45, 0, 0, 44, 0x12, 0x34, 0x40, 0, 64, 6, 0x14, 0x96, 10, 0, 0, 1, 10, 0, 0, 2,
	0x04, 0x00, 0x00, 0x50, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x19, 0x01, 0x00, 0xc8, 0x9a, 0, 0,
	'l', 'e', 'a', 't',
};

/* ---- the host ---- */

static void host_raise(struct leat_mdev *mdev, unsigned int index, unsigned int vector)
{
	struct rig *r = mdev->host_arg;

	assert_in_range(index, 0, 2);
	r->raised[index][vector]++;
}

static int host_dma(struct leat_mdev *mdev, uint64_t iova, void *buf, size_t len, bool write)
{
	struct rig *r = mdev->host_arg;
	bool busy = r->busy && !write && !r->busy_after;

	r->busy_after -= r->busy_after && !write;

	if (busy) {
		r->busy = false;
		return -EAGAIN;
	}
	assert_true(iova >= RIG_IOVA && len <= RIG_MEM && iova - RIG_IOVA <= RIG_MEM - len);
	if (write)
		memcpy(r->mem + (iova - RIG_IOVA), buf, len);
	else
		memcpy(buf, r->mem + (iova - RIG_IOVA), len);
	return 0;
}

static void host_log(struct leat_mdev *mdev, enum leat_log_level level, const char *message)
{
	struct rig *r = mdev->host_arg;

	r->errors += level == LEAT_LOG_ERROR;
	snprintf(r->line, sizeof(r->line), "%s", message);
}

static const struct leat_model_host host = {
	.raise = host_raise, .dma = host_dma, .log = host_log,
};

/* ---- the wire ---- */

static struct rig_wire *wire_of(struct leat_wire *w)
{
	return LEAT_CONTAINER_OF(w, struct rig_wire, wire);
}

static unsigned int wire_send(struct leat_wire *w, const struct leat_frame *frames, unsigned int n)
{
	struct rig_wire *rw = wire_of(w);
	unsigned int i;

	for (i = 0; i < n && rw->room && rw->n < RIG_FRAMES; i++, rw->room--) {
		struct rig_frame *f = &rw->frame[rw->n++];

		f->len = frames[i].len;
		f->data = malloc(f->len);
		assert_non_null(f->data);
		memcpy(f->data, frames[i].data, f->len);
	}
	return i;
}

static bool wire_up(struct leat_wire *w)
{
	return wire_of(w)->up;
}

static void wire_close(struct leat_wire *w)
{
	struct rig_wire *rw = wire_of(w);

	for (unsigned int i = 0; i < rw->n; i++)
		free(rw->frame[i].data);
	free(rw);
}

static const struct leat_wire_ops wire_ops = {
	.name = "rig", .send = wire_send, .up = wire_up, .close = wire_close,
};

/* ---- life ---- */

void rig_open(struct rig *r, const struct leat_model *model, const struct leat_model_opt *opts)
{
	static const struct leat_model_opt mac[] = { { "mac", "02:00:00:00:00:01" }, { NULL, NULL } };

	memset(r, 0, sizeof(*r));
	r->vf = !strcmp(model->name, "igbvf");
	r->mem = aligned_alloc(4096, RIG_MEM);
	r->wire = calloc(1, sizeof(*r->wire));
	assert_true(r->mem && r->wire);
	memset(r->mem, 0xa5, RIG_MEM);
	r->wire->wire.ops = &wire_ops;
	r->wire->room = UINT32_MAX;
	r->wire->up = true;
	assert_int_equal(leat_mdev_create(model, opts ? opts : mac, "nic", &host, r, &r->wire->wire,
					  &r->mdev), 0);
	leat_mdev_attach(r->mdev);
}

void rig_close(struct rig *r)
{
	leat_mdev_detach(r->mdev);
	leat_mdev_destroy(r->mdev);
	free(r->mem);
}

/* ---- registers ---- */

uint32_t rig_get(struct rig *r, uint32_t off)
{
	leat_le32 word = leat_cpu_to_le32(0);

	assert_int_equal(leat_mdev_access(r->mdev, 0, off, &word, 4, false), 0);
	return leat_le32_to_cpu(word);
}

void rig_set(struct rig *r, uint32_t off, uint32_t val)
{
	leat_le32 word = leat_cpu_to_le32(val);

	assert_int_equal(leat_mdev_access(r->mdev, 0, off, &word, 4, true), 0);
}

uint64_t rig_config(struct rig *r, uint64_t off, size_t len)
{
	leat_le64 word = leat_cpu_to_le64(0);

	assert_int_equal(leat_mdev_access(r->mdev, LEAT_MODEL_CONFIG, off, &word, len, false), 0);
	return leat_le64_to_cpu(word);
}

static void config_set(struct rig *r, uint64_t off, uint16_t val)
{
	leat_le16 word = leat_cpu_to_le16(val);

	assert_int_equal(leat_mdev_access(r->mdev, LEAT_MODEL_CONFIG, off, &word, 2, true), 0);
}

uint32_t rig_cap(struct rig *r, uint8_t id)
{
	uint8_t at = (uint8_t)rig_config(r, LEAT_PCI_CAPS, 1);

	while (at && rig_config(r, at, 1) != id)
		at = (uint8_t)rig_config(r, at + 1u, 1);
	assert_true(at);
	return at;
}

void rig_map(struct rig *r)
{
	struct leat_mdma map = {
		.iova = RIG_IOVA, .len = RIG_MEM, .va = r->by_message ? NULL : (char *)r->mem,
		.read = true, .write = true,
	};

	assert_int_equal(leat_mdev_dma_add(r->mdev, &map), 0);
	config_set(r, LEAT_PCI_COMMAND, LEAT_PCI_COMMAND_MEM | LEAT_PCI_COMMAND_MASTER);
}

void rig_msix(struct rig *r)
{
	config_set(r, rig_cap(r, LEAT_PCI_CAP_MSIX) + 2, 0x8000);
	if (r->vf)
		return;
	rig_set(r, IGB_GPIE, IGB_GPIE_MSIX | IGB_GPIE_EIAME);
	rig_set(r, IGB_IVAR_MISC, IGB_IVAR_VALID << IGB_IVAR_MISC_OTHER);
	rig_set(r, IGB_IVAR(0), IGB_IVAR_VALID | 1 | (IGB_IVAR_VALID | 2) << 8);
	for (uint32_t i = 1; i < 8; i++)
		rig_set(r, IGB_IVAR(i), (IGB_IVAR_VALID | (2 + i)) | (IGB_IVAR_VALID | (2 + i)) << 8);
}

static void ring(struct rig *r, struct rig_ring *q, uint32_t regs, uint32_t place)
{
	*q = (struct rig_ring){ .regs = regs };
	q->desc = r->mem + place * 4096;
	memset(q->desc, 0, RIG_SIZE * 16);
	rig_set(r, regs + (IGB_RXDCTL & 0x3f), 0);
	rig_set(r, regs + (IGB_RDBAL & 0x3f), (uint32_t)rig_iova(place * 4096));
	rig_set(r, regs + (IGB_RDBAH & 0x3f), (uint32_t)(rig_iova(place * 4096) >> 32));
	rig_set(r, regs + (IGB_RDLEN & 0x3f), RIG_SIZE * 16);
	rig_set(r, regs + (IGB_RDH & 0x3f), 0);
	rig_set(r, regs + (IGB_RDT & 0x3f), 0);
}

void rig_rx_ring(struct rig *r, unsigned int i)
{
	uint32_t regs = r->vf ? IGB_QUEUE_ALIAS(IGB_RXQ_PAGE, i) : IGB_QUEUE(IGB_RXQ_PAGE, i);

	ring(r, &r->rx[i], regs, i);
	rig_set(r, regs + (IGB_SRRCTL & 0x3f), LEAT_PUT(IGB_SRRCTL_DESCTYPE, IGB_SRRCTL_ONE_BUFFER) | 2);
	rig_set(r, regs + (IGB_RXDCTL & 0x3f), IGB_DCTL_ENABLE);
}

void rig_tx_ring(struct rig *r, unsigned int i)
{
	uint32_t regs = r->vf ? IGB_QUEUE_ALIAS(IGB_TXQ_PAGE, i) : IGB_QUEUE(IGB_TXQ_PAGE, i);

	ring(r, &r->tx[i], regs, IGB_QUEUES + i);
	rig_set(r, regs + (IGB_TXDCTL & 0x3f), IGB_DCTL_ENABLE);
}

void rig_start(struct rig *r)
{
	rig_map(r);
	if (!r->vf) {
		rig_set(r, INTEL_CTRL, INTEL_CTRL_SLU | INTEL_CTRL_FD);
		rig_set(r, INTEL_RCTL, INTEL_RCTL_EN | INTEL_RCTL_BAM | INTEL_RCTL_SECRC);
		rig_set(r, INTEL_TCTL, INTEL_TCTL_EN | INTEL_TCTL_PSP);
	}
	rig_rx_ring(r, 0);
	rig_tx_ring(r, 0);
}

/* ---- rings ---- */

uint64_t rig_iova(uint32_t off)
{
	return RIG_IOVA + off;
}

void rig_tx_data(struct rig *r, unsigned int i, uint32_t buf, uint32_t len, uint32_t cmd, uint32_t status)
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
	rig_set(r, r->tx[i].regs + (IGB_TDT & 0x3f), r->tx[i].next);
}

void rig_rx_show(struct rig *r, unsigned int i)
{
	rig_set(r, r->rx[i].regs + (IGB_RDT & 0x3f), r->rx[i].next);
}

void rig_run(struct rig *r)
{
	while (leat_mdev_step(r->mdev))
		;
}

unsigned int rig_deliver(struct rig *r, const void *frame, uint32_t len)
{
	struct leat_frame f = { .data = frame, .len = len };

	return leat_wire_deliver(&r->wire->wire, &f, 1);
}
