// SPDX-License-Identifier: BSD-3-Clause
/*
 * cli.c - options that are a number or a word: what is taken, and the sentence where it is not.
 */
#include "apps/common/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct input {
	unsigned int	before, number, after;
	unsigned int	word;
	const char	*const *words;
	FILE		*err;
};

static const struct cli_number numbers[] = {
	CLI_NUMBER(struct input, 'a', "--after", after, 0, 9),
	CLI_NUMBER(struct input, 'n', "--number", number, 2, 512),
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct input *in = state->input;

	if (key == ARGP_KEY_INIT)
		state->err_stream = in->err;
	else if (key == 'w')
		in->word = cli_word(state, "--word", arg, in->words);
	else if (!cli_number(state, numbers, key, arg))
		return ARGP_ERR_UNKNOWN;
	return 0;
}

/* The first line of what the option @arg makes the program say, to be freed; "" if it is taken. */
static char *said(struct input *in, char *arg)
{
	static const struct argp_option table[] = {
		{ "number", 'n', "N", 0, NULL, 0 },
		{ "after", 'a', "N", 0, NULL, 0 },
		{ "word", 'w', "WORD", 0, NULL, 0 },
		{ 0 },
	};
	const struct argp argp = { table, parse, NULL, NULL, NULL, NULL, NULL };
	char prog[] = "prog", *argv[] = { prog, arg, NULL }, *words = NULL;
	size_t len;

	in->err = open_memstream(&words, &len);
	assert_non_null(in->err);
	argp_parse(&argp, 2, argv, ARGP_NO_EXIT, NULL, in);
	fclose(in->err);
	words[strcspn(words, "\n")] = '\0';
	return words;
}

static void expect(struct input *in, const char *option, const char *sentence)
{
	char *arg = strdup(option), *got;

	assert_non_null(arg);
	got = said(in, arg);
	assert_string_equal(got, sentence);
	free(got);
	free(arg);
}

static void takes_numbers_within_bounds(void **state)
{
	struct input in = { .before = 7, .after = 7 };

	(void)state;
	expect(&in, "--number=2", "");
	assert_int_equal(in.number, 2);
	expect(&in, "--number=512", "");
	assert_int_equal(in.number, 512);
	assert_true(in.before == 7 && in.after == 7);
	expect(&in, "--after=0", "");
	assert_true(in.before == 7 && in.number == 512 && in.after == 0);
}

static void refuses_other_numbers(void **state)
{
	static const char *const wrong[] = {
		"1", "513", "-3", "12x", "x", "", "4294967298", "99999999999999999999999"
	};
	struct input in = { 0 };

	(void)state;
	for (size_t i = 0; i < LEAT_ARRAY_LEN(wrong); i++) {
		char option[64], sentence[128];

		snprintf(option, sizeof(option), "--number=%s", wrong[i]);
		snprintf(sentence, sizeof(sentence),
			 "prog: --number '%s': give a number from 2 to 512", wrong[i]);
		expect(&in, option, sentence);
	}
}

static void takes_words(void **state)
{
	static const char *const words[] = { "poll", "adaptive", "intr", NULL };
	struct input in = { .words = words };

	(void)state;
	for (unsigned int i = 0; words[i]; i++) {
		char option[64];

		snprintf(option, sizeof(option), "--word=%s", words[i]);
		expect(&in, option, "");
		assert_int_equal(in.word, i);
	}
}

static void lists_words(void **state)
{
	static const char *const one[] = { "sw", NULL }, *const two[] = { "sw", "hw", NULL },
				 *const three[] = { "poll", "adaptive", "intr", NULL };
	struct input in = { .words = one };

	(void)state;
	expect(&in, "--word=SW", "prog: --word 'SW': give sw");
	in.words = two;
	expect(&in, "--word=", "prog: --word '': give sw or hw");
	in.words = three;
	expect(&in, "--word=pol", "prog: --word 'pol': give poll, adaptive or intr");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_numbers_within_bounds),
		cmocka_unit_test(refuses_other_numbers),
		cmocka_unit_test(takes_words),
		cmocka_unit_test(lists_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
