// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_fuzz.c - clients that speak almost vfio-user: good messages with bytes
 * changed, cut, joined, with descriptors where none belong. Whatever they
 * send, the server stays, keeps nothing of theirs and serves the next one.
 */
#include "server_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CLIENTS	 400
#define MESSAGES 60

static unsigned int seed;

static uint32_t dice(uint32_t sides)
{
	return (uint32_t)rand_r(&seed) % sides;
}

/* Numbers that are close to some limit more often than not. */
static uint32_t odd_number(void)
{
	static const uint32_t odd[] = { 0, 1, 2, 4, 7, 8, 16, 20, 24, 31, 32, 0x1000, 0x1fff, 0x2000,
					0xffff, 1 << 20, 0x7fffffff, UINT32_MAX };

	return dice(4) ? odd[dice(LEAT_ARRAY_LEN(odd))] : (uint32_t)rand_r(&seed);
}

/* A command, its payload of words; returns the length. */
static size_t build(char *buf)
{
	static const uint32_t right_size[VFU_CMDS] = { 0, 4, 32, 24, 16, 32, 16, 16, 20, 16, 20, 16,
						       16, 0, 0, 32, 8, 8, 8 };
	uint16_t cmd = (uint16_t)(1 + dice(VFU_CMDS));
	uint32_t len = cmd < VFU_CMDS && dice(8) ? right_size[cmd] : dice(64);
	struct vfu_hdr hdr = {
		.id = (uint16_t)dice(4), .cmd = cmd, .size = (uint32_t)sizeof(hdr) + len,
		.flags = dice(4) ? 0 : VFU_HDR_NO_REPLY,
	};

	if (!dice(50))
		hdr.size = odd_number();
	if (!dice(30))
		hdr.flags = odd_number();
	for (uint32_t i = 0; i < len; i += 4) {
		uint32_t word = i == 0 && dice(4) ? len : odd_number();

		memcpy(buf + sizeof(hdr) + i, &word, 4);
	}
	memcpy(buf, &hdr, sizeof(hdr));
	return sizeof(hdr) + len;
}

/* Send it whole or in two, with up to two descriptors; false: nothing more goes in. */
static bool send_some(struct rig *rig, const char *buf, size_t len, const int *pool)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control = { .room = { 0 } };
	unsigned int nfds = dice(3) ? 0 : 1 + dice(2);
	struct iovec iov = { (void *)(uintptr_t)buf, dice(4) ? len : 1 + dice((uint32_t)len) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfds) {
		mh.msg_control = control.room;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), pool + dice(3), nfds * sizeof(int));
	}
	if (sendmsg(rig->sock, &mh, MSG_NOSIGNAL) != (ssize_t)iov.iov_len)
		return false;
	rig_step(rig);
	return iov.iov_len == len || send(rig->sock, buf + iov.iov_len, len - iov.iov_len,
					  MSG_NOSIGNAL) == (ssize_t)(len - iov.iov_len);
}

static void one_client(struct rig *rig, const int *pool)
{
	char buf[256], sink[4096];

	rig_connect(rig);
	if (dice(10))
		rig_negotiate(rig, dice(2) ? NULL : "{\"capabilities\":{\"write_multiple\":true}}");
	for (unsigned int i = 0; i < MESSAGES; i++) {
		size_t len = build(buf);

		if (!send_some(rig, buf, len, pool))
			break;
		rig_step(rig);
		while (recv(rig->sock, sink, sizeof(sink), 0) > 0)
			;
	}
	rig_disconnect(rig);
}

static void test_almost(void **state)
{
	struct rig *rig = *state;
	unsigned int fds = rig_open_fds(), maps = rig_mappings();
	const char *given = getenv("LEAT_TEST_SEED");
	const int pool[4] = { rig_memfd(65536), eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
			      rig_memfd(4096), eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };

	seed = given ? (unsigned int)strtoul(given, NULL, 0) : 82574;
	print_message("seed %u; LEAT_TEST_SEED sets another\n", seed);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		one_client(rig, pool);
		assert_int_equal(rig_open_fds(), fds + LEAT_ARRAY_LEN(pool));
		assert_int_equal(rig_mappings(), maps);
		assert_int_equal(rig->model->mdev.ndma, 0);
	}
	rig_start(rig);
	rig_check_alive(rig);
	rig_disconnect(rig);
	assert_int_equal(rig->errors, 0);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(pool); i++)
		close(pool[i]);
	print_message("%llu messages, %llu of them refused\n",
		      (unsigned long long)rig->srv->stats.messages,
		      (unsigned long long)rig->srv->stats.refused);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_almost) };

	return cmocka_run_group_tests_name("bus/vfio_user/server: almost vfio-user", tests, rig_setup,
					   rig_teardown);
}
