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
		opened=0

		step "$scheme: frames on the way" poured
		start unbind leat unbind "$nic"
		step "$scheme: unbind returns within two seconds" until_true 2 ended unbind
		step "$scheme: Linux has it" [ "$(driver_of "$nic")" = virtio-pci ]
		others_go_on
		step "$scheme: vfio-pci has it again" leat bind "$nic"
		all_go_on

		step "$scheme: frames on the way" poured
		step "$scheme: unplug" ask unplug nic0
		step "$scheme: unplugged" ask unplugged nic0
		others_go_on
		step "$scheme: plug" ask plug nic0
		step "$scheme: Linux sees it" until_true 10 [ -e "/sys/bus/pci/devices/$nic/driver" ]
		step "$scheme: vfio-pci has it again" leat bind "$nic"
		all_go_on
		step "$scheme: leat-fwd ends well" stop fwd
	done
	step "no DMA went astray" no_faults
}

# Through the NIC that is to go, until some have come out at the other.
poured() {
	ask arrived 1 && before=$answer && ask pour 0 && until_true 10 more_arrived
}
more_arrived() { ask arrived 1 && [ "$answer" -gt $((before + 1000)) ]; }

others_go_on() {
	ask pour
	step "$scheme: the port said so" [ "$(grep -c 'port 0 closed' /tmp/fwd.log)" = $((opened + 1)) ]
	step "$scheme: the others go on" ask exchange count=2000 ways=2-3,3-2
}

all_go_on() {
	opened=$((opened + 1))
	step "$scheme: leat-fwd has it again" until_true 10 opened_again
	step "$scheme: all go on" ask exchange count=2000 ways=0-1,1-0,2-3,3-2
}
opened_again() { [ "$(grep -c 'port 0 open again' /tmp/fwd.log)" = "$opened" ]; }
