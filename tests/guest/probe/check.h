// SPDX-License-Identifier: BSD-3-Clause
/*
 * check.h - what the programs that run in the guest share: assertions of one line each,
 * a context that remembers what it was told, small looks at /proc.
 *
 * A program prints "ok WHAT" or "FAIL WHAT: ..." for each assertion, goes on after a failure,
 * and returns check_end(): whoever reads the console sees all that is wrong, not the first.
 */
#ifndef PROBE_CHECK_H
#define PROBE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/leat.h>

/* Each returns whether it held. */
bool check(bool held, const char *what, ...) LEAT_PRINTF(2, 3);
bool check_num(uint64_t got, uint64_t want, const char *what, ...) LEAT_PRINTF(3, 4);

/* Errors by name: 0, -EEXIST... */
bool check_err(int got, int want, const char *what, ...) LEAT_PRINTF(3, 4);

/* Does @text, a sentence of the library's, have @part in it? */
bool check_says(const char *text, const char *part, const char *what, ...) LEAT_PRINTF(3, 4);

/* Without it nothing else makes sense: if @err, says @why and ends the program. */
void need(int err, const char *why, const char *what, ...) LEAT_PRINTF(3, 4);

/* The last line, and the exit status: 0 if all held and something was looked at. */
int check_end(void);

/* ---- a context whose last words can be looked at ---- */

struct ear {
	char	error[LEAT_ERROR_LEN];	/* the last error, "" since ear_clear() */
	char	warning[LEAT_ERROR_LEN];
	char	info[LEAT_ERROR_LEN];
	unsigned int errors;
	bool	loud;			/* print what comes, too */
};

void ear_clear(struct ear *ear);

/* A context of 4 KiB pages, or of the best there are (@huge), with @size bytes set aside. */
struct leat_ctx *open_ctx(struct ear *ear, size_t size, bool huge);

/* ---- what the kernel says of this process ---- */

unsigned int count_fds(void);

/* "VmLck", "VmPin"...: the number of /proc/self/status, in KiB. */
uint64_t status_kib(const char *name);

/*
 * The kernel's log: its length now, once it is calm; and does it come to have @part in it, in
 * what is written after @since bytes? Of DMA faults Linux logs ten lines in five seconds at most,
 * and each takes three: calm is when there is room for one more.
 */
size_t kernel_log_calm(void);
bool kernel_log_comes(size_t since, const char *part);

/* Write @text to a file of /sys. 0 or -errno. */
int write_text(const char *path, const char *text);

#endif
