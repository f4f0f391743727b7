// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_rig.c - a vfio-user server with a small model, and a raw client.
 */
#include "server_rig.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the model ---- */

static const struct leat_model_pci_desc rig_desc = {
	.vendor = 0x1af4, .device = 0x1041, .subvendor = 0x1af4, .subdevice = 0x1100,
	.revision = 1, .class_code = 0x020000, .bar = { [4] = LEAT_MODEL_BAR_64 },
};

static int rig_model_init(struct leat_mdev *mdev, const struct leat_model_opt *opts)
{
	struct rig_model *m = (struct rig_model *)mdev;
	uint8_t express[58] = { 0x02, 0x00, 0x00, 0x00, 0x00, 0x10 };	/* device, FLR */
	const uint8_t dsn[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	int err;

	if (opts->key)
		return leat_mdev_fail(mdev, -EINVAL, "%s: no such option", opts->key);
	mdev->region[0] = (struct leat_model_region){ RIG_BAR0_LEN, RIG_PAGE, 0x1000 };
	mdev->region[2].size = RIG_BAR2_LEN;
	mdev->region[4].size = RIG_BAR4_LEN;
	mdev->irqs[0] = 1;
	mdev->irqs[2] = RIG_VECTORS;
	mdev->irqs[3] = mdev->irqs[4] = 1;
	err = leat_model_pci_init(&m->pci, mdev, &rig_desc);
	if (err)
		return err;
	m->express = leat_model_pci_add_cap(&m->pci, 0x10, express, NULL, sizeof(express));
	m->dsn = leat_model_pci_add_ext_cap(&m->pci, 0x0003, 1, dsn, NULL, sizeof(dsn));
	err = leat_model_pci_add_msix(&m->pci, 2, 0, RIG_PBA);
	return err < 0 ? err : 0;
}

static void rig_model_fini(struct leat_mdev *mdev)
{
	leat_model_pci_fini(&((struct rig_model *)mdev)->pci);
}

static void rig_model_reset(struct leat_mdev *mdev)
{
	struct rig_model *m = (struct rig_model *)mdev;

	leat_model_pci_reset(&m->pci);
	m->scratch = 0;
	m->logged = 0;
	m->resets++;
}

static void rig_dma(struct rig_model *m, bool write)
{
	int err = write ? leat_mdev_write(&m->mdev, m->dma_addr, m->data, m->dma_len)
			: leat_mdev_read(&m->mdev, m->dma_addr, m->data, m->dma_len);

	m->dma_result = (uint32_t)-err;
}

static void rig_bar0_write(struct rig_model *m, uint64_t off, uint64_t val)
{
	switch (off) {
	case RIG_SCRATCH:
		m->scratch = (uint32_t)val;
		break;
	case RIG_RAISE:
		leat_mdev_raise(&m->mdev, 2, (unsigned int)val);
		break;
	case RIG_DMA_ADDR:
		m->dma_addr = val;
		break;
	case RIG_DMA_LEN:
		m->dma_len = val <= sizeof(m->data) ? (uint32_t)val : 0;
		break;
	case RIG_DMA_READ:
	case RIG_DMA_WRITE:
		rig_dma(m, off == RIG_DMA_WRITE);
		break;
	case RIG_LOG:
		if (m->logged < LEAT_ARRAY_LEN(m->log))
			m->log[m->logged++] = (uint32_t)val;
		break;
	}
}

static int rig_model_access(struct leat_mdev *mdev, unsigned int region, uint64_t off, void *buf,
			    size_t len, bool write)
{
	struct rig_model *m = (struct rig_model *)mdev;
	uint64_t val = 0;

	if (region == LEAT_MODEL_CONFIG)
		return leat_model_pci_config(&m->pci, off, buf, len, write);
	if (leat_model_pci_msix(&m->pci, region, off, buf, len, write))
		return 0;
	if (region != 0 || off == RIG_REFUSED)
		return -EINVAL;
	if (off >= RIG_PAGE)
		m->page_writes++;
	else if (write) {
		memcpy(&val, buf, len);
		rig_bar0_write(m, off, val);
	} else {
		val = off == RIG_SCRATCH ? m->scratch : off == RIG_DMA_RESULT ? m->dma_result : 0;
		memcpy(buf, &val, len);
	}
	return 0;
}

static unsigned int rig_model_poll(struct leat_mdev *mdev)
{
	(void)mdev;
	return 0;
}

static unsigned int rig_model_receive(struct leat_mdev *mdev, const struct leat_frame *frames,
				      unsigned int n)
{
	(void)mdev;
	(void)frames;
	return n;
}

static bool rig_model_ready(const struct leat_mdev *mdev)
{
	(void)mdev;
	return true;
}

static void rig_model_dma_changed(struct leat_mdev *mdev)
{
	((struct rig_model *)mdev)->dma_changes++;
}

const struct leat_model rig_model = {
	.name = "rig", .help = "", .size = sizeof(struct rig_model),
	.init = rig_model_init, .fini = rig_model_fini, .reset = rig_model_reset,
	.access = rig_model_access, .poll = rig_model_poll, .receive = rig_model_receive,
	.ready = rig_model_ready, .dma_changed = rig_model_dma_changed,
};

/* ---- life ---- */

static void rig_log(void *arg, enum leat_log_level level, const char *message)
{
	struct rig *rig = arg;

	rig->errors += level == LEAT_LOG_ERROR;
	rig->warnings += level == LEAT_LOG_WARNING;
	rig->infos += level == LEAT_LOG_INFO;
	snprintf(rig->line, sizeof(rig->line), "%s", message);
}

int rig_setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct leat_server_config cfg = {
		.model = &rig_model, .log = rig_log, .log_arg = rig, .log_level = LEAT_LOG_DEBUG,
	};

	assert_non_null(rig);
	strcpy(rig->dir, "/tmp/leat-server-XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	snprintf(rig->path, sizeof(rig->path), "%s/nic.sock", rig->dir);
	rig->sock = -1;
	cfg.path = rig->path;
	assert_int_equal(leat_server_open(&cfg, &rig->srv), 0);
	rig->model = (struct rig_model *)leat_server_mdev(rig->srv);
	rig->srv->reply_ns = 1000000;
	*state = rig;
	return 0;
}

int rig_teardown(void **state)
{
	struct rig *rig = *state;

	if (rig->sock >= 0)
		rig_disconnect(rig);
	leat_server_close(rig->srv);
	assert_int_equal(access(rig->path, F_OK), -1);
	assert_int_equal(rmdir(rig->dir), 0);
	free(rig);
	return 0;
}

void rig_step(struct rig *rig)
{
	while (leat_server_poll(rig->srv))
		;
}

void rig_connect(struct rig *rig)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	assert_int_equal(rig->sock, -1);
	strcpy(addr.sun_path, rig->path);
	rig->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(rig->sock >= 0);
	assert_int_equal(connect(rig->sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	leat_vfu_rx_init(&rig->rx, VFU_MAX_PAYLOAD);
}

void rig_disconnect(struct rig *rig)
{
	leat_vfu_rx_fini(&rig->rx);
	close(rig->sock);
	rig->sock = -1;
	rig_step(rig);
}

void rig_negotiate(struct rig *rig, const char *json)
{
	char payload[1024] = { 0 };
	size_t len = json ? strlen(json) + 1 : 0;

	if (json)
		memcpy(payload + sizeof(struct vfu_version), json, len);
	assert_int_equal(rig_command(rig, VFU_VERSION, payload, sizeof(struct vfu_version) + len,
				     NULL, 0), 0);
}

void rig_start(struct rig *rig)
{
	rig_connect(rig);
	rig_negotiate(rig, NULL);
}

/* ---- messages ---- */

void rig_send_raw(struct rig *rig, const void *buf, size_t len, const int *fds, unsigned int nfds)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(64 * sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf, .iov_len = len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nfds) {
		mh.msg_control = control.room;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, nfds * sizeof(int));
	}
	assert_int_equal(sendmsg(rig->sock, &mh, MSG_NOSIGNAL), (ssize_t)len);
}

