// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rig.c - host, wire and driver for tests of the model of an 82574.
 */
#include "model_rig.h"

#include "drivers/intel/model_frame.h"

#include <leat/bits.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS_MAX 100000

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

	if (!write && r->busy && rig_random(r, 16) < r->busy) {
		r->put_off++;
		return -EAGAIN;
	}
	r->dma_ops++;
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

		assert_int_equal(frames[i].flags, 0);
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

void rig_open(struct rig *r, const struct leat_model_opt *opts)
{
	memset(r, 0, sizeof(*r));
	r->seed = UINT64_C(0x9e3779b97f4a7c15);
	r->mem = aligned_alloc(4096, RIG_MEM);
	r->wire = calloc(1, sizeof(*r->wire));
	assert_true(r->mem && r->wire);
	memset(r->mem, 0xa5, RIG_MEM);
	r->wire->wire.ops = &wire_ops;
	r->wire->room = UINT32_MAX;
	r->wire->up = true;
	assert_int_equal(leat_mdev_create(&leat_model_e1000e, opts, "nic", &host, r,
					  &r->wire->wire, &r->mdev), 0);
	leat_mdev_attach(r->mdev);
}

void rig_close(struct rig *r)
{
	leat_mdev_detach(r->mdev);
	leat_mdev_destroy(r->mdev);
	free(r->mem);
}

void rig_map(struct rig *r)
{
	struct leat_mdma map = {
		.iova = RIG_IOVA, .len = RIG_MEM, .va = r->by_message ? NULL : r->mem,
		.read = true, .write = true,
	};

	assert_int_equal(leat_mdev_dma_add(r->mdev, &map), 0);
}

void rig_start(struct rig *r)
{
	if (!r->mdev->ndma)
		rig_map(r);
	rig_write(r, LEAT_MODEL_CONFIG, LEAT_PCI_COMMAND,
		  LEAT_PCI_COMMAND_MEM | LEAT_PCI_COMMAND_MASTER, 2);
	rig_ring(r, 0, RIG_SIZE);
	rig_ring(r, 2, RIG_SIZE);
	rig_set(r, INTEL_RFCTL, E1000E_RFCTL_EXTEN);
	rig_set(r, INTEL_RXCSUM, INTEL_RXCSUM_PCSD | INTEL_RXCSUM_IPOFL | INTEL_RXCSUM_TUOFL);
	rig_set(r, INTEL_TCTL, INTEL_TCTL_EN | INTEL_TCTL_PSP);
	rig_set(r, INTEL_RCTL, INTEL_RCTL_EN | INTEL_RCTL_UPE | INTEL_RCTL_MPE | INTEL_RCTL_BAM |
			       INTEL_RCTL_LPE | INTEL_RCTL_SECRC);
}

/* ---- registers ---- */

uint64_t rig_read(struct rig *r, unsigned int region, uint64_t off, size_t len)
{
	leat_le64 word = leat_cpu_to_le64(0);

	assert_int_equal(leat_mdev_access(r->mdev, region, off, &word, len, false), 0);
	return leat_le64_to_cpu(word);
}

void rig_write(struct rig *r, unsigned int region, uint64_t off, uint64_t val, size_t len)
{
	leat_le64 word = leat_cpu_to_le64(val);

	assert_int_equal(leat_mdev_access(r->mdev, region, off, &word, len, true), 0);
}

uint32_t rig_get(struct rig *r, uint32_t off)
{
	return (uint32_t)rig_read(r, 0, off, 4);
}

void rig_set(struct rig *r, uint32_t off, uint32_t val)
{
	rig_write(r, 0, off, val, 4);
}

/* ---- rings ---- */

static uint32_t ring_base(unsigned int i)
{
	return (uint32_t)E1000E_QUEUE(i < 2 ? E1000E_RDBAL : E1000E_TDBAL, i % 2);
}

void rig_ring(struct rig *r, unsigned int i, uint32_t size)
{
	uint64_t iova = RIG_IOVA + RIG_RING(i);
	uint32_t base = ring_base(i);

	memset(r->mem + RIG_RING(i), 0, 16 * size);
	rig_set(r, base, (uint32_t)iova);
	rig_set(r, base + 4, (uint32_t)(iova >> 32));
	rig_set(r, base + 8, 16 * size);
	rig_set(r, base + 0x10, 0);
	rig_set(r, base + 0x18, 0);
	r->tail[i] = 0;
}

