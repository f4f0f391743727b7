// SPDX-License-Identifier: BSD-3-Clause
/*
 * loop.h - the one thread that does everything: steps all NICs, looks at their
 * sockets now and then, and sleeps when nobody is there.
 */
#ifndef NICD_LOOP_H
#define NICD_LOOP_H

#include "gen.h"
#include "nic.h"

#include <stdbool.h>

enum loop_phase {
	LOOP_RUN,
	LOOP_DRAIN,	/* no new frames; those under way come home */
	LOOP_END,
};

struct loop {
	struct nic	*nics;
	unsigned int	nnics;
	struct gen_net	*gens;
	uint64_t	seconds;	/* 0: until a signal */
	bool		stats;		/* a line a second */
	bool		one_cpu;	/* the driver's program takes turns with us on it */
	bool		until_done;	/* end when the wires have nothing more to bring */

	int		epfd, sigfd;
	enum loop_phase	phase;
	unsigned int	connected;	/* NICs with a client */
	bool		moved;		/* since the last look */

	uint64_t	cycles_busy, cycles_idle;	/* between looks */
	uint64_t	cycles_spin;	/* without a frame: then others may have the CPU */
	uint64_t	busy_at;	/* leat_cycles() when a frame last moved */
	uint64_t	looked;		/* leat_cycles() at the last look */
	uint64_t	chatty_until;	/* leat_cycles(): messages come in rows */

	/* nanoseconds, leat_now_ns() */
	uint64_t	start, moved_at, drain_since, next_tenth, next_stats;
};

/* Takes SIGTERM, SIGINT and SIGUSR1. 0 or -errno, said. */
int loop_init(struct loop *l);
void loop_fini(struct loop *l);

void loop_run(struct loop *l);

#endif
