// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_hello.c - clients before they have negotiated: that never do, that leave
 * without a word, that cannot be accepted.
 */
#include "server_rig.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

/* It connects and leaves without a word, as a probe does: no line above debug. */
static void test_probe_is_silent(void **state)
{
	struct rig *rig = *state;
	unsigned int lines = rig->errors + rig->warnings + rig->infos;
	struct leat_server_stats before, after;

	leat_server_stats(rig->srv, &before);
	rig_connect(rig);
	rig_disconnect(rig);
	leat_server_stats(rig->srv, &after);
	assert_int_equal(after.clients, before.clients);
	assert_int_equal(rig->errors + rig->warnings + rig->infos, lines);
}

/*
 * Somebody who never negotiates keeps the place for a bounded time only, whether
 * silent, trickling, or asking other things; who waits behind is served then, by a
 * loop that sleeps at the server's descriptor.
 */
static void test_no_hello(void **state)
{
	const struct vfu_hdr ask = { .cmd = VFU_GET_INFO, .size = sizeof(ask) };
	const size_t sent[] = { 0, 3, sizeof(ask) };
	struct rig *rig = *state, second = *rig;
	struct pollfd p = { .fd = leat_server_fd(rig->srv), .events = POLLIN };
	const struct vfu_version ver = { 0, 0 };
	uint64_t hello_ns = rig->srv->hello_ns;

	rig->srv->hello_ns = 1000000;
	for (unsigned int kind = 0; kind < 3; kind++) {
		unsigned int warnings = rig->warnings;

		rig_connect(rig);
		if (sent[kind])
			rig_send_raw(rig, &ask, sent[kind], NULL, 0);
		rig_connect(&second);
		rig_send(&second, 1, VFU_VERSION, 0, &ver, sizeof(ver), NULL, 0);
		while (rig->warnings == warnings) {
			assert_int_equal(poll(&p, 1, 10000), 1);
			rig_step(rig);
		}
		assert_int_equal(rig->warnings, warnings + 1);
		assert_int_equal(rig_receive(&second)->hdr.flags, VFU_HDR_REPLY);
		assert_int_equal(poll(&p, 1, 0), 0);
		rig_disconnect(&second);
		rig_disconnect(rig);
	}
	rig->srv->hello_ns = hello_ns;
}

/* One that has negotiated may be silent for as long as it likes. */
static void test_silence_after_hello(void **state)
{
	struct rig *rig = *state;
	struct pollfd p = { .fd = leat_server_fd(rig->srv), .events = POLLIN };
	uint64_t hello_ns = rig->srv->hello_ns;

	rig_start(rig);
	rig_disconnect(rig);
	rig->srv->hello_ns = UINT64_C(50000000);
	rig_start(rig);
	rig->srv->hello_ns = hello_ns;
	assert_int_equal(poll(&p, 1, 100), 0);
	rig_check_alive(rig);
	rig_disconnect(rig);
}

/* Descriptors run out when a client comes: it waits, the loop may sleep, and it is served later. */
static void test_no_fd_to_accept(void **state)
{
	const struct vfu_version ver = { 0, 0 };
	struct rig *rig = *state;
	struct pollfd p = { .fd = leat_server_fd(rig->srv), .events = POLLIN };
	unsigned int errors = rig->errors;
	struct rlimit old, low;
	int lowest_free;

	rig_connect(rig);
	rig_send(rig, 1, VFU_VERSION, 0, &ver, sizeof(ver), NULL, 0);
	lowest_free = dup(rig->sock);
	close(lowest_free);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = (rlim_t)lowest_free;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	for (int i = 0; i < 2; i++) {
		rig_step(rig);
		assert_int_equal(poll(&p, 1, 0), 0);
		assert_int_equal(rig->errors, errors + 1);
		assert_int_equal(poll(&p, 1, 10000), 1);
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	rig_step(rig);
	assert_int_equal(rig_receive(rig)->hdr.flags, VFU_HDR_REPLY);
	assert_int_equal(poll(&p, 1, 0), 0);
	rig_disconnect(rig);
	rig_start(rig);
	rig_disconnect(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe_is_silent),
		cmocka_unit_test(test_no_hello),
		cmocka_unit_test(test_silence_after_hello),
		cmocka_unit_test(test_no_fd_to_accept),
	};

	return cmocka_run_group_tests_name("bus/vfio_user/server: hello", tests, rig_setup,
					   rig_teardown);
}
