// SPDX-License-Identifier: BSD-3-Clause
/*
 * pcap.c - captures: frames in order, all of them, bad files refused.
 */
#include "fake.h"

#include "apps/nicd/csum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>

static char dir[] = "/tmp/leat-nicd-pcap-XXXXXX";
static char in[64], out[64];

static int setup(void **state)
{
	(void)state;
	fake_reset();
	snprintf(in, sizeof(in), "%s/in.pcap", dir);
	snprintf(out, sizeof(out), "%s/out.pcap", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(in);
	unlink(out);
	fake_reset();
	return 0;
}

static uint8_t byte_of(unsigned int packet, unsigned int i)
{
	return (uint8_t)(packet * 31 + i * 7);
}

/* @n packets of 60, 61, ... bytes; the last one announces @cut bytes more than it has. */
static void write_capture(int type, unsigned int n, bool nano, unsigned int cut)
{
	pcap_t *p = pcap_open_dead_with_tstamp_precision(
		type, 65535, nano ? PCAP_TSTAMP_PRECISION_NANO : PCAP_TSTAMP_PRECISION_MICRO);
	pcap_dumper_t *d = pcap_dump_open(p, in);
	uint8_t data[4096];

	assert_non_null(d);
	for (unsigned int k = 0; k < n; k++) {
		struct pcap_pkthdr h = { .caplen = 60 + k };

		h.len = h.caplen + (k + 1 == n ? cut : 0);
		for (unsigned int i = 0; i < h.caplen; i++)
			data[i] = byte_of(k, i);
		pcap_dump((u_char *)d, &h, data);
	}
	pcap_dump_close(d);
	pcap_close(p);
}

static int open_wire(char *from, char *to, bool loop, struct leat_wire **w)
{
	struct wire_spec s = { .kind = &wire_pcap, .arg = from, .out = to, .loop = loop };

	return wire_pcap.open(&s, NULL, w);
}

static void assert_frame(const struct leat_frame *f, unsigned int k)
{
	assert_int_equal(f->len, 60 + k);
	for (unsigned int i = 0; i < f->len; i++)
		assert_int_equal(((const uint8_t *)f->data)[i], byte_of(k, i));
}

static void replays_all_in_order(void **state)
{
	(void)state;
	for (int nano = 0; nano < 2; nano++) {
		struct leat_wire *w;

		fake_reset();
		write_capture(DLT_EN10MB, 300, nano, 0);
		assert_int_equal(open_wire(in, NULL, false, &w), 0);
		fake.ready = false;
		assert_int_equal(w->ops->poll(w), 0);
		fake.ready = true;
		for (unsigned int i = 0; !wire_pcap.done(w); i++) {
			assert_true(i < 2000);
			fake.room = i % 7;
			w->ops->poll(w);
		}
		assert_int_equal(w->ops->poll(w), 0);
		assert_int_equal(fake.n, 300);
		for (unsigned int k = 0; k < 300; k++)
			assert_frame(&fake.frames[k], k);
		assert_false(wire_pcap.failed(w));
		w->ops->close(w);
	}
}

static void loops(void **state)
{
	struct leat_wire *w;

	(void)state;
	write_capture(DLT_EN10MB, 10, false, 0);
	assert_int_equal(open_wire(in, NULL, true, &w), 0);
	while (fake.n < 1000)
		assert_int_not_equal(w->ops->poll(w), 0);
	for (unsigned int i = 0; i < 1000; i++)
		assert_frame(&fake.frames[i], i % 10);
	assert_false(wire_pcap.done(w));
	w->ops->close(w);
}

static void an_empty_one_ends(void **state)
{
	struct leat_wire *w;

	(void)state;
	write_capture(DLT_EN10MB, 0, false, 0);
	assert_int_equal(open_wire(in, NULL, true, &w), 0);
	assert_int_equal(w->ops->poll(w), 0);
	assert_true(wire_pcap.done(w));
	assert_int_equal(fake.n, 0);
	w->ops->close(w);
}

static void cut_file(long by)
{
	FILE *f = fopen(in, "r+");
	long size;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	assert_int_equal(ftruncate(fileno(f), size - by), 0);
	fclose(f);
}

static void bad_files_are_refused(void **state)
{
	struct leat_wire *w;
	char missing[] = "/nowhere/at/all.pcap", none[] = "";
	FILE *f;

	(void)state;
	assert_true(open_wire(missing, NULL, false, &w) < 0);
	fake_assert_said("/nowhere/at/all.pcap: No such file");
	assert_true(open_wire(none, NULL, false, &w) < 0);
	fake_assert_said("needs a file");
	assert_true(open_wire(dir, NULL, false, &w) < 0);
	fake_assert_said("is a directory");

	f = fopen(in, "w");
	fputs("this is no capture, but long enough to be one", f);
	fclose(f);
	assert_true(open_wire(in, NULL, false, &w) < 0);
	fake_assert_said("in.pcap cannot be read");

	write_capture(DLT_RAW, 3, false, 0);
	assert_true(open_wire(in, NULL, false, &w) < 0);
	fake_assert_said("holds link type RAW, not Ethernet");

	write_capture(DLT_EN10MB, 9, false, 0);
	cut_file(5);
	assert_true(open_wire(in, NULL, false, &w) < 0);
	fake_assert_said("in.pcap, packet 9: truncated");

	write_capture(DLT_EN10MB, 9, false, 100);
	assert_true(open_wire(in, NULL, false, &w) < 0);
	fake_assert_said("packet 9: only 68 of 168 bytes");
}

static void bad_targets_are_refused(void **state)
{
	struct leat_wire *w;
	char missing[] = "/nowhere/at/all.pcap";

	(void)state;
	assert_true(open_wire(NULL, missing, false, &w) < 0);
	fake_assert_said("all.pcap cannot be written");
	write_capture(DLT_EN10MB, 3, false, 0);
	assert_true(open_wire(in, in, false, &w) < 0);
	fake_assert_said("read and written at once");
}

/* The frames of the file written, by libpcap. */
static unsigned int read_out(void (*each)(unsigned int k, const uint8_t *p, uint32_t len))
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *p = pcap_open_offline(out, why);
	struct pcap_pkthdr *h;
	const u_char *bytes;
	unsigned int n = 0;

	assert_non_null(p);
	assert_int_equal(pcap_datalink(p), DLT_EN10MB);
	while (pcap_next_ex(p, &h, &bytes) == 1) {
		assert_int_equal(h->caplen, h->len);
		each(n++, bytes, h->len);
	}
	pcap_close(p);
	return n;
}

