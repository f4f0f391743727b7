// SPDX-License-Identifier: BSD-3-Clause
/*
 * peer.c - a vfio-user server for tests.
 */
#include "peer.h"

#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#define JSON_MODEST "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576}}"

/* ---- the wire ---- */

void peer_send(int fd, const void *buf, size_t len)
{
	while (len) {
		ssize_t n = send(fd, buf, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;		/* the client is gone; the next read says so */
		buf = (const char *)buf + n;
		len -= (size_t)n;
	}
}

static void send_fds(int fd, const void *buf, size_t len, const int *fds, int nfds)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(64 * sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf, .iov_len = len };
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.room,
		.msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int)),
	};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int));
	memcpy(CMSG_DATA(&control.align), fds, (size_t)nfds * sizeof(int));
	(void)!sendmsg(fd, &mh, MSG_NOSIGNAL);
}

/* A byte now and then becomes another. */
static void spoil(struct peer *p, char *bytes, size_t len)
{
	for (size_t i = 0; p->spoil && i < len; i++)
		if (rand_r(&p->spoil) % 200 == 0)
			bytes[i] = (char)rand_r(&p->spoil);
}

void peer_reply_fds(struct peer *p, const struct peer_cmd *cmd, const void *data, size_t len,
		    const int *fds, int nfds)
{
	struct vfu_hdr hdr = {
		.id = cmd->hdr.id, .cmd = cmd->hdr.cmd, .flags = VFU_HDR_REPLY,
		.size = (uint32_t)(sizeof(hdr) + len),
	};
	char *whole = malloc(hdr.size);

	memcpy(whole, &hdr, sizeof(hdr));
	if (len)
		memcpy(whole + sizeof(hdr), data, len);
	spoil(p, whole, hdr.size);
	for (size_t at = 0, n; at < hdr.size; at += n) {
		n = p->piece && p->piece < hdr.size - at ? p->piece : hdr.size - at;
		if (nfds && !at)
			send_fds(p->fd, whole, n, fds, nfds);
		else
			peer_send(p->fd, whole + at, n);
	}
	free(whole);
}

void peer_reply(struct peer *p, const struct peer_cmd *cmd, const void *data, size_t len)
{
	peer_reply_fds(p, cmd, data, len, NULL, 0);
}

void peer_error(struct peer *p, const struct peer_cmd *cmd, uint32_t error)
{
	struct vfu_hdr hdr = {
		.id = cmd->hdr.id, .cmd = cmd->hdr.cmd, .size = sizeof(hdr),
		.flags = VFU_HDR_REPLY | VFU_HDR_ERROR, .error = error,
	};

	peer_send(p->fd, &hdr, sizeof(hdr));
}

static void take_fds(struct msghdr *mh, struct peer_cmd *cmd)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		memcpy(cmd->fds, CMSG_DATA(c), n * sizeof(int));
		cmd->nfds = (int)n;
	}
}

bool peer_receive(int fd, struct peer_cmd *cmd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(16 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = &cmd->hdr, .iov_len = sizeof(cmd->hdr) };
	struct msghdr mh = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.room, .msg_controllen = sizeof(control.room),
	};

	memset(cmd, 0, sizeof(*cmd));
	/* The whole header in one read, as libvfio-user wants it. */
	if (recvmsg(fd, &mh, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(cmd->hdr))
		return false;
	take_fds(&mh, cmd);
	cmd->len = cmd->hdr.size - sizeof(cmd->hdr);
	cmd->data = calloc(1, cmd->len + 64);	/* zeros behind it: hooks look without a care */
	return !cmd->len || recv(fd, cmd->data, cmd->len, MSG_WAITALL) == (ssize_t)cmd->len;
}

/* ---- good behaviour ---- */

static void answer_version(struct peer *p, struct peer_cmd *cmd)
{
	const char *json = p->json ? p->json : JSON_MODEST;
	const char *offer = strstr(cmd->data + 4, "\"max_msg_fds\":");
	struct vfu_version v = { .major = 0, .minor = 0 };
	char out[512];

	p->client_fds = offer ? (uint32_t)atoi(offer + strlen("\"max_msg_fds\":")) : 1;
	memcpy(out, &v, sizeof(v));
	strcpy(out + sizeof(v), json);
	peer_reply(p, cmd, out, sizeof(v) + strlen(json) + 1);
}

static void answer_info(struct peer *p, struct peer_cmd *cmd)
{
	struct vfu_info info = { .argsz = 16, .flags = p->info_flags,
				 .num_regions = p->num_regions, .num_irqs = p->num_irqs };

	peer_reply(p, cmd, &info, sizeof(info));
}

