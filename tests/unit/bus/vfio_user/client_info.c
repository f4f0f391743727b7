// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_info.c - servers that describe impossible devices, and regions that
 * cannot be mapped.
 */
#include "peer.h"

#include <leat/bits.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

/* ---- the device as a whole ---- */

static void counts(void **state)
{
	struct rig r;

	(void)state;
	/* More than we know of: only what we know is asked for. */
	rig_init(&r);
	r.peer.num_regions = 1000;
	r.peer.num_irqs = 1000;
	rig_must_open(&r);
	assert_int_equal(peer_count(&r.peer, VFU_GET_REGION_INFO), LEAT_REGIONS);
	assert_int_equal(peer_count(&r.peer, VFU_GET_IRQ_INFO), LEAT_IRQS);
	assert_int_equal(r.dev->irqs[LEAT_IRQ_MSIX], 4);
	assert_true(r.dev->can_reset);
	rig_fini(&r);

	/* Fewer: what is missing is not there. */
	rig_init(&r);
	r.peer.num_regions = 8;
	r.peer.num_irqs = 4;
	r.peer.info_flags = VFU_INFO_F_PCI;
	rig_must_open(&r);
	assert_int_equal(peer_count(&r.peer, VFU_GET_IRQ_INFO), 4);
	assert_int_equal(r.dev->irqs[LEAT_IRQ_REQ], 0);
	assert_false(r.dev->can_reset);
	assert_int_equal(r.dev->ops->reset(r.dev), -ENOTSUP);
	rig_fini(&r);
}

static void no_pci_device(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.peer.info_flags = VFU_INFO_F_RESET;
	rig_refuse(&r, -ENOTSUP, "what is served there is not a PCI device");

	rig_init(&r);
	r.peer.num_regions = 7;
	rig_refuse(&r, -EPROTO, "a PCI device of 7 regions, without configuration space");

	rig_init(&r);
	r.peer.config[0] = r.peer.config[1] = 0xff;
	rig_refuse(&r, -ENODEV, "configuration space reads all ones");
}

static void absurd_regions(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.peer.region[2].size = UINT64_C(1) << 63;
	rig_refuse(&r, -EPROTO, "an absurd region: number 2 with 0x8000000000000000 bytes");

	rig_init(&r);
	r.peer.region[0].size = UINT64_C(1) << 40;
	rig_refuse(&r, -EPROTO, "BAR0: no room for the 1099511627776 bytes");

	rig_init(&r);
	r.peer.region[7].size = 65536;
	rig_refuse(&r, -EPROTO, "a configuration space of 65536 bytes; PCI knows 256 and 4096");

	rig_init(&r);
	r.peer.region[7].size = 0;
	rig_refuse(&r, -EPROTO, "a configuration space of 0 bytes");
}

static enum peer_did wrong_index(struct peer *p, struct peer_cmd *cmd)
{
	struct vfu_region_info info = { .argsz = sizeof(info), .index = 3 };

	if (cmd->hdr.cmd != VFU_GET_REGION_INFO)
		return PEER_DEFAULT;
	peer_reply(p, cmd, &info, sizeof(info));
	return PEER_DONE;
}

static void another_region_than_asked(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.peer.hook = wrong_index;
	rig_refuse(&r, -EPROTO, "asked about region 0, it answered about region 3");
}

/* Refuses what @arg points to: a command and an index. */
static enum peer_did refuse_one(struct peer *p, struct peer_cmd *cmd)
{
	const uint32_t *which = p->hook_arg;
	struct vfu_region_info info;

	if (cmd->hdr.cmd != which[0])
		return PEER_DEFAULT;
	memcpy(&info, cmd->data, sizeof(uint32_t) * 3);
	if (info.index != which[1])
		return PEER_DEFAULT;
	peer_error(p, cmd, EINVAL);
	return PEER_DONE;
}

