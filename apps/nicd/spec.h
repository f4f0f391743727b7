// SPDX-License-Identifier: BSD-3-Clause
/*
 * spec.h - MODEL:SOCKET[,wire=WIRE][,key=value...] taken apart.
 */
#ifndef NICD_SPEC_H
#define NICD_SPEC_H

#include "wires.h"

#include <leat/model.h>

#define NIC_OPTS_MAX 32

struct nic_spec {
	const struct leat_model *model;
	char		*socket;
	struct wire_spec wire;
	struct leat_model_opt opts[NIC_OPTS_MAX + 1];	/* the model's; ends with key NULL */
	char		*text;		/* the copy that all of it points into */
};

/* 0, or -EINVAL or -ENOMEM, said; then nothing is held. */
int nic_spec_parse(const char *text, struct nic_spec *spec);
void nic_spec_fini(struct nic_spec *spec);

#endif
