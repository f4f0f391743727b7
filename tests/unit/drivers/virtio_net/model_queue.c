// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_queue.c - what surrounds the frames: interrupts and their suppression,
 * doorbells, resets, memory that comes and goes.
 */
#include "model_rig.h"

#include <leat/driver/pci.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MSIX 2

static void add_rx(struct rig *r, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct rig_seg seg = { rig_buf(r, 2000), 2000 };

		rig_add(r, RIG_RX, &seg, 1);
	}
}

static void test_interrupts(void **state)
{
	uint32_t id, len;
	struct rig r;

	(void)state;
	for (int by_message = 0; by_message < 2; by_message++) {
		rig_open(&r, NULL);
		r.by_message = by_message;
		rig_start(&r, RIG_ALL, 64);
		add_rx(&r, 8);
		rig_run(&r);

		for (unsigned int i = 0; i < 20; i++)
			rig_avail(&r, RIG_TX, rig_chain(&r, RIG_TX, (struct rig_seg[]){
				  { rig_tx_buf(&r, 60, i), 72 } }, 1));
		rig_publish(&r, RIG_TX);
		rig_kick(&r, RIG_TX);
		rig_run(&r);
		assert_int_equal(r.wire->n, 20);
		assert_int_equal(r.raised[MSIX][2], 1);		/* once for the burst */

		rig_suppress(&r, RIG_RX, true);
		assert_int_equal(rig_deliver(&r, 60, 0), 1);
		rig_run(&r);
		assert_int_equal(r.raised[MSIX][1], 0);
		assert_true(rig_used(&r, RIG_RX, &id, &len));
		rig_suppress(&r, RIG_RX, false);
		rig_run(&r);
		assert_int_equal(r.raised[MSIX][1], 0);		/* looked at when idle; not for ever */
		assert_int_equal(rig_deliver(&r, 60, 1), 1);
		assert_int_equal(r.raised[MSIX][1], 1);
		assert_int_equal(r.raised[0][0], 0);
		assert_int_equal(r.mdev->stats.interrupts, 2);
		rig_close(&r);
	}
}

/*
 * The race of suppression: used entries shown while the driver has interrupts off,
 * and then the driver turns them on and goes to sleep before the device's next
 * round. Its look at used->idx came too early to see them in a real cache; the
 * device's own look must find the flag.
 */
static void test_armed_late(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 64);
	add_rx(&r, 8);
	rig_suppress(&r, RIG_RX, true);
	assert_int_equal(rig_deliver(&r, 60, 0), 1);
	rig_suppress(&r, RIG_RX, false);
	assert_int_equal(r.raised[MSIX][1], 0);
	leat_mdev_step(r.mdev);		/* this round moved the frame: busy */
	leat_mdev_step(r.mdev);
	assert_int_equal(r.raised[MSIX][1], 1);
	rig_run(&r);
	assert_int_equal(r.raised[MSIX][1], 1);
	rig_close(&r);
}

/*
 * The driver turns interrupts on while frames keep coming, with no idle round for
 * the device to look again: it is told before its buffers run out.
 */
static void test_armed_under_load(void **state)
{
	unsigned int n = 0;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 256);
	add_rx(&r, 200);
	rig_suppress(&r, RIG_RX, true);
	assert_int_equal(rig_deliver(&r, 60, 0), 1);
	rig_suppress(&r, RIG_RX, false);
	while (!r.raised[MSIX][1]) {
		assert_int_equal(rig_deliver(&r, 60, 0), 1);
		assert_int_equal(leat_mdev_step(r.mdev), !r.raised[MSIX][1]);	/* busy until then */
		n++;
	}
	assert_in_range(n, 1, 150);
	rig_close(&r);
}

/* A round that says "nothing moved" leaves nothing open: the host may sleep after it. */
static void test_idle_round_settles(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 64);
	rig_suppress(&r, RIG_TX, true);
	rig_send(&r, 60, 0);
	assert_int_equal(leat_mdev_step(r.mdev), 1);
	rig_suppress(&r, RIG_TX, false);
	assert_int_equal(leat_mdev_step(r.mdev), 0);
	assert_int_equal(r.raised[MSIX][2], 1);
	rig_close(&r);
}

