// SPDX-License-Identifier: BSD-3-Clause
/*
 * diag.h - looking into a NIC: registers, its memory, a test of itself. Control
 * thread. A port whose driver has nothing to tell answers 0 or -ENOTSUP.
 */
#ifndef LEAT_DIAG_H
#define LEAT_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <leat/compiler.h>
#include <leat/port.h>

LEAT_BEGIN_DECLS

struct leat_reg {
	char		name[16];	/* the datasheet's */
	uint32_t	off, value;
};

/*
 * leat_port_regs - the registers that can be read without side effects. Fills up
 * to @n, returns how many there are.
 */
LEAT_API unsigned int leat_port_regs(struct leat_port *port, struct leat_reg *out, unsigned int n);

/* @len bytes of the NIC's non-volatile memory from @off on. -EINVAL beyond its end. */
LEAT_API int leat_port_nvm(struct leat_port *port, uint32_t off, void *buf, size_t len);

/*
 * leat_port_firmware - the version of what the NIC runs, or keeps in its memory, as its vendor
 * writes it ("2.10-4"), into @buf of @size bytes. 0, -ENODEV or what reading met; -ENOTSUP, not
 * logged, of most.
 */
LEAT_API int leat_port_firmware(struct leat_port *port, char *buf, size_t size);

/*
 * leat_port_identify - have the NIC's light blink, or be what it was, for who looks for it
 * among others. A start of the port ends it. 0, -ENOTSUP or -ENODEV.
 */
LEAT_API int leat_port_identify(struct leat_port *port, bool on);

enum leat_verdict { LEAT_TEST_PASSED, LEAT_TEST_FAILED, LEAT_TEST_SKIPPED };

struct leat_self_test {
	char		name[24];	/* "registers", "interrupt", "loopback" */
	enum leat_verdict verdict;
	char		why[104];	/* unless passed */
};

/*
 * leat_port_self_test - have a stopped port test itself; it is reset by that. Fills
 * up to @n results, returns how many tests there are, or -EBUSY the port runs,
 * -ENOTSUP, -ENODEV.
 */
LEAT_API int leat_port_self_test(struct leat_port *port, struct leat_self_test *out,
				 unsigned int n);

LEAT_END_DECLS

#endif
