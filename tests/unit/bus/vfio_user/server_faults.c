// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_faults.c - the k-th allocation fails, for every k: opening a server and
 * serving a client either work or fail with a sentence, and leave nothing
 * behind (AddressSanitizer looks, too). Linked with --wrap for the allocators;
 * what json-c allocates is its own.
 */
#include "server_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

void *__real_malloc(size_t len);
void *__real_calloc(size_t n, size_t len);
void *__real_realloc(void *p, size_t len);
void *__real_aligned_alloc(size_t align, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_realloc(void *p, size_t len);
void *__wrap_aligned_alloc(size_t align, size_t len);

static unsigned int countdown;		/* 0: nothing fails */
static bool failed;

static bool fails(void)
{
	if (!countdown || --countdown)
		return false;
	errno = ENOMEM;
	failed = true;
	return true;
}

void *__wrap_malloc(size_t len)
{
	return fails() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t n, size_t len)
{
	return fails() ? NULL : __real_calloc(n, len);
}

void *__wrap_realloc(void *p, size_t len)
{
	return fails() ? NULL : __real_realloc(p, len);
}

void *__wrap_aligned_alloc(size_t align, size_t len)
{
	return fails() ? NULL : __real_aligned_alloc(align, len);
}

/* From now on the @k-th allocation fails. */
static void fail_at(unsigned int k)
{
	countdown = k;
	failed = false;
}

static void test_open(void **state)
{
	struct rig *rig = *state;
	char path[128];
	unsigned int k = 0;

	snprintf(path, sizeof(path), "%s/faulty", rig->dir);
	do {
		struct leat_server_config cfg = { .path = path, .model = &rig_model };
		unsigned int fds = rig_open_fds(), maps = rig_mappings();
		struct leat_server *srv = NULL;
		int err;

		fail_at(++k);
		err = leat_server_open(&cfg, &srv);
		countdown = 0;
		assert_int_equal(err, failed ? -ENOMEM : 0);
		assert_int_equal(err == 0, cfg.error[0] == '\0');
		leat_server_close(srv);
		assert_int_equal(access(path, F_OK), -1);
		assert_int_equal(rig_open_fds(), fds);
		assert_int_equal(rig_mappings(), maps);
	} while (failed);
	assert_true(k > 5);
	print_message("%u allocations\n", k - 1);
}

/* Everything that a client does in one go; it does not look at the answers. */
static void send_session(struct rig *rig, int mem)
{
	const struct vfu_version ver = { 0, 0 };
	const struct vfu_dma_map map = { 32, 3, 0, 0x10000, 4096 }, bare = { 32, 3, 0, 0x20000, 4096 };
	const struct vfu_region_access read = { .region = 7, .count = 4096 };
	const struct vfu_dma_unmap unmap = { 24, 0, 0x10000, 4096 };
	const struct vfu_dma_access answer = { 0x20000, 64 };

	rig_connect(rig);
	rig_send(rig, 1, VFU_VERSION, 0, &ver, sizeof(ver), NULL, 0);
	rig_send(rig, 2, VFU_DMA_MAP, 0, &map, sizeof(map), &mem, 1);
	rig_send(rig, 3, VFU_DMA_MAP, 0, &bare, sizeof(bare), NULL, 0);
	rig_send(rig, 4, VFU_REGION_READ, 0, &read, sizeof(read), NULL, 0);
	rig->model->dma_addr = 0x20000;
	rig->model->dma_len = 64;
	rig_post32(rig, 0, RIG_DMA_WRITE, 1);
	rig_post32(rig, 0, RIG_LOG, 1);		/* queued meanwhile */
	rig_send(rig, rig->srv->dma_id, VFU_DMA_WRITE, VFU_HDR_REPLY, &answer, sizeof(answer), NULL, 0);
	rig_send(rig, 5, VFU_DMA_UNMAP, 0, &unmap, sizeof(unmap), NULL, 0);
}

static void test_session(void **state)
{
	struct rig *rig = *state;
	unsigned int k = 0, fds = rig_open_fds(), maps = rig_mappings();
	int mem = rig_memfd(4096);

	do {
		send_session(rig, mem);
		fail_at(++k);
		rig_step(rig);
		countdown = 0;
		rig_disconnect(rig);
		assert_int_equal(rig_open_fds(), fds + 1);
		assert_int_equal(rig_mappings(), maps);
		assert_int_equal(rig->model->mdev.ndma, 0);
	} while (failed);
	assert_true(k > 10);
	print_message("%u allocations\n", k - 1);
	assert_int_equal(rig->model->dma_result, 0);
	rig_start(rig);
	rig_check_alive(rig);
	rig_disconnect(rig);
	close(mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_session),
	};

	return cmocka_run_group_tests_name("bus/vfio_user/server: failing allocations", tests,
					   rig_setup, rig_teardown);
}
