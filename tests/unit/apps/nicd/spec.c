// SPDX-License-Identifier: BSD-3-Clause
/*
 * spec.c - NICs and numbers as the command line names them.
 */
#include "fake.h"

#include "apps/nicd/gen.h"
#include "apps/nicd/link.h"
#include "apps/nicd/spec.h"
#include "apps/nicd/text.h"

#include <errno.h>
#include <string.h>

static void numbers_are_strict(void **state)
{
	static const char *const bad[] = {
		"", "-1", "+1", " 1", "1 ", "0x10", "1k", "18446744073709551616", "9", "101", "a",
	};
	uint64_t v = 7;

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(bad); i++)
		assert_int_equal(text_number(bad[i], 10, 100, &v), -EINVAL);
	assert_int_equal(v, 7);
	assert_int_equal(text_number("10", 10, 100, &v), 0);
	assert_int_equal(v, 10);
	assert_int_equal(text_number("18446744073709551615", 0, UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
}

static void items_are_cut_and_doubles_kept(void **state)
{
	char text[] = "a,,b,c,";
	char *rest = text;

	(void)state;
	assert_string_equal(text_item(&rest, ','), "a,b");
	assert_string_equal(text_item(&rest, ','), "c");
	assert_string_equal(text_item(&rest, ','), "");
	assert_null(text_item(&rest, ','));
}

static void whole_spec(void **state)
{
	struct nic_spec s;

	(void)state;
	fake_reset();
	assert_int_equal(
		nic_spec_parse("virtio-net:/run/a:b.sock,wire=gen:size=64:count=5,mac=x,bare", &s),
		0);
	assert_string_equal(s.model->name, "virtio-net");
	assert_string_equal(s.socket, "/run/a:b.sock");
	assert_ptr_equal(s.wire.kind, &wire_gen);
	assert_string_equal(s.wire.arg, "size=64:count=5");
	assert_string_equal(s.opts[0].key, "mac");
	assert_string_equal(s.opts[0].value, "x");
	assert_string_equal(s.opts[1].key, "bare");
	assert_string_equal(s.opts[1].value, "");
	assert_null(s.opts[2].key);
	nic_spec_fini(&s);

	assert_int_equal(nic_spec_parse("virtio-net:a,,b", &s), 0);
	assert_string_equal(s.socket, "a,b");
	assert_ptr_equal(s.wire.kind, &wire_nowhere);
	nic_spec_fini(&s);
	assert_int_equal(fake.sentences, 0);
}

static void captures_in_any_order(void **state)
{
	static const char *const same[] = {
		"virtio-net:s,wire=pcap:in,wire=pcap-out:out,pcap-loop",
		"virtio-net:s,pcap-loop,wire=pcap-out:out,wire=pcap:in",
		"virtio-net:s,wire=pcap:in,pcap-out:out,pcap-loop",
		"virtio-net:s,pcap:in,pcap-out:out,pcap-loop",
	};
	struct nic_spec s;

	(void)state;
	fake_reset();
	for (size_t i = 0; i < LEAT_ARRAY_LEN(same); i++) {
		assert_int_equal(nic_spec_parse(same[i], &s), 0);
		assert_ptr_equal(s.wire.kind, &wire_pcap);
		assert_string_equal(s.wire.arg, "in");
		assert_string_equal(s.wire.out, "out");
		assert_true(s.wire.loop);
		assert_null(s.opts[0].key);
		nic_spec_fini(&s);
	}
	assert_int_equal(nic_spec_parse("virtio-net:s,wire=pcap-out:out", &s), 0);
	assert_null(s.wire.arg);
	nic_spec_fini(&s);
}

static void wrong_specs(void **state)
{
	static const struct {
		const char *text, *said;
	} bad[] = {
		{ "", "no NIC model ''" },
		{ "e1000:/run/x", "no NIC model 'e1000'; there are: e1000e igb igbvf virtio-net" },
		{ "virtio", "no NIC model 'virtio'" },
		{ "virtio-net", "names no socket" },
		{ "virtio-net:", "names no socket" },
		{ "virtio-net:,wire=loop", "names no socket" },
		{ "virtio-net,wire=loop:x", "names no socket" },
		{ "virtio-net:0123456789012345678901234567890123456789012345678901234567890"
		  "012345678901234567890123456789012345678901234567890", "shorter" },
		{ "virtio-net:s,wire=", "no wire ''" },
		{ "virtio-net:s,wire=rope:x", "no wire 'rope'" },
		{ "virtio-net:s,wire=loop,wire=gen", "one wire" },
		{ "virtio-net:s,wire=pcap:a,wire=pcap:b", "one wire" },
		{ "virtio-net:s,wire=loop,wire=pcap-out:b", "one wire" },
		{ "virtio-net:s,wire=pcap-out:a,wire=pcap-out:b", "one wire" },
		{ "virtio-net:s,wire=pcap-out:", "needs a file" },
		{ "virtio-net:s,wire=pcap-out:a,pcap-loop", "needs a capture" },
		{ "virtio-net:s,pcap-loop", "needs a capture" },
		{ "virtio-net:s,", "empty option" },
		{ "virtio-net:s,=x", "empty option" },
	};
	struct nic_spec s;

	(void)state;
	fake_reset();
	for (size_t i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		assert_int_equal(nic_spec_parse(bad[i].text, &s), -EINVAL);
		fake_assert_said(bad[i].said);
	}
}

static void too_many_options(void **state)
{
	char text[256] = "virtio-net:s";
	struct nic_spec s;

	(void)state;
	fake_reset();
	for (int i = 0; i < NIC_OPTS_MAX; i++)
		strcat(text, ",k");
	assert_int_equal(nic_spec_parse(text, &s), 0);
	nic_spec_fini(&s);
	strcat(text, ",k");
	assert_int_equal(nic_spec_parse(text, &s), -EINVAL);
	fake_assert_said("more than");
}

static void gen_options(void **state)
{
	char text[] = "size=60-1514:rate=1000:count=7:mode=tx:flows=3:seed=9:key=77";
	char none[] = "", imix[] = "size=imix:mode=rx";
	struct gen_opts o;

	(void)state;
	fake_reset();
	assert_int_equal(gen_opts_parse(text, &o), 0);
	assert_int_equal(o.lo, 60);
	assert_int_equal(o.hi, 1514);
	assert_int_equal(o.rate, 1000);
	assert_int_equal(o.count, 7);
	assert_true(o.tx && !o.rx);
	assert_int_equal(o.flows, 3);
	assert_int_equal(o.seed, 9);
	assert_int_equal(o.key, 77);
	assert_int_equal(gen_opts_parse(none, &o), 0);
	assert_true(o.lo == 64 && o.hi == 64 && o.tx && o.rx && o.flows == 1 && !o.rate &&
		    !o.count);
	assert_int_equal(gen_opts_parse(imix, &o), 0);
	assert_true(o.lo == 0 && !o.tx && o.rx);
}

static void wrong_gen_options(void **state)
{
	static const char *const bad[] = {
		"size=59", "size=16385", "size=64-", "size=-64", "size=100-64", "size=", "size",
		"size=64-70-80", "size=00000000000000000000000000000000064", "rate=x", "rate=-1",
		"count=", "mode=", "mode=all", "flows=0", "flows=32769", "seed=1x", "key=0",
		"speed=1", "size=64:", ":",
	};

	(void)state;
	fake_reset();
	for (size_t i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		struct gen_opts o;
		char text[64];

		strcpy(text, bad[i]);
		if (gen_opts_parse(text, &o) != -EINVAL)
			fail_msg("gen:%s was taken", bad[i]);
		fake_assert_said("wire gen");
	}
}

static int open_link(const char *name, struct link_list *links, struct leat_wire **out)
{
	struct wire_house house = { .links = links };
	char copy[32];
	struct wire_spec s = { .kind = &wire_link, .arg = copy };

	strcpy(copy, name);
	return wire_link.open(&s, &house, out);
}

static void links_have_two_ends(void **state)
{
	struct link_list links = { NULL };
	struct leat_wire *a, *b, *c;

	(void)state;
	fake_reset();
	assert_int_equal(open_link("x", &links, &a), 0);
	assert_int_equal(link_list_check(&links), -EINVAL);
	fake_assert_said("link:x leads nowhere");
	assert_int_equal(open_link("x", &links, &b), 0);
	assert_int_equal(link_list_check(&links), 0);
	assert_int_equal(open_link("x", &links, &c), -EINVAL);
	fake_assert_said("third");
	assert_int_equal(open_link("", &links, &c), -EINVAL);
	fake_assert_said("needs a name");
	assert_int_equal(open_link("y", &links, &c), 0);
	link_list_fini(&links);
	leat_wire_close(a);
	leat_wire_close(b);
	leat_wire_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_strict),
		cmocka_unit_test(items_are_cut_and_doubles_kept),
		cmocka_unit_test(whole_spec),
		cmocka_unit_test(captures_in_any_order),
		cmocka_unit_test(wrong_specs),
		cmocka_unit_test(too_many_options),
		cmocka_unit_test(gen_options),
		cmocka_unit_test(wrong_gen_options),
		cmocka_unit_test(links_have_two_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