static void what_is_not_described_is_not_there(void **state)
{
	uint32_t which[2] = { VFU_GET_REGION_INFO, 8 };
	struct rig r;

	(void)state;
	rig_init(&r);
	r.peer.hook = refuse_one;
	r.peer.hook_arg = which;
	rig_must_open(&r);
	assert_non_null(strstr(r.warning, "region 8: the server announces it, but does not"));
	rig_fini(&r);

	which[0] = VFU_GET_IRQ_INFO;
	which[1] = LEAT_IRQ_MSIX;
	rig_init(&r);
	r.peer.hook = refuse_one;
	r.peer.hook_arg = which;
	rig_must_open(&r);
	assert_non_null(strstr(r.warning, "interrupt index 2: the server announces it"));
	assert_int_equal(r.dev->irqs[LEAT_IRQ_MSIX], 0);
	rig_fini(&r);

	which[0] = VFU_GET_REGION_INFO;
	which[1] = LEAT_REGION_CONFIG;
	rig_init(&r);
	r.peer.hook = refuse_one;
	r.peer.hook_arg = which;
	rig_refuse(&r, -EINVAL, "the server refused DEVICE_GET_REGION_INFO of region 7: Invalid");
}

static void more_vectors_than_pci_has(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	r.peer.irqs[LEAT_IRQ_MSIX] = UINT32_MAX;
	r.peer.irqs[LEAT_IRQ_MSI] = 64;
	rig_must_open(&r);
	assert_int_equal(r.dev->irqs[LEAT_IRQ_MSIX], 2048);
	assert_int_equal(r.dev->irqs[LEAT_IRQ_MSI], 32);
	rig_fini(&r);
}

/* ---- mapping ---- */

