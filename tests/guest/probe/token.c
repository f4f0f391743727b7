// SPDX-License-Identifier: BSD-3-Clause
/*
 * token.c - probe-token PF VF UUID: a virtual function whose parent a user drives opens only
 * for who knows that user's token. PF is bound to vfio-pci and may have virtual functions
 * (vfio_pci.enable_sriov); VF is where its first one will be.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <leat/driver/dev.h>
#include <leat/driver/pci.h>

#include "check.h"

#define WRONG "00000000-1111-2222-3333-444444444444"

static struct ear ear;

static int open_vf(struct leat_ctx *ctx, const char *vf, const char *token, struct leat_dev **out)
{
	char addr[128];

	snprintf(addr, sizeof(addr), "group:%s%s%s", vf, token ? ",token=" : "", token ? token : "");
	ear_clear(&ear);
	return leat_dev_open(ctx, addr, out);
}

int main(int argc, char **argv)
{
	struct leat_dev *pf, *vf;
	struct leat_ctx *ctx;
	char text[128];

	if (argc != 4) {
		fprintf(stderr, "usage: probe-token BDF BDF UUID\n");
		return 2;
	}
	ctx = open_ctx(&ear, 0, false);
	snprintf(text, sizeof(text), "group:%s,token=%s", argv[1], argv[3]);
	need(leat_dev_open(ctx, text, &pf), ear.error, "the physical function opens");
	snprintf(text, sizeof(text), "/sys/bus/pci/devices/%s/sriov_numvfs", argv[1]);
	need(write_text(text, "1"), "see dmesg", "a virtual function is made");

	check_err(open_vf(ctx, argv[2], NULL, &vf), -EACCES, "without the token it does not open");
	check_says(ear.error, "token", "and that is said: %s", ear.error);
	check_err(open_vf(ctx, argv[2], WRONG, &vf), -EACCES, "nor with another's");
	if (check_err(open_vf(ctx, argv[2], argv[3], &vf), 0, "with the token it opens: %s", ear.error)) {
		check_num(leat_pci_read16(vf, LEAT_PCI_DEVICE), 0x10ca, "it is an 82576 VF");
		leat_dev_close(vf);
	}
	check_err(write_text(text, "0"), 0, "the virtual function goes");
	leat_dev_close(pf);
	leat_ctx_close(ctx);
	return check_end();
}
