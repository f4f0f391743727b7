// SPDX-License-Identifier: BSD-3-Clause
/*
 * backend.h - a vhost-user back end for tests, on a thread: well behaved by itself, and as
 * bad as a hook makes it. Its socket code is its own, blocking and plain, so that it does
 * not share our mistakes. Besides, the test's end: a context whose clock and log are at hand.
 */
#ifndef TEST_BACKEND_H
#define TEST_BACKEND_H

#include <leat/ctx.h>
#include <leat/driver/vhost_user.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus/vhost_user/proto.h"

#define BACKEND_NOTES 256
#define BACKEND_FDS   8

#define F_RING_PACKED LEAT_BIT64(34)

/* A request as it came. The descriptors are closed when the back end is started again. */
struct backend_msg {
	struct vhost_hdr hdr;
	uint8_t		data[VHOST_PAYLOAD_MAX];
	int		fds[BACKEND_FDS];
	unsigned int	nfds;
};

struct backend;

enum backend_did {
	BACKEND_DEFAULT,	/* nothing: do as always */
	BACKEND_DONE,		/* all that is to be done */
	BACKEND_HANG_UP,
};

typedef enum backend_did backend_hook(struct backend *b, struct backend_msg *msg);

struct backend {
	/* set before backend_start() */
	uint64_t	features, protocol;
	uint64_t	queues, slots;
	bool		connects;	/* to the socket of the front end's, instead of listening */
	backend_hook	*hook;
	unsigned int	hook_arg;

	/* look at them while the front end waits for nothing, or after backend_stop() */
	struct backend_msg note[BACKEND_NOTES];
	unsigned int	nnotes;
	uint8_t		config[VHOST_CONFIG_MAX];
	uint64_t	status;
	int		channel;	/* our end of the channel for requests of our own; -1: none */
	int		inflight;	/* the buffer for what is in flight; -1: none made */

	char		dir[32], path[64];
	int		listener, sock;
	pthread_t	thread;
	bool		running;
};

/* One that offers everything we know, with two queue pairs. */
void backend_init(struct backend *b);
void backend_start(struct backend *b);
/* Hangs up and waits for the thread; what it noted stays. */
void backend_stop(struct backend *b);
/* Stopped; descriptors closed, the socket removed. */
void backend_fini(struct backend *b);

/* For hooks, on the back end's thread. */
void backend_send(int sock, const void *buf, size_t len, int fd);
void backend_reply(struct backend *b, const struct backend_msg *msg, const void *data, size_t len,
		   int fd);
bool backend_receive(int sock, struct backend_msg *msg);

/* How many of @request came, and the @n-th (from 0) of them. */
unsigned int backend_count(const struct backend *b, enum vhost_request request);
const struct backend_msg *backend_note(const struct backend *b, enum vhost_request request,
				       unsigned int n);
/* The state (num) of the @n-th @request, and the ring it is about. */
uint32_t backend_state(const struct backend *b, enum vhost_request request, unsigned int n,
		       uint32_t *index);

/* ---- the test's end ---- */

struct rig {
	struct leat_ctx	*ctx;
	struct leat_dev	*dev;
	struct backend	b;
	int		fds;		/* descriptors before all */
	uint64_t	now, step;	/* step: by which a look at the clock turns it */
	unsigned int	errors, warnings; /* lines logged */
	unsigned int	events[8];	/* by enum leat_event */
	int		config_fd;	/* signalled by changes */
	struct leat_mem	ring[4];	/* memory for rings, one page each */
};

void rig_init(struct rig *r);
/* Starts the back end and opens the device: what leat_dev_open() returned. */
int rig_open(struct rig *r);
void rig_must_open(struct rig *r);
/* The device runs @n rings of 256. */
void rig_run(struct rig *r, unsigned int n);
/* leat_ctx_poll() until leat_vhost_connected() is @connected; fails the test after many seconds. */
void rig_await(struct rig *r, bool connected);
/* One look of leat_ctx_poll(), a second later. */
void rig_poll(struct rig *r);
/* Was the configuration's descriptor signalled since the last time? */
bool rig_changed(struct rig *r);
/* Closes everything and checks that no descriptor is left. */
void rig_fini(struct rig *r);

#endif
