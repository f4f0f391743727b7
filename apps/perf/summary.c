// SPDX-License-Identifier: BSD-3-Clause
/*
 * summary.c - what a run came to, as numbers and as JSON.
 */
#include "summary.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

/* All counters of a port are 64 bits wide: an array of them. */
static void add(struct leat_stats *sum, const struct leat_stats *s)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)s;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

static double ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

static void add_lanes(const struct report *r, struct summary *out)
{
	uint64_t first = UINT64_MAX;

	for (unsigned int i = 0; i < r->perf->nlanes; i++) {
		const struct lane *lane = &r->perf->lane[i];

		out->busy += lane->busy;
		out->polls += lane->polls;
		if (lane->first_ns)
			first = LEAT_MIN(first, lane->first_ns);
	}
	if (first != UINT64_MAX)
		out->first_ms = (double)(first - r->start_ns) / 1e6;
}

void summary_make(const struct report *r, struct summary *out)
{
	const struct perf *p = r->perf;
	double hz = (double)leat_cycles_hz();

	*out = (struct summary){ .mode = p->opt.mode->name, .mhz = hz / 1e6,
				 .seconds = (double)(r->end_ns - r->run_ns) / 1e9 };
	for (unsigned int i = 0; i < p->opt.nports; i++) {
		leat_port_stats(p->port[i], &out->port[i]);
		add(&out->all, &out->port[i]);
	}
	add_lanes(r, out);
	out->packets = p->opt.mode->makes ? out->all.tx_packets : out->all.rx_packets;
	out->cycles_per_packet = ratio((double)out->busy, (double)out->packets);
	out->per_poll = ratio((double)out->packets, (double)out->polls);
	out->mpps = ratio((double)out->packets, out->seconds) / 1e6;
	out->share = ratio((double)out->busy, out->seconds * hz * p->nlanes);
}

/* ---- JSON ---- */

static void put_int(struct json_object *to, const char *key, uint64_t v)
{
	json_object_object_add(to, key, json_object_new_uint64(v));
}

static void put_real(struct json_object *to, const char *key, double v)
{
	json_object_object_add(to, key, json_object_new_double(v));
}

static void put_text(struct json_object *to, const char *key, const char *v)
{
	json_object_object_add(to, key, json_object_new_string(v));
}

static void put_stats(struct json_object *to, const struct leat_stats *s)
{
	put_int(to, "rx_packets", s->rx_packets);
	put_int(to, "rx_bytes", s->rx_bytes);
	put_int(to, "rx_missed", s->rx_missed);
	put_int(to, "rx_errors", s->rx_errors);
	put_int(to, "rx_nobuf", s->rx_nobuf);
	put_int(to, "tx_packets", s->tx_packets);
	put_int(to, "tx_bytes", s->tx_bytes);
	put_int(to, "tx_errors", s->tx_errors);
	put_int(to, "tx_drop_full", s->tx_drop_full);
	put_int(to, "tx_drop_gone", s->tx_drop_gone);
}

static struct json_object *port_json(struct leat_port *port, const struct leat_stats *s)
{
	struct json_object *one = json_object_new_object();

	put_text(one, "address", leat_port_name(port));
	put_text(one, "driver", leat_port_driver(port));
	put_text(one, "info", leat_port_info(port));
	put_stats(one, s);
	return one;
}

static struct json_object *to_json(const struct report *r, const struct summary *sum)
{
	const struct perf *p = r->perf;
	struct json_object *all = json_object_new_object(), *ports = json_object_new_array();

	put_text(all, "mode", sum->mode);
	put_int(all, "cores", p->nlanes);
	put_int(all, "burst", p->opt.burst);
	put_int(all, "queues", p->nstreams / p->opt.nports);
	put_real(all, "seconds", sum->seconds);
	put_int(all, "packets", sum->packets);
	put_real(all, "mpps", sum->mpps);
	put_real(all, "cycles_per_packet", sum->cycles_per_packet);
	put_real(all, "packets_per_poll", sum->per_poll);
	put_real(all, "busy_share", sum->share);
	put_real(all, "clock_mhz", sum->mhz);
	put_int(all, "started_monotonic_ns", r->start_ns);
	put_real(all, "first_packet_ms", sum->first_ms);
	put_stats(all, &sum->all);
	for (unsigned int i = 0; i < p->opt.nports; i++)
		json_object_array_add(ports, port_json(p->port[i], &sum->port[i]));
	json_object_object_add(all, "ports", ports);
	return all;
}

int summary_json(const struct report *r, const struct summary *sum, const char *file)
{
	struct json_object *all = to_json(r, sum);
	int err = 0;

	errno = 0;
	if (json_object_to_file_ext(file, all, JSON_C_TO_STRING_PRETTY |
					       JSON_C_TO_STRING_NOSLASHESCAPE)) {
		err = errno ? -errno : -EIO;
		fprintf(stderr, "leat-perf: --json %s: cannot write it: %s\n", file, strerror(-err));
	}
	json_object_put(all);
	return err;
}
