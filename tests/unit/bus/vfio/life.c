// SPDX-License-Identifier: BSD-3-Clause
/*
 * life.c - what happens to a device that is open: errors, a request to leave, its end, sleep,
 * a reset together with its neighbours.
 */
#include "machine_dev.h"

#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define BDF   "0000:01:00.0"
#define OTHER "0000:02:00.0"
#define SECOND UINT64_C(1000000000)

static struct machine_dev *d = &m.dev[0];

static int fire(struct leat_dev *dev, unsigned int index)
{
	return dev->ops->irq_set(dev, index, LEAT_IRQ_TRIGGER, 0, 1, NULL);
}

static void map(struct leat_dev *dev, struct leat_mmio *win)
{
	assert_int_equal(leat_mmio_map(dev, 4, 0, 64, win), 0);
	assert_non_null(win->base);
	d->mem[4 * MACHINE_SLOT] = 0x5a;
	assert_int_equal(leat_mmio_read8(win, 0), 0x5a);
}

/* ---- events ---- */

static void asked_to_leave(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);

	(void)state;
	machine_poll();
	assert_int_equal(m.events[LEAT_EVENT_REMOVAL], 0);
	for (int i = 0; i < 3; i++) {		/* the kernel repeats itself */
		assert_int_equal(fire(dev, LEAT_IRQ_REQ), 0);
		machine_poll();
	}
	assert_int_equal(m.events[LEAT_EVENT_REMOVAL], 1);
	assert_int_equal(m.warnings, 1);
	machine_said(m.warning, "wants the device back");
	assert_false(dev->dead);
	leat_dev_close(dev);
}

static void errors(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fire(dev, LEAT_IRQ_ERR), 0);
		machine_poll();
	}
	assert_int_equal(m.events[LEAT_EVENT_ERROR], 2);
	assert_false(dev->dead);
	leat_dev_close(dev);
}

/* It still works; it just cannot be asked to leave. */
static void a_kernel_that_cannot_tell(void **state)
{
	struct leat_dev *dev;

	(void)state;
	d->irq[LEAT_IRQ_ERR].count = 0;
	machine_refuse(VFIO_DEVICE_SET_IRQS, ENOTTY);
	dev = machine_must_open(BDF);
	assert_int_equal(m.warnings, 1);
	machine_said(m.warning, "a request to give it back will not be noticed");
	leat_dev_close(dev);
}

/* ---- its end ---- */

/* All is over, once. */
static void check_gone(struct leat_dev *dev, const struct leat_mmio *win, const char *why)
{
	uint32_t val = 0;
	int fd = 0;

	assert_true(dev->dead);
	assert_int_equal(m.events[LEAT_EVENT_GONE], 1);
	assert_int_equal(m.errors, 1);
	machine_said(m.error, why);
	assert_int_equal(leat_mmio_read32(win, 0), UINT32_MAX);
	leat_mmio_write32(win, 0, 0);
	assert_int_equal(dev->ops->region_read(dev, 4, 0, &val, 4), -ENODEV);
	assert_int_equal(val, UINT32_MAX);
	assert_int_equal(dev->ops->region_write(dev, 4, 0, &val, 4), -ENODEV);
	assert_int_equal(dev->ops->irq_set(dev, LEAT_IRQ_MSIX, LEAT_IRQ_TRIGGER, 0, 1, &fd), -ENODEV);
	assert_int_equal(dev->ops->reset(dev), -ENODEV);
	assert_int_equal(dev->ops->hot_reset(dev), -ENODEV);
	assert_int_equal(dev->ops->feature(dev, LEAT_FEATURE_LOW_POWER_ENTRY | LEAT_FEATURE_SET, NULL,
					   0), -ENODEV);
	m.now += 2 * SECOND;
	machine_poll();
	assert_int_equal(m.events[LEAT_EVENT_GONE], 1);
	assert_int_equal(m.errors, 1);
}

static void pulled_and_noticed_by_a_look(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);
	struct leat_mmio win;

	(void)state;
	map(dev, &win);
	m.now += 2 * SECOND;
	machine_poll();
	assert_false(dev->dead);
	d->gone = true;
	machine_poll();
	assert_false(dev->dead);		/* not yet */
	m.now += SECOND;
	machine_poll();
	check_gone(dev, &win, "does not answer any more; the device is gone");
	leat_mmio_unmap(&win);
	leat_dev_close(dev);
}

static void noticed_by_an_access_that_fails(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);
	struct leat_mmio win;
	uint32_t val = 0;

	(void)state;
	map(dev, &win);
	d->gone = true;
	m.calls = 0;
	m.fail_at = 1;
	assert_int_equal(dev->ops->region_read(dev, 2, 0, &val, 4), -ENODEV);
	m.fail_at = 0;
	assert_int_equal(m.warnings, 0);
	check_gone(dev, &win, "does not answer any more");
	leat_mmio_unmap(&win);
	leat_dev_close(dev);
}

