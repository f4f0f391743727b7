// SPDX-License-Identifier: BSD-3-Clause
/*
 * igb/vf_mbx.c - the VF's end of the mailbox (82576 sections 7.8.2.9 and 8.28): 16 words
 * of memory that either end takes before it writes or reads, and a register that says who
 * has it and whose turn it is. Some of its bits are cleared by reading; they are kept
 * until somebody has used them.
 *
 * What is said, agreed among drivers: the VF asks, the PF repeats the question with ACK
 * or NACK. Unasked it says that there is news, with CTS as long as it knows the VF.
 */
#include "vf.h"

#include <leat/clock.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#define BACK_NS	UINT64_C(2000000000)	/* for a PF to come back */
#define PF_NS	(BACK_NS / TRIES)	/* and to answer */
#define TRIES	4
#define NAP_NS	200000
#define LATCHED (IGB_V2PMAILBOX_PFSTS | IGB_V2PMAILBOX_PFACK | IGB_V2PMAILBOX_RSTD)

static uint32_t mailbox(struct igbvf *v)
{
	uint32_t bits = intel_read(&v->igb.hw, IGB_V2PMAILBOX);

	if (bits != UINT32_MAX)
		v->seen |= bits & LATCHED;
	return bits | v->seen;
}

/* Until (mailbox & mask) == want; before each look @write is written, if it is anything. */
static int await_for(struct igbvf *v, uint64_t ns, uint32_t mask, uint32_t want, uint32_t write)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	uint64_t until = leat_now_ns() + ns;

	for (;;) {
		uint32_t bits;

		if (write)
			intel_write(&v->igb.hw, IGB_V2PMAILBOX, write);
		bits = mailbox(v);
		if (bits == UINT32_MAX)
			return -ENODEV;
		if ((bits & mask) == want) {
			v->seen &= ~mask;
			return 0;
		}
		if (leat_now_ns() > until)
			return -ETIMEDOUT;
		nanosleep(&nap, NULL);
	}
}

static int await(struct igbvf *v, uint32_t mask, uint32_t want, uint32_t write)
{
	return await_for(v, PF_NS, mask, want, write);
}

static int take(struct igbvf *v)
{
	return await(v, IGB_V2PMAILBOX_VFU, IGB_V2PMAILBOX_VFU, IGB_V2PMAILBOX_VFU);
}

/* Writing one of REQ and ACK alone gives the memory back. */
static int post(struct igbvf *v, const uint32_t *msg, unsigned int n)
{
	int err = take(v);

	if (err)
		return err;
	for (unsigned int i = 0; i < n; i++)
		intel_write(&v->igb.hw, IGB_VF_VMBMEM + 4 * i, msg[i]);
	(void)mailbox(v);
	v->seen &= ~(IGB_V2PMAILBOX_PFSTS | IGB_V2PMAILBOX_PFACK);	/* of an earlier talk */
	intel_write(&v->igb.hw, IGB_V2PMAILBOX, IGB_V2PMAILBOX_REQ);
	return await(v, IGB_V2PMAILBOX_PFACK, IGB_V2PMAILBOX_PFACK, 0);
}

static void read_words(struct igbvf *v, uint32_t *msg, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		msg[i] = intel_read(&v->igb.hw, IGB_VF_VMBMEM + 4 * i);
	intel_write(&v->igb.hw, IGB_V2PMAILBOX, IGB_V2PMAILBOX_ACK);
}

/* The PF's answer to @kind; what it says besides that is no answer. */
static int hear(struct igbvf *v, uint32_t kind, uint32_t *msg, unsigned int n)
{
	uint64_t until = leat_now_ns() + PF_NS;
	int err;

	do {
		err = await(v, IGB_V2PMAILBOX_PFSTS, IGB_V2PMAILBOX_PFSTS, 0);
		if (!err)
			err = take(v);
		if (err)
			return err;
		read_words(v, msg, n);
		if ((msg[0] & (IGB_MSG_ACK | IGB_MSG_NACK)) && (msg[0] & IGB_MSG_KIND) == kind)
			return 0;
	} while (leat_now_ns() < until);
	return -EPROTO;
}

