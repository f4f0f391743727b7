// SPDX-License-Identifier: BSD-3-Clause
/*
 * pcap.c - a cable that brings the frames of one capture file and writes what
 * is sent into another.
 *
 * The file to bring is read through once at the start, so that a bad one is
 * refused before traffic flows. Frames wait, one at a time in libpcap's
 * buffer, until the driver has a buffer: none is lost.
 */
#include "wires.h"

#include "csum.h"
#include "say.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <leat/bits.h>

#include <pcap/pcap.h>

#define BATCH	    64	/* frames a round, so that nobody starves */
#define IDLE_ROUNDS 64	/* rounds without a frame before the file is flushed */

struct pcap_wire {
	struct leat_wire base;

	const char	*in_name;	/* the specification's */
	pcap_t		*in;		/* NULL: nothing to bring (any more) */
	bool		repeat;
	const u_char	*bytes;		/* of the frame that waits, or NULL */
	uint32_t	len;
	uint64_t	number;		/* of the packet read last, from 1 */
	uint64_t	brought;

	const char	*out_name;
	pcap_t		*out_type;
	pcap_dumper_t	*out;		/* NULL: nowhere to write */
	uint64_t	written;
	unsigned int	idle;		/* rounds since a frame was written; 0: flushed */

	bool		failed;
	uint8_t		copy[LEAT_FRAME_MAX];	/* to complete a checksum in */
};

static struct pcap_wire *pcap_of(struct leat_wire *w)
{
	return LEAT_CONTAINER_OF(w, struct pcap_wire, base);
}

/* The next packet, checked: 1, 0 at the end, or -EINVAL, said. */
static int read_packet(struct pcap_wire *p)
{
	struct pcap_pkthdr *h;
	int got = pcap_next_ex(p->in, &h, &p->bytes);

	if (got == PCAP_ERROR_BREAK)
		return 0;
	p->number++;
	if (got != 1)
		return say_fail(-EINVAL, "capture %s, packet %" PRIu64 ": %s; capture or copy the "
				"file again", p->in_name, p->number, pcap_geterr(p->in));
	if (h->caplen != h->len)
		return say_fail(-EINVAL, "capture %s, packet %" PRIu64 ": only %u of %u bytes were "
				"kept; capture whole packets (tcpdump -s 0)", p->in_name, p->number,
				h->caplen, h->len);
	if (h->len < 14 || h->len > LEAT_FRAME_MAX)
		return say_fail(-EINVAL, "capture %s, packet %" PRIu64 ": %u bytes, where a NIC "
				"carries 14 to %d; leave it out", p->in_name, p->number, h->len,
				LEAT_FRAME_MAX);
	p->len = h->len;
	return 1;
}

static void close_in(struct pcap_wire *p)
{
	if (p->in)
		pcap_close(p->in);
	p->in = NULL;
	p->bytes = NULL;
}

static int open_in(struct pcap_wire *p)
{
	char why[PCAP_ERRBUF_SIZE];
	int type;

	p->number = 0;
	p->in = pcap_open_offline(p->in_name, why);
	if (!p->in)	/* libpcap names the file for the reasons of the system, not for its own */
		return say_fail(-EINVAL, "capture %s cannot be read: %s; it should be a pcap or "
				"pcapng file", p->in_name, why);
	type = pcap_datalink(p->in);
	if (type == DLT_EN10MB)
		return 0;
	close_in(p);
	return say_fail(-EINVAL,
			"capture %s holds link type %s, not Ethernet; capture on an "
			"Ethernet interface",
			p->in_name,
			pcap_datalink_val_to_name(type) ? pcap_datalink_val_to_name(type)
							: "unknown");
}

