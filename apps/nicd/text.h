// SPDX-License-Identifier: BSD-3-Clause
/*
 * text.h - numbers and lists in arguments, read strictly.
 */
#ifndef NICD_TEXT_H
#define NICD_TEXT_H

#include <stdint.h>

/* A whole decimal number in [@min, @max]. 0, or -EINVAL: nothing is said. */
int text_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/*
 * text_item - cut the next item off *@rest, at @sep. A doubled separator stands
 * for itself in the item. Returns the item, or NULL when there are no more.
 */
char *text_item(char **rest, char sep);

#endif
