// SPDX-License-Identifier: BSD-3-Clause
/*
 * link.c - the connection: noticed to be gone, made again.
 *
 * As a client we look ten times a second whether somebody listens again, as a server
 * whether somebody has connected. Each time that a connection comes to nothing the next
 * try is put off further, since a back end that hangs costs the control thread its patience.
 */
#include "state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_NS	UINT64_C(100000000)
#define RETRY_SHIFT_MAX 8		/* times 256: half a minute */

/* ---- ends ---- */

static void close_socks(struct vhost *v)
{
	leat_watch_remove(v->dev.ctx, &v->sock_watch);
	leat_watch_remove(v->dev.ctx, &v->back_watch);
	if (v->sock >= 0)
		close(v->sock);
	if (v->back >= 0)
		close(v->back);
	v->sock = v->back = -1;
	leat_vhost_rx_reset(&v->rx);
	leat_vhost_rx_reset(&v->back_rx);
	v->nowed = 0;
	v->mem_told = false;
}

void leat_vhost_changed(struct vhost *v)
{
	if (v->config_fd >= 0)
		leat_eventfd_signal(v->config_fd);
}

static void wait_for_back_end(struct vhost *v);

int leat_vhost_drop(struct vhost *v, int err, const char *fmt, ...)
{
	char why[LEAT_ERROR_LEN];
	va_list args;

	if (v->sock < 0)
		return err;
	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	if (!v->open)
		leat_fail(v->dev.ctx, err, "%s: %s", v->dev.addr, why);
	else if (!v->mourned)
		leat_log(v->dev.ctx, LEAT_LOG_WARNING, "%s: %s: the link is down until it %s",
			 v->dev.addr, why, v->at.server ? "connects again" : "listens again");
	v->mourned = true;
	close_socks(v);
	if (v->connected) {
		v->connected = false;
		leat_vhost_changed(v);
	}
	if (v->open)
		wait_for_back_end(v);
	return err;
}

/* ---- while it is there ---- */

static void sock_ready(struct leat_watch *w)
{
	struct vhost *v = LEAT_CONTAINER_OF(w, struct vhost, sock_watch);
	int got;

	if (v->nowed) {
		(void)leat_vhost_settle(v);	/* says itself what went wrong */
		return;
	}
	got = leat_vhost_rx_feed(&v->rx, v->sock);
	if (got == -ENOTCONN)
		leat_vhost_drop(v, got, "the back end closed the connection");
	else if (got)
		leat_vhost_drop(v, -EPROTO, "the back end broke the protocol: it sent what nobody "
				"asked for");
}

static void back_ready(struct leat_watch *w)
{
	(void)leat_vhost_serve(LEAT_CONTAINER_OF(w, struct vhost, back_watch));
}

static int watch_socks(struct vhost *v)
{
	int err;

	v->sock_watch = (struct leat_watch){ .fd = v->sock, .ready = sock_ready };
	err = leat_watch_add(v->dev.ctx, &v->sock_watch);
	if (err || v->back < 0)
		return err;
	v->back_watch = (struct leat_watch){ .fd = v->back, .ready = back_ready };
	return leat_watch_add(v->dev.ctx, &v->back_watch);
}

/* ---- a new one ---- */

/* Somebody is there: does it know what is in use, and does it take it? */
static int resume(struct vhost *v)
{
	int err = leat_vhost_hello(v);

	if (err)
		return err;
	if (v->features & ~v->offer.features)
		return leat_fail(v->dev.ctx, -ENOTSUP, "%s: the back end came back without features "
				 "that are in use (0x%llx): open the port anew", v->dev.addr,
				 (unsigned long long)(v->features & ~v->offer.features));
	return v->running ? leat_vhost_bring_up(v) : 0;
}

static void greet(struct vhost *v, int fd)
{
	int err;

	leat_watch_remove(v->dev.ctx, &v->retry);
	v->sock = fd;
	v->silent++;
	err = resume(v);
	if (!err)
		err = watch_socks(v);
	if (err) {
		/* What only a new start can mend. */
		if (v->running && v->silent == 1 && err == -ENOTSUP && v->dev.event)
			v->dev.event(&v->dev, LEAT_EVENT_ERROR);
		leat_vhost_drop(v, err, "the back end cannot be resumed: %s", strerror(-err));
		return;
	}
	v->silent = 0;
	v->mourned = false;
	v->connected = true;
	leat_log(v->dev.ctx, LEAT_LOG_INFO, "%s: the back end is back", v->dev.addr);
	leat_vhost_changed(v);
}

static void try_connect(struct leat_watch *w)
{
	struct vhost *v = LEAT_CONTAINER_OF(w, struct vhost, retry);
	int fd = leat_unix_connect(v->at.path, 0);

	if (fd >= 0)
		greet(v, fd);
}

static void try_accept(struct leat_watch *w)
{
	struct vhost *v = LEAT_CONTAINER_OF(w, struct vhost, retry);
	int fd = accept4(v->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0)
		greet(v, fd);
}

/* By ticks also as a server: so the pause between two tries is kept. */
static void wait_for_back_end(struct vhost *v)
{
	leat_watch_remove(v->dev.ctx, &v->retry);
	v->retry = (struct leat_watch){
		.fd = -1, .tick = v->at.server ? try_accept : try_connect,
		.period_ns = RETRY_NS << LEAT_MIN(v->silent, RETRY_SHIFT_MAX),
	};
	(void)leat_watch_add(v->dev.ctx, &v->retry);	/* cannot fail without a descriptor */
}

/* ---- open and close ---- */

int leat_vhost_link_watch(struct vhost *v)
{
	return watch_socks(v);
}

void leat_vhost_link_close(struct vhost *v)
{
	leat_watch_remove(v->dev.ctx, &v->retry);
	close_socks(v);
	leat_unix_unlisten(&v->listener);
}

void leat_vhost_link_forget(struct vhost *v)
{
	if (v->sock >= 0)
		close(v->sock);
	if (v->back >= 0)
		close(v->back);
	if (v->listener.fd >= 0)
		close(v->listener.fd);
}
