// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_regions.c - registers by message and mapped.
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

#define JSON_XFER(n) "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":" #n "}}"

static struct peer_note *last(struct rig *r, uint16_t cmd)
{
	for (int i = r->peer.nnotes; i-- > 0;)
		if (r->peer.note[i].cmd == cmd)
			return &r->peer.note[i];
	fail_msg("command %u never came", cmd);
	return NULL;
}

/* ---- by message ---- */

static void posted_or_not(void **state)
{
	struct leat_mmio mem, io;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	assert_int_equal(leat_mmio_map(r.dev, 0, 0, 8192, &mem), 0);
	assert_int_equal(leat_mmio_map(r.dev, 2, 0, 32, &io), 0);

	/* A read behind it: what was posted has been seen when the answer is there. */
	leat_mmio_write32(&mem, 0x10, 0xcafef00d);
	assert_int_equal(leat_mmio_read32(&mem, 0x10), 0xcafef00d);
	assert_int_equal(last(&r, VFU_REGION_WRITE)->hdr_flags, VFU_HDR_NO_REPLY);
	assert_int_equal(last(&r, VFU_REGION_WRITE)->count, 4);

	leat_mmio_write16(&io, 2, 0x1234);
	assert_int_equal(last(&r, VFU_REGION_WRITE)->hdr_flags, 0);
	assert_int_equal(last(&r, VFU_REGION_WRITE)->index, 2);
	assert_int_equal(leat_pci_bus_master(r.dev, true), 0);
	assert_int_equal(last(&r, VFU_REGION_WRITE)->hdr_flags, 0);
	assert_int_equal(last(&r, VFU_REGION_WRITE)->index, PEER_CONFIG);
	rig_fini(&r);
}

static void bars_are_programmed(void **state)
{
	struct leat_mmio win;
	struct rig r;

	(void)state;
	rig_init(&r);
	r.peer.bars_need_address = true;
	r.peer.config[LEAT_PCI_COMMAND] = LEAT_PCI_COMMAND_MASTER;	/* the one before us died */
	rig_must_open(&r);
	assert_int_equal(leat_mmio_map(r.dev, 0, 0, 8192, &win), 0);
	assert_int_equal(leat_mmio_read32(&win, 0), 0);
	assert_int_equal(leat_pci_read16(r.dev, LEAT_PCI_COMMAND),
			 LEAT_PCI_COMMAND_MEM | LEAT_PCI_COMMAND_IO);

	/* And again after a reset took it all away. */
	memset(r.peer.config + LEAT_PCI_BAR(0), 0, 4);
	r.peer.config[LEAT_PCI_COMMAND] = 0;
	assert_int_equal(leat_mmio_read32(&win, 0), UINT32_MAX);
	assert_int_equal(r.dev->ops->reset(r.dev), 0);
	assert_int_equal(leat_mmio_read32(&win, 0), 0);
	rig_fini(&r);
}

static void split_to_what_the_server_takes(void **state)
{
	static const struct {
		const char *json;
		int reads;		/* of 64 bytes */
		uint32_t count;		/* in each */
	} peers[] = {
		{ JSON_XFER(4), 16, 4 }, { JSON_XFER(7), 16, 4 }, { JSON_XFER(1), 64, 1 },
		{ JSON_XFER(40), 2, 32 }, { JSON_XFER(18446744073709551615), 1, 64 },
	};
	uint8_t buf[64];

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(peers); i++) {
		struct rig r;

		rig_init(&r);
		r.peer.json = peers[i].json;
		for (int k = 0; k < 64; k++)
			r.peer.config[0x80 + k] = (uint8_t)k;
		rig_must_open(&r);
		r.peer.nnotes = 0;
		assert_int_equal(r.dev->ops->region_read(r.dev, 7, 0x80, buf, sizeof(buf)), 0);
		assert_int_equal(peer_count(&r.peer, VFU_REGION_READ), peers[i].reads);
		assert_int_equal(last(&r, VFU_REGION_READ)->count, peers[i].count);
		for (int k = 0; k < 64; k++)
			assert_int_equal(buf[k], k);
		rig_fini(&r);
	}
}

static void refused_accesses(void **state)
{
	uint32_t v = 0;
	struct leat_mmio win;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	r.peer.region[0].size = 16;		/* the server changed its mind */
	assert_int_equal(leat_mmio_map(r.dev, 0, 0, 8192, &win), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(leat_mmio_read32(&win, 0x20), UINT32_MAX);
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.warnings, 1);
	assert_non_null(strstr(r.warning, "region 0: the server refused to read 4 bytes at 0x20: "
					  "Invalid argument (further refusals are not reported)"));
	/* The device lives. */
	assert_int_equal(r.dev->ops->region_read(r.dev, 7, 0, &v, 4), 0);
	assert_int_equal(v, 0x1af4);
	rig_fini(&r);
}

