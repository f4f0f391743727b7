// SPDX-License-Identifier: BSD-3-Clause
/*
 * sim.h - the backend "sim:MODEL[,wire=WIRE][,key=value...]": a device model in
 * this process.
 */
#ifndef LEAT_BUS_SIM_H
#define LEAT_BUS_SIM_H

#include <leat/driver/dev.h>

extern const struct leat_dev_ops leat_sim_ops;

#endif
