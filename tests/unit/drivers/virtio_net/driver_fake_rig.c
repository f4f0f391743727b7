// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_fake_rig.c - the fake device's configuration space, and the context and
 * port around it.
 */
#include "driver_fake.h"

#include <leat/driver/pci.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define CAPS   0x40
#define MSIX   0xb0

const struct fake_cap fake_good_caps[4] = {
	{ 16, VIRTIO_PCI_CAP_COMMON, FAKE_BAR, FAKE_COMMON, VIRTIO_COMMON_LEN, 0 },
	{ 16, VIRTIO_PCI_CAP_ISR, FAKE_BAR, FAKE_ISR, 1, 0 },
	{ 16, VIRTIO_PCI_CAP_DEVICE, FAKE_BAR, FAKE_DEVICE, sizeof(struct virtio_net_config), 0 },
	{ 20, VIRTIO_PCI_CAP_NOTIFY, FAKE_BAR, FAKE_NOTIFY, FAKE_NOTIFY_LEN, UINT32_MAX },
};

static void put32(uint8_t *to, uint32_t v)
{
	leat_le32 le = leat_cpu_to_le32(v);

	memcpy(to, &le, sizeof(le));
}

static void put_msix(struct fake *f, uint8_t prev)
{
	if (!f->kind.msix)
		return;
	f->config[prev] = MSIX;
	f->config[MSIX] = LEAT_PCI_CAP_MSIX;
	f->config[MSIX + 1] = 0;
	f->config[MSIX + 2] = (uint8_t)(f->kind.vectors - 1);
	put32(f->config + MSIX + 4, FAKE_MSIX_BAR);
}

void fake_caps(struct fake *f, const struct fake_cap *caps, unsigned int n)
{
	uint8_t at = CAPS, link = LEAT_PCI_CAPS;

	memset(f->config, 0, sizeof(f->config));
	put32(f->config, VIRTIO_PCI_VENDOR | VIRTIO_PCI_DEVICE_NET << 16);
	f->config[LEAT_PCI_STATUS] = LEAT_PCI_STATUS_CAPS;
	for (unsigned int i = 0; i < n; i++) {
		uint8_t *c = f->config + at;

		assert_true(at + 20 <= MSIX);
		f->config[link] = at;
		c[0] = LEAT_PCI_CAP_VENDOR;
		c[2] = caps[i].len;
		c[3] = caps[i].type;
		c[4] = caps[i].bar;
		put32(c + 8, caps[i].off);
		put32(c + 12, caps[i].length);
		if (caps[i].type == VIRTIO_PCI_CAP_NOTIFY)
			put32(c + 16, caps[i].multiplier == UINT32_MAX ?
				      f->kind.notify_multiplier : caps[i].multiplier);
		link = (uint8_t)(at + 1);
		at = (uint8_t)(at + 20);
	}
	put_msix(f, link);
}

/* ---- the context around it ---- */

static void on_log(void *arg, enum leat_log_level level, const char *message)
{
	struct fake *f = arg;

	if (level != LEAT_LOG_ERROR)
		return;
	f->errors++;
	snprintf(f->last, sizeof(f->last), "%s", message);
}

static uint64_t on_clock(void *arg)
{
	return ((struct fake *)arg)->now;
}

static void on_event(void *arg, struct leat_port *port, enum leat_event event)
{
	struct fake *f = arg;

	assert_ptr_equal(port, f->port);
	f->events[event]++;
}

void fake_init(struct fake *f, unsigned int count, unsigned int buf_size)
{
	struct leat_ctx_config cfg = {
		.page_size = 4096,
		.log = on_log, .log_arg = f, .clock = on_clock, .clock_arg = f,
	};
	const struct leat_pool_config pool = { .count = count, .buf_size = buf_size };

	memset(f, 0, sizeof(*f));
	assert_int_equal(leat_ctx_open(&cfg, &f->ctx), 0);
	assert_int_equal(leat_pool_create(f->ctx, &pool, &f->pool), 0);
	f->kind = (struct fake_kind){
		.features = FAKE_ALL, .queue_max = 256, .num_queues = 2, .notify_off = { 0, 1 },
		.notify_multiplier = 4, .mtu = 9000, .link = true, .mapped = false, .msix = true,
		.pairs = 4, .vectors = 3, .table_max = 128, .key_max = 40, .hash_types = 0x3f,
		.speed = VIRTIO_NET_SPEED_UNKNOWN, .duplex = VIRTIO_NET_DUPLEX_UNKNOWN,
	};
	f->irq_fd = f->queue_fd = -1;
	f->dev = (struct leat_dev){ .ops = &fake_dev_ops, .ctx = f->ctx, .as = &f->as };
	f->dev.addr = (char *)(uintptr_t)"fake:nic";
	f->dev.region[FAKE_BAR].size = FAKE_BAR_LEN;
	f->dev.region[FAKE_MSIX_BAR].size = 0x1000;
	f->dev.region[LEAT_REGION_CONFIG].size = FAKE_CONFIG;
	f->as = (struct leat_aspace){ .ops = &fake_as_ops, .name = "fake:nic" };
	assert_int_equal(leat_aspace_attach(f->ctx, &f->as), 0);
	fake_caps(f, fake_good_caps, 4);
}

void fake_fini(struct fake *f)
{
	leat_port_close(f->port);
	assert_int_equal(leat_pool_available(f->pool), leat_pool_count(f->pool));
	leat_pool_destroy(f->pool);
	leat_aspace_detach(&f->as);
	assert_int_equal(f->nsegs, 0);
	leat_ctx_close(f->ctx);
}

static void dev_close(struct leat_dev *dev)
{
	struct fake *f = LEAT_CONTAINER_OF(dev, struct fake, dev);

	assert_false(f->closed);
	f->closed = true;
	assert_true(f->irq_fd == -1 || dev->dead);
}

static const struct leat_dev_end dev_end = { .close = dev_close };

int fake_open(struct fake *f, const struct leat_port_config *cfg)
{
	struct leat_port_config with = { 0 };
	int err;

	if (cfg)
		with = *cfg;
	with.pool = f->pool;
	with.event = on_event;
	with.event_arg = f;
	f->closed = false;
	f->dev.irqs[LEAT_IRQ_MSIX] = f->kind.msix ? f->kind.vectors : 0;
	f->dev.irqs[LEAT_IRQ_INTX] = f->kind.intx;
	f->dev.irq_flags[LEAT_IRQ_INTX] = LEAT_IRQ_EVENTFD | LEAT_IRQ_MASKABLE | LEAT_IRQ_AUTOMASKED;
	f->status = 0x0f;		/* as some other driver left it */
	f->trace[0] = '\0';
	err = leat_port_attach(f->ctx, &leat_virtio_net, &f->dev, "fake:nic", &dev_end, false, &with,
			       &f->port);
	if (err) {
		f->port = NULL;
		assert_true(f->closed);
	}
	return err;
}

int fake_poll(struct fake *f)
{
	f->now += 10000000;
	return leat_ctx_poll(f->ctx);
}
