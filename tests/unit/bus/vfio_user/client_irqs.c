// SPDX-License-Identifier: BSD-3-Clause
/*
 * client_irqs.c - eventfds handed to servers that take few of them, and what
 * comes back through those of ERR and REQ.
 */
#include "peer.h"

#include <leat/driver/pci.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#define BIND   (VFU_IRQ_EVENTFD | VFU_IRQ_TRIGGER)
#define UNMASK (VFU_IRQ_NONE | VFU_IRQ_UNMASK)
#define FIRE   (VFU_IRQ_NONE | VFU_IRQ_TRIGGER)

#define JSON_FDS(n) "{\"capabilities\":{\"max_msg_fds\":" #n "}}"

/* The k-th SET_IRQS since the device was opened, in turn. */
static void assert_next(struct rig *r, int *at, uint32_t flags, uint32_t start, uint32_t count,
			int nfds)
{
	const struct peer_note *n = &r->peer.note[(*at)++];

	assert_int_equal(n->cmd, VFU_SET_IRQS);
	assert_int_equal(n->index, LEAT_IRQ_MSIX);
	assert_int_equal(n->flags, flags);
	assert_int_equal(n->start, start);
	assert_int_equal(n->count, count);
	assert_int_equal(n->nfds, nfds);
}

static int set(struct rig *r, enum leat_irq_action action, unsigned int start, unsigned int count,
	       const int *fds)
{
	return r->dev->ops->irq_set(r->dev, LEAT_IRQ_MSIX, action, start, count, fds);
}

static void bound_in_portions(void **state)
{
	int fds[16], at = 0;
	struct rig r;

	(void)state;
	rig_init(&r);
	r.peer.json = JSON_FDS(1);
	r.peer.irqs[LEAT_IRQ_MSIX] = 16;
	rig_must_open(&r);
	fds[0] = eventfd(0, EFD_CLOEXEC);
	for (int i = 1; i < 16; i++)
		fds[i] = fds[0];
	r.peer.nnotes = 0;
	assert_int_equal(set(&r, LEAT_IRQ_TRIGGER, 0, 16, fds), 0);
	for (uint32_t v = 0; v < 16; v++) {
		assert_next(&r, &at, BIND, v, 1, 1);
		assert_next(&r, &at, UNMASK, v, 1, 0);
	}
	assert_int_equal(r.peer.nnotes, at);
	close(fds[0]);
	rig_fini(&r);
}

static void bound_and_unbound_in_runs(void **state)
{
	int fds[12], at = 0;
	struct rig r;

	(void)state;
	rig_init(&r);
	r.peer.irqs[LEAT_IRQ_MSIX] = 12;
	rig_must_open(&r);
	fds[0] = eventfd(0, EFD_CLOEXEC);
	for (int i = 1; i < 12; i++)
		fds[i] = i == 1 || i == 2 ? -1 : fds[0];
	r.peer.nnotes = 0;
	assert_int_equal(set(&r, LEAT_IRQ_TRIGGER, 0, 12, fds), 0);
	assert_next(&r, &at, BIND, 0, 1, 1);
	assert_next(&r, &at, UNMASK, 0, 1, 0);
	assert_next(&r, &at, BIND, 1, 2, 0);
	assert_next(&r, &at, BIND, 3, 8, 8);
	assert_next(&r, &at, UNMASK, 3, 8, 0);
	assert_next(&r, &at, BIND, 11, 1, 1);
	assert_next(&r, &at, UNMASK, 11, 1, 0);

	assert_int_equal(set(&r, LEAT_IRQ_TRIGGER, 3, 2, NULL), 0);
	assert_next(&r, &at, FIRE, 3, 2, 0);
	assert_int_equal(set(&r, LEAT_IRQ_MASK, 3, 2, NULL), 0);
	assert_next(&r, &at, VFU_IRQ_NONE | VFU_IRQ_MASK, 3, 2, 0);
	assert_int_equal(set(&r, LEAT_IRQ_UNMASK, 3, 2, NULL), 0);
	assert_next(&r, &at, UNMASK, 3, 2, 0);
	assert_int_equal(set(&r, LEAT_IRQ_TRIGGER, 0, 0, NULL), 0);
	assert_next(&r, &at, FIRE, 0, 0, 0);
	assert_int_equal(r.peer.nnotes, at);
	close(fds[0]);
	rig_fini(&r);
}

