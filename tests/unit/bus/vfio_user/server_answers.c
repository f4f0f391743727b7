// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_answers.c - what a server says of its device and does to it: info,
 * register accesses, the client's memory. Ids as in server_cases.c.
 */
#include "server_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define RW (VFU_DMA_F_READ | VFU_DMA_F_WRITE)
#define CAPS(s) "{\"capabilities\":" s "}"

/* ---- info ---- */

/* I03 */
static void test_info(void **state)
{
	const struct vfu_info req = { .argsz = 32 };
	const struct vfu_info want = { 16, VFU_INFO_F_PCI | VFU_INFO_F_RESET, 9, 5 };
	struct rig *rig = *state;

	rig_start(rig);
	assert_int_equal(rig_command(rig, VFU_GET_INFO, &req, sizeof(req), NULL, 0), 0);
	assert_int_equal(rig->rx.msg.len, sizeof(want));
	assert_memory_equal(rig->rx.msg.payload, &want, sizeof(want));
	rig_disconnect(rig);
}

static const struct vfu_region_info *region_info(struct rig *rig, uint32_t index, uint32_t argsz)
{
	const struct vfu_region_info req = { .argsz = argsz, .index = index };

	assert_int_equal(rig_command(rig, VFU_GET_REGION_INFO, &req, sizeof(req), NULL, 0), 0);
	assert_true(rig->rx.msg.len >= sizeof(req));
	return rig->rx.msg.payload;
}

/* R05, R06 */
static void test_plain_regions(void **state)
{
	struct rig *rig = *state;
	const struct vfu_region_info *info;

	rig_start(rig);
	info = region_info(rig, 7, 40);
	assert_int_equal(rig->rx.msg.len, 32);
	assert_int_equal(info->argsz, 32);
	assert_int_equal(info->flags, VFU_REGION_F_READ | VFU_REGION_F_WRITE);
	assert_int_equal(info->size, 4096);
	info = region_info(rig, 8, 32);
	assert_int_equal(info->flags, 0);
	assert_int_equal(info->size, 0);
	assert_true(region_info(rig, 4, 32)->size == RIG_BAR4_LEN);
	rig_disconnect(rig);
}

/* R07, R08: too little room first, then the whole with a descriptor that maps. */
static void test_mapped_region(void **state)
{
	struct rig *rig = *state;
	const struct vfu_region_info *info;
	const struct vfu_sparse_cap *cap;
	volatile uint32_t *page;
	uint32_t full;

	rig_start(rig);
	info = region_info(rig, 0, 32);
	full = info->argsz;
	assert_int_equal(rig->rx.msg.len, 32);
	assert_int_equal(full, 64);
	assert_int_equal(info->flags,
			 VFU_REGION_F_READ | VFU_REGION_F_WRITE | VFU_REGION_F_MMAP);
	assert_int_equal(info->cap_offset, 0);
	assert_int_equal(rig->rx.msg.nfds, 0);

	info = region_info(rig, 0, full);
	cap = (const void *)((const char *)info + info->cap_offset);
	assert_int_equal(rig->rx.msg.len, full);
	assert_int_equal(rig->rx.msg.nfds, 1);
	assert_true(info->flags & VFU_REGION_F_CAPS);
	assert_int_equal(cap->cap.id, VFU_REGION_CAP_SPARSE);
	assert_int_equal(cap->cap.next, 0);
	assert_int_equal(cap->nr_areas, 1);
	assert_int_equal(cap->area[0].offset, RIG_PAGE);
	page = mmap(NULL, cap->area[0].size, PROT_READ | PROT_WRITE, MAP_SHARED,
		    rig->rx.msg.fds[0], (off_t)(info->offset + cap->area[0].offset));
	assert_true(page != MAP_FAILED);

	/* Seen by the model, and by messages; written by messages, and the model hears of it. */
	page[3] = 0x1234;
	assert_int_equal(((uint32_t *)rig->model->mdev.mem[0])[3], 0x1234);
	assert_int_equal(rig_read32(rig, 0, RIG_PAGE + 12), 0x1234);
	rig->model->page_writes = 0;
	rig_write32(rig, 0, RIG_PAGE + 16, 0x5678);
	assert_int_equal(page[4], 0x5678);
	assert_int_equal(rig->model->page_writes, 1);

	/* Whoever comes next finds nothing of it. */
	rig_disconnect(rig);
	assert_int_equal(page[3], 0);
	munmap((void *)(uintptr_t)page, 4096);
}

/* A client that takes no descriptors is offered none. */
static void test_no_fds_taken(void **state)
{
	struct rig *rig = *state;
	const struct vfu_region_info *info;

	rig_connect(rig);
	rig_negotiate(rig, CAPS("{\"max_msg_fds\":0}"));
	info = region_info(rig, 0, 4096);
	assert_int_equal(info->flags, VFU_REGION_F_READ | VFU_REGION_F_WRITE);
	assert_int_equal(rig->rx.msg.nfds, 0);
	rig_disconnect(rig);
}

