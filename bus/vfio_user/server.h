// SPDX-License-Identifier: BSD-3-Clause
/*
 * server.h - what the parts of the vfio-user server share.
 *
 *	server.c	life, the socket file, clients coming and going, the loop
 *	server_cmd.c	commands that ask and access: version, info, regions
 *	server_irq.c	eventfds: SET_IRQS and the model's interrupts
 *	server_map.c	the client's memory: DMA_MAP, DMA_UNMAP, lost pages
 *	server_dma.c	memory without a descriptor: DMA_READ, DMA_WRITE
 *	server_sock.c	the listening socket and its file
 *
 * A client that breaks the protocol or leaves is doomed at once and dropped by
 * the loop, never under the feet of a model that is at work.
 */
#ifndef VFU_SERVER_H
#define VFU_SERVER_H

#include <leat/server.h>

#include "bus/unix/unix.h"
#include "caps.h"
#include "msg.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* One interrupt vector. An eventfd just assigned is unmasked: VMMs never say so. */
struct srv_irq {
	int		fd;		/* -1: none */
	bool		masked;
	bool		pending;	/* fired while masked */
	bool		held;		/* fired while DMA writes were on their way */
};

/* One DMA map, beside the model's struct leat_mdma for the same stretch. */
struct srv_map {
	uint64_t	iova, len;
	uint64_t	offset;		/* in the file, as the client said */
	uint32_t	flags;		/* VFU_DMA_F_* */
	bool		has_file;
	dev_t		dev;		/* the file, for comparing */
	ino_t		ino;
	int		fd;		/* for FILE_IO; else -1 */
	char		*va;		/* of @iova; NULL: messages or FILE_IO */
	char		*base;		/* the whole pages that were mapped */
	size_t		base_len;
};

/* A command that came while a DMA reply was awaited. */
struct srv_queued {
	struct vfu_msg	msg;
	struct srv_queued *next;
};

/* A socket with what is half received and half sent. */
struct srv_link {
	int		fd;		/* -1: none */
	struct vfu_rx	rx;
	struct vfu_tx	tx;
	uint32_t	events;		/* that epoll looks for */
};

struct leat_server {
	struct leat_mdev *mdev;
	struct leat_unix_listener at;
	int		epoll;
	int		wake;		/* eventfd: work that no socket shows */
	int		timer;		/* timerfd: a client's time to negotiate, when to accept again */
	bool		accept_failing;
	uint64_t	reply_ns;	/* how long a DMA reply may take */
	uint64_t	hello_ns;	/* how long a client may take to negotiate */

	leat_log_fn	*log;
	void		*log_arg;
	enum leat_log_level log_level;
	char		error[LEAT_ERROR_LEN];	/* the last one logged */
	struct leat_server_stats stats;

	/* the present client */
	struct srv_link	main, twin;
	struct vfu_caps	caps;		/* the client's */
	bool		negotiated;
	bool		doomed;		/* to be dropped by the loop */
	volatile sig_atomic_t lost_pages;	/* set by leat_server_sigbus() */
	uint16_t	dma_id;		/* of the next command of ours; they count up */
	unsigned int	unanswered;	/* of those, in order */
	unsigned int	owed;		/* answers to commands that are queued or at work */
	struct srv_queued *queue, **queue_end;
	unsigned int	queued;
	size_t		queued_bytes;
	struct srv_irq	*irq[LEAT_MODEL_IRQS];
	struct srv_map	*map;		/* ascending, not overlapping */
	unsigned int	nmaps, map_room;
};

/* Small answers are built here. */
union srv_room {
	struct vfu_info	info;
	struct vfu_region_io_fds io_fds;
	struct vfu_irq_info irq;
	struct {
		struct vfu_region_info info;
		struct vfu_region_cap cap;	/* struct vfu_sparse_cap with one area */
		uint32_t nr_areas, reserved;
		struct vfu_sparse_area area;
	} region;
	struct {
		struct vfu_region_access req;
		uint8_t	data[64];
	} read;
};

/* An answer in the making. */
struct srv_reply {
	union srv_room	room;
	const void	*data;
	size_t		len;
	void		*heap;		/* freed once sent */
	int		fd;		/* goes along; -1: none */
	int		own_fd;		/* closed once sent; -1: none */
};

/* server.c */
void leat_srv_log(struct leat_server *srv, enum leat_log_level level, const char *fmt, ...)
	LEAT_PRINTF(3, 4);
int leat_srv_fail(struct leat_server *srv, int err, const char *fmt, ...) LEAT_PRINTF(3, 4);
/* The client is to go: one line, unless it is doomed already. */
void leat_srv_doom(struct leat_server *srv, enum leat_log_level level, const char *fmt, ...)
	LEAT_PRINTF(3, 4);
/* Have leat_server_fd() show that there is work. Async-signal-safe. */
void leat_srv_wake(struct leat_server *srv);
/* The same in @ns; 0: never. An expiry that nobody has seen yet is forgotten. */
void leat_srv_set_timer(struct leat_server *srv, uint64_t ns);

/* server_cmd.c: check and execute. 0 with @reply filled in, or -errno. */
int leat_srv_execute(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply);

/* server_irq.c */
int leat_srv_irq_init(struct leat_server *srv);
void leat_srv_irq_fini(struct leat_server *srv);
void leat_srv_irq_raise(struct leat_mdev *mdev, unsigned int index, unsigned int vector);
bool leat_srv_irq_pending(struct leat_mdev *mdev, unsigned int index, unsigned int vector);
void leat_srv_irq_forget_pending(struct leat_server *srv);
/* All DMA has arrived: fire what was held back behind it. */
void leat_srv_irq_let_go(struct leat_server *srv);
void leat_srv_irq_release(struct leat_server *srv);
int leat_srv_set_irqs(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply);

/* server_map.c */
int leat_srv_dma_map(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply);
int leat_srv_dma_unmap(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply);
/* The map that holds @iova, or NULL. */
const struct srv_map *leat_srv_map_find(const struct leat_server *srv, uint64_t iova);
/* Unmap and forget all; the model has already. */
void leat_srv_map_release(struct leat_server *srv);

/* server_dma.c: struct leat_model_host.dma */
int leat_srv_dma(struct leat_mdev *mdev, uint64_t iova, void *buf, size_t len, bool write);
bool leat_srv_dma_busy(struct leat_mdev *mdev);
/* A reply on the main socket that nobody waits for any more. False: it is no such one. */
bool leat_srv_late_reply(struct leat_server *srv, const struct vfu_msg *msg);
/* Next queued command into @msg, the caller's then. False: none. */
bool leat_srv_dequeue(struct leat_server *srv, struct vfu_msg *msg);

/* server_sock.c */
int leat_srv_listen(struct leat_server *srv, const char *path);
void leat_srv_unlisten(struct leat_server *srv);

#endif
