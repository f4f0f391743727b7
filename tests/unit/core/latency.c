// SPDX-License-Identifier: BSD-3-Clause
/*
 * latency.c - the wake-up latency that a context asks for: what the kernel hears, what it
 * refuses, and that the descriptor goes when it should. The kernel is made up, but for the
 * last test, which takes this machine's if it may.
 */
#include <leat/ctx.h>
#include <leat/sleeper.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NODE "/dev/cpu_dma_latency"

/* ---- the kernel ---- */

static struct {
	bool	real;		/* this machine's */
	int	open_err;	/* errno values; 0: it works */
	int	write_err;
	ssize_t taken;		/* bytes of a write */
	int	fd;		/* the one opened last; -1: none */
	int	flags;		/* of that open */
	unsigned int opens;
	int32_t asked;		/* written last */
} kernel;

int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *buf, size_t len);
ssize_t __real_write(int fd, const void *buf, size_t len);

int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	if (kernel.real || strcmp(path, NODE) != 0)
		return __real_open(path, flags, mode);
	kernel.opens++;
	kernel.flags = flags;
	if (kernel.open_err) {
		errno = kernel.open_err;
		return -1;
	}
	kernel.fd = __real_open("/dev/null", flags);
	return kernel.fd;
}

ssize_t __wrap_write(int fd, const void *buf, size_t len)
{
	if (kernel.real || fd != kernel.fd)
		return __real_write(fd, buf, len);
	assert_int_equal(len, sizeof(kernel.asked));
	if (kernel.write_err) {
		errno = kernel.write_err;
		return -1;
	}
	memcpy(&kernel.asked, buf, sizeof(kernel.asked));
	return kernel.taken;
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) != -1;
}

static int setup(void **state)
{
	memset(&kernel, 0, sizeof(kernel));
	kernel.fd = -1;
	kernel.taken = sizeof(kernel.asked);
	kernel.asked = -1;
	return leat_ctx_open(NULL, (struct leat_ctx **)state);
}

static int teardown(void **state)
{
	leat_ctx_close(*state);
	return 0;
}

/* ---- tests ---- */

static void asks_and_lets_go(void **state)
{
	struct leat_ctx *ctx = *state;

	assert_int_equal(leat_ctx_wake_latency(ctx, LEAT_WAKE_LATENCY_ANY), 0);
	assert_int_equal(kernel.opens, 0);
	assert_int_equal(leat_ctx_wake_latency(ctx, 0), 0);
	assert_int_equal(kernel.asked, 0);
	assert_int_equal(kernel.flags, O_WRONLY | O_CLOEXEC);
	assert_int_equal(leat_ctx_wake_latency(ctx, 1000), 0);
	assert_int_equal(kernel.asked, 1000);
	assert_int_equal(kernel.opens, 1);
	assert_true(is_open(kernel.fd));
	assert_int_equal(leat_ctx_wake_latency(ctx, LEAT_WAKE_LATENCY_ANY), 0);
	assert_false(is_open(kernel.fd));
	assert_int_equal(leat_ctx_wake_latency(ctx, INT32_MAX), 0);
	assert_int_equal(kernel.asked, INT32_MAX);
	assert_int_equal(kernel.opens, 2);
}

static void ends_with_its_context(void **state)
{
	struct leat_ctx *ctx;

	(void)state;
	assert_int_equal(leat_ctx_open(NULL, &ctx), 0);
	assert_int_equal(leat_ctx_wake_latency(ctx, 5), 0);
	leat_ctx_close(ctx);
	assert_false(is_open(kernel.fd));
}

