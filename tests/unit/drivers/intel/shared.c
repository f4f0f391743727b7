// SPDX-License-Identifier: BSD-3-Clause
/*
 * shared.c - what Intel's drivers have in common: NVM, PHY, link, filters,
 * counters, RSS, dumps.
 */
#include "chip.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void says(const struct chip *c, const char *what)
{
	assert_non_null(strstr(leat_ctx_error(c->ctx), "chip:0"));
	assert_non_null(strstr(leat_ctx_error(c->ctx), what));
}

static void nvm_is_read_by_words(void **state)
{
	struct chip *c = *state;
	uint8_t buf[5];
	uint16_t word = 0;

	assert_int_equal(leat_intel_nvm_word(&c->hw, 3, &word), 0);
	assert_int_equal(word, c->nvm[3]);
	assert_int_equal(leat_intel_nvm_read(&c->hw, 3, buf, sizeof(buf)), 0);
	assert_int_equal(buf[0], c->nvm[1] >> 8);
	assert_int_equal(buf[1], c->nvm[2] & 0xff);
	assert_int_equal(buf[4], c->nvm[3] >> 8);
	assert_int_equal(leat_intel_nvm_read(&c->hw, 126, buf, 3), -EINVAL);
	says(c, "it has 128");
}

static void nvm_has_a_checksum(void **state)
{
	struct chip *c = *state;

	assert_int_equal(leat_intel_nvm_check(&c->hw), 0);
	c->nvm[9] ^= 1;
	assert_int_equal(leat_intel_nvm_check(&c->hw), -EBADMSG);
}

static void silence_ends(void **state)
{
	struct chip *c = *state;
	uint16_t word;

	c->silent = true;
	assert_int_equal(leat_intel_nvm_word(&c->hw, 0, &word), -ETIMEDOUT);
	says(c, "NVM");
	assert_int_equal(leat_intel_phy_read(&c->hw, 1, &word), -ETIMEDOUT);
	says(c, "register 1 of the PHY");
	c->silent = false;
	c->phy_error = true;
	assert_int_equal(leat_intel_phy_write(&c->hw, 0, 0), -EIO);
	says(c, "reports an error");
}

static void address_comes_from_the_first_entry(void **state)
{
	struct chip *c = *state;
	uint8_t mac[6];

	assert_int_equal(leat_intel_mac_read(&c->hw, mac), -EPROTO);
	c->reg[INTEL_RAL(0) / 4] = 0x12005452;
	c->reg[INTEL_RAH(0) / 4] = 0x80005634;
	assert_int_equal(leat_intel_mac_read(&c->hw, mac), 0);
	assert_memory_equal(mac, "\x52\x54\x00\x12\x34\x56", 6);
	c->reg[INTEL_RAL(0) / 4] |= 1;
	assert_int_equal(leat_intel_mac_read(&c->hw, mac), -EPROTO);
}

static void filters_fill_the_tables(void **state)
{
	static const uint8_t group[6] = { 0x01, 0x00, 0x5e, 0x00, 0x12, 0x34 };
	struct chip *c = *state;
	struct leat_filter *f = &c->port.filter;

	memcpy(c->port.mac, "\x52\x54\x00\x12\x34\x56", 6);
	f->nmacs = 1;
	memcpy(f->mac[0], "\x02\x00\x00\x00\x00\x07", 6);
	f->nmcasts = 1;
	memcpy(f->mcast[0], group, 6);
	f->vids[63] = UINT64_C(1) << 63 | 1;
	assert_int_equal(leat_intel_filter_write(&c->hw), 0);

	assert_int_equal(chip_written(c, INTEL_RAL(0)), 0x12005452);
	assert_int_equal(chip_written(c, INTEL_RAH(0)), 0x80005634);
	assert_int_equal(chip_written(c, INTEL_RAL(1)), 0x00000002);
	assert_int_equal(chip_written(c, INTEL_RAH(1)), 0x80000700);
	assert_int_equal(chip_written(c, INTEL_RAH(15)), 0);
	/* Bits 47:36 of the address, last byte first: 0x34, 0x1x. */
	assert_int_equal(leat_intel_mcast_bit(group), 0x341);
	assert_int_equal(chip_written(c, INTEL_MTA(0x341 / 32)), 1u << 0x341 % 32);
	assert_int_equal(chip_written(c, INTEL_MTA(0)), 0);
	assert_int_equal(chip_written(c, INTEL_VFTA(127)), 0x80000000);
	assert_int_equal(chip_written(c, INTEL_VFTA(126)), 1);

	f->vlan = f->allmulti = true;
	assert_int_equal(leat_intel_filter_write(&c->hw), INTEL_RCTL_VFE | INTEL_RCTL_MPE);
	f->promisc = true;
	assert_int_equal(leat_intel_filter_write(&c->hw), INTEL_RCTL_UPE | INTEL_RCTL_MPE);
}

