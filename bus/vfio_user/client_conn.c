// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_conn.c - commands and replies.
 *
 * One command is under way at a time, under the lock. While its reply is
 * awaited the peer's own commands (DMA_READ, DMA_WRITE) are answered; between
 * commands leat_ctx_poll() sees to them, and notices a peer that hangs up.
 * Every wait ends, by the context's clock.
 */
#include "client_state.h"

#include <leat/bits.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Look at the clock this often while waiting: it may be one that is turned by hand. */
#define WAIT_SLICE_MS 100

/* Messages of the peer's handled in one go of leat_ctx_poll(): others want their turn. */
#define READY_MAX 64

const char *leat_vfu_cmd_name(unsigned int cmd)
{
	static const char *const name[VFU_CMDS] = {
		[VFU_VERSION] = "VERSION",
		[VFU_DMA_MAP] = "DMA_MAP",
		[VFU_DMA_UNMAP] = "DMA_UNMAP",
		[VFU_GET_INFO] = "DEVICE_GET_INFO",
		[VFU_GET_REGION_INFO] = "DEVICE_GET_REGION_INFO",
		[VFU_GET_IRQ_INFO] = "DEVICE_GET_IRQ_INFO",
		[VFU_SET_IRQS] = "DEVICE_SET_IRQS",
		[VFU_REGION_READ] = "REGION_READ",
		[VFU_REGION_WRITE] = "REGION_WRITE",
		[VFU_DMA_READ] = "DMA_READ",
		[VFU_DMA_WRITE] = "DMA_WRITE",
		[VFU_DEVICE_RESET] = "DEVICE_RESET",
		[VFU_DEVICE_FEATURE] = "DEVICE_FEATURE",
	};

	return cmd < VFU_CMDS && name[cmd] ? name[cmd] : "an unknown command";
}

void leat_vfu_lock(struct vfu_client *c)
{
	pthread_mutex_lock(&c->lock);
}

void leat_vfu_unlock(struct vfu_client *c)
{
	bool tell = c->tell_gone && c->dev.event;

	c->tell_gone = false;
	pthread_mutex_unlock(&c->lock);
	if (tell)
		c->dev.event(&c->dev, LEAT_EVENT_GONE);
}

int leat_vfu_die(struct vfu_client *c, int err, const char *fmt, ...)
{
	char why[LEAT_ERROR_LEN];
	va_list args;

	if (c->dev.dead)
		return err;
	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	leat_fail(c->dev.ctx, err, "%s: %s", c->dev.addr, why);

	leat_store_relaxed(&c->dev.dead, true);
	c->tell_gone = c->open;
	leat_vfu_cover_windows(c);
	/* The descriptors stay until the control thread has stopped watching them. */
	for (int i = 0; i < VFU_SOCKS; i++)
		if (c->sock[i].fd >= 0)
			shutdown(c->sock[i].fd, SHUT_RDWR);
	return err;
}

/* What to do about it, which depends on how far we had come. */
static const char *remedy(const struct vfu_client *c)
{
	return c->open ? "the device is gone: start its server again, then open it anew" :
			 "is this the socket of a vfio-user server, and is the server well?";
}

/* A failing send or receive is the end of the connection. */
static int die_of(struct vfu_client *c, const struct vfu_sock *sock, int err)
{
	const char *which = sock == &c->sock[VFU_TWIN] ? " (twin socket)" : "";

	switch (err) {
	case -ENOTCONN:
		if (leat_load_relaxed(&c->faulted))
			return leat_vfu_die(c, -ENODEV, "the peer took away the memory behind its "
					    "registers; %s", remedy(c));
		return leat_vfu_die(c, -ENODEV, "the peer closed the connection%s%s%s; %s", which,
				    c->doing ? " during " : "", c->doing ? c->doing : "",
				    remedy(c));
	case -EMSGSIZE:
		return leat_vfu_die(c, -EPROTO,
				    "the peer sent garbage%s: a message of %u bytes; %s", which,
				    sock->rx.msg.hdr.size, remedy(c));
	default:
		return leat_vfu_die(c, err, "socket%s: %s; %s", which, strerror(-err), remedy(c));
	}
}

static int die_silent(struct vfu_client *c)
{
	return leat_vfu_die(c, -ETIMEDOUT, "no answer to %s in %d s; %s",
			    c->doing ? c->doing : "what we sent", VFU_REPLY_SECONDS,
			    c->open ? "the server hangs: restart it, then open the device anew" :
				      "the server hangs, or serves somebody else first");
}

