// SPDX-License-Identifier: BSD-3-Clause
/*
 * mdev.c - a model at work under a host that writes everything down: life,
 * accesses, the wire, the table of the driver's memory.
 */
#include <leat/model.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGE_AT	 0x2000
#define BAR_LEN	 0x4000

/* A model that records its accesses. */
struct toy {
	struct leat_mdev mdev;
	struct {
		uint64_t off;
		size_t	len;
		uint64_t val;
		bool	write;
	} seen[64];
	unsigned int	nseen, resets, finis, changes, polls, links;
};

struct host {
	unsigned int	raised[4];	/* index, vector of the last; how often; lines logged */
	char		line[LEAT_ERROR_LEN];
	uint64_t	dma_iova;
	size_t		dma_len;
	unsigned int	dmas;
	int		dma_err;
};

struct toy_wire {
	struct leat_wire wire;
	bool		up, attached, closed;
	unsigned int	polls;
};

static int toy_init(struct leat_mdev *mdev, const struct leat_model_opt *opts)
{
	mdev->region[0] = (struct leat_model_region){ BAR_LEN, PAGE_AT, 0x1000 };
	mdev->region[1].size = 0x30;
	mdev->irqs[0] = 1;
	mdev->irqs[2] = 4;
	for (; opts->key; opts++) {
		if (!strcmp(opts->key, "ragged"))
			mdev->region[2] = (struct leat_model_region){ 0x1800, 0x1000, 0x1000 };
		else
			return leat_mdev_fail(mdev, -EINVAL, "%s=%s: no such option", opts->key,
					      opts->value);
	}
	return 0;
}

static unsigned int finis;

static void toy_fini(struct leat_mdev *mdev)
{
	(void)mdev;
	finis++;
}

static void toy_reset(struct leat_mdev *mdev)
{
	((struct toy *)mdev)->resets++;
}

static int toy_access(struct leat_mdev *mdev, unsigned int region, uint64_t off, void *buf,
		      size_t len, bool write)
{
	struct toy *toy = (struct toy *)mdev;
	uint64_t val = 0x1122334455667788;

	assert_int_equal((uintptr_t)buf % len, 0);
	assert_true(toy->nseen < LEAT_ARRAY_LEN(toy->seen));
	if (region == 1 && off == 0x20)
		return -EINVAL;
	if (write)
		memcpy(&val, buf, len);
	else
		memcpy(buf, &val, len);
	toy->seen[toy->nseen].off = off;
	toy->seen[toy->nseen].len = len;
	toy->seen[toy->nseen].val = val;
	toy->seen[toy->nseen++].write = write;
	return 0;
}

static unsigned int toy_poll(struct leat_mdev *mdev)
{
	((struct toy *)mdev)->polls++;
	return 3;
}

static void toy_changed(struct leat_mdev *mdev)
{
	((struct toy *)mdev)->changes++;
}

static void toy_link(struct leat_mdev *mdev, bool up)
{
	assert_int_equal(mdev->link_up, up);
	((struct toy *)mdev)->links++;
}

static const struct leat_model toy_model = {
	.name = "toy", .help = "", .size = sizeof(struct toy), .init = toy_init, .fini = toy_fini,
	.reset = toy_reset, .access = toy_access, .poll = toy_poll, .dma_changed = toy_changed,
	.link = toy_link,
};

static void host_raise(struct leat_mdev *mdev, unsigned int index, unsigned int vector)
{
	struct host *host = mdev->host_arg;

	host->raised[0] = index;
	host->raised[1] = vector;
	host->raised[2]++;
}

static int host_dma(struct leat_mdev *mdev, uint64_t iova, void *buf, size_t len, bool write)
{
	struct host *host = mdev->host_arg;

	host->dma_iova = iova;
	host->dma_len = len;
	host->dmas++;
	if (!write)
		memset(buf, 'h', len);
	return host->dma_err;
}

