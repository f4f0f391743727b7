// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_ctrl.c - the virtio-net driver's control queue on the device of bytes: each
 * command as the device reads it, what becomes of refusals, and of silence.
 */
#include "driver_fake.h"

#include <leat/clock.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define CTRL (FAKE_ALL | VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX | \
	      VIRTIO_NET_F_CTRL_MAC_ADDR | VIRTIO_NET_F_CTRL_VLAN)
#define MANY (CTRL | VIRTIO_NET_F_MQ)
#define SPREAD (MANY | VIRTIO_NET_F_RSS)

/* Receive mode off, off, and no addresses besides its own. */
#define PLAIN "0.0 00\n0.1 00\n1.0 0000000000000000\n"

static struct fake f;

/* The driver's clock, for it waits: linked with --wrap. */
uint64_t __real_leat_now_ns(void);
uint64_t __wrap_leat_now_ns(void);
static uint64_t leap;

uint64_t __wrap_leat_now_ns(void)
{
	static uint64_t leapt;

	leapt += leap;
	return __real_leat_now_ns() + leapt;
}

static int begin(uint64_t features, const struct leat_port_config *cfg)
{
	fake_init(&f, 4096, 2048);
	f.kind.features = features;
	f.kind.num_queues = FAKE_QUEUES;
	return fake_open(&f, cfg);
}

static void open_with(uint64_t features, const struct leat_port_config *cfg)
{
	assert_int_equal(begin(features, cfg), 0);
}

static void told(const char *text)
{
	assert_string_equal(f.told, text);
	fake_told_clear(&f);
}

static struct leat_caps caps_of(uint64_t features)
{
	struct leat_caps caps;

	open_with(features, NULL);
	leat_port_caps(f.port, &caps);
	fake_fini(&f);
	return caps;
}

/* ---- what it can ---- */

static void capabilities_by_feature(void **state)
{
	const uint32_t mask = LEAT_CAP_FILTER | LEAT_CAP_VLAN_FILTER;
	struct leat_caps caps = caps_of(FAKE_ALL);

	(void)state;
	assert_int_equal(caps.flags & mask, 0);
	assert_int_equal(caps.max_macs, 0);
	assert_int_equal(caps.max_rxqs, 1);
	/* Nothing works without the queue that it is told by. */
	caps = caps_of(SPREAD & ~VIRTIO_NET_F_CTRL_VQ);
	assert_int_equal(caps.flags & mask, 0);
	assert_int_equal(caps.max_rxqs, 1);
	assert_int_equal(caps.rss_types, 0);
	caps = caps_of(SPREAD);
	assert_int_equal(caps.flags & mask, mask);
	assert_int_equal(caps.max_macs, LEAT_FILTER_MACS);
	assert_int_equal(caps.max_mcasts, LEAT_FILTER_MCASTS);
	assert_int_equal(caps.max_rxqs, 4);
	assert_int_equal(caps.max_txqs, 4);
	assert_int_equal(caps.rss_types, 0x3f);
	assert_int_equal(caps.reta_len, 128);
}

static void the_link_with_its_speed(void **state)
{
	struct leat_link link;

	(void)state;
	open_with(FAKE_ALL | VIRTIO_NET_F_SPEED_DUPLEX, NULL);
	leat_port_link(f.port, &link);
	assert_true(link.up && link.full_duplex);
	assert_int_equal(link.speed, 0);
	f.kind.speed = 2500;
	f.kind.duplex = 0;
	leat_port_link(f.port, &link);
	assert_true(link.up && !link.full_duplex);
	assert_int_equal(link.speed, 2500);
	f.kind.link = false;
	leat_port_link(f.port, &link);
	assert_true(!link.up && !link.full_duplex);
	assert_int_equal(link.speed, 0);
	fake_fini(&f);
}

