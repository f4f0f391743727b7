# SPDX-License-Identifier: BSD-3-Clause
# Linux's igb drives our igb model in shared memory: traffic by MSI-X, and ten lives.

host() {
	wire 20
	nic igb
	boot
}

guest() {
	linux_works igb 20 10 "interrupts by MSI-X" by_msix igb
}
