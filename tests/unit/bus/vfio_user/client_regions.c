// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_regions.c - registers by message and mapped, while the server lives
 * and after.
 */
#include "peer.h"

#include <leat/bits.h>
#include <leat/driver/pci.h>

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
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

static const struct {
	struct vfu_sparse_cap cap;
	struct vfu_sparse_area area;
} second_page = {
	{ { .id = VFU_REGION_CAP_SPARSE, .version = 1 }, .nr_areas = 1 }, { 4096, 4096 },
};

/* BAR 0 of two pages, the second shared; returns a descriptor of our own on it. */
static int init_mappable(struct rig *r, size_t len)
{
	int fd;

	rig_init(r);
	fd = memfd_create("bar", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	r->peer.region[0].flags = 7;
	r->peer.region[0].fd = dup(fd);
	r->peer.region[0].offset = 4096;
	r->peer.region[0].caps = &second_page;
	r->peer.region[0].caps_len = sizeof(second_page);
	return fd;
}

static void fini_mappable(struct rig *r, int fd)
{
	close(fd);
	rig_fini(r);
}

static void maps_what_lies_in_one_area(void **state)
{
	struct leat_mmio in, across, odd;
	uint32_t v = 0;
	struct rig r;
	int fd;

	(void)state;
	fd = init_mappable(&r, 3 * 4096);
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
	fini_mappable(&r, fd);
}

static void memory_shorter_than_announced(void **state)
{
	struct leat_mmio win;
	struct rig r;
	int fd;

	(void)state;
	fd = init_mappable(&r, 3 * 4096 - 1);
	rig_must_open(&r);
	assert_int_equal(leat_mmio_map(r.dev, 0, 4096, 64, &win), 0);
	assert_null(win.base);
	assert_non_null(strstr(r.warning, "the window at 0x1000 cannot be mapped and works by "
					  "messages: the memory that the server passed ends before"));
	leat_mmio_write32(&win, 0, 5);
	assert_int_equal(leat_mmio_read32(&win, 0), 5);
	fini_mappable(&r, fd);
}

/* ---- the server goes ---- */

static enum peer_did hang_up_on_posted(struct peer *p, struct peer_cmd *cmd)
{
	(void)p;
	return cmd->hdr.flags & VFU_HDR_NO_REPLY ? PEER_HANG_UP : PEER_DEFAULT;
}

static void assert_gone(struct rig *r, struct leat_mmio *mapped, struct leat_mmio *trapped)
{
	struct pollfd p = { .fd = leat_ctx_fd(r->ctx), .events = POLLIN };

	assert_true(r->dev->dead);
	assert_int_equal(r->errors, 1);
	assert_int_equal(r->events[LEAT_EVENT_GONE], 1);
	assert_int_equal(leat_mmio_read32(mapped, 0), UINT32_MAX);
	assert_int_equal(leat_mmio_read32(trapped, 0), UINT32_MAX);
	leat_mmio_write32(mapped, 0, 1);
	leat_mmio_write32(trapped, 0, 1);
	assert_int_equal(leat_pci_read32(r->dev, 0), UINT32_MAX);
	assert_int_equal(r->errors, 1);

	/* Nothing is left to look at: whoever sleeps on the context sleeps. */
	leat_ctx_hurry(r->ctx);
	leat_ctx_poll(r->ctx);
	assert_int_equal(poll(&p, 1, 0), 0);
}

static void noticed_by_poll(void **state)
{
	struct leat_mmio mapped, trapped, late;
	struct rig r;
	int fd;

	(void)state;
	fd = init_mappable(&r, 3 * 4096);
	r.peer.hook = hang_up_on_posted;
	rig_must_open(&r);
	assert_int_equal(leat_mmio_map(r.dev, 0, 4096, 64, &mapped), 0);
	assert_int_equal(leat_mmio_map(r.dev, 0, 0, 64, &trapped), 0);
	assert_int_equal(leat_mmio_read32(&mapped, 0), 0);
	leat_mmio_write32(&trapped, 0, 1);
	rig_wait(&r, LEAT_EVENT_GONE);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "the peer closed the connection; the device "
						      "is gone: start its server again"));
	assert_gone(&r, &mapped, &trapped);

	/* A window made only now is as dead as the others. */
	assert_int_equal(leat_mmio_map(r.dev, 0, 4096, 64, &late), 0);
	assert_int_equal(leat_mmio_read32(&late, 0), UINT32_MAX);
	leat_mmio_unmap(&late);
	leat_mmio_unmap(&mapped);
	assert_int_equal(r.dev->ops->reset(r.dev), -ENODEV);
	fini_mappable(&r, fd);
}

static enum peer_did hang_up_on_second_page(struct peer *p, struct peer_cmd *cmd)
{
	struct vfu_region_access a;

	(void)p;
	memcpy(&a, cmd->data, LEAT_MIN(sizeof(a), cmd->len));
	return cmd->hdr.cmd == VFU_REGION_READ && a.offset == 0x40 && !a.region ? PEER_HANG_UP
										 : PEER_DEFAULT;
}

