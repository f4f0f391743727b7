// SPDX-License-Identifier: BSD-3-Clause
/*
 * server_sock.c - where the server listens.
 */
#include "server.h"

int leat_srv_listen(struct leat_server *srv, const char *path)
{
	char why[LEAT_UNIX_WHY];
	int err = leat_unix_listen(&srv->at, path, why);

	return err ? leat_srv_fail(srv, err, "%s", why) : 0;
}

void leat_srv_unlisten(struct leat_server *srv)
{
	leat_unix_unlisten(&srv->at);
}
