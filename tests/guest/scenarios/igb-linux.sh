# SPDX-License-Identifier: BSD-3-Clause
# Linux's igb drives our igb model in shared memory: traffic by MSI-X, and ten lives.

host() {
	wire 20
	nic igb
	boot
}

guest() {
	step "igb is bound" until_true 10 bound igb
	step "interface up" net_up igb
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

function_of() { basename "$(readlink -f "/sys/class/net/$(interface_of igb)/device")"; }

# A vector for a pair of queues at least, and one for all else.
uses_msix() {
	set -- "/sys/bus/pci/devices/$(function_of)"/msi_irqs/*
	[ "$#" -ge 2 ] && [ "$(cat "$1")" = msix ]
}

# The interface goes down and up, the driver is taken away and comes back.
another_life() {
	pci=$(function_of)
	net_down igb && net_up igb && answers &&
		rebind pci "$pci" igb && net_up igb && answers
}
