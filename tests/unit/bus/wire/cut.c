// SPDX-License-Identifier: BSD-3-Clause
/*
 * cut.c - segmentation in software: every field of every segment, checked by sums of the
 * test's own; frames whose headers contradict them; and wires and NICs that take segments
 * only, a few at a time.
 */
#include <leat/bits.h>
#include <leat/cut.h>
#include <leat/model.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAYLOAD	3100
#define MSS	1000
#define FIN_PSH_CWR_ACK 0x99

static uint8_t packet[4096];

static unsigned int word(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* Ones' complement, word by word: RFC 1071. */
static unsigned int add(unsigned int s, const uint8_t *p, uint32_t len)
{
	for (uint32_t i = 0; i < len; i += 2) {
		s += (unsigned int)p[i] << 8 | (i + 1 < len ? p[i + 1] : 0);
		s = (s & 0xffff) + (s >> 16);
	}
	return s;
}

struct kind {
	const char *name;
	bool tag, ipv6, udp;
	uint8_t type;
};

static const struct kind kinds[] = {
	{ "TCP over IPv4", false, false, false, 1 },
	{ "TCP over IPv4, tagged, ECN", true, false, false, 0x81 },
	{ "TCP over IPv6", false, true, false, 4 },
	{ "UDP over IPv4", false, false, true, 5 },
	{ "UDP over IPv6, tagged", true, true, true, 5 },
};

static struct leat_frame build(const struct kind *k)
{
	uint32_t l3 = k->tag ? 18 : 14, l4 = l3 + (k->ipv6 ? 40 : 20), at = l4 + (k->udp ? 8 : 32);
	uint8_t *p = packet;

	memset(packet, 0, sizeof(packet));
	for (uint32_t i = 0; i < PAYLOAD; i++)
		p[at + i] = (uint8_t)(i * 7 + i / 256);
	memcpy(p + 12, k->tag ? "\x81\x00\x01\x23" : "", k->tag ? 4 : 0);
	memcpy(p + l3 - 2, k->ipv6 ? "\x86\xdd\x60" : "\x08\x00\x45", 3);
	for (uint32_t i = 0; i < (k->ipv6 ? 32 : 8); i++)
		p[l3 + (k->ipv6 ? 8 : 12) + i] = (uint8_t)(200 + i);
	p[l3 + (k->ipv6 ? 6 : 9)] = k->udp ? 17 : 6;
	if (!k->ipv6)
		memcpy(p + l3 + 4, "\xff\xfe\x40", 3);		/* identification: wraps */
	if (!k->udp) {
		memcpy(p + l4 + 4, "\xff\xff\xff\x00", 4);	/* sequence: wraps */
		p[l4 + 12] = 0x80;
		p[l4 + 13] = FIN_PSH_CWR_ACK;
	}
	return (struct leat_frame){
		.data = p, .len = at + PAYLOAD, .flags = LEAT_FRAME_CSUM_PARTIAL,
		.csum_start = (uint16_t)l4, .csum_off = k->udp ? 6 : 16, .gso_size = MSS,
		.gso_type = k->type, .hdr_len = (uint8_t)at,
	};
}

static void check_ip(const struct kind *k, const uint8_t *p, uint32_t l3, uint32_t len, uint32_t i)
{
	if (k->ipv6) {
		assert_int_equal(word(p + l3 + 4), len - l3 - 40);
		return;
	}
	assert_int_equal(word(p + l3 + 2), len - l3);
	assert_int_equal(word(p + l3 + 4), (uint16_t)(0xfffe + i));
	assert_int_equal(add(0, p + l3, 20), 0xffff);
}

static void check_l4(const struct kind *k, const uint8_t *p, uint32_t l4, uint32_t len, uint32_t i)
{
	uint32_t l3 = k->tag ? 18 : 14, seq;
	unsigned int s = add(0, p + l3 + (k->ipv6 ? 8 : 12), k->ipv6 ? 32 : 8);
	uint8_t rest[4] = { 0, k->udp ? 17 : 6, (uint8_t)((len - l4) >> 8), (uint8_t)(len - l4) };

	assert_int_equal(add(add(s, rest, 4), p + l4, len - l4), 0xffff);
	if (k->udp) {
		assert_int_equal(word(p + l4 + 4), len - l4);
		return;
	}
	seq = (uint32_t)word(p + l4 + 4) << 16 | word(p + l4 + 6);
	assert_int_equal(seq, 0xffffff00u + i * MSS);
	assert_int_equal(p[l4 + 13], 0x10 | (i ? 0 : 0x80) | (i == 3 ? 0x09 : 0));
}

static void test_fields(void **state)
{
	static uint8_t out[LEAT_FRAME_MAX], joined[PAYLOAD];

	(void)state;
	for (size_t n = 0; n < LEAT_ARRAY_LEN(kinds); n++) {
		const struct kind *k = &kinds[n];
		struct leat_frame f = build(k);
		struct leat_cut c;
		uint32_t got = 0;

		if (!leat_cut_begin(&c, &f))
			fail_msg("%s is not cut", k->name);
		assert_int_equal(c.segments, 4);
		for (uint32_t i = 0; i < 4; i++) {
			uint32_t len = leat_cut_segment(&c, i, out), headers = f.len - PAYLOAD;

			assert_int_equal(len, headers + (i < 3 ? MSS : PAYLOAD - 3 * MSS));
			check_ip(k, out, k->tag ? 18 : 14, len, i);
			check_l4(k, out, f.csum_start, len, i);
			memcpy(joined + got, out + headers, len - headers);
			got += len - headers;
		}
		assert_int_equal(got, PAYLOAD);
		assert_memory_equal(joined, packet + f.len - PAYLOAD, PAYLOAD);
	}
}

/* None of these can be cut; nothing outside is read, says the sanitizer. */
static void test_contradictions(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 11; i++) {
		struct leat_frame f = build(&kinds[0]), g;
		uint8_t *copy;
		struct leat_cut c;

		switch (i) {
		case 0: f.flags = 0; break;
		case 1: f.gso_size = 0; break;
		case 2: f.gso_type = 4; break;			/* says IPv6 */
		case 3: f.gso_type = 3; break;			/* UFO, or nothing known */
		case 4: f.csum_start = 20; break;
		case 5: f.csum_start = 4000; break;
		case 6: packet[34 + 12] = 0x40; break;		/* TCP's header too short */
		case 7: packet[34 + 12] = 0xf0; f.len = 90; break;
		case 8: packet[12] = 0; break;			/* no IP */
		case 9: f.gso_size = UINT16_MAX; break;
		case 10: f.len = 20; break;
		}
		copy = malloc(f.len);
		assert_non_null(copy);
		memcpy(copy, packet, f.len);
		g = f;
		g.data = copy;
		if (leat_cut_begin(&c, &g))
			fail_msg("contradiction %u is cut", i);
		free(copy);
	}
}