static enum peer_did refuse_unmask(struct peer *p, struct peer_cmd *cmd)
{
	struct vfu_irq_set s;

	if (cmd->hdr.cmd != VFU_SET_IRQS)
		return PEER_DEFAULT;
	memcpy(&s, cmd->data, sizeof(s));
	if (s.flags != UNMASK)
		return PEER_DEFAULT;
	peer_error(p, cmd, EINVAL);
	return PEER_DONE;
}

static void servers_without_masks(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	rig_init(&r);
	r.peer.hook = refuse_unmask;
	rig_must_open(&r);
	fd = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(set(&r, LEAT_IRQ_TRIGGER, 2, 1, &fd), 0);
	assert_int_equal(r.errors + r.warnings, 0);
	close(fd);
	rig_fini(&r);
}

static enum peer_did refuse_all(struct peer *p, struct peer_cmd *cmd)
{
	if (cmd->hdr.cmd != VFU_SET_IRQS)
		return PEER_DEFAULT;
	peer_error(p, cmd, ENOSPC);
	return PEER_DONE;
}

static void refusals(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	rig_init(&r);
	r.peer.hook = refuse_all;
	rig_must_open(&r);		/* even without ERR and REQ */
	assert_int_equal(r.errors, 0);
	fd = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(set(&r, LEAT_IRQ_TRIGGER, 2, 1, &fd), -ENOSPC);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "the server refused DEVICE_SET_IRQS of index "
						      "2, vectors 2 to 2: No space left"));
	assert_int_equal(set(&r, LEAT_IRQ_TRIGGER, 4, 1, &fd), -EINVAL);
	assert_int_equal(set(&r, LEAT_IRQ_TRIGGER, UINT32_MAX, 2, &fd), -EINVAL);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "2 from 4294967295 on asked for, the device "
						      "has 4"));
	assert_int_equal(r.dev->ops->irq_set(r.dev, LEAT_IRQ_MSI, LEAT_IRQ_TRIGGER, 0, 0, NULL),
			 -EINVAL);
	assert_int_equal(r.dev->ops->irq_set(r.dev, 99, LEAT_IRQ_TRIGGER, 0, 0, NULL), -EINVAL);
	close(fd);
	rig_fini(&r);

	rig_init(&r);
	r.peer.json = JSON_FDS(0);
	rig_must_open(&r);
	fd = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(set(&r, LEAT_IRQ_TRIGGER, 0, 1, &fd), -ENOTSUP);
	assert_non_null(strstr(leat_ctx_error(r.ctx), "the server takes no descriptors"));
	assert_int_equal(peer_count(&r.peer, VFU_SET_IRQS), 0);
	close(fd);
	rig_fini(&r);
}

/* ---- ERR and REQ ---- */

/* Fires the eventfd of the index that @hook_arg points to as soon as it is bound. */
static enum peer_did fire(struct peer *p, struct peer_cmd *cmd)
{
	const uint64_t one = 1;
	struct vfu_irq_set s;

	if (cmd->hdr.cmd != VFU_SET_IRQS)
		return PEER_DEFAULT;
	memcpy(&s, cmd->data, sizeof(s));
	if (s.index == *(unsigned int *)p->hook_arg && cmd->nfds == 1)
		(void)!write(cmd->fds[0], &one, sizeof(one));
	return PEER_DEFAULT;
}

static void error_and_removal(void **state)
{
	static const struct {
		unsigned int index;
		enum leat_event event;
	} kinds[] = {
		{ LEAT_IRQ_ERR, LEAT_EVENT_ERROR }, { LEAT_IRQ_REQ, LEAT_EVENT_REMOVAL },
	};

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(kinds); i++) {
		unsigned int index = kinds[i].index;
		struct rig r;

		rig_init(&r);
		r.peer.hook = fire;
		r.peer.hook_arg = &index;
		rig_must_open(&r);
		rig_wait(&r, kinds[i].event);
		assert_int_equal(r.events[kinds[i].event], 1);
		assert_int_equal(r.events[LEAT_EVENT_GONE], 0);
		assert_int_equal(leat_pci_read16(r.dev, LEAT_PCI_VENDOR), 0x1af4);
		rig_fini(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bound_in_portions),
		cmocka_unit_test(bound_and_unbound_in_runs),
		cmocka_unit_test(servers_without_masks),
		cmocka_unit_test(refusals),
		cmocka_unit_test(error_and_removal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
