// SPDX-License-Identifier: BSD-3-Clause
/*
 * wires.h - what this program's NICs can be plugged into: a table of kinds.
 */
#ifndef NICD_WIRES_H
#define NICD_WIRES_H

#include <stdbool.h>
#include <stdio.h>

#include <leat/wire.h>

struct gen_net;
struct link_list;
struct wire_kind;

/* A wire as the command line describes it. */
struct wire_spec {
	const struct wire_kind *kind;	/* NULL: none given */
	char		*arg;		/* what follows the colon; "" if nothing */
	char		*out;		/* pcap: the file to write, or NULL */
	bool		loop;		/* pcap: start over at the end */
};

/* What wires of one process share. */
struct wire_house {
	struct gen_net	*gens;
	struct link_list *links;
};

struct wire_kind {
	const char	*name;
	/* Make one; what went wrong has been said when it returns -errno. */
	int	(*open)(const struct wire_spec *spec, struct wire_house *house,
			struct leat_wire **out);
	/* "key=value ..." of what it counted, without newline. May be NULL. */
	void	(*report)(const struct leat_wire *w, FILE *to);
	/* Has it nothing more to bring? NULL: it never brings anything of its own. */
	bool	(*done)(const struct leat_wire *w);
	/*
	 * Finish what is to be written; did it fail at its work, which the exit status
	 * should say? NULL: never.
	 */
	bool	(*failed)(struct leat_wire *w);
};

extern const struct wire_kind wire_nowhere, wire_link, wire_loop, wire_pcap, wire_tap, wire_gen;

/*
 * wires_parse - add "NAME[:ARG]" to @spec. -EINVAL, said, if there is no such
 * wire or it does not go with what @spec has. Keeps pointers into @text.
 */
int wires_parse(char *text, struct wire_spec *spec);

/* Is @text one of the names that may stand there without "wire="? */
bool wires_known(const char *text);

#endif