/* ---- a NIC and a wire that take segments only ---- */

static unsigned int room, taken, longest;

static unsigned int take(const struct leat_frame *frames, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n && room; i++, room--) {
		assert_int_equal(frames[i].gso_size, 0);
		assert_int_equal(frames[i].flags & LEAT_FRAME_CSUM_PARTIAL, 0);
		longest = LEAT_MAX(longest, frames[i].len);
		taken++;
	}
	return i;
}

static unsigned int nic_receive(struct leat_mdev *mdev, const struct leat_frame *frames,
				unsigned int n)
{
	(void)mdev;
	return take(frames, n);
}

static unsigned int wire_send(struct leat_wire *w, const struct leat_frame *frames, unsigned int n)
{
	(void)w;
	return take(frames, n);
}

static void few_at_a_time(unsigned int (*pass)(struct leat_wire *, const struct leat_frame *,
					       unsigned int))
{
	static const struct leat_model model = { .receive = nic_receive };
	static const struct leat_wire_ops ops = { .send = wire_send };
	struct leat_mdev mdev = { .model = &model };
	struct leat_wire w = { .ops = &ops, .nic = &mdev };
	struct leat_frame big = build(&kinds[0]);
	struct leat_frame f[4] = { { .data = packet, .len = 60 }, big, { .data = packet, .len = 61 }, big };
	unsigned int done = 0, rounds = 0;

	taken = longest = 0;
	f[3].gso_type = 4;		/* cannot be cut: dropped */
	while (done < 4) {
		room = 1 + rounds++ % 2;
		done += pass(&w, f + done, 4 - done);
		assert_in_range(rounds, 1, 20);
	}
	assert_int_equal(taken, 6);
	assert_int_equal(longest, big.len - PAYLOAD + MSS);
}

static void test_few_at_a_time(void **state)
{
	(void)state;
	few_at_a_time(leat_wire_deliver);
	few_at_a_time(leat_wire_send);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_few_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
