// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_map.c - the client's memory: DMA_MAP, DMA_UNMAP, pages it took away.
 *
 * A map with a descriptor is mapped here and the model touches it directly;
 * one without is reached by messages (server_dma.c). The table mirrors the
 * model's own, with what is needed to compare and to unmap.
 */
#include "server.h"

#include <leat/bits.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* No machine has as much; a client that asks for more is lost. As libvfio-user. */
#define MAX_MAP_LEN (UINT64_C(8) << 40)

static uint64_t last(const struct srv_map *m)
{
	return m->iova + (m->len - 1);
}

/* The first map that ends at or behind @iova. */
static unsigned int find(const struct leat_server *srv, uint64_t iova)
{
	unsigned int low = 0, high = srv->nmaps;

	while (low < high) {
		unsigned int mid = low + (high - low) / 2;

		if (last(&srv->map[mid]) < iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct srv_map *leat_srv_map_find(const struct leat_server *srv, uint64_t iova)
{
	unsigned int i = find(srv, iova);

	return i < srv->nmaps && srv->map[i].iova <= iova ? &srv->map[i] : NULL;
}

/* ---- one map ---- */

static size_t page_size(int fd)
{
	struct statfs fs;

	if (!fstatfs(fd, &fs) && fs.f_type == HUGETLBFS_MAGIC)
		return (size_t)fs.f_bsize;
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Map the pages that hold the stretch; huge ones may reach beyond it on both sides. */
static int map_pages(struct srv_map *m, int fd)
{
	size_t page = page_size(fd);
	uint64_t start = LEAT_ALIGN_DOWN(m->offset, page);
	uint64_t end = LEAT_ALIGN_UP(m->offset + m->len, page);
	int prot = (m->flags & VFU_DMA_F_READ ? PROT_READ : 0) |
		   (m->flags & VFU_DMA_F_WRITE ? PROT_READ | PROT_WRITE : 0);
	void *base = mmap(NULL, end - start, prot, MAP_SHARED | MAP_NORESERVE, fd, (off_t)start);

	if (base == MAP_FAILED)
		return -errno;
	m->base = base;
	m->base_len = end - start;
	m->va = m->base + (m->offset - start);
	return 0;
}

static void unmap(struct srv_map *m)
{
	if (m->base)
		munmap(m->base, m->base_len);
	if (m->fd >= 0)
		close(m->fd);
}

/* What the client says, before its file is looked at. */
static int parse(const struct vfu_msg *msg, struct srv_map *m)
{
	const uint32_t how = VFU_DMA_F_MMAP | VFU_DMA_F_FILE_IO;
	const uint32_t known = VFU_DMA_F_READ | VFU_DMA_F_WRITE | how;
	const struct vfu_dma_map *req = msg->payload;

	*m = (struct srv_map){
		.iova = req->addr, .len = req->size, .offset = req->offset, .flags = req->flags,
		.has_file = msg->nfds == 1, .fd = -1,
	};
	if (req->argsz < sizeof(*req) || (req->flags & ~known) || (req->flags & how) == how ||
	    msg->fds_lost || msg->nfds > 1 || ((req->flags & how) && !m->has_file))
		return -EINVAL;
	if (!m->len || last(m) < m->iova)
		return -EINVAL;
	return m->len > MAX_MAP_LEN ? -ENOSPC : 0;
}

/* A stretch that does not lie in its file would only fault later. */
static int check_file(struct srv_map *m, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	m->dev = st.st_dev;
	m->ino = st.st_ino;
	if (m->offset % VFU_PGSIZES || m->offset > INT64_MAX - m->len)
		return -EINVAL;
	if (S_ISREG(st.st_mode) && m->offset + m->len > (uint64_t)st.st_size)
		return -EINVAL;
	return 0;
}

static bool same(const struct srv_map *a, const struct srv_map *b)
{
	return a->offset == b->offset && a->flags == b->flags && a->has_file == b->has_file &&
	       a->dev == b->dev && a->ino == b->ino;
}

/* 0: the range is free. 1: exactly this map is there already. */
static int compare(const struct leat_server *srv, const struct srv_map *m)
{
	unsigned int i = find(srv, m->iova);
	const struct srv_map *there;

	if (i == srv->nmaps)
		return 0;
	there = &srv->map[i];
	if (there->iova > last(m))
		return 0;
	if (there->iova != m->iova || there->len != m->len)
		return -EEXIST;
	return same(there, m) ? 1 : -EINVAL;
}

/* ---- the table ---- */

static void forget(struct leat_server *srv, unsigned int i)
{
	srv->nmaps--;
	memmove(&srv->map[i], &srv->map[i + 1], (srv->nmaps - i) * sizeof(*srv->map));
}

static int make_room(struct leat_server *srv)
{
	unsigned int room = srv->map_room ? srv->map_room * 2 : 16;
	struct srv_map *map;

	if (srv->nmaps == VFU_MAX_DMA_MAPS)
		return -EINVAL;
	if (srv->nmaps < srv->map_room)
		return 0;
	map = realloc(srv->map, room * sizeof(*map));
	if (!map)
		return -ENOMEM;
	srv->map = map;
	srv->map_room = room;
	return 0;
}

/* Into both tables; the server's first has room for it. */
static int insert(struct leat_server *srv, const struct srv_map *m)
{
	unsigned int i = find(srv, m->iova);
	const struct leat_mdma dma = {
		.iova = m->iova, .len = m->len, .va = m->va,
		.read = m->flags & VFU_DMA_F_READ, .write = m->flags & VFU_DMA_F_WRITE,
	};
	int err = make_room(srv);

	if (err)
		return err;
	memmove(&srv->map[i + 1], &srv->map[i], (srv->nmaps - i) * sizeof(*m));
	srv->map[i] = *m;
	srv->nmaps++;
	err = leat_mdev_dma_add(srv->mdev, &dma);
	if (err)
		forget(srv, i);
	return err;
}

/* Reach the memory, and put it into the tables. */
static int add(struct leat_server *srv, struct srv_map *m, struct vfu_msg *msg)
{
	int err = 0;

	if (m->flags & VFU_DMA_F_FILE_IO) {
		m->fd = msg->fds[0];
		msg->fds[0] = -1;
	} else if (m->has_file) {
		err = map_pages(m, msg->fds[0]);
	}
	if (!err)
		err = insert(srv, m);
	if (err)
		unmap(m);
	return err;
}

int leat_srv_dma_map(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply)
{
	struct srv_map m;
	int err = parse(msg, &m);

	(void)reply;
	if (!err && m.has_file)
		err = check_file(&m, msg->fds[0]);
	if (!err)
		err = compare(srv, &m);
	if (err)
		return err > 0 ? 0 : err;
	return add(srv, &m, msg);
}

/* The model lets go first. */
static int unmap_one(struct leat_server *srv, uint64_t iova, uint64_t len)
{
	unsigned int i = find(srv, iova);
	int err = leat_mdev_dma_remove(srv->mdev, iova, len);

	if (err)
		return err;
	unmap(&srv->map[i]);
	forget(srv, i);
	return 0;
}

static int unmap_all(struct leat_server *srv, const struct vfu_dma_unmap *req)
{
	if (req->addr || req->size)
		return -EINVAL;
	leat_mdev_dma_clear(srv->mdev);
	leat_srv_map_release(srv);
	return 0;
}

int leat_srv_dma_unmap(struct leat_server *srv, struct vfu_msg *msg, struct srv_reply *reply)
{
	const struct vfu_dma_unmap *req = msg->payload;
	int err;

	if (req->argsz < sizeof(*req) || req->argsz > VFU_MAX_XFER ||
	    (req->flags & ~VFU_UNMAP_F_ALL))
		return -EINVAL;
	if (req->flags & VFU_UNMAP_F_ALL)
		err = unmap_all(srv, req);
	else
		err = unmap_one(srv, req->addr, req->size);
	reply->data = req;
	reply->len = sizeof(*req);
	return err;
}

void leat_srv_map_release(struct leat_server *srv)
{
	for (unsigned int i = 0; i < srv->nmaps; i++)
		unmap(&srv->map[i]);
	free(srv->map);
	srv->map = NULL;
	srv->nmaps = 0;
	srv->map_room = 0;
}

/*
 * Runs in a signal handler, on the thread whose access faulted: the table is
 * not being changed. mmap() is a plain system call.
 */
int leat_server_sigbus(struct leat_server *srv, void *addr)
{
	for (unsigned int i = 0; i < srv->nmaps; i++) {
		struct srv_map *m = &srv->map[i];

		if (!m->base || (char *)addr < m->base || (char *)addr >= m->base + m->base_len)
			continue;
		if (mmap(m->base, m->base_len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) ==
		    MAP_FAILED)
			return 0;
		srv->lost_pages = 1;
		leat_srv_wake(srv);
		return 1;
	}
	return 0;
}
