// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver.c - the virtio-net driver from attach to detach: the order in which it
 * initialises, what it refuses and in which words, events, and the device that
 * dies at any moment.
 */
#include "driver_fake.h"

#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct fake f;

/* Rings lie where core puts them: cut the addresses out of the trace. */
static void without_addresses(char *trace)
{
	char *from = trace, *to = trace;

	while (*from) {
		char *end = strchr(from, '\n');
		size_t len = (size_t)(end - from) + 1;

		if (strncmp(from, "QUEUE_D", 7)) {
			memmove(to, from, len);
			to += len;
		} else if (to == trace || to[-2] != '.') {
			to = (char *)memcpy(to, "areas...\n", 9) + 9;
		}
		from = end + 1;
	}
	*to = '\0';
}

/* 3.1.1 step by step, 4.1.5.1.3 for each queue; twice the beginning, for attach and start. */
static void golden_trace(void **state)
{
	static const char expected[] =
		/* attach: steps 1 to 3 */
		"DEVICE_STATUS <- 0\n"
		"DEVICE_STATUS <- 1\n"
		"DEVICE_STATUS <- 3\n"
		"DEVICE_FEATURE_SELECT <- 0\n"
		"DEVICE_FEATURE_SELECT <- 1\n"
		"QUEUE_SELECT <- 0\n"
		"QUEUE_SELECT <- 1\n"
		/* start: steps 1 to 3 again */
		"DEVICE_STATUS <- 0\n"
		"DEVICE_STATUS <- 1\n"
		"DEVICE_STATUS <- 3\n"
		/* 4 to 6: features */
		"DEVICE_FEATURE_SELECT <- 0\n"
		"DEVICE_FEATURE_SELECT <- 1\n"
		"DRIVER_FEATURE_SELECT <- 0\n"
		"DRIVER_FEATURE <- 1802b\n"
		"DRIVER_FEATURE_SELECT <- 1\n"
		"DRIVER_FEATURE <- 3\n"
		"DEVICE_STATUS <- b\n"
		/* 7: interrupts, queues */
		"msix bound\n"
		"config b2 <- 8002\n"
		"CONFIG_MSIX_VECTOR <- 0\n"
		"QUEUE_SELECT <- 0\n"
		"QUEUE_SIZE <- 40\n"
		"QUEUE_MSIX_VECTOR <- 1\n"
		"areas...\n"
		"QUEUE_ENABLE <- 1\n"
		"QUEUE_SELECT <- 1\n"
		"QUEUE_SIZE <- 80\n"
		"QUEUE_MSIX_VECTOR <- ffff\n"
		"areas...\n"
		"QUEUE_ENABLE <- 1\n"
		/* bus mastering, 8: DRIVER_OK */
		"config 04 <- 4\n"
		"DEVICE_STATUS <- f\n"
		"notify 0\n"
		/* stop */
		"DEVICE_STATUS <- 0\n"
		"config 04 <- 0\n"
		"config b2 <- 2\n"
		"msix off\n"
		/* detach */
		"DEVICE_STATUS <- 0\n";
	const struct leat_port_config cfg = { .rx_desc = 64, .tx_desc = 128 };

	(void)state;
	fake_init(&f, 256, 2048);
	assert_int_equal(fake_open(&f, &cfg), 0);
	assert_string_equal(leat_port_info(f.port), "split queues 64/128, mergeable, csum tx rx, MSI-X");
	fake_fini(&f);
	without_addresses(f.trace);
	assert_string_equal(f.trace, expected);
	assert_int_equal(f.errors, 0);
}

static void says_what_it_is(void **state)
{
	const uint8_t mac[6] = { 0x52, 0x54, 0, 1, 2, 3 };
	struct leat_caps caps;
	struct leat_link link;
	uint8_t is[6];

	(void)state;
	fake_init(&f, 1024, 2048);
	f.kind.mtu = 4000;
	assert_int_equal(fake_open(&f, NULL), 0);
	leat_port_caps(f.port, &caps);
	leat_port_mac(f.port, is);
	leat_port_link(f.port, &link);
	assert_memory_equal(is, mac, 6);
	assert_int_equal(leat_port_mtu(f.port), 4000);
	assert_int_equal(caps.max_mtu, 4000);
	assert_int_equal(caps.max_desc, 256);
	assert_int_equal(caps.flags, LEAT_CAP_RX_CSUM | LEAT_CAP_TX_CSUM | LEAT_CAP_TX_SEGS |
				     LEAT_CAP_RX_SCATTER | LEAT_CAP_LINK);
	assert_true(link.up);
	assert_int_equal(f.accepted, FAKE_ALL);
	fake_fini(&f);
}

