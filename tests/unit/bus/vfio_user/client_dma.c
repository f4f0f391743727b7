// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_dma.c - memory told to the server and taken back, and a server that
 * reaches it by messages, on one socket or two, in time and out of it.
 */
#include "peer.h"

#include <leat/driver/aspace.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define IOVA	0x40000000u
#define SEG_LEN 65536

static char memory[SEG_LEN];		/* what the client maps for the server */

static struct leat_seg segment(int fd)
{
	return (struct leat_seg){ .va = memory, .iova = IOVA, .len = SEG_LEN, .fd = fd,
				  .page_size = 4096, .node = -1 };
}

static int map(struct rig *r, const struct leat_seg *seg)
{
	return r->dev->as->ops->dma_map(r->dev->as, seg);
}

static void unmap(struct rig *r, const struct leat_seg *seg)
{
	r->dev->as->ops->dma_unmap(r->dev->as, seg);
}

/* ---- the server's commands ---- */

static char *request(uint16_t cmd, uint32_t flags, uint64_t addr, uint64_t count, const void *data,
		     size_t len, size_t *out_len)
{
	struct vfu_dma_access a = { .addr = addr, .count = count };
	struct vfu_hdr hdr = { .id = 0xabcd, .cmd = cmd, .flags = flags,
			       .size = (uint32_t)(sizeof(hdr) + sizeof(a) + len) };
	char *msg = malloc(hdr.size);

	memcpy(msg, &hdr, sizeof(hdr));
	memcpy(msg + sizeof(hdr), &a, sizeof(a));
	if (len)
		memcpy(msg + sizeof(hdr) + sizeof(a), data, len);
	*out_len = hdr.size;
	return msg;
}

/* Send one and read its answer: the error, or 0 with the payload in @reply. */
static uint32_t ask(int fd, uint16_t cmd, uint64_t addr, uint64_t count, const void *data,
		    size_t len, struct peer_cmd *reply)
{
	size_t size;
	char *msg = request(cmd, 0, addr, count, data, len, &size);

	peer_send(fd, msg, size);
	free(msg);
	if (!peer_receive(fd, reply) || reply->hdr.id != 0xabcd || reply->hdr.cmd != cmd ||
	    (reply->hdr.flags & VFU_HDR_TYPE) != VFU_HDR_REPLY)
		return UINT32_MAX;
	return reply->hdr.flags & VFU_HDR_ERROR ? reply->hdr.error : 0;
}

static uint32_t ask_only(int fd, uint16_t cmd, uint64_t addr, uint64_t count, const void *data,
			 size_t len)
{
	struct peer_cmd reply;
	uint32_t err = ask(fd, cmd, addr, count, data, len, &reply);

	free(reply.data);
	return err;
}

/* What a server on @fd must be able to do and what not; the number of the first wrong one. */
static int exercise(int fd)
{
	static const char big[1 << 20];
	struct peer_cmd reply;
	int wrong = 0;

	memset(memory, 'm', 16);
	if (ask(fd, VFU_DMA_READ, IOVA + 8, 16, NULL, 0, &reply) || reply.len != 32 ||
	    memcmp(reply.data + 16, "mmmmmmmm\0\0\0\0\0\0\0\0", 16))
		wrong = 1;
	free(reply.data);
	if (ask(fd, VFU_DMA_WRITE, IOVA + SEG_LEN - 4, 4, "tail", 4, &reply) || reply.len != 16 ||
	    memcmp(memory + SEG_LEN - 4, "tail", 4))
		wrong = 2;
	free(reply.data);
	if (ask(fd, VFU_DMA_READ, IOVA, SEG_LEN, NULL, 0, &reply) || reply.len != 16 + SEG_LEN)
		wrong = 3;
	free(reply.data);

	if (ask_only(fd, VFU_DMA_READ, IOVA + SEG_LEN - 4, 5, NULL, 0) != EFAULT ||
	    ask_only(fd, VFU_DMA_READ, IOVA - 1, 4, NULL, 0) != EFAULT ||
	    ask_only(fd, VFU_DMA_READ, UINT64_MAX, 4, NULL, 0) != EFAULT ||
	    ask_only(fd, VFU_DMA_WRITE, 0, 4, "abcd", 4) != EFAULT)
		wrong = 4;
	if (ask_only(fd, VFU_DMA_READ, IOVA, UINT64_MAX, NULL, 0) != EINVAL ||
	    ask_only(fd, VFU_DMA_READ, IOVA, 4, "abcd", 4) != EINVAL ||
	    ask_only(fd, VFU_DMA_WRITE, IOVA, 8, "abcd", 4) != EINVAL ||
	    ask_only(fd, VFU_DMA_WRITE, IOVA, UINT64_MAX - 11, "abcd", 4) != EINVAL ||
	    ask_only(fd, VFU_DMA_WRITE, IOVA, sizeof(big), big, sizeof(big)) != EFAULT)
		wrong = 5;
	if (ask_only(fd, VFU_REGION_READ, 0, 0, NULL, 0) != EINVAL ||
	    ask_only(fd, 77, 0, 0, NULL, 0) != EINVAL)
		wrong = 6;
	return wrong;
}

