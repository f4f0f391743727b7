// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_legacy.c - the virtio-net driver on a legacy device of bytes: registers in I/O
 * ports, rings at one address, a header of ten bytes.
 */
#include "driver_fake.h"

#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define OLD (VIRTIO_F_ANY_LAYOUT | VIRTIO_NET_F_MAC | VIRTIO_NET_F_STATUS | \
	     VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM)
#define OLD_HDR 10

static struct fake f;

static void begin(uint64_t features)
{
	fake_init(&f, 1024, 2048);
	f.kind.features = features;
	f.kind.num_queues = 3;
	f.kind.msix = false;
	fake_caps(&f, NULL, 0);
	f.config[LEAT_PCI_DEVICE] = 0x00;
	f.config[LEAT_PCI_DEVICE + 1] = 0x10;
	f.dev.region[LEAT_REGION_BAR0].size = 32;
}

static bool passes_in(const char *frame, uint32_t len)
{
	struct fake_queue *q = &f.q[0];
	char buf[2048] = { 0 };
	struct leat_pkt *pkt;
	bool right;
	int head;

	leat_rx(fake_rxq(&f), &pkt, 0);
	head = fake_pop(&f, q);
	if (head < 0)
		return false;
	memcpy(buf + OLD_HDR, frame, len);
	fake_push(&f, q, (uint32_t)head,
		  (uint32_t)fake_scatter(&f, q, (uint16_t)head, buf, OLD_HDR + len));
	fake_publish(&f, q);
	if (!leat_rx(fake_rxq(&f), &pkt, 1))
		return false;
	right = pkt->total == len && !memcmp(leat_pkt_data(pkt), frame, len);
	leat_pkt_free(&pkt, 1);
	return right;
}

static bool passes_out(const char *frame, uint32_t len)
{
	struct fake_queue *q = &f.q[1];
	static const char zero[OLD_HDR];
	char buf[FAKE_FRAME_MAX];
	struct leat_pkt *pkt;
	int head;

	assert_int_equal(leat_pkt_alloc(fake_txq(&f)->cache, &pkt, 1), 1);
	memcpy(leat_pkt_append(pkt, (uint16_t)len), frame, len);
	assert_int_equal(leat_tx(fake_txq(&f), &pkt, 1), 1);
	head = fake_pop(&f, q);
	if (head < 0 || fake_gather(&f, q, (uint16_t)head, buf) != OLD_HDR + len)
		return false;
	fake_push(&f, q, (uint32_t)head, 0);
	fake_publish(&f, q);
	return !memcmp(buf, zero, OLD_HDR) && !memcmp(buf + OLD_HDR, frame, len);
}

static void frames_behind_ten_bytes(void **state)
{
	char frame[1500];

	(void)state;
	begin(OLD);
	assert_int_equal(fake_open(&f, NULL), 0);
	assert_non_null(strstr(leat_port_info(f.port), "one buffer a frame"));
	assert_int_equal(f.accepted, OLD & ~VIRTIO_NET_F_MRG_RXBUF);
	assert_int_equal(f.status, 0x07);	/* no FEATURES_OK, of which it knows nothing */
	for (uint32_t i = 0; i < 600; i++) {
		fake_fill(frame, sizeof(frame), i);
		assert_true(passes_in(frame, 60 + i));
		assert_true(passes_out(frame, 60 + i));
	}
	assert_int_equal(f.errors, 0);
	fake_fini(&f);
}

static void rings_of_one_size(void **state)
{
	const struct leat_port_config shorter = { .rx_desc = 128 };
	struct leat_caps caps;

	(void)state;
	begin(OLD);
	assert_int_equal(fake_open(&f, &shorter), -EINVAL);
	assert_non_null(strstr(f.last, "128 asked, the device can do 256 to 256"));
	assert_int_equal(fake_open(&f, NULL), 0);
	leat_port_caps(f.port, &caps);
	assert_int_equal(caps.dma_bits, 44);
	assert_int_equal(f.q[0].desc % 4096, 0);
	fake_fini(&f);
}

static void what_cannot_be_driven(void **state)
{
	(void)state;
	begin(OLD & ~VIRTIO_F_ANY_LAYOUT);
	assert_int_equal(fake_open(&f, NULL), -ENOTSUP);
	assert_non_null(strstr(f.last, "does not offer ANY_LAYOUT"));
	f.kind.features = OLD;
	f.dev.translated = true;
	assert_int_equal(fake_open(&f, NULL), -ENOTSUP);
	assert_non_null(strstr(f.last, "would bypass the IOMMU"));
	f.dev.translated = false;
	f.dev.region[LEAT_REGION_BAR0].size = 0;
	assert_int_equal(fake_open(&f, NULL), -ENOTSUP);
	fake_fini(&f);
}

static void commands_and_the_address(void **state)
{
	(void)state;
	begin(OLD | VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX);
	assert_int_equal(fake_open(&f, NULL), 0);
	assert_string_equal(f.told, "0.0 00\n0.1 00\n1.0 0000000000000000\n");
	f.trace[0] = '\0';
	assert_int_equal(leat_port_mac_set(f.port, (uint8_t[6]){ 2, 0, 0, 0, 0, 9 }), 0);
	assert_non_null(strstr(f.trace, "legacy 14 <- 2\nlegacy 15 <- 0\n"));
	assert_non_null(strstr(f.trace, "legacy 19 <- 9\n"));
	fake_fini(&f);
}

/* Both interfaces: the modern one is the better. */
static void transitional(void **state)
{
	(void)state;
	begin(FAKE_ALL);
	fake_caps(&f, fake_good_caps, 4);
	f.config[LEAT_PCI_DEVICE] = 0x00;
	f.config[LEAT_PCI_DEVICE + 1] = 0x10;
	assert_int_equal(fake_open(&f, NULL), 0);
	assert_true(f.status & VIRTIO_STATUS_FEATURES_OK);
	assert_null(strstr(f.trace, "legacy"));
	fake_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_behind_ten_bytes),
		cmocka_unit_test(rings_of_one_size),
		cmocka_unit_test(what_cannot_be_driven),
		cmocka_unit_test(commands_and_the_address),
		cmocka_unit_test(transitional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