/* Without MSI-X: the pin, with its reason in the ISR, which reading clears. */
static void test_intx(void **state)
{
	uint32_t id, len;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 64);
	for (uint8_t at = (uint8_t)rig_read(&r, LEAT_MODEL_CONFIG, LEAT_PCI_CAPS, 1); at;
	     at = (uint8_t)rig_read(&r, LEAT_MODEL_CONFIG, at + 1u, 1))
		if (rig_read(&r, LEAT_MODEL_CONFIG, at, 1) == LEAT_PCI_CAP_MSIX)
			rig_write(&r, LEAT_MODEL_CONFIG, at + 2u, 0, 2);
	for (unsigned int i = 0; i < 2; i++) {
		rig_set(&r, VIRTIO_COMMON_QUEUE_SELECT, i);
		rig_set(&r, VIRTIO_COMMON_QUEUE_MSIX_VECTOR, VIRTIO_MSI_NO_VECTOR);
	}
	rig_set(&r, VIRTIO_COMMON_CONFIG_MSIX_VECTOR, VIRTIO_MSI_NO_VECTOR);
	rig_send(&r, 60, 0);
	rig_run(&r);
	assert_int_equal(r.raised[0][0], 1);
	rig_send(&r, 60, 0);
	rig_run(&r);
	assert_int_equal(r.raised[0][0], 1);	/* a level: it is up already */
	assert_int_equal(rig_read(&r, 0, r.win.isr, 1), VIRTIO_ISR_QUEUE);
	assert_int_equal(rig_read(&r, 0, r.win.isr, 1), 0);
	r.wire->up = false;
	rig_run(&r);
	assert_int_equal(r.raised[0][0], 2);
	assert_int_equal(rig_read(&r, 0, r.win.isr, 1), VIRTIO_ISR_CONFIG);

	rig_write(&r, LEAT_MODEL_CONFIG, LEAT_PCI_COMMAND, LEAT_PCI_COMMAND_MASTER |
		  LEAT_PCI_COMMAND_INTX_OFF, 2);
	while (rig_used(&r, RIG_TX, &id, &len))
		;
	rig_suppress(&r, RIG_TX, false);
	rig_send(&r, 60, 0);
	rig_run(&r);
	assert_int_equal(r.raised[0][0], 2);
	assert_int_equal(rig_read(&r, 0, r.win.isr, 1), VIRTIO_ISR_QUEUE);
	rig_close(&r);
}

static void test_link(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 64);
	r.wire->up = false;
	rig_run(&r);
	assert_int_equal(r.raised[MSIX][0], 1);
	assert_int_equal(rig_read(&r, 0, r.win.device + 6, 2), 0);
	r.wire->up = true;
	rig_run(&r);
	assert_int_equal(r.raised[MSIX][0], 2);
	assert_int_equal(rig_read(&r, 0, r.win.device + 6, 2), VIRTIO_NET_S_LINK_UP);
	rig_close(&r);
}

/* Polled: no doorbell is wanted, none is needed. */
static void test_polled(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 64);
	assert_true(rig_muted(&r, RIG_TX));
	assert_true(rig_muted(&r, RIG_RX));
	for (unsigned int i = 0; i < 100; i++) {
		rig_send(&r, 60, i);
		rig_run(&r);
	}
	assert_int_equal(r.wire->n, 100);
	assert_int_equal(r.mdev->stats.doorbells, 0);
	assert_int_equal(r.dma_ops, 0);
	rig_close(&r);
}

/*
 * By doorbell: nothing is read without a kick; a kick that comes while the queue
 * is read is not lost; the mapped page works as the trapped register does.
 */
static void test_doorbell(void **state)
{
	uint16_t *bell;
	unsigned int ops;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	r.by_message = true;
	rig_start(&r, RIG_ALL, 64);
	assert_false(rig_muted(&r, RIG_TX));
	rig_run(&r);
	ops = r.dma_ops;
	for (unsigned int i = 0; i < 50; i++)
		rig_run(&r);
	assert_int_equal(r.dma_ops, ops);

	rig_avail(&r, RIG_TX, rig_chain(&r, RIG_TX, (struct rig_seg[]){
		  { rig_tx_buf(&r, 60, 0), 72 } }, 1));
	rig_publish(&r, RIG_TX);
	rig_run(&r);
	assert_int_equal(r.wire->n, 0);
	bell = (uint16_t *)(void *)((char *)r.mdev->mem[0] +
				    (r.q[RIG_TX].notify - r.mdev->region[0].map_off));
	*bell = leat_cpu_to_le16(RIG_TX);
	/* A second frame and its kick while the model reads avail->idx for the first. */
	rig_avail(&r, RIG_TX, rig_chain(&r, RIG_TX, (struct rig_seg[]){
		  { rig_tx_buf(&r, 60, 1), 72 } }, 1));
	r.kick_inside = true;
	rig_run(&r);
	assert_int_equal(r.wire->n, 2);
	assert_int_equal(r.mdev->stats.doorbells, 2);
	rig_close(&r);
}

