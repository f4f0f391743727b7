# SPDX-License-Identifier: BSD-3-Clause
# The control: no program of ours, Linux's own bridge between two NICs. If this fails, the fault is
# the harness's or the machine's. Then each NIC goes to VFIO, is unplugged, and comes back.

machine=vfio

host() {
	nics virtio-net,host_mtu=9000 virtio-net,host_mtu=9000
	boot
}

guest() {
	devices=$(functions 1af4:1041)
	step "a bridge" bridged
	step "20000 frames each way" ask exchange
	step "no bridge" unbridged
	step "vfio-pci has them" give vfio-pci $devices
	for bdf in $devices; do
		step "nodes of $bdf" [ -c "$(group_node "$bdf")" -a -c "$(char_node "$bdf")" ]
	done
	step "unplug" ask unplug nic0
	step "unplugged" ask unplugged nic0
	step "plug" ask plug nic0
	step "Linux has it again" until_true 10 bound virtio_net
}

bridged() {
	echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6	# it would talk of its own accord
	brctl addbr br0 && ip link set br0 up || return
	for path in /sys/class/net/*/device; do
		nic=$(basename "${path%/device}")
		ip link set "$nic" mtu 9000 && brctl addif br0 "$nic" && ip link set "$nic" up || return
	done
	until_true 10 forwards
}

forwards() { [ "$(cat /sys/class/net/br0/brif/*/state | tr -d '\n')" = 33 ]; }

unbridged() { ip link set br0 down && brctl delbr br0; }
