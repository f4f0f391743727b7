// SPDX-License-Identifier: BSD-3-Clause
/*
 * again.c - a back end that goes, and what the next one is told; and the channel on which a
 * back end speaks first.
 */
#include "backend.h"

#include <leat/endian.h>

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define USED_OFF 8192		/* of a ring of rig_run() */

static void set_used_idx(struct rig *r, unsigned int ring, uint16_t idx)
{
	leat_le16 *used = (leat_le16 *)(void *)((char *)r->ring[ring].va + USED_OFF);

	used[1] = leat_cpu_to_le16(idx);
}

static void replace(struct rig *r)
{
	backend_stop(&r->b);
	rig_await(r, false);
	assert_true(rig_changed(r));
	backend_start(&r->b);
	rig_await(r, true);
	assert_true(rig_changed(r));
}

/* The next one is told everything, and goes on where the last one stopped. */
static void goes_on(void **state)
{
	struct rig r;
	uint32_t index;
	uint64_t word;

	(void)state;
	for (int server = 0; server < 2; server++) {
		rig_init(&r);
		r.b.connects = server;
		r.b.protocol = LEAT_VHOST_P_REPLY_ACK | LEAT_VHOST_P_STATUS | LEAT_VHOST_P_NET_MTU;
		rig_must_open(&r);
		assert_int_equal(leat_vhost_features(r.dev, LEAT_BIT64(32)), 0);
		assert_int_equal(leat_vhost_mtu(r.dev, 4000), 0);
		rig_run(&r, 2);
		assert_int_equal(leat_vhost_status_set(r.dev, 15), 0);
		assert_false(rig_changed(&r));
		set_used_idx(&r, 0, 0x1234);
		set_used_idx(&r, 1, 0xfffe);
		replace(&r);
		assert_int_equal(r.warnings, 1);
		assert_int_equal(r.errors, 0);
		memcpy(&word, backend_note(&r.b, VHOST_SET_FEATURES, 0)->data, sizeof(word));
		assert_int_equal(word, LEAT_BIT64(32) | VHOST_F_PROTOCOL);
		memcpy(&word, backend_note(&r.b, VHOST_SET_STATUS, 0)->data, sizeof(word));
		assert_int_equal(word, 15);
		memcpy(&word, backend_note(&r.b, VHOST_NET_SET_MTU, 0)->data, sizeof(word));
		assert_int_equal(word, 4000);
		assert_int_equal(backend_count(&r.b, VHOST_SET_MEM_TABLE), 1);
		assert_int_equal(backend_state(&r.b, VHOST_SET_VRING_BASE, 0, &index), 0x1234);
		assert_int_equal(index, 0);
		assert_int_equal(backend_state(&r.b, VHOST_SET_VRING_BASE, 1, &index), 0xfffe);
		assert_int_equal(index, 1);
		assert_int_equal(backend_count(&r.b, VHOST_SET_VRING_ENABLE), 2);
		assert_false(r.dev->dead);
		rig_fini(&r);
	}
}

/* What is in flight is in a buffer that we keep for the next one: the same one. */
static void in_flight(void **state)
{
	struct stat made, given;
	struct rig r;

	(void)state;
	for (int packed = 0; packed < 2; packed++) {
		rig_init(&r);
		rig_must_open(&r);
		assert_int_equal(leat_vhost_features(r.dev, packed ? F_RING_PACKED : 0), 0);
		rig_run(&r, 1);
		assert_int_equal(fstat(r.b.inflight, &made), 0);
		set_used_idx(&r, 0, 7);
		replace(&r);
		assert_int_equal(backend_count(&r.b, VHOST_GET_INFLIGHT_FD), 0);
		assert_int_equal(fstat(backend_note(&r.b, VHOST_SET_INFLIGHT_FD, 0)->fds[0], &given),
				 0);
		assert_int_equal(made.st_ino, given.st_ino);
		assert_int_equal(made.st_dev, given.st_dev);
		assert_int_equal(backend_state(&r.b, VHOST_SET_VRING_BASE, 0, NULL),
				 packed ? VHOST_BASE_PACKED : 7);
		rig_fini(&r);
	}
}

static uint16_t at_42(const struct leat_virtio_queue *vq)
{
	(void)vq;
	return 0x8042;
}

