// SPDX-License-Identifier: BSD-3-Clause
/*
 * backend.c - the back end's side.
 */
#include "backend.h"

#include <leat/barrier.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#define EVERYTHING (LEAT_VHOST_P_MQ | LEAT_VHOST_P_REPLY_ACK | LEAT_VHOST_P_NET_MTU | \
		    LEAT_VHOST_P_BACKEND_REQ | LEAT_VHOST_P_CONFIG | \
		    LEAT_VHOST_P_INFLIGHT_SHMFD | LEAT_VHOST_P_RESET_DEVICE | \
		    LEAT_VHOST_P_CONFIGURE_MEM_SLOTS | LEAT_VHOST_P_STATUS)

void backend_init(struct backend *b)
{
	*b = (struct backend){
		.features = VHOST_F_PROTOCOL | VHOST_F_LOG_ALL | F_RING_PACKED | LEAT_BIT64(32),
		.protocol = EVERYTHING | LEAT_BIT64(1) | LEAT_BIT64(63), .queues = 2, .slots = 32,
		.channel = -1, .inflight = -1, .listener = -1, .sock = -1,
	};
	strcpy(b->dir, "/tmp/leat-vhost-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/sock", b->dir);
}

static struct sockaddr_un address(const struct backend *b)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	strcpy(sa.sun_path, b->path);
	return sa;
}

/* ---- messages ---- */

void backend_send(int sock, const void *buf, size_t len, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf, .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		mh.msg_control = control.room;
		mh.msg_controllen = sizeof(control.room);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	(void)sendmsg(sock, &mh, MSG_NOSIGNAL);	/* the front end may have hung up: part of a test */
}

void backend_reply(struct backend *b, const struct backend_msg *msg, const void *data, size_t len,
		   int fd)
{
	uint8_t buf[sizeof(struct vhost_hdr) + VHOST_PAYLOAD_MAX];
	const struct vhost_hdr hdr = {
		.request = msg->hdr.request, .flags = VHOST_VERSION | VHOST_FLAG_REPLY,
		.size = (uint32_t)len,
	};

	memcpy(buf, &hdr, sizeof(hdr));
	if (len)
		memcpy(buf + sizeof(hdr), data, len);
	backend_send(b->sock, buf, sizeof(hdr) + len, fd);
}

static void take_fds(struct backend_msg *msg, struct msghdr *mh)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		msg->nfds = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(msg->fds, CMSG_DATA(c), msg->nfds * sizeof(int));
	}
}

bool backend_receive(int sock, struct backend_msg *msg)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(BACKEND_FDS * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = &msg->hdr, .iov_len = sizeof(msg->hdr) };
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};

	memset(msg, 0, sizeof(*msg));
	if (recvmsg(sock, &mh, MSG_WAITALL | MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(msg->hdr))
		return false;
	take_fds(msg, &mh);
	return !msg->hdr.size || (msg->hdr.size <= sizeof(msg->data) &&
	       recv(sock, msg->data, msg->hdr.size, MSG_WAITALL) == (ssize_t)msg->hdr.size);
}

/* ---- what it does with them ---- */

static void reply64(struct backend *b, const struct backend_msg *msg, uint64_t value)
{
	backend_reply(b, msg, &value, sizeof(value), -1);
}

static void give_inflight(struct backend *b, const struct backend_msg *msg)
{
	struct vhost_inflight answer;

	memcpy(&answer, msg->data, VHOST_INFLIGHT_LEN);
	answer.mmap_size = 4096;
	if (b->inflight >= 0)
		close(b->inflight);
	b->inflight = memfd_create("inflight", MFD_CLOEXEC);
	assert_int_equal(ftruncate(b->inflight, 4096), 0);
	backend_reply(b, msg, &answer, VHOST_INFLIGHT_LEN, b->inflight);
}

static void give_config(struct backend *b, const struct backend_msg *msg)
{
	struct vhost_config c;

	memcpy(&c, msg->data, offsetof(struct vhost_config, data));
	memcpy(c.data, b->config + c.offset, c.size);
	backend_reply(b, msg, &c, offsetof(struct vhost_config, data) + c.size, -1);
}

/* True: it was one that has an answer of its own. */
static bool answer(struct backend *b, struct backend_msg *msg)
{
	switch ((enum vhost_request)msg->hdr.request) {
	case VHOST_GET_FEATURES:
		return reply64(b, msg, b->features), true;
	case VHOST_GET_PROTOCOL_FEATURES:
		return reply64(b, msg, b->protocol), true;
	case VHOST_GET_QUEUE_NUM:
		return reply64(b, msg, b->queues), true;
	case VHOST_GET_MAX_MEM_SLOTS:
		return reply64(b, msg, b->slots), true;
	case VHOST_GET_STATUS:
		return reply64(b, msg, b->status), true;
	case VHOST_GET_VRING_BASE:
		return backend_reply(b, msg, msg->data, msg->hdr.size, -1), true;
	case VHOST_GET_CONFIG:
		return give_config(b, msg), true;
	case VHOST_GET_INFLIGHT_FD:
		return give_inflight(b, msg), true;
	default:
		return false;
	}
}