void rig_send(struct rig *rig, uint16_t id, uint16_t cmd, uint32_t flags, const void *payload,
	      size_t len, const int *fds, unsigned int nfds)
{
	struct vfu_hdr hdr = { .id = id, .cmd = cmd, .flags = flags };
	char *buf = malloc(sizeof(hdr) + len);

	assert_non_null(buf);
	hdr.size = (uint32_t)(sizeof(hdr) + len);
	memcpy(buf, &hdr, sizeof(hdr));
	if (len)
		memcpy(buf + sizeof(hdr), payload, len);
	rig_send_raw(rig, buf, sizeof(hdr) + len, fds, nfds);
	free(buf);
}

struct vfu_msg *rig_receive(struct rig *rig)
{
	leat_vfu_rx_next(&rig->rx);
	assert_int_equal(leat_vfu_rx_feed(&rig->rx, rig->sock), 1);
	return &rig->rx.msg;
}

void rig_receive_nothing(struct rig *rig)
{
	leat_vfu_rx_next(&rig->rx);
	assert_int_equal(leat_vfu_rx_feed(&rig->rx, rig->sock), 0);
}

void rig_receive_hangup(struct rig *rig)
{
	leat_vfu_rx_next(&rig->rx);
	assert_int_equal(leat_vfu_rx_feed(&rig->rx, rig->sock), -ENOTCONN);
}

