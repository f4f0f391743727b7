// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_steer.c - the virtio-net driver's several queues, RSS and hashes on the device
 * of bytes: what the device is told, and what cannot be.
 */
#include "driver_fake.h"

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

/* ---- several queues ---- */

static void pairs_of_queues(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 3, .txqs = 2 };

	(void)state;
	open_with(MANY, &cfg);
	assert_non_null(strstr(leat_port_info(f.port), ", 3+2 of them, "));
	told("4.0 0300\n" PLAIN);
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(f.q[i].enable, i == 0 || i == 2 || i == 4 || i == 1 || i == 3);
	assert_int_equal(f.q[8].enable, 1);
	fake_fini(&f);
	/* Without several of them the control queue is the third. */
	open_with(MANY, NULL);
	assert_int_equal(f.accepted & VIRTIO_NET_F_MQ, 0);
	assert_int_equal(f.q[2].enable, 1);
	told(PLAIN);
	fake_fini(&f);
}

static void more_to_send_than_to_receive(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 1, .txqs = 2 };
	struct leat_rss rss = { 0 };
	struct leat_port_config with = { .rxqs = 1, .txqs = 2, .rss = &rss };

	(void)state;
	assert_int_equal(begin(MANY, &cfg), -ENOTSUP);
	assert_non_null(strstr(f.last, "ask for 2 receive queues"));
	f.kind.features = SPREAD;
	assert_int_equal(fake_open(&f, &cfg), -ENOTSUP);
	assert_int_equal(fake_open(&f, &with), 0);
	fake_fini(&f);
}

/* ---- RSS ---- */

#define MS_KEY "286d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa"

static void rss_is_told(const struct leat_rss *rss, const char *types, const char *max_tx)
{
	char text[1024], *at = text;

	at += sprintf(at, "4.1 %s%02x000000", types, rss->reta_len - 1);
	for (unsigned int i = 0; i < rss->reta_len; i++)
		at += sprintf(at, "%02x00", rss->reta[i]);
	sprintf(at, "%s" MS_KEY "\n", max_tx);
	assert_non_null(strstr(f.told, text));
	fake_told_clear(&f);
}

static void spread_by_hash(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 4, .txqs = 2 };
	struct leat_rss rss;

	(void)state;
	open_with(SPREAD, &cfg);
	leat_port_rss_get(f.port, &rss);
	assert_int_equal(rss.reta_len, 128);
	assert_null(strstr(f.told, "4.0 "));
	rss_is_told(&rss, "3f000000", "0400");
	rss.types = LEAT_RSS_TCP4;
	memset(rss.reta, 3, sizeof(rss.reta));
	assert_int_equal(leat_port_rss(f.port, &rss), 0);
	rss_is_told(&rss, "02000000", "0400");
	/* What is refused is taken back. */
	f.kind.ctrl_refuse = "4.1 04";
	rss.types = LEAT_RSS_UDP4;
	assert_int_equal(leat_port_rss(f.port, &rss), -EIO);
	rss.types = LEAT_RSS_TCP4;
	rss_is_told(&rss, "02000000", "0400");
	fake_fini(&f);
}

static void a_short_table(void **state)
{
	const struct leat_port_config cfg = { .rxqs = 2, .txqs = 2 };
	struct leat_rss rss;

	(void)state;
	fake_init(&f, 1024, 2048);
	f.kind.features = SPREAD;
	f.kind.num_queues = FAKE_QUEUES;
	f.kind.table_max = 40;
	assert_int_equal(fake_open(&f, &cfg), 0);
	leat_port_rss_get(f.port, &rss);
	assert_int_equal(rss.reta_len, 32);
	rss_is_told(&rss, "3f000000", "0200");
	fake_fini(&f);
}

/* Hashes without spreading: for one queue if it is asked for, and where RSS is not offered. */
static void hashes_alone(void **state)
{
	struct leat_rss rss = { 0 };
	const struct leat_port_config cfg = { .rss = &rss };

	(void)state;
	open_with(CTRL | VIRTIO_NET_F_HASH_REPORT, NULL);
	assert_int_equal(f.accepted & VIRTIO_NET_F_HASH_REPORT, 0);
	fake_fini(&f);
	open_with(CTRL | VIRTIO_NET_F_HASH_REPORT, &cfg);
	assert_true(f.accepted & VIRTIO_NET_F_HASH_REPORT);
	told("4.2 3f0000000000000000000000" MS_KEY "\n" PLAIN);
	fake_fini(&f);
}

static void rss_for_a_port_that_began_without(void **state)
{
	struct leat_rss rss = { 0 };

	(void)state;
	open_with(SPREAD, NULL);
	told(PLAIN);
	assert_int_equal(leat_port_rss(f.port, &rss), -EBUSY);
	assert_non_null(strstr(f.last, "the port started without"));
	leat_port_stop(f.port);
	assert_int_equal(leat_port_rss(f.port, &rss), 0);
	assert_int_equal(leat_port_start(f.port), 0);
	leat_port_rss_get(f.port, &rss);
	rss_is_told(&rss, "3f000000", "0100");
	fake_fini(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_of_queues),
		cmocka_unit_test(more_to_send_than_to_receive),
		cmocka_unit_test(spread_by_hash),
		cmocka_unit_test(a_short_table),
		cmocka_unit_test(hashes_alone),
		cmocka_unit_test(rss_for_a_port_that_began_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
