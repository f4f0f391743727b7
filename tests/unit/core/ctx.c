// SPDX-License-Identifier: BSD-3-Clause
/*
 * ctx.c - contexts, their log, and the watches behind leat_ctx_poll().
 */
#include <leat/ctx.h>
#include <leat/driver/core.h>

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

/* Time by hand, and what was logged. */
struct world {
	uint64_t	now;
	unsigned int	logged;
	enum leat_log_level level;
	char		line[LEAT_ERROR_LEN];
	struct leat_ctx	*ctx;
};

static uint64_t hand_clock(void *arg)
{
	return ((struct world *)arg)->now;
}

static void keep_line(void *arg, enum leat_log_level level, const char *message)
{
	struct world *w = arg;

	w->logged++;
	w->level = level;
	strncpy(w->line, message, sizeof(w->line) - 1);
}

static int setup(void **state)
{
	static struct world w;
	struct leat_ctx_config cfg = { .log = keep_line, .log_arg = &w, .log_level = LEAT_LOG_WARNING,
				       .clock = hand_clock, .clock_arg = &w };

	memset(&w, 0, sizeof(w));
	w.now = 1000 * MS;
	*state = &w;
	return leat_ctx_open(&cfg, &w.ctx);
}

static int teardown(void **state)
{
	leat_ctx_close(((struct world *)*state)->ctx);
	return 0;
}

static void log_reaches_the_sink_up_to_the_level(void **state)
{
	struct world *w = *state;

	leat_log(w->ctx, LEAT_LOG_INFO, "quiet");
	assert_int_equal(w->logged, 0);
	leat_log(w->ctx, LEAT_LOG_WARNING, "worse than %d", 1);
	assert_int_equal(w->logged, 1);
	assert_int_equal(w->level, LEAT_LOG_WARNING);
	assert_string_equal(w->line, "worse than 1");
}

static void the_last_error_is_kept(void **state)
{
	struct world *w = *state;

	assert_string_equal(leat_ctx_error(w->ctx), "");
	assert_int_equal(leat_fail(w->ctx, -EPERM, "nic: %s", "no"), -EPERM);
	leat_log(w->ctx, LEAT_LOG_WARNING, "not an error");
	assert_string_equal(leat_ctx_error(w->ctx), "nic: no");
}

static void an_overlong_sentence_is_cut(void **state)
{
	struct world *w = *state;
	char text[2 * LEAT_ERROR_LEN];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	leat_fail(w->ctx, -EIO, "%s", text);
	assert_int_equal(strlen(leat_ctx_error(w->ctx)), LEAT_ERROR_LEN - 1);
}

static void a_wrong_config_is_told_in_the_config(void **state)
{
	struct leat_ctx_config cfg = { .page_size = 12345 };
	struct leat_ctx *ctx = NULL;

	(void)state;
	assert_int_equal(leat_ctx_open(&cfg, &ctx), -EINVAL);
	assert_null(ctx);
	assert_non_null(strstr(cfg.error, "12345"));
}

static void two_contexts_know_nothing_of_each_other(void **state)
{
	struct world *w = *state;
	struct leat_ctx *other;

	assert_int_equal(leat_ctx_open(NULL, &other), 0);
	leat_fail(other, -EIO, "elsewhere");
	assert_string_equal(leat_ctx_error(w->ctx), "");
	assert_int_equal(w->logged, 0);
	leat_ctx_close(other);
}

/* A watch that counts, drains its eventfd, and may remove another. */
struct probe {
	struct leat_watch watch;
	struct leat_ctx	*ctx;
	struct leat_watch *victim;
	unsigned int	ready, ticks;
};

static void on_ready(struct leat_watch *w)
{
	struct probe *p = (struct probe *)(void *)w;
	uint64_t n;

	p->ready++;
	assert_int_equal(read(w->fd, &n, sizeof(n)), sizeof(n));
	if (p->victim)
		leat_watch_remove(p->ctx, p->victim);
}

static void on_tick(struct leat_watch *w)
{
	struct probe *p = (struct probe *)(void *)w;

	p->ticks++;
	if (p->victim)
		leat_watch_remove(p->ctx, p->victim);
}

static struct probe probe_on(struct world *w)
{
	return (struct probe){ .ctx = w->ctx,
			       .watch = { .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = on_ready } };
}

static void fire(struct probe *p)
{
	const uint64_t one = 1;

	assert_int_equal(write(p->watch.fd, &one, sizeof(one)), sizeof(one));
}

