// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_dma.c - memory that is reached by messages: DMA_READ, DMA_WRITE.
 *
 * The model wants its bytes now, so this is the one place that waits for the
 * client, for a bounded time. Commands that come meanwhile are queued and
 * executed afterwards in their order. With a twin socket nothing but replies
 * comes there, and the queue stays empty.
 *
 * A client may do nothing for us until its own question is answered (QEMU holds
 * the lock that DMA needs while a register is read). So waiting ends when there
 * is such a question: a read is put off, -EAGAIN to the model; a write is posted,
 * as it is on a PCI bus. Their replies come later and are only counted: replies
 * are in the order of commands. Interrupts wait until all have come.
 */
#include "server.h"

#include <leat/bits.h>
#include <leat/clock.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_QUEUED	 4096		/* commands, */
#define MAX_QUEUED_BYTES (4u << 20)	/* and their payload: more is an attack */
#define MAX_ERRNO	 4095

/* One exchange: what was sent, and where the answer's data goes. */
struct exchange {
	struct vfu_hdr	hdr;
	struct vfu_dma_access req;
	char		*buf;		/* data to write, or room for data read */
	bool		write;
};

/* ---- commands that come while we wait ---- */

static int enqueue(struct leat_server *srv)
{
	struct srv_queued *q;

	if (srv->queued == MAX_QUEUED || srv->queued_bytes > MAX_QUEUED_BYTES)
		return -ENOBUFS;
	q = malloc(sizeof(*q));
	if (!q)
		return -ENOMEM;
	leat_vfu_rx_take(&srv->main.rx, &q->msg);
	q->next = NULL;
	*srv->queue_end = q;
	srv->queue_end = &q->next;
	srv->queued++;
	srv->queued_bytes += q->msg.len;
	srv->owed += !(q->msg.hdr.flags & VFU_HDR_NO_REPLY);
	leat_srv_wake(srv);
	return 0;
}

bool leat_srv_dequeue(struct leat_server *srv, struct vfu_msg *msg)
{
	struct srv_queued *q = srv->queue;

	if (!q)
		return false;
	srv->queue = q->next;
	if (!srv->queue)
		srv->queue_end = &srv->queue;
	srv->queued--;
	srv->queued_bytes -= q->msg.len;
	srv->owed -= !(q->msg.hdr.flags & VFU_HDR_NO_REPLY);
	*msg = q->msg;
	free(q);
	return true;
}

/* ---- replies ---- */

static void answered(struct leat_server *srv)
{
	if (!--srv->unanswered)
		leat_srv_irq_let_go(srv);
}

/* A reply to the first of several commands of ours: whoever sent it did not wait. */
static bool is_late(const struct leat_server *srv, const struct vfu_msg *msg)
{
	return (msg->hdr.flags & VFU_HDR_TYPE) == VFU_HDR_REPLY && srv->unanswered &&
	       msg->hdr.id == (uint16_t)(srv->dma_id - srv->unanswered);
}

bool leat_srv_late_reply(struct leat_server *srv, const struct vfu_msg *msg)
{
	if (!is_late(srv, msg))
		return false;
	answered(srv);
	return true;
}

/* ---- one exchange ---- */

/* 1: the reply to our latest command is in link->rx. 0: not yet. */
static int receive_reply(struct leat_server *srv, struct srv_link *link)
{
	for (;;) {
		int r = leat_vfu_rx_feed(&link->rx, link->fd);

		if (r <= 0)
			return r;
		if (srv->unanswered > 1 && is_late(srv, &link->rx.msg)) {
			answered(srv);
			leat_vfu_rx_next(&link->rx);
			continue;
		}
		if ((link->rx.msg.hdr.flags & VFU_HDR_TYPE) == VFU_HDR_REPLY)
			return 1;
		if (link != &srv->main)
			return -EPROTO;
		r = enqueue(srv);
		if (r)
			return r;
	}
}

/* Room to send in (@events has POLLOUT) or bytes to read, until @deadline. */
static int wait_for(const struct srv_link *link, short events, uint64_t deadline)
{
	struct pollfd p = { .fd = link->fd, .events = events };
	uint64_t now = leat_now_ns();
	int r;

	if (now >= deadline)
		return -ETIMEDOUT;
	r = poll(&p, 1, (int)((deadline - now) / 1000000) + 1);
	return r < 0 && errno != EINTR ? -errno : 0;
}

/* Does the client on @link wait for an answer of ours, and may do nothing until it comes? */
static bool is_waited_for(const struct leat_server *srv, const struct srv_link *link)
{
	return link == &srv->main && srv->owed;
}

