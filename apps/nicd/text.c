// SPDX-License-Identifier: BSD-3-Clause
/*
 * text.c - numbers and lists in arguments.
 */
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

int text_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	unsigned long long v;
	char *end;

	if (!isdigit((unsigned char)*text))	/* no sign, no blank */
		return -EINVAL;
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno || *end || v < min || v > max)
		return -EINVAL;
	*out = v;
	return 0;
}

char *text_item(char **rest, char sep)
{
	char *item = *rest, *to = item, *from = item;

	if (!item)
		return NULL;
	while (*from && (*from != sep || from[1] == sep)) {
		if (*from == sep)
			from++;
		*to++ = *from++;
	}
	*rest = *from ? from + 1 : NULL;
	*to = '\0';
	return item;
}
