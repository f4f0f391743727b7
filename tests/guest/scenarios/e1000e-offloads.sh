# SPDX-License-Identifier: BSD-3-Clause
# What an 82574 computes and takes, against another one and against Linux's own driver on the same cable;
# sleepers woken.

machine=vfio
programs="probe-offloads probe-filters probe-wake"

host() {
	hub=0
	nics e1000e e1000e e1000e
	boot
}

guest() {
	# shellcheck disable=SC2046
	computing $(functions 8086:10d3)
}