static void counters_add_up(void **state)
{
	struct leat_stats stats = { 0 };
	struct leat_xstat xstats[INTEL_COUNTS];
	struct chip *c = *state;

	c->reg[INTEL_MPC / 4] = 99;
	leat_intel_counters_clear(&c->hw);
	for (int i = 0; i < 3; i++) {
		c->reg[INTEL_MPC / 4] = UINT32_MAX - 1;
		c->reg[INTEL_GORC / 4] = 5;
		c->reg[INTEL_GORC / 4 + 1] = 1;
		leat_intel_counters_read(&c->hw);
	}
	c->reg[INTEL_CRCERRS / 4] = 4;
	leat_intel_stats(&c->hw, &stats);
	assert_int_equal(stats.rx_missed, 3 * (UINT64_C(0xffffffff) - 1));
	assert_int_equal(stats.rx_errors, 4);
	assert_int_equal(c->hw.count[INTEL_COUNT_GORC], 3 * (UINT64_C(0x100000005)));
	assert_int_equal(leat_intel_xstats(&c->hw, NULL, 0), INTEL_COUNTS);
	assert_int_equal(leat_intel_xstats(&c->hw, xstats, INTEL_COUNTS), INTEL_COUNTS);
	assert_string_equal(xstats[INTEL_COUNT_GORC].name, "rx_device_good_bytes");
	assert_int_equal(xstats[INTEL_COUNT_GORC].value, UINT64_C(0x30000000f));
}

/* What is gone reads all ones, which is no count. */
static void nothing_is_counted_by_a_device_that_is_gone(void **state)
{
	struct leat_stats stats = { 0 };
	struct chip *c = *state;

	memset(c->reg, 0xff, sizeof(c->reg));
	leat_intel_stats(&c->hw, &stats);
	assert_int_equal(stats.rx_missed, 0);
}

static void rss_is_written_as_it_stands(void **state)
{
	struct chip *c = *state;

	for (unsigned int i = 0; i < LEAT_RSS_KEY_LEN; i++)
		c->port.rss.key[i] = (uint8_t)(i + 1);
	for (unsigned int i = 0; i < INTEL_RETA_ENTRIES; i++)
		c->port.rss.reta[i] = (uint8_t)(i % 2);
	leat_intel_rss_write(&c->hw, 7);
	assert_int_equal(chip_written(c, INTEL_RSSRK(0)), 0x04030201);
	assert_int_equal(chip_written(c, INTEL_RSSRK(9)), 0x28272625);
	assert_int_equal(chip_written(c, INTEL_RETA(31)), 0x80008000);
}

static void a_link_is_negotiated(void **state)
{
	struct chip *c = *state;

	c->hw.pause_high = 0x3000;
	c->hw.pause_low = 0x2000;
	assert_int_equal(leat_intel_link_setup(&c->hw), 0);
	assert_int_equal(c->phy[INTEL_PHY_ADVERTISE], 0x0de1);
	assert_int_equal(c->phy[INTEL_PHY_1000_CONTROL], 0x0200);
	assert_int_equal(c->phy[INTEL_PHY_CONTROL], 0x1340);
	assert_int_equal(chip_written(c, INTEL_CTRL), INTEL_CTRL_SLU);
	assert_int_equal(chip_written(c, INTEL_FCRTH), 0x3000);
	assert_int_equal(chip_written(c, INTEL_FCRTL), 0x80002000);

	c->port.cfg.flow_ctrl = LEAT_FLOW_NONE;
	c->port.cfg.speed = 1000;
	assert_int_equal(leat_intel_link_setup(&c->hw), 0);
	assert_int_equal(c->phy[INTEL_PHY_ADVERTISE], 0x0001);
	assert_int_equal(chip_written(c, INTEL_FCRTH), 0);
}