/* Read all of it once; then stand at its beginning. */
static int check_in(struct pcap_wire *p)
{
	struct stat st;
	int got = 1;

	if (stat(p->in_name, &st) < 0)
		return say_fail(-errno, "capture %s: %s", p->in_name, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return say_fail(-EISDIR, "capture %s is a directory; name a file in it",
				p->in_name);
	if (open_in(p))
		return -EINVAL;
	if (!S_ISREG(st.st_mode))	/* a pipe can be read only once */
		return 0;
	while (got == 1)
		got = read_packet(p);
	if (!got && !p->number)
		p->repeat = false;	/* nothing to repeat */
	close_in(p);
	return got ? got : open_in(p);
}

static int open_out(struct pcap_wire *p)
{
	struct stat in, out;

	if (p->in_name && !stat(p->in_name, &in) && !stat(p->out_name, &out) &&
	    in.st_dev == out.st_dev && in.st_ino == out.st_ino)
		return say_fail(-EINVAL,
				"capture %s cannot be read and written at once; name another "
				"file to write",
				p->out_name);
	p->out_type = pcap_open_dead(DLT_EN10MB, LEAT_FRAME_MAX);
	if (!p->out_type)
		return say_fail(-ENOMEM, "no memory to write %s", p->out_name);
	p->out = pcap_dump_open(p->out_type, p->out_name);
	if (!p->out)
		return say_fail(-EIO, "capture %s cannot be written: %s", p->out_name,
				pcap_geterr(p->out_type));
	return 0;
}

static void flush(struct pcap_wire *p)
{
	p->idle = 0;
	if ((pcap_dump_flush(p->out) < 0 || ferror(pcap_dump_file(p->out))) && !p->failed) {
		p->failed = true;
		say_fail(-errno, "capture %s cannot be written any more: %s; frames from here on "
			 "are missing in it", p->out_name, strerror(errno));
	}
}

static unsigned int pcap_send(struct leat_wire *w, const struct leat_frame *frames, unsigned int n)
{
	struct pcap_wire *p = pcap_of(w);
	struct pcap_pkthdr h;
	struct timespec now;

	if (!p->out || p->failed) {
		w->dropped += n;
		return n;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	h.ts.tv_sec = now.tv_sec;
	h.ts.tv_usec = (suseconds_t)(now.tv_nsec / 1000);
	for (unsigned int i = 0; i < n; i++) {
		h.caplen = h.len = LEAT_MIN(frames[i].len, (uint32_t)sizeof(p->copy));
		memcpy(p->copy, frames[i].data, h.len);
		csum_complete(&frames[i], p->copy);
		pcap_dump((u_char *)p->out, &h, p->copy);
	}
	p->written += n;
	p->idle = 1;
	if (ferror(pcap_dump_file(p->out)))
		flush(p);
	return n;
}

/* At the end of the file: the beginning, or nothing more. */
static bool start_over(struct pcap_wire *p)
{
	close_in(p);
	if (p->repeat && open_in(p))
		p->failed = true;
	return p->in != NULL;
}

static bool fetch(struct pcap_wire *p)
{
	int got = read_packet(p);

	if (got > 0)
		return true;
	if (!got)
		return start_over(p) && (got = read_packet(p)) > 0;
	p->failed = true;
	close_in(p);
	return false;
}

static unsigned int pcap_poll(struct leat_wire *w)
{
	struct pcap_wire *p = pcap_of(w);
	unsigned int n = 0;

	if (p->idle && ++p->idle > IDLE_ROUNDS)
		flush(p);
	if (!p->in || !leat_wire_ready(w))
		return 0;
	for (; n < BATCH && p->in && (p->bytes || fetch(p)); n++) {
		struct leat_frame f = { .data = p->bytes, .len = p->len };

		if (!leat_wire_deliver(w, &f, 1))
			break;
		p->bytes = NULL;
		p->brought++;
	}
	return n;
}

static void pcap_attached(struct leat_wire *w, bool yes)
{
	struct pcap_wire *p = pcap_of(w);

	if (!yes && p->idle)
		flush(p);
}

static void pcap_free(struct leat_wire *w)
{
	struct pcap_wire *p = pcap_of(w);

	close_in(p);
	if (p->out) {
		flush(p);
		pcap_dump_close(p->out);
	}
	if (p->out_type)
		pcap_close(p->out_type);
	free(p);
}

static const struct leat_wire_ops pcap_ops = {
	.name = "pcap",
	.send = pcap_send,
	.poll = pcap_poll,
	.attached = pcap_attached,
	.close = pcap_free,
};

static int pcap_wire_open(const struct wire_spec *spec, struct wire_house *house,
			  struct leat_wire **out)
{
	struct pcap_wire *p = calloc(1, sizeof(*p));
	int err = 0;

	(void)house;
	if (!p)
		return say_fail(-ENOMEM, "no memory for a wire");
	p->base.ops = &pcap_ops;
	p->in_name = spec->arg;
	p->out_name = spec->out;
	p->repeat = spec->loop;
	if (p->in_name && !*p->in_name)
		err = say_fail(-EINVAL, "pcap needs a file to read: pcap:FILE");
	if (!err && p->in_name)
		err = check_in(p);
	if (!err && p->out_name)
		err = open_out(p);
	if (err) {
		pcap_free(&p->base);
		return err;
	}
	*out = &p->base;
	return 0;
}

static void pcap_report(const struct leat_wire *w, FILE *to)
{
	const struct pcap_wire *p = (const void *)w;

	fprintf(to, "brought=%" PRIu64 " done=%d written=%" PRIu64,
		p->brought, !p->in, p->written);
}

static bool pcap_done(const struct leat_wire *w)
{
	return !((const struct pcap_wire *)(const void *)w)->in;
}

static bool pcap_failed(struct leat_wire *w)
{
	struct pcap_wire *p = pcap_of(w);

	if (p->idle)
		flush(p);
	return p->failed;
}

const struct wire_kind wire_pcap = {
	.name = "pcap",
	.open = pcap_wire_open,
	.report = pcap_report,
	.done = pcap_done,
	.failed = pcap_failed,
};
