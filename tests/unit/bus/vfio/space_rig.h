// SPDX-License-Identifier: BSD-3-Clause
/*
 * space_rig.h - a context on the fake kernel, and members for its domains.
 */
#ifndef SPACE_RIG_H
#define SPACE_RIG_H

#include "bus/vfio/kind.h"
#include "kernel.h"

#include <leat/ctx.h>
#include <leat/mem.h>

#define ADDR "0000:01:00.0"

struct rig {
	struct leat_ctx	*ctx;
	unsigned int	errors, warnings;
	char		error[LEAT_ERROR_LEN];		/* the last one */
	char		warning[LEAT_ERROR_LEN];
};

/* The two kinds that translate, for tests that want the same of both. */
extern const enum vfio_kind both_kinds[2];

/* A context that has @mem bytes in 4 KiB pages; resets the kernel. Asserts. */
void rig_init(struct rig *r, size_t mem);

/* Closes it, and asserts that the kernel is empty again. */
void rig_fini(struct rig *r);

/* Something of @kind, for join() and part(). */
int new_member(enum vfio_kind kind, unsigned int bits);

int join(struct vfio_space *space, int fd);
void part(struct vfio_space *space, int fd);

/* A domain of @kind with one member of @bits, whose descriptor comes back in @fd. Asserts. */
struct vfio_space *open_space(struct rig *r, enum vfio_kind kind, const char *domain,
			      unsigned int bits, int *fd);

/* part(), close, put. */
void close_space(struct vfio_space *space, int fd);

/* The last error has all of these words; NULL ends them. Asserts. */
void said(const struct rig *r, ...);

#endif
