# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd between virtual functions of two 82576, whose physical functions another program of ours has,
# by the group; their cable pulled; their PFs stopped and started.

machine=vfio
programs="leat-fwd probe-pf"

host() {
	nics igb igb
	boot
}

guest() {
	# shellcheck disable=SC2046
	our_pfs $(functions 8086:10c9)
	options="--mtu=9000 --descriptors=1024" window=32
	forwarding "group" group:
	trouble
	step "our PFs end well" stop pf
}

trouble() {
	vf_cable
	step "stop the PFs" kill -USR1 "$(cat /tmp/pf.pid)"
	step "the links are down" until_true 20 told 3 'link down'
	step "start them" kill -USR2 "$(cat /tmp/pf.pid)"
	step "the VFs are started anew" until_true 20 told 2 'physical function was reset'
	step "the links are up" until_true 20 told 5 'link up'
	step "frames flow again" until_true 20 flow
	step "leat-fwd ends well" stop fwd
	step "no DMA went astray" no_faults
}