static void same_as_sent(unsigned int k, const uint8_t *p, uint32_t len)
{
	struct leat_frame f = { .data = p, .len = len };

	assert_frame(&f, k);
}

static void writes_what_is_sent(void **state)
{
	struct leat_wire *w;
	uint8_t data[10][4096];
	struct leat_frame f[10];

	(void)state;
	assert_int_equal(open_wire(NULL, out, false, &w), 0);
	for (unsigned int k = 0; k < 10; k++) {
		f[k] = (struct leat_frame){ .data = data[k], .len = 60 + k };
		for (unsigned int i = 0; i < f[k].len; i++)
			data[k][i] = byte_of(k, i);
	}
	assert_int_equal(w->ops->send(w, f, 7), 7);
	for (int i = 0; i < 100; i++)		/* idle: it is on disk */
		w->ops->poll(w);
	assert_int_equal(read_out(same_as_sent), 7);
	assert_int_equal(w->ops->send(w, f + 7, 3), 3);
	assert_false(wire_pcap.failed(w));
	assert_int_equal(read_out(same_as_sent), 10);
	w->ops->close(w);
	assert_int_equal(read_out(same_as_sent), 10);
}

static void complete_sum(unsigned int k, const uint8_t *p, uint32_t len)
{
	(void)k;
	assert_int_equal(csum_sum(p + 34, len - 34), 0xffff);
}

static void completes_checksums(void **state)
{
	struct leat_wire *w;
	uint8_t data[77];
	struct leat_frame f = {
		.data = data, .len = sizeof(data), .flags = LEAT_FRAME_CSUM_PARTIAL,
		.csum_start = 34, .csum_off = 16,
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = byte_of(3, i);
	data[50] = data[51] = 0;	/* no pseudo header, so that the sum alone can be checked */
	assert_int_equal(open_wire(NULL, out, false, &w), 0);
	w->ops->send(w, &f, 1);
	w->ops->close(w);
	assert_int_equal(read_out(complete_sum), 1);
}

static void impossible_sums_are_left(void **state)
{
	static const struct {
		uint16_t start, off;
	} bad[] = { { 60, 0 }, { 65535, 0 }, { 0, 65535 }, { 65535, 65535 }, { 50, 9 }, { 59, 1 } };
	uint8_t data[60] = { 1, 2, 3 }, copy[60];

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		struct leat_frame f = {
			.data = data, .len = sizeof(data), .flags = LEAT_FRAME_CSUM_PARTIAL,
			.csum_start = bad[i].start, .csum_off = bad[i].off,
		};

		memcpy(copy, data, sizeof(copy));
		csum_complete(&f, copy);
		assert_memory_equal(copy, data, sizeof(copy));
	}
}

static void a_full_disk_is_said_once(void **state)
{
	struct leat_wire *w;
	uint8_t data[1500] = { 0 };
	char full[] = "/dev/full";
	struct leat_frame f = { .data = data, .len = sizeof(data) };

	(void)state;
	assert_int_equal(open_wire(NULL, full, false, &w), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(w->ops->send(w, &f, 1), 1);
	assert_true(wire_pcap.failed(w));
	fake_assert_said("/dev/full cannot be written any more: No space left");
	w->ops->close(w);
	assert_int_equal(fake.sentences, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(replays_all_in_order),	TEST(loops),
		TEST(an_empty_one_ends),	TEST(bad_files_are_refused),
		TEST(bad_targets_are_refused),	TEST(writes_what_is_sent),
		TEST(completes_checksums),	TEST(impossible_sums_are_left),
		TEST(a_full_disk_is_said_once),
	};
	int failed;

	if (!mkdtemp(dir))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(dir);
	return failed;
}
