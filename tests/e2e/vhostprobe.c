// SPDX-License-Identifier: BSD-3-Clause
/*
 * vhostprobe - send frames to a device that sends them back, and look at every byte.
 *
 *	vhostprobe ADDRESS [queues=N] [count=N] [size=MAX] [mtu=N] [macswap] [sleep] [outages=N]
 *
 * On each queue pair frames of 60 to MAX bytes go out in turn, as packets of one segment or
 * more; what comes back on the pair's other queue must be those, complete, in order, with the
 * two addresses swapped if so asked. "sleep" waits for packets by interrupts. With "outages" the
 * other side goes away and comes back so many times, and COUNT frames come after the last one:
 * frames may then be missing or come twice, but not be damaged. Prints "started in N us", "running", what the
 * port says, and "ok: ..." at the end, or why not.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <leat/clock.h>
#include <leat/leat.h>

#define QUEUES_MAX 8
#define WINDOW	   64		/* frames under way on each pair */
#define BURST	   16
#define SEQ_MAX	   (1u << 24)	/* frames on each pair, at most */
#define SEQ_OFF	   16		/* behind the addresses and the type: pair and sequence number */
#define PATIENCE_NS UINT64_C(60000000000)

struct flow {
	struct leat_rxq	*rxq;
	struct leat_txq	*txq;
	uint32_t	sent, next;	/* the next to send, the next to come back */
	uint32_t	lost, again;
	uint32_t	until;		/* when it is done, with outages once they were */
	uint8_t		*seen;		/* a bit for each frame that came back */
};

struct probe {
	const char	*addr;
	unsigned int	queues, size, mtu;
	uint32_t	count;
	unsigned int	outages;
	bool		swap, sleeps;

	struct leat_ctx	*ctx;
	struct leat_port *port;
	struct leat_pool_cache *cache;
	struct flow	flow[QUEUES_MAX];
	unsigned int	downs, ups;
	uint64_t	moved_ns;	/* when something came back last */
};

static void say(void *arg, enum leat_log_level level, const char *message)
{
	(void)arg;
	(void)level;
	printf("%s\n", message);
	fflush(stdout);
}

/* ---- frames ---- */

static uint32_t frame_len(const struct probe *p, uint32_t seq)
{
	return 60 + seq * 7919u % (p->size - 59);
}

/* What byte @i of the frame is, on its way out. */
static uint8_t frame_byte(unsigned int pair, uint32_t seq, uint32_t i)
{
	static const uint8_t head[SEQ_OFF] = "\2\0\0\0\0\1\2\0\0\0\0\2\x88\xb5";

	if (i < SEQ_OFF)
		return head[i];
	if (i == SEQ_OFF)
		return (uint8_t)pair;
	if (i < SEQ_OFF + 5)
		return (uint8_t)(seq >> 8 * (i - SEQ_OFF - 1));
	return (uint8_t)(i * 167 + seq * 31 + pair);
}

static struct leat_pkt *make_segment(struct probe *p, unsigned int pair, uint32_t seq, uint32_t from,
				     uint32_t len)
{
	struct leat_pkt *pkt;
	uint8_t *data;

	if (!leat_pkt_alloc(p->cache, &pkt, 1))
		return NULL;
	data = leat_pkt_append(pkt, (uint16_t)len);
	for (uint32_t i = 0; i < len; i++)
		data[i] = frame_byte(pair, seq, from + i);
	return pkt;
}

/* Segments of at most 2000 bytes; every third frame is cut though it need not be. */
static struct leat_pkt *make_frame(struct probe *p, unsigned int pair, uint32_t seq)
{
	uint32_t len = frame_len(p, seq), most = seq % 3 || len > 4000 ? 2000 : len / 2 + 1;
	struct leat_pkt *head = NULL;

	for (uint32_t at = 0; at < len; at += most) {
		uint32_t n = len - at < most ? len - at : most;
		struct leat_pkt *pkt = make_segment(p, pair, seq, at, n);

		if (!pkt)
			goto drop;
		if (!head)
			head = pkt;
		else
			leat_pkt_chain(head, pkt);
	}
	return head;
drop:
	if (head)
		leat_pkt_free(&head, 1);
	return NULL;
}

static bool same_bytes(const struct probe *p, const uint8_t *data, unsigned int pair, uint32_t seq,
		       uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		uint32_t from = p->swap && i < 12 ? (i + 6) % 12 : i;

		if (data[i] != frame_byte(pair, seq, from)) {
			printf("pair %u frame %" PRIu32 ": byte %" PRIu32 " of %" PRIu32
			       " is %02x, not %02x\n", pair, seq, i, len, data[i],
			       frame_byte(pair, seq, from));
			return false;
		}
	}
	return true;
}

