// SPDX-License-Identifier: BSD-3-Clause
/*
 * open.c - probe-open ADDRESS ERROR WORDS [KIB]: does the port refuse to open, with this error
 * and these words? ERROR is a name like EPERM, WORDS a part of the sentence. KIB: with so small a
 * limit on locked memory. When the refusal is spoken, the device must not have been let loose: bus
 * mastering, as sysfs sees it, is off, unless a driver of the kernel's has it on.
 *
 * probe-open ADDRESS - WORDS: it opens, and says these words of how.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <leat/driver/pci.h>

#include "check.h"

static const struct {
	const char	*name;
	int		err;
} errors[] = {
	{ "-", 0 }, { "EACCES", -EACCES }, { "EBUSY", -EBUSY }, { "EINVAL", -EINVAL },
	{ "ENODEV", -ENODEV }, { "ENOENT", -ENOENT }, { "ENOMEM", -ENOMEM },
	{ "ENOTSUP", -ENOTSUP }, { "EPERM", -EPERM },
};

struct story {
	char		text[4 * LEAT_ERROR_LEN];
	const char	*bdf;
	int		before, command;	/* of PCI, then and at the first error; -1: not seen */
	unsigned int	told;		/* errors */
};

static int read_command(const char *bdf)
{
	uint16_t command = 0;
	char path[128];
	int fd, got;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = (int)pread(fd, &command, sizeof(command), LEAT_PCI_COMMAND);
	close(fd);
	return got == sizeof(command) ? command : -1;
}

static void hear(void *arg, enum leat_log_level level, const char *message)
{
	struct story *story = arg;
	size_t len = strlen(story->text);

	printf("# %s\n", message);
	snprintf(story->text + len, sizeof(story->text) - len, "%s\n", message);
	if (level == LEAT_LOG_ERROR && !story->told++)
		story->command = read_command(story->bdf);
}

static int number_of(const char *name)
{
	for (unsigned int i = 0; i < LEAT_ARRAY_LEN(errors); i++)
		if (!strcmp(errors[i].name, name))
			return errors[i].err;
	fprintf(stderr, "probe-open: no error %s\n", name);
	exit(2);
}

static void limit_lock(const char *kib)
{
	rlim_t limit = strtoul(kib, NULL, 10) * 1024;

	if (setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ limit, limit }))
		perror("probe-open: setrlimit");
}

int main(int argc, char **argv)
{
	struct story story = { .command = -1 };
	struct leat_ctx_config cfg = { .page_size = 4096, .drivers = leat_drivers, .log = hear,
				       .log_arg = &story, .log_level = LEAT_LOG_INFO };
	struct leat_port *port = NULL;
	struct leat_ctx *ctx;
	char bdf[13] = "";
	int want, err;

	if (argc < 4) {
		fprintf(stderr, "usage: probe-open ADDRESS ERROR WORDS [KIB]\n");
		return 2;
	}
	want = number_of(argv[2]);
	snprintf(bdf, sizeof(bdf), "%s", strstr(argv[1], "0000:") ? strstr(argv[1], "0000:") : "");
	story.bdf = bdf;
	story.before = read_command(bdf);
	if (argc > 4)
		limit_lock(argv[4]);

	need(leat_ctx_open(&cfg, &ctx), cfg.error, "a context opens");
	err = leat_port_open(ctx, argv[1], NULL, &port);
	check_err(err, want, "%s: open", argv[1]);
	check_says(story.text, argv[3], "%s: words", argv[1]);
	check_num(story.told, want ? 1 : 0, "%s: errors told", argv[1]);
	if (story.command >= 0)
		check(!(story.command & ~story.before & LEAT_PCI_COMMAND_MASTER),
		      "%s: the device was not let loose", argv[1]);
	leat_port_close(port);
	leat_ctx_close(ctx);
	return check_end();
}