static void the_least_of_devices(void **state)
{
	struct leat_caps caps;
	struct leat_link link;
	uint8_t mac[6], again[6];

	(void)state;
	fake_init(&f, 1024, 2048);
	f.kind.features = VIRTIO_F_VERSION_1;
	f.kind.queue_max = 24;			/* no power of two: 16 of them */
	f.kind.msix = false;
	fake_caps(&f, fake_good_caps, 4);
	assert_int_equal(fake_open(&f, NULL), 0);
	leat_port_caps(f.port, &caps);
	leat_port_link(f.port, &link);
	leat_port_mac(f.port, mac);
	assert_int_equal(caps.flags, LEAT_CAP_TX_SEGS);
	assert_int_equal(caps.max_desc, 16);
	assert_int_equal(leat_port_mtu(f.port), 1500);
	assert_true(link.up);
	assert_int_equal(mac[0] & 3, 2);	/* locally administered, unicast */
	assert_string_equal(leat_port_info(f.port), "split queues 16/16, one buffer a frame, no interrupts");
	leat_port_close(f.port);
	f.port = NULL;
	assert_int_equal(fake_open(&f, NULL), 0);
	leat_port_mac(f.port, again);
	assert_memory_not_equal(mac, again, 6);
	fake_fini(&f);
}

static void offloads_as_asked(void **state)
{
	struct leat_port_config cfg = { .offloads = LEAT_OFFLOADS_NONE };

	(void)state;
	fake_init(&f, 1024, 2048);
	assert_int_equal(fake_open(&f, &cfg), 0);
	assert_int_equal(f.accepted & (VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM), 0);
	leat_port_close(f.port);
	cfg.offloads = LEAT_CAP_TX_CSUM;
	assert_int_equal(fake_open(&f, &cfg), 0);
	assert_int_equal(f.accepted & (VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM),
			 VIRTIO_NET_F_CSUM);
	fake_fini(&f);
}

/* ---- refusals ---- */

/* Opening fails with @err and one line that contains @words; nothing is left behind. */
static void refused(int err, const char *words, const struct leat_port_config *cfg)
{
	f.errors = 0;
	assert_int_equal(fake_open(&f, cfg), err);
	assert_int_equal(f.errors, 1);
	if (!strstr(f.last, words))
		fail_msg("\"%s\" does not say \"%s\"", f.last, words);
	fake_fini(&f);
}

static void refuses_what_cannot_be(void **state)
{
	(void)state;
	fake_init(&f, 64, 2048);
	f.kind.features = FAKE_ALL & ~VIRTIO_F_VERSION_1;
	refused(-ENOTSUP, "does not offer VERSION_1", NULL);

	/* The IOMMU would not see its accesses: not one, not even by accident. */
	fake_init(&f, 64, 2048);
	f.dev.translated = true;
	f.kind.features = FAKE_ALL & ~VIRTIO_F_ACCESS_PLATFORM;
	refused(-ENOTSUP, "its DMA would bypass the IOMMU and hit other memory: start it with "
		"iommu_platform=on,disable-legacy=on (QEMU), or open it as noiommu:", NULL);
	assert_null(strstr(f.trace, "config 04"));
	assert_null(strstr(f.trace, "QUEUE_"));

	fake_init(&f, 64, 2048);
	f.kind.refuse_features = true;
	refused(-ENOTSUP, "refuses the features CSUM GUEST_CSUM", NULL);

	fake_init(&f, 64, 2048);
	f.kind.mtu = 67;
	refused(-EPROTO, "MTU is 67", NULL);

	fake_init(&f, 64, 2048);
	f.kind.queue_max = 2;
	refused(-ENOTSUP, "2 (transmit)", NULL);

	fake_init(&f, 64, 2048);
	f.kind.num_queues = 1;
	refused(-ENOTSUP, "0 (transmit)", NULL);

	fake_init(&f, 64, 2048);
	f.kind.restless = true;
	refused(-EIO, "changed during", NULL);

	fake_init(&f, 64, 2048);
	f.kind.refuse_reset = true;
	refused(-ETIMEDOUT, "the device hangs", NULL);
}

