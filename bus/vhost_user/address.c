// SPDX-License-Identifier: BSD-3-Clause
/*
 * address.c - "PATH[,option]..." to its parts. Options are read from the end: a path may
 * hold commas, as long as what follows is no option.
 */
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What can be said with on and off (alone: on); ring features have QEMU's names and are on. */
static const struct word {
	const char	*name;
	uint64_t	feature;	/* 0: which side listens */
} words[] = {
	{ "server", 0 },
	{ "packed", LEAT_BIT64(34) },
	{ "in_order", LEAT_BIT64(35) },
	{ "event_idx", LEAT_BIT64(29) },
	{ "indirect_desc", LEAT_BIT64(28) },
	{ "mrg_rxbuf", LEAT_BIT64(15) },
};

/* 1 and 0 for on and off, -1 for anything else. */
static int on_off(const char *value)
{
	if (!*value || !strcmp(value, "=on"))
		return 1;
	return strcmp(value, "=off") ? -1 : 0;
}

static bool take_mac(const char *value, struct vhost_address *at)
{
	uint8_t *m = at->mac;
	int end = 0;

	if (sscanf(value, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx%n", &m[0], &m[1], &m[2], &m[3], &m[4],
		   &m[5], &end) != 6 || value[end])
		return false;
	at->has_mac = true;
	return true;
}

/* Is @text an option? Then it is noted. */
static bool take(const char *text, struct vhost_address *at)
{
	if (!strncmp(text, "mac=", 4))
		return take_mac(text + 4, at);
	for (size_t i = 0; i < LEAT_ARRAY_LEN(words); i++) {
		size_t len = strlen(words[i].name);
		int on = strncmp(text, words[i].name, len) ? -1 : on_off(text + len);

		if (on < 0)
			continue;
		if (!words[i].feature)
			at->server = on;
		else if (on)
			at->masked &= ~words[i].feature;
		else
			at->masked |= words[i].feature;
		return true;
	}
	return false;
}

int leat_vhost_parse(const char *text, struct vhost_address *out, const char **why)
{
	char buf[LEAT_UNIX_PATH + VHOST_OPTIONS_MAX];
	char *comma;

	*out = (struct vhost_address){ .server = false };
	snprintf(buf, sizeof(buf), "%s", text);
	while ((comma = strrchr(buf, ',')) && take(comma + 1, out))
		*comma = '\0';
	*why = !*buf ? "there is no path; give vhost-user:PATH or vhost-user:PATH,server" :
	       strlen(buf) >= sizeof(out->path) ?
	       "the path is too long for a socket (at most 107 bytes); go nearer and name it from "
	       "there" : NULL;
	if (*why)
		return -EINVAL;
	strcpy(out->path, buf);
	return 0;
}
