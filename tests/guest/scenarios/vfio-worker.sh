# SPDX-License-Identifier: BSD-3-Clause
# A worker that has no rights, may open nothing, and was given descriptors forwards all the same:
# by group and by iommufd. Frames are compared outside.

machine=vfio
programs=probe-worker

host() {
	nics virtio-net,host_mtu=9000 virtio-net,host_mtu=9000
	boot
}

guest() {
	devices=$(functions 1af4:1041)
	step "vfio-pci has them" give vfio-pci $devices
	for way in group iommufd; do
		start worker probe-worker $way $devices
		step "a worker by $way" says worker forwarding
		step "it is nobody" nobody
		step "5000 frames each way by $way" ask exchange count=5000
		step "it ends well" stop worker
	done
}

# The worker is the launcher's child: not root, and under a filter.
nobody() {
	status=$(grep -l "^PPid:.$(cat /tmp/worker.pid)$" /proc/[0-9]*/status) &&
		grep -q '^Uid:.1000.1000.1000.1000$' "$status" &&
		grep -q '^Seccomp:.2$' "$status" &&
		grep -q '^CapEff:.0*$' "$status"
}
