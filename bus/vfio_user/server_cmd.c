// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_cmd.c - what a client can ask, and the table of commands.
 *
 * A handler finds at least its fixed struct in the payload, checks the rest and
 * either fills in the reply or returns -errno; it is told nothing of headers.
 */
#include "server.h"

#include <leat/driver/dev.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- VERSION ---- */

/* A second socket for our own commands. Without one the first serves as well. */
static void make_twin(struct leat_server *srv, struct srv_reply *reply)
{
	int pair[2];

	if (!srv->caps.twin_socket || !srv->caps.max_fds ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	srv->twin.fd = pair[0];
	reply->fd = reply->own_fd = pair[1];
}

static int build_version(struct leat_server *srv, uint16_t minor, struct srv_reply *reply)
{
	struct vfu_version ver = { .major = VFU_MAJOR, .minor = minor };
	const struct vfu_caps ours = {
		.max_fds = VFU_MAX_FDS, .max_xfer = VFU_MAX_XFER,
		.max_dma_maps = VFU_MAX_DMA_MAPS, .pgsizes = VFU_PGSIZES,
		.write_multiple = srv->caps.write_multiple,
		.twin_socket = srv->twin.fd >= 0, .twin_index = 0,
	};
	char *answer = malloc(sizeof(ver) + VFU_CAPS_LEN);
	int len;

	if (!answer)
		return -ENOMEM;
	reply->heap = answer;
	len = leat_vfu_caps_build(&ours, answer + sizeof(ver));
	if (len < 0)
		return len;
	memcpy(answer, &ver, sizeof(ver));
	reply->data = answer;
	reply->len = sizeof(ver) + (size_t)len;
	return 0;
}

static int version(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply)
{
	const struct vfu_version *req = msg->payload;
	int err;

	if (srv->negotiated || msg->nfds || msg->fds_lost)
		return -EINVAL;
	if (req->major != VFU_MAJOR) {
		leat_srv_doom(srv, LEAT_LOG_WARNING, "speaks protocol %u.%u, this server %u.%u: "
			      "dropped", req->major, req->minor, VFU_MAJOR, VFU_MINOR);
		return -EINVAL;
	}
	err = leat_vfu_caps_parse((const char *)(req + 1), msg->len - sizeof(*req), &srv->caps);
	if (err)
		return err;
	make_twin(srv, reply);
	err = build_version(srv, req->minor < VFU_MINOR ? req->minor : VFU_MINOR, reply);
	if (err && srv->twin.fd >= 0) {
		close(srv->twin.fd);
		srv->twin.fd = -1;
	}
	if (err)
		return err;
	srv->negotiated = true;
	leat_srv_set_timer(srv, 0);
	srv->stats.clients++;
	leat_mdev_attach(srv->mdev);
	leat_srv_log(srv, LEAT_LOG_INFO, "client %llu came%s",
		     (unsigned long long)srv->stats.clients,
		     srv->twin.fd >= 0 ? ", with a second socket for DMA" : "");
	return 0;
}

/* ---- asking ---- */

static int get_info(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply)
{
	const struct vfu_info *req = msg->payload;
	struct vfu_info *info = &reply->room.info;

	(void)srv;
	if (req->argsz < sizeof(*req))
		return -EINVAL;
	*info = (struct vfu_info){
		.argsz = sizeof(*info), .flags = VFU_INFO_F_RESET | VFU_INFO_F_PCI,
		.num_regions = LEAT_MODEL_REGIONS, .num_irqs = LEAT_MODEL_IRQS,
	};
	reply->len = sizeof(*info);
	return 0;
}

/* The shared part of a region, for a client that can take a descriptor. */
static void offer_mmap(struct leat_server *srv, uint32_t room, struct srv_reply *reply)
{
	struct vfu_region_info *info = &reply->room.region.info;
	const struct leat_model_region *r = &srv->mdev->region[info->index];

	info->flags |= VFU_REGION_F_MMAP;
	info->argsz = sizeof(reply->room.region);
	if (room < info->argsz)
		return;
	reply->room.region.cap.id = VFU_REGION_CAP_SPARSE;
	reply->room.region.cap.version = 1;
	reply->room.region.nr_areas = 1;
	reply->room.region.area.offset = r->map_off;
	reply->room.region.area.size = r->map_len;
	info->flags |= VFU_REGION_F_CAPS;
	info->cap_offset = sizeof(*info);
	reply->len = info->argsz;
	reply->fd = srv->mdev->mem_fd[info->index];
}

static int get_region_info(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply)
{
	const struct vfu_region_info *req = msg->payload;
	struct vfu_region_info *info = &reply->room.region.info;

	if (req->argsz < sizeof(*req) || req->index >= LEAT_MODEL_REGIONS)
		return -EINVAL;
	*info = (struct vfu_region_info){
		.argsz = sizeof(*info), .index = req->index,
		.size = srv->mdev->region[req->index].size,
	};
	if (info->size)
		info->flags = VFU_REGION_F_READ | VFU_REGION_F_WRITE;
	reply->len = sizeof(*info);
	if (srv->mdev->mem_fd[req->index] >= 0 && srv->caps.max_fds)
		offer_mmap(srv, req->argsz, reply);
	return 0;
}

/* Doorbells are shared memory that the model polls: there are no such descriptors. */
static int get_region_io_fds(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply)
{
	const struct vfu_region_io_fds *req = msg->payload;
	struct vfu_region_io_fds *ans = &reply->room.io_fds;

	if (req->argsz < sizeof(*req) || req->argsz > VFU_MAX_XFER || req->flags || req->count ||
	    req->index >= LEAT_MODEL_REGIONS || !srv->mdev->region[req->index].size)
		return -EINVAL;
	*ans = (struct vfu_region_io_fds){ .argsz = sizeof(*ans), .index = req->index };
	reply->len = sizeof(*ans);
	return 0;
}

static int get_irq_info(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply)
{
	const struct vfu_irq_info *req = msg->payload;
	struct vfu_irq_info *info = &reply->room.irq;

	if (req->argsz < sizeof(*req) || req->index >= LEAT_MODEL_IRQS)
		return -EINVAL;
	*info = (struct vfu_irq_info){
		.argsz = sizeof(*info), .flags = VFU_IRQ_F_EVENTFD | VFU_IRQ_F_MASKABLE,
		.index = req->index, .count = srv->mdev->irqs[req->index],
	};
	if (req->index == LEAT_IRQ_INTX)
		info->flags |= VFU_IRQ_F_AUTOMASKED;
	reply->len = sizeof(*info);
	return 0;
}

/* ---- accessing ---- */

static int region_read(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply)
{
	const struct vfu_region_access *req = msg->payload;
	struct vfu_region_access *ans = &reply->room.read.req;
	size_t len = sizeof(*ans) + req->count;

	if (req->count > VFU_MAX_XFER)
		return -EINVAL;
	if (len > sizeof(reply->room.read)) {
		ans = malloc(len);
		if (!ans)
			return -ENOMEM;
		reply->heap = ans;
		reply->data = ans;
	}
	*ans = *req;
	reply->len = len;
	return leat_mdev_access(srv->mdev, req->region, req->offset, ans + 1, req->count, false);
}

static int region_write(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply)
{
	struct vfu_region_access *req = msg->payload;

	if (req->count > VFU_MAX_XFER || msg->len - sizeof(*req) != req->count)
		return -EINVAL;
	reply->data = req;
	reply->len = sizeof(*req);
	return leat_mdev_access(srv->mdev, req->region, req->offset, req + 1, req->count, true);
}

static int region_write_multi(struct leat_server *srv, struct vfu_msg *msg,
			      struct srv_reply *reply)
{
	struct vfu_write_multi *req = msg->payload;
	int err = 0;

	if (!srv->caps.write_multiple ||
	    req->count > (msg->len - sizeof(*req)) / sizeof(req->one[0]))
		return -EINVAL;
	for (uint64_t i = 0; i < req->count && !err; i++) {
		struct vfu_write_one *one = &req->one[i];

		err = one->count > sizeof(one->data) ? -EINVAL
		    : leat_mdev_access(srv->mdev, one->region, one->offset, one->data, one->count,
				       true);
	}
	reply->data = req;
	reply->len = sizeof(*req);
	return err;
}

static int device_reset(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply)
{
	(void)msg;
	(void)reply;
	leat_mdev_reset(srv->mdev);
	leat_srv_irq_forget_pending(srv);
	return 0;
}

/*
 * Commands by number; the rest is refused: those that only servers send,
 * features and migration, which models lack.
 */
static const struct {
	int	(*execute)(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply);
	size_t	min;			/* payload */
} commands[VFU_CMDS] = {
	[VFU_VERSION]		= { version, sizeof(struct vfu_version) },
	[VFU_DMA_MAP]		= { leat_srv_dma_map, sizeof(struct vfu_dma_map) },
	[VFU_DMA_UNMAP]		= { leat_srv_dma_unmap, sizeof(struct vfu_dma_unmap) },
	[VFU_GET_INFO]		= { get_info, sizeof(struct vfu_info) },
	[VFU_GET_REGION_INFO]	= { get_region_info, sizeof(struct vfu_region_info) },
	[VFU_GET_REGION_IO_FDS]	= { get_region_io_fds, sizeof(struct vfu_region_io_fds) },
	[VFU_GET_IRQ_INFO]	= { get_irq_info, sizeof(struct vfu_irq_info) },
	[VFU_SET_IRQS]		= { leat_srv_set_irqs, sizeof(struct vfu_irq_set) },
	[VFU_REGION_READ]	= { region_read, sizeof(struct vfu_region_access) },
	[VFU_REGION_WRITE]	= { region_write, sizeof(struct vfu_region_access) },
	[VFU_DEVICE_RESET]	= { device_reset, 0 },
	[VFU_REGION_WRITE_MULTI] = { region_write_multi, sizeof(struct vfu_write_multi) },
};

int leat_srv_execute(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply)
{
	uint16_t cmd = msg->hdr.cmd;

	if ((msg->hdr.flags & VFU_HDR_TYPE) != VFU_HDR_COMMAND)
		return -EINVAL;
	if (cmd >= VFU_CMDS || !commands[cmd].execute || msg->len < commands[cmd].min)
		return -EINVAL;
	if (!srv->negotiated && cmd != VFU_VERSION)
		return -EINVAL;
	reply->data = &reply->room;
	return commands[cmd].execute(srv, msg, reply);
}