/*
 * There is one memory for both ends: news of the PF's may be written over a question, or over
 * the answer. So what is not answered is asked again; nothing that is asked minds.
 */
static int converse(struct igbvf *v, const uint32_t *msg, unsigned int n, uint32_t *answer,
		    unsigned int len)
{
	int err = -ETIMEDOUT;

	for (unsigned int i = 0; i < TRIES && (err == -ETIMEDOUT || err == -EPROTO); i++) {
		err = post(v, msg, n);
		if (!err)
			err = hear(v, msg[0] & IGB_MSG_KIND, answer, len);
	}
	if (err == -EPROTO)
		return leat_fail(v->igb.port.ctx, err, "%s: mailbox: the physical function speaks of "
				 "something else; restart its driver", v->igb.port.name);
	if (err)
		return leat_fail(v->igb.port.ctx, err, "%s: mailbox: the physical function does not "
				 "answer; bring its interface up, or start leat's port on it",
				 v->igb.port.name);
	return 0;
}

int leat_igbvf_ask(struct igbvf *v, const uint32_t *msg, unsigned int n)
{
	uint32_t answer = 0;
	int err = converse(v, msg, n, &answer, 1);

	if (err)
		return err;
	v->lost |= !(answer & IGB_MSG_CTS);
	return answer & IGB_MSG_ACK ? 0 : -EPERM;
}

/* 4.2.2.1: queues and interrupts of the VF; while the PF is in its own reset nobody listens. */
static int reset_registers(struct igbvf *v)
{
	struct intel_hw *hw = &v->igb.hw;
	int err;

	intel_write(hw, IGB_VTEIMC, UINT32_MAX);
	intel_write(hw, IGB_VTCTRL, IGB_VTCTRL_RST);
	err = await_for(v, BACK_NS, IGB_V2PMAILBOX_RSTI, 0, 0);
	v->seen = 0;
	intel_write(hw, IGB_VTEIMC, UINT32_MAX);
	(void)intel_read(hw, IGB_VTEICR);
	if (err)
		return leat_fail(v->igb.port.ctx, err, "%s: reset: the physical function is being "
				 "reset; bring its interface up, or start leat's port on it",
				 v->igb.port.name);
	return 0;
}

int leat_igbvf_reset(struct igbvf *v, uint8_t mac[6])
{
	const uint32_t question = IGB_MSG_RESET;
	uint32_t answer[3] = { 0 };
	int err = reset_registers(v);

	if (!err)
		err = converse(v, &question, 1, answer, 3);
	if (err)
		return err;
	v->lost = v->away = false;
	for (unsigned int i = 0; i < 6; i++)
		mac[i] = (uint8_t)(answer[0] & IGB_MSG_ACK ? answer[1 + i / 4] >> 8 * (i % 4) : 0);
	leat_igbvf_filter_forget(v, mac);
	return 0;
}

void leat_igbvf_listen(struct igbvf *v)
{
	uint32_t bits = mailbox(v), word;

	if (bits == UINT32_MAX)
		return;
	v->away = bits & IGB_V2PMAILBOX_RSTI;
	v->lost |= v->away || (bits & IGB_V2PMAILBOX_RSTD);
	if (!(bits & IGB_V2PMAILBOX_PFSTS))
		return;
	intel_write(&v->igb.hw, IGB_V2PMAILBOX, IGB_V2PMAILBOX_VFU);
	if (!(mailbox(v) & IGB_V2PMAILBOX_VFU))
		return;			/* the PF has it again: another time */
	v->seen &= ~IGB_V2PMAILBOX_PFSTS;
	read_words(v, &word, 1);
	if (!(word & IGB_MSG_CTS))
		v->lost = true;
}
