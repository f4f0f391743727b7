// SPDX-License-Identifier: BSD-3-Clause
/*
 * model_regs.c - registers of the virtio-net model: PCI, features, queues, reset,
 * options. One test compares our constants with Linux's headers.
 */
#include "model_linux.h"
#include "model_rig.h"

#include <leat/driver/pci.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t our_numbers[] = {
#define X(name) VIRTIO_NET_F_##name,
	LINUX_NET_FEATURES(X)
#undef X
#define X(name) VIRTIO_F_##name,
	LINUX_FEATURES(X)
#undef X
#define X(ours, theirs) ours,
	LINUX_NUMBERS(X)
#undef X
#define X(our, member, their, theirs) offsetof(struct our, member),
	LINUX_OFFSETS(X)
#undef X
};

/* A second reading of the specification: driver and model could be wrong alike. */
static void test_constants(void **state)
{
	size_t n = sizeof(our_numbers) / sizeof(our_numbers[0]);

	(void)state;
	for (size_t i = 0; i < n; i++)
		if (!linux_numbers[i].name || linux_numbers[i].value != our_numbers[i])
			fail_msg("%s: 0x%llx in Linux, 0x%llx here", linux_numbers[i].name,
				 (unsigned long long)linux_numbers[i].value,
				 (unsigned long long)our_numbers[i]);
	assert_null(linux_numbers[n].name);
}

static void test_identity(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	assert_int_equal(rig_read(&r, LEAT_MODEL_CONFIG, LEAT_PCI_VENDOR, 4), 0x10411af4);
	assert_int_equal(rig_read(&r, LEAT_MODEL_CONFIG, LEAT_PCI_REVISION, 4) >> 8, 0x020000);
	assert_true(rig_read(&r, LEAT_MODEL_CONFIG, LEAT_PCI_SUBDEVICE, 2) >= 0x40);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_NUM_QUEUES), 3);
	rig_close(&r);
}

static void test_bar_sizing(void **state)
{
	struct rig r;
	uint64_t mask;

	(void)state;
	rig_open(&r, NULL);
	rig_write(&r, LEAT_MODEL_CONFIG, LEAT_PCI_BAR(0), UINT32_MAX, 4);
	mask = rig_read(&r, LEAT_MODEL_CONFIG, LEAT_PCI_BAR(0), 4) & ~UINT64_C(0xf);
	assert_int_equal((uint32_t)(~mask + 1), r.mdev->region[0].size);
	rig_write(&r, LEAT_MODEL_CONFIG, LEAT_PCI_BAR(1), UINT32_MAX, 4);
	assert_int_equal(rig_read(&r, LEAT_MODEL_CONFIG, LEAT_PCI_BAR(1), 4), 0);
	rig_close(&r);
}

/* 4.1.4: each structure once, in the BAR, apart from the others and from MSI-X. */
static void test_capabilities(void **state)
{
	unsigned int seen = 0, msix = 0, n = 0;
	struct rig r;
	uint8_t at;

	(void)state;
	rig_open(&r, NULL);
	at = (uint8_t)rig_read(&r, LEAT_MODEL_CONFIG, LEAT_PCI_CAPS, 1);
	for (; at; at = (uint8_t)rig_read(&r, LEAT_MODEL_CONFIG, at + 1u, 1)) {
		uint8_t type = (uint8_t)rig_read(&r, LEAT_MODEL_CONFIG, at + 3u, 1);
		uint64_t off = rig_read(&r, LEAT_MODEL_CONFIG, at + 8u, 4);
		uint64_t len = rig_read(&r, LEAT_MODEL_CONFIG, at + 12u, 4);

		assert_true(n++ < 16 && at % 4 == 0);
		if (rig_read(&r, LEAT_MODEL_CONFIG, at, 1) == LEAT_PCI_CAP_MSIX) {
			msix++;
			assert_int_equal((rig_read(&r, LEAT_MODEL_CONFIG, at + 2u, 2) & 0x7ff) + 1, 4);
			continue;
		}
		assert_int_equal(rig_read(&r, LEAT_MODEL_CONFIG, at, 1), LEAT_PCI_CAP_VENDOR);
		assert_false(seen & 1u << type);
		seen |= 1u << type;
		assert_true(rig_read(&r, LEAT_MODEL_CONFIG, at + 2u, 1) >= 16);
		assert_int_equal(rig_read(&r, LEAT_MODEL_CONFIG, at + 4u, 1), 0);
		assert_true(off + len <= r.mdev->region[0].size);
	}
	assert_int_equal(seen, 0x3e);		/* types 1 to 5 */
	assert_int_equal(msix, 1);
	assert_true(r.win.notify >= r.mdev->region[0].map_off &&
		    r.win.notify + 2 * r.win.multiplier <=
			    r.mdev->region[0].map_off + r.mdev->region[0].map_len);
	rig_close(&r);
}

