// SPDX-License-Identifier: BSD-3-Clause
/*
 * chip.c - a controller made of memory.
 */
#include "chip.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint32_t counters[] = {
#define X(name, offset, bits, xstat) (offset), (bits) == 64 ? (offset) + 4 : (offset),
	INTEL_COUNTERS(X)
#undef X
};

static bool is_counter(uint64_t off)
{
	for (size_t i = 0; i < LEAT_ARRAY_LEN(counters); i++)
		if (counters[i] == off)
			return true;
	return false;
}

static int chip_read(struct leat_dev *dev, unsigned int region, uint64_t off, void *buf, size_t len)
{
	struct chip *c = LEAT_CONTAINER_OF(dev, struct chip, dev);

	assert_int_equal(region, LEAT_REGION_BAR0);
	assert_int_equal(len, 4);
	memcpy(buf, &c->reg[off / 4], len);
	if (is_counter(off))
		c->reg[off / 4] = 0;
	return 0;
}

static uint32_t eerd(const struct chip *c, uint32_t v)
{
	uint32_t word = LEAT_GET(INTEL_EERD_ADDR, v);

	assert_in_range(word, 0, LEAT_ARRAY_LEN(c->nvm) - 1);
	return c->silent ? v : (v & ~INTEL_EERD_START) | INTEL_EERD_DONE |
			       LEAT_PUT(INTEL_EERD_DATA, (uint32_t)c->nvm[word]);
}

static uint32_t mdic(struct chip *c, uint32_t v)
{
	uint32_t reg = LEAT_GET(INTEL_MDIC_REG, v);

	assert_int_equal(LEAT_GET(INTEL_MDIC_PHY, v), 1);
	if (c->silent)
		return v;
	if (c->phy_error)
		return v | INTEL_MDIC_READY | INTEL_MDIC_ERROR;
	if (LEAT_GET(INTEL_MDIC_OP, v) == INTEL_MDIC_OP_WRITE)
		c->phy[reg] = (uint16_t)LEAT_GET(INTEL_MDIC_DATA, v);
	return (v & ~INTEL_MDIC_DATA) | INTEL_MDIC_READY | c->phy[reg];
}

static int chip_write(struct leat_dev *dev, unsigned int region, uint64_t off, const void *buf,
		      size_t len)
{
	struct chip *c = LEAT_CONTAINER_OF(dev, struct chip, dev);
	uint32_t v;

	assert_int_equal(region, LEAT_REGION_BAR0);
	assert_int_equal(len, 4);
	memcpy(&v, buf, sizeof(v));
	assert_in_range(c->notes, 0, CHIP_NOTES - 1);
	c->note[c->notes++] = (struct chip_note){ (uint32_t)off, v };
	if (off == INTEL_EERD)
		v = eerd(c, v);
	else if (off == INTEL_MDIC)
		v = mdic(c, v);
	c->reg[off / 4] = v;
	return 0;
}

static int chip_map(struct leat_dev *dev, struct leat_mmio *win)
{
	(void)dev;
	(void)win;
	return -ENOTSUP;
}

static const struct leat_dev_ops ops = {
	.scheme = "chip", .region_read = chip_read, .region_write = chip_write,
	.region_map = chip_map,
};

uint32_t chip_written(const struct chip *c, uint32_t off)
{
	for (unsigned int i = c->notes; i--;)
		if (c->note[i].off == off)
			return c->note[i].value;
	fail_msg("nothing was written to 0x%05x", off);
	return 0;
}

int chip_setup(void **state)
{
	static char name[] = "chip:0";
	struct chip *c = calloc(1, sizeof(*c));
	uint16_t sum = 0;

	*state = c;
	if (!c || leat_ctx_open(NULL, &c->ctx))
		return -1;
	c->dev = (struct leat_dev){ .ops = &ops, .ctx = c->ctx, .addr = name };
	c->dev.region[LEAT_REGION_BAR0].size = CHIP_BAR;
	c->port.ctx = c->ctx;
	c->port.dev = &c->dev;
	c->port.name = name;
	c->hw.port = &c->port;
	c->hw.rars = 16;
	c->hw.nvm_len = 2 * LEAT_ARRAY_LEN(c->nvm);
	for (unsigned int i = 0; i < INTEL_NVM_CHECKSUM; i++) {
		c->nvm[i] = (uint16_t)(0x1234 * i + 7);
		sum = (uint16_t)(sum + c->nvm[i]);
	}
	c->nvm[INTEL_NVM_CHECKSUM] = (uint16_t)(INTEL_NVM_SUM - sum);
	return leat_mmio_map(&c->dev, LEAT_REGION_BAR0, 0, CHIP_BAR, &c->hw.regs);
}

int chip_teardown(void **state)
{
	struct chip *c = *state;

	leat_ctx_close(c->ctx);
	free(c);
	return 0;
}
