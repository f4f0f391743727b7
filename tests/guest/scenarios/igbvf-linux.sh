# SPDX-License-Identifier: BSD-3-Clause
# Linux's igbvf drives our igbvf model, whose PF answers its mailbox, in shared memory: traffic by MSI-X, and ten lives.

host() {
	wire 20
	nic igbvf
	boot
}

guest() {
	linux_works igbvf 20 10 "interrupts by MSI-X" by_msix igbvf
}
