// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_gone.c - a server that goes: noticed wherever we look, and survived by
 * whoever touches its registers afterwards or at that moment.
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
#include <unistd.h>
#include <cmocka.h>

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
	fd = rig_init_mappable(&r, 3 * 4096);
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
	rig_fini_mappable(&r, fd);
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
	fd = rig_init_mappable(&r, 3 * 4096);
	r.peer.hook = hang_up_on_second_page;
	rig_must_open(&r);
	assert_int_equal(leat_mmio_map(r.dev, 0, 4096, 64, &mapped), 0);
	assert_int_equal(leat_mmio_map(r.dev, 0, 0, 128, &trapped), 0);
	assert_int_equal(leat_mmio_read32(&trapped, 0x40), UINT32_MAX);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "closed the connection during REGION_READ"));
	assert_gone(&r, &mapped, &trapped);
	leat_mmio_unmap(&mapped);
	rig_fini_mappable(&r, fd);
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
	fd = rig_init_mappable(&r, 3 * 4096);
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
	rig_fini_mappable(&r, fd);
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
	fd = rig_init_mappable(&r, 3 * 4096);
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
	rig_fini_mappable(&r, fd);
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
		cmocka_unit_test(noticed_by_poll),
		cmocka_unit_test(noticed_by_an_access),
		cmocka_unit_test(silence),
		cmocka_unit_test(memory_taken_away),
		cmocka_unit_test(threads_share_the_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