static void refuses_doorbells_elsewhere(void **state)
{
	(void)state;
	fake_init(&f, 64, 2048);
	f.kind.notify_off[1] = 0x400;		/* times 4: right behind the structure */
	refused(-EPROTO, "doorbell at 4096", NULL);

	fake_init(&f, 64, 2048);
	f.kind.notify_multiplier = 3;
	fake_caps(&f, fake_good_caps, 4);
	refused(-EPROTO, "doorbell at 3", NULL);

	fake_init(&f, 64, 2048);
	f.kind.notify_multiplier = UINT32_MAX - 1;
	f.kind.notify_off[0] = UINT16_MAX;
	fake_caps(&f, fake_good_caps, 4);
	refused(-EPROTO, "does not lie in", NULL);
}

static void refuses_frames_that_do_not_fit(void **state)
{
	struct leat_port_config cfg = { .mtu = 9000 };

	(void)state;
	fake_init(&f, 64, 2048);
	f.kind.features = FAKE_ALL & ~VIRTIO_NET_F_MRG_RXBUF;
	refused(-EINVAL, "9018 bytes (MTU 9000) do not fit: 256 descriptors of 2048 bytes", &cfg);

	fake_init(&f, 64, 2048);
	cfg.rx_desc = 4;
	refused(-EINVAL, "9018 bytes (MTU 9000) do not fit: 4 descriptors of 2048 bytes", &cfg);

	fake_init(&f, 64, 16);
	cfg.rx_desc = 0;
	refused(-EINVAL, "do not fit", &cfg);
}

static void refuses_an_empty_pool(void **state)
{
	struct leat_pool_cache *cache;
	struct leat_pkt *pkts[8];

	(void)state;
	fake_init(&f, 8, 2048);
	assert_int_equal(leat_pool_cache_create(f.pool, 8, &cache), 0);
	assert_int_equal(leat_pkt_alloc(cache, pkts, 8), 8);
	assert_int_equal(fake_open(&f, NULL), -ENOMEM);
	assert_non_null(strstr(f.last, "none of the pool's 8 packets is free"));
	leat_pkt_free(pkts, 8);
	leat_pool_cache_destroy(cache);
	fake_fini(&f);
}

/* An offer about the platform is always accepted, behind an IOMMU or not (6.1). */
static void accepts_the_platform(void **state)
{
	const uint64_t platform = VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM;

	(void)state;
	for (int translated = 0; translated < 2; translated++) {
		fake_init(&f, 1024, 2048);
		f.dev.translated = translated;
		f.kind.features = FAKE_BASIC | platform;
		assert_int_equal(fake_open(&f, NULL), 0);
		assert_int_equal(f.accepted & platform, platform);
		fake_fini(&f);
	}
}

/* ---- capabilities that lie ---- */

static void capabilities_that_lie(void **state)
{
	static const struct fake_cap bad[] = {
		{ 16, VIRTIO_PCI_CAP_COMMON, 6, 0, 0x38, 0 },			/* no such BAR */
		{ 16, VIRTIO_PCI_CAP_COMMON, 255, 0, 0x38, 0 },
		{ 16, VIRTIO_PCI_CAP_COMMON, 3, 0, 0x38, 0 },			/* not there */
		{ 16, VIRTIO_PCI_CAP_COMMON, FAKE_BAR, 0x4000, 0x38, 0 },	/* behind it */
		{ 16, VIRTIO_PCI_CAP_COMMON, FAKE_BAR, 0x3fe0, 0x38, 0 },	/* half behind */
		{ 16, VIRTIO_PCI_CAP_COMMON, FAKE_BAR, 0xffffffe0, 0x38, 0 },	/* wraps */
		{ 16, VIRTIO_PCI_CAP_COMMON, FAKE_BAR, 0, 0xffffffff, 0 },
		{ 16, VIRTIO_PCI_CAP_COMMON, FAKE_BAR, 2, 0x38, 0 },		/* not aligned */
		{ 16, VIRTIO_PCI_CAP_COMMON, FAKE_BAR, 0, 0x37, 0 },		/* too short */
		{ 15, VIRTIO_PCI_CAP_COMMON, FAKE_BAR, 0, 0x38, 0 },
	};
	struct fake_cap caps[5];

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		memcpy(caps, fake_good_caps, sizeof(fake_good_caps));
		caps[0] = bad[i];
		fake_init(&f, 64, 2048);
		fake_caps(&f, caps, 4);
		refused(-ENOTSUP, "common configuration", NULL);

		/* a good one behind it is taken */
		memcpy(caps + 1, fake_good_caps, sizeof(fake_good_caps));
		fake_init(&f, 64, 2048);
		fake_caps(&f, caps, 5);
		assert_int_equal(fake_open(&f, NULL), 0);
		fake_fini(&f);
	}
}