static void a_link_is_forced(void **state)
{
	struct chip *c = *state;

	c->port.cfg.speed = 100;
	c->port.cfg.flow_ctrl = LEAT_FLOW_RX;
	assert_int_equal(leat_intel_link_setup(&c->hw), 0);
	assert_int_equal(c->phy[INTEL_PHY_CONTROL], 0x2100);
	assert_int_equal(c->reg[INTEL_CTRL / 4], INTEL_CTRL_SLU | INTEL_CTRL_FRCSPD |
			 INTEL_CTRL_FRCDPX | INTEL_CTRL_FD | 1u << 8 | INTEL_CTRL_RFCE);
	c->port.cfg.half_duplex = true;
	assert_int_equal(leat_intel_link_setup(&c->hw), 0);
	assert_int_equal(c->phy[INTEL_PHY_CONTROL], 0x2000);
	assert_false(c->reg[INTEL_CTRL / 4] & (INTEL_CTRL_FD | INTEL_CTRL_RFCE));
	c->port.cfg.speed = 1000;
	assert_int_equal(leat_intel_link_setup(&c->hw), -EINVAL);
	says(c, "1000 Mbit/s half duplex");
	c->port.cfg = (struct leat_port_config){ .speed = 2500 };
	assert_int_equal(leat_intel_link_setup(&c->hw), -EINVAL);
}

static void a_link_is_taken_down(void **state)
{
	struct chip *c = *state;

	c->reg[INTEL_CTRL / 4] = INTEL_CTRL_SLU;
	c->port.link_down = true;
	assert_int_equal(leat_intel_link_setup(&c->hw), 0);
	assert_int_equal(c->phy[INTEL_PHY_CONTROL], 0x0800);
	assert_false(c->reg[INTEL_CTRL / 4] & INTEL_CTRL_SLU);
}

/* IEEE 802.3, table 28B-3: ours, theirs, and what comes of it. */
static void pauses_are_what_both_agreed(void **state)
{
	enum { P = 0x400, A = 0x800 };
	static const struct {
		uint16_t ours, theirs;
		uint32_t want;
	} cases[] = {
		{ P, P, INTEL_CTRL_RFCE | INTEL_CTRL_TFCE }, { P | A, P, INTEL_CTRL_RFCE | INTEL_CTRL_TFCE },
		{ P | A, A, INTEL_CTRL_RFCE }, { A, P | A, INTEL_CTRL_TFCE },
		{ P, A, 0 }, { A, P, 0 }, { A, A, 0 }, { 0, P | A, 0 }, { P | A, 0, 0 },
	};
	struct chip *c = *state;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(cases); i++) {
		c->phy[INTEL_PHY_ADVERTISE] = cases[i].ours;
		c->phy[INTEL_PHY_PARTNER] = cases[i].theirs;
		leat_intel_flow_ctrl_settle(&c->hw);
		assert_int_equal(c->reg[INTEL_CTRL / 4] & (INTEL_CTRL_RFCE | INTEL_CTRL_TFCE),
				 cases[i].want);
	}
}

static void a_link_is_read_from_status(void **state)
{
	static const struct {
		uint32_t status;
		struct leat_link want;
	} cases[] = {
		{ 0x00, { 0 } },
		{ 0x83, { true, true, 1000 } }, { 0xc3, { true, true, 1000 } },
		{ 0x42, { true, false, 100 } }, { 0x03, { true, true, 10 } },
		{ UINT32_MAX, { 0 } },
	};
	struct chip *c = *state;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(cases); i++) {
		struct leat_link link = { 0 };

		c->reg[INTEL_STATUS / 4] = cases[i].status;
		leat_intel_link_read(&c->hw, &link);
		assert_int_equal(link.up, cases[i].want.up);
		assert_int_equal(link.full_duplex, cases[i].want.full_duplex);
		assert_int_equal(link.speed, cases[i].want.speed);
	}
}