static void noticed_by_its_error(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);
	struct leat_mmio win;

	(void)state;
	map(dev, &win);
	d->gone = true;
	assert_int_equal(fire(dev, LEAT_IRQ_ERR), 0);
	machine_poll();
	assert_int_equal(m.events[LEAT_EVENT_ERROR], 0);
	check_gone(dev, &win, "does not answer any more");
	leat_mmio_unmap(&win);
	/* A window that is asked for now shows ones as well. */
	assert_int_equal(leat_mmio_map(dev, 4, 4096, 64, &win), 0);
	assert_int_equal(leat_mmio_read32(&win, 0), UINT32_MAX);
	leat_mmio_unmap(&win);
	leat_dev_close(dev);
}

/* As a handler of SIGBUS does, when memory decoding was turned off. */
static void a_fault(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);
	struct leat_mmio win;

	(void)state;
	map(dev, &win);
	machine_config(d, LEAT_PCI_COMMAND, 2, 0x0100);
	assert_true(leat_dev_sigbus(dev, (const char *)win.map + 100));
	assert_int_equal(leat_mmio_read32(&win, 0), UINT32_MAX);
	assert_false(dev->dead);
	machine_poll();
	check_gone(dev, &win, "memory decoding was turned off while its registers were in use");
	leat_mmio_unmap(&win);
	leat_dev_close(dev);
}

static void a_fault_without_a_reason(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);
	struct leat_mmio win;
	uint32_t val;

	(void)state;
	map(dev, &win);
	assert_true(leat_dev_sigbus(dev, win.map));
	/* The next access is the next look. */
	assert_int_equal(dev->ops->region_read(dev, 2, 0, &val, 4), -ENODEV);
	check_gone(dev, &win, "its registers could not be reached");
	leat_mmio_unmap(&win);
	leat_dev_close(dev);
}

static void a_child_has_no_windows(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);
	struct leat_mmio win;
	int status;
	pid_t pid;

	(void)state;
	map(dev, &win);
	pid = fork();
	if (!pid) {
		unsigned char in;

		_exit(mincore(win.map, win.map_len, &in) && errno == ENOMEM ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	leat_mmio_unmap(&win);
	leat_dev_close(dev);
}

/* ---- asleep ---- */

static void sleeps_and_wakes(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);
	struct leat_mmio win, later;
	uint32_t val = 0;

	(void)state;
	map(dev, &win);
	assert_int_equal(dev->ops->feature(dev, LEAT_FEATURE_LOW_POWER_ENTRY | LEAT_FEATURE_PROBE |
					   LEAT_FEATURE_SET, NULL, 0), 0);
	assert_int_equal(leat_mmio_read8(&win, 0), 0x5a);
	assert_int_equal(dev->ops->feature(dev, LEAT_FEATURE_LOW_POWER_ENTRY | LEAT_FEATURE_SET, NULL,
					   0), 0);
	assert_true(d->asleep);
	assert_int_equal(leat_mmio_read32(&win, 0), UINT32_MAX);
	for (int i = 0; i < 2; i++)
		assert_int_equal(dev->ops->region_read(dev, LEAT_REGION_CONFIG, 0, &val, 4), -EAGAIN);
	assert_int_equal(val, UINT32_MAX);
	assert_int_equal(m.warnings, 1);
	machine_said(m.warning, "asleep");
	assert_int_equal(leat_mmio_map(dev, 4, 4096, 64, &later), 0);
	assert_int_equal(leat_mmio_read32(&later, 0), UINT32_MAX);
	m.now += 2 * SECOND;
	machine_poll();
	assert_true(d->asleep);			/* nobody looked */
	assert_false(dev->dead);

	assert_int_equal(dev->ops->feature(dev, LEAT_FEATURE_LOW_POWER_EXIT | LEAT_FEATURE_SET, NULL,
					   0), 0);
	assert_int_equal(leat_mmio_read8(&win, 0), 0x5a);
	assert_int_equal(leat_mmio_read32(&later, 0), 0);
	leat_mmio_write8(&win, 1, 0xa5);
	assert_int_equal(d->mem[4 * MACHINE_SLOT + 1], 0xa5);
	assert_int_equal(leat_pci_read16(dev, LEAT_PCI_VENDOR), 0x1af4);
	leat_mmio_unmap(&later);
	leat_mmio_unmap(&win);

	/* Another sleep is another line. */
	assert_int_equal(leat_dev_sleep(dev, -1), 0);
	assert_true(d->asleep);
	assert_int_equal(leat_pci_read16(dev, LEAT_PCI_VENDOR), UINT16_MAX);
	assert_int_equal(m.warnings, 2);
	assert_int_equal(leat_dev_wake(dev), 0);
	assert_false(d->asleep);
	leat_dev_close(dev);
}