static int memory(size_t len)
{
	int fd = memfd_create("bar", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	return fd;
}

/* BAR 0 with memory behind it; @n areas of a page, from the second page on. */
static void init_mappable(struct rig *r, struct peer_sparse *caps, uint32_t n)
{
	rig_init(r);
	memset(caps, 0, sizeof(*caps));
	caps->cap.id = VFU_REGION_CAP_SPARSE;
	caps->cap.version = 1;
	caps->nr_areas = n;
	for (uint32_t i = 0; i < n; i++)
		caps->area[i] = (struct vfu_sparse_area){ 4096, 4096 };
	r->peer.region[0].flags = VFU_REGION_F_READ | VFU_REGION_F_WRITE | VFU_REGION_F_MMAP;
	r->peer.region[0].fd = memory(8192);
	r->peer.region[0].caps = caps;
	r->peer.region[0].caps_len = PEER_SPARSE_LEN(n);
}

static void check_mapped(struct rig *r, bool mapped)
{
	struct leat_mmio win;

	assert_int_equal(r->dev->region[0].flags & LEAT_REGION_MMAP,
			 r->peer.region[0].flags & VFU_REGION_F_MMAP);
	assert_int_equal(!!r->dev->region[0].mapped, mapped);
	assert_int_equal(leat_mmio_map(r->dev, 0, 4096, 64, &win), 0);
	assert_int_equal(win.base != NULL, mapped);
	leat_mmio_unmap(&win);
}

static void more_room_is_asked_for(void **state)
{
	struct peer_sparse caps;
	struct rig r;

	(void)state;
	for (uint32_t n = 1; n <= 20; n += 19) {
		init_mappable(&r, &caps, n);
		rig_must_open(&r);
		assert_true(r.dev->region[0].flags & LEAT_REGION_SPARSE);
		check_mapped(&r, true);
		assert_int_equal(peer_count(&r.peer, VFU_GET_REGION_INFO),
				 LEAT_REGIONS + (n > 8));
		rig_fini(&r);
	}
}

static void must_work_by_messages(struct rig *r, const char *why)
{
	rig_must_open(r);
	assert_int_equal(r->errors, 0);
	if (why && !strstr(r->warning, why))
		fail_msg("\"%s\" without \"%s\"", r->warning, why);
	check_mapped(r, false);
	rig_fini(r);
}

static enum peer_did absurd_argsz(struct peer *p, struct peer_cmd *cmd)
{
	struct vfu_region_info info;

	memcpy(&info, cmd->data, LEAT_MIN(sizeof(info), cmd->len));
	if (cmd->hdr.cmd != VFU_GET_REGION_INFO || info.index)
		return PEER_DEFAULT;
	info = (struct vfu_region_info){ .argsz = *(uint32_t *)p->hook_arg, .flags = 7,
					 .size = 8192 };
	peer_reply_fds(p, cmd, &info, sizeof(info), &p->region[0].fd, 1);
	return PEER_DONE;
}

static void unmappable(void **state)
{
	uint32_t argsz[] = { 100000, UINT32_MAX };
	struct peer_sparse caps;
	struct rig r;

	(void)state;
	init_mappable(&r, &caps, 1);
	close(r.peer.region[0].fd);
	r.peer.region[0].fd = -1;
	must_work_by_messages(&r, "region 0 cannot be mapped and works by messages: the server "
				  "passed no descriptor");

	init_mappable(&r, &caps, 1);
	caps.area[0].size = 8192;
	must_work_by_messages(&r, "an area reaches beyond the region");

	init_mappable(&r, &caps, 1);
	caps.area[0].offset = 17;
	must_work_by_messages(&r, "an area is not made of whole pages");

	init_mappable(&r, &caps, 1);
	caps.cap.id = 9;
	caps.cap.next = sizeof(struct vfu_region_info);
	must_work_by_messages(&r, "its chain of capabilities is a loop");

	init_mappable(&r, &caps, 1);
	caps.nr_areas = UINT32_MAX;
	must_work_by_messages(&r, "the sparse capability is cut off");

	/* A descriptor that nobody announced is closed, and that is all. */
	init_mappable(&r, &caps, 1);
	r.peer.region[0].flags &= ~VFU_REGION_F_MMAP;
	must_work_by_messages(&r, NULL);

	for (size_t i = 0; i < LEAT_ARRAY_LEN(argsz); i++) {
		init_mappable(&r, &caps, 1);
		r.peer.hook = absurd_argsz;
		r.peer.hook_arg = &argsz[i];
		must_work_by_messages(&r, "the server's description of it is cut off");
	}
}

static enum peer_did many_fds(struct peer *p, struct peer_cmd *cmd)
{
	struct vfu_region_info info;
	int fds[40];

	memcpy(&info, cmd->data, LEAT_MIN(sizeof(info), cmd->len));
	for (int i = 0; i < 40; i++)
		fds[i] = p->region[0].fd;
	if (cmd->hdr.cmd == VFU_GET_REGION_INFO && !info.index) {
		info = (struct vfu_region_info){ .argsz = 32, .flags = 7, .size = 8192 };
		peer_reply_fds(p, cmd, &info, sizeof(info), fds, 40);
		return PEER_DONE;
	}
	if (cmd->hdr.cmd == VFU_GET_INFO) {	/* where none belong */
		struct vfu_info whole = { .argsz = 16, .flags = p->info_flags,
					  .num_regions = 9, .num_irqs = 5 };

		peer_reply_fds(p, cmd, &whole, sizeof(whole), fds, 3);
		return PEER_DONE;
	}
	return PEER_DEFAULT;
}

static void descriptors_too_many(void **state)
{
	struct peer_sparse caps;
	struct rig r;
	int before;

	(void)state;
	init_mappable(&r, &caps, 1);
	r.peer.hook = many_fds;
	before = count_fds();
	rig_must_open(&r);
	check_mapped(&r, true);
	leat_pci_read32(r.dev, 0);	/* so that the peer is through with closing its own */
	/* Of all those sent only one is left, beside three sockets and the two of ERR, REQ. */
	assert_int_equal(count_fds(), before + 1 + 3 + 2);
	rig_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(no_pci_device),
		cmocka_unit_test(absurd_regions),
		cmocka_unit_test(another_region_than_asked),
		cmocka_unit_test(what_is_not_described_is_not_there),
		cmocka_unit_test(more_vectors_than_pci_has),
		cmocka_unit_test(more_room_is_asked_for),
		cmocka_unit_test(unmappable),
		cmocka_unit_test(descriptors_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