/* F00: none are offered, in so many words. */
static void test_io_fds(void **state)
{
	const struct vfu_region_io_fds req = { .argsz = 4096 };
	const struct vfu_region_io_fds want = { .argsz = 16 };
	struct rig *rig = *state;

	rig_start(rig);
	assert_int_equal(rig_command(rig, VFU_GET_REGION_IO_FDS, &req, sizeof(req), NULL, 0), 0);
	assert_int_equal(rig->rx.msg.len, sizeof(want));
	assert_memory_equal(rig->rx.msg.payload, &want, sizeof(want));
	rig_disconnect(rig);
}

/* Q04 */
static void test_irq_info(void **state)
{
	static const uint32_t counts[] = { 1, 0, RIG_VECTORS, 1, 1 };
	struct rig *rig = *state;

	rig_start(rig);
	for (uint32_t i = 0; i < LEAT_ARRAY_LEN(counts); i++) {
		const struct vfu_irq_info req = { .argsz = 32, .index = i };
		const struct vfu_irq_info *info;

		assert_int_equal(rig_command(rig, VFU_GET_IRQ_INFO, &req, sizeof(req), NULL, 0), 0);
		info = rig->rx.msg.payload;
		assert_int_equal(rig->rx.msg.len, sizeof(*info));
		assert_int_equal(info->argsz, 16);
		assert_true(info->flags & VFU_IRQ_F_EVENTFD);
		assert_int_equal(info->index, i);
		assert_int_equal(info->count, counts[i]);
	}
	rig_disconnect(rig);
}

/* ---- accesses ---- */

/* A12: nothing is read, and that is said in full. */
static void test_read_nothing(void **state)
{
	struct rig *rig = *state;
	char none;

	rig_start(rig);
	rig_read(rig, 7, 0, &none, 0);
	assert_int_equal(rig->rx.msg.hdr.size, 32);
	rig_disconnect(rig);
}

/* A14, A15: one image of configuration space, whatever the width. */
static void test_config_widths(void **state)
{
	struct rig *rig = *state;
	uint8_t all[256], part[8];

	rig_start(rig);
	rig_read(rig, 7, 0, all, sizeof(all));
	assert_memory_equal(all, "\xf4\x1a\x41\x10", 4);
	for (uint32_t off = 0; off < 64; off++)
		for (uint32_t len = 1; len <= 8; len++) {
			rig_read(rig, 7, off, part, len);
			assert_memory_equal(part, all + off, len);
		}
	rig_write32(rig, 7, 0, 0xffffffff);
	assert_int_equal(rig_read32(rig, 7, 0), 0x10411af4);
	rig_disconnect(rig);
}

/* A17, A18: a posted write is not answered, and comes before what follows. */
static void test_posted_write(void **state)
{
	struct rig *rig = *state;

	rig_start(rig);
	rig_post32(rig, 7, 4, 0x6);
	assert_int_equal(rig_read32(rig, 7, 4) & 0xffff, 0x6);
	rig_receive_nothing(rig);
	rig_disconnect(rig);
}

/* A20: where it was offered, several writes in one message. */
static void test_write_multi(void **state)
{
	struct {
		uint64_t count;
		struct vfu_write_one one[3];
	} req = { 3, { { RIG_LOG, 0, 4, { 1 } }, { RIG_LOG, 0, 4, { 2 } }, { RIG_LOG, 0, 4, { 3 } } } };
	struct rig *rig = *state;

	rig_connect(rig);
	rig_negotiate(rig, CAPS("{\"write_multiple\":true}"));
	assert_non_null(strstr((char *)rig->rx.msg.payload + 4, "\"write_multiple\":true"));
	assert_int_equal(rig_command(rig, VFU_REGION_WRITE_MULTI, &req, sizeof(req), NULL, 0), 0);
	assert_int_equal(rig->rx.msg.len, 8);
	assert_int_equal(rig->model->logged, 3);
	assert_int_equal(rig->model->log[2], 3);

	req.count = 4;		/* more than there are */
	assert_int_equal(rig_command(rig, VFU_REGION_WRITE_MULTI, &req, sizeof(req), NULL, 0), EINVAL);
	req.count = 1;
	req.one[0].count = 9;
	assert_int_equal(rig_command(rig, VFU_REGION_WRITE_MULTI, &req, sizeof(req), NULL, 0), EINVAL);
	rig_check_alive(rig);
	rig_disconnect(rig);
}

/* ---- memory ---- */

static int dma_unmap(struct rig *rig, uint64_t addr, uint64_t size, uint32_t flags)
{
	const struct vfu_dma_unmap req = { 24, flags, addr, size };
	int err = rig_command(rig, VFU_DMA_UNMAP, &req, sizeof(req), NULL, 0);

	if (!err) {
		assert_int_equal(rig->rx.msg.len, sizeof(req));
		assert_memory_equal(rig->rx.msg.payload, &req, sizeof(req));
	}
	return err;
}

