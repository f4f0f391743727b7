// SPDX-License-Identifier: BSD-3-Clause
/*
 * pkt.c - segments, chains, reads across them, checksums at odd places.
 *
 * The packets are built by hand over plain memory; only those that are freed
 * come from a pool, which pool.c tests.
 */
#include <leat/bits.h>
#include <leat/pkt.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEED UINT64_C(0x2545f4914f6cdd1d)
#define SEGS 6
#define ROOM 96

struct chain {
	struct leat_pkt	seg[SEGS];
	unsigned char	buf[SEGS][ROOM];
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* One packet of the given segments; its bytes count up from 0. */
static struct leat_pkt *build(struct chain *c, const uint16_t *len, unsigned int n)
{
	unsigned char next = 0;

	memset(c, 0, sizeof(*c));
	for (unsigned int i = 0; i < n; i++) {
		struct leat_pkt *seg = &c->seg[i];

		*seg = (struct leat_pkt){ .buf = c->buf[i], .off = (uint16_t)(i % 3), .len = len[i],
					  .cap = ROOM, .nsegs = 1, .refs = 1, .total = len[i] };
		for (unsigned int b = 0; b < len[i]; b++)
			c->buf[i][seg->off + b] = next++;
		if (i)
			assert_int_equal(leat_pkt_chain(&c->seg[0], seg), 0);
	}
	return &c->seg[0];
}

static void append_and_prepend(void **state)
{
	struct chain c;
	struct leat_pkt *pkt = build(&c, (uint16_t []){ 10 }, 1);

	(void)state;
	pkt->off = 20;
	assert_int_equal(leat_pkt_tailroom(pkt), ROOM - 30);
	assert_null(leat_pkt_append(pkt, ROOM - 29));
	assert_ptr_equal(leat_pkt_append(pkt, ROOM - 30), c.buf[0] + 30);
	assert_int_equal(pkt->len, ROOM - 20);
	assert_int_equal(pkt->total, ROOM - 20);
	assert_null(leat_pkt_append(pkt, 1));
	assert_null(leat_pkt_prepend(pkt, 21));
	assert_ptr_equal(leat_pkt_prepend(pkt, 20), c.buf[0]);
	assert_int_equal(pkt->total, ROOM);
}

static void chain_adds_up(void **state)
{
	struct chain c;
	struct leat_pkt *pkt = build(&c, (uint16_t []){ 5, 0, 7 }, 3);

	(void)state;
	assert_int_equal(pkt->nsegs, 3);
	assert_int_equal(pkt->total, 12);
	assert_ptr_equal(pkt->next, &c.seg[1]);
	assert_ptr_equal(c.seg[1].next, &c.seg[2]);
	assert_null(c.seg[2].next);
}

static void chain_refuses_256(void **state)
{
	struct leat_pkt head = { .nsegs = 200, .total = 9 }, tail = { .nsegs = 56 };

	(void)state;
	assert_int_equal(leat_pkt_chain(&head, &tail), -EINVAL);
	assert_null(head.next);
	assert_int_equal(head.nsegs, 200);
	assert_int_equal(head.total, 9);
	tail.nsegs = 55;
	assert_int_equal(leat_pkt_chain(&head, &tail), 0);
	assert_int_equal(head.nsegs, 255);
}

static void read_across_segments(void **state)
{
	struct chain c;
	struct leat_pkt *pkt = build(&c, (uint16_t []){ 5, 1, 0, 7, 2 }, 5);

	(void)state;
	for (uint32_t off = 0; off <= 17; off++) {
		for (uint32_t len = 0; len <= 17; len++) {
			unsigned char out[18];
			uint32_t want = off < 15 ? LEAT_MIN(len, 15 - off) : 0;

			memset(out, 0xee, sizeof(out));
			assert_int_equal(leat_pkt_read(pkt, off, out, len), want);
			for (uint32_t i = 0; i < want; i++)
				assert_int_equal(out[i], off + i);
			assert_int_equal(out[want], 0xee);
		}
	}
	assert_int_equal(leat_pkt_read(pkt, UINT32_MAX, &c, UINT32_MAX), 0);
}

/* RFC 1071 word by word, over flat bytes. */
static uint16_t reference_sum(const unsigned char *p, unsigned int len)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Random cuts, starts and places; the same bytes flat say what is right. */
static void checksum_at_odd_boundaries(void **state)
{
	uint64_t rnd = SEED;

	(void)state;
	print_message("seed %llx\n", (unsigned long long)rnd);
	for (int round = 0; round < 20000; round++) {
		unsigned char flat[SEGS * 40], after[SEGS * 40];
		uint16_t len[SEGS], want, total = 0;
		struct leat_pkt *pkt;
		struct chain c;
		int err;

		for (unsigned int i = 0; i < SEGS; i++) {
			len[i] = (uint16_t)(next_random(&rnd) % 40);
			total = (uint16_t)(total + len[i]);
		}
		pkt = build(&c, len, SEGS);
		for (unsigned int i = 0; i < SEGS; i++)
			for (unsigned int b = 0; b < len[i]; b++)
				c.buf[i][c.seg[i].off + b] = (unsigned char)next_random(&rnd);
		pkt->flags = LEAT_PKT_CSUM_PARTIAL | LEAT_PKT_VLAN;
		pkt->csum_start = (uint16_t)(next_random(&rnd) % 64);
		pkt->csum_off = (uint16_t)(next_random(&rnd) % 32);
		leat_pkt_read(pkt, 0, flat, total);

		err = leat_pkt_csum_finish(pkt);
		leat_pkt_read(pkt, 0, after, total);
		if (pkt->csum_start + pkt->csum_off + 2 > total) {
			assert_int_equal(err, -EINVAL);
			assert_memory_equal(flat, after, total);
			assert_true(pkt->flags & LEAT_PKT_CSUM_PARTIAL);
			continue;
		}
		want = reference_sum(flat + pkt->csum_start, total - pkt->csum_start);
		want = want ? want : 0xffff;
		flat[pkt->csum_start + pkt->csum_off] = (unsigned char)(want >> 8);
		flat[pkt->csum_start + pkt->csum_off + 1] = (unsigned char)want;
		assert_int_equal(err, 0);
		assert_memory_equal(flat, after, total);
		assert_int_equal(pkt->flags, LEAT_PKT_VLAN);
	}
}

static void checksum_zero_is_sent_as_ones(void **state)
{
	struct chain c;
	struct leat_pkt *pkt = build(&c, (uint16_t []){ 4 }, 1);

	(void)state;
	memset(c.buf[0], 0xff, 4);
	pkt->flags = LEAT_PKT_CSUM_PARTIAL;
	pkt->csum_off = 2;
	assert_int_equal(leat_pkt_csum_finish(pkt), 0);
	assert_int_equal(c.buf[0][2], 0xff);
	assert_int_equal(c.buf[0][3], 0xff);
}

static void checksum_with_absurd_offsets(void **state)
{
	static const struct {
		uint16_t start, off;
	} bad[] = { { 0, 9 }, { 0, UINT16_MAX }, { UINT16_MAX, UINT16_MAX }, { 10, 0 }, { 9, 0 } };
	struct chain c;
	struct leat_pkt *pkt = build(&c, (uint16_t []){ 3, 7 }, 2);

	(void)state;
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		pkt->flags = LEAT_PKT_CSUM_PARTIAL;
		pkt->csum_start = bad[i].start;
		pkt->csum_off = bad[i].off;
		assert_int_equal(leat_pkt_csum_finish(pkt), -EINVAL);
		assert_int_equal(pkt->flags, LEAT_PKT_CSUM_PARTIAL);
	}
	/* Nothing asked for, nothing done, whatever the fields say. */
	pkt->flags = 0;
	assert_int_equal(leat_pkt_csum_finish(pkt), 0);
}

