// SPDX-License-Identifier: BSD-3-Clause
/*
 * hello.c - the first words: what the back end can, and what of it we take.
 */
#include "state.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Protocol features that we know how to use. */
#define PROTOCOL (LEAT_VHOST_P_MQ | LEAT_VHOST_P_REPLY_ACK | LEAT_VHOST_P_NET_MTU | \
		  LEAT_VHOST_P_BACKEND_REQ | LEAT_VHOST_P_CONFIG | LEAT_VHOST_P_INFLIGHT_SHMFD | \
		  LEAT_VHOST_P_RESET_DEVICE | LEAT_VHOST_P_CONFIGURE_MEM_SLOTS | \
		  LEAT_VHOST_P_STATUS)

/* A channel for its own requests: both ends are made here, one goes over. */
static int give_channel(struct vhost *v)
{
	struct vhost_call call = { .request = VHOST_SET_BACKEND_REQ_FD, .nfds = 1 };
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		return leat_vhost_drop(v, -errno, "socketpair: %s", strerror(errno));
	call.fds = &pair[1];
	v->back = pair[0];
	err = leat_vhost_call(v, &call);
	close(pair[1]);
	return err;
}

static int ask_queues(struct vhost *v)
{
	uint64_t n;
	int err = leat_vhost_get64(v, VHOST_GET_QUEUE_NUM, &n);

	if (err)
		return err;
	if (!n)
		return leat_vhost_drop(v, -EPROTO, "GET_QUEUE_NUM: the back end has no queues");
	v->offer.queues = (unsigned int)LEAT_MIN(n, (uint64_t)LEAT_VHOST_RINGS_MAX);
	return 0;
}

static int ask_slots(struct vhost *v)
{
	uint64_t n;
	int err = leat_vhost_get64(v, VHOST_GET_MAX_MEM_SLOTS, &n);

	if (!err)
		v->slots = (unsigned int)LEAT_MIN(n, (uint64_t)VHOST_SEGS_MAX);
	return err;
}

static int protocol(struct vhost *v)
{
	uint64_t offered;
	int err = leat_vhost_get64(v, VHOST_GET_PROTOCOL_FEATURES, &offered);

	if (err)
		return err;
	offered &= PROTOCOL;
	/* A change of configuration is all that it could ask for. */
	if (!(offered & LEAT_VHOST_P_CONFIG))
		offered &= ~LEAT_VHOST_P_BACKEND_REQ;
	err = leat_vhost_set64(v, VHOST_SET_PROTOCOL_FEATURES, offered);
	v->offer.protocol = offered;
	if (!err && vhost_has(v, LEAT_VHOST_P_MQ))
		err = ask_queues(v);
	if (!err && vhost_has(v, LEAT_VHOST_P_CONFIGURE_MEM_SLOTS))
		err = ask_slots(v);
	if (!err && vhost_has(v, LEAT_VHOST_P_BACKEND_REQ))
		err = give_channel(v);
	return err;
}

int leat_vhost_hello(struct vhost *v)
{
	const struct vhost_call owner = { .request = VHOST_SET_OWNER };
	uint64_t features;
	int err;

	v->offer = (struct leat_vhost_offer){
		.queues = 1, .features = v->offer.features, .has_mac = v->at.has_mac,
	};
	memcpy(v->offer.mac, v->at.mac, sizeof(v->offer.mac));
	v->slots = VHOST_REGIONS_MAX;
	v->mem_told = false;
	err = leat_vhost_get64(v, VHOST_GET_FEATURES, &features);
	if (err)
		return err;
	v->offer.features = features & ~(VHOST_F_PROTOCOL | VHOST_F_LOG_ALL | v->at.masked);
	v->protocol = features & VHOST_F_PROTOCOL;
	if (v->protocol)
		err = protocol(v);
	if (!err)
		err = leat_vhost_call(v, &owner);
	return err ? err : leat_vhost_settle(v);
}
