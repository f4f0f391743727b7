// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_rig.c - host, wire and driver for tests of models of Intel's NICs.
 */
#include "model_rig.h"

#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define PATIENCE 60	/* seconds: interrupts may be held back for a time, nothing else takes any */

/* Registers of a ring, from the first of them. */
enum { BASE_LOW = 0x00, BASE_HIGH = 0x04, LENGTH = 0x08, HEAD = 0x10, TAIL = 0x18 };

/* ---- the host ---- */

static void host_raise(struct leat_mdev *mdev, unsigned int index, unsigned int vector)
{
	struct rig *r = mdev->host_arg;

	assert_in_range(index, 0, 2);
	assert_in_range(vector, 0, index == 2 ? r->vectors - 1 : 0);
	r->raised[index][vector]++;
}

/* Is a read put off? */
static bool is_busy(struct rig *r)
{
	if (r->busy && rig_random(r, 16) < r->busy) {
		r->put_off++;
		return true;
	}
	if (r->late_after) {
		r->late_after--;
		return false;
	}
	if (!r->late)
		return false;
	r->late = false;
	return true;
}

static int host_dma(struct leat_mdev *mdev, uint64_t iova, void *buf, size_t len, bool write)
{
	struct rig *r = mdev->host_arg;

	if (!write && is_busy(r))
		return -EAGAIN;
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

void rig_plug(struct rig *r, const struct leat_model *model, const struct leat_model_opt *opts,
	      unsigned int vectors)
{
	assert_in_range(vectors, 1, RIG_VECTORS);
	memset(r, 0, sizeof(*r));
	r->vectors = vectors;
	r->seed = UINT64_C(0x9e3779b97f4a7c15);
	r->mem = aligned_alloc(4096, RIG_MEM);
	r->wire = calloc(1, sizeof(*r->wire));
	assert_true(r->mem && r->wire);
	memset(r->mem, 0xa5, RIG_MEM);
	r->wire->wire.ops = &wire_ops;
	r->wire->room = UINT32_MAX;
	r->wire->up = true;
	assert_int_equal(leat_mdev_create(model, opts, "nic", &host, r, &r->wire->wire, &r->mdev), 0);
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
		.iova = RIG_IOVA, .len = RIG_MEM, .va = r->by_message ? NULL : (char *)r->mem,
		.read = true, .write = true,
	};

	assert_int_equal(leat_mdev_dma_add(r->mdev, &map), 0);
}

void rig_master(struct rig *r)
{
	rig_write(r, LEAT_MODEL_CONFIG, LEAT_PCI_COMMAND,
		  LEAT_PCI_COMMAND_MEM | LEAT_PCI_COMMAND_MASTER, 2);
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

uint32_t rig_cap(struct rig *r, uint8_t id)
{
	uint32_t at = (uint32_t)rig_read(r, LEAT_MODEL_CONFIG, LEAT_PCI_CAPS, 1);

	while (at && rig_read(r, LEAT_MODEL_CONFIG, at, 1) != id)
		at = (uint32_t)rig_read(r, LEAT_MODEL_CONFIG, at + 1, 1);
	assert_int_not_equal(at, 0);
	return at;
}

/* ---- rings ---- */

void rig_ring_set(struct rig *r, struct rig_ring *q, uint32_t regs, uint32_t at, uint32_t size)
{
	uint64_t iova = RIG_IOVA + at;

	*q = (struct rig_ring){ .desc = r->mem + at, .regs = regs };
	memset(q->desc, 0, 16 * size);
	rig_set(r, regs + BASE_LOW, (uint32_t)iova);
	rig_set(r, regs + BASE_HIGH, (uint32_t)(iova >> 32));
	rig_set(r, regs + LENGTH, 16 * size);
	rig_set(r, regs + HEAD, 0);
	rig_set(r, regs + TAIL, 0);
}

void rig_ring_tail(struct rig *r, const struct rig_ring *q, uint32_t tail)
{
	rig_set(r, q->regs + TAIL, tail);
}

/* ---- what moves ---- */

void rig_run(struct rig *r)
{
	time_t end = time(NULL) + PATIENCE;

	while (leat_mdev_step(r->mdev))
		assert_true(time(NULL) < end);
}

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

uint32_t rig_random(struct rig *r, uint32_t below)
{
	r->seed ^= r->seed << 13;
	r->seed ^= r->seed >> 7;
	r->seed ^= r->seed << 17;
	return (uint32_t)((r->seed >> 32) % below);
}
