// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_irqs.c - the virtio-net driver's interrupts on the device of bytes: which
 * kind, which vectors, and what arming a queue does, step by step.
 */
#include "driver_fake.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct fake f;

static void open_with(enum leat_intr intr, bool msix, bool intx, int err)
{
	const struct leat_port_config cfg = { .intr = intr };

	fake_init(&f, 1024, 2048);
	f.kind.msix = msix;
	f.kind.intx = intx;
	fake_caps(&f, fake_good_caps, 4);
	assert_int_equal(fake_open(&f, &cfg), err);
}

static bool readable(void)
{
	struct pollfd p = { .fd = leat_rxq_fd(fake_rxq(&f)), .events = POLLIN };

	assert_true(p.fd >= 0);
	return poll(&p, 1, 0) == 1;
}

static void interrupt(int fd)
{
	const uint64_t one = 1;

	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

static bool wanted(void)
{
	struct virtio_avail *avail = fake_ptr(&f, f.q[0].driver, sizeof(*avail));

	return !(leat_le16_to_cpu(avail->flags) & VIRTIO_AVAIL_F_NO_INTERRUPT);
}

static void deliver(void)
{
	char frame[60] = { 0 };

	assert_true(fake_deliver(&f, frame, sizeof(frame), 0, 0, 0));
}

static uint16_t receive(void)
{
	struct leat_pkt *pkts[8];
	uint16_t n = leat_rx(fake_rxq(&f), pkts, 8);

	leat_pkt_free(pkts, n);
	return n;
}

/* ---- which ---- */

static void the_best_there_is(void **state)
{
	(void)state;
	open_with(LEAT_INTR_AUTO, true, true, 0);
	assert_int_equal(f.config_vector, 0);
	assert_int_equal(f.q[0].vector, 1);
	assert_int_equal(f.q[1].vector, LEAT_VIRTIO_NO_VECTOR);
	assert_true(f.queue_fd >= 0);
	fake_fini(&f);

	open_with(LEAT_INTR_AUTO, false, true, 0);
	assert_int_equal(f.config_vector, LEAT_VIRTIO_NO_VECTOR);
	assert_int_equal(f.q[0].vector, LEAT_VIRTIO_NO_VECTOR);
	assert_true(f.irq_fd >= 0);
	fake_fini(&f);
}

static void as_asked(void **state)
{
	(void)state;
	open_with(LEAT_INTR_NONE, true, true, 0);
	assert_int_equal(f.irq_fd, -1);
	assert_int_equal(f.config_vector, LEAT_VIRTIO_NO_VECTOR);
	assert_int_equal(leat_rxq_fd(fake_rxq(&f)), -ENOTSUP);
	assert_int_equal(leat_rxq_arm(fake_rxq(&f)), -ENOTSUP);
	leat_rxq_disarm(fake_rxq(&f));
	assert_non_null(strstr(leat_port_info(f.port), ", no interrupts"));
	fake_fini(&f);
}

static void refuses_what_there_is_not(void **state)
{
	(void)state;
	open_with(LEAT_INTR_MSI, true, true, -ENOTSUP);
	assert_non_null(strstr(f.last, "interrupts: MSI asked for; the device has MSI-X, INTx, the "
				       "driver can use MSI-X, INTx"));
	fake_fini(&f);
	open_with(LEAT_INTR_INTX, true, false, -ENOTSUP);
	assert_non_null(strstr(f.last, "INTx asked for; the device has MSI-X,"));
	fake_fini(&f);
	open_with(LEAT_INTR_MSIX, false, false, -ENOTSUP);
	assert_non_null(strstr(f.last, "MSI-X asked for; the device has none,"));
	fake_fini(&f);
	open_with((enum leat_intr)(LEAT_INTR_NONE + 1), true, true, -EINVAL);
	fake_fini(&f);
}

/* 4.1.5.1.2: what the device does not take reads back as none. */
static void a_device_without_room(void **state)
{
	struct leat_port_config cfg = { 0 };

	(void)state;
	fake_init(&f, 1024, 2048);
	f.kind.refuse_queue_vector = true;
	assert_int_equal(fake_open(&f, &cfg), 0);
	assert_int_equal(leat_rxq_arm(fake_rxq(&f)), -ENOTSUP);
	assert_false(wanted());
	assert_int_equal(f.config_vector, 0);
	leat_port_close(f.port);

	cfg.intr = LEAT_INTR_MSIX;
	assert_int_equal(fake_open(&f, &cfg), -ENOTSUP);
	assert_non_null(strstr(f.last, "the device refuses MSI-X vector 1"));
	fake_fini(&f);
}

/* ---- arming ---- */

static void wakes_by_msix(void **state)
{
	(void)state;
	open_with(LEAT_INTR_MSIX, true, false, 0);
	assert_false(wanted());
	assert_int_equal(leat_rxq_arm(fake_rxq(&f)), 0);
	assert_true(wanted());
	assert_false(readable());
	assert_int_equal(receive(), 0);
	deliver();
	interrupt(f.queue_fd);
	assert_true(readable());
	leat_rxq_disarm(fake_rxq(&f));
	assert_false(wanted());
	assert_int_equal(receive(), 1);
	assert_int_equal(leat_rxq_arm(fake_rxq(&f)), 0);	/* forgets the signal */
	assert_false(readable());
	fake_fini(&f);
}

/* The interrupt of a packet that was polled, drained with it: the next one wakes all the same. */
static void no_packet_is_slept_over(void **state)
{
	struct leat_pkt *pkt;

	(void)state;
	open_with(LEAT_INTR_MSIX, true, false, 0);
	deliver();
	assert_int_equal(leat_rxq_arm(fake_rxq(&f)), 0);	/* came before: no interrupt */
	assert_true(readable());
	deliver();
	deliver();
	assert_int_equal(leat_rx(fake_rxq(&f), &pkt, 1), 1);
	leat_pkt_free(&pkt, 1);
	assert_int_equal(leat_rxq_arm(fake_rxq(&f)), 0);	/* seen, but not taken */
	assert_true(readable());
	assert_int_equal(receive(), 2);
	assert_int_equal(leat_rxq_arm(fake_rxq(&f)), 0);
	assert_false(readable());
	fake_fini(&f);
}

/* A level: the line stays up until the status is read, and is masked when it fires. */
static void wakes_by_intx(void **state)
{
	(void)state;
	open_with(LEAT_INTR_INTX, false, true, 0);
	for (int i = 0; i < 3; i++) {
		f.trace[0] = '\0';
		f.isr = VIRTIO_ISR_QUEUE;
		f.masked = true;
		assert_int_equal(leat_rxq_arm(fake_rxq(&f)), 0);
		assert_string_equal(f.trace, "isr 1\nintx unmasked\n");
		assert_true(wanted());
		assert_false(f.masked);
		assert_false(readable());
		interrupt(f.irq_fd);
		assert_true(readable());
	}
	fake_fini(&f);
	assert_non_null(strstr(f.trace, "intx off"));
}

static void link_by_looking_with_intx(void **state)
{
	(void)state;
	open_with(LEAT_INTR_INTX, false, true, 0);
	f.kind.link = false;
	for (int i = 0; i < 100; i++)
		fake_poll(&f);
	assert_int_equal(f.events[LEAT_EVENT_LINK], 1);
	fake_fini(&f);
}

/* ---- no sleeper stays behind ---- */

static void woken_by_trouble(void **state)
{
	const uint64_t one = 1;

	(void)state;
	open_with(LEAT_INTR_AUTO, true, false, 0);
	assert_int_equal(leat_rxq_arm(fake_rxq(&f)), 0);
	f.status |= VIRTIO_STATUS_NEEDS_RESET;
	assert_int_equal(write(f.irq_fd, &one, sizeof(one)), sizeof(one));
	fake_poll(&f);
	assert_int_equal(f.events[LEAT_EVENT_ERROR], 1);
	assert_true(readable());
	leat_port_stop(f.port);
	assert_int_equal(leat_rxq_arm(fake_rxq(&f)), -EINVAL);
	assert_int_equal(leat_port_start(f.port), 0);
	assert_int_equal(leat_rxq_arm(fake_rxq(&f)), 0);
	assert_false(readable());

	leat_port_notify(f.port, LEAT_EVENT_GONE);
	assert_true(readable());
	assert_int_equal(leat_rxq_arm(fake_rxq(&f)), -ENODEV);
	assert_true(readable());
	fake_fini(&f);
}

/* Gone in the middle of arming, by the one access that there is. */
static void dies_while_arming(void **state)
{
	(void)state;
	open_with(LEAT_INTR_INTX, false, true, 0);
	f.dev.owner = f.port;
	f.die_at = f.accesses + 1;
	assert_int_equal(leat_rxq_arm(fake_rxq(&f)), -ENODEV);
	fake_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_there_is),
		cmocka_unit_test(as_asked),
		cmocka_unit_test(refuses_what_there_is_not),
		cmocka_unit_test(a_device_without_room),
		cmocka_unit_test(wakes_by_msix),
		cmocka_unit_test(no_packet_is_slept_over),
		cmocka_unit_test(wakes_by_intx),
		cmocka_unit_test(link_by_looking_with_intx),
		cmocka_unit_test(woken_by_trouble),
		cmocka_unit_test(dies_while_arming),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
