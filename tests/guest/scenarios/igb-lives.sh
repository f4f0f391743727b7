# SPDX-License-Identifier: BSD-3-Clause
# The lives of an 82576: self tests, starts and stops under traffic, a user who was killed.

machine=vfio
programs="probe-lives"

host() {
	hub=0
	nics igb igb igb igb
	boot
}

guest() {
	# shellcheck disable=SC2046
	living $(functions 8086:10c9)
}
