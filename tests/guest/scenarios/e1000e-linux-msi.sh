# SPDX-License-Identifier: BSD-3-Clause
# Linux's e1000e on our e1000e model by MSI, which it is told to use: traffic, and three lives.

words="e1000e.IntMode=1"

host() {
	wire 5
	nic e1000e
	boot
}

guest() {
	step "e1000e is bound" until_true 10 bound e1000e
	step "interface up" net_up e1000e
	step "ping" answers 3
	step "by MSI" by_line
	step "5 MB from the host" tcp_in
	step "5 MB to the host" tcp_out 5
	for cycle in $(seq 3); do
		step "cycle $cycle" another_life
	done
	step "5 MB from the host, again" tcp_in
}

by_line() {
	[ "$(grep -c "PCI-MSI.* $(interface_of e1000e)\$" /proc/interrupts)" = 1 ]
}

# Taken from its driver and given back, the NIC would be another one to the parameter.
another_life() {
	net_down e1000e && net_up e1000e && answers && by_line
}
