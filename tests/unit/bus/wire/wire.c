// SPDX-License-Identifier: BSD-3-Clause
/*
 * wire.c - loops and links between NICs that only count.
 */
#include <leat/compiler.h>
#include <leat/model.h>

#include "bus/wire/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* A NIC whose driver has so many buffers. */
struct nic {
	struct leat_mdev mdev;
	bool		ready;
	unsigned int	room, got;
	const void	*last;
};

static struct nic *nic_of(struct leat_mdev *mdev)
{
	return LEAT_CONTAINER_OF(mdev, struct nic, mdev);
}

static unsigned int nic_receive(struct leat_mdev *mdev, const struct leat_frame *frames,
				unsigned int n)
{
	struct nic *nic = nic_of(mdev);

	if (n > nic->room)
		n = nic->room;
	if (n)
		nic->last = frames[n - 1].data;
	nic->room -= n;
	nic->got += n;
	return n;
}

static bool nic_ready(const struct leat_mdev *mdev)
{
	return ((const struct nic *)(const void *)mdev)->ready;
}

static const struct leat_model model = { .receive = nic_receive, .ready = nic_ready };

static void plug(struct nic *nic, struct leat_wire *w)
{
	*nic = (struct nic){ .mdev = { .model = &model, .wire = w } };
	w->nic = &nic->mdev;
}

static unsigned int send(struct nic *nic, unsigned int n)
{
	static const char data[8][64];
	struct leat_frame f[8];

	for (unsigned int i = 0; i < 8; i++)
		f[i] = (struct leat_frame){ .data = data[i], .len = 64 };
	return nic->mdev.wire->ops->send(nic->mdev.wire, f, n);
}

static void test_unplugged(void **state)
{
	struct leat_frame f = { .data = "", .len = 1 };
	struct leat_wire *w;

	(void)state;
	assert_int_equal(leat_wire_loop(&w), 0);
	assert_false(leat_wire_ready(w));
	assert_int_equal(leat_wire_deliver(w, &f, 1), 0);
	leat_wire_close(w);
	leat_wire_close(NULL);
}

static void test_loop(void **state)
{
	struct leat_wire *w;
	struct nic nic;

	(void)state;
	assert_int_equal(leat_wire_loop(&w), 0);
	plug(&nic, w);
	assert_int_equal(send(&nic, 5), 5);		/* no driver to receive */
	assert_int_equal(w->dropped, 5);
	nic.ready = true;
	nic.room = 3;
	assert_int_equal(send(&nic, 5), 3);		/* full: the rest stays with the sender */
	assert_int_equal(send(&nic, 2), 0);
	assert_int_equal(nic.got, 3);
	assert_int_equal(w->dropped, 5);
	leat_wire_close(w);
}

static void test_link(void **state)
{
	struct leat_wire *a, *b;
	struct nic na, nb;

	(void)state;
	assert_int_equal(leat_wire_link(&a, &b), 0);
	plug(&na, a);
	plug(&nb, b);
	assert_false(a->ops->up(a));
	assert_false(b->ops->up(b));
	assert_int_equal(send(&na, 4), 4);
	assert_int_equal(a->dropped, 4);
	assert_int_equal(b->dropped, 0);

	b->ops->attached(b, true);
	assert_true(a->ops->up(a));
	assert_false(b->ops->up(b));
	assert_int_equal(send(&na, 4), 4);		/* there, but not ready yet */
	assert_int_equal(a->dropped, 8);
	nb.ready = true;
	nb.room = 6;
	assert_int_equal(send(&na, 4), 4);
	assert_int_equal(send(&na, 4), 2);
	assert_int_equal(nb.got, 6);
	assert_int_equal(na.got, 0);
	assert_int_equal(a->dropped, 8);

	na.ready = true;
	na.room = 1;
	assert_int_equal(send(&nb, 1), 1);
	assert_int_equal(na.got, 1);
	b->ops->attached(b, false);
	assert_false(a->ops->up(a));
	leat_wire_close(a);
	assert_int_equal(send(&nb, 2), 2);		/* a cable that hangs in the air */
	assert_int_equal(b->dropped, 2);
	leat_wire_close(b);
}

static void test_link_again(void **state)
{
	struct leat_wire *a, *b;
	struct nic na, nb;

	(void)state;
	for (int which = 0; which < 2; which++) {
		assert_int_equal(leat_wire_link(&a, &b), 0);
		if (which) {
			struct leat_wire *swap = a;

			a = b;
			b = swap;
		}
		assert_null(leat_link_reopen(a));
		assert_ptr_equal(leat_link_far(a), b);
		leat_wire_close(b);
		assert_null(leat_link_far(a));
		for (int i = 0; i < 3; i++) {
			b = leat_link_reopen(a);
			assert_non_null(b);
			assert_null(leat_link_reopen(a));
			plug(&na, a);
			plug(&nb, b);
			na.ready = true;
			na.room = 1;
			assert_int_equal(send(&nb, 1), 1);
			assert_int_equal(na.got, 1);
			leat_wire_close(b);
		}
		leat_wire_close(a);
	}
	assert_int_equal(leat_wire_loop(&a), 0);
	assert_null(leat_link_far(a));
	leat_wire_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unplugged),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_link_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
