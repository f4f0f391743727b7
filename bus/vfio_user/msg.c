// SPDX-License-Identifier: BSD-3-Clause
/*
 * msg.c - vfio-user messages over a non-blocking stream socket.
 *
 * The kernel glues neighbouring sends together, but hands out descriptors with
 * the read that takes the byte they are attached to. So each read asks for no
 * more than the present header or payload lacks: one more system call a
 * message, and every descriptor has an owner beyond doubt.
 */
#include "msg.h"

#include "bus/unix/unix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void close_fds(const int *fds, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void leat_vfu_msg_fini(struct vfu_msg *msg)
{
	close_fds(msg->fds, msg->nfds);
	free(msg->payload);
	memset(msg, 0, sizeof(*msg));
}

/* ---- in ---- */

void leat_vfu_rx_init(struct vfu_rx *rx, size_t max_payload)
{
	memset(rx, 0, sizeof(*rx));
	rx->max_payload = max_payload;
}

void leat_vfu_rx_fini(struct vfu_rx *rx)
{
	leat_vfu_msg_fini(&rx->msg);
}

void leat_vfu_rx_next(struct vfu_rx *rx)
{
	leat_vfu_msg_fini(&rx->msg);
	rx->got = 0;
}

void leat_vfu_rx_take(struct vfu_rx *rx, struct vfu_msg *out)
{
	*out = rx->msg;
	memset(&rx->msg, 0, sizeof(rx->msg));
	rx->got = 0;
}

/* Keep what fits, close the rest. */
static void keep_fd(void *arg, int fd)
{
	struct vfu_msg *msg = arg;

	if (fd >= 0 && msg->nfds < VFU_MAX_FDS) {
		msg->fds[msg->nfds++] = fd;
		return;
	}
	close_fds(&fd, 1);
	msg->fds_lost = true;
}

/* The header is there: is it sane, and where does the payload go? */
static int begin_payload(struct vfu_rx *rx)
{
	struct vfu_msg *msg = &rx->msg;

	if (msg->hdr.size < sizeof(msg->hdr) ||
	    msg->hdr.size - sizeof(msg->hdr) > rx->max_payload)
		return -EMSGSIZE;
	msg->len = msg->hdr.size - sizeof(msg->hdr);
	if (!msg->len)
		return 0;
	msg->payload = malloc(msg->len);
	return msg->payload ? 0 : -ENOMEM;
}

int leat_vfu_rx_feed(struct vfu_rx *rx, int sock)
{
	const size_t header = sizeof(rx->msg.hdr);

	for (;;) {
		bool in_header = rx->got < header;
		char *to = in_header ? (char *)&rx->msg.hdr + rx->got
				     : (char *)rx->msg.payload + (rx->got - header);
		size_t want = (in_header ? header : rx->msg.hdr.size) - rx->got;
		ssize_t n = leat_unix_receive(sock, to, want, keep_fd, &rx->msg);
		int err;

		if (n < 0)
			return n == -EAGAIN ? 0 : (int)n;
		rx->got += (size_t)n;
		if (in_header && rx->got == header) {
			err = begin_payload(rx);
			if (err)
				return err;
		}
		if (rx->got >= header && rx->got == rx->msg.hdr.size)
			return 1;
	}
}

/* ---- out ---- */

void leat_vfu_tx_fini(struct vfu_tx *tx)
{
	close_fds(tx->fds, tx->nfds);
	free(tx->fds);
	free(tx->buf);
	memset(tx, 0, sizeof(*tx));
}

/* Descriptors that could not leave yet: the caller may close its own meanwhile. */
static int keep_fds_for_later(struct vfu_tx *tx, const int *fds, unsigned int nfds)
{
	if (!nfds)
		return 0;
	tx->fds = calloc(nfds, sizeof(*tx->fds));
	if (!tx->fds)
		return -ENOMEM;
	for (; tx->nfds < nfds; tx->nfds++) {
		tx->fds[tx->nfds] = fcntl(fds[tx->nfds], F_DUPFD_CLOEXEC, 0);
		if (tx->fds[tx->nfds] < 0)
			return -errno;
	}
	return 0;
}

/* Copy what lies behind the first @sent bytes. */
static int keep_bytes_for_later(struct vfu_tx *tx, const struct iovec *iov, size_t niov,
				size_t sent, size_t total)
{
	tx->buf = malloc(total - sent);
	if (!tx->buf)
		return -ENOMEM;
	for (size_t i = 0; i < niov; i++) {
		size_t skip = sent < iov[i].iov_len ? sent : iov[i].iov_len;
		size_t n = iov[i].iov_len - skip;

		if (n)
			memcpy(tx->buf + tx->len, (const char *)iov[i].iov_base + skip, n);
		tx->len += n;
		sent -= skip;
	}
	return 0;
}

int leat_vfu_tx_send(struct vfu_tx *tx, int sock, struct vfu_hdr *hdr, const struct iovec *payload,
		     unsigned int npieces, const int *fds, unsigned int nfds)
{
	struct iovec iov[1 + VFU_TX_IOV] = { { .iov_base = hdr, .iov_len = sizeof(*hdr) } };
	size_t total = sizeof(*hdr);
	ssize_t n;
	int err;

	if (npieces > VFU_TX_IOV || nfds > VFU_MAX_FDS)
		return -EINVAL;
	err = leat_vfu_tx_flush(tx, sock);
	if (err)
		return err;
	for (unsigned int i = 0; i < npieces; i++) {
		iov[1 + i] = payload[i];
		total += payload[i].iov_len;
	}
	hdr->size = (uint32_t)total;

	n = leat_unix_send(sock, iov, 1 + npieces, fds, nfds);
	if (n < 0 && n != -EAGAIN)
		return (int)n;
	if (n == -EAGAIN) {
		err = keep_fds_for_later(tx, fds, nfds);
		n = 0;
	}
	if (!err && (size_t)n < total)
		err = keep_bytes_for_later(tx, iov, 1 + npieces, (size_t)n, total);
	if (err)
		leat_vfu_tx_fini(tx);
	return err;
}

int leat_vfu_tx_flush(struct vfu_tx *tx, int sock)
{
	while (leat_vfu_tx_pending(tx)) {
		struct iovec iov = { .iov_base = tx->buf + tx->done, .iov_len = tx->len - tx->done };
		ssize_t n = leat_unix_send(sock, &iov, 1, tx->fds, tx->done ? 0 : tx->nfds);

		if (n < 0)
			return (int)n;
		tx->done += (size_t)n;
	}
	if (tx->len)
		leat_vfu_tx_fini(tx);
	return 0;
}