static void capabilities_missing(void **state)
{
	struct fake_cap caps[4];

	(void)state;
	memcpy(caps, fake_good_caps, sizeof(caps));
	caps[3].len = 16;			/* no room for the multiplier */
	fake_init(&f, 64, 2048);
	fake_caps(&f, caps, 4);
	refused(-ENOTSUP, "notifications", NULL);

	fake_init(&f, 64, 2048);
	fake_caps(&f, NULL, 0);
	refused(-ENOTSUP, "only modern devices", NULL);

	memcpy(caps, fake_good_caps, sizeof(caps));
	caps[2].type = VIRTIO_PCI_CAP_VENDOR;	/* no device configuration... */
	fake_init(&f, 64, 2048);
	fake_caps(&f, caps, 4);
	refused(-EPROTO, "device configuration", NULL);

	caps[2] = fake_good_caps[2];
	caps[2].length = 8;			/* ...or one that ends before its fields */
	fake_init(&f, 64, 2048);
	fake_caps(&f, caps, 4);
	refused(-EPROTO, "bytes 10 to 11 are needed, 8 are there", NULL);

	caps[2].type = VIRTIO_PCI_CAP_VENDOR;	/* fine for a device that needs none */
	fake_init(&f, 64, 2048);
	f.kind.features = VIRTIO_F_VERSION_1;
	fake_caps(&f, caps, 4);
	assert_int_equal(fake_open(&f, NULL), 0);
	fake_fini(&f);
}

/* ---- events ---- */

static void link_by_interrupt(void **state)
{
	const uint64_t one = 1;
	struct leat_link link;

	(void)state;
	fake_init(&f, 1024, 2048);
	assert_int_equal(fake_open(&f, NULL), 0);
	assert_int_equal(f.config_vector, 0);
	f.kind.link = false;
	for (int i = 0; i < 200; i++)
		fake_poll(&f);			/* two seconds, and nobody looked */
	assert_int_equal(f.events[LEAT_EVENT_LINK], 0);
	assert_int_equal(write(f.irq_fd, &one, sizeof(one)), sizeof(one));
	fake_poll(&f);
	fake_poll(&f);
	assert_int_equal(f.events[LEAT_EVENT_LINK], 1);
	leat_port_link(f.port, &link);
	assert_false(link.up);
	fake_fini(&f);
}

static void link_by_looking(void **state)
{
	(void)state;
	for (int vector = 0; vector < 2; vector++) {
		fake_init(&f, 1024, 2048);
		f.kind.msix = vector;
		f.kind.refuse_vector = vector;
		fake_caps(&f, fake_good_caps, 4);
		assert_int_equal(fake_open(&f, NULL), 0);
		f.kind.link = false;
		for (int i = 0; i < 100; i++)
			fake_poll(&f);
		assert_int_equal(f.events[LEAT_EVENT_LINK], 1);
		assert_int_equal(f.events[LEAT_EVENT_ERROR], 0);
		fake_fini(&f);
	}
}

static void needs_reset(void **state)
{
	const uint64_t one = 1;

	(void)state;
	fake_init(&f, 1024, 2048);
	assert_int_equal(fake_open(&f, NULL), 0);
	f.status |= VIRTIO_STATUS_NEEDS_RESET;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(write(f.irq_fd, &one, sizeof(one)), sizeof(one));
		fake_poll(&f);
		fake_poll(&f);
	}
	assert_int_equal(f.events[LEAT_EVENT_ERROR], 1);
	assert_int_equal(f.errors, 1);
	leat_port_stop(f.port);
	assert_int_equal(leat_port_start(f.port), 0);
	assert_int_equal(f.status, 0x0f);
	fake_fini(&f);
}

