// SPDX-License-Identifier: BSD-3-Clause
/*
 * rings.c - what a back end is told of memory and rings, in which order, and what of it
 * changes while rings run.
 */
#include "backend.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define PLAIN (LEAT_VHOST_P_REPLY_ACK)

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void order(void **state)
{
	static const enum vhost_request due[] = {
		VHOST_SET_FEATURES, VHOST_SET_STATUS, VHOST_ADD_MEM_REG, VHOST_GET_INFLIGHT_FD,
		VHOST_SET_INFLIGHT_FD,
		VHOST_SET_VRING_NUM, VHOST_SET_VRING_BASE, VHOST_SET_VRING_ADDR,
		VHOST_SET_VRING_CALL, VHOST_SET_VRING_KICK, VHOST_SET_VRING_ENABLE,
		VHOST_SET_VRING_ENABLE, VHOST_GET_VRING_BASE, VHOST_RESET_DEVICE,
	};
	struct rig r;
	unsigned int i;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	i = r.b.nnotes;
	rig_run(&r, 1);
	leat_vhost_stop(r.dev);
	backend_stop(&r.b);
	assert_int_equal(r.b.nnotes - i, LEAT_ARRAY_LEN(due));
	for (size_t k = 0; k < LEAT_ARRAY_LEN(due); k++)
		assert_int_equal(r.b.note[i + k].hdr.request, due[k]);
	assert_int_equal(backend_state(&r.b, VHOST_SET_VRING_ENABLE, 0, NULL), 1);
	assert_int_equal(backend_state(&r.b, VHOST_SET_VRING_ENABLE, 1, NULL), 0);
	rig_fini(&r);
}

/* Addresses lie in the memory that was told, and the memory is the one that we write. */
static void rings(void **state)
{
	struct vhost_mem_table table;
	struct vhost_ring_addr addr;
	uint64_t word;
	struct stat st;
	struct rig r;
	uint8_t *map;
	uint32_t index;

	(void)state;
	rig_init(&r);
	r.b.protocol = PLAIN;
	rig_must_open(&r);
	rig_run(&r, 2);
	backend_stop(&r.b);
	memcpy(&table, backend_note(&r.b, VHOST_SET_MEM_TABLE, 0)->data, sizeof(table));
	memcpy(&addr, backend_note(&r.b, VHOST_SET_VRING_ADDR, 1)->data, sizeof(addr));
	assert_int_equal(table.n, backend_note(&r.b, VHOST_SET_MEM_TABLE, 0)->nfds);
	assert_int_equal(addr.index, 1);
	assert_int_equal(addr.desc, r.ring[1].iova);
	assert_int_equal(addr.avail, r.ring[1].iova + 4096);
	assert_int_equal(addr.used, r.ring[1].iova + 8192);
	assert_int_equal(backend_state(&r.b, VHOST_SET_VRING_NUM, 1, &index), 256);
	assert_int_equal(index, 1);

	memcpy(r.ring[1].va, "leat", 4);
	for (unsigned int i = 0; i < table.n; i++) {
		const struct vhost_region *g = &table.region[i];
		int fd = backend_note(&r.b, VHOST_SET_MEM_TABLE, 0)->fds[i];

		assert_int_equal(g->guest, g->user);
		if (addr.desc - g->user >= g->size)
			continue;
		assert_int_equal(fstat(fd, &st), 0);
		map = mmap(NULL, g->offset + g->size, PROT_READ, MAP_SHARED, fd, 0);
		assert_ptr_not_equal(map, MAP_FAILED);
		assert_memory_equal(map + g->offset + (addr.desc - g->user), "leat", 4);
		munmap(map, g->offset + g->size);
		table.n = 0;		/* found */
	}
	assert_int_equal(table.n, 0);

	/* The first ring is called, the second is polled; both are kicked. */
	assert_int_equal(backend_note(&r.b, VHOST_SET_VRING_CALL, 0)->nfds, 1);
	assert_int_equal(backend_note(&r.b, VHOST_SET_VRING_CALL, 1)->nfds, 0);
	memcpy(&word, backend_note(&r.b, VHOST_SET_VRING_CALL, 1)->data, sizeof(word));
	assert_int_equal(word, 1 | VHOST_NO_FD);
	for (unsigned int i = 0; i < 2; i++)
		assert_true(readable(backend_note(&r.b, VHOST_SET_VRING_KICK, i)->fds[0]));
	rig_fini(&r);
}