/* Without such a buffer the driver says where a packed ring goes on. */
static void packed_where_the_driver_says(void **state)
{
	struct leat_vhost_ring ring = { .index = 0, .size = 256, .call = -1, .at = at_42 };
	struct rig r;
	int kick;

	(void)state;
	rig_init(&r);
	r.b.protocol = LEAT_VHOST_P_REPLY_ACK;
	rig_must_open(&r);
	assert_int_equal(leat_vhost_features(r.dev, F_RING_PACKED), 0);
	assert_int_equal(leat_vhost_ring(r.dev, &ring, &kick), 0);
	assert_int_equal(leat_vhost_start(r.dev), 0);
	assert_int_equal(backend_state(&r.b, VHOST_SET_VRING_BASE, 0, NULL), VHOST_BASE_PACKED);
	replace(&r);
	assert_int_equal(backend_state(&r.b, VHOST_SET_VRING_BASE, 0, NULL), 0x80428042);
	rig_fini(&r);
}

static enum backend_did no_buffer(struct backend *b, struct backend_msg *msg)
{
	if (msg->hdr.request != VHOST_GET_INFLIGHT_FD)
		return BACKEND_DEFAULT;
	backend_reply(b, msg, msg->data, VHOST_INFLIGHT_LEN, -1);
	return BACKEND_DONE;
}

static void in_flight_without_a_buffer(void **state)
{
	struct leat_vhost_ring ring = { .index = 0, .size = 8, .call = -1 };
	struct rig r;
	int kick;

	(void)state;
	rig_init(&r);
	r.b.hook = no_buffer;
	rig_must_open(&r);
	assert_int_equal(leat_vhost_ring(r.dev, &ring, &kick), 0);
	assert_int_equal(leat_vhost_start(r.dev), -EPROTO);
	assert_false(leat_vhost_connected(r.dev));
	rig_fini(&r);
}

/* Rings start with nobody there: whoever connects runs them. */
static void started_alone(void **state)
{
	struct rig r;
	uint8_t s;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	rig_run(&r, 1);
	leat_vhost_stop(r.dev);
	backend_stop(&r.b);
	rig_await(&r, false);
	assert_int_equal(leat_vhost_features(r.dev, LEAT_BIT64(32)), 0);
	assert_int_equal(leat_vhost_status_set(r.dev, 11), 0);
	assert_int_equal(leat_vhost_status_get(r.dev, &s), 0);
	assert_int_equal(s, 11);
	set_used_idx(&r, 0, 0);
	rig_run(&r, 1);
	backend_start(&r.b);
	rig_await(&r, true);
	assert_int_equal(backend_state(&r.b, VHOST_SET_VRING_BASE, 0, NULL), 0);
	assert_int_equal(backend_count(&r.b, VHOST_SET_VRING_ENABLE), 1);
	rig_fini(&r);
}

/* Nobody runs: a new connection is greeted, and told nothing of rings. */
static void between_stop_and_start(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	rig_run(&r, 1);
	leat_vhost_stop(r.dev);
	replace(&r);
	assert_int_equal(backend_count(&r.b, VHOST_SET_VRING_NUM), 0);
	rig_run(&r, 1);
	assert_int_equal(backend_count(&r.b, VHOST_SET_VRING_NUM), 1);
	rig_fini(&r);
}

/* ---- the next one cannot go on ---- */

static void cannot_go_on(struct rig *r, uint64_t features, uint64_t protocol, const char *why)
{
	backend_stop(&r->b);
	rig_await(r, false);
	r->b.features = features;
	r->b.protocol = protocol;
	backend_start(&r->b);
	for (int i = 0; i < 10000 && !r->events[LEAT_EVENT_ERROR]; i++)
		rig_poll(r);
	assert_int_equal(r->events[LEAT_EVENT_ERROR], 1);
	assert_false(leat_vhost_connected(r->dev));
	if (!strstr(leat_ctx_error(r->ctx), why))
		fail_msg("\"%s\" does not say \"%s\"", leat_ctx_error(r->ctx), why);
}