/* ---- by messages, while the client waits for a reply ---- */

struct dma_test {
	bool	twin;
	int	fd;		/* where the server's commands go; -1: the main socket */
	int	wrong;		/* -1 until tried */
};

static enum peer_did offer_twin(struct peer *p, struct peer_cmd *cmd, struct dma_test *t)
{
	static const char version[] = "\0\0\0\0{\"capabilities\":{\"max_msg_fds\":8,"
				      "\"twin_socket\":{\"supported\":true,\"fd_index\":0}}}";
	int pair[2];

	if (!strstr(cmd->data + 4, "\"twin_socket\":{\"supported\":true}") ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return PEER_HANG_UP;
	peer_reply_fds(p, cmd, version, sizeof(version), &pair[1], 1);
	close(pair[1]);
	t->fd = pair[0];
	return PEER_DONE;
}

/* Before it answers DMA_UNMAP the server still uses the memory. */
static enum peer_did exercise_in_unmap(struct peer *p, struct peer_cmd *cmd)
{
	struct dma_test *t = p->hook_arg;

	if (cmd->hdr.cmd == VFU_VERSION && t->twin)
		return offer_twin(p, cmd, t);
	if (cmd->hdr.cmd == VFU_DMA_UNMAP)
		t->wrong = exercise(t->fd >= 0 ? t->fd : p->fd);
	return PEER_DEFAULT;
}

static void run_exercise(bool twin)
{
	struct dma_test t = { .twin = twin, .fd = -1, .wrong = -1 };
	struct leat_seg seg = segment(-1);
	struct rig r;

	memset(memory, 0, sizeof(memory));
	rig_init(&r);
	r.peer.hook = exercise_in_unmap;
	r.peer.hook_arg = &t;
	rig_must_open(&r);
	assert_int_equal(map(&r, &seg), 0);
	/* Returns only when the server has let go: its use of the memory is over. */
	unmap(&r, &seg);
	assert_int_equal(t.wrong, 0);
	assert_int_equal(r.errors, 0);
	assert_false(r.dev->dead);
	if (t.fd >= 0)
		close(t.fd);
	if (twin)
		rig_wait(&r, LEAT_EVENT_GONE);
	rig_fini(&r);
}

static void while_a_reply_is_awaited(void **state)
{
	(void)state;
	run_exercise(false);
}

static void on_a_twin_socket(void **state)
{
	(void)state;
	run_exercise(true);
}

/* ---- by messages, between commands ---- */

/* A doorbell, in a posted write: now the device gets to work. */
static enum peer_did exercise_at_doorbell(struct peer *p, struct peer_cmd *cmd)
{
	struct dma_test *t = p->hook_arg;