static void host_log(struct leat_mdev *mdev, enum leat_log_level level, const char *message)
{
	struct host *host = mdev->host_arg;

	(void)level;
	host->raised[3]++;
	snprintf(host->line, sizeof(host->line), "%s", message);
}

static const struct leat_model_host toy_host = {
	.raise = host_raise, .dma = host_dma, .log = host_log,
};

static bool wire_is_up(struct leat_wire *w)
{
	return ((struct toy_wire *)w)->up;
}

static unsigned int wire_poll(struct leat_wire *w)
{
	((struct toy_wire *)w)->polls++;
	return 4;
}

static void wire_attached(struct leat_wire *w, bool yes)
{
	((struct toy_wire *)w)->attached = yes;
}

static void wire_close(struct leat_wire *w)
{
	assert_null(w->nic);
	((struct toy_wire *)w)->closed = true;
}

static const struct leat_wire_ops toy_wire_ops = {
	.name = "toy", .poll = wire_poll, .up = wire_is_up, .attached = wire_attached,
	.close = wire_close,
};

struct bench {
	struct toy	*toy;
	struct leat_mdev *mdev;
	struct host	host;
	struct toy_wire	wire;
};

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->wire.wire.ops = &toy_wire_ops;
	assert_int_equal(leat_mdev_create(&toy_model, NULL, "toy 1", &toy_host, &b->host,
					  &b->wire.wire, &b->mdev), 0);
	b->toy = (struct toy *)b->mdev;
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	leat_mdev_destroy(b->mdev);
	assert_true(b->wire.closed);
	free(b);
	return 0;
}

static void test_life(void **state)
{
	struct bench *b = *state;

	assert_int_equal(b->toy->resets, 1);
	assert_ptr_equal(b->wire.wire.nic, b->mdev);
	assert_string_equal(b->mdev->name, "toy 1");
	assert_non_null(b->mdev->mem[0]);
	assert_null(b->mdev->mem[1]);
	assert_int_equal(b->mdev->mem_fd[1], -1);
	/* Nobody can take the memory away from under the model. */
	assert_int_equal(fcntl(b->mdev->mem_fd[0], F_GET_SEALS),
			 F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);

	leat_mdev_attach(b->mdev);
	assert_true(b->wire.attached);
	b->mdev->stats.tx_frames = 5;
	memset(b->mdev->mem[0], 7, 16);
	leat_mdev_detach(b->mdev);
	assert_false(b->wire.attached);
	assert_int_equal(b->toy->resets, 2);
	assert_int_equal(((char *)b->mdev->mem[0])[3], 0);
	assert_int_equal(b->mdev->stats.tx_frames, 5);	/* still to be read */
	leat_mdev_attach(b->mdev);
	assert_int_equal(b->mdev->stats.tx_frames, 0);
}

static void test_create_fails(void **state)
{
	const struct leat_model_opt wrong[] = { { "colour", "red" }, { NULL, NULL } };
	const struct leat_model_opt ragged[] = { { "ragged", "" }, { NULL, NULL } };
	struct toy_wire wire = { .wire.ops = &toy_wire_ops };
	struct leat_mdev *mdev = NULL;
	struct host host = { .line = "" };

	(void)state;
	finis = 0;
	assert_int_equal(leat_mdev_create(&toy_model, wrong, NULL, &toy_host, &host, &wire.wire,
					  &mdev), -EINVAL);
	assert_string_equal(host.line, "toy: colour=red: no such option");
	assert_int_equal(finis, 0);
	assert_int_equal(leat_mdev_create(&toy_model, ragged, NULL, &toy_host, &host, &wire.wire,
					  &mdev), -EINVAL);
	assert_int_equal(finis, 1);
	assert_int_equal(host.raised[3], 2);
	assert_null(mdev);
	assert_false(wire.closed);
	assert_null(wire.wire.nic);
	leat_mdev_destroy(NULL);
}

