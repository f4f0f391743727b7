// SPDX-License-Identifier: BSD-3-Clause
/*
 * gen_args.c - a generator's options.
 */
#include "gen.h"

#include "say.h"
#include "text.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static int parse_size(const char *value, struct gen_opts *o)
{
	char copy[32], *rest = copy;
	uint64_t lo, hi;

	if (!strcmp(value, "imix")) {
		o->lo = o->hi = 0;
		return 0;
	}
	if (strlen(value) < sizeof(copy)) {
		const char *first, *second;

		strcpy(copy, value);
		first = text_item(&rest, '-');
		second = rest ? rest : first;
		if (!text_number(first, FRAME_MIN, LEAT_FRAME_MAX, &lo) &&
		    !text_number(second, lo, LEAT_FRAME_MAX, &hi)) {
			o->lo = (uint32_t)lo;
			o->hi = (uint32_t)hi;
			return 0;
		}
	}
	return say_fail(-EINVAL, "wire gen: size=%s: sizes are bytes without FCS from %d to %d, a "
			"range of them (size=60-1514), or imix", value, FRAME_MIN, LEAT_FRAME_MAX);
}

static int parse_mode(const char *value, struct gen_opts *o)
{
	o->tx = strcmp(value, "rx") != 0;
	o->rx = strcmp(value, "tx") != 0;
	if (o->tx && o->rx && strcmp(value, "both"))
		return say_fail(-EINVAL,
				"wire gen: mode=%s: the mode is tx (only generates), rx (only "
				"checks) or both",
				value);
	return 0;
}

/* Options that are plain numbers. */
static const struct number {
	const char	*key;
	size_t		off;
	bool		wide;		/* 64 bits */
	uint64_t	min, max;
} numbers[] = {
	{ "rate", offsetof(struct gen_opts, rate), true, 0, 1000000000 },
	{ "count", offsetof(struct gen_opts, count), true, 0, UINT64_MAX },
	{ "flows", offsetof(struct gen_opts, flows), false, 1, GEN_STREAMS / 2 },
	{ "seed", offsetof(struct gen_opts, seed), true, 0, UINT64_MAX },
	{ "key", offsetof(struct gen_opts, key), false, 1, UINT32_MAX },
};

static int parse_number(const char *key, const char *value, struct gen_opts *o)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(numbers); i++) {
		const struct number *num = &numbers[i];
		uint32_t narrow;
		uint64_t v;

		if (strcmp(key, num->key))
			continue;
		if (text_number(value, num->min, num->max, &v))
			return say_fail(-EINVAL,
					"wire gen: %s=%s: it should be a number from %ju to %ju",
					key, value, (uintmax_t)num->min, (uintmax_t)num->max);
		narrow = (uint32_t)v;
		if (num->wide)
			memcpy((char *)o + num->off, &v, sizeof(v));
		else
			memcpy((char *)o + num->off, &narrow, sizeof(narrow));
		return 0;
	}
	return say_fail(-EINVAL, "wire gen has no option '%s'; there are: size, rate, count, mode, "
			"flows, seed, key, with colons between them", key);
}

int gen_opts_parse(char *text, struct gen_opts *out)
{
	struct gen_opts o = { .lo = 64, .hi = 64, .flows = 1, .seed = 1, .tx = true, .rx = true };
	char *rest = *text ? text : NULL, *item;
	int err = 0;

	while (!err && (item = text_item(&rest, ':')) != NULL) {
		char *eq = strchr(item, '=');
		const char *value = eq ? eq + 1 : "";

		if (eq)
			*eq = '\0';
		if (!strcmp(item, "size"))
			err = parse_size(value, &o);
		else if (!strcmp(item, "mode"))
			err = parse_mode(value, &o);
		else
			err = parse_number(item, value, &o);
	}
	if (!err)
		*out = o;
	return err;
}
