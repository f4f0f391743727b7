// SPDX-License-Identifier: BSD-3-Clause
/*
 * irqs.c - interrupts as eventfds: bound, added, removed, fired, masked; one kind at a time.
 */
#include "machine_dev.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#define BDF "0000:01:00.0"
#define N   4

static struct leat_dev *dev;
static struct machine_dev *d;
static int fd[N];

static int setup(void **state)
{
	if (machine_setup(state))
		return -1;
	for (int i = 0; i < N; i++)
		fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	dev = NULL;
	d = &m.dev[0];
	return 0;
}

static int teardown(void **state)
{
	leat_dev_close(dev);
	for (int i = 0; i < N; i++)
		close(fd[i]);
	return machine_teardown(state);
}

static int set(unsigned int index, enum leat_irq_action action, unsigned int start,
	       unsigned int count, const int *fds)
{
	return dev->ops->irq_set(dev, index, action, start, count, fds);
}

static int bind_fds(unsigned int index, unsigned int start, unsigned int count, const int *fds)
{
	return set(index, LEAT_IRQ_TRIGGER, start, count, fds);
}

static bool signalled(int i)
{
	eventfd_t n;

	return !eventfd_read(fd[i], &n);
}

static void refused(int err, int want, const char *why)
{
	assert_int_equal(err, want);
	assert_int_equal(m.errors, 1);
	machine_said(m.error, why);
	m.errors = 0;
}

static void vectors_come_and_go(void **state)
{
	const int none = -1;

	(void)state;
	dev = machine_must_open(BDF);
	assert_int_equal(bind_fds(LEAT_IRQ_MSIX, 0, 2, fd), 0);
	assert_int_equal(d->bound[LEAT_IRQ_MSIX][1], fd[1]);
	assert_int_equal(bind_fds(LEAT_IRQ_MSIX, 3, 1, fd + 3), 0);	/* live */
	assert_int_equal(d->vectors[LEAT_IRQ_MSIX], 4);
	assert_int_equal(d->bound[LEAT_IRQ_MSIX][2], -1);
	assert_int_equal(bind_fds(LEAT_IRQ_MSIX, 0, 1, &none), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(set(LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, i, 1, NULL), 0);
	assert_false(signalled(0));
	assert_true(signalled(1));
	assert_false(signalled(2));
	assert_true(signalled(3));

	assert_int_equal(bind_fds(LEAT_IRQ_MSIX, 0, 0, NULL), 0);
	assert_int_equal(d->vectors[LEAT_IRQ_MSIX], 0);
	assert_int_equal(bind_fds(LEAT_IRQ_MSIX, 0, 0, NULL), 0);	/* off is off */
	refused(set(LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 1, 1, NULL), -EINVAL,
		"MSI-X: nothing to fire: no eventfd is bound");
}

/* Where the kernel cannot add vectors to those that are on, all are bound anew. */
static void vectors_added_where_there_is_no_resize(void **state)
{
	(void)state;
	dev = machine_must_open(BDF);
	assert_int_equal(bind_fds(LEAT_IRQ_MSI, 0, 2, fd), 0);
	assert_int_equal(bind_fds(LEAT_IRQ_MSI, 3, 1, fd + 3), 0);
	assert_int_equal(d->vectors[LEAT_IRQ_MSI], 4);
	assert_int_equal(d->bound[LEAT_IRQ_MSI][0], fd[0]);
	assert_int_equal(d->bound[LEAT_IRQ_MSI][1], fd[1]);
	assert_int_equal(d->bound[LEAT_IRQ_MSI][2], -1);
	assert_int_equal(d->bound[LEAT_IRQ_MSI][3], fd[3]);

	/* Within what is on nothing is turned off. */
	m.calls = 0;
	assert_int_equal(bind_fds(LEAT_IRQ_MSI, 2, 1, fd + 2), 0);
	assert_int_equal(m.calls, 1);
	assert_int_equal(d->bound[LEAT_IRQ_MSI][2], fd[2]);
}

static void a_resize_that_fails_changes_nothing(void **state)
{
	(void)state;
	dev = machine_must_open(BDF);
	assert_int_equal(bind_fds(LEAT_IRQ_MSI, 0, 2, fd), 0);
	m.calls = 0;
	m.fail_at = 3;			/* allocation, off, on with more */
	refused(bind_fds(LEAT_IRQ_MSI, 2, 2, fd + 2), -EIO, "MSI: binding 2 from 2 on");
	m.fail_at = 0;
	assert_int_equal(d->vectors[LEAT_IRQ_MSI], 2);
	assert_int_equal(d->bound[LEAT_IRQ_MSI][1], fd[1]);
	assert_int_equal(set(LEAT_IRQ_MSI, LEAT_IRQ_TRIGGER, 1, 1, NULL), 0);
	assert_true(signalled(1));
	assert_int_equal(bind_fds(LEAT_IRQ_MSI, 2, 2, fd + 2), 0);
}

static void one_kind_at_a_time(void **state)
{
	static const unsigned int order[] = {
		LEAT_IRQ_INTX, LEAT_IRQ_MSI, LEAT_IRQ_MSIX, LEAT_IRQ_INTX, LEAT_IRQ_MSIX,
	};

	(void)state;
	dev = machine_must_open(BDF);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(order); i++) {
		assert_int_equal(bind_fds(order[i], 0, 1, fd), 0);
		for (unsigned int k = LEAT_IRQ_INTX; k <= LEAT_IRQ_MSIX; k++)
			assert_int_equal(d->vectors[k] != 0, k == order[i]);
	}
	/* Turning off what is not on leaves the other alone; so does unbinding there. */
	assert_int_equal(bind_fds(LEAT_IRQ_INTX, 0, 0, NULL), 0);
	assert_int_equal(bind_fds(LEAT_IRQ_MSI, 0, 2, (const int[]){ -1, -1 }), 0);
	assert_int_equal(d->vectors[LEAT_IRQ_MSIX], 1);
	assert_int_equal(m.errors, 0);
}