	if (cmd->hdr.flags & VFU_HDR_NO_REPLY)
		__atomic_store_n(&t->wrong, exercise(p->fd), __ATOMIC_RELEASE);
	return PEER_DEFAULT;
}

static void between_commands(void **state)
{
	struct dma_test t = { .fd = -1, .wrong = -1 };
	struct leat_seg seg = segment(-1);
	struct leat_mmio win;
	struct rig r;

	(void)state;
	memset(memory, 0, sizeof(memory));
	rig_init(&r);
	r.peer.hook = exercise_at_doorbell;
	r.peer.hook_arg = &t;
	rig_must_open(&r);
	assert_int_equal(map(&r, &seg), 0);
	assert_int_equal(leat_mmio_map(r.dev, 0, 0, 64, &win), 0);
	leat_mmio_write32(&win, 0, 1);
	while (__atomic_load_n(&t.wrong, __ATOMIC_ACQUIRE) < 0) {
		leat_ctx_hurry(r.ctx);
		assert_int_equal(leat_ctx_poll(r.ctx), 0);
		assert_false(r.dev->dead);
	}
	assert_int_equal(t.wrong, 0);
	rig_fini(&r);
}

/* ---- a command and a reply in one go ---- */

static enum peer_did write_before_reply(struct peer *p, struct peer_cmd *cmd)
{
	struct vfu_hdr hdr = { .id = cmd->hdr.id, .cmd = cmd->hdr.cmd, .size = sizeof(hdr),
			       .flags = VFU_HDR_REPLY };
	char *msg, both[128];
	size_t len;

	if (cmd->hdr.cmd != VFU_DEVICE_RESET)
		return PEER_DEFAULT;
	msg = request(VFU_DMA_WRITE, VFU_HDR_NO_REPLY, IOVA, 5, "hello", 5, &len);
	memcpy(both, msg, len);
	memcpy(both + len, &hdr, sizeof(hdr));
	free(msg);
	peer_send(p->fd, both, len + sizeof(hdr));
	return PEER_DONE;
}

static void a_command_and_a_reply_in_one_send(void **state)
{
	struct leat_seg seg = segment(-1);
	struct rig r;

	(void)state;
	memset(memory, 0, sizeof(memory));
	rig_init(&r);
	r.peer.hook = write_before_reply;
	rig_must_open(&r);
	assert_int_equal(map(&r, &seg), 0);
	assert_int_equal(r.dev->ops->reset(r.dev), 0);
	assert_string_equal(memory, "hello");
	/* No answer was sent to what wanted none: the peer would have stumbled over it. */
	assert_int_equal(leat_pci_read16(r.dev, LEAT_PCI_VENDOR), 0x1af4);
	rig_fini(&r);
}

/* ---- by descriptor ---- */

static void descriptors_are_passed(void **state)
{
	struct leat_mem mem;
	struct rig r;
	char *theirs;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	assert_int_equal(leat_aspace_alloc(r.dev->as, 4096, 64, &mem), 0);
	assert_true(r.peer.dma_fd >= 0);
	assert_true(mem.iova >= r.peer.dma_addr &&
		    mem.iova + mem.len <= r.peer.dma_addr + r.peer.dma_size);
	theirs = mmap(NULL, r.peer.dma_size, PROT_READ | PROT_WRITE, MAP_SHARED, r.peer.dma_fd, 0);
	assert_ptr_not_equal(theirs, MAP_FAILED);
	strcpy(theirs + (mem.iova - r.peer.dma_addr), "straight through");
	assert_string_equal(mem.va, "straight through");
	munmap(theirs, r.peer.dma_size);
	leat_aspace_free(r.dev->as, &mem);
	rig_fini(&r);
}

static void limits_of_the_server(void **state)
{
	struct leat_seg seg = segment(-1), small = segment(-1);
	struct rig r;

	(void)state;
	rig_init(&r);
	r.peer.json = "{\"capabilities\":{\"max_dma_maps\":1,\"pgsizes\":69632}}"; /* 4 and 64 KiB */
	rig_must_open(&r);
	assert_int_equal(r.dev->as->page_size, 4096);
	assert_int_equal(map(&r, &seg), 0);
	assert_int_equal(map(&r, &seg), -ENOSPC);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "the server takes 1 memory segments"));
	unmap(&r, &seg);
	small.len = 4095;
	assert_int_equal(map(&r, &small), -EINVAL);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "in pages of 4096 bytes"));
	rig_fini(&r);

	/* One that takes no descriptors is told all the same. */
	rig_init(&r);
	r.peer.json = "{\"capabilities\":{\"max_msg_fds\":0}}";
	rig_must_open(&r);
	seg.fd = r.peer.listen_fd;
	assert_int_equal(map(&r, &seg), 0);
	assert_int_equal(r.peer.dma_fd, -1);
	rig_fini(&r);
}

