// SPDX-License-Identifier: BSD-3-Clause
/*
 * plan.c - the command line, and which thread polls what.
 */
#include "apps/perf/perf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct perf p;

/* Parse a command line of up to eight words, and open what it names. */
static void plan(const char *words)
{
	struct leat_ctx_config cfg = { .page_size = 4096, .drivers = leat_drivers };
	char *argv[16] = { (char *)(uintptr_t)"leat-perf" }, *rest;
	static char text[256];
	int argc = 1;

	memset(&p, 0, sizeof(p));
	memcpy(text, words, strlen(words) + 1);
	for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest))
		argv[argc++] = w;
	options_parse(&p.opt, argc, argv);
	assert_int_equal(leat_ctx_open(&cfg, &p.ctx), 0);
	assert_int_equal(plan_open(&p, NULL), 0);
}

static void stream_is(unsigned int k, unsigned int rx, unsigned int tx, unsigned int queue)
{
	const struct stream *s = &p.streams[k];

	assert_true(s->rx_port == rx && s->tx_port == tx && s->queue == queue);
	assert_ptr_equal(s->rx, leat_port_rxq(p.port[rx], queue));
	assert_ptr_equal(s->tx, leat_port_txq(p.port[tx], queue));
}

static void defaults(void **state)
{
	(void)state;
	plan("null: null:");
	assert_string_equal(p.opt.mode->name, "io");
	assert_true(p.opt.burst == 32 && p.opt.period == 1 && !p.opt.seconds && !p.opt.retry);
	assert_true(p.nstreams == 2 && p.nlanes == 1 && p.lane[0].nstreams == 2);
	stream_is(0, 0, 1, 0);
	stream_is(1, 1, 0, 0);
	assert_null(p.streams[0].gen);
	plan_close(&p);
}

static void every_option(void **state)
{
	(void)state;
	plan("null: --forward-mode=mac --burst=7 --rxq=2 --txq=3 --rxd=128 --txd=64 --mtu=9000 --retry "
	     "--eth-peer=0,02:00:00:00:0a:07 --stats-period=5 --total-num-mbufs=3000 --json=x");
	assert_true(p.streams[0].burst == 7 && p.streams[0].retry && p.opt.period == 5);
	assert_int_equal(p.nstreams, 2);
	assert_int_equal(p.streams[1].rx->ndesc, 128);
	assert_int_equal(leat_port_txq(p.port[0], 2)->ndesc, 64);
	assert_int_equal(leat_port_mtu(p.port[0]), 9000);
	assert_int_equal(p.streams[0].peer[4], 0x0a);
	assert_int_equal(leat_pool_count(p.pool), 3000);
	assert_string_equal(p.opt.json, "x");
	plan_close(&p);
	plan("null: --txpkts=2500,64 --forward-mode=txonly --txonly-multi-flow --flowgen-flows=9 --csum=hw");
	assert_true(p.opt.nsegs == 2 && p.opt.seg[0] == 2500 && p.opt.seg[1] == 64);
	assert_true(p.opt.multi_flow && p.opt.flows == 9 && p.opt.csum_hw && !p.streams[0].csum_hw);
	assert_int_equal(leat_pool_buf_size(p.pool), 2500);
	assert_int_equal(leat_port_mtu(p.port[0]), 2564 - 14);
	assert_non_null(p.streams[0].gen);
	plan_close(&p);
}

static void topologies(void **state)
{
	(void)state;
	plan("null: null: null:");
	stream_is(0, 0, 1, 0);
	stream_is(1, 1, 0, 0);
	stream_is(2, 2, 2, 0);		/* the odd one: itself */
	plan_close(&p);
	plan("null: null: null: --port-topology=chained");
	stream_is(0, 0, 1, 0);
	stream_is(1, 1, 2, 0);
	stream_is(2, 2, 0, 0);
	plan_close(&p);
	plan("null: null: --port-topology=loop");
	stream_is(1, 1, 1, 0);
	plan_close(&p);
	plan("null: null: --forward-mode=icmpecho");
	stream_is(0, 0, 0, 0);
	plan_close(&p);
}

/* As many threads as queues: each has one of every port, and a cache that nobody shares. */
static void deals_out_queues(void **state)
{
	(void)state;
	plan("null: null: --rxq=2 --txq=2 --nb-cores=2");
	assert_int_equal(p.nlanes, 2);
	for (unsigned int lane = 0; lane < 2; lane++) {
		assert_int_equal(p.lane[lane].nstreams, 2);
		for (unsigned int k = 0; k < 2; k++) {
			const struct stream *s = &p.lane[lane].stream[k];

			assert_int_equal(s->queue, lane);
			assert_ptr_equal(s->rx->cache, p.lane[lane].cache);
			assert_ptr_equal(s->tx->cache, p.lane[lane].cache);
		}
	}
	stream_is(3, 1, 0, 1);
	plan_close(&p);
}

static void deals_out_unevenly(void **state)
{
	(void)state;
	plan("null: null: null: null: null: --nb-cores=3");
	assert_true(p.lane[0].nstreams == 2 && p.lane[1].nstreams == 2 && p.lane[2].nstreams == 1);
	assert_ptr_equal(p.lane[1].stream, &p.streams[2]);
	assert_ptr_equal(p.lane[2].stream, &p.streams[4]);
	assert_ptr_equal(p.streams[3].rx->cache, p.lane[1].cache);
	assert_ptr_equal(p.streams[3].tx->cache, p.lane[1].cache);
	plan_close(&p);
	plan("null: --nb-cores=3");	/* more threads than streams */
	assert_int_equal(p.nlanes, 1);
	plan_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_option),
		cmocka_unit_test(topologies),
		cmocka_unit_test(deals_out_queues),
		cmocka_unit_test(deals_out_unevenly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
