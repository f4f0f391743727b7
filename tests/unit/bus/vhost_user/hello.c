// SPDX-License-Identifier: BSD-3-Clause
/*
 * hello.c - the first words with a back end, good and bad: what is taken of what it offers,
 * and that each way to break the protocol is one sentence and leaves nothing behind.
 */
#include "backend.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define TAKEN (LEAT_VHOST_P_MQ | LEAT_VHOST_P_REPLY_ACK | LEAT_VHOST_P_NET_MTU | \
	       LEAT_VHOST_P_BACKEND_REQ | LEAT_VHOST_P_CONFIG | LEAT_VHOST_P_INFLIGHT_SHMFD | \
	       LEAT_VHOST_P_RESET_DEVICE | LEAT_VHOST_P_CONFIGURE_MEM_SLOTS | LEAT_VHOST_P_STATUS)

static void takes_what_it_knows(void **state)
{
	const struct leat_vhost_offer *offer;
	uint64_t set;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	offer = leat_vhost_offer(r.dev);
	assert_int_equal(offer->features, F_RING_PACKED | LEAT_BIT64(32));
	assert_int_equal(offer->protocol, TAKEN);
	assert_int_equal(offer->queues, 2);
	memcpy(&set, backend_note(&r.b, VHOST_SET_PROTOCOL_FEATURES, 0)->data, sizeof(set));
	assert_int_equal(set, TAKEN);
	assert_int_equal(backend_note(&r.b, VHOST_SET_BACKEND_REQ_FD, 0)->nfds, 1);
	assert_int_equal(backend_count(&r.b, VHOST_SET_OWNER), 1);
	assert_true(leat_vhost_connected(r.dev));
	assert_true(leat_vhost_is(r.dev));
	rig_fini(&r);
}

/* A channel for changes of a configuration that it does not have is of no use. */
static void no_channel_without_config(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.b.protocol = LEAT_VHOST_P_BACKEND_REQ | LEAT_VHOST_P_REPLY_ACK;
	rig_must_open(&r);
	assert_int_equal(leat_vhost_offer(r.dev)->protocol, LEAT_VHOST_P_REPLY_ACK);
	assert_int_equal(leat_vhost_offer(r.dev)->queues, 1);
	assert_int_equal(backend_count(&r.b, VHOST_SET_BACKEND_REQ_FD), 0);
	rig_fini(&r);
}

static void without_protocol_features(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.b.features = LEAT_BIT64(32);
	rig_must_open(&r);
	assert_int_equal(leat_vhost_offer(r.dev)->protocol, 0);
	assert_int_equal(backend_count(&r.b, VHOST_GET_PROTOCOL_FEATURES), 0);
	rig_run(&r, 2);
	leat_vhost_stop(r.dev);
	backend_stop(&r.b);
	assert_int_equal(backend_count(&r.b, VHOST_SET_VRING_ENABLE), 0);
	assert_int_equal(backend_count(&r.b, VHOST_GET_VRING_BASE), 2);
	assert_int_equal(backend_note(&r.b, VHOST_SET_VRING_NUM, 0)->hdr.flags, VHOST_VERSION);
	rig_fini(&r);
}

static void as_server(void **state)
{
	struct stat st;
	struct rig r;

	(void)state;
	rig_init(&r);
	r.b.connects = true;
	rig_must_open(&r);
	assert_int_equal(lstat(r.b.path, &st), 0);
	rig_run(&r, 2);
	leat_dev_close(r.dev);
	r.dev = NULL;
	assert_int_equal(lstat(r.b.path, &st), -1);
	rig_fini(&r);
}

/* ---- the connection does not come about ---- */

static void refuse(const char *addr, int err, const char *why)
{
	struct leat_dev *dev;
	struct leat_ctx *ctx;

	assert_int_equal(leat_ctx_open(NULL, &ctx), 0);
	assert_int_equal(leat_dev_open(ctx, addr, &dev), err);
	if (!strstr(leat_ctx_error(ctx), why))
		fail_msg("%s: \"%s\" does not say \"%s\"", addr, leat_ctx_error(ctx), why);
	leat_ctx_close(ctx);
}

static void addresses(void **state)
{
	char longest[200] = "vhost-user:";

	(void)state;
	memset(longest + strlen(longest), 'x', 120);
	refuse("vhost-user:", -EINVAL, "nothing behind the colon; give vhost-user:PATH");
	refuse("vhost-user:,server", -EINVAL, "there is no path");
	refuse(longest, -EINVAL, "the path is too long");
	refuse("vhost-user:/nowhere/sock", -ENODEV, "no such file; start the vhost-user back end");
	refuse("vhost-user:/dev/null", -ENODEV, "the file is not a stream socket");
	refuse("vhost-user:/nowhere/sock,server", -ENOENT, "does its folder exist");
	refuse("vhost-user:/dev/null,server=on", -EEXIST, "something that is no socket lies there");
}

static void nobody_connects(void **state)
{
	char addr[96];
	struct rig r;

	(void)state;
	rig_init(&r);
	r.step = UINT64_C(4000000000);
	snprintf(addr, sizeof(addr), "vhost-user:%s,server", r.b.path);
	assert_int_equal(leat_dev_open(r.ctx, addr, &r.dev), -ETIMEDOUT);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "no back end connected in 10 s"));
	assert_int_equal(r.errors, 1);
	rig_fini(&r);
}

/* ---- a back end that breaks the protocol ---- */

static enum backend_did hang_up_at(struct backend *b, struct backend_msg *msg)
{
	(void)msg;
	return b->nnotes > b->hook_arg ? BACKEND_HANG_UP : BACKEND_DEFAULT;
}