static void expect_access(const struct toy *toy, unsigned int i, uint64_t off, size_t len)
{
	assert_true(i < toy->nseen);
	assert_int_equal(toy->seen[i].off, off);
	assert_int_equal(toy->seen[i].len, len);
}

/* Any length and offset, in the widest natural pieces. */
static void test_split(void **state)
{
	struct bench *b = *state;
	uint8_t buf[24] = { 0 };

	assert_int_equal(leat_mdev_access(b->mdev, 1, 1, buf, 23, false), 0);
	assert_int_equal(b->toy->nseen, 5);
	expect_access(b->toy, 0, 1, 1);
	expect_access(b->toy, 1, 2, 2);
	expect_access(b->toy, 2, 4, 4);
	expect_access(b->toy, 3, 8, 8);
	expect_access(b->toy, 4, 16, 8);
	assert_memory_equal(buf, "\x88\x88\x77\x88\x77\x66\x55", 7);

	b->toy->nseen = 0;
	assert_int_equal(leat_mdev_access(b->mdev, 1, 6, "abcdefg", 7, true), 0);
	assert_int_equal(b->toy->nseen, 3);
	expect_access(b->toy, 0, 6, 2);
	expect_access(b->toy, 1, 8, 4);
	expect_access(b->toy, 2, 12, 1);
	assert_int_equal(b->toy->seen[1].val & 0xff, 'c');
	assert_int_equal(b->toy->seen[2].val & 0xff, 'g');
}

static void test_bounds(void **state)
{
	struct bench *b = *state;
	char buf[64];

	assert_int_equal(leat_mdev_access(b->mdev, 1, 0x30, buf, 0, false), 0);
	assert_int_equal(leat_mdev_access(b->mdev, 1, 0x30, buf, 1, false), -EINVAL);
	assert_int_equal(leat_mdev_access(b->mdev, 1, 0x2c, buf, 8, false), -EINVAL);
	assert_int_equal(leat_mdev_access(b->mdev, 1, UINT64_MAX, buf, 2, false), -EINVAL);
	assert_int_equal(leat_mdev_access(b->mdev, 3, 0, buf, 1, false), -EINVAL);
	assert_int_equal(leat_mdev_access(b->mdev, LEAT_MODEL_REGIONS, 0, buf, 1, false), -EINVAL);
	assert_int_equal(b->toy->nseen, 0);
	assert_int_equal(leat_mdev_access(b->mdev, 1, 0x18, buf, 24, false), -EINVAL);
	assert_int_equal(b->toy->nseen, 1);	/* up to what the model refused */
}

/* Shared memory: written first, then told; read without a word. */
static void test_shared(void **state)
{
	struct bench *b = *state;
	uint32_t *mem = b->mdev->mem[0];
	uint32_t buf[4] = { 1, 2, 3, 4 };

	assert_int_equal(leat_mdev_access(b->mdev, 0, PAGE_AT - 8, buf, 16, true), 0);
	assert_int_equal(b->toy->nseen, 2);
	expect_access(b->toy, 1, PAGE_AT, 8);
	assert_int_equal(mem[0], 3);
	assert_int_equal(mem[1], 4);
	mem[1023] = 9;
	assert_int_equal(leat_mdev_access(b->mdev, 0, PAGE_AT + 0xffc, buf, 8, false), 0);
	assert_int_equal(buf[0], 9);
	assert_int_equal(b->toy->nseen, 3);
	expect_access(b->toy, 2, PAGE_AT + 0x1000, 4);
}

static void test_step(void **state)
{
	struct bench *b = *state;

	assert_false(b->mdev->link_up);
	assert_int_equal(leat_mdev_step(b->mdev), 7);
	assert_int_equal(b->toy->links, 0);
	b->wire.up = true;
	leat_mdev_step(b->mdev);
	leat_mdev_step(b->mdev);
	assert_int_equal(b->toy->links, 1);
	assert_true(b->mdev->link_up);
	b->wire.up = false;
	leat_mdev_step(b->mdev);
	assert_int_equal(b->toy->links, 2);
	assert_int_equal(b->wire.polls, 4);
	assert_int_equal(b->toy->polls, 4);
}