/* D07 to D11: the same again, nearly the same, overlapping. */
static void test_dma_overlap(void **state)
{
	struct rig *rig = *state;
	int a = rig_memfd(65536), b = rig_memfd(65536);
	unsigned int before = rig_open_fds();

	rig_start(rig);
	assert_int_equal(rig_dma_map(rig, 0x10000, 0x4000, RW, 0, a), 0);
	assert_int_equal(rig_dma_map(rig, 0x10000, 0x4000, RW, 0, a), 0);
	assert_int_equal(rig_dma_map(rig, 0x10000, 0x4000, RW, 0x1000, a), EINVAL);
	assert_int_equal(rig_dma_map(rig, 0x10000, 0x4000, RW, 0, b), EINVAL);
	assert_int_equal(rig_dma_map(rig, 0x10000, 0x4000, RW, 0, -1), EINVAL);
	assert_int_equal(rig_dma_map(rig, 0x12000, 0x4000, RW, 0, a), EEXIST);
	assert_int_equal(rig_dma_map(rig, 0xf000, 0x2000, RW, 0, -1), EEXIST);
	assert_int_equal(rig_dma_map(rig, 0x11000, 0x1000, RW, 0, a), EEXIST);
	assert_int_equal(rig_dma_map(rig, 0xe000, 0x8000, RW, 0, a), EEXIST);
	assert_int_equal(rig_dma_map(rig, 0x14000, 0x1000, RW, 0, -1), 0);
	assert_int_equal(rig_dma_map(rig, 0xf000, 0x1000, RW, 0, -1), 0);
	assert_int_equal(rig->model->mdev.ndma, 3);
	rig_disconnect(rig);
	assert_int_equal(rig_open_fds(), before);
	close(a);
	close(b);
}

/* D20 to D25 */
static void test_dma_unmap(void **state)
{
	struct rig *rig = *state;
	int fd = rig_memfd(65536);
	unsigned int maps = rig_mappings();

	rig_start(rig);
	assert_int_equal(rig_dma_map(rig, 0x10000, 0x2000, RW, 0, fd), 0);
	assert_int_equal(rig_dma_map(rig, 0x12000, 0x2000, RW, 0x2000, fd), 0);
	assert_int_equal(rig_mappings(), maps + 2);
	assert_int_equal(dma_unmap(rig, 0x10000, 0x1000, 0), ENOENT);
	assert_int_equal(dma_unmap(rig, 0x11000, 0x1000, 0), ENOENT);
	assert_int_equal(dma_unmap(rig, 0x10000, 0x4000, 0), ENOENT);
	assert_int_equal(dma_unmap(rig, 0x10000, 0x2000, 0), 0);
	assert_int_equal(rig_mappings(), maps + 1);
	assert_int_equal(dma_unmap(rig, 0x10000, 0x2000, 0), ENOENT);
	assert_int_equal(rig_dma_map(rig, 0x10000, 0x2000, RW, 0, fd), 0);
	assert_int_equal(dma_unmap(rig, 0, 0, VFU_UNMAP_F_ALL), 0);
	assert_int_equal(rig->model->mdev.ndma, 0);
	assert_int_equal(rig_mappings(), maps);
	rig_disconnect(rig);
	close(fd);
}

/* The model reads and writes what the client maps; by mmap and by file. */
static void test_dma_reaches_memory(void **state)
{
	static const uint32_t hows[] = { 0, VFU_DMA_F_MMAP, VFU_DMA_F_FILE_IO };
	struct rig *rig = *state;

	for (size_t i = 0; i < LEAT_ARRAY_LEN(hows); i++) {
		int fd = rig_memfd(65536);
		char got[8];

		rig_start(rig);
		assert_int_equal(rig_dma_map(rig, 0x100000, 0x8000, RW | hows[i], 0x4000, fd), 0);
		assert_int_equal(pwrite(fd, "leather", 8, 0x4010), 8);
		assert_int_equal(leat_mdev_read(&rig->model->mdev, 0x100010, got, 8), 0);
		assert_string_equal(got, "leather");
		assert_int_equal(leat_mdev_write(&rig->model->mdev, 0x107ff8, "channel", 8), 0);
		assert_int_equal(pread(fd, got, 8, 0xbff8), 8);
		assert_string_equal(got, "channel");
		assert_int_equal(leat_mdev_read(&rig->model->mdev, 0x107ff9, got, 8), -EFAULT);
		assert_int_equal(leat_mdev_ptr(&rig->model->mdev, 0x100010, 8, true) != NULL,
				 hows[i] != VFU_DMA_F_FILE_IO);
		rig_disconnect(rig);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_plain_regions),
		cmocka_unit_test(test_mapped_region),
		cmocka_unit_test(test_no_fds_taken),
		cmocka_unit_test(test_io_fds),
		cmocka_unit_test(test_irq_info),
		cmocka_unit_test(test_read_nothing),
		cmocka_unit_test(test_config_widths),
		cmocka_unit_test(test_posted_write),
		cmocka_unit_test(test_write_multi),
		cmocka_unit_test(test_dma_overlap),
		cmocka_unit_test(test_dma_unmap),
		cmocka_unit_test(test_dma_reaches_memory),
	};

	return cmocka_run_group_tests_name("bus/vfio_user/server: answers", tests, rig_setup,
					   rig_teardown);
}
