// SPDX-License-Identifier: BSD-3-Clause
/*
 * address.c - "PATH[,server]" to its parts. A path may hold commas, as long as what
 * follows the last one is no option.
 */
#include "state.h"

#include <errno.h>
#include <string.h>

static const struct option {
	const char	*text;
	bool		server;
} options[] = {
	{ ",server", true }, { ",server=on", true }, { ",server=off", false },
	{ ",client", false },
};

int leat_vhost_parse(const char *text, struct vhost_address *out, const char **why)
{
	size_t len = strlen(text);

	*out = (struct vhost_address){ .server = false };
	for (size_t i = 0; i < LEAT_ARRAY_LEN(options); i++) {
		size_t tail = strlen(options[i].text);

		if (len < tail || strcmp(text + len - tail, options[i].text))
			continue;
		out->server = options[i].server;
		len -= tail;
		break;
	}
	*why = !len ? "there is no path; give vhost-user:PATH or vhost-user:PATH,server" :
	       len >= sizeof(out->path) ? "the path is too long for a socket (at most 107 "
					  "bytes); go nearer and name it from there" : NULL;
	if (*why)
		return -EINVAL;
	memcpy(out->path, text, len);
	return 0;
}
