// SPDX-License-Identifier: BSD-3-Clause
/*
 * driver_rig.h - an 82574 made of memory under its driver: ../intel/driver_nic.h with the
 * registers of that chip.
 */
#ifndef TEST_E1000E_DRIVER_RIG_H
#define TEST_E1000E_DRIVER_RIG_H

#include "../intel/driver_nic.h"

#include "drivers/e1000e/e1000e.h"

/* For cmocka: *state is a struct nic without a port, with a pool of 512 packets of 2048 bytes. */
int rig_setup(void **state);

/* As nic_open() with rings of 32, whatever @cfg says; the second fails the test if that does. */
int rig_try(struct nic *n, const struct leat_port_config *cfg);
void rig_open(struct nic *n, const struct leat_port_config *cfg);

union intel_rxd *rig_rxd(struct nic *n, unsigned int queue, unsigned int i);
struct intel_txd *rig_txd(struct nic *n, unsigned int queue, unsigned int i);

/* As the device: @len bytes of @fill into the buffer of descriptor @i, and status @status. */
void rig_receive(struct nic *n, unsigned int i, uint8_t fill, uint16_t len, uint32_t status);
/* As the device: all sent up to the tail, reported where that was asked for. */
void rig_send(struct nic *n, unsigned int queue);

/* Notes from @from on of @off: how many; the last value in *@value. */
unsigned int rig_written(const struct nic *n, unsigned int from, uint32_t off, uint32_t *value);

#endif