static void a_child_forgets_it(void **state)
{
	int status;
	pid_t child;

	assert_int_equal(leat_ctx_wake_latency(*state, 5), 0);
	child = fork();
	assert_return_code(child, errno);
	if (!child) {
		leat_ctx_forget(*state);
		_exit(is_open(kernel.fd));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(is_open(kernel.fd));
}

static void names_cause_and_remedy(void **state)
{
	static const struct {
		int err;
		const char *words[2];
	} cases[] = {
		{ EACCES, { "Permission denied", "GROUP=\"NAME\", MODE=\"0660\"" } },
		{ EPERM, { "not permitted", "--device " NODE } },
		{ ENOENT, { "No such file", "CONFIG_CPU_IDLE" } },
		{ ENODEV, { "No such device", "CONFIG_CPU_IDLE" } },
		{ EMFILE, { "Too many open files", "ulimit -n" } },
		{ ENOMEM, { "Cannot allocate memory", "do without it" } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *sentence;

		kernel.open_err = cases[i].err;
		assert_int_equal(leat_ctx_wake_latency(*state, 7), -cases[i].err);
		sentence = leat_ctx_error(*state);
		assert_memory_equal(sentence, NODE ": ", strlen(NODE ": "));
		assert_non_null(strstr(sentence, "wake-up latency of 7 us"));
		assert_non_null(strstr(sentence, cases[i].words[0]));
		assert_non_null(strstr(sentence, cases[i].words[1]));
		assert_true(strlen(sentence) < LEAT_ERROR_LEN - 1);
		assert_int_equal(sentence[strlen(sentence) - 1], ')');
	}
	kernel.open_err = 0;
	assert_int_equal(leat_ctx_wake_latency(*state, 7), 0);
	assert_int_equal(kernel.asked, 7);
}

static void closes_what_took_no_value(void **state)
{
	kernel.write_err = EINVAL;
	assert_int_equal(leat_ctx_wake_latency(*state, 1), -EINVAL);
	assert_false(is_open(kernel.fd));
	kernel.write_err = 0;
	kernel.taken = 2;
	assert_int_equal(leat_ctx_wake_latency(*state, 1), -EIO);
	assert_false(is_open(kernel.fd));
	assert_int_equal(kernel.opens, 2);
}

static void keeps_what_it_has(void **state)
{
	assert_int_equal(leat_ctx_wake_latency(*state, 20), 0);
	kernel.write_err = EIO;
	assert_int_equal(leat_ctx_wake_latency(*state, 10), -EIO);
	assert_true(is_open(kernel.fd));
	kernel.write_err = 0;
	assert_int_equal(leat_ctx_wake_latency(*state, (uint32_t)INT32_MAX + 1), -EINVAL);
	assert_non_null(strstr(leat_ctx_error(*state), "2147483648 us: give 0 to 2147483647"));
	assert_int_equal(kernel.asked, 20);
	assert_true(is_open(kernel.fd));
	assert_int_equal(kernel.opens, 1);
}

/* What holds for the machine: the least that anybody asks for. */
static int32_t effective(void)
{
	int fd = open(NODE, O_RDONLY | O_CLOEXEC);
	int32_t value;

	assert_return_code(fd, errno);
	assert_int_equal(read(fd, &value, sizeof(value)), sizeof(value));
	close(fd);
	return value;
}

/*
 * Others may ask meanwhile, so the values are ones that nobody else asks for; seconds, for
 * which no CPU behaves otherwise.
 */
static void this_machine(struct leat_ctx *ctx)
{
	const int32_t second = 1000000 + getpid(), ten = 10000000 + getpid();

	assert_int_equal(leat_ctx_wake_latency(ctx, (uint32_t)ten), 0);
	assert_in_range(effective(), 0, ten);
	assert_int_equal(leat_ctx_wake_latency(ctx, (uint32_t)second), 0);
	assert_in_range(effective(), 0, second);
	assert_int_equal(leat_ctx_wake_latency(ctx, LEAT_WAKE_LATENCY_ANY), 0);
	assert_int_not_equal(effective(), second);
	assert_int_equal(leat_ctx_wake_latency(ctx, (uint32_t)second), 0);
	assert_in_range(effective(), 0, second);
	leat_ctx_close(ctx);
	assert_int_not_equal(effective(), second);
}

static void this_machine_or_why_not(void **state)
{
	struct leat_ctx *ctx;
	int fd, err;

	(void)state;
	assert_int_equal(leat_ctx_open(NULL, &ctx), 0);
	kernel.real = true;
	fd = open(NODE, O_RDWR | O_CLOEXEC);
	err = fd < 0 ? -errno : 0;
	if (fd >= 0) {
		close(fd);
		this_machine(ctx);
		return;
	}
	assert_int_equal(leat_ctx_wake_latency(ctx, 1000000), err);
	assert_non_null(strstr(leat_ctx_error(ctx), NODE ": ask for a wake-up latency"));
	leat_ctx_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(asks_and_lets_go, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_with_its_context, setup, teardown),
		cmocka_unit_test_setup_teardown(a_child_forgets_it, setup, teardown),
		cmocka_unit_test_setup_teardown(names_cause_and_remedy, setup, teardown),
		cmocka_unit_test_setup_teardown(closes_what_took_no_value, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_what_it_has, setup, teardown),
		cmocka_unit_test_setup_teardown(this_machine_or_why_not, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