static enum peer_did short_read(struct peer *p, struct peer_cmd *cmd)
{
	if (cmd->hdr.cmd != VFU_REGION_READ || cmd->data[8] != 0)
		return PEER_DEFAULT;
	peer_reply(p, cmd, cmd->data, 16 + 2);
	return PEER_DONE;
}

static void data_that_are_too_short(void **state)
{
	struct leat_mmio win;
	struct rig r;

	(void)state;
	rig_init(&r);
	r.peer.hook = short_read;
	rig_must_open(&r);
	assert_int_equal(leat_mmio_map(r.dev, 0, 0, 8192, &win), 0);
	assert_int_equal(leat_mmio_read32(&win, 0), UINT32_MAX);
	assert_true(r.dev->dead);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "18 bytes in answer to REGION_READ, at least "
						      "20 are due"));
	rig_wait(&r, LEAT_EVENT_GONE);
	rig_fini(&r);
}

static enum peer_did answer_posted(struct peer *p, struct peer_cmd *cmd)
{
	if (cmd->hdr.flags & VFU_HDR_NO_REPLY) {
		peer_reply(p, cmd, cmd->data, 16);
		return PEER_DONE;
	}
	return PEER_DEFAULT;
}

static void an_answer_to_a_posted_write(void **state)
{
	struct leat_mmio win;
	struct rig r;

	(void)state;
	rig_init(&r);
	r.peer.hook = answer_posted;
	rig_must_open(&r);
	assert_int_equal(leat_mmio_map(r.dev, 0, 0, 8192, &win), 0);
	leat_mmio_write32(&win, 0, 1);
	rig_wait(&r, LEAT_EVENT_GONE);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "it answered REGION_WRITE"));
	assert_int_equal(r.errors, 1);
	rig_fini(&r);
}

/* ---- mapped ---- */

static void maps_what_lies_in_one_area(void **state)
{
	struct leat_mmio in, across, odd;
	uint32_t v = 0;
	struct rig r;
	int fd;

	(void)state;
	fd = rig_init_mappable(&r, 3 * 4096);
	rig_must_open(&r);
	assert_int_equal(leat_mmio_map(r.dev, 0, 4096 + 64, 128, &in), 0);
	assert_non_null(in.base);
	assert_int_equal(leat_mmio_map(r.dev, 0, 4096 - 8, 16, &across), 0);
	assert_null(across.base);
	assert_int_equal(leat_mmio_map(r.dev, 0, 4096 + 4, 16, &odd), 0);
	assert_null(odd.base);

	r.peer.nnotes = 0;
	leat_mmio_write32(&in, 4, 0x600df00d);
	assert_int_equal(leat_mmio_read32(&in, 4), 0x600df00d);
	assert_int_equal(r.peer.nnotes, 0);
	/* The region starts a page into the file, the area a page into the region. */
	assert_int_equal(pread(fd, &v, 4, 4096 + 4096 + 64 + 4), 4);
	assert_int_equal(v, 0x600df00d);
	leat_mmio_unmap(&in);
	leat_mmio_unmap(&across);
	assert_null(r.dev->windows);
	rig_fini_mappable(&r, fd);
}

static void memory_shorter_than_announced(void **state)
{
	struct leat_mmio win;
	struct rig r;
	int fd;

	(void)state;
	fd = rig_init_mappable(&r, 3 * 4096 - 1);
	rig_must_open(&r);
	assert_int_equal(leat_mmio_map(r.dev, 0, 4096, 64, &win), 0);
	assert_null(win.base);
	assert_non_null(strstr(r.warning, "the window at 0x1000 cannot be mapped and works by "
					  "messages: the memory that the server passed ends before"));
	leat_mmio_write32(&win, 0, 5);
	assert_int_equal(leat_mmio_read32(&win, 0), 5);
	rig_fini_mappable(&r, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(posted_or_not),
		cmocka_unit_test(bars_are_programmed),
		cmocka_unit_test(split_to_what_the_server_takes),
		cmocka_unit_test(refused_accesses),
		cmocka_unit_test(data_that_are_too_short),
		cmocka_unit_test(an_answer_to_a_posted_write),
		cmocka_unit_test(maps_what_lies_in_one_area),
		cmocka_unit_test(memory_shorter_than_announced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