/* Is it the one that is due? With outages a later one, or an earlier one once more. */
static bool due(struct probe *p, struct flow *f, unsigned int pair, uint32_t seq)
{
	if (seq != f->next && !(p->outages && seq < f->sent)) {
		printf("pair %u: frame %" PRIu32 " came, %" PRIu32 " was due of %" PRIu32 " sent\n", pair,
		       seq, f->next, f->sent);
		return false;
	}
	if (f->seen[seq / 8] >> seq % 8 & 1) {
		f->again++;
		return true;
	}
	f->seen[seq / 8] |= (uint8_t)(1u << seq % 8);
	if (seq < f->next) {		/* late: it was given up */
		f->lost--;
		return true;
	}
	f->lost += seq - f->next;
	f->next = seq + 1;
	return true;
}

static bool check_frame(struct probe *p, unsigned int pair, const struct leat_pkt *pkt)
{
	static uint8_t data[65536];
	uint32_t len = leat_pkt_read(pkt, 0, data, sizeof(data)), seq = 0;

	if (len != pkt->total || len < 60) {
		printf("pair %u: a packet of %" PRIu32 " bytes, %" PRIu32 " in it\n", pair, pkt->total,
		       len);
		return false;
	}
	for (int i = 0; i < 4; i++)
		seq |= (uint32_t)data[SEQ_OFF + 1 + i] << 8 * i;
	if (!due(p, &p->flow[pair], pair, seq))
		return false;
	if (len != frame_len(p, seq)) {
		printf("pair %u frame %" PRIu32 ": %" PRIu32 " bytes, not %" PRIu32 "\n", pair, seq, len,
		       frame_len(p, seq));
		return false;
	}
	return same_bytes(p, data, pair, seq, len);
}

/* ---- the loop ---- */

static void send_some(struct probe *p, unsigned int pair)
{
	struct flow *f = &p->flow[pair];

	for (int i = 0; i < BURST && f->sent < f->until && f->sent < SEQ_MAX && f->sent - f->next < WINDOW; i++) {
		struct leat_pkt *pkt = make_frame(p, pair, f->sent);

		if (!pkt)
			return;
		if (!leat_tx(f->txq, &pkt, 1)) {
			leat_pkt_free(&pkt, 1);
			return;
		}
		f->sent++;
	}
}

static int receive_some(struct probe *p, unsigned int pair)
{
	struct leat_pkt *pkts[BURST];
	uint16_t n = leat_rx(p->flow[pair].rxq, pkts, BURST);
	int result = n;

	for (uint16_t i = 0; i < n; i++)
		if (result >= 0 && !check_frame(p, pair, pkts[i]))
			result = -1;
	leat_pkt_free_to(p->cache, pkts, n);
	if (n)
		p->moved_ns = leat_now_ns();
	return result;
}

/* What was under way when the other side went will not come: the window opens. */
static void give_up_lost(struct probe *p)
{
	for (unsigned int i = 0; i < p->queues; i++) {
		struct flow *f = &p->flow[i];

		f->lost += f->sent - f->next;
		f->next = f->sent;
	}
}

static void on_event(void *arg, struct leat_port *port, enum leat_event event)
{
	struct leat_link link;
	struct probe *p = arg;

	printf("event %d\n", (int)event);
	if (event != LEAT_EVENT_LINK)
		return;
	leat_port_link(port, &link);
	p->downs += !link.up;
	p->ups += link.up;
	p->moved_ns = leat_now_ns();
	for (unsigned int i = 0; link.up && p->ups == p->outages && i < p->queues; i++)
		p->flow[i].until = p->flow[i].sent + p->count;
	printf("link %s\n", link.up ? "up" : "down");
	fflush(stdout);
}

static bool finished(const struct probe *p)
{
	for (unsigned int i = 0; i < p->queues; i++)
		if (p->flow[i].next < p->flow[i].until)
			return false;
	return true;
}

static void nap(struct probe *p)
{
	struct pollfd fds[QUEUES_MAX + 1] = { { .fd = leat_ctx_fd(p->ctx), .events = POLLIN } };
	bool ready = false;

	for (unsigned int i = 0; i < p->queues; i++) {
		fds[1 + i] = (struct pollfd){ .fd = leat_rxq_fd(p->flow[i].rxq), .events = POLLIN };
		if (leat_rxq_arm(p->flow[i].rxq))
			ready = true;
	}
	if (!ready)
		poll(fds, 1 + p->queues, 200);
	for (unsigned int i = 0; i < p->queues; i++)
		leat_rxq_disarm(p->flow[i].rxq);
}

