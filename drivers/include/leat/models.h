// SPDX-License-Identifier: BSD-3-Clause
/*
 * models.h - the emulated NICs there are (library leat-models): for
 * leat_ctx_config.models and for leat_server_config.model.
 */
#ifndef LEAT_MODELS_H
#define LEAT_MODELS_H

#include <leat/compiler.h>

LEAT_BEGIN_DECLS

struct leat_model;

LEAT_API extern const struct leat_model leat_model_e1000e;
LEAT_API extern const struct leat_model leat_model_igb;
LEAT_API extern const struct leat_model leat_model_igbvf;
LEAT_API extern const struct leat_model leat_model_virtio_net;

/* All of the above, ending with NULL. */
LEAT_API extern const struct leat_model *const leat_models[];

LEAT_END_DECLS

#endif
