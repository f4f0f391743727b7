// SPDX-License-Identifier: BSD-3-Clause
/*
 * space_faults.c - the k-th call fails, for every k: nothing stays behind, one sentence is said.
 *
 * Calls are those to the kernel that build something up, and allocations.
 */
#include "space_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MEM ((size_t)1 << 20)

struct state {
	unsigned int	files, maps, members, ioases;
	uint64_t	locked;
	unsigned int	nranges;
};

static struct state look(const struct vfio_space *space)
{
	return (struct state){
		.files = fake_open_files(), .maps = fake_maps(), .members = fake_members(),
		.ioases = fake_ioases(), .locked = fake_locked(),
		.nranges = space ? space->as.nranges : 0,
	};
}

static void same(const struct state *was, const struct state *is)
{
	assert_int_equal(was->files, is->files);
	assert_int_equal(was->maps, is->maps);
	assert_int_equal(was->members, is->members);
	assert_int_equal(was->ioases, is->ioases);
	assert_int_equal(was->locked, is->locked);
	assert_int_equal(was->nranges, is->nranges);
}

/* Open a domain, or the same one again, and put @fd into it. */
static int enter(struct rig *r, enum vfio_kind kind, const char *domain, int fd,
		 struct vfio_space **out)
{
	int err = leat_vfio_space_get(r->ctx, kind, domain, -1, ADDR, out);

	if (err)
		return err;
	err = join(*out, fd);
	if (err)
		leat_vfio_space_put(*out);
	return err;
}

/* @first: a member that is there before, in the domain of that name; NULL: none. */
static unsigned int fail_each(enum vfio_kind kind, const char *first, const char *domain)
{
	struct vfio_space *old = NULL, *space;
	unsigned int k = 1;
	struct rig r;

	for (bool done = false; !done; k++) {
		struct state was, is;
		int fd[2] = { -1, -1 }, err;

		rig_init(&r, MEM);
		fake.holes = 20;		/* so that asking takes several calls */
		if (first)
			old = open_space(&r, kind, first, 39, &fd[0]);
		fd[1] = new_member(kind, 48);
		was = look(old);
		fake.no_memory = true;
		fake.fail_at = fake_calls() + k;
		err = enter(&r, kind, domain, fd[1], &space);
		fake.fail_at = 0;
		fake.no_memory = false;
		is = look(old);

		if (err) {
			assert_int_equal(r.errors, 1);
			assert_true(strstr(r.error, ADDR) || strstr(r.error, "domain wan"));
			same(&was, &is);
			close(fd[1]);
		} else {
			done = true;
			assert_int_equal(r.errors, 0);
			close_space(space, fd[1]);
		}
		if (old)
			close_space(old, fd[0]);
		old = NULL;
		rig_fini(&r);
	}
	return k - 2;		/* how many failed */
}

static void opening_leaves_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_true(fail_each(both_kinds[i], NULL, NULL) >= 8);
}

static void joining_leaves_the_others_alone(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_true(fail_each(both_kinds[i], "lan", "lan") >= 3);
}

static void a_second_domain_leaves_the_first_alone(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		assert_true(fail_each(both_kinds[i], "lan", "wan") >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opening_leaves_nothing),
		cmocka_unit_test(joining_leaves_the_others_alone),
		cmocka_unit_test(a_second_domain_leaves_the_first_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
