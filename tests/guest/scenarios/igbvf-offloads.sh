# SPDX-License-Identifier: BSD-3-Clause
# What virtual functions of the 82576 compute and take, on one cable with Linux's own driver, which has
# their physical functions: by the group and by iommufd.

machine=vfio
programs="probe-offloads probe-vf probe-wake probe-lives"

host() {
	hub=0
	nics igb igb igb
	boot
}

guest() {
	set -- $(functions 8086:10c9)
	for pf; do
		step "$pf is up" linux_up "$pf"
	done
	a=$(vf_of "$1") b=$(vf_of "$2")
	step "vfio-pci has their virtual functions" give vfio-pci "$a" "$b"
	for scheme in group iommufd; do
		step "$scheme: offloads" probe-offloads "$scheme:$a" "$scheme:$b" "$interface"
		step "$scheme: filters" probe-vf "$scheme:$a" "$scheme:$b"
		step "$scheme: sleepers" probe-wake "$scheme:$a" "$scheme:$b" msix
		step "$scheme: lives" probe-lives "$scheme:$a" "$scheme:$b" msix
	done
	step "no DMA went astray" no_faults
}
