# SPDX-License-Identifier: BSD-3-Clause
# QEMU's virtio-net with four pairs of split queues, on taps of Linux's: flows spread, hashed, slept for; sums
# and segments left to the other end; single queues stopped and resized. Announcing, when it is asked for.

machine=vfio
programs="probe-queues probe-segments probe-filters leat-fwd"

host() {
	queue_pairs packed=off
	boot
}

guest() { queueing $(functions 1af4:1041); }
