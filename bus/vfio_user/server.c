// SPDX-License-Identifier: BSD-3-Clause
/*
 * server.c - a vfio-user server: its life, its clients, its loop.
 *
 * One epoll set holds the listener, the client's socket, an eventfd for work
 * that no socket shows, and a timer. While a client is there the listener is
 * not watched: the next one waits in its backlog, so that a driver restarted
 * after a crash is served as soon as the kernel has closed the old socket. The
 * timer bounds how long somebody who never negotiates may keep it waiting.
 * Nothing here blocks: a reply that the client does not take is kept, and no
 * further command of its is read until it does.
 */
#include "server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define ROUND_MAX 256			/* commands of one client before others get a turn */
#define REPLY_NS  UINT64_C(2000000000)	/* a client slower to hand out its memory is gone */
#define RETRY_NS  UINT64_C(100000000)	/* until a client is accepted again, where that failed */
#define HELLO_NS  UINT64_C(3000000000)	/* one slower to say its VERSION is no vfio-user client */

/* ---- saying ---- */

static void say(struct leat_server *srv, enum leat_log_level level, const char *text)
{
	if (level == LEAT_LOG_ERROR)
		snprintf(srv->error, sizeof(srv->error), "%s", text);
	if (srv->log && level <= srv->log_level)
		srv->log(srv->log_arg, level, text);
}

static void LEAT_PRINTF(4, 0)
say_about(struct leat_server *srv, enum leat_log_level level, const char *what,
		      const char *fmt, va_list ap)
{
	char text[LEAT_ERROR_LEN];
	int n = snprintf(text, sizeof(text), "vfio-user server%s%s: %s",
			 srv->at.path[0] ? " " : "", srv->at.path, what);

	if (n > 0 && (size_t)n < sizeof(text))
		vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	say(srv, level, text);
}

void leat_srv_log(struct leat_server *srv, enum leat_log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_about(srv, level, "", fmt, ap);
	va_end(ap);
}

int leat_srv_fail(struct leat_server *srv, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_about(srv, LEAT_LOG_ERROR, "", fmt, ap);
	va_end(ap);
	return err;
}

void leat_srv_doom(struct leat_server *srv, enum leat_log_level level, const char *fmt, ...)
{
	va_list ap;

	if (srv->doomed)
		return;
	srv->doomed = true;
	leat_srv_wake(srv);
	va_start(ap, fmt);
	say_about(srv, level, "the client ", fmt, ap);
	va_end(ap);
}

void leat_srv_wake(struct leat_server *srv)
{
	const uint64_t one = 1;

	if (write(srv->wake, &one, sizeof(one)) < 0)
		return;			/* full: it is readable already */
}

/* What a model makes of memory that is gone is no news: why the client is dropped is said once. */
static void mdev_log(struct leat_mdev *mdev, enum leat_log_level level, const char *message)
{
	struct leat_server *srv = mdev->host_arg;

	if (!srv->doomed && !srv->lost_pages)
		say(srv, level, message);
}

static const struct leat_model_host host = {
	.raise = leat_srv_irq_raise,
	.pending = leat_srv_irq_pending,
	.dma = leat_srv_dma,
	.busy = leat_srv_dma_busy,
	.log = mdev_log,
};

/* ---- watching ---- */

static int watch(struct leat_server *srv, int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return epoll_ctl(srv->epoll, op, fd, &ev) ? -errno : 0;
}

static int watch_init(struct leat_server *srv)
{
	srv->epoll = epoll_create1(EPOLL_CLOEXEC);
	srv->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	srv->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (srv->epoll < 0 || srv->wake < 0 || srv->timer < 0)
		return leat_srv_fail(srv, -errno, "epoll, eventfd or timerfd: %s", strerror(errno));
	if (watch(srv, EPOLL_CTL_ADD, srv->wake, EPOLLIN) ||
	    watch(srv, EPOLL_CTL_ADD, srv->timer, EPOLLIN) ||
	    watch(srv, EPOLL_CTL_ADD, srv->at.fd, EPOLLIN))
		return leat_srv_fail(srv, -errno, "epoll_ctl: %s", strerror(errno));
	return 0;
}

