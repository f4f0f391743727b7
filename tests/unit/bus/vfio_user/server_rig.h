// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_rig.h - a vfio-user server with a small model, and a raw client.
 *
 * No threads: the test sends bytes, steps the server, reads what came back.
 * What the server asks meanwhile (DMA_READ, DMA_WRITE) must have been answered
 * before, so such answers are sent along with the command that causes them.
 */
#ifndef SERVER_RIG_H
#define SERVER_RIG_H

#include <leat/model_pci.h>
#include <leat/server.h>

#include "bus/vfio_user/msg.h"
#include "bus/vfio_user/server.h"

#define RIG_VECTORS	 32

/* BAR 0: registers, and a shared page at RIG_PAGE. */
#define RIG_BAR0_LEN	 0x2000
#define RIG_PAGE	 0x1000
#define RIG_SCRATCH	 0x00		/* 4 bytes, reads back */
#define RIG_RAISE	 0x04		/* fires the MSI-X vector written */
#define RIG_DMA_ADDR	 0x08		/* 8 bytes */
#define RIG_DMA_LEN	 0x10
#define RIG_DMA_READ	 0x14		/* memory to model->data; result at RIG_DMA_RESULT */
#define RIG_DMA_WRITE	 0x18		/* model->data to memory */
#define RIG_DMA_RESULT	 0x1c		/* 0 or errno */
#define RIG_LOG		 0x20		/* appends the word written to model->log */
#define RIG_REFUSED	 0x40		/* answers -EINVAL */
/* BAR 2: MSI-X. BAR 4: 64 bit, huge. */
#define RIG_BAR2_LEN	 0x1000
#define RIG_PBA		 0x800
#define RIG_BAR4_LEN	 (UINT64_C(8) << 30)

struct rig_model {
	struct leat_mdev mdev;
	struct leat_model_pci pci;
	uint32_t	scratch, dma_len, dma_result;
	uint64_t	dma_addr;
	uint8_t		data[8192];
	uint32_t	log[8192];
	unsigned int	logged;
	unsigned int	resets, dma_changes, page_writes;
	int		express;	/* where the capability lies */
	int		dsn;
};

extern const struct leat_model rig_model;

struct rig {
	struct leat_server *srv;
	struct rig_model *model;
	char		dir[64], path[96];
	int		sock;		/* -1: not connected */
	struct vfu_rx	rx;
	unsigned int	errors, warnings, infos;	/* lines logged */
	char		line[LEAT_ERROR_LEN];	/* the last */
};

/* Group fixtures: *state is the rig. */
int rig_setup(void **state);
int rig_teardown(void **state);

void rig_connect(struct rig *rig);
void rig_disconnect(struct rig *rig);	/* and the server notices */
void rig_negotiate(struct rig *rig, const char *json);	/* VERSION; NULL: no JSON */
void rig_start(struct rig *rig);	/* connect, negotiate */

/* Step the server until it has nothing to do. */
void rig_step(struct rig *rig);

/* Bytes as they are; step. */
void rig_send_raw(struct rig *rig, const void *buf, size_t len, const int *fds, unsigned int nfds);

/* One command; no step. */
void rig_send(struct rig *rig, uint16_t id, uint16_t cmd, uint32_t flags, const void *payload,
	      size_t len, const int *fds, unsigned int nfds);

/* The next message from the server, in rig->rx.msg; fails the test if there is none. */
struct vfu_msg *rig_receive(struct rig *rig);
/* There is no message. */
void rig_receive_nothing(struct rig *rig);
/* The server has hung up. */
void rig_receive_hangup(struct rig *rig);

/* Send a command and return the errno of its reply, in rig->rx.msg. */
int rig_command(struct rig *rig, uint16_t cmd, const void *payload, size_t len, const int *fds,
		unsigned int nfds);

/* The connection works. */
void rig_check_alive(struct rig *rig);

/* Region accesses, which must succeed. */
void rig_read(struct rig *rig, uint32_t region, uint64_t off, void *buf, uint32_t len);
void rig_write(struct rig *rig, uint32_t region, uint64_t off, const void *buf, uint32_t len);
uint32_t rig_read32(struct rig *rig, uint32_t region, uint64_t off);
void rig_write32(struct rig *rig, uint32_t region, uint64_t off, uint32_t val);
/* A posted write: no step. */
void rig_post32(struct rig *rig, uint32_t region, uint64_t off, uint32_t val);

int rig_dma_map(struct rig *rig, uint64_t addr, uint64_t size, uint32_t flags, uint64_t offset,
		int fd);
int rig_set_irqs(struct rig *rig, uint32_t flags, uint32_t index, uint32_t start, uint32_t count,
		 const int *fds, unsigned int nfds);

/* What an eventfd has counted since last asked. */
uint64_t rig_count(int eventfd);
int rig_memfd(size_t len);
unsigned int rig_open_fds(void);	/* of this process */
unsigned int rig_mappings(void);	/* shared ones of memfds */

#endif
