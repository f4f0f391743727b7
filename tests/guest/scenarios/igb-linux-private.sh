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
	linux_works igb 1 1 "interrupts by INTx" one_interrupt igb IO-APIC
}