void rig_tail(struct rig *r, unsigned int i, uint32_t tail)
{
	rig_set(r, ring_base(i) + 0x18, tail);
}

uint64_t *rig_desc(struct rig *r, unsigned int i, uint32_t at)
{
	return (uint64_t *)(void *)(r->mem + RIG_RING(i) + 16 * at);
}

void rig_put(struct rig *r, unsigned int i, uint64_t first, uint64_t second)
{
	uint64_t *d = rig_desc(r, i, r->tail[i]);

	d[0] = LEAT_SWAP64(first);
	d[1] = LEAT_SWAP64(second);
	r->tail[i] = (r->tail[i] + 1) % RIG_SIZE;
}

void rig_show(struct rig *r, unsigned int i)
{
	rig_tail(r, i, r->tail[i]);
}

void rig_post(struct rig *r, unsigned int ring, unsigned int n)
{
	while (n--)
		rig_put(r, ring, RIG_IOVA + RIG_BUFS + (ring * RIG_SIZE + r->tail[ring]) * 2048ull, 0);
	rig_show(r, ring);
}

unsigned char *rig_at(struct rig *r, uint64_t iova)
{
	assert_in_range(iova, RIG_IOVA, RIG_IOVA + RIG_MEM - 1);
	return (unsigned char *)r->mem + (iova - RIG_IOVA);
}

void rig_run(struct rig *r)
{
	unsigned int rounds = 0;

	while (leat_mdev_step(r->mdev))
		assert_true(++rounds < ROUNDS_MAX);
}

/* ---- frames ---- */

bool rig_deliver(struct rig *r, const void *frame, uint32_t len)
{
	struct leat_frame f = { .data = frame, .len = len };
	unsigned int n, put_off;

	do {
		put_off = r->put_off;
		n = leat_wire_deliver(&r->wire->wire, &f, 1);
	} while (!n && put_off != r->put_off);
	return n;
}

void rig_fill(unsigned char *p, uint32_t len, unsigned int number)
{
	for (uint32_t i = 0; i < len; i++)
		p[i] = i < 6 ? 0xff : (unsigned char)((i * 131 + number * 29) >> 2);
	if (len > 13) {
		p[12] = 0x88;
		p[13] = 0xb5;
	}
}

uint32_t rig_ip(unsigned char *p, bool udp, uint32_t payload, uint8_t flow)
{
	uint32_t l4_len = (udp ? 8 : 20) + payload, at = 34 + (udp ? 6 : 16), len = 34 + l4_len;
	uint16_t s;

	memset(p, 0, len);
	memcpy(p, "\2\0\0\0\0\1\2\0\0\0\0\2\x08\0\x45", 15);
	p[16] = (uint8_t)((20 + l4_len) >> 8);
	p[17] = (uint8_t)(20 + l4_len);
	p[22] = 64;
	p[23] = udp ? 17 : 6;
	memcpy(p + 26, "\12\0\0\1\12\0\0\2", 8);
	p[29] = flow;
	p[35] = p[37] = 7;
	if (udp) {
		p[38] = (uint8_t)(l4_len >> 8);
		p[39] = (uint8_t)l4_len;
	} else {
		p[46] = 0x50;
		p[47] = 0x10;
	}
	for (uint32_t i = len - payload; i < len; i++)
		p[i] = (uint8_t)(i * 37);
	leat_intel_sum_put(p, 14, 34, 24, false);
	s = leat_intel_sum(p + 26, 8, p[23] + l4_len);
	p[at] = (uint8_t)(s >> 8);
	p[at + 1] = (uint8_t)s;
	leat_intel_sum_put(p, 34, len, at, udp);
	return len;
}

uint32_t rig_random(struct rig *r, uint32_t below)
{
	r->seed ^= r->seed << 13;
	r->seed ^= r->seed >> 7;
	r->seed ^= r->seed << 17;
	return (uint32_t)((r->seed >> 32) % below);
}
