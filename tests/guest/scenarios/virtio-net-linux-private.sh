# SPDX-License-Identifier: BSD-3-Clause
# The same device and driver with memory that the server cannot map: it has to ask QEMU for every
# byte, by DMA_READ and DMA_WRITE messages.

host() {
	memory=private
	wire 1
	nic virtio-net
	boot
}

guest() {
	linux_works virtio_net 1 1
}
