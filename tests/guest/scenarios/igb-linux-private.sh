# SPDX-License-Identifier: BSD-3-Clause
# The guest's memory is its own: igb moves every byte by message, and interrupts by INTx.

host() {
	memory=private
	wire 1
	words=pci=nomsi
	nic igb
	boot
}

guest() {
	step "igb is bound" until_true 10 bound igb
	step "interface up" net_up igb
	step "interrupts by INTx" uses_intx
	step "ping" answers 3
	step "1 MB from the host" tcp_in
	step "1 MB to the host" tcp_out 1
}

uses_intx() { grep -E "IO-APIC.*$(interface_of igb)\$" /proc/interrupts; }