static void a_sleep_that_is_refused(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);
	struct leat_mmio win;

	(void)state;
	map(dev, &win);
	m.features = 0;
	assert_int_equal(dev->ops->feature(dev, LEAT_FEATURE_LOW_POWER_ENTRY | LEAT_FEATURE_PROBE |
					   LEAT_FEATURE_SET, NULL, 0), -ENOTSUP);
	assert_int_equal(m.errors, 0);
	assert_int_equal(dev->ops->feature(dev, LEAT_FEATURE_LOW_POWER_ENTRY | LEAT_FEATURE_SET, NULL,
					   0), -ENOTSUP);
	assert_int_equal(m.errors, 1);
	machine_said(m.error, "low power (feature 3): this device or this kernel does not have it");
	assert_int_equal(leat_mmio_read8(&win, 0), 0x5a);
	leat_mmio_unmap(&win);
	leat_dev_close(dev);
	m.errors = 0;
}

static void a_token_is_set(void **state)
{
	uint8_t token[16] = { 0xab, [15] = 0xcd };
	struct leat_dev *dev = machine_must_open(BDF);

	(void)state;
	assert_int_equal(dev->ops->feature(dev, LEAT_FEATURE_VF_TOKEN | LEAT_FEATURE_SET, token,
					   sizeof(token)), 0);
	assert_non_null(strstr(m.trace, "token:ab..cd"));
	assert_int_equal(dev->ops->feature(dev, 2 | LEAT_FEATURE_GET, token, 65), -EINVAL);
	leat_dev_close(dev);
}

/* ---- reset with its neighbours ---- */

static unsigned int errors_told;

static void on_error(struct leat_dev *dev, enum leat_event event)
{
	(void)dev;
	assert_int_equal(event, LEAT_EVENT_ERROR);
	errors_told++;
}

static void neighbours_that_are_ours(void **state)
{
	static const char *const ways[][2] = {
		{ "group:" BDF, "group:" OTHER }, { "iommufd:" BDF, "iommufd:" OTHER },
	};

	(void)state;
	errors_told = 0;
	machine_add(OTHER, 13, "vfio-pci");
	m.hot_group = 2;
	for (unsigned int i = 0; i < 2; i++) {
		struct leat_dev *a, *b;

		m.trace[0] = '\0';
		a = machine_must_open(ways[i][0]);
		b = machine_must_open(ways[i][1]);
		a->event = on_error;
		b->event = on_error;
		assert_int_equal(leat_dev_hot_reset(a), 0);
		assert_non_null(strstr(m.trace, i ? "hot:0" : "hot:2"));
		assert_int_equal(d->hot_resets, i + 1);
		assert_int_equal(errors_told, i + 1);	/* the neighbour's, who did not ask */
		machine_said(m.warning, "was reset together with");
		leat_dev_close(a);
		leat_dev_close(b);
	}
}

/* Each group is proved once. */
static void neighbours_in_one_group(void **state)
{
	struct leat_dev *a;

	(void)state;
	machine_add(OTHER, 12, NULL);
	m.hot_group = 2;
	a = machine_must_open("group:" BDF);
	assert_int_equal(a->ops->hot_reset(a), 0);
	assert_non_null(strstr(m.trace, "hot:1"));
	leat_dev_close(a);
}

static void neighbours_of_others(void **state)
{
	struct leat_dev *dev;

	(void)state;
	machine_add(OTHER, 13, "e1000e");
	m.hot_group = 2;
	m.hot_owned = false;
	for (int i = 0; i < 2; i++) {
		m.trace[0] = '\0';
		dev = machine_must_open(i ? "iommufd:" BDF : "group:" BDF);
		assert_int_equal(dev->ops->hot_reset(dev), -EPERM);
		machine_said(m.error, "hot reset: " OTHER " (e1000e) shares its bus");
		assert_int_equal(m.errors, 1);
		m.errors = 0;
		leat_dev_close(dev);
	}
	assert_int_equal(d->hot_resets, 0);
}

static void no_hot_reset(void **state)
{
	struct leat_dev *dev = machine_must_open(BDF);

	(void)state;
	assert_int_equal(dev->ops->hot_reset(dev), -ENOTSUP);
	machine_said(m.error, "neither its slot nor its bus can be reset");
	m.hot_group = 1;
	machine_refuse(VFIO_DEVICE_PCI_HOT_RESET, EAGAIN);
	assert_int_equal(dev->ops->hot_reset(dev), -EAGAIN);
	machine_said(m.error, "VFIO_DEVICE_PCI_HOT_RESET");
	assert_int_equal(m.errors, 2);
	leat_dev_close(dev);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, machine_setup, machine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(asked_to_leave),
		TEST(errors),
		TEST(a_kernel_that_cannot_tell),
		TEST(pulled_and_noticed_by_a_look),
		TEST(noticed_by_an_access_that_fails),
		TEST(noticed_by_its_error),
		TEST(a_fault),
		TEST(a_fault_without_a_reason),
		TEST(a_child_has_no_windows),
		TEST(sleeps_and_wakes),
		TEST(a_sleep_that_is_refused),
		TEST(a_token_is_set),
		TEST(neighbours_that_are_ours),
		TEST(neighbours_in_one_group),
		TEST(neighbours_of_others),
		TEST(no_hot_reset),
	};

	return cmocka_run_group_tests_name("bus/vfio/life", tests, NULL, NULL);
}
