// SPDX-License-Identifier: BSD-3-Clause
/*
 * frames.h - frames for the tests of leat-perf, and the sums in them by another way.
 */
#ifndef TESTS_PERF_FRAMES_H
#define TESTS_PERF_FRAMES_H

#include <stddef.h>
#include <stdint.h>

/*
 * A frame at @out: Ethernet from 02:..:0b to 02:..:0a, a tag if @vlan, IP of @version
 * (4, 6 or 0: none, ethertype 0x88b5) from ...1 to ...2, @proto with ports 1000 to 2000 and
 * @payload bytes behind its header, sums zero. Returns its length, without padding.
 */
size_t frame_make(uint8_t *out, int version, uint8_t proto, int vlan, size_t payload);

/* Where IP begins, and what it carries. */
size_t frame_l3(int vlan);
size_t frame_l4(int version, int vlan);

/* Is the sum of IPv4's header right? And that of TCP or UDP, pseudo header included, to @len? */
int frame_ip4_good(const uint8_t *frame, int vlan);
int frame_l4_good(const uint8_t *frame, size_t len, int version, uint8_t proto, int vlan);

#endif
