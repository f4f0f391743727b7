// SPDX-License-Identifier: BSD-3-Clause
/*
 * steps.c - files are written in order by a child; one that does not take its text
 * holds up the rest but not us. A full FIFO stands in for the kernel that waits.
 */
#include "tree.h"

#include "bus/pci/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define LONG 60000	/* ms; the test never waits so long */

static const struct leat_step steps[] = {
	{ "/first", "1\n" }, { "/second", "two\n" }, { "/third", "3\n" },
};

static void in_order(void **state)
{
	struct tree *t = *state;
	const struct leat_step *failed = NULL;

	tree_file(t, "/first", "something longer");
	tree_file(t, "/second", "");
	tree_file(t, "/third", "");
	assert_int_equal(leat_steps_run(t->root, steps, 3, LONG, &failed), 0);
	assert_string_equal(tree_text(t, "/first"), "1\n");
	assert_string_equal(tree_text(t, "/second"), "two\n");
	assert_string_equal(tree_text(t, "/third"), "3\n");
}

static void one_that_cannot_be_opened_and_nothing_is_written(void **state)
{
	struct tree *t = *state;
	const struct leat_step *failed = NULL;

	tree_file(t, "/first", "");
	tree_file(t, "/third", "");
	assert_int_equal(leat_steps_run(t->root, steps, 3, LONG, &failed), -ENOENT);
	assert_ptr_equal(failed, &steps[1]);
	assert_string_equal(tree_text(t, "/third"), "");
}

/* /dev/full takes nothing: ENOSPC. */
static void one_that_fails_and_the_rest_stays(void **state)
{
	struct tree *t = *state;
	const struct leat_step *failed = NULL;

	tree_file(t, "/first", "");
	tree_link(t, "/second", "/dev/full");
	tree_file(t, "/third", "old");
	assert_int_equal(leat_steps_run(t->root, steps, 3, LONG, &failed), -ENOSPC);
	assert_ptr_equal(failed, &steps[1]);
	assert_string_equal(tree_text(t, "/first"), "1\n");
	assert_string_equal(tree_text(t, "/third"), "");	/* opened, not written */
}

/* A FIFO that is full, both ends ours. */
static int full_fifo(struct tree *t, const char *name)
{
	char path[PATH_MAX], junk[4096] = "";
	int fd;

	snprintf(path, sizeof(path), "%s%s", t->root, name);
	assert_int_equal(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_NONBLOCK);
	assert_true(fd >= 0);
	while (write(fd, junk, sizeof(junk)) > 0)
		;
	assert_int_equal(errno, EAGAIN);
	return fd;
}

/* Read all that was put in and then what the child puts in, to the last byte of @want. */
static void drain_until(int fd, const char *want)
{
	char last[8] = "", c;
	size_t len = strlen(want);

	fcntl(fd, F_SETFL, 0);
	while (strcmp(last, want)) {
		assert_int_equal(read(fd, &c, 1), 1);
		memmove(last, last + 1, len - 1);
		last[len - 1] = c;
	}
}

static void one_that_hangs_holds_up_the_rest_but_not_us(void **state)
{
	struct tree *t = *state;
	const struct leat_step *failed = NULL;
	int fifo, third, outlet[2];
	struct pollfd p;

	tree_file(t, "/first", "");
	fifo = full_fifo(t, "/second");
	third = full_fifo(t, "/third");
	assert_int_equal(pipe(outlet), 0);
	assert_int_equal(leat_steps_run(t->root, steps, 3, 1, &failed), -ETIMEDOUT);
	/* How far it got in that millisecond is the scheduler's; but not beyond the second. */
	assert_true(failed == &steps[0] || failed == &steps[1]);

	/* The child keeps nothing of ours: only our end of this pipe is open. */
	close(outlet[1]);
	p = (struct pollfd){ .fd = outlet[0], .events = POLLIN };
	assert_int_equal(poll(&p, 1, LONG), 1);
	assert_true(p.revents & POLLHUP);
	close(outlet[0]);

	/* It is no child to wait for. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);

	/* The kernel relents: the rest follows. */
	drain_until(fifo, "two\n");
	drain_until(third, "3\n");
	assert_string_equal(tree_text(t, "/first"), "1\n");
	close(fifo);
	close(third);
}

static void with_children_ignored(void **state)
{
	struct tree *t = *state;
	const struct leat_step *failed = NULL;

	tree_file(t, "/first", "");
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(leat_steps_run(t->root, steps, 1, LONG, &failed), 0);
	signal(SIGCHLD, SIG_DFL);
	assert_string_equal(tree_text(t, "/first"), "1\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(in_order),
		TEST(one_that_cannot_be_opened_and_nothing_is_written),
		TEST(one_that_fails_and_the_rest_stays),
		TEST(one_that_hangs_holds_up_the_rest_but_not_us),
		TEST(with_children_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
