# SPDX-License-Identifier: BSD-3-Clause
# Linux's igbvf drives our igbvf model, whose PF answers its mailbox, in shared memory: traffic by MSI-X, and ten lives.

host() {
	wire 20
	nic igbvf
	boot
}

guest() {
	step "igbvf is bound" until_true 10 bound igbvf
	step "interface up" net_up igbvf
	step "interrupts by MSI-X" uses_msix
	step "ping" answers 3
	step "20 MB from the host" tcp_in
	step "20 MB to the host" tcp_out 20
	for cycle in $(seq 10); do
		step "cycle $cycle" another_life
	done
	step "20 MB from the host, again" tcp_in
	step "20 MB to the host, again" tcp_out 20
}

function_of() { basename "$(readlink -f "/sys/class/net/$(interface_of igbvf)/device")"; }

# A vector for a pair of queues at least, and one for all else.
uses_msix() {
	set -- "/sys/bus/pci/devices/$(function_of)"/msi_irqs/*
	[ "$#" -ge 2 ] && [ "$(cat "$1")" = msix ]
}

# The interface goes down and up, the driver is taken away and comes back.
another_life() {
	pci=$(function_of)
	net_down igbvf && net_up igbvf && answers &&
		rebind pci "$pci" igbvf && net_up igbvf && answers
}