int leat_vfu_refuse(struct vfu_sock *sock, const struct vfu_msg *msg, int err)
{
	struct vfu_hdr hdr = {
		.id = msg->hdr.id, .cmd = msg->hdr.cmd,
		.flags = VFU_HDR_REPLY | VFU_HDR_ERROR, .error = (uint32_t)-err,
	};

	if (msg->hdr.flags & VFU_HDR_NO_REPLY)
		return 0;
	return leat_vfu_tx_send(&sock->tx, sock->fd, &hdr, NULL, 0, NULL, 0);
}

static int take_command(struct vfu_client *c, struct vfu_sock *sock)
{
	const struct vfu_msg *msg = &sock->rx.msg;
	int err;

	if (msg->hdr.cmd == VFU_DMA_READ || msg->hdr.cmd == VFU_DMA_WRITE)
		err = leat_vfu_serve_dma(c, sock, msg);
	else
		err = leat_vfu_refuse(sock, msg, -EINVAL);
	leat_vfu_rx_next(&sock->rx);
	return err ? die_of(c, sock, err) : 0;
}

/* @call NULL: no reply is awaited. */
static int take_reply(struct vfu_client *c, struct vfu_sock *sock, struct vfu_call *call)
{
	const struct vfu_hdr *hdr = &sock->rx.msg.hdr;

	if (!call || hdr->id != c->last_id || hdr->cmd != call->cmd)
		return leat_vfu_die(c, -EPROTO,
				    "the peer broke the protocol: it answered %s (message %u), which "
				    "was not asked; %s", leat_vfu_cmd_name(hdr->cmd), hdr->id,
				    remedy(c));
	leat_vfu_rx_take(&sock->rx, &call->reply);
	return 0;
}

/*
 * One message off @sock, if a whole one is there. 1: there was, 0: not, or
 * -errno and the connection has ended.
 */
static int take(struct vfu_client *c, struct vfu_sock *sock, struct vfu_call *call)
{
	int got = leat_vfu_rx_feed(&sock->rx, sock->fd);
	int err;

	if (got <= 0)
		return got ? die_of(c, sock, got) : 0;
	switch (sock->rx.msg.hdr.flags & VFU_HDR_TYPE) {
	case VFU_HDR_COMMAND:
		err = take_command(c, sock);
		break;
	case VFU_HDR_REPLY:
		err = take_reply(c, sock, call);
		break;
	default:
		err = leat_vfu_die(c, -EPROTO,
				   "the peer sent garbage: neither command nor reply (flags 0x%x); %s",
				   sock->rx.msg.hdr.flags, remedy(c));
	}
	return err ? err : 1;
}

static bool expired(const struct vfu_client *c, uint64_t deadline)
{
	return leat_ctx_now(c->dev.ctx) >= deadline;
}

/* Until a socket has something, or room for what is kept back; a slice at most. */
static void wait_sockets(const struct vfu_client *c, bool ready[VFU_SOCKS])
{
	struct pollfd p[VFU_SOCKS];

	for (int i = 0; i < VFU_SOCKS; i++) {
		bool kept = leat_vfu_tx_pending(&c->sock[i].tx);

		p[i] = (struct pollfd){ .fd = c->sock[i].fd, .events = kept ? POLLOUT : POLLIN };
	}
	if (poll(p, VFU_SOCKS, WAIT_SLICE_MS) < 0)
		memset(p, 0, sizeof(p));	/* a signal: the clock is looked at, and we wait on */
	for (int i = 0; i < VFU_SOCKS; i++)
		ready[i] = p[i].revents;
}

/* @kept: something has still not left. */
static int flush(struct vfu_client *c, bool *kept)
{
	*kept = false;
	for (int i = 0; i < VFU_SOCKS; i++) {
		int err = leat_vfu_tx_flush(&c->sock[i].tx, c->sock[i].fd);

		if (err == -EAGAIN)
			*kept = true;
		else if (err)
			return die_of(c, &c->sock[i], err);
	}
	return 0;
}

static bool answered(const struct vfu_call *call)
{
	return !call || call->reply.hdr.size;
}

/*
 * Until all is sent and, with @call, answered. A socket with something kept
 * back is not read: an answer to its peer would find no room.
 */
static int settle(struct vfu_client *c, struct vfu_call *call)
{
	uint64_t deadline = leat_ctx_now(c->dev.ctx) +
			    VFU_REPLY_SECONDS * UINT64_C(1000000000);

	for (;;) {
		bool ready[VFU_SOCKS], kept;
		int err = flush(c, &kept);

		if (err)
			return err;
		if (!kept && answered(call))
			return 0;
		wait_sockets(c, ready);
		for (int i = 0; i < VFU_SOCKS; i++) {
			if (!ready[i] || leat_vfu_tx_pending(&c->sock[i].tx))
				continue;
			err = take(c, &c->sock[i], answered(call) ? NULL : call);
			if (err < 0)
				return err;
		}
		if ((kept || !answered(call)) && expired(c, deadline))
			return die_silent(c);
	}
}