static void answer_region_info(struct peer *p, struct peer_cmd *cmd)
{
	struct vfu_region_info info;
	const struct peer_region *r;
	char out[1024];
	size_t len = sizeof(info);
	uint32_t asked;

	memcpy(&info, cmd->data, sizeof(info));
	if (info.index >= PEER_REGIONS) {
		peer_error(p, cmd, EINVAL);
		return;
	}
	r = &p->region[info.index];
	asked = info.argsz;
	info.argsz = (uint32_t)(sizeof(info) + r->caps_len);
	info.flags = r->flags;
	info.size = r->size;
	info.offset = r->offset;
	info.cap_offset = 0;
	if (r->caps_len && asked >= info.argsz) {
		info.flags |= VFU_REGION_F_CAPS;
		info.cap_offset = sizeof(info);
		memcpy(out + len, r->caps, r->caps_len);
		len += r->caps_len;
	}
	memcpy(out, &info, sizeof(info));
	peer_reply_fds(p, cmd, out, len, &r->fd, r->fd >= 0 && asked >= info.argsz);
}

static void answer_irq_info(struct peer *p, struct peer_cmd *cmd)
{
	struct vfu_irq_info info;

	memcpy(&info, cmd->data, sizeof(info));
	info.flags = VFU_IRQ_F_EVENTFD;
	info.count = p->irqs[info.index];
	peer_reply(p, cmd, &info, sizeof(info));
}

static bool bar_answers(const struct peer *p, unsigned int region)
{
	bool set = false;

	for (int i = 0; i < 4; i++)
		set |= (p->config[LEAT_PCI_BAR(region) + i] & (i ? 0xff : 0xf0)) != 0;
	return !p->bars_need_address || (set && (p->config[LEAT_PCI_COMMAND] & 2));
}

static uint8_t *memory_at(struct peer *p, const struct vfu_region_access *a)
{
	uint64_t size = a->region < PEER_REGIONS ? p->region[a->region].size : 0;

	if (a->offset > size || a->count > size - a->offset)
		return NULL;
	if (a->region == PEER_CONFIG)
		return p->config + a->offset;
	return bar_answers(p, a->region) ? p->bar + a->offset : NULL;
}

static void answer_access(struct peer *p, struct peer_cmd *cmd)
{
	bool write = cmd->hdr.cmd == VFU_REGION_WRITE;
	struct vfu_region_access a;
	char *out = malloc(sizeof(a) + PEER_PAYLOAD);
	uint8_t *mem;

	memcpy(&a, cmd->data, sizeof(a));
	mem = memory_at(p, &a);
	memcpy(out, &a, sizeof(a));
	for (uint32_t i = 0; mem && write && i < a.count; i++) {
		uint8_t mask = a.region == PEER_CONFIG ? p->config_mask[a.offset + i] : 0xff;

		mem[i] = (uint8_t)((mem[i] & ~mask) | (cmd->data[sizeof(a) + i] & mask));
	}
	if (mem && !write)
		memcpy(out + sizeof(a), mem, a.count);
	if (cmd->hdr.flags & VFU_HDR_NO_REPLY)
		;
	else if (!mem)
		peer_error(p, cmd, EINVAL);
	else
		peer_reply(p, cmd, out, sizeof(a) + (write ? 0 : a.count));
	free(out);
}

static void answer_map(struct peer *p, struct peer_cmd *cmd)
{
	struct vfu_dma_map map;

	memcpy(&map, cmd->data, sizeof(map));
	p->dma_addr = map.addr;
	p->dma_size = map.size;
	if (p->dma_fd >= 0)
		close(p->dma_fd);
	p->dma_fd = cmd->nfds ? cmd->fds[0] : -1;
	cmd->nfds = 0;
	peer_reply(p, cmd, NULL, 0);
}

enum peer_did peer_default(struct peer *p, struct peer_cmd *cmd)
{
	switch (cmd->hdr.cmd) {
	case VFU_VERSION:
		answer_version(p, cmd);
		break;
	case VFU_GET_INFO:
		answer_info(p, cmd);
		break;
	case VFU_GET_REGION_INFO:
		answer_region_info(p, cmd);
		break;
	case VFU_GET_IRQ_INFO:
		answer_irq_info(p, cmd);
		break;
	case VFU_REGION_READ:
	case VFU_REGION_WRITE:
		answer_access(p, cmd);
		break;
	case VFU_DMA_MAP:
		answer_map(p, cmd);
		break;
	case VFU_DMA_UNMAP:
		peer_reply(p, cmd, cmd->data, sizeof(struct vfu_dma_unmap));
		break;
	case VFU_SET_IRQS:
	case VFU_DEVICE_RESET:
		peer_reply(p, cmd, NULL, 0);
		break;
	default:
		peer_error(p, cmd, EINVAL);
	}
	return PEER_DONE;
}

