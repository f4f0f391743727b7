// SPDX-License-Identifier: BSD-3-Clause
/*
 * call.c - one request and its answer, and the back end's own requests meanwhile.
 *
 * One request is under way at a time, on the control thread. Every wait ends, by the
 * context's clock.
 */
#include "state.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* Look at the clock this often while waiting: it may be one that is turned by hand. */
#define WAIT_SLICE_MS 100

/* Requests of the back end's answered in one go. */
#define SERVE_MAX 64

static const char *name_of(enum vhost_request request)
{
	static const char *const names[] = {
		[VHOST_GET_FEATURES] = "GET_FEATURES",
		[VHOST_SET_FEATURES] = "SET_FEATURES",
		[VHOST_SET_OWNER] = "SET_OWNER",
		[VHOST_SET_MEM_TABLE] = "SET_MEM_TABLE",
		[VHOST_SET_VRING_NUM] = "SET_VRING_NUM",
		[VHOST_SET_VRING_ADDR] = "SET_VRING_ADDR",
		[VHOST_SET_VRING_BASE] = "SET_VRING_BASE",
		[VHOST_GET_VRING_BASE] = "GET_VRING_BASE",
		[VHOST_SET_VRING_KICK] = "SET_VRING_KICK",
		[VHOST_SET_VRING_CALL] = "SET_VRING_CALL",
		[VHOST_GET_PROTOCOL_FEATURES] = "GET_PROTOCOL_FEATURES",
		[VHOST_SET_PROTOCOL_FEATURES] = "SET_PROTOCOL_FEATURES",
		[VHOST_GET_QUEUE_NUM] = "GET_QUEUE_NUM",
		[VHOST_SET_VRING_ENABLE] = "SET_VRING_ENABLE",
		[VHOST_NET_SET_MTU] = "NET_SET_MTU",
		[VHOST_SET_BACKEND_REQ_FD] = "SET_BACKEND_REQ_FD",
		[VHOST_GET_CONFIG] = "GET_CONFIG",
		[VHOST_SET_CONFIG] = "SET_CONFIG",
		[VHOST_GET_INFLIGHT_FD] = "GET_INFLIGHT_FD",
		[VHOST_SET_INFLIGHT_FD] = "SET_INFLIGHT_FD",
		[VHOST_RESET_DEVICE] = "RESET_DEVICE",
		[VHOST_GET_MAX_MEM_SLOTS] = "GET_MAX_MEM_SLOTS",
		[VHOST_ADD_MEM_REG] = "ADD_MEM_REG",
		[VHOST_REM_MEM_REG] = "REM_MEM_REG",
		[VHOST_SET_STATUS] = "SET_STATUS",
		[VHOST_GET_STATUS] = "GET_STATUS",
	};

	return names[request];
}

/* ---- ends of the connection ---- */

static int drop_of(struct vhost *v, int err, const char *where, const struct vhost_rx *rx)
{
	switch (err) {
	case -ENOTCONN:
		return leat_vhost_drop(v, err, "the back end closed the connection%s%s",
				       v->doing ? " during " : "", v->doing ? v->doing : "");
	case -EMSGSIZE:
		return leat_vhost_drop(v, -EPROTO, "%s: a message of %u bytes: that is no vhost-user "
				       "back end", where, rx->hdr.size);
	default:
		return leat_vhost_drop(v, err, "%s: %s", where, strerror(-err));
	}
}

static int drop_silent(struct vhost *v)
{
	return leat_vhost_drop(v, -ETIMEDOUT, "no answer to %s in %d s: the back end hangs, or serves "
			       "others", v->doing, VHOST_REPLY_SECONDS);
}

static bool expired(const struct vhost *v, uint64_t deadline)
{
	return leat_ctx_now(v->dev.ctx) >= deadline;
}

/* Until the back end has something to say, or takes something; a slice at most. */
static int wait_for(struct vhost *v, short events, uint64_t deadline)
{
	struct pollfd p[2] = {
		{ .fd = v->sock, .events = events }, { .fd = v->back, .events = POLLIN },
	};

	if (expired(v, deadline))
		return drop_silent(v);
	if (poll(p, 2, WAIT_SLICE_MS) > 0 && p[1].revents)
		return leat_vhost_serve(v);
	return 0;
}

/* ---- the request ---- */

