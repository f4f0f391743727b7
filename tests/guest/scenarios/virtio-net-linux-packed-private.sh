# SPDX-License-Identifier: BSD-3-Clause
# Linux's virtio_net drives packed queues of our model in memory that only messages reach.

host() {
	memory=private
	wire 2
	nic virtio-net packed=on,event-idx=on
	boot
}

guest() {
	linux_works virtio_net 2 2 "the queues are packed, with event words" negotiated virtio_net 34 29
}
