// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_hello.c - connecting and negotiating, with servers that are not there,
 * not what they should be, or do not answer as they should.
 */
#include "peer.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define NOBODY 65534

/* ---- connect ---- */

static void refuse_path(struct rig *r, int err, const char *why)
{
	char addr[80];

	snprintf(addr, sizeof(addr), "vfio-user:%s", r->peer.path);
	r->errors = 0;
	assert_int_equal(leat_dev_open(r->ctx, addr, &r->dev), err);
	assert_int_equal(r->errors, 1);
	assert_non_null(strstr(leat_ctx_error(r->ctx), why));
	assert_ptr_equal(strstr(leat_ctx_error(r->ctx), addr), leat_ctx_error(r->ctx));
}

static int listen_at(struct rig *r, int type)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	strcpy(sa.sun_path, r->peer.path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void nobody_there(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	rig_init(&r);
	refuse_path(&r, -ENODEV, "no such file; start the server");

	fd = open(r.peer.path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	refuse_path(&r, -ENODEV, "not a stream socket");
	unlink(r.peer.path);

	fd = listen_at(&r, SOCK_DGRAM);
	refuse_path(&r, -ENODEV, "not a stream socket");
	close(fd);
	unlink(r.peer.path);

	fd = listen_at(&r, SOCK_STREAM);
	close(fd);
	refuse_path(&r, -ENODEV, "nobody serves this socket any more; start leat-nicd");
	rig_fini(&r);
}

static void not_allowed(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	if (!geteuid() && seteuid(NOBODY)) {
		print_message("skipped: root may write to every socket, and there is nobody else\n");
		skip();
	}
	rig_init(&r);
	fd = listen_at(&r, SOCK_STREAM);
	assert_int_equal(listen(fd, 1), 0);
	chmod(r.peer.path, 0);
	refuse_path(&r, -EACCES, "Permission denied; run as a user who may write to the socket");
	close(fd);
	assert_int_equal(seteuid(getuid()), 0);
	rig_fini(&r);
}

static void a_path_too_long(void **state)
{
	char addr[256] = "vfio-user:";
	struct rig r;

	(void)state;
	rig_init(&r);
	memset(addr + strlen(addr), 'x', 108);
	assert_int_equal(leat_dev_open(r.ctx, addr, &r.dev), -EINVAL);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "too long for a socket (108 bytes, at most 107)"));
	rig_fini(&r);
}

/* A queue that is full: as behind a server that accepts nobody. */
static void never_accepted(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd, waiting[2];
	struct rig r;

	(void)state;
	rig_init(&r);
	strcpy(sa.sun_path, r.peer.path);
	fd = listen_at(&r, SOCK_STREAM);
	assert_int_equal(listen(fd, 0), 0);
	for (int i = 0; i < 2; i++) {
		waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(waiting[i], (struct sockaddr *)&sa, sizeof(sa));
	}
	refuse_path(&r, -ETIMEDOUT, "not accepted in 2 s");
	close(waiting[0]);
	close(waiting[1]);
	close(fd);
	rig_fini(&r);
}

/* ---- VERSION ---- */

struct version_reply {
	uint16_t	major, minor;
	const char	*json;
	size_t		len;		/* of @json, the NUL or not */
};

static enum peer_did send_version(struct peer *p, struct peer_cmd *cmd)
{
	const struct version_reply *v = p->hook_arg;
	char out[256];

	if (cmd->hdr.cmd != VFU_VERSION)
		return PEER_DEFAULT;
	memcpy(out, v, 4);
	if (v->len)
		memcpy(out + 4, v->json, v->len);
	peer_reply(p, cmd, out, 4 + v->len);
	return PEER_DONE;
}

static void init_version(struct rig *r, const struct version_reply *v)
{
	rig_init(r);
	r->peer.hook = send_version;
	r->peer.hook_arg = (void *)(uintptr_t)v;
}

#define JSON(s) (s), sizeof(s)

