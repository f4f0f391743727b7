// SPDX-License-Identifier: BSD-3-Clause
/*
 * peer.h - a vfio-user server for tests, on a thread: well behaved by itself,
 * and as bad as a hook makes it. Its socket code is its own, blocking and
 * plain, so that it does not share our mistakes.
 *
 * Also the other half of every such test: a context whose clock and log are at
 * hand, and the count of descriptors before and after.
 */
#ifndef TEST_PEER_H
#define TEST_PEER_H

#include <leat/ctx.h>
#include <leat/driver/dev.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bus/vfio_user/proto.h"

#define PEER_CONFIG	7
#define PEER_REGIONS	9
#define PEER_PAYLOAD	(1 << 20)
#define PEER_NOTES	128

struct peer;

/* A command of the client's. */
struct peer_cmd {
	struct vfu_hdr	hdr;
	char		*data;		/* payload */
	size_t		len;
	int		fds[16];
	int		nfds;
};

/* What a hook did with a command. */
enum peer_did {
	PEER_DEFAULT,			/* nothing: answer as always */
	PEER_DONE,			/* all that is to be done */
	PEER_HANG_UP,
};

typedef enum peer_did peer_hook(struct peer *p, struct peer_cmd *cmd);

struct peer_region {
	uint64_t	size;
	uint32_t	flags;
	int		fd;		/* to pass with the answer, -1: none */
	uint64_t	offset;
	const void	*caps;		/* what follows the fixed part */
	size_t		caps_len;
};

/* A struct vfu_sparse_cap with areas. */
struct peer_sparse {
	struct vfu_region_cap cap;
	uint32_t	nr_areas, reserved;
	struct vfu_sparse_area area[20];
};

#define PEER_SPARSE_LEN(n) \
	(offsetof(struct peer_sparse, area) + (n) * sizeof(struct vfu_sparse_area))

/* One SET_IRQS, one DMA_MAP, ... as it came. */
struct peer_note {
	uint16_t	cmd;
	uint32_t	hdr_flags;
	int		nfds;
	uint32_t	flags, index, start, count;	/* SET_IRQS; accesses: region, count */
	uint64_t	addr, size;			/* DMA; accesses: offset */
};

struct peer {
	/* set before peer_start() */
	const char	*json;		/* capabilities, NULL: a modest set */
	struct peer_region region[PEER_REGIONS];
	uint32_t	num_regions, num_irqs, info_flags;
	uint32_t	irqs[5];
	size_t		piece;			/* bytes in one send, 0: all */
	unsigned int	spoil;			/* seed for damage to answers, 0: none */
	bool		bars_need_address;	/* as QEMU's server: EINVAL until programmed */
	peer_hook	*hook;
	void		*hook_arg;

	/* look at them while the client waits for nothing, or after peer_stop() */
	uint8_t		config[4096], config_mask[4096];
	uint8_t		bar[8192];		/* behind every BAR that is accessed by message */
	struct peer_note note[PEER_NOTES];
	int		nnotes;
	uint64_t	dma_addr, dma_size;	/* the last memory that was mapped... */
	int		dma_fd;			/* ...and its descriptor, -1 if none came */
	uint32_t	client_fds;		/* what the client offered with VERSION */

	char		dir[32], path[64];
	int		listen_fd, fd;
	pthread_t	thread;
};

/* Fills in a small PCI device with BARs 0 and 2 and four MSI-X vectors. */
void peer_init(struct peer *p);
void peer_start(struct peer *p);
/* Hangs up, waits for the thread, removes the socket. */
void peer_stop(struct peer *p);

/* For hooks, on the peer's thread. */
void peer_send(int fd, const void *buf, size_t len);
void peer_reply(struct peer *p, const struct peer_cmd *cmd, const void *data, size_t len);
void peer_reply_fds(struct peer *p, const struct peer_cmd *cmd, const void *data, size_t len,
		    const int *fds, int nfds);
void peer_error(struct peer *p, const struct peer_cmd *cmd, uint32_t error);
enum peer_did peer_default(struct peer *p, struct peer_cmd *cmd);
/* Read one message, blocking. False: the client hung up. Free cmd->data. */
bool peer_receive(int fd, struct peer_cmd *cmd);

/* How many of @cmd came. */
int peer_count(const struct peer *p, uint16_t cmd);

/* ---- the test's end ---- */

struct rig {
	struct leat_ctx	*ctx;
	struct leat_dev	*dev;
	struct peer	peer;
	int		fds;			/* descriptors before all */
	uint64_t	now;			/* atomically */
	uint64_t	step;			/* by which a look at the clock turns it */
	int		errors, warnings;	/* lines logged */
	char		warning[512];		/* the last one */
	unsigned int	events[8];		/* delivered, by enum leat_event */
};

/* A context, and a peer not yet started. */
void rig_init(struct rig *r);
/*
 * The same with BAR 0 of two pages, the second of them memory that the peer
 * passes: @len bytes in which the region starts at the second page. Returns a
 * descriptor of the test's own on it.
 */
int rig_init_mappable(struct rig *r, size_t len);
void rig_fini_mappable(struct rig *r, int fd);
/* Starts the peer and opens the device: what leat_dev_open() returned. */
int rig_open(struct rig *r);
/* The same, and it must succeed. */
void rig_must_open(struct rig *r);
/* leat_ctx_poll() until @event was delivered; fails the test after a few seconds. */
void rig_wait(struct rig *r, enum leat_event event);
/* Closes everything and checks that no descriptor is left. */
void rig_fini(struct rig *r);

/* Open must fail with @err and @why in the one line logged. All is closed again. */
void rig_refuse(struct rig *r, int err, const char *why);

int count_fds(void);

#endif