static int send_all(struct vhost *v, const struct vhost_call *call, uint32_t flags,
		    uint64_t deadline)
{
	struct {
		struct vhost_hdr hdr;
		uint8_t payload[VHOST_PAYLOAD_MAX];
	} msg = {
		.hdr = { .request = call->request, .flags = flags, .size = (uint32_t)call->out_len },
	};
	size_t len = sizeof(msg.hdr) + call->out_len, done = 0;

	if (call->out_len)
		memcpy(msg.payload, call->out, call->out_len);
	while (done < len) {
		struct iovec iov = { .iov_base = (char *)&msg + done, .iov_len = len - done };
		ssize_t n = leat_unix_send(v->sock, &iov, 1, call->fds, done ? 0 : call->nfds);
		int err = n == -EAGAIN ? wait_for(v, POLLOUT, deadline) : 0;

		if (n < 0 && n != -EAGAIN)
			err = drop_of(v, (int)n, "send", NULL);
		if (err)
			return err;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int await(struct vhost *v, uint64_t deadline)
{
	for (;;) {
		int got = leat_vhost_rx_feed(&v->rx, v->sock);
		int err = got < 0 ? drop_of(v, got, "receive", &v->rx) : 0;

		if (got > 0)
			return 0;
		if (!err)
			err = wait_for(v, POLLIN, deadline);
		if (err)
			return err;
	}
}

static int refused(struct vhost *v)
{
	return leat_fail(v->dev.ctx, -EREMOTEIO, "%s: the back end refuses %s: its log says why",
			 v->dev.addr, v->doing);
}

/* The answer is in v->rx: is it one to @call, and what does it say? */
static int take(struct vhost *v, const struct vhost_call *call)
{
	const struct vhost_hdr *hdr = &v->rx.hdr;
	size_t due = call->in ? call->in_len : sizeof(uint64_t);
	uint64_t ack;

	if (hdr->request != (uint32_t)call->request || !(hdr->flags & VHOST_FLAG_REPLY) ||
	    (hdr->flags & VHOST_FLAG_VERSION) != VHOST_VERSION)
		return leat_vhost_drop(v, -EPROTO, "the back end broke the protocol: to %s it answered "
				       "with request %u, flags 0x%x", v->doing, hdr->request,
				       hdr->flags);
	if (!hdr->size && call->in)
		return refused(v);
	if (hdr->size != due)
		return leat_vhost_drop(v, -EPROTO, "the back end broke the protocol: its answer to %s "
				       "has %u bytes, %zu are due", v->doing, hdr->size, due);
	if (!call->in) {
		memcpy(&ack, v->rx.payload, sizeof(ack));
		return ack ? refused(v) : 0;
	}
	memcpy(call->in, v->rx.payload, call->in_len);
	if (call->in_fd) {
		*call->in_fd = v->rx.fd;
		v->rx.fd = -1;
	}
	return 0;
}

static uint64_t deadline_from_now(const struct vhost *v)
{
	return leat_ctx_now(v->dev.ctx) + VHOST_REPLY_SECONDS * UINT64_C(1000000000);
}

static int finish(struct vhost *v, const struct vhost_call *call, uint64_t deadline)
{
	int err;

	v->doing = name_of(call->request);
	err = await(v, deadline);
	if (!err)
		err = take(v, call);
	leat_vhost_rx_reset(&v->rx);
	v->doing = NULL;
	return err;
}

/* All of them, also after a refusal: they come in order, and belong to nobody else. */
int leat_vhost_settle(struct vhost *v)
{
	uint64_t deadline = deadline_from_now(v);
	int first = 0;

	for (unsigned int i = 0; i < v->nowed && v->sock >= 0; i++) {
		const struct vhost_call call = { .request = v->owed[i] };
		int err = finish(v, &call, deadline);

		first = first ? first : err;
	}
	v->nowed = 0;
	return first;
}

int leat_vhost_call(struct vhost *v, const struct vhost_call *call)
{
	bool ack = !call->in && vhost_has(v, LEAT_VHOST_P_REPLY_ACK);
	uint64_t deadline = deadline_from_now(v);
	int err, before;

	if (v->sock < 0)
		return -ENOTCONN;
	v->doing = name_of(call->request);
	err = send_all(v, call, VHOST_VERSION | (ack ? VHOST_FLAG_NEED_REPLY : 0), deadline);
	v->doing = NULL;
	if (err || (!call->in && !ack))
		return err;
	if (call->later && v->nowed < VHOST_OWED_MAX) {
		v->owed[v->nowed++] = call->request;
		return 0;
	}
	before = leat_vhost_settle(v);
	err = v->sock >= 0 ? finish(v, call, deadline) : before;
	return before ? before : err;
}

int leat_vhost_set64(struct vhost *v, enum vhost_request request, uint64_t value)
{
	const struct vhost_call call = {
		.request = request, .out = &value, .out_len = sizeof(value), .later = true,
	};

	return leat_vhost_call(v, &call);
}

int leat_vhost_get64(struct vhost *v, enum vhost_request request, uint64_t *value)
{
	const struct vhost_call call = {
		.request = request, .in = value, .in_len = sizeof(*value),
	};

	return leat_vhost_call(v, &call);
}

/* ---- the back end's own requests ---- */

/* 0 for what we know, and not 0 for what we never said that we do. */
static int answer(struct vhost *v, const struct vhost_hdr *hdr, uint64_t result)
{
	struct {
		struct vhost_hdr hdr;
		uint64_t result __attribute__((packed));
	} msg = {
		.hdr = {
			.request = hdr->request, .flags = VHOST_VERSION | VHOST_FLAG_REPLY,
			.size = sizeof(result),
		},
		.result = result,
	};
	struct iovec iov = { .iov_base = &msg, .iov_len = sizeof(msg.hdr) + sizeof(result) };

	if (!(hdr->flags & VHOST_FLAG_NEED_REPLY))
		return 0;
	if (leat_unix_send(v->back, &iov, 1, NULL, 0) == (ssize_t)iov.iov_len)
		return 0;
	return leat_vhost_drop(v, -EPROTO, "the back end does not read the answers on its channel");
}

int leat_vhost_serve(struct vhost *v)
{
	int err = 0;

	for (int i = 0; i < SERVE_MAX && !err && v->back >= 0; i++) {
		int got = leat_vhost_rx_feed(&v->back_rx, v->back);
		bool known = v->back_rx.hdr.request == VHOST_BACK_CONFIG_CHANGE;

		if (!got)
			break;
		if (got < 0)
			return drop_of(v, got, "the back end's channel", &v->back_rx);
		err = answer(v, &v->back_rx.hdr, !known);
		leat_vhost_rx_reset(&v->back_rx);
		if (known)
			leat_vhost_changed(v);
	}
	return err;
}