/* Surprise removal, or memory decoding switched off: all ones, and writes that vanish. */
static void reads_as_all_ones(void **state)
{
	const struct leat_port_config cfg = { .intr = LEAT_INTR_NONE };

	(void)state;
	fake_init(&f, 1024, 2048);
	assert_int_equal(fake_open(&f, &cfg), 0);
	f.status = 0xff;
	f.kind.refuse_reset = true;
	for (int i = 0; i < 200; i++)
		fake_poll(&f);
	assert_int_equal(f.events[LEAT_EVENT_ERROR], 1);
	assert_int_equal(f.errors, 1);
	assert_non_null(strstr(f.last, "reads as all ones"));
	leat_port_stop(f.port);
	assert_int_equal(leat_port_start(f.port), -ENODEV);
	assert_non_null(strstr(f.last, "or is not there"));
	fake_fini(&f);
}

/* ---- life ---- */

static void starts_again(void **state)
{
	(void)state;
	fake_init(&f, 1024, 2048);
	assert_int_equal(fake_open(&f, NULL), 0);
	for (int i = 0; i < 5; i++) {
		leat_port_stop(f.port);
		assert_int_equal(leat_pool_available(f.pool), 1024);
		assert_int_equal(f.status, 0);
		assert_int_equal(f.config[LEAT_PCI_COMMAND], 0);
		assert_int_equal(leat_port_start(f.port), 0);
		assert_int_equal(f.status, 0x0f);
		assert_int_equal(f.config[LEAT_PCI_COMMAND], LEAT_PCI_COMMAND_MASTER);
		assert_int_equal(leat_pool_available(f.pool), 1024 - 256);
	}
	fake_fini(&f);
}

static void changed_its_mind(void **state)
{
	(void)state;
	fake_init(&f, 1024, 2048);
	assert_int_equal(fake_open(&f, NULL), 0);
	leat_port_stop(f.port);
	f.kind.features &= ~VIRTIO_NET_F_CSUM;
	assert_int_equal(leat_port_start(f.port), -EPROTO);
	assert_true(f.status & VIRTIO_STATUS_FAILED);
	f.kind.features |= VIRTIO_NET_F_CSUM;
	assert_int_equal(leat_port_start(f.port), 0);
	fake_fini(&f);
}

/* Dead at its k-th access, for every k: an error or a dead port, never a hang or a leak. */
static void dies_at_any_access(void **state)
{
	unsigned int k, total;

	(void)state;
	fake_init(&f, 512, 2048);
	assert_int_equal(fake_open(&f, NULL), 0);
	fake_fini(&f);
	total = f.accesses;
	assert_true(total > 50);
	for (k = 1; k <= total; k++) {
		struct leat_pkt *pkt;
		int err;

		fake_init(&f, 512, 2048);
		f.die_at = k;
		err = fake_open(&f, NULL);
		if (!err) {
			leat_rx(fake_rxq(&f), &pkt, 1);
			leat_tx(fake_txq(&f), NULL, 0);
			leat_port_stop(f.port);
		} else {
			assert_true(f.errors >= 1);
		}
		fake_fini(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_trace),
		cmocka_unit_test(says_what_it_is),
		cmocka_unit_test(the_least_of_devices),
		cmocka_unit_test(offloads_as_asked),
		cmocka_unit_test(refuses_what_cannot_be),
		cmocka_unit_test(accepts_the_platform),
		cmocka_unit_test(refuses_doorbells_elsewhere),
		cmocka_unit_test(refuses_frames_that_do_not_fit),
		cmocka_unit_test(refuses_an_empty_pool),
		cmocka_unit_test(capabilities_that_lie),
		cmocka_unit_test(capabilities_missing),
		cmocka_unit_test(link_by_interrupt),
		cmocka_unit_test(link_by_looking),
		cmocka_unit_test(needs_reset),
		cmocka_unit_test(reads_as_all_ones),
		cmocka_unit_test(starts_again),
		cmocka_unit_test(changed_its_mind),
		cmocka_unit_test(dies_at_any_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
