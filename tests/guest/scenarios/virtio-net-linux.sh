# SPDX-License-Identifier: BSD-3-Clause
# Linux's virtio_net drives our virtio-net model in shared memory: traffic, and twenty lives.

host() {
	wire 20
	nic virtio-net
	boot
}

guest() {
	linux_works virtio_net 20 20
}
