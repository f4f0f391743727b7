// SPDX-License-Identifier: BSD-3-Clause
/*
 * state.h - what the files of the vhost-user front end share.
 *
 * vhost.c	the device: opens and closes, and what drivers ask of it
 * address.c	PATH[,option]... to its parts (pure)
 * link.c	the connection: noticed to be gone, made again
 * begin.c	the first connection, at open
 * call.c	one request and its answer; the back end's own requests
 * msg.c	messages over the socket
 * hello.c	the first answers: what the back end can
 * mem.c	our memory, told by descriptor
 * rings.c	the rings: told, run, stopped, resumed; the in-flight buffer
 *
 * The back end is not trusted: a message that is not what it should be, a hang-up or a
 * silence ends the connection, with one sentence; it may connect again.
 */
#ifndef VHOST_STATE_H
#define VHOST_STATE_H

#include <leat/driver/vhost_user.h>

#include <stdbool.h>
#include <sys/uio.h>

#include "bus/unix/unix.h"
#include "msg.h"
#include "proto.h"

/* The longest wait for one answer. */
#define VHOST_REPLY_SECONDS	5
/* To be accepted, at open; and for the back end to connect, where we listen. */
#define VHOST_CONNECT_SECONDS	2
#define VHOST_ACCEPT_SECONDS	10
/* Answers put off at a time. */
#define VHOST_OWED_MAX		32
/* Memory segments that are kept, should the back end want no fewer. */
#define VHOST_SEGS_MAX		64

#define VHOST_OPTIONS_MAX	160

struct vhost_address {
	char		path[LEAT_UNIX_PATH];
	bool		server;		/* we listen, the back end connects */
	uint64_t	masked;		/* features that are not taken, though offered */
	bool		has_mac;
	uint8_t		mac[6];
};

struct vhost_seg {
	uint64_t	iova, len;
	const char	*va;
	int		fd;		/* core's */
	uint64_t	fd_off;
};

struct vhost_ring {
	struct leat_vhost_ring conf;
	bool		used;		/* there is such a ring */
	bool		told;		/* some back end has had it since it was set up */
	int		kick;
};

struct vhost {
	struct leat_dev	dev;
	struct leat_aspace as;
	struct vhost_address at;

	/* the connection */
	struct leat_unix_listener listener;
	int		sock, back;	/* ours, and our end of the back end's channel; -1: none */
	struct vhost_rx	rx, back_rx;
	struct leat_watch sock_watch, back_watch, retry;
	bool		open;		/* the device was handed out */
	bool		connected;	/* ...and somebody knows all that was told */
	bool		mourned;	/* why nobody is there was said */
	unsigned int	silent;		/* connections in a row that came to nothing */
	const char	*doing;		/* the request under way, for messages */
	enum vhost_request owed[VHOST_OWED_MAX];	/* whose answers were put off */
	unsigned int	nowed;

	/* what the back end can */
	struct leat_vhost_offer offer;
	bool		protocol;	/* it has protocol features at all, so rings are enabled */
	unsigned int	slots;		/* memory segments it takes */

	/* what it was told, or is to be */
	uint64_t	features;
	uint16_t	mtu;		/* 0: nothing */
	uint8_t		status;
	bool		running;
	bool		mem_told;
	struct vhost_seg seg[VHOST_SEGS_MAX];
	unsigned int	nsegs;
	struct vhost_ring ring[LEAT_VHOST_RINGS_MAX];
	struct vhost_inflight inflight;
	int		inflight_fd;	/* -1: none */

	int		config_fd;	/* to signal; -1: none */
};

static inline struct vhost *vhost_of(struct leat_dev *dev)
{
	return LEAT_CONTAINER_OF(dev, struct vhost, dev);
}

static inline bool vhost_has(const struct vhost *v, uint64_t protocol)
{
	return v->offer.protocol & protocol;
}

/* ---- address.c ---- */

/* 0, or -EINVAL with the reason in @why (a constant). */
int leat_vhost_parse(const char *text, struct vhost_address *out, const char **why);

/* ---- begin.c ---- */

/* Connect, or listen and wait for the back end to. The socket, or -errno; logged. */
int leat_vhost_begin(struct vhost *v);

/* ---- link.c ---- */

/* Have leat_ctx_poll() look after the connection that there is, and the next ones. */
int leat_vhost_link_watch(struct vhost *v);
void leat_vhost_link_close(struct vhost *v);
/* In a forked child: the copies of the descriptors, no more. */
void leat_vhost_link_forget(struct vhost *v);
/* The connection ends, with the sentence why; returns @err. */
int leat_vhost_drop(struct vhost *v, int err, const char *fmt, ...) LEAT_PRINTF(3, 4);
/* The configuration is worth a look. */
void leat_vhost_changed(struct vhost *v);

/* ---- call.c ---- */

struct vhost_call {
	enum vhost_request request;
	const void	*out;		/* payload, and descriptors that go with it */
	size_t		out_len;
	const int	*fds;
	unsigned int	nfds;
	void		*in;		/* payload of the answer, of just that length; NULL: none is due */
	size_t		in_len;
	int		*in_fd;		/* the descriptor that comes with it, -1 if none; NULL: not wanted */
	bool		later;		/* that it was done may be told with the next answer */
};

/*
 * leat_vhost_call - a request and, where one is due, its answer. With REPLY_ACK every
 * request has one. 0; -EREMOTEIO the back end refuses, this one or one before whose answer
 * was put off; -ENOTCONN nobody is connected (not logged); others: the connection has ended.
 */
int leat_vhost_call(struct vhost *v, const struct vhost_call *call);
/* The answers that were put off: a wait for the back end's process, instead of one each. */
int leat_vhost_settle(struct vhost *v);
/* Its answer is put off. */
int leat_vhost_set64(struct vhost *v, enum vhost_request request, uint64_t value);
int leat_vhost_get64(struct vhost *v, enum vhost_request request, uint64_t *value);

/* All that the back end asked on its own channel, answered. 0, or the connection has ended. */
int leat_vhost_serve(struct vhost *v);

/* ---- hello.c ---- */

int leat_vhost_hello(struct vhost *v);

/* ---- mem.c ---- */

extern const struct leat_aspace_ops leat_vhost_aspace_ops;
/* Tell a new back end of all of it. */
int leat_vhost_mem_tell(struct vhost *v);
/* Where we see @len bytes of the device's address @iova; NULL: nowhere in one piece. */
const void *leat_vhost_mem_find(const struct vhost *v, uint64_t iova, uint64_t len);

/* ---- rings.c ---- */

/* Tell the back end everything, and have it run. */
int leat_vhost_bring_up(struct vhost *v);
/* Have it let go of all rings. */
int leat_vhost_bring_down(struct vhost *v);
void leat_vhost_rings_forget(struct vhost *v);

#endif
