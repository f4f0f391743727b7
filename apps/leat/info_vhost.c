// SPDX-License-Identifier: BSD-3-Clause
/*
 * info_vhost.c - what a vhost-user back end offers.
 */
#include "info.h"

#include <leat/driver/vhost_user.h>

#include <inttypes.h>
#include <stdio.h>

static const struct {
	uint64_t	bit;
	const char	*name;
} protocol[] = {
	{ LEAT_VHOST_P_MQ, "mq" }, { LEAT_VHOST_P_REPLY_ACK, "reply-ack" },
	{ LEAT_VHOST_P_NET_MTU, "net-mtu" }, { LEAT_VHOST_P_BACKEND_REQ, "backend-req" },
	{ LEAT_VHOST_P_CONFIG, "config" }, { LEAT_VHOST_P_INFLIGHT_SHMFD, "inflight-shmfd" },
	{ LEAT_VHOST_P_RESET_DEVICE, "reset-device" },
	{ LEAT_VHOST_P_CONFIGURE_MEM_SLOTS, "configure-mem-slots" },
	{ LEAT_VHOST_P_STATUS, "status" },
};

void info_vhost(struct json_object *facts, struct leat_dev *dev)
{
	struct json_object *vhost = json_object_new_object(), *names = json_object_new_array();
	const struct leat_vhost_offer *offer;
	char features[24];

	if (!leat_vhost_is(dev) || !vhost || !names) {
		json_object_put(names);
		json_object_put(vhost);
		return;
	}
	offer = leat_vhost_offer(dev);
	snprintf(features, sizeof(features), "0x%" PRIx64, offer->features);
	for (size_t i = 0; i < sizeof(protocol) / sizeof(protocol[0]); i++)
		if (offer->protocol & protocol[i].bit)
			json_object_array_add(names, json_object_new_string(protocol[i].name));
	json_object_object_add(vhost, "features", json_object_new_string(features));
	json_object_object_add(vhost, "protocol", names);
	json_object_object_add(vhost, "queues", json_object_new_int((int)offer->queues));
	json_object_object_add(facts, "vhost", vhost);
}
