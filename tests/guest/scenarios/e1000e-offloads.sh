# SPDX-License-Identifier: BSD-3-Clause
# What an 82574 computes and takes, against another one and against Linux's own driver on the same cable;
# sleepers woken, links lost, lives.

machine=vfio
programs="probe-offloads probe-filters probe-lives probe-wake leat-fwd"

host() {
	hub=0
	nics e1000e,disable_vnet_hdr=1 e1000e,disable_vnet_hdr=1 e1000e,disable_vnet_hdr=1
	boot
}

guest() {
	set -- $(functions 8086:10d3)
	interface=$(ls "/sys/bus/pci/devices/$3/net")
	echo 1 >"/proc/sys/net/ipv6/conf/$interface/disable_ipv6" 2>/dev/null || true
	step "Linux's interface is up" up "$interface"
	step "vfio-pci has the others" give vfio-pci "$1" "$2"
	step "offloads" probe-offloads "group:$1" "group:$2" "$interface"
	step "filters and queues" probe-filters "iommufd:$1" "iommufd:$2"
	step "sleepers" probe-wake "iommufd:$1" "iommufd:$2" msi
	step "lives" probe-lives "iommufd:$1" "iommufd:$2"
	start fwd leat-fwd "group:$1" "group:$2"
	step "leat-fwd is at work" says fwd '^ +1 s'
	step "unplug the cable" ask monitor set_link nic0 off
	step "the link is down" says fwd 'link down'
	step "plug it in" ask monitor set_link nic0 on
	step "the link is up" says fwd 'link up'
	step "leat-fwd ends well" stop fwd
	step "no DMA went astray" no_faults
}

up() { ip link set "$1" up && until_true 10 carrier "$1"; }