static void test_raise(void **state)
{
	struct bench *b = *state;

	leat_mdev_raise(b->mdev, 2, 3);
	assert_int_equal(b->host.raised[1], 3);
	leat_mdev_raise(b->mdev, 2, 4);
	leat_mdev_raise(b->mdev, 1, 0);
	leat_mdev_raise(b->mdev, 5, 0);
	assert_int_equal(b->host.raised[2], 1);
	assert_int_equal(b->mdev->stats.interrupts, 1);
	assert_false(leat_mdev_pending(b->mdev, 2, 3));
}

/* ---- the driver's memory ---- */

static int add(struct bench *b, uint64_t iova, uint64_t len, char *va)
{
	const struct leat_mdma map = { iova, len, va, true, true };

	return leat_mdev_dma_add(b->mdev, &map);
}

static void test_dma_table(void **state)
{
	static char mem[0x3000];
	struct bench *b = *state;
	struct leat_mdev *mdev = b->mdev;

	assert_null(leat_mdev_ptr(mdev, 0, 1, false));
	assert_int_equal(add(b, 0x3000, 0x1000, mem + 0x1000), 0);
	assert_int_equal(add(b, 0x1000, 0x1000, mem), 0);
	assert_int_equal(add(b, UINT64_MAX - 0xfff, 0x1000, mem + 0x2000), 0);	/* the very end */
	assert_int_equal(b->toy->changes, 3);
	assert_int_equal(add(b, 0x1fff, 1, mem), -EEXIST);
	assert_int_equal(add(b, 0x1000, 0x3000, mem), -EEXIST);
	assert_int_equal(add(b, 0x3fff, 0x1000, mem), -EEXIST);
	assert_int_equal(add(b, 0x3100, 0x10, mem), -EEXIST);
	assert_int_equal(add(b, 0x5000, 0, mem), -EINVAL);
	assert_int_equal(add(b, UINT64_MAX, 2, mem), -EINVAL);
	assert_int_equal(add(b, 0x2000, 0x1000, NULL), 0);	/* exactly between */

	assert_ptr_equal(leat_mdev_ptr(mdev, 0x1000, 0x1000, true), mem);
	assert_ptr_equal(leat_mdev_ptr(mdev, 0x3ff0, 16, true), mem + 0x1ff0);
	assert_ptr_equal(leat_mdev_ptr(mdev, UINT64_MAX, 1, true), mem + 0x2fff);
	assert_null(leat_mdev_ptr(mdev, UINT64_MAX, 2, true));
	assert_null(leat_mdev_ptr(mdev, 0x3ff0, 17, true));
	assert_null(leat_mdev_ptr(mdev, 0x1ff0, 0x20, true));
	assert_null(leat_mdev_ptr(mdev, 0x2000, 1, true));	/* by messages only */
	assert_null(leat_mdev_ptr(mdev, 0xfff, 1, true));
	assert_null(leat_mdev_ptr(mdev, 0x1000, UINT64_MAX, true));

	assert_int_equal(leat_mdev_dma_remove(mdev, 0x1000, 0x800), -ENOENT);
	assert_int_equal(leat_mdev_dma_remove(mdev, 0x1800, 0x800), -ENOENT);
	assert_int_equal(leat_mdev_dma_remove(mdev, 0x1000, 0x1000), 0);
	assert_null(leat_mdev_ptr(mdev, 0x1000, 1, true));
	assert_ptr_equal(leat_mdev_ptr(mdev, 0x3000, 1, true), mem + 0x1000);
	leat_mdev_dma_clear(mdev);
	assert_null(leat_mdev_ptr(mdev, 0x3000, 1, true));
}