/* The check value of CRC-32C: that of "123456789", here across segments. */
static void crc_of_sctp_in_software(void **state)
{
	struct chain c;
	struct leat_pkt *pkt = build(&c, (uint16_t []){ 4, 5, 1 }, 3);

	(void)state;
	memcpy(c.buf[0], "\0" "123", 4);
	memcpy(c.buf[1] + 1, "45678", 5);
	c.buf[2][2] = '9';
	pkt->flags = LEAT_PKT_CSUM_PARTIAL | LEAT_PKT_CSUM_CRC32C | LEAT_PKT_HASH;
	pkt->csum_start = 1;
	pkt->csum_off = 6;			/* three bytes there, and four to store */
	assert_int_equal(leat_pkt_csum_finish(pkt), -EINVAL);
	assert_int_equal(pkt->flags & LEAT_PKT_CSUM_PARTIAL, LEAT_PKT_CSUM_PARTIAL);
	pkt->csum_off = 2;			/* the third byte's place, and on into the next */
	assert_int_equal(leat_pkt_csum_finish(pkt), 0);
	assert_memory_equal(c.buf[0], "\0" "12\x83", 4);
	assert_memory_equal(c.buf[1] + 1, "\x92\x06\xe3" "78", 5);
	assert_int_equal(pkt->flags, LEAT_PKT_HASH);
}

static void a_tag_is_put_in(void **state)
{
	static const unsigned char want[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0x81, 0x00,
					      0x2f, 0xff, 12, 13, 14, 15 };
	unsigned char buf[64];
	struct leat_pkt pkt = { .buf = buf, .off = 8, .len = 16, .total = 16, .cap = sizeof(buf),
				.nsegs = 1, .refs = 1, .vlan = 0x2fff, .csum_start = 34,
				.flags = LEAT_PKT_VLAN | LEAT_PKT_CSUM_PARTIAL };

	(void)state;
	for (unsigned char i = 0; i < 16; i++)
		buf[8 + i] = i;
	assert_int_equal(leat_pkt_vlan_insert(&pkt), 0);
	assert_int_equal(pkt.total, 20);
	assert_memory_equal(leat_pkt_data(&pkt), want, sizeof(want));
	assert_int_equal(pkt.csum_start, 38);
	assert_int_equal(pkt.flags, LEAT_PKT_CSUM_PARTIAL);
	assert_int_equal(leat_pkt_vlan_insert(&pkt), 0);	/* nothing left to do */
	assert_int_equal(pkt.total, 20);

	pkt.flags = LEAT_PKT_VLAN;
	pkt.off = 3;
	assert_int_equal(leat_pkt_vlan_insert(&pkt), -ENOSPC);
	pkt.off = 8;
	pkt.refs = 2;
	assert_int_equal(leat_pkt_vlan_insert(&pkt), -EINVAL);
	assert_int_equal(pkt.flags, LEAT_PKT_VLAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(append_and_prepend),
		cmocka_unit_test(chain_adds_up),
		cmocka_unit_test(chain_refuses_256),
		cmocka_unit_test(read_across_segments),
		cmocka_unit_test(checksum_at_odd_boundaries),
		cmocka_unit_test(checksum_zero_is_sent_as_ones),
		cmocka_unit_test(checksum_with_absurd_offsets),
		cmocka_unit_test(crc_of_sctp_in_software),
		cmocka_unit_test(a_tag_is_put_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