static void absurd_devices_are_refused(void **state)
{
	(void)state;
	fake_init(&f, 1024, 2048);
	f.kind.features = SPREAD;
	f.kind.num_queues = FAKE_QUEUES;
	f.kind.pairs = 0;
	assert_int_equal(fake_open(&f, NULL), -EPROTO);
	assert_non_null(strstr(f.last, "0 pairs of queues"));
	f.kind.pairs = 4;
	f.kind.key_max = 39;
	assert_int_equal(fake_open(&f, NULL), -EPROTO);
	assert_non_null(strstr(f.last, "keys of 39 bytes"));
	f.kind.key_max = 40;
	f.kind.table_max = 0;
	assert_int_equal(fake_open(&f, NULL), -EPROTO);
	assert_non_null(strstr(f.last, "no redirection table"));
	f.kind.table_max = 128;
	f.kind.num_queues = 2;		/* and no control queue */
	assert_int_equal(fake_open(&f, NULL), -EPROTO);
	assert_non_null(strstr(f.last, "the control queue, the device's 2, can have 0"));
	assert_int_equal(f.errors, 4);
	fake_fini(&f);
}

static void queues_that_are_not_there(void **state)
{
	const struct leat_port_config two = { .rxqs = 2, .txqs = 2 };

	(void)state;
	fake_init(&f, 1024, 2048);
	f.kind.features = MANY;
	f.kind.num_queues = 3;
	f.kind.pairs = 1;
	assert_int_equal(fake_open(&f, &two), -ENOTSUP);
	f.kind.pairs = 2;		/* so it says, but it has no more than before */
	assert_int_equal(fake_open(&f, &two), -EPROTO);
	fake_fini(&f);
}

/* ---- filters ---- */

static void a_port_filters_from_its_start(void **state)
{
	(void)state;
	open_with(CTRL, NULL);
	assert_int_equal(f.accepted & VIRTIO_NET_F_CTRL_VLAN, 0);
	told(PLAIN);
	assert_int_equal(f.q[2].vector, 0xffff);
	leat_port_stop(f.port);
	assert_int_equal(leat_port_start(f.port), 0);
	told(PLAIN);
	fake_fini(&f);
}

/* Or frames for others would come before the device knows that nobody wants them. */
static void buffers_only_for_who_filters(void **state)
{
	const char *mode, *frames;

	(void)state;
	open_with(CTRL, NULL);
	mode = strstr(f.trace, "notify 2\n");
	frames = strstr(f.trace, "notify 0\n");
	assert_true(mode && frames && mode < frames);
	assert_null(strstr(frames, "notify 2\n"));
	fake_fini(&f);
}

static void without_filters_nothing_is_told(void **state)
{
	(void)state;
	open_with(FAKE_ALL | VIRTIO_NET_F_CTRL_VQ, NULL);
	told("");
	assert_int_equal(leat_port_promisc(f.port, false), -ENOTSUP);
	fake_fini(&f);
}

static void modes_and_addresses(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 7 };
	static const uint8_t groups[2][6] = { { 1, 0, 0x5e, 0, 0, 1 }, { 1, 0, 0x5e, 0, 0, 2 } };

	(void)state;
	open_with(CTRL, NULL);
	fake_told_clear(&f);
	assert_int_equal(leat_port_promisc(f.port, true), 0);
	told("0.0 01\n0.1 00\n1.0 0000000000000000\n");
	assert_int_equal(leat_port_promisc(f.port, false), 0);
	fake_told_clear(&f);
	assert_int_equal(leat_port_allmulti(f.port, true), 0);
	told("0.0 00\n0.1 01\n1.0 0000000000000000\n");
	assert_int_equal(leat_port_allmulti(f.port, false), 0);
	fake_told_clear(&f);
	assert_int_equal(leat_port_mac_add(f.port, mac), 0);
	told("0.0 00\n0.1 00\n1.0 01000000020000000007" "00000000\n");
	assert_int_equal(leat_port_mcast(f.port, groups, 2), 0);
	told("0.0 00\n0.1 00\n1.0 01000000020000000007" "0200000001005e00000101005e000002\n");
	fake_fini(&f);
}

