// SPDX-License-Identifier: BSD-3-Clause
/*
 * chain.h - the list of capabilities behind an answer of the kernel's: each starts with
 * struct vfio_info_cap_header, whose @next counts from the start of the answer.
 */
#ifndef LEAT_VFIO_CHAIN_H
#define LEAT_VFIO_CHAIN_H

#include <stddef.h>
#include <stdint.h>

/*
 * leat_vfio_chain_find - where the first capability @id lies in @buf, of @len bytes; the list
 * begins at @first (0: there is none). Its header lies within @buf, whatever follows is the
 * caller's to check, and may be unaligned. 0: not in the list. -EPROTO: the list leaves @buf
 * or runs in a circle before it was found. Pure.
 */
int leat_vfio_chain_find(const void *buf, size_t len, uint32_t first, uint16_t id);

#endif
