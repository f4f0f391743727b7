// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_nic.h - an 82576 made of memory for the driver's tests: ../intel/driver_nic.h with
 * the registers of that chip, and the device's side of its rings as functions that the test
 * calls, honest or not.
 */
#ifndef TEST_IGB_DRIVER_NIC_H
#define TEST_IGB_DRIVER_NIC_H

#include "../intel/driver_nic.h"

#include "drivers/igb/regs.h"

/* For cmocka: *state is a struct nic, its port not yet open. */
int nic_setup(void **state);

/* For nic_cut(): opens with two queues each way. */
int nic_open_two(void *arg);

/* The last value written there; fails the test if there was none. */
uint32_t nic_written(const struct nic *n, uint32_t off);
/* How often something was. */
unsigned int nic_writes(const struct nic *n, uint32_t off);
/* When something was written there last, counted in writes. */
unsigned int nic_when(const struct nic *n, uint32_t off);

/* Descriptor @i of a queue's ring. */
union intel_rxd *nic_rxd(struct nic *n, unsigned int queue, unsigned int i);
struct intel_txd *nic_txd(struct nic *n, unsigned int queue, unsigned int i);

/* @len bytes, each @fill, into buffer @i of a queue, and its descriptor with @status and @info. */
void nic_receive(struct nic *n, unsigned int queue, unsigned int i, uint16_t len, uint8_t fill,
		 uint32_t status, uint32_t info);
/* All that a transmit queue was given is sent: heads move, who asked for it gets a report. */
void nic_send(struct nic *n, unsigned int queue);

#endif