/* Reset, and all again, many times; what was on the rings is forgotten. */
static void test_reset_cycles(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	for (unsigned int i = 0; i < 25; i++) {
		uint16_t size = (uint16_t)(1u << (2 + i % 7));
		unsigned int before = r.wire->n;

		rig_start(&r, i % 2 ? RIG_ALL : VIRTIO_F_VERSION_1, size);
		add_rx(&r, size);
		rig_send(&r, 60, i);
		rig_run(&r);
		assert_int_equal(r.wire->n, before + 1);
		rig_check(r.wire->frame[before].data, 60, i);
		assert_int_equal(rig_deliver(&r, 60, i), 1);
		assert_int_equal(rig_used_count(&r, RIG_RX), 1);
		rig_send(&r, 60, i);
		if (i % 3)
			rig_set(&r, VIRTIO_COMMON_DEVICE_STATUS, 0);
		else
			leat_mdev_reset(r.mdev);
		rig_run(&r);
		assert_int_equal(r.wire->n, before + 1);
		assert_int_equal(rig_get(&r, VIRTIO_COMMON_DEVICE_STATUS), 0);
	}
	assert_int_equal(r.errors, 0);
	rig_close(&r);
}

/* The memory goes and comes back, by pointer or by message: the queue stands still, and goes on. */
static void test_remap(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 64);
	for (unsigned int i = 0; i < 12; i++) {
		rig_send(&r, 60, i);
		rig_run(&r);
		assert_int_equal(r.wire->n, i + 1);
		assert_int_equal(leat_mdev_dma_remove(r.mdev, RIG_IOVA, RIG_MEM), 0);
		rig_run(&r);
		assert_int_equal(rig_deliver(&r, 60, 0), 0);
		r.by_message = i % 3 == 1;
		rig_map(&r);
		rig_run(&r);	/* a queue that is no longer polled is unmuted here */
	}
	assert_int_equal(r.errors, 0);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_DEVICE_STATUS), 0x0f);
	rig_close(&r);
}

/* A driver that turns bus mastering off means it; one that never turned it on is told. */
static void test_bus_master(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 64);
	add_rx(&r, 1);
	rig_write(&r, LEAT_MODEL_CONFIG, LEAT_PCI_COMMAND, LEAT_PCI_COMMAND_MEM, 2);
	rig_send(&r, 60, 0);
	rig_run(&r);
	assert_int_equal(r.wire->n, 0);
	assert_int_equal(rig_deliver(&r, 60, 0), 0);
	rig_write(&r, LEAT_MODEL_CONFIG, LEAT_PCI_COMMAND,
		  LEAT_PCI_COMMAND_MEM | LEAT_PCI_COMMAND_MASTER, 2);
	rig_run(&r);
	assert_int_equal(r.wire->n, 1);
	assert_int_equal(r.warnings, 0);

	leat_mdev_reset(r.mdev);
	assert_true(rig_negotiate(&r, RIG_ALL) & VIRTIO_STATUS_FEATURES_OK);
	rig_set(&r, VIRTIO_COMMON_DEVICE_STATUS, 0x0f);
	assert_int_equal(r.warnings, 1);
	rig_close(&r);
}

/* Enabled late, or never: only what is enabled and ready runs. */
static void test_enable_order(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_map(&r);
	rig_write(&r, LEAT_MODEL_CONFIG, LEAT_PCI_COMMAND, LEAT_PCI_COMMAND_MASTER, 2);
	assert_true(rig_negotiate(&r, RIG_ALL) & VIRTIO_STATUS_FEATURES_OK);
	r.buf_next = RIG_BUFS;
	rig_queue(&r, RIG_TX, 16);
	rig_send(&r, 60, 0);
	rig_run(&r);
	assert_int_equal(r.wire->n, 0);		/* not before DRIVER_OK */
	rig_set(&r, VIRTIO_COMMON_DEVICE_STATUS, 0x0f);
	rig_run(&r);
	assert_int_equal(r.wire->n, 1);
	assert_false(leat_wire_ready(&r.wire->wire));
	rig_queue(&r, RIG_RX, 16);
	assert_true(leat_wire_ready(&r.wire->wire));
	rig_set(&r, VIRTIO_COMMON_DEVICE_STATUS, 0x8f);
	assert_false(leat_wire_ready(&r.wire->wire));		/* the driver gave up */
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_armed_late),
		cmocka_unit_test(test_armed_under_load),
		cmocka_unit_test(test_idle_round_settles),
		cmocka_unit_test(test_intx),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_polled),
		cmocka_unit_test(test_doorbell),
		cmocka_unit_test(test_reset_cycles),
		cmocka_unit_test(test_remap),
		cmocka_unit_test(test_bus_master),
		cmocka_unit_test(test_enable_order),
	};

	return RIG_RUN(tests);
}