static void intx(void **state)
{
	(void)state;
	dev = machine_must_open(BDF);
	refused(set(LEAT_IRQ_INTX, LEAT_IRQ_UNMASK, 0, 1, NULL), -EINVAL, "nothing to unmask");
	assert_int_equal(bind_fds(LEAT_IRQ_INTX, 0, 1, fd), 0);
	assert_int_equal(set(LEAT_IRQ_INTX, LEAT_IRQ_TRIGGER, 0, 1, NULL), 0);
	assert_true(signalled(0));
	assert_int_equal(set(LEAT_IRQ_INTX, LEAT_IRQ_MASK, 0, 1, NULL), 0);
	assert_int_equal(set(LEAT_IRQ_INTX, LEAT_IRQ_UNMASK, 0, 1, NULL), 0);
	assert_int_equal(d->masks, 1);
	assert_int_equal(d->unmasks, 1);
	assert_int_equal(set(LEAT_IRQ_INTX, LEAT_IRQ_UNMASK, 0, 1, fd + 1), 0);
	assert_int_equal(d->resample, fd[1]);
	assert_int_equal(bind_fds(LEAT_IRQ_INTX, 0, 0, NULL), 0);
	assert_int_equal(d->vectors[LEAT_IRQ_INTX], 0);
}

static void turning_off_may_fail(void **state)
{
	(void)state;
	dev = machine_must_open(BDF);
	assert_int_equal(bind_fds(LEAT_IRQ_INTX, 0, 1, fd), 0);
	machine_refuse(VFIO_DEVICE_SET_IRQS, EIO);
	refused(bind_fds(LEAT_IRQ_INTX, 0, 0, NULL), -EIO, "INTx: turning it off");
}

