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
	step "virtio_net is bound" until_true 10 bound virtio_net
	step "interface up" net_up virtio_net
	step "ping" answers 3
	step "1 MB from the host" tcp_in
	step "1 MB to the host" tcp_out 1
}