static void as_many_addresses_as_fit(void **state)
{
	uint8_t groups[LEAT_FILTER_MCASTS][6];

	(void)state;
	open_with(CTRL & ~VIRTIO_NET_F_MAC, NULL);
	for (unsigned int i = 0; i < LEAT_FILTER_MCASTS; i++)
		memcpy(groups[i], (uint8_t[6]){ 1, 0, 0x5e, 0, 1, (uint8_t)i }, 6);
	for (unsigned int i = 0; i < LEAT_FILTER_MACS; i++)
		assert_int_equal(leat_port_mac_add(f.port, (uint8_t[6]){ 2, 0, 0, 0, 1, (uint8_t)i }),
				 0);
	fake_told_clear(&f);
	assert_int_equal(leat_port_mcast(f.port, (const uint8_t (*)[6])groups, LEAT_FILTER_MCASTS),
			 0);
	assert_memory_equal(strstr(f.told, "1.0 "), "1.0 21000000" "020000000100", 24);
	assert_int_equal(strlen(strstr(f.told, "1.0 ")), 4 + 2 * (8 + 6 * (33 + 128)) + 1);
	fake_fini(&f);
}

static void its_own_address(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
	uint8_t is[6];

	(void)state;
	open_with(CTRL, NULL);
	fake_told_clear(&f);
	assert_int_equal(leat_port_mac_set(f.port, mac), 0);
	told(PLAIN "1.1 020000000009\n");
	assert_int_equal(leat_port_promisc(f.port, false), 0);
	told(PLAIN);				/* it knows */
	leat_port_stop(f.port);
	assert_int_equal(leat_port_start(f.port), 0);
	told(PLAIN "1.1 020000000009\n");	/* a reset took it */
	f.kind.ctrl_refuse = "1.1 02000000000a";
	assert_int_equal(leat_port_mac_set(f.port, (uint8_t[6]){ 2, 0, 0, 0, 0, 10 }), -EIO);
	assert_non_null(strstr(f.last, "change its address: the device refuses"));
	told(PLAIN "1.1 02000000000a\n" PLAIN "1.1 020000000009\n");
	leat_port_mac(f.port, is);
	assert_memory_equal(is, mac, 6);
	fake_fini(&f);
}

static void an_address_that_cannot_be_set(void **state)
{
	(void)state;
	open_with(CTRL & ~VIRTIO_NET_F_CTRL_MAC_ADDR, NULL);
	assert_int_equal(leat_port_mac_set(f.port, (uint8_t[6]){ 2, 0, 0, 0, 0, 9 }), -ENOTSUP);
	assert_non_null(strstr(f.last, "does not offer CTRL_MAC_ADDR"));
	fake_fini(&f);
}

static void refused_at_the_start(void **state)
{
	(void)state;
	fake_init(&f, 1024, 2048);
	f.kind.features = CTRL;
	f.kind.num_queues = 3;
	f.kind.ctrl_refuse = "0.1";
	assert_int_equal(fake_open(&f, NULL), -EIO);
	assert_non_null(strstr(f.last, "all multicasts: the device refuses"));
	assert_int_equal(f.errors, 1);
	fake_fini(&f);
}

/* ---- VLANs ---- */

static unsigned int lines(const char *with)
{
	unsigned int n = 0;

	for (const char *at = f.told; (at = strstr(at, with)); at++)
		n++;
	return n;
}

static void vlans_from_the_start_on(void **state)
{
	const struct leat_port_config cfg = { .no_start = true };

	(void)state;
	open_with(CTRL, &cfg);
	assert_int_equal(leat_port_vlan(f.port, 5, true), 0);
	assert_int_equal(leat_port_vlan(f.port, 4095, true), 0);
	assert_int_equal(leat_port_vlan_filter(f.port, true), 0);
	assert_int_equal(leat_port_start(f.port), 0);
	assert_true(f.accepted & VIRTIO_NET_F_CTRL_VLAN);
	told(PLAIN "2.0 0500\n2.0 ff0f\n");
	assert_int_equal(leat_port_vlan(f.port, 6, true), 0);
	told(PLAIN "2.0 0600\n");
	assert_int_equal(leat_port_vlan(f.port, 5, false), 0);
	told(PLAIN "2.1 0500\n");
	assert_int_equal(leat_port_vlan_filter(f.port, false), 0);
	assert_int_equal(lines("\n2.0 "), 4094);	/* all the others */
	fake_told_clear(&f);
	assert_int_equal(leat_port_vlan_filter(f.port, true), 0);
	assert_int_equal(lines("\n2.1 "), 4094);
	fake_fini(&f);
}