static int run(struct probe *p)
{
	p->moved_ns = leat_now_ns();
	while (!finished(p)) {
		uint64_t still = leat_now_ns() - p->moved_ns;
		int moved = 0;

		for (unsigned int i = 0; i < p->queues; i++) {
			int n;

			send_some(p, i);
			n = receive_some(p, i);
			if (n < 0)
				return 1;
			moved += n;
		}
		leat_ctx_poll(p->ctx);
		if (p->ups && p->ups == p->downs && still > UINT64_C(1000000000))
			give_up_lost(p);
		if (still > PATIENCE_NS) {
			printf("nothing came back for a minute: pair 0 sent %" PRIu32 ", got %" PRIu32
			       "\n", p->flow[0].sent, p->flow[0].next);
			return 1;
		}
		if (!moved && p->sleeps)
			nap(p);
	}
	return 0;
}

static int verdict(const struct probe *p)
{
	uint32_t lost = 0, again = 0;

	for (unsigned int i = 0; i < p->queues; i++) {
		lost += p->flow[i].lost;
		again += p->flow[i].again;
		printf("pair %u: %" PRIu32 " frames\n", i, p->flow[i].sent);
	}
	/* Each outage costs no more than was under way, or brings it twice. */
	if (lost + again > p->downs * p->queues * WINDOW) {
		printf("%" PRIu32 " lost, %" PRIu32 " twice\n", lost, again);
		return 1;
	}
	printf("ok: %" PRIu32 " frames on each of %u pairs, %u outages, %" PRIu32 " lost, %" PRIu32
	       " twice\n", p->count, p->queues, p->ups, lost, again);
	return 0;
}

static int open_port(struct probe *p)
{
	struct leat_ctx_config ctx_cfg = {
		.drivers = leat_drivers, .log = say, .log_level = LEAT_LOG_INFO,
	};
	struct leat_port_config cfg = {
		.rxqs = (uint16_t)p->queues, .txqs = (uint16_t)p->queues, .mtu = (uint16_t)p->mtu,
		.event = on_event, .event_arg = p,
	};
	struct leat_pool_config pool_cfg = { .count = 16384 };
	uint64_t begin = leat_now_ns();

	if (leat_ctx_open(&ctx_cfg, &p->ctx) || leat_pool_create(p->ctx, &pool_cfg, &cfg.pool) ||
	    leat_pool_cache_create(cfg.pool, 0, &p->cache) ||
	    leat_port_open(p->ctx, p->addr, &cfg, &p->port))
		return 1;
	printf("started in %" PRIu64 " us\n%s\nrunning\n", (leat_now_ns() - begin) / 1000,
	       leat_port_info(p->port));
	fflush(stdout);
	for (unsigned int i = 0; i < p->queues; i++) {
		p->flow[i].rxq = leat_port_rxq(p->port, i);
		p->flow[i].txq = leat_port_txq(p->port, i);
		p->flow[i].seen = calloc(1, SEQ_MAX / 8);
		if (!p->flow[i].seen)
			return 1;
		p->flow[i].until = p->outages ? UINT32_MAX : p->count;
	}
	return 0;
}

static bool option(struct probe *p, const char *arg)
{
	unsigned int n;

	if (sscanf(arg, "queues=%u", &n) == 1 && n && n <= QUEUES_MAX)
		p->queues = n;
	else if (sscanf(arg, "count=%u", &n) == 1)
		p->count = n;
	else if (sscanf(arg, "size=%u", &n) == 1 && n >= 60 && n <= 9018)
		p->size = n;
	else if (sscanf(arg, "mtu=%u", &n) == 1)
		p->mtu = n;
	else if (!strcmp(arg, "macswap"))
		p->swap = true;
	else if (!strcmp(arg, "sleep"))
		p->sleeps = true;
	else if (sscanf(arg, "outages=%u", &n) == 1)
		p->outages = n;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	struct probe p = { .queues = 1, .count = 10000, .size = 1514 };
	int status;

	for (int i = 2; i < argc; i++)
		if (!option(&p, argv[i]))
			argc = 0;
	if (argc < 2) {
		fprintf(stderr, "usage: vhostprobe ADDRESS [OPTION]...\n");
		return 2;
	}
	p.addr = argv[1];
	status = open_port(&p);
	if (!status)
		status = run(&p);
	if (!status)
		status = verdict(&p);
	fflush(stdout);
	leat_ctx_close(p.ctx);
	for (unsigned int i = 0; i < QUEUES_MAX; i++)
		free(p.flow[i].seen);
	return status;
}