/* 4.1.4.9: the same registers through configuration space. */
static void test_cfg_window(void **state)
{
	struct rig r;
	uint8_t at;

	(void)state;
	rig_open(&r, NULL);
	at = (uint8_t)rig_read(&r, LEAT_MODEL_CONFIG, LEAT_PCI_CAPS, 1);
	while (rig_read(&r, LEAT_MODEL_CONFIG, at, 1) != LEAT_PCI_CAP_VENDOR ||
	       rig_read(&r, LEAT_MODEL_CONFIG, at + 3u, 1) != VIRTIO_PCI_CAP_PCI)
		at = (uint8_t)rig_read(&r, LEAT_MODEL_CONFIG, at + 1u, 1);
	rig_write(&r, LEAT_MODEL_CONFIG, at + 4u, 0, 1);
	rig_write(&r, LEAT_MODEL_CONFIG, at + 8u, r.win.common + VIRTIO_COMMON_DEVICE_STATUS, 4);
	rig_write(&r, LEAT_MODEL_CONFIG, at + 12u, 1, 4);
	rig_write(&r, LEAT_MODEL_CONFIG, at + 16u, VIRTIO_STATUS_ACKNOWLEDGE, 1);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_DEVICE_STATUS), VIRTIO_STATUS_ACKNOWLEDGE);
	rig_write(&r, LEAT_MODEL_CONFIG, at + 8u, r.win.common + VIRTIO_COMMON_NUM_QUEUES, 4);
	rig_write(&r, LEAT_MODEL_CONFIG, at + 12u, 2, 4);
	assert_int_equal(rig_read(&r, LEAT_MODEL_CONFIG, at + 16u, 2), 3);
	/* Nonsense is ignored: odd length, other BAR, outside. */
	rig_write(&r, LEAT_MODEL_CONFIG, at + 12u, 3, 4);
	rig_write(&r, LEAT_MODEL_CONFIG, at + 16u, 0, 1);
	rig_write(&r, LEAT_MODEL_CONFIG, at + 12u, 4, 4);
	rig_write(&r, LEAT_MODEL_CONFIG, at + 8u, UINT32_MAX - 3, 4);
	rig_write(&r, LEAT_MODEL_CONFIG, at + 16u, 0, 4);
	rig_write(&r, LEAT_MODEL_CONFIG, at + 4u, 2, 1);
	rig_write(&r, LEAT_MODEL_CONFIG, at + 8u, r.win.common + VIRTIO_COMMON_DEVICE_STATUS, 4);
	rig_write(&r, LEAT_MODEL_CONFIG, at + 16u, 0, 4);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_DEVICE_STATUS), VIRTIO_STATUS_ACKNOWLEDGE);
	rig_close(&r);
}

