# SPDX-License-Identifier: BSD-3-Clause
# Linux's e1000e on our e1000e model by INTx, which it is told to use: traffic, and three lives.

words="e1000e.IntMode=0"

host() {
	wire 5
	nic e1000e
	boot
}

guest() {
	life=another_link	# taken and given back, the NIC would be another one to the parameter
	linux_works e1000e 5 3 "by INTx" one_interrupt e1000e IO-APIC
}
