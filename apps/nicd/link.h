// SPDX-License-Identifier: BSD-3-Clause
/*
 * link.h - cables between two NICs of this process, by name.
 */
#ifndef NICD_LINK_H
#define NICD_LINK_H

#include <leat/wire.h>

struct link_list {
	struct link	*first;
};

/* Have all cables two ends? 0, or -EINVAL, said. */
int link_list_check(const struct link_list *links);

/* Forgets all names and closes the ends that no NIC took. */
void link_list_fini(struct link_list *links);

#endif
