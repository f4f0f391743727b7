// SPDX-License-Identifier: BSD-3-Clause
/*
 * models.c - the table of models.
 */
#include <leat/models.h>

#include <stddef.h>

const struct leat_model *const leat_models[] = {
	&leat_model_e1000e,
	&leat_model_igb,
	&leat_model_igbvf,
	&leat_model_virtio_net,
	NULL,
};
