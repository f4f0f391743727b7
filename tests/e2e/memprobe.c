// SPDX-License-Identifier: BSD-3-Clause
/*
 * memprobe - set memory aside, touch all of it, say what it is made of, wait.
 *
 *	memprobe MIB [PAGE_SIZE]
 *
 * Prints what the library says, then "ready: SOURCE, N pages of SIZE", then
 * waits for the end of its standard input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <leat/leat.h>

static void say(void *arg, enum leat_log_level level, const char *message)
{
	(void)arg;
	(void)level;
	puts(message);
}

int main(int argc, char **argv)
{
	struct leat_ctx_config cfg = { .log = say, .log_level = LEAT_LOG_INFO };
	struct leat_mem_info info;
	struct leat_ctx *ctx;
	struct leat_mem mem;
	char end;

	if (argc < 2) {
		fprintf(stderr, "usage: memprobe MIB [PAGE_SIZE]\n");
		return 2;
	}
	cfg.mem_size = strtoul(argv[1], NULL, 0) << 20;
	cfg.page_size = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	if (leat_ctx_open(&cfg, &ctx))
		return 1;
	if (leat_mem_alloc(ctx, cfg.mem_size, 64, &mem)) {
		leat_ctx_close(ctx);
		return 1;
	}
	memset(mem.va, 0x5a, mem.len);
	leat_mem_info(ctx, &info);
	printf("ready: %s, %zu pages of %zu\n", info.source, info.len / info.page_size,
	       info.page_size);
	fflush(stdout);
	while (read(STDIN_FILENO, &end, 1) > 0)
		;
	leat_mem_free(ctx, &mem);
	leat_ctx_close(ctx);
	return 0;
}
