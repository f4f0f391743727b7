// SPDX-License-Identifier: BSD-3-Clause
/*
 * server.h - serve a device model over vfio-user: other programs (leat's own
 * client, QEMU's vfio-user-pci, ...) drive it as a PCI device.
 *
 * No threads and no globals: the application's loop calls leat_server_poll().
 * A server has one client at a time; when it leaves or dies the device is
 * reset, its memory unmapped, its descriptors closed, and the next is served:
 * clients that come too early wait in the socket's backlog for their VERSION
 * to be answered. One that has sent none within three seconds is dropped.
 *
 * The client is not trusted. What it sends is checked and refused with an
 * error; one that breaks off a message exchange is dropped with one line in the
 * log. Its eventfds are asked for room before they are written; an eventfd
 * counts as unmasked once it is assigned, for VMMs keep the MSI-X table.
 */
#ifndef LEAT_SERVER_H
#define LEAT_SERVER_H

#include <stdint.h>

#include <leat/compiler.h>
#include <leat/log.h>
#include <leat/model.h>
#include <leat/wire.h>

LEAT_BEGIN_DECLS

struct leat_server;

struct leat_server_config {
	const char	*path;		/* UNIX socket to make; a stale one is replaced */
	const struct leat_model *model;
	const struct leat_model_opt *opts;	/* may be NULL */
	struct leat_wire *wire;		/* taken over on success */

	leat_log_fn	*log;		/* NULL: silence */
	void		*log_arg;
	enum leat_log_level log_level;

	char		error[LEAT_ERROR_LEN];	/* out: why leat_server_open() failed */
};

/*
 * leat_server_open - listen. -EADDRINUSE if another server answers at the path,
 * -EEXIST if something that is no socket lies there, -EINVAL, -ENOMEM, ...
 */
LEAT_API int leat_server_open(struct leat_server_config *cfg, struct leat_server **out);

/* Drops the client, removes the socket. NULL is fine. */
LEAT_API void leat_server_close(struct leat_server *srv);

/* One descriptor to wait on: readable when messages or clients are waiting. */
LEAT_API int leat_server_fd(const struct leat_server *srv);

/*
 * leat_server_poll - handle waiting messages, without blocking. Returns how many.
 *
 * Only a model that reads or writes memory which came without a descriptor
 * waits for the client's answer, here or in leat_mdev_step(): at most two
 * seconds, after which the client is dropped.
 */
LEAT_API unsigned int leat_server_poll(struct leat_server *srv);

/* The model's device, to be stepped by leat_mdev_step() from the same thread. */
LEAT_API struct leat_mdev *leat_server_mdev(struct leat_server *srv);

struct leat_server_stats {
	uint64_t	clients;	/* served so far, the present one included */
	uint64_t	messages;	/* received from all of them */
	uint64_t	dma_messages;	/* DMA_READ and DMA_WRITE sent */
	uint64_t	refused;	/* commands answered with an error */
	unsigned int	maps;		/* DMA maps now */
	int		connected;	/* a client is there */
};

LEAT_API void leat_server_stats(const struct leat_server *srv, struct leat_server_stats *out);

/*
 * leat_server_sigbus - for the application's SIGBUS handler (the library installs
 * none): if @addr lies in memory that the client passed and then shrank, cover
 * the stretch with zero pages, mark the client for dropping and return 1; else
 * 0. Async-signal-safe; on the thread that polls the server.
 */
LEAT_API int leat_server_sigbus(struct leat_server *srv, void *addr);

LEAT_END_DECLS

#endif