static void bad_versions(void **state)
{
	static const struct {
		struct version_reply reply;
		const char *why;
	} bad[] = {
		{ { 1, 0, NULL, 0 }, "the server speaks vfio-user 1.0, we speak up to 0." },
		{ { 0, 9, NULL, 0 }, "the server speaks vfio-user 0.9" },
		{ { 0, 0, JSON("{") }, "malformed" },
		{ { 0, 0, "{}", 2 }, "malformed" },
		{ { 0, 0, JSON("[]") }, "malformed" },
		{ { 0, 0, JSON("{\"capabilities\":{\"max_msg_fds\":-1}}") }, "malformed" },
		{ { 0, 0, JSON("{\"capabilities\":{\"max_data_xfer_size\":0}}") }, "malformed" },
		{ { 0, 0, JSON("{\"capabilities\":{\"twin_socket\":{\"supported\":true}}}") },
		  "twin socket" },
		{ { 0, 0, JSON("{\"capabilities\":{\"twin_socket\":"
			       "{\"supported\":true,\"fd_index\":0}}}") }, "twin socket" },
		{ { 0, 0, JSON("{\"capabilities\":{\"twin_socket\":"
			       "{\"supported\":false,\"fd_index\":0}}}") }, "twin socket" },
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(bad); i++) {
		struct rig r;

		init_version(&r, &bad[i].reply);
		rig_refuse(&r, -EPROTO, bad[i].why);
	}
}

static void good_versions(void **state)
{
	static const struct version_reply good[] = {
		{ 0, 0, NULL, 0 },
		{ 0, 1, JSON("{}") },
		{ 0, 0, JSON("{\"capabilities\":{\"novelty\":[1,2],\"max_msg_fds\":1}, \"x\":1}") },
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(good); i++) {
		struct rig r;

		init_version(&r, &good[i]);
		rig_must_open(&r);
		assert_int_equal(r.errors + r.warnings, 0);
		rig_fini(&r);
	}
}

/* ---- answers that are none ---- */

struct misdeed {
	uint16_t	at;		/* command to misbehave at */
	const void	*bytes;		/* what to send instead of an answer */
	size_t		len;
	uint32_t	error;		/* or: an error reply */
	bool		hang_up;
	uint32_t	size, flags;	/* or: a reply header with these... */
	int		id_off, cmd_off;	/* ...and these faults */
};

static enum peer_did misbehave(struct peer *p, struct peer_cmd *cmd)
{
	const struct misdeed *m = p->hook_arg;
	struct vfu_hdr hdr = {
		.id = (uint16_t)(cmd->hdr.id + m->id_off), .flags = m->flags, .size = m->size,
		.cmd = (uint16_t)(cmd->hdr.cmd + m->cmd_off),
	};

	if (cmd->hdr.cmd != m->at)
		return PEER_DEFAULT;
	if (m->hang_up)
		return PEER_HANG_UP;
	if (m->error)
		peer_error(p, cmd, m->error == 99 ? 0 : m->error);
	else if (m->bytes)
		peer_send(p->fd, m->bytes, m->len);
	else if (m->size)
		peer_send(p->fd, &hdr, sizeof(hdr));
	return PEER_DONE;
}

static void refuse_misdeed(const struct misdeed *m, int err, const char *why)
{
	struct rig r;

	rig_init(&r);
	r.peer.hook = misbehave;
	r.peer.hook_arg = (void *)(uintptr_t)m;
	if (!m->hang_up && !m->error && !m->bytes && !m->size)
		r.step = UINT64_C(1000000000);	/* silence: let the time pass */
	rig_refuse(&r, err, why);
}

static void hangs_up_at_any_command(void **state)
{
	static const struct {
		uint16_t cmd;
		const char *why;
	} at[] = {
		{ VFU_VERSION, "the peer closed the connection during VERSION; is this the socket" },
		{ VFU_GET_INFO, "the peer closed the connection during DEVICE_GET_INFO" },
		{ VFU_GET_REGION_INFO, "the peer closed the connection during DEVICE_GET_REGION_" },
		{ VFU_GET_IRQ_INFO, "the peer closed the connection during DEVICE_GET_IRQ_INFO" },
		{ VFU_REGION_READ, "the peer closed the connection during REGION_READ" },
		{ VFU_REGION_WRITE, "the peer closed the connection during REGION_WRITE" },
		{ VFU_SET_IRQS, "the peer closed the connection during DEVICE_SET_IRQS" },
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(at); i++) {
		struct misdeed m = { .at = at[i].cmd, .hang_up = true };

		refuse_misdeed(&m, -ENODEV, at[i].why);
	}
}

static void never_answers(void **state)
{
	struct misdeed m = { .at = VFU_VERSION };

	(void)state;
	refuse_misdeed(&m, -ETIMEDOUT, "no answer to VERSION in 5 s; the server hangs, or serves");
	m.at = VFU_GET_INFO;
	refuse_misdeed(&m, -ETIMEDOUT, "no answer to DEVICE_GET_INFO in 5 s");
}

