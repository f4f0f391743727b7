// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rig.c - host, wire and driver for tests of the virtio-net model.
 */
#include "model_rig.h"

#include <leat/bits.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
	if (r->kick_inside) {
		r->kick_inside = false;
		rig_publish(r, RIG_TX);
		rig_kick(r, RIG_TX);
	}
	return 0;
}

static bool host_busy(struct leat_mdev *mdev)
{
	struct rig *r = mdev->host_arg;

	return r->writes_pending;
}

static void host_log(struct leat_mdev *mdev, enum leat_log_level level, const char *message)
{
	struct rig *r = mdev->host_arg;

	r->errors += level == LEAT_LOG_ERROR;
	r->warnings += level == LEAT_LOG_WARNING;
	snprintf(r->line, sizeof(r->line), "%s", message);
}

static const struct leat_model_host host = {
	.raise = host_raise,
	.dma = host_dma,
	.busy = host_busy,
	.log = host_log,
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

	rw->shown = LEAT_MAX(rw->shown, n);
	if (rw->loop) {
		(void)leat_wire_deliver(w, frames, n);
		return n;
	}
	for (i = 0; i < n && rw->room && rw->n < RIG_FRAMES; i++, rw->room--) {
		struct rig_frame *f = &rw->frame[rw->n++];

		f->len = frames[i].len;
		f->flags = frames[i].flags;
		f->csum_start = frames[i].csum_start;
		f->csum_off = frames[i].csum_off;
		f->gso_size = frames[i].gso_size;
		f->gso_type = frames[i].gso_type;
		f->hdr_len = frames[i].hdr_len;
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
	.name = "rig", .send = wire_send, .up = wire_up, .close = wire_close, .gso = true,
};

/* ---- life ---- */

static void find_windows(struct rig *r)
{
	uint8_t at = (uint8_t)rig_read(r, LEAT_MODEL_CONFIG, LEAT_PCI_CAPS, 1);

	for (; at; at = (uint8_t)rig_read(r, LEAT_MODEL_CONFIG, at + 1u, 1)) {
		uint32_t off = (uint32_t)rig_read(r, LEAT_MODEL_CONFIG, at + 8u, 4);

		if (rig_read(r, LEAT_MODEL_CONFIG, at, 1) != LEAT_PCI_CAP_VENDOR)
			continue;
		switch (rig_read(r, LEAT_MODEL_CONFIG, at + 3u, 1)) {
		case VIRTIO_PCI_CAP_COMMON:
			r->win.common = off;
			break;
		case VIRTIO_PCI_CAP_NOTIFY:
			r->win.notify = off;
			r->win.multiplier = (uint32_t)rig_read(r, LEAT_MODEL_CONFIG, at + 16u, 4);
			break;
		case VIRTIO_PCI_CAP_ISR:
			r->win.isr = off;
			break;
		case VIRTIO_PCI_CAP_DEVICE:
			r->win.device = off;
			break;
		}
	}
}

uint64_t rig_kind;

/* What a kind needs and is not offered unless switched on. */
static void options(const struct leat_model_opt *opts, struct leat_model_opt *out)
{
	static const struct leat_model_opt on[] = {
		{ "packed", "on" }, { "event-idx", "on" }, { "notification-data", "on" },
	};
	unsigned int n = 0;

	for (; rig_kind & RIG_SWITCHED && n < 3; n++)
		out[n] = on[n];
	for (; opts && opts->key; opts++)
		out[n++] = *opts;
	out[n] = (struct leat_model_opt){ NULL, NULL };
}

void rig_open(struct rig *r, const struct leat_model_opt *opts)
{
	struct leat_model_opt all[16];

	options(opts, all);
	memset(r, 0, sizeof(*r));
	r->seed = UINT64_C(0x9e3779b97f4a7c15);
	r->mem = aligned_alloc(4096, RIG_MEM);
	r->wire = calloc(1, sizeof(*r->wire));
	assert_true(r->mem && r->wire);
	memset(r->mem, 0xa5, RIG_MEM);
	r->wire->wire.ops = &wire_ops;
	r->wire->room = UINT32_MAX;
	r->wire->up = true;
	assert_int_equal(leat_mdev_create(&leat_model_virtio_net, all, "nic", &host, r,
					  &r->wire->wire, &r->mdev), 0);
	leat_mdev_attach(r->mdev);
	find_windows(r);
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

static size_t width(enum virtio_common_reg reg)
{
	switch (reg) {
#define X(name, off, bytes, access, what) case VIRTIO_COMMON_##name: return bytes;
	VIRTIO_COMMON_REGS(X)
#undef X
	}
	return 0;
}

uint64_t rig_get(struct rig *r, enum virtio_common_reg reg)
{
	return rig_read(r, 0, r->win.common + reg, width(reg));
}

void rig_set(struct rig *r, enum virtio_common_reg reg, uint64_t val)
{
	rig_write(r, 0, r->win.common + reg, val, width(reg));
}

uint64_t rig_offered(struct rig *r)
{
	uint64_t low;

	rig_set(r, VIRTIO_COMMON_DEVICE_FEATURE_SELECT, 0);
	low = rig_get(r, VIRTIO_COMMON_DEVICE_FEATURE);
	rig_set(r, VIRTIO_COMMON_DEVICE_FEATURE_SELECT, 1);
	return low | rig_get(r, VIRTIO_COMMON_DEVICE_FEATURE) << 32;
}

uint8_t rig_negotiate(struct rig *r, uint64_t features)
{
	uint8_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;

	rig_set(r, VIRTIO_COMMON_DEVICE_STATUS, 0);
	assert_int_equal(rig_get(r, VIRTIO_COMMON_DEVICE_STATUS), 0);
	rig_set(r, VIRTIO_COMMON_DEVICE_STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
	rig_set(r, VIRTIO_COMMON_DEVICE_STATUS, status);
	for (unsigned int half = 0; half < 2; half++) {
		rig_set(r, VIRTIO_COMMON_DRIVER_FEATURE_SELECT, half);
		rig_set(r, VIRTIO_COMMON_DRIVER_FEATURE, (uint32_t)(features >> (32 * half)));
	}
	rig_set(r, VIRTIO_COMMON_DEVICE_STATUS, status | VIRTIO_STATUS_FEATURES_OK);
	r->features = features;
	return (uint8_t)rig_get(r, VIRTIO_COMMON_DEVICE_STATUS);
}

void rig_queue(struct rig *r, unsigned int index, uint16_t size)
{
	struct rig_queue *q = &r->q[index];
	uint32_t base = index * RIG_STRIDE;

	*q = (struct rig_queue){
		.size = size, .index = (uint16_t)index, .wrap = true, .used_wrap = true,
		.packed = r->features & VIRTIO_F_RING_PACKED,
		.in_order = r->features & VIRTIO_F_IN_ORDER,
		.event_idx = r->features & VIRTIO_F_EVENT_IDX,
	};
	memset(r->mem + base, 0, RIG_STRIDE);
	q->desc = (void *)(r->mem + base);
	q->avail = (void *)(r->mem + base + 0x10000);
	q->used = (void *)(r->mem + base + 0x20000);

	rig_set(r, VIRTIO_COMMON_QUEUE_SELECT, index);
	assert_in_range(rig_get(r, VIRTIO_COMMON_QUEUE_SIZE), size, 32768);
	rig_set(r, VIRTIO_COMMON_QUEUE_SIZE, size);
	rig_set(r, VIRTIO_COMMON_QUEUE_DESC, rig_iova(base));
	/* Two halves, as drivers on 32-bit machines do (4.1.3.1). */
	rig_write(r, 0, r->win.common + VIRTIO_COMMON_QUEUE_DRIVER,
		  (uint32_t)rig_iova(base + 0x10000), 4);
	rig_write(r, 0, r->win.common + VIRTIO_COMMON_QUEUE_DRIVER + 4,
		  rig_iova(base + 0x10000) >> 32, 4);
	rig_set(r, VIRTIO_COMMON_QUEUE_DEVICE, rig_iova(base + 0x20000));
	rig_set(r, VIRTIO_COMMON_QUEUE_MSIX_VECTOR, index + 1);
	assert_int_equal(rig_get(r, VIRTIO_COMMON_QUEUE_MSIX_VECTOR), index + 1);
	q->notify = r->win.notify +
		    (uint32_t)rig_get(r, VIRTIO_COMMON_QUEUE_NOTIFY_OFF) * r->win.multiplier;
	rig_set(r, VIRTIO_COMMON_QUEUE_ENABLE, 1);
}

static void msix_on(struct rig *r)
{
	uint8_t at = (uint8_t)rig_read(r, LEAT_MODEL_CONFIG, LEAT_PCI_CAPS, 1);

	while (rig_read(r, LEAT_MODEL_CONFIG, at, 1) != LEAT_PCI_CAP_MSIX)
		at = (uint8_t)rig_read(r, LEAT_MODEL_CONFIG, at + 1u, 1);
	rig_write(r, LEAT_MODEL_CONFIG, at + 2u, 0x8000, 2);
}

void rig_start(struct rig *r, uint64_t features, uint16_t size)
{
	if (!r->mdev->ndma)
		rig_map(r);
	msix_on(r);
	rig_write(r, LEAT_MODEL_CONFIG, LEAT_PCI_COMMAND,
		  LEAT_PCI_COMMAND_MEM | LEAT_PCI_COMMAND_MASTER, 2);
	assert_true(rig_negotiate(r, features | rig_kind) & VIRTIO_STATUS_FEATURES_OK);
	rig_set(r, VIRTIO_COMMON_CONFIG_MSIX_VECTOR, 0);
	for (unsigned int i = 0; i < LEAT_MAX(r->nqueues, 2u); i++)
		rig_queue(r, i, size);
	r->buf_next = RIG_BUFS;
	rig_set(r, VIRTIO_COMMON_DEVICE_STATUS,
		rig_get(r, VIRTIO_COMMON_DEVICE_STATUS) | VIRTIO_STATUS_DRIVER_OK);
}

/* ---- memory ---- */

uint64_t rig_iova(uint32_t off)
{
	return RIG_IOVA + off;
}

uint32_t rig_buf(struct rig *r, uint32_t len)
{
	uint32_t at;

	if (r->buf_next + len + 16 > RIG_MEM)
		r->buf_next = RIG_BUFS;		/* round: what lies there was used long ago */
	at = r->buf_next + 8;
	r->buf_next += len + 16;
	return at;
}

void rig_run(struct rig *r)
{
	while (leat_mdev_step(r->mdev))
		;
}

/* ---- frames ---- */

static unsigned char pattern(uint32_t at, unsigned int number)
{
	return (unsigned char)((at * 131 + number * 29) >> 2);
}

void rig_fill(unsigned char *p, uint32_t len, unsigned int number)
{
	for (uint32_t i = 0; i < len; i++)
		p[i] = pattern(i, number);
}

void rig_check(const unsigned char *p, uint32_t len, unsigned int number)
{
	for (uint32_t i = 0; i < len; i++)
		if (p[i] != pattern(i, number))
			fail_msg("frame %u of %u bytes differs at %u", number, len, i);
}

uint32_t rig_random(struct rig *r, uint32_t below)
{
	r->seed ^= r->seed << 13;
	r->seed ^= r->seed >> 7;
	r->seed ^= r->seed << 17;
	return (uint32_t)((r->seed >> 32) % below);
}

uint32_t rig_tx_buf(struct rig *r, uint32_t len, unsigned int number)
{
	uint32_t at = rig_buf(r, VIRTIO_NET_HDR_LEN + len);

	memset(r->mem + at, 0, VIRTIO_NET_HDR_LEN);
	rig_fill((unsigned char *)r->mem + at + VIRTIO_NET_HDR_LEN, len, number);
	return at;
}

void rig_send(struct rig *r, uint32_t len, unsigned int number)
{
	struct rig_seg seg = { rig_tx_buf(r, len, number), VIRTIO_NET_HDR_LEN + len };

	rig_add(r, RIG_TX, &seg, 1);
}

unsigned int rig_deliver(struct rig *r, uint32_t len, unsigned int number)
{
	unsigned char *p = malloc(len);
	struct leat_frame f = { .data = p, .len = len };
	unsigned int n, put_off;

	assert_non_null(p);
	rig_fill(p, len, number);
	do {
		put_off = r->put_off;
		n = leat_wire_deliver(&r->wire->wire, &f, 1);
	} while (!n && put_off != r->put_off);
	free(p);
	return n;
}

/* ---- drivers that lie ---- */

void rig_expect_works(struct rig *r, uint16_t size)
{
	unsigned int before = r->wire->n;
	struct rig_seg seg;

	rig_start(r, RIG_ALL, size);
	rig_send(r, 60, 77);
	seg = (struct rig_seg){ rig_buf(r, 2000), 2000 };
	rig_add(r, RIG_RX, &seg, 1);
	rig_run(r);
	assert_int_equal(r->wire->n, before + 1);
	rig_check(r->wire->frame[before].data, 60, 77);
	assert_int_equal(rig_deliver(r, 60, 0), 1);
	assert_int_equal(rig_get(r, VIRTIO_COMMON_DEVICE_STATUS), 0x0f);
}

void rig_expect_lie_found(struct rig *r, uint16_t size, const char *name,
			  void (*lie)(struct rig *r))
{
	unsigned int sent, config;

	rig_start(r, RIG_ALL, size);
	rig_run(r);
	r->errors = 0;
	sent = r->wire->n;
	config = r->raised[2][0];
	lie(r);
	rig_run(r);
	(void)rig_deliver(r, 60, 0);
	if (r->errors != 1 ||
	    !(rig_get(r, VIRTIO_COMMON_DEVICE_STATUS) & VIRTIO_STATUS_NEEDS_RESET))
		fail_msg("%s: %u lines, status 0x%02x", name, r->errors,
			 (unsigned int)rig_get(r, VIRTIO_COMMON_DEVICE_STATUS));
	assert_int_equal(r->wire->n, sent);
	assert_int_equal(r->raised[2][0], config + 1);

	/* Deaf until the reset: good buffers do not help, and nothing more is said. */
	rig_run(r);
	assert_false(leat_wire_ready(&r->wire->wire));
	assert_int_equal(rig_used_count(r, RIG_TX), 0);
	assert_int_equal(rig_used_count(r, RIG_RX), 0);
	rig_set(r, VIRTIO_COMMON_DEVICE_STATUS, 0x0f);
	assert_true(rig_get(r, VIRTIO_COMMON_DEVICE_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
	assert_int_equal(r->errors, 1);
	rig_expect_works(r, size);
}