static void fewer_features(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	assert_int_equal(leat_vhost_features(r.dev, LEAT_BIT64(32)), 0);
	rig_run(&r, 1);
	cannot_go_on(&r, VHOST_F_PROTOCOL, r.b.protocol, "without features that are in use "
		     "(0x100000000)");
	rig_fini(&r);
}

static void packed_without_a_buffer(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.b.protocol = LEAT_VHOST_P_REPLY_ACK;
	rig_must_open(&r);
	assert_int_equal(leat_vhost_features(r.dev, F_RING_PACKED), 0);
	rig_run(&r, 1);
	cannot_go_on(&r, r.b.features, r.b.protocol, "stop and start the port");

	/* Which is all that it takes. */
	leat_vhost_stop(r.dev);
	backend_stop(&r.b);
	rig_run(&r, 1);
	backend_start(&r.b);
	rig_await(&r, true);
	assert_int_equal(backend_state(&r.b, VHOST_SET_VRING_BASE, 0, NULL), VHOST_BASE_PACKED);
	rig_fini(&r);
}

/* ---- while rings run ---- */

static enum backend_did hang_up_on_base(struct backend *b, struct backend_msg *msg)
{
	(void)b;
	return msg->hdr.request == VHOST_GET_VRING_BASE ? BACKEND_HANG_UP : BACKEND_DEFAULT;
}

static void gone_at_stop(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.b.hook = hang_up_on_base;
	rig_must_open(&r);
	rig_run(&r, 2);
	leat_vhost_stop(r.dev);
	assert_false(leat_vhost_connected(r.dev));
	rig_fini(&r);
}

static enum backend_did hang_up_at(struct backend *b, struct backend_msg *msg)
{
	(void)msg;
	return b->nnotes > b->hook_arg ? BACKEND_HANG_UP : BACKEND_DEFAULT;
}

/* At each of the first messages of a start: nobody there is no error, and the next one is told all. */
static void gone_at_any_time(void **state)
{
	(void)state;
	for (unsigned int k = 0; k < 14; k++) {
		struct rig r;

		rig_init(&r);
		rig_must_open(&r);
		r.b.hook_arg = r.b.nnotes + k;
		r.b.hook = hang_up_at;
		rig_run(&r, 2);
		rig_await(&r, false);
		backend_stop(&r.b);
		r.b.hook = NULL;
		backend_start(&r.b);
		rig_await(&r, true);
		assert_int_equal(backend_count(&r.b, VHOST_SET_VRING_ENABLE), 2);
		assert_int_equal(r.errors, 0);
		rig_fini(&r);
	}
}

static enum backend_did silent_on_base(struct backend *b, struct backend_msg *msg)
{
	(void)b;
	return msg->hdr.request == VHOST_GET_VRING_BASE ? BACKEND_DONE : BACKEND_DEFAULT;
}

static void silent_at_stop(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.b.hook = silent_on_base;
	rig_must_open(&r);
	rig_run(&r, 1);
	r.step = UINT64_C(1000000000);
	leat_vhost_stop(r.dev);
	assert_false(leat_vhost_connected(r.dev));
	assert_int_equal(r.warnings, 1);
	rig_fini(&r);
}

static enum backend_did refuses_one_ring(struct backend *b, struct backend_msg *msg)
{
	uint64_t no = msg->hdr.request == VHOST_SET_VRING_NUM;

	if (!(msg->hdr.flags & VHOST_FLAG_NEED_REPLY) || !no)
		return BACKEND_DEFAULT;
	backend_reply(b, msg, &no, sizeof(no), -1);
	return BACKEND_DONE;
}

/* Answers are put off, not forgotten: a refusal is told, and by whose name. */
static void refused_in_passing(void **state)
{
	struct leat_vhost_ring ring = { .index = 0, .size = 8, .call = -1 };
	struct rig r;
	int kick;

	(void)state;
	rig_init(&r);
	r.b.hook = refuses_one_ring;
	rig_must_open(&r);
	assert_int_equal(leat_vhost_ring(r.dev, &ring, &kick), 0);
	assert_int_equal(leat_vhost_start(r.dev), -EREMOTEIO);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "refuses SET_VRING_NUM"));
	assert_int_equal(r.errors, 1);
	assert_true(leat_vhost_connected(r.dev));
	rig_fini(&r);
}