/* At each message of the first ones: an error, one line, nothing left. */
static void hangs_up(void **state)
{
	unsigned int k = 0;
	struct rig r;
	int err;

	(void)state;
	do {
		rig_init(&r);
		r.b.hook = hang_up_at;
		r.b.hook_arg = k++;
		err = rig_open(&r);
		if (err) {
			assert_int_equal(err, -ENOTCONN);
			assert_int_equal(r.errors, 1);
			assert_non_null(strstr(leat_ctx_error(r.ctx), "closed the connection"));
		}
		rig_fini(&r);
	} while (err && k < 50);
	assert_in_range(k, 5, 49);
}

/* ---- answers that are none ---- */

static enum backend_did other_request(struct backend *b, struct backend_msg *msg)
{
	msg->hdr.request++;
	backend_reply(b, msg, &b->features, 8, -1);
	return BACKEND_DONE;
}

static enum backend_did no_reply_flag(struct backend *b, struct backend_msg *msg)
{
	struct { struct vhost_hdr hdr; uint32_t word[2]; } m = { { msg->hdr.request, 1, 8 }, { 0 } };

	backend_send(b->sock, &m, sizeof(m), -1);
	return BACKEND_DONE;
}

static enum backend_did wrong_version(struct backend *b, struct backend_msg *msg)
{
	struct { struct vhost_hdr hdr; uint32_t word[2]; } m = { { msg->hdr.request, 6, 8 }, { 0 } };

	backend_send(b->sock, &m, sizeof(m), -1);
	return BACKEND_DONE;
}

static enum backend_did short_answer(struct backend *b, struct backend_msg *msg)
{
	backend_reply(b, msg, &b->features, 4, -1);
	return BACKEND_DONE;
}

static enum backend_did long_answer(struct backend *b, struct backend_msg *msg)
{
	uint64_t words[2] = { 0 };

	backend_reply(b, msg, words, sizeof(words), -1);
	return BACKEND_DONE;
}

static enum backend_did huge_answer(struct backend *b, struct backend_msg *msg)
{
	struct vhost_hdr hdr = { msg->hdr.request, VHOST_VERSION | VHOST_FLAG_REPLY, 1u << 30 };

	backend_send(b->sock, &hdr, sizeof(hdr), -1);
	return BACKEND_DONE;
}

static enum backend_did empty_answer(struct backend *b, struct backend_msg *msg)
{
	backend_reply(b, msg, NULL, 0, -1);
	return BACKEND_DONE;
}

static enum backend_did silence(struct backend *b, struct backend_msg *msg)
{
	(void)b;
	(void)msg;
	return BACKEND_DONE;
}

static enum backend_did nack(struct backend *b, struct backend_msg *msg)
{
	uint64_t no = 1;

	if (!(msg->hdr.flags & VHOST_FLAG_NEED_REPLY))
		return BACKEND_DEFAULT;
	backend_reply(b, msg, &no, sizeof(no), -1);
	return BACKEND_DONE;
}

/* A descriptor that nobody asked for is closed. */
static enum backend_did with_descriptor(struct backend *b, struct backend_msg *msg)
{
	if (msg->hdr.request != VHOST_GET_FEATURES)
		return BACKEND_DEFAULT;
	backend_reply(b, msg, &b->features, 8, 0);
	return BACKEND_DONE;
}

static void bad_answers(void **state)
{
	static const struct {
		backend_hook	*hook;
		int		err;
		const char	*why;
	} cases[] = {
		{ other_request, -EPROTO, "to GET_FEATURES it answered with request 2" },
		{ no_reply_flag, -EPROTO, "to GET_FEATURES it answered with request 1, flags 0x1" },
		{ wrong_version, -EPROTO, "flags 0x6" },
		{ short_answer, -EPROTO, "has 4 bytes, 8 are due" },
		{ long_answer, -EPROTO, "has 16 bytes, 8 are due" },
		{ huge_answer, -EPROTO, "a message of 1073741824 bytes" },
		{ empty_answer, -EREMOTEIO, "refuses GET_FEATURES" },
		{ nack, -EREMOTEIO, "refuses " },
		{ silence, -ETIMEDOUT, "no answer to GET_FEATURES in 5 s" },
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(cases); i++) {
		struct rig r;

		rig_init(&r);
		r.b.hook = cases[i].hook;
		if (cases[i].err == -ETIMEDOUT)
			r.step = UINT64_C(1000000000);
		assert_int_equal(rig_open(&r), cases[i].err);
		assert_int_equal(r.errors, 1);
		if (!strstr(leat_ctx_error(r.ctx), cases[i].why))
			fail_msg("\"%s\" does not say \"%s\"", leat_ctx_error(r.ctx), cases[i].why);
		rig_fini(&r);
	}
}

static void odd_but_fine(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.b.hook = with_descriptor;
	rig_must_open(&r);
	rig_fini(&r);
}

static void no_queues(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.b.queues = 0;
	assert_int_equal(rig_open(&r), -EPROTO);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "the back end has no queues"));
	rig_fini(&r);
	rig_init(&r);
	r.b.queues = UINT64_MAX;
	rig_must_open(&r);
	assert_int_equal(leat_vhost_offer(r.dev)->queues, LEAT_VHOST_RINGS_MAX);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_it_knows),
		cmocka_unit_test(no_channel_without_config),
		cmocka_unit_test(without_protocol_features),
		cmocka_unit_test(as_server),
		cmocka_unit_test(addresses),
		cmocka_unit_test(nobody_connects),
		cmocka_unit_test(hangs_up),
		cmocka_unit_test(bad_answers),
		cmocka_unit_test(odd_but_fine),
		cmocka_unit_test(no_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