static enum peer_did refuse_cmd(struct peer *p, struct peer_cmd *cmd)
{
	if (cmd->hdr.cmd != *(uint16_t *)p->hook_arg)
		return PEER_DEFAULT;
	peer_error(p, cmd, ENOENT);
	return PEER_DONE;
}

static void refusals(void **state)
{
	struct leat_seg seg = segment(-1);
	uint16_t cmd = VFU_DMA_MAP;
	struct rig r;

	(void)state;
	rig_init(&r);
	r.peer.hook = refuse_cmd;
	r.peer.hook_arg = &cmd;
	rig_must_open(&r);
	assert_int_equal(map(&r, &seg), -ENOENT);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "the server refused DMA_MAP of 0x10000 bytes "
						      "at 0x40000000: No such file"));
	assert_false(r.dev->dead);
	rig_fini(&r);

	/* Memory that is not let go: that server is not driven any further. */
	cmd = VFU_DMA_UNMAP;
	rig_init(&r);
	r.peer.hook = refuse_cmd;
	r.peer.hook_arg = &cmd;
	rig_must_open(&r);
	assert_int_equal(map(&r, &seg), 0);
	unmap(&r, &seg);
	assert_true(r.dev->dead);
	assert_int_equal(r.errors, 1);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "refused to let go of memory"));
	assert_int_equal(r.events[LEAT_EVENT_GONE], 1);
	rig_fini(&r);
}

/* Never hears what it is told: the socket fills up, and the wait for room ends. */
static enum peer_did deaf(struct peer *p, struct peer_cmd *cmd)
{
	struct dma_test *t = p->hook_arg;

	if (!(cmd->hdr.flags & VFU_HDR_NO_REPLY))
		return PEER_DEFAULT;
	while (!__atomic_load_n(&t->wrong, __ATOMIC_ACQUIRE))
		sched_yield();
	return PEER_HANG_UP;
}

static void a_server_that_does_not_read(void **state)
{
	struct dma_test t = { .wrong = 0 };
	struct leat_mmio win;
	struct rig r;

	(void)state;
	rig_init(&r);
	r.peer.hook = deaf;
	r.peer.hook_arg = &t;
	rig_must_open(&r);
	assert_int_equal(leat_mmio_map(r.dev, 0, 0, 64, &win), 0);
	__atomic_store_n(&r.step, UINT64_C(1000000000), __ATOMIC_RELAXED);
	for (int i = 0; i < 100000 && !r.dev->dead; i++)
		leat_mmio_write32(&win, 0, 1);
	assert_true(r.dev->dead);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "no answer to REGION_WRITE in 5 s"));
	__atomic_store_n(&t.wrong, 1, __ATOMIC_RELEASE);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(while_a_reply_is_awaited),
		cmocka_unit_test(on_a_twin_socket),
		cmocka_unit_test(between_commands),
		cmocka_unit_test(a_command_and_a_reply_in_one_send),
		cmocka_unit_test(descriptors_are_passed),
		cmocka_unit_test(limits_of_the_server),
		cmocka_unit_test(refusals),
		cmocka_unit_test(a_server_that_does_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
