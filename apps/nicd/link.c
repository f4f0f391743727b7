// SPDX-License-Identifier: BSD-3-Clause
/*
 * link.c - cables between two NICs of this process. Whoever names one first
 * makes it and leaves the other end here for the second.
 */
#include "link.h"

#include "say.h"
#include "wires.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct link {
	char		*name;
	struct leat_wire *other;	/* NULL: taken */
	struct link	*next;
};

static int link_first(const char *name, struct link_list *links, struct leat_wire **out)
{
	struct link *l = calloc(1, sizeof(*l));
	int err = -ENOMEM;

	if (!l)
		goto fail;
	l->name = strdup(name);
	if (!l->name)
		goto free_link;
	err = leat_wire_link(out, &l->other);
	if (err)
		goto free_name;
	l->next = links->first;
	links->first = l;
	return 0;

free_name:
	free(l->name);
free_link:
	free(l);
fail:
	return say_fail(err, "wire link:%s: %s", name, strerror(-err));
}

static int link_open(const struct wire_spec *spec, struct wire_house *house,
		     struct leat_wire **out)
{
	const char *name = spec->arg;

	if (!*name)
		return say_fail(-EINVAL,
				"wire link needs a name, the same for two NICs: link:NAME");
	for (struct link *l = house->links->first; l; l = l->next) {
		if (strcmp(l->name, name))
			continue;
		if (!l->other)
			return say_fail(-EINVAL, "wire link:%s has two ends, and a third NIC names "
					"it; use another name", name);
		*out = l->other;
		l->other = NULL;
		return 0;
	}
	return link_first(name, house->links, out);
}

int link_list_check(const struct link_list *links)
{
	for (const struct link *l = links->first; l; l = l->next)
		if (l->other)
			return say_fail(-EINVAL, "wire link:%s leads nowhere: only one NIC names "
					"it; give a second one wire=link:%s", l->name, l->name);
	return 0;
}

void link_list_fini(struct link_list *links)
{
	while (links->first) {
		struct link *l = links->first;

		links->first = l->next;
		if (l->other)
			leat_wire_close(l->other);
		free(l->name);
		free(l);
	}
}

const struct wire_kind wire_link = { .name = "link", .open = link_open };