static void act(struct backend *b, struct backend_msg *msg)
{
	if (answer(b, msg))
		return;
	if (msg->hdr.request == VHOST_SET_BACKEND_REQ_FD)
		b->channel = dup(msg->fds[0]);
	if (msg->hdr.request == VHOST_SET_STATUS)
		b->status = msg->data[0];
	if (msg->hdr.flags & VHOST_FLAG_NEED_REPLY)
		reply64(b, msg, 0);
}

/* To the front end's socket, once it is there. */
static int call_up(const struct backend *b)
{
	struct sockaddr_un sa = address(b);

	for (int i = 0; i < 5000; i++) {
		int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (!connect(sock, (struct sockaddr *)&sa, sizeof(sa)))
			return sock;
		close(sock);
		usleep(1000);
	}
	return -1;
}

static void *run(void *arg)
{
	struct backend *b = arg;

	leat_store_release(&b->sock, b->connects ? call_up(b) : accept(b->listener, NULL, NULL));
	while (b->sock >= 0 && b->nnotes < BACKEND_NOTES) {
		struct backend_msg *msg = &b->note[b->nnotes];
		enum backend_did did = BACKEND_DEFAULT;

		if (!backend_receive(b->sock, msg))
			break;
		leat_store_release(&b->nnotes, b->nnotes + 1);
		if (b->hook)
			did = b->hook(b, msg);
		if (did == BACKEND_HANG_UP)
			break;
		if (did == BACKEND_DEFAULT)
			act(b, msg);
	}
	if (b->sock >= 0)
		shutdown(b->sock, SHUT_RDWR);
	return NULL;
}

/* ---- life ---- */

static void close_noted(struct backend *b)
{
	for (unsigned int i = 0; i < b->nnotes; i++)
		for (unsigned int k = 0; k < b->note[i].nfds; k++)
			close(b->note[i].fds[k]);
	b->nnotes = 0;
	if (b->inflight >= 0)
		close(b->inflight);
	b->inflight = -1;
}

void backend_start(struct backend *b)
{
	struct sockaddr_un sa = address(b);

	close_noted(b);
	b->sock = -1;
	if (!b->connects) {
		unlink(b->path);
		b->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(b->listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
		assert_int_equal(listen(b->listener, 1), 0);
	}
	b->running = true;
	assert_int_equal(pthread_create(&b->thread, NULL, run, b), 0);
}

void backend_stop(struct backend *b)
{
	int sock;

	if (!b->running)
		return;
	if (b->listener >= 0)
		shutdown(b->listener, SHUT_RDWR);
	sock = leat_load_acquire(&b->sock);
	if (sock >= 0)
		shutdown(sock, SHUT_RDWR);
	pthread_join(b->thread, NULL);
	if (b->sock >= 0)
		close(b->sock);
	if (b->listener >= 0)
		close(b->listener);
	if (b->channel >= 0)
		close(b->channel);
	b->sock = b->listener = b->channel = -1;
	b->running = false;
}

void backend_fini(struct backend *b)
{
	backend_stop(b);
	close_noted(b);
	unlink(b->path);
	rmdir(b->dir);
}

/* ---- what came ---- */

unsigned int backend_count(const struct backend *b, enum vhost_request request)
{
	unsigned int notes = leat_load_acquire(&b->nnotes), n = 0;

	for (unsigned int i = 0; i < notes; i++)
		n += b->note[i].hdr.request == (uint32_t)request;
	return n;
}

const struct backend_msg *backend_note(const struct backend *b, enum vhost_request request,
				       unsigned int n)
{
	unsigned int notes = leat_load_acquire(&b->nnotes);

	for (unsigned int i = 0; i < notes; i++)
		if (b->note[i].hdr.request == (uint32_t)request && !n--)
			return &b->note[i];
	fail_msg("request %d did not come", (int)request);
	return NULL;
}

uint32_t backend_state(const struct backend *b, enum vhost_request request, unsigned int n,
		       uint32_t *index)
{
	struct vhost_ring_state state;

	memcpy(&state, backend_note(b, request, n)->data, sizeof(state));
	if (index)
		*index = state.index;
	return state.num;
}