static void note(struct peer *p, const struct peer_cmd *cmd)
{
	struct peer_note *n = &p->note[p->nnotes];
	struct vfu_irq_set set;
	struct vfu_region_access a;
	struct vfu_dma_unmap dma;

	if (p->nnotes == PEER_NOTES)
		return;
	*n = (struct peer_note){ .cmd = cmd->hdr.cmd, .hdr_flags = cmd->hdr.flags,
				 .nfds = cmd->nfds };
	if (cmd->hdr.cmd == VFU_SET_IRQS) {
		memcpy(&set, cmd->data, sizeof(set));
		n->flags = set.flags;
		n->index = set.index;
		n->start = set.start;
		n->count = set.count;
	} else if (cmd->hdr.cmd == VFU_REGION_READ || cmd->hdr.cmd == VFU_REGION_WRITE) {
		memcpy(&a, cmd->data, sizeof(a));
		n->index = a.region;
		n->count = a.count;
		n->addr = a.offset;
	} else if (cmd->hdr.cmd == VFU_DMA_UNMAP) {
		memcpy(&dma, cmd->data, sizeof(dma));
		n->addr = dma.addr;
		n->size = dma.size;
	}
	p->nnotes++;
}

int peer_count(const struct peer *p, uint16_t cmd)
{
	int n = 0;

	for (int i = 0; i < p->nnotes; i++)
		n += p->note[i].cmd == cmd;
	return n;
}

/* ---- life ---- */

static void serve(struct peer *p)
{
	enum peer_did did = PEER_DEFAULT;

	while (did != PEER_HANG_UP) {
		struct peer_cmd cmd;
		bool got = peer_receive(p->fd, &cmd);

		if (got) {
			note(p, &cmd);
			did = p->hook ? p->hook(p, &cmd) : PEER_DEFAULT;
			if (did == PEER_DEFAULT)
				did = peer_default(p, &cmd);
		}
		for (int i = 0; i < cmd.nfds; i++)
			close(cmd.fds[i]);
		free(cmd.data);
		if (!got)
			break;
	}
}

static void *run(void *arg)
{
	struct peer *p = arg;

	p->fd = accept(p->listen_fd, NULL, NULL);
	if (p->fd < 0)
		return NULL;		/* nobody came: peer_stop() */
	serve(p);
	shutdown(p->fd, SHUT_RDWR);
	return NULL;
}

void peer_init(struct peer *p)
{
	memset(p, 0, sizeof(*p));
	for (int i = 0; i < PEER_REGIONS; i++)
		p->region[i].fd = -1;
	p->fd = p->listen_fd = p->dma_fd = -1;
	p->num_regions = PEER_REGIONS;
	p->num_irqs = 5;
	p->info_flags = VFU_INFO_F_PCI | VFU_INFO_F_RESET;
	p->irqs[LEAT_IRQ_MSIX] = 4;
	p->irqs[LEAT_IRQ_ERR] = p->irqs[LEAT_IRQ_REQ] = 1;
	p->region[0] = (struct peer_region){ .size = 8192, .flags = 3, .fd = -1 };
	p->region[2] = (struct peer_region){ .size = 32, .flags = 3, .fd = -1 };
	p->region[PEER_CONFIG] = (struct peer_region){ .size = 256, .flags = 3, .fd = -1 };

	p->config[0] = 0xf4;
	p->config[1] = 0x1a;
	p->config_mask[LEAT_PCI_COMMAND] = 0x07;
	memset(p->config_mask + LEAT_PCI_BAR(0) + 1, 0xff, 3);
	p->config_mask[LEAT_PCI_BAR(0) + 1] = 0xe0;
	p->config[LEAT_PCI_BAR(2)] = LEAT_PCI_BAR_IO;
	memset(p->config_mask + LEAT_PCI_BAR(2) + 1, 0xff, 3);
	p->config_mask[LEAT_PCI_BAR(2)] = 0xe0;

	strcpy(p->dir, "/tmp/leat-peer-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->path, sizeof(p->path), "%s/nic.sock", p->dir);
}

void peer_start(struct peer *p)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	strcpy(sa.sun_path, p->path);
	p->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p->listen_fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(p->listen_fd, 1), 0);
	assert_int_equal(pthread_create(&p->thread, NULL, run, p), 0);
}

void peer_stop(struct peer *p)
{
	if (p->listen_fd >= 0) {
		shutdown(p->listen_fd, SHUT_RDWR);
		pthread_join(p->thread, NULL);
		close(p->listen_fd);
	}
	if (p->fd >= 0)
		close(p->fd);
	if (p->dma_fd >= 0)
		close(p->dma_fd);
	for (int i = 0; i < PEER_REGIONS; i++)
		if (p->region[i].fd >= 0)
			close(p->region[i].fd);
	unlink(p->path);
	rmdir(p->dir);
}
