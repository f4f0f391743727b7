// SPDX-License-Identifier: BSD-3-Clause
/*
 * spec.c - NICs as the command line names them.
 */
#include "spec.h"

#include "say.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <leat/models.h>

static int parse_model(const char *name, size_t len, const struct leat_model **out)
{
	char names[256] = "";

	for (const struct leat_model *const *m = leat_models; *m; m++) {
		if (!strncmp((*m)->name, name, len) && !(*m)->name[len]) {
			*out = *m;
			return 0;
		}
		strncat(names, " ", sizeof(names) - strlen(names) - 1);
		strncat(names, (*m)->name, sizeof(names) - strlen(names) - 1);
	}
	return say_fail(-EINVAL, "there is no NIC model '%.*s'; there are:%s", (int)len, name,
			names);
}

static int parse_socket(struct nic_spec *spec, char *path, const char *whole)
{
	if (!path || !*path)
		return say_fail(-EINVAL, "'%s' names no socket: it should be MODEL:SOCKET[,...]",
				whole);
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return say_fail(-EINVAL,
				"the socket's path '%s' is %zu bytes long, and UNIX sockets "
				"have room for %zu; use a shorter one",
				path, strlen(path),
				sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	spec->socket = path;
	return 0;
}

static int add_option(struct nic_spec *spec, unsigned int n, char *item)
{
	char *eq = strchr(item, '=');

	if (n == NIC_OPTS_MAX)
		return say_fail(-EINVAL, "NIC %s has more than %d options", spec->socket,
				NIC_OPTS_MAX);
	if (eq)
		*eq = '\0';
	if (!*item)
		return say_fail(-EINVAL,
				"NIC %s has an empty option; write ',' once, or ',,' for a "
				"comma in a name",
				spec->socket);
	spec->opts[n].key = item;
	spec->opts[n].value = eq ? eq + 1 : "";
	return 0;
}

static int parse_items(struct nic_spec *spec, char *rest)
{
	unsigned int nopts = 0;
	char *item;
	int err = 0;

	while (!err && (item = text_item(&rest, ',')) != NULL) {
		if (!strncmp(item, "wire=", 5))
			err = wires_parse(item + 5, &spec->wire);
		else if (wires_known(item))
			err = wires_parse(item, &spec->wire);
		else if (!strcmp(item, "pcap-loop"))
			spec->wire.loop = true;
		else
			err = add_option(spec, nopts++, item);
	}
	if (!err && spec->wire.loop && (spec->wire.kind != &wire_pcap || !spec->wire.arg))
		return say_fail(-EINVAL,
				"NIC %s: pcap-loop needs a capture to repeat: wire=pcap:FILE",
				spec->socket);
	return err;
}

int nic_spec_parse(const char *text, struct nic_spec *spec)
{
	size_t len = strcspn(text, ":,");
	char *rest;
	int err;

	memset(spec, 0, sizeof(*spec));
	spec->text = strdup(text);
	if (!spec->text)
		return say_fail(-ENOMEM, "no memory for the arguments");
	rest = text[len] == ':' ? spec->text + len + 1 : NULL;

	err = parse_model(text, len, &spec->model);
	if (!err)
		err = parse_socket(spec, text_item(&rest, ','), text);
	if (!err)
		err = parse_items(spec, rest);
	if (!err && !spec->wire.kind)
		spec->wire = (struct wire_spec){ .kind = &wire_nowhere };
	if (err)
		nic_spec_fini(spec);
	return err;
}

void nic_spec_fini(struct nic_spec *spec)
{
	free(spec->text);
	memset(spec, 0, sizeof(*spec));
}
