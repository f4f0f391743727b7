// SPDX-License-Identifier: BSD-3-Clause
/*
 * info_print.c - a JSON object as lines for people.
 */
#include "info.h"

#include <string.h>

static void print_list(FILE *out, struct json_object *list)
{
	size_t n = json_object_array_length(list);

	if (!n)
		fputs("none", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "%s%s", i ? "," : "",
			json_object_get_string(json_object_array_get_idx(list, i)));
}

static void print_value(FILE *out, struct json_object *value)
{
	const char *text;

	switch (json_object_get_type(value)) {
	case json_type_null:
		fputs("none", out);
		break;
	case json_type_boolean:
		fputs(json_object_get_boolean(value) ? "yes" : "no", out);
		break;
	case json_type_array:
		print_list(out, value);
		break;
	default:
		text = json_object_get_string(value);
		fprintf(out, strchr(text, ' ') ? "\"%s\"" : "%s", text);
	}
}

static void print_object(FILE *out, struct json_object *object)
{
	const char *gap = "";

	json_object_object_foreach(object, key, value) {
		fprintf(out, "%s%s=", gap, key);
		print_value(out, value);
		gap = " ";
	}
}

/* A list of objects: a line each. One of plain values: one line. */
static void print_array(FILE *out, const char *key, struct json_object *array)
{
	size_t n = json_object_array_length(array);

	if (n && json_object_is_type(json_object_array_get_idx(array, 0), json_type_object)) {
		for (size_t i = 0; i < n; i++) {
			fprintf(out, "%s: ", key);
			print_object(out, json_object_array_get_idx(array, i));
			fputs("\n", out);
		}
		return;
	}
	fprintf(out, "%s:%s", key, n ? "" : " none");
	for (size_t i = 0; i < n; i++) {
		fputs(" ", out);
		print_value(out, json_object_array_get_idx(array, i));
	}
	fputs("\n", out);
}

void info_print(FILE *out, struct json_object *facts)
{
	json_object_object_foreach(facts, key, value) {
		if (json_object_is_type(value, json_type_array)) {
			print_array(out, key, value);
			continue;
		}
		fprintf(out, "%s: ", key);
		if (json_object_is_type(value, json_type_object))
			print_object(out, value);
		else
			print_value(out, value);
		fputs("\n", out);
	}
}