static void a_line_that_is_shared(void **state)
{
	(void)state;
	dev = machine_must_open(BDF);
	machine_refuse(VFIO_DEVICE_SET_IRQS, EBUSY);
	refused(bind_fds(LEAT_IRQ_INTX, 0, 1, fd), -EBUSY, "another device shares its line");
}

static void what_cannot_be_masked(void **state)
{
	(void)state;
	dev = machine_must_open(BDF);
	assert_int_equal(bind_fds(LEAT_IRQ_MSIX, 0, 1, fd), 0);
	refused(set(LEAT_IRQ_MSIX, LEAT_IRQ_MASK, 0, 1, NULL), -ENOTSUP,
		"MSI-X: the kernel cannot mask it; do it in the device's own registers");
	refused(set(LEAT_IRQ_MSIX, LEAT_IRQ_UNMASK, 0, 1, NULL), -ENOTSUP, "cannot unmask it;");
	refused(set(LEAT_IRQ_MSIX, LEAT_IRQ_UNMASK, 0, 1, fd), -ENOTSUP,
		"cannot unmask it by an eventfd");
	refused(set(LEAT_IRQ_REQ, LEAT_IRQ_MASK, 0, 1, NULL), -ENOTSUP, "removal: the kernel cannot mask");
}

static void what_the_device_has_not(void **state)
{
	(void)state;
	d->irq[LEAT_IRQ_INTX].count = 0;
	dev = machine_must_open(BDF);
	refused(bind_fds(LEAT_IRQ_INTX, 0, 1, fd), -ENOTSUP, "the device has no INTx interrupt");
	refused(bind_fds(LEAT_IRQ_MSIX, 3, 2, fd), -EINVAL,
		"MSI-X: 2 from 3 on asked for, the device has 4");
	refused(bind_fds(LEAT_IRQ_MSIX, 5, 0, NULL), -EINVAL, "0 from 5 on");
	refused(bind_fds(LEAT_IRQ_MSIX, UINT32_MAX, 2, fd), -EINVAL, "asked for");
	refused(bind_fds(LEAT_IRQS, 0, 1, fd), -EINVAL, "no interrupts of index 5");
	assert_int_equal(d->vectors[LEAT_IRQ_MSIX], 0);
}

static void a_machine_short_of_vectors(void **state)
{
	(void)state;
	dev = machine_must_open(BDF);
	machine_refuse(VFIO_DEVICE_SET_IRQS, -2);	/* so the kernel says: two there are */
	refused(bind_fds(LEAT_IRQ_MSI, 0, 4, fd), -ENOSPC,
		"MSI: the machine has 2 vectors left, 4 are asked for");
	assert_int_equal(bind_fds(LEAT_IRQ_MSI, 0, 2, fd), 0);
}

static void closing_turns_off(void **state)
{
	(void)state;
	for (unsigned int i = LEAT_IRQ_INTX; i <= LEAT_IRQ_MSIX; i++) {
		int other = machine_device_fd(machine_open("/dev/vfio/12"), BDF);

		dev = machine_must_open("iommufd:" BDF);
		assert_int_equal(bind_fds(i, 0, 1, fd), 0);
		leat_dev_close(dev);
		dev = NULL;
		for (unsigned int k = 0; k < LEAT_IRQS; k++)
			assert_int_equal(d->vectors[k], 0);
		close(other);
		close(other - 1);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vectors_come_and_go),
		TEST(vectors_added_where_there_is_no_resize),
		TEST(a_resize_that_fails_changes_nothing),
		TEST(one_kind_at_a_time),
		TEST(intx),
		TEST(turning_off_may_fail),
		TEST(a_line_that_is_shared),
		TEST(what_cannot_be_masked),
		TEST(what_the_device_has_not),
		TEST(a_machine_short_of_vectors),
		TEST(closing_turns_off),
	};

	return cmocka_run_group_tests_name("bus/vfio/irqs", tests, NULL, NULL);
}