int rig_command(struct rig *rig, uint16_t cmd, const void *payload, size_t len, const int *fds,
		unsigned int nfds)
{
	static uint16_t id;
	const struct vfu_hdr *hdr;

	rig_send(rig, ++id, cmd, VFU_HDR_COMMAND, payload, len, fds, nfds);
	rig_step(rig);
	hdr = &rig_receive(rig)->hdr;
	assert_int_equal(hdr->id, id);
	assert_int_equal(hdr->cmd, cmd);
	assert_int_equal(hdr->flags & VFU_HDR_TYPE, VFU_HDR_REPLY);
	if (!(hdr->flags & VFU_HDR_ERROR))
		return 0;
	assert_int_equal(hdr->size, sizeof(*hdr));
	assert_int_not_equal(hdr->error, 0);
	return (int)hdr->error;
}

void rig_check_alive(struct rig *rig)
{
	const struct vfu_info req = { .argsz = sizeof(req) };

	assert_int_equal(rig_command(rig, VFU_GET_INFO, &req, sizeof(req), NULL, 0), 0);
	rig_receive_nothing(rig);
}

/* ---- accesses ---- */

void rig_read(struct rig *rig, uint32_t region, uint64_t off, void *buf, uint32_t len)
{
	const struct vfu_region_access req = { off, region, len };
	const struct vfu_msg *msg = &rig->rx.msg;

	assert_int_equal(rig_command(rig, VFU_REGION_READ, &req, sizeof(req), NULL, 0), 0);
	assert_int_equal(msg->len, sizeof(req) + len);
	assert_memory_equal(msg->payload, &req, sizeof(req));
	memcpy(buf, (char *)msg->payload + sizeof(req), len);
}

static size_t build_write(char *buf, uint32_t region, uint64_t off, const void *data, uint32_t len)
{
	const struct vfu_region_access req = { off, region, len };

	memcpy(buf, &req, sizeof(req));
	memcpy(buf + sizeof(req), data, len);
	return sizeof(req) + len;
}

void rig_write(struct rig *rig, uint32_t region, uint64_t off, const void *buf, uint32_t len)
{
	char payload[1024];
	size_t n = build_write(payload, region, off, buf, len);

	assert_int_equal(rig_command(rig, VFU_REGION_WRITE, payload, n, NULL, 0), 0);
	assert_int_equal(rig->rx.msg.len, sizeof(struct vfu_region_access));
	assert_memory_equal(rig->rx.msg.payload, payload, sizeof(struct vfu_region_access));
}

uint32_t rig_read32(struct rig *rig, uint32_t region, uint64_t off)
{
	uint32_t val;

	rig_read(rig, region, off, &val, sizeof(val));
	return val;
}

void rig_write32(struct rig *rig, uint32_t region, uint64_t off, uint32_t val)
{
	rig_write(rig, region, off, &val, sizeof(val));
}

void rig_post32(struct rig *rig, uint32_t region, uint64_t off, uint32_t val)
{
	char payload[32];
	size_t n = build_write(payload, region, off, &val, sizeof(val));

	rig_send(rig, 0, VFU_REGION_WRITE, VFU_HDR_NO_REPLY, payload, n, NULL, 0);
}

int rig_dma_map(struct rig *rig, uint64_t addr, uint64_t size, uint32_t flags, uint64_t offset,
		int fd)
{
	const struct vfu_dma_map req = {
		.argsz = sizeof(req), .flags = flags, .offset = offset, .addr = addr, .size = size,
	};

	return rig_command(rig, VFU_DMA_MAP, &req, sizeof(req), &fd, fd >= 0 ? 1 : 0);
}

int rig_set_irqs(struct rig *rig, uint32_t flags, uint32_t index, uint32_t start, uint32_t count,
		 const int *fds, unsigned int nfds)
{
	const struct vfu_irq_set req = { sizeof(req), flags, index, start, count };

	return rig_command(rig, VFU_SET_IRQS, &req, sizeof(req), fds, nfds);
}

/* ---- the process ---- */

uint64_t rig_count(int fd)
{
	uint64_t count = 0;

	if (read(fd, &count, sizeof(count)) < 0)
		assert_int_equal(errno, EAGAIN);
	return count;
}

int rig_memfd(size_t len)
{
	int fd = memfd_create("rig", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	return fd;
}

unsigned int rig_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

unsigned int rig_mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	unsigned int n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, "memfd:") != NULL;
	fclose(f);
	return n;
}