static void refuses(void **state)
{
	struct misdeed m = { .at = VFU_VERSION, .error = EINVAL };

	(void)state;
	refuse_misdeed(&m, -EINVAL, "the server refused VERSION: Invalid argument");
	m.error = 99;		/* the hook makes 0 of it */
	refuse_misdeed(&m, -EIO, "the server refused VERSION: ");
	m.error = 99999;
	refuse_misdeed(&m, -EIO, "the server refused VERSION: ");
	m = (struct misdeed){ .at = VFU_GET_INFO, .error = EPERM };
	refuse_misdeed(&m, -EPERM, "the server refused DEVICE_GET_INFO: Operation not permitted");
	m = (struct misdeed){ .at = VFU_REGION_WRITE, .error = EIO };
	refuse_misdeed(&m, -EIO, "configuration space: ");
}

static void garbage(void **state)
{
	static const char http[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
	struct misdeed m = { .at = VFU_VERSION, .bytes = http, .len = sizeof(http) };

	(void)state;
	refuse_misdeed(&m, -EPROTO, "the peer sent garbage: a message of");

	m = (struct misdeed){ .at = VFU_VERSION, .size = 15, .flags = VFU_HDR_REPLY };
	refuse_misdeed(&m, -EPROTO, "the peer sent garbage: a message of 15 bytes");
	m.size = UINT32_MAX;
	refuse_misdeed(&m, -EPROTO, "the peer sent garbage: a message of 4294967295 bytes");
	m.size = 16;
	refuse_misdeed(&m, -EPROTO, "0 bytes in answer to VERSION, at least 4 are due");
	m.flags = 7;
	refuse_misdeed(&m, -EPROTO, "neither command nor reply");
	m.flags = VFU_HDR_REPLY;
	m.id_off = 1;
	refuse_misdeed(&m, -EPROTO, "it answered VERSION (message 2), which was not asked");
	m.id_off = 0;
	m.cmd_off = 2;
	refuse_misdeed(&m, -EPROTO, "it answered DMA_UNMAP (message 1), which was not asked");
	m.cmd_off = 99;
	refuse_misdeed(&m, -EPROTO, "it answered an unknown command");
}

static void answers_in_pieces(void **state)
{
	struct rig r;

	(void)state;
	for (size_t piece = 1; piece < 40; piece += 5) {
		rig_init(&r);
		r.peer.piece = piece;
		rig_must_open(&r);
		assert_int_equal(r.dev->region[7].size, 256);
		rig_fini(&r);
	}
}

/* Damage anywhere: opened or refused with a sentence, but never lost. */
static void spoilt_answers(void **state)
{
	unsigned int seed = (unsigned int)time(NULL), opened = 0;

	(void)state;
	print_message("seed %u\n", seed);
	for (unsigned int i = 0; i < 100; i++) {
		struct leat_mmio win;
		struct rig r;

		rig_init(&r);
		r.step = UINT64_C(2000000000);	/* a length that grew is waited for in vain */
		r.peer.spoil = seed + i;
		if (rig_open(&r)) {
			assert_true(r.errors >= 1);
			assert_non_null(strstr(leat_ctx_error(r.ctx), r.peer.path));
		} else {
			opened++;
			for (unsigned int k = 0; k < 20; k++) {
				if (leat_mmio_map(r.dev, 0, 8 * k, 64, &win))
					break;
				leat_mmio_write32(&win, 0, k);
				(void)leat_mmio_read32(&win, 4);
				leat_mmio_unmap(&win);
			}
		}
		rig_fini(&r);
	}
	print_message("%u of 100 opened\n", opened);
}

static void what_we_say(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	assert_int_equal(r.peer.client_fds, VFU_MAX_FDS);
	assert_int_equal(r.peer.note[0].cmd, VFU_VERSION);
	assert_int_equal(r.peer.note[0].nfds, 0);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(not_allowed),
		cmocka_unit_test(a_path_too_long),
		cmocka_unit_test(never_accepted),
		cmocka_unit_test(bad_versions),
		cmocka_unit_test(good_versions),
		cmocka_unit_test(hangs_up_at_any_command),
		cmocka_unit_test(never_answers),
		cmocka_unit_test(refuses),
		cmocka_unit_test(garbage),
		cmocka_unit_test(answers_in_pieces),
		cmocka_unit_test(spoilt_answers),
		cmocka_unit_test(what_we_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
