// SPDX-License-Identifier: BSD-3-Clause
/*
 * port_power.c - a port that is suspended: when it may be, what is refused until it is
 * resumed, and that its driver is left alone meanwhile. Driver and device are made up.
 */
#include <leat/driver/driver.h>
#include <leat/leat.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct leat_dev {
	bool		asleep;
	int		wakeup;		/* as it was last put to sleep with */
	int		fail;		/* the next sleep or wake answers this once */
	unsigned int	disturbed;	/* times that the driver was called while it slept */
	bool		closed;
};

static struct leat_dev dev;

static int outcome(struct leat_dev *d)
{
	int err = d->fail;

	d->fail = 0;
	return err;
}

static int dev_sleep(struct leat_dev *d, int wakeup)
{
	int err = outcome(d);

	d->asleep = !err;
	d->wakeup = wakeup;
	return err;
}

static int dev_wake(struct leat_dev *d)
{
	int err = outcome(d);

	d->asleep = err != 0;
	return err;
}

static void dev_close(struct leat_dev *d)
{
	d->closed = true;
}

static const struct leat_dev_end end = { .close = dev_close, .sleep = dev_sleep, .wake = dev_wake };
static const struct leat_dev_end sleepless = { .close = dev_close };

static void touch(const struct leat_port *port)
{
	port->dev->disturbed += port->dev->asleep;
}

static int drv_attach(struct leat_port *port)
{
	port->caps = (struct leat_caps){ .max_rxqs = 1, .max_txqs = 1, .min_desc = 8, .max_desc = 256,
					 .max_mtu = 1500 };
	port->mtu = 1500;
	return 0;
}

static void drv_detach(struct leat_port *port)
{
	touch(port);
}

static int drv_rxq_setup(struct leat_port *port, unsigned int id, struct leat_rxq **out)
{
	(void)port;
	(void)id;
	*out = calloc(1, sizeof(**out));
	(*out)->direct = leat_rx_nothing;
	return 0;
}

static void drv_rxq_free(struct leat_rxq *q)
{
	free(q);
}

static int drv_txq_setup(struct leat_port *port, unsigned int id, struct leat_txq **out)
{
	(void)port;
	(void)id;
	*out = calloc(1, sizeof(**out));
	(*out)->direct = leat_tx_nothing;
	return 0;
}

static void drv_txq_free(struct leat_txq *q)
{
	free(q);
}

static int drv_start(struct leat_port *port)
{
	touch(port);
	return 0;
}

static void drv_link(struct leat_port *port, struct leat_link *out)
{
	touch(port);
	out->up = true;
}

static void drv_stats(struct leat_port *port, struct leat_stats *out)
{
	(void)out;
	touch(port);
}

static unsigned int drv_regs(struct leat_port *port, struct leat_reg *out, unsigned int n)
{
	(void)out;
	(void)n;
	touch(port);
	return 1;
}

static int drv_nvm(struct leat_port *port, uint32_t off, void *buf, size_t len)
{
	(void)off;
	touch(port);
	memset(buf, 0, len);
	return 0;
}

static const struct leat_driver drv = {
	.name = "made-up", .port_size = sizeof(struct leat_port),
	.attach = drv_attach, .detach = drv_detach,
	.rxq_setup = drv_rxq_setup, .rxq_free = drv_rxq_free,
	.txq_setup = drv_txq_setup, .txq_free = drv_txq_free,
	.start = drv_start, .stop = drv_detach,
	.link = drv_link, .stats = drv_stats, .regs = drv_regs, .nvm = drv_nvm,
};

static struct leat_ctx *ctx;

static struct leat_port *attach(const struct leat_dev_end *e)
{
	struct leat_ctx_config cfg = { .page_size = 4096 };
	struct leat_port *port;

	dev = (struct leat_dev){ .wakeup = -2 };
	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	assert_int_equal(leat_port_attach(ctx, &drv, &dev, "nic", e, false, NULL, &port), 0);
	return port;
}

static void says(const char *what)
{
	if (!strstr(leat_ctx_error(ctx), what))
		fail_msg("\"%s\" without \"%s\"", leat_ctx_error(ctx), what);
}

static void a_port_sleeps_and_works_again(void **state)
{
	struct leat_port *port = attach(&end);
	struct leat_stats stats;
	struct leat_link link;
	struct leat_reg reg;
	uint8_t byte;

	(void)state;
	assert_int_equal(leat_port_suspend(port, 7), -EBUSY);
	says("stop the port first");
	leat_port_stop(port);
	assert_int_equal(leat_port_suspend(port, 7), 0);
	assert_true(dev.asleep);
	assert_int_equal(dev.wakeup, 7);
	assert_int_equal(leat_port_suspend(port, -1), -EINVAL);

	assert_int_equal(leat_port_start(port), -EINVAL);
	says("resume the port");
	assert_int_equal(leat_port_reconfigure(port, NULL), -EBUSY);
	assert_int_equal(leat_port_nvm(port, 0, &byte, 1), -EBUSY);
	assert_int_equal(leat_port_regs(port, &reg, 1), 0);
	leat_port_link(port, &link);
	assert_false(link.up);
	leat_port_stats(port, &stats);
	assert_int_equal(dev.disturbed, 0);

	assert_int_equal(leat_port_resume(port), 0);
	assert_false(dev.asleep);
	assert_int_equal(leat_port_resume(port), 0);
	assert_int_equal(leat_port_start(port), 0);
	leat_port_link(port, &link);
	assert_true(link.up);
	leat_ctx_close(ctx);
}

/* The driver's last words are for a device that hears them. */
static void a_sleeping_port_is_closed(void **state)
{
	struct leat_port *port = attach(&end);

	(void)state;
	leat_port_stop(port);
	assert_int_equal(leat_port_suspend(port, -1), 0);
	assert_int_equal(dev.wakeup, -1);
	leat_port_close(port);
	assert_true(dev.closed);
	assert_int_equal(dev.disturbed, 0);
	leat_ctx_close(ctx);
}

static void refusals(void **state)
{
	struct leat_port *port = attach(&end);

	(void)state;
	leat_port_stop(port);
	dev.fail = -ENOTSUP;
	assert_int_equal(leat_port_suspend(port, -1), -ENOTSUP);
	assert_int_equal(leat_port_suspend(port, -1), 0);
	dev.fail = -EIO;
	assert_int_equal(leat_port_resume(port), -EIO);
	assert_int_equal(leat_port_start(port), -EINVAL);
	leat_port_notify(port, LEAT_EVENT_GONE);
	assert_int_equal(leat_port_resume(port), -ENODEV);
	assert_int_equal(leat_port_start(port), -ENODEV);
	leat_ctx_close(ctx);

	port = attach(&sleepless);
	leat_port_stop(port);
	assert_int_equal(leat_port_suspend(port, -1), -ENOTSUP);
	says("its device cannot");
	leat_port_notify(port, LEAT_EVENT_GONE);
	assert_int_equal(leat_port_suspend(port, -1), -ENODEV);
	leat_ctx_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_sleeps_and_works_again),
		cmocka_unit_test(a_sleeping_port_is_closed),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
