# SPDX-License-Identifier: BSD-3-Clause
# A NIC goes while leat-fwd forwards, by unbind and by the slot's button: its port lets go at once, the
# other pair goes on, and the NIC is opened again when it is back. By the group and by iommufd.

machine=vfio
programs="leat leat-fwd"

host() {
	nics $(yes virtio-net,host_mtu=9000 | head -n 4)
	boot
}

guest() {
	devices=$(functions 1af4:1041)
	nic=$(echo "$devices" | head -n 1)
	step "vfio-pci has them" leat bind $devices
	for scheme in group iommufd; do
		# shellcheck disable=SC2046
		start fwd leat-fwd --reopen $(printf "$scheme:%s " $devices)
		step "$scheme: leat-fwd is at work" says fwd '^ +1 s'
		port=0 opened=0

		step "$scheme: frames on the way" poured
		start unbind leat unbind "$nic"
		step "$scheme: unbind returns within two seconds" until_true 2 ended unbind
		step "$scheme: Linux has it" [ "$(driver_of "$nic")" = virtio-pci ]
		others_go_on
		step "$scheme: vfio-pci has it again" leat bind "$nic"
		all_go_on

		replugged "$nic"
		step "$scheme: leat-fwd ends well" stop fwd
	done
	step "no DMA went astray" no_faults
}
