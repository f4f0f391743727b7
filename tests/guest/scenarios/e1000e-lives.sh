# SPDX-License-Identifier: BSD-3-Clause
# The lives of an 82574: self tests, starts and stops under traffic, a user who was killed.

machine=vfio
programs="probe-lives"

host() {
	hub=0
	nics e1000e e1000e e1000e e1000e
	boot
}

guest() {
	# shellcheck disable=SC2046
	living $(functions 8086:10d3)
}
