# SPDX-License-Identifier: BSD-3-Clause
# leat-fwd between virtual functions of two of QEMU's igb, whose physical functions Linux's driver has, by
# VFIO's groups and by iommufd, also asleep between frames; their cables pulled; a PF down and up; a VF taken
# away.

machine=vfio
programs=leat-fwd

host() {
	nics igb igb
	boot
}

guest() {
	devices=
	for pf in $(functions 8086:10c9); do
		step "$pf is up" linux_up "$pf"
		devices="$devices $(vf_of "$pf")"
	done
	options="--mtu=9000 --descriptors=1024" window=32
	step "vfio-pci has their virtual functions" give vfio-pci $devices
	forwarding "group" group:
	forwarding "iommufd" iommufd:
	options="--mtu=9000 --descriptors=1024 --idle=intr"
	forwarding "asleep between frames" iommufd:
	trouble
}

# The VF's link is its PF's. A PF that goes down and up has forgotten its VFs: they are started anew.
trouble() {
	vf_cable
	step "a PF goes down" ip link set "$interface" down
	step "the link is down" until_true 20 told 2 'link down'
	step "it comes up" up "$interface"
	step "its VF is started anew" says fwd 'physical function was reset'
	step "the link is up" until_true 20 told 4 'link up'
	step "frames flow again" until_true 20 flow
	step "its VF is taken away" none_of "$pf"
	step "its port is given up" says fwd 'port 1 closed'
	step "leat-fwd ends well" stop fwd
	step "no DMA went astray" no_faults
}

# The kernel waits until the port has let go.
none_of() { echo 0 >"/sys/bus/pci/devices/$1/sriov_numvfs"; }