static void kick_reaches_the_back_end(void **state)
{
	struct leat_vhost_ring ring = { .index = 1, .size = 8, .call = -1 };
	struct rig r;
	int kick, theirs;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	assert_int_equal(leat_vhost_ring(r.dev, &ring, &kick), 0);
	assert_int_equal(leat_vhost_start(r.dev), 0);
	theirs = backend_note(&r.b, VHOST_SET_VRING_KICK, 0)->fds[0];
	leat_eventfd_drain(theirs);
	assert_false(readable(theirs));
	leat_eventfd_signal(kick);
	assert_true(readable(theirs));
	ring.index = LEAT_VHOST_RINGS_MAX;
	assert_int_equal(leat_vhost_ring(r.dev, &ring, &kick), -EINVAL);
	rig_fini(&r);
}

static void base_of_new_rings(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	rig_run(&r, 1);
	leat_vhost_stop(r.dev);
	assert_int_equal(leat_vhost_features(r.dev, F_RING_PACKED), 0);
	rig_run(&r, 1);
	backend_stop(&r.b);
	assert_int_equal(backend_state(&r.b, VHOST_SET_VRING_BASE, 0, NULL), 0);
	assert_int_equal(backend_state(&r.b, VHOST_SET_VRING_BASE, 1, NULL), VHOST_BASE_PACKED);
	/* A new start has a new buffer for what is in flight. */
	assert_int_equal(backend_count(&r.b, VHOST_GET_INFLIGHT_FD), 2);
	rig_fini(&r);
}

static void features(void **state)
{
	uint64_t set;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	assert_int_equal(leat_vhost_features(r.dev, LEAT_BIT64(32)), 0);
	memcpy(&set, backend_note(&r.b, VHOST_SET_FEATURES, 0)->data, sizeof(set));
	assert_int_equal(set, LEAT_BIT64(32) | VHOST_F_PROTOCOL);
	rig_fini(&r);
}

/* ---- status, configuration, MTU ---- */

static void status(void **state)
{
	uint8_t s;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	assert_int_equal(leat_vhost_status_set(r.dev, 3), 0);
	assert_int_equal(leat_vhost_status_get(r.dev, &s), 0);
	assert_int_equal(s, 3);
	r.b.status = 0x43;
	assert_int_equal(leat_vhost_status_get(r.dev, &s), 0);
	assert_int_equal(s, 0x43);
	rig_fini(&r);

	rig_init(&r);
	r.b.protocol = PLAIN;
	rig_must_open(&r);
	assert_int_equal(leat_vhost_status_set(r.dev, 3), 0);
	assert_int_equal(leat_vhost_status_get(r.dev, &s), 0);
	assert_int_equal(s, 3);
	assert_int_equal(backend_count(&r.b, VHOST_SET_STATUS), 0);
	rig_fini(&r);
}

static void config(void **state)
{
	uint8_t mac[6], big[VHOST_CONFIG_MAX + 1];
	struct rig r;

	(void)state;
	rig_init(&r);
	memcpy(r.b.config + 2, "\x52\x54\x00\x01\x02\x03", 6);
	rig_must_open(&r);
	assert_int_equal(leat_vhost_config_read(r.dev, 2, mac, 6), 0);
	assert_memory_equal(mac, r.b.config + 2, 6);
	assert_int_equal(leat_vhost_config_write(r.dev, 2, mac, 6), 0);
	assert_int_equal(backend_note(&r.b, VHOST_SET_CONFIG, 0)->hdr.size, 18);
	assert_int_equal(leat_vhost_config_read(r.dev, 0, big, sizeof(big)), -EINVAL);
	rig_fini(&r);

	rig_init(&r);
	r.b.protocol = PLAIN;
	rig_must_open(&r);
	assert_int_equal(leat_vhost_config_read(r.dev, 0, mac, 6), -ENOTSUP);
	assert_int_equal(leat_vhost_config_write(r.dev, 0, mac, 6), -ENOTSUP);
	assert_int_equal(leat_vhost_mtu(r.dev, 9000), 0);
	assert_int_equal(backend_count(&r.b, VHOST_NET_SET_MTU), 0);
	rig_fini(&r);
}

