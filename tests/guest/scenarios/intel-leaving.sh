# SPDX-License-Identifier: BSD-3-Clause
# An 82574 and an 82576 lose their cables, and go by the slot's button, while leat-fwd forwards between
# them: the ports say so, the other pair goes on, and they are used again. By the group and by iommufd.

machine=vfio
programs="leat leat-fwd"

host() {
	nics e1000e igb e1000e igb
	boot
}

guest() {
	# In the order of their slots
	devices=$(printf '%s\n' $(functions 8086:10d3) $(functions 8086:10c9) | sort)
	window=32	# of which each takes five descriptors
	step "vfio-pci has them" leat bind $devices
	for scheme in group iommufd; do
		# shellcheck disable=SC2046
		start fwd leat-fwd --reopen --mtu=9000 $(printf "$scheme:%s " $devices)
		step "$scheme: leat-fwd is at work" says fwd '^ +1 s'
		for port in 0 1; do
			opened=0
			nic=$(echo "$devices" | sed -n "$((port + 1))p")
			step "$scheme: frames flow" ask exchange count=2000 ${window:+window=$window} ways=0-1,1-0,2-3,3-2
			cable_pulled
			replugged "$nic"
		done
		step "$scheme: leat-fwd ends well" stop fwd
	done
	step "no DMA went astray" no_faults
}

cable_pulled() {
	before=$(ups)
	step "$scheme: pull the cable of nic$port" ask monitor "set_link nic$port off"
	step "$scheme: the link is down" says fwd "$nic: link down"
	step "$scheme: put it in" ask monitor "set_link nic$port on"
	step "$scheme: the link is up" until_true 20 up_again
}
ups() { grep -c "$nic: link up" /tmp/fwd.log; }
up_again() { [ "$(ups)" -gt "$before" ]; }
