/* The same program is built as C and as C++ (use.cpp includes it). */
#include <stdio.h>
#include <string.h>

#include <leat/leat.h>
#include <leat/models.h>

static int forward_once(struct leat_port *port)
{
	struct leat_txq *tx = leat_port_txq(port, 0);
	struct leat_rxq *rx = leat_port_rxq(port, 0);
	struct leat_pkt *pkt;
	int rounds = 0;

	if (!leat_pkt_alloc(tx->cache, &pkt, 1))
		return 1;
	memset(leat_pkt_append(pkt, 60), 0x5a, 60);
	if (leat_tx(tx, &pkt, 1) != 1)
		return 2;
	while (!leat_rx(rx, &pkt, 1))
		if (++rounds == 1000)
			return 3;
	rounds = pkt->len != 60 || ((unsigned char *)leat_pkt_data(pkt))[59] != 0x5a;
	leat_pkt_free(&pkt, 1);
	return rounds ? 4 : 0;
}

int main(void)
{
	struct leat_port_config every;
	struct leat_ctx_config cfg;
	struct leat_port *port;
	struct leat_ctx *ctx;
	int err;

	memset(&every, 0, sizeof(every));
	memset(&cfg, 0, sizeof(cfg));
	every.promisc = true;	/* the frame is nobody's */
	cfg.drivers = leat_drivers;
	cfg.models = leat_models;
	err = leat_ctx_open(&cfg, &ctx);
	if (err) {
		fprintf(stderr, "%s\n", cfg.error);
		return 1;
	}
	err = leat_port_open(ctx, "sim:virtio-net,wire=loop", &every, &port);
	if (err)
		fprintf(stderr, "%s\n", leat_ctx_error(ctx));
	else
		err = forward_once(port);
	leat_ctx_close(ctx);
	printf("leat %s: %s\n", leat_version(), err ? "broken" : "works");
	return err != 0;
}
