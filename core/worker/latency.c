// SPDX-License-Identifier: BSD-3-Clause
/*
 * latency.c - what the kernel is asked about waking up: its CPU latency QoS.
 *
 * The request is a descriptor of the kernel's file and holds while that is open, so it
 * ends with the process, however that ends.
 */
#include "core/ctx.h"

#include <leat/compiler.h>
#include <leat/sleeper.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define NODE "/dev/cpu_dma_latency"

#define NEEDS_CPUIDLE                                                                          \
	"the kernel needs CONFIG_CPU_IDLE, see `grep cpu_dma_latency /proc/misc`; in a container: "  \
	"start it with --device " NODE

static const struct {
	int err;
	const char *remedy;
} remedies[] = {
	{ -EACCES, "run it as root, or give a group of yours the file: `echo 'KERNEL==\""
		   "cpu_dma_latency\", GROUP=\"NAME\", MODE=\"0660\"' | sudo tee /etc/udev/rules.d/"
		   "70-leat.rules; sudo udevadm control --reload; sudo udevadm trigger "
		   "--sysname-match=cpu_dma_latency`" },
	{ -EPERM, "in a container: start it with --device " NODE },
	{ -ENOENT, NEEDS_CPUIDLE },
	{ -ENODEV, NEEDS_CPUIDLE },
	{ -EMFILE, "see ulimit -n" },
};

static int refuse(struct leat_ctx *ctx, int err, uint32_t usec)
{
	const char *remedy = "do without it";

	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(remedies); i++)
		if (remedies[i].err == err)
			remedy = remedies[i].remedy;
	return leat_fail(ctx, err, NODE ": ask for a wake-up latency of %u us: %s (%s)", usec,
			 strerror(-err), remedy);
}

static void let_go(struct leat_ctx *ctx)
{
	if (ctx->latency_fd >= 0)
		close(ctx->latency_fd);
	ctx->latency_fd = -1;
}

static int ask(int fd, uint32_t usec)
{
	const int32_t value = (int32_t)usec;
	ssize_t n = write(fd, &value, sizeof(value));

	if (n < 0)
		return -errno;
	return n == (ssize_t)sizeof(value) ? 0 : -EIO;
}

static int ask_first(struct leat_ctx *ctx, uint32_t usec)
{
	int fd = open(NODE, O_WRONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : ask(fd, usec);

	if (!err)
		ctx->latency_fd = fd;
	else if (fd >= 0)
		close(fd);
	return err;
}

int leat_ctx_wake_latency(struct leat_ctx *ctx, uint32_t usec)
{
	int err;

	if (usec == LEAT_WAKE_LATENCY_ANY) {
		let_go(ctx);
		return 0;
	}
	if (usec > INT32_MAX)
		return leat_fail(ctx, -EINVAL, "wake-up latency of %u us: give 0 to %d, or "
				 "LEAT_WAKE_LATENCY_ANY", usec, INT32_MAX);
	err = ctx->latency_fd < 0 ? ask_first(ctx, usec) : ask(ctx->latency_fd, usec);
	return err ? refuse(ctx, err, usec) : 0;
}
