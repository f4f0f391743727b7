// SPDX-License-Identifier: BSD-3-Clause
/*
 * caps.c - the JSON that both ends send with VERSION.
 */
#include "caps.h"

#include "proto.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>

#define MAX_FDS_LIMIT 1024		/* what libvfio-user takes; the kernel's is lower */

void leat_vfu_caps_default(struct vfu_caps *caps)
{
	*caps = (struct vfu_caps){
		.max_fds = VFU_DEFAULT_FDS, .max_xfer = VFU_MAX_XFER,
		.max_dma_maps = VFU_MAX_DMA_MAPS, .pgsizes = VFU_PGSIZES, .twin_index = -1,
	};
}

/* @key of @obj into @out, untouched if missing. */
static int get_number(struct json_object *obj, const char *key, uint64_t min, uint64_t max,
		      uint64_t *out)
{
	struct json_object *val;

	if (!json_object_object_get_ex(obj, key, &val))
		return 0;
	if (!json_object_is_type(val, json_type_int) || json_object_get_int64(val) < 0 ||
	    json_object_get_uint64(val) < min || json_object_get_uint64(val) > max)
		return -EINVAL;
	*out = json_object_get_uint64(val);
	return 0;
}

static int get_bool(struct json_object *obj, const char *key, bool *out)
{
	struct json_object *val;

	if (!json_object_object_get_ex(obj, key, &val))
		return 0;
	if (!json_object_is_type(val, json_type_boolean))
		return -EINVAL;
	*out = json_object_get_boolean(val);
	return 0;
}

/* The object @key of @obj; NULL in @out if missing. */
static int get_object(struct json_object *obj, const char *key, struct json_object **out)
{
	*out = NULL;
	if (json_object_object_get_ex(obj, key, out) &&
	    !json_object_is_type(*out, json_type_object))
		return -EINVAL;
	return 0;
}

static int get_twin(struct json_object *caps, struct vfu_caps *out)
{
	struct json_object *twin;
	uint64_t index = UINT64_MAX;
	int err = get_object(caps, "twin_socket", &twin);

	if (err || !twin)
		return err;
	err = get_bool(twin, "supported", &out->twin_socket);
	if (!err)
		err = get_number(twin, "fd_index", 0, INT32_MAX, &index);
	if (!err && index <= INT32_MAX)
		out->twin_index = (int32_t)index;
	return err;
}

/* Left over from protocol 0.9.1 and still sent; of no use to us, but it must be well formed. */
static int check_migration(struct json_object *caps)
{
	struct json_object *mig;
	uint64_t ignored;
	int err = get_object(caps, "migration", &mig);

	if (err || !mig)
		return err;
	err = get_number(mig, "pgsize", 0, UINT64_MAX, &ignored);
	if (!err)
		err = get_number(mig, "max_bitmap_size", 0, UINT64_MAX, &ignored);
	return err;
}

static int get_caps(struct json_object *caps, struct vfu_caps *out)
{
	uint64_t max_fds = out->max_fds;
	int err = get_number(caps, "max_msg_fds", 0, MAX_FDS_LIMIT, &max_fds);

	out->max_fds = (uint32_t)max_fds;
	if (!err)
		err = get_number(caps, "max_data_xfer_size", 1, UINT64_MAX, &out->max_xfer);
	if (!err)
		err = get_number(caps, "max_dma_maps", 0, UINT64_MAX, &out->max_dma_maps);
	if (!err)
		err = get_number(caps, "pgsizes", 0, UINT64_MAX, &out->pgsizes);
	if (!err)
		err = get_bool(caps, "write_multiple", &out->write_multiple);
	if (!err)
		err = get_twin(caps, out);
	if (!err)
		err = check_migration(caps);
	return err;
}

static struct json_object *parse(const char *json, size_t len)
{
	struct json_tokener *tok = json_tokener_new();
	struct json_object *root = NULL;

	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	/* With its NUL, so that json-c knows that nothing more will come. */
	if (len <= INT_MAX)
		root = json_tokener_parse_ex(tok, json, (int)len);
	json_tokener_free(tok);
	return root;
}

int leat_vfu_caps_parse(const char *json, size_t len, struct vfu_caps *out)
{
	struct json_object *root, *caps;
	int err = -EINVAL;

	leat_vfu_caps_default(out);
	if (!len)
		return 0;
	if (memchr(json, '\0', len) != json + len - 1)
		return -EINVAL;
	root = parse(json, len);
	if (json_object_is_type(root, json_type_object))
		err = get_object(root, "capabilities", &caps);
	if (!err && caps)
		err = get_caps(caps, out);
	json_object_put(root);
	return err;
}

/* Add @val, which it takes over even on failure; NULL is a failure. */
static int add(struct json_object *obj, const char *key, struct json_object *val)
{
	if (val && !json_object_object_add(obj, key, val))
		return 0;
	json_object_put(val);
	return -ENOMEM;
}

static int add_twin(struct json_object *caps, int32_t index)
{
	struct json_object *twin = json_object_new_object();

	if (add(caps, "twin_socket", twin) || add(twin, "supported", json_object_new_boolean(1)))
		return -ENOMEM;
	return index < 0 ? 0 : add(twin, "fd_index", json_object_new_int(index));
}

static int fill(struct json_object *root, const struct vfu_caps *c)
{
	struct json_object *caps = json_object_new_object();

	if (add(root, "capabilities", caps) ||
	    add(caps, "max_msg_fds", json_object_new_int64(c->max_fds)) ||
	    add(caps, "max_data_xfer_size", json_object_new_uint64(c->max_xfer)) ||
	    add(caps, "max_dma_maps", json_object_new_uint64(c->max_dma_maps)) ||
	    add(caps, "pgsizes", json_object_new_uint64(c->pgsizes)))
		return -ENOMEM;
	if (c->write_multiple && add(caps, "write_multiple", json_object_new_boolean(1)))
		return -ENOMEM;
	return c->twin_socket ? add_twin(caps, c->twin_index) : 0;
}

int leat_vfu_caps_build(const struct vfu_caps *caps, char json[VFU_CAPS_LEN])
{
	struct json_object *root = json_object_new_object();
	const char *text = NULL;
	int len = -ENOMEM;

	if (root && !fill(root, caps))
		text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN);
	if (text && strlen(text) < VFU_CAPS_LEN) {
		strcpy(json, text);
		len = (int)strlen(text) + 1;
	}
	json_object_put(root);
	return len;
}
