// SPDX-License-Identifier: BSD-3-Clause
/*
 * wires.c - the table of wires, and the two that need no file of their own.
 */
#include "wires.h"

#include "say.h"

#include <errno.h>
#include <string.h>

#define WIRES "link:NAME, loop, pcap:FILE, pcap-out:FILE, tap:IFNAME, gen[:...]"

static int loop_open(const struct wire_spec *spec, struct wire_house *house,
		     struct leat_wire **out)
{
	int err;

	(void)house;
	if (*spec->arg)
		return say_fail(-EINVAL, "wire loop takes nothing after its name, but got '%s'",
				spec->arg);
	err = leat_wire_loop(out);
	return err ? say_fail(err, "wire loop: %s", strerror(-err)) : 0;
}

const struct wire_kind wire_loop = { .name = "loop", .open = loop_open };

static const struct wire_kind *const kinds[] = {
	&wire_link, &wire_loop, &wire_pcap, &wire_tap, &wire_gen,
};

static const struct wire_kind *find(const char *name, size_t len)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(kinds); i++)
		if (!strncmp(kinds[i]->name, name, len) && !kinds[i]->name[len])
			return kinds[i];
	return NULL;
}

static int parse_pcap_out(char *file, struct wire_spec *spec)
{
	if (spec->out || (spec->kind && spec->kind != &wire_pcap))
		return say_fail(-EINVAL, "pcap-out:%s: a NIC has one wire, and pcap-out goes only "
				"with pcap", file);
	if (!*file)
		return say_fail(-EINVAL, "pcap-out needs a file to write: pcap-out:FILE");
	if (!spec->kind) {
		spec->kind = &wire_pcap;
		spec->arg = NULL;
	}
	spec->out = file;
	return 0;
}

int wires_parse(char *text, struct wire_spec *spec)
{
	size_t len = strcspn(text, ":");
	char *arg = text[len] ? text + len + 1 : text + len;
	const struct wire_kind *kind;

	if (len == strlen("pcap-out") && !strncmp(text, "pcap-out", len))
		return parse_pcap_out(arg, spec);
	kind = find(text, len);
	if (!kind)
		return say_fail(-EINVAL, "there is no wire '%.*s'; there are: " WIRES, (int)len,
				text);
	if (spec->kind && (spec->kind != kind || kind != &wire_pcap || spec->arg))
		return say_fail(-EINVAL,
				"wire '%s': a NIC has one wire, and only pcap and pcap-out "
				"go together",
				text);
	spec->kind = kind;
	spec->arg = arg;
	return 0;
}

bool wires_known(const char *text)
{
	size_t len = strcspn(text, ":=");

	return text[len] == ':' &&
	       (find(text, len) || (len == 8 && !strncmp(text, "pcap-out", len)));
}
