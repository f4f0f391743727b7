# SPDX-License-Identifier: BSD-3-Clause
# Linux's virtio_net drives packed queues of our model, without and with event words: traffic, lives.

host() {
	wire 20
	nic virtio-net packed=on,event-idx=on
	boot
}

guest() {
	linux_works virtio_net 20 5 "the queues are packed, with event words" negotiated virtio_net 34 29
}
