// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_state.h - what the files of the client share.
 *
 * client.c		opens and closes: the order of everything
 * client_conn.c	commands and replies, the peer's own commands, its death
 * client_hello.c	the way to the first answers: connect, VERSION, twin socket
 * client_info.c	what the device is made of: regions, interrupts
 * client_areas.c	which parts of a region can be mapped (pure)
 * client_regions.c	accesses by message, windows by mmap
 * client_irqs.c	eventfds
 * client_dma.c		our memory: told to the peer, read and written by it
 *
 * The peer is not trusted. An answer that breaks the protocol, a hang-up or a
 * silence ends the connection: one sentence, windows covered, dev->dead.
 */
#ifndef VFU_CLIENT_STATE_H
#define VFU_CLIENT_STATE_H

#include <leat/driver/dev.h>

#include <pthread.h>

#include "caps.h"
#include "msg.h"

/* The longest wait for one answer: QEMU's client gives a server as much. */
#define VFU_REPLY_SECONDS   5
/* To be accepted: a server at work elsewhere leaves us in its queue. */
#define VFU_CONNECT_SECONDS 2

enum { VFU_MAIN, VFU_TWIN, VFU_SOCKS };

struct vfu_client;

struct vfu_sock {
	int		fd;		/* -1: none */
	struct vfu_rx	rx;
	struct vfu_tx	tx;
	struct leat_watch watch;
	struct vfu_client *client;
};

/* What of a region can be mapped; ascending or not, apart or not. */
struct vfu_area {
	uint64_t	off, len;
};

struct vfu_region {
	int		fd;		/* -1: none */
	uint64_t	fd_off;
	struct vfu_area	*areas;
	unsigned int	nareas;
	bool		posted;		/* a memory BAR: writes need no answer */
};

/* Memory of ours that the peer knows. */
struct vfu_dma {
	uint64_t	iova, len;
	char		*va;
	bool		read_only;
};

/* An eventfd of our own, for what concerns the device as a whole. */
struct vfu_event {
	int		fd;		/* -1: none */
	enum leat_event	event;
	struct leat_watch watch;
	struct vfu_client *client;
};

enum { VFU_EVENT_ERR, VFU_EVENT_REQ, VFU_EVENTS };

struct vfu_client {
	struct leat_dev	dev;
	struct leat_aspace as;

	/* Held over a command and its answer, and by whoever reads the sockets. */
	pthread_mutex_t	lock;
	bool		open;		/* the device was handed out */
	bool		tell_gone;	/* dev->event is due, once the lock is released */
	bool		faulted;	/* memory behind a window was not there */
	bool		told_refusal;	/* a refused register access was reported */
	uint16_t	last_id;
	const char	*doing;		/* the command under way, for messages */
	struct vfu_sock	sock[VFU_SOCKS];
	struct vfu_caps	peer;
	size_t		chunk;		/* bytes of one register access, a power of two */

	uint32_t	num_regions, num_irqs;	/* as the peer counts them */
	struct vfu_region region[LEAT_REGIONS];

	struct vfu_dma	*dma;
	unsigned int	ndma, dma_room;
	struct vfu_event event[VFU_EVENTS];
};

static inline struct vfu_client *vfu_client(struct leat_dev *dev)
{
	return LEAT_CONTAINER_OF(dev, struct vfu_client, dev);
}

/* ---- client_conn.c ---- */

struct vfu_call {
	enum vfu_cmd	cmd;
	struct iovec	out[VFU_TX_IOV];
	unsigned int	nout;
	const int	*fds;
	unsigned int	nfds;
	size_t		min_reply;	/* bytes of payload below which a reply is broken */
	bool		quiet;		/* a refusal is no news */
	char		about[64];	/* for the message of a refusal: " of region 2" */
	struct vfu_msg	reply;		/* out, on success: leat_vfu_msg_fini() */
};

/* A piece of a message to send; it is only read. */
static inline struct iovec vfu_iov(const void *base, size_t len)
{
	return (struct iovec){ .iov_base = (void *)(uintptr_t)base, .iov_len = len };
}

/*
 * leat_vfu_call - a command and its answer. 0; the peer's error (-EIO if that is
 * no errno), logged unless quiet; -ENODEV, -EPROTO, -ETIMEDOUT: the connection
 * has ended, logged. Any thread.
 */
int leat_vfu_call(struct vfu_client *c, struct vfu_call *call);
/* As leat_vfu_call(), for a reply that carries nothing we need. */
int leat_vfu_command(struct vfu_client *c, struct vfu_call *call);
/* A command without an answer. Any thread. */
int leat_vfu_post(struct vfu_client *c, struct vfu_call *call);

/* Ends the connection, with the sentence why; returns @err. Under the lock, but while opening. */
int leat_vfu_die(struct vfu_client *c, int err, const char *fmt, ...) LEAT_PRINTF(3, 4);

void leat_vfu_lock(struct vfu_client *c);
/* Releases it; delivers the event if the device died meanwhile. */
void leat_vfu_unlock(struct vfu_client *c);

/* Have leat_ctx_poll() look after the sockets. */
int leat_vfu_watch(struct vfu_client *c);
void leat_vfu_unwatch(struct vfu_client *c);

/* The name of a command in messages. */
const char *leat_vfu_cmd_name(unsigned int cmd);

/* ---- client_hello.c ---- */

int leat_vfu_connect(struct vfu_client *c, const char *path);
int leat_vfu_negotiate(struct vfu_client *c);

/* ---- client_info.c ---- */

int leat_vfu_get_info(struct vfu_client *c);
int leat_vfu_get_regions(struct vfu_client *c);
int leat_vfu_get_irqs(struct vfu_client *c);

/* ---- client_areas.c ---- */

/*
 * leat_vfu_areas - the areas that a GET_REGION_INFO reply says can be mapped:
 * whole pages of @page bytes, inside the region. @reply holds @len bytes, a
 * struct vfu_region_info at least. 0, -ENOMEM, or -EPROTO with the reason in
 * @why (a constant). The caller frees *out.
 */
int leat_vfu_areas(const void *reply, size_t len, uint64_t page, struct vfu_area **out,
		   unsigned int *n, const char **why);

/* ---- client_regions.c ---- */

int leat_vfu_region_read(struct leat_dev *dev, unsigned int region, uint64_t off, void *buf,
			 size_t len);
int leat_vfu_region_write(struct leat_dev *dev, unsigned int region, uint64_t off,
			  const void *buf, size_t len);
int leat_vfu_region_map(struct leat_dev *dev, struct leat_mmio *win);
void leat_vfu_region_unmap(struct leat_dev *dev, struct leat_mmio *win);
/* All ones where the registers were. Under the lock. */
void leat_vfu_cover_windows(struct vfu_client *c);
void leat_vfu_close_regions(struct vfu_client *c);

/* ---- client_irqs.c ---- */

int leat_vfu_irq_set(struct leat_dev *dev, unsigned int index, enum leat_irq_action action,
		     unsigned int start, unsigned int count, const int *fds);
int leat_vfu_open_events(struct vfu_client *c);
void leat_vfu_close_events(struct vfu_client *c);

/* ---- client_dma.c ---- */

extern const struct leat_aspace_ops leat_vfu_aspace_ops;
/* Answer a DMA_READ or DMA_WRITE of the peer's on the socket it came from. Under the lock. */
int leat_vfu_serve_dma(struct vfu_client *c, struct vfu_sock *sock, const struct vfu_msg *msg);
/* Answer with an error, unless no answer is wanted. Under the lock. */
int leat_vfu_refuse(struct vfu_sock *sock, const struct vfu_msg *msg, int err);

#endif