static void test_features(void **state)
{
	const uint64_t must = VIRTIO_F_VERSION_1;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	assert_true(rig_offered(&r) == RIG_OFFERED);
	rig_set(&r, VIRTIO_COMMON_DEVICE_FEATURE_SELECT, 2);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_DEVICE_FEATURE), 0);

	assert_true(rig_negotiate(&r, must) & VIRTIO_STATUS_FEATURES_OK);
	assert_true(rig_negotiate(&r, RIG_ALL) & VIRTIO_STATUS_FEATURES_OK);
	assert_false(rig_negotiate(&r, RIG_ALL & ~must) & VIRTIO_STATUS_FEATURES_OK);
	assert_false(rig_negotiate(&r, 0) & VIRTIO_STATUS_FEATURES_OK);
	for (unsigned int bit = 0; bit < 64; bit++)
		if (!(RIG_OFFERED >> bit & 1))
			assert_false(rig_negotiate(&r, must | UINT64_C(1) << bit) &
				     VIRTIO_STATUS_FEATURES_OK);

	/* Refused features do not start; agreed ones do not change. */
	rig_set(&r, VIRTIO_COMMON_DEVICE_STATUS, 0x0f);
	assert_false(rig_get(&r, VIRTIO_COMMON_DEVICE_STATUS) & VIRTIO_STATUS_DRIVER_OK);
	assert_true(rig_negotiate(&r, must) & VIRTIO_STATUS_FEATURES_OK);
	rig_set(&r, VIRTIO_COMMON_DRIVER_FEATURE_SELECT, 0);
	rig_set(&r, VIRTIO_COMMON_DRIVER_FEATURE, 1);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_DRIVER_FEATURE), 0);
	rig_close(&r);
}

static void test_queue_registers(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_set(&r, VIRTIO_COMMON_QUEUE_SELECT, 3);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_SIZE), 0);
	rig_set(&r, VIRTIO_COMMON_QUEUE_SIZE, 4);	/* nobody's */

	rig_set(&r, VIRTIO_COMMON_QUEUE_SELECT, 1);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_SIZE), 256);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_MSIX_VECTOR), VIRTIO_MSI_NO_VECTOR);
	rig_set(&r, VIRTIO_COMMON_QUEUE_SIZE, 64);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_SIZE), 64);
	rig_set(&r, VIRTIO_COMMON_QUEUE_SIZE, 48);
	rig_set(&r, VIRTIO_COMMON_QUEUE_SIZE, 512);
	rig_set(&r, VIRTIO_COMMON_QUEUE_SIZE, 0);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_SIZE), 64);
	rig_set(&r, VIRTIO_COMMON_QUEUE_MSIX_VECTOR, 4);	/* there are 0 to 3 */
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_MSIX_VECTOR), VIRTIO_MSI_NO_VECTOR);
	rig_set(&r, VIRTIO_COMMON_QUEUE_ENABLE, 1);
	rig_set(&r, VIRTIO_COMMON_QUEUE_SIZE, 32);
	rig_set(&r, VIRTIO_COMMON_QUEUE_ENABLE, 0);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_SIZE), 64);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_ENABLE), 1);

	rig_set(&r, VIRTIO_COMMON_DEVICE_STATUS, 0);
	rig_set(&r, VIRTIO_COMMON_QUEUE_SELECT, 1);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_ENABLE), 0);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_SIZE), 256);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_DESC), 0);
	rig_close(&r);
}

static void test_device_config(void **state)
{
	static const struct leat_model_opt opts[] = {
		{ "mac", "02:00:5e:10:00:01" }, { "mtu", "9000" }, { "queue-size", "1024" },
		{ "csum", "off" }, { "guest-csum", "off" }, { "mrg", "off" }, { "indirect", "off" },
		{ NULL, NULL },
	};
	struct rig r;
	uint8_t before;

	(void)state;
	rig_open(&r, opts);
	assert_true(rig_read(&r, 0, r.win.device, 4) == 0x105e0002);
	assert_int_equal(rig_read(&r, 0, r.win.device + 4, 2), 0x0100);
	assert_int_equal(rig_read(&r, 0, r.win.device + 6, 2), VIRTIO_NET_S_LINK_UP);
	assert_int_equal(rig_read(&r, 0, r.win.device + 10, 2), 9000);
	rig_set(&r, VIRTIO_COMMON_QUEUE_SELECT, 0);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_SIZE), 1024);
	assert_true(rig_offered(&r) == (RIG_OFFERED & ~(VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM |
						    RIG_HOST_GSO | RIG_GUEST_GSO |
						    VIRTIO_NET_F_MRG_RXBUF |
						    VIRTIO_F_INDIRECT_DESC)));
	before = (uint8_t)rig_get(&r, VIRTIO_COMMON_CONFIG_GENERATION);
	r.wire->up = false;
	rig_run(&r);
	assert_int_equal(rig_read(&r, 0, r.win.device + 6, 2), 0);
	assert_int_not_equal(rig_get(&r, VIRTIO_COMMON_CONFIG_GENERATION), before);
	rig_close(&r);
}

