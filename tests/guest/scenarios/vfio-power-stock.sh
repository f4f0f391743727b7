# SPDX-License-Identifier: BSD-3-Clause
# Low power on Debian's own kernel, whose devices really sleep: entry, exit, and being woken; a port
# that is suspended and resumed.

machine=stock
programs="probe-power probe-suspend"

host() {
	hub=0
	nics e1000e virtio-net virtio-net
	boot
}

guest() {
	e1000e=$(functions 8086:10d3)
	nets=$(functions 1af4:1041)
	step "vfio-pci has them" give vfio-pci "$e1000e" $nets
	step "this kernel puts devices to sleep" [ -r "/sys/bus/pci/devices/$e1000e/power/runtime_status" ]
	step "low power" probe-power "group:$e1000e"
	# shellcheck disable=SC2046
	step "a port sleeps" probe-suspend $(printf 'group:%s ' $nets)
}
