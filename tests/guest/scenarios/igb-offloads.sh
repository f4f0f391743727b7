# SPDX-License-Identifier: BSD-3-Clause
# What an 82576 computes and takes, against another one and against Linux's own driver on the same cable;
# sleepers woken.

machine=vfio
programs="probe-offloads probe-filters probe-wake"

host() {
	hub=0
	nics igb igb igb
	boot
}

guest() {
	# shellcheck disable=SC2046
	computing $(functions 8086:10c9)
}