/* Every wrong option: refused with one sentence that says what is right. */
static void test_wrong_options(void **state)
{
	static const struct {
		const char *key, *value, *say;
	} wrong[] = {
		{ "mac", "02:00:00:00:00", "unicast" }, { "mac", "03:00:00:00:00:01", "unicast" },
		{ "mac", "00:00:00:00:00:00", "unicast" }, { "mac", "02:00:00:00:00:0g", "unicast" },
		{ "mac", "02:00:00:00:00:01x", "unicast" }, { "mtu", "67", "68" },
		{ "mtu", "16363", "16362" }, { "mtu", "", "68" }, { "mtu", "1500x", "68" },
		{ "mtu", "-1", "68" }, { "queue-size", "100", "power of two" },
		{ "queue-size", "2048", "1024" }, { "queue-size", "1", "1024" },
		{ "csum", "maybe", "on or off" }, { "mrg", "", "on or off" },
		{ "colour", "red", "no option colour" },
	};
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct leat_model_opt opts[2] = { { wrong[i].key, wrong[i].value }, { NULL, NULL } };
		struct leat_mdev *mdev = NULL;

		r.errors = 0;
		assert_int_equal(leat_mdev_create(&leat_model_virtio_net, opts, "bad", r.mdev->host,
						  &r, NULL, &mdev), -22);
		assert_null(mdev);
		assert_int_equal(r.errors, 1);
		if (!strstr(r.line, wrong[i].say))
			fail_msg("%s=%s: \"%s\" lacks \"%s\"", wrong[i].key, wrong[i].value, r.line,
				 wrong[i].say);
	}
	rig_close(&r);
}

/* 4.1.4.3.1: a driver that frees its memory once the status is 0 must be safe to do so. */
static void test_reset_completes(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	rig_start(&r, RIG_ALL, 16);
	r.writes_pending = true;
	rig_set(&r, VIRTIO_COMMON_DEVICE_STATUS, 0);
	rig_set(&r, VIRTIO_COMMON_DEVICE_STATUS, 0);
	assert_int_not_equal(rig_get(&r, VIRTIO_COMMON_DEVICE_STATUS), 0);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_QUEUE_ENABLE), 0);
	r.writes_pending = false;
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_DEVICE_STATUS), 0);
	rig_start(&r, RIG_ALL, 16);
	rig_send(&r, 60, 1);
	rig_run(&r);
	assert_int_equal(r.wire->n, 1);
	rig_close(&r);
}

/* Any width reads anything; a write across registers is refused, and nothing else happens. */
static void test_odd_accesses(void **state)
{
	uint64_t word = UINT64_MAX;
	struct rig r;

	(void)state;
	rig_open(&r, NULL);
	for (uint64_t off = 0; off < r.mdev->region[0].size; off += 1)
		(void)rig_read(&r, 0, off, 1);
	for (uint64_t off = 0; off < r.mdev->region[0].size; off += 8)
		(void)rig_read(&r, 0, off, 8);
	assert_int_equal(leat_mdev_access(r.mdev, 0, r.win.common, &word, 8, true), -22);
	rig_set(&r, VIRTIO_COMMON_DEVICE_FEATURE_SELECT, 0x01020304);
	assert_int_equal(rig_read(&r, 0, r.win.common + 1, 1), 0x03);
	rig_write(&r, 0, r.win.common + 1, 0xff, 1);
	assert_int_equal(rig_get(&r, VIRTIO_COMMON_DEVICE_FEATURE_SELECT), 0x0102ff04);
	for (uint64_t off = 0; off < LEAT_PCI_CAPS; off++)
		(void)rig_read(&r, LEAT_MODEL_CONFIG, off, 1);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constants),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_bar_sizing),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_cfg_window),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_queue_registers),
		cmocka_unit_test(test_device_config),
		cmocka_unit_test(test_wrong_options),
		cmocka_unit_test(test_reset_completes),
		cmocka_unit_test(test_odd_accesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