static void unwake(struct leat_server *srv)
{
	uint64_t count;

	if (read(srv->wake, &count, sizeof(count)) < 0)
		return;			/* it was not set */
}

void leat_srv_set_timer(struct leat_server *srv, uint64_t ns)
{
	const struct itimerspec in = {
		.it_value = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) },
	};

	timerfd_settime(srv->timer, 0, &in, NULL);	/* fails for wrong arguments only */
}

static bool time_is_up(struct leat_server *srv)
{
	uint64_t count;

	return read(srv->timer, &count, sizeof(count)) == (ssize_t)sizeof(count);
}

/* Is anything waiting? */
static bool look(struct leat_server *srv)
{
	struct epoll_event ev[4];
	int n = epoll_wait(srv->epoll, ev, 4, 0);

	for (int i = 0; i < n; i++)
		if (ev[i].data.fd == srv->wake)
			unwake(srv);
	return n > 0;
}

/* ---- a client comes and goes ---- */

static void link_init(struct srv_link *link, int fd)
{
	link->fd = fd;
	leat_vfu_rx_init(&link->rx, VFU_MAX_PAYLOAD);
}

static void link_fini(struct srv_link *link)
{
	leat_vfu_rx_fini(&link->rx);
	leat_vfu_tx_fini(&link->tx);
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

/* Out of descriptors: whoever waits keeps the listener readable, so look away for a while. */
static void accept_failed(struct leat_server *srv, int err)
{
	if (err == EAGAIN || err == ECONNABORTED || err == EINTR) {
		watch(srv, EPOLL_CTL_MOD, srv->at.fd, EPOLLIN);
		leat_srv_set_timer(srv, 0);
		return;
	}
	if (!srv->accept_failing)
		leat_srv_log(srv, LEAT_LOG_ERROR, "cannot accept a client: %s (raise ulimit -n?)",
			     strerror(err));
	srv->accept_failing = true;
	watch(srv, EPOLL_CTL_MOD, srv->at.fd, 0);
	leat_srv_set_timer(srv, RETRY_NS);
}

static bool accept_client(struct leat_server *srv)
{
	int fd = accept4(srv->at.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		accept_failed(srv, errno);
		return false;
	}
	srv->accept_failing = false;
	if (watch(srv, EPOLL_CTL_ADD, fd, EPOLLIN)) {
		accept_failed(srv, errno);
		close(fd);
		return false;
	}
	watch(srv, EPOLL_CTL_MOD, srv->at.fd, 0);
	leat_srv_set_timer(srv, srv->hello_ns);
	link_init(&srv->main, fd);
	srv->main.events = EPOLLIN;
	link_init(&srv->twin, -1);
	leat_vfu_caps_default(&srv->caps);
	return true;
}

static void drop_queue(struct leat_server *srv)
{
	struct vfu_msg msg;

	while (leat_srv_dequeue(srv, &msg))
		leat_vfu_msg_fini(&msg);
}

/* The model lets go of the memory before it is unmapped. */
static void drop_client(struct leat_server *srv)
{
	if (srv->main.fd < 0)
		return;
	srv->doomed = true;		/* no DMA by messages any more */
	if (srv->negotiated)
		leat_mdev_detach(srv->mdev);
	leat_srv_map_release(srv);
	leat_srv_irq_release(srv);
	drop_queue(srv);
	link_fini(&srv->twin);
	link_fini(&srv->main);
	watch(srv, EPOLL_CTL_MOD, srv->at.fd, EPOLLIN);
	leat_srv_set_timer(srv, 0);
	srv->negotiated = false;
	srv->doomed = false;
	srv->unanswered = 0;
	srv->lost_pages = 0;
	unwake(srv);
}

/* ---- serving ---- */

static void send_reply(struct leat_server *srv, const struct vfu_hdr *cmd, int err,
		       const struct srv_reply *reply)
{
	struct vfu_hdr hdr = { .id = cmd->id, .cmd = cmd->cmd, .flags = VFU_HDR_REPLY };
	const struct iovec iov = { .iov_base = (void *)(uintptr_t)reply->data,
				   .iov_len = reply->len };
	bool data = !err && reply->len;

	if (err) {
		hdr.flags |= VFU_HDR_ERROR;
		hdr.error = (uint32_t)-err;
	}
	err = leat_vfu_tx_send(&srv->main.tx, srv->main.fd, &hdr, &iov, data ? 1 : 0,
			       &reply->fd, data && reply->fd >= 0 ? 1 : 0);
	if (err)
		leat_srv_doom(srv, LEAT_LOG_INFO, "does not take its answer: %s", strerror(-err));
}

static void answer(struct leat_server *srv, struct vfu_msg *msg)
{
	struct srv_reply reply = { .fd = -1, .own_fd = -1 };	/* and zeroed room */
	bool owed = !(msg->hdr.flags & VFU_HDR_NO_REPLY);
	int err;

	srv->owed += owed;
	err = leat_srv_execute(srv, msg, &reply);
	srv->owed -= owed;
	srv->stats.messages++;
	if (err)
		srv->stats.refused++;
	if (owed)
		send_reply(srv, &msg->hdr, err, &reply);
	free(reply.heap);
	if (reply.own_fd >= 0)
		close(reply.own_fd);
}

/*
 * A header that claims too much or too little is answered and its payload not
 * awaited: who lies about the size will hardly send it.
 */
static void refuse_size(struct leat_server *srv)
{
	const struct srv_reply none = { .fd = -1 };
	const struct vfu_hdr hdr = srv->main.rx.msg.hdr;

	leat_vfu_rx_next(&srv->main.rx);
	srv->stats.messages++;
	srv->stats.refused++;
	if (!(hdr.flags & VFU_HDR_NO_REPLY))
		send_reply(srv, &hdr, -EINVAL, &none);
}

static void reading_failed(struct leat_server *srv, int err)
{
	if (err == -ENOTCONN)
		leat_srv_doom(srv, srv->negotiated ? LEAT_LOG_INFO : LEAT_LOG_DEBUG, "left");
	else
		leat_srv_doom(srv, LEAT_LOG_WARNING, "cannot be read from: %s; dropped",
			      strerror(-err));
}

/* One command, from the queue first. True if there was one. */
static bool serve_one(struct leat_server *srv)
{
	struct vfu_msg msg;
	int r;

	if (!leat_srv_dequeue(srv, &msg)) {
		r = leat_vfu_rx_feed(&srv->main.rx, srv->main.fd);
		if (r == -EMSGSIZE) {
			refuse_size(srv);
			return true;
		}
		if (r < 0)
			reading_failed(srv, r);
		if (r <= 0)
			return false;
		leat_vfu_rx_take(&srv->main.rx, &msg);
	}
	if (!leat_srv_late_reply(srv, &msg))
		answer(srv, &msg);
	leat_vfu_msg_fini(&msg);
	return true;
}

static bool flush(struct leat_server *srv)
{
	int err = leat_vfu_tx_flush(&srv->main.tx, srv->main.fd);

	if (err && err != -EAGAIN)
		leat_srv_doom(srv, LEAT_LOG_INFO, "does not take its answer: %s", strerror(-err));
	return !err;
}

/* Have the epoll set show what the client is waited for. */
static void wait_for_client(struct leat_server *srv)
{
	bool full = leat_vfu_tx_pending(&srv->main.tx);
	uint32_t events = full ? EPOLLOUT : EPOLLIN;

	if (events != srv->main.events)
		watch(srv, EPOLL_CTL_MOD, srv->main.fd, events);
	srv->main.events = events;
	if (srv->queue && !full)
		leat_srv_wake(srv);
}

/* Bytes that trickle in are no excuse: others wait for the place. */
static void check_hello(struct leat_server *srv)
{
	if (srv->negotiated || !time_is_up(srv))
		return;
	leat_srv_doom(srv, LEAT_LOG_WARNING, "sent no VERSION within %.3g s (is it one of vfio-user?); "
		      "dropped", (double)srv->hello_ns / 1e9);
}

static unsigned int serve(struct leat_server *srv)
{
	unsigned int n = 0;

	if (srv->lost_pages)
		leat_srv_doom(srv, LEAT_LOG_WARNING, "shrank memory that it had passed; dropped");
	while (!srv->doomed && flush(srv) && n < ROUND_MAX && serve_one(srv))
		n++;
	check_hello(srv);
	if (srv->doomed) {
		drop_client(srv);
		return n;
	}
	wait_for_client(srv);
	return n;
}

/* ---- the public part ---- */

static struct leat_server *alloc_server(const struct leat_server_config *cfg)
{
	struct leat_server *srv = calloc(1, sizeof(*srv));

	if (!srv)
		return NULL;
	srv->epoll = srv->at.fd = srv->wake = srv->timer = -1;
	srv->main.fd = srv->twin.fd = -1;
	srv->queue_end = &srv->queue;
	srv->reply_ns = REPLY_NS;
	srv->hello_ns = HELLO_NS;
	srv->log = cfg->log;
	srv->log_arg = cfg->log_arg;
	srv->log_level = cfg->log_level;
	return srv;
}

static int open_mdev(struct leat_server *srv, const struct leat_server_config *cfg)
{
	char name[sizeof(srv->mdev->name)];
	int err;

	snprintf(name, sizeof(name), "%s %s", cfg->model->name, cfg->path);
	err = leat_mdev_create(cfg->model, cfg->opts, name, &host, srv, cfg->wire, &srv->mdev);
	if (err && !srv->error[0])
		return leat_srv_fail(srv, err, "cannot make the model %s: %s", cfg->model->name,
				     strerror(-err));
	if (err)
		return err;
	err = leat_srv_irq_init(srv);
	if (err && cfg->wire) {		/* it stays the caller's */
		cfg->wire->nic = NULL;
		srv->mdev->wire = NULL;
	}
	return err;
}

int leat_server_open(struct leat_server_config *cfg, struct leat_server **out)
{
	struct leat_server *srv = alloc_server(cfg);
	int err;

	cfg->error[0] = '\0';
	if (!srv) {
		snprintf(cfg->error, sizeof(cfg->error), "no memory for a vfio-user server");
		return -ENOMEM;
	}
	err = leat_srv_listen(srv, cfg->path);
	if (!err)
		err = watch_init(srv);
	if (!err)
		err = open_mdev(srv, cfg);
	if (err) {
		snprintf(cfg->error, sizeof(cfg->error), "%s", srv->error);
		leat_server_close(srv);
		return err;
	}
	*out = srv;
	return 0;
}

void leat_server_close(struct leat_server *srv)
{
	if (!srv)
		return;
	drop_client(srv);
	leat_srv_unlisten(srv);
	leat_srv_irq_fini(srv);
	leat_mdev_destroy(srv->mdev);
	if (srv->timer >= 0)
		close(srv->timer);
	if (srv->wake >= 0)
		close(srv->wake);
	if (srv->epoll >= 0)
		close(srv->epoll);
	free(srv);
}

int leat_server_fd(const struct leat_server *srv)
{
	return srv->epoll;
}

unsigned int leat_server_poll(struct leat_server *srv)
{
	unsigned int n = 0;

	if (!look(srv))
		return 0;
	if (srv->main.fd >= 0)
		n = serve(srv);
	if (srv->main.fd < 0 && accept_client(srv))
		n += serve(srv);
	return n;
}

struct leat_mdev *leat_server_mdev(struct leat_server *srv)
{
	return srv->mdev;
}

void leat_server_stats(const struct leat_server *srv, struct leat_server_stats *out)
{
	*out = srv->stats;
	out->maps = srv->nmaps;
	out->connected = srv->negotiated;
}