static void poll_looks_once_a_millisecond(void **state)
{
	struct world *w = *state;
	struct probe p = probe_on(w);

	assert_int_equal(leat_watch_add(w->ctx, &p.watch), 0);
	assert_int_equal(leat_ctx_poll(w->ctx), 0);
	fire(&p);
	w->now += MS - 1;
	leat_ctx_poll(w->ctx);
	assert_int_equal(p.ready, 0);
	w->now += 1;
	leat_ctx_poll(w->ctx);
	assert_int_equal(p.ready, 1);

	fire(&p);
	leat_ctx_hurry(w->ctx);
	leat_ctx_poll(w->ctx);
	assert_int_equal(p.ready, 2);
	leat_watch_remove(w->ctx, &p.watch);
	close(p.watch.fd);
}

static void the_descriptor_becomes_readable(void **state)
{
	struct world *w = *state;
	struct probe p = probe_on(w);
	struct pollfd fd = { .fd = leat_ctx_fd(w->ctx), .events = POLLIN };

	assert_int_equal(leat_watch_add(w->ctx, &p.watch), 0);
	assert_int_equal(poll(&fd, 1, 0), 0);
	fire(&p);
	assert_int_equal(poll(&fd, 1, 0), 1);
	leat_watch_remove(w->ctx, &p.watch);
	assert_int_equal(poll(&fd, 1, 0), 0);
	close(p.watch.fd);
}

/* Both are ready in one look; whichever runs first removes the other. */
static void a_removed_watch_does_not_run(void **state)
{
	struct world *w = *state;
	struct probe a = probe_on(w), b = probe_on(w);

	assert_int_equal(leat_watch_add(w->ctx, &a.watch), 0);
	assert_int_equal(leat_watch_add(w->ctx, &b.watch), 0);
	a.victim = &b.watch;
	b.victim = &a.watch;
	fire(&a);
	fire(&b);
	w->now += MS;
	leat_ctx_poll(w->ctx);
	assert_int_equal(a.ready + b.ready, 1);
	leat_watch_remove(w->ctx, &a.watch);	/* twice is nothing */
	leat_watch_remove(w->ctx, &b.watch);
	close(a.watch.fd);
	close(b.watch.fd);
}

static void ticks_come_by_their_period(void **state)
{
	struct world *w = *state;
	struct probe p = { .ctx = w->ctx,
			   .watch = { .fd = -1, .tick = on_tick, .period_ns = 10 * MS } };

	assert_int_equal(leat_watch_add(w->ctx, &p.watch), 0);
	for (int i = 0; i < 95; i++) {
		w->now += MS;
		leat_ctx_poll(w->ctx);
	}
	assert_int_equal(p.ticks, 9);
	p.victim = &p.watch;		/* removes itself */
	w->now += 100 * MS;
	leat_ctx_poll(w->ctx);
	w->now += 100 * MS;
	leat_ctx_poll(w->ctx);
	assert_int_equal(p.ticks, 10);
}

static void the_real_clock_is_gated_too(void **state)
{
	struct leat_ctx *ctx;
	struct world w;
	struct probe p;

	(void)state;
	assert_int_equal(leat_ctx_open(NULL, &ctx), 0);
	w.ctx = ctx;
	p = probe_on(&w);
	assert_int_equal(leat_watch_add(ctx, &p.watch), 0);
	for (int i = 0; i < 5; i++) {
		fire(&p);
		while (p.ready <= (unsigned int)i)
			leat_ctx_poll(ctx);
	}
	assert_int_equal(p.ready, 5);
	leat_watch_remove(ctx, &p.watch);
	close(p.watch.fd);
	leat_ctx_close(ctx);
}

static void close_takes_null(void **state)
{
	(void)state;
	leat_ctx_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(log_reaches_the_sink_up_to_the_level, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_error_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(an_overlong_sentence_is_cut, setup, teardown),
		cmocka_unit_test(a_wrong_config_is_told_in_the_config),
		cmocka_unit_test_setup_teardown(two_contexts_know_nothing_of_each_other, setup, teardown),
		cmocka_unit_test_setup_teardown(poll_looks_once_a_millisecond, setup, teardown),
		cmocka_unit_test_setup_teardown(the_descriptor_becomes_readable, setup, teardown),
		cmocka_unit_test_setup_teardown(a_removed_watch_does_not_run, setup, teardown),
		cmocka_unit_test_setup_teardown(ticks_come_by_their_period, setup, teardown),
		cmocka_unit_test(the_real_clock_is_gated_too),
		cmocka_unit_test(close_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