static void dumps_take_nothing_away(void **state)
{
	static const struct intel_reg_info own[] = { { "ICR", 0xc0, "RC" }, { "RDT0", 0x2818, "RW" } };
	struct leat_reg regs[64];
	struct chip *c = *state;
	unsigned int n = leat_intel_regs_dump(&c->hw, own, 2, regs, LEAT_ARRAY_LEN(regs));

	assert_in_range(n, 10, 40);
	assert_string_equal(regs[0].name, "CTRL");
	assert_string_equal(regs[n - 1].name, "RDT0");
	for (unsigned int i = 0; i < n; i++)
		assert_true(strcmp(regs[i].name, "ICR") && strcmp(regs[i].name, "SWSM"));
	assert_int_equal(leat_intel_regs_dump(&c->hw, own, 2, NULL, 0), n);
}

static void queues_are_dumped_by_number(void **state)
{
	static const struct intel_reg_info own[] = { { "RDT", 0xc018, "RW" }, { "RQDPC", 0xc030, "RC" } };
	struct chip *c = *state;
	struct leat_reg regs[3];

	c->reg[0xc2d8 / 4] = 77;
	assert_int_equal(leat_intel_queue_dump(&c->hw, own, 2, 11, 0x40, regs, 3, 2), 3);
	assert_string_equal(regs[2].name, "RDT11");
	assert_int_equal(regs[2].off, 0xc2d8);
	assert_int_equal(regs[2].value, 77);
	assert_int_equal(leat_intel_queue_dump(&c->hw, own, 2, 11, 0x40, regs, 3, 3), 4);
}

/* IPv4 with options behind two tags, IPv6 behind none; and what is neither. */
static void headers_are_found(void **state)
{
	uint8_t buf[128] = { 0 };
	struct leat_pkt pkt = { .buf = buf, .len = 128, .total = 128, .nsegs = 1, .refs = 1 };
	struct intel_headers h;

	(void)state;
	memcpy(buf + 12, "\x88\xa8\0\5\x81\0\0\6\x08\0", 10);
	memcpy(buf + 22, "\x47\0\0\x6a\0\0\0\0\x40\x11", 10);
	assert_true(leat_intel_headers(&pkt, &h));
	assert_int_equal(h.l3, 22);
	assert_int_equal(h.l4, 50);
	assert_int_equal(h.end, 128);
	assert_int_equal(h.protocol, 17);
	assert_false(h.ipv6);
	buf[22 + 7] = 1;		/* not the first fragment */
	assert_false(leat_intel_headers(&pkt, &h));
	buf[22 + 7] = 0;
	pkt.len = 49;			/* the options go on in another segment */
	assert_false(leat_intel_headers(&pkt, &h));
	pkt.len = 33;
	assert_false(leat_intel_headers(&pkt, &h));
	pkt.len = 128;
	buf[22] = 0x44;
	assert_false(leat_intel_headers(&pkt, &h));

	memcpy(buf + 12, "\x86\xdd\x60\0\0\0\0\x4a\x84", 9);
	assert_true(leat_intel_headers(&pkt, &h));
	assert_int_equal(h.l3, 14);
	assert_int_equal(h.l4, 54);
	assert_int_equal(h.end, 128);
	assert_int_equal(h.protocol, 132);
	assert_true(h.ipv6);
	pkt.len = 53;
	assert_false(leat_intel_headers(&pkt, &h));
	memcpy(buf + 12, "\x08\x06", 2);
	assert_false(leat_intel_headers(&pkt, &h));
}

/* Headers of a packet to cut, with the sums that tell what was in the fields before. */
static struct leat_pkt tcp_packet(uint8_t *buf, bool ipv6, unsigned int tags)
{
	unsigned int l3 = 14 + 4 * tags, l4 = l3 + (ipv6 ? 40 : 20);

	memset(buf, 0xee, 256);
	for (unsigned int i = 0; i < tags; i++)
		memcpy(buf + 12 + 4 * i, "\x81\x00\x00\x05", 4);
	memcpy(buf + l3 - 2, ipv6 ? "\x86\xdd" : "\x08\x00", 2);
	buf[l4 + 12] = 8 << 4;		/* 32 bytes of TCP header */
	if (ipv6) {
		memset(buf + l3 + 8, 0, 32);
		buf[l3 + 8 + 15] = 1;
		buf[l3 + 8 + 31] = 2;
	} else {
		memcpy(buf + l3 + 12, "\x0a\x00\x00\x01\x0a\x00\x00\x02", 8);
	}
	return (struct leat_pkt){ .buf = buf, .len = 256, .total = 8000, .nsegs = 1, .refs = 1,
				  .flags = LEAT_PKT_TSO | LEAT_PKT_CSUM_PARTIAL, .gso_size = 1448,
				  .csum_start = (uint16_t)l4, .csum_off = 16 };
}