static int send_call(struct vfu_client *c, const struct vfu_call *call, uint32_t flags)
{
	struct vfu_sock *sock = &c->sock[VFU_MAIN];
	struct vfu_hdr hdr = { .id = ++c->last_id, .cmd = (uint16_t)call->cmd, .flags = flags };
	bool kept;
	int err;

	c->doing = leat_vfu_cmd_name(call->cmd);
	err = flush(c, &kept);
	if (!err && kept)
		err = settle(c, NULL);
	if (err)
		return err;
	err = leat_vfu_tx_send(&sock->tx, sock->fd, &hdr, call->out, call->nout, call->fds,
			       call->nfds);
	return err ? die_of(c, sock, err) : 0;
}

/* 0 if it is an answer; the peer's error; or the end of the connection. */
static int check_reply(struct vfu_client *c, struct vfu_call *call)
{
	const struct vfu_hdr *hdr = &call->reply.hdr;

	if (hdr->flags & VFU_HDR_ERROR) {
		int err = hdr->error && hdr->error < 4096 ? -(int)hdr->error : -EIO;

		if (!call->quiet)
			leat_fail(c->dev.ctx, err, "%s: the server refused %s%s: %s", c->dev.addr,
				  leat_vfu_cmd_name(call->cmd), call->about, strerror(-err));
		return err;
	}
	if (call->reply.len < call->min_reply)
		return leat_vfu_die(c, -EPROTO,
				    "the peer broke the protocol: %zu bytes in answer to %s, at least "
				    "%zu are due; %s", call->reply.len,
				    leat_vfu_cmd_name(call->cmd), call->min_reply, remedy(c));
	return 0;
}

int leat_vfu_call(struct vfu_client *c, struct vfu_call *call)
{
	int err = -ENODEV;

	leat_vfu_lock(c);
	if (!c->dev.dead)
		err = send_call(c, call, VFU_HDR_COMMAND);
	if (!err)
		err = settle(c, call);
	if (!err)
		err = check_reply(c, call);
	if (err)
		leat_vfu_msg_fini(&call->reply);
	c->doing = NULL;
	leat_vfu_unlock(c);
	return err;
}

int leat_vfu_command(struct vfu_client *c, struct vfu_call *call)
{
	int err = leat_vfu_call(c, call);

	if (!err)
		leat_vfu_msg_fini(&call->reply);
	return err;
}

int leat_vfu_post(struct vfu_client *c, struct vfu_call *call)
{
	int err = -ENODEV;

	leat_vfu_lock(c);
	if (!c->dev.dead)
		err = send_call(c, call, VFU_HDR_COMMAND | VFU_HDR_NO_REPLY);
	if (!err && leat_vfu_tx_pending(&c->sock[VFU_MAIN].tx))
		err = settle(c, NULL);
	c->doing = NULL;
	leat_vfu_unlock(c);
	return err;
}

/* The socket has something between commands. */
static void ready(struct leat_watch *w)
{
	struct vfu_sock *sock = LEAT_CONTAINER_OF(w, struct vfu_sock, watch);
	struct vfu_client *c = sock->client;
	bool dead;
	int n = 0, got = 1;

	/* Held by another thread: it waits for a reply, and takes what comes meanwhile. */
	if (pthread_mutex_trylock(&c->lock))
		return;
	while (got > 0 && n < READY_MAX && !c->dev.dead) {
		got = take(c, sock, NULL);
		if (got > 0 && leat_vfu_tx_pending(&sock->tx))
			got = settle(c, NULL) ? -1 : 1;
		n += got > 0;
	}
	dead = c->dev.dead;
	leat_vfu_unlock(c);

	if (dead)
		leat_vfu_unwatch(c);
	else if (n)
		leat_ctx_hurry(c->dev.ctx);	/* a peer that reaches memory by messages: no naps */
}

int leat_vfu_watch(struct vfu_client *c)
{
	int err = 0;

	for (int i = 0; i < VFU_SOCKS && !err; i++) {
		struct vfu_sock *sock = &c->sock[i];

		if (sock->fd < 0)
			continue;
		sock->watch = (struct leat_watch){ .fd = sock->fd, .ready = ready };
		err = leat_watch_add(c->dev.ctx, &sock->watch);
	}
	return err;
}

void leat_vfu_unwatch(struct vfu_client *c)
{
	for (int i = 0; i < VFU_SOCKS; i++)
		leat_watch_remove(c->dev.ctx, &c->sock[i].watch);
}
