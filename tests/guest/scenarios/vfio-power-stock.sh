# SPDX-License-Identifier: BSD-3-Clause
# Low power on Debian's own kernel, whose devices really sleep: entry, exit, and being woken.

machine=stock
programs=probe-power

host() {
	nics e1000e
	boot
}

guest() {
	e1000e=$(functions 8086:10d3)
	step "vfio-pci has it" give vfio-pci "$e1000e"
	step "this kernel puts devices to sleep" [ -r "/sys/bus/pci/devices/$e1000e/power/runtime_status" ]
	step "low power" probe-power "group:$e1000e"
}
