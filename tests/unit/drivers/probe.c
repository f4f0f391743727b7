// SPDX-License-Identifier: BSD-3-Clause
/*
 * probe.c - leat_port_open(): from an address to a port, with a model in this
 * process as the device.
 */
#include <leat/driver/core.h>
#include <leat/driver/dev.h>
#include <leat/driver/driver.h>
#include <leat/leat.h>
#include <leat/models.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const struct leat_pci_id other_ids[] = {
	{ 0x8086, 0x10d3 }, { 0x1af4, 0x1042 }, { 0, 0 },
};
/* Knows the device when it is asked for its kind, and no PCI device. */
static int attach_soft(struct leat_port *port)
{
	assert_string_equal(leat_dev_rest(port->dev), "any");
	return leat_fail(port->ctx, -EIO, "attached");
}

static const struct leat_driver soft = {
	.name = "soft", .scheme = "ring", .attach = attach_soft,
	.port_size = sizeof(struct leat_port),
};
static const struct leat_driver other = { .name = "other", .ids = other_ids };
static const struct leat_driver another = { .name = "another", .ids = other_ids };

static struct leat_ctx *open_ctx(const struct leat_driver *const *drivers)
{
	struct leat_ctx_config cfg = {
		.page_size = 4096, .drivers = drivers, .models = leat_models,
	};
	struct leat_ctx *ctx = NULL;

	assert_int_equal(leat_ctx_open(&cfg, &ctx), 0);
	return ctx;
}

static void refused(const char *addr, const struct leat_driver *const *drivers, int err,
		    const char *words)
{
	struct leat_ctx *ctx = open_ctx(drivers);
	struct leat_port *port = NULL;

	assert_int_equal(leat_port_open(ctx, addr, NULL, &port), err);
	assert_null(port);
	if (!strstr(leat_ctx_error(ctx), words))
		fail_msg("\"%s\" does not say \"%s\"", leat_ctx_error(ctx), words);
	leat_ctx_close(ctx);
}

static void names_device_and_drivers(void **state)
{
	const struct leat_driver *const two[] = { &other, &another, NULL };

	(void)state;
	refused("sim:virtio-net", NULL, -ENOTSUP, "no driver for the device 1af4:1041; drivers named "
		"when the context was opened: none");
	refused("sim:virtio-net", two, -ENOTSUP, "1af4:1041; drivers named when the context was "
		"opened: other, another");
}

/* Devices that are no PCI devices are for the driver of their kind. */
static void finds_the_driver_by_scheme(void **state)
{
	const struct leat_driver *const all[] = { &other, &soft, NULL };

	(void)state;
	refused("ring:any", all, -EIO, "attached");
	refused("tap:any", all, -ENOTSUP, "tap:any: no driver for tap: devices; drivers named when the "
		"context was opened: other, soft");
	refused("sim:virtio-net", all + 1, -ENOTSUP, "no driver for the device 1af4:1041");
}

/* What is sent into a looped cable comes back; by the driver that was named, and only it. */
static void round_trip(const struct leat_driver *const *drivers)
{
	struct leat_ctx *ctx = open_ctx(drivers);
	struct leat_port *port = NULL;
	struct leat_pkt *pkt = NULL;
	struct leat_txq *txq;
	char frame[60];

	assert_int_equal(leat_port_open(ctx, "sim:virtio-net,wire=loop", NULL, &port), 0);
	assert_int_equal(leat_port_promisc(port, true), 0);
	assert_string_equal(leat_port_name(port), "sim:virtio-net,wire=loop");
	assert_string_equal(leat_port_driver(port), "virtio-net");
	txq = leat_port_txq(port, 0);
	memset(frame, 0x5a, sizeof(frame));
	assert_int_equal(leat_pkt_alloc(txq->cache, &pkt, 1), 1);
	memcpy(leat_pkt_append(pkt, sizeof(frame)), frame, sizeof(frame));
	assert_int_equal(leat_tx(txq, &pkt, 1), 1);

	pkt = NULL;
	for (int i = 0; i < 10 && !pkt; i++)
		leat_rx(leat_port_rxq(port, 0), &pkt, 1);
	assert_non_null(pkt);
	assert_int_equal(pkt->total, sizeof(frame));
	assert_memory_equal(leat_pkt_data(pkt), frame, sizeof(frame));
	leat_pkt_free(&pkt, 1);
	leat_port_close(port);
	leat_ctx_close(ctx);
}

static void finds_the_driver(void **state)
{
	const struct leat_driver *const one[] = { &other, &leat_virtio_net, NULL };

	(void)state;
	round_trip(leat_drivers);
	round_trip(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_device_and_drivers),
		cmocka_unit_test(finds_the_driver),
		cmocka_unit_test(finds_the_driver_by_scheme),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