static void headers_are_made_ready_to_cut(void **state)
{
	struct intel_tso tso;
	struct leat_pkt pkt;
	uint8_t buf[256], once[256];

	(void)state;
	pkt = tcp_packet(buf, false, 1);
	assert_true(leat_intel_tso(&pkt, &tso));
	assert_int_equal(tso.l3, 18);
	assert_int_equal(tso.l4, 38);
	assert_int_equal(tso.hdr_len, 70);
	assert_false(tso.ipv6);
	assert_memory_equal(buf + 18 + 2, "\0\0", 2);
	assert_memory_equal(buf + 18 + 10, "\0\0", 2);
	/* 0x0a00 + 1 + 0x0a00 + 2 + protocol 6 */
	assert_memory_equal(buf + 38 + 16, "\x14\x09", 2);
	memcpy(once, buf, sizeof(buf));
	assert_true(leat_intel_tso(&pkt, &tso));
	assert_memory_equal(buf, once, sizeof(buf));

	pkt = tcp_packet(buf, true, 0);
	assert_true(leat_intel_tso(&pkt, &tso));
	assert_true(tso.ipv6);
	assert_int_equal(tso.hdr_len, 14 + 40 + 32);
	assert_memory_equal(buf + 14 + 4, "\0\0", 2);
	assert_memory_equal(buf + 54 + 16, "\x00\x09", 2);
}

static void what_cannot_be_cut_is_refused(void **state)
{
	struct intel_tso tso;
	struct leat_pkt pkt;
	uint8_t buf[256];

	(void)state;
	pkt = tcp_packet(buf, false, 0);
	pkt.refs = 2;
	assert_false(leat_intel_tso(&pkt, &tso));
	pkt = tcp_packet(buf, false, 0);
	pkt.gso_size = 0;
	assert_false(leat_intel_tso(&pkt, &tso));
	pkt = tcp_packet(buf, false, 0);
	pkt.len = 60;			/* half of TCP's header */
	assert_false(leat_intel_tso(&pkt, &tso));
	pkt = tcp_packet(buf, false, 0);
	pkt.csum_start = 20;		/* within IP's */
	assert_false(leat_intel_tso(&pkt, &tso));
	pkt = tcp_packet(buf, false, 0);
	buf[12] = 0x08;
	buf[13] = 0x06;			/* ARP */
	assert_false(leat_intel_tso(&pkt, &tso));
}

static void pieces_stay_in_their_page(void **state)
{
	(void)state;
	assert_false(intel_crosses(0xfff, 0x1000, 4096));
	assert_true(intel_crosses(0xfff, 0x1001, 4096));
	assert_true(intel_crosses(0x1fffff, 0x3ffe80, 2048));
	assert_false(intel_crosses(0x1fffff, 0x3ff800, 2048));
	assert_false(intel_crosses(0xfff, 0x1fff, 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, chip_setup, chip_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nvm_is_read_by_words),
		TEST(nvm_has_a_checksum),
		TEST(silence_ends),
		TEST(address_comes_from_the_first_entry),
		TEST(filters_fill_the_tables),
		TEST(counters_add_up),
		TEST(nothing_is_counted_by_a_device_that_is_gone),
		TEST(rss_is_written_as_it_stands),
		TEST(a_link_is_negotiated),
		TEST(a_link_is_forced),
		TEST(a_link_is_taken_down),
		TEST(pauses_are_what_both_agreed),
		TEST(a_link_is_read_from_status),
		TEST(dumps_take_nothing_away),
		TEST(queues_are_dumped_by_number),
		TEST(headers_are_found),
		TEST(headers_are_made_ready_to_cut),
		TEST(what_cannot_be_cut_is_refused),
		TEST(pieces_stay_in_their_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
