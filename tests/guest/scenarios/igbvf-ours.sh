# SPDX-License-Identifier: BSD-3-Clause
# Virtual functions of the 82576 whose physical functions are our driver's, too, on one cable with Linux's
# own: what they ask for and get, compute, and take. By the group: its devices take a token.

machine=vfio
programs="probe-pf probe-offloads probe-vf probe-wake probe-lives"

host() {
	hub=0
	nics igb igb igb
	boot
}

guest() {
	# shellcheck disable=SC2046
	set -- $(functions 8086:10c9)
	step "Linux's interface is up" linux_up "$3"
	our_pfs "$1" "$2"
	# shellcheck disable=SC2046
	set -- $(printf 'group:%s ' $devices)
	step "filters" probe-vf "$@"
	step "offloads" probe-offloads "$@" "$interface"
	step "sleepers" probe-wake "$@" msix
	step "lives" probe-lives "$@" msix
	step "our PFs end well" stop pf
	step "broadcasts came to them, too" [ "$(grep -c ': [1-9][0-9]* packets came$' /tmp/pf.log)" = 2 ]
	step "no DMA went astray" no_faults
}