/* Send the command and wait until its reply is in link->rx. -EBUSY: sent, but cannot wait. */
static int converse(struct leat_server *srv, struct srv_link *link, struct exchange *x)
{
	const struct iovec iov[2] = {
		{ .iov_base = &x->req, .iov_len = sizeof(x->req) },
		{ .iov_base = x->buf, .iov_len = x->req.count },
	};
	uint64_t deadline = leat_now_ns() + srv->reply_ns;
	bool sent = false;

	for (;;) {
		int err = sent ? leat_vfu_tx_flush(&link->tx, link->fd)
			       : leat_vfu_tx_send(&link->tx, link->fd, &x->hdr, iov,
						  x->write ? 2 : 1, NULL, 0);

		sent = sent || !err;
		if (err && err != -EAGAIN)
			return err;
		err = receive_reply(srv, link);
		if (err)
			return err > 0 ? 0 : err;
		if (sent && is_waited_for(srv, link))
			return -EBUSY;
		err = wait_for(link, leat_vfu_tx_pending(&link->tx) ? POLLIN | POLLOUT : POLLIN,
			       deadline);
		if (err)
			return err;
	}
}

/* The client's own error, or whether its answer is one to our question. Some numbers mean more here. */
static int check_reply(const struct exchange *x, const struct vfu_msg *msg)
{
	const struct vfu_dma_access *ans = msg->payload;
	uint32_t error = msg->hdr.error;

	if (msg->hdr.id != x->hdr.id || msg->hdr.cmd != x->hdr.cmd)
		return -EPROTO;
	if (msg->hdr.flags & VFU_HDR_ERROR)
		return error && error <= MAX_ERRNO && error != EPROTO && error != EAGAIN ?
		       -(int)error : -EIO;
	/* The specification prints a count of 4 bytes in the reply to a write; nobody sends that. */
	if (msg->len < sizeof(*ans) || ans->addr != x->req.addr || ans->count != x->req.count)
		return -EPROTO;
	return x->write || msg->len == sizeof(*ans) + x->req.count ? 0 : -EPROTO;
}

static void no_answer(struct leat_server *srv, const struct exchange *x, int err)
{
	if (err == -ENOTCONN)
		leat_srv_doom(srv, LEAT_LOG_INFO, "left");
	else
		leat_srv_doom(srv, LEAT_LOG_WARNING, "was asked for its memory at %#llx: %s; "
			      "dropped", (unsigned long long)x->req.addr, strerror(-err));
}

static int exchange(struct leat_server *srv, struct exchange *x)
{
	struct srv_link *link = srv->twin.fd >= 0 ? &srv->twin : &srv->main;
	const struct vfu_dma_access *ans;
	int err;

	if (!x->write && is_waited_for(srv, link))
		return -EAGAIN;
	x->hdr.id = srv->dma_id++;
	srv->unanswered++;
	srv->stats.dma_messages++;
	err = converse(srv, link, x);
	if (err == -EBUSY)
		return x->write ? 0 : -EAGAIN;
	if (err) {
		no_answer(srv, x, err);
		return -EIO;
	}
	err = check_reply(x, &link->rx.msg);
	ans = link->rx.msg.payload;
	if (err == -EPROTO)
		leat_srv_doom(srv, LEAT_LOG_WARNING, "answered a DMA %s at %#llx with something "
			      "else; dropped", x->write ? "write" : "read",
			      (unsigned long long)x->req.addr);
	else if (!err && !x->write)
		memcpy(x->buf, ans + 1, x->req.count);
	leat_vfu_rx_next(&link->rx);
	answered(srv);
	return err;
}

static int by_messages(struct leat_server *srv, uint64_t iova, char *buf, size_t len, bool write)
{
	size_t most = (size_t)LEAT_MIN(srv->caps.max_xfer, (uint64_t)VFU_MAX_XFER);
	int err = 0;

	while (len && !err) {
		size_t n = LEAT_MIN(len, most);
		struct exchange x = {
			.hdr = { .cmd = write ? VFU_DMA_WRITE : VFU_DMA_READ },
			.req = { .addr = iova, .count = n }, .buf = buf, .write = write,
		};

		err = exchange(srv, &x);
		iova += n;
		buf += n;
		len -= n;
	}
	return err;
}

static int by_file(int fd, uint64_t off, char *buf, size_t len, bool write)
{
	while (len) {
		ssize_t n = write ? pwrite(fd, buf, len, (off_t)off) : pread(fd, buf, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EFAULT;	/* the file got shorter */
		buf += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int leat_srv_dma(struct leat_mdev *mdev, uint64_t iova, void *buf, size_t len, bool write)
{
	struct leat_server *srv = mdev->host_arg;
	const struct srv_map *m = leat_srv_map_find(srv, iova);

	if (!m || srv->doomed)
		return -EIO;
	if (m->fd >= 0)
		return by_file(m->fd, m->offset + (iova - m->iova), buf, len, write);
	return by_messages(srv, iova, buf, len, write);
}

bool leat_srv_dma_busy(struct leat_mdev *mdev)
{
	const struct leat_server *srv = mdev->host_arg;

	return srv->unanswered > 0;
}
