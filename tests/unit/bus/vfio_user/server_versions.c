// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_versions.c - negotiation: what a client may say of itself, and when.
 * Ids as in server_cases.c.
 */
#include "server_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct version_case {
	const char	*id;
	uint16_t	major, minor;
	const char	*json;		/* NULL: none */
	int		error;
	bool		no_nul, hangup;
};

#define CAPS(s) "{\"capabilities\":" s "}"

static const struct version_case version_cases[] = {
	{ "V03 no JSON", 0, 0, NULL, .error = 0 },
	{ "V04 major 999", 999, 0, NULL, EINVAL, .hangup = true },
	{ "V05 minor 0xffff", 0, 0xffff, NULL, .error = 0 },
	{ "V06 minor 1", 0, 1, CAPS("{}"), .error = 0 },
	{ "V07 {}", 0, 0, "{}", .error = 0 },
	{ "V08 no NUL", 0, 0, "{}", EINVAL, .no_nul = true },
	{ "V09 JSON cut short", 0, 0, "{\"capabilities\":{", .error = EINVAL },
	{ "V10 a lone quote", 0, 0, "\"", .error = EINVAL },
	{ "V10 empty", 0, 0, "", .error = EINVAL },
	{ "V10 rubbish behind", 0, 0, "{} x", .error = EINVAL },
	{ "V11 capabilities a string", 0, 0, CAPS("\"x\""), .error = EINVAL },
	{ "V11 an array", 0, 0, "[]", .error = EINVAL },
	{ "V12 max_msg_fds a string", 0, 0, CAPS("{\"max_msg_fds\":\"1\"}"), .error = EINVAL },
	{ "V13 max_msg_fds -1", 0, 0, CAPS("{\"max_msg_fds\":-1}"), .error = EINVAL },
	{ "V14 max_msg_fds 1025", 0, 0, CAPS("{\"max_msg_fds\":1025}"), .error = EINVAL },
	{ "V14 max_msg_fds 1024", 0, 0, CAPS("{\"max_msg_fds\":1024}"), .error = 0 },
	{ "V15 max_data_xfer_size a string", 0, 0, CAPS("{\"max_data_xfer_size\":\"x\"}"), .error = EINVAL },
	{ "V15 max_data_xfer_size 0", 0, 0, CAPS("{\"max_data_xfer_size\":0}"), .error = EINVAL },
	{ "V16 migration a string", 0, 0, CAPS("{\"migration\":\"x\"}"), .error = EINVAL },
	{ "V17 migration.pgsize a string", 0, 0, CAPS("{\"migration\":{\"pgsize\":\"x\"}}"), .error = EINVAL },
	{ "V18 write_multiple a number", 0, 0, CAPS("{\"write_multiple\":1}"), .error = EINVAL },
	{ "V19 unknown key", 0, 0, CAPS("{\"colour\":[1,2]}"), .error = 0 },
	{ "V20 twin_socket a string", 0, 0, CAPS("{\"twin_socket\":\"x\"}"), .error = EINVAL },
	{ "V21 twin_socket.supported a string", 0, 0,
	  CAPS("{\"twin_socket\":{\"supported\":\"yes\"}}"), .error = EINVAL },
	{ "V22 QEMU's client", 0, 0, CAPS("{\"pgsizes\": 4096, \"max_msg_fds\": 16, "
	  "\"max_dma_maps\": 65535, \"max_data_xfer_size\": 1048576, \"migration\": "
	  "{\"max_bitmap_size\": 268435456, \"pgsize\": 4096}, \"write_multiple\": true}"), .error = 0 },
};

static void run_version(struct rig *rig, const struct version_case *c)
{
	char payload[1024];
	struct vfu_version ver = { c->major, c->minor };
	size_t len = c->json ? strlen(c->json) + !c->no_nul : 0;

	memcpy(payload, &ver, sizeof(ver));
	if (len)
		memcpy(payload + sizeof(ver), c->json, len);
	assert_int_equal(rig_command(rig, VFU_VERSION, payload, sizeof(ver) + len, NULL, 0), c->error);
	if (c->error)
		return;
	memcpy(&ver, rig->rx.msg.payload, sizeof(ver));
	assert_int_equal(ver.major, c->major);
	assert_true(ver.minor <= c->minor);
	assert_int_equal(((char *)rig->rx.msg.payload)[rig->rx.msg.len - 1], '\0');
	assert_memory_equal((char *)rig->rx.msg.payload + sizeof(ver), "{\"capabilities\":{", 17);
}

static void test_versions(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(version_cases); i++) {
		const struct version_case *c = &version_cases[i];

		print_message("[   CASE   ] %s\n", c->id);
		rig_connect(rig);
		run_version(rig, c);
		if (c->hangup) {
			rig_receive_hangup(rig);
		} else {
			if (c->error)	/* another attempt is welcome */
				rig_negotiate(rig, NULL);
			rig_check_alive(rig);
		}
		rig_disconnect(rig);
	}
}

/* V01, V02: nothing, or another command first. */
static void test_version_first(void **state)
{
	const struct vfu_info info = { .argsz = sizeof(info) };
	struct rig *rig = *state;

	rig_connect(rig);
	assert_int_equal(rig_command(rig, VFU_VERSION, NULL, 0, NULL, 0), EINVAL);
	assert_int_equal(rig_command(rig, VFU_GET_INFO, &info, sizeof(info), NULL, 0), EINVAL);
	assert_int_equal(rig_command(rig, VFU_DEVICE_RESET, NULL, 0, NULL, 0), EINVAL);
	rig_negotiate(rig, NULL);
	rig_check_alive(rig);
	rig_disconnect(rig);
}

/* V23: a descriptor has no place in VERSION. */
static void test_version_with_fd(void **state)
{
	struct rig *rig = *state;
	unsigned int before = rig_open_fds();
	int fd = rig_memfd(4096);

	rig_connect(rig);
	assert_int_equal(rig_command(rig, VFU_VERSION, "\0\0\0\0", 4, &fd, 1), EINVAL);
	rig_disconnect(rig);
	close(fd);
	assert_int_equal(rig_open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_version_first),
		cmocka_unit_test(test_version_with_fd),
	};

	return cmocka_run_group_tests_name("bus/vfio_user/server: versions", tests, rig_setup,
					   rig_teardown);
}