static void vlans_not_while_it_runs(void **state)
{
	(void)state;
	open_with(CTRL, NULL);
	assert_int_equal(leat_port_vlan(f.port, 5, true), 0);
	assert_int_equal(leat_port_vlan_filter(f.port, true), -EBUSY);
	assert_non_null(strstr(f.last, "stop the port, set the filter, start it"));
	leat_port_stop(f.port);
	assert_int_equal(leat_port_vlan_filter(f.port, true), 0);
	fake_told_clear(&f);
	assert_int_equal(leat_port_start(f.port), 0);
	told(PLAIN "2.0 0500\n");
	fake_fini(&f);
}

/* ---- trouble ---- */

static void no_answer(void **state)
{
	(void)state;
	open_with(CTRL, NULL);
	f.kind.ctrl_silent = true;
	leap = 1000000000;
	assert_int_equal(leat_port_promisc(f.port, true), -ETIMEDOUT);
	leap = 0;
	assert_non_null(strstr(f.last, "promiscuous mode: the device does not answer"));
	/* Its chain is the device's: nothing more is put there, and taking back says so at once. */
	f.kind.ctrl_silent = false;
	assert_int_equal(leat_port_promisc(f.port, true), -EIO);
	leat_port_stop(f.port);
	fake_told_clear(&f);
	assert_int_equal(leat_port_start(f.port), 0);
	told(PLAIN);
	fake_fini(&f);
}

static void turn_the_ring(uint64_t features)
{
	open_with(features, NULL);
	assert_true(!(f.accepted & VIRTIO_F_RING_PACKED) == !(features & VIRTIO_F_RING_PACKED));
	for (unsigned int i = 0; i < 23000; i++) {	/* three each: its index wraps, too */
		fake_told_clear(&f);
		assert_int_equal(leat_port_promisc(f.port, i & 1), 0);
	}
	told("0.0 01\n0.1 00\n1.0 0000000000000000\n");
	fake_fini(&f);
}

static void many_commands_turn_the_ring(void **state)
{
	(void)state;
	turn_the_ring(CTRL);
}

/* Three commands of three, in four descriptors: a chain begins in each, in both of its turns. */
static void many_commands_turn_a_packed_ring(void **state)
{
	(void)state;
	turn_the_ring(CTRL | VIRTIO_F_RING_PACKED);
}

static void no_answer_in_a_packed_ring(void **state)
{
	(void)state;
	open_with(CTRL | VIRTIO_F_RING_PACKED, NULL);
	told(PLAIN);
	f.kind.ctrl_silent = true;
	leap = 1000000000;
	assert_int_equal(leat_port_promisc(f.port, true), -ETIMEDOUT);
	leap = 0;
	fake_fini(&f);
}

/* The device is gone at the first access, at the second... */
static void gone_at_any_access(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 2, .txqs = 2 };
	unsigned int at = 0;
	int err;

	(void)state;
	do {
		fake_init(&f, 1024, 2048);
		f.kind.features = SPREAD;
		f.kind.num_queues = FAKE_QUEUES;
		f.die_at = ++at;
		err = fake_open(&f, &cfg);
		if (!err && f.accesses >= at)
			leat_port_promisc(f.port, true);
		fake_fini(&f);
	} while (err);
	assert_true(at > 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_by_feature),
		cmocka_unit_test(the_link_with_its_speed),
		cmocka_unit_test(absurd_devices_are_refused),
		cmocka_unit_test(queues_that_are_not_there),
		cmocka_unit_test(a_port_filters_from_its_start),
		cmocka_unit_test(buffers_only_for_who_filters),
		cmocka_unit_test(without_filters_nothing_is_told),
		cmocka_unit_test(modes_and_addresses),
		cmocka_unit_test(as_many_addresses_as_fit),
		cmocka_unit_test(its_own_address),
		cmocka_unit_test(an_address_that_cannot_be_set),
		cmocka_unit_test(refused_at_the_start),
		cmocka_unit_test(vlans_from_the_start_on),
		cmocka_unit_test(vlans_not_while_it_runs),
		cmocka_unit_test(no_answer),
		cmocka_unit_test(many_commands_turn_the_ring),
		cmocka_unit_test(many_commands_turn_a_packed_ring),
		cmocka_unit_test(no_answer_in_a_packed_ring),
		cmocka_unit_test(gone_at_any_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