/* Against a table without any cleverness. */
static void test_dma_table_random(void **state)
{
	enum { pages = 64 };
	static char mem[pages * 4096];
	struct bench *b = *state;
	unsigned int owner[pages] = { 0 }, len_of[pages] = { 0 };	/* first page + 1, pages */
	unsigned int seed = 20240607;

	print_message("seed %u\n", seed);
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int at = (unsigned int)rand_r(&seed) % pages;
		unsigned int n = 1 + (unsigned int)rand_r(&seed) % 4, end = at + n;
		bool is_free = end <= pages;

		if (rand_r(&seed) % 2) {
			for (unsigned int p = at; p < end && is_free; p++)
				is_free = !owner[p];
			if (end > pages)
				continue;
			assert_int_equal(add(b, at * 4096u, n * 4096u, mem + at * 4096u),
					 is_free ? 0 : -EEXIST);
			for (unsigned int p = at; p < end && is_free; p++)
				owner[p] = at + 1;
			if (is_free)
				len_of[at] = n;
		} else {
			bool is_there = owner[at] == at + 1 && len_of[at] == n;

			assert_int_equal(leat_mdev_dma_remove(b->mdev, at * 4096u, n * 4096u),
					 is_there ? 0 : -ENOENT);
			for (unsigned int p = at; p < end && is_there; p++)
				owner[p] = 0;
		}
		at = (unsigned int)rand_r(&seed) % pages;
		assert_ptr_equal(leat_mdev_ptr(b->mdev, at * 4096u + 5, 4091, true),
				 owner[at] ? mem + at * 4096u + 5 : NULL);
	}
}

static void test_copy(void **state)
{
	char low[0x1000], high[0x1000], buf[0x100];
	struct bench *b = *state;
	const struct leat_mdma read_only = { 0x5000, 0x1000, low, true, false };

	memset(low, 'l', sizeof(low));
	memset(high, 'i', sizeof(high));
	assert_int_equal(add(b, 0x1000, 0x1000, low), 0);
	assert_int_equal(add(b, 0x2000, 0x10, NULL), 0);
	assert_int_equal(add(b, 0x2010, 0x1000, high), 0);
	assert_int_equal(leat_mdev_dma_add(b->mdev, &read_only), 0);

	assert_int_equal(leat_mdev_read(b->mdev, 0x1ff8, buf, 0x20), 0);	/* across all three */
	assert_memory_equal(buf, "llllllllhhhhhhhhhhhhhhhhiiiiiiii", 0x20);
	assert_int_equal(b->host.dma_iova, 0x2000);
	assert_int_equal(b->host.dma_len, 0x10);
	assert_int_equal(leat_mdev_write(b->mdev, 0x1fff, "abcdefghijklmnopqrstuv", 20), 0);
	assert_int_equal(low[0xfff], 'a');
	assert_memory_equal(high, "rst", 3);
	assert_int_equal(b->host.dmas, 2);

	/* Refused as a whole. */
	assert_int_equal(leat_mdev_write(b->mdev, 0x2000, low, 0x1011), -EFAULT);
	assert_int_equal(leat_mdev_write(b->mdev, 0x5000, buf, 1), -EFAULT);
	assert_int_equal(leat_mdev_read(b->mdev, UINT64_MAX, buf, 2), -EFAULT);
	assert_int_equal(leat_mdev_read(b->mdev, 0x9000, buf, 0), 0);
	assert_int_equal(b->host.dmas, 2);
	b->host.dma_err = -EIO;
	assert_int_equal(leat_mdev_read(b->mdev, 0x2000, buf, 4), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test(test_create_fails),
		cmocka_unit_test_setup_teardown(test_split, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(test_step, setup, teardown),
		cmocka_unit_test_setup_teardown(test_raise, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dma_table, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dma_table_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
	};

	return cmocka_run_group_tests_name("bus/model/mdev, dma", tests, NULL, NULL);
}
