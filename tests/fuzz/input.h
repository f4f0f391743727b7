// SPDX-License-Identifier: BSD-3-Clause
/*
 * input.h - a fuzzer's input as a stream of numbers; behind its end come zeros.
 */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct input {
	const uint8_t	*p;
	size_t		left;
};

static inline void input_bytes(struct input *in, void *out, size_t n)
{
	size_t part = n < in->left ? n : in->left;

	memset(out, 0, n);
	memcpy(out, in->p, part);
	in->p += part;
	in->left -= part;
}

static inline uint8_t input8(struct input *in)
{
	uint8_t b;

	input_bytes(in, &b, 1);
	return b;
}

static inline uint16_t input16(struct input *in)
{
	uint8_t b[2];

	input_bytes(in, b, 2);
	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t input32(struct input *in)
{
	uint32_t low = input16(in);

	return low | (uint32_t)input16(in) << 16;
}

#endif