static void noticed_by_an_access(void **state)
{
	struct leat_mmio mapped, trapped;
	struct rig r;
	int fd;

	(void)state;
	fd = init_mappable(&r, 3 * 4096);
	r.peer.hook = hang_up_on_second_page;
	rig_must_open(&r);
	assert_int_equal(leat_mmio_map(r.dev, 0, 4096, 64, &mapped), 0);
	assert_int_equal(leat_mmio_map(r.dev, 0, 0, 128, &trapped), 0);
	assert_int_equal(leat_mmio_read32(&trapped, 0x40), UINT32_MAX);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "closed the connection during REGION_READ"));
	assert_gone(&r, &mapped, &trapped);
	leat_mmio_unmap(&mapped);
	fini_mappable(&r, fd);
}

static enum peer_did mute_bar(struct peer *p, struct peer_cmd *cmd)
{
	struct vfu_region_access a;

	(void)p;
	memcpy(&a, cmd->data, LEAT_MIN(sizeof(a), cmd->len));
	return cmd->hdr.cmd == VFU_REGION_READ && !a.region ? PEER_DONE : PEER_DEFAULT;
}

static void silence(void **state)
{
	struct leat_mmio mapped, trapped;
	struct rig r;
	int fd;

	(void)state;
	fd = init_mappable(&r, 3 * 4096);
	r.peer.hook = mute_bar;
	rig_must_open(&r);
	assert_int_equal(leat_mmio_map(r.dev, 0, 4096, 64, &mapped), 0);
	assert_int_equal(leat_mmio_map(r.dev, 0, 0, 64, &trapped), 0);
	__atomic_store_n(&r.step, UINT64_C(2000000000), __ATOMIC_RELAXED);
	assert_int_equal(leat_mmio_read32(&trapped, 0), UINT32_MAX);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "no answer to REGION_READ in 5 s; the server "
						      "hangs: restart it"));
	assert_gone(&r, &mapped, &trapped);
	leat_mmio_unmap(&mapped);
	fini_mappable(&r, fd);
}

/* ---- the server takes its memory away ---- */

static struct leat_dev *faulty;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (!leat_dev_sigbus(faulty, info->si_addr)) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
}

static void memory_taken_away(void **state)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO }, old;
	struct leat_mmio mapped, trapped;
	struct rig r;
	int fd;

	(void)state;
	fd = init_mappable(&r, 3 * 4096);
	rig_must_open(&r);
	assert_int_equal(leat_mmio_map(r.dev, 0, 4096, 64, &mapped), 0);
	assert_int_equal(leat_mmio_map(r.dev, 0, 0, 64, &trapped), 0);
	faulty = r.dev;
	assert_int_equal(sigaction(SIGBUS, &sa, &old), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(leat_mmio_read32(&mapped, 0), UINT32_MAX);
	sigaction(SIGBUS, &old, NULL);

	rig_wait(&r, LEAT_EVENT_GONE);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "the peer took away the memory behind its "
						      "registers; the device is gone"));
	assert_gone(&r, &mapped, &trapped);
	leat_mmio_unmap(&mapped);
	fini_mappable(&r, fd);
}

/* ---- several threads, one socket ---- */

#define THREADS 3
#define ROUNDS	300

struct toucher {
	struct leat_mmio win;
	pthread_t	thread;
	uint32_t	reg;
	unsigned int	wrong, ones;
};

static void *touch(void *arg)
{
	struct toucher *t = arg;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t got;

		leat_mmio_write32(&t->win, t->reg, i);
		got = leat_mmio_read32(&t->win, t->reg);
		t->wrong += got != i;
		t->ones += got == UINT32_MAX;
	}
	return NULL;
}

static enum peer_did hang_up_half_way(struct peer *p, struct peer_cmd *cmd)
{
	(void)p;
	return cmd->hdr.cmd == VFU_REGION_READ && cmd->hdr.id > ROUNDS ? PEER_HANG_UP
								       : PEER_DEFAULT;
}

static void run_threads(struct rig *r, struct toucher *t)
{
	for (uint32_t i = 0; i < THREADS; i++) {
		t[i] = (struct toucher){ .reg = 16 * i };
		assert_int_equal(leat_mmio_map(r->dev, 0, 0, 64, &t[i].win), 0);
		assert_int_equal(pthread_create(&t[i].thread, NULL, touch, &t[i]), 0);
	}
	/* The control thread looks after the same socket meanwhile. */
	for (int i = 0; i < ROUNDS; i++) {
		leat_ctx_hurry(r->ctx);
		leat_ctx_poll(r->ctx);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i].thread, NULL);
}

static void threads_share_the_socket(void **state)
{
	struct toucher t[THREADS];
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	run_threads(&r, t);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(t[i].wrong, 0);
	rig_fini(&r);

	rig_init(&r);
	r.peer.hook = hang_up_half_way;
	rig_must_open(&r);
	run_threads(&r, t);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(t[i].wrong, t[i].ones);
	rig_wait(&r, LEAT_EVENT_GONE);
	assert_int_equal(r.errors, 1);
	assert_int_equal(r.events[LEAT_EVENT_GONE], 1);
	rig_fini(&r);
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
		cmocka_unit_test(noticed_by_poll),
		cmocka_unit_test(noticed_by_an_access),
		cmocka_unit_test(silence),
		cmocka_unit_test(memory_taken_away),
		cmocka_unit_test(threads_share_the_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