static void mtu(void **state)
{
	uint64_t told;
	struct rig r;

	(void)state;
	rig_init(&r);
	rig_must_open(&r);
	assert_int_equal(leat_vhost_mtu(r.dev, 9000), 0);
	memcpy(&told, backend_note(&r.b, VHOST_NET_SET_MTU, 0)->data, sizeof(told));
	assert_int_equal(told, 9000);
	rig_fini(&r);
}

/* ---- memory ---- */

static void grow(struct rig *r, struct leat_mem *mem, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(leat_mem_alloc(r->ctx, 17u << 20, 4096, &mem[i]), 0);
}

/* A running back end hears of each change, as a table or one by one. */
static void memory_changes(void **state)
{
	static const uint64_t protocols[] = {
		PLAIN, PLAIN | LEAT_VHOST_P_CONFIGURE_MEM_SLOTS, 0,
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(protocols); i++) {
		bool slots = protocols[i] & LEAT_VHOST_P_CONFIGURE_MEM_SLOTS;
		struct leat_mem mem;
		struct rig r;

		rig_init(&r);
		r.b.protocol = protocols[i];
		rig_must_open(&r);
		rig_run(&r, 1);
		grow(&r, &mem, 1);
		leat_vhost_stop(r.dev);
		leat_aspace_free(r.dev->as, &r.ring[0]);
		backend_stop(&r.b);
		/* The ring at the start, one segment more, one less. */
		if (slots) {
			assert_int_equal(backend_count(&r.b, VHOST_ADD_MEM_REG), 2);
			assert_int_equal(backend_count(&r.b, VHOST_REM_MEM_REG), 1);
			assert_int_equal(backend_count(&r.b, VHOST_SET_MEM_TABLE), 0);
		} else {
			assert_int_equal(backend_count(&r.b, VHOST_SET_MEM_TABLE), 3);
		}
		/* Without REPLY_ACK, something that is answered says that it was done. */
		assert_int_equal(backend_count(&r.b, VHOST_GET_FEATURES), protocols[i] ? 1 : 4);
		leat_mem_free(r.ctx, &mem);
		rig_fini(&r);
	}
}

static void too_many_segments(void **state)
{
	struct leat_mem mem[8];
	struct rig r;

	(void)state;
	rig_init(&r);
	r.b.slots = 1;
	grow(&r, mem, 4);
	assert_int_equal(rig_open(&r), -ENOSPC);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "takes 1 segments"));
	assert_int_equal(r.errors, 1);
	for (int i = 0; i < 4; i++)
		leat_mem_free(r.ctx, &mem[i]);
	rig_fini(&r);
}

static void memory_without_descriptor(void **state)
{
	char *lent = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct leat_mem mem;
	struct rig r;

	(void)state;
	assert_ptr_not_equal(lent, MAP_FAILED);
	rig_init(&r);
	assert_int_equal(leat_dma_map(r.ctx, lent, 4096, 0, &mem), 0);
	assert_int_equal(rig_open(&r), -ENOTSUP);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "lies behind no descriptor"));
	leat_dma_unmap(r.ctx, &mem);
	rig_fini(&r);
	munmap(lent, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(rings),
		cmocka_unit_test(kick_reaches_the_back_end),
		cmocka_unit_test(base_of_new_rings),
		cmocka_unit_test(features),
		cmocka_unit_test(status),
		cmocka_unit_test(config),
		cmocka_unit_test(mtu),
		cmocka_unit_test(memory_changes),
		cmocka_unit_test(too_many_segments),
		cmocka_unit_test(memory_without_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