/* The answer to the last thing said comes while nobody asks. */
static void answered_between(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	assert_int_equal(leat_vhost_status_set(r.dev, 1), 0);
	for (int i = 0; i < 20; i++)
		rig_poll(&r);
	assert_true(leat_vhost_connected(r.dev));
	assert_int_equal(leat_vhost_status_set(r.dev, 3), 0);
	rig_run(&r, 4);
	rig_fini(&r);
}

/* A word that nobody asked for ends the connection. */
static void speaks_unasked(void **state)
{
	struct backend_msg msg = { .hdr = { .request = VHOST_GET_FEATURES } };
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	backend_reply(&r.b, &msg, &r.b.features, 8, -1);
	rig_await(&r, false);
	assert_int_equal(r.warnings, 1);
	rig_fini(&r);
}

/* ---- the back end's channel ---- */

static void say(struct rig *r, uint32_t request, uint32_t flags)
{
	const struct vhost_hdr hdr = { .request = request, .flags = flags };

	backend_send(r->b.channel, &hdr, sizeof(hdr), -1);
}

static uint64_t heard(struct rig *r)
{
	struct pollfd p = { .fd = r->b.channel, .events = POLLIN };
	struct backend_msg msg;
	uint64_t result;

	for (int i = 0; i < 10000 && poll(&p, 1, 0) < 1; i++)
		rig_poll(r);
	assert_true(backend_receive(r->b.channel, &msg));
	assert_int_equal(msg.hdr.flags, VHOST_VERSION | VHOST_FLAG_REPLY);
	assert_int_equal(msg.hdr.size, 8);
	memcpy(&result, msg.data, sizeof(result));
	return result;
}

static void config_changes(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	say(&r, VHOST_BACK_CONFIG_CHANGE, VHOST_VERSION | VHOST_FLAG_NEED_REPLY);
	assert_int_equal(heard(&r), 0);
	assert_true(rig_changed(&r));
	say(&r, 77, VHOST_VERSION | VHOST_FLAG_NEED_REPLY);
	assert_int_not_equal(heard(&r), 0);
	assert_false(rig_changed(&r));
	assert_true(leat_vhost_connected(r.dev));
	rig_fini(&r);
}

/* It asks before it answers, and waits for us meanwhile. */
static enum backend_did asks_first(struct backend *b, struct backend_msg *msg)
{
	const struct vhost_hdr hdr = {
		.request = VHOST_BACK_CONFIG_CHANGE, .flags = VHOST_VERSION | VHOST_FLAG_NEED_REPLY,
	};
	struct backend_msg ours;

	if (msg->hdr.request != VHOST_GET_STATUS)
		return BACKEND_DEFAULT;
	backend_send(b->channel, &hdr, sizeof(hdr), -1);
	return backend_receive(b->channel, &ours) ? BACKEND_DEFAULT : BACKEND_HANG_UP;
}

static void asks_before_it_answers(void **state)
{
	struct rig r;
	uint8_t s;

	(void)state;
	rig_init(&r);
	r.b.hook = asks_first;
	rig_must_open(&r);
	assert_int_equal(leat_vhost_status_get(r.dev, &s), 0);
	assert_true(rig_changed(&r));
	rig_fini(&r);
}

static void nonsense_on_the_channel(void **state)
{
	const struct vhost_hdr huge = { .request = 2, .flags = 1, .size = UINT32_MAX };
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	backend_send(r.b.channel, &huge, sizeof(huge), -1);
	rig_await(&r, false);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_on),
		cmocka_unit_test(in_flight),
		cmocka_unit_test(packed_where_the_driver_says),
		cmocka_unit_test(in_flight_without_a_buffer),
		cmocka_unit_test(started_alone),
		cmocka_unit_test(between_stop_and_start),
		cmocka_unit_test(fewer_features),
		cmocka_unit_test(packed_without_a_buffer),
		cmocka_unit_test(gone_at_stop),
		cmocka_unit_test(gone_at_any_time),
		cmocka_unit_test(silent_at_stop),
		cmocka_unit_test(refused_in_passing),
		cmocka_unit_test(answered_between),
		cmocka_unit_test(speaks_unasked),
		cmocka_unit_test(config_changes),
		cmocka_unit_test(asks_before_it_answers),
		cmocka_unit_test(nonsense_on_the_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
